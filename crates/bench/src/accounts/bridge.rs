//! What becomes of messages when the bridge is killed again and again. Not how fast: whether it comes back, and whether
//! anything is lost, comes twice, or disturbs numbers that are not on it.
//!
//! The bridge is the real program, with a phone that remembers what was said in the library's place. The engine runs in
//! this process: a server waits longer after each end of its bridge than a measurement can.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path as Segment, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use balas_domain::{
    AccountId, AccountSettings, AccountStatus, ConversationId, MessageId, MessageStatus, TrustLevel,
    form::{BridgeForm, GatewayForm},
    query::{ListQuery, NewText},
    view::{Direction, MessageView, ProviderKind},
};
use balas_engine::{
    Actor, BridgeConfig, Config, Engine, FilesConfig, GatewayTarget, Rhythm, WebhookTarget,
    ambient::{OsRandom, SystemClock},
    secrets::MasterKey,
};
use balas_sandbox::{Device, Gateway, GatewayVersion, Incoming, Number, Running};
use balas_store::Store;
use serde_json::Value;

use crate::{
    Error, Result, database::Database, report::Report, rng::Predictable, row::Floor, server::free_address,
    stats::Samples, surroundings::Surroundings,
};

const KILLS: usize = 20;
/// Messages of the customer on the bridge between two kills.
const EACH: usize = 10;
const GATEWAY_PHONE: &str = "628110000002";
const ON_GATEWAY: &str = "6287700000001";
const ON_CLOUD: &str = "6287700000002";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(10);

/// What was counted in the end.
#[derive(Debug, Default)]
struct Count {
    /// Neither here nor shown as unknown, or shown as what it is not.
    wrong: usize,
    /// More than once, here or on the phone.
    twice: usize,
    /// Looks at other numbers that found one of them not ready, and their messages that are missing.
    disturbed: usize,
    unknown: usize,
    back: Samples,
}

/// Kills, and counts.
pub(super) async fn kills(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let count = run(surroundings).await?;
    let name = "bridge killed 20 times under traffic: lost, or shown as what it is not";
    report.floor(name, count.wrong as f64, "", Floor::AtMost(0.0));
    report.floor("  … come or sent twice", count.twice as f64, "", Floor::AtMost(0.0));
    report.floor("  … not back by itself", (KILLS - count.back.len()) as f64, "", Floor::AtMost(0.0));
    report.floor(
        "  … gateway and Cloud API numbers disturbed",
        count.disturbed as f64,
        "",
        Floor::AtMost(0.0),
    );
    report.figure("  … shown as unknown", count.unknown as f64, "");
    report.figure(
        "  … from kill to ready, waits of a tenth of a second: slowest",
        count.back.percentile(100.0),
        "ms",
    );
    Ok(())
}

/// Engine, sandbox and bridge.
struct Scene {
    engine: Engine,
    actor: Actor,
    sandbox: Running,
    /// Where the bridge keeps its data; its phone finds wishes there.
    data: PathBuf,
}

async fn run(surroundings: &Surroundings) -> Result<Count> {
    let database = surroundings.fresh(None).await?;
    let failed = |error: io::Error| Error::Server(error.to_string());
    let config =
        balas_sandbox::Config { listen: free_address()?, numbers: vec![Number::demo()], seed: false };
    let sandbox = balas_sandbox::start(config, Arc::new(SystemClock), Arc::new(OsRandom)).await;
    let sandbox = sandbox.map_err(|error| Error::Server(error.to_string()))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let base = format!("http://{}", listener.local_addr().map_err(failed)?);
    let data = database.path().join("bridge");
    let store = Store::connect(&database.url()).await?;
    let config = settings(&database, &base, &sandbox, &data)?;
    let engine = Engine::new(store, Arc::new(SystemClock), Arc::new(OsRandom), config)?;
    sandbox.set_webhook_url(&Number::demo().phone_number_id, format!("{base}/webhooks/cloud"));
    let hook = tokio::spawn(axum::serve(listener, hook(engine.clone())).into_future());
    let workers = engine.start().await?;
    let actor = engine.system_actor("demo").await?;
    let scene = Scene { engine, actor, sandbox, data };
    let outcome = scene.play().await;
    workers.stop().await;
    hook.abort();
    scene.sandbox.stop().await;
    outcome
}

