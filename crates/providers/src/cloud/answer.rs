//! What an answer's headers say.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::{http, lenient::int};

/// How long Meta asks to wait: the longer of `Retry-After` (seconds) and what `X-Business-Use-Case-Usage`
/// says for this account (minutes until access is regained).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = http::retry_after(headers);
    let usage = text(headers, "x-business-use-case-usage").and_then(|t| serde_json::from_str(t).ok());
    [seconds, usage.as_ref().and_then(regain)]
        .into_iter()
        .flatten()
        .max()
        .map(|wait| wait.min(http::MAX_WAIT))
}

/// `{"<business id>": [{"type": "messaging", "estimated_time_to_regain_access": 5, …}]}`
fn regain(usage: &Value) -> Option<Duration> {
    let lists = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = lists.filter_map(|use_case| int(use_case, "estimated_time_to_regain_access")).max()?;
    let minutes = u64::try_from(minutes).ok().filter(|m| *m > 0)?;
    Some(Duration::from_secs(minutes.saturating_mul(60)))
}

/// Meta's name for the exchange.
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    let raw = text(headers, "x-fb-request-id").or_else(|| text(headers, "x-fb-trace-id"))?;
    balas_domain::text::clean_name(raw)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], None)]
    #[case(&[("retry-after", "7")], Some(7))]
    #[case(&[("retry-after", "soon")], None)]
    #[case(&[("retry-after", "-1")], None)]
    #[case(&[("retry-after", "999999999999")], Some(24 * 3600))]
    #[case(&[("x-business-use-case-usage", r#"{"1":[{"estimated_time_to_regain_access":0}]}"#)], None)]
    #[case(&[("x-business-use-case-usage", r#"{"1":[{"type":"messaging","estimated_time_to_regain_access":3}],
        "2":[{"estimated_time_to_regain_access":"2"}]}"#)], Some(180))]
    #[case(&[("x-business-use-case-usage", "[]"), ("retry-after", "1")], Some(1))]
    #[case(&[("x-business-use-case-usage", r#"{"1":[{"estimated_time_to_regain_access":1}]}"#), ("retry-after", "5")],
        Some(60))]
    fn waits(#[case] given: &[(&'static str, &str)], #[case] seconds: Option<u64>) {
        let headers =
            given.iter().map(|(k, v)| (k.parse().unwrap(), v.replace('\n', "").parse().unwrap())).collect();
        assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs));
    }
}
