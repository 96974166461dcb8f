//! Accounts: connected WhatsApp numbers.

use axum::{Json, extract::State, http::StatusCode};
use balas_domain::{
    AccountId,
    form::CloudForm,
    view::{AccountSetup, AccountView, CheckReport},
};
use balas_engine::CloudChange;
use serde::Deserialize;

use super::List;
use crate::{
    auth::Caller,
    extract::{Id, JsonBody, Params},
    problem::Problem,
    state::AppState,
};

/// A Cloud API number. Secrets are stored encrypted and never given back.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudAccount {
    /// What the team calls it.
    name: String,
    /// Meta's id of the number, digits.
    phone_number_id: String,
    /// Meta's id of the business account, digits.
    waba_id: String,
    /// System-user access token.
    #[schema(write_only)]
    token: String,
    /// Signs the webhooks: 32 hexadecimal digits.
    #[schema(write_only)]
    app_secret: String,
    /// Chosen by you, entered at Meta together with the webhook's address.
    #[schema(write_only)]
    verify_token: String,
}

impl From<CloudAccount> for CloudForm {
    fn from(a: CloudAccount) -> Self {
        Self {
            name: a.name,
            phone_number_id: a.phone_number_id,
            waba_id: a.waba_id,
            token: a.token,
            app_secret: a.app_secret,
            verify_token: a.verify_token,
        }
    }
}

/// What changes; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    /// What the team calls it.
    name: Option<String>,
    /// New access token.
    #[schema(write_only)]
    token: Option<String>,
    /// New app secret.
    #[schema(write_only)]
    app_secret: Option<String>,
    /// New verify token.
    #[schema(write_only)]
    verify_token: Option<String>,
}

/// The typed confirmation.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The account's name, typed again: deleting takes all its conversations along.
    #[serde(default)]
    confirm: String,
}

/// All accounts
#[utoipa::path(get, path = "/accounts", tag = "accounts", responses((status = 200, body = List<AccountView>)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<List<AccountView>>, Problem> {
    Ok(Json(List::new(state.engine.accounts(&actor).await?)))
}

/// Connect a Cloud API number
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = CloudAccount,
    responses((status = 201, body = AccountView)))]
pub async fn create(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(body): JsonBody<CloudAccount>,
) -> Result<(StatusCode, Json<AccountView>), Problem> {
    Ok((StatusCode::CREATED, Json(state.engine.create_cloud(&actor, &body.into()).await?)))
}

/// Test the connection without storing anything
#[utoipa::path(post, path = "/accounts/check", tag = "accounts", request_body = CloudAccount,
    responses((status = 200, body = CheckReport)))]
pub async fn check(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(body): JsonBody<CloudAccount>,
) -> Result<Json<CheckReport>, Problem> {
    Ok(Json(state.engine.check_cloud(&actor, &body.into()).await?))
}

/// One account
#[utoipa::path(get, path = "/accounts/{id}", tag = "accounts", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountView)))]
pub async fn show(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.account(&actor, id).await?))
}

/// Rename an account or replace its secrets
#[utoipa::path(patch, path = "/accounts/{id}", tag = "accounts", params(("id" = AccountId, Path)),
    request_body = ChangeAccount, responses((status = 200, body = AccountView)))]
pub async fn change(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
    JsonBody(ChangeAccount { name, token, app_secret, verify_token }): JsonBody<ChangeAccount>,
) -> Result<Json<AccountView>, Problem> {
    let change = CloudChange { name, token, app_secret, verify_token };
    Ok(Json(state.engine.update_cloud(&actor, id, &change).await?))
}

/// Delete an account and everything that belongs to it
#[utoipa::path(delete, path = "/accounts/{id}", tag = "accounts", params(("id" = AccountId, Path), Confirmation),
    responses((status = 204, description = "Deleted")))]
pub async fn remove(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
    Params(Confirmation { confirm }): Params<Confirmation>,
) -> Result<StatusCode, Problem> {
    state.engine.delete_account(&actor, id, &confirm).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What must be entered at the provider
#[utoipa::path(get, path = "/accounts/{id}/setup", tag = "accounts", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountSetup)))]
pub async fn setup(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountSetup>, Problem> {
    Ok(Json(state.engine.account_setup(&actor, id).await?))
}

/// Start an account; its status tells how it went
#[utoipa::path(post, path = "/accounts/{id}/start", tag = "accounts", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountView)))]
pub async fn start(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.start_account(&actor, id).await?))
}

/// Stop an account: nothing is sent any more, what comes in is still stored
#[utoipa::path(post, path = "/accounts/{id}/stop", tag = "accounts", params(("id" = AccountId, Path)),
    responses((status = 200, body = AccountView)))]
pub async fn stop(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(state.engine.stop_account(&actor, id).await?))
}
