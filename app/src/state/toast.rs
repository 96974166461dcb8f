//! Short notes at the edge of the page.

use std::time::Duration;

use leptos::prelude::*;

/// How a note is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tone {
    /// It worked.
    Good,
    /// It did not.
    Bad,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Toast {
    pub(crate) id: u32,
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// The notes that are shown.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    pub(crate) shown: RwSignal<Vec<Toast>>,
    last: StoredValue<u32>,
}

impl Toasts {
    pub(crate) fn new() -> Self {
        Self { shown: RwSignal::new(Vec::new()), last: StoredValue::new(0) }
    }

    pub(crate) fn good(self, text: impl Into<String>) {
        self.show(Tone::Good, text.into(), Duration::from_secs(5));
    }

    /// Stays longer: there is something to read and to do.
    pub(crate) fn bad(self, text: impl Into<String>) {
        self.show(Tone::Bad, text.into(), Duration::from_secs(12));
    }

    pub(crate) fn dismiss(self, id: u32) {
        self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
    }

    fn show(self, tone: Tone, text: String, lasts: Duration) {
        let Some(id) = self.last.try_update_value(|last| {
            *last += 1;
            *last
        }) else {
            return;
        };
        self.shown.try_update(|shown| {
            // The same words twice are one note.
            shown.retain(|toast| toast.text != text);
            shown.push(Toast { id, tone, text });
            if shown.len() > 3 {
                shown.remove(0);
            }
        });
        set_timeout(move || self.dismiss(id), lasts);
    }
}
