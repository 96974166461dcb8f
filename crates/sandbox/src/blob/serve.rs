//! A file as an answer: whole or in part, as fast as it goes or as slowly as asked, to the end or not.

use std::{io, ops::Range, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::stream;

use super::{Blob, Reading};

/// Bytes per piece when nothing slows them down.
const PIECE: u64 = 64 * 1024;
/// Pieces per second when something does.
const BEATS: u64 = 10;

/// How the bytes go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// They break off in the middle.
    pub(crate) cut: bool,
    /// They go so slowly.
    pub(crate) bytes_per_second: Option<u64>,
}

/// The whole file.
pub(crate) fn whole(blob: &Arc<Blob>, mime: &str, manner: Manner) -> Response {
    let mut response = body(blob, 0..blob.size(), manner).into_response();
    set(&mut response, header::CONTENT_TYPE, mime);
    set(&mut response, header::CONTENT_LENGTH, &blob.size().to_string());
    response
}

/// The part that was asked for in a `Range` header, or the whole file.
pub(crate) fn part(blob: &Arc<Blob>, mime: &str, asked: Option<&str>, manner: Manner) -> Response {
    let size = blob.size();
    let mut response = match asked.map_or(Wanted::Whole, |asked| wanted(asked, size)) {
        Wanted::Whole => whole(blob, mime, manner),
        Wanted::Beyond => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            response
        }
        Wanted::Part(range) => {
            let said = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            let length = (range.end - range.start).to_string();
            let mut response = (StatusCode::PARTIAL_CONTENT, body(blob, range, manner)).into_response();
            set(&mut response, header::CONTENT_TYPE, mime);
            set(&mut response, header::CONTENT_LENGTH, &length);
            set(&mut response, header::CONTENT_RANGE, &said);
            response
        }
    };
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    response
}

/// Sets a header; what cannot stand in one is left out.
pub(crate) fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// Everything, also when the header is to be ignored (RFC 9110, 14.2).
    Whole,
    Part(Range<u64>),
    /// A part that the file does not have.
    Beyond,
}

/// Reads `bytes=2-5`, `bytes=2-` and `bytes=-5`.
fn wanted(asked: &str, size: u64) -> Wanted {
    let range = || {
        let (first, last) = asked.strip_prefix("bytes=")?.trim().split_once('-')?;
        let number = |text: &str| text.parse::<u64>().ok();
        Some(match (first, last) {
            ("", last) => size.saturating_sub(number(last)?)..size,
            (first, "") => number(first)?..size,
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (last >= first).then_some(first..size.min(last.saturating_add(1)))?
            }
        })
    };
    match range() {
        None => Wanted::Whole,
        Some(range) if range.start < range.end => Wanted::Part(range),
        Some(_) => Wanted::Beyond,
    }
}

fn body(blob: &Arc<Blob>, range: Range<u64>, manner: Manner) -> Body {
    let (piece, pause) = match manner.bytes_per_second {
        None => (PIECE, Duration::ZERO),
        Some(rate) => ((rate / BEATS).clamp(1, PIECE), Duration::from_millis(1_000 / BEATS)),
    };
    let half = range.start..range.start + (range.end - range.start) / 2;
    let reading = Reading::new(Arc::clone(blob), if manner.cut { half } else { range }, piece);
    let pieces = stream::try_unfold(reading, move |mut reading| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        match reading.next()? {
            Some(piece) => Ok(Some((piece, reading))),
            None if manner.cut => {
                // What came so far goes out first. More was promised, so the connection ends with it.
                tokio::task::yield_now().await;
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            }
            None => Ok(None),
        }
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_asked_for_in_three_ways() {
        for (asked, expected) in [
            ("bytes=0-", Wanted::Part(0..10)),
            ("bytes=2-5", Wanted::Part(2..6)),
            ("bytes=2-500", Wanted::Part(2..10)),
            ("bytes=0-18446744073709551615", Wanted::Part(0..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=0-1,4-5", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
        ] {
            assert_eq!(wanted(asked, 10), expected, "{asked}");
        }
    }
}
