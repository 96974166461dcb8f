//! Everyone who has ever written.

use std::time::Duration;

use balas_domain::{
    Permission, Seq,
    query::ContactQuery,
    view::{ContactView, Page},
};
use leptos::{html, prelude::*, task::spawn_local};

use super::{
    missing::Missing,
    people::People,
    personal::{self, EraseDialog, Erasing},
};
use crate::{
    api::{self, ApiError},
    boot::PageData,
    browser::{intersect, timer::Debounce},
    i18n::OfficeWords,
    route::{Filter, Route},
    state::{inbox::Load, sign_in_again, use_app},
    ui::{
        avatar::Avatar,
        each::each,
        empty::Empty,
        icon::{Icon, icon},
        more::more_words,
        skeleton::SkeletonRows,
        time::{Style, Time},
    },
};

/// How long after the last letter a search begins.
const PAUSE: Duration = Duration::from_millis(250);

fn query(q: &str, cursor: Option<String>) -> ContactQuery {
    let q = q.trim();
    ContactQuery { q: (!q.is_empty()).then(|| q.to_owned()), cursor, limit: None }
}

/// The page.
#[component]
pub(crate) fn Contacts() -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    if !app.may(Permission::ReadConversations) {
        return view! { <Missing /> }.into_any();
    }
    let first = match app.take_page() {
        PageData::Contacts { page } => Some(page),
        _ => None,
    };
    let load = RwSignal::new(if first.is_some() { Load::Ready } else { Load::Loading });
    let here = first.is_some();
    let first = first.unwrap_or(Page { items: Vec::new(), next: None });
    let (rows, next) = (RwSignal::new(first.items), RwSignal::new(first.next));
    let more_load = RwSignal::new(Load::Ready);
    let q = Memo::new(move |_| {
        app.route.with(|route| match route {
            Route::Contacts { q } => q.clone(),
            _ => String::new(),
        })
    });

    let fetch = move || {
        let wanted = q.get_untracked();
        load.set(Load::Loading);
        spawn_local(async move {
            let answer = api::contacts(query(&wanted, None)).await;
            // Someone types faster than the server answers: only the last question counts.
            if q.try_get_untracked().is_none_or(|now| now != wanted) {
                return;
            }
            match answer {
                Ok(page) => {
                    rows.set(page.items);
                    next.set(page.next);
                    load.set(Load::Ready);
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(_) => load.set(Load::Failed),
            }
        });
    };
    // Contacts became one or parted.
    Effect::new(move |before: Option<Seq>| {
        let now = app.inbox().people.with(|people| people.version);
        if before.is_some_and(|before| before != now) {
            fetch();
        }
        now
    });
    Effect::new(move |before: Option<String>| {
        let now = q.get();
        if before.as_ref().map_or(!here, |before| *before != now) {
            fetch();
        }
        now
    });
    let more = move || {
        let (Some(cursor), wanted) = (next.get_untracked(), q.get_untracked()) else { return };
        if more_load.get_untracked() == Load::Loading {
            return;
        }
        more_load.set(Load::Loading);
        spawn_local(async move {
            let answer = api::contacts(query(&wanted, Some(cursor))).await;
            if q.try_get_untracked().is_none_or(|now| now != wanted) {
                more_load.try_set(Load::Ready);
                return;
            }
            match answer {
                Ok(page) => {
                    rows.update(|rows| rows.extend(page.items));
                    next.set(page.next);
                    more_load.set(Load::Ready);
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(_) => more_load.set(Load::Failed),
            }
        });
    };
    let pause = Debounce::new(PAUSE);
    let typed = move |event| {
        let q = event_target_value(&event);
        pause.run(move || app.replace(Route::Contacts { q }));
    };
    let button = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let Some(button) = button.get() {
            intersect::when_near(&button, None, 600, move || {
                if more_load.try_get_untracked() == Some(Load::Ready) {
                    more();
                }
            });
        }
    });
    let erasing = Erasing::new();
    let state = Memo::new(move |_| (load.get(), rows.with(Vec::is_empty), q.with(|q| q.trim().is_empty())));
    view! {
        <div class="page">
            <header class="page-head">
                <div>
                    <h1>{words.contacts_title}</h1>
                    <p>{words.contacts_lead}</p>
                </div>
            </header>
            <People />
            <EraseDialog erasing=erasing />
            <form class="search" role="search" action="/contacts" on:submit=move |event| event.prevent_default()>
                {icon(Icon::Search)}
                <input
                    id="search"
                    type="search"
                    name="q"
                    aria-label=words.contacts_search
                    placeholder=words.contacts_search
                    autocomplete="off"
                    value=q.get_untracked()
                    on:input=typed
                />
            </form>
            {move || match state.get() {
                (Load::Failed, _, _) => {
                    view! {
                        <Empty sign=Icon::WifiOff title=words.contacts_failed text=words.error_network>
                            <button type="button" class="button" on:click=move |_| fetch()>
                                {words.retry}
                            </button>
                        </Empty>
                    }
                        .into_any()
                }
                (Load::Loading, true, _) => view! { <SkeletonRows words=words /> }.into_any(),
                (_, true, true) => {
                    view! {
                        <Empty sign=Icon::Contacts title=words.contacts_empty_title text=words.contacts_empty_text />
                    }
                        .into_any()
                }
                (_, true, false) => {
                    view! { <Empty sign=Icon::Search title=words.list_none_title text="" /> }.into_any()
                }
                _ => {
                    view! {
                        <ul class="tiles" role="list">
                            {each(
                                move || rows.get(),
                                |contact| contact.id,
                                move |contact| {
                                    view! {
                                        <li class="tile-box">
                                            {tile(&contact, words)} {personal::menu(app, &contact, erasing)}
                                        </li>
                                    }
                                    .into_any()
                                },
                            )}
                        </ul>
                    }
                        .into_any()
                }
            }}
            {move || {
                next.with(Option::is_some)
                    .then(|| {
                        view! {
                            <button node_ref=button type="button" class="button more" on:click=move |_| more()>
                                {more_words(more_load, [words.more, words.loading, words.retry])}
                            </button>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

fn tile(contact: &ContactView, words: &'static OfficeWords) -> impl IntoView + use<> {
    let numbers: Vec<String> = contact
        .phones
        .iter()
        .map(|digits| {
            balas_domain::Address::phone(digits).map_or_else(|_| digits.clone(), |address| address.label())
        })
        .collect();
    let mut below =
        if numbers.is_empty() { words.contact_number_hidden.to_owned() } else { numbers.join(", ") };
    if let Some(username) = &contact.username {
        below = format!("@{username} · {below}");
    }
    // A name finds its conversations; a contact without one is found by its number.
    let filter = Filter { q: contact.name.clone(), ..Filter::default() };
    view! {
        <a class="tile" href=Route::Inbox { open: None, message: None, filter }.href()>
            <Avatar name=contact.name.clone() id=contact.id.to_string() />
            <span class="tile-main">
                <strong dir="auto">{contact.name.clone()}</strong>
                <span>{below}</span>
            </span>
            <span class="tile-side">
                <small>{words.details_first_seen} ": " <Time at=contact.created_at style=Style::Ago /></small>
            </span>
        </a>
    }
}
