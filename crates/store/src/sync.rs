//! How far the history of a number is, and which of its chats are still to come.

use balas_domain::{
    AccountId, Address, ConversationId, SyncState, SyncView, Timestamp, WorkspaceId, sync::GapView,
};
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, Write, codec};

/// Gaps that are shown of an account.
const SHOWN_GAPS: i64 = 50;

/// Where the history of an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// As screens show it.
    pub view: SyncView,
    /// Where the list of chats goes on; `None` when all that are meant are known.
    pub offset: Option<u32>,
    /// How often it was gone through since the phone was linked; asking for it anew counts as one.
    pub passes: u32,
}

/// Why a history is gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The phone was linked for the first time: it still hands over its past.
    Linked,
    /// Somebody asked for it.
    Asked,
    /// There may be more by now. Nobody waits for it.
    Again,
}

/// A chat of a phone's list: where it leads, what the phone calls it, and when something was last written in it.
pub type ListedChat = (Address, Option<String>, Option<Timestamp>);

/// A chat whose history is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingChat {
    /// Where it leads.
    pub address: Address,
    /// What the phone calls it.
    pub name: Option<String>,
    /// When something was last written in it, says the phone's list.
    pub last_at: Option<Timestamp>,
    /// How often it was tried in vain.
    pub tries: u32,
}

/// The columns of accounts that [`SyncView`] is read from.
#[expect(clippy::struct_field_names, reason = "as the columns are called")]
#[derive(FromRow)]
pub(crate) struct Columns {
    sync_state: Option<String>,
    sync_done: i32,
    sync_total: i32,
    sync_messages: i32,
    sync_error: Option<String>,
    sync_quiet: bool,
    sync_started_at: Option<Timestamp>,
    sync_finished_at: Option<Timestamp>,
}

/// No count here is below zero.
fn count(n: i32) -> u32 {
    u32::try_from(n).unwrap_or_default()
}

fn stored(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl Columns {
    pub(crate) fn into_view(self) -> Result<Option<SyncView>> {
        let (Some(state), Some(started_at)) = (self.sync_state, self.sync_started_at) else {
            return Ok(None);
        };
        Ok(Some(SyncView {
            state: codec::word("state of a history", &state)?,
            done: count(self.sync_done),
            total: count(self.sync_total),
            messages: count(self.sync_messages),
            error: self.sync_error,
            quiet: self.sync_quiet,
            started_at,
            finished_at: self.sync_finished_at,
        }))
    }
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    columns: Columns,
    sync_offset: Option<i32>,
    sync_passes: i32,
}

/// Begins from the beginning.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn start(write: &mut Write, account: AccountId, why: Why) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let passes = match why {
        Why::Linked => Some(0),
        Why::Asked => Some(1),
        Why::Again => None,
    };
    let changed = execute!(
        write.tx(),
        // What failed while somebody waited for it is still waited for.
        "UPDATE accounts SET sync_state = 'pending', sync_done = 0, sync_total = 0,
            sync_quiet = $4 AND (sync_state IS DISTINCT FROM 'failed' OR sync_quiet),
            sync_messages = CASE WHEN $4 THEN sync_messages ELSE 0 END,
            sync_passes = COALESCE($5, sync_passes),
            sync_error = NULL, sync_started_at = $3, sync_finished_at = NULL, sync_offset = 0
         WHERE workspace_id = $1 AND id = $2",
        ws,
        account,
        now,
        why == Why::Again,
        passes,
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    forget_chats(ws, write.tx(), account).await?;
    write.touch_account(account);
    Ok(())
}

async fn forget_chats(ws: WorkspaceId, tx: &mut Tx, account: AccountId) -> Result<()> {
    let sql = "DELETE FROM sync_chats WHERE workspace_id = $1 AND account_id = $2";
    execute!(tx, sql, ws, account).map(drop)
}

/// Where it stands; `None` before it was asked for.
pub async fn progress(ws: WorkspaceId, tx: &mut Tx, account: AccountId) -> Result<Option<Progress>> {
    let row = row!(
        tx,
        Row,
        "SELECT sync_state, sync_done, sync_total, sync_messages, sync_error, sync_quiet, sync_started_at,
            sync_finished_at, sync_offset, sync_passes
         FROM accounts WHERE workspace_id = $1 AND id = $2",
        ws,
        account,
    )?;
    let Some(row) = row else { return Ok(None) };
    let (offset, passes) = (row.sync_offset.map(count), count(row.sync_passes));
    Ok(row.columns.into_view()?.map(|view| Progress { view, offset, passes }))
}

/// The list is gone through once more, from its beginning; chats that are done stay so.
pub async fn list_again(write: &mut Write, account: AccountId) -> Result<()> {
    let ws = write.workspace();
    let sql = "UPDATE accounts SET sync_offset = 0 WHERE workspace_id = $1 AND id = $2";
    execute!(write.tx(), sql, ws, account).map(drop)
}

