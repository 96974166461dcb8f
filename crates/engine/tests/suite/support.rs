//! An engine on a real database, wired to a sandbox by real HTTP in both directions.

#![expect(clippy::unwrap_used, reason = "a test stops at once; what is unused differs per file")]

use std::{
    net::SocketAddr,
    sync::{
        Arc, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    http::StatusCode,
    routing::post,
};
use balas_domain::{
    AccountId, AccountStatus, Clock, ConversationId, Event, MessageId, Role, Seq, Timestamp,
    form::{CloudForm, GatewayForm, MemberForm},
    query::{ListQuery, NewText},
    view::{AccountView, ConversationView, MessageView},
};
use balas_engine::{
    Actor, BridgeConfig, Config, Engine, EventsAfter, FilesConfig, GatewayTarget, NewOwner, Rhythm,
    WebhookTarget, Workers,
    ambient::{OsRandom, SystemClock},
    secrets::MasterKey,
};
use balas_sandbox::{Device, Number, Running, Timing};
use balas_store::testing::{Kind, TestStore};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The business's own phone that gateway accounts are linked to.
pub const PHONE: &str = "628110000002";

/// Fast enough for tests.
pub const RHYTHM: Rhythm = Rhythm {
    poll: Duration::from_millis(20),
    linking: Duration::from_millis(20),
    first_wait: Duration::from_millis(10),
    longest_wait: Duration::from_millis(50),
    reconcile: Duration::from_millis(60),
    // Gateways write whole seconds, so less would take for missed what is on its way.
    grace: Duration::from_millis(1_200),
    probe: Duration::from_millis(250),
    stagger: Duration::from_millis(1),
    look_up: Duration::from_millis(20),
    fall_back: Duration::from_millis(200),
    browser: Duration::from_millis(1),
    linger: Duration::from_millis(20),
    alerts: Duration::from_millis(20),
    minute: Duration::from_millis(100),
    settle: Duration::from_millis(600),
    history: Duration::from_secs(5),
    pictures: Duration::from_millis(10),
    calm: Duration::from_millis(300),
};

/// The machine's clock, as far ahead as a test wants it.
#[derive(Debug, Default)]
pub struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::SeqCst))
    }
}

pub struct World {
    pub engine: Engine,
    pub owner: Actor,
    pub account: AccountId,
    pub number: Number,
    pub sandbox: Running,
    workers: Option<Workers>,
    hook: tokio::task::JoinHandle<()>,
    /// The engine that deliveries come to.
    door: Door,
    store: TestStore,
    clock: Arc<Ahead>,
    pub config: Config,
    folder: tempfile::TempDir,
}

