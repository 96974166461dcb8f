//! GOWA's REST API over HTTP, below `/gowa/{gateway}`: as version 7.7.0 and as version 9.2.0 speak it.
//!
//! Written from the vendor's OpenAPI documents and from what its code does where they differ: two kinds of
//! 401, plain text where no route is, `@` taken literally by the older version, 500 for whatever the program
//! did not expect.

mod answer;
mod avatar;
mod call;
mod chats;
mod devices;
mod fetch;
pub(crate) mod files;
pub(crate) mod go_json;
mod groups;
mod jid;
mod login;
mod messages;
mod people;
mod send;
#[cfg(test)]
mod shapes;
pub(crate) mod time;
pub(crate) mod v7;
pub(crate) mod v9;
mod vcard;

use std::sync::Arc;

use axum::{
    extract::{ConnectInfo, Extension, Request, State},
    http::Method,
    response::Response,
};
use serde_json::{Value, json};

use self::{
    answer::{Answer, Done, Refusal},
    call::{Call, Payload},
};
use crate::{
    blob::StoreError,
    door::Scissors,
    faults::{CallFault, Calls, MediaCall, MediaFault, Refusal as Fault},
    form::{self, FormError},
    graph,
    runtime::Shared,
};

/// As large as the vendor's own limit for videos.
const LARGEST: usize = 100_000_000;

/// Answers every path below `/gowa/`.
pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    scissors: Option<Extension<ConnectInfo<Scissors>>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let scissors = scissors.map(|Extension(ConnectInfo(scissors))| scissors);
    let name = parts.uri.path().split('/').nth(2).unwrap_or_default();
    let gateway = shared.state().gateway(name).map(|server| server.settings.clone());
    let Some(gateway) = gateway else {
        let text = format!("the sandbox has no gateway called {name}; GET /control/gateways lists them");
        return answer::response(Err(Refusal::Plain(404, text)));
    };
    let payload = if form::is_form(&parts.headers) {
        let mut request = Request::new(body);
        request.headers_mut().clone_from(&parts.headers);
        form::read(&shared.blobs, request).await.map(Payload::Form)
    } else {
        let read = axum::body::to_bytes(body, LARGEST).await.map(Payload::Json);
        read.map_err(|_| FormError::Store(StoreError::TooLarge))
    };
    let payload = match payload {
        Ok(payload) => payload,
        Err(error) => return answer::response(Err(unreadable(error))),
    };
    let mut call = Call::new(&shared, &gateway, &parts.method, &parts.uri, &parts.headers, payload);
    let (fault, media) = fault(&call);
    if fault.down {
        graph::cut(scissors.as_ref());
        return answer::response(Err(Refusal::Cut));
    }
    // Files and health are told without asking who wants to know.
    let open = match call.segments()[..] {
        ["statics", ..] => true,
        ["health"] => call.is_v9(),
        _ => false,
    };
    let result = if open || call.may_enter() {
        with_fault(&mut call, &fault, &media).await
    } else {
        Err(Refusal::Credentials)
    };
    let done = result.is_ok();
    let result = match result {
        Ok(_) if fault.gateway_timeout => Err(Refusal::ordered(Some(504), None)),
        result => result,
    };
    if done {
        graph::lose(&shared, &fault, scissors.as_ref()).await;
        if media.answer_lost {
            graph::cut(scissors.as_ref());
        }
    }
    answer::response(result)
}

/// What is said about a body that cannot be read.
fn unreadable(error: FormError) -> Refusal {
    match error {
        FormError::Broken => Refusal::internal("multipart: NextPart: EOF"),
        FormError::Store(StoreError::TooLarge) => Refusal::Plain(413, "Request Entity Too Large".to_owned()),
        FormError::Store(error) => Refusal::internal(error.to_string()),
    }
}

/// What shall go wrong with this call.
fn fault(call: &Call<'_>) -> (CallFault, MediaFault) {
    let segments = call.segments();
    let stored = file_path(&segments);
    let slot = match (&segments[..], &stored) {
        (["devices", id, ..], _) if call.is_v9() => Some(crate::Device::new(&call.gateway.name, id)),
        // Nobody says for whom a file is fetched; it is known who put it there.
        (_, Some(path)) => {
            let state = call.state();
            let server = state.gateway(&call.gateway.name);
            server.and_then(|server| server.files.get(path)).map(|stored| stored.device.clone())
        }
        _ => call.device().ok(),
    };
    let name = slot.as_ref().map(ToString::to_string);
    let mut state = call.state();
    let account = slot.as_ref().and_then(|slot| state.slot(slot)?.account().map(str::to_owned));
    let scopes = [name.as_deref(), account.as_deref(), Some(call.gateway.name.as_str())];
    let scopes: Vec<&str> = scopes.into_iter().flatten().collect();
    let fault = state.faults.take_gateway_call(&scopes, kind(call));
    let about = match segments[..] {
        _ if stored.is_some() => Some(MediaCall::Download),
        ["message", _, "download"] if call.is_v9() => Some(MediaCall::Link),
        ["send", "image" | "audio" | "video" | "file" | "sticker"] => Some(MediaCall::Upload),
        _ => None,
    };
    let media = about.map(|about| state.faults.take_media(&scopes, about));
    (fault, media.unwrap_or_default())
}

