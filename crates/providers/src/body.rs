//! What an outgoing message says, and why it cannot go out.

use std::path::PathBuf;

use balas_domain::{
    MediaRefusal, SendAs,
    content::{Card, MAX_OPTION, MAX_OPTIONS, MAX_QUESTION, MAX_TEXT, MediaKind, Poll, is_place},
    media::{self, FileFacts},
    view::ProviderKind,
};

/// Longest words under a file, in characters.
pub const MAX_CAPTION: usize = 1_024;

/// What an outgoing message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Text with `WhatsApp`'s formatting marks.
    Text {
        /// At most [`balas_domain::content::MAX_TEXT`] characters.
        text: String,
    },
    /// A reaction to a message.
    Reaction {
        /// The provider's id of the message.
        target: String,
        /// The emoji; empty takes our reaction away.
        emoji: String,
    },
    /// A file.
    Media(OutgoingFile),
    /// A place. Gateways send the point alone.
    Location {
        /// Degrees, north positive.
        latitude: f64,
        /// Degrees, east positive.
        longitude: f64,
        /// What the place is called.
        name: Option<String>,
        /// Where it is, in words.
        address: Option<String>,
    },
    /// Contact cards, as many as [`balas_domain::view::Capabilities::contacts_at_once`] says.
    Contacts {
        /// The cards.
        cards: Vec<Card>,
    },
    /// A question with answers to choose from.
    Poll(Poll),
}

/// A file that goes out. It is read from the disk while it is sent, in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingFile {
    /// As what it goes out.
    pub kind: MediaKind,
    /// As a voice message; of sound only.
    pub voice: bool,
    /// Words under it, at most [`MAX_CAPTION`] characters; none with sound and stickers.
    pub caption: Option<String>,
    /// What it is called. Recipients see it with documents.
    pub file_name: String,
    /// Its type as its content shows it.
    pub mime: String,
    /// How many bytes.
    pub size: u64,
    /// Where it lies on this machine.
    pub path: PathBuf,
}

impl OutgoingFile {
    /// As what it goes out.
    #[must_use]
    pub const fn send_as(&self) -> SendAs {
        SendAs::of(self.kind, self.voice)
    }

    /// Its caption, unless blank.
    pub(crate) fn words(&self) -> Option<&str> {
        self.caption.as_deref().filter(|words| !words.trim().is_empty())
    }

    /// What recipients see as its name: one segment of a path, with an ending by which phones know what to open it with.
    pub(crate) fn shown_name(&self) -> String {
        let one_line = balas_domain::text::clean_name(&tail(&self.file_name)).unwrap_or_default();
        let sound: String =
            one_line.chars().map(|c| if matches!(c, '/' | '\\' | '"' | ':') { '_' } else { c }).collect();
        let sound = sound.trim_matches(['.', ' ']);
        match (sound, media::ending(&self.mime)) {
            ("", ending) => format!("file.{}", ending.unwrap_or("bin")),
            (name, Some(ending)) if !name.contains('.') => format!("{name}.{ending}"),
            (name, _) => name.to_owned(),
        }
    }
}

/// The end of a long name, which tells what kind of file it is.
fn tail(name: &str) -> String {
    let surplus = name.chars().count().saturating_sub(balas_domain::text::MAX_NAME);
    name.chars().skip(surplus).collect()
}

/// Why a message cannot go out by an account of this kind, whatever is tried. `Display` says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No words.
    #[error("The message is empty. Write something before sending it.")]
    Empty,
    /// Too many words.
    #[error("The message is longer than {MAX_TEXT} characters. Send it in parts.")]
    TooLong,
    /// `WhatsApp` does not take the file.
    #[error(transparent)]
    Media(#[from] MediaRefusal),
    /// The file is not where it was.
    #[error("The file is no longer on this server. Attach it again.")]
    FileLost,
    /// Too many words under the file.
    #[error(
        "The words under a file have at most {MAX_CAPTION} characters. Send them as a message of their own."
    )]
    CaptionTooLong,
    /// Words under what can have none.
    #[error("Sound and stickers carry no words. Send them as a message of their own.")]
    NoCaption,
    /// Not on this globe.
    #[error("There is no such place. A latitude lies between -90 and 90, a longitude between -180 and 180.")]
    NoPlace,
    /// No card, or one without name or number.
    #[error("A contact card needs a name and a number with its country code. Complete it before sending it.")]
    CardIncomplete,
    /// More cards than fit into one message.
    #[error("These are more contact cards than fit into one message. Send them in several.")]
    SeveralCards,
    /// More numbers than a card can hold.
    #[error("This number sends contact cards with one phone number each. Choose one of them.")]
    SeveralPhones,
    /// Not a question with answers.
    #[error(
        "A poll needs a question of at most {MAX_QUESTION} characters and 2 to {MAX_OPTIONS} different answers of at \
         most {MAX_OPTION}, of which at least one may be chosen. Correct it before sending it."
    )]
    PollIncomplete,
    /// The provider has no polls.
    #[error("The Cloud API has no polls. Ask the question in a text.")]
    NoPolls,
}

