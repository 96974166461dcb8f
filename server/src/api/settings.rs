//! What a workspace's admins set.

use axum::{Json, extract::State};
use balas_domain::{WorkspaceSettings, form::AlertWebhookForm};
use serde::{Deserialize, Deserializer};

use crate::{auth::Caller, extract::JsonBody, problem::Problem, state::AppState};

/// What changes; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "left out, null or a number are three things")]
pub struct ChangeSettings {
    /// Messages may leave by another number of the workspace while their conversation's own is not connected.
    fall_back: Option<bool>,
    /// An account may be disconnected or in error for so many minutes before an alert is raised.
    alert_after_minutes: Option<u16>,
    /// Who gets alerts by e-mail.
    alert_emails: Option<Vec<String>>,
    /// Chats whose history is brought over when a phone is linked; `null` for all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    sync_chats: Option<Option<u32>>,
    /// Only chats in which something was written within so many days, at least 7; `null` for all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    sync_days: Option<Option<u32>>,
}

/// What is given may be `null`, which is not the same as left out.
#[expect(clippy::option_option, reason = "left out, null or a number are three things")]
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// Where alerts are posted to.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertWebhook {
    /// The address.
    url: String,
    /// Signs what is posted: `X-Hub-Signature-256` is `sha256=` and the body's HMAC-SHA256 in hexadecimal digits.
    #[schema(write_only)]
    secret: String,
}

/// The workspace's settings
#[utoipa::path(get, path = "/settings", tag = "settings", responses((status = 200, body = WorkspaceSettings)))]
pub async fn show(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<WorkspaceSettings>, Problem> {
    Ok(Json(state.engine.workspace_settings(&actor).await?))
}

/// Change the workspace's settings
#[utoipa::path(patch, path = "/settings", tag = "settings", request_body = ChangeSettings,
    responses((status = 200, body = WorkspaceSettings)))]
pub async fn change(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(change): JsonBody<ChangeSettings>,
) -> Result<Json<WorkspaceSettings>, Problem> {
    let mut settings = state.engine.workspace_settings(&actor).await?;
    settings.fall_back = change.fall_back.unwrap_or(settings.fall_back);
    settings.alert_after_minutes = change.alert_after_minutes.unwrap_or(settings.alert_after_minutes);
    settings.alert_emails = change.alert_emails.unwrap_or(settings.alert_emails);
    settings.sync_chats = change.sync_chats.unwrap_or(settings.sync_chats);
    settings.sync_days = change.sync_days.unwrap_or(settings.sync_days);
    Ok(Json(state.engine.set_workspace_settings(&actor, &settings).await?))
}

/// Post alerts to an address, signed
#[utoipa::path(put, path = "/settings/alert-webhook", tag = "settings", request_body = AlertWebhook,
    responses((status = 200, body = WorkspaceSettings)))]
pub async fn set_webhook(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(AlertWebhook { url, secret }): JsonBody<AlertWebhook>,
) -> Result<Json<WorkspaceSettings>, Problem> {
    let form = AlertWebhookForm { url, secret };
    Ok(Json(state.engine.set_alert_webhook(&actor, Some(&form)).await?))
}

/// Do not post alerts any more
#[utoipa::path(delete, path = "/settings/alert-webhook", tag = "settings",
    responses((status = 200, body = WorkspaceSettings)))]
pub async fn remove_webhook(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<WorkspaceSettings>, Problem> {
    Ok(Json(state.engine.set_alert_webhook(&actor, None).await?))
}