fn settings(database: &Database, base: &str, sandbox: &Running, data: &Path) -> Result<Config> {
    let path = database.path().join("master.key");
    let key = fs::read_to_string(&path).map_err(Error::io(format!("cannot read {}", path.display())))?;
    let bridge = BridgeConfig {
        folder: concat!(env!("CARGO_MANIFEST_DIR"), "/../../bridge").into(),
        program: "test/support/phone-main.js".into(),
        node: "node".into(),
        // Never started.
        chromium: Some("/bin/sh".into()),
        data: data.to_owned(),
        deliver_to: base.to_owned(),
    };
    Ok(Config {
        cloud_base_url: sandbox.base_url(),
        cloud_version: "v23.0".to_owned(),
        webhook_base: Some(base.to_owned()),
        bridge: Some(bridge),
        mail: None,
        files: FilesConfig { folder: database.path().join("files"), s3: None, clamd: None },
        rhythm: Rhythm {
            poll: Duration::from_millis(200),
            linking: Duration::from_millis(50),
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_millis(100),
            look_up: Duration::from_millis(50),
            browser: Duration::from_millis(1),
            ..Rhythm::default()
        },
        master_key: MasterKey::from_base64(key.trim()).map_err(|e| Error::Server(e.to_string()))?,
    })
}

/// Takes deliveries, as the server does.
fn hook(engine: Engine) -> Router {
    async fn cloud(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let signature = signature(&headers);
        answer(engine.receive_cloud_webhook(WebhookTarget::Shared, signature, body, None).await.is_ok())
    }
    async fn gateway(
        State(engine): State<Engine>,
        Segment(account): Segment<AccountId>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        let target = GatewayTarget::Account(account);
        answer(engine.receive_gateway_webhook(&target, signature(&headers), body, None).await.is_ok())
    }
    fn signature(headers: &HeaderMap) -> Option<&str> {
        headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok())
    }
    fn answer(taken: bool) -> StatusCode {
        if taken { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    }
    Router::new()
        .route("/webhooks/cloud", post(cloud))
        .route("/webhooks/gateway/{account}", post(gateway))
        .with_state(engine)
}

impl Scene {
    async fn play(&self) -> Result<Count> {
        let gateway = self.gateway().await?;
        let bridge = self.bridge().await?;
        let mut count = Count::default();
        let (mut texts, random) = (HashMap::new(), Predictable::new(9));
        self.wish("speak", "1")?;
        self.until("the customer is heard", async || Ok(self.conversation(bridge).await?.is_some())).await?;
        let conversation = self.conversation(bridge).await?;
        let conversation =
            conversation.ok_or_else(|| Error::Server("there is no conversation".to_owned()))?;
        for kill in 1..=KILLS {
            self.wish("speak", &(kill * EACH).to_string())?;
            let enough = (kill - 1) * EACH + 2;
            self.until("traffic", async || Ok(self.heard(conversation).await?.len() >= enough)).await?;
            let text = format!("answer {kill}");
            let id = MessageId::new(super::now(), &random);
            let new = NewText { id, text: text.clone(), reply_to: None };
            self.engine.send(&self.actor, conversation, &new).await?;
            texts.insert(text, id);
            self.write(GATEWAY_PHONE, ON_GATEWAY, kill)?;
            self.write(&Number::demo().phone_number_id, ON_CLOUD, kill)?;
            let pid = self.pid().unwrap_or_default();
            let killed = Instant::now();
            end(&pid)?;
            self.until("another bridge runs", async || Ok(self.pid().is_some_and(|now| now != pid))).await?;
            count.disturbed += self.others_not_ready(bridge).await?;
            self.until_ready(bridge).await?;
            count.back.push(killed.elapsed());
        }
        let all = KILLS * EACH;
        // Whatever does not come in time is lost.
        let _ = self.until("all came", async || Ok(self.heard(conversation).await?.len() >= all)).await;
        let _ = self.until("nothing moves", async || Ok(!self.moves(conversation).await?)).await;
        self.count(conversation, &texts, bridge, &mut count).await?;
        for (account, from) in [(Some(gateway), ON_GATEWAY), (None, ON_CLOUD)] {
            let found = self.with(from, account).await?;
            let here = match found {
                Some(id) => self.messages(id).await?.len(),
                None => 0,
            };
            count.disturbed += KILLS.abs_diff(here);
        }
        Ok(count)
    }

