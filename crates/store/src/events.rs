//! The log that everything follows. It is written by [`crate::Write::commit`] only.

use balas_domain::{Event, Seq, Timestamp, WorkspaceId};

use crate::{Result, Tx, codec};

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
