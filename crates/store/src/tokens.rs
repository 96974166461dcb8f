//! Bearer tokens of the REST API. Only their hashes are here.

use balas_domain::{Role, Timestamp, TokenId, WorkspaceId};
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, codec};

/// A token to be stored.
#[derive(Clone)]
pub struct NewToken {
    /// Its row's id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// May do what.
    pub role: Role,
    /// Now.
    pub created_at: Timestamp,
}

/// A token as stored, without its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its row's id.
    pub id: TokenId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// What it is for.
    pub name: String,
    /// May do what.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is no good any more.
    pub revoked_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    id: TokenId,
    workspace_id: WorkspaceId,
    name: String,
    role: String,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl TryFrom<Row> for TokenRow {
    type Error = StoreError;
    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: r.id,
            workspace_id: r.workspace_id,
            name: r.name,
            role: codec::word("role", &r.role)?,
            created_at: r.created_at,
            revoked_at: r.revoked_at,
        })
    }
}

/// Stores a token.
pub async fn create(ws: WorkspaceId, tx: &mut Tx, new: &NewToken) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO api_tokens (workspace_id, id, name, token_hash, role, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        ws,
        new.id,
        codec::text(&new.name),
        &new.token_hash[..],
        new.role.as_str(),
        new.created_at,
    )
    .map(drop)
}

/// The token of that hash, unless it was revoked.
pub async fn find(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<Option<TokenRow>> {
    let sql = "SELECT id, workspace_id, name, role, created_at, revoked_at FROM api_tokens
               WHERE token_hash = $1 AND revoked_at IS NULL";
    row!(tx, Row, sql, &token_hash[..])?.map(TryInto::try_into).transpose()
}

/// All tokens of the workspace, newest first.
pub async fn list(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<TokenRow>> {
    let sql = "SELECT id, workspace_id, name, role, created_at, revoked_at FROM api_tokens
               WHERE workspace_id = $1 ORDER BY created_at DESC, id DESC";
    rows!(tx, Row, sql, ws)?.into_iter().map(TryInto::try_into).collect()
}

/// From now on the token is no good; tells whether it was until now.
pub async fn revoke(ws: WorkspaceId, tx: &mut Tx, id: TokenId, now: Timestamp) -> Result<bool> {
    let sql =
        "UPDATE api_tokens SET revoked_at = $3 WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL";
    Ok(execute!(tx, sql, ws, id, now)? > 0)
}
