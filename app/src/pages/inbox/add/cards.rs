//! Sending contact cards: of people that Balas knows, or of somebody else.

use std::time::Duration;

use balas_domain::{Content, content::Card, query::ContactQuery, view::ContactView};
use leptos::{prelude::*, task::spawn_local};

use super::foot;
use crate::{
    api::{self, ApiError},
    browser::{dom, timer::Debounce},
    i18n::fill,
    state::{sign_in_again, use_app},
    ui::{
        field::{Field, Kind},
        icon::{Icon, icon},
    },
};

/// How long after the last letter the search begins.
const PAUSE: Duration = Duration::from_millis(200);
/// So many are offered.
const OFFERED: u32 = 8;
/// So many go at once at most.
const MOST: usize = 20;
const SEARCH: &str = "cards-search";

/// What a search has brought.
#[derive(Clone)]
enum Found {
    Nothing,
    Some(Vec<ContactView>),
    Failed,
}

#[component]
pub(super) fn CardsForm(
    /// What it begins with.
    begun: Option<Content>,
    /// So many fit into one message.
    at_once: u32,
    send: Callback<Content>,
    close: RwSignal<bool>,
) -> impl IntoView {
    let app = use_app();
    let words = app.lang.add_words();
    let begun = match begun {
        Some(Content::Contacts { cards }) => cards,
        _ => Vec::new(),
    };
    let chosen = RwSignal::new(begun);
    let at_once = at_once.max(1) as usize;
    let choose = Callback::new(move |mut card: Card| {
        if at_once == 1 {
            // Who takes one card takes it as a name and a number.
            card.phones.truncate(1);
        }
        chosen.update(|chosen| {
            if chosen.len() < MOST && !chosen.contains(&card) {
                chosen.push(card);
            }
        });
    });
    let list = move || {
        let cards = chosen.get();
        (!cards.is_empty()).then(|| {
            let several = at_once == 1 && cards.len() > 1;
            view! {
                <ul class="cards-chosen" role="list" aria-label=words.cards_chosen>
                    {cards.into_iter().map(|card| chosen_card(chosen, card)).collect_view()}
                </ul>
                {several.then(|| view! { <p class="hint">{words.cards_apart}</p> })}
            }
        })
    };
    view! {
        <form
            class="dialog-form"
            on:submit=move |event| {
                event.prevent_default();
                for some in chosen.get_untracked().chunks(at_once) {
                    send.run(Content::Contacts { cards: some.to_vec() });
                }
            }
        >
            <Known choose=choose />
            <SomebodyElse choose=choose />
            {list}
            {foot(close, move || !chosen.with(Vec::is_empty))}
        </form>
    }
}

fn chosen_card(chosen: RwSignal<Vec<Card>>, card: Card) -> impl IntoView {
    let words = use_app().lang.add_words();
    let label = fill(words.cards_take_out, &[("name", &card.name)]);
    let (name, phones) = (card.name.clone(), card.phones.join(", "));
    view! {
        <li>
            <span class="cards-name" dir="auto">{name}</span>
            <span class="cards-phone">{phones}</span>
            <button
                type="button"
                class="icon-button"
                aria-label=label.clone()
                title=label
                on:click=move |_| {
                    chosen.update(|chosen| chosen.retain(|other| *other != card));
                    dom::focus(SEARCH);
                }
            >
                {icon(Icon::Close)}
            </button>
        </li>
    }
}

/// Those whom Balas knows, by name or number.
#[component]
fn Known(choose: Callback<Card>) -> impl IntoView {
    let app = use_app();
    let words = app.lang.add_words();
    let wanted = RwSignal::new(String::new());
    let found = RwSignal::new(Found::Nothing);
    let pause = Debounce::new(PAUSE);
    let search = move || {
        let q = wanted.get_untracked();
        if q.trim().is_empty() {
            found.set(Found::Nothing);
            return;
        }
        spawn_local(async move {
            let query = ContactQuery { q: Some(q.clone()), limit: Some(OFFERED), ..ContactQuery::default() };
            let answer = api::contacts(query).await;
            // Someone types faster than the server answers: only the last question counts.
            if wanted.try_get_untracked().is_none_or(|now| now != q) {
                return;
            }
            match answer {
                Ok(page) => {
                    // A card without a number is of no use.
                    found.set(Found::Some(page.items.into_iter().filter(|c| !c.phones.is_empty()).collect()));
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(_) => found.set(Found::Failed),
            }
        });
    };
    let offered = move |contact: ContactView| {
        let phones: Vec<String> = contact.phones.iter().map(|phone| format!("+{phone}")).collect();
        let below = phones.join(", ");
        let name = contact.name.clone();
        let card = Card { name: contact.name, phones };
        view! {
            <li>
                <button
                    type="button"
                    on:click=move |_| {
                        choose.run(card.clone());
                        wanted.set(String::new());
                        found.set(Found::Nothing);
                        dom::focus(SEARCH);
                    }
                >
                    <span class="cards-name" dir="auto">{name}</span>
                    <span class="cards-phone">{below}</span>
                </button>
            </li>
        }
    };
    let results = move || match found.get() {
        Found::Nothing => ().into_any(),
        Found::Failed => view! { <p class="field-error" role="alert">{words.cards_failed}</p> }.into_any(),
        Found::Some(contacts) if contacts.is_empty() => {
            view! { <p class="hint" role="status">{words.cards_none}</p> }.into_any()
        }
        Found::Some(contacts) => view! {
            <ul class="cards-found" role="list">{contacts.into_iter().map(offered).collect_view()}</ul>
        }
        .into_any(),
    };
    view! {
        <div class="field">
            <input
                id=SEARCH
                type="search"
                dir="auto"
                autocomplete="off"
                aria-label=words.cards_search
                placeholder=words.cards_search
                prop:value=move || wanted.get()
                on:input=move |event| {
                    wanted.set(event_target_value(&event));
                    pause.run(search);
                }
                on:keydown=move |event| {
                    // It searches by itself; Enter must not send what is chosen already.
                    if event.key() == "Enter" {
                        event.prevent_default();
                    }
                }
            />
            {results}
        </div>
    }
}

/// A name and a number that are typed.
#[component]
fn SomebodyElse(choose: Callback<Card>) -> impl IntoView {
    let app = use_app();
    let words = app.lang.add_words();
    let (name, phone) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let left = RwSignal::new(false);
    let card =
        move || Card { name: name.get().trim().to_owned(), phones: vec![phone.get().trim().to_owned()] };
    let wrong = Signal::derive(move || {
        let typed = phone.with(|phone| !phone.trim().is_empty());
        let reachable = Card { name: "x".to_owned(), ..card() }.is_complete();
        (left.get() && typed && !reachable).then(|| words.cards_phone_wrong.to_owned())
    });
    view! {
        <details class="cards-new">
            <summary>{words.cards_new}</summary>
            <Field name="card-name" label=words.cards_name value=name words=app.words />
            <Field
                name="card-phone"
                label=words.cards_phone
                kind=Kind::Phone
                value=phone
                error=wrong
                on_leave=Callback::new(move |()| left.set(true))
                words=app.words
            />
            <button
                type="button"
                class="button"
                disabled=move || !card().is_complete()
                on:click=move |_| {
                    choose.run(untrack(card));
                    name.set(String::new());
                    phone.set(String::new());
                    left.set(false);
                }
            >
                {icon(Icon::Plus)} {words.cards_add}
            </button>
        </details>
    }
}
