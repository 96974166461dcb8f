//! REST under `/api/v1`: what the screens do, for programs.
//!
//! [`table`] is the one list of routes: the router is made from it, and a test compares it with the OpenAPI
//! document.

mod accounts;
mod alerts;
mod contacts;
mod conversations;
mod download;
mod files;
mod labels;
mod me;
mod members;
mod messages;
pub mod openapi;
mod sessions;
mod settings;

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get, patch, post, put},
};
use serde::Serialize;

use crate::{problem::Problem, state::AppState};

/// A list that always fits on one page, in the shape of all lists.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    /// The rows.
    items: Vec<T>,
    /// Always null: there is no next page.
    next: Option<String>,
}

impl<T> List<T> {
    const fn new(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Every route of the API: method, path below `/api/v1`, handler.
pub fn table() -> Vec<(Method, &'static str, MethodRouter<AppState>)> {
    vec![
        (Method::GET, "/me", get(me::show)),
        (Method::GET, "/settings", get(settings::show)),
        (Method::PATCH, "/settings", patch(settings::change)),
        (Method::PUT, "/settings/alert-webhook", put(settings::set_webhook)),
        (Method::DELETE, "/settings/alert-webhook", delete(settings::remove_webhook)),
        (Method::GET, "/alerts", get(alerts::list)),
        (Method::POST, "/alerts/{id}/acknowledge", post(alerts::acknowledge)),
        (Method::GET, "/accounts", get(accounts::list)),
        (Method::POST, "/accounts", post(accounts::create)),
        (Method::POST, "/accounts/check", post(accounts::check)),
        (Method::GET, "/accounts/{id}", get(accounts::show)),
        (Method::PATCH, "/accounts/{id}", patch(accounts::change)),
        (Method::DELETE, "/accounts/{id}", delete(accounts::remove)),
        (Method::GET, "/accounts/{id}/setup", get(accounts::setup)),
        (Method::POST, "/accounts/{id}/start", post(accounts::start)),
        (Method::POST, "/accounts/{id}/stop", post(accounts::stop)),
        (Method::GET, "/contacts", get(contacts::list)),
        (Method::GET, "/contacts/suggestions", get(contacts::suggestions)),
        (Method::GET, "/contacts/merges", get(contacts::merges)),
        (Method::POST, "/contacts/merges/{id}/undo", post(contacts::undo)),
        (Method::GET, "/contacts/{id}", get(contacts::show)),
        (Method::GET, "/contacts/{id}/details", get(contacts::details)),
        (Method::DELETE, "/contacts/{id}", delete(contacts::erase)),
        (Method::GET, "/contacts/{id}/export", get(contacts::export)),
        (Method::POST, "/contacts/{id}/merge", post(contacts::merge)),
        (Method::POST, "/contacts/{id}/keep-apart", post(contacts::keep_apart)),
        (Method::GET, "/conversations", get(conversations::list)),
        (Method::GET, "/conversations/{id}", get(conversations::show)),
        (Method::GET, "/conversations/{id}/group", get(conversations::group)),
        (Method::GET, "/conversations/{id}/carrier", get(conversations::carrier)),
        (Method::GET, "/conversations/{id}/export", get(conversations::export)),
        (Method::POST, "/conversations/{id}/clear", post(conversations::clear)),
        (Method::POST, "/conversations/{id}/read", post(conversations::read)),
        (Method::GET, "/conversations/{id}/messages", get(messages::list)),
        (Method::POST, "/conversations/{id}/messages", post(messages::send)),
        (Method::POST, "/conversations/{id}/work", post(conversations::work)),
        (Method::POST, "/conversations/{id}/notes", post(messages::note)),
        (Method::GET, "/messages/search", get(messages::find)),
        (Method::POST, "/messages/{id}/retry", post(messages::retry)),
        (Method::PUT, "/messages/{id}/reaction", put(messages::react)),
        (Method::DELETE, "/messages/{id}/reaction", delete(messages::unreact)),
        (Method::PATCH, "/messages/{id}", patch(messages::edit)),
        (Method::DELETE, "/messages/{id}", delete(messages::revoke)),
        (Method::GET, "/messages/{id}/versions", get(messages::versions)),
        (Method::GET, "/messages/{id}/raw", get(messages::raw)),
        (Method::GET, "/messages/{id}/file", get(files::show)),
        (Method::GET, "/conversations/{id}/picture", get(files::picture)),
        (Method::POST, "/messages/{id}/file/load", post(files::load)),
        (Method::POST, "/uploads", post(files::begin)),
        (Method::GET, "/uploads/{id}", get(files::upload)),
        (Method::PUT, "/uploads/{id}", put(files::part)),
        (Method::DELETE, "/uploads/{id}", delete(files::cancel)),
        (Method::POST, "/conversations/{id}/files", post(files::send)),
        (Method::GET, "/labels", get(labels::list)),
        (Method::POST, "/labels", post(labels::create)),
        (Method::PATCH, "/labels/{id}", patch(labels::change)),
        (Method::DELETE, "/labels/{id}", delete(labels::remove)),
        (Method::GET, "/members", get(members::list)),
        (Method::POST, "/members", post(members::create)),
        (Method::PATCH, "/members/{id}", patch(members::change)),
        (Method::GET, "/whatsapp/sessions", get(sessions::list)),
        (Method::POST, "/whatsapp/sessions", post(sessions::create)),
        (Method::POST, "/whatsapp/sessions/check", post(sessions::check)),
        (Method::POST, "/whatsapp/sessions/start", post(sessions::start_many)),
        (Method::POST, "/whatsapp/sessions/stop", post(sessions::stop_many)),
        (Method::POST, "/whatsapp/sessions/logout", post(sessions::log_many_out)),
        (Method::POST, "/whatsapp/sessions/stop-all", post(sessions::stop_all)),
        (Method::GET, "/whatsapp/sessions/{id}", get(sessions::show)),
        (Method::PATCH, "/whatsapp/sessions/{id}", patch(sessions::change)),
        (Method::DELETE, "/whatsapp/sessions/{id}", delete(sessions::remove)),
        (Method::POST, "/whatsapp/sessions/{id}/start", post(sessions::start)),
        (Method::POST, "/whatsapp/sessions/{id}/stop", post(sessions::stop)),
        (Method::POST, "/whatsapp/sessions/{id}/logout", post(sessions::logout)),
        (Method::POST, "/whatsapp/sessions/{id}/reconnect", post(sessions::reconnect)),
        (Method::POST, "/whatsapp/sessions/{id}/sync-history", post(sessions::sync_history)),
        (Method::GET, "/whatsapp/sessions/{id}/gaps", get(sessions::gaps)),
        (Method::GET, "/whatsapp/sessions/{id}/qr", get(sessions::qr)),
        (Method::POST, "/whatsapp/sessions/{id}/qr", post(sessions::link_by_qr)),
        (Method::GET, "/whatsapp/sessions/{id}/pairing-code", get(sessions::pairing_code)),
        (Method::POST, "/whatsapp/sessions/{id}/pairing-code", post(sessions::link_by_pairing_code)),
        (Method::GET, "/whatsapp/sessions/{id}/devices", get(sessions::devices)),
        (Method::POST, "/whatsapp/sessions/{id}/devices/{device}/logout", post(sessions::log_device_out)),
        (
            Method::POST,
            "/whatsapp/sessions/{id}/devices/{device}/reconnect",
            post(sessions::reconnect_device),
        ),
        (Method::POST, "/whatsapp/sessions/{id}/settings", post(sessions::settings)),
        (Method::POST, "/whatsapp/sessions/{id}/reset-usage", post(sessions::reset_usage)),
        (Method::POST, "/whatsapp/sessions/{id}/primary", post(sessions::primary)),
        (Method::GET, "/openapi.json", get(openapi::show)),
    ]
}

/// The routes, below `/api/v1`.
pub fn routes() -> Router<AppState> {
    table()
        .into_iter()
        .fold(Router::new(), |router, (_, path, handler)| router.route(path, handler))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
}

/// Answers a method that the address does not know.
pub async fn method_not_allowed(request: Request) -> Response {
    let detail = format!("{} is not possible here; see /api/v1/openapi.json for what is", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).into_response()
}

async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is no such address; /api/v1/openapi.json lists all",
    )
}
