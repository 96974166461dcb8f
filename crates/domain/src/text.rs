//! Cleaning of what strangers write.

/// Longest name that is kept, in characters.
pub const MAX_NAME: usize = 120;
/// Longest incoming text that is kept, in characters. WhatsApp's own limit is 65,536.
pub const MAX_BODY: usize = 200_000;

/// Whether a character steers the display instead of being shown: bidi embeddings, overrides and isolates.
const fn steers(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name on one line: control and steering characters dropped, white space folded, at most [`MAX_NAME`] characters.
/// `None` if nothing visible remains.
#[must_use]
pub fn clean_name(raw: &str) -> Option<String> {
    let mut out = String::new();
    let mut count = 0;
    for word in raw.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()) {
        let word: String =
            word.chars().filter(|c| !steers(*c) && *c != '\u{feff}' && *c != '\u{200b}').collect();
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() && count < MAX_NAME {
            out.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count >= MAX_NAME {
                break;
            }
            out.push(c);
            count += 1;
        }
    }
    let out = out.trim_end().to_owned();
    (!out.is_empty()).then_some(out)
}

/// A message's text: control characters but line breaks and tabs dropped, steering characters dropped, at most
/// [`MAX_BODY`] characters. Line breaks become `\n`.
#[must_use]
pub fn clean_body(raw: &str) -> String {
    raw.replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| (!c.is_control() || matches!(c, '\n' | '\t')) && !steers(*c))
        .take(MAX_BODY)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names() {
        assert_eq!(clean_name("  Sheena \n Nelson\u{0} ").as_deref(), Some("Sheena Nelson"));
        assert_eq!(clean_name("\u{202e}evil\u{202c}").as_deref(), Some("evil"));
        assert_eq!(clean_name(" \u{200b}\u{2066} "), None);
        assert_eq!(
            clean_name("<script>").as_deref(),
            Some("<script>"),
            "markup is harmless text, never removed"
        );
        assert_eq!(clean_name(&"é".repeat(500)).unwrap().chars().count(), MAX_NAME);
    }

    #[test]
    fn bodies() {
        assert_eq!(clean_body("a\r\nb\rc\u{0}\u{7}\td"), "a\nb\nc\td");
        assert_eq!(clean_body("مرحبا\u{200f}"), "مرحبا\u{200f}");
    }

    proptest! {
        #[test]
        fn cleaning_is_idempotent(raw in ".*") {
            let name = clean_name(&raw);
            prop_assert_eq!(name.as_deref().and_then(clean_name), name);
            prop_assert_eq!(clean_body(&clean_body(&raw)), clean_body(&raw));
        }
    }
}
