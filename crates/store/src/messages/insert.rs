//! A message comes in.

use balas_domain::{
    AccountId, ContactId, Content, ConversationId, Delivery, MemberId, MessageId, Timestamp, view::Direction,
};

use crate::{Result, StoreError, Write, codec, mentions, words};

/// Who wrote a message, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorRef {
    /// The customer, or in a group one of its members; with the name at that time, which may be empty.
    Contact(Option<ContactId>, String),
    /// A colleague. The name is looked up.
    Member(MemberId),
    /// Someone with the business's phone in hand.
    PhoneApp,
    /// A program; with the token's name.
    Api(String),
}

/// How we came to know of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// As it happened.
    Live,
    /// From the phone's history, later.
    History,
    /// Its delivery was missed; it was fetched later.
    Recovered,
}

impl Source {
    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::History => "history",
            Self::Recovered => "recovered",
        }
    }
}

/// A message to be stored.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id; outgoing ones bring the composer's.
    pub id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// The account of that conversation.
    pub account_id: AccountId,
    /// The provider's id, once known; unique within the conversation.
    pub provider_id: Option<String>,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub author: AuthorRef,
    /// What it says, in full.
    pub content: Content,
    /// How far it has come.
    pub delivery: Delivery,
    /// The provider's id of what it answers.
    pub quote_provider_id: Option<String>,
    /// Our id of what it answers.
    pub quote_message_id: Option<MessageId>,
    /// When it was written.
    pub at: Timestamp,
    /// Whether it makes the conversation more unread.
    pub counts_unread: bool,
    /// How we came to know of it.
    pub source: Source,
    /// The conversation that it would stand in if none had been merged; `None`: that of the address that messages are
    /// sent to.
    pub origin: Option<ConversationId>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is new.
    New,
    /// It was there already, under this id. Nothing was changed.
    Duplicate(MessageId),
    /// It is from before its conversation was cleared, and stays away.
    Cleared,
}

/// From the conversation's own row, so that one of another workspace or account cannot be meant. What WhatsApp has from
/// before the conversation was cleared stays away; its clocks show seconds, so what just comes in within the same one is
/// new.
macro_rules! insert_sql {
    ($($n:literal, $place:literal)?) => {
        concat!("INSERT INTO messages (", $($n,)? "workspace_id, conversation_id, account_id, id, provider_id, direction, source,
            author_kind, author_contact_id, author_member_id, author_name, content, search_text,
            attempt, status,
            status_at, quote_message_id, quote_provider_id, at, reacted, version, created_at, origin_id)
         SELECT ", $($place,)? "c.workspace_id, c.id, c.account_id, $4, $5, $6, $7, $8, $9, $10,
            COALESCE(
                $11,
                (SELECT name FROM members WHERE workspace_id = $1 AND id = $10),
                (SELECT name FROM accounts WHERE workspace_id = $1 AND id = $3)
            ),
            $12, $13, $14, $15, $16, $17, $18, $19, FALSE, $20, $16, COALESCE($26, c.origin_id)
         FROM conversations AS c WHERE c.workspace_id = $1 AND c.id = $2 AND c.account_id = $3
            AND ($5 IS NULL OR c.cleared_until IS NULL OR c.cleared_until < $19
                OR (c.cleared_until - 999999 <= $19 AND $7 = 'live'))
         ON CONFLICT DO NOTHING ")
    };
}

/// SQLite only: the first free place in the message's second (2^29 places each), see the table.
macro_rules! place_sql {
    () => {
        insert_sql!(
            "n, ",
            "COALESCE(
                (SELECT n + 1 FROM messages WHERE n >= $19 / 1000000 * 536870912
                    AND n < ($19 / 1000000 + 1) * 536870912 ORDER BY n DESC LIMIT 1),
                $19 / 1000000 * 536870912
            ), "
        )
    };
}

/// `column = value` if the message is newer than the conversation's last one.
macro_rules! if_newer {
    ($column:literal, $value:literal) => {
        concat!(
            $column,
            " = CASE WHEN last_at IS NULL OR (last_at, last_message_id) < ($19, $4) THEN ",
            $value,
            " ELSE ",
            $column,
            " END, "
        )
    };
}

/// Keeps the conversation true. One without messages stands where it was made.
macro_rules! update_sql {
    () => {
        concat!(
            "UPDATE conversations SET ",
            if_newer!("last_message_id", "$4"),
            if_newer!("last_at", "$19"),
            if_newer!("last_kind", "$21"),
            if_newer!("last_text", "$22"),
            if_newer!("last_author", "$25"),
            if_newer!("last_direction", "$6"),
            if_newer!("last_status", "$15"),
            "sort_at = CASE WHEN last_at IS NULL OR sort_at < $19 THEN $19 ELSE sort_at END,
             unread = unread + CASE WHEN $19 > read_until THEN $23 ELSE 0 END,
             state = CASE WHEN $23 > 0 THEN 'open' ELSE state END,
             snoozed_until = CASE WHEN $23 > 0 THEN NULL ELSE snoozed_until END,
             last_inbound_at = CASE WHEN $24 AND (last_inbound_at IS NULL OR last_inbound_at < $19)
                THEN $19 ELSE last_inbound_at END
             WHERE workspace_id = $1 AND id = $2 "
        )
    };
}

