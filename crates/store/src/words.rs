//! What is a word and when two are the same: decided here for both databases, whose own rules differ.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest word that is looked at, in characters; what is longer is cut.
const LONGEST: usize = 64;
/// Most different words that a message is found by.
const MOST: usize = 2_000;

/// A character as it is compared: without accents, in lower case. Nothing for what is no part of a word.
fn folded(c: char) -> impl Iterator<Item = char> {
    std::iter::once(c)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        // Lower case may come with marks of its own, as in that of İ.
        .filter(|c| c.is_alphanumeric() && !is_combining_mark(*c))
}

/// Scripts that put no spaces between words: each of their characters counts as a word.
const fn stands_alone(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// One word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// As it is compared.
    pub(crate) folded: String,
    /// Where it begins in the text, in bytes.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::new();
    let mut open = false;
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        if is_combining_mark(c) {
            // Belongs to the letter before it.
            if let Some(word) = all.last_mut().filter(|word| word.end == start) {
                word.end = end;
            }
            continue;
        }
        let mut letters = folded(c).peekable();
        if letters.peek().is_none() {
            open = false;
            continue;
        }
        let alone = stands_alone(c);
        match all.last_mut().filter(|_| open && !alone) {
            Some(word) => {
                word.end = end;
                word.folded.extend(letters);
            }
            None => all.push(Word { folded: letters.collect(), start, end }),
        }
        open = !alone;
    }
    for word in &mut all {
        if let Some((cut, _)) = word.folded.char_indices().nth(LONGEST) {
            word.folded.truncate(cut);
        }
    }
    all
}

/// What a message is found by: its words, each once, with one space between them.
pub(crate) fn index(text: &str) -> String {
    let mut seen = std::collections::HashSet::new();
    let mut out = String::with_capacity(text.len());
    for word in words(text) {
        if seen.len() == MOST {
            break;
        }
        if seen.insert(word.folded.clone()) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&word.folded);
        }
    }
    out
}

/// A text without accents and in lower case, for comparing names anywhere within.
pub(crate) fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c) && *c != '\0').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_what_people_would_search_for() {
        assert_eq!(index("Olá, São Paulo! É às 10h30?"), "ola sao paulo e as 10h30");
        assert_eq!(index("order #4711/B – order 4711"), "order 4711 b");
        assert_eq!(index("\u{FB01}ne STRASSE İstanbul"), "fine strasse istanbul");
        // A mark of voice counts as an accent.
        assert_eq!(index("東京 で"), "東 京 て");
        assert_eq!(index("\u{1F44D} …"), "");
        assert_eq!(fold("Ana-Júlia  ÇELİK"), "ana-julia  celik");
    }

    #[test]
    fn it_is_known_where_a_word_stands() {
        let text = "Até já, cafe\u{301}!";
        let at: Vec<&str> = words(text).iter().map(|w| &text[w.start..w.end]).collect();
        assert_eq!(at, ["Até", "já", "cafe\u{301}"]);
    }

    #[test]
    fn nothing_is_too_long() {
        assert_eq!(index(&"x".repeat(5_000)).len(), LONGEST);
        let many = (0..5_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(index(&many).split(' ').count(), MOST);
    }

    proptest! {
        #[test]
        fn an_index_is_words_and_single_spaces(text in ".{0,200}") {
            let index = index(&text);
            for word in index.split(' ').filter(|_| !index.is_empty()) {
                prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "{:?}", index);
            }
            for word in words(&text) {
                prop_assert!(word.start < word.end && text.get(word.start..word.end).is_some());
            }
        }
    }
}
