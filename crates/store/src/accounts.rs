//! Connected WhatsApp numbers.

use balas_domain::{
    AccountId, AccountSettings, AccountStatus, DailyUse, Seq, Timestamp, TrustLevel, WorkspaceId,
    settings::Pace,
    view::{AccountView, ProviderKind, Quality},
};
use serde_json::Value;
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, Write, codec, sync};

/// A delivery is noted (and told to screens) at most this often, in microseconds.
const DELIVERY_GRAIN: i64 = 60_000_000;

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// What the team calls it.
    pub name: String,
    /// How it is connected.
    pub provider: ProviderKind,
    /// The provider's own id; unique per provider on this server.
    pub external_id: String,
    /// Its number as shown, once known.
    pub phone: Option<String>,
    /// The provider's settings, without secrets.
    pub config: Value,
    /// The provider's secrets, encrypted.
    pub secrets: Vec<u8>,
    /// What the team has set.
    pub settings: AccountSettings,
}

/// What may be changed; `None` leaves it.
#[derive(Clone, Default)]
pub struct AccountChange {
    /// What the team calls it.
    pub name: Option<String>,
    /// Its number as shown.
    pub phone: Option<String>,
    /// The provider's settings.
    pub config: Option<Value>,
    /// The provider's secrets, encrypted.
    pub secrets: Option<Vec<u8>>,
    /// What the team has set.
    pub settings: Option<AccountSettings>,
    /// How the provider rates it.
    pub quality: Option<Quality>,
}

/// An account with what only the engine may see. No `Debug`: it carries secrets, if encrypted ones.
#[derive(Clone)]
pub struct AccountRecord {
    /// What screens see of it.
    pub view: AccountView,
    /// The provider's settings.
    pub config: Value,
    /// The provider's secrets, encrypted.
    pub secrets: Vec<u8>,
}

#[expect(clippy::struct_excessive_bools, reason = "a row of the table, whose switches they are")]
#[derive(FromRow)]
struct Row {
    id: AccountId,
    name: String,
    provider: String,
    external_id: String,
    phone: Option<String>,
    status: String,
    status_detail: Option<String>,
    last_delivery_at: Option<Timestamp>,
    is_primary: bool,
    auto_start: bool,
    sync_limit: i32,
    media_storage: String,
    trust_level: i32,
    daily_limit: Option<i32>,
    sent_day: i64,
    sent_count: i32,
    warm_up: bool,
    read_receipts: bool,
    typing: bool,
    days_before: i32,
    code_expires_at: Option<Timestamp>,
    quality: Option<String>,
    #[sqlx(flatten)]
    sync: sync::Columns,
    version: Seq,
}

impl Row {
    fn settings(&self) -> Result<AccountSettings> {
        let corrupt = StoreError::Corrupt { what: "account's settings" };
        let trust_level = u8::try_from(self.trust_level).ok().and_then(|n| TrustLevel::try_from(n).ok());
        Ok(AccountSettings {
            auto_start: self.auto_start,
            sync_limit: u16::try_from(self.sync_limit).unwrap_or_default(),
            media_storage: codec::word("media storage", &self.media_storage)?,
            trust_level: trust_level.ok_or(corrupt)?,
            daily_limit: self.daily_limit.and_then(|n| u32::try_from(n).ok()),
            warm_up: self.warm_up,
            read_receipts: self.read_receipts,
            typing: self.typing,
        })
    }
}

#[derive(FromRow)]
struct FullRow {
    #[sqlx(flatten)]
    row: Row,
    workspace_id: WorkspaceId,
    config: String,
    secrets: Vec<u8>,
}

