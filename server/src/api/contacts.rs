//! Contacts.

use axum::{Json, extract::State};
use balas_domain::{
    ContactId,
    query::ContactQuery,
    view::{ContactView, Page},
};
use serde::Deserialize;

use crate::{
    auth::Caller,
    extract::{Id, Params, search},
    problem::Problem,
    state::AppState,
};

/// Which contacts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ContactParams {
    /// Only those that match this text in name or number.
    q: Option<String>,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Rows, 1 to 100; 50 if left out.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// Contacts by name
#[utoipa::path(get, path = "/contacts", tag = "contacts", params(ContactParams),
    responses((status = 200, body = Page<ContactView>)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(ContactParams { q, cursor, limit }): Params<ContactParams>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let q = search(q)?;
    Ok(Json(state.engine.contacts(&actor, &ContactQuery { q, cursor, limit }).await?))
}

/// One contact
#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path)),
    responses((status = 200, body = ContactView)))]
pub async fn show(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ContactId>,
) -> Result<Json<ContactView>, Problem> {
    Ok(Json(state.engine.contact(&actor, id).await?))
}
