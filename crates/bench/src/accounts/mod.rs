//! The group `accounts`: many linked numbers are started, stopped and watched.
//!
//! The gateway is the sandbox's, in the measured process: what it needs itself is in every figure.

mod bridge;
pub(crate) mod fleet;
mod kills;

use std::{path::Path, time::Instant};

use balas_domain::{Clock, Timestamp};
use balas_engine::ambient::SystemClock;
use serde_json::json;

use self::fleet::Fleet;
use crate::{
    Error, Result,
    browser::Browser,
    local::Local,
    report::Report,
    row::{Floor, Row},
    server::Server,
    stats::Samples,
    surroundings::Surroundings,
};

/// The group's name.
pub const GROUP: &str = "accounts";

const FLEET: usize = 50;
const BATCHES: usize = 5;
const ROUNDS: usize = 40;
const OBSERVE: &str = include_str!("../../browser/cards.js");

/// Measures everything. A measurement that fails becomes a row that does not pass, and the rest goes on.
///
/// # Errors
/// When there is nothing to measure: the server does not start, the numbers cannot be connected.
pub async fn run(surroundings: &Surroundings) -> Result<Vec<Row>> {
    let mut report = Report::of(GROUP);
    eprintln!("accounts: preparing");
    let database = surroundings.fresh(None).await?;
    let options = surroundings.options(&database, true);
    let server = options.start().await?;
    let token = options.token().await?;
    let before = server.resident_bytes()?;
    let sandbox = server.sandbox.ok_or_else(|| Error::Server("the sandbox does not run".to_owned()))?;
    let mut fleet = Fleet::connect(server.address, sandbox, &token, FLEET).await?;
    memory(&mut report, &server, before)?;

    eprintln!("  batches");
    let outcome = batches(&mut report, &mut fleet).await;
    report.note("batches", outcome);
    eprintln!("  one at a time");
    let outcome = single(&mut report, &mut fleet).await;
    report.note("start or stop of one", outcome);
    eprintln!("  browser");
    let local = Local::open(&database).await?;
    let cookie = local.sign_in().await?;
    let outcome = cards(&mut report, &server, &cookie, &fleet.ids, &surroundings.folder).await;
    report.note("cards", outcome);
    local.close().await;
    server.stop().await?;
    eprintln!("  queues and kills");
    let outcome = kills::queues(&mut report, surroundings).await;
    report.note("queues and kills", outcome);
    eprintln!("  bridge and kills");
    let outcome = bridge::kills(&mut report, surroundings).await;
    report.note("bridge and kills", outcome);
    Ok(report.rows())
}

fn now() -> Timestamp {
    SystemClock.now()
}

fn memory(report: &mut Report, server: &Server, before: u64) -> Result<()> {
    let grown = server.resident_bytes()?.saturating_sub(before) as f64 / 1_000_000.0;
    let name = "memory per running gateway account, the sandbox's gateway inside";
    report.floor(name, grown / FLEET as f64, "MB", Floor::AtMost(2.0));
    Ok(())
}

async fn batches(report: &mut Report, fleet: &mut Fleet) -> Result<()> {
    let ids = fleet.ids.clone();
    let body = json!({"ids": ids});
    let (mut started, mut stopped) = (Samples::default(), Samples::default());
    for _ in 0..BATCHES {
        let at = Instant::now();
        fleet.post("/stop", &body).await?;
        fleet.until("idle", &ids).await?;
        stopped.push(at.elapsed());
        let at = Instant::now();
        fleet.post("/start", &body).await?;
        fleet.until("ready", &ids).await?;
        started.push(at.elapsed());
    }
    let name = "50 gateway accounts started as a batch: all ready, slowest of 5";
    report.floor(name, started.percentile(100.0) / 1_000.0, "s", Floor::AtMost(3.0));
    report.figure("  … stopped as a batch: all stopped", stopped.percentile(100.0) / 1_000.0, "s");
    Ok(())
}

async fn single(report: &mut Report, fleet: &mut Fleet) -> Result<()> {
    let mut samples = Samples::default();
    for round in 0..ROUNDS {
        let id = fleet.ids[round % fleet.ids.len()].clone();
        for (action, status) in [("stop", "idle"), ("start", "ready")] {
            let at = Instant::now();
            fleet.post(&format!("/{id}/{action}"), &json!({})).await?;
            fleet.until(status, std::slice::from_ref(&id)).await?;
            samples.push(at.elapsed());
        }
    }
    let name = "start or stop of one, until it is ready or stopped: p95";
    report.floor(name, samples.percentile(95.0), "ms", Floor::AtMost(300.0));
    Ok(())
}

/// From the press of the button until the frame with the changed card is out: the call itself inside.
async fn cards(
    report: &mut Report,
    server: &Server,
    cookie: &str,
    ids: &[String],
    folder: &Path,
) -> Result<()> {
    let mut browser = Browser::launch(folder).await?;
    let outcome = watch(&mut browser, server, cookie, ids).await;
    browser.close().await?;
    let samples = outcome?;
    let name = "status change to changed card in Chromium, 51 cards: p95";
    report.floor(name, samples.percentile(95.0), "ms", Floor::AtMost(200.0));
    report.figure("  … p50", samples.percentile(50.0), "ms");
    Ok(())
}

async fn watch(browser: &mut Browser, server: &Server, cookie: &str, ids: &[String]) -> Result<Samples> {
    browser.set_cookie(server.address, "balas_session", cookie).await?;
    browser.open(&format!("http://{}/accounts", server.address)).await?;
    browser.evaluate(OBSERVE).await?;
    let mut samples = Samples::default();
    for round in 0..ROUNDS {
        let id = &ids[round % ids.len()];
        for (action, word) in [("stop", "Stopped"), ("start", "Connected")] {
            let took = browser.evaluate(&format!("window.balasCard('{id}', '{action}', '{word}')")).await?;
            let took = took.as_f64().ok_or_else(|| Error::Browser("it tells no time".to_owned()))?;
            samples.push(std::time::Duration::from_secs_f64(took.max(0.0) / 1_000.0));
        }
    }
    Ok(samples)
}