/// More chats are known. `next`: where the list goes on; `expected`: how many it will be in the end, as far as is known.
/// How many of them are new.
pub async fn listed(
    write: &mut Write,
    account: AccountId,
    chats: &[ListedChat],
    next: Option<u32>,
    expected: u32,
) -> Result<u64> {
    let ws = write.workspace();
    let rows: Vec<(String, Option<&str>, Option<i64>)> = chats
        .iter()
        .map(|(address, name, last)| (address.to_string(), name.as_deref(), last.map(|at| at.0)))
        .collect();
    let known = row!(
        write.tx(),
        (i64,),
        "SELECT COUNT(*) FROM sync_chats WHERE workspace_id = $1 AND account_id = $2",
        ws,
        account,
    )?;
    let known = known.map_or(0, |(n,)| n);
    let sql = write.tx().pick(
        "INSERT INTO sync_chats (account_id, address, workspace_id, place, name, last_at, tries, done)
         SELECT $2, value ->> 0, $1, $4 + key, value ->> 1, value ->> 2, 0, FALSE
         FROM json_each($3) WHERE TRUE
         ON CONFLICT DO NOTHING",
        "INSERT INTO sync_chats (account_id, address, workspace_id, place, name, last_at, tries, done)
         SELECT $2, value ->> 0, $1, $4 + n::int - 1, value ->> 1, (value ->> 2)::bigint, 0, FALSE
         FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY AS j (value, n)
         ON CONFLICT DO NOTHING",
    );
    let place = i32::try_from(known).unwrap_or(i32::MAX);
    let new = execute!(write.tx(), sql, ws, account, codec::to_json(&rows)?, place)?;
    let total = match next {
        Some(_) => expected.max(u32::try_from(known).unwrap_or_default()),
        None => u32::try_from(known.saturating_add_unsigned(new)).unwrap_or(u32::MAX),
    };
    execute!(
        write.tx(),
        "UPDATE accounts SET sync_state = 'syncing', sync_offset = $3, sync_total = $4
         WHERE workspace_id = $1 AND id = $2",
        ws,
        account,
        next.map(stored),
        stored(total),
    )?;
    write.touch_account(account);
    Ok(new)
}

/// The next chats: those that were not tried in vain come first, in their order.
pub async fn waiting(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: AccountId,
    most: u32,
) -> Result<Vec<WaitingChat>> {
    let rows = rows!(
        tx,
        (String, Option<String>, Option<Timestamp>, i32),
        "SELECT address, name, last_at, tries FROM sync_chats
         WHERE workspace_id = $1 AND account_id = $2 AND NOT done ORDER BY tries, place LIMIT $3",
        ws,
        account,
        i64::from(most),
    )?;
    rows.into_iter()
        .map(|(address, name, last_at, tries)| {
            Ok(WaitingChat { address: codec::word("address", &address)?, name, last_at, tries: count(tries) })
        })
        .collect()
}

/// More messages are here.
pub async fn brought(write: &mut Write, account: AccountId, messages: u32) -> Result<()> {
    if messages == 0 {
        return Ok(());
    }
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE accounts SET sync_messages = sync_messages + $3 WHERE workspace_id = $1 AND id = $2",
        ws,
        account,
        stored(messages),
    )?;
    write.touch_account(account);
    Ok(())
}

/// All of this chat is here, with so many messages that are new; or it is given up.
pub async fn chat_done(write: &mut Write, account: AccountId, chat: &Address, messages: u32) -> Result<()> {
    let ws = write.workspace();
    let done = execute!(
        write.tx(),
        "UPDATE sync_chats SET done = TRUE
         WHERE workspace_id = $1 AND account_id = $2 AND address = $3 AND NOT done",
        ws,
        account,
        chat.to_string(),
    )?;
    execute!(
        write.tx(),
        "UPDATE accounts SET sync_done = sync_done + $3, sync_error = NULL WHERE workspace_id = $1 AND id = $2",
        ws,
        account,
        i32::from(done > 0),
    )?;
    write.touch_account(account);
    brought(write, account, messages).await
}

/// This chat could not be read this time.
pub async fn chat_failed(ws: WorkspaceId, tx: &mut Tx, account: AccountId, chat: &Address) -> Result<()> {
    execute!(
        tx,
        "UPDATE sync_chats SET tries = tries + 1 WHERE workspace_id = $1 AND account_id = $2 AND address = $3",
        ws,
        account,
        chat.to_string(),
    )
    .map(drop)
}

/// It waits, and why; nothing when it goes on.
pub async fn set_error(write: &mut Write, account: AccountId, error: Option<&str>) -> Result<()> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET sync_error = $3
         WHERE workspace_id = $1 AND id = $2 AND sync_error IS DISTINCT FROM $3",
        ws,
        account,
        codec::text_opt(error),
    )?;
    if changed > 0 {
        write.touch_account(account);
    }
    Ok(())
}

