//! What a message says, in our own words: no provider's JSON comes past the providers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{address::Address, work::Activity};

/// Longest text that WhatsApp accepts in one message, in characters.
pub const MAX_TEXT: usize = 4096;
/// Longest question of a poll, in characters.
pub const MAX_QUESTION: usize = 255;
/// Longest answer that a poll offers, in characters.
pub const MAX_OPTION: usize = 100;
/// Most answers that a poll offers.
pub const MAX_OPTIONS: usize = 12;

/// The body of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "crate::flat::FlatContent")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Content {
    /// Plain text with WhatsApp's formatting marks.
    Text {
        /// The text as written.
        text: String,
    },
    /// A file of some kind. Only the provider's reference is kept here; the bytes are fetched elsewhere.
    Media(Media),
    /// A place.
    Location {
        /// Degrees, north positive.
        latitude: f64,
        /// Degrees, east positive.
        longitude: f64,
        /// What the place is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Where it is, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
    /// One or more contact cards.
    Contacts {
        /// The cards.
        cards: Vec<Card>,
    },
    /// A question with answers to choose from.
    Poll(Poll),
    /// The customer tapped a button or list entry that we had sent.
    Choice {
        /// The words on the button.
        title: String,
        /// The button's own identifier, for automation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
    },
    /// WhatsApp tells about the conversation itself, e.g. a changed number.
    System {
        /// WhatsApp's name for what happened.
        kind: String,
        /// WhatsApp's words.
        text: String,
    },
    /// Words for colleagues. Never leaves the house.
    Note {
        /// The text as written.
        text: String,
    },
    /// Somebody did something with the conversation.
    Activity {
        /// What.
        activity: Activity,
    },
    /// Anything we cannot show. The payload is kept for admins and for later versions.
    Unsupported {
        /// The provider's name for it.
        kind: String,
        /// The provider's JSON. Left out of what browsers get.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        raw: Value,
    },
}

/// A file that came with a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Media {
    /// What kind of file.
    pub kind: MediaKind,
    /// The provider's reference, needed to fetch the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Words under the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// As the provider states it; not trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// As the sender named it; not trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Hash as the provider states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// A voice message, not a music file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voice: bool,
}

/// Kinds of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Any file.
    #[default]
    Document,
    /// A sticker.
    Sticker,
}

/// A contact card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Card {
    /// Whom it names.
    pub name: String,
    /// Numbers as written on it.
    pub phones: Vec<String>,
}

impl Card {
    /// Whether anybody could be reached by it: a name, and numbers with their country codes.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.name.trim().is_empty()
            && !self.phones.is_empty()
            && self.phones.iter().all(|phone| Address::phone(phone).is_ok())
    }

    /// The card as a file that phones and address books take: a vCard 3.0.
    #[must_use]
    pub fn to_vcard(&self) -> String {
        let name = escaped(&self.name);
        let mut out = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nN:;{name};;;\r\nFN:{name}\r\n");
        for phone in &self.phones {
            out.extend(["TEL:", &escaped(phone), "\r\n"]);
        }
        out.push_str("END:VCARD\r\n");
        out
    }
}

/// What stands in a vCard's line: nothing in it may end the line or the part of it.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' | ',' | ';' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => {}
            other => out.push(other),
        }
    }
    out
}

/// A question with answers to choose from. Who chose what stands beside the message, not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Poll {
    /// At most [`MAX_QUESTION`] characters.
    pub question: String,
    /// Two to [`MAX_OPTIONS`] different ones of at most [`MAX_OPTION`] characters.
    pub options: Vec<String>,
    /// How many of them one may choose. The bridge knows "one" and "any number".
    pub max_answer: u32,
}

impl Poll {
    /// Whether `WhatsApp` would take it: a question, and different answers of which some may be chosen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let fits = |text: &str, most| !text.trim().is_empty() && text.chars().count() <= most;
        let twice = self
            .options
            .iter()
            .enumerate()
            .any(|(n, option)| self.options.iter().take(n).any(|other| other.trim() == option.trim()));
        fits(&self.question, MAX_QUESTION)
            && (2..=MAX_OPTIONS).contains(&self.options.len())
            && self.options.iter().all(|option| fits(option, MAX_OPTION))
            && !twice
            && (1..=self.options.len()).contains(&(self.max_answer as usize))
    }
}

/// Whether there is such a place: degrees, north and east positive.
#[must_use]
pub fn is_place(latitude: f64, longitude: f64) -> bool {
    (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude)
}

/// What the list shows of a message: a kind that the screen turns into an icon and a word, and some text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preview {
    /// What kind of message.
    pub kind: PreviewKind,
    /// One line, at most 160 characters; empty if the kind says it all.
    pub text: String,
}

/// Kinds of previews; the screen has a word in each language for all but `Text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PreviewKind {
    /// The text speaks for itself.
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound file.
    Audio,
    /// A voice message.
    Voice,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
    /// A place.
    Location,
    /// A contact card.
    Contact,
    /// A question with answers to choose from.
    Poll,
    /// A line by WhatsApp itself.
    System,
    /// The sender took it back.
    Deleted,
    /// Something that cannot be shown.
    Unsupported,
}

impl Content {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// What a message says after it was changed to this: of a file only the words below it can be changed.
    #[must_use]
    pub fn in_place_of(self, before: &Self) -> Self {
        match (before, self) {
            (Self::Media(file), Self::Text { text }) => {
                Self::Media(Media { caption: Some(text), ..file.clone() })
            }
            (_, changed) => changed,
        }
    }

