//! What people and groups show of themselves, kept with their conversations.

use balas_domain::{AccountId, Address, ConversationId, MediaStorage, Timestamp, WorkspaceId};

use crate::{Result, Tx, Write, codec, files::Blob};

/// When what shall be asked for as soon as possible is due.
const AT_ONCE: Timestamp = Timestamp(0);

/// A conversation of which the picture shall be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which one.
    pub id: ConversationId,
    /// Where it leads.
    pub address: Address,
    /// It was asked for before, and nothing was written there for long: see [`put_off`].
    pub idle: bool,
}

/// Of those that are due on an account, the one in which something was written last. Nobody is idle where something was
/// written since `active`.
pub async fn due(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
    active: Timestamp,
) -> Result<Option<Due>> {
    // By what is due and not by the list's order: after the first days nearly nothing is. (That is what the `+` says.)
    let found = row!(
        tx,
        (ConversationId, String, bool),
        "SELECT id, address, (picture_due_at > $5 AND sort_at < $4 AND picture_rev IS NOT NULL) AS idle
         FROM conversations WHERE workspace_id = $1 AND account_id = $2 AND picture_due_at <= $3
         ORDER BY +sort_at DESC LIMIT 1",
        ws,
        account,
        now,
        active,
        AT_ONCE,
    )?;
    let read = |(id, address, idle): (_, String, _)| {
        Ok(Due { id, address: codec::word("address", &address)?, idle })
    };
    found.map(read).transpose()
}

/// When the next one of an account is due.
pub async fn next_due(ws: WorkspaceId, tx: &mut Tx, account: AccountId) -> Result<Option<Timestamp>> {
    let sql = "SELECT picture_due_at FROM conversations
               WHERE workspace_id = $1 AND account_id = $2 AND picture_due_at IS NOT NULL
               ORDER BY picture_due_at LIMIT 1";
    Ok(row!(tx, (Timestamp,), sql, ws, account)?.map(|(at,)| at))
}

/// What is due and idle on an account is asked for at that time instead.
pub async fn put_off(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
    active: Timestamp,
    until: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "UPDATE conversations SET picture_due_at = $6
         WHERE workspace_id = $1 AND account_id = $2 AND picture_due_at > $3 AND picture_due_at <= $4
            AND sort_at < $5 AND picture_rev IS NOT NULL",
        ws,
        account,
        AT_ONCE,
        now,
        active,
        until,
    )
    .map(drop)
}

/// It is asked for at that time.
pub async fn later(ws: WorkspaceId, tx: &mut Tx, id: ConversationId, at: Timestamp) -> Result<()> {
    let sql = "UPDATE conversations SET picture_due_at = $3
               WHERE workspace_id = $1 AND id = $2 AND picture_due_at IS NOT NULL";
    execute!(tx, sql, ws, id, at).map(drop)
}

/// It is said to be another one: it is asked for as soon as possible.
pub async fn want(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<()> {
    later(ws, tx, id, AT_ONCE).await
}

/// This is its picture, and it is asked for again at that time. Whether it is another one than before.
pub async fn put(
    write: &mut Write,
    id: ConversationId,
    storage: MediaStorage,
    key: &str,
    again: Timestamp,
) -> Result<bool> {
    let ws = write.workspace();
    later(ws, write.tx(), id, again).await?;
    let changed = execute!(
        write.tx(),
        "UPDATE conversations SET picture_storage = $3, picture_key = $4, picture_rev = COALESCE(picture_rev, 0) + 1
         WHERE workspace_id = $1 AND id = $2
            AND (picture_key IS NULL OR picture_key <> $4 OR picture_storage <> $3)",
        ws,
        id,
        storage.as_str(),
        key,
    )?;
    if changed > 0 {
        write.touch_conversation(id);
    }
    Ok(changed > 0)
}

/// It has no picture, or shows it to us no more; it is asked for again at that time. Whether it had one.
pub async fn put_none(write: &mut Write, id: ConversationId, again: Timestamp) -> Result<bool> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE conversations SET picture_due_at = $3, picture_rev = COALESCE(picture_rev, 0)
         WHERE workspace_id = $1 AND id = $2 AND picture_due_at IS NOT NULL",
        ws,
        id,
        again,
    )?;
    let had = let_go(write, id).await?;
    if had.is_some() {
        write.touch_conversation(id);
    }
    Ok(had.is_some())
}

/// Takes the picture off the conversation's row; what lies in a storage for it.
pub(crate) async fn let_go(write: &mut Write, id: ConversationId) -> Result<Option<Blob>> {
    let ws = write.workspace();
    let had = of(ws, write.tx(), id).await?;
    if had.is_some() {
        let sql = "UPDATE conversations SET picture_storage = NULL, picture_key = NULL
                   WHERE workspace_id = $1 AND id = $2";
        execute!(write.tx(), sql, ws, id)?;
    }
    Ok(had)
}

/// A conversation that has no picture takes over another one's.
pub(crate) async fn inherit(write: &mut Write, id: ConversationId, from: &Blob) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE conversations SET picture_storage = $3, picture_key = $4, picture_rev = COALESCE(picture_rev, 0) + 1
         WHERE workspace_id = $1 AND id = $2 AND picture_key IS NULL",
        ws,
        id,
        &from.storage,
        &from.key,
    )
    .map(drop)
}

/// Where a conversation's picture lies.
pub async fn of(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<Option<Blob>> {
    let sql = "SELECT picture_storage, picture_key FROM conversations
               WHERE workspace_id = $1 AND id = $2 AND picture_key IS NOT NULL AND picture_storage IS NOT NULL";
    let found = row!(tx, (String, String), sql, ws, id)?;
    Ok(found.map(|(storage, key)| Blob { workspace_id: ws, storage, key }))
}
