//! Answers in the gateway's shapes: its envelope, its errors, and what its web framework says by itself.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use crate::blob::{
    Blob,
    serve::{self, Manner},
};

/// What a call did, if the gateway has words for it.
pub(super) type Answer = Result<Done, Refusal>;

/// A call that was done.
pub(super) enum Done {
    /// In words, with results.
    Said(String, Value),
    /// A file that is made for the answer, with its type.
    File(&'static str, Vec<u8>),
    /// A file that is kept, with its type.
    Stored(String, Arc<Blob>, Manner),
}

impl Done {
    /// With results; `null` leaves them out.
    pub(super) fn new(message: impl Into<String>, results: Value) -> Self {
        Self::Said(message.into(), results)
    }
}

/// A call that was not done.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The gateway says why.
    Error { http: u16, code: String, message: String, results: Value },
    /// The web framework says so, in plain text.
    Plain(u16, String),
    /// Wrong user or password.
    Credentials,
    /// Something before the gateway answers with a page.
    Page(u16),
    /// The connection is cut, so nobody reads this.
    Cut,
}

impl Refusal {
    /// With the code's usual status.
    pub(super) fn of_code(code: &str, message: impl Into<String>) -> Self {
        let http = match code {
            "VALIDATION_ERROR" | "INVALID_JID" | "ALREADY_LOGGED_IN" | "BAD_REQUEST" | "INVALID_REQUEST"
            | "DEVICE_ID_REQUIRED" => 400,
            "AUTHENTICATION_ERROR" => 401,
            "DEVICE_NOT_FOUND" | "NOT_FOUND" => 404,
            "CONTEXT_ERROR" => 408,
            "WA_REACHOUT_TIMELOCK" => 429,
            "DEVICE_MANAGER_UNAVAILABLE" => 503,
            "GATEWAY_TIMEOUT" => 504,
            _ => 500,
        };
        Self::Error { http, code: code.to_owned(), message: message.into(), results: Value::Null }
    }

    /// Ordered by a fault: with the status's usual code, and the other way round.
    pub(super) fn ordered(status: Option<u16>, code: Option<String>) -> Self {
        let code = code.unwrap_or_else(|| {
            let code = match status {
                Some(401) => "AUTHENTICATION_ERROR",
                Some(404) => "NOT_FOUND",
                Some(429) => "WA_REACHOUT_TIMELOCK",
                Some(503) => "DEVICE_MANAGER_UNAVAILABLE",
                Some(504) => "GATEWAY_TIMEOUT",
                Some(400..500) => "VALIDATION_ERROR",
                _ => "INTERNAL_SERVER_ERROR",
            };
            code.to_owned()
        });
        let message = match code.as_str() {
            "AUTHENTICATION_ERROR" => "you are not logged in",
            "WA_REACHOUT_TIMELOCK" => "server returned error 463",
            "GATEWAY_TIMEOUT" => "context deadline exceeded",
            "DEVICE_MANAGER_UNAVAILABLE" => "device manager is not initialized",
            _ => "the sandbox was told to fail",
        };
        match (Self::of_code(&code, message), status) {
            (Self::Error { code, message, results, .. }, Some(http)) => {
                Self::Error { http, code, message, results }
            }
            (refusal, _) => refusal,
        }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::of_code("VALIDATION_ERROR", message)
    }

    /// What any error of the program's becomes.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::of_code("INTERNAL_SERVER_ERROR", message)
    }

    pub(super) fn not_logged_in() -> Self {
        Self::of_code("AUTHENTICATION_ERROR", "you are not logged in")
    }

    pub(super) fn not_connected() -> Self {
        Self::of_code("AUTHENTICATION_ERROR", "you are not connect to services server, please reconnect")
    }

    pub(super) fn logged_in_already() -> Self {
        Self::of_code("ALREADY_LOGGED_IN", "you are already logged in")
    }

    pub(super) fn no_device(id: &str) -> Self {
        Self::Error {
            http: 404,
            code: "DEVICE_NOT_FOUND".to_owned(),
            message:
                "device not found; create a device first from /api/devices or provide a valid X-Device-Id"
                    .to_owned(),
            results: json!({"device_id": id}),
        }
    }

    pub(super) fn no_route(method: &str, path: &str) -> Self {
        Self::Plain(404, format!("Cannot {method} {path}"))
    }
}

/// What goes over the wire.
pub(super) fn response(answer: Answer) -> Response {
    match answer {
        Ok(Done::Said(message, results)) => envelope(200, "SUCCESS", &message, results),
        Ok(Done::File(mime, bytes)) => with_type(200, mime, Body::from(bytes)),
        // Parts are not served: whoever asks for one gets all.
        Ok(Done::Stored(mime, blob, manner)) => serve::whole(&blob, &mime, manner),
        Err(Refusal::Error { http, code, message, results }) => envelope(http, &code, &message, results),
        Err(Refusal::Plain(http, text)) => plain(http, text),
        Err(Refusal::Credentials) => {
            let mut response = plain(401, "Unauthorized".to_owned());
            let challenge = header::HeaderValue::from_static("basic realm=Restricted");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            response
        }
        Err(Refusal::Page(http)) => crate::graph::gateway_page(http),
        Err(Refusal::Cut) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

fn envelope(http: u16, code: &str, message: &str, results: Value) -> Response {
    let mut body = json!({"code": code, "message": message});
    if !results.is_null() {
        body["results"] = results;
    }
    with_type(http, "application/json", Body::from(body.to_string()))
}

fn plain(http: u16, text: String) -> Response {
    with_type(http, "text/plain; charset=utf-8", Body::from(text))
}

fn with_type(http: u16, mime: &'static str, body: Body) -> Response {
    let status = StatusCode::from_u16(http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, mime)], body).into_response()
}
