//! A customer's new message asks for attention: a sound, and a notification when nobody looks.

use std::time::Duration;

use balas_domain::Timestamp;
use leptos::prelude::*;

use super::{app::App, model::News};
use crate::{
    browser::{ambient, attention, dom},
    route::{Filter, Route},
    ui::preview::preview_words,
};

/// After a reconnect a hundred messages may arrive at once: one sound is enough.
const QUIET: Duration = Duration::from_secs(2);

/// When the last sound was made.
#[derive(Clone, Copy)]
pub(crate) struct Bell(StoredValue<Timestamp>);

impl Bell {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(Timestamp(0)))
    }

    /// Tells of new messages.
    pub(crate) fn ring(self, app: App, news: &[News]) {
        let in_inbox = app.route.with_untracked(crate::route::Route::section) == crate::route::Section::Inbox;
        let attended = dom::is_attended() && in_inbox;
        let open = app.inbox().open_id();
        let unseen = news.iter().rfind(|news| !attended || open != Some(news.conversation));
        let Some(news) = unseen else { return };
        let now = ambient::now();
        if now.since(self.0.get_value()) < QUIET {
            return;
        }
        self.0.set_value(now);
        if app.prefs().sound.get_untracked() {
            attention::beep();
        }
        if !attended && app.prefs().notifications.get_untracked() {
            let conversation = news.conversation;
            attention::notify(
                &news.title,
                &preview_words(&news.preview, app.words),
                &conversation.to_string(),
                move || {
                    app.go(Route::Inbox {
                        open: Some(conversation),
                        message: None,
                        filter: Filter::default(),
                    });
                },
            );
        }
    }
}
