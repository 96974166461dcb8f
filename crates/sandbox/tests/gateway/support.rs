//! A sandbox, our client for one slot of it, and a receiver that reads webhooks as our server does.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use balas_domain::{
    Address, MessageId, Timestamp,
    ambient::test::{CountingRandom, TestClock},
};
use balas_providers::{
    Body, Outgoing,
    gateway::{Dialect, Gateway, Secrets, Settings, parse, verify_signature},
    http::{Limits, client_with},
    inbound::Inbound,
};
use balas_sandbox::{Config, Device, GatewayVersion, Incoming, Running, Timing, World};
use tokio::{net::TcpListener, task::JoinHandle};

pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// The business's own phone.
pub const OWN: &str = "628110000002";
/// A customer.
pub const SITI: &str = "6281200001001";
/// What signs the webhooks.
pub const SECRET: &str = "sandbox-gateway-webhook-secret";

pub use GatewayVersion::{V7, V9};

/// Everything, for one slot.
pub struct Rig {
    pub running: Running,
    pub world: World,
    pub clock: Arc<TestClock>,
    pub gateway: Gateway,
    pub device: Device,
    pub hook: Hook,
}

impl Rig {
    /// With no phone linked.
    pub async fn bare(version: GatewayVersion) -> Self {
        Self::with(version, timing()).await
    }

    pub async fn with(version: GatewayVersion, timing: Timing) -> Self {
        let clock = Arc::new(TestClock::at(NOW));
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config { listen, numbers: Vec::new(), seed: false };
        let random = Arc::new(CountingRandom::default());
        let running = balas_sandbox::start_with(config, timing, clock.clone(), random).await.unwrap();
        let world = running.world();
        let hook = Hook::start().await;
        let device = match version {
            V7 => Device::new("v7", ""),
            V9 => Device::new("v9", "shop"),
        };
        let mut settings = balas_sandbox::Gateway::demo(version);
        settings.webhook_urls = vec![hook.url.clone()];
        world.set_gateway(settings).unwrap();
        world.add_device(&device).unwrap();
        let gateway = client(&running, version);
        Self { running, world, clock, gateway, device, hook }
    }

    /// With [`OWN`] linked.
    pub async fn linked(version: GatewayVersion) -> Self {
        let rig = Self::bare(version).await;
        rig.world.link(&rig.device, OWN, "Toko Melati").unwrap();
        rig
    }

    /// A customer writes.
    pub fn hear(&self, text: &str) -> String {
        self.world.receive(&Incoming::text(OWN, SITI, "Siti", text)).unwrap()
    }

    pub fn now(&self) -> Timestamp {
        balas_domain::Clock::now(&*self.clock)
    }
}

/// Fast enough for tests, slow enough to see what comes in between.
pub fn timing() -> Timing {
    Timing {
        delivered_after: Duration::from_millis(5),
        read_after: Duration::from_millis(5),
        retry_waits: vec![Duration::from_millis(10)],
        give_up_after: Duration::from_mins(1),
        attempt_timeout: Duration::from_secs(30),
        gateway_waits: vec![Duration::from_millis(10); 4],
        link_after: Duration::from_millis(50),
        history_after: Duration::ZERO,
    }
}

pub fn settings(running: &Running, version: GatewayVersion) -> Settings {
    let (name, dialect, device_id) = match version {
        V7 => ("v7", Dialect::V7, None),
        V9 => ("v9", Dialect::V8Plus, Some("shop".to_owned())),
    };
    Settings { base_url: running.gateway_url(name), dialect, device_id, phone: None }
}

pub fn client(running: &Running, version: GatewayVersion) -> Gateway {
    made(settings(running, version), Duration::from_secs(10))
}

pub fn made(settings: Settings, total: Duration) -> Gateway {
    let http = client_with(Limits { connect: Duration::from_secs(5), total }).unwrap();
    Gateway::new(http, settings, secrets()).with_first_wait(Duration::from_millis(1))
}

pub fn secrets() -> Secrets {
    Secrets {
        user: "balas".to_owned(),
        password: "sandbox-gateway".to_owned(),
        webhook_secret: SECRET.to_owned(),
    }
}

pub fn siti() -> Address {
    Address::Phone(SITI.to_owned())
}

pub fn own() -> Address {
    Address::Phone(OWN.to_owned())
}

pub fn message(to: Address, body: Body) -> Outgoing {
    let id: MessageId = "0198c5a0-0000-7000-8000-000000000001".parse().unwrap();
    Outgoing { id, to, body, reply_to: None, mentions: Vec::new() }
}

pub fn text(text: &str) -> Outgoing {
    message(siti(), Body::Text { text: text.to_owned() })
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
    pub raw: serde_json::Value,
    /// It said how long it is.
    pub with_length: bool,
    pub events: Vec<Inbound>,
}

#[derive(Default)]
struct Inner {
    secret: Mutex<String>,
    arrived: Mutex<Vec<Arrived>>,
    forged: Mutex<usize>,
    answers: Mutex<VecDeque<u16>>,
}

/// Takes webhooks; refuses those with a wrong signature.
pub struct Hook {
    pub url: String,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hook {
    pub async fn start() -> Self {
        let inner = Arc::new(Inner { secret: Mutex::new(SECRET.to_owned()), ..Inner::default() });
        let app = Router::new().route("/hook", post(take)).with_state(Arc::clone(&inner));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner, task }
    }

    pub fn expect_secret(&self, secret: &str) {
        secret.clone_into(&mut self.inner.secret.lock().unwrap());
    }

    /// Answers these before it answers 200 again.
    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.inner.answers.lock().unwrap().extend(statuses);
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.inner.arrived.lock().unwrap().clone()
    }

    pub fn forged(&self) -> usize {
        *self.inner.forged.lock().unwrap()
    }

    /// All events that came, of whichever webhook.
    pub fn events(&self) -> Vec<Inbound> {
        self.arrived().into_iter().flat_map(|arrived| arrived.events).collect()
    }

    /// Waits for an event that is looked for.
    pub async fn find<T>(&self, what: &str, look: impl Fn(&Inbound) -> Option<T>) -> T {
        until(what, async || self.events().iter().find_map(&look)).await
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

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/json");
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    let secret = inner.secret.lock().unwrap().clone();
    if verify_signature(&secret, signature, &body).is_err() {
        *inner.forged.lock().unwrap() += 1;
        return StatusCode::UNAUTHORIZED;
    }
    if let Some(status) = inner.answers.lock().unwrap().pop_front() {
        return StatusCode::from_u16(status).unwrap();
    }
    inner.arrived.lock().unwrap().push(Arrived {
        raw: serde_json::from_slice(&body).unwrap(),
        with_length: headers.contains_key("content-length"),
        events: parse(&body, Some(&own()), NOW.after(Duration::from_hours(1))).unwrap(),
    });
    StatusCode::OK
}
