//! Threads: one contact's or group's, on one account.

use std::collections::HashMap;

use balas_domain::{
    AccountId, Address, ContactId, ConversationId, MessageId, Seq, Timestamp, WorkspaceId,
    content::Preview,
    query::ListQuery,
    view::{ConversationView, Direction, LastMessage, Page},
};
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, Write, codec, contacts, cursor, dialect::Ids, messages};

/// A message that may be acknowledged as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadTarget {
    /// The provider's id of it.
    pub provider_id: String,
}

#[derive(FromRow)]
struct Row {
    id: ConversationId,
    account_id: AccountId,
    contact_id: Option<ContactId>,
    address: String,
    title: String,
    last_message_id: Option<MessageId>,
    last_kind: Option<String>,
    last_text: Option<String>,
    last_direction: Option<String>,
    last_status: Option<String>,
    last_at: Option<Timestamp>,
    unread: i32,
    last_inbound_at: Option<Timestamp>,
    sort_at: Timestamp,
    version: Seq,
}

pub(crate) fn direction(word: &str) -> Result<Direction> {
    match word {
        "in" => Ok(Direction::In),
        "out" => Ok(Direction::Out),
        _ => Err(StoreError::Corrupt { what: "direction" }),
    }
}

impl TryFrom<Row> for ConversationView {
    type Error = StoreError;
    fn try_from(r: Row) -> Result<Self> {
        let last = match (r.last_message_id, r.last_at) {
            (Some(id), Some(at)) => Some(LastMessage {
                id,
                preview: Preview {
                    kind: codec::preview_kind(r.last_kind.as_deref().unwrap_or_default()),
                    text: r.last_text.unwrap_or_default(),
                },
                direction: direction(r.last_direction.as_deref().unwrap_or_default())?,
                status: codec::word("message status", r.last_status.as_deref().unwrap_or_default())?,
                at,
            }),
            _ => None,
        };
        Ok(Self {
            id: r.id,
            account_id: r.account_id,
            contact_id: r.contact_id,
            address: codec::word("address", &r.address)?,
            title: r.title,
            last,
            unread: r.unread,
            last_inbound_at: r.last_inbound_at,
            sort_at: r.sort_at,
            version: r.version,
        })
    }
}

macro_rules! select {
    ($($tail:expr),*) => {
        concat!(
            "SELECT id, account_id, contact_id, address, title, last_message_id, last_kind, last_text,
                last_direction, last_status, last_at, unread, last_inbound_at, sort_at, version
             FROM conversations AS c WHERE ",
            $($tail),*
        )
    };
}

/// Finds the conversation of that address on the account or makes it; tells whether it was made.
pub async fn ensure(
    write: &mut Write,
    account: AccountId,
    address: &Address,
    contact: Option<ContactId>,
    new_id: ConversationId,
) -> Result<(ConversationId, bool)> {
    let (ws, now) = (write.workspace(), write.now());
    let address_text = address.to_string();
    let found = row!(
        write.tx(),
        (ConversationId, Option<ContactId>),
        "SELECT id, contact_id FROM conversations
            WHERE workspace_id = $1 AND account_id = $2 AND address = $3",
        ws,
        account,
        &address_text,
    )?;
    if let Some((id, known)) = found {
        if let Some(contact) = contact.filter(|_| known.is_none()) {
            let title = contacts::names(ws, write.tx(), contact).await?.title(address);
            execute!(
                write.tx(),
                "UPDATE conversations SET contact_id = $3, title = $4, title_key = $5
                 WHERE workspace_id = $1 AND id = $2",
                ws,
                id,
                contact,
                &title,
                codec::key(&title),
            )?;
            write.touch_conversation(id);
        }
        return Ok((id, false));
    }
    let title = match contact {
        Some(contact) => contacts::names(ws, write.tx(), contact).await?.title(address),
        None => address.label(),
    };
    // From the account's own row, so that an account of another workspace cannot be meant.
    let made = execute!(
        write.tx(),
        "INSERT INTO conversations (workspace_id, account_id, id, contact_id, address, title, title_key,
            unread,
            sort_at, version, created_at)
         SELECT a.workspace_id, a.id, $3, $4, $5, $6, $7, 0, $8, 0, $8
         FROM accounts AS a WHERE a.workspace_id = $1 AND a.id = $2",
        ws,
        account,
        new_id,
        contact,
        &address_text,
        &title,
        codec::key(&title),
        now,
    )?;
    if made == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_conversation(new_id);
    Ok((new_id, true))
}

