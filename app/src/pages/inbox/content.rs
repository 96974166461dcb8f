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
    let below = below.filter(|text| !text.is_empty());
    view! {
        <div class="piece">
            <span class="piece-sign">{icon(sign)}</span>
            <div>
                <p class="piece-kind">{label}</p>
                {name.map(|name| view! { <p class="piece-name" dir="auto">{name}</p> })}
                {below.map(|below| view! { <p class="piece-below" dir="auto">{below}</p> })}
            </div>
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
    let numbers = (!card.phones.is_empty()).then(|| numbers.collect_view());
    view! {
        <div class="piece">
            <span class="piece-sign">{icon(Icon::Contact)}</span>
            <div>
                <p class="piece-kind">{words.kind_contact}</p>
                <p class="piece-name" dir="auto">{card.name.clone()}</p>
                {numbers.map(|numbers| view! { <p class="piece-below">{numbers}</p> })}
            </div>
            <span class="piece-acts">
                <a
                    class="icon-button"
                    href=card.to_link()
                    download=format!("{name}.vcf")
                    aria-label=save.clone()
                    title=save
                >
                    {icon(Icon::Download)}
                </a>
            </span>
        </div>
    }
    .into_any()
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
    use super::degrees;

    #[test]
    fn degrees_have_five_decimals() {
        assert_eq!(degrees(-6.917_464), "-6.91746");
        assert_eq!(degrees(107.6), "107.60000");
        assert_eq!(degrees(-0.000_004), "0.00000");
        assert_eq!(degrees(f64::NAN), "0.00000");
    }
}