    /// The words in it that a search should find; empty if there are none.
    #[must_use]
    pub fn searchable(&self) -> &str {
        match self {
            Self::Text { text } | Self::Note { text } | Self::System { text, .. } => text,
            Self::Media(m) => m.caption.as_deref().or(m.file_name.as_deref()).unwrap_or(""),
            Self::Location { name, address, .. } => name.as_deref().or(address.as_deref()).unwrap_or(""),
            Self::Choice { title, .. } => title,
            Self::Contacts { cards } => cards.first().map_or("", |c| &c.name),
            Self::Poll(poll) => &poll.question,
            Self::Activity { .. } | Self::Unsupported { .. } => "",
        }
    }

    /// What the list shows.
    #[must_use]
    pub fn preview(&self) -> Preview {
        let kind = match self {
            Self::Text { .. } | Self::Note { .. } | Self::Choice { .. } => PreviewKind::Text,
            Self::Media(m) => match m.kind {
                MediaKind::Image => PreviewKind::Image,
                MediaKind::Video => PreviewKind::Video,
                MediaKind::Audio if m.voice => PreviewKind::Voice,
                MediaKind::Audio => PreviewKind::Audio,
                MediaKind::Document => PreviewKind::Document,
                MediaKind::Sticker => PreviewKind::Sticker,
            },
            Self::Location { .. } => PreviewKind::Location,
            Self::Contacts { .. } => PreviewKind::Contact,
            Self::Poll(_) => PreviewKind::Poll,
            Self::System { .. } | Self::Activity { .. } => PreviewKind::System,
            Self::Unsupported { .. } => PreviewKind::Unsupported,
        };
        // Only people write marks; a file's name or a place may hold the same characters and mean them.
        let text = match self {
            Self::Text { text } | Self::Note { text } => &crate::format::plain(text),
            Self::Media(Media { caption: Some(caption), .. }) => &crate::format::plain(caption),
            other => other.searchable(),
        };
        Preview { kind, text: one_line(text) }
    }

    /// The same without what browsers must not get.
    #[must_use]
    pub fn for_screen(self) -> Self {
        match self {
            Self::Unsupported { kind, .. } => Self::Unsupported { kind, raw: Value::Null },
            Self::Media(m) => Self::Media(Media { reference: None, sha256: None, ..m }),
            other => other,
        }
    }
}

/// First 160 characters on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().flat_map(|word| [" ", word]).skip(1).flat_map(str::chars).take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_one_short_line() {
        assert_eq!(Content::text("a\n\n b\tc").preview().text, "a b c");
        assert_eq!(Content::text("*a* _b_ snake_case").preview().text, "a b snake_case");
        assert_eq!(Content::text("é".repeat(500)).preview().text.chars().count(), 160);
        let voice = Content::Media(Media { kind: MediaKind::Audio, voice: true, ..Media::default() });
        assert_eq!(voice.preview(), Preview { kind: PreviewKind::Voice, text: String::new() });
    }

    #[test]
    fn polls_offer_a_choice() {
        let poll = |question: &str, options: &[&str], max_answer| Poll {
            question: question.into(),
            options: options.iter().map(|o| (*o).to_owned()).collect(),
            max_answer,
        };
        assert!(poll("Lunch?", &["Pizza", "Soup"], 1).is_complete());
        assert!(poll("Lunch?", &["Pizza", "Soup"], 2).is_complete());
        for bad in [
            poll("Lunch?", &["Pizza", "Soup"], 3),
            poll("Lunch?", &["Pizza", "Soup"], 0),
            poll("Lunch?", &["Pizza"], 1),
            poll("Lunch?", &["Pizza", " Pizza"], 1),
            poll("Lunch?", &["Pizza", ""], 1),
            poll(" ", &["Pizza", "Soup"], 1),
            poll(&"é".repeat(MAX_QUESTION + 1), &["Pizza", "Soup"], 1),
            poll("Lunch?", &["Pizza", &"é".repeat(MAX_OPTION + 1)], 1),
            poll("Lunch?", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"], 1),
        ] {
            assert!(!bad.is_complete(), "{bad:?}");
        }
    }

    #[test]
    fn cards_are_files_for_address_books() {
        let card = |name: &str, phones: &[&str]| Card {
            name: name.into(),
            phones: phones.iter().map(|phone| (*phone).to_owned()).collect(),
        };
        assert_eq!(
            card("Toko Ana, Bandung; \\o/\r\nEND:VCARD", &["+62 812-3456", "0812;ext=1"]).to_vcard(),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;Toko Ana\\, Bandung\\; \\\\o/\\nEND:VCARD;;;\r\n\
             FN:Toko Ana\\, Bandung\\; \\\\o/\\nEND:VCARD\r\nTEL:+62 812-3456\r\nTEL:0812\\;ext=1\r\nEND:VCARD\r\n"
        );
    }

    #[test]
    fn places_lie_on_the_globe() {
        assert!(is_place(0.0, 0.0) && is_place(-90.0, 180.0));
        assert!(!is_place(90.1, 0.0) && !is_place(0.0, -180.1) && !is_place(f64::NAN, 0.0));
    }

    #[test]
    fn screens_do_not_get_payloads() {
        let c = Content::Unsupported { kind: "poll".into(), raw: serde_json::json!({"secret": 1}) };
        assert_eq!(
            serde_json::to_string(&c.for_screen()).unwrap(),
            r#"{"type":"unsupported","kind":"poll"}"#
        );
    }

    #[test]
    fn json_is_stable() {
        insta::assert_json_snapshot!(Content::Media(Media { kind: MediaKind::Image, caption: Some("x".into()), ..Media::default() }), @r#"
        {
          "type": "media",
          "kind": "image",
          "caption": "x"
        }
        "#);
    }
}
