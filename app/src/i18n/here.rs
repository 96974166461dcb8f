//! The words of this page. The server, which has those of every language, sends one language's along with a page, so that
//! the program carries none.

use std::sync::OnceLock;

use super::Words;

static WORDS: OnceLock<Words> = OnceLock::new();

/// Takes them in: a JSON list in the order of their names. `false` if they are another version's.
#[cfg(feature = "hydrate")]
pub(crate) fn install(json: &str) -> bool {
    let Ok(list) = serde_json::from_slice::<Vec<String>>(json.as_bytes()) else { return false };
    let mut missing = false;
    let mut list = list.into_iter();
    let words = Words::read(&mut || {
        // They stay as long as the page.
        let word = list.next().map(|word| &*String::leak(word));
        missing |= word.is_none();
        word.unwrap_or_default()
    });
    !missing && list.next().is_none() && WORDS.set(words).is_ok()
}

/// The words that were taken in, which happens before anything else.
pub(crate) fn words() -> &'static Words {
    WORDS.get_or_init(|| Words::read(&mut || ""))
}
