//! How soon the rendered inbox begins to arrive.

use super::Target;
use crate::{Error, Result, http::Connection, report::Report, row::Floor, stats::Samples};

const WARM_UP: usize = 50;
const CALLS: usize = 500;

/// Asks for a page on one connection; times to its first and to its last byte.
async fn ask(
    connection: &mut Connection,
    path: &str,
    headers: &[&str],
    calls: usize,
) -> Result<(Samples, Samples, usize)> {
    let (mut first, mut whole, mut bytes) = (Samples::default(), Samples::default(), 0);
    for _ in 0..calls {
        let started = std::time::Instant::now();
        let answer = connection.get(path, headers).await.map_err(Error::io("cannot get the page"))?;
        whole.push(started.elapsed());
        first.push(answer.first_byte);
        if answer.status != 200 {
            return Err(Error::Server(format!("{path} answered {}", answer.status)));
        }
        bytes = answer.body.len();
    }
    Ok((first, whole, bytes))
}

/// The inbox, and the inbox with a thread open.
pub(super) async fn first_byte(report: &mut Report, target: &Target<'_>) -> Result<()> {
    let mut connection = target.connect().await?;
    let cookie = target.cookie_line();
    // What is timed must be what people see: a page with the list in it, not a sign-in form or an empty
    // shell.
    let newest = target
        .local
        .engine
        .conversations(&target.local.actor, &balas_domain::query::ListQuery::default())
        .await?
        .items;
    let newest = newest.first().ok_or_else(|| Error::Server("the list is empty".to_owned()))?.clone();
    let plain = connection.get("/inbox", &[&cookie]).await.map_err(Error::io("cannot get the inbox"))?;
    let title = newest.title.replace('&', "&amp;").replace('\'', "&#x27;");
    if plain.status != 200 || !(plain.text().contains(&title) || plain.text().contains(&newest.title)) {
        let what = format!("the inbox ({}) does not show {:?}", plain.status, newest.title);
        return Err(Error::Server(what));
    }
    let headers = [cookie.as_str(), "Accept-Encoding: br"];
    ask(&mut connection, "/inbox", &headers, WARM_UP).await?;
    let (first, whole, bytes) = ask(&mut connection, "/inbox", &headers, CALLS).await?;
    report.floor(
        "time to first byte of the rendered inbox: p99",
        first.percentile(99.0),
        "ms",
        Floor::AtMost(30.0),
    );
    report.figure("  … to its last byte: p99", whole.percentile(99.0), "ms");
    report.figure("  … its size, compressed", bytes as f64 / 1_000.0, "KB");
    let thread = format!("/inbox/{}", newest.id);
    ask(&mut connection, &thread, &headers, WARM_UP).await?;
    let (first, _, _) = ask(&mut connection, &thread, &headers, CALLS).await?;
    report.figure("  … with a thread open: p99", first.percentile(99.0), "ms");
    Ok(())
}
