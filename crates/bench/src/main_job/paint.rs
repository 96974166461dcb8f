//! What a browser makes of it: the weight of the inbox, and how soon a message is on the screen.

use std::{path::Path, time::Duration};

use super::{Target, now};
use crate::{
    Error, Result,
    browser::Browser,
    http::Connection,
    meta::{Business, Text},
    report::Report,
    rng::Rng,
    row::Floor,
    stats::Samples,
};

const WARM_UP: u32 = 10;
const MESSAGES: u32 = 100;
const CUSTOMER: &str = "6286500000001";
const OBSERVE: &str = include_str!("../../browser/observe.js");
/// How long the first message may take until it is stored.
const PATIENCE: Duration = Duration::from_secs(10);

/// Both, in one browser.
pub(super) async fn all(report: &mut Report, target: &Target<'_>, folder: &Path) -> Result<()> {
    let mut browser = Browser::launch(folder).await?;
    let outcome = both(report, target, &mut browser).await;
    browser.close().await?;
    outcome
}

async fn both(report: &mut Report, target: &Target<'_>, browser: &mut Browser) -> Result<()> {
    browser.set_cookie(target.server.address, "balas_session", &target.cookie).await?;
    weight(report, target, browser).await?;
    bubbles(report, target, browser).await
}

async fn weight(report: &mut Report, target: &Target<'_>, browser: &mut Browser) -> Result<()> {
    let loaded = browser.open(&format!("http://{}/inbox", target.server.address)).await?;
    let total: u64 = loaded.iter().map(|r| r.bytes).sum();
    for resource in &loaded {
        let path =
            resource.url.split_once("//").and_then(|(_, r)| r.split_once('/')).map_or("", |(_, path)| path);
        eprintln!("      {:>9} bytes {:<4} /{path}", resource.bytes, resource.encoding);
    }
    // A page, a program in two parts, a style: with less than that something was not counted.
    if loaded.len() < 4 || !loaded.iter().any(|r| r.url.contains(".wasm") && r.bytes > 0) {
        return Err(Error::Browser("what the inbox loads could not be counted".to_owned()));
    }
    let name = "everything the inbox page loads, compressed";
    report.floor(name, total as f64 / 1_000.0, "KB", Floor::AtMost(400.0));
    Ok(())
}

async fn write(connection: &mut Connection, business: &Business, number: u32, text: &str) -> Result<i64> {
    let delivery = business.text(&Text {
        from: CUSTOMER,
        name: "Painter",
        id: &format!("wamid.PAINT{number:06}"),
        at: now().as_seconds(),
        text,
    });
    let sent = now();
    let answer = connection.post("/webhooks/cloud", &[&delivery.signature], &delivery.body).await;
    let answer = answer.map_err(Error::io("cannot send a webhook"))?;
    if answer.status == 200 {
        Ok(sent.as_millis())
    } else {
        Err(Error::Server(format!("a webhook was answered with {}", answer.status)))
    }
}

/// From just before a webhook is sent until the frame with its bubble is out. The browser's clock is the
/// machine's.
async fn bubbles(report: &mut Report, target: &Target<'_>, browser: &mut Browser) -> Result<()> {
    let (business, mut connection) = (Business::demo(), target.connect().await?);
    write(&mut connection, &business, 0, "Hello").await?;
    let started = std::time::Instant::now();
    let conversation = loop {
        if let Some(conversation) = target.local.with(CUSTOMER).await? {
            break conversation;
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::Server("the first message was not stored".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    browser.open(&format!("http://{}/inbox/{}", target.server.address, conversation.id)).await?;
    browser.evaluate(OBSERVE).await?;
    let (mut rng, mut samples) = (Rng::new(3), Samples::default());
    for number in 1..=WARM_UP + MESSAGES {
        let mark = format!("paint-{number}-mark");
        let sent = write(&mut connection, &business, number, &format!("Message {mark}")).await?;
        let painted = browser.evaluate(&format!("window.balasPainted('{mark}')")).await?;
        let painted = painted.as_f64().ok_or_else(|| Error::Browser("it tells no time".to_owned()))? as i64;
        if number > WARM_UP {
            samples.push(Duration::from_millis((painted - sent).max(0).unsigned_abs()));
        }
        // Not in step with the browser's frames.
        tokio::time::sleep(Duration::from_millis(100 + rng.below(100))).await;
    }
    report.floor(
        "webhook to painted bubble in Chromium: p95",
        samples.percentile(95.0),
        "ms",
        Floor::AtMost(300.0),
    );
    report.figure("  … p50", samples.percentile(50.0), "ms");
    Ok(())
}
