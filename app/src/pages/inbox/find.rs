//! Looks for words in the opened conversation.

use std::time::Duration;

use balas_domain::{
    ConversationId, MessageId,
    search::{MessageHit, SearchQuery},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    browser::{dom, timer::Debounce},
    i18n::{Words, fill},
    state::{
        App,
        jumping::{self, Focus},
        use_app,
    },
    ui::icon::{Icon, icon},
};

/// The button that opens the search, and gets the focus back.
pub(crate) const BUTTON: &str = "find-button";
/// The field.
pub(crate) const FIELD: &str = "find";

/// The button that ends it.
pub(crate) const CLOSE: &str = "find-close";

/// How long after the last letter a search begins.
const PAUSE: Duration = Duration::from_millis(250);
/// Hits of a page.
const PAGE: u32 = 100;

/// What was found in the opened conversation.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    /// Whether one looks for something.
    pub(super) open: RwSignal<bool>,
    /// Newest first; `None` before anything was looked for.
    hits: RwSignal<Option<Vec<MessageHit>>>,
    /// Cursor of the next page.
    next: RwSignal<Option<String>>,
    /// Which of them one is at.
    at: RwSignal<usize>,
    /// Counts questions: the answer to an earlier one is thrown away.
    asked: StoredValue<u32>,
}

impl Found {
    pub(super) fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            hits: RwSignal::new(None),
            next: RwSignal::new(None),
            at: RwSignal::new(0),
            asked: StoredValue::new(0),
        }
    }

    /// The words that were found in a message, as they are spelled there.
    pub(super) fn words_of(self, message: MessageId) -> Vec<String> {
        self.hits.with(|hits| {
            let hit = hits.iter().flatten().find(|hit| hit.id == message);
            let pieces = hit.iter().flat_map(|hit| &hit.excerpt).filter(|piece| piece.hit);
            pieces.map(|piece| piece.text.clone()).collect()
        })
    }

    fn ask(self) -> u32 {
        self.asked
            .try_update_value(|asked| {
                *asked += 1;
                *asked
            })
            .unwrap_or_default()
    }

    fn clear(self) {
        self.ask();
        self.hits.set(None);
        self.next.set(None);
        self.at.set(0);
    }

    /// Looks from the newest message on, and goes to the first hit.
    fn search(self, app: App, id: ConversationId, q: String) {
        let asked = self.ask();
        if q.trim().is_empty() {
            return self.clear();
        }
        spawn_local(async move {
            let query =
                SearchQuery { q, conversation: Some(id), limit: Some(PAGE), ..SearchQuery::default() };
            let answer = api::search(query).await;
            if self.asked.try_get_value() != Some(asked) {
                return;
            }
            match answer {
                Ok(page) => {
                    let first = page.items.first().map(|hit| hit.id);
                    self.at.set(0);
                    self.next.set(page.next);
                    self.hits.set(Some(page.items));
                    if let Some(first) = first {
                        jumping::jump(app, id, first, Focus::Leave);
                    }
                }
                Err(error) => app.complain(&error),
            }
        });
    }

    /// Goes to the next older hit, or back to a newer one.
    fn step(self, app: App, id: ConversationId, q: String, older: bool) {
        let known = self.hits.with_untracked(|hits| hits.as_ref().map_or(0, Vec::len));
        let at = self.at.get_untracked();
        let Some(to) = (if older { at.checked_add(1) } else { at.checked_sub(1) }) else { return };
        if to < known {
            self.at.set(to);
            let hit =
                self.hits.with_untracked(|hits| hits.as_ref().and_then(|hits| hits.get(to)).map(|h| h.id));
            if let Some(hit) = hit {
                jumping::jump(app, id, hit, Focus::Leave);
            }
            return;
        }
        let Some(cursor) = self.next.get_untracked() else { return };
        let asked = self.ask();
        spawn_local(async move {
            let query = SearchQuery {
                q: q.clone(),
                conversation: Some(id),
                cursor: Some(cursor),
                limit: Some(PAGE),
                ..SearchQuery::default()
            };
            let answer = api::search(query).await;
            if self.asked.try_get_value() != Some(asked) {
                return;
            }
            match answer {
                Ok(page) => {
                    self.next.set(page.next);
                    self.hits.update(|hits| hits.get_or_insert_default().extend(page.items));
                    self.step(app, id, q, true);
                }
                Err(error) => app.complain(&error),
            }
        });
    }

    /// Where one is among the hits, in words.
    fn said(self, words: &Words) -> String {
        self.hits.with(|hits| match hits {
            None => String::new(),
            Some(hits) if hits.is_empty() => words.hits_none.to_owned(),
            Some(hits) => {
                // Of very many only the first are counted.
                let all = format!("{}{}", hits.len(), if self.next.with(Option::is_some) { "+" } else { "" });
                fill(words.find_place, &[("n", &(self.at.get() + 1).to_string()), ("all", &all)])
            }
        })
    }
}

