//! What can be done with a conversation besides answering: giving it to somebody, putting it off, saying what it is about.

use std::time::Duration;

use balas_domain::{
    ConversationId, Payload, Permission, Timestamp, WorkState,
    work::{LABEL_COLOURS, MAX_LABEL_NAME, WorkChange},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    browser::ambient,
    i18n::fill,
    state::{App, use_app, work::change},
    ui::{
        each::each,
        icon::{Icon, icon},
    },
    when::Zone,
};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// When a morning begins, after midnight.
const MORNING: Duration = Duration::from_hours(9);

/// Resolves the conversation, or opens it again.
#[component]
pub(super) fn ResolveButton(id: ConversationId) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let state = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox().row(id).map(|row| row.with(|row| row.work.state))
    });
    move || {
        let state = state.get().filter(|_| app.may(Permission::Reply))?;
        let (label, what) = match state {
            WorkState::Resolved | WorkState::Snoozed => (words.reopen, WorkChange::Reopen),
            WorkState::Open => (words.resolve, WorkChange::Resolve),
        };
        let sign = if state == WorkState::Open { Icon::Check } else { Icon::Retry };
        Some(view! {
            <button type="button" class="button small resolve" title=label on:click=move |_| change(app, id, what)>
                {icon(sign)}
                <span>{label}</span>
            </button>
        })
    }
}

/// The fields of the panel beside the thread.
#[component]
pub(super) fn WorkPanel(id: ConversationId) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let work = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox().row(id).map(|row| row.with(|row| row.work.clone()))
    });
    let there = Memo::new(move |_| work.with(Option::is_some));
    let assignee = Memo::new(move |_| work.with(|work| work.as_ref().and_then(|work| work.assignee)));
    let state =
        Memo::new(move |_| work.with(|work| work.as_ref().map(|work| (work.state, work.snoozed_until))));
    let has = move |label| work.with(|work| work.as_ref().is_some_and(|work| work.labels.contains(&label)));
    let assign = move |event| {
        change(app, id, WorkChange::Assign { to: event_target_value(&event).parse().ok() });
    };
    let put_off = move |event| {
        let now = ambient::now();
        let until = app.zone.with_untracked(|zone| moment(&event_target_value(&event), now, zone));
        if let Some(until) = until {
            change(app, id, WorkChange::Snooze { until });
        }
    };
    let me = app.my_id();
    move || {
        (there.get() && app.may(Permission::Reply)).then(|| {
            view! {
                <div class="work">
                    <div class="field">
                        <div class="field-head">
                            <label for="assignee">{words.assignee}</label>
                            {move || {
                                (me.is_some() && assignee.get() != me)
                                    .then(|| {
                                        view! {
                                            <button
                                                type="button"
                                                on:click=move |_| change(app, id, WorkChange::Assign { to: me })
                                            >
                                                {words.assign_me}
                                            </button>
                                        }
                                    })
                            }}
                        </div>
                        <select id="assignee" on:change=assign>
                            <option value="" selected=move || assignee.get().is_none()>{words.nobody}</option>
                            {each(
                                move || {
                                    let who = assignee.get();
                                    let all = app.inbox().members.get();
                                    all.into_iter().filter(|m| m.active || Some(m.id) == who).collect::<Vec<_>>()
                                },
                                |member| (member.id, member.name.clone()),
                                move |member| {
                                    let chosen = move || assignee.get() == Some(member.id);
                                    view! {
                                        <option value=member.id.to_string() selected=chosen>{member.name}</option>
                                    }
                                    .into_any()
                                },
                            )}
                        </select>
                    </div>
                    <div class="field">
                        <label for="put-off">{words.put_off}</label>
                        // Back to its first line after each choice: it is a menu, what holds stands above it.
                        <select id="put-off" prop:value=move || { state.track(); "" } on:change=put_off>
                            <option value="">{move || put_off_words(app, state.get())}</option>
                            <option value="hour">{words.put_off_hour}</option>
                            <option value="tomorrow">{words.put_off_tomorrow}</option>
                            <option value="week">{words.put_off_week}</option>
                        </select>
                    </div>
                    <fieldset class="field">
                        <legend>{words.labels}</legend>
                        <div class="label-chips">
                            {each(
                                move || app.inbox().labels.get(),
                                |label| (label.id, label.name.clone(), label.colour),
                                move |label| {
                                    let (label_id, class) = (label.id, format!("tag hue-{}", label.colour));
                                    view! {
                                        <button
                                            type="button"
                                            class=class
                                            aria-pressed=move || if has(label_id) { "true" } else { "false" }
                                            on:click=move |_| {
                                                let on = !untrack(|| has(label_id));
                                                change(app, id, WorkChange::Label { label: label_id, on });
                                            }
                                        >
                                            {label.name}
                                        </button>
                                    }
                                    .into_any()
                                },
                            )}
                        </div>
                        <NewLabel id=id />
                    </fieldset>
                </div>
            }
        })
    }
}

