//! A phone's past comes over: how fast, with how much memory, and what becomes of it when the server is killed.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use balas_domain::{AccountSettings, WorkspaceSettings};
use balas_engine::ambient::{OsRandom, SystemClock};
use balas_sandbox::{Config, Device, Past, Running, Timing};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::{
    Error, Result,
    database::Database,
    http::Connection,
    local::Local,
    report::Report,
    rng::Rng,
    row::Floor,
    server::{Options, Server, free_address},
    surroundings::Surroundings,
};

const PHONE: &str = "628110000099";
const SLOT: &str = "past";
const LOOK: Duration = Duration::from_millis(5);
const KILLS: u64 = 10;
/// How long all of it may take before nothing more is expected.
const PATIENCE: Duration = Duration::from_mins(15);

/// A number that gets linked to a phone with a past.
pub(super) struct Number {
    api: Connection,
    address: SocketAddr,
    auth: String,
    id: String,
}

impl Number {
    /// Connects it; the phone is not linked yet.
    pub(super) async fn connect(
        server: &Server,
        sandbox: SocketAddr,
        token: &str,
        limit: u16,
    ) -> Result<Self> {
        let api = Connection::open(server.address).await.map_err(Error::io("cannot reach the server"))?;
        let auth = format!("Authorization: Bearer {token}");
        let mut number = Self { api, address: server.address, auth, id: String::new() };
        let session = json!({
            "name": "Past",
            "phone": format!("+{PHONE}"),
            "base_url": format!("http://{sandbox}/gowa/v9"),
            "user": "balas",
            "password": "sandbox-gateway",
            "webhook_secret": "a-secret-of-the-measurement",
            "device_id": SLOT,
        });
        let made = number.post("", &session).await?;
        made["id"].as_str().unwrap_or_default().clone_into(&mut number.id);
        let settings = AccountSettings { sync_limit: limit, ..AccountSettings::default() };
        let path = format!("/{}/settings", number.id);
        number.post(&path, &serde_json::to_value(settings)?).await?;
        Ok(number)
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let path = format!("/api/v1/whatsapp/sessions{path}");
        let answer = self.api.post(&path, &[&self.auth], body.to_string().as_bytes()).await;
        answer.map_err(Error::io("cannot reach the server"))?.json()
    }

    async fn sync(&mut self) -> Result<Value> {
        let path = format!("/api/v1/whatsapp/sessions/{}", self.id);
        let answer = self.api.get(&path, &[&self.auth]).await;
        let session: Value = answer.map_err(Error::io("cannot reach the server"))?.json()?;
        Ok(session["sync"].clone())
    }

    /// Brings the history over once more.
    async fn again(&mut self) -> Result<()> {
        let path = format!("/api/v1/whatsapp/sessions/{}/sync-history", self.id);
        let answer = self.api.post(&path, &[&self.auth], b"{}").await;
        let answer = answer.map_err(Error::io("cannot reach the server"))?;
        if answer.status == 202 { Ok(()) } else { Err(Error::Server(answer.text())) }
    }

