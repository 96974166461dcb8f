//! Sign-ins. Only the hash of a cookie's value is here.

use balas_domain::{MemberId, SessionId, Timestamp, WorkspaceId, view::MemberView};
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, codec, members};

/// A sign-in to be stored.
#[derive(Clone)]
pub struct NewSession {
    /// Its row's id.
    pub id: SessionId,
    /// SHA-256 of the cookie's value.
    pub token_hash: [u8; 32],
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Who.
    pub member_id: MemberId,
    /// Now.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// The browser's own words.
    pub user_agent: Option<String>,
    /// From where.
    pub ip: Option<String>,
}

/// A sign-in that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its row's id.
    pub id: SessionId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Who.
    pub member: MemberView,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    session_id: SessionId,
    workspace_id: WorkspaceId,
    expires_at: Timestamp,
    #[sqlx(flatten)]
    member: members::Row,
}

/// Stores a sign-in.
pub async fn create(tx: &mut Tx, new: &NewSession) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO sessions (workspace_id, id, token_hash, member_id, created_at, expires_at,
            user_agent, ip)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.workspace_id,
        new.id,
        &new.token_hash[..],
        new.member_id,
        new.created_at,
        new.expires_at,
        codec::text_opt(new.user_agent.as_deref()),
        codec::text_opt(new.ip.as_deref()),
    )
    .map(drop)
}

/// The sign-in of that hash, if it has not expired and its member can still sign in.
pub async fn find(tx: &mut Tx, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<SessionRow>> {
    let found = row!(
        tx,
        Row,
        "SELECT s.id AS session_id, s.workspace_id, s.expires_at, m.id, m.name, m.email, m.role,
            m.active, m.version
         FROM sessions AS s JOIN members AS m ON m.id = s.member_id AND m.workspace_id = s.workspace_id
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND m.active",
        &token_hash[..],
        now,
    )?;
    let row = |r: Row| -> Result<_, StoreError> {
        Ok(SessionRow {
            id: r.session_id,
            workspace_id: r.workspace_id,
            member: r.member.try_into()?,
            expires_at: r.expires_at,
        })
    };
    found.map(row).transpose()
}

/// Makes the sign-in good for longer.
pub async fn extend(tx: &mut Tx, id: SessionId, expires_at: Timestamp) -> Result<()> {
    execute!(tx, "UPDATE sessions SET expires_at = $2 WHERE id = $1", id, expires_at).map(drop)
}

/// Ends the sign-in; tells whether there was one.
pub async fn delete(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<bool> {
    Ok(execute!(tx, "DELETE FROM sessions WHERE token_hash = $1", &token_hash[..])? > 0)
}

/// Ends all of a member's sign-ins; how many.
pub async fn delete_of_member(ws: WorkspaceId, tx: &mut Tx, member: MemberId) -> Result<u64> {
    execute!(tx, "DELETE FROM sessions WHERE workspace_id = $1 AND member_id = $2", ws, member)
}

/// Drops sign-ins that have expired; how many.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    execute!(tx, "DELETE FROM sessions WHERE expires_at <= $1", now)
}
