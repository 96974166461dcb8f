//! Fetches what the inbox needs beyond the stream. An answer to a question that nobody asks any more is
//! thrown away.

use std::time::Duration;

use balas_domain::{ConversationId, MessageId, inbox::MessagePage, search::SearchQuery};
use leptos::{prelude::*, task::spawn_local};

use super::{
    App,
    inbox::{Hits, Load, Regrouped},
    jumping, sign_in_again,
};
use crate::{
    api::{self, ApiError},
    browser::{dom, timer},
    route::{Filter, Route},
};

/// Until new lines stand on the page.
const DRAWN: Duration = Duration::from_millis(50);
/// How often it is looked whether they do, at most.
const LOOKS: u32 = 60;

/// Opens a conversation, at its end or at a message, or none.
pub(crate) fn open(app: App, id: Option<ConversationId>, message: Option<MessageId>) {
    if app.inbox().open(id, message)
        && let Some(id) = id
    {
        spawn_local(fetch_thread(app, id, message));
    }
}

/// Fetches the newest page of a thread, or the part around a message.
pub(crate) async fn fetch_thread(app: App, id: ConversationId, message: Option<MessageId>) {
    loop {
        let generation = app.inbox().generation();
        let answer = match message {
            Some(message) => api::thread_around(id, message).await,
            None => api::thread(id, None).await,
        };
        if app.inbox().open_id() != Some(id) {
            return;
        }
        match answer {
            // A snapshot came in between, and with it a gap between this page and the stream: ask again.
            Ok(_) if app.inbox().generation() != generation => {
                app.inbox().open(Some(id), message);
            }
            // An old link to a conversation that has become part of another, or to a message that moved along.
            Ok(page) if page.conversation.id != id => {
                app.replace(Route::Inbox {
                    open: Some(page.conversation.id),
                    message,
                    filter: app.filter_untracked(),
                });
                return;
            }
            Ok(page) => {
                app.inbox().opened(page);
                return;
            }
            Err(ApiError::SignedOut) => {
                sign_in_again();
                return;
            }
            Err(ApiError::Refused { code, .. }) if code == "not_found" => {
                app.inbox().thread_load.set(Load::Missing);
                return;
            }
            Err(_) => {
                app.inbox().thread_load.set(Load::Failed);
                return;
            }
        }
    }
}

/// Conversations became one, parted or got older messages: goes where the opened one goes on, with what is being written, and fetches what
/// stands elsewhere now.
pub(crate) fn regroup(app: App) {
    let Regrouped { merged, reload } = app.inbox().take_regrouped();
    for (from, into) in merged {
        follow(app, from, into);
    }
    if let Some(open) = app.inbox().open_id().filter(|open| reload.contains(open)) {
        jumping::reload(app, open);
    }
}

fn follow(app: App, from: ConversationId, into: ConversationId) {
    let open = app.inbox().open_id() == Some(from);
    // The draft is stored a moment after the last letter.
    let typed = if open { dom::value("composer") } else { None };
    let drafts = app.drafts();
    let mut begun = drafts.get(from);
    begun.text = typed.unwrap_or(begun.text);
    let draft = if begun.is_blank() { drafts.get(into) } else { begun.merged(drafts.get(into)) };
    drafts.set(into, &draft);
    drafts.forget(from);
    if !open {
        return;
    }
    let writing = dom::is_typing();
    app.replace(Route::Inbox { open: Some(into), message: None, filter: app.filter_untracked() });
    if writing {
        spawn_local(async move {
            for _ in 0..LOOKS {
                timer::sleep(DRAWN).await;
                if app.inbox().open_id() == Some(into) && dom::by_id("composer").is_some() {
                    return dom::focus("composer");
                }
            }
        });
    }
}

/// Fetches the next older page of the opened thread.
pub(crate) fn older(app: App) {
    extend(app, app.inbox().older_load, app.inbox().thread_cursor());
}

/// Fetches the page of the opened thread that a cursor leads to, unless one is on its way there.
pub(super) fn extend(app: App, load: RwSignal<Load>, cursor: Option<String>) {
    if load.get_untracked() == Load::Loading {
        return;
    }
    let (Some(id), Some(cursor)) = (app.inbox().open_id(), cursor) else { return };
    load.set(Load::Loading);
    spawn_local(async move {
        let generation = app.inbox().generation();
        let answer = api::thread(id, Some(cursor.clone())).await;
        if app.inbox().generation() != generation || app.inbox().open_id() != Some(id) {
            return;
        }
        match answer {
            Ok(page) => {
                let older = app.inbox().thread_cursor().as_ref() == Some(&cursor);
                let (near, far) = in_two(page.messages, &cursor, older);
                app.inbox().extend(id, &cursor, near);
                timer::sleep(Duration::ZERO).await;
                if app.inbox().generation() != generation || app.inbox().open_id() != Some(id) {
                    return;
                }
                app.inbox().extend(id, &cursor, far);
                load.set(Load::Ready);
            }
            Err(ApiError::SignedOut) => sign_in_again(),
            Err(_) => load.set(Load::Failed),
        }
    });
}

