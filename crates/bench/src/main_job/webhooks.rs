//! Webhooks as fast as they are taken, and whether every one of them is there afterwards.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use balas_domain::{ConversationId, query::ListQuery};

use super::{Target, now};
use crate::{
    Error, Result,
    http::Connection,
    local::Local,
    meta::{Business, Text},
    report::Report,
    rng::Rng,
    row::Floor,
    stats::Samples,
};

/// Connections, each with one webhook under way.
const CONNECTIONS: u64 = 64;
const WARM_UP: Duration = Duration::from_secs(2);
const DURATION: Duration = Duration::from_secs(10);
const CUSTOMERS: u64 = 500;
/// How long the backlog may take before it counts as never done.
const PATIENCE: Duration = Duration::from_mins(2);
const PREFIX: &str = "62866000";

/// What one connection achieved.
#[derive(Default)]
struct Sender {
    /// Numbers of the messages that were acknowledged, and whether within the measured time.
    acknowledged: Vec<(u32, bool)>,
    refused: usize,
    samples: Samples,
}

async fn send(
    mut connection: Connection,
    business: Business,
    next: Arc<AtomicU32>,
    seed: u64,
    started: Instant,
) -> Result<Sender> {
    let (mut rng, mut sender) = (Rng::new(seed), Sender::default());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let delivery = business.text(&Text {
            from: &format!("{PREFIX}{:05}", rng.below(CUSTOMERS)),
            name: "Hurried",
            id: &format!("wamid.RUSH{number:010}"),
            at: now().as_seconds(),
            text: &format!("rush {number}"),
        });
        let sent = Instant::now();
        let answer = connection.post("/webhooks/cloud", &[&delivery.signature], &delivery.body).await;
        let answer = answer.map_err(Error::io("cannot send a webhook"))?;
        let measured = (WARM_UP..WARM_UP + DURATION).contains(&started.elapsed());
        if answer.status == 200 {
            sender.acknowledged.push((number, measured));
        } else {
            sender.refused += 1;
        }
        if measured {
            sender.samples.push(sent.elapsed());
        }
        if started.elapsed() >= WARM_UP + DURATION {
            return Ok(sender);
        }
    }
}

/// How often each message is there.
async fn stored(local: &Local) -> Result<HashMap<u32, u32>> {
    let mut counts = HashMap::new();
    for conversation in conversations(local).await? {
        local
            .each_text(conversation, |text| {
                if let Some(number) = text.strip_prefix("rush ").and_then(|n| n.parse().ok()) {
                    *counts.entry(number).or_default() += 1;
                }
            })
            .await?;
    }
    Ok(counts)
}

/// The customers' conversations: they wrote last, so they stand at the top.
async fn conversations(local: &Local) -> Result<Vec<ConversationId>> {
    let mut found = Vec::new();
    let mut query = ListQuery { limit: Some(100), ..ListQuery::default() };
    loop {
        let page = local.engine.conversations(&local.actor, &query).await?;
        let before = found.len();
        found.extend(page.items.iter().filter(|c| c.address.to_string().contains(PREFIX)).map(|c| c.id));
        match page.next {
            Some(next) if found.len() > before => query.cursor = Some(next),
            _ => return Ok(found),
        }
    }
}

/// Sends for ten seconds, waits for the backlog, counts.
pub(super) async fn sustained(report: &mut Report, target: &Target<'_>) -> Result<()> {
    let (next, business) = (Arc::new(AtomicU32::new(0)), Business::demo());
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(target.connect().await?);
    }
    let started = Instant::now();
    let senders: Vec<_> = connections
        .into_iter()
        .zip(0..)
        .map(|(connection, seed)| {
            tokio::spawn(send(connection, business.clone(), Arc::clone(&next), 1_000 + seed, started))
        })
        .collect();
    let mut all = Sender::default();
    for sender in senders {
        let sender = sender.await.map_err(|e| Error::Server(format!("a sender ended: {e}")))??;
        all.acknowledged.extend(sender.acknowledged);
        all.refused += sender.refused;
        all.samples.extend(sender.samples);
    }
    let stopped = Instant::now();
    let waiting = target.local.backlog().await?;
    while target.local.backlog().await? > 0 {
        if stopped.elapsed() > PATIENCE {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let backlog = stopped.elapsed().as_secs_f64();
    let in_all = started.elapsed().as_secs_f64();

    let counts = stored(target.local).await?;
    let lost = all.acknowledged.iter().filter(|(n, _)| !counts.contains_key(n)).count();
    let twice = counts.values().filter(|n| **n > 1).count();
    let measured = all.acknowledged.iter().filter(|(_, m)| *m).count() as f64;
    let rate = measured / DURATION.as_secs_f64();
    report.floor("signed webhooks acknowledged, sustained over 10 s", rate, "/s", Floor::AtLeast(2_000.0));
    report.floor("  … acknowledged but lost", lost as f64, "", Floor::AtMost(0.0));
    report.floor("  … stored twice", twice as f64, "", Floor::AtMost(0.0));
    report.figure("  … refused", all.refused as f64, "");
    report.figure("  … acknowledged within: p99", all.samples.percentile(99.0), "ms");
    report.figure("  … waiting to be worked in at the end", waiting as f64, "");
    report.figure("  … until none waited", backlog, "s");
    report.figure(
        "  … from webhook to conversation, all in all",
        all.acknowledged.len() as f64 / in_all,
        "/s",
    );
    Ok(())
}
