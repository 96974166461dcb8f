//! Linked numbers as sessions: set up, linked by code, started and stopped, one or many at once.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use balas_domain::{
    AccountId, AccountSettingsChange, Timestamp,
    form::{BridgeForm, GatewayForm},
    sync::GapView,
    view::{AccountView, BatchItem, DeviceAction, DeviceView, GatewayReport},
};
use balas_engine::{GatewayChange, PairingCode, QrCode};
use serde::{Deserialize, Serialize};

use super::{List, accounts::Confirmation};
use crate::{
    auth::Caller,
    extract::{Id, JsonBody, Named, Params},
    problem::Problem,
    state::AppState,
};

/// When the code in the body runs out, in microseconds since 1970.
const EXPIRES_AT: HeaderName = HeaderName::from_static("x-code-expires-at");

/// How a number is linked.
#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionKind {
    /// By a gateway (GOWA) that runs somewhere.
    #[default]
    Gateway,
    /// By the server's own bridge (WhatsApp Web).
    Bridge,
}

/// A number to be linked. The bridge needs no more than a name. Secrets are stored encrypted and never given back.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// How it is linked.
    #[serde(default)]
    kind: SessionKind,
    /// What the team calls it.
    name: String,
    /// The number, with its country code. A gateway must be told; on the bridge another one than this is refused.
    #[serde(default)]
    phone: String,
    /// Gateway: where its REST API is.
    #[serde(default)]
    base_url: String,
    /// Gateway: user of its basic authentication; empty if it asks for none.
    #[serde(default)]
    user: String,
    /// Gateway: password of that user.
    #[serde(default)]
    #[schema(write_only)]
    password: String,
    /// Gateway: signs the webhooks.
    #[serde(default)]
    #[schema(write_only)]
    webhook_secret: String,
    /// Gateway: a device that it has already; left out, one is made.
    #[serde(default)]
    device_id: String,
}

impl From<NewSession> for GatewayForm {
    fn from(s: NewSession) -> Self {
        Self {
            name: s.name,
            phone: s.phone,
            base_url: s.base_url,
            user: s.user,
            password: s.password,
            webhook_secret: s.webhook_secret,
            device_id: s.device_id,
        }
    }
}

/// What changes; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSession {
    /// What the team calls it.
    name: Option<String>,
    /// Where the gateway is now.
    base_url: Option<String>,
    /// New user.
    user: Option<String>,
    /// New password.
    #[schema(write_only)]
    password: Option<String>,
    /// New secret for webhooks.
    #[schema(write_only)]
    webhook_secret: Option<String>,
}

/// Several sessions.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Which ones.
    ids: Vec<AccountId>,
}

/// Whether the session is the primary one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Primary {
    /// At most one session of the workspace is.
    primary: bool,
}

/// Which phone is linked.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PairingNumber {
    /// Its number with the country code, if the session does not know it yet.
    phone: Option<String>,
}

/// To be typed under WhatsApp > Linked devices > Link with phone number.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PairingCodeView {
    /// As `ABCD-1234`.
    code: String,
    /// It means nothing from then on.
    expires_at: Timestamp,
}

impl From<PairingCode> for PairingCodeView {
    fn from(PairingCode { code, expires_at, .. }: PairingCode) -> Self {
        Self { code, expires_at }
    }
}

fn picture(QrCode { png, expires_at }: QrCode) -> Response {
    // Who has the picture can link the number: nothing on the way may keep it.
    let headers = [
        (header::CONTENT_TYPE, "image/png".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (EXPIRES_AT, expires_at.0.to_string()),
    ];
    (headers, png).into_response()
}

/// All sessions, numbers of the Cloud API among them
#[utoipa::path(get, path = "/whatsapp/sessions", tag = "sessions",
    responses((status = 200, body = List<AccountView>)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<List<AccountView>>, Problem> {
    Ok(Json(List::new(state.engine.accounts(&actor).await?)))
}

/// Connect a number through a gateway or the bridge; linking its phone follows
#[utoipa::path(post, path = "/whatsapp/sessions", tag = "sessions", request_body = NewSession,
    responses((status = 201, body = AccountView)))]
pub async fn create(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(body): JsonBody<NewSession>,
) -> Result<(StatusCode, Json<AccountView>), Problem> {
    let made = match body.kind {
        SessionKind::Gateway => state.engine.create_gateway(&actor, &body.into()).await?,
        SessionKind::Bridge => {
            let form = BridgeForm { name: body.name, phone: body.phone };
            state.engine.create_bridge_account(&actor, &form).await?
        }
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Test the connection to a gateway without storing anything
#[utoipa::path(post, path = "/whatsapp/sessions/check", tag = "sessions", request_body = NewSession,
    responses((status = 200, body = GatewayReport)))]
