//! Looking for things in much, inside the process: the engine on the same data, without HTTP.

use std::time::Instant;

use balas_domain::{query::ListQuery, search::SearchQuery};

use crate::{
    Error, Result, local::Local, main_job, report::Report, rng::Rng, row::Floor, stats::Samples,
    surroundings::Surroundings,
};

const CALLS: usize = 500;
const ROWS: u32 = 50;
/// Words that many of the seeded messages have, whole and begun.
const WORDS: [&str; 10] =
    ["courier", "invoice", "please", "order", "address", "cour", "thank", "pay", "deliv", "tomorrow"];

/// Filters and search on a hundred thousand conversations with a million messages.
pub(super) async fn all(
    report: &mut Report,
    surroundings: &Surroundings,
    postgres: Option<&str>,
) -> Result<()> {
    let large = main_job::large(surroundings, postgres).await?;
    let local = Local::open(&large).await?;
    let outcome = measure(report, &local).await;
    local.close().await;
    outcome
}

async fn measure(report: &mut Report, local: &Local) -> Result<()> {
    let accounts: Vec<_> = local.engine.accounts(&local.actor).await?.iter().map(|a| a.id).collect();
    let of_number = |n: usize| ListQuery {
        account: Some(accounts[n % accounts.len()]),
        limit: Some(ROWS),
        ..ListQuery::default()
    };
    let mut samples = Samples::default();
    for n in 0..CALLS {
        let started = Instant::now();
        local.engine.conversations(&local.actor, &of_number(n)).await?;
        samples.push(started.elapsed());
    }
    let name = "list of one number, 100,000 conversations: p99";
    report.floor(name, samples.percentile(99.0), "ms", Floor::AtMost(10.0));
    let mut samples = Samples::default();
    for n in 0..CALLS {
        let started = Instant::now();
        let query = ListQuery { unread_only: n % 2 == 0, groups_only: n % 2 == 1, ..of_number(n / 2) };
        local.engine.conversations(&local.actor, &query).await?;
        samples.push(started.elapsed());
    }
    report.figure("  … of one number, unread or groups only: p99", samples.percentile(99.0), "ms");

    let (mut rng, mut samples, mut found) = (Rng::new(11), Samples::default(), 0);
    for n in 0..CALLS {
        let word = WORDS[rng.index(WORDS.len())];
        let started = Instant::now();
        let query = SearchQuery { q: word.to_owned(), ..SearchQuery::default() };
        let page = local.engine.search_messages(&local.actor, &query).await?;
        samples.push(started.elapsed());
        found += page.items.len();
        if n == 0 && page.items.is_empty() {
            eprintln!("      nobody wrote “{word}”");
        }
    }
    if found == 0 {
        return Err(Error::Server("none of the words is found in any message".to_owned()));
    }
    let name = "search for a word in 1,000,000 messages: p99";
    report.floor(name, samples.percentile(99.0), "ms", Floor::AtMost(50.0));
    report.figure("  … p50", samples.percentile(50.0), "ms");
    Ok(())
}
