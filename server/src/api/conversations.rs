//! Conversations.

use axum::{Json, extract::State, http::StatusCode};
use balas_domain::{
    AccountId, ConversationId,
    query::ListQuery,
    view::{ConversationView, Page},
};
use serde::Deserialize;

use crate::{
    auth::Caller,
    extract::{Id, Params, search},
    problem::Problem,
    state::AppState,
};

/// Which conversations.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ConversationParams {
    /// Only those of one number.
    account: Option<AccountId>,
    /// Only those that match this text in name, number or messages.
    q: Option<String>,
    /// Only those with unread messages.
    unread: Option<bool>,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Rows, 1 to 100; 50 if left out.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// Conversations, newest first
#[utoipa::path(get, path = "/conversations", tag = "conversations", params(ConversationParams),
    responses((status = 200, body = Page<ConversationView>)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(params): Params<ConversationParams>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let ConversationParams { account, q, unread, cursor, limit } = params;
    let q = search(q)?;
    let query = ListQuery { account, q, unread_only: unread.unwrap_or(false), cursor, limit };
    Ok(Json(state.engine.conversations(&actor, &query).await?))
}

/// One conversation
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = ConversationView)))]
pub async fn show(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    Ok(Json(state.engine.conversation(&actor, id).await?))
}

/// Mark a conversation as read; the customer sees it too where the provider can tell
#[utoipa::path(post, path = "/conversations/{id}/read", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 204, description = "Read")))]
pub async fn read(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
) -> Result<StatusCode, Problem> {
    state.engine.mark_read(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
