//! What admins should know of: refused signatures, failed sign-ins.

use balas_domain::{Timestamp, WorkspaceId};
use sqlx::FromRow;

use crate::{Result, Tx, codec};

/// Something to be noted.
#[derive(Clone, Debug)]
pub struct SecurityEntry<'a> {
    /// Whose admins see it; `None` if nobody's in particular.
    pub workspace_id: Option<WorkspaceId>,
    /// When.
    pub at: Timestamp,
    /// What kind of thing, as a word.
    pub kind: &'a str,
    /// From where.
    pub ip: Option<&'a str>,
    /// What happened, for people; no secret.
    pub detail: &'a str,
}

/// Something that was noted.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SecurityRow {
    /// When.
    pub at: Timestamp,
    /// What kind of thing, as a word.
    pub kind: String,
    /// From where.
    pub ip: Option<String>,
    /// What happened, for people.
    pub detail: String,
}

/// Notes something.
pub async fn log(tx: &mut Tx, entry: &SecurityEntry<'_>) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO security_log (workspace_id, at, kind, ip, detail) VALUES ($1, $2, $3, $4, $5)",
        entry.workspace_id,
        entry.at,
        codec::text(entry.kind),
        codec::text_opt(entry.ip),
        codec::text(entry.detail),
    )
    .map(drop)
}

/// The newest entries of the workspace.
pub async fn list(ws: WorkspaceId, tx: &mut Tx, limit: u32) -> Result<Vec<SecurityRow>> {
    rows!(
        tx,
        SecurityRow,
        "SELECT at, kind, ip, detail FROM security_log WHERE workspace_id = $1
            ORDER BY at DESC, id DESC LIMIT $2",
        ws,
        i64::from(limit),
    )
}