pub async fn check(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(body): JsonBody<NewSession>,
) -> Result<Json<GatewayReport>, Problem> {
    Ok(Json(state.engine.check_gateway(&actor, &body.into()).await?))
}

/// Start several; each tells how it went
#[utoipa::path(post, path = "/whatsapp/sessions/start", tag = "sessions", request_body = Sessions,
    responses((status = 200, body = List<BatchItem>)))]
pub async fn start_many(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(Sessions { ids }): JsonBody<Sessions>,
) -> Result<Json<List<BatchItem>>, Problem> {
    Ok(Json(List::new(state.engine.start_accounts(&actor, &ids).await?)))
}

/// Stop several; each tells how it went
#[utoipa::path(post, path = "/whatsapp/sessions/stop", tag = "sessions", request_body = Sessions,
    responses((status = 200, body = List<BatchItem>)))]
pub async fn stop_many(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(Sessions { ids }): JsonBody<Sessions>,
) -> Result<Json<List<BatchItem>>, Problem> {
    Ok(Json(List::new(state.engine.stop_accounts(&actor, &ids).await?)))
}

/// End the links of several with their phones; each tells how it went
#[utoipa::path(post, path = "/whatsapp/sessions/logout", tag = "sessions", request_body = Sessions,
    responses((status = 200, body = List<BatchItem>)))]
pub async fn log_many_out(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(Sessions { ids }): JsonBody<Sessions>,
) -> Result<Json<List<BatchItem>>, Problem> {
    Ok(Json(List::new(state.engine.log_accounts_out(&actor, &ids).await?)))
}

/// Stop all that run; each tells how it went
#[utoipa::path(post, path = "/whatsapp/sessions/stop-all", tag = "sessions",
    responses((status = 200, body = List<BatchItem>)))]
pub async fn stop_all(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<List<BatchItem>>, Problem> {
    Ok(Json(List::new(state.engine.stop_all_accounts(&actor).await?)))
}

/// One session
#[utoipa::path(get, path = "/whatsapp/sessions/{id}", tag = "sessions", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountView)))]
pub async fn show(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.account(&actor, id).await?))
}

/// Rename a session of a gateway or the bridge, or follow a gateway that has moved
#[utoipa::path(patch, path = "/whatsapp/sessions/{id}", tag = "sessions", params(("id" = AccountId, Path)),
    request_body = ChangeSession, responses((status = 200, body = AccountView)))]
pub async fn change(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
    JsonBody(body): JsonBody<ChangeSession>,
) -> Result<Json<AccountView>, Problem> {
    let ChangeSession { name, base_url, user, password, webhook_secret } = body;
    let change = GatewayChange { name, base_url, user, password, webhook_secret };
    Ok(Json(state.engine.update_gateway(&actor, id, &change).await?))
}

/// Delete a session and everything that belongs to it
#[utoipa::path(delete, path = "/whatsapp/sessions/{id}", tag = "sessions",
    params(("id" = AccountId, Path), Confirmation), responses((status = 204, description = "Deleted")))]
pub async fn remove(
    state: State<AppState>,
    caller: Caller,
    id: Id<AccountId>,
    confirmation: Params<Confirmation>,
) -> Result<StatusCode, Problem> {
    super::accounts::remove(state, caller, id, confirmation).await
}

/// Start a session; its status tells how it went
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/start", tag = "sessions", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountView)))]
pub async fn start(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.start_account(&actor, id).await?))
}

/// Stop a session; the phone stays linked
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/stop", tag = "sessions", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountView)))]
pub async fn stop(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.stop_account(&actor, id).await?))
}

/// End the link with the phone and stop; conversations stay
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/logout", tag = "sessions", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountView)))]
pub async fn logout(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.log_out_account(&actor, id).await?))
}

/// Let the gateway connect to WhatsApp anew
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/reconnect", tag = "sessions",
    params(("id" = AccountId, Path)), responses((status = 204, description = "Done")))]
