//! Many uploads at once while the server is killed: whether each is sent once, and whether anything is left lying. Not how
//! fast.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use balas_domain::{Clock, MessageId, Timestamp};
use balas_engine::ambient::{OsRandom, SystemClock};
use balas_sandbox::Running;
use balas_store::files;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{gateway, receive};
use crate::{
    Error, Result,
    accounts::fleet::Fleet,
    database::Database,
    http::{Connection, Response},
    local::{Local, settled},
    report::Report,
    row::Floor,
    server::{Options, Server, free_address},
    surroundings::Surroundings,
};

const ACCOUNTS: usize = 10;
/// Per account, and per program: one may have 32 on their way.
const EACH: usize = 20;
const PARTS: usize = 4;
/// Bytes of a part: small, so that a kill finds many uploads between two of them.
const PART: usize = 100_000;
const KILLS: usize = 2;
/// How long one upload may take, the server's absences included.
const PATIENCE: Duration = Duration::from_mins(5);
/// Before somebody tries again whom nobody answered.
const AGAIN: Duration = Duration::from_millis(50);
/// By then everything that is not needed is old enough.
const LATER: Duration = Duration::from_hours(50);

pub(super) async fn kills(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let (sandbox, listen) = gateway().await?;
    let outcome = run(report, surroundings, &sandbox, listen).await;
    sandbox.stop().await;
    outcome
}

async fn run(
    report: &mut Report,
    surroundings: &Surroundings,
    sandbox: &Running,
    listen: SocketAddr,
) -> Result<()> {
    let database = surroundings.fresh(None).await?;
    let options = surroundings.options(&database, false);
    let mut tokens = Vec::new();
    for _ in 0..ACCOUNTS {
        tokens.push(options.token().await?);
    }
    let address = free_address()?;
    let mut server = start(&options, address).await?;
    let mut fleet = Fleet::connect(address, listen, &tokens[0], ACCOUNTS).await?;
    let conversations = prepare(&mut fleet, sandbox).await?;

    // The demo has files of its own.
    let kept = database.path().join("files/kept");
    let before = all_in(&kept);
    let progress = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    let mut messages = HashMap::new();
    for n in 0..ACCOUNTS * EACH {
        let (account, token) = (n % ACCOUNTS, &tokens[n % ACCOUNTS]);
        let id = MessageId::new(SystemClock.now(), &OsRandom);
        messages.insert(name_of(n), id.to_string());
        let sender = Sender {
            address,
            auth: format!("Authorization: Bearer {token}"),
            connection: None,
            begun: Instant::now(),
            progress: Arc::clone(&progress),
        };
        senders.spawn(sender.send(n, id, conversations[account].clone()));
    }
    let all = ACCOUNTS * EACH * (PARTS + 1);
    for nth in 1..=KILLS {
        settled("the moment of a kill", async || {
            Ok((progress.load(Ordering::Relaxed) >= nth * all / (KILLS + 1)).then_some(()))
        })
        .await?;
        server.kill().await?;
        server = start(&options, address).await?;
    }
    while let Some(sent) = senders.join_next().await {
        sent.map_err(|error| Error::Server(error.to_string()))??;
    }
    fleet.reconnect().await?;
    let statuses = settle(&mut fleet, &conversations).await?;
    server.stop().await?;
    let count = count(&messages, &statuses, sandbox);
    let left = left(&database, before + messages.len()).await?;
    let name = "200 uploads at once, the server killed twice: neither sent once nor to be tried again";
    report.floor(name, count.wrong as f64, "", Floor::AtMost(0.0));
    report.floor("  … sent twice", count.twice as f64, "", Floor::AtMost(0.0));
    report.floor("  … left lying after the next cleaning", left as f64, "", Floor::AtMost(0.0));
    report.figure("  … to be tried again by hand", count.unknown as f64, "");
    Ok(())
}

async fn start(options: &Options, address: SocketAddr) -> Result<Server> {
    let mut server = options.spawn(address)?;
    server.ready().await?;
    Ok(server)
}

fn name_of(n: usize) -> String {
    format!("upload-{n}.txt")
}

/// Numbers that send as fast as they may, and a customer who has written to each; the conversations in their order.
async fn prepare(fleet: &mut Fleet, sandbox: &Running) -> Result<Vec<String>> {
    let ids = fleet.ids.clone();
    for (n, id) in ids.iter().enumerate() {
        let settings = json!({
            "auto_start": false,
            "sync_limit": 0,
            "media_storage": "local",
            "trust_level": 5,
            "daily_limit": null,
            "warm_up": false,
        });
        fleet.post(&format!("/{id}/settings"), &settings).await?;
        receive(sandbox, n, &format!("62878000{n:04}"), "Hello", None)?;
    }
    settled("the customers' messages", async || {
        let page = fleet.get("/conversations?limit=100").await?;
        let rows: HashMap<&str, &str> = page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| Some((row["account_id"].as_str()?, row["id"].as_str()?)))
            .collect();
        let found = ids.iter().map(|id| rows.get(id.as_str()).map(|found| (*found).to_owned()));
        Ok(found.collect::<Option<Vec<String>>>())
    })
    .await
}

