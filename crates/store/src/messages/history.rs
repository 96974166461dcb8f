//! Messages from before come in, many of one conversation at once.

use std::collections::HashSet;

use balas_domain::{AccountId, ConversationId, MessageId, Timestamp, WorkspaceId, view::Direction};
use serde::Serialize;

use super::{
    clear::{cleared_until, end_of_second},
    insert::{AuthorRef, NewMessage},
};
use crate::{Result, Tx, Write, codec, mentions, words};

/// Those of the provider's ids that the conversation has.
pub async fn known(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    provider_ids: &[&str],
) -> Result<HashSet<String>> {
    let sql = tx.pick(
        "SELECT provider_id FROM messages
         WHERE +workspace_id = $1 AND conversation_id = $2 AND provider_id IN (SELECT value FROM json_each($3))",
        "SELECT provider_id FROM messages
         WHERE workspace_id = $1 AND conversation_id = $2
            AND provider_id IN (SELECT jsonb_array_elements_text($3::jsonb))",
    );
    let ids: Vec<_> = provider_ids.iter().map(|id| codec::text(id)).collect();
    let rows = rows!(tx, (String,), sql, ws, conversation, codec::to_json(&ids)?)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A row on its way, as the statements read it.
#[derive(Serialize)]
struct Packed<'a> {
    id: String,
    provider_id: Option<String>,
    direction: &'static str,
    kind: &'static str,
    contact: Option<String>,
    name: Option<String>,
    content: String,
    words: String,
    status: &'a str,
    quote: Option<String>,
    at: i64,
}

macro_rules! columns {
    () => {
        "workspace_id, conversation_id, account_id, id, provider_id, direction, source, author_kind,
            author_contact_id, author_name, content, search_text, attempt, status, status_at, quote_provider_id, at,
            reacted, version, created_at, origin_id"
    };
}

/// A message's place lies behind those that its second has (see the table); the ones of one second that come together
/// follow each other.
const SQLITE: &str = concat!(
    "INSERT INTO messages (n, ",
    columns!(),
    ")
     SELECT
        COALESCE(
            (SELECT m.n + 1 FROM messages AS m WHERE m.n >= r.second * 536870912
                AND m.n < (r.second + 1) * 536870912 ORDER BY m.n DESC LIMIT 1),
            r.second * 536870912
        ) + ROW_NUMBER() OVER (PARTITION BY r.second ORDER BY r.key) - 1,
        c.workspace_id, c.id, c.account_id, unhex(r.value ->> 'id'), r.value ->> 'provider_id',
        r.value ->> 'direction', 'history', r.value ->> 'kind', unhex(r.value ->> 'contact'),
        COALESCE(r.value ->> 'name', a.name), r.value ->> 'content', r.value ->> 'words', 1,
        r.value ->> 'status', $5, r.value ->> 'quote', r.value ->> 'at', FALSE, $6, $5,
        COALESCE($7, c.origin_id)
     FROM (SELECT key, value, (value ->> 'at') / 1000000 AS second FROM json_each($4)) AS r
     CROSS JOIN conversations AS c ON c.workspace_id = $1 AND c.id = $2 AND c.account_id = $3
     CROSS JOIN accounts AS a ON a.id = c.account_id
     WHERE c.cleared_until IS NULL OR c.cleared_until < r.value ->> 'at'
     ON CONFLICT DO NOTHING RETURNING id"
);

const POSTGRES: &str = concat!(
    "INSERT INTO messages (",
    columns!(),
    ")
     SELECT c.workspace_id, c.id, c.account_id, r.id, r.provider_id, r.direction, 'history', r.kind, r.contact,
        COALESCE(r.name, a.name), r.content, r.words, 1, r.status, $5, r.quote, r.at, FALSE, $6, $5,
        COALESCE($7, c.origin_id)
     FROM jsonb_to_recordset($4::jsonb) AS r (id UUID, provider_id TEXT, direction TEXT, kind TEXT, contact UUID,
        name TEXT, content TEXT, words TEXT, status TEXT, quote TEXT, at BIGINT)
     JOIN conversations AS c ON c.workspace_id = $1 AND c.id = $2 AND c.account_id = $3
     JOIN accounts AS a ON a.id = c.account_id
     WHERE c.cleared_until IS NULL OR c.cleared_until < r.at
     ON CONFLICT DO NOTHING RETURNING id"
);

