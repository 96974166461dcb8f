//! A running sandbox, a client for it, and a receiver for its webhooks.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use balas_domain::{
    Timestamp,
    ambient::test::{CountingRandom, TestClock},
};
use balas_sandbox::{Config, Number, Running, Timing};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Response, header};
use serde_json::Value;
use tokio::net::TcpListener;

pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub const SITI: &str = "6281200001001";

/// Fast enough for tests, slow enough to see the order.
pub fn timing() -> Timing {
    Timing {
        delivered_after: Duration::from_millis(5),
        read_after: Duration::from_millis(5),
        retry_waits: vec![Duration::from_millis(10)],
        give_up_after: Duration::from_mins(1),
        attempt_timeout: Duration::from_secs(30),
        gateway_waits: vec![Duration::from_millis(10); 4],
        link_after: Duration::from_millis(5),
        history_after: Duration::ZERO,
    }
}

pub struct Sandbox {
    pub running: Running,
    pub number: Number,
    pub clock: Arc<TestClock>,
    pub client: reqwest::Client,
}

impl Sandbox {
    pub async fn start() -> Self {
        Self::with(timing(), false).await
    }

    pub async fn with(timing: Timing, seed: bool) -> Self {
        let number = Number::demo();
        let clock = Arc::new(TestClock::at(NOW));
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config { listen, numbers: vec![number.clone()], seed };
        let random = Arc::new(CountingRandom::default());
        let running = balas_sandbox::start_with(config, timing, clock.clone(), random).await.unwrap();
        Self { running, number, clock, client: client() }
    }

    /// With a receiver for its webhooks.
    pub async fn with_receiver() -> (Self, Receiver) {
        let sandbox = Self::start().await;
        let receiver = Receiver::start().await;
        sandbox.running.set_webhook_url(&sandbox.number.phone_number_id, receiver.url());
        (sandbox, receiver)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.base_url())
    }

    pub async fn graph_get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).bearer_auth(&self.number.token).send().await.unwrap()
    }

    pub async fn graph_post(&self, path: &str, body: &Value) -> Response {
        self.client.post(self.url(path)).bearer_auth(&self.number.token).json(body).send().await.unwrap()
    }

    /// `POST /{pnid}/messages`.
    pub async fn send(&self, body: &Value) -> Response {
        self.graph_post(&format!("/v23.0/{}/messages", self.number.phone_number_id), body).await
    }

    pub fn text(to: &str, text: &str) -> Value {
        serde_json::json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to,
            "type": "text",
            "text": {"body": text}, "biz_opaque_callback_data": format!("msg:{text}")})
    }

    pub async fn control(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.client.post(self.url(path)).json(body).send().await.unwrap()).await
    }

    pub async fn look(&self, path: &str) -> Value {
        let (status, body) = answer(self.client.get(self.url(path)).send().await.unwrap()).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A customer writes.
    pub async fn hear(&self, from: &str, text: &str) -> String {
        let body = serde_json::json!({"account": self.number.phone_number_id, "from": from, "name": "Siti",
            "text": text});
        let (status, answer) = self.control("/control/messages", &body).await;
        assert_eq!(status, 200, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }
}

pub async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON ({status}): {text}")))
}

pub fn client() -> reqwest::Client {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    #[expect(clippy::disallowed_methods, reason = "tests call the sandbox on loopback")]
    let builder = reqwest::Client::builder();
    builder.tls_backend_preconfigured(tls).timeout(Duration::from_secs(10)).build().unwrap()
}

/// Waits for a condition, at most a minute.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// A webhook that arrived.
#[derive(Clone)]
pub struct Arrived {
    pub signed: bool,
    pub raw: Vec<u8>,
    pub value: Value,
}

impl Arrived {
    /// `text` of a message, or the status word.
    pub fn what(&self) -> String {
        let text = &self.value["messages"][0]["text"]["body"];
        let status = &self.value["statuses"][0]["status"];
        text.as_str().or(status.as_str()).unwrap_or_default().to_owned()
    }
}

#[derive(Default)]
struct Inner {
    arrived: Mutex<Vec<Arrived>>,
    answers: Mutex<VecDeque<u16>>,
    secret: String,
    verify_token: String,
}

/// A webhook receiver that answers 200, or what it was told to for a while.
pub struct Receiver {
    address: SocketAddr,
    inner: Arc<Inner>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn start() -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    pub async fn at(address: SocketAddr) -> Self {
        let number = Number::demo();
        let inner = Arc::new(Inner {
            secret: number.app_secret,
            verify_token: number.verify_token,
            ..Inner::default()
        });
        let app = Router::new().route("/hook", get(verify).post(receive)).with_state(Arc::clone(&inner));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, inner, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers these before it answers 200 again.
    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.inner.answers.lock().unwrap().extend(statuses);
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.inner.arrived.lock().unwrap().clone()
    }

    /// Waits for this many webhooks.
    pub async fn wait(&self, count: usize) -> Vec<Arrived> {
        until(&format!("{count} webhooks"), async || {
            let arrived = self.arrived();
            (arrived.len() >= count).then_some(arrived)
        })
        .await
    }
}

async fn verify(
    State(inner): State<Arc<Inner>>,
    Query(query): Query<std::collections::HashMap<String, String>>,
) -> (StatusCode, String) {
    if query["hub.mode"] == "subscribe" && query["hub.verify_token"] == inner.verify_token {
        (StatusCode::OK, query["hub.challenge"].clone())
    } else {
        (StatusCode::FORBIDDEN, String::new())
    }
}

async fn receive(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(inner.secret.as_bytes()).unwrap();
    mac.update(&body);
    let ours = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let parsed: Value = serde_json::from_slice(&body).unwrap();
    let arrived = Arrived {
        signed: headers["x-hub-signature-256"] == ours.as_str(),
        raw: body.to_vec(),
        value: parsed["entry"][0]["changes"][0]["value"].clone(),
    };
    let signed = arrived.signed;
    inner.arrived.lock().unwrap().push(arrived);
    if !signed {
        return StatusCode::UNAUTHORIZED;
    }
    let status = inner.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}
