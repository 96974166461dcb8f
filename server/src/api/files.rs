//! Files of messages, and uploads.

use std::{io, ops::Range};

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use balas_domain::{
    ConversationId, MessageId, NewFile, UploadId, UploadView, media::Wish, view::MessageView,
};
use balas_engine::FoundFile;
use futures::StreamExt;
use http_range_header::parse_range_header;
use serde::Deserialize;

use crate::{
    auth::Caller,
    extract::{ARRIVAL, Id, JsonBody, Params},
    problem::Problem,
    state::AppState,
};

/// What browsers may show inside a page. Everything else is saved, so that no stranger's markup or script is ever run
/// with our address.
const SHOWN: [&str; 13] = [
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "video/mp4",
    "video/3gpp",
    "video/webm",
    "audio/ogg",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/amr",
    "audio/wav",
];

/// Which form of it.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FileParams {
    /// The small JPEG of it, if the message's `file.preview` says that there is one.
    #[serde(default)]
    preview: bool,
    /// To be saved, whatever it is.
    #[serde(default)]
    save: bool,
}

/// The file of a message
///
/// Answers ranges. `404` while the message's `file.state` is not `here`.
#[utoipa::path(get, path = "/messages/{id}/file", tag = "files", params(("id" = MessageId, Path), FileParams),
    responses((status = 200, description = "Its bytes", content_type = "application/octet-stream"),
        (status = 206, description = "Those that were asked for", content_type = "application/octet-stream"),
        (status = 304, description = "As you have it"),
        (status = 416, description = "There are no such bytes")))]
pub async fn show(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
    Params(FileParams { preview, save }): Params<FileParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = state.engine.file(&actor, id, preview).await?;
    let tag = format!("\"{}\"", file.tag);
    let said = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, about(&file, &tag, save)).into_response());
    }
    // A range of what it was before would not fit what it is now.
    let unchanged = said(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = match said(header::RANGE).filter(|_| unchanged).map(|asked| range(asked, file.size)) {
        None => None,
        Some(Ok(range)) => range,
        Some(Err(())) => {
            let none = [(header::CONTENT_RANGE, format!("bytes */{}", file.size))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, none).into_response());
        }
    };
    let bytes = state.engine.read_file(&file, range.clone()).await?;
    let mut response = (about(&file, &tag, save), Body::from_stream(bytes)).into_response();
    let length = range.as_ref().map_or(file.size, |range| range.end - range.start);
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    if let Some(range) = range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let words = format!("bytes {}-{}/{}", range.start, range.end - 1, file.size);
        if let Ok(words) = HeaderValue::from_str(&words) {
            response.headers_mut().insert(header::CONTENT_RANGE, words);
        }
    }
    Ok(response)
}

/// The one range that is asked for; `None` for all of it. Several at once are answered with all, which is allowed and
/// spares us their format.
fn range(asked: &str, size: u64) -> Result<Option<Range<u64>>, ()> {
    // What cannot be read is to be ignored.
    let Ok(parsed) = parse_range_header(asked) else { return Ok(None) };
    let ranges = parsed.validate(size).map_err(drop)?;
    match ranges.as_slice() {
        [one] => Ok(Some(*one.start()..*one.end() + 1)),
        _ => Ok(None),
    }
}

/// What every answer says about a file.
fn about(file: &FoundFile, tag: &str, save: bool) -> HeaderMap {
    let shown = SHOWN.contains(&file.mime.as_str());
    let mime = if shown { file.mime.as_str() } else { "application/octet-stream" };
    let how = if shown && !save { "inline" } else { "attachment" };
    let disposition = disposition(how, &file.name);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CONTENT_TYPE, mime),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::ETAG, tag),
        (header::ACCEPT_RANGES, "bytes"),
        // For who has asked, and only after asking us whether he still may.
        (header::CACHE_CONTROL, "private, no-cache"),
        // Should a browser ever take it for a page: one that may do nothing.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// What to do with a file, and what to call it.
pub(super) fn disposition(how: &str, name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_ ".contains(c) { c } else { '_' }).collect();
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{}", encoded(name))
}

/// As RFC 8187 has it.
fn encoded(name: &str) -> String {
    name.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

/// Which picture.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PictureParams {
    /// The conversation's `picture`: with the right one the answer may be kept for a day.
    v: Option<u32>,
}

/// The picture of a conversation
///
/// What its contact or group shows on WhatsApp, as a small square JPEG. `404` if the conversation has no `picture`.
#[utoipa::path(get, path = "/conversations/{id}/picture", tag = "files",
    params(("id" = ConversationId, Path), PictureParams),
    responses((status = 200, description = "The picture", content_type = "image/jpeg"),
        (status = 304, description = "As you have it")))]
