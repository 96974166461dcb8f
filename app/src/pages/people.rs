//! Contacts that may be one person, and those that became one lately.

use balas_domain::{
    Permission, Seq,
    people::{MergeReason, MergeView, PersonView, SuggestionView},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    i18n::{OfficeWords, fill},
    state::{App, use_app},
    ui::{
        avatar::Avatar,
        each::each,
        preview::preview_words,
        time::{Style, Time},
    },
};

/// Merges that are shown.
const RECENT: usize = 5;

/// What there is to decide; nothing while there is nothing.
#[component]
pub(super) fn People() -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let suggestions = RwSignal::new(Vec::<SuggestionView>::new());
    let merges = RwSignal::new(Vec::<MergeView>::new());
    Effect::new(move |before: Option<Seq>| {
        let now = app.inbox().people.with(|people| people.version);
        if before != Some(now) {
            spawn_local(async move {
                // Whoever looks for a contact finds it without this too.
                if let Ok((open, mut done)) = api::people().await {
                    done.truncate(RECENT);
                    suggestions.try_set(open);
                    merges.try_set(done);
                }
            });
        }
        now
    });
    let any = move || suggestions.with(|all| !all.is_empty());
    let recent = move || app.may(Permission::SplitContacts) && merges.with(|all| !all.is_empty());
    // Always there, so that screen readers notice when something appears in it.
    view! {
        <div class="people" aria-live="polite">
            <section aria-labelledby="people-title" hidden=move || !any()>
                <h2 id="people-title">{words.people_title}</h2>
                <ul role="list">
                    {each(
                        move || suggestions.get(),
                        |pair| (pair.first.contact.id, pair.second.contact.id, pair.at),
                        move |pair| suggestion(app, &pair, words),
                    )}
                </ul>
            </section>
            <section aria-labelledby="people-recent" hidden=move || !recent()>
                <h2 id="people-recent">{words.people_recent}</h2>
                <ul role="list">
                    {each(
                        move || merges.get(),
                        |merge| (merge.id, merge.undone_at, merge.undoable),
                        move |merge| done(app, merge, words),
                    )}
                </ul>
            </section>
        </div>
    }
}

fn suggestion(app: App, pair: &SuggestionView, words: &'static OfficeWords) -> AnyView {
    let (first, second) = (pair.first.contact.id, pair.second.contact.id);
    let why = match pair.reason {
        MergeReason::Told => words.people_why_told,
        MergeReason::Number | MergeReason::Member => words.people_why_number,
    };
    let busy = RwSignal::new(false);
    let merge = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api::merge_contacts(first, second).await {
                Ok(kept) => app.toasts().good(fill(words.people_merged, &[("name", &kept.name)])),
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    };
    let apart = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api::keep_apart(first, second).await {
                Ok(()) => app.toasts().good(words.people_kept_apart),
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    };
    view! {
        <li class="pair">
            {person(&pair.first, words)} {person(&pair.second, words)} <p class="hint">{why}</p>
            {app
                .may(Permission::MergeContacts)
                .then(|| {
                    view! {
                        <div class="pair-actions">
                            <button type="button" class="button small" disabled=busy on:click=merge>
                                {words.people_merge}
                            </button>
                            <button type="button" class="button small" disabled=busy on:click=apart>
                                {words.people_apart}
                            </button>
                        </div>
                    }
                })}
        </li>
    }
    .into_any()
}

fn person(person: &PersonView, words: &'static OfficeWords) -> AnyView {
    let contact = &person.contact;
    let numbers: Vec<String> = contact
        .phones
        .iter()
        .map(|digits| {
            balas_domain::Address::phone(digits).map_or_else(|_| digits.clone(), |address| address.label())
        })
        .collect();
    let numbers =
        if numbers.is_empty() { words.contact_number_hidden.to_owned() } else { numbers.join(", ") };
    let last = person.last.as_ref().map(|last| preview_words(last, words));
    view! {
        <div class="pair-who">
            <Avatar name=contact.name.clone() id=contact.id.to_string() />
            <span class="tile-main">
                <strong dir="auto">{contact.name.clone()}</strong>
                <span>{numbers}</span>
                <span dir="auto">
                    {last} {person.last_at.map(|at| view! { " · " <Time at=at style=Style::Ago /> })}
                </span>
            </span>
        </div>
    }
    .into_any()
}

fn done(app: App, merge: MergeView, words: &'static OfficeWords) -> AnyView {
    let line = fill(words.people_line, &[("gone", &merge.gone_name), ("kept", &merge.kept_name)]);
    let by = merge.by.as_ref().map(|name| fill(words.people_by, &[("name", name)]));
    view! {
        <li class="merge">
            <span dir="auto">{line}</span>
            <small>
                <Time at=merge.at style=Style::Ago /> {by.map(|by| format!(" · {by}"))}
                {merge.undone_at.map(|_| format!(" · {}", words.people_was_undone))}
            </small>
            {merge.undone_at.is_none().then(|| undo_button(app, &merge))}
        </li>
    }
    .into_any()
}

/// Lets the two part again.
pub(crate) fn undo_button(app: App, merge: &MergeView) -> AnyView {
    let (id, name, words) = (merge.id, merge.gone_name.clone(), app.words);
    let busy = RwSignal::new(false);
    let undoable = merge.undoable;
    let title = if undoable { "" } else { words.merge_undo_first };
    let label = format!("{}: {name}", words.merge_undo);
    let undo = move |_| {
        busy.set(true);
        let name = name.clone();
        spawn_local(async move {
            match api::undo_merge(id).await {
                Ok(_) => app.toasts().good(fill(words.merge_undone, &[("name", &name)])),
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    };
    view! {
        <button
            type="button"
            class="button small"
            aria-label=label
            title=title
            disabled=move || busy.get() || !undoable
            on:click=undo
        >
            {words.merge_undo}
        </button>
    }
    .into_any()
}
