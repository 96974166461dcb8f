//! The Graph API over HTTP: routes by path as Meta does, checks version and token, applies faults.

mod media;
mod objects;

pub(crate) use media::download;
pub(crate) use objects::probe;

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, Extension, Request as HttpRequest, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    config::Number,
    door::Scissors,
    faults::{CallFault, Refusal as Fault},
    form::{self, Form, FormError},
    graph_error::{GraphError, OAUTH},
    runtime::Shared,
    wire,
    world::{Request, parse},
};

/// Requests are small, but for those that bring a file.
const LARGEST: usize = 2 * 1024 * 1024;

/// One call, taken apart.
struct Call<'a> {
    method: &'a Method,
    /// Path after the version.
    path: Vec<&'a str>,
    query: HashMap<String, String>,
    token: &'a str,
    /// What the caller calls this machine.
    host: &'a str,
    body: Bytes,
    /// What an upload brought.
    form: Option<Result<Form, FormError>>,
}

/// The body of a call.
struct Payload {
    bytes: Bytes,
    form: Option<Result<Form, FormError>>,
}

impl Payload {
    /// Reads it; nothing when it is too large.
    async fn read(shared: &Shared, request: HttpRequest) -> Option<Self> {
        let path = request.uri().path();
        let upload = *request.method() == Method::POST && path.trim_end_matches('/').ends_with("/media");
        if upload && form::is_form(request.headers()) {
            let form = form::read(&shared.blobs, request).await;
            return Some(Self { bytes: Bytes::new(), form: Some(form) });
        }
        let bytes = axum::body::to_bytes(request.into_body(), LARGEST).await.ok()?;
        Some(Self { bytes, form: None })
    }
}

/// Answers every path that is not the control API or the page.
pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    scissors: Option<Extension<ConnectInfo<Scissors>>>,
    request: HttpRequest,
) -> Response {
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    let trace = wire::fbtrace_id(&*shared.random);
    let answer = match Payload::read(&shared, request).await {
        Some(payload) => {
            let scissors = scissors.map(|Extension(ConnectInfo(scissors))| scissors);
            answer(&shared, scissors.as_ref(), &method, &uri, &headers, payload).await
        }
        None => Err(Refusal::from(GraphError::new(413, OAUTH, 1, "The request is too large"))),
    };
    let version = uri.path().split('/').nth(1).unwrap_or_default().to_owned();
    let mut response = match answer {
        Ok(value) => json_response(StatusCode::OK, &value),
        Err(refusal) if refusal.html => gateway_page(refusal.error.http),
        Err(refusal) => error_response(&refusal.error, &trace),
    };
    let headers = response.headers_mut();
    for (name, value) in
        [("x-fb-request-id", &trace), ("x-fb-trace-id", &trace), ("facebook-api-version", &version)]
    {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// A Graph error, or the HTML page of a gateway in front of it.
struct Refusal {
    error: GraphError,
    html: bool,
}

impl From<GraphError> for Refusal {
    fn from(error: GraphError) -> Self {
        Self { error, html: false }
    }
}

async fn answer(
    shared: &Arc<Shared>,
    scissors: Option<&Scissors>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    payload: Payload,
) -> Result<Value, Refusal> {
    let path = uri.path();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let version = segments.next().unwrap_or_default();
    if !is_version(version) {
        // What looks like a version is told apart from a path that is simply wrong.
        let looks_like =
            version.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        return Err(if looks_like {
            GraphError::new(400, OAUTH, 100, "Invalid version format. Use format like 'v23.0'")
        } else {
            GraphError::new(400, OAUTH, 2_500, format!("Unknown path components: {path}"))
        }
        .into());
    }
    let query = query_pairs(uri.query().unwrap_or_default());
    let token = token(shared, headers, &query)?;
    if let Some(proof) = query.get("appsecret_proof")
        && !shared.state().proves(&token, proof)
    {
        let text = "Invalid appsecret_proof provided in the API argument";
        return Err(GraphError::new(400, "GraphMethodException", 100, text).into());
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let Payload { bytes: body, form } = payload;
    let call = Call { method, path: segments.collect(), query, token: &token, host, body, form };
    let Some(id) = call.path.first().copied() else {
        return Err(GraphError::new(
            400,
            OAUTH,
            2_500,
            "An active access token must be used to query information",
        )
        .into());
    };
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(GraphError::new(
            400,
            OAUTH,
            2_500,
            format!("Unknown path components: /{}", call.path.join("/")),
        )
        .into());
    }
    let number = shared.state().number(id).filter(|number| number.token == token).cloned();
    match number {
        Some(number) => number_call(shared, scissors, &call, &number).await,
        None if media::exists(shared, &call, id) => media::object(shared, scissors, &call, id).await,
        None => objects::waba(shared, &call, id).await.map_err(Refusal::from),
    }
}

/// The bearer token of a call, if anything here accepts it.
fn token(
    shared: &Shared,
    headers: &HeaderMap,
    query: &HashMap<String, String>,
) -> Result<String, GraphError> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer ")).map(|_| &value[7..])
        })
        .or_else(|| query.get("access_token").map(String::as_str))
        .map(str::trim)
        .filter(|token| !token.is_empty());
    let Some(token) = token else {
        let text = "An access token is required to request this resource";
        return Err(GraphError::new(401, OAUTH, 104, text));
    };
    if !shared.state().knows_token(token) {
        let text = "Invalid OAuth access token - Cannot parse access token";
        return Err(GraphError::new(401, OAUTH, 190, text).subcode(467));
    }
    Ok(token.to_owned())
}

