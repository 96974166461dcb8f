//! Which stretch of the opened thread is shown: its end, or what stands around a message.

use balas_domain::{
    ConversationId, MessageId,
    inbox::{MessagePage, ThreadPage},
};
use leptos::prelude::*;

use super::{InboxStore, Load};

impl InboxStore {
    /// The newest page of a thread is here, or the part around a message.
    pub(crate) fn opened(self, page: ThreadPage) {
        let id = page.conversation.id;
        self.model.try_update_value(|model| model.open(page));
        self.show_opened(id);
    }

    /// A part of a thread is here that takes the place of what was shown.
    pub(crate) fn reopened(self, page: ThreadPage) {
        let id = page.conversation.id;
        self.model.try_update_value(|model| model.reopen(page));
        self.show_opened(id);
    }

    fn show_opened(self, id: ConversationId) {
        self.draw_row(id);
        if self.open_id() == Some(id) {
            self.mark_unread_line();
            self.thread_load.set(Load::Ready);
            self.draw_thread();
        }
    }

    /// Cursor of the next older page of the opened thread.
    pub(crate) fn thread_cursor(self) -> Option<String> {
        let open = self.open_id()?;
        self.model.with_value(|model| model.older(open))
    }

    /// Cursor of the next newer page of the opened thread; `None` if its end is shown.
    pub(crate) fn later_cursor(self) -> Option<String> {
        let open = self.open_id()?;
        self.model.with_value(|model| model.newer(open))
    }

    /// The older or newer page of a thread that a cursor led to is here.
    pub(crate) fn extend(self, id: ConversationId, cursor: &str, page: MessagePage) {
        self.model.try_update_value(|model| model.extend(id, cursor, page));
        if self.open_id() == Some(id) {
            self.draw_thread();
        }
    }

    /// Whether a message stands in what is shown of the opened thread.
    pub(crate) fn shows(self, message: MessageId) -> bool {
        self.open_id().is_some_and(|open| self.model.with_value(|model| model.shows(open, message)))
    }

    /// The message in the middle of what is shown of the opened thread.
    pub(crate) fn middle(self) -> Option<MessageId> {
        let open = self.open_id()?;
        self.model.with_value(|model| {
            let messages = model.messages(open);
            messages.get(messages.len() / 2).map(|message| message.id)
        })
    }
}