/// Makes a label and puts it on the conversation.
#[component]
fn NewLabel(id: ConversationId) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let name = RwSignal::new(String::new());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.with_untracked(|name| name.trim().to_owned());
        if wanted.is_empty() {
            return;
        }
        let same = wanted.to_lowercase();
        let known = app.inbox().labels.with_untracked(|all| {
            all.iter().find(|label| label.name.to_lowercase() == same).map(|label| label.id)
        });
        if let Some(label) = known {
            name.set(String::new());
            change(app, id, WorkChange::Label { label, on: true });
            return;
        }
        let colour = app.inbox().labels.with_untracked(Vec::len) % usize::from(LABEL_COLOURS);
        spawn_local(async move {
            match api::create_label(wanted, colour as u8).await {
                Ok(label) => {
                    let label_id = label.id;
                    app.inbox().confirm(Payload::Label(Box::new(label)));
                    name.set(String::new());
                    change(app, id, WorkChange::Label { label: label_id, on: true });
                }
                Err(error) => app.complain(&error),
            }
        });
    };
    view! {
        <form class="label-new" on:submit=submit>
            <input
                type="text"
                aria-label=words.label_new
                placeholder=words.label_new
                maxlength=MAX_LABEL_NAME.to_string()
                autocomplete="off"
                prop:value=name
                on:input=move |event| name.set(event_target_value(&event))
            />
            <button class="button small" disabled=move || name.with(|name| name.trim().is_empty())>
                {words.label_add}
            </button>
        </form>
    }
}

fn put_off_words(app: App, state: Option<(WorkState, Option<Timestamp>)>) -> String {
    match state {
        Some((WorkState::Snoozed, Some(until))) => {
            let at = app.when(|when| when.exact(until));
            fill(app.words.put_off_until, &[("time", &at)])
        }
        _ => app.words.put_off_choose.to_owned(),
    }
}

/// The moment that is meant.
fn moment(word: &str, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
    match word {
        "hour" => Some(now.after(HOUR)),
        "tomorrow" => {
            // The clock may change in the night: what counts is the offset of the morning.
            let midnight = Timestamp::from_seconds((zone.day_number(now) + 1) * DAY.as_secs() as i64);
            let offset = zone.offset_at(midnight.after(MORNING));
            Some(Timestamp::from_seconds(midnight.after(MORNING).as_seconds() - i64::from(offset)))
        }
        "week" => Some(now.after(7 * DAY)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tomorrow_begins_at_nine_where_one_is() {
        let now = Timestamp::from_seconds(1_760_000_000);
        for offset in [-39_600, 0, 25_200, 50_400] {
            let zone = Zone::Fixed(offset);
            let then = moment("tomorrow", now, &zone).unwrap();
            assert_eq!(zone.day_number(then), zone.day_number(now) + 1);
            assert_eq!((then.as_seconds() + i64::from(offset)).rem_euclid(86_400), 9 * 3_600);
        }
        assert_eq!(moment("", now, &Zone::Fixed(0)), None);
    }
}
