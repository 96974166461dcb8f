//! The control API: what tests and the phones' page do to the world. JSON in, JSON out, errors as
//! `{"error": "what happened and what to do"}`.

mod gateways;
mod guard;
mod media;
mod phones;
mod stream;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts, Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{any, get, post},
};
use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Number,
    faults::Faults,
    gowa, graph,
    handle::World,
    runtime::Shared,
    world::{Incoming, WorldError},
};

/// The phones' page, complete in one answer.
const PAGE: &str = concat!(
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sandbox</title>",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>",
    include_str!("../page/style.css"),
    "</style></head><body>",
    include_str!("../page/body.html"),
    "<script>\"use strict\";",
    include_str!("../page/words.js"),
    include_str!("../page/media.js"),
    include_str!("../page/bubbles.js"),
    include_str!("../page/app.js"),
    include_str!("../page/gateways.js"),
    include_str!("../page/drawers.js"),
    "</script></body></html>",
);
/// The page brings everything along, so nothing else may be loaded.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                           connect-src 'self'; img-src 'self' data:; media-src 'self'; base-uri 'none'; \
                           form-action 'none'; frame-ancestors 'none'";

/// A message with a file in base64 may be so large. Larger files are handed over by themselves.
const LARGEST: usize = 24 * 1024 * 1024;

/// Why a control call was refused.
#[derive(Debug)]
struct Trouble(StatusCode, String);

impl Trouble {
    fn bad(text: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, text.into())
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

impl From<WorldError> for Trouble {
    fn from(error: WorldError) -> Self {
        let status = match error {
            WorldError::UnknownAccount(_) | WorldError::UnknownPhone(_) | WorldError::UnknownDevice(_) => {
                StatusCode::NOT_FOUND
            }
            WorldError::DuplicateMessage(_) | WorldError::DuplicateNumber(_) => StatusCode::CONFLICT,
            WorldError::Invalid(_) => StatusCode::BAD_REQUEST,
        };
        Self(status, error.to_string())
    }
}

/// A JSON body; says in words what is wrong with it. Takes any content type, so that `curl -d` works.
fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(bytes)
        .map_err(|error| Trouble::bad(format!("the body cannot be understood: {error}")))
}

/// Query parameters, with errors in our shape.
#[derive(FromRequestParts)]
#[from_request(via(Query), rejection(Trouble))]
struct Ask<T>(T);

impl From<QueryRejection> for Trouble {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad(rejection.body_text())
    }
}

type Answer = Result<Json<Value>, Trouble>;

/// Everything that the sandbox serves.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let own = Router::new()
        .route("/", get(page))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/control/messages", get(sent).post(receive).layer(DefaultBodyLimit::max(LARGEST)))
        .route("/control/read", get(unread).post(read))
        .route("/control/typing", get(typing).post(gateways::customer_types))
        .route("/control/faults", get(faults).post(set_faults).delete(clear_faults))
        .route("/control/numbers", get(numbers).post(add_number))
        .route("/control/webhook", post(set_webhook))
        .route("/control/deliveries", get(deliveries))
        .route("/control/pending", get(pending))
        .route("/control/reset", post(reset))
        .route("/control/stream", get(stream::stream))
        .merge(gateways::routes())
        .merge(media::routes())
        .merge(phones::routes())
        .route("/control/{*rest}", get(unknown).fallback(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(guard::same_machine));
    let own = own.route("/gowa/{*call}", any(gowa::handle));
    let own = own.route("/whatsapp_business/attachments/", get(graph::download));
    own.fallback(graph::handle).with_state(shared)
}

async fn page() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, PAGE_POLICY), (header::CACHE_CONTROL, "no-store")], Html(PAGE))
}

async fn unknown() -> Trouble {
    Trouble(StatusCode::NOT_FOUND, "the control API has no such path".to_owned())
}

async fn wrong_method() -> Trouble {
    Trouble(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method".to_owned())
}

async fn receive(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let incoming: Incoming = body(&bytes)?;
    let receive = move || World(shared).receive(&incoming);
    // A file may be large, and is written while this waits.
    let received = tokio::task::spawn_blocking(receive).await;
    let id = received.map_err(|_| Trouble::bad("the message got lost inside the sandbox"))??;
    Ok(Json(json!({"id": id})))
}

#[derive(Deserialize)]
struct To {
    to: Option<String>,
    account: Option<String>,
}

async fn sent(State(shared): State<Arc<Shared>>, Ask(query): Ask<To>) -> Json<Value> {
    let mut sent = shared.state().sent(query.to.as_deref());
    if let Some(account) = &query.account {
        sent.retain(|message| message.account == *account);
    }
    Json(json!(sent))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    to: String,
}

async fn read(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Read { to } = body(&bytes)?;
    World(shared).read(&to)?;
    Ok(Json(json!({"success": true})))
}

async fn unread(State(shared): State<Arc<Shared>>, Ask(query): Ask<To>) -> Answer {
    let Some(to) = query.to else { return Err(Trouble::bad("say whose messages: /control/read?to=628…")) };
    Ok(Json(json!({"unread": World(shared).unread(&to)})))
}

async fn typing(State(shared): State<Arc<Shared>>, Ask(query): Ask<To>) -> Answer {
    let Some(to) = query.to else { return Err(Trouble::bad("say whose phone: /control/typing?to=628…")) };
    let until = shared.state().typing(&to, shared.now());
    Ok(Json(json!({"typing": until.is_some(), "until": until})))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!(shared.state().faults.list()))
}

async fn set_faults(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let faults: Faults = body(&bytes)?;
    World(Arc::clone(&shared)).faults(faults)?;
    Ok(Json(json!(shared.state().faults.list())))
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    World(shared).clear_faults();
    Json(json!([]))
}

async fn numbers(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!(shared.state().numbers()))
}

async fn add_number(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let number: Number = body(&bytes)?;
    let id = number.phone_number_id.clone();
    World(shared).add_number(number)?;
    Ok(Json(json!({"phone_number_id": id})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    account: String,
    /// `null` takes the URL away; webhooks wait from then on.
    url: Option<String>,
    /// Asks the URL for `hub.challenge` first.
    #[serde(default)]
    probe: bool,
}

async fn set_webhook(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Webhook { account, url, probe } = body(&bytes)?;
    let Some(number) = shared.state().number(&account).cloned() else {
        return Err(WorldError::UnknownAccount(account).into());
    };
    if let Some(url) = &url {
        crate::deliver::allowed(url).map_err(Trouble::bad)?;
        if probe && let Err(problem) = graph::probe(&shared, url, &number.verify_token).await {
            return Err(Trouble::bad(format!("the webhook URL does not answer hub.challenge: {problem}")));
        }
    }
    shared.set_webhook_url(&account, url);
    Ok(Json(json!({"success": true})))
}

#[derive(Deserialize)]
struct DeliveriesQuery {
    account: Option<String>,
    limit: Option<usize>,
}

async fn deliveries(State(shared): State<Arc<Shared>>, Ask(query): Ask<DeliveriesQuery>) -> Json<Value> {
    Json(json!(shared.post.log(query.account.as_deref(), query.limit.unwrap_or(usize::MAX))))
}

async fn pending(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"pending": shared.post.pending()}))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.reset();
    Json(json!({"success": true}))
}
