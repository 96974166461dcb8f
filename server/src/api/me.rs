//! Who asks.

use axum::{Json, extract::State};
use balas_domain::view::Me;

use crate::{auth::Caller, problem::Problem, state::AppState};

/// Who is signed in, with which role, in which workspace
#[utoipa::path(get, path = "/me", tag = "me", responses((status = 200, body = Me)))]
pub async fn show(State(state): State<AppState>, Caller(actor): Caller) -> Result<Json<Me>, Problem> {
    Ok(Json(state.engine.me(&actor).await?))
}
