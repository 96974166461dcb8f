//! What came before the message that it is about: receipts, edits, reactions. It waits here until the message
//! comes.

use std::collections::HashSet;

use balas_domain::{AccountId, Timestamp, WorkspaceId};
use serde_json::Value;
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, Write, codec};

/// What a transaction knows of what is parked, so that it need not ask about each message: most have nothing that waits
/// for them. It stays true because whoever parks owns the workspace's log, as the transaction does.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// Messages that were asked about.
    asked: HashSet<(AccountId, String)>,
    /// Those of them that something waits for.
    awaited: HashSet<(AccountId, String)>,
}

/// Something to be parked.
#[derive(Clone, Debug)]
pub struct NewPending {
    /// On which account.
    pub account_id: AccountId,
    /// The provider's id of the message it is about.
    pub target: String,
    /// What kind of thing.
    pub kind: String,
    /// The thing.
    pub payload: Value,
    /// When it came.
    pub received_at: Timestamp,
}

/// Something that was parked.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingRow {
    /// What kind of thing.
    pub kind: String,
    /// The thing.
    pub payload: Value,
    /// When it came.
    pub received_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    kind: String,
    payload: String,
    received_at: Timestamp,
}

/// Parks something.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such account in the workspace.
pub async fn park(write: &mut Write, new: &NewPending) -> Result<()> {
    let ws = write.workspace();
    let made = execute!(
        write.tx(),
        "INSERT INTO pending_ops (workspace_id, account_id, target, kind, payload, received_at)
         SELECT a.workspace_id, a.id, $3, $4, $5, $6 FROM accounts AS a
         WHERE a.workspace_id = $1 AND a.id = $2",
        ws,
        new.account_id,
        codec::text(&new.target),
        codec::text(&new.kind),
        codec::to_json(&new.payload)?,
        new.received_at,
    )?;
    if made == 0 {
        return Err(StoreError::NotFound);
    }
    write.ahead().awaited.insert((new.account_id, new.target.clone()));
    Ok(())
}

/// Asks about many messages at once, so that [`take`] need not ask about each.
pub async fn look_ahead(write: &mut Write, account: AccountId, messages: &[&str]) -> Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let ws = write.workspace();
    let awaited = targets(ws, write.tx(), account, messages).await?;
    let ahead = write.ahead();
    ahead.asked.extend(messages.iter().map(|message| (account, (*message).to_owned())));
    ahead.awaited.extend(awaited.into_iter().map(|message| (account, message)));
    Ok(())
}

/// Takes out everything about that message, in the order it came.
pub async fn take(write: &mut Write, account: AccountId, target: &str) -> Result<Vec<PendingRow>> {
    let (ws, message) = (write.workspace(), (account, target.to_owned()));
    let ahead = write.ahead();
    if !ahead.awaited.remove(&message) && ahead.asked.contains(&message) {
        return Ok(Vec::new());
    }
    let mut rows = rows!(
        write.tx(),
        Row,
        "DELETE FROM pending_ops WHERE workspace_id = $1 AND account_id = $2 AND target = $3
         RETURNING id, kind, payload, received_at",
        ws,
        account,
        codec::text(target),
    )?;
    rows.sort_unstable_by_key(|r| r.id);
    rows.into_iter()
        .map(|r| {
            let payload = codec::from_json("parked operation", &r.payload)?;
            Ok(PendingRow { kind: r.kind, payload, received_at: r.received_at })
        })
        .collect()
}

/// Those of the messages that something waits for.
pub async fn targets(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: AccountId,
    targets: &[&str],
) -> Result<Vec<String>> {
    let sql = tx.pick(
        "SELECT DISTINCT target FROM pending_ops
         WHERE +workspace_id = $1 AND account_id = $2 AND target IN (SELECT value FROM json_each($3))",
        "SELECT DISTINCT target FROM pending_ops
         WHERE workspace_id = $1 AND account_id = $2
            AND target IN (SELECT jsonb_array_elements_text($3::jsonb))",
    );
    let texts: Vec<_> = targets.iter().map(|target| codec::text(target)).collect();
    let rows = rows!(tx, (String,), sql, ws, account, codec::to_json(&texts)?)?;
    Ok(rows.into_iter().map(|(target,)| target).collect())
}

/// Takes out everything of a kind, in the order it came, with the accounts that it came to.
pub async fn take_kind(ws: WorkspaceId, tx: &mut Tx, kind: &str) -> Result<Vec<(AccountId, PendingRow)>> {
    let mut rows = rows!(
        tx,
        (i64, AccountId, String, Timestamp),
        "DELETE FROM pending_ops WHERE workspace_id = $1 AND kind = $2
         RETURNING id, account_id, payload, received_at",
        ws,
        codec::text(kind),
    )?;
    rows.sort_unstable_by_key(|(id, ..)| *id);
    rows.into_iter()
        .map(|(_, account, payload, received_at)| {
            let payload = codec::from_json("parked operation", &payload)?;
            Ok((account, PendingRow { kind: kind.to_owned(), payload, received_at }))
        })
        .collect()
}

/// Drops what came before that time: its message will not come any more. How many.
pub async fn expire(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    execute!(tx, "DELETE FROM pending_ops WHERE received_at < $1", before)
}
