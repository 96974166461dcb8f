//! Messages.

use axum::{Json, extract::State, http::StatusCode};
use balas_domain::{
    ConversationId, MessageId,
    query::{NewText, PAGE},
    view::{MessageView, Page},
};
use balas_store::messages;
use serde::Deserialize;

use super::PageParams;
use crate::{
    auth::Caller,
    extract::{Id, JsonBody, Params},
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
