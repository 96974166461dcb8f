//! The log that everything follows. It is written by [`crate::Write::commit`] only.

use balas_domain::{ConversationId, Event, Payload, Seq, Timestamp, WorkspaceId};

use crate::{Result, Tx, Write, codec};

/// Events after the position, oldest first.
pub async fn after(ws: WorkspaceId, tx: &mut Tx, since: Seq, limit: u32) -> Result<Vec<Event>> {
    let rows = rows!(
        tx,
        (Seq, Timestamp, String),
        "SELECT seq, at, payload FROM events WHERE workspace_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        ws,
        since,
        i64::from(limit),
    )?;
    rows.into_iter()
        .map(|(seq, at, payload)| {
            let payload = codec::from_json("event", &payload)?;
            Ok(Event { seq, at, payload })
        })
        .collect()
}

/// Position of the last event; 0 if there was none yet, or no such workspace.
pub async fn head(ws: WorkspaceId, tx: &mut Tx) -> Result<Seq> {
    let row = row!(tx, (Seq,), "SELECT seq FROM workspaces WHERE id = $1", ws)?;
    Ok(row.map_or(Seq(0), |(seq,)| seq))
}

/// Position of the oldest event that is kept.
pub async fn oldest(ws: WorkspaceId, tx: &mut Tx) -> Result<Option<Seq>> {
    let sql = "SELECT seq FROM events WHERE workspace_id = $1 ORDER BY seq LIMIT 1";
    Ok(row!(tx, (Seq,), sql, ws)?.map(|(seq,)| seq))
}

/// Drops events up to and including the position; how many.
pub async fn purge(ws: WorkspaceId, tx: &mut Tx, keep_after: Seq) -> Result<u64> {
    execute!(tx, "DELETE FROM events WHERE workspace_id = $1 AND seq <= $2", ws, keep_after)
}

/// Nothing of what was said in a conversation can be read from the log any more: in place of each event about it or one
/// of its messages stands that it was cleared. Positions stay. Who is behind hears the rest by the row that the caller
/// touches.
pub(crate) async fn forget(write: &mut Write, conversation: ConversationId) -> Result<()> {
    let ws = write.workspace();
    // Events are older than a merge, and name what the conversation was before.
    let before = rows!(
        write.tx(),
        (ConversationId,),
        "SELECT origin_id FROM conversation_addresses WHERE conversation_id = $2 AND workspace_id = $1
         UNION SELECT origin_id FROM conversations
         WHERE id = $2 AND workspace_id = $1 AND origin_id IS NOT NULL",
        ws,
        conversation,
    )?;
    let instead = codec::to_json(&Payload::ConversationCleared { id: conversation })?;
    for id in before.into_iter().map(|(id,)| id).chain([conversation]) {
        blank(write, &format!("\"{id}\""), "conversation_cleared", &instead).await?;
    }
    Ok(())
}

/// In place of each event about a group or one of its messages stands that it is to be fetched again.
pub(crate) async fn refetch(write: &mut Write, group: ConversationId) -> Result<()> {
    let instead = codec::to_json(&Payload::History { id: group })?;
    blank(write, &format!("\"{group}\""), "history", &instead).await.map(drop)
}

/// In place of each event in which this text stands, and which is about a conversation that is gone by now, stands that
/// some conversation was cleared.
pub(crate) async fn forget_text(write: &mut Write, text: &str) -> Result<()> {
    let nowhere = Payload::ConversationCleared { id: ConversationId(uuid::Uuid::nil()) };
    let instead = codec::to_json(&nowhere)?;
    blank(write, text, "conversation_cleared", &instead).await.map(drop)
}

/// Puts something else in the place of events about conversations and messages in which this text stands.
async fn blank(write: &mut Write, text: &str, kind: &str, payload: &str) -> Result<u64> {
    let (ws, head) = (write.workspace(), write.base());
    execute!(
        write.tx(),
        "UPDATE events SET kind = $4, payload = $5
         WHERE workspace_id = $1 AND seq > 0 AND seq <= $2 AND kind IN ('message', 'conversation')
            AND payload LIKE $3",
        ws,
        head,
        format!("%{text}%"),
        kind,
        payload,
    )
}
