//! What becomes of long queues when the process is killed again and again. Not how fast: whether anything is lost, goes
//! out twice, or goes out beyond its limits.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use balas_domain::{MessageId, Timestamp, TrustLevel};
use balas_engine::ambient::{OsRandom, SystemClock};
use balas_sandbox::{Config, Incoming, Sent, World};
use serde_json::{Value, json};

use super::fleet::Fleet;
use crate::{
    Error, Result,
    report::Report,
    rng::{Predictable, Rng},
    row::Floor,
    server::{Server, free_address},
    surroundings::Surroundings,
};

const ACCOUNTS: usize = 30;
const MESSAGES: usize = 200;
const KILLS: usize = 10;
/// So many may go per account and day; the rest must wait.
const DAILY_LIMIT: usize = 60;
/// What the way to the gateway may add or take from the time between two messages.
const JITTER: Duration = Duration::from_millis(500);
/// How long the queues may take after the last kill.
const PATIENCE: Duration = Duration::from_mins(3);

/// What was counted in the end.
#[derive(Debug, Default)]
struct Count {
    sent: usize,
    unknown: usize,
    waiting: usize,
    /// Neither sent nor shown as unknown nor waiting, or shown as what it is not.
    wrong: usize,
    /// More than once at the gateway.
    twice: usize,
    /// Beyond the daily limit or the pace.
    beyond: usize,
}

/// Fills the queues, kills, and counts.
pub(super) async fn queues(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let count = run(surroundings).await?;
    let all = ACCOUNTS * MESSAGES;
    eprintln!("      of {all}: {} sent, {} unknown, {} waiting", count.sent, count.unknown, count.waiting);
    let name = "30 accounts × 200 messages, killed 10 times: lost, or shown as what it is not";
    report.floor(name, count.wrong as f64, "", Floor::AtMost(0.0));
    report.floor("  … sent twice", count.twice as f64, "", Floor::AtMost(0.0));
    report.floor("  … beyond the daily limit or the pace", count.beyond as f64, "", Floor::AtMost(0.0));
    report.figure("  … shown as unknown", count.unknown as f64, "");
    Ok(())
}

async fn run(surroundings: &Surroundings) -> Result<Count> {
    // The gateway must outlive the server.
    let listen = free_address()?;
    let config = Config { listen, numbers: Vec::new(), seed: false };
    let sandbox = balas_sandbox::start(config, Arc::new(SystemClock), Arc::new(OsRandom)).await;
    let sandbox = sandbox.map_err(|error| Error::Server(error.to_string()))?;
    let outcome = kill(surroundings, &sandbox.world(), listen).await;
    sandbox.stop().await;
    outcome
}

async fn kill(surroundings: &Surroundings, world: &World, sandbox: std::net::SocketAddr) -> Result<Count> {
    let database = surroundings.fresh(None).await?;
    let options = surroundings.options(&database, false);
    let token = options.token().await?;
    let address = free_address()?;
    let start = async || -> Result<Server> {
        let mut server = options.spawn(address)?;
        server.ready().await?;
        Ok(server)
    };
    let mut server = start().await?;
    let mut fleet = Fleet::connect(address, sandbox, &token, ACCOUNTS).await?;
    let conversations = prepare(&mut fleet, world).await?;

    let (mut rng, random) = (Rng::new(7), Predictable::new(7));
    let mut texts = HashMap::new();
    let mut kills = 0;
    for n in 0..MESSAGES {
        for (account, conversation) in &conversations {
            let text = format!("queue {account} {n}");
            let id = MessageId::new(super::now(), &random);
            let body = json!({"id": id, "text": text});
            fleet.call(&format!("/conversations/{conversation}/messages"), &body).await?;
            texts.insert(text, id);
        }
        // The first kills come while messages are still being written, the others while they leave.
        if n % (MESSAGES / 4) == MESSAGES / 8 {
            server.kill().await?;
            kills += 1;
            server = start().await?;
            fleet.reconnect().await?;
        }
    }
    while kills < KILLS {
        tokio::time::sleep(Duration::from_millis(500 + rng.below(3_000))).await;
        server.kill().await?;
        kills += 1;
        server = start().await?;
        fleet.reconnect().await?;
    }

    let messages = settle(&mut fleet, &conversations).await?;
    server.stop().await?;
    Ok(count(&messages, &texts, &world.sent_to_all()))
}

