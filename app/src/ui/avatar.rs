//! A round with initials, in a colour that always stays the same for one id.

use balas_domain::ConversationId;
use leptos::prelude::*;

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

/// The avatar of a person or group.
#[component]
pub(crate) fn Avatar(#[prop(into)] name: String, #[prop(into)] id: String) -> impl IntoView {
    round(&name, &id, None)
}

/// The avatar of a conversation. Its picture lies over the initials, which are seen until it is there, and if it never comes.
#[component]
pub(crate) fn ChatAvatar(
    #[prop(into)] name: String,
    id: ConversationId,
    /// Its number among its pictures, if there is one.
    picture: Option<u32>,
) -> impl IntoView {
    let id = id.to_string();
    let src = picture.map(|rev| format!("/api/v1/conversations/{id}/picture?v={rev}"));
    round(&name, &id, src)
}

fn round(name: &str, id: &str, picture: Option<String>) -> AnyView {
    let letters = initials(name);
    let class = format!("avatar hue-{}", colour(id));
    view! {
        <span class=class aria-hidden="true">
            {if letters.is_empty() {
                super::icon::icon(super::icon::Icon::Contacts).into_any()
            } else {
                letters.into_any()
            }}
            {picture.map(|src| view! { <img src=src alt="" loading="lazy" decoding="async" /> })}
        </span>
    }
    .into_any()
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
