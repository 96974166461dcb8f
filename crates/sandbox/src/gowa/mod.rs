//! GOWA's REST API over HTTP, below `/gowa/{gateway}`: as version 7.7.0 and as version 9.2.0 speak it.
//!
//! Written from the vendor's OpenAPI documents and from what its code does where they differ: two kinds of
//! 401, plain text where no route is, `@` taken literally by the older version, 500 for whatever the program
//! did not expect.

mod answer;
mod call;
mod chats;
mod devices;
pub(crate) mod files;
mod form;
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
    call::Call,
};
use crate::{
    door::Scissors,
    faults::{CallFault, Refusal as Fault},
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
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return answer::response(Err(Refusal::Plain(413, "Request Entity Too Large".to_owned())));
    };
    let call = Call::new(&shared, &gateway, &parts.method, &parts.uri, &parts.headers, body);
    let fault = fault(&call);
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
    let result =
        if open || call.may_enter() { with_fault(&call, &fault).await } else { Err(Refusal::Credentials) };
    let done = result.is_ok();
    let result = match result {
        Ok(_) if fault.gateway_timeout => Err(Refusal::ordered(Some(504), None)),
        result => result,
    };
    if done {
        graph::lose(&shared, &fault, scissors).await;
    }
    answer::response(result)
}

/// What shall go wrong with this call.
fn fault(call: &Call<'_>) -> CallFault {
    let slot = match call.segments()[..] {
        ["devices", id, ..] if call.is_v9() => Some(crate::Device::new(&call.gateway.name, id)),
        _ => call.device().ok(),
    };
    let name = slot.as_ref().map(ToString::to_string);
    let mut state = call.state();
    let account = slot.as_ref().and_then(|slot| state.slot(slot)?.account().map(str::to_owned));
    let scopes = [name.as_deref(), account.as_deref(), Some(call.gateway.name.as_str())];
    let scopes: Vec<&str> = scopes.into_iter().flatten().collect();
    state.faults.take_gateway_call(&scopes, is_send(call))
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

async fn with_fault(call: &Call<'_>, fault: &CallFault) -> Answer {
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    match &fault.refusal {
        Some(Fault::Page(http)) => Err(Refusal::Page(*http)),
        Some(Fault::Gateway(status, code)) => Err(Refusal::ordered(*status, code.clone())),
        _ => route(call),
    }
}

fn statics(call: &Call<'_>, folder: &str, file: &str) -> Answer {
    let found = match folder {
        "qrcode" => {
            let content = call.state().qr_picture(&call.gateway.name, file, call.now);
            content.and_then(|content| files::qr_png(&content)).map(|png| ("image/png", png))
        }
        "media" => files::media(file),
        _ => None,
    };
    let (mime, bytes) = found.ok_or_else(|| no_route(call))?;
    Ok(Done::File(mime, bytes))
}

fn route(call: &Call<'_>) -> Answer {
    let method = call.method.as_str();
    let segments = call.segments();
    let path = segments.as_slice();
    if let ["statics", folder, file] = path {
        return statics(call, folder, file);
    }
    if call.is_v9() {
        match (method, path) {
            ("GET", ["health"]) => return Ok(Done::File("text/plain; charset=utf-8", b"OK".to_vec())),
            ("GET", ["app", "info"]) => return Ok(info()),
            ("GET", ["devices"]) => return Ok(devices::list(call)),
            ("POST", ["devices"]) => return devices::create(call),
            (_, ["devices", id, rest @ ..]) => return devices::one(call, id, rest),
            ("GET", ["message", id, "download"]) => return messages::download(call, id),
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
