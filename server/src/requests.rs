//! Every request has an id, a line in the log, and an answer even if the handler panics.

use std::{any::Any, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use balas_domain::Random;

use crate::{problem::Problem, state::AppState};

/// Carries the id, in requests from proxies and in all answers.
const HEADER: &str = "x-request-id";

/// Gives the request its id, measures it and logs it. Neither query strings nor bodies nor headers are
/// logged: they hold secrets and messages. The route is logged as its template, so that ids of customers stay
/// out too.
pub async fn log(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = request.headers().get(HEADER).and_then(usable).unwrap_or_else(|| new_id(state.engine.random()));
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let route = matched.as_ref().map_or("(page or file)", MatchedPath::as_str);
    let status = response.status().as_u16();
    let elapsed = start.elapsed();
    let ms = (elapsed.as_secs_f64() * 10_000.0).round() / 10.0;
    let labels =
        [("method", known(&method).to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::histogram!("balas_http_seconds", &labels).record(elapsed.as_secs_f64());
    let quiet =
        matches!(route, "/health/live" | "/health/ready" | "/metrics" | "/pkg/{*file}") && status < 500;
    if quiet {
        tracing::debug!(id, %method, route, status, ms, "request");
    } else {
        tracing::info!(id, %method, route, status, ms, "request");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// Clients invent methods; a label must not.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A proxy's id, if it cannot forge log lines.
fn usable(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let fine = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fine.then(|| text.to_owned())
}

fn new_id(random: &dyn Random) -> String {
    let mut bytes = [0_u8; 8];
    random.fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// Answers in place of a handler that panicked. What it said goes to the log, not to the asker.
#[expect(clippy::needless_pass_by_value, reason = "the shape that tower-http asks for")]
pub fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let words = cause
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = words, "a handler panicked");
    metrics::counter!("balas_panics_total").increment(1);
    Problem::internal().into_response()
}

/// Turns a problem into a few plain words for who opened a page in a browser; programs get it as it is.
pub async fn for_people(request: Request, next: Next) -> Response {
    let html = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let response = next.run(request).await;
    let problem =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t == crate::problem::MEDIA_TYPE);
    if !(html && problem) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 64 * 1024).await.unwrap_or_default();
    let words = serde_json::from_slice::<serde_json::Value>(&bytes)
        .ok()
        .and_then(|v| Some(format!("{}\n\n{}.\n", v["title"].as_str()?, v["detail"].as_str()?)))
        .unwrap_or_default();
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, words.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_tells_the_asker_nothing() {
        async fn handler() -> Response {
            panic!("the secret is 42")
        }
        let router = axum::Router::new()
            .route("/", axum::routing::get(handler))
            .layer(tower_http::catch_panic::CatchPanicLayer::custom(panicked));
        let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let words = String::from_utf8(body.to_vec()).unwrap();
        assert!(words.contains("\"internal\"") && !words.contains("42"), "{words}");
    }

    #[test]
    fn ids_cannot_forge_log_lines() {
        let take = |s: &str| usable(&HeaderValue::from_bytes(s.as_bytes()).unwrap());
        assert_eq!(take("0af7651916cd43dd").as_deref(), Some("0af7651916cd43dd"));
        for bad in ["short", "with spaces in it", "a\tb\tc\td\te", &"x".repeat(65)] {
            assert_eq!(take(bad), None, "{bad}");
        }
    }
}
