//! Alerts about accounts.

use balas_domain::{
    AccountId, AlertId, AlertKind, AlertView, Seq, Timestamp, WorkspaceId, alert::Acknowledged,
};
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, Write, codec};

#[derive(FromRow)]
struct Row {
    id: AlertId,
    account_id: AccountId,
    kind: String,
    detail: String,
    raised_at: Timestamp,
    acknowledged_at: Option<Timestamp>,
    acknowledged_by: Option<String>,
    closed_at: Option<Timestamp>,
    version: Seq,
}

impl TryFrom<Row> for AlertView {
    type Error = StoreError;
    fn try_from(r: Row) -> Result<Self> {
        let acknowledged =
            r.acknowledged_at.map(|at| Acknowledged { by: r.acknowledged_by.unwrap_or_default(), at });
        Ok(Self {
            id: r.id,
            account_id: r.account_id,
            kind: codec::word("kind of alert", &r.kind)?,
            detail: r.detail,
            raised_at: r.raised_at,
            acknowledged,
            closed_at: r.closed_at,
            version: r.version,
        })
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, account_id, kind, detail, raised_at, acknowledged_at, acknowledged_by, closed_at, version
             FROM alerts WHERE workspace_id = $1 ",
            $tail
        )
    };
}

/// Raises an alert, unless one of that kind is open for the account, or the account is gone; tells whether it is new.
pub async fn raise(
    write: &mut Write,
    id: AlertId,
    account: AccountId,
    kind: AlertKind,
    detail: &str,
) -> Result<bool> {
    let (ws, now) = (write.workspace(), write.now());
    let made = execute!(
        write.tx(),
        "INSERT INTO alerts (id, workspace_id, account_id, kind, detail, raised_at, version)
         SELECT $3, workspace_id, id, $4, $5, $6, 0 FROM accounts WHERE workspace_id = $1 AND id = $2
         ON CONFLICT DO NOTHING",
        ws,
        account,
        id,
        kind.as_str(),
        codec::text(detail),
        now,
    )?;
    if made > 0 {
        write.touch_alert(id);
    }
    Ok(made > 0)
}

/// It is over; tells which alert that was, if one was open.
pub async fn close(write: &mut Write, account: AccountId, kind: AlertKind) -> Result<Option<AlertId>> {
    let (ws, now) = (write.workspace(), write.now());
    let closed = row!(
        write.tx(),
        (AlertId,),
        "UPDATE alerts SET closed_at = $4
         WHERE workspace_id = $1 AND account_id = $2 AND kind = $3 AND closed_at IS NULL RETURNING id",
        ws,
        account,
        kind.as_str(),
        now,
    )?;
    if let Some((id,)) = closed {
        write.touch_alert(id);
    }
    Ok(closed.map(|(id,)| id))
}

/// Somebody has taken note; who did so first stands.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn acknowledge(write: &mut Write, id: AlertId, by: &str) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let changed = execute!(
        write.tx(),
        "UPDATE alerts SET acknowledged_at = $3, acknowledged_by = $4
         WHERE workspace_id = $1 AND id = $2 AND acknowledged_at IS NULL",
        ws,
        id,
        now,
        codec::text(by),
    )?;
    if changed > 0 {
        write.touch_alert(id);
        return Ok(());
    }
    view(ws, write.tx(), id).await?.map(drop).ok_or(StoreError::NotFound)
}

/// One alert.
pub async fn view(ws: WorkspaceId, tx: &mut Tx, id: AlertId) -> Result<Option<AlertView>> {
    row!(tx, Row, select!("AND id = $2"), ws, id)?.map(TryInto::try_into).transpose()
}

/// The newest alerts of the workspace, newest first; with `closed` also those that are over.
pub async fn list(ws: WorkspaceId, tx: &mut Tx, closed: bool, limit: u32) -> Result<Vec<AlertView>> {
    let rows = rows!(
        tx,
        Row,
        select!("AND (closed_at IS NULL OR $2) ORDER BY raised_at DESC, id DESC LIMIT $3"),
        ws,
        closed,
        i64::from(limit),
    )?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Forgets alerts that were over by then.
pub async fn purge(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    execute!(tx, "DELETE FROM alerts WHERE closed_at < $1", before)
}