/// Limits are bounded far below.
fn limit(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl TryFrom<Row> for AccountView {
    type Error = StoreError;
    fn try_from(r: Row) -> Result<Self> {
        let provider: ProviderKind = codec::word("provider", &r.provider)?;
        let settings = r.settings()?;
        Ok(Self {
            id: r.id,
            name: r.name,
            provider,
            phone: r.phone,
            external_id: r.external_id,
            status: codec::word("account status", &r.status)?,
            status_detail: r.status_detail,
            last_delivery_at: r.last_delivery_at,
            primary: r.is_primary,
            settings,
            usage: DailyUse {
                day: r.sent_day,
                sent: u32::try_from(r.sent_count).unwrap_or_default(),
                days_before: u32::try_from(r.days_before).unwrap_or_default(),
            },
            code_expires_at: r.code_expires_at,
            sync: r.sync.into_view()?,
            quality: r.quality.as_deref().and_then(Quality::of_word),
            capabilities: provider.capabilities(),
            version: r.version,
        })
    }
}

impl TryFrom<FullRow> for AccountRecord {
    type Error = StoreError;
    fn try_from(r: FullRow) -> Result<Self> {
        Ok(Self {
            view: r.row.try_into()?,
            config: codec::from_json("account's settings", &r.config)?,
            secrets: r.secrets,
        })
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, workspace_id, name, provider, external_id, phone, config, secrets, status,
                status_detail, last_delivery_at, is_primary, auto_start, sync_limit, media_storage, trust_level,
                daily_limit, warm_up, read_receipts, typing, sent_day, sent_count, days_before, code_expires_at, quality,
                sync_state, sync_done, sync_total, sync_messages, sync_error, sync_quiet, sync_started_at, sync_finished_at, version
             FROM accounts ",
            $tail
        )
    };
}

/// Makes an account that is idle.
///
/// # Errors
/// [`StoreError::Unique`] if the provider's id is connected already, here or in another workspace.
pub async fn create(write: &mut Write, new: &NewAccount) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let made = execute!(
        write.tx(),
        "INSERT INTO accounts (workspace_id, id, name, provider, external_id, phone, config, secrets, status,
            version, created_at, auto_start, sync_limit, media_storage, trust_level, daily_limit, warm_up,
            read_receipts, typing)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'idle', 0, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT DO NOTHING",
        ws,
        new.id,
        codec::text(&new.name),
        new.provider.as_str(),
        codec::text(&new.external_id),
        codec::text_opt(new.phone.as_deref()),
        codec::to_json(&new.config)?,
        &new.secrets[..],
        now,
        new.settings.auto_start,
        i32::from(new.settings.sync_limit),
        new.settings.media_storage.as_str(),
        i32::from(u8::from(new.settings.trust_level)),
        new.settings.daily_limit.map(limit),
        new.settings.warm_up,
        new.settings.read_receipts,
        new.settings.typing,
    )?;
    if made == 0 {
        return Err(StoreError::Unique { what: "number" });
    }
    write.touch_account(new.id);
    Ok(())
}

/// One account.
pub async fn view(ws: WorkspaceId, tx: &mut Tx, id: AccountId) -> Result<Option<AccountView>> {
    row!(tx, Row, select!("WHERE workspace_id = $1 AND id = $2"), ws, id)?.map(TryInto::try_into).transpose()
}

