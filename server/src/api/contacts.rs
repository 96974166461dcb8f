//! Contacts.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use balas_domain::{
    ContactId, MergeId,
    people::{ContactDetails, MergeView, SuggestionView},
    query::ContactQuery,
    view::{ContactView, Page},
};
use serde::Deserialize;

use super::{List, download::download};
use crate::{
    auth::Caller,
    extract::{Id, JsonBody, Params, search},
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

/// Another contact.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherContact {
    /// Its id.
    other: ContactId,
}

/// A contact with all its names and how they came together
#[utoipa::path(get, path = "/contacts/{id}/details", tag = "contacts", params(("id" = ContactId, Path)),
    responses((status = 200, body = ContactDetails)))]
pub async fn details(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ContactId>,
) -> Result<Json<ContactDetails>, Problem> {
    Ok(Json(state.engine.contact_details(&actor, id).await?))
}

/// Pairs of contacts that may be one person, newest first; at most 50
#[utoipa::path(get, path = "/contacts/suggestions", tag = "contacts",
    responses((status = 200, body = List<SuggestionView>)))]
pub async fn suggestions(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<List<SuggestionView>>, Problem> {
    Ok(Json(List::new(state.engine.suggestions(&actor).await?)))
}

/// Say that two contacts are one person; the one that stays
#[utoipa::path(post, path = "/contacts/{id}/merge", tag = "contacts", params(("id" = ContactId, Path)),
    request_body = OtherContact, responses((status = 200, body = ContactView)))]
pub async fn merge(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ContactId>,
    JsonBody(OtherContact { other }): JsonBody<OtherContact>,
) -> Result<Json<ContactView>, Problem> {
    Ok(Json(state.engine.merge_contacts(&actor, id, other).await?))
}

/// Say that two contacts are two people: they are not suggested again, nor merged by themselves
#[utoipa::path(post, path = "/contacts/{id}/keep-apart", tag = "contacts", params(("id" = ContactId, Path)),
    request_body = OtherContact, responses((status = 204, description = "Remembered")))]
pub async fn keep_apart(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ContactId>,
    JsonBody(OtherContact { other }): JsonBody<OtherContact>,
) -> Result<StatusCode, Problem> {
    state.engine.keep_apart(&actor, id, other).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Contacts that became one, newest first; at most 50
#[utoipa::path(get, path = "/contacts/merges", tag = "contacts",
    responses((status = 200, body = List<MergeView>)))]
pub async fn merges(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<List<MergeView>>, Problem> {
    Ok(Json(List::new(state.engine.merges(&actor).await?)))
}

/// Let contacts that became one part again; the one that is there again
#[utoipa::path(post, path = "/contacts/merges/{id}/undo", tag = "contacts", params(("id" = MergeId, Path)),
    responses((status = 200, body = ContactView)))]
pub async fn undo(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MergeId>,
) -> Result<Json<ContactView>, Problem> {
    Ok(Json(state.engine.undo_merge(&actor, id).await?))
}

/// All that is known of a contact, as a ZIP archive
///
/// For admins, when somebody asks what is stored about them: names, conversations with files, what they wrote in groups.
#[utoipa::path(get, path = "/contacts/{id}/export", tag = "contacts", params(("id" = ContactId, Path)),
    responses((status = 200, description = "The archive", content_type = "application/zip")))]
pub async fn export(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ContactId>,
) -> Result<Response, Problem> {
    download(state.engine.export_contact(&actor, id).await?).await
}

/// The typed confirmation.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EraseParams {
    /// The contact's name, typed again: erasing takes everything of it along.
    #[serde(default)]
    confirm: String,
}

/// Erase a contact and all that is known of it, for good
///
/// For admins. Private conversations go with messages and files; in groups its messages are emptied and its name is taken off.
/// What it writes later makes a new contact.
#[utoipa::path(delete, path = "/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path), EraseParams),
    responses((status = 204, description = "Erased")))]
pub async fn erase(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ContactId>,
    Params(EraseParams { confirm }): Params<EraseParams>,
) -> Result<StatusCode, Problem> {
    state.engine.erase_contact(&actor, id, &confirm).await?;
    Ok(StatusCode::NO_CONTENT)
}