    async fn count(
        &self,
        conversation: ConversationId,
        texts: &HashMap<String, MessageId>,
        bridge: AccountId,
        count: &mut Count,
    ) -> Result<()> {
        let messages = self.messages(conversation).await?;
        let heard: Vec<_> = messages.iter().filter(|m| m.direction == Direction::In).collect();
        let once: std::collections::HashSet<_> = heard.iter().map(|m| m.content.searchable()).collect();
        count.wrong += (KILLS * EACH).abs_diff(once.len());
        count.twice += heard.len() - once.len();
        let mut sent: HashMap<String, usize> = HashMap::new();
        for text in self.sent_by_phone(bridge)? {
            *sent.entry(text).or_default() += 1;
        }
        count.twice += sent.values().filter(|n| **n > 1).count();
        for (text, id) in texts {
            let status = messages.iter().find(|m| m.id == *id).map(|m| m.delivery.status);
            match (status, sent.contains_key(text)) {
                (Some(MessageStatus::Sent | MessageStatus::Delivered | MessageStatus::Read), true) => {}
                (Some(MessageStatus::Unknown), _) => count.unknown += 1,
                _ => count.wrong += 1,
            }
        }
        Ok(())
    }

    /// A number on the sandbox's gateway, linked.
    async fn gateway(&self) -> Result<AccountId> {
        let gateway = Gateway::demo(GatewayVersion::V9);
        let form = GatewayForm {
            name: "Gateway".to_owned(),
            phone: format!("+{GATEWAY_PHONE}"),
            base_url: format!("{}/gowa/v9", self.sandbox.base_url()),
            user: gateway.user,
            password: gateway.password,
            webhook_secret: "a-secret-of-the-measurement".to_owned(),
            device_id: String::new(),
        };
        let id = self.engine.create_gateway(&self.actor, &form).await?.id;
        self.until_status(id, AccountStatus::Qr).await?;
        let device = Device::new("v9", &format!("balas-{id}"));
        self.sandbox
            .world()
            .scan(&device, GATEWAY_PHONE, Some("Gateway"))
            .map_err(|error| Error::Server(error.to_string()))?;
        self.until_ready(id).await?;
        Ok(id)
    }

    /// A number on the bridge, linked and fast.
    async fn bridge(&self) -> Result<AccountId> {
        let form = BridgeForm { name: "Web".to_owned(), ..BridgeForm::default() };
        let id = self.engine.create_bridge_account(&self.actor, &form).await?.id;
        self.until_status(id, AccountStatus::Qr).await?;
        self.wish("scan", "yes")?;
        self.until_ready(id).await?;
        let settings = AccountSettings {
            trust_level: TrustLevel::ALL[4],
            warm_up: false,
            ..AccountSettings::of_new(ProviderKind::Bridge)
        };
        self.engine.set_account_settings(&self.actor, id, &settings).await?;
        Ok(id)
    }

    /// The phone's or the customer's part.
    fn wish(&self, name: &str, what: &str) -> Result<()> {
        fs::write(self.data.join(name), what).map_err(Error::io(format!("cannot wish for {name}")))
    }

