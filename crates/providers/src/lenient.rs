//! Reading JSON whose fields may be missing, of another type or hostile.
//!
//! Meta's own examples and other people's captures show numbers as strings and strings as numbers, blank
//! names, single objects where lists belong, and gateways are programs that change. Every reader here answers
//! `None` instead of failing, so that one odd field costs only itself.

use balas_domain::{
    Address, Identity, IdentityKind, Timestamp,
    text::{clean_body, clean_name},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;

/// Longest identifier that is accepted, in bytes. Meta's message ids have about 60 to 100.
const MAX_ID: usize = 512;
/// Longest string that is kept of a payload we cannot read, in characters.
const MAX_RAW_TEXT: usize = 4_096;
/// Most members of one list or object that are kept of it.
const MAX_RAW_MEMBERS: usize = 64;
/// Deepest nesting that is kept of it.
const MAX_RAW_DEPTH: usize = 12;
/// Nothing was written before 2009, the year in which `WhatsApp` began.
const MIN_SECONDS: i64 = 1_230_768_000;
/// Seconds beyond this are milliseconds: it is the year 5138.
const MAX_SECONDS: i64 = 100_000_000_000;

/// A string as written; numbers become strings, blank strings are none.
pub fn string(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(s) if !s.trim().is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// An identifier: printable ASCII without blanks, not too long.
pub fn id(value: &Value, key: &str) -> Option<String> {
    identifier(&string(value, key)?)
}

/// The identifiers of a list; a single one counts as a list of one.
pub fn ids(value: &Value, key: &str) -> Vec<String> {
    match value.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).filter_map(identifier).collect(),
        _ => id(value, key).into_iter().collect(),
    }
}

