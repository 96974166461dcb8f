//! Messages.

use axum::{Json, extract::State, http::StatusCode};
use balas_domain::{
    AccountId, Content, ConversationId, MessageId,
    inbox::MessagePage,
    query::{NewMessage, NewText, PAGE},
    search::{MessageHit, SearchQuery},
    view::{MessageView, Page, VersionView},
};
use balas_engine::EngineError;
use balas_store::messages;
use serde::Deserialize;

use crate::{
    auth::Caller,
    extract::{Id, JsonBody, Params, search},
    problem::Problem,
    state::AppState,
};

/// A message to send: either `text` or `content`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// Made by you, a `UUIDv7`: sent twice with the same id it is still one message.
    id: MessageId,
    /// The text with `WhatsApp`'s marks, 1 to 4,096 characters.
    #[schema(min_length = 1, max_length = 4096)]
    text: Option<String>,
    /// Something else than a text: a `location`, `contacts`, or a `poll`. What the number cannot send goes as text.
    content: Option<Content>,
    /// The message that it answers.
    reply_to: Option<MessageId>,
}

/// Which part of a conversation.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PartParams {
    /// The message that shall stand in the middle, with as many before it as after it. Not together with `cursor`.
    around: Option<MessageId>,
    /// `next` or `newer` of another page; opaque.
    cursor: Option<String>,
    /// Rows, 1 to 100; 50 if left out.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// Messages of a conversation, newest first
///
/// Begins with the newest ones, or with those around a message; `next` leads to older ones, `newer` to newer ones. `404`
/// if the message that was asked for does not stand in the conversation.
#[utoipa::path(get, path = "/conversations/{id}/messages", tag = "messages",
    params(("id" = ConversationId, Path), PartParams), responses((status = 200, body = MessagePage)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
    Params(PartParams { around, cursor, limit }): Params<PartParams>,
) -> Result<Json<MessagePage>, Problem> {
    let limit = limit.unwrap_or(PAGE);
    let Some(message) = around else {
        return Ok(Json(state.engine.thread(&actor, id, cursor.as_deref(), limit).await?.messages));
    };
    if cursor.is_some() {
        let detail = "ask for what stands around a message or for the page of a cursor, not for both";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail);
        return Err(problem.field("around", "must not stand beside a cursor".to_owned()));
    }
    let conversation = state.engine.conversation(&actor, id).await?;
    let page = state.engine.thread_around(&actor, id, message, limit).await?;
    let here = page.conversation.id == conversation.id && page.messages.items.iter().any(|m| m.id == message);
    if !here {
        return Err(EngineError::NotFound { what: "message" }.into());
    }
    Ok(Json(page.messages))
}

/// Send a message
///
/// A text, a place, contact cards or a poll; files are uploaded first and sent under another address.
/// Stored and queued when this answers; `delivery` tells how far it comes, here and on the live stream.
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "messages", params(("id" = ConversationId, Path)),
    request_body = SendMessage, responses(
        (status = 201, body = MessageView, description = "Stored"),
        (status = 200, body = MessageView, description = "Had been stored before under this id"),
    ))]
pub async fn send(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(conversation): Id<ConversationId>,
    JsonBody(SendMessage { id, text, content, reply_to }): JsonBody<SendMessage>,
) -> Result<(StatusCode, Json<MessageView>), Problem> {
    let content = match (text, content) {
        (Some(text), None) => Content::text(text),
        (None, Some(content)) => content,
        (text, _) => {
            let detail = "a message has either a text or a content";
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail);
            let words = if text.is_some() { "must not stand beside a content" } else { "is required" };
            return Err(problem.field("text", words.to_owned()));
        }
    };
    // Only for the status: whether it is stored twice is decided by the engine.
    let known = {
        let mut tx = state.engine.store().read().await.map_err(EngineError::from)?;
        messages::get(actor.workspace, &mut tx, id).await.map_err(EngineError::from)?.is_some()
    };
    let message = state.engine.send(&actor, conversation, NewMessage { id, content, reply_to }).await?;
    Ok((if known { StatusCode::OK } else { StatusCode::CREATED }, Json(message)))
}

/// A reaction.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetReaction {
    /// One emoji.
    #[schema(example = "👍")]
    emoji: String,
}

/// Another text.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditText {
    /// The text with `WhatsApp`'s marks, 1 to 4,096 characters.
    #[schema(min_length = 1, max_length = 4096)]
    text: String,
}

/// React to a message
///
/// A number has one reaction at each message: another one takes its place.
#[utoipa::path(put, path = "/messages/{id}/reaction", tag = "messages", params(("id" = MessageId, Path)),
    request_body = SetReaction, responses((status = 200, body = MessageView)))]
