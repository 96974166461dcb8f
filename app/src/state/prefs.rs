//! What each person has chosen for this browser.

use leptos::prelude::*;

use crate::{
    browser::{dom, storage},
    cookie,
    i18n::{Lang, Theme},
};

const SOUND: &str = "balas.sound";
const NOTIFICATIONS: &str = "balas.notifications";

/// The choices. On the server, and until the browser has read its storage, the defaults.
#[derive(Clone, Copy)]
pub(crate) struct Prefs {
    pub(crate) theme: RwSignal<Theme>,
    pub(crate) sound: RwSignal<bool>,
    pub(crate) notifications: RwSignal<bool>,
}

impl Prefs {
    pub(crate) fn new(theme: Theme) -> Self {
        Self { theme: RwSignal::new(theme), sound: RwSignal::new(true), notifications: RwSignal::new(true) }
    }

    /// Reads the storage. After hydration, since the server cannot know.
    pub(crate) fn restore(self) {
        self.sound.set(storage::text(SOUND).as_deref() != Some("off"));
        self.notifications.set(storage::text(NOTIFICATIONS).as_deref() != Some("off"));
    }

    pub(crate) fn set_theme(self, theme: Theme) {
        self.theme.set(theme);
        dom::set_theme(theme);
        storage::set_cookie(cookie::THEME, theme.code());
    }

    pub(crate) fn set_sound(self, on: bool) {
        self.sound.set(on);
        storage::set_text(SOUND, if on { "on" } else { "off" });
    }

    pub(crate) fn set_notifications(self, on: bool) {
        self.notifications.set(on);
        storage::set_text(NOTIFICATIONS, if on { "on" } else { "off" });
    }
}

/// Changes the language: every word of the page is another, so the page is loaded anew. Drafts and unsent
/// messages are in the storage.
pub(crate) fn set_language(lang: Lang) {
    storage::set_cookie(cookie::LANG, lang.code());
    dom::reload();
}
