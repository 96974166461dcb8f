//! Messages.

use axum::{Json, extract::State, http::StatusCode};
use balas_domain::{
    AccountId, ConversationId, MessageId,
    query::{NewText, PAGE},
    search::{MessageHit, SearchQuery},
    view::{MessageView, Page},
};
use balas_store::messages;
use serde::Deserialize;

use super::PageParams;
use crate::{
    auth::Caller,
    extract::{Id, JsonBody, Params, search},
    problem::Problem,
    state::AppState,
};

/// A text to send.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendText {
    /// Made by you, a `UUIDv7`: sent twice with the same id it is still one message.
    id: MessageId,
    /// The text with `WhatsApp`'s marks, 1 to 4,096 characters.
    #[schema(min_length = 1, max_length = 4096)]
    text: String,
    /// The message that it answers.
    reply_to: Option<MessageId>,
}

/// Messages of a conversation, newest first
#[utoipa::path(get, path = "/conversations/{id}/messages", tag = "messages",
    params(("id" = ConversationId, Path), PageParams), responses((status = 200, body = Page<MessageView>)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
    Params(PageParams { cursor, limit }): Params<PageParams>,
) -> Result<Json<Page<MessageView>>, Problem> {
    let page = state.engine.thread(&actor, id, cursor.as_deref(), limit.unwrap_or(PAGE)).await?;
    Ok(Json(page.messages))
}

/// Send a text
///
/// Stored and queued when this answers; `delivery` tells how far it comes, here and on the live stream.
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "messages", params(("id" = ConversationId, Path)),
    request_body = SendText, responses(
        (status = 201, body = MessageView, description = "Stored"),
        (status = 200, body = MessageView, description = "Had been stored before under this id"),
    ))]
pub async fn send(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(conversation): Id<ConversationId>,
    JsonBody(SendText { id, text, reply_to }): JsonBody<SendText>,
) -> Result<(StatusCode, Json<MessageView>), Problem> {
    // Only for the status: whether it is stored twice is decided by the engine.
    let known = {
        let mut tx = state.engine.store().read().await.map_err(balas_engine::EngineError::from)?;
        messages::get(actor.workspace, &mut tx, id).await.map_err(balas_engine::EngineError::from)?.is_some()
    };
    let message = state.engine.send_text(&actor, conversation, &NewText { id, text, reply_to }).await?;
    Ok((if known { StatusCode::OK } else { StatusCode::CREATED }, Json(message)))
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
    Params(SearchParams { q, account, cursor, limit }): Params<SearchParams>,
) -> Result<Json<Page<MessageHit>>, Problem> {
    let q = search(Some(q))?.unwrap_or_default();
    let query = SearchQuery { q, account, cursor, limit };
    Ok(Json(state.engine.search_messages(&actor, &query).await?))
}
