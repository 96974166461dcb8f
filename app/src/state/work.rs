//! Does something with a conversation that only the team knows of.

use balas_domain::{
    ConversationId, MessageId, Payload, Permission, WorkState, query::NewText, work::WorkChange,
};
use leptos::{prelude::*, task::spawn_local};

use super::{App, drafts::Draft, jumping};
use crate::{
    api,
    browser::ambient::{self, BrowserRandom},
    i18n::fill,
};

/// Changes it, and shows that at once when the server has done it.
pub(crate) fn change(app: App, id: ConversationId, change: WorkChange) {
    spawn_local(async move {
        match api::change_work(id, change).await {
            Ok(row) => app.inbox().confirm(Payload::Conversation(Box::new(row))),
            Err(error) => app.complain(&error),
        }
    });
}

/// Resolves the opened conversation or opens it again; tells whether there is one.
pub(crate) fn toggle_resolved(app: App) -> bool {
    let Some(row) = app.inbox().open_id().and_then(|id| app.inbox().row(id)) else { return false };
    if !app.may(Permission::Reply) {
        return false;
    }
    let (id, state) = row.with_untracked(|row| (row.id, row.work.state));
    let resolved = state == WorkState::Resolved;
    change(app, id, if resolved { WorkChange::Reopen } else { WorkChange::Resolve });
    true
}

/// Adds a note. A text that could not be stored goes back into the composer.
pub(crate) fn add_note(app: App, conversation: ConversationId, text: String) {
    let note = NewText { id: MessageId::new(ambient::now(), &BrowserRandom), text, reply_to: None };
    spawn_local(async move {
        let text = note.text.clone();
        match api::add_note(conversation, note).await {
            Ok(message) => {
                app.inbox().confirm(Payload::Message(Box::new(message)));
                // Who writes wants to see what was written.
                if app.inbox().open_id() == Some(conversation) && app.inbox().later_cursor().is_some() {
                    jumping::to_end(app);
                }
            }
            Err(error) => {
                let note = Draft { text, note: true, ..Draft::default() };
                app.sending().put_back(app, conversation, note);
                let reason = error.words(app.words);
                app.toasts().bad(fill(app.words.refused_returned, &[("reason", &reason)]));
            }
        }
    });
}
