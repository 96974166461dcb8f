//! Tenants.

use balas_domain::{Seq, Timestamp, WorkspaceId, WorkspaceSettings, view::WorkspaceView};
use serde_json::Value;
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, Write, codec};

/// A workspace to be made.
#[derive(Clone, Debug)]
pub struct NewWorkspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its short name on the command line; unique.
    pub slug: String,
    /// Its name as shown.
    pub name: String,
    /// An IANA time zone name.
    pub time_zone: String,
    /// Now.
    pub created_at: Timestamp,
}

/// A workspace as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkspaceRow {
    /// Its id.
    pub id: WorkspaceId,
    /// Its short name on the command line.
    pub slug: String,
    /// Its name as shown.
    pub name: String,
    /// An IANA time zone name.
    pub time_zone: String,
    /// Position of the last event of its log.
    pub seq: Seq,
    /// What admins set; an object.
    pub settings: Value,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: WorkspaceId,
    slug: String,
    name: String,
    time_zone: String,
    seq: Seq,
    settings: String,
    created_at: Timestamp,
}

impl TryFrom<Row> for WorkspaceRow {
    type Error = StoreError;
    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: r.id,
            slug: r.slug,
            name: r.name,
            time_zone: r.time_zone,
            seq: r.seq,
            settings: codec::from_json("workspace's settings", &r.settings)?,
            created_at: r.created_at,
        })
    }
}

/// Makes a workspace.
///
/// # Errors
/// [`StoreError::Unique`] if the slug is taken.
pub async fn create(tx: &mut Tx, new: &NewWorkspace) -> Result<()> {
    let made = execute!(
        tx,
        "INSERT INTO workspaces (id, slug, name, time_zone, settings, seq, created_at)
         VALUES ($1, $2, $3, $4, '{}', 0, $5) ON CONFLICT DO NOTHING",
        new.id,
        codec::text(&new.slug),
        codec::text(&new.name),
        codec::text(&new.time_zone),
        new.created_at,
    )?;
    if made == 1 { Ok(()) } else { Err(StoreError::Unique { what: "workspace" }) }
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT id, slug, name, time_zone, seq, settings, created_at FROM workspaces ", $tail)
    };
}

/// The workspace of that short name.
pub async fn by_slug(tx: &mut Tx, slug: &str) -> Result<Option<WorkspaceRow>> {
    row!(tx, Row, select!("WHERE slug = $1"), codec::text(slug))?.map(TryInto::try_into).transpose()
}

/// One workspace.
pub async fn get(ws: WorkspaceId, tx: &mut Tx) -> Result<Option<WorkspaceRow>> {
    row!(tx, Row, select!("WHERE id = $1"), ws)?.map(TryInto::try_into).transpose()
}

/// What of the settings everybody's pages need to know, as of this position of the log.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn view(ws: WorkspaceId, tx: &mut Tx, seq: Seq) -> Result<WorkspaceView> {
    let row = row!(tx, (String,), "SELECT settings FROM workspaces WHERE id = $1", ws)?;
    let (settings,) = row.ok_or(StoreError::NotFound)?;
    let settings: WorkspaceSettings = codec::from_json("workspace's settings", &settings)?;
    Ok(WorkspaceView { fall_back: settings.fall_back, version: seq })
}

/// Sets what admins set.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn set_settings(write: &mut Write, settings: &Value) -> Result<()> {
    let (ws, json) = (write.workspace(), codec::to_json(settings)?);
    if execute!(write.tx(), "UPDATE workspaces SET settings = $2 WHERE id = $1", ws, json)? == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_workspace();
    Ok(())
}

/// What signs alerts to the workspace's webhook, encrypted.
pub async fn alert_secret(ws: WorkspaceId, tx: &mut Tx) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT alert_secret FROM workspaces WHERE id = $1";
    Ok(row!(tx, (Option<Vec<u8>>,), sql, ws)?.and_then(|(secret,)| secret))
}

/// Sets it, or forgets it.
pub async fn set_alert_secret(ws: WorkspaceId, tx: &mut Tx, secret: Option<&[u8]>) -> Result<()> {
    execute!(tx, "UPDATE workspaces SET alert_secret = $2 WHERE id = $1", ws, secret).map(drop)
}

/// All workspaces of this server, oldest first.
pub async fn list(tx: &mut Tx) -> Result<Vec<WorkspaceRow>> {
    rows!(tx, Row, select!("ORDER BY created_at, id"))?.into_iter().map(TryInto::try_into).collect()
}
