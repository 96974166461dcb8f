//! A whole server in process: real router, real engine, real database, a sandbox as WhatsApp.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, Method, Request, StatusCode, header},
};
use balas_domain::{
    AccountId, AccountStatus, Clock as _, MessageId, Role,
    form::{CloudForm, MemberForm},
    query::ListQuery,
    view::ConversationView,
};
use balas_engine::{
    Actor, ClientInfo, Config, Engine, FilesConfig, NewOwner,
    ambient::{OsRandom, SystemClock},
    secrets::MasterKey,
};
use balas_sandbox::{Number, Running, Timing};
use balas_server::{
    config::{Limits, PublicUrl},
    router,
    site::Site,
    state::{AppState, Parts},
    ws::SocketRules,
};
use balas_store::testing::{Kind, TestStore};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tower::ServiceExt as _;

/// The password of everyone.
pub const PASSWORD: &str = "long enough";
/// What browsers would call the server.
pub const HOST: &str = "balas.test";
pub const ORIGIN: &str = "http://balas.test";

/// How a [`TestApp`] differs from the usual one.
pub struct Options {
    pub kind: Kind,
    pub limits: Limits,
    pub rules: SocketRules,
    pub public_url: Option<PublicUrl>,
    pub peer: SocketAddr,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kind: Kind::Sqlite,
            limits: Limits::default(),
            rules: SocketRules::default(),
            public_url: None,
            peer: SocketAddr::from(([192, 0, 2, 7], 50_000)),
        }
    }
}

/// The server with one workspace and one account that is ready.
pub struct TestApp {
    pub state: AppState,
    pub router: Router,
    pub engine: Engine,
    pub owner: Actor,
    pub account: AccountId,
    pub number: Number,
    pub sandbox: Running,
    _store: TestStore,
    _folder: tempfile::TempDir,
    peer: SocketAddr,
}

impl TestApp {
    pub async fn init() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn on(kind: Kind) -> Self {
        Self::with(Options { kind, ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        let store = balas_store::testing::fresh(options.kind).await;
        let number = Number::demo();
        let timing = Timing {
            delivered_after: Duration::from_millis(5),
            read_after: Duration::from_millis(5),
            retry_waits: vec![Duration::from_millis(20)],
            ..Timing::default()
        };
        let config = balas_sandbox::Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            numbers: vec![number.clone()],
            seed: false,
        };
        let sandbox = balas_sandbox::start_with(config, timing, Arc::new(SystemClock), Arc::new(OsRandom))
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            cloud_base_url: sandbox.base_url(),
            cloud_version: "v23.0".to_owned(),
            webhook_base: Some("http://127.0.0.1:9".to_owned()),
            bridge: None,
            mail: None,
            files: FilesConfig { folder: folder.path().to_owned(), s3: None, clamd: None },
            rhythm: balas_engine::Rhythm::default(),
            master_key: MasterKey::generate(&OsRandom),
        };
        let engine =
            Engine::new(store.store.clone(), Arc::new(SystemClock), Arc::new(OsRandom), config).unwrap();
        let state = AppState::new(Parts {
            engine: engine.clone(),
            site: Site::empty(),
            public_url: options.public_url,
            trusted_proxies: Vec::new(),
            limits: options.limits,
            socket_rules: options.rules,
        });
        state.set_workers(engine.start().await.unwrap());
        state.set_ready();
        let router = router::build(state.clone());
        let owner = found(&engine, "home", "owner@home.test").await;
        let account = engine.create_cloud(&owner, &form(&number)).await.unwrap().id;
        until("the account is ready", async || {
            engine.account(&owner, account).await.unwrap().status == AccountStatus::Ready
        })
        .await;
        Self {
            state,
            router,
            engine,
            owner,
            account,
            number,
            sandbox,
            _store: store,
            _folder: folder,
            peer: options.peer,
        }
    }