    /// Waits until the history is so far; how long that took since then.
    async fn until(&mut self, since: Instant, far: impl Fn(&Value) -> bool) -> Result<Duration> {
        loop {
            let sync = self.sync().await?;
            if far(&sync) {
                return Ok(since.elapsed());
            }
            if since.elapsed() > PATIENCE || sync["state"] == "failed" {
                return Err(Error::Server(format!("the history does not come: {sync}")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn reconnect(&mut self) -> Result<()> {
        let api = Connection::open(self.address).await;
        self.api = api.map_err(Error::io("cannot reach the server"))?;
        Ok(())
    }
}

fn done(sync: &Value) -> u64 {
    sync["done"].as_u64().unwrap_or_default()
}

fn complete(sync: &Value) -> bool {
    sync["state"] == "completed"
}

/// A phone with this past, and a gateway with a slot for it.
pub(super) async fn phone(past: Past) -> Result<(Running, SocketAddr)> {
    let listen = free_address()?;
    let config = Config { listen, numbers: Vec::new(), seed: false };
    let timing = Timing { history_after: Duration::ZERO, ..Timing::default() };
    let sandbox = balas_sandbox::start_with(config, timing, Arc::new(SystemClock), Arc::new(OsRandom)).await;
    let sandbox = sandbox.map_err(|error| Error::Server(error.to_string()))?;
    let past = Past { account: PHONE.to_owned(), ..past };
    let world = sandbox.world();
    let made = world.add_handset(PHONE, None).and_then(|_| world.fill(&past));
    let slot = made.and_then(|()| world.add_device(&Device::new("v9", SLOT)));
    slot.map_err(|error| Error::Server(error.to_string()))?;
    Ok((sandbox, listen))
}

pub(super) fn link(sandbox: &Running) -> Result<Instant> {
    let linked = sandbox.world().link(&Device::new("v9", SLOT), PHONE, "Past");
    linked.map(|_| Instant::now()).map_err(|error| Error::Server(error.to_string()))
}

/// A fresh database without bounds for histories.
pub(super) async fn unbounded(surroundings: &Surroundings) -> Result<Database> {
    let database = surroundings.fresh(None).await?;
    let local = Local::open(&database).await?;
    let settings = WorkspaceSettings { sync_chats: None, sync_days: None, ..WorkspaceSettings::default() };
    local.engine.set_workspace_settings(&local.actor, &settings).await?;
    local.close().await;
    Ok(database)
}

/// What the database holds of chats, so that two looks can be compared: rows, positions in the log, times.
async fn contents(database: &Database) -> Result<Vec<(i64, i64, i64)>> {
    let mut all = Vec::new();
    let mut connection = SqliteConnection::connect(&database.url()).await?;
    for sql in [
        "SELECT COUNT(*), COALESCE(SUM(version), 0), COALESCE(SUM(at % 1000003), 0) FROM messages",
        "SELECT COUNT(*), COALESCE(SUM(version), 0), COALESCE(SUM(sort_at % 1000003), 0) FROM conversations",
        "SELECT COUNT(*), 0, COALESCE(SUM(last_seen_at % 1000003), 0) FROM contacts",
        "SELECT COUNT(*), 0, 0 FROM contact_identities",
        // Of the phone alone: the shop of the demonstration has messages too.
        "SELECT COUNT(*), COUNT(DISTINCT conversation_id || provider_id), 0 FROM messages
         WHERE account_id = (SELECT id FROM accounts WHERE name = 'Past')",
    ] {
        all.push(sqlx::query_as::<_, (i64, i64, i64)>(sql).fetch_one(&mut connection).await?);
    }
    connection.close().await?;
    Ok(all)
}

/// 500 chats, of which 100 are groups, with 50 messages each.
pub(super) async fn over(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let (sandbox, listen) =
        phone(Past { chats: 400, groups: 100, messages: 50, members: 20, ..Past::default() }).await?;
    let outcome = bring(report, surroundings, &sandbox, listen).await;
    sandbox.stop().await;
    outcome
}

async fn bring(
    report: &mut Report,
    surroundings: &Surroundings,
    sandbox: &Running,
    listen: SocketAddr,
) -> Result<()> {
    let database = unbounded(surroundings).await?;
    let options = surroundings.options(&database, false);
    let token = options.token().await?;
    let server = options.start().await?;
    let mut number = Number::connect(&server, listen, &token, 50).await?;
    let before = server.resident_bytes()?;
    link(sandbox)?;
    // From when the number is found to be linked: it is asked once a second.
    number.until(Instant::now(), |sync| !sync.is_null()).await?;
    let linked = Instant::now();
    let first = number.until(linked, |sync| done(sync) >= 20).await?;
    let all = number.until(linked, |sync| done(sync) >= 500).await?;
    let grown = server.resident_bytes()?.saturating_sub(before) as f64 / 1_000_000.0;
    let name = "500 chats × 50 messages, 100 of them groups: all visible";
    report.floor(name, all.as_secs_f64(), "s", Floor::AtMost(5.0));
    report.floor("  … the first 20 chats", first.as_secs_f64() * 1_000.0, "ms", Floor::AtMost(500.0));
    report.floor("  … memory that the server takes for it", grown, "MB", Floor::AtMost(50.0));
    number.until(linked, complete).await?;
    let held = contents(&database).await?;
    if held[0].0 < 25_000 {
        return Err(Error::Server(format!("only {} messages came over", held[0].0)));
    }
    let again = Instant::now();
    number.again().await?;
    let took = number.until(again, |sync| complete(sync) && done(sync) >= 500).await?;
    let changed = contents(&database).await?.iter().zip(&held).filter(|(a, b)| a != b).count();
    report.floor("the same again: tables with changed rows", changed as f64, "", Floor::AtMost(0.0));
    report.figure("  … took", took.as_secs_f64(), "s");
    server.stop().await
}

/// 5,000 chats with 200 messages each; the server is killed on the way.
pub(super) async fn kills(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let (sandbox, listen) = phone(Past { chats: 5_000, messages: 200, ..Past::default() }).await?;
    let outcome = kill(report, surroundings, &sandbox, listen).await;
    sandbox.stop().await;
    outcome
}

async fn kill(
    report: &mut Report,
    surroundings: &Surroundings,
    sandbox: &Running,
    listen: SocketAddr,
) -> Result<()> {
    let database = unbounded(surroundings).await?;
    let options = surroundings.options(&database, false);
    let token = options.token().await?;
    let address = free_address()?;
    let mut server = start(&options, address).await?;
    let mut number = Number::connect(&server, listen, &token, 200).await?;
    let (begun, mut rng) = (link(sandbox)?, Rng::new(5));
    for nth in 1..=KILLS {
        // Spread over the way, at moments that are no step's end.
        number.until(begun, |sync| done(sync) >= nth * 400 || complete(sync)).await?;
        tokio::time::sleep(Duration::from_millis(rng.below(300))).await;
        server.kill().await?;
        server = start(&options, address).await?;
        number.reconnect().await?;
    }
    let took = number.until(begun, complete).await?;
    server.stop().await?;
    let held = contents(&database).await?;
    let (all, different) = (held[4].0, held[4].1);
    let name = "5,000 chats × 200 messages, killed 10 times: missing, or more than there were";
    report.floor(name, (1_000_000 - different).abs() as f64, "", Floor::AtMost(0.0));
    report.floor("  … there twice", (all - different) as f64, "", Floor::AtMost(0.0));
    report.figure("  … took, all in all", took.as_secs_f64(), "s");
    Ok(())
}

async fn start(options: &Options, address: SocketAddr) -> Result<Server> {
    let mut server = options.spawn(address)?;
    server.ready().await?;
    Ok(server)
}
