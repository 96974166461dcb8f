//! Messages as screens see them.

use std::collections::HashMap;

use balas_domain::{
    AccountId, ContactId, Content, ConversationId, Delivery, FileState, FileView, MemberId, MessageId, Seq,
    Timestamp, WorkspaceId,
    inbox::MessagePage,
    query::MAX_PAGE,
    view::{Author, Direction, Held, MessageView, Quote, Reaction, Vote},
    work::Activity,
};
use sqlx::FromRow;
use uuid::Uuid;

use super::{change::DELETED, react::VOTE};
use crate::{
    Result, StoreError, Tx, codec,
    conversations::direction,
    cursor,
    dialect::Ids,
    files, mentions,
    mentions::{Names, Wanted},
};

const INTERNAL: &str = Direction::Internal.as_str();

/// A message with what only the engine may see.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRecord {
    /// What screens see of it.
    pub view: MessageView,
    /// The provider's id, once known.
    pub provider_id: Option<String>,
    /// What it says in full, also if it was taken back.
    pub content: Content,
    /// Who wrote it, if a contact did.
    pub contact_id: Option<ContactId>,
    /// The provider's id of what it answers, if it came with one or ours has one by now.
    pub quote_provider_id: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: MessageId,
    conversation_id: ConversationId,
    account_id: AccountId,
    sent_with: Option<AccountId>,
    provider_id: Option<String>,
    direction: String,
    author_kind: String,
    author_contact_id: Option<ContactId>,
    author_member_id: Option<MemberId>,
    author_name: String,
    member_name: Option<String>,
    contact_name: Option<String>,
    content: String,
    attempt: i32,
    status: String,
    failure: Option<String>,
    held_reason: Option<String>,
    held_until: Option<Timestamp>,
    recovered: bool,
    quotes: bool,
    quoted_id: Option<MessageId>,
    quoted_provider_id: Option<String>,
    quoted_author: Option<String>,
    quoted_content: Option<String>,
    quoted_revoked_at: Option<Timestamp>,
    at: Timestamp,
    edited_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    reacted: bool,
    version: Seq,
}

/// The original of a quote is looked up by our id or by the provider's, at the time of reading: it may arrive
/// after the message that quotes it. It may also stand in another conversation, if it left by this one's number.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT m.id, m.conversation_id, m.account_id, m.sent_with, m.provider_id, m.direction, m.author_kind,
                m.author_contact_id, m.author_member_id, m.author_name, mb.name AS member_name,
                ct.display AS contact_name, m.content, m.attempt, m.status, m.failure,
                m.held_reason, m.held_until, (m.source = 'recovered') AS recovered,
                (m.quote_message_id IS NOT NULL OR m.quote_provider_id IS NOT NULL) AS quotes,
                COALESCE(qa.id, qb.id) AS quoted_id,
                COALESCE(m.quote_provider_id, qa.provider_id) AS quoted_provider_id,
                COALESCE(NULLIF(COALESCE(qa.author_name, qb.author_name, qs.author_name), ''), qc.display)
                    AS quoted_author,
                COALESCE(qa.content, qb.content, qs.content) AS quoted_content,
                COALESCE(qa.revoked_at, qb.revoked_at, qs.revoked_at) AS quoted_revoked_at,
                m.at, m.edited_at, m.revoked_at, m.reacted, m.version
             FROM messages AS m
             LEFT JOIN members AS mb ON mb.id = m.author_member_id
             LEFT JOIN contacts AS ct ON ct.id = m.author_contact_id
             LEFT JOIN messages AS qa ON qa.id = m.quote_message_id AND qa.conversation_id = m.conversation_id
             LEFT JOIN messages AS qb
                ON qb.conversation_id = m.conversation_id AND qb.provider_id = m.quote_provider_id
             LEFT JOIN messages AS qs
                ON qs.sent_with = m.account_id AND qs.provider_id = m.quote_provider_id
             LEFT JOIN contacts AS qc ON qc.id = COALESCE(qa.author_contact_id, qb.author_contact_id)
             WHERE m.workspace_id = $1 ",
            $tail
        )
    };
}

impl Row {
    fn author(&self, people: &Names) -> Result<Author> {
        let stored = || Some(self.author_name.clone()).filter(|n| !n.is_empty());
        // Customers may call themselves anything: only what we wrote ourselves is a mention.
        let called = |name: String| if self.direction == INTERNAL { people.called(&name) } else { name };
        Ok(match self.author_kind.as_str() {
            "contact" => Author::Contact {
                id: self.author_contact_id,
                name: stored().map(called).or_else(|| self.contact_name.clone()).unwrap_or_default(),
            },
            "member" => Author::Member {
                id: self.author_member_id.ok_or(StoreError::Corrupt { what: "message author" })?,
                name: self.member_name.clone().or_else(stored).unwrap_or_default(),
            },
            "phone" => Author::PhoneApp,
            "api" => Author::Api { name: self.author_name.clone() },
            _ => return Err(StoreError::Corrupt { what: "message author" }),
        })
    }