pub async fn react(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
    JsonBody(SetReaction { emoji }): JsonBody<SetReaction>,
) -> Result<Json<MessageView>, Problem> {
    Ok(Json(state.engine.react(&actor, id, Some(&emoji)).await?))
}

/// Take our reaction away
#[utoipa::path(delete, path = "/messages/{id}/reaction", tag = "messages", params(("id" = MessageId, Path)),
    responses((status = 200, body = MessageView)))]
pub async fn unreact(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
) -> Result<Json<MessageView>, Problem> {
    Ok(Json(state.engine.react(&actor, id, None).await?))
}

/// Change a sent text
///
/// Possible where the number's `capabilities` say so, for some minutes.
#[utoipa::path(patch, path = "/messages/{id}", tag = "messages", params(("id" = MessageId, Path)),
    request_body = EditText, responses((status = 200, body = MessageView)))]
pub async fn edit(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
    JsonBody(EditText { text }): JsonBody<EditText>,
) -> Result<Json<MessageView>, Problem> {
    Ok(Json(state.engine.edit_message(&actor, id, &text).await?))
}

/// Take a sent message back, for everyone
///
/// Possible where the number's `capabilities` say so, for some hours.
#[utoipa::path(delete, path = "/messages/{id}", tag = "messages", params(("id" = MessageId, Path)),
    responses((status = 200, body = MessageView)))]
pub async fn revoke(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
) -> Result<Json<MessageView>, Problem> {
    Ok(Json(state.engine.revoke_message(&actor, id).await?))
}

/// What a changed message has said
///
/// Oldest first; empty for one that was never changed, or was taken back.
#[utoipa::path(get, path = "/messages/{id}/versions", tag = "messages", params(("id" = MessageId, Path)),
    responses((status = 200, body = Vec<VersionView>)))]
pub async fn versions(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
) -> Result<Json<Vec<VersionView>>, Problem> {
    Ok(Json(state.engine.message_versions(&actor, id).await?))
}

/// What came as a message that cannot be shown
///
/// For admins: as the provider had it, in whatever form. `404` for all other messages.
#[utoipa::path(get, path = "/messages/{id}/raw", tag = "messages", params(("id" = MessageId, Path)),
    responses((status = 200, description = "The payload", content_type = "application/json")))]
pub async fn raw(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
) -> Result<Json<serde_json::Value>, Problem> {
    Ok(Json(state.engine.message_raw(&actor, id).await?))
}

/// Send again what has failed
#[utoipa::path(post, path = "/messages/{id}/retry", tag = "messages", params(("id" = MessageId, Path)),
    responses((status = 200, body = MessageView)))]
pub async fn retry(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
) -> Result<Json<MessageView>, Problem> {
    Ok(Json(state.engine.retry(&actor, id).await?))
}

/// A note to write.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteNote {
    /// Made by you, a `UUIDv7`: written twice with the same id it is still one note.
    id: MessageId,
    /// 1 to 4,096 characters.
    #[schema(min_length = 1, max_length = 4096)]
    text: String,
}

/// Write a note that only colleagues see
#[utoipa::path(post, path = "/conversations/{id}/notes", tag = "messages", params(("id" = ConversationId, Path)),
    request_body = WriteNote, responses((status = 200, body = MessageView)))]
pub async fn note(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(conversation): Id<ConversationId>,
    JsonBody(WriteNote { id, text }): JsonBody<WriteNote>,
) -> Result<Json<MessageView>, Problem> {
    let note = NewText { id, text, reply_to: None };
    Ok(Json(state.engine.add_note(&actor, conversation, &note).await?))
}

/// What to look for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchParams {
    /// Words that all stand in the message, in any order; the last one may be the beginning of a word. Accents and
    /// capitals do not matter.
    q: String,
    /// Only messages of one number.
    account: Option<AccountId>,
    /// Only messages of one conversation.
    conversation: Option<ConversationId>,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Rows, 1 to 100; 50 if left out.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// Messages in which words stand, newest first
#[utoipa::path(get, path = "/messages/search", tag = "messages", params(SearchParams),
    responses((status = 200, body = Page<MessageHit>)))]
pub async fn find(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(SearchParams { q, account, conversation, cursor, limit }): Params<SearchParams>,
) -> Result<Json<Page<MessageHit>>, Problem> {
    let q = search(Some(q))?.unwrap_or_default();
    let query = SearchQuery { q, account, conversation, cursor, limit };
    Ok(Json(state.engine.search_messages(&actor, &query).await?))
}