/// Somebody with a file, who does not give up.
struct Sender {
    address: SocketAddr,
    auth: String,
    connection: Option<Connection>,
    begun: Instant,
    progress: Arc<AtomicUsize>,
}

impl Sender {
    async fn send(mut self, n: usize, id: MessageId, conversation: String) -> Result<()> {
        let file: Vec<u8> = format!("{n:09}\n").repeat(PARTS * PART / 10).into_bytes();
        let begin = json!({"name": name_of(n), "size": file.len()}).to_string();
        let begun: Value = self.ask("POST", "/api/v1/uploads", begin.as_bytes()).await?.json()?;
        let upload = begun["id"].as_str().unwrap_or_default().to_owned();
        let mut received = 0;
        while received < file.len() {
            let part = &file[received..(received + PART).min(file.len())];
            let path = format!("/api/v1/uploads/{upload}?offset={received}");
            let answer = self.ask("PUT", &path, part).await?;
            // It came, and its answer did not; or what was noted was not on disk.
            let answer = if answer.status == 409 {
                self.ask("GET", &format!("/api/v1/uploads/{upload}"), b"").await?
            } else {
                answer
            };
            received = answer.json::<Value>()?["received"].as_u64().unwrap_or_default() as usize;
            self.progress.fetch_add(1, Ordering::Relaxed);
        }
        let body = json!({"id": id, "upload": upload, "wish": "document"}).to_string();
        let path = format!("/api/v1/conversations/{conversation}/files");
        let answer = self.ask("POST", &path, body.as_bytes()).await?;
        if answer.status == 409 {
            return Err(Error::Server(format!("an upload does not end: {}", answer.text())));
        }
        answer.json::<Value>()?;
        self.progress.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Asks until somebody answers.
    async fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Response> {
        loop {
            match self.try_ask(method, path, body).await {
                Ok(answer) if answer.status < 500 && answer.status != 429 => return Ok(answer),
                _ if self.begun.elapsed() > PATIENCE => {
                    return Err(Error::Server("an upload takes too long".to_owned()));
                }
                Ok(_) => {}
                Err(_) => self.connection = None,
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn try_ask(&mut self, method: &str, path: &str, body: &[u8]) -> std::io::Result<Response> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(self.address).await?),
        };
        match method {
            "PUT" => connection.put(path, &[&self.auth], body).await,
            "POST" => connection.post(path, &[&self.auth], body).await,
            _ => connection.get(path, &[&self.auth]).await,
        }
    }
}

/// Waits until nothing is on its way any more; where each message is.
async fn settle(fleet: &mut Fleet, conversations: &[String]) -> Result<HashMap<String, String>> {
    settled("the end of all sending", async || {
        let mut statuses = HashMap::new();
        for conversation in conversations {
            let page = fleet.get(&format!("/conversations/{conversation}/messages?limit=100")).await?;
            for message in page["items"].as_array().into_iter().flatten().filter(|m| m["direction"] == "out")
            {
                let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                statuses.insert(word(&message["id"]), word(&message["delivery"]["status"]));
            }
        }
        let moving = statuses.values().any(|status| matches!(status.as_str(), "queued" | "sending"));
        Ok((!moving).then_some(statuses))
    })
    .await
}

#[derive(Debug, Default)]
struct Count {
    wrong: usize,
    twice: usize,
    unknown: usize,
}

/// Holds what each message is shown as against what the gateway has.
fn count(messages: &HashMap<String, String>, statuses: &HashMap<String, String>, sandbox: &Running) -> Count {
    let mut arrived: HashMap<String, usize> = HashMap::new();
    for file in sandbox.world().sent_to_all().into_iter().filter_map(|sent| sent.media) {
        *arrived.entry(file.file_name.unwrap_or_default()).or_default() += 1;
    }
    let mut count = Count { twice: arrived.values().filter(|n| **n > 1).count(), ..Count::default() };
    for (name, id) in messages {
        match (statuses.get(id).map(String::as_str), arrived.contains_key(name)) {
            (Some("sent" | "delivered" | "read"), true) => {}
            (Some("unknown"), _) | (Some("failed"), false) => count.unknown += 1,
            _ => count.wrong += 1,
        }
    }
    count
}

/// A clock that is ahead.
struct Later;

impl Clock for Later {
    fn now(&self) -> Timestamp {
        SystemClock.now().after(LATER)
    }
}

/// What lies in folders and table beyond so many files that are needed, after cleaning.
async fn left(database: &Database, needed: usize) -> Result<usize> {
    let local = Local::at(database, Arc::new(Later)).await?;
    local.engine.tidy_files().await?;
    let rows = {
        let mut tx = local.engine.store().read().await?;
        let ever = Timestamp(i64::MAX);
        files::unused(&mut tx, balas_domain::MediaStorage::Local, ever, 1_000).await?.len()
    };
    local.close().await;
    let folder = database.path().join("files");
    let lying = |name: &str| all_in(&folder.join(name));
    Ok(rows + lying("kept").abs_diff(needed) + lying("uploads") + lying("spool"))
}

fn all_in(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.map(|path| if path.is_dir() { all_in(&path) } else { 1 }).sum()
}