    fn quote(&self) -> Result<Option<Quote>> {
        if !self.quotes {
            return Ok(None);
        }
        let preview = match &self.quoted_content {
            None => None,
            Some(_) if self.quoted_revoked_at.is_some() => Some(DELETED),
            Some(json) => Some(codec::from_json::<Content>("message", json)?.preview()),
        };
        Ok(Some(Quote { message_id: self.quoted_id, author: self.quoted_author.clone(), preview }))
    }

    fn held(&self) -> Result<Option<Held>> {
        let (Some(reason), Some(until)) = (&self.held_reason, self.held_until) else { return Ok(None) };
        Ok(Some(Held { reason: codec::word("reason to hold a message", reason)?, until }))
    }

    fn into_record(
        self,
        reactions: Reactions,
        file: Option<FileView>,
        people: &Names,
    ) -> Result<MessageRecord> {
        let mut content: Content = codec::from_json("message", &self.content)?;
        if let Content::Activity { activity: Activity::Group { news } } = &mut content {
            for who in &mut news.who {
                *who = people.called(who);
            }
        }
        let revoked = self.revoked_at.is_some();
        let mentions = if revoked { Vec::new() } else { people.of(content.searchable()) };
        let mut quote = self.quote()?;
        if let Some(preview) = quote.as_mut().and_then(|quote| quote.preview.as_mut()) {
            preview.text = people.named(&preview.text);
        }
        let view = MessageView {
            id: self.id,
            conversation_id: self.conversation_id,
            account_id: self.account_id,
            sent_with: self.sent_with,
            direction: direction(&self.direction)?,
            author: self.author(people)?,
            file: file_of(&content, file).filter(|_| !revoked).map(Box::new),
            content: if revoked { Content::text("") } else { content.clone().for_screen() },
            mentions,
            delivery: Delivery {
                attempt: self.attempt,
                status: codec::word("message status", &self.status)?,
            },
            failure: self.failure.as_deref().map(|f| codec::from_json("failure", f)).transpose()?,
            held: self.held()?,
            quote,
            reactions: reactions.emoji,
            votes: reactions.votes,
            at: self.at,
            edited: self.edited_at.is_some(),
            revoked,
            recovered: self.recovered,
            version: self.version,
        };
        Ok(MessageRecord {
            view,
            provider_id: self.provider_id,
            content,
            contact_id: self.author_contact_id,
            quote_provider_id: self.quoted_provider_id,
        })
    }
}

/// How the JSON of contents with a file begins: the kind stands first.
const MEDIA: &str = r#"{"type":"media""#;

/// The message's file. Nothing is noted of one that nobody has asked for.
fn file_of(content: &Content, noted: Option<FileView>) -> Option<FileView> {
    let Content::Media(media) = content else { return None };
    let unknown =
        || FileView::only(if media.reference.is_some() { FileState::Away } else { FileState::Gone });
    Some(noted.unwrap_or_else(unknown))
}

#[derive(FromRow)]
struct ReactionRow {
    message_id: MessageId,
    kind: String,
    said: String,
    from_us: bool,
    author: String,
}

/// What people have put on a message.
#[derive(Default)]
struct Reactions {
    emoji: Vec<Reaction>,
    votes: Vec<Vote>,
}

async fn reactions(
    ws: WorkspaceId,
    tx: &mut Tx,
    reacted: Vec<Uuid>,
) -> Result<HashMap<MessageId, Reactions>> {
    let mut out: HashMap<MessageId, Reactions> = HashMap::new();
    if reacted.is_empty() {
        return Ok(out);
    }
    let sql = tx.pick(
        "SELECT message_id, kind, said, from_us, author FROM reactions
         WHERE workspace_id = $1 AND message_id IN (SELECT unhex(value) FROM json_each($2))
            AND said IS NOT NULL ORDER BY at, author_key",
        "SELECT message_id, kind, said, from_us, author FROM reactions
         WHERE workspace_id = $1 AND message_id = ANY($2) AND said IS NOT NULL ORDER BY at, author_key",
    );
    for ReactionRow { message_id, kind, said, from_us, author } in
        rows!(tx, ReactionRow, sql, ws, Ids::of(reacted))?
    {
        let on = out.entry(message_id).or_default();
        if kind == VOTE {
            on.votes.push(Vote { options: codec::from_json("votes", &said)?, from_us, author });
        } else {
            on.emoji.push(Reaction { emoji: said, from_us, author });
        }
    }
    Ok(out)
}

