//! Files on Meta's servers: handed over, asked for, fetched, deleted.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{ConnectInfo, Extension, Request, State},
    http::{Method, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use balas_domain::Timestamp;
use serde_json::{Value, json};

use super::{Call, Refusal, cut, error_response, gateway_page, query_pairs, token, trouble};
use crate::{
    blob::{Blob, StoreError, serve},
    config::Number,
    door::Scissors,
    faults::MediaCall,
    form::FormError,
    graph_error::{GraphError, OAUTH},
    runtime::Shared,
    wire,
    world::Attachment,
};

/// How long a link to a file is good for.
const LINK: Duration = Duration::from_mins(5);
const MB: u64 = 1024 * 1024;

/// What Meta takes, in its words and its order.
const TYPES: [&str; 19] = [
    "audio/aac",
    "audio/mp4",
    "audio/mpeg",
    "audio/amr",
    "audio/ogg",
    "audio/opus",
    "application/vnd.ms-powerpoint",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/pdf",
    "text/plain",
    "application/vnd.ms-excel",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/3gpp",
];

/// `POST /{phone-number-id}/media`.
pub(super) fn upload(
    shared: &Arc<Shared>,
    scissors: Option<&Scissors>,
    call: &Call<'_>,
    number: &Number,
) -> Result<Value, Refusal> {
    let form = match &call.form {
        None => return Err(GraphError::parameter("The parameter file is required.").into()),
        Some(Ok(form)) => form,
        Some(Err(FormError::Broken)) => {
            let text = "The body is no multipart/form-data that can be read.";
            return Err(GraphError::parameter("Invalid parameter").details(text).into());
        }
        Some(Err(FormError::Store(StoreError::TooLarge))) => return Err(too_large(100 * MB).into()),
        Some(Err(FormError::Store(error))) => {
            return Err(GraphError::of_code(131_000).details(error.to_string()).into());
        }
    };
    match form.fields.get("messaging_product").and_then(Value::as_str) {
        Some(product) if product.eq_ignore_ascii_case("whatsapp") => {}
        Some(other) => {
            let text = format!("Param messaging_product must be one of {{WHATSAPP}} - got \"{other}\".");
            return Err(GraphError::parameter(text).into());
        }
        None => return Err(GraphError::parameter("The parameter messaging_product is required.").into()),
    }
    let Some(file) = form.files.get("file") else {
        return Err(GraphError::parameter("The parameter file is required.").into());
    };
    // What is said beside the file counts, and not the field `type`.
    let mime = file.mime.trim().to_owned();
    let plain = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !TYPES.contains(&plain.as_str()) {
        let text = format!(
            "Param file must be a file with one of the following types: {}. Received file of type '{plain}'.",
            TYPES.join(", ")
        );
        return Err(GraphError::parameter(text).into());
    }
    if file.blob.size() == 0 {
        return Err(GraphError::parameter("Param file must not be empty.").into());
    }
    let most = most(&plain, &file.blob);
    if file.blob.size() > most {
        return Err(too_large(most).into());
    }
    let fault = shared.state().faults.take_media(&[&number.phone_number_id], MediaCall::Upload);
    if fault.refused {
        let text = "The sandbox was told to refuse files.";
        return Err(GraphError::of_code(131_053).details(text).into());
    }
    let blob = Arc::clone(&file.blob);
    let kept = Attachment { blob, mime, file_name: Some(file.name.clone()), voice: false };
    let id = shared.state().keep(&number.phone_number_id, kept, shared.now(), &*shared.random);
    if fault.answer_lost {
        cut(scissors);
    }
    Ok(json!({"id": id}))
}

/// How large a file of this type may be.
fn most(mime: &str, blob: &Blob) -> u64 {
    match mime.split('/').next() {
        Some("audio" | "video") => 16 * MB,
        Some("image") if mime == "image/webp" && blob.is_animated() => 500 * 1024,
        Some("image") if mime == "image/webp" => 100 * 1024,
        Some("image") => 5 * MB,
        _ => 100 * MB,
    }
}

fn too_large(most: u64) -> GraphError {
    let size = if most < MB { format!("{}KB", most / 1024) } else { format!("{}MB", most / MB) };
    GraphError::parameter(format!("Media file size too big. Max file size we currently support: {size}"))
}

/// Whether this is the id of a file that the token may see.
pub(super) fn exists(shared: &Shared, call: &Call<'_>, id: &str) -> bool {
    let state = shared.state();
    let media = state.media(id, shared.now());
    let owner = media.and_then(|media| state.number(&media.account));
    owner.is_some_and(|number| number.token == call.token)
}

/// `GET` and `DELETE /{media-id}`.
pub(super) async fn object(
    shared: &Arc<Shared>,
    scissors: Option<&Scissors>,
    call: &Call<'_>,
    id: &str,
) -> Result<Value, Refusal> {
    let unknown = || Refusal::from(GraphError::unknown_object(call.method.as_str(), id));
    let now = shared.now();
    let media = shared.state().media(id, now).cloned().ok_or_else(unknown)?;
    trouble(shared, scissors, &media.account, false).await?;
    let theirs = call.query.get("phone_number_id").is_some_and(|number| *number != media.account);
    if theirs || call.path.len() > 1 {
        return Err(unknown());
    }
    match *call.method {
        Method::GET => {
            let fault = shared.state().faults.take_media(&[&media.account], MediaCall::Link);
            if fault.gone {
                return Err(unknown());
            }
            let until = if fault.link_expired { now } else { now.after(LINK) };
            let number = shared.state().number(&media.account).cloned().ok_or_else(unknown)?;
            let (until, host) = (until.as_seconds(), call.host);
            let hash = hash(&number, id, until);
            let path = format!("/whatsapp_business/attachments/?mid={id}&ext={until}&hash={hash}");
            Ok(json!({
                "messaging_product": "whatsapp",
                "url": format!("http://{host}{path}"),
                "mime_type": media.file.mime,
                // In hex here, in base64 in webhooks.
                "sha256": media.file.blob.hex(),
                "file_size": media.file.blob.size().to_string(),
                "id": id,
            }))
        }
        Method::DELETE => {
            shared.state().drop_media(id);
            Ok(json!({"success": true}))
        }
        _ => Err(unknown()),
    }
}

/// What makes a link one that was given out here.
fn hash(number: &Number, id: &str, until: i64) -> String {
    let signature = wire::signature(&number.app_secret, format!("{id}:{until}").as_bytes());
    signature.trim_start_matches("sha256=").chars().take(32).collect()
}

/// Where the links lead. Unlike the Graph API, this place answers without JSON when it does not like a call.
pub(crate) async fn download(
    State(shared): State<Arc<Shared>>,
    scissors: Option<Extension<ConnectInfo<Scissors>>>,
    request: Request,
) -> Response {
    let scissors = scissors.map(|Extension(ConnectInfo(scissors))| scissors);
    let (call, _) = request.into_parts();
    let query = query_pairs(call.uri.query().unwrap_or_default());
    let token = match token(&shared, &call.headers, &query) {
        Ok(token) => token,
        Err(error) => return error_response(&error, &wire::fbtrace_id(&*shared.random)),
    };
    let text = |name| call.headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::USER_AGENT).is_none_or(|agent| agent.trim().is_empty()) {
        let page = Html("<html><body><h1>Sorry, something went wrong.</h1></body></html>");
        return (StatusCode::FORBIDDEN, page).into_response();
    }
    let asked = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    let (id, now) = (asked("mid"), shared.now());
    let found = {
        let state = shared.state();
        let media = state.media(id, now);
        media.and_then(|media| Some((media.clone(), state.number(&media.account)?.clone())))
    };
    let gone = || (StatusCode::NOT_FOUND, "Not Found").into_response();
    let Some((media, number)) = found else { return gone() };
    if number.token != token {
        let error = GraphError::new(403, OAUTH, 10, "Application does not have permission for this action");
        return error_response(&error, &wire::fbtrace_id(&*shared.random));
    }
    let until: i64 = asked("ext").parse().unwrap_or_default();
    if asked("hash") != hash(&number, id, until) || now >= Timestamp::from_seconds(until) {
        return gone();
    }
    if let Err(refusal) = trouble(&shared, scissors.as_ref(), &media.account, false).await {
        return if refusal.html {
            gateway_page(refusal.error.http)
        } else {
            error_response(&refusal.error, &wire::fbtrace_id(&*shared.random))
        };
    }
    let fault = shared.state().faults.take_media(&[&media.account], MediaCall::Download);
    if fault.gone {
        return gone();
    }
    serve::part(&media.file.blob, &media.file.mime, text(header::RANGE), fault.manner)
}
