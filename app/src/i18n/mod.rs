//! Every word that people see, in every language: a table that does not compile when a word is missing.
//!
//! A plain struct per language instead of a translation library: no parser and no macro over files, and pure functions
//! (times, previews, reasons) say their words in tests as on screens. The three languages need no plural rules beyond
//! "one" and "more", and no gendered forms. What every page says comes with the page, in its language (`here`); the
//! tables of what is loaded later are in that part of the program.

mod acts;
mod add;
mod data;
#[cfg(not(target_arch = "wasm32"))]
mod en;
mod files;
#[cfg(target_arch = "wasm32")]
pub(crate) mod here;
#[cfg(not(target_arch = "wasm32"))]
mod id;
mod office;
#[cfg(not(target_arch = "wasm32"))]
mod pt;
pub(crate) mod said;
mod theme;
mod words;

use serde::{Deserialize, Serialize};

pub(crate) use acts::ActWords;
pub(crate) use office::OfficeWords;
pub use theme::Theme;
pub(crate) use words::Words;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lang {
    /// English.
    #[default]
    #[serde(rename = "en")]
    En,
    /// Indonesian.
    #[serde(rename = "id")]
    Id,
    /// Brazilian Portuguese.
    #[serde(rename = "pt-BR")]
    Pt,
}

impl Lang {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::En, Self::Id, Self::Pt];

    /// The code for `lang` attributes and the cookie.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Id => "id",
            Self::Pt => "pt-BR",
        }
    }

    /// Its name in itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Id => "Bahasa Indonesia",
            Self::Pt => "Português (Brasil)",
        }
    }

    /// The language of a code; regions are ignored.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let base = code.split(['-', '_']).next().unwrap_or(code);
        Self::ALL
            .into_iter()
            .find(|lang| lang.code().split('-').next().is_some_and(|own| own.eq_ignore_ascii_case(base)))
    }

    /// The best language for an `Accept-Language` header.
    #[must_use]
    pub fn negotiate(accepted: &str) -> Self {
        let mut wanted: Vec<(f32, Self)> = accepted
            .split(',')
            .filter_map(|part| {
                let mut pieces = part.trim().split(';');
                let lang = Self::from_code(pieces.next()?.trim())?;
                let weight = pieces.find_map(|p| p.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
                Some((weight, lang))
            })
            .collect();
        // Stable: what stands first wins among equals.
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.first().map_or(Self::En, |(_, lang)| *lang)
    }

    /// Its words.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::En => &en::WORDS,
            Self::Id => &id::WORDS,
            Self::Pt => &pt::WORDS,
        }
    }

    /// The words of the page, which are in this language: another one is another page.
    #[cfg(target_arch = "wasm32")]
    #[expect(clippy::unused_self, reason = "the server has several")]
    #[must_use]
    pub(crate) fn words(self) -> &'static Words {
        here::words()
    }
}

/// Puts values into the places `{name}` of a sentence.
#[must_use]
pub(crate) fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(sentence.len() + 16);
    let mut rest = sentence;
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = tail.split_once('}') else {
            out.push('{');
            rest = tail;
            continue;
        };
        if let Some((_, value)) = values.iter().find(|(key, _)| *key == name) {
            out.push_str(value);
        } else {
            out.push('{');
            out.push_str(name);
            out.push('}');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The sentence for one or for several, with `{n}` filled in.
#[must_use]
pub(crate) fn count(one: &str, many: &str, n: i64) -> String {
    fill(if n == 1 { one } else { many }, &[("n", &n.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_from_their_list() {
        for lang in Lang::ALL {
            let list = lang.words().list();
            let mut given = list.iter().copied();
            let read = Words::read(&mut || given.next().unwrap());
            assert_eq!(read.list(), list);
            assert_eq!(given.next(), None);
        }
    }

    #[test]
    fn the_browser_says_what_it_likes_best() {
        assert_eq!(Lang::negotiate("pt-BR,pt;q=0.9,en;q=0.8"), Lang::Pt);
        assert_eq!(Lang::negotiate("de-DE,id;q=0.7,en;q=0.3"), Lang::Id);
        assert_eq!(Lang::negotiate("fr"), Lang::En);
        assert_eq!(Lang::negotiate(""), Lang::En);
        assert_eq!(Lang::negotiate("en;q=x,pt"), Lang::En);
    }

    #[test]
    fn codes_come_back() {
        for lang in Lang::ALL {
            assert_eq!(Lang::from_code(lang.code()), Some(lang));
        }
    }

    #[test]
    fn places_are_filled() {
        assert_eq!(fill("{a} and {b} and {c} {", &[("a", "1"), ("b", "{a}")]), "1 and {a} and {c} {");
    }

    /// A translation that forgot a place, or invented one, would show braces or lose a number.
    #[test]
    fn every_language_has_the_same_places() {
        let places = |text: &str| {
            let mut found: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|t| t.split_once('}').map(|(n, _)| n.to_owned()))
                .collect();
            found.sort();
            found
        };
        let all = |lang: Lang| {
            [
                lang.words().all(),
                lang.office_words().all(),
                lang.file_words().all(),
                lang.act_words().all(),
                lang.add_words().all(),
                lang.data_words().all(),
            ]
            .concat()
        };
        for lang in [Lang::Id, Lang::Pt] {
            for ((name, english), (_, other)) in all(Lang::En).iter().zip(all(lang)) {
                assert_eq!(places(english), places(other), "{name} in {}", lang.code());
                assert!(!other.trim().is_empty(), "{name} in {}", lang.code());
            }
        }
    }
}
