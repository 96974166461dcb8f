//! Whether the process lives, and whether it can do its work.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::state::AppState;

/// The process answers. Restart it if it does not.
pub async fn live() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The work can be done: send requests only while it can.
pub async fn ready(State(state): State<AppState>) -> Response {
    let started = state.is_ready();
    let workers = state.workers_alive();
    let database = match state.engine.store().ping().await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(error = %crate::problem::chain(&error), "the database does not answer");
            false
        }
    };
    let ok = started && workers && database;
    let word = |good: bool| if good { "ok" } else { "failing" };
    let body = json!({
        "status": word(ok),
        "checks": {
            // Migrations run before the start is over.
            "started": if state.stopping.is_cancelled() { "stopping" } else { word(started) },
            "database": word(database),
            "workers": word(workers),
        },
    });
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}
