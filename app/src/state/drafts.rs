//! What was begun and not sent, per conversation, in the browser's storage.

use std::collections::{HashMap, HashSet};

use balas_domain::{ConversationId, Mention};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::browser::storage;

const PREFIX: &str = "balas.draft.";

/// Something that was begun.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// What it says so far.
    pub(crate) text: String,
    /// Who was chosen by name: two members of a group may have one.
    #[serde(default)]
    pub(crate) mentions: Vec<Mention>,
    /// It is for colleagues only, and must not become an answer by coming back.
    #[serde(default)]
    pub(crate) note: bool,
}

impl Draft {
    /// Whether there is nothing to remember.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// What to put into the composer when something comes back to a draft that may have been begun meanwhile.
    pub(crate) fn merged(self, begun: Self) -> Self {
        if begun.is_blank() {
            return self;
        }
        let mut mentions = self.mentions;
        mentions.retain(|mention| !begun.mentions.iter().any(|other| other.name == mention.name));
        mentions.extend(begun.mentions);
        let same = begun.text.trim() == self.text.trim();
        let text = if same { self.text } else { format!("{}\n{}", self.text, begun.text) };
        // Of the two the one that nobody outside may read decides.
        Self { text, mentions, note: self.note || begun.note }
    }
}

/// All drafts of this browser.
#[derive(Clone, Copy)]
pub(crate) struct Drafts {
    /// As they were last seen in the storage, for who follows them.
    known: RwSignal<HashMap<ConversationId, String>>,
    /// What is being written in has changed and is not remembered yet.
    pending: StoredValue<HashSet<ConversationId>>,
}

impl Drafts {
    pub(crate) fn new() -> Self {
        Self { known: RwSignal::new(HashMap::new()), pending: StoredValue::new(HashSet::new()) }
    }

    /// Reads what is there; once the page has been taken over, and when another tab has changed it.
    pub(crate) fn read(self) {
        let mut known = HashMap::new();
        for key in storage::keys(PREFIX) {
            if let Some(id) = key.strip_prefix(PREFIX).and_then(|id| id.parse().ok()) {
                let draft = self.get(id);
                if !draft.is_blank() {
                    known.insert(id, draft.text);
                }
            }
        }
        if self.known.with_untracked(|old| *old != known) {
            self.known.set(known);
        }
    }

    /// The draft; a blank one if there is none.
    #[expect(clippy::unused_self, reason = "drafts are asked for one way, wherever they are kept")]
    pub(crate) fn get(self, conversation: ConversationId) -> Draft {
        storage::value(&key(conversation)).unwrap_or_default()
    }

    /// What a draft says, following it; `None` if there is none.
    pub(crate) fn text(self, conversation: ConversationId) -> Option<String> {
        self.known.with(|known| known.get(&conversation).cloned())
    }

    /// Something was typed that is remembered in a moment.
    pub(crate) fn touch(self, conversation: ConversationId) {
        self.pending.try_update_value(|pending| pending.insert(conversation));
    }

    /// Whether something was typed that is not remembered yet.
    pub(crate) fn is_pending(self, conversation: ConversationId) -> bool {
        self.pending.try_with_value(|pending| pending.contains(&conversation)).unwrap_or(false)
    }

    /// Remembers a draft; one of blanks only is forgotten.
    pub(crate) fn set(self, conversation: ConversationId, draft: &Draft) {
        self.pending.try_update_value(|pending| pending.remove(&conversation));
        let said = (!draft.is_blank()).then(|| draft.text.clone());
        match &said {
            Some(_) => storage::set_value(&key(conversation), draft),
            None => storage::remove(&key(conversation)),
        }
        if self.known.with_untracked(|known| known.get(&conversation) != said.as_ref()) {
            self.known.update(|known| match said {
                Some(text) => {
                    known.insert(conversation, text);
                }
                None => {
                    known.remove(&conversation);
                }
            });
        }
    }

    /// There is none any more.
    pub(crate) fn forget(self, conversation: ConversationId) {
        self.set(conversation, &Draft::default());
    }
}

fn key(conversation: ConversationId) -> String {
    format!("{PREFIX}{conversation}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> Draft {
        Draft { text: text.into(), ..Draft::default() }
    }

    #[test]
    fn a_returned_text_does_not_overwrite_what_was_begun() {
        assert_eq!(draft("old").merged(draft("")), draft("old"));
        assert_eq!(draft("old").merged(draft(" \n")), draft("old"));
        assert_eq!(draft("old").merged(draft("new")), draft("old\nnew"));
        assert_eq!(draft("old").merged(draft("old")), draft("old"));
    }

    #[test]
    fn a_note_stays_one_and_the_last_choice_of_a_name_counts() {
        let note = Draft { note: true, ..draft("for us") };
        assert!(note.clone().merged(draft("for him")).note);
        assert!(draft("for him").merged(note).note);
        let meant = |tag: &str| Mention { tag: tag.into(), name: "Ana".into() };
        let first = Draft { mentions: vec![meant("1")], ..draft("@Ana") };
        let second = Draft { mentions: vec![meant("2")], ..draft("@Ana!") };
        assert_eq!(first.merged(second).mentions, [meant("2")]);
    }
}
