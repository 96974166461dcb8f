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

/// Most code points of one emoji: a family of four with skin colours, or the flag of a region.
const MAX_EMOJI: usize = 15;

/// Whether this can be one emoji: no letters, blanks or control characters, and not too many signs. Which signs are emoji
/// changes every year, and `WhatsApp` is newer than any table; what only looks like one it shows as it is.
#[must_use]
pub fn one_emoji(text: &str) -> bool {
    const KEYCAP: char = '\u{20e3}';
    // Letters in a frame are signs.
    let letter = |c: char| c.is_alphabetic() && !matches!(c, 'ℹ' | 'Ⓜ' | '\u{1f130}'..='\u{1f189}');
    // The digits of keycaps are emoji only with the cap on.
    let digit = |c: char| matches!(c, '0'..='9' | '#' | '*');
    !text.is_empty()
        && text.chars().count() <= MAX_EMOJI
        && text.chars().all(|c| !letter(c) && !c.is_whitespace() && !c.is_control() && !steers(c))
        && (!text.chars().any(|c| c.is_ascii()) || text.starts_with(digit) && text.ends_with(KEYCAP))
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

    #[test]
    fn one_emoji_is_no_text() {
        for emoji in ["👍", "❤️", "👩‍💻", "🇮🇩", "👨‍👩‍👧‍👦", "1️⃣", "👍🏽", "ℹ️", "Ⓜ️", "🅰️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
        {
            assert!(one_emoji(emoji), "{emoji}");
        }
        for text in ["", "ok", "1", "👍 ", "é", "<", "👍\n", "\u{202e}👍", &"👍".repeat(16)] {
            assert!(!one_emoji(text), "{text:?}");
        }
    }
}
