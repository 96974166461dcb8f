//! Data keys of workspaces, wrapped by the master key.

use balas_domain::{KeyId, Timestamp, WorkspaceId};
use sqlx::FromRow;

use crate::{Result, Tx};

/// A wrapped key.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct KeyRow {
    /// Its id, which stands in every ciphertext made with it.
    pub id: KeyId,
    /// The key, encrypted.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRow").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Stores a key; the newest is the current one.
pub async fn insert(ws: WorkspaceId, tx: &mut Tx, key: &KeyRow) -> Result<()> {
    let sql = "INSERT INTO data_keys (workspace_id, id, wrapped, created_at) VALUES ($1, $2, $3, $4)";
    execute!(tx, sql, ws, key.id, &key.wrapped[..], key.created_at).map(drop)
}

/// The key that new secrets are encrypted with.
pub async fn current(ws: WorkspaceId, tx: &mut Tx) -> Result<Option<KeyRow>> {
    let sql = "SELECT id, wrapped, created_at FROM data_keys WHERE workspace_id = $1
               ORDER BY created_at DESC, id DESC LIMIT 1";
    row!(tx, KeyRow, sql, ws)
}

/// The key that something older was encrypted with.
pub async fn get(ws: WorkspaceId, tx: &mut Tx, id: KeyId) -> Result<Option<KeyRow>> {
    row!(
        tx,
        KeyRow,
        "SELECT id, wrapped, created_at FROM data_keys WHERE workspace_id = $1 AND id = $2",
        ws,
        id
    )
}