    /// A program with this role in the app's own workspace.
    pub async fn with_token(&self, role: Role) -> Client<'_> {
        let token = self.engine.create_token(&self.owner, "test", role).await.unwrap();
        self.client(Some(format!("Bearer {token}")), None)
    }

    /// A signed-in member with this role in the app's own workspace, as a browser with our page open.
    pub async fn with_user(&self, role: Role) -> Client<'_> {
        let session = self.session(role).await;
        self.client(None, Some(format!("balas_session={session}")))
    }

    /// The cookie's value of a new member with this role.
    pub async fn session(&self, role: Role) -> String {
        let n = MessageId::new(SystemClock.now(), &OsRandom).0.simple().to_string();
        let email = format!("{role}-{n}@home.test");
        let form =
            MemberForm { name: role.to_string(), email: email.clone(), role, password: PASSWORD.to_owned() };
        self.engine.create_member(&self.owner, &form).await.unwrap();
        self.engine.sign_in(&email, PASSWORD, &ClientInfo::default()).await.unwrap().token
    }

    /// The owner of another workspace, which has nothing in it.
    pub async fn stranger(&self) -> Client<'_> {
        let owner = found(&self.engine, "elsewhere", "owner@elsewhere.test").await;
        let token = self.engine.create_token(&owner, "stranger", Role::Owner).await.unwrap();
        self.client(Some(format!("Bearer {token}")), None)
    }

    /// Nobody.
    pub fn nobody(&self) -> Client<'_> {
        self.client(None, None)
    }

    fn client(&self, authorization: Option<String>, cookie: Option<String>) -> Client<'_> {
        Client { app: self, authorization, cookie, origin: Some(ORIGIN.to_owned()) }
    }

    /// Asks the router.
    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let service = self.router.clone().layer(Extension(ConnectInfo(self.peer)));
        let response = service.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A customer writes, and it is in the inbox.
    pub async fn receive(&self, from: &str, name: &str, text: &str) -> ConversationView {
        let change = self.message(from, name, text);
        let answer = self.deliver(&change).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let address = format!("phone:{from}");
        let content = balas_domain::Content::text(balas_domain::text::clean_body(text));
        for _ in 0..6_000 {
            let page = self.engine.conversations(&self.owner, &ListQuery::default()).await.unwrap();
            if let Some(row) = page.items.into_iter().find(|c| c.address.to_string() == address) {
                let thread = self.engine.thread(&self.owner, row.id, None, 100).await.unwrap();
                if thread.messages.items.iter().any(|m| m.content == content) {
                    return thread.conversation;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never came into the inbox: {text}");
    }

    /// A webhook body with one text.
    pub fn message(&self, from: &str, name: &str, text: &str) -> Value {
        let now = SystemClock.now();
        let id = MessageId::new(now, &OsRandom).0.simple().to_string();
        let seconds = now.as_seconds().to_string();
        self.change(&serde_json::json!({
            "contacts": [{"profile": {"name": name}, "wa_id": from}],
            "messages": [{"from": from, "id": format!("wamid.{id}"), "timestamp": seconds,
                "type": "text", "text": {"body": text}}],
        }))
    }

    /// A webhook body around a value.
    pub fn change(&self, value: &Value) -> Value {
        let mut value = value.clone();
        value["messaging_product"] = "whatsapp".into();
        value["metadata"] = serde_json::json!({"display_phone_number": self.number.display_phone_number,
            "phone_number_id": self.number.phone_number_id});
        serde_json::json!({"object": "whatsapp_business_account",
            "entry": [{"id": self.number.waba_id, "changes": [{"field": "messages", "value": value}]}]})
    }

    /// Delivers as Meta does.
    pub async fn deliver(&self, body: &Value) -> Answer {
        let body = serde_json::to_vec(body).unwrap();
        let signature = sign(&self.number.app_secret, &body);
        self.ask(
            Request::post(format!("/webhooks/cloud/{}", self.account))
                .header("x-hub-signature-256", signature)
                .body(body.into())
                .unwrap(),
        )
        .await
    }

    /// Waits until everything delivered has been worked off.
    pub async fn settled(&self) {
        until("the journal is empty", async || {
            let mut tx = self.engine.store().read().await.unwrap();
            balas_store::journal::backlog(&mut tx).await.unwrap() == 0
        })
        .await;
    }

    /// Serves on a loopback port, for what needs a connection.
    pub fn listen(&self) -> SocketAddr {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        // Small, so that who does not read is noticed before megabytes have been sent.
        socket.set_send_buffer_size(16 * 1024).unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(1_024).unwrap();
        let address = listener.local_addr().unwrap();
        let service = self.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        address
    }
}

/// A workspace with its owner.
pub async fn found(engine: &Engine, slug: &str, email: &str) -> Actor {
    let owner = NewOwner { name: "Owner".to_owned(), email: email.to_owned(), password: PASSWORD.to_owned() };
    engine.create_workspace(slug, slug, "Asia/Jakarta", &owner).await.unwrap()
}

/// What connects the sandbox's number.
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

/// Waits for a condition, as long as a machine needs that is busy with all other tests.
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    for _ in 0..6_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came true: {what}");
}

/// `X-Hub-Signature-256` of a body.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A new message id.
pub fn new_id() -> String {
    MessageId::new(SystemClock.now(), &OsRandom).to_string()
}

/// Someone who asks.
#[derive(Clone)]
pub struct Client<'a> {
    app: &'a TestApp,
    pub authorization: Option<String>,
    pub cookie: Option<String>,
    /// What the browser says the page is; `None` sends no `Origin`.
    pub origin: Option<String>,
}

impl Client<'_> {
    pub fn request(&self, method: &Method, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        let pairs: [(HeaderName, &Option<String>); 3] = [
            (header::AUTHORIZATION, &self.authorization),
            (header::COOKIE, &self.cookie),
            (header::ORIGIN, &self.origin),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.ask(self.request(&Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(&method, path).header(header::CONTENT_TYPE, "application/json");
        self.app.ask(request.body(body.to_string().into()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The problem's code, after checking that it is a whole problem.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:balas:problem:{code}"));
        for words in ["title", "detail"] {
            assert!(problem[words].as_str().is_some_and(|w| !w.is_empty()), "{problem}");
        }
        code
    }
}
