//! Reactions: one per person and message.

use balas_domain::{MessageId, Timestamp};

use crate::{Result, StoreError, Write, codec};

/// A person's reaction, or with `None` that it was taken back. `author_key` tells people apart; `author` is
/// shown. An older report does not undo a later one. Tells whether anything changed.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn react(
    write: &mut Write,
    id: MessageId,
    author_key: &str,
    author: &str,
    from_us: bool,
    emoji: Option<&str>,
    at: Timestamp,
) -> Result<bool> {
    let (ws, version) = (write.workspace(), write.likely_seq());
    let emoji = emoji.map(codec::text).filter(|e| !e.is_empty());
    let known = row!(
        write.tx(),
        (Option<String>, Timestamp),
        "SELECT emoji, at FROM reactions WHERE workspace_id = $1 AND message_id = $2 AND author_key = $3",
        ws,
        id,
        codec::text(author_key),
    )?;
    let shown = known.as_ref().and_then(|(emoji, _)| emoji.as_deref());
    if known.as_ref().is_some_and(|(_, before)| *before > at) {
        return Ok(false);
    }
    let changed = shown != emoji.as_deref();
    // From the message's own row, so that one of another workspace cannot be meant.
    let stored = execute!(
        write.tx(),
        "INSERT INTO reactions (message_id, author_key, workspace_id, author, from_us, emoji, at)
         SELECT m.id, $3, m.workspace_id, $4, $5, $6, $7 FROM messages AS m
         WHERE m.workspace_id = $1 AND m.id = $2
         ON CONFLICT (message_id, author_key) DO UPDATE SET
            author = excluded.author, emoji = excluded.emoji, at = excluded.at",
        ws,
        id,
        codec::text(author_key),
        codec::text(author),
        from_us,
        &emoji,
        at,
    )?;
    if stored == 0 {
        return Err(StoreError::NotFound);
    }
    if changed {
        execute!(
            write.tx(),
            "UPDATE messages SET reacted = TRUE, version = $3 WHERE workspace_id = $1 AND id = $2",
            ws,
            id,
            version,
        )?;
        write.touch_message(id);
    }
    Ok(changed)
}