/// All accounts of the workspace, by name.
pub async fn list(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<AccountView>> {
    let rows = rows!(tx, Row, select!("WHERE workspace_id = $1 ORDER BY name, id"), ws)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// One account with its settings and secrets.
pub async fn record(ws: WorkspaceId, tx: &mut Tx, id: AccountId) -> Result<Option<AccountRecord>> {
    row!(tx, FullRow, select!("WHERE workspace_id = $1 AND id = $2"), ws, id)?
        .map(TryInto::try_into)
        .transpose()
}

/// All accounts of this server, for the boot.
pub async fn all_records(tx: &mut Tx) -> Result<Vec<(WorkspaceId, AccountRecord)>> {
    let rows = rows!(tx, FullRow, select!("ORDER BY created_at, id"))?;
    rows.into_iter().map(|r| Ok((r.workspace_id, r.try_into()?))).collect()
}

/// Whose account it is.
pub async fn locate(tx: &mut Tx, id: AccountId) -> Result<Option<WorkspaceId>> {
    Ok(row!(tx, (WorkspaceId,), "SELECT workspace_id FROM accounts WHERE id = $1", id)?.map(|(ws,)| ws))
}

/// The account of that provider's id.
pub async fn by_external_id(
    tx: &mut Tx,
    provider: ProviderKind,
    external_id: &str,
) -> Result<Option<(WorkspaceId, AccountId)>> {
    row!(
        tx,
        (WorkspaceId, AccountId),
        "SELECT workspace_id, id FROM accounts WHERE provider = $1 AND external_id = $2",
        provider.as_str(),
        codec::text(external_id),
    )
}

/// Changes what is given.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn update(write: &mut Write, id: AccountId, change: &AccountChange) -> Result<()> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET name = COALESCE($3, name), phone = COALESCE($4, phone),
            config = COALESCE($5, config),
            secrets = COALESCE($6, secrets),
            auto_start = COALESCE($7, auto_start), sync_limit = COALESCE($8, sync_limit),
            media_storage = COALESCE($9, media_storage), trust_level = COALESCE($10, trust_level),
            daily_limit = CASE WHEN $7 IS NULL THEN daily_limit ELSE $11 END,
            warm_up = COALESCE($12, warm_up), read_receipts = COALESCE($13, read_receipts),
            typing = COALESCE($14, typing), quality = COALESCE($15, quality)
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        codec::text_opt(change.name.as_deref()),
        codec::text_opt(change.phone.as_deref()),
        change.config.as_ref().map(codec::to_json).transpose()?,
        change.secrets.as_deref(),
        change.settings.as_ref().map(|s| s.auto_start),
        change.settings.as_ref().map(|s| i32::from(s.sync_limit)),
        change.settings.as_ref().map(|s| s.media_storage.as_str()),
        change.settings.as_ref().map(|s| i32::from(u8::from(s.trust_level))),
        change.settings.as_ref().and_then(|s| s.daily_limit).map(limit),
        change.settings.as_ref().map(|s| s.warm_up),
        change.settings.as_ref().map(|s| s.read_receipts),
        change.settings.as_ref().map(|s| s.typing),
        change.quality.map(Quality::as_str),
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_account(id);
    Ok(())
}

/// Makes this account the workspace's primary one, or takes that from it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn set_primary(write: &mut Write, id: AccountId, primary: bool) -> Result<()> {
    let ws = write.workspace();
    let before =
        row!(write.tx(), (AccountId,), "SELECT id FROM accounts WHERE workspace_id = $1 AND is_primary", ws)?;
    if let Some((before,)) = before.filter(|(before,)| *before != id && primary) {
        execute!(
            write.tx(),
            "UPDATE accounts SET is_primary = FALSE WHERE workspace_id = $1 AND id = $2",
            ws,
            before,
        )?;
        write.touch_account(before);
    }
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET is_primary = $3 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        primary,
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_account(id);
    Ok(())
}

/// Whether a message may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It may, and is counted.
    Taken,
    /// The account has sent as many today as it may.
    DailyLimit,
    /// The same, but it is new: on another day it may send more.
    WarmUp,
    /// The account sends no faster; from then on it may.
    TooSoon(Timestamp),
}

/// Counts one message that is about to be sent on this day, if neither the day's limit nor the pace (`None`: any) keeps
/// it. A workspace's writers come one after the other, so two senders never take the same turn. A day that comes twice,
/// because the workspace moved to another time zone, is one.
pub async fn take_turn(
    write: &mut Write,
    id: AccountId,
    day: i64,
    pace: Option<Pace>,
    now: Timestamp,
) -> Result<Turn> {
    let ws = write.workspace();
    let Some(account) = view(ws, write.tx(), id).await? else { return Ok(Turn::DailyLimit) };
    let (used, settings) = (account.usage, account.settings);
    if let Some(pace) = pace {
        let opens = pace_due(ws, write.tx(), id).await?.map(|due| pace.opens(due));
        if let Some(opens) = opens.filter(|opens| *opens > now) {
            return Ok(Turn::TooSoon(opens));
        }
    }
    let nth = used.nth_day(day);
    if settings.limit_on(nth).is_some_and(|limit| used.sent_on(day) >= limit) {
        return Ok(if settings.is_warming_up(nth) { Turn::WarmUp } else { Turn::DailyLimit });
    }
    let each = pace.map_or(0, |pace| i64::try_from(pace.each.as_micros()).unwrap_or(i64::MAX));
    execute!(
        write.tx(),
        "UPDATE accounts SET
            days_before = CASE WHEN sent_day < $3 AND sent_count > 0 THEN days_before + 1 ELSE days_before END,
            sent_day = CASE WHEN sent_day < $3 THEN $3 ELSE sent_day END,
            sent_count = CASE WHEN sent_day < $3 THEN 1 ELSE sent_count + 1 END,
            pace_due = CASE WHEN $5 = 0 THEN pace_due WHEN pace_due > $4 THEN pace_due + $5 ELSE $4 + $5 END
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        day,
        now.0,
        each,
    )?;
    write.touch_account(id);
    Ok(Turn::Taken)
}

