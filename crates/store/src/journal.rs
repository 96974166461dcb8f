//! Raw webhook bodies, kept from before the 200 until they are worked in: a crash after the 200 loses
//! nothing.

use balas_domain::{AccountId, Timestamp, view::ProviderKind};
use sqlx::FromRow;

use crate::{
    Result, StoreError, Tx, codec,
    dialect::{self, Numbers},
};

/// A body to be kept.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// In whose words it is.
    pub provider: ProviderKind,
    /// Whose webhook it came to; `None` for the shared one.
    pub account_id: Option<AccountId>,
    /// When it came.
    pub received_at: Timestamp,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// A body that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// In whose words it is.
    pub provider: ProviderKind,
    /// Whose webhook it came to; `None` for the shared one.
    pub account_id: Option<AccountId>,
    /// When it came.
    pub received_at: Timestamp,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    provider: String,
    account_id: Option<AccountId>,
    received_at: Timestamp,
    body: Vec<u8>,
}

impl TryFrom<Row> for Entry {
    type Error = StoreError;
    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: r.id,
            provider: codec::word("provider", &r.provider)?,
            account_id: r.account_id,
            received_at: r.received_at,
            body: r.body,
        })
    }
}

/// Keeps bodies; their numbers in the order given.
pub async fn append(tx: &mut Tx, entries: &[NewEntry]) -> Result<Vec<i64>> {
    dialect::append_journal(tx, entries).await
}

/// The oldest bodies that wait.
pub async fn next(tx: &mut Tx, limit: u32) -> Result<Vec<Entry>> {
    let rows = rows!(
        tx,
        Row,
        "SELECT id, provider, account_id, received_at, body FROM webhook_journal WHERE state = 0
         ORDER BY id LIMIT $1",
        i64::from(limit),
    )?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// These are worked in.
pub async fn done(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    let sql = tx.pick(
        "UPDATE webhook_journal SET state = 1 WHERE id IN (SELECT value FROM json_each($1))",
        "UPDATE webhook_journal SET state = 1 WHERE id = ANY($1)",
    );
    execute!(tx, sql, Numbers(ids.to_vec())).map(drop)
}

/// This one cannot be worked in. It is kept for admins and not tried again.
pub async fn failed(tx: &mut Tx, id: i64, error: &str) -> Result<()> {
    let sql = "UPDATE webhook_journal SET state = 2, error = $2 WHERE id = $1";
    execute!(tx, sql, id, codec::text(error)).map(drop)
}

/// Drops what came before that time and does not wait any more; how many.
pub async fn purge(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    execute!(tx, "DELETE FROM webhook_journal WHERE received_at < $1 AND state <> 0", before)
}

/// How many bodies wait.
pub async fn backlog(tx: &mut Tx) -> Result<i64> {
    let row = row!(tx, (i64,), "SELECT COUNT(*) FROM webhook_journal WHERE state = 0")?;
    Ok(row.map_or(0, |(n,)| n))
}
