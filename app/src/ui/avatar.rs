//! A round with initials, in a colour that always stays the same for one id.

use balas_domain::view::ConversationView;
use leptos::prelude::*;

use super::icon::{Icon, icon};

/// How many colours there are in the style sheet.
const COLOURS: u32 = 8;

/// Two letters for a name: of its first and last word. A bare number has none.
pub(crate) fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().filter(|w| w.starts_with(char::is_alphabetic)).collect();
    let letter = |word: &&str| word.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    match words.as_slice() {
        [] => String::new(),
        [one] => letter(one),
        [first, .., last] => letter(first) + &letter(last),
    }
}

/// The colour for an id (FNV-1a over its text, so that names alike differ).
pub(crate) fn colour(id: &str) -> u32 {
    id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
        % COLOURS
}

/// The avatar of a person or group. A picture lies over the initials, which are seen until it is there, and if it never
/// comes.
#[component]
pub(crate) fn Avatar(
    #[prop(into)] name: String,
    #[prop(into)] id: String,
    /// Where the picture is; empty if there is none.
    #[prop(optional)]
    picture: String,
) -> impl IntoView {
    let letters = initials(&name);
    let class = format!("avatar hue-{}", colour(&id));
    view! {
        <span class=class aria-hidden="true">
            {if letters.is_empty() {
                icon(Icon::Contacts).into_any()
            } else {
                letters.into_any()
            }}
            {(!picture.is_empty()).then(|| view! { <img src=picture alt="" loading="lazy" decoding="async" /> })}
        </span>
    }
}

/// Where a conversation's picture is; empty if it has none.
pub(crate) fn picture_of(row: &ConversationView) -> String {
    row.picture.map(|rev| format!("/api/v1/conversations/{}/picture?v={rev}", row.id)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_first_and_last_word() {
        assert_eq!(initials("Ana Souza"), "AS");
        assert_eq!(initials("maria da silva"), "MS");
        assert_eq!(initials("Rossi"), "R");
        assert_eq!(initials("+62 812 3456"), "");
        assert_eq!(initials("✨ Toko 99"), "T");
        assert_eq!(initials("ßeta"), "SS");
    }

    #[test]
    fn colours_stay() {
        assert_eq!(colour("a"), colour("a"));
        let all: std::collections::HashSet<u32> = (0..200).map(|n| colour(&n.to_string())).collect();
        assert_eq!(all.len(), COLOURS as usize);
    }
}
