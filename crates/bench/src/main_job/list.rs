//! Reading, inside the process: the engine on the same data, without HTTP.

use std::time::Instant;

use balas_domain::query::ListQuery;

use crate::{Error, Result, local::Local, report::Report, rng::Rng, row::Floor, stats::Samples};

const WARM_UP: usize = 100;
const CALLS: usize = 2_000;
const ROWS: u32 = 50;
/// The number of the seeded conversation that has 10,000 messages.
const LONGEST: &str = "6289900000000";

async fn page(local: &Local, query: &ListQuery, samples: &mut Samples) -> Result<()> {
    let started = Instant::now();
    let page = local.engine.conversations(&local.actor, query).await?;
    samples.push(started.elapsed());
    if page.items.is_empty() {
        return Err(Error::Server("a page of the list is empty".to_owned()));
    }
    Ok(())
}

/// The conversation list.
pub(super) async fn conversations(report: &mut Report, large: &Local, small: &Local) -> Result<()> {
    let first = ListQuery { limit: Some(ROWS), ..ListQuery::default() };
    let (mut of_large, mut of_small) = (Samples::default(), Samples::default());
    for _ in 0..WARM_UP {
        page(large, &first, &mut Samples::default()).await?;
        page(small, &first, &mut Samples::default()).await?;
    }
    // In turns, so that whatever else the machine does meets both.
    for _ in 0..CALLS {
        page(large, &first, &mut of_large).await?;
        page(small, &first, &mut of_small).await?;
    }
    let p99 = of_large.percentile(99.0);
    report.floor("conversation list, 50 of 100,000, first page: p99", p99, "ms", Floor::AtMost(10.0));
    let ratio = p99 / of_small.percentile(99.0);
    report.floor("  … compared with 1,000 conversations", ratio, "×", Floor::AtMost(3.0));

    let mut cursors = Vec::new();
    let mut query = ListQuery { limit: Some(100), ..ListQuery::default() };
    loop {
        let page = large.engine.conversations(&large.actor, &query).await?;
        let Some(next) = page.next else { break };
        cursors.push(next.clone());
        query.cursor = Some(next);
    }
    if cursors.len() < 990 {
        return Err(Error::Server(format!("the list has only {} pages of 100", cursors.len())));
    }
    // The last cursor may lead to a page with few rows.
    cursors.pop();
    let (mut rng, mut deep) = (Rng::new(1), Samples::default());
    for _ in 0..CALLS {
        let cursor = Some(cursors[rng.index(cursors.len())].clone());
        page(large, &ListQuery { cursor, ..first.clone() }, &mut deep).await?;
    }
    report.floor("  … any page: p99", deep.percentile(99.0), "ms", Floor::AtMost(10.0));

    let account = large.engine.accounts(&large.actor).await?.first().map(|a| a.id);
    for (name, query, calls) in [
        (
            "  … of one number, unread only: p99",
            ListQuery { account, unread_only: true, ..first.clone() },
            CALLS,
        ),
        (
            "  … search for a number that one customer has: p99",
            ListQuery { q: Some("6289900054321".to_owned()), ..first },
            5,
        ),
    ] {
        let mut samples = Samples::default();
        for _ in 0..calls {
            page(large, &query, &mut samples).await?;
        }
        report.figure(name, samples.percentile(99.0), "ms");
    }
    Ok(())
}

/// Pages of a long thread.
pub(super) async fn thread(report: &mut Report, large: &Local) -> Result<()> {
    let missing = || Error::Server("the longest conversation is not there".to_owned());
    let id = large.with(LONGEST).await?.ok_or_else(missing)?.id;
    let mut cursors: Vec<Option<String>> = vec![None];
    loop {
        let cursor = cursors.last().and_then(Option::as_deref);
        match large.engine.thread(&large.actor, id, cursor, ROWS).await?.messages.next {
            Some(next) => cursors.push(Some(next)),
            None => break,
        }
    }
    if cursors.len() < 200 {
        return Err(Error::Server(format!("the longest conversation has only {} pages", cursors.len())));
    }
    cursors.pop();
    let (mut rng, mut samples) = (Rng::new(2), Samples::default());
    for call in 0..CALLS {
        // Half of all looks are at the newest messages.
        let cursor = if call % 2 == 0 { None } else { cursors[rng.index(cursors.len())].as_deref() };
        let started = Instant::now();
        let page = large.engine.thread(&large.actor, id, cursor, ROWS).await?;
        samples.push(started.elapsed());
        if page.messages.items.len() != ROWS as usize {
            return Err(Error::Server("a page of the thread is not full".to_owned()));
        }
    }
    let p99 = samples.percentile(99.0);
    report.floor("thread page of 50 among 10,000 messages: p99", p99, "ms", Floor::AtMost(10.0));
    Ok(())
}
