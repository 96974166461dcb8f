//! A thousand followers of one workspace: how soon does each of them hear of a message?

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use balas_domain::Seq;
use futures::{StreamExt, stream};

use super::{Target, now};
use crate::{
    Error, Result,
    meta::{Business, Text},
    report::Report,
    row::Floor,
    socket::Socket,
    stats::Samples,
};

const SOCKETS: usize = 1_000;
/// Customer messages per second. Each is two entries of the log: the message and its conversation.
const PER_SECOND: u32 = 20;
const WARM_UP: usize = 40;
const MESSAGES: usize = 400;
/// How long after the last message a follower is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How a message stands in an event, and nowhere else: the list's preview begins with `kind`.
const MARK: &str = r#"{"type":"text","text":"tick "#;
/// How every event begins.
const EVENT: &str = r#"{"seq":"#;

/// When each message was sent.
type Sent = Arc<Vec<OnceLock<Instant>>>;

#[derive(Default)]
struct Heard {
    samples: Samples,
    lost: usize,
    twice: usize,
}

/// The numbers that follow each occurrence of the mark.
fn numbers<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = i64> + 'a {
    text.match_indices(mark).filter_map(move |(at, _)| {
        let rest = &text[at + mark.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

/// Follows until every message was heard of.
async fn follow(mut socket: Socket, sent: Sent) -> Result<Heard> {
    let mut heard = Heard::default();
    let mut seen = vec![false; sent.len()];
    let (mut missing, mut last) = (sent.len(), 0);
    while missing > 0 {
        let Some(text) = socket.text().await? else {
            return Err(Error::Server("the server closed a socket".to_owned()));
        };
        let now = Instant::now();
        // An event whose position was passed already is one that comes twice.
        for seq in numbers(&text, EVENT) {
            heard.twice += usize::from(seq <= last);
            last = last.max(seq);
        }
        for number in numbers(&text, MARK) {
            let Some((at, seen)) =
                usize::try_from(number).ok().and_then(|n| Some((sent.get(n)?, seen.get_mut(n)?)))
            else {
                continue;
            };
            if std::mem::replace(seen, true) {
                continue;
            }
            missing -= 1;
            if number >= WARM_UP as i64 {
                let at =
                    at.get().ok_or_else(|| Error::Server("a message came before it was sent".to_owned()))?;
                heard.samples.push(now.duration_since(*at));
            }
        }
    }
    Ok(heard)
}

async fn open(target: &Target<'_>, since: Seq) -> Result<Socket> {
    let mut socket = Socket::connect(target.server.address, &target.token).await?;
    socket.hello(since).await?;
    socket.text().await?.ok_or_else(|| Error::Server("the server closed a socket at once".to_owned()))?;
    Ok(socket)
}

/// From just before the webhook is sent until the event has arrived at each socket.
pub(super) async fn delivery(report: &mut Report, target: &Target<'_>) -> Result<()> {
    let mut tx = target.local.engine.store().read().await?;
    let head = balas_store::events::head(target.local.actor.workspace, &mut tx).await?;
    drop(tx);
    let sockets: Vec<Result<Socket>> =
        stream::iter(0..SOCKETS).map(|_| open(target, head)).buffer_unordered(32).collect().await;
    let sockets = sockets.into_iter().collect::<Result<Vec<_>>>()?;

    let sent: Sent = Arc::new((0..WARM_UP + MESSAGES).map(|_| OnceLock::new()).collect());
    let followers: Vec<_> = sockets.into_iter().map(|s| tokio::spawn(follow(s, Arc::clone(&sent)))).collect();

    let business = Business::demo();
    let mut connection = target.connect().await?;
    let mut beat = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let busy_before = target.server.processor_seconds()?;
    let started = Instant::now();
    for (number, at) in sent.iter().enumerate() {
        beat.tick().await;
        let delivery = business.text(&Text {
            from: &format!("62877000{:05}", number % 50),
            name: "Follower",
            id: &format!("wamid.TICK{number:08}"),
            at: now().as_seconds(),
            text: &format!("tick {number:06}"),
        });
        let _ = at.set(Instant::now());
        let path = "/webhooks/cloud";
        let answer = connection.post(path, &[&delivery.signature], &delivery.body).await;
        let answer = answer.map_err(Error::io("cannot send a webhook"))?;
        if answer.status != 200 {
            return Err(Error::Server(format!("a webhook was answered with {}", answer.status)));
        }
    }
    let took = started.elapsed().as_secs_f64();
    let busy = (target.server.processor_seconds()? - busy_before) / took * 100.0;

    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut all = Heard::default();
    for follower in followers {
        let abort = follower.abort_handle();
        if let Ok(Ok(heard)) = tokio::time::timeout_at(deadline, follower).await {
            let heard = heard?;
            all.samples.extend(heard.samples);
            all.twice += heard.twice;
        } else {
            // It still waits for a message that does not come.
            abort.abort();
            all.lost += 1;
        }
    }
    let name = "1,000 sockets, 20 messages/s (40 events/s), webhook to socket: p99";
    report.floor(name, all.samples.percentile(99.0), "ms", Floor::AtMost(150.0));
    report.floor("  … sockets that lost a message", all.lost as f64, "", Floor::AtMost(0.0));
    report.floor("  … events that came twice", all.twice as f64, "", Floor::AtMost(0.0));
    report.figure("  … p50", all.samples.percentile(50.0), "ms");
    report.figure("  … the server's processor time", busy, "% of a core");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        let message = r#"{"seq":7,"at":1,"data":{"content":{"type":"text","text":"tick 000012"}}}"#;
        let row = r#"{"seq":8,"at":1,"data":{"preview":{"kind":"text","text":"tick 000012"}}}"#;
        let frame = format!(r#"{{"type":"events","events":[{message},{row}]}}"#);
        assert_eq!(numbers(&frame, MARK).collect::<Vec<_>>(), [12]);
        assert_eq!(numbers(&frame, EVENT).collect::<Vec<_>>(), [7, 8]);
    }
}
