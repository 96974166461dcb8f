//! The control API for files.
//!
//! | call | what |
//! |---|---|
//! | `POST /control/media` | the bytes as they are, of any size that WhatsApp takes → `{id, sha256, size, looks_like}` |
//! | `GET /control/media/{id}` | the bytes: by such an id, by the id of a message's `media`, or by Meta's media id |
//!
//! A file that no message shows is forgotten after a few minutes.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::Response,
    routing::{get, post},
};
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::Trouble;
use crate::{
    blob::{
        StoreError,
        serve::{self, Manner},
    },
    runtime::Shared,
};

/// How long a file waits for a message.
const PATIENCE: Duration = Duration::from_mins(10);

/// The paths of this part.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/control/media", post(take)).route("/control/media/{id}", get(give))
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> Result<Json<Value>, Trouble> {
    let refused = |error: StoreError| {
        let status = match error {
            StoreError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            StoreError::Full | StoreError::Disk(_) => StatusCode::INSUFFICIENT_STORAGE,
        };
        Trouble(status, error.to_string())
    };
    let mut spool = shared.blobs.begin();
    let mut pieces = request.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Trouble::bad(format!("the file broke off: {error}")))?;
        spool.write(&piece).map_err(refused)?;
    }
    let blob = spool.finish();
    let answer = json!({
        "id": blob.hex(),
        "sha256": blob.hex(),
        "size": blob.size(),
        "looks_like": blob.looks_like(),
    });
    // Until somebody sends it, nothing but this holds it.
    shared.spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        drop(blob);
    });
    Ok(Json(answer))
}

async fn give(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let Some(blob) = shared.file(&id) else {
        let text = format!("no file {id} is here; GET /control/messages names those that came with messages");
        return Err(Trouble(StatusCode::NOT_FOUND, text));
    };
    // What a browser may show is told by the bytes. Everything else is only saved.
    let mime = blob.looks_like().unwrap_or("application/octet-stream");
    let asked = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
    let mut response = serve::part(&blob, mime, asked, Manner::default());
    serve::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if blob.looks_like().is_none() {
        serve::set(&mut response, header::CONTENT_DISPOSITION, "attachment");
    }
    Ok(response)
}
