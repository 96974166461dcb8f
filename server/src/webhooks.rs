//! Where Meta and gateways deliver. Nothing is decided here: the engine verifies, journals, and says what to answer.

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use balas_domain::AccountId;
use balas_engine::{ChallengeError, GatewayTarget, WebhookError, WebhookTarget};
use serde::Deserialize;

use crate::{
    client::ClientIp,
    extract::{Id, Params, read_body},
    problem::Problem,
    state::AppState,
};

/// Largest webhook, in bytes. Meta sends up to 3 MB.
pub const MAX_WEBHOOK: usize = 4 * 1024 * 1024;
/// Carries the signature.
const SIGNATURE: &str = "x-hub-signature-256";

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/webhooks/cloud", get(challenge_shared).post(receive_shared))
        .route("/webhooks/cloud/{account}", get(challenge_account).post(receive_account))
        .route("/webhooks/gateway", post(gateway_shared))
        .route("/webhooks/gateway/{account}", post(gateway_account))
        .route("/webhooks/whatsapp/{phone_number}", post(gateway_number))
        .method_not_allowed_fallback(crate::api::method_not_allowed)
}

/// What Meta asks when a webhook's address is entered.
#[derive(Deserialize)]
struct Challenge {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    token: Option<String>,
    #[serde(rename = "hub.challenge")]
    answer: Option<String>,
}

async fn challenge_shared(State(state): State<AppState>, Params(query): Params<Challenge>) -> Response {
    challenge(&state, WebhookTarget::Shared, query)
}

async fn challenge_account(
    State(state): State<AppState>,
    Id(account): Id<AccountId>,
    Params(query): Params<Challenge>,
) -> Response {
    challenge(&state, WebhookTarget::Account(account), query)
}

fn challenge(state: &AppState, target: WebhookTarget, query: Challenge) -> Response {
    let Challenge { mode, token, answer } = query;
    match state.engine.webhook_challenge(target, mode.as_deref(), token.as_deref(), answer.as_deref()) {
        Ok(answer) => answer.into_response(),
        Err(e @ ChallengeError::Missing) => {
            Problem::new(StatusCode::BAD_REQUEST, "incomplete_challenge", e.to_string()).into_response()
        }
        Err(e @ ChallengeError::Refused) => {
            Problem::new(StatusCode::FORBIDDEN, "wrong_verify_token", e.to_string()).into_response()
        }
    }
}

async fn receive_shared(
    State(state): State<AppState>,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    receive(&state, WebhookTarget::Shared, ip, &headers, body).await
}

async fn receive_account(
    State(state): State<AppState>,
    Id(account): Id<AccountId>,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    receive(&state, WebhookTarget::Account(account), ip, &headers, body).await
}

async fn receive(
    state: &AppState,
    target: WebhookTarget,
    ip: Option<Extension<ClientIp>>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    let body = read_body(headers, body, MAX_WEBHOOK).await?;
    let ip = ip.and_then(|Extension(client)| client.ip);
    state.engine.receive_cloud_webhook(target, signature(headers), body, ip).await.map_err(refuse)
}

async fn gateway_shared(
    State(state): State<AppState>,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    receive_gateway(&state, &GatewayTarget::Shared, ip, &headers, body).await
}

async fn gateway_account(
    State(state): State<AppState>,
    Id(account): Id<AccountId>,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    receive_gateway(&state, &GatewayTarget::Account(account), ip, &headers, body).await
}

async fn gateway_number(
    State(state): State<AppState>,
    Path(number): Path<String>,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    receive_gateway(&state, &GatewayTarget::Number(number), ip, &headers, body).await
}

async fn receive_gateway(
    state: &AppState,
    target: &GatewayTarget,
    ip: Option<Extension<ClientIp>>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Problem> {
    let body = read_body(headers, body, MAX_WEBHOOK).await?;
    let ip = ip.and_then(|Extension(client)| client.ip);
    state.engine.receive_gateway_webhook(target, signature(headers), body, ip).await.map_err(refuse)
}

fn signature(headers: &HeaderMap) -> Option<&str> {
    headers.get(SIGNATURE).and_then(|v| v.to_str().ok())
}

fn refuse(e: WebhookError) -> Problem {
    let (status, code) = match e {
        WebhookError::BadSignature => (StatusCode::UNAUTHORIZED, "bad_signature"),
        WebhookError::UnknownAccount => (StatusCode::NOT_FOUND, "not_found"),
        WebhookError::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
        // Meta tries again for seven days, a gateway for half a minute.
        WebhookError::Unavailable => return Problem::unavailable(),
    };
    Problem::new(status, code, e.to_string())
}