/// Both in one go, because the way to the database costs more than the work there. The conversation changes
/// only if the message was new: on SQLite `changes()` tells how many rows the statement before it stored.
const STORE_SQLITE: &str = concat!(place_sql!(), "; ", update_sql!(), "AND changes() > 0");
const STORE_POSTGRES: &str =
    concat!("WITH new AS (", insert_sql!(), "RETURNING 1) ", update_sql!(), "AND EXISTS (SELECT 1 FROM new)");

/// What nobody but colleagues sees leaves the conversation as it is.
const STORE_INTERNAL_SQLITE: &str = place_sql!();
const STORE_INTERNAL_POSTGRES: &str = insert_sql!();

/// Stores a message, unless it is there already, and keeps its conversation true: a new one of the customer's opens it
/// again.
///
/// # Errors
/// [`StoreError::Unique`] if the id is another conversation's message; [`StoreError::NotFound`] if there is no
/// such conversation on that account.
pub async fn insert(write: &mut Write, new: &NewMessage) -> Result<Inserted> {
    let (ws, now, version) = (write.workspace(), write.now(), write.likely_seq());
    let (kind, contact, member, name) = match &new.author {
        AuthorRef::Contact(id, name) => ("contact", *id, None, Some(codec::text(name))),
        AuthorRef::Member(id) => ("member", None, Some(*id), None),
        AuthorRef::PhoneApp => ("phone", None, None, None),
        AuthorRef::Api(name) => ("api", None, None, Some(codec::text(name))),
    };
    let writer = name.clone().filter(|_| new.direction == Direction::In);
    let preview = mentions::preview(ws, write.tx(), &new.content).await?;
    let inbound = new.direction == Direction::In;
    let internal = new.direction == Direction::Internal;
    let sql = if internal {
        write.tx().pick(STORE_INTERNAL_SQLITE, STORE_INTERNAL_POSTGRES)
    } else {
        write.tx().pick(STORE_SQLITE, STORE_POSTGRES)
    };
    let changed = execute!(
        write.tx(),
        sql,
        ws,
        new.conversation_id,
        new.account_id,
        new.id,
        codec::text_opt(new.provider_id.as_deref()),
        new.direction.as_str(),
        new.source.as_str(),
        kind,
        contact,
        member,
        name,
        codec::to_json(&new.content)?,
        words::index(new.content.searchable()),
        new.delivery.attempt,
        new.delivery.status.as_str(),
        now,
        new.quote_message_id,
        codec::text_opt(new.quote_provider_id.as_deref()),
        new.at,
        version,
        codec::preview_word(preview.kind),
        codec::text(&preview.text),
        i32::from(new.counts_unread && inbound),
        inbound,
        writer,
        new.origin,
    )?;
    if changed == 0 {
        return why_not(write, new).await;
    }
    write.touch_message(new.id);
    if !internal {
        write.touch_conversation(new.conversation_id);
    }
    Ok(Inserted::New)
}

/// Nothing was stored: because it is there, because the id is taken, or because there is no such
/// conversation.
async fn why_not(write: &mut Write, new: &NewMessage) -> Result<Inserted> {
    let ws = write.workspace();
    let sql = "SELECT id FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND id = $3";
    if row!(write.tx(), (MessageId,), sql, ws, new.conversation_id, new.id)?.is_some() {
        return Ok(Inserted::Duplicate(new.id));
    }
    if let Some(provider_id) = &new.provider_id {
        let sql =
            "SELECT id FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND provider_id = $3";
        let found = row!(write.tx(), (MessageId,), sql, ws, new.conversation_id, codec::text(provider_id))?;
        if let Some((id,)) = found {
            return Ok(Inserted::Duplicate(id));
        }
    }
    let sql = "SELECT id FROM messages WHERE id = $1";
    if row!(write.tx(), (MessageId,), sql, new.id)?.is_some() {
        return Err(StoreError::Unique { what: "message id" });
    }
    let sql =
        "SELECT cleared_until FROM conversations WHERE workspace_id = $1 AND id = $2 AND account_id = $3";
    let found = row!(write.tx(), (Option<Timestamp>,), sql, ws, new.conversation_id, new.account_id)?;
    match found {
        Some((Some(until),)) if new.at <= until => Ok(Inserted::Cleared),
        _ => Err(StoreError::NotFound),
    }
}