/// What began at that time is over; `false` if something else has begun since. Only what is complete counts as a pass.
pub async fn finish(
    write: &mut Write,
    account: AccountId,
    started_at: Timestamp,
    state: SyncState,
    error: Option<&str>,
) -> Result<bool> {
    let (ws, now) = (write.workspace(), write.now());
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET sync_state = $3, sync_error = $4, sync_finished_at = $5, sync_offset = NULL,
            sync_passes = sync_passes + $7
         WHERE workspace_id = $1 AND id = $2 AND sync_started_at = $6",
        ws,
        account,
        state.as_str(),
        codec::text_opt(error),
        now,
        started_at,
        i32::from(state == SyncState::Completed),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    forget_chats(ws, write.tx(), account).await?;
    write.touch_account(account);
    Ok(true)
}

/// The provider brings the history by itself and says how far it is, in hundredths. Such words come in any order: what is
/// behind others says nothing new.
pub async fn reported(write: &mut Write, account: AccountId, percent: u32) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let percent = percent.min(100);
    let over = percent == 100;
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET sync_state = $3, sync_done = $4, sync_total = 100,
            sync_started_at = COALESCE(sync_started_at, $5), sync_finished_at = $6, sync_error = NULL
         WHERE workspace_id = $1 AND id = $2 AND (sync_total <> 100 OR sync_done < $4)",
        ws,
        account,
        if over { SyncState::Completed } else { SyncState::Syncing }.as_str(),
        stored(percent),
        now,
        over.then_some(now),
    )?;
    if changed > 0 {
        write.touch_account(account);
    }
    Ok(())
}

/// The provider will not bring the history, and why. What is here already stays as complete as it was; `false` if that is
/// known, or all of it is here.
pub async fn declined(write: &mut Write, account: AccountId, error: &str) -> Result<bool> {
    let (ws, now) = (write.workspace(), write.now());
    let changed = execute!(
        write.tx(),
        "UPDATE accounts SET sync_state = 'failed', sync_error = $3,
            sync_started_at = COALESCE(sync_started_at, $4), sync_finished_at = $4
         WHERE workspace_id = $1 AND id = $2
            AND (sync_state IS NULL OR sync_state NOT IN ('completed', 'failed'))",
        ws,
        account,
        codec::text(error),
        now,
    )?;
    if changed > 0 {
        write.touch_account(account);
    }
    Ok(changed > 0)
}

/// Missed messages of one chat that were fetched.
#[derive(Clone, Debug)]
pub struct NewGap {
    /// Where.
    pub conversation_id: ConversationId,
    /// The newest message that was known before.
    pub after: Option<Timestamp>,
    /// The first of the missed ones.
    pub first_at: Timestamp,
    /// The last of them.
    pub last_at: Timestamp,
    /// How many.
    pub messages: u32,
}

/// Remembers them for admins.
pub async fn gap_filled(write: &mut Write, account: AccountId, gap: &NewGap) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    execute!(
        write.tx(),
        "INSERT INTO gaps (account_id, filled_at, conversation_id, workspace_id, after_at, first_at, last_at,
            messages)
         VALUES ($2, $3, $4, $1, $5, $6, $7, $8)
         ON CONFLICT (account_id, filled_at, conversation_id)
            DO UPDATE SET last_at = excluded.last_at, messages = gaps.messages + excluded.messages",
        ws,
        account,
        now,
        gap.conversation_id,
        gap.after,
        gap.first_at,
        gap.last_at,
        stored(gap.messages),
    )
    .map(drop)
}

#[derive(FromRow)]
struct GapRow {
    conversation_id: ConversationId,
    title: String,
    after_at: Option<Timestamp>,
    first_at: Timestamp,
    last_at: Timestamp,
    messages: i32,
    filled_at: Timestamp,
}

/// The account's newest filled gaps, newest first.
pub async fn gaps(ws: WorkspaceId, tx: &mut Tx, account: AccountId) -> Result<Vec<GapView>> {
    let rows = rows!(
        tx,
        GapRow,
        "SELECT g.conversation_id, c.title, g.after_at, g.first_at, g.last_at, g.messages, g.filled_at
         FROM gaps AS g JOIN conversations AS c ON c.id = g.conversation_id
         WHERE g.workspace_id = $1 AND g.account_id = $2 ORDER BY g.filled_at DESC LIMIT $3",
        ws,
        account,
        SHOWN_GAPS,
    )?;
    let view = |r: GapRow| GapView {
        conversation_id: r.conversation_id,
        title: r.title,
        after: r.after_at,
        first_at: r.first_at,
        last_at: r.last_at,
        messages: count(r.messages),
        filled_at: r.filled_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Forgets gaps that were filled before that time. How many.
pub async fn forget_gaps(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    execute!(tx, "DELETE FROM gaps WHERE filled_at < $1", before)
}