fn identifier(raw: &str) -> Option<String> {
    let id = raw.trim();
    let sound = (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    sound.then(|| id.to_owned())
}

/// A name on one line, cleaned.
pub fn name(value: &Value, key: &str) -> Option<String> {
    clean_name(&string(value, key)?)
}

/// Somebody else's words, to be put into a sentence of ours: up to 400 characters on one line, in pieces that
/// `clean_name` accepts.
pub fn sentence(value: &Value, key: &str) -> Option<String> {
    let raw = string(value, key)?;
    let words: Vec<_> = raw.split_whitespace().take(80).filter_map(clean_name).collect();
    let line: String = words.join(" ").chars().take(400).collect();
    // The sentence it is put into has its own full stop.
    let line = line.trim_end_matches(['.', ' ']).to_owned();
    (!line.is_empty()).then_some(line)
}

/// A text, cleaned; `None` if nothing visible remains.
pub fn body(value: &Value, key: &str) -> Option<String> {
    let text = clean_body(&string(value, key)?);
    (!text.trim().is_empty()).then_some(text)
}

/// A SHA-256 in small hexadecimal digits, from those of any size or from Base64.
pub fn sha256(value: &Value, key: &str) -> Option<String> {
    let raw = id(value, key)?;
    let bytes = hex::decode(&raw).ok().or_else(|| BASE64.decode(&raw).ok())?;
    (bytes.len() == 32).then(|| hex::encode(bytes))
}

/// A whole number, also as a string.
pub fn int(value: &Value, key: &str) -> Option<i64> {
    match value.get(key)? {
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().filter(|f| f.abs() < 9e15).map(|f| f as i64)),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

/// A finite number, also as a string.
pub fn float(value: &Value, key: &str) -> Option<f64> {
    let number = match value.get(key)? {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n| n.is_finite())
}

/// Yes, in any spelling.
pub fn flag(value: &Value, key: &str) -> bool {
    match value.get(key) {
        Some(Value::Bool(b)) => *b,
        Some(Value::String(s)) => s.eq_ignore_ascii_case("true") || s == "1",
        Some(Value::Number(n)) => n.as_i64() == Some(1),
        _ => false,
    }
}

/// A list's elements; a single object counts as a list of one.
pub fn elements<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    match value.get(key) {
        Some(Value::Array(list)) => list,
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    }
}

/// A moment given as seconds since 1970. Missing, nonsensical and future moments become the moment of
/// receipt: a clock that runs ahead must not keep a conversation on top for ever.
pub fn time(value: &Value, key: &str, received_at: Timestamp) -> Timestamp {
    let at = match int(value, key) {
        Some(n) if n > MAX_SECONDS => Timestamp::from_millis(n),
        Some(n) if n >= MIN_SECONDS => Timestamp::from_seconds(n),
        _ => received_at,
    };
    at.min(received_at)
}

/// A moment written as RFC 3339 with any offset from UTC, or as [`time`] understands it. Missing, nonsensical
/// and future moments become the moment of receipt.
pub fn moment(value: &Value, key: &str, received_at: Timestamp) -> Timestamp {
    written_moment(value, key).map_or_else(|| time(value, key, received_at), |at| at.min(received_at))
}

/// A moment written as RFC 3339, if it is one at which anything can have been written.
pub fn written_moment(value: &Value, key: &str) -> Option<Timestamp> {
    let written: jiff::Timestamp = value.get(key)?.as_str()?.trim().parse().ok()?;
    let at = Timestamp(written.as_microsecond());
    (at >= Timestamp::from_seconds(MIN_SECONDS)).then_some(at)
}

/// A person's phone number or business-scoped user id.
pub fn identity(value: &Value, key: &str) -> Option<Identity> {
    let raw = id(value, key)?;
    Address::phone(&raw).or_else(|_| Address::user(&raw)).ok()?.identity()
}

/// A business-scoped user id.
pub fn user(value: &Value, key: &str) -> Option<Identity> {
    Address::user(&id(value, key)?).ok()?.identity()
}

/// Where a person can be written to.
pub fn address(identity: &Identity) -> Address {
    let value = identity.value.clone();
    match identity.kind {
        IdentityKind::Phone => Address::Phone(value),
        IdentityKind::Lid => Address::Lid(value),
        IdentityKind::User => Address::User(value),
    }
}

/// All that are given, each once, phone numbers first: they are what people know each other by.
pub fn distinct(all: impl IntoIterator<Item = Option<Identity>>) -> Vec<Identity> {
    let mut out: Vec<Identity> = Vec::new();
    for one in all.into_iter().flatten() {
        if !out.contains(&one) {
            out.push(one);
        }
    }
    out.sort_by_key(|i| i.kind);
    out
}

/// A payload that cannot be read, made safe to keep: no control characters (databases refuse `\0`), bounded.
pub fn keep(value: &Value) -> Value {
    keep_to(value, MAX_RAW_DEPTH)
}

fn keep_to(value: &Value, depth: usize) -> Value {
    let short = |s: &str| clean_body(s).chars().take(MAX_RAW_TEXT).collect::<String>();
    match value {
        Value::String(s) => Value::String(short(s)),
        Value::Array(_) | Value::Object(_) if depth == 0 => Value::Null,
        Value::Array(list) => list.iter().take(MAX_RAW_MEMBERS).map(|v| keep_to(v, depth - 1)).collect(),
        Value::Object(map) => {
            map.iter().take(MAX_RAW_MEMBERS).map(|(k, v)| (short(k), keep_to(v, depth - 1))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_types() {
        let v = json!({"s": " 12 ", "n": 12, "f": 12.0, "blank": "  ", "null": null, "list": [1],
            "yes": "TRUE", "o": {"a": 1}});
        assert_eq!(
            (int(&v, "s"), int(&v, "n"), int(&v, "f"), int(&v, "list")),
            (Some(12), Some(12), Some(12), None)
        );
        assert_eq!(
            (id(&v, "s").as_deref(), id(&v, "n").as_deref(), id(&v, "blank")),
            (Some("12"), Some("12"), None)
        );
        assert_eq!((float(&v, "s"), float(&v, "blank")), (Some(12.0), None));
        assert_eq!(float(&json!({"x": "NaN"}), "x"), None);
        assert!(flag(&v, "yes") && !flag(&v, "null"));
        assert_eq!((elements(&v, "o").len(), elements(&v, "list").len(), elements(&v, "s").len()), (1, 1, 0));
    }

    #[test]
    fn identifiers_are_printable_and_bounded() {
        for bad in ["a b", "a\u{0}b", "é", &"x".repeat(513)] {
            assert_eq!(id(&json!({"id": bad}), "id"), None, "{bad:?}");
        }
    }

    #[test]
    fn hashes_in_two_spellings() {
        let of = |raw: &str| sha256(&json!({"h": raw}), "h");
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for same in [hash, &hash.to_uppercase(), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="] {
            assert_eq!(of(same).as_deref(), Some(hash));
        }
        for odd in ["", "<HASH>", "ba78", "ungWv48Bz+o="] {
            assert_eq!(of(odd), None, "{odd}");
        }
    }

    #[test]
    fn times_never_lie_ahead() {
        let now = Timestamp::from_seconds(1_750_000_000);
        let at = |v: Value| time(&json!({"t": v}), "t", now).as_seconds();
        assert_eq!(at(json!("1749416383")), 1_749_416_383);
        assert_eq!(at(json!(1_749_416_383)), 1_749_416_383);
        assert_eq!(at(json!(1_749_416_383_000_i64)), 1_749_416_383, "milliseconds");
        for odd in
            [json!(1_750_000_001), json!(i64::MAX), json!(-5), json!(0), json!(1), json!("soon"), json!(null)]
        {
            assert_eq!(at(odd.clone()), 1_750_000_000, "{odd}");
        }
    }

    #[test]
    fn written_times() {
        let now = Timestamp::from_seconds(1_750_000_000);
        let at = |v: Value| moment(&json!({"t": v}), "t", now).to_string();
        for same in ["2025-06-08T20:59:43Z", "2025-06-09T03:59:43+07:00", " 2025-06-08T17:59:43.000-03:00 "] {
            assert_eq!(at(json!(same)), "2025-06-08T20:59:43Z", "{same}");
        }
        assert_eq!(at(json!("1749416383")), "2025-06-08T20:59:43Z", "seconds");
        for odd in ["0001-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2025-06-08 20:59", "soon", ""] {
            assert_eq!(at(json!(odd)), now.to_string(), "{odd}");
        }
    }

    #[test]
    fn lists_of_identifiers() {
        let v = json!({"many": ["a", " b ", "c d", 5, null, ""], "one": "x", "none": {}});
        assert_eq!(ids(&v, "many"), ["a", "b"]);
        assert_eq!((ids(&v, "one"), ids(&v, "none")), (vec!["x".to_owned()], Vec::new()));
    }

    #[test]
    fn what_is_kept_is_bounded_and_clean() {
        let mut deep = json!("x\u{0}");
        for _ in 0..40 {
            deep = json!([deep]);
        }
        let kept = keep(
            &json!({"a\u{0}b": "c\u{0}d", "deep": deep, "many": vec![1; 1000], "long": "é".repeat(10_000)}),
        );
        let text = kept.to_string();
        assert!(!text.contains("\\u0000") && text.contains("\"ab\":\"cd\""));
        assert!(text.len() < 10_000, "{}", text.len());
    }
}
