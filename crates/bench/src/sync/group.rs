//! A large group: how soon its details are on the screen.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use balas_domain::{ConversationId, query::ListQuery};
use balas_sandbox::{Past, Running};
use serde_json::Value;

use super::bring::{Number, link, phone, unbounded};
use crate::{
    Error, Result, browser::Browser, local::Local, report::Report, row::Floor, server::Server,
    stats::Samples, surroundings::Surroundings,
};

/// Who is in it besides us.
const OTHERS: usize = 999;
/// Members that the page shows before it is asked for all.
const AT_FIRST: usize = 50;
const ROUNDS: usize = 25;
const OBSERVE: &str = include_str!("../../browser/panel.js");
/// How long the group may take until it is known.
const PATIENCE: Duration = Duration::from_secs(30);

/// From the click until the frame with the members is out. The window has no room for details beside the thread, so that
/// nothing of them is there before.
pub(super) async fn panel(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let past = Past { groups: 1, messages: 30, members: OTHERS, ..Past::default() };
    let (sandbox, listen) = phone(past).await?;
    let outcome = on(report, surroundings, &sandbox, listen).await;
    sandbox.stop().await;
    outcome
}

async fn on(
    report: &mut Report,
    surroundings: &Surroundings,
    sandbox: &Running,
    listen: std::net::SocketAddr,
) -> Result<()> {
    let database = unbounded(surroundings).await?;
    let options = surroundings.options(&database, false);
    let token = options.token().await?;
    let server = options.start().await?;
    Number::connect(&server, listen, &token, 50).await?;
    link(sandbox)?;
    let local = Local::open(&database).await?;
    let outcome = measure(report, &server, &local, &surroundings.folder).await;
    local.close().await;
    server.stop().await?;
    outcome
}

async fn measure(report: &mut Report, server: &Server, local: &Local, folder: &Path) -> Result<()> {
    let group = known(local).await?;
    let mut browser = Browser::launch(folder).await?;
    let outcome = open(&mut browser, server, &local.sign_in().await?, group).await;
    browser.close().await?;
    let (opened, all) = outcome?;
    let name = "group of 1,000 participants, details opened, its first 50 painted: p95";
    report.floor(name, opened.percentile(95.0), "ms", Floor::AtMost(200.0));
    report.figure("  … p50", opened.percentile(50.0), "ms");
    report.figure("  … all 1,000 painted when asked for: p95", all.percentile(95.0), "ms");
    Ok(())
}

/// Waits until the group is known with everybody in it.
async fn known(local: &Local) -> Result<ConversationId> {
    let started = Instant::now();
    let query = ListQuery { groups_only: true, ..ListQuery::default() };
    loop {
        let page = local.engine.conversations(&local.actor, &query).await?;
        let members = |members: Option<u32>| members.is_some_and(|n| n as usize == OTHERS + 1);
        if let Some(found) = page.items.iter().find(|row| row.group.is_some_and(|g| members(g.members))) {
            return Ok(found.id);
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::Server(format!("the group does not become known: {:?}", page.items)));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How long opening the details took, and how long showing all members.
async fn open(
    browser: &mut Browser,
    server: &Server,
    cookie: &str,
    group: ConversationId,
) -> Result<(Samples, Samples)> {
    let took = |value: &Value| {
        let millis = value.as_f64().ok_or_else(|| Error::Browser("it tells no time".to_owned()))?;
        Ok::<_, Error>(Duration::from_secs_f64(millis.max(0.0) / 1_000.0))
    };
    browser.resize(1_100, 800).await?;
    browser.set_cookie(server.address, "balas_session", cookie).await?;
    let (mut opened, mut all) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        browser.open(&format!("http://{}/inbox/{group}", server.address)).await?;
        browser.evaluate(OBSERVE).await?;
        opened.push(took(&browser.evaluate(&format!("window.balasOpenGroup({AT_FIRST})")).await?)?);
        all.push(took(&browser.evaluate(&format!("window.balasAllMembers({})", OTHERS + 1)).await?)?);
    }
    Ok((opened, all))
}
