//! Words for what conversations are about.

use axum::{Json, extract::State, http::StatusCode};
use balas_domain::{LabelId, LabelView};
use serde::Deserialize;

use super::List;
use crate::{
    auth::Caller,
    extract::{Id, JsonBody},
    problem::Problem,
    state::AppState,
};

/// How a label looks.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// 1 to 40 characters; no two of a workspace are alike.
    #[schema(min_length = 1, max_length = 40)]
    name: String,
    /// 0 to 7.
    #[schema(minimum = 0, maximum = 7)]
    colour: u8,
}

/// All labels by name
#[utoipa::path(get, path = "/labels", tag = "labels", responses((status = 200, body = List<LabelView>)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<List<LabelView>>, Problem> {
    Ok(Json(List::new(state.engine.labels(&actor).await?)))
}

/// Make a label
#[utoipa::path(post, path = "/labels", tag = "labels", request_body = Label,
    responses((status = 201, body = LabelView)))]
pub async fn create(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(Label { name, colour }): JsonBody<Label>,
) -> Result<(StatusCode, Json<LabelView>), Problem> {
    Ok((StatusCode::CREATED, Json(state.engine.create_label(&actor, &name, colour).await?)))
}

/// Give a label another name and colour
#[utoipa::path(patch, path = "/labels/{id}", tag = "labels", params(("id" = LabelId, Path)), request_body = Label,
    responses((status = 200, body = LabelView)))]
pub async fn change(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<LabelId>,
    JsonBody(Label { name, colour }): JsonBody<Label>,
) -> Result<Json<LabelView>, Problem> {
    Ok(Json(state.engine.change_label(&actor, id, &name, colour).await?))
}

/// Delete a label; it disappears from all conversations
#[utoipa::path(delete, path = "/labels/{id}", tag = "labels", params(("id" = LabelId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn remove(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<LabelId>,
) -> Result<StatusCode, Problem> {
    state.engine.delete_label(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