/// Limits for all, and a customer who has written to each; the conversations with their accounts.
async fn prepare(fleet: &mut Fleet, world: &World) -> Result<Vec<(String, String)>> {
    for (n, id) in fleet.ids.clone().into_iter().enumerate() {
        let settings = json!({
            "auto_start": false,
            "sync_limit": 0,
            "media_storage": "local",
            "trust_level": 5,
            "daily_limit": DAILY_LIMIT,
            // It would hold them back before the limit does.
            "warm_up": false,
        });
        fleet.post(&format!("/{id}/settings"), &settings).await?;
        let incoming = Incoming {
            account: Some(format!("v9/fleet-{n}")),
            from: Some(format!("62877000{n:04}")),
            name: Some(format!("Customer {n}")),
            text: Some("Hello".to_owned()),
            ..Incoming::default()
        };
        world.receive(&incoming).map_err(|error| Error::Server(error.to_string()))?;
    }
    let started = Instant::now();
    loop {
        let page: Value = fleet.get("/conversations?limit=100").await?;
        let found: Vec<(String, String)> = page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| Some((row["account_id"].as_str()?.to_owned(), row["id"].as_str()?.to_owned())))
            .filter(|(account, _)| fleet.ids.contains(account))
            .collect();
        if found.len() == ACCOUNTS {
            return Ok(found);
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::Server("the customers' messages did not arrive".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until nothing moves any more: what is queued waits for tomorrow. All messages of ours.
async fn settle(fleet: &mut Fleet, conversations: &[(String, String)]) -> Result<Vec<Value>> {
    let started = Instant::now();
    loop {
        let mut all = Vec::new();
        for (_, conversation) in conversations {
            let mut cursor = String::new();
            loop {
                let path = format!("/conversations/{conversation}/messages?limit=100{cursor}");
                let mut page: Value = fleet.get(&path).await?;
                if let Some(items) = page["items"].as_array_mut() {
                    all.extend(items.drain(..).filter(|m| m["direction"] == "out"));
                }
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
        let moving = all.iter().any(|m| matches!(m["delivery"]["status"].as_str(), Some("sending" | "sent")));
        // Only the first of a conversation's line is tried, and says why it waits.
        let held = all.iter().filter(|m| m["held"]["reason"] == "daily_limit").count();
        if !moving && held == conversations.len() {
            return Ok(all);
        }
        if started.elapsed() > PATIENCE {
            let mut states: BTreeMap<String, usize> = BTreeMap::new();
            for message in &all {
                let state = format!("{} {}", message["delivery"]["status"], message["held"]["reason"]);
                *states.entry(state).or_default() += 1;
            }
            return Err(Error::Server(format!("the queues did not come to rest: {states:?}")));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn count(messages: &[Value], texts: &HashMap<String, MessageId>, at_gateway: &[Sent]) -> Count {
    let mut arrived: HashMap<&str, usize> = HashMap::new();
    let mut times: HashMap<&str, Vec<Timestamp>> = HashMap::new();
    for sent in at_gateway {
        *arrived.entry(sent.text.as_deref().unwrap_or_default()).or_default() += 1;
        times.entry(&sent.account).or_default().push(sent.at);
    }
    let mut count = Count { twice: arrived.values().filter(|n| **n > 1).count(), ..Count::default() };
    let shown: HashMap<&str, &Value> = messages.iter().filter_map(|m| Some((m["id"].as_str()?, m))).collect();
    for (text, id) in texts {
        let there = arrived.contains_key(text.as_str());
        let status = shown.get(id.to_string().as_str()).and_then(|m| m["delivery"]["status"].as_str());
        match (status, there) {
            (Some("delivered" | "read"), true) => count.sent += 1,
            (Some("unknown"), _) => count.unknown += 1,
            (Some("queued"), false) => count.waiting += 1,
            _ => count.wrong += 1,
        }
    }
    count.beyond = times.into_values().map(beyond).sum();
    count
}

/// How many of one account went beyond its limits. All within one day: who measures at midnight measures again.
fn beyond(mut times: Vec<Timestamp>) -> usize {
    times.sort_unstable();
    let pace = TrustLevel::ALL[4].pace();
    let burst = pace.burst as usize;
    let too_fast = |more: usize| {
        let least = (pace.each * u32::try_from(more).unwrap_or(u32::MAX)).saturating_sub(JITTER);
        times.windows(burst + more).filter(|some| some[burst + more - 1].since(some[0]) < least).count()
    };
    times.len().saturating_sub(DAILY_LIMIT) + too_fast(1) + too_fast(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_too_fast_is_found() {
        let at = |seconds: &dyn Fn(usize) -> i64, n: usize| {
            (0..n).map(|i| Timestamp::from_seconds(seconds(i))).collect::<Vec<_>>()
        };
        // Twenty at once, then one each second.
        assert_eq!(beyond(at(&|i| i64::try_from(i.saturating_sub(19)).unwrap(), 60)), 0);
        assert_eq!(beyond(at(&|i| i64::try_from(i.saturating_sub(19)).unwrap(), 61)), 1);
        assert!(beyond(at(&|_| 0, 22)) > 0);
    }
}
