//! A long thread with many pictures: whether one can scroll through it without anything jerking or jumping.

use balas_domain::{ConversationId, FileState};
use balas_sandbox::{Attach, MediaKind};
use serde::Deserialize;

use super::{Shop, jpeg, receive};
use crate::{
    Error, Result,
    browser::Browser,
    local::{Local, settled},
    report::Report,
    rng::Rng,
    row::Floor,
    surroundings::Surroundings,
};

const CUSTOMER: &str = "6286600000003";
const MESSAGES: usize = 1_000;
const PICTURES: usize = 300;
const MEDIA: &str = include_str!("../../browser/media.js");
const SCROLL: &str = "void window.balasScroll().then((cost) => (window.balasCost = cost))";
/// So many are on their way at once.
const BATCH: usize = 50;

/// What scrolling through all of it cost.
#[derive(Debug, Deserialize)]
struct Cost {
    /// The longest task, in milliseconds; zero if none was longer than 50.
    longest: f64,
    /// Layout shifts, added up as browsers score them.
    shifted: f64,
    messages: usize,
    pictures: usize,
}

/// Fills a thread, and scrolls to its beginning and back.
pub(super) async fn through(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let shop = Shop::open(surroundings).await?;
    let local = Local::open(&shop.database).await?;
    let outcome = scroll(&shop, &local, surroundings).await;
    local.close().await;
    shop.close().await?;
    let cost = outcome?;
    if (cost.messages, cost.pictures) != (MESSAGES, PICTURES) {
        return Err(Error::Browser(format!("not all of the thread was scrolled through: {cost:?}")));
    }
    let name = "thread of 1,000 messages with 300 pictures scrolled to its beginning and back: longest task";
    report.floor(name, cost.longest, "ms", Floor::AtMost(100.0));
    report.floor("  … layout shift", cost.shifted, "", Floor::AtMost(0.0));
    Ok(())
}

async fn scroll(shop: &Shop, local: &Local, surroundings: &Surroundings) -> Result<Cost> {
    let conversation = fill(shop, local).await?;
    let mut browser = Browser::launch(&surroundings.folder).await?;
    let outcome = cost(shop, local, &mut browser, conversation).await;
    browser.close().await?;
    outcome
}

async fn cost(
    shop: &Shop,
    local: &Local,
    browser: &mut Browser,
    conversation: ConversationId,
) -> Result<Cost> {
    browser.set_cookie(shop.server.address, "balas_session", &local.sign_in().await?).await?;
    browser.open(&format!("http://{}/inbox/{conversation}", shop.server.address)).await?;
    browser.evaluate(MEDIA).await?;
    // One command has its limit, and this takes as long as it takes.
    browser.evaluate(SCROLL).await?;
    let cost = settled("the end of the thread", async || {
        let cost = browser.evaluate("window.balasCost").await?;
        Ok(cost.as_str().map(ToOwned::to_owned))
    })
    .await?;
    Ok(serde_json::from_str(&cost)?)
}

/// Messages of all lengths, and pictures of all shapes among them.
async fn fill(shop: &Shop, local: &Local) -> Result<ConversationId> {
    let mut rng = Rng::new(13);
    let mut pictures = 0;
    for n in 0..MESSAGES {
        let due = (n + 1) * PICTURES / MESSAGES > pictures;
        let attach = if due {
            pictures += 1;
            let (width, height) = (240 + rng.below(400) as u32, 240 + rng.below(400) as u32);
            Some(Attach::bytes(MediaKind::Image, "image/jpeg", jpeg(width, height, &mut rng)?))
        } else {
            None
        };
        let text = format!("{n} {}", "and so on ".repeat(rng.below(30) as usize));
        receive(&shop.sandbox, 0, CUSTOMER, &text, attach)?;
        if (n + 1) % BATCH == 0 {
            settled("the messages", async || {
                let Some(conversation) = local.with(CUSTOMER).await? else { return Ok(None) };
                let (messages, here) = count(local, conversation.id).await?;
                Ok((messages == n + 1 && here == pictures).then_some(()))
            })
            .await?;
        }
    }
    let conversation = local.with(CUSTOMER).await?;
    Ok(conversation.ok_or_else(|| Error::Server("the thread is gone".to_owned()))?.id)
}

/// Messages, and pictures that are here.
async fn count(local: &Local, id: ConversationId) -> Result<(usize, usize)> {
    let (mut messages, mut here, mut cursor) = (0, 0, None::<String>);
    loop {
        let page = local.engine.thread(&local.actor, id, cursor.as_deref(), 100).await?.messages;
        messages += page.items.len();
        let has_file = |state| matches!(state, Some(FileState::Here));
        here += page.items.iter().filter(|m| has_file(m.file.as_ref().map(|file| file.state))).count();
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok((messages, here)),
        }
    }
}