async fn number_call(
    shared: &Arc<Shared>,
    scissors: Option<&Scissors>,
    call: &Call<'_>,
    number: &Number,
) -> Result<Value, Refusal> {
    let id = number.phone_number_id.as_str();
    let messages = call.path.get(1..) == Some(&["messages"]) && call.method == Method::POST;
    // A malformed send never gets as far as the faults, just as Meta checks before it queues.
    let request = if messages { Some(messages_request(&call.body)?) } else { None };
    let send = matches!(request, Some(Request::Message(_)));
    let fault = trouble(shared, scissors, id, send).await?;
    if call.path.get(1..) == Some(&["media"]) && call.method == Method::POST {
        return media::upload(shared, scissors, call, number);
    }
    match request {
        Some(Request::Message(outgoing)) => {
            let response = shared.send(id, *outgoing, fault.fail_status)?;
            lose(shared, &fault, scissors).await;
            Ok(response)
        }
        Some(Request::Read { id: message, typing }) => {
            let effects = shared.state().mark_read(id, &message, typing, shared.now())?;
            shared.carry_out(effects);
            Ok(json!({"success": true}))
        }
        None => Ok(objects::number(call, number)?),
    }
}

/// What was ordered to happen to a call for this number: it waits, or is not done.
async fn trouble(
    shared: &Shared,
    scissors: Option<&Scissors>,
    account: &str,
    send: bool,
) -> Result<CallFault, Refusal> {
    let fault = shared.state().faults.take_call(account, send);
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    if fault.down {
        cut(scissors);
    }
    match &fault.refusal {
        Some(Fault::Graph(error)) => Err(error.clone().into()),
        Some(Fault::Page(status)) => {
            let error = GraphError { http: *status, ..GraphError::of_code(1) };
            Err(Refusal { error, html: true })
        }
        _ if fault.down => Err(GraphError::of_code(1).into()),
        _ => Ok(fault),
    }
}

/// Keeps an answer back for good, or cuts the line that it would go over.
pub(crate) async fn lose(shared: &Shared, fault: &CallFault, scissors: Option<&Scissors>) {
    if fault.timeout_after_accept {
        // Until the client hangs up, which drops this future, or the sandbox stops.
        shared.cancel.cancelled().await;
    }
    if fault.lost_answer {
        cut(scissors);
    }
}

/// Nothing more goes over this line, and what is answered gets lost.
pub(crate) fn cut(scissors: Option<&Scissors>) {
    if let Some(scissors) = scissors {
        scissors.cut();
    }
}

fn messages_request(body: &[u8]) -> Result<Request, GraphError> {
    if body.is_empty() {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Err(GraphError::parameter("Invalid parameter").details("The body is not valid JSON."));
    };
    parse(&body)
}

fn is_version(segment: &str) -> bool {
    let major = segment.strip_prefix('v').and_then(|rest| rest.strip_suffix(".0"));
    major.is_some_and(|major| {
        (1..=3).contains(&major.len()) && major.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Decodes a query string; later values win.
pub(crate) fn query_pairs(query: &str) -> HashMap<String, String> {
    let Ok(url) = reqwest::Url::parse(&format!("http://localhost/?{query}")) else { return HashMap::new() };
    url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

fn json_response(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=UTF-8")], value.to_string()).into_response()
}

fn error_response(error: &GraphError, trace: &str) -> Response {
    let status = StatusCode::from_u16(error.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, &error.body(trace));
    let headers = response.headers_mut();
    if error.http == 401
        && let Ok(value) = HeaderValue::from_str(&format!(
            r#"OAuth "Facebook Platform" "invalid_token" "{}""#,
            error.message
        ))
    {
        headers.insert(header::WWW_AUTHENTICATE, value);
    }
    if let Some(seconds) = error.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        let usage = json!({"200300400500600": [{
            "type": "whatsapp",
            "call_count": 100,
            "total_cputime": 25,
            "total_time": 25,
            // In minutes, rounded up.
            "estimated_time_to_regain_access": seconds.div_ceil(60),
        }]});
        if let Ok(value) = HeaderValue::from_str(&usage.to_string()) {
            headers.insert("x-business-use-case-usage", value);
        }
    }
    response
}

pub(crate) fn gateway_page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = format!(
        "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>{status}</h1></body></html>"
    );
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in ["v23.0", "v9.0", "v100.0"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["23.0", "v23", "v23.1", "v.0", "vx.0", "v", ""] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn queries() {
        let pairs = query_pairs("fields=id%2Cname&x=a+b");
        assert_eq!(pairs["fields"], "id,name");
        assert_eq!(pairs["x"], "a b");
    }
}
