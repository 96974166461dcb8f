//! A large photo comes: how soon its bubble stands there, and how soon the picture in it.

use std::time::Duration;

use balas_domain::Clock;
use balas_engine::ambient::SystemClock;
use balas_sandbox::{Attach, MediaKind};

use super::{Shop, jpeg, receive};
use crate::{
    Error, Result,
    browser::Browser,
    local::{Local, settled},
    report::Report,
    rng::Rng,
    row::Floor,
    stats::Samples,
    surroundings::Surroundings,
};

const CUSTOMER: &str = "6286600000001";
const ROUNDS: u32 = 10;
const WARM_UP: u32 = 2;
/// Bytes of the photo.
const SIZE: usize = 10_000_000;
const OBSERVE: &str = include_str!("../../browser/observe.js");
const MEDIA: &str = include_str!("../../browser/media.js");

/// From the moment at which the phone has it until the frame with it is out.
pub(super) async fn comes(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let shop = Shop::open(surroundings).await?;
    let local = Local::open(&shop.database).await?;
    let mut browser = Browser::launch(&surroundings.folder).await?;
    let outcome = watch(&shop, &local, &mut browser).await;
    browser.close().await?;
    local.close().await;
    shop.close().await?;
    let (bubble, picture) = outcome?;
    report.floor(
        "photo of 10 MB and 12 megapixels: bubble with its place kept: p95",
        bubble.percentile(95.0),
        "ms",
        Floor::AtMost(300.0),
    );
    let slowest = picture.percentile(95.0) / 1_000.0;
    report.floor("  … the picture in it: p95", slowest, "s", Floor::AtMost(2.0));
    Ok(())
}

async fn watch(shop: &Shop, local: &Local, browser: &mut Browser) -> Result<(Samples, Samples)> {
    let mut rng = Rng::new(11);
    let mut photo = jpeg(4_000, 3_000, &mut rng)?;
    if photo.len() + 8 > SIZE {
        return Err(Error::Server(format!("the photo has {} bytes", photo.len())));
    }
    receive(&shop.sandbox, 0, CUSTOMER, "Hello", None)?;
    let conversation = settled("the first message", async || local.with(CUSTOMER).await).await?;
    browser.set_cookie(shop.server.address, "balas_session", &local.sign_in().await?).await?;
    browser.open(&format!("http://{}/inbox/{}", shop.server.address, conversation.id)).await?;
    browser.evaluate(OBSERVE).await?;
    browser.evaluate(MEDIA).await?;
    let (mut bubble, mut picture) = (Samples::default(), Samples::default());
    for round in 1..=WARM_UP + ROUNDS {
        // What stands behind a picture's end is not looked at, and makes each another file.
        photo.resize(SIZE - 8, 0);
        photo.extend_from_slice(&u64::from(round).to_be_bytes());
        let mark = format!("paint-{round}-mark");
        let attach = Attach::bytes(MediaKind::Image, "image/jpeg", photo.clone());
        let sent = SystemClock.now().as_millis();
        receive(&shop.sandbox, 0, CUSTOMER, &format!("Photo {mark}"), Some(attach))?;
        let since = |value: serde_json::Value| {
            let at = value.as_f64().ok_or_else(|| Error::Browser("it tells no time".to_owned()))? as i64;
            Ok::<_, Error>(Duration::from_millis((at - sent).max(0).unsigned_abs()))
        };
        let placed = since(browser.evaluate(&format!("window.balasPainted('{mark}')")).await?)?;
        let shown = since(browser.evaluate(&format!("window.balasPicture('{mark}')")).await?)?;
        if round > WARM_UP {
            bubble.push(placed);
            picture.push(shown);
        }
        photo.truncate(SIZE - 8);
    }
    Ok((bubble, picture))
}
