//! What people put on a message: an emoji, or their choice of a poll. One of each kind per person and message.

use balas_domain::{MessageId, Timestamp};

use crate::{Result, StoreError, Write, codec};

pub(super) const EMOJI: &str = "emoji";
pub(super) const VOTE: &str = "vote";

/// Who puts something on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reactor {
    /// Tells people apart.
    pub key: String,
    /// As shown.
    pub name: String,
    /// Ours, not the customer's.
    pub from_us: bool,
}

/// A person's reaction, or with `None` that it was taken back. An older report does not undo a later one. Tells whether
/// anything changed.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn react(
    write: &mut Write,
    id: MessageId,
    who: &Reactor,
    emoji: Option<&str>,
    at: Timestamp,
) -> Result<bool> {
    let emoji = emoji.map(codec::text).filter(|e| !e.is_empty());
    put(write, id, EMOJI, who, emoji.as_deref(), at).await
}

/// What a person has chosen of a poll; nothing if that was taken back. As with [`react`].
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn vote(
    write: &mut Write,
    id: MessageId,
    who: &Reactor,
    options: &[String],
    at: Timestamp,
) -> Result<bool> {
    let chosen = if options.is_empty() { None } else { Some(codec::to_json(options)?) };
    put(write, id, VOTE, who, chosen.as_deref(), at).await
}

async fn put(
    write: &mut Write,
    id: MessageId,
    kind: &'static str,
    who: &Reactor,
    said: Option<&str>,
    at: Timestamp,
) -> Result<bool> {
    let (ws, version) = (write.workspace(), write.likely_seq());
    let known = row!(
        write.tx(),
        (Option<String>, Timestamp),
        "SELECT said, at FROM reactions
         WHERE workspace_id = $1 AND message_id = $2 AND kind = $3 AND author_key = $4",
        ws,
        id,
        kind,
        codec::text(&who.key),
    )?;
    let shown = known.as_ref().and_then(|(said, _)| said.as_deref());
    if known.as_ref().is_some_and(|(_, before)| *before > at) {
        return Ok(false);
    }
    let changed = shown != said;
    // From the message's own row, so that one of another workspace cannot be meant.
    let stored = execute!(
        write.tx(),
        "INSERT INTO reactions (message_id, kind, author_key, workspace_id, author, from_us, said, at)
         SELECT m.id, $3, $4, m.workspace_id, $5, $6, $7, $8 FROM messages AS m
         WHERE m.workspace_id = $1 AND m.id = $2
         ON CONFLICT (message_id, kind, author_key) DO UPDATE SET
            author = excluded.author, said = excluded.said, at = excluded.at",
        ws,
        id,
        kind,
        codec::text(&who.key),
        codec::text(&who.name),
        who.from_us,
        said,
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