impl World {
    /// A workspace with one Cloud account that is ready.
    pub async fn new(kind: Kind) -> Self {
        let store = balas_store::testing::fresh(kind).await;
        let number = Number::demo();
        let timing = Timing {
            link_after: Duration::from_millis(10),
            delivered_after: Duration::from_millis(10),
            read_after: Duration::from_millis(10),
            retry_waits: vec![Duration::from_millis(20)],
            history_after: Duration::from_millis(100),
            ..Timing::default()
        };
        let config = balas_sandbox::Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            numbers: vec![number.clone(), other_number()],
            seed: false,
        };
        let sandbox = balas_sandbox::start_with(config, timing, Arc::new(SystemClock), Arc::new(OsRandom))
            .await
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            mail: None,
            bridge: Some(bridge(folder.path(), &base)),
            cloud_base_url: sandbox.base_url(),
            cloud_version: "v23.0".to_owned(),
            master_key: MasterKey::generate(&OsRandom),
            webhook_base: Some(base.clone()),
            files: FilesConfig { folder: folder.path().join("files"), s3: None, clamd: None },
            rhythm: RHYTHM,
        };
        let clock = Arc::new(Ahead::default());
        let engine =
            Engine::new(store.store.clone(), Arc::clone(&clock) as _, Arc::new(OsRandom), config.clone())
                .unwrap();
        let workers = engine.start().await.unwrap();
        let owner = engine
            .create_workspace("test", "Test", "Asia/Jakarta", &owner("owner@example.org"))
            .await
            .unwrap();
        let door = Arc::new(RwLock::new(engine.clone()));
        let hook = serve_hook(Arc::clone(&door), listener);
        sandbox.set_webhook_url(&number.phone_number_id, format!("{base}/hook"));
        let account = engine.create_cloud(&owner, &form(&number)).await.unwrap().id;
        let world = Self {
            engine,
            owner,
            account,
            number,
            sandbox,
            workers: Some(workers),
            hook,
            door,
            store,
            clock,
            config,
            folder,
        };
        world
            .until("the account is ready", async || {
                world.engine.account(&world.owner, account).await.unwrap().status
                    == balas_domain::AccountStatus::Ready
            })
            .await;
        world
    }

    /// Waits for a condition, as long as a machine needs that is busy with all other tests.
    pub async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        for _ in 0..6_000 {
            if condition().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never came true: {what}");
    }

    /// A customer writes, and the engine has it.
    pub async fn receive(&self, from: &str, text: &str) -> ConversationView {
        self.sandbox
            .world()
            .receive(&balas_sandbox::Incoming::text(&self.number.phone_number_id, from, "Sari", text))
            .unwrap();
        self.until("the message is in the inbox", async || {
            self.list().await.iter().any(|c| c.last.as_ref().is_some_and(|l| l.preview.text == text))
        })
        .await;
        self.list().await.into_iter().find(|c| c.address.to_string() == format!("phone:{from}")).unwrap()
    }

    /// A gateway account that is linked and ready, with the device that it has at the sandbox.
    pub async fn linked(&self) -> (AccountId, Device) {
        let account = self.engine.create_gateway(&self.owner, &self.gateway("v9")).await.unwrap().id;
        let device = Device::new("v9", &format!("balas-{account}"));
        self.link(account, &device).await;
        (account, device)
    }

    /// The phone scans the account's code, which is ready then.
    pub async fn link(&self, account: AccountId, device: &Device) {
        self.status(account, AccountStatus::Qr).await;
        self.sandbox.world().scan(device, PHONE, Some("Toko Melati")).unwrap();
        self.status(account, AccountStatus::Ready).await;
    }

    /// The form for a number on one of the sandbox's gateways.
    pub fn gateway(&self, name: &str) -> GatewayForm {
        let gateway = balas_sandbox::Gateway::demo(balas_sandbox::GatewayVersion::V9);
        GatewayForm {
            name: "Linked".to_owned(),
            phone: "+62 811 0000 002".to_owned(),
            base_url: self.sandbox.gateway_url(name),
            user: gateway.user,
            password: gateway.password,
            webhook_secret: "chosen-by-the-team".to_owned(),
            device_id: String::new(),
        }
    }

    /// Waits until an account has come this far.
    pub async fn status(&self, account: AccountId, status: AccountStatus) -> AccountView {
        self.until(&format!("the account is {status}"), async || {
            self.engine.account(&self.owner, account).await.unwrap().status == status
        })
        .await;
        self.engine.account(&self.owner, account).await.unwrap()
    }

    /// So much time passes at once; who waits for it wakes.
    pub fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Waits for a condition while time flies, for what is tried again after minutes.
    pub async fn in_time(&self, what: &str, condition: impl AsyncFn() -> bool) {
        self.until(what, async || {
            self.pass(Duration::from_secs(10));
            condition().await
        })
        .await;
    }

    /// Where the bridge keeps its data.
    pub fn bridge_data(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The server ends and starts again with other settings.
    pub async fn change_config(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.restart().await;
    }

    /// The server ends and starts again.
    pub async fn restart(&mut self) {
        self.restart_after(async |_: &balas_store::Store| ()).await;
    }

    /// The server ends and starts again after something else has happened to what it remembers.
    pub async fn restart_after(&mut self, meanwhile: impl AsyncFnOnce(&balas_store::Store)) {
        self.workers.take().unwrap().stop().await;
        meanwhile(&self.store.store).await;
        let (clock, random) = (Arc::clone(&self.clock), Arc::new(OsRandom));
        let store = self.store.store.clone();
        self.engine = Engine::new(store, clock as _, random, self.config.clone()).unwrap();
        self.workers = Some(self.engine.start().await.unwrap());
        // The one that was stopped takes nothing any more.
        *self.door.write().unwrap() = self.engine.clone();
    }

    pub async fn list(&self) -> Vec<ConversationView> {
        self.engine.conversations(&self.owner, &ListQuery::default()).await.unwrap().items
    }

    pub async fn thread(&self, id: ConversationId) -> Vec<MessageView> {
        let mut items = self.engine.thread(&self.owner, id, None, 100).await.unwrap().messages.items;
        items.reverse();
        items
    }

    pub async fn message(&self, conversation: ConversationId, id: MessageId) -> MessageView {
        self.thread(conversation).await.into_iter().find(|m| m.id == id).unwrap()
    }

    pub fn text(&self, text: &str) -> NewText {
        NewText { id: MessageId::new(self.engine.now(), &OsRandom), text: text.to_owned(), reply_to: None }
    }

    pub async fn member(&self, role: Role) -> Actor {
        let email = format!("{role}@example.org");
        let form = MemberForm {
            name: role.to_string(),
            email: email.clone(),
            role,
            password: "long enough".to_owned(),
        };
        self.engine.create_member(&self.owner, &form).await.unwrap();
        self.engine.sign_in(&email, "long enough", &balas_engine::ClientInfo::default()).await.unwrap().actor
    }

    /// Hands over a body as Meta would, signed with the account's secret.
    pub async fn deliver(&self, body: &serde_json::Value) -> Result<(), balas_engine::WebhookError> {
        let body = serde_json::to_vec(body).unwrap();
        let signature = sign(&self.number.app_secret, &body);
        self.engine
            .receive_cloud_webhook(
                WebhookTarget::Account(self.account),
                Some(&signature),
                Bytes::from(body),
                None,
            )
            .await
    }

    /// Waits until the journal is worked off.
    pub async fn settled(&self) {
        self.until("the journal is empty", async || {
            let mut tx = self.engine.store().read().await.unwrap();
            balas_store::journal::backlog(&mut tx).await.unwrap() == 0
        })
        .await;
    }

    /// A `messages` change with these messages and statuses.
    pub fn change(
        &self,
        messages: &[serde_json::Value],
        statuses: &[serde_json::Value],
    ) -> serde_json::Value {
        serde_json::json!({"object": "whatsapp_business_account", "entry": [{"id": self.number.waba_id, "changes": [{
            "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": {"display_phone_number": self.number.display_phone_number, "phone_number_id": self.number.phone_number_id},
                "contacts": [{"profile": {"name": "Sari"}, "wa_id": "6281200001111"}],
                "messages": messages, "statuses": statuses}}]}]})
    }

    pub async fn log(&self) -> Vec<Event> {
        match self.engine.events_after(&self.owner, Seq(0), 10_000).await.unwrap() {
            EventsAfter::Events { events, .. } => events,
            EventsAfter::TooOld => panic!("the log begins at 1"),
        }
    }

    pub async fn pending_jobs(&self) -> i64 {
        let mut tx = self.engine.store().read().await.unwrap();
        balas_store::jobs::pending(&mut tx).await.unwrap()
    }

    pub fn webhook_base(&self) -> &str {
        self.config.webhook_base.as_deref().unwrap()
    }

    pub async fn stop(mut self) {
        self.workers.take().unwrap().stop().await;
        self.hook.abort();
    }
}

