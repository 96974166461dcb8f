//! Reading JSON that is almost JSON.
//!
//! Names and texts that a phone cut in the middle of an emoji arrive as half a surrogate pair (`\ud83d`
//! alone), and strict readers refuse the whole body for it. One customer's name must not cost everybody
//! else's messages.

use std::borrow::Cow;

use serde_json::Value;

/// Reads the body; if that fails, once more with half pairs and broken UTF-8 replaced by `U+FFFD`.
pub fn json(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| {
        let text = String::from_utf8_lossy(body);
        match whole_pairs(&text) {
            Cow::Borrowed(_) if matches!(text, Cow::Borrowed(_)) => Err(error),
            repaired => serde_json::from_str(&repaired),
        }
    })
}

/// The text with every `\uXXXX` that is half a pair replaced.
fn whole_pairs(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'\\' {
            i += 1;
            continue;
        }
        let half = match unit(bytes, i) {
            Some(0xD800..=0xDBFF) if matches!(unit(bytes, i + 6), Some(0xDC00..=0xDFFF)) => {
                i += 12;
                continue;
            }
            Some(0xD800..=0xDFFF) => true,
            _ => false,
        };
        if half {
            out.push_str(&text[copied..i]);
            out.push_str("\\ufffd");
            i += 6;
            copied = i;
        } else {
            // `\\` must not be taken for the start of the next escape.
            i += 2;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The UTF-16 unit escaped at this place.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn half_pairs_cost_only_themselves() {
        assert_eq!(
            json(br#"{"a":"x\ud83d","b":"\ud83d\ude00"}"#).unwrap(),
            json!({"a": "x\u{fffd}", "b": "😀"})
        );
        assert_eq!(json(br#"["\ude00\ud83d\ud83d\ude00"]"#).unwrap(), json!(["\u{fffd}\u{fffd}😀"]));
        assert_eq!(
            json(br#"["\\ud83d", "\ud83d"]"#).unwrap(),
            json!(["\\ud83d", "\u{fffd}"]),
            "an escaped backslash is no escape"
        );
        assert_eq!(json(b"[\"\xff\"]").unwrap(), json!(["\u{fffd}"]));
        for broken in [&b"{"[..], b"", b"[\"\\ud83\"]", b"\\", b"[\"\\u"] {
            assert!(json(broken).is_err());
        }
    }

    proptest! {
        #[test]
        fn what_is_json_already_is_not_touched(text in "\\PC*") {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(whole_pairs(&written), Cow::<str>::Borrowed(&written));
        }

        #[test]
        fn any_units_can_be_read(units in proptest::collection::vec(any::<u16>(), 0..20)) {
            let escaped: String = units.iter().flat_map(|u| [String::from("\\u"), hex::encode(u.to_be_bytes())]).collect();
            let read = json(format!("[\"{escaped}\"]").as_bytes()).unwrap();
            prop_assert_eq!(read, json!([String::from_utf16_lossy(&units)]));
        }
    }
}
