//! A message in plain text, for accounts that lack its kind. Without words of our own: nobody knows which language the
//! customer reads.

use balas_domain::content::Card;

use crate::body::Body;

/// What the message says, as text that any account can send. Of a file only its name and words.
#[must_use]
pub fn readable(body: &Body) -> String {
    match body {
        Body::Text { text } => text.clone(),
        Body::Reaction { emoji, .. } => emoji.clone(),
        Body::Media(file) => lines([Some(file.shown_name().as_str()), file.words()]),
        Body::Location { latitude, longitude, name, address } => {
            // A link that every phone opens with its maps.
            let link = format!("https://maps.google.com/?q={latitude},{longitude}");
            lines([name.as_deref(), address.as_deref(), Some(&link)])
        }
        Body::Contacts { cards } => cards.iter().map(card).collect::<Vec<_>>().join("\n\n"),
        Body::Poll(poll) => {
            let numbered = poll.options.iter().zip(1..).map(|(option, n)| format!("{n}. {}", option.trim()));
            std::iter::once(poll.question.trim().to_owned()).chain(numbered).collect::<Vec<_>>().join("\n")
        }
    }
}

fn card(card: &Card) -> String {
    lines(std::iter::once(Some(card.name.as_str())).chain(card.phones.iter().map(|p| Some(p.as_str()))))
}

fn lines<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let said = parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use balas_domain::{content::Poll, view::ProviderKind};

    use super::*;

    #[test]
    fn everything_can_be_read() {
        let poll = Body::Poll(Poll {
            question: "Lunch? ".into(),
            options: vec!["Pizza".into(), "Soup".into()],
            max_answer: 1,
        });
        assert_eq!(readable(&poll), "Lunch?\n1. Pizza\n2. Soup");
        let place = Body::Location {
            latitude: -6.2,
            longitude: 0.000_000_1,
            name: Some("Office".into()),
            address: Some(" ".into()),
        };
        assert_eq!(readable(&place), "Office\nhttps://maps.google.com/?q=-6.2,0.0000001");
        let card = |name: &str, phones: &[&str]| Card {
            name: name.into(),
            phones: phones.iter().map(|p| (*p).to_owned()).collect(),
        };
        let cards = Body::Contacts { cards: vec![card("Ana", &["+1", "+2"]), card("Ben", &["+3"])] };
        assert_eq!(readable(&cards), "Ana\n+1\n+2\n\nBen\n+3");
        for body in [poll, place, cards] {
            let text = Body::Text { text: readable(&body) };
            assert_eq!(text.check(ProviderKind::Cloud), Ok(()));
        }
    }
}