/// When the account's next message would go if all of them went one after the other; see [`Pace::opens`].
pub async fn pace_due(ws: WorkspaceId, tx: &mut Tx, id: AccountId) -> Result<Option<Timestamp>> {
    let found =
        row!(tx, (Timestamp,), "SELECT pace_due FROM accounts WHERE workspace_id = $1 AND id = $2", ws, id)?;
    Ok(found.map(|(due,)| due))
}

/// Takes back what [`take_turn`] counted: the message certainly did not go out.
pub async fn uncount_sent(write: &mut Write, id: AccountId, day: i64) -> Result<()> {
    let ws = write.workspace();
    let counted = execute!(
        write.tx(),
        "UPDATE accounts SET sent_count = sent_count - 1
         WHERE workspace_id = $1 AND id = $2 AND sent_day = $3 AND sent_count > 0",
        ws,
        id,
        day,
    )?;
    if counted > 0 {
        write.touch_account(id);
    }
    Ok(())
}

/// Begins to count today's messages anew.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn reset_sent(write: &mut Write, id: AccountId) -> Result<()> {
    let ws = write.workspace();
    let sql = "UPDATE accounts SET sent_count = 0 WHERE workspace_id = $1 AND id = $2";
    if execute!(write.tx(), sql, ws, id)? == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_account(id);
    Ok(())
}

/// Another code is shown, or none any more.
pub async fn set_code_expiry(write: &mut Write, id: AccountId, at: Option<Timestamp>) -> Result<()> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET code_expires_at = $3
         WHERE workspace_id = $1 AND id = $2 AND code_expires_at IS DISTINCT FROM $3",
        ws,
        id,
        at,
    )?;
    if changed > 0 {
        write.touch_account(id);
    }
    Ok(())
}

/// Up to when everything that was written is here.
pub async fn caught_up_at(ws: WorkspaceId, tx: &mut Tx, id: AccountId) -> Result<Option<Timestamp>> {
    let sql = "SELECT caught_up_at FROM accounts WHERE workspace_id = $1 AND id = $2";
    Ok(row!(tx, (Option<Timestamp>,), sql, ws, id)?.and_then(|(at,)| at))
}

/// Everything that was written before this is here. Nobody's screen shows it.
pub async fn caught_up(ws: WorkspaceId, tx: &mut Tx, id: AccountId, at: Timestamp) -> Result<()> {
    let sql = "UPDATE accounts SET caught_up_at = $3 WHERE workspace_id = $1 AND id = $2";
    execute!(tx, sql, ws, id, at).map(drop)
}

/// Counts a message that could not be sent; says how many in a row that makes. Nobody's screen shows it.
pub async fn sending_failed(write: &mut Write, id: AccountId) -> Result<u32> {
    let ws = write.workspace();
    let sql =
        "UPDATE accounts SET failures = failures + 1 WHERE workspace_id = $1 AND id = $2 RETURNING failures";
    let counted = row!(write.tx(), (i32,), sql, ws, id)?;
    Ok(counted.and_then(|(n,)| u32::try_from(n).ok()).unwrap_or_default())
}

/// A message was sent: none in a row fails any more.
pub async fn sending_went_well(write: &mut Write, id: AccountId) -> Result<()> {
    let ws = write.workspace();
    let sql = "UPDATE accounts SET failures = 0 WHERE workspace_id = $1 AND id = $2 AND failures > 0";
    execute!(write.tx(), sql, ws, id).map(drop)
}

