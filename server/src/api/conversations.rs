//! Conversations.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use balas_domain::{
    AccountId, ConversationId, GroupView, LabelId, WorkState,
    export::ExportFormat,
    query::{Assigned, ListQuery},
    view::{ConversationView, Page},
    work::WorkChange,
};
use balas_engine::ExportOrder;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::download::download;
use crate::{
    auth::Caller,
    extract::{Id, JsonBody, Params, search},
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
    /// Only those that match this text in name or number. Words in messages: see `/messages/search`.
    q: Option<String>,
    /// Only those with unread messages.
    unread: Option<bool>,
    /// Only those in this state; all if left out.
    state: Option<WorkState>,
    /// Only those that this member looks after; `nobody` for those that nobody does.
    assigned: Option<String>,
    /// Only those with this label.
    label: Option<LabelId>,
    /// Only groups.
    groups: Option<bool>,
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
    let ConversationParams { account, q, unread, state: in_state, assigned, label, groups, cursor, limit } =
        params;
    let query = ListQuery {
        account,
        q: search(q)?,
        unread_only: unread.unwrap_or(false),
        state: in_state,
        assigned: assigned.as_deref().map(looked_after_by).transpose()?,
        label,
        groups_only: groups.unwrap_or(false),
        cursor,
        limit,
    };
    Ok(Json(state.engine.conversations(&actor, &query).await?))
}

fn looked_after_by(who: &str) -> Result<Assigned, Problem> {
    match (who, who.parse()) {
        ("nobody", _) => Ok(Assigned::Nobody),
        (_, Ok(member)) => Ok(Assigned::To(member)),
        (_, Err(_)) => {
            let detail = "name a member by id, or nobody";
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail);
            Err(problem.field("assigned", "must be the id of a member, or nobody".to_owned()))
        }
    }
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

/// The group of a conversation, with its members
///
/// `404` if the conversation is no group, or nothing is known of it yet. Members of a group that WhatsApp was not asked
/// about (`fetched_at` is null) are not known.
#[utoipa::path(get, path = "/conversations/{id}/group", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = GroupView)))]
pub async fn group(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
) -> Result<Json<GroupView>, Problem> {
    Ok(Json(state.engine.group(&actor, id).await?))
}

/// By which account an answer would leave now
///
/// The conversation's own (as soon as it is back, if it is away for a moment), or one that stands in for it where the
/// workspace lets others. Null: by none, so an answer would be refused.
#[utoipa::path(get, path = "/conversations/{id}/carrier", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Carrier)))]
pub async fn carrier(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
) -> Result<Json<Carrier>, Problem> {
    Ok(Json(Carrier { account: state.engine.carrier(&actor, id).await? }))
}

/// Who would carry an answer.
#[derive(Serialize, ToSchema)]
pub struct Carrier {
    /// The account; null if an answer would be refused now.
    account: Option<AccountId>,
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

/// Assign, resolve, reopen, snooze or label a conversation
///
/// Its thread tells colleagues of it. What is so already stays so.
#[utoipa::path(post, path = "/conversations/{id}/work", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = WorkChange, responses((status = 200, body = ConversationView)))]
pub async fn work(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
    JsonBody(change): JsonBody<WorkChange>,
) -> Result<Json<ConversationView>, Problem> {
    Ok(Json(state.engine.change_work(&actor, id, change).await?))
}

/// In which form a conversation is taken away.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportParams {
    /// `whatsapp` (a ZIP archive as WhatsApp makes it, with the files), `html` or `json`.
    #[serde(default)]
    #[param(inline, default = "whatsapp")]
    format: ExportFormat,
    /// In which time zone times are written, such as `Asia/Jakarta`; the workspace's if left out.
    zone: Option<String>,
    /// With what colleagues wrote and did, which the customer never saw.
    #[serde(default)]
    notes: bool,
}

/// Take a whole conversation away as a file
///
/// For supervisors and above; who did it stands in the security log.
#[utoipa::path(get, path = "/conversations/{id}/export", tag = "conversations",
    params(("id" = ConversationId, Path), ExportParams),
    responses((status = 200, description = "The file", content_type = "application/octet-stream")))]
pub async fn export(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
    Params(ExportParams { format, zone, notes }): Params<ExportParams>,
) -> Result<Response, Problem> {
    let order = ExportOrder { format, zone, notes };
    download(state.engine.export_conversation(&actor, id, &order).await?).await
}

/// Take all messages of a conversation away, for good
///
/// For supervisors and above. The conversation stays, empty; the customer's phone and yours keep what they have, and a later
/// synchronisation does not bring it back.
#[utoipa::path(post, path = "/conversations/{id}/clear", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = ConversationView)))]
pub async fn clear(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    Ok(Json(state.engine.clear_conversation(&actor, id).await?))
}