/// The button in the head of the conversation.
#[component]
pub(super) fn FindButton(found: Found) -> impl IntoView {
    let words = use_app().words;
    let toggle = move |_| {
        if found.open.get_untracked() {
            close(found);
        } else {
            found.open.set(true);
        }
    };
    view! {
        <button
            type="button"
            class="icon-button"
            id=BUTTON
            aria-label=words.find_here
            title=words.find_here
            aria-expanded=move || if found.open.get() { "true" } else { "false" }
            on:click=toggle
        >
            {icon(Icon::Search)}
        </button>
    }
}

fn close(found: Found) {
    found.open.set(false);
    found.clear();
    dom::focus(BUTTON);
}

/// The field with what was found, below the head.
#[component]
pub(super) fn FindBar(id: ConversationId, found: Found) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let q = RwSignal::new(String::new());
    let pause = Debounce::new(PAUSE);
    let node = NodeRef::<leptos::html::Input>::new();
    // Once, when it is there.
    Effect::new(move || {
        if let Some(field) = node.get() {
            let _ = field.focus();
        }
    });
    let typed = move |event| {
        q.set(event_target_value(&event));
        pause.run(move || {
            if let Some(q) = q.try_get_untracked() {
                found.search(app, id, q);
            }
        });
    };
    let step = move |older| found.step(app, id, q.get_untracked(), older);
    let pressed = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        "Escape" => {
            event.prevent_default();
            close(found);
        }
        "Enter" if event.target() == node.get_untracked().map(Into::into) && !event.is_composing() => {
            event.prevent_default();
            step(!event.shift_key());
        }
        _ => {}
    };
    let no_older = move || {
        let known = found.hits.with(|hits| hits.as_ref().map_or(0, Vec::len));
        found.at.get() + 1 >= known && found.next.with(Option::is_none)
    };
    let no_newer = move || found.at.get() == 0;
    let flag = |off: bool| if off { "true" } else { "false" };
    view! {
        <form
            class="thread-find"
            role="search"
            aria-label=words.find_here
            on:submit=move |event| event.prevent_default()
            on:keydown=pressed
        >
            <div class="search">
                {icon(Icon::Search)}
                <input
                    node_ref=node
                    id=FIELD
                    type="search"
                    aria-label=words.find_here
                    placeholder=words.find_here
                    autocomplete="off"
                    enterkeyhint="search"
                    on:input=typed
                />
            </div>
            <p class="find-place" role="status">{move || found.said(words)}</p>
            // Not disabled: the one with the focus would lose it at the last hit.
            <button
                type="button"
                class="icon-button find-older"
                aria-label=words.find_older
                title=words.find_older
                aria-disabled=move || flag(no_older())
                on:click=move |_| step(true)
            >
                {icon(Icon::Down)}
            </button>
            <button
                type="button"
                class="icon-button"
                aria-label=words.find_newer
                title=words.find_newer
                aria-disabled=move || flag(no_newer())
                on:click=move |_| step(false)
            >
                {icon(Icon::Down)}
            </button>
            <button
                type="button"
                class="icon-button"
                id=CLOSE
                aria-label=words.close
                title=words.close
                on:click=move |_| close(found)
            >
                {icon(Icon::Close)}
            </button>
        </form>
    }
}