/// The real bridge, whose library is replaced by one that replays.
fn bridge(data: &std::path::Path, base: &str) -> BridgeConfig {
    BridgeConfig {
        folder: concat!(env!("CARGO_MANIFEST_DIR"), "/../../bridge").into(),
        program: "test/support/phone-main.js".into(),
        node: "node".into(),
        // Never started.
        chromium: Some("/bin/sh".into()),
        data: data.to_owned(),
        deliver_to: base.to_owned(),
    }
}

/// A second number of the sandbox, of another business.
pub fn other_number() -> Number {
    Number {
        phone_number_id: "100200300400999".to_owned(),
        waba_id: "200300400500999".to_owned(),
        display_phone_number: "+62 811 0000 009".to_owned(),
        verified_name: "Toko Mawar".to_owned(),
        token: "sandbox-other-token".to_owned(),
        app_secret: "0123456789abcdef0123456789abcdef".to_owned(),
        ..Number::demo()
    }
}

pub fn owner(email: &str) -> NewOwner {
    NewOwner { name: "Owner".to_owned(), email: email.to_owned(), password: "long enough".to_owned() }
}

pub fn form(number: &Number) -> CloudForm {
    CloudForm {
        name: "Shop".to_owned(),
        phone_number_id: number.phone_number_id.clone(),
        waba_id: number.waba_id.clone(),
        token: number.token.clone(),
        app_secret: number.app_secret.clone(),
        verify_token: number.verify_token.clone(),
    }
}

pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

type Door = Arc<RwLock<Engine>>;

/// A minimal server that takes the sandbox's webhooks.
fn serve_hook(door: Door, listener: tokio::net::TcpListener) -> tokio::task::JoinHandle<()> {
    async fn hook(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let engine = door.read().unwrap().clone();
        let signature = headers.get("x-hub-signature-256").and_then(|h| h.to_str().ok());
        match engine.receive_cloud_webhook(WebhookTarget::Shared, signature, body, None).await {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::UNAUTHORIZED,
        }
    }
    async fn gateway(
        State(door): State<Door>,
        Path(account): Path<AccountId>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let engine = door.read().unwrap().clone();
        let signature = headers.get("x-hub-signature-256").and_then(|h| h.to_str().ok());
        match engine.receive_gateway_webhook(&GatewayTarget::Account(account), signature, body, None).await {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::UNAUTHORIZED,
        }
    }
    let app = Router::new()
        .route("/hook", post(hook))
        .route("/webhooks/gateway/{account}", post(gateway))
        .with_state(door);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() })
}

pub fn now_seconds() -> String {
    SystemClock.now().as_seconds().to_string()
}