/// Parts a page, newest first, into the half that stands next to what is shown, which leads on to the same page, and the
/// other: to draw all of it at once would hold up who is scrolling.
fn in_two(mut page: MessagePage, cursor: &str, older: bool) -> (MessagePage, MessagePage) {
    let rest = page.items.split_off(page.items.len() / 2);
    let (near, far) = if older { (page.items, rest) } else { (rest, page.items) };
    let same = Some(cursor.to_owned());
    (MessagePage { items: near, next: same.clone(), newer: same }, MessagePage { items: far, ..page })
}

/// Fetches the next page of the list.
pub(crate) fn more(app: App, filter: Filter) {
    if app.inbox().more_load.get_untracked() == Load::Loading {
        return;
    }
    let Some(cursor) = app.inbox().list_cursor() else { return };
    app.inbox().more_load.set(Load::Loading);
    spawn_local(async move {
        let generation = app.inbox().generation();
        let answer = api::conversations(filter.query(Some(cursor))).await;
        match answer {
            Ok(page) if app.inbox().generation() == generation => {
                app.inbox().add_page(&filter, page);
                app.inbox().more_load.set(Load::Ready);
            }
            Ok(_) => app.inbox().more_load.set(Load::Ready),
            Err(ApiError::SignedOut) => sign_in_again(),
            Err(_) => app.inbox().more_load.set(Load::Failed),
        }
    });
}

/// Shows the list behind a filter. `current` tells what is wanted when the answer comes.
pub(crate) fn filter(app: App, wanted: Filter, current: impl Fn() -> Filter + 'static) {
    app.inbox().more_load.set(Load::Ready);
    if wanted.q.trim().is_empty() {
        app.inbox().hits.set(None);
    } else {
        search(app, wanted.clone(), None);
    }
    if wanted.is_empty() {
        app.inbox().unfilter();
        return;
    }
    app.inbox().list_load.set(Load::Loading);
    spawn_local(async move {
        let answer = api::snapshot(wanted.query(None), None, None).await;
        if current() != wanted {
            return;
        }
        match answer {
            Ok(found) => app.inbox().set_filtered(wanted, found),
            Err(ApiError::SignedOut) => sign_in_again(),
            Err(_) => app.inbox().list_load.set(Load::Failed),
        }
    });
}

/// Looks for the words of a filter in messages: from the newest on, or from where the last page ended.
pub(crate) fn search(app: App, wanted: Filter, cursor: Option<String>) {
    let query = SearchQuery {
        q: wanted.q.trim().to_owned(),
        account: wanted.account,
        cursor,
        ..SearchQuery::default()
    };
    spawn_local(async move {
        let first = query.cursor.is_none();
        match api::search(query).await {
            Ok(page) if app.filter_untracked() == wanted => app.inbox().hits.update(|hits| match hits {
                Some(hits) if !first && hits.filter == wanted => {
                    hits.found.extend(page.items);
                    hits.next = page.next;
                }
                _ => *hits = Some(Hits { filter: wanted, found: page.items, next: page.next }),
            }),
            Ok(_) => {}
            Err(error) => app.complain(&error),
        }
    });
}

/// The connection is back: what could not be fetched without it is asked for again.
pub(crate) fn retry_failed(app: App) {
    let inbox = app.inbox();
    if inbox.thread_load.get_untracked() == Load::Failed {
        open(app, inbox.open_id(), app.message_untracked());
    }
    if inbox.list_load.get_untracked() == Load::Failed {
        filter(app, app.filter_untracked(), move || app.filter_untracked());
    }
    for load in [inbox.more_load, inbox.older_load, inbox.later_load] {
        if load.get_untracked() == Load::Failed {
            load.set(Load::Ready);
        }
    }
}

/// Fetches a fresh snapshot: the stream was away too long.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) async fn resync(app: App) -> Result<(), ApiError> {
    let open = app.inbox().open_id();
    let around = app.message_untracked();
    let everything = Filter::default().query(None);
    let snapshot = match api::snapshot(everything.clone(), open, around).await {
        // What is open may be gone by now.
        Err(ApiError::Refused { code, .. }) if code == "not_found" => {
            api::snapshot(everything, None, None).await?
        }
        other => other?,
    };
    let here = snapshot.thread.as_ref().map(|thread| thread.conversation.id);
    app.inbox().resync(snapshot);
    if let Some(id) = app.inbox().open_id()
        && here != Some(id)
        && app.inbox().open(Some(id), app.message_untracked())
    {
        // Another one was opened while the answer was on its way.
        fetch_thread(app, id, app.message_untracked()).await;
    }
    // The list behind a filter belonged to the last snapshot.
    let route = app.route.get_untracked();
    if let crate::route::Route::Inbox { filter: wanted, .. } = route
        && !wanted.is_empty()
    {
        filter(app, wanted, move || app.filter_untracked());
    }
    Ok(())
}

/// Someone here sees the conversation: its messages are read.
pub(crate) fn mark_read(id: ConversationId) {
    spawn_local(async move {
        // Not worth a word when it fails: it is asked again with the next message or when the page is looked
        // at.
        if api::mark_read(id).await == Err(ApiError::SignedOut) {
            sign_in_again();
        }
    });
}