/// One conversation.
pub async fn get(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<Option<ConversationView>> {
    row!(tx, Row, select!("workspace_id = $1 AND id = $2"), ws, id)?.map(TryInto::try_into).transpose()
}

/// The conversation of that address on the account.
pub async fn by_address(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: AccountId,
    address: &Address,
) -> Result<Option<ConversationId>> {
    let sql = "SELECT id FROM conversations WHERE workspace_id = $1 AND account_id = $2 AND address = $3";
    Ok(row!(tx, (ConversationId,), sql, ws, account, address.to_string())?.map(|(id,)| id))
}

/// Those that exist, in the order given.
pub(crate) async fn views(
    ws: WorkspaceId,
    tx: &mut Tx,
    ids: &[ConversationId],
) -> Result<Vec<ConversationView>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = tx.pick(
        select!("+workspace_id = $1 AND id IN (SELECT unhex(value) FROM json_each($2))"),
        select!("workspace_id = $1 AND id = ANY($2)"),
    );
    let rows = rows!(tx, Row, sql, ws, Ids::of(ids.iter().map(|id| id.0)))?;
    let mut found: HashMap<_, _> = rows.into_iter().map(|r| (r.id, r)).collect();
    ids.iter().filter_map(|id| found.remove(id)).map(TryInto::try_into).collect()
}

/// The statement of the list: a range of one index, whichever filters are set.
macro_rules! list_sql {
    ($($filter:literal),*) => {
        select!(
            "workspace_id = $1 AND (sort_at, id) < ($2, $3) ",
            concat!($($filter),*),
            " ORDER BY sort_at DESC, id DESC LIMIT $4"
        )
    };
}

/// Words in title, number and messages.
macro_rules! matching {
    ($($filter:literal),*) => {
        list_sql!(
            $($filter,)*
            r"AND (title_key LIKE $6 ESCAPE '\' OR address LIKE 'phone:' || $7 OR EXISTS
                (SELECT 1 FROM contact_identities AS i
                 WHERE i.contact_id = c.contact_id AND i.kind = 'phone' AND i.value LIKE $7)
              OR EXISTS
                (SELECT 1 FROM messages AS m
                 WHERE m.conversation_id = c.id AND m.search_text LIKE $6 ESCAPE '\'))"
        )
    };
}

/// The list, newest first.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(ws: WorkspaceId, tx: &mut Tx, query: &ListQuery) -> Result<Page<ConversationView>> {
    let (at, id) = cursor::read_time(cursor::List::Conversations, query.cursor.as_deref())?;
    let limit = query.rows();
    let q = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let sql = list_statement(query.account.is_some(), query.unread_only, q.is_some());
    let mut rows = rows!(
        tx,
        Row,
        sql,
        ws,
        at,
        ConversationId(id),
        i64::from(limit) + 1,
        query.account,
        q.map(codec::like).unwrap_or_default(),
        // No number: a pattern that no number matches.
        q.and_then(codec::like_number).unwrap_or_default(),
    )?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more);
    let next = next.map(|r| cursor::by_time(cursor::List::Conversations, r.sort_at, r.id.0));
    Ok(Page { items: rows.into_iter().map(TryInto::try_into).collect::<Result<_>>()?, next })
}

const fn list_statement(account: bool, unread: bool, search: bool) -> &'static str {
    match (account, unread, search) {
        (false, false, false) => list_sql!(""),
        (true, false, false) => list_sql!("AND account_id = $5"),
        (false, true, false) => list_sql!("AND unread > 0"),
        (true, true, false) => list_sql!("AND account_id = $5 AND unread > 0"),
        (false, false, true) => matching!(""),
        (true, false, true) => matching!("AND account_id = $5 "),
        (false, true, true) => matching!("AND unread > 0 "),
        (true, true, true) => matching!("AND account_id = $5 AND unread > 0 "),
    }
}

/// Every statement that [`list()`] may run, so that a test can look at their plans.
#[cfg(feature = "testing")]
#[must_use]
pub fn list_statements() -> Vec<&'static str> {
    (0..8).map(|n| list_statement(n & 1 > 0, n & 2 > 0, n & 4 > 0)).collect()
}

/// Nothing of it is unread any more. Gives back the newest incoming message for the customer's phone to be
/// told (the ones before it count as read with it); `None` if nothing was unread.
pub async fn mark_read(write: &mut Write, id: ConversationId) -> Result<Option<Vec<UnreadTarget>>> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE conversations SET unread = 0 WHERE workspace_id = $1 AND id = $2 AND unread > 0",
        ws,
        id,
    )?;
    if changed == 0 {
        return Ok(None);
    }
    write.touch_conversation(id);
    let newest = messages::last_inbound_provider_id(ws, write.tx(), id).await?;
    Ok(Some(newest.map(|provider_id| UnreadTarget { provider_id }).into_iter().collect()))
}

/// Unread messages of each account that has some.
pub async fn counts(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<(AccountId, i64)>> {
    rows!(
        tx,
        (AccountId, i64),
        "SELECT account_id, SUM(unread) FROM conversations WHERE workspace_id = $1 AND unread > 0
         GROUP BY account_id ORDER BY account_id",
        ws,
    )
}
