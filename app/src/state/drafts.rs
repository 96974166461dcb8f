//! What was begun and not sent, per conversation, in the browser's storage.

use balas_domain::ConversationId;

use crate::browser::storage;

fn key(conversation: ConversationId) -> String {
    format!("balas.draft.{conversation}")
}

/// The draft; empty if there is none.
pub(crate) fn get(conversation: ConversationId) -> String {
    storage::text(&key(conversation)).unwrap_or_default()
}

/// Remembers a draft; one of blanks only is forgotten.
pub(crate) fn set(conversation: ConversationId, text: &str) {
    storage::set_text(&key(conversation), if text.trim().is_empty() { "" } else { text });
}

/// What to put into the composer when a refused message comes back to a draft that may have been begun
/// meanwhile.
pub(crate) fn merged(returned: &str, begun: &str) -> String {
    if begun.trim().is_empty() || begun.trim() == returned.trim() {
        returned.to_owned()
    } else {
        format!("{returned}\n{begun}")
    }
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn a_returned_text_does_not_overwrite_what_was_begun() {
        assert_eq!(merged("old", ""), "old");
        assert_eq!(merged("old", " \n"), "old");
        assert_eq!(merged("old", "new"), "old\nnew");
        assert_eq!(merged("old", "old"), "old");
    }
}
