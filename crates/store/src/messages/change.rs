//! What becomes of a message later.

use balas_domain::{
    AccountId, Content, ConversationId, Delivery, MessageId, MessageStatus, Timestamp,
    content::{Media, Preview, PreviewKind},
    view::{Failure, Held},
};
use sqlx::FromRow;

use super::versions;
use crate::{Result, StoreError, Write, codec, mentions, words};

#[derive(FromRow)]
struct State {
    conversation_id: ConversationId,
    attempt: i32,
    status: String,
    provider_id: Option<String>,
    revoked_at: Option<Timestamp>,
    edited_at: Option<Timestamp>,
}

impl State {
    fn delivery(&self) -> Result<Delivery> {
        Ok(Delivery { attempt: self.attempt, status: codec::word("message status", &self.status)? })
    }
}

async fn state(write: &mut Write, id: MessageId) -> Result<State> {
    let ws = write.workspace();
    row!(
        write.tx(),
        State,
        "SELECT conversation_id, attempt, status, provider_id, revoked_at, edited_at FROM messages
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
    )?
    .ok_or(StoreError::NotFound)
}

/// Stores how far the message has come and tells it to whoever sees the message or its conversation.
async fn store(
    write: &mut Write,
    id: MessageId,
    conversation: ConversationId,
    delivery: Delivery,
    failure: Option<&Failure>,
    at: Timestamp,
) -> Result<()> {
    let (ws, version) = (write.workspace(), write.likely_seq());
    // A reason stands only beside what needs one: a receipt after a failure proves it wrong.
    let needs_reason = matches!(delivery.status, MessageStatus::Failed | MessageStatus::Unknown);
    let failure = failure.filter(|_| needs_reason).map(codec::to_json).transpose()?;
    execute!(
        write.tx(),
        "UPDATE messages SET attempt = $3, status = $4, status_at = $5, failure = $6, version = $7,
            held_reason = NULL, held_until = NULL
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        delivery.attempt,
        delivery.status.as_str(),
        at,
        failure,
        version,
    )?;
    write.touch_message(id);
    let shown = execute!(
        write.tx(),
        "UPDATE conversations SET last_status = $4
         WHERE workspace_id = $1 AND id = $2 AND last_message_id = $3 AND last_status IS DISTINCT FROM $4",
        ws,
        conversation,
        id,
        delivery.status.as_str(),
    )?;
    if shown > 0 {
        write.touch_conversation(conversation);
    }
    Ok(())
}

/// A report on how far the message has come. Reports only raise; tells whether this one did.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn report(
    write: &mut Write,
    id: MessageId,
    status: MessageStatus,
    failure: Option<&Failure>,
    at: Timestamp,
) -> Result<bool> {
    let old = state(write, id).await?;
    let delivery = old.delivery()?.reported(status);
    if delivery == old.delivery()? {
        return Ok(false);
    }
    store(write, id, old.conversation_id, delivery, failure, at).await?;
    Ok(true)
}

/// Notes why a queued message waits, and until when; tells whether that is news.
pub async fn hold(write: &mut Write, id: MessageId, held: Held) -> Result<bool> {
    let (ws, version) = (write.workspace(), write.likely_seq());
    let changed = execute!(
        write.tx(),
        "UPDATE messages SET held_reason = $3, held_until = $4, version = $5
         WHERE workspace_id = $1 AND id = $2 AND status = 'queued'
            AND (held_reason IS DISTINCT FROM $3 OR held_until IS DISTINCT FROM $4)",
        ws,
        id,
        held.reason.as_str(),
        held.until,
        version,
    )?;
    if changed > 0 {
        write.touch_message(id);
    }
    Ok(changed > 0)
}

/// Notes which account carries the message, if it is not the conversation's own.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn carried_by(write: &mut Write, id: MessageId, account: Option<AccountId>) -> Result<()> {
    let (ws, version) = (write.workspace(), write.likely_seq());
    let changed = execute!(
        write.tx(),
        "UPDATE messages SET sent_with = $3, version = $4 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        account,
        version,
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_message(id);
    Ok(())
}