async fn records(ws: WorkspaceId, tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<MessageRecord>> {
    let reacted = rows.iter().filter(|r| r.reacted).map(|r| r.id.0).collect();
    let mut reactions = reactions(ws, tx, reacted).await?;
    let with_file = rows.iter().filter(|r| r.content.starts_with(MEDIA)).map(|r| r.id.0).collect();
    let mut files = files::views(ws, tx, with_file).await?;
    let wanted = {
        let told = |r: &Row| r.direction == INTERNAL;
        let texts = rows.iter().flat_map(|r| {
            [Some(r.content.as_str()), r.quoted_content.as_deref(), told(r).then_some(r.author_name.as_str())]
        });
        Wanted::of(texts.flatten())
    };
    let people = mentions::names(ws, tx, wanted).await?;
    rows.into_iter()
        .map(|r| {
            let reactions = reactions.remove(&r.id).unwrap_or_default();
            let file = files.remove(&r.id);
            r.into_record(reactions, file, &people)
        })
        .collect()
}

/// One message.
pub async fn get(ws: WorkspaceId, tx: &mut Tx, id: MessageId) -> Result<Option<MessageRecord>> {
    let rows = rows!(tx, Row, select!("AND m.id = $2"), ws, id)?;
    Ok(records(ws, tx, rows).await?.pop())
}

/// The message that the provider knows under this id on this account; the newest, should conversations share
/// it.
pub async fn by_provider_id(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: AccountId,
    provider_id: &str,
) -> Result<Option<MessageRecord>> {
    let sql = select!("AND m.account_id = $2 AND m.provider_id = $3 ORDER BY m.at DESC, m.id DESC LIMIT 1");
    let mut rows = rows!(tx, Row, sql, ws, account, codec::text(provider_id))?;
    if rows.is_empty() {
        let sql =
            select!("AND m.sent_with = $2 AND m.provider_id = $3 ORDER BY m.at DESC, m.id DESC LIMIT 1");
        rows = rows!(tx, Row, sql, ws, account, codec::text(provider_id))?;
    }
    Ok(records(ws, tx, rows).await?.pop())
}

/// The message that the provider knows under this id in this conversation.
pub async fn by_provider_id_in(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    provider_id: &str,
) -> Result<Option<MessageRecord>> {
    let sql = select!("AND m.conversation_id = $2 AND m.provider_id = $3");
    let rows = rows!(tx, Row, sql, ws, conversation, codec::text(provider_id))?;
    Ok(records(ws, tx, rows).await?.pop())
}

/// Messages that this account carried for the conversation of another one, written since then, whose outcome is unknown
/// and which the provider gave no id; oldest first.
pub async fn unknown_elsewhere(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: AccountId,
    since: Timestamp,
) -> Result<Vec<MessageRecord>> {
    let sql = select!(
        "AND m.sent_with = $2 AND m.at >= $3 AND m.status = 'unknown'
            AND m.provider_id IS NULL ORDER BY m.at, m.id"
    );
    let rows = rows!(tx, Row, sql, ws, account, since)?;
    records(ws, tx, rows).await
}

/// Our messages of the conversation, written since then, whose outcome is unknown and which the provider gave no id;
/// oldest first.
pub async fn unknown(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    since: Timestamp,
) -> Result<Vec<MessageRecord>> {
    let sql = select!(
        "AND m.conversation_id = $2 AND m.at >= $3 AND m.status = 'unknown'
            AND m.provider_id IS NULL ORDER BY m.at, m.id"
    );
    let rows = rows!(tx, Row, sql, ws, conversation, since)?;
    records(ws, tx, rows).await
}

const OLDER: &str =
    select!("AND m.conversation_id = $2 AND (m.at, m.id) < ($3, $4) ORDER BY m.at DESC, m.id DESC LIMIT $5");
const UP_TO: &str =
    select!("AND m.conversation_id = $2 AND (m.at, m.id) <= ($3, $4) ORDER BY m.at DESC, m.id DESC LIMIT $5");
const NEWER: &str =
    select!("AND m.conversation_id = $2 AND (m.at, m.id) > ($3, $4) ORDER BY m.at, m.id LIMIT $5");

/// The statements of [`page`] and [`around`], so that a test can look at their plans.
#[cfg(feature = "testing")]
#[must_use]
pub const fn page_statements() -> [&'static str; 3] {
    [OLDER, UP_TO, NEWER]
}

/// A page of a thread, newest first: its newest one, or the one that a cursor of another page leads to, back or forth.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn page(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    cursor: Option<&str>,
    limit: u32,
) -> Result<MessagePage> {
    let limit = limit.clamp(1, MAX_PAGE);
    if let Some(cursor) = cursor.filter(|cursor| cursor::is_of(cursor::List::Later, cursor)) {
        let place = cursor::read_time(cursor::List::Later, Some(cursor))?;
        let (mut rows, more) = stretch(ws, tx, conversation, NEWER, place, limit).await?;
        rows.reverse();
        return part(ws, tx, rows, (true, more)).await;
    }
    let place = cursor::read_time(cursor::List::Thread, cursor)?;
    let (rows, more) = stretch(ws, tx, conversation, OLDER, place, limit).await?;
    part(ws, tx, rows, (more, cursor.is_some())).await
}

