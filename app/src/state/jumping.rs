//! Moves about in the opened thread: to a message however far back it stands, onwards from there, and to the end.

use std::time::Duration;

use balas_domain::{ConversationId, MessageId};
use leptos::{prelude::*, task::spawn_local};

use super::{App, inbox::Load, loading};
use crate::{
    api,
    browser::{dom, scroll, timer},
    route::{Route, anchor},
};

/// The box in which the thread is scrolled.
pub(crate) const SCROLLER: &str = "thread-scroll";

/// How often it is looked whether a line stands on the page, at most.
const LOOKS: u32 = 120;
/// Between two looks: about a frame.
const LOOK: Duration = Duration::from_millis(16);

/// Whether a message that is brought into view also gets the focus: not while somebody types what to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    /// Screen readers go on from there.
    Take,
    /// It stays where it is.
    Leave,
}

/// Goes to a message of the opened conversation; the address tells of it.
pub(crate) fn jump(app: App, conversation: ConversationId, message: MessageId, focus: Focus) {
    app.inbox().aimed.set_value(Some(message));
    let filter = app.filter_untracked();
    app.replace(Route::Inbox { open: Some(conversation), message: Some(message), filter });
    reveal(app, conversation, message, focus);
}

/// Brings a message of the opened thread into view. If it is far away, what stands around it is shown in place of what
/// was.
pub(crate) fn reveal(app: App, conversation: ConversationId, message: MessageId, focus: Focus) {
    spawn_local(async move {
        if !app.inbox().shows(message) {
            let generation = app.inbox().generation();
            let answer = api::thread_around(conversation, message).await;
            if app.inbox().open_id() != Some(conversation) || app.inbox().generation() != generation {
                return;
            }
            match answer {
                Ok(page) if page.conversation.id != conversation => {
                    // A quote of what stands in another conversation, since that number was away.
                    let (open, filter) = (Some(page.conversation.id), app.filter_untracked());
                    return app.go(Route::Inbox { open, message: Some(message), filter });
                }
                Ok(page) => {
                    let found = page.messages.items.iter().any(|m| m.id == message);
                    app.inbox().opened(page);
                    if !found {
                        app.toasts().bad(app.words.message_gone);
                        return stand_at_end(app).await;
                    }
                }
                Err(error) => return app.complain(&error),
            }
        }
        if let Some(line) = drawn(message).await {
            scroll::point_out(line, focus == Focus::Take);
        }
    });
}

/// The element of a message, once its line is drawn.
async fn drawn(message: MessageId) -> Option<web_sys::HtmlElement> {
    for _ in 0..LOOKS {
        if let Some(line) = dom::by_id(&anchor(message)) {
            return Some(line);
        }
        timer::sleep(LOOK).await;
    }
    None
}

/// Goes to the newest message, also where it is not loaded.
pub(crate) fn to_end(app: App) {
    let Some(id) = app.inbox().open_id() else { return };
    if app.inbox().later_cursor().is_none() {
        spawn_local(stand_at_end(app));
        return;
    }
    app.inbox().later_load.set(Load::Loading);
    spawn_local(async move {
        let generation = app.inbox().generation();
        let answer = api::thread(id, None).await;
        if app.inbox().open_id() != Some(id) {
            return;
        }
        match answer {
            Ok(page) if app.inbox().generation() == generation => {
                app.inbox().later_load.set(Load::Ready);
                app.inbox().opened(page);
                stand_at_end(app).await;
            }
            Ok(_) => app.inbox().later_load.set(Load::Ready),
            Err(error) => {
                app.inbox().later_load.set(Load::Failed);
                app.complain(&error);
            }
        }
    });
}

/// Scrolls to the end once it is drawn. Whoever follows this address later wants to see the end too.
async fn stand_at_end(app: App) {
    let (open, filter) = (app.inbox().open_id(), app.filter_untracked());
    if app.message_untracked().is_some() {
        app.replace(Route::Inbox { open, message: None, filter });
    }
    if let Some(newest) = app.inbox().newest() {
        drawn(newest).await;
    }
    if let Some(scroller) = dom::by_id(SCROLLER) {
        scroll::to_newest(&scroller);
    }
}

/// Fetches the next newer page of the opened thread.
pub(crate) fn later(app: App) {
    loading::extend(app, app.inbox().later_load, app.inbox().later_cursor());
}

/// Other messages may stand between those of the opened thread now: fetches what is shown anew.
pub(crate) fn reload(app: App, id: ConversationId) {
    let middle = app.inbox().middle().filter(|_| app.inbox().later_cursor().is_some());
    spawn_local(async move {
        let Some(middle) = middle else { return loading::fetch_thread(app, id, None).await };
        let generation = app.inbox().generation();
        let answer = api::thread_around(id, middle).await;
        if app.inbox().open_id() != Some(id) || app.inbox().generation() != generation {
            return;
        }
        match answer {
            Ok(page) if page.conversation.id == id => app.inbox().reopened(page),
            // What was shown stands elsewhere now.
            Ok(_) => loading::fetch_thread(app, id, None).await,
            Err(error) => app.complain(&error),
        }
    });
}
