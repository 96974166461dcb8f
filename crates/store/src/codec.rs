//! Between our words and what columns hold.

use std::{borrow::Cow, str::FromStr};

use balas_domain::content::PreviewKind;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Result, StoreError, words};

/// Text as both databases take it: PostgreSQL refuses U+0000.
pub(crate) fn text(raw: &str) -> Cow<'_, str> {
    if raw.contains('\0') { Cow::Owned(raw.replace('\0', "")) } else { Cow::Borrowed(raw) }
}

/// The same for what may be missing.
pub(crate) fn text_opt(raw: Option<&str>) -> Option<Cow<'_, str>> {
    raw.map(text)
}

/// Lower case by Unicode's rules. The databases' own `lower` disagree outside of ASCII.
pub(crate) fn key(raw: &str) -> String {
    text(raw).to_lowercase()
}

/// JSON is kept as text on both: PostgreSQL's `jsonb` refuses `\u0000`, which strangers may send.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt { what: "value without a JSON form" })
}

pub(crate) fn from_json<T: DeserializeOwned>(what: &'static str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|_| StoreError::Corrupt { what })
}

pub(crate) fn word<T: FromStr>(what: &'static str, word: &str) -> Result<T> {
    word.parse().map_err(|_| StoreError::Corrupt { what })
}

const PREVIEWS: [(PreviewKind, &str); 13] = [
    (PreviewKind::Text, "text"),
    (PreviewKind::Image, "image"),
    (PreviewKind::Video, "video"),
    (PreviewKind::Audio, "audio"),
    (PreviewKind::Voice, "voice"),
    (PreviewKind::Document, "document"),
    (PreviewKind::Sticker, "sticker"),
    (PreviewKind::Location, "location"),
    (PreviewKind::Poll, "poll"),
    (PreviewKind::Contact, "contact"),
    (PreviewKind::System, "system"),
    (PreviewKind::Deleted, "deleted"),
    (PreviewKind::Unsupported, "unsupported"),
];

pub(crate) fn preview_word(kind: PreviewKind) -> &'static str {
    PREVIEWS.iter().find(|(k, _)| *k == kind).map_or("unsupported", |(_, w)| w)
}

pub(crate) fn preview_kind(word: &str) -> PreviewKind {
    PREVIEWS.iter().find(|(_, w)| *w == word).map_or(PreviewKind::Unsupported, |(k, _)| *k)
}

/// A pattern for `LIKE … ESCAPE '\'` that finds the text anywhere.
pub(crate) fn like(needle: &str) -> String {
    let mut pattern = String::with_capacity(needle.len() + 2);
    pattern.push('%');
    for c in words::fold(needle).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The digits of what might be a phone number: at least three, and nothing that numbers are not written with.
pub(crate) fn like_number(needle: &str) -> Option<String> {
    let digits: String = needle.chars().filter(char::is_ascii_digit).collect();
    let number = needle
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '.' | '(' | ')' | '\u{a0}'));
    // 0 before an area code and 00 before a country's are dialled, not part of the number.
    let digits = digits.strip_prefix("00").or_else(|| digits.strip_prefix('0')).unwrap_or(&digits);
    (number && digits.len() >= 3).then(|| format!("%{digits}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_escape_what_like_would_interpret() {
        assert_eq!(like(r"50%_\A"), r"%50\%\_\\a%");
        assert_eq!(like_number("+62 812-34"), Some("%6281234%".to_owned()));
        assert_eq!(like_number("0812 3456"), Some("%8123456%".to_owned()));
        assert_eq!(like_number("12"), None);
        assert_eq!(like_number("room 101"), None);
    }

    #[test]
    fn previews_survive_the_way_through_a_column() {
        for (kind, _) in PREVIEWS {
            assert_eq!(preview_kind(preview_word(kind)), kind);
        }
        assert_eq!(preview_kind("of a later version"), PreviewKind::Unsupported);
    }
}