pub async fn picture(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<ConversationId>,
    Params(PictureParams { v }): Params<PictureParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (file, rev) = state.engine.picture(&actor, id).await?;
    let tag = format!("\"{}\"", file.tag);
    let mut about = about(&file, &tag, false);
    about.remove(header::ACCEPT_RANGES);
    if v == Some(rev) {
        // Another one has another address.
        about.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400"));
    }
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    about.insert(header::CONTENT_LENGTH, file.size.into());
    let bytes = state.engine.read_file(&file, None).await?;
    Ok((about, Body::from_stream(bytes)).into_response())
}

/// Whether who asks has this already.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| known.split(',').any(|known| known.trim() == tag))
}

/// Fetch the file of a message from WhatsApp
///
/// For those that are `away` (from before the number was linked) and for those that `failed`. `file.state` tells how it goes,
/// on the live stream too. What is `harmful` is fetched and looked at again for admins only.
#[utoipa::path(post, path = "/messages/{id}/file/load", tag = "files", params(("id" = MessageId, Path)),
    responses((status = 200, body = MessageView)))]
pub async fn load(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MessageId>,
) -> Result<Json<MessageView>, Problem> {
    Ok(Json(state.engine.load_file(&actor, id).await?))
}

/// A file to upload.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginUpload {
    /// What it is called.
    name: String,
    /// Bytes, at most 104,857,600.
    #[schema(minimum = 1, maximum = 104_857_600)]
    size: u64,
}

/// Begin an upload
#[utoipa::path(post, path = "/uploads", tag = "files", request_body = BeginUpload,
    responses((status = 201, body = UploadView)))]
pub async fn begin(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(BeginUpload { name, size }): JsonBody<BeginUpload>,
) -> Result<(StatusCode, Json<UploadView>), Problem> {
    Ok((StatusCode::CREATED, Json(state.engine.begin_upload(&actor, &name, size).await?)))
}

/// How far an upload is
#[utoipa::path(get, path = "/uploads/{id}", tag = "files", params(("id" = UploadId, Path)),
    responses((status = 200, body = UploadView)))]
pub async fn upload(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<UploadId>,
) -> Result<Json<UploadView>, Problem> {
    Ok(Json(state.engine.upload(&actor, id).await?))
}

/// Where a part belongs.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PartParams {
    /// How many bytes of the file stand before it.
    offset: u64,
}

/// Upload the next part
///
/// The body is the bytes themselves, best 1 MiB at a time and at most 8 MiB. `received` tells where the next one begins;
/// after a lost connection ask where to go on.
#[utoipa::path(put, path = "/uploads/{id}", tag = "files", params(("id" = UploadId, Path), PartParams),
    request_body(content_type = "application/octet-stream"),
    responses((status = 200, body = UploadView), (status = 409, description = "Not the next part")))]
pub async fn part(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<UploadId>,
    Params(PartParams { offset }): Params<PartParams>,
    request: Request,
) -> Result<Json<UploadView>, Problem> {
    let bytes = patiently(request.into_body().into_data_stream());
    Ok(Json(state.engine.upload_part(&actor, id, offset, Box::pin(bytes)).await?))
}

/// The same bytes, but a line on which nothing comes for a while counts as broken.
fn patiently(
    bytes: axum::body::BodyDataStream,
) -> impl futures::Stream<Item = Result<axum::body::Bytes, io::Error>> {
    futures::stream::unfold(Some(bytes), |bytes| async {
        let mut bytes = bytes?;
        match tokio::time::timeout(ARRIVAL, bytes.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(bytes))),
            Ok(Some(Err(error))) => Some((Err(io::Error::other(error)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    })
}

/// Give an upload up
#[utoipa::path(delete, path = "/uploads/{id}", tag = "files", params(("id" = UploadId, Path)),
    responses((status = 204, description = "Given up")))]
pub async fn cancel(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<UploadId>,
) -> Result<StatusCode, Problem> {
    state.engine.cancel_upload(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A file to send.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendFile {
    /// Made by you, a `UUIDv7`: sent twice with the same id it is still one message.
    id: MessageId,
    /// The finished upload.
    upload: UploadId,
    /// Words below it, at most 1,024 characters.
    #[serde(default)]
    #[schema(max_length = 1024)]
    caption: String,
    /// As what it is sent, if possible.
    #[serde(default)]
    wish: Wish,
    /// The message that it answers.
    reply_to: Option<MessageId>,
}

/// Send an uploaded file
#[utoipa::path(post, path = "/conversations/{id}/files", tag = "files", params(("id" = ConversationId, Path)),
    request_body = SendFile, responses((status = 200, body = MessageView)))]
pub async fn send(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(conversation): Id<ConversationId>,
    JsonBody(SendFile { id, upload, caption, wish, reply_to }): JsonBody<SendFile>,
) -> Result<Json<MessageView>, Problem> {
    let new = NewFile { id, upload, caption, wish, reply_to };
    Ok(Json(state.engine.send_file(&actor, conversation, &new).await?))
}
