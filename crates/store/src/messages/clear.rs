//! All messages of a conversation are taken away, for good.

use balas_domain::{ConversationId, Timestamp, WorkspaceId};

use crate::{Result, StoreError, Tx, Write, events, files, pictures};

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// So many messages are gone.
    pub messages: u64,
    /// What lay in storages for them and as the picture. Something else may name the same.
    pub blobs: Vec<files::Blob>,
}

/// The last moment of a second. Phones and providers know whole seconds only, so what is taken away is taken away with the
/// second in which it was written.
pub(crate) const fn end_of_second(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(1_000_000).saturating_mul(1_000_000).saturating_add(999_999))
}

/// Until when a conversation was cleared: what was written until then does not come back.
pub async fn cleared_until(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<Option<Timestamp>> {
    let sql = "SELECT cleared_until FROM conversations WHERE workspace_id = $1 AND id = $2";
    Ok(row!(tx, (Option<Timestamp>,), sql, ws, id)?.and_then(|(until,)| until))
}

/// Takes away what was said, with everything that hangs on it: versions, reactions, files, what waits for it, what was to
/// be sent, the picture until it is asked for again, and what the log tells of it. The conversation stays, and so does when its customer last wrote, since WhatsApp
/// counts from there.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn clear(write: &mut Write, id: ConversationId) -> Result<Cleared> {
    let ws = write.workspace();
    let known = row!(
        write.tx(),
        (Option<Timestamp>,),
        "SELECT cleared_until FROM conversations WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
    )?;
    let (before,) = known.ok_or(StoreError::NotFound)?;
    let newest = row!(
        write.tx(),
        (Timestamp,),
        "SELECT at FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND direction <> 'internal'
         ORDER BY at DESC, id DESC LIMIT 1",
        ws,
        id,
    )?;
    let mut blobs = files::of_conversation(ws, write.tx(), id).await?;
    blobs.extend(pictures::let_go(write, id).await?);
    events::forget(write, id).await?;
    let messages = drop_messages(write, id).await?;
    execute!(
        write.tx(),
        "UPDATE conversations SET last_message_id = NULL, last_kind = NULL, last_text = NULL, last_author = NULL,
            last_direction = NULL, last_status = NULL, last_at = NULL, unread = 0, cleared_until = $3
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        before.max(newest.map(|(at,)| end_of_second(at))),
    )?;
    write.conversation_cleared(id);
    write.touch_conversation(id);
    Ok(Cleared { messages, blobs })
}

/// Deletes the messages of a conversation, with what waits for them.
pub(crate) async fn drop_messages(write: &mut Write, id: ConversationId) -> Result<u64> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "DELETE FROM pending_ops WHERE workspace_id = $1
            AND account_id = (SELECT account_id FROM conversations WHERE workspace_id = $1 AND id = $2)
            AND target IN (SELECT provider_id FROM messages
                WHERE workspace_id = $1 AND conversation_id = $2 AND provider_id IS NOT NULL)",
        ws,
        id,
    )?;
    // Those that run find their message gone, and end.
    let sql = "DELETE FROM jobs WHERE workspace_id = $1 AND queue_key = $2";
    execute!(write.tx(), sql, ws, id.to_string())?;
    let sql = "DELETE FROM gaps WHERE conversation_id = $2 AND workspace_id = $1";
    execute!(write.tx(), sql, ws, id)?;
    let sql = "DELETE FROM messages WHERE workspace_id = $1 AND conversation_id = $2";
    execute!(write.tx(), sql, ws, id)
}
