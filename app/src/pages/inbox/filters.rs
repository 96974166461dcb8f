//! Which conversations the list shows: what can be combined, each with the number that would be left.

use balas_domain::{
    LabelView,
    counts::{self, Counts, Tally},
    view::AccountView,
};
use leptos::prelude::*;

use crate::{
    i18n::Words,
    route::{Filter, Route, Stage, Whose},
    state::{App, use_app},
    ui::each::each,
};

/// The filters.
#[component]
pub(super) fn Filters(filter: Memo<Filter>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    // Memos: a number that changes must not put a new menu in the place of the one that is open.
    let several = Memo::new(move |_| app.inbox().accounts.with(|accounts| accounts.len() > 1));
    let labelled = Memo::new(move |_| app.inbox().labels.with(|labels| !labels.is_empty()));
    let groups = Memo::new(move |_| {
        filter.with(|filter| filter.groups) || app.inbox().count(|tally| tally.groups, |tally| tally.open) > 0
    });
    let whose = move |whose: Whose| {
        move |filter: &mut Filter| filter.whose = Some(whose).filter(|whose| filter.whose != Some(*whose))
    };
    view! {
        <div class="filters" role="group" aria-label=words.filters>
            <button
                type="button"
                class="chip"
                aria-pressed=move || if filter.with(Filter::is_unset) { "true" } else { "false" }
                on:click=move |_| change(app, filter, |filter| *filter = filter.unset())
            >
                {words.filter_all}
            </button>
            {toggle(app, filter, words.filter_unread, |f| f.unread, |f| f.unread = !f.unread, |t| t.unread)}
            {toggle(app, filter, words.filter_mine, |f| f.whose == Some(Whose::Mine), whose(Whose::Mine), |t| {
                if t.whose == counts::Whose::Mine { t.open } else { 0 }
            })}
            {toggle(app, filter, words.filter_nobodys, |f| f.whose == Some(Whose::Nobodys), whose(Whose::Nobodys), |t| {
                if t.whose == counts::Whose::Nobodys { t.open } else { 0 }
            })}
            {move || {
                groups.get().then(|| {
                    toggle(app, filter, words.filter_groups, |f| f.groups, |f| f.groups = !f.groups, |t| {
                        if t.groups { t.open } else { 0 }
                    })
                })
            }}
            <select
                class="chip"
                aria-label=words.filter_stage
                data-set=move || filter.with(|filter| filter.stage != Stage::Open).then_some("")
                on:change=move |event| {
                    let word = event_target_value(&event);
                    let stage = Stage::EACH.into_iter().find(|stage| stage.as_str() == word).unwrap_or_default();
                    change(app, filter, |filter| filter.stage = stage);
                }
            >
                {Stage::EACH
                    .map(|stage| {
                        let chosen = move || filter.with(|filter| filter.stage == stage);
                        view! { <option value=stage.as_str() selected=chosen>{stage_words(stage, words)}</option> }
                    })
                    .collect_view()}
            </select>
            {move || several.get().then(|| numbers(app, filter))}
            {move || labelled.get().then(|| labels(app, filter))}
        </div>
    }
}

/// Another filter, in the address too.
fn change(app: App, filter: Memo<Filter>, edit: impl FnOnce(&mut Filter)) {
    let mut filter = filter.get_untracked();
    edit(&mut filter);
    let (open, message) = (app.inbox().open_id(), app.message_untracked());
    app.replace(Route::Inbox { open, message, filter });
}

/// Something that is on or off, with how many there are of it.
fn toggle(
    app: App,
    filter: Memo<Filter>,
    label: &'static str,
    on: fn(&Filter) -> bool,
    edit: impl Fn(&mut Filter) + Copy + 'static,
    count: fn(&Tally) -> u32,
) -> AnyView {
    let quiet = (label != app.words.filter_unread).then_some("");
    let n = Memo::new(move |_| {
        let account = filter.with(|filter| filter.account);
        app.inbox().count(|tally| account.is_none_or(|account| tally.account == account), count)
    });
    view! {
        <button
            type="button"
            class="chip"
            aria-pressed=move || if filter.with(on) { "true" } else { "false" }
            on:click=move |_| change(app, filter, edit)
        >
            {label}
            {move || (n.get() > 0).then(|| view! { <span class="chip-count" data-quiet=quiet>{n.get()}</span> })}
        </button>
    }
    .into_any()
}

/// What one may choose one of.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Choice {
    id: String,
    name: String,
}

fn numbers(app: App, filter: Memo<Filter>) -> AnyView {
    let all = move || {
        let choice = |account: AccountView| Choice { id: account.id.to_string(), name: account.name };
        app.inbox().accounts.get().into_iter().map(choice).collect::<Vec<_>>()
    };
    let unread = move |id: &str| {
        let account = id.parse().ok();
        app.inbox().count(|tally| Some(tally.account) == account, |tally| tally.unread)
    };
    let labels = (app.words.filter_number, app.words.filter_every_number);
    let chosen = |filter: &Filter| filter.account.map(|id| id.to_string());
    menu(app, filter, labels, all, chosen, |filter, id| filter.account = id.parse().ok(), unread)
}

fn labels(app: App, filter: Memo<Filter>) -> AnyView {
    let all = move || {
        let choice = |label: LabelView| Choice { id: label.id.to_string(), name: label.name };
        app.inbox().labels.get().into_iter().map(choice).collect::<Vec<_>>()
    };
    let open = move |id: &str| {
        let label = id.parse().ok();
        let of = |counts: &Counts| counts.labels.iter().find(|(id, _)| Some(*id) == label).map(|(_, n)| *n);
        app.inbox().counts.with(of).unwrap_or(0)
    };
    let labels = (app.words.filter_label, app.words.filter_every_label);
    let chosen = |filter: &Filter| filter.label.map(|id| id.to_string());
    menu(app, filter, labels, all, chosen, |filter, id| filter.label = id.parse().ok(), open)
}

/// A menu of things, each with how many there are of it. `labels`: what it is called, and its first line, which stands for
/// any of them.
fn menu(
    app: App,
    filter: Memo<Filter>,
    labels: (&'static str, &'static str),
    all: impl Fn() -> Vec<Choice> + Clone + Send + Sync + 'static,
    chosen: fn(&Filter) -> Option<String>,
    choose: fn(&mut Filter, &str),
    count: impl Fn(&str) -> u32 + Copy + Send + Sync + 'static,
) -> AnyView {
    let now = Memo::new(move |_| filter.with(chosen));
    view! {
        <select
            class="chip"
            aria-label=labels.0
            data-set=move || now.with(Option::is_some).then_some("")
            on:change=move |event| change(app, filter, |filter| choose(filter, &event_target_value(&event)))
        >
            <option value="" selected=move || now.with(Option::is_none)>{labels.1}</option>
            {each(
                all,
                Choice::clone,
                move |choice| {
                    let (id, counted) = (choice.id.clone(), choice.id.clone());
                    let selected = move || now.with(|now| now.as_ref() == Some(&id));
                    let n = move || Some(count(&counted)).filter(|n| *n > 0).map(|n| format!(" ({n})"));
                    view! {
                        <option value=choice.id selected=selected>
                            {choice.name}
                            {n}
                        </option>
                    }
                    .into_any()
                },
            )}
        </select>
    }
    .into_any()
}

const fn stage_words(stage: Stage, words: &Words) -> &'static str {
    match stage {
        Stage::Open => words.stage_open,
        Stage::Snoozed => words.stage_snoozed,
        Stage::Resolved => words.stage_resolved,
        Stage::All => words.stage_all,
    }
}