impl Refused {
    /// Only this kind of account lacks it, so that [readable](crate::readable()) text can go instead.
    #[must_use]
    pub const fn lacking(&self) -> bool {
        matches!(self, Self::SeveralCards | Self::SeveralPhones | Self::NoPolls)
    }
}

impl Body {
    /// Whether an account of this kind can send it. Providers ask the same before they try.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn check(&self, provider: ProviderKind) -> Result<(), Refused> {
        match self {
            Self::Text { text } => sendable(text),
            Self::Media(file) => file_sendable(file, provider),
            Self::Location { latitude, longitude, .. } => {
                if is_place(*latitude, *longitude) {
                    Ok(())
                } else {
                    Err(Refused::NoPlace)
                }
            }
            Self::Contacts { cards } => cards_sendable(cards, provider),
            Self::Poll(poll) if !poll.is_complete() => Err(Refused::PollIncomplete),
            Self::Poll(_) if !provider.capabilities().poll => Err(Refused::NoPolls),
            Self::Reaction { .. } | Self::Poll(_) => Ok(()),
        }
    }
}

/// Whether any provider can send this text.
pub(crate) fn sendable(text: &str) -> Result<(), Refused> {
    if text.trim().is_empty() {
        return Err(Refused::Empty);
    }
    if text.chars().count() > MAX_TEXT {
        return Err(Refused::TooLong);
    }
    Ok(())
}

fn file_sendable(file: &OutgoingFile, provider: ProviderKind) -> Result<(), Refused> {
    // Whether a sticker moves was asked when it was planned; here the larger limit will do.
    let facts = FileFacts { mime: &file.mime, size: file.size, animated: true };
    media::check(provider, file.send_as(), facts)?;
    match file.words() {
        Some(_) if !file.send_as().takes_caption() => Err(Refused::NoCaption),
        Some(words) if words.chars().count() > MAX_CAPTION => Err(Refused::CaptionTooLong),
        _ => Ok(()),
    }
}

