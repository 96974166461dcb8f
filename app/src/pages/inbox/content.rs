//! What a message says, by its kind.

use balas_domain::{
    Content, FileView, Mention, MessageId, Permission,
    content::Card,
    view::{Direction, Vote},
};
use leptos::prelude::*;

use super::file::file;
use crate::{
    i18n::{Words, fill},
    route::escape,
    state::use_app,
    ui::{
        icon::{Icon, icon},
        rich_text::{Marks, marking},
    },
};

/// What a message says, with what is needed to show it.
#[derive(Clone, PartialEq)]
pub(super) struct Said {
    pub(super) id: MessageId,
    pub(super) content: Content,
    pub(super) file: Option<Box<FileView>>,
    pub(super) revoked: bool,
    pub(super) mentions: Vec<Mention>,
    /// Who has chosen what of a poll.
    pub(super) votes: Vec<Vote>,
    /// Words of it that were searched for.
    pub(super) found: Vec<String>,
    pub(super) direction: Direction,
    /// Who wrote it, for who does not see a picture.
    pub(super) author: String,
}

/// The content as elements.
pub(super) fn content(said: &Said, words: &'static Words) -> AnyView {
    let marks = Marks { mentions: &said.mentions, found: &said.found };
    if said.revoked {
        let text = match said.direction {
            Direction::In => words.deleted_by_sender,
            Direction::Out | Direction::Internal => words.deleted_by_us,
        };
        return view! { <p class="bubble-text gone">{icon(Icon::Deleted)} {text}</p> }.into_any();
    }
    match &said.content {
        Content::Text { text } | Content::Note { text } => {
            view! { <p class="bubble-text" dir="auto">{marking(text, marks)}</p> }.into_any()
        }
        Content::Media(media) => {
            let caption = media.caption.clone().filter(|caption| !caption.is_empty());
            let shown = said.file.as_deref().map(|shown| file(said.id, media, shown, &said.author));
            view! {
                {shown}
                {caption.map(|caption| view! { <p class="bubble-text" dir="auto">{marking(&caption, marks)}</p> })}
            }
            .into_any()
        }
        Content::Location { latitude, longitude, name, address } => {
            location_card(*latitude, *longitude, name.as_deref(), address.as_deref(), words)
        }
        Content::Contacts { cards } => {
            cards.iter().map(|card| contact_card(card, words)).collect_view().into_any()
        }
        Content::Poll(poll) => super::poll::poll(said.id, poll, &said.votes),
        Content::Choice { title, .. } => view! {
            <p class="bubble-hint">{words.choice_label}</p>
            <p class="bubble-text" dir="auto">{title.clone()}</p>
        }
        .into_any(),
        Content::System { text, .. } => view! {
            <p>
                {icon(Icon::Info)}
                <span dir="auto">{text.clone()}</span>
            </p>
        }
        .into_any(),
        // Needs its author: drawn as a line of its own.
        Content::Activity { .. } => ().into_any(),
        Content::Unsupported { kind, .. } => {
            let text = fill(words.unsupported_text, &[("kind", kind)]);
            let raw = use_app().may(Permission::ManageAccounts).then(|| {
                view! {
                    <a
                        class="piece-link"
                        href=format!("/api/v1/messages/{}/raw", said.id)
                        target="_blank"
                        rel="noopener"
                    >
                        {words.unsupported_show}
                    </a>
                }
            });
            view! {
                {piece(Icon::Unsupported, words.kind_unsupported, None, Some(text))}
                {raw}
            }
            .into_any()
        }
    }
}

/// A card: a sign, what it is, its name, and a line below.
fn piece(sign: Icon, label: &'static str, name: Option<String>, below: Option<String>) -> AnyView {
    let below = below.filter(|text| !text.is_empty()).map(IntoAny::into_any);
    card_view(sign, label, name, below, None)
}