/// Stores messages of one conversation, oldest first, leaves out those that it has, and keeps it true: its newest message,
/// when the customer last wrote. Nothing becomes unread, and what a team made of it stays. The ids of those that are new.
///
/// Who looks at it is told once for all, instead of message by message.
pub async fn insert_history(
    write: &mut Write,
    account: AccountId,
    conversation: ConversationId,
    messages: &[NewMessage],
) -> Result<Vec<MessageId>> {
    let Some(origin) = messages.first().map(|m| m.origin) else { return Ok(Vec::new()) };
    let (ws, now, version) = (write.workspace(), write.now(), write.likely_seq());
    let packed = messages.iter().map(pack).collect::<Result<Vec<_>>>()?;
    let sql = write.tx().pick(SQLITE, POSTGRES);
    let stored: HashSet<MessageId> = rows!(
        write.tx(),
        (MessageId,),
        sql,
        ws,
        conversation,
        account,
        codec::to_json(&packed)?,
        now,
        version,
        origin,
    )?
    .into_iter()
    .map(|(id,)| id)
    .collect();
    let new: Vec<&NewMessage> = messages.iter().filter(|m| stored.contains(&m.id)).collect();
    let Some(newest) = new.iter().max_by_key(|m| (m.at, m.id)) else { return Ok(Vec::new()) };
    let last_inbound = new.iter().filter(|m| m.direction == Direction::In).map(|m| m.at).max();
    let preview = mentions::preview(ws, write.tx(), &newest.content).await?;
    let writer = match &newest.author {
        AuthorRef::Contact(_, name) if newest.direction == Direction::In => Some(codec::text(name)),
        _ => None,
    };
    execute!(
        write.tx(),
        "UPDATE conversations SET last_message_id = $4, last_at = $3, last_kind = $5, last_text = $6,
            last_direction = $7, last_status = $8, last_author = $9,
            sort_at = CASE WHEN last_at IS NULL OR sort_at < $3 THEN $3 ELSE sort_at END
         WHERE workspace_id = $1 AND id = $2 AND (last_at IS NULL OR (last_at, last_message_id) < ($3, $4))",
        ws,
        conversation,
        newest.at,
        newest.id,
        codec::preview_word(preview.kind),
        codec::text(&preview.text),
        newest.direction.as_str(),
        newest.delivery.status.as_str(),
        writer,
    )?;
    if let Some(at) = last_inbound {
        execute!(
            write.tx(),
            "UPDATE conversations SET last_inbound_at = $3
             WHERE workspace_id = $1 AND id = $2 AND (last_inbound_at IS NULL OR last_inbound_at < $3)",
            ws,
            conversation,
            at,
        )?;
    }
    write.touch_conversation(conversation);
    write.history_came(conversation);
    Ok(new.iter().map(|m| m.id).collect())
}

fn pack(new: &NewMessage) -> Result<Packed<'_>> {
    let (kind, contact, name) = match &new.author {
        AuthorRef::Contact(id, name) => ("contact", *id, Some(codec::text(name).into_owned())),
        // What the phone remembers names neither colleagues nor programs.
        AuthorRef::PhoneApp | AuthorRef::Member(_) | AuthorRef::Api(_) => ("phone", None, None),
    };
    Ok(Packed {
        id: new.id.0.simple().to_string(),
        provider_id: new.provider_id.as_deref().map(|id| codec::text(id).into_owned()),
        direction: new.direction.as_str(),
        kind,
        contact: contact.map(|id| id.0.simple().to_string()),
        name,
        content: codec::to_json(&new.content)?,
        words: words::index(new.content.searchable()),
        status: new.delivery.status.as_str(),
        quote: new.quote_provider_id.as_deref().map(|id| codec::text(id).into_owned()),
        at: new.at.0,
    })
}

/// When the last message up to that time was written that the provider has too. Until when the conversation was cleared
/// counts as well: what is older is not missed.
pub async fn newest_until(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    until: Timestamp,
) -> Result<Option<Timestamp>> {
    let sql = "SELECT at FROM messages
         WHERE workspace_id = $1 AND conversation_id = $2 AND at <= $3 AND provider_id IS NOT NULL
         ORDER BY at DESC, id DESC LIMIT 1";
    let newest = row!(tx, (Timestamp,), sql, ws, conversation, until)?.map(|(at,)| at);
    Ok(newest
        .max(cleared_until(ws, tx, conversation).await?.filter(|cleared| *cleared <= end_of_second(until))))
}
