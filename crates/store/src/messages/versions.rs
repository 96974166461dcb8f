//! What a changed message said before.

use balas_domain::{Content, MessageId, Timestamp, WorkspaceId, view::VersionView};

use crate::{Result, Tx, Write, codec};

/// Keeps what a message says now, if it was never changed: the first change would lose it.
pub(super) async fn keep_original(write: &mut Write, id: MessageId) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "INSERT INTO message_versions (message_id, original, at, workspace_id, content)
         SELECT id, TRUE, at, workspace_id, content FROM messages
         WHERE workspace_id = $1 AND id = $2 AND edited_at IS NULL
         ON CONFLICT DO NOTHING",
        ws,
        id,
    )?;
    Ok(())
}

/// Keeps what a message says since a change. The same change twice is one.
pub(super) async fn keep(write: &mut Write, id: MessageId, content: &Content, at: Timestamp) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "INSERT INTO message_versions (message_id, original, at, workspace_id, content)
         SELECT id, FALSE, $3, workspace_id, $4 FROM messages WHERE workspace_id = $1 AND id = $2
         ON CONFLICT DO NOTHING",
        ws,
        id,
        at,
        codec::to_json(content)?,
    )?;
    Ok(())
}

/// What a message has said, oldest first; empty for one that was never changed. What was taken back says nothing any
/// more. A change that changed nothing, such as the report of one of our own, is left out.
pub async fn versions(ws: WorkspaceId, tx: &mut Tx, id: MessageId) -> Result<Vec<VersionView>> {
    let rows = rows!(
        tx,
        (Timestamp, String),
        "SELECT v.at, v.content FROM message_versions AS v JOIN messages AS m ON m.id = v.message_id
         WHERE m.workspace_id = $1 AND m.id = $2 AND m.revoked_at IS NULL
         ORDER BY v.original DESC, v.at",
        ws,
        id,
    )?;
    let mut versions: Vec<VersionView> = Vec::with_capacity(rows.len());
    for (at, content) in rows {
        let content: Content = codec::from_json("message", &content)?;
        if versions.last().is_none_or(|last| last.content != content) {
            versions.push(VersionView { content, at });
        }
    }
    Ok(versions)
}
