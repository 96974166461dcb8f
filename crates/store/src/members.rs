//! People who sign in.

use balas_domain::{MemberId, Role, Seq, WorkspaceId, view::MemberView};
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, Write, codec};

/// A member to be made.
#[derive(Clone)]
pub struct NewMember {
    /// Their id.
    pub id: MemberId,
    /// Shown name.
    pub name: String,
    /// Signs in with it; unique on this server, however it is capitalized.
    pub email: String,
    /// May do what.
    pub role: Role,
    /// An argon2 hash; `None` until they choose a password.
    pub password_hash: Option<String>,
}

/// What may be changed; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct MemberChange {
    /// Shown name.
    pub name: Option<String>,
    /// May do what.
    pub role: Option<Role>,
    /// Can sign in.
    pub active: Option<bool>,
}

/// What a sign-in is checked against.
#[derive(Clone, FromRow)]
pub struct Credentials {
    /// Where they sign in.
    pub workspace_id: WorkspaceId,
    /// Who.
    #[sqlx(rename = "id")]
    pub member_id: MemberId,
    /// An argon2 hash.
    pub password_hash: Option<String>,
    /// Can sign in.
    pub active: bool,
}

#[derive(FromRow)]
pub(crate) struct Row {
    id: MemberId,
    name: String,
    email: String,
    role: String,
    active: bool,
    version: Seq,
}

impl TryFrom<Row> for MemberView {
    type Error = StoreError;
    fn try_from(r: Row) -> Result<Self> {
        let role = codec::word("role", &r.role)?;
        Ok(Self { id: r.id, name: r.name, email: r.email, role, active: r.active, version: r.version })
    }
}

/// Makes a member who can sign in.
///
/// # Errors
/// [`StoreError::Unique`] if the e-mail address is taken.
pub async fn create(write: &mut Write, new: &NewMember) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let made = execute!(
        write.tx(),
        "INSERT INTO members (workspace_id, id, name, email, email_key, role, password_hash, active, version,
            created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, 0, $8) ON CONFLICT DO NOTHING",
        ws,
        new.id,
        codec::text(&new.name),
        codec::text(&new.email),
        codec::key(&new.email),
        new.role.as_str(),
        &new.password_hash,
        now,
    )?;
    if made == 0 {
        return Err(StoreError::Unique { what: "e-mail address" });
    }
    write.touch_member(new.id);
    Ok(())
}

/// All members, by name.
pub async fn list(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<MemberView>> {
    let sql = "SELECT id, name, email, role, active, version FROM members
        WHERE workspace_id = $1 ORDER BY name, id";
    rows!(tx, Row, sql, ws)?.into_iter().map(TryInto::try_into).collect()
}

/// One member.
pub async fn get(ws: WorkspaceId, tx: &mut Tx, id: MemberId) -> Result<Option<MemberView>> {
    let sql =
        "SELECT id, name, email, role, active, version FROM members WHERE workspace_id = $1 AND id = $2";
    row!(tx, Row, sql, ws, id)?.map(TryInto::try_into).transpose()
}

/// Changes what is given.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn update(write: &mut Write, id: MemberId, change: &MemberChange) -> Result<()> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE members SET name = COALESCE($3, name), role = COALESCE($4, role),
            active = COALESCE($5, active)
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        codec::text_opt(change.name.as_deref()),
        change.role.map(Role::as_str),
        change.active,
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_member(id);
    Ok(())
}

/// Sets the password's hash; nobody's screen shows it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn set_password(ws: WorkspaceId, tx: &mut Tx, id: MemberId, hash: &str) -> Result<()> {
    let sql = "UPDATE members SET password_hash = $3 WHERE workspace_id = $1 AND id = $2";
    if execute!(tx, sql, ws, id, hash)? == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// What a sign-in with this address is checked against.
pub async fn credentials_by_email(tx: &mut Tx, email: &str) -> Result<Option<Credentials>> {
    let sql = "SELECT workspace_id, id, password_hash, active FROM members WHERE email_key = $1";
    row!(tx, Credentials, sql, codec::key(email.trim()))
}

/// Owners who can sign in; at least one must remain.
pub async fn count_owners(ws: WorkspaceId, tx: &mut Tx) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM members WHERE workspace_id = $1 AND role = 'owner' AND active";
    Ok(row!(tx, (i64,), sql, ws)?.map_or(0, |(n,)| n))
}