pub async fn reconnect(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, Problem> {
    state.engine.reconnect_account(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Bring over once more what was said before; the session's `sync` tells how far it is
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/sync-history", tag = "sessions",
    params(("id" = AccountId, Path)), responses((status = 202, description = "It comes")))]
pub async fn sync_history(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, Problem> {
    state.engine.sync_account_history(&actor, id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Messages that had been missed and were fetched, the newest 50 gaps first
#[utoipa::path(get, path = "/whatsapp/sessions/{id}/gaps", tag = "sessions", params(("id" = AccountId, Path)),
    responses((status = 200, body = [GapView])))]
pub async fn gaps(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<Vec<GapView>>, Problem> {
    Ok(Json(state.engine.account_gaps(&actor, id).await?))
}

/// The QR code that is shown now
///
/// The header `X-Code-Expires-At` tells when another one is shown; so does the session's `code_expires_at`.
#[utoipa::path(get, path = "/whatsapp/sessions/{id}/qr", tag = "sessions", params(("id" = AccountId, Path)),
    responses((status = 200, description = "The picture", content_type = "image/png")))]
pub async fn qr(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Response, Problem> {
    Ok(picture(state.engine.account_qr(&actor, id)?))
}

/// Link by QR code; starts the session if it does not run
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/qr", tag = "sessions", params(("id" = AccountId, Path)),
    responses((status = 200, description = "The picture", content_type = "image/png")))]
pub async fn link_by_qr(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Response, Problem> {
    Ok(picture(state.engine.link_account_by_qr(&actor, id).await?))
}

/// The pairing code that is shown now
#[utoipa::path(get, path = "/whatsapp/sessions/{id}/pairing-code", tag = "sessions",
    params(("id" = AccountId, Path)), responses((status = 200, body = PairingCodeView)))]
pub async fn pairing_code(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<PairingCodeView>, Problem> {
    Ok(Json(state.engine.account_pairing_code(&actor, id)?.into()))
}

/// Link by pairing code; starts the session if it does not run
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/pairing-code", tag = "sessions",
    params(("id" = AccountId, Path), PairingNumber), responses((status = 200, body = PairingCodeView)))]
pub async fn link_by_pairing_code(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
    Params(PairingNumber { phone }): Params<PairingNumber>,
) -> Result<Json<PairingCodeView>, Problem> {
    let code = match phone {
        Some(phone) => state.engine.pair_account_with(&actor, id, &phone).await?,
        None => state.engine.pair_account(&actor, id).await?,
    };
    Ok(Json(code.into()))
}

/// The devices of the session's gateway
#[utoipa::path(get, path = "/whatsapp/sessions/{id}/devices", tag = "sessions", params(("id" = AccountId, Path)),
    responses((status = 200, body = List<DeviceView>)))]
pub async fn devices(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<List<DeviceView>>, Problem> {
    Ok(Json(List::new(state.engine.account_devices(&actor, id).await?)))
}

/// End the link of a device of the session's gateway with its phone
///
/// If the device is a session here, as its own `logout`.
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/devices/{device}/logout", tag = "sessions",
    params(("id" = AccountId, Path), ("device" = String, Path)), responses((status = 204, description = "Done")))]
pub async fn log_device_out(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Named(id, device): Named<AccountId>,
) -> Result<StatusCode, Problem> {
    state.engine.act_on_device(&actor, id, &device, DeviceAction::LogOut).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a device of the session's gateway connect to WhatsApp anew
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/devices/{device}/reconnect", tag = "sessions",
    params(("id" = AccountId, Path), ("device" = String, Path)), responses((status = 204, description = "Done")))]
pub async fn reconnect_device(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Named(id, device): Named<AccountId>,
) -> Result<StatusCode, Problem> {
    state.engine.act_on_device(&actor, id, &device, DeviceAction::Reconnect).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set pace, limits and the like; what is left out stays as it is
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/settings", tag = "sessions",
    params(("id" = AccountId, Path)), request_body = AccountSettingsChange,
    responses((status = 200, body = AccountView)))]
pub async fn settings(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
    JsonBody(change): JsonBody<AccountSettingsChange>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.change_account_settings(&actor, id, &change).await?))
}

/// Count today's messages anew
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/reset-usage", tag = "sessions",
    params(("id" = AccountId, Path)), responses((status = 200, body = AccountView)))]
pub async fn reset_usage(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.reset_daily_use(&actor, id).await?))
}

/// Make it the workspace's primary session, or take that from it
#[utoipa::path(post, path = "/whatsapp/sessions/{id}/primary", tag = "sessions",
    params(("id" = AccountId, Path)), request_body = Primary, responses((status = 200, body = AccountView)))]
pub async fn primary(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
    JsonBody(Primary { primary }): JsonBody<Primary>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.set_primary_account(&actor, id, primary).await?))
}
