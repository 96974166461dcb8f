//! What people must be told about accounts.

use axum::{Json, extract::State};
use balas_domain::{AlertId, AlertView};
use serde::Deserialize;

use super::List;
use crate::{
    auth::Caller,
    extract::{Id, Params},
    problem::Problem,
    state::AppState,
};

/// Which alerts.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Also those that are over.
    #[serde(default)]
    closed: bool,
}

/// The newest alerts, newest first; at most 100
#[utoipa::path(get, path = "/alerts", tag = "alerts", params(Which),
    responses((status = 200, body = List<AlertView>)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(Which { closed }): Params<Which>,
) -> Result<Json<List<AlertView>>, Problem> {
    Ok(Json(List::new(state.engine.alerts(&actor, closed).await?)))
}

/// Take note of an alert; it stays open until what it tells of is over
#[utoipa::path(post, path = "/alerts/{id}/acknowledge", tag = "alerts", params(("id" = AlertId, Path)),
    responses((status = 200, body = AlertView)))]
pub async fn acknowledge(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AlertId>,
) -> Result<Json<AlertView>, Problem> {
    Ok(Json(state.engine.acknowledge_alert(&actor, id).await?))
}