/// The path of what came with a message, if one is asked for.
fn file_path(segments: &[&str]) -> Option<String> {
    matches!(segments, ["statics", "media", _, ..]).then(|| segments.join("/"))
}

/// As which of those that faults tell apart it counts; `All` when as none of them.
fn kind(call: &Call<'_>) -> Calls {
    match call.segments()[..] {
        _ if is_send(call) => Calls::Sends,
        ["chats"] | ["chat", _, "messages"] => Calls::Chats,
        _ => Calls::All,
    }
}

/// Whether a customer gets something by it.
fn is_send(call: &Call<'_>) -> bool {
    *call.method == Method::POST
        && match call.segments()[..] {
            ["send", what] => !matches!(what, "presence" | "chat-presence"),
            ["message", _, what] => matches!(what, "reaction" | "update" | "revoke" | "forward"),
            _ => false,
        }
}

async fn with_fault(call: &mut Call<'_>, fault: &CallFault, media: &MediaFault) -> Answer {
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    match &fault.refusal {
        Some(Fault::Page(http)) => Err(Refusal::Page(*http)),
        Some(Fault::Gateway(status, code)) => Err(Refusal::ordered(*status, code.clone())),
        _ if media.refused => {
            Err(Refusal::of_code("UPLOAD_MEDIA_ERROR", "failed to upload file: the sandbox was told to fail"))
        }
        _ => {
            fetch::linked_file(call).await?;
            route(call, media)
        }
    }
}

/// A file from the gateway's disk. What is not there, or was thrown away, is no route.
fn statics(call: &Call<'_>, path: &[&str], fault: &MediaFault) -> Answer {
    if let ["qrcode", file] = path {
        let content = call.state().qr_picture(&call.gateway.name, file, call.now);
        let png = content.and_then(|content| files::qr_png(&content)).ok_or_else(|| no_route(call))?;
        return Ok(Done::File("image/png", png));
    }
    if let ["avatar", size, file] = path {
        return avatar::file(call, size, file);
    }
    let path = format!("statics/{}", path.join("/"));
    let state = call.state();
    let stored = state.gateway(&call.gateway.name).and_then(|server| server.files.get(&path));
    let stored = stored.filter(|_| !fault.gone).ok_or_else(|| no_route(call))?;
    // Its type is told by its name, as file servers do.
    let mime = stored.file.plain_mime().to_owned();
    Ok(Done::Stored(mime, stored.file.blob.clone(), fault.manner))
}

fn route(call: &Call<'_>, media: &MediaFault) -> Answer {
    let method = call.method.as_str();
    let segments = call.segments();
    let path = segments.as_slice();
    if let ["statics", path @ ..] = path {
        return statics(call, path, media);
    }
    if call.is_v9() {
        match (method, path) {
            ("GET", ["health"]) => return Ok(Done::File("text/plain; charset=utf-8", b"OK".to_vec())),
            ("GET", ["app", "info"]) => return Ok(info()),
            ("GET", ["devices"]) => return Ok(devices::list(call)),
            ("POST", ["devices"]) => return devices::create(call),
            (_, ["devices", id, rest @ ..]) => return devices::one(call, id, rest),
            ("GET", ["message", id, "download"]) => return messages::download(call, id, media),
            ("POST", ["chat", jid, what @ ("archive" | "disappearing")]) => {
                return chats::settle(call, jid, what);
            }
            _ => {}
        }
    }
    match (method, path) {
        ("GET", ["app", "devices"]) => Ok(login::devices(call)),
        ("GET", ["app", "status"]) => login::status(call, &call.device()?),
        ("GET", ["app", "login"]) => login::qr(call, &call.device()?),
        ("GET", ["app", "login-with-code"]) => login::code(call, &call.device()?),
        ("GET", ["app", "logout"]) => login::logout(call, &call.device()?),
        ("GET", ["app", "reconnect"]) => login::reconnect(call, &call.device()?),
        ("POST", ["send", what]) => send::send(call, what),
        ("POST", ["message", id, what]) => messages::change(call, id, what),
        ("GET", ["chats"]) => chats::list(call),
        ("GET", ["chat", jid, "messages"]) => chats::messages(call, jid),
        ("POST", ["chat", jid, what @ "pin"]) => chats::settle(call, jid, what),
        ("GET", ["user", rest @ ..]) => people::ask(call, rest),
        ("GET", ["group", what]) => groups::ask(call, what),
        ("POST", ["group", rest @ ..]) => groups::change(call, rest),
        _ => Err(no_route(call)),
    }
}

fn no_route(call: &Call<'_>) -> Refusal {
    Refusal::no_route(call.method.as_str(), call.full_path)
}

fn info() -> Done {
    let results = json!({
        "version": crate::GatewayVersion::V9.release(),
        "os": "linux",
        "base_path": "",
        "max_file_size": 50_000_000,
        "max_video_size": 100_000_000,
        "max_image_size": 20_000_000,
        "chatwoot_enabled": false,
    });
    Done::new("Success get app info", results)
}

/// Nothing to give back.
fn done(message: &str) -> Done {
    Done::new(message, Value::Null)
}
