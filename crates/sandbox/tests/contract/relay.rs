//! Stands between our client and Prism, notes what Prism complains about, and takes past it what the vendor's
//! documents leave out.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// One exchange that Prism saw.
#[derive(Clone, Debug)]
pub struct Seen {
    pub call: String,
    pub status: u16,
    /// In Prism's words.
    pub violations: Vec<Value>,
}

impl Seen {
    /// Complaints about what was asked, or answered.
    pub fn about(&self, side: &str) -> Vec<&Value> {
        self.violations.iter().filter(|violation| violation["location"][0] == side).collect()
    }
}

struct Inner {
    http: reqwest::Client,
    prism: String,
    /// For paths that the documents do not know.
    beside: String,
    undocumented: &'static [&'static str],
    seen: Mutex<Vec<Seen>>,
}

/// A running relay.
pub struct Relay {
    pub url: String,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    /// `undocumented` are the beginnings of paths that go to `beside` instead of Prism.
    pub async fn start(prism: &str, beside: &str, undocumented: &'static [&'static str]) -> Self {
        let inner = Arc::new(Inner {
            http: balas_providers::http::client().unwrap(),
            prism: prism.to_owned(),
            beside: beside.to_owned(),
            undocumented,
            seen: Mutex::default(),
        });
        let app = Router::new().fallback(pass).with_state(Arc::clone(&inner));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner, task }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().clone()
    }
}

async fn pass(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().as_str();
    let beside = inner.undocumented.iter().any(|start| path.starts_with(start));
    let base = if beside { &inner.beside } else { &inner.prism };
    let mut headers = parts.headers.clone();
    headers.remove("host");
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let answer = inner
        .http
        .request(parts.method.clone(), format!("{base}{path}"))
        .headers(headers)
        .body(body)
        .send()
        .await
        .unwrap_or_else(|error| panic!("{} {path}: {error}", parts.method));
    let status = answer.status();
    let mut response = Response::builder().status(status);
    if let Some(kind) = answer.headers().get("content-type") {
        response = response.header("content-type", kind);
    }
    if !beside {
        let violations =
            answer.headers().get("sl-violations").map(|value| value.to_str().unwrap().to_owned());
        let violations = violations.map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default();
        let call = format!("{} {path}", parts.method);
        inner.seen.lock().unwrap().push(Seen { call, status: status.as_u16(), violations });
    }
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}