/// Puts a message that was being handed over back in line: the provider certainly does not have it. This is
/// no report of the provider's, so the lattice does not apply; but a report that came meanwhile stands.
/// `false` then.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn requeue(write: &mut Write, id: MessageId) -> Result<bool> {
    let old = state(write, id).await?;
    let delivery = old.delivery()?;
    if delivery.status != MessageStatus::Sending {
        return Ok(false);
    }
    let now = write.now();
    let queued = Delivery { status: MessageStatus::Queued, ..delivery };
    store(write, id, old.conversation_id, queued, None, now).await?;
    Ok(true)
}

/// Starts the next attempt of a message that failed or whose outcome is unknown; `None` if it is neither.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn retry(write: &mut Write, id: MessageId) -> Result<Option<Delivery>> {
    let old = state(write, id).await?;
    let Some(delivery) = old.delivery()?.retried() else { return Ok(None) };
    let now = write.now();
    store(write, id, old.conversation_id, delivery, None, now).await?;
    Ok(Some(delivery))
}

/// The provider has taken our message under this id. If its echo came first and stands in the conversation as
/// a message of its own, ours takes over what is known of it and the echo goes.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn accepted(write: &mut Write, id: MessageId, provider_id: &str) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let provider_id = codec::text(provider_id);
    let old = state(write, id).await?;
    let mut delivery = old.delivery()?.reported(MessageStatus::Sent);
    let echo = row!(
        write.tx(),
        (MessageId, String),
        "SELECT id, status FROM messages
         WHERE workspace_id = $1 AND conversation_id = $2 AND provider_id = $3 AND id <> $4",
        ws,
        old.conversation_id,
        &provider_id,
        id,
    )?;
    if let Some((echo, status)) = echo {
        delivery = delivery.reported(codec::word("message status", &status)?);
        absorb(write, id, echo, old.conversation_id).await?;
    }
    if old.provider_id.as_deref() != Some(&*provider_id) {
        execute!(
            write.tx(),
            "UPDATE messages SET provider_id = $3 WHERE workspace_id = $1 AND id = $2",
            ws,
            id,
            &provider_id,
        )?;
    }
    store(write, id, old.conversation_id, delivery, None, now).await
}

/// Moves what belongs to the echo to our message and removes the echo.
async fn absorb(
    write: &mut Write,
    id: MessageId,
    echo: MessageId,
    conversation: ConversationId,
) -> Result<()> {
    let ws = write.workspace();
    move_reactions(write, echo, id).await?;
    execute!(write.tx(), "DELETE FROM messages WHERE workspace_id = $1 AND id = $2", ws, echo)?;
    let was_last = execute!(
        write.tx(),
        "UPDATE conversations SET last_message_id = NULL
            WHERE workspace_id = $1 AND id = $2 AND last_message_id = $3",
        ws,
        conversation,
        echo,
    )?;
    if was_last > 0 { refresh_last(write, conversation).await } else { Ok(()) }
}

