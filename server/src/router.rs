//! All routes, and what every request passes on its way.

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{Extensions, HeaderMap, StatusCode, Version, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use balas_app::server as app;
use tower_http::{CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer};

use crate::{
    api, auth,
    auth::Visitor,
    client::{self, ClientIp},
    extract::{MAX_JSON, read_body},
    headers, health,
    limits::{self, Limit},
    metrics,
    problem::Problem,
    requests, site,
    state::AppState,
    webhooks, ws,
};

/// Smaller answers are not worth compressing.
const WORTHWHILE: u64 = 1024;

/// The whole server as one service.
pub fn build(state: AppState) -> Router {
    let limit = |limit: Limit| from_fn_with_state(limit, limits::enforce);
    let calls = limit(Limit::per_second(state.limits.api_per_second));
    let sign_in = limit(Limit::per_minute(state.limits.sign_in_per_minute));
    let deliveries = limit(Limit::per_second(state.limits.webhooks_per_second));
    let recognise = from_fn_with_state(state.clone(), auth::recognise);

    let signing = Router::new().route("/sign-in", post(page)).layer(recognise.clone()).layer(sign_in).merge(
        // Looking at the form is free.
        Router::new().route("/sign-in", get(page)).layer(recognise.clone()),
    );
    let screens = Router::new()
        .route("/api/ui/{*function}", any(call))
        .layer(recognise.clone())
        .layer(calls.clone())
        .merge(Router::new().fallback(page_or_file).layer(recognise))
        .merge(signing);
    let machinery = Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::show))
        .route("/pkg/{*file}", get(site::serve))
        .merge(Router::new().route("/ws", get(ws::open)).layer(calls.clone()));

    screens
        .merge(machinery)
        .merge(webhooks::routes().layer(deliveries))
        .nest("/api/v1", api::routes().layer(calls))
        .layer(CatchPanicLayer::custom(requests::panicked))
        .layer(from_fn(requests::for_people))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_compressing))
        .layer(from_fn_with_state(state.clone(), headers::protect))
        .layer(from_fn_with_state(state.clone(), client::identify))
        .layer(from_fn_with_state(state.clone(), requests::log))
        .with_state(state)
}

/// Pages and JSON. Files lie compressed already, or would not become smaller.
fn worth_compressing(status: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    status == StatusCode::OK
        && (kind.starts_with("text/html") || kind.starts_with("application/json"))
        && length.is_none_or(|n| n >= WORTHWHILE)
}

fn visitor(Visitor(actor): Visitor, ip: Option<Extension<ClientIp>>) -> app::Visitor {
    app::Visitor { actor, ip: ip.and_then(|Extension(c)| c.ip) }
}

fn app_site(state: &AppState) -> &app::Site {
    &state.app_site
}

/// A page, or one of the site's files.
async fn page_or_file(
    State(state): State<AppState>,
    Extension(who): Extension<Visitor>,
    ip: Option<Extension<ClientIp>>,
    request: Request,
) -> Response {
    match site::file(&state, &request) {
        Some(file) => file,
        None => page(State(state), Extension(who), ip, request).await,
    }
}

async fn page(
    State(state): State<AppState>,
    Extension(who): Extension<Visitor>,
    ip: Option<Extension<ClientIp>>,
    request: Request,
) -> Response {
    let request = match arrived(request).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    app::page(app_site(&state), &state.engine, visitor(who, ip), request).await
}

/// A call that a page makes.
async fn call(
    State(state): State<AppState>,
    Extension(who): Extension<Visitor>,
    ip: Option<Extension<ClientIp>>,
    request: Request,
) -> Response {
    let request = match arrived(request).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    app::call(app_site(&state), &state.engine, visitor(who, ip), request).await
}

/// The request with its whole body, within bounds of size and time.
async fn arrived(request: Request) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body, MAX_JSON).await?;
    Ok(Request::from_parts(parts, body.into()))
}
