//! The group `sync`: a phone's past comes over, and is found again.
//!
//! The gateway is the sandbox's. Where the server is killed it runs in this process, which the server's memory does not
//! count.

mod bring;
mod find;
mod group;

use crate::{Result, report::Report, row::Row, surroundings::Surroundings};

/// The group's name.
pub const GROUP: &str = "sync";

/// Measures everything. A measurement that fails becomes a row that does not pass, and the rest goes on.
///
/// # Errors
/// When there is nothing to measure: the server does not start, the database cannot be filled.
pub async fn run(surroundings: &Surroundings) -> Result<Vec<Row>> {
    let mut report = Report::of(GROUP);
    eprintln!("sync: a linked phone");
    let outcome = bring::over(&mut report, surroundings).await;
    report.note("a linked phone", outcome);
    eprintln!("  kills");
    let outcome = bring::kills(&mut report, surroundings).await;
    report.note("kills", outcome);
    eprintln!("  a large group");
    let outcome = group::panel(&mut report, surroundings).await;
    report.note("a large group", outcome);
    eprintln!("  filters and search");
    let outcome = find::all(&mut report, surroundings, None).await;
    report.note("filters and search", outcome);
    if let Some(server) = &surroundings.postgres {
        report.on_postgres();
        let outcome = find::all(&mut report, surroundings, Some(server)).await;
        report.note("filters and search", outcome);
    }
    Ok(report.rows())
}