/// Gives a message the reactions of another one that is the same.
pub(crate) async fn move_reactions(write: &mut Write, echo: MessageId, id: MessageId) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "INSERT INTO reactions (message_id, kind, author_key, workspace_id, author, from_us, said, at)
         SELECT $3, kind, author_key, workspace_id, author, from_us, said, at FROM reactions
         WHERE workspace_id = $1 AND message_id = $2
         ON CONFLICT (message_id, kind, author_key) DO UPDATE SET
            author = excluded.author, said = excluded.said, at = excluded.at
            WHERE reactions.at < excluded.at",
        ws,
        echo,
        id,
    )?;
    execute!(
        write.tx(),
        "UPDATE messages SET reacted = EXISTS (SELECT 1 FROM reactions AS r WHERE r.message_id = messages.id)
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct Newest {
    id: MessageId,
    content: String,
    author_name: Option<String>,
    direction: String,
    status: String,
    at: Timestamp,
    revoked_at: Option<Timestamp>,
}

/// Looks up the newest message again. What only colleagues see is none.
pub(crate) async fn refresh_last(write: &mut Write, conversation: ConversationId) -> Result<()> {
    let ws = write.workspace();
    let newest = row!(
        write.tx(),
        Newest,
        "SELECT id, content, author_name, direction, status, at, revoked_at FROM messages
         WHERE workspace_id = $1 AND conversation_id = $2 AND direction <> 'internal'
         ORDER BY at DESC, id DESC LIMIT 1",
        ws,
        conversation,
    )?;
    let Some(newest) = newest else { return Ok(()) };
    let content: Content = codec::from_json("message", &newest.content)?;
    let preview = match newest.revoked_at {
        Some(_) => DELETED,
        None => mentions::preview(ws, write.tx(), &content).await?,
    };
    execute!(
        write.tx(),
        "UPDATE conversations SET last_message_id = $3, last_kind = $4, last_text = $5, last_direction = $6,
            last_status = $7, last_at = $8, last_author = $9
         WHERE workspace_id = $1 AND id = $2",
        ws,
        conversation,
        newest.id,
        codec::preview_word(preview.kind),
        codec::text(&preview.text),
        &newest.direction,
        newest.status,
        newest.at,
        newest.author_name.filter(|_| newest.direction == "in"),
    )?;
    write.touch_conversation(conversation);
    Ok(())
}

/// What the list shows of a message that was taken back.
pub(super) const DELETED: Preview = Preview { kind: PreviewKind::Deleted, text: String::new() };

/// The sender changed the message; tells whether anything changed. What was taken back stays so, and an older
/// edit does not undo a later one.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn edit(write: &mut Write, id: MessageId, content: Content, at: Timestamp) -> Result<bool> {
    let old = state(write, id).await?;
    if old.revoked_at.is_some() {
        return Ok(false);
    }
    versions::keep_original(write, id).await?;
    versions::keep(write, id, &content, at).await?;
    if old.edited_at.is_some_and(|before| before >= at) {
        return Ok(false);
    }
    let (ws, version) = (write.workspace(), write.likely_seq());
    execute!(
        write.tx(),
        "UPDATE messages SET content = $3, search_text = $4, edited_at = $5, version = $6
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        codec::to_json(&content)?,
        words::index(content.searchable()),
        at,
        version,
    )?;
    write.touch_message(id);
    let preview = mentions::preview(ws, write.tx(), &content).await?;
    show(write, id, old.conversation_id, &preview).await?;
    Ok(true)
}

/// Where the file of a message is, which the message itself did not say.
///
/// # Errors
/// When the database fails.
pub async fn tell_where(write: &mut Write, id: MessageId, content: &Content) -> Result<()> {
    let (ws, version) = (write.workspace(), write.likely_seq());
    let Content::Media(told) = content else { return Ok(()) };
    let Some(record) = super::get(ws, write.tx(), id).await? else { return Ok(()) };
    let Content::Media(known) = record.content else { return Ok(()) };
    if known.reference.is_some() || told.reference.is_none() {
        return Ok(());
    }
    let whole = Content::Media(Media {
        reference: told.reference.clone(),
        mime: told.mime.clone().or(known.mime),
        file_name: told.file_name.clone().or(known.file_name),
        sha256: told.sha256.clone().or(known.sha256),
        ..known
    });
    execute!(
        write.tx(),
        "UPDATE messages SET content = $3, search_text = CASE WHEN revoked_at IS NULL THEN $4 ELSE '' END, version = $5
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        codec::to_json(&whole)?,
        words::index(whole.searchable()),
        version,
    )?;
    write.touch_message(id);
    if !record.view.revoked {
        let preview = mentions::preview(ws, write.tx(), &whole).await?;
        show(write, id, record.view.conversation_id, &preview).await?;
    }
    Ok(())
}

/// The sender took the message back; tells whether anything changed. The row keeps what it said.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn revoke(write: &mut Write, id: MessageId, at: Timestamp) -> Result<bool> {
    let old = state(write, id).await?;
    if old.revoked_at.is_some() {
        return Ok(false);
    }
    let (ws, version) = (write.workspace(), write.likely_seq());
    execute!(
        write.tx(),
        "UPDATE messages SET revoked_at = $3, search_text = '', version = $4
            WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        at,
        version,
    )?;
    write.touch_message(id);
    show(write, id, old.conversation_id, &DELETED).await?;
    Ok(true)
}

/// If it is the conversation's last message, the list shows this of it now.
async fn show(
    write: &mut Write,
    id: MessageId,
    conversation: ConversationId,
    preview: &Preview,
) -> Result<()> {
    let ws = write.workspace();
    let shown = execute!(
        write.tx(),
        "UPDATE conversations SET last_kind = $4, last_text = $5
         WHERE workspace_id = $1 AND id = $2 AND last_message_id = $3",
        ws,
        conversation,
        id,
        codec::preview_word(preview.kind),
        codec::text(&preview.text),
    )?;
    if shown > 0 {
        write.touch_conversation(conversation);
    }
    Ok(())
}