fn cards_sendable(cards: &[Card], provider: ProviderKind) -> Result<(), Refused> {
    if cards.is_empty() || !cards.iter().all(Card::is_complete) {
        return Err(Refused::CardIncomplete);
    }
    let most = provider.capabilities().contacts_at_once as usize;
    if cards.len() > most {
        Err(Refused::SeveralCards)
    } else if most == 1 && cards.iter().any(|card| card.phones.len() > 1) {
        // Who takes one card takes it as a name and a number.
        Err(Refused::SeveralPhones)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    use ProviderKind::{Bridge, Cloud, Gateway};

    fn file(kind: MediaKind, mime: &str) -> OutgoingFile {
        OutgoingFile {
            kind,
            voice: false,
            caption: None,
            file_name: "a.bin".into(),
            mime: mime.into(),
            size: 1,
            path: PathBuf::new(),
        }
    }

    fn card(name: &str, phones: &[&str]) -> Card {
        Card { name: name.into(), phones: phones.iter().map(|p| (*p).to_owned()).collect() }
    }

    #[test]
    fn files_are_those_that_whatsapp_takes() {
        let film = file(MediaKind::Video, "video/quicktime");
        for provider in [Cloud, Gateway, Bridge] {
            let refused = Body::Media(film.clone()).check(provider);
            assert!(matches!(refused, Err(Refused::Media(MediaRefusal::Type { .. }))), "{refused:?}");
        }
        let document = OutgoingFile { kind: MediaKind::Document, ..film };
        assert_eq!(Body::Media(document).check(Gateway), Ok(()));
        let empty = OutgoingFile { size: 0, ..file(MediaKind::Image, "image/png") };
        assert_eq!(Body::Media(empty).check(Bridge), Err(Refused::Media(MediaRefusal::Empty)));
    }

    #[test]
    fn captions() {
        let with = |kind, mime, words: &str| {
            Body::Media(OutgoingFile { caption: Some(words.into()), ..file(kind, mime) }).check(Gateway)
        };
        assert_eq!(with(MediaKind::Image, "image/png", &"é".repeat(MAX_CAPTION)), Ok(()));
        let long = with(MediaKind::Image, "image/png", &"é".repeat(MAX_CAPTION + 1));
        assert_eq!(long, Err(Refused::CaptionTooLong));
        assert_eq!(with(MediaKind::Sticker, "image/webp", "hi"), Err(Refused::NoCaption));
        assert_eq!(with(MediaKind::Audio, "audio/mpeg", "hi"), Err(Refused::NoCaption));
        assert_eq!(with(MediaKind::Audio, "audio/mpeg", " "), Ok(()), "blank is none");
    }

    #[rstest]
    #[case("offer 1.pdf", "application/pdf", "offer 1.pdf")]
    #[case("../../etc/passwd", "text/plain", "_.._etc_passwd")]
    #[case("a\"b\\c\r\nd.pdf", "application/pdf", "a_b_c d.pdf")]
    #[case("relatório", "application/pdf", "relatório.pdf")]
    #[case("", "application/pdf", "file.pdf")]
    #[case("...", "application/x-new", "file.bin")]
    #[case("data", "application/x-new", "data")]
    fn names_are_one_segment(#[case] given: &str, #[case] mime: &str, #[case] shown: &str) {
        let file = OutgoingFile { file_name: given.into(), ..file(MediaKind::Document, mime) };
        assert_eq!(file.shown_name(), shown);
    }

    #[test]
    fn long_names_keep_their_ending() {
        let long = format!("{}.pdf", "é".repeat(500));
        let file = OutgoingFile { file_name: long, ..file(MediaKind::Document, "application/pdf") };
        let shown = file.shown_name();
        assert!(shown.ends_with("é.pdf") && shown.chars().count() <= 120, "{shown}");
    }

    #[test]
    fn places() {
        let place = |latitude| Body::Location { latitude, longitude: 0.0, name: None, address: None };
        assert_eq!(place(-6.2).check(Cloud), Ok(()));
        assert_eq!(place(90.1).check(Cloud), Err(Refused::NoPlace));
    }

    #[test]
    fn cards() {
        let refused = |provider, cards: &[Card]| Body::Contacts { cards: cards.to_vec() }.check(provider);
        let (ana, ben) = (card("Ana", &["+62 812-3456"]), card("Ben", &["62813", "62814"]));
        for provider in [Cloud, Gateway, Bridge] {
            assert_eq!(refused(provider, std::slice::from_ref(&ana)), Ok(()));
            for bad in [card(" ", &["62812"]), card("Ana", &[]), card("Ana", &["by mail"])] {
                assert_eq!(refused(provider, &[ana.clone(), bad]), Err(Refused::CardIncomplete));
            }
            assert_eq!(refused(provider, &[]), Err(Refused::CardIncomplete));
        }
        assert_eq!(refused(Cloud, &[ana.clone(), ben.clone()]), Ok(()));
        assert_eq!(refused(Gateway, &[ana.clone(), ana]), Err(Refused::SeveralCards));
        let several = refused(Bridge, &[ben]).unwrap_err();
        assert!(several == Refused::SeveralPhones && several.lacking());
    }

    #[test]
    fn polls() {
        let poll = |options: &[&str]| {
            let options = options.iter().map(|o| (*o).to_owned()).collect();
            Body::Poll(Poll { question: "Lunch?".into(), options, max_answer: 1 })
        };
        assert_eq!(poll(&["Pizza", "Soup"]).check(Gateway), Ok(()));
        assert_eq!(poll(&["Pizza"]).check(Gateway), Err(Refused::PollIncomplete));
        assert_eq!(poll(&["Pizza"]).check(Cloud), Err(Refused::PollIncomplete), "no text can stand for it");
        assert_eq!(poll(&["Pizza", "Soup"]).check(Cloud), Err(Refused::NoPolls));
        assert!(Refused::NoPolls.lacking() && !Refused::PollIncomplete.lacking());
    }
}
