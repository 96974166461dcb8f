//! What somebody has composed: made fit to be stored, and put into the form that whichever number carries it can send.

use balas_domain::{
    Content,
    content::{Card, MAX_TEXT, Poll},
    text::{clean_body, clean_name},
    view::ProviderKind,
};
use balas_providers::{Body, Refused, readable};

use crate::error::EngineError;

/// What somebody has composed, made fit to be stored. Files come by another way.
///
/// # Errors
/// When nothing is left of it, it exceeds what `WhatsApp` takes, or it is nothing that one writes.
pub(crate) fn composed(content: Content) -> Result<Content, EngineError> {
    let content = match content {
        Content::Text { text } => return Ok(Content::text(written(&text)?)),
        Content::Location { latitude, longitude, name, address } => {
            let line = |text: Option<String>| text.as_deref().and_then(clean_name);
            Content::Location { latitude, longitude, name: line(name), address: line(address) }
        }
        Content::Contacts { cards } => {
            let card = |card: Card| Card {
                name: clean_name(&card.name).unwrap_or_default(),
                phones: card.phones.iter().map(|phone| phone.trim().to_owned()).collect(),
            };
            Content::Contacts { cards: cards.into_iter().map(card).collect() }
        }
        Content::Poll(Poll { question, options, max_answer }) => {
            let question = clean_body(&question).split_whitespace().collect::<Vec<_>>().join(" ");
            // As they come back with the votes.
            let options = options.iter().map(|option| clean_name(option).unwrap_or_default()).collect();
            Content::Poll(Poll { question, options, max_answer })
        }
        _ => return Err(EngineError::NotComposed),
    };
    let body = body(&content).ok_or(EngineError::NotComposed)?;
    // What only some numbers lack goes as text by those.
    for provider in [ProviderKind::Cloud, ProviderKind::Gateway, ProviderKind::Bridge] {
        body.check(provider).or_else(|refused| if refused.lacking() { Ok(()) } else { Err(refused) })?;
    }
    let characters = readable(&body).chars().count();
    if characters > MAX_TEXT { Err(Refused::SeveralCards.into()) } else { Ok(content) }
}

/// A text that somebody has written, made fit to be stored.
///
/// # Errors
/// When nothing is left of it, or it is too long.
pub(crate) fn written(text: &str) -> Result<String, EngineError> {
    let text = clean_body(text);
    if text.trim().is_empty() {
        return Err(EngineError::Empty);
    }
    let characters = text.chars().count();
    if characters > MAX_TEXT {
        return Err(EngineError::TooLong { characters });
    }
    Ok(text)
}

/// What a provider is asked to send; `None` of files, and of what has no way out.
pub(crate) fn body(content: &Content) -> Option<Body> {
    Some(match content {
        Content::Text { text } => Body::Text { text: text.clone() },
        Content::Location { latitude, longitude, name, address } => Body::Location {
            latitude: *latitude,
            longitude: *longitude,
            name: name.clone(),
            address: address.clone(),
        },
        Content::Contacts { cards } => Body::Contacts { cards: cards.clone() },
        Content::Poll(poll) => Body::Poll(poll.clone()),
        _ => return None,
    })
}

/// The same for the number that carries it: what this kind of number lacks goes as text.
pub(crate) fn fit(body: Body, provider: ProviderKind) -> Body {
    match body.check(provider) {
        Err(refused) if refused.lacking() => Body::Text { text: readable(&body) },
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(options: &[&str]) -> Content {
        let options = options.iter().map(|o| (*o).to_owned()).collect();
        Content::Poll(Poll { question: " When\n suits  you? ".into(), options, max_answer: 1 })
    }

    #[test]
    fn what_is_composed_is_cleaned() {
        let Content::Poll(cleaned) = composed(poll(&[" Today ", "To\u{202e}morrow"])).unwrap() else {
            panic!()
        };
        assert_eq!(cleaned.question, "When suits you?");
        assert_eq!(cleaned.options[0], "Today");
        assert!(matches!(
            composed(poll(&["Today", "Today "])),
            Err(EngineError::Unsendable(Refused::PollIncomplete))
        ));
        let place = |latitude| Content::Location {
            latitude,
            longitude: 0.0,
            name: Some(" \n".into()),
            address: None,
        };
        assert_eq!(
            composed(place(1.0)).unwrap(),
            Content::Location { latitude: 1.0, longitude: 0.0, name: None, address: None }
        );
        assert!(matches!(composed(place(91.0)), Err(EngineError::Unsendable(Refused::NoPlace))));
    }

    #[test]
    fn nobody_composes_what_whatsapp_or_balas_says() {
        for content in [
            Content::System { kind: "x".into(), text: "y".into() },
            Content::Note { text: "x".into() },
            Content::Choice { title: "x".into(), payload: None },
        ] {
            assert!(matches!(composed(content), Err(EngineError::NotComposed)));
        }
    }

    #[test]
    fn what_a_number_lacks_goes_as_text() {
        let poll = body(&composed(poll(&["Today", "Tomorrow"])).unwrap()).unwrap();
        assert_eq!(fit(poll.clone(), ProviderKind::Gateway), poll);
        let text = "When suits you?\n1. Today\n2. Tomorrow".to_owned();
        assert_eq!(fit(poll, ProviderKind::Cloud), Body::Text { text });
        let card = Card { name: "Ana".into(), phones: vec!["+62 812 3456".into(), "+62 812 3457".into()] };
        let card = body(&composed(Content::Contacts { cards: vec![card] }).unwrap()).unwrap();
        assert_eq!(fit(card.clone(), ProviderKind::Cloud), card);
        assert!(matches!(fit(card, ProviderKind::Bridge), Body::Text { .. }));
    }

    #[test]
    fn cards_fit_into_a_text_in_any_case() {
        let card = Card { name: "A".repeat(100), phones: vec!["+62 812 3456".into()] };
        let many = Content::Contacts { cards: vec![card; 64] };
        assert!(matches!(composed(many), Err(EngineError::Unsendable(Refused::SeveralCards))));
    }
}