/// Whether a phone was linked when the account was last usable, and nobody has ended that here.
pub async fn is_linked(ws: WorkspaceId, tx: &mut Tx, id: AccountId) -> Result<bool> {
    let sql = "SELECT linked FROM accounts WHERE workspace_id = $1 AND id = $2";
    Ok(row!(tx, (bool,), sql, ws, id)?.is_some_and(|(linked,)| linked))
}

/// A phone is linked, or it is known that none is any more.
pub async fn set_linked(write: &mut Write, id: AccountId, linked: bool) -> Result<()> {
    let ws = write.workspace();
    let sql = "UPDATE accounts SET linked = $3 WHERE workspace_id = $1 AND id = $2";
    execute!(write.tx(), sql, ws, id, linked).map(drop)
}

/// Sets the status; tells whether anything changed.
pub async fn set_status(
    write: &mut Write,
    id: AccountId,
    status: AccountStatus,
    detail: Option<&str>,
) -> Result<bool> {
    let (ws, now) = (write.workspace(), write.now());
    let lost = matches!(status, AccountStatus::Disconnected | AccountStatus::Error);
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET status = $3, status_detail = $4,
            lost_since = CASE WHEN $5 THEN COALESCE(lost_since, $6) END
         WHERE workspace_id = $1 AND id = $2 AND (status <> $3 OR status_detail IS DISTINCT FROM $4)",
        ws,
        id,
        status.as_str(),
        codec::text_opt(detail),
        lost,
        now,
    )?;
    if changed > 0 {
        write.touch_account(id);
    }
    Ok(changed > 0)
}

/// How an account does, for whoever looks after all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whose account it is.
    pub workspace_id: WorkspaceId,
    /// Which one.
    pub id: AccountId,
    /// Where it is in its life.
    pub status: AccountStatus,
    /// Why, for people.
    pub detail: Option<String>,
    /// Since when it is disconnected or in error, without a break.
    pub lost_since: Option<Timestamp>,
    /// Messages in a row that could not be sent.
    pub failures: u32,
}

#[derive(FromRow)]
struct HealthRow {
    workspace_id: WorkspaceId,
    id: AccountId,
    status: String,
    status_detail: Option<String>,
    lost_since: Option<Timestamp>,
    failures: i32,
}

/// How all accounts of this server do.
pub async fn health(tx: &mut Tx) -> Result<Vec<Health>> {
    let sql = "SELECT workspace_id, id, status, status_detail, lost_since, failures
         FROM accounts ORDER BY workspace_id, id";
    let rows = rows!(tx, HealthRow, sql)?;
    let read = |r: HealthRow| {
        Ok(Health {
            workspace_id: r.workspace_id,
            id: r.id,
            status: codec::word("account status", &r.status)?,
            detail: r.status_detail,
            lost_since: r.lost_since,
            failures: u32::try_from(r.failures).unwrap_or_default(),
        })
    };
    rows.into_iter().map(read).collect()
}

/// Notes that the provider delivered something; at most once a minute, so that a flood costs nothing.
pub async fn delivered(write: &mut Write, id: AccountId, at: Timestamp) -> Result<()> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET last_delivery_at = $3
         WHERE workspace_id = $1 AND id = $2 AND (last_delivery_at IS NULL OR last_delivery_at < $4)",
        ws,
        id,
        at,
        Timestamp(at.0.saturating_sub(DELIVERY_GRAIN)),
    )?;
    if changed > 0 {
        write.touch_account(id);
    }
    Ok(())
}

/// Removes the account and everything that belongs to it: conversations, messages, what was parked.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn delete(write: &mut Write, id: AccountId) -> Result<()> {
    let ws = write.workspace();
    let gone = execute!(write.tx(), "DELETE FROM accounts WHERE workspace_id = $1 AND id = $2", ws, id)?;
    if gone == 0 {
        return Err(StoreError::NotFound);
    }
    write.account_removed(id);
    Ok(())
}