    fn write(&self, account: &str, from: &str, n: usize) -> Result<()> {
        let incoming = Incoming::text(account, from, "Customer", &format!("message {n}"));
        self.sandbox.world().receive(&incoming).map(drop).map_err(|error| Error::Server(error.to_string()))
    }

    /// The process of the bridge, if it runs.
    fn pid(&self) -> Option<String> {
        Some(fs::read_to_string(self.data.join("bridge.pid")).ok()?.trim().to_owned())
    }

    /// What the phone has sent.
    fn sent_by_phone(&self, account: AccountId) -> Result<Vec<String>> {
        let file = self.data.join(format!("devices/balas-{account}/said.jsonl"));
        let said = fs::read_to_string(&file).map_err(Error::io(format!("cannot read {}", file.display())))?;
        let all: Vec<Value> = said.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let ours = all.iter().filter(|message| message["fromMe"] == true);
        Ok(ours.filter_map(|message| Some(message["body"].as_str()?.to_owned())).collect())
    }

    async fn others_not_ready(&self, bridge: AccountId) -> Result<usize> {
        let all = self.engine.accounts(&self.actor).await?;
        Ok(all.iter().filter(|a| a.id != bridge && a.status != AccountStatus::Ready).count())
    }

    async fn conversation(&self, account: AccountId) -> Result<Option<ConversationId>> {
        let query = ListQuery { account: Some(account), ..ListQuery::default() };
        let page = self.engine.conversations(&self.actor, &query).await?;
        Ok(page.items.first().map(|conversation| conversation.id))
    }

    /// The customer's conversation, on this number if one is given.
    async fn with(&self, phone: &str, account: Option<AccountId>) -> Result<Option<ConversationId>> {
        let query = ListQuery { account, q: Some(phone.to_owned()), ..ListQuery::default() };
        let page = self.engine.conversations(&self.actor, &query).await?;
        Ok(page.items.first().map(|conversation| conversation.id))
    }

    async fn messages(&self, id: ConversationId) -> Result<Vec<MessageView>> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.engine.thread(&self.actor, id, cursor.as_deref(), 100).await?.messages;
            all.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(all),
            }
        }
    }

    async fn heard(&self, id: ConversationId) -> Result<Vec<MessageView>> {
        let mut all = self.messages(id).await?;
        all.retain(|message| message.direction == Direction::In);
        Ok(all)
    }

    /// Whether one of our answers is still on its way.
    async fn moves(&self, id: ConversationId) -> Result<bool> {
        let moving = |m: &MessageView| {
            m.direction == Direction::Out
                && matches!(m.delivery.status, MessageStatus::Queued | MessageStatus::Sending)
        };
        Ok(self.messages(id).await?.iter().any(moving))
    }

    async fn until_ready(&self, id: AccountId) -> Result<()> {
        self.until_status(id, AccountStatus::Ready).await
    }

    async fn until_status(&self, id: AccountId, status: AccountStatus) -> Result<()> {
        self.until(&format!("a number is {status}"), async || {
            let account = self.engine.account(&self.actor, id).await?;
            if account.status == AccountStatus::Error {
                return Err(Error::Server(account.status_detail.unwrap_or_default()));
            }
            Ok(account.status == status)
        })
        .await
    }

    async fn until(&self, what: &str, condition: impl AsyncFn() -> Result<bool>) -> Result<()> {
        let started = Instant::now();
        while !condition().await? {
            if started.elapsed() > PATIENCE {
                return Err(Error::Server(format!("never came true: {what}")));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

/// Pulls the plug.
fn end(pid: &str) -> Result<()> {
    let killed = std::process::Command::new("kill").args(["-9", pid]).status();
    if killed.map_err(Error::io("cannot kill the bridge"))?.success() {
        Ok(())
    } else {
        Err(Error::Server("the bridge had ended already".to_owned()))
    }
}