fn card_view(
    sign: Icon,
    label: &'static str,
    name: Option<String>,
    below: Option<AnyView>,
    acts: Option<AnyView>,
) -> AnyView {
    view! {
        <div class="piece">
            <span class="piece-sign">{icon(sign)}</span>
            <div>
                <p class="piece-kind">{label}</p>
                {name.map(|name| view! { <p class="piece-name" dir="auto">{name}</p> })}
                {below.map(|below| view! { <p class="piece-below" dir="auto">{below}</p> })}
            </div>
            {acts.map(|acts| view! { <span class="piece-acts">{acts}</span> })}
        </div>
    }
    .into_any()
}

/// A contact, to be called and to be saved.
fn contact_card(card: &Card, words: &'static Words) -> AnyView {
    let name = if card.name.is_empty() { words.kind_contact } else { card.name.as_str() };
    let save = fill(use_app().lang.file_words().save, &[("name", name)]);
    let numbers = card.phones.iter().enumerate().map(|(n, phone)| {
        let digits: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        view! {
            {(n > 0).then_some(", ")}
            <a href=format!("tel:{digits}")>{phone.clone()}</a>
        }
    });
    let numbers = (!card.phones.is_empty()).then(|| numbers.collect_view().into_any());
    let save = view! {
        <a
            class="icon-button"
            href=address_of(card)
            download=format!("{name}.vcf")
            aria-label=save.clone()
            title=save
        >
            {icon(Icon::Download)}
        </a>
    };
    card_view(Icon::Contact, words.kind_contact, Some(card.name.clone()), numbers, Some(save.into_any()))
}

/// The card's file as an address, with all of it in there.
fn address_of(card: &Card) -> String {
    let mut address = "data:text/vcard;charset=utf-8,".to_owned();
    escape(&card.to_vcard(), &mut address);
    address
}

fn location_card(
    latitude: f64,
    longitude: f64,
    name: Option<&str>,
    address: Option<&str>,
    words: &'static Words,
) -> AnyView {
    let spot = || format!("{}, {}", degrees(latitude), degrees(longitude));
    let below = address.map_or_else(spot, str::to_owned);
    view! {
        {piece(Icon::Location, words.kind_location, name.map(str::to_owned), Some(below))}
        {map_link(latitude, longitude, words)}
    }
    .into_any()
}

/// Leads to a map of the place.
pub(super) fn map_link(latitude: f64, longitude: f64, words: &'static Words) -> AnyView {
    let (lat, lon) = (degrees(latitude), degrees(longitude));
    let map = format!("https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=16/{lat}/{lon}");
    view! {
        <a class="piece-link" href=map target="_blank" rel="noopener noreferrer nofollow">
            {words.open_map}
        </a>
    }
    .into_any()
}

/// Degrees with five decimals, which is a metre. By whole numbers: the formatting of fractions would weigh 10
/// KB.
pub(super) fn degrees(value: f64) -> String {
    let scaled = (value * 100_000.0).round() as i64;
    let sign = if scaled < 0 { "-" } else { "" };
    let scaled = scaled.unsigned_abs();
    format!("{sign}{}.{:05}", scaled / 100_000, scaled % 100_000)
}

#[cfg(test)]
mod tests {
    use super::{Card, address_of, degrees};

    #[test]
    fn a_card_is_an_address() {
        let card = Card { name: "É".into(), phones: vec![] };
        assert_eq!(
            address_of(&card),
            "data:text/vcard;charset=utf-8,BEGIN%3AVCARD%0D%0AVERSION%3A3.0%0D%0AN%3A%3B%C3%89%3B%3B%3B%0D%0AFN%3A%C3%89\
             %0D%0AEND%3AVCARD%0D%0A"
        );
    }

    #[test]
    fn degrees_have_five_decimals() {
        assert_eq!(degrees(-6.917_464), "-6.91746");
        assert_eq!(degrees(107.6), "107.60000");
        assert_eq!(degrees(-0.000_004), "0.00000");
        assert_eq!(degrees(f64::NAN), "0.00000");
    }
}
