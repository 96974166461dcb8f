//! Files from the browser to the server, over REST: a part is bytes and no JSON.

use std::cell::RefCell;

use balas_domain::{MessageId, NewFile, UploadId, UploadView, view::MessageView};
use gloo_net::http::{Request, Response};
use serde::{Deserialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;

use crate::api::ApiError;

thread_local! {
    /// What was chosen, until it is sent. Only browsers have such values, and no signal can carry them.
    static CHOSEN: RefCell<Vec<(MessageId, web_sys::Blob)>> = const { RefCell::new(Vec::new()) };
}

/// Remembers what the member chose.
pub(crate) fn keep(id: MessageId, file: web_sys::Blob) {
    CHOSEN.with_borrow_mut(|chosen| chosen.push((id, file)));
}

/// What he chose.
pub(crate) fn kept(id: MessageId) -> Option<web_sys::Blob> {
    CHOSEN.with_borrow(|chosen| chosen.iter().find(|(of, _)| *of == id).map(|(_, file)| file.clone()))
}

/// It is sent, or not wanted any more.
pub(crate) fn forget(id: MessageId) {
    CHOSEN.with_borrow_mut(|chosen| chosen.retain(|(of, _)| *of != id));
}

/// Why the server refused, as it says it.
#[derive(Deserialize)]
struct Refusal {
    code: String,
    detail: String,
}

async fn answer<T: DeserializeOwned>(response: Result<Response, gloo_net::Error>) -> Result<T, ApiError> {
    let response = response.map_err(|_| ApiError::Network)?;
    match response.status() {
        200..=299 => response.json().await.map_err(|_| ApiError::Network),
        401 => Err(ApiError::SignedOut),
        500.. => Err(ApiError::Server),
        _ => Err(match response.json::<Refusal>().await {
            Ok(Refusal { code, detail }) => ApiError::Refused { code, text: detail },
            Err(_) => ApiError::Server,
        }),
    }
}

fn json(request: gloo_net::http::RequestBuilder, body: &impl serde::Serialize) -> Result<Request, ApiError> {
    let body = serde_json::to_string(body).map_err(|_| ApiError::Server)?;
    request.header("content-type", "application/json").body(body).map_err(|_| ApiError::Server)
}

/// Begins an upload.
pub(crate) async fn begin(name: &str, size: u64) -> Result<UploadView, ApiError> {
    let body = serde_json::json!({"name": name, "size": size});
    answer(json(Request::post("/api/v1/uploads"), &body)?.send().await).await
}

/// How far it is.
pub(crate) async fn state(id: UploadId) -> Result<UploadView, ApiError> {
    answer(Request::get(&format!("/api/v1/uploads/{id}")).send().await).await
}

/// Sends one part.
pub(crate) async fn part(
    id: UploadId,
    file: &web_sys::Blob,
    offset: u64,
    length: u64,
) -> Result<UploadView, ApiError> {
    #[expect(clippy::cast_precision_loss, reason = "no file here is that large")]
    let (from, to) = (offset as f64, (offset + length) as f64);
    let part = file.slice_with_f64_and_f64(from, to).map_err(|_| ApiError::Server)?;
    let request = Request::put(&format!("/api/v1/uploads/{id}?offset={offset}"))
        .header("content-type", "application/octet-stream")
        .body(JsValue::from(part))
        .map_err(|_| ApiError::Server)?;
    answer(request.send().await).await
}

/// Gives it up. If that does not arrive, the server does so by itself.
pub(crate) async fn cancel(id: UploadId) {
    let _ = Request::delete(&format!("/api/v1/uploads/{id}")).send().await;
}

/// Sends the message.
pub(crate) async fn send(
    conversation: balas_domain::ConversationId,
    new: &NewFile,
) -> Result<MessageView, ApiError> {
    answer(json(Request::post(&format!("/api/v1/conversations/{conversation}/files")), new)?.send().await)
        .await
}