/// What stands in a thread behind a place, oldest first, with what only the engine may see.
///
/// # Errors
/// When the database fails.
pub async fn following(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    (at, id): (Timestamp, MessageId),
    limit: u32,
) -> Result<Vec<MessageRecord>> {
    let (rows, _) = stretch(ws, tx, conversation, NEWER, (at, id.0), limit).await?;
    records(ws, tx, rows).await
}

/// The part of a thread in whose middle a message stands, newest first. `None` if it does not stand in this thread.
///
/// # Errors
/// When the database fails.
pub async fn around(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    message: MessageId,
    limit: u32,
) -> Result<Option<MessagePage>> {
    let sql = "SELECT at FROM messages WHERE id = $2 AND workspace_id = $1 AND conversation_id = $3";
    let Some((at,)) = row!(tx, (Timestamp,), sql, ws, message, conversation)? else { return Ok(None) };
    let limit = limit.clamp(1, MAX_PAGE);
    // The message itself is one of the older half; what it has less than that goes to the newer one.
    let before = limit / 2 + 1;
    let place = (at, message.0);
    let (older, more_older) = stretch(ws, tx, conversation, UP_TO, place, before).await?;
    let (mut rows, more_newer) =
        stretch(ws, tx, conversation, NEWER, place, limit.saturating_sub(before)).await?;
    rows.reverse();
    rows.extend(older);
    part(ws, tx, rows, (more_older, more_newer)).await.map(Some)
}

/// Where a message stands.
///
/// # Errors
/// When the database fails.
pub async fn conversation_of(
    ws: WorkspaceId,
    tx: &mut Tx,
    message: MessageId,
) -> Result<Option<ConversationId>> {
    let sql = "SELECT conversation_id FROM messages WHERE id = $2 AND workspace_id = $1";
    Ok(row!(tx, (ConversationId,), sql, ws, message)?.map(|(id,)| id))
}

/// Rows from a place on, and whether there are more behind them.
async fn stretch(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    sql: &'static str,
    (at, id): (Timestamp, Uuid),
    limit: u32,
) -> Result<(Vec<Row>, bool)> {
    let mut rows = rows!(tx, Row, sql, ws, conversation, at, MessageId(id), i64::from(limit) + 1)?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    Ok((rows, more))
}

/// Rows, newest first, as a page; told on which sides the thread goes on.
async fn part(
    ws: WorkspaceId,
    tx: &mut Tx,
    rows: Vec<Row>,
    (older, newer): (bool, bool),
) -> Result<MessagePage> {
    let next = rows.last().filter(|_| older).map(|r| cursor::by_time(cursor::List::Thread, r.at, r.id.0));
    let newer = rows.first().filter(|_| newer).map(|r| cursor::by_time(cursor::List::Later, r.at, r.id.0));
    let items = records(ws, tx, rows).await?.into_iter().map(|r| r.view).collect();
    Ok(MessagePage { items, next, newer })
}

/// Those that exist, in the order given.
pub(crate) async fn views(ws: WorkspaceId, tx: &mut Tx, ids: &[MessageId]) -> Result<Vec<MessageView>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = tx
        .pick(select!("AND m.id IN (SELECT unhex(value) FROM json_each($2))"), select!("AND m.id = ANY($2)"));
    let rows = rows!(tx, Row, sql, ws, Ids::of(ids.iter().map(|id| id.0)))?;
    let mut found: HashMap<_, _> =
        records(ws, tx, rows).await?.into_iter().map(|r| (r.view.id, r.view)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
