//! Which files `WhatsApp` takes as what, by how an account is connected. A table and a decision, for the browser before it
//! uploads anything and for the server before it sends.
//!
//! Types are those that a file's content shows, never what its name or its sender claims.

use serde::{Deserialize, Serialize};

use crate::{content::MediaKind, view::ProviderKind};

/// As what a file stands in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendAs {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// A voice message.
    Voice,
    /// A file of any kind, untouched.
    Document,
    /// A sticker.
    Sticker,
}

impl SendAs {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Image, Self::Video, Self::Audio, Self::Voice, Self::Document, Self::Sticker];

    /// From the two that a message's content holds. Only sound is a voice message.
    #[must_use]
    pub const fn of(kind: MediaKind, voice: bool) -> Self {
        match kind {
            MediaKind::Image => Self::Image,
            MediaKind::Video => Self::Video,
            MediaKind::Audio if voice => Self::Voice,
            MediaKind::Audio => Self::Audio,
            MediaKind::Document => Self::Document,
            MediaKind::Sticker => Self::Sticker,
        }
    }

    /// The kind of file.
    #[must_use]
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Image => MediaKind::Image,
            Self::Video => MediaKind::Video,
            Self::Audio | Self::Voice => MediaKind::Audio,
            Self::Document => MediaKind::Document,
            Self::Sticker => MediaKind::Sticker,
        }
    }

    /// Whether it is a voice message.
    #[must_use]
    pub const fn voice(self) -> bool {
        matches!(self, Self::Voice)
    }

    /// Whether words can stand under it.
    #[must_use]
    pub const fn takes_caption(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Document)
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Image => "pictures",
            Self::Video => "videos",
            Self::Audio => "audio files",
            Self::Voice => "voice messages",
            Self::Document => "documents",
            Self::Sticker => "stickers",
        }
    }
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts<'a> {
    /// Its type as its content shows it, in any spelling.
    pub mime: &'a str,
    /// How many bytes.
    pub size: u64,
    /// It is a moving picture: see [`moves`].
    pub animated: bool,
}

/// How much of what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Most bytes.
    pub bytes: u64,
    /// Types in their [`canonical`] spelling; `text/*` stands for a family, `*/*` for all. Fit for the `accept` of a
    /// file picker.
    pub types: &'static [&'static str],
}

impl Limit {
    /// Whether files of this type are taken.
    #[must_use]
    pub fn takes(&self, mime: &str) -> bool {
        let mime = canonical(mime);
        self.types.iter().any(|taken| match taken.strip_suffix('*') {
            Some("*/") => true,
            Some(family) => mime.starts_with(family),
            None => mime == *taken,
        })
    }
}

/// What Meta's documents call a kilobyte.
const KIB: u64 = 1 << 10;
/// What Meta's documents call a megabyte.
const MIB: u64 = 1 << 20;
/// What gateways call a megabyte.
const MB: u64 = 1_000_000;

const ANY: &[&str] = &["*/*"];
const VOICE: &[&str] = &["audio/ogg"];
const PHOTOS: &[&str] = &["image/jpeg", "image/png"];
const VIDEOS: &[&str] = &["video/mp4", "video/3gpp"];
const SOUNDS: &[&str] = &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/opus"];
const CLOUD_STICKERS: &[&str] = &["image/webp"];
/// Meta refuses to store anything else, whatever it is to be sent as. Text of any kind goes as plain text.
const CLOUD_DOCUMENTS: &[&str] = &[
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "text/*",
    "application/json",
    "application/xml",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/3gpp",
    "audio/aac",
    "audio/amr",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/opus",
];
const GATEWAY_VIDEOS: &[&str] = &["video/mp4", "video/x-matroska", "video/x-msvideo"];
const GATEWAY_SOUNDS: &[&str] = &[
    "audio/aac",
    "audio/amr",
    "audio/flac",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "audio/x-ms-wma",
];
const GATEWAY_STICKERS: &[&str] = &["image/jpeg", "image/png", "image/webp", "image/gif"];
const BRIDGE_STICKERS: &[&str] = &["image/jpeg", "image/png", "image/webp"];

/// What an account of this kind takes as this. `animated` counts for stickers alone.
#[must_use]
pub const fn limit(provider: ProviderKind, send_as: SendAs, animated: bool) -> Limit {
    let (bytes, types) = match (provider, send_as) {
        (ProviderKind::Cloud, SendAs::Image) => (5 * MIB, PHOTOS),
        (ProviderKind::Cloud, SendAs::Document) => (100 * MIB, CLOUD_DOCUMENTS),
        (ProviderKind::Cloud, SendAs::Sticker) if animated => (500 * KIB, CLOUD_STICKERS),
        (ProviderKind::Cloud, SendAs::Sticker) => (100 * KIB, CLOUD_STICKERS),
        (ProviderKind::Gateway, SendAs::Image) => (20 * MB, PHOTOS),
        (ProviderKind::Gateway, SendAs::Video) => (100 * MB, GATEWAY_VIDEOS),
        (ProviderKind::Gateway, SendAs::Audio) => (16 * MB, GATEWAY_SOUNDS),
        (ProviderKind::Gateway, SendAs::Voice) => (16 * MB, VOICE),
        (ProviderKind::Gateway, SendAs::Document) => (50 * MB, ANY),
        // It makes the sticker itself, out of a picture.
        (ProviderKind::Gateway, SendAs::Sticker) => (20 * MB, GATEWAY_STICKERS),
        // The bridge hands files to its browser as text through one pipe, which bears no more of any kind.
        (ProviderKind::Bridge, SendAs::Image) => (16 * MIB, PHOTOS),
        (ProviderKind::Bridge, SendAs::Document) => (16 * MIB, ANY),
        (ProviderKind::Bridge, SendAs::Sticker) => (16 * MIB, BRIDGE_STICKERS),
        (ProviderKind::Cloud | ProviderKind::Bridge, SendAs::Video) => (16 * MIB, VIDEOS),
        (ProviderKind::Cloud | ProviderKind::Bridge, SendAs::Audio) => (16 * MIB, SOUNDS),
        (ProviderKind::Cloud | ProviderKind::Bridge, SendAs::Voice) => (16 * MIB, VOICE),
    };
    Limit { bytes, types }
}

/// What the sender wants a file to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Wish {
    /// What it is: a picture as a picture, a film as a film.
    #[default]
    Natural,
    /// A voice message.
    Voice,
    /// A sticker.
    Sticker,
    /// A document, whatever it is, so that nobody makes it smaller.
    Document,
}

/// How a file goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plan {
    /// As what.
    pub send_as: SendAs,
    /// What it was to be, if `WhatsApp` takes no such file as that.
    pub instead_of: Option<SendAs>,
}

/// Why a file cannot be sent. `Display` says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum MediaRefusal {
    /// There is nothing in it.
    #[error("The file is empty. Choose another one.")]
    Empty,
    /// It has too many bytes.
    #[error(
        "The file ({}) exceeds WhatsApp's limit of {} for {}. {}",
        size_beside(*.size, *.limit), size_of(*.limit), .send_as.words(), advice(*.send_as, *.as_document)
    )]
    TooLarge {
        /// As what it was to be sent.
        send_as: SendAs,
        /// How many bytes it has.
        size: u64,
        /// How many it may have.
        limit: u64,
        /// As a document it can be sent as it is.
        as_document: bool,
    },
    /// It is of a type that is not taken.
    #[error(
        "WhatsApp takes no {} of the type {} from this number. {}",
        .send_as.words(), .mime, other_type(*.as_document)
    )]
    Type {
        /// As what it was to be sent.
        send_as: SendAs,
        /// Its type.
        mime: String,
        /// As a document it can be sent as it is.
        as_document: bool,
    },
}

const fn advice(send_as: SendAs, as_document: bool) -> &'static str {
    match (as_document, send_as) {
        (true, _) => "Send it as a document or make it smaller.",
        (false, SendAs::Document) => "Make it smaller, or send a link to it.",
        (false, _) => "Make it smaller.",
    }
}

const fn other_type(as_document: bool) -> &'static str {
    if as_document {
        "Send it as a document."
    } else {
        "Send it as a PDF, an Office file, a text or a picture, or send a link to it."
    }
}

/// Decides as what a file goes out: as what is wished, if it is taken as that; else as what it is, else as a document.
///
/// # Errors
/// Why it cannot go out, and what to do. What is only too large is never made a document silently: who sends it decides.
pub fn plan(provider: ProviderKind, wish: Wish, file: FileFacts<'_>) -> Result<Plan, MediaRefusal> {
    let natural = natural(&canonical(file.mime));
    let first = match wish {
        Wish::Natural => natural,
        Wish::Voice => SendAs::Voice,
        Wish::Sticker => SendAs::Sticker,
        Wish::Document => SendAs::Document,
    };
    let taken = |send_as: &SendAs| limit(provider, *send_as, file.animated).takes(file.mime);
    let send_as = [first, natural].into_iter().find(taken).unwrap_or(SendAs::Document);
    check(provider, send_as, file)?;
    Ok(Plan { send_as, instead_of: (send_as != first).then_some(first) })
}

/// Whether a file can go out as this.
///
/// # Errors
/// Why not, and what to do.
pub fn check(provider: ProviderKind, send_as: SendAs, file: FileFacts<'_>) -> Result<(), MediaRefusal> {
    let Limit { bytes, .. } = limit(provider, send_as, file.animated);
    let taken = |as_what: SendAs| limit(provider, as_what, file.animated).takes(file.mime);
    let document = limit(provider, SendAs::Document, file.animated);
    let as_document = send_as != SendAs::Document && document.takes(file.mime) && file.size <= document.bytes;
    if file.size == 0 {
        Err(MediaRefusal::Empty)
    } else if !taken(send_as) {
        Err(MediaRefusal::Type { send_as, mime: canonical(file.mime), as_document })
    } else if file.size > bytes {
        Err(MediaRefusal::TooLarge { send_as, size: file.size, limit: bytes, as_document })
    } else {
        Ok(())
    }
}

/// What a file of this type is, where nobody wishes otherwise.
fn natural(mime: &str) -> SendAs {
    match mime.split_once('/') {
        Some(("image", _)) => SendAs::Image,
        Some(("video", _)) => SendAs::Video,
        Some(("audio", _)) => SendAs::Audio,
        _ => SendAs::Document,
    }
}

/// One spelling for each type: without parameters, in small letters, under the registered name.
#[must_use]
pub fn canonical(mime: &str) -> String {
    let bare = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let registered = match bare.as_str() {
        "" => "application/octet-stream",
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "video/3gp" => "video/3gpp",
        "video/x-m4v" => "video/mp4",
        "video/avi" | "video/msvideo" => "video/x-msvideo",
        "video/mkv" | "video/matroska" => "video/x-matroska",
        "audio/m4a" | "audio/x-m4a" | "audio/m4r" => "audio/mp4",
        "audio/mp3" | "audio/x-mp3" | "audio/x-mpeg" => "audio/mpeg",
        "audio/x-aac" | "audio/aacp" => "audio/aac",
        "audio/x-flac" => "audio/flac",
        "audio/wave" | "audio/x-wav" | "audio/vnd.wav" | "audio/vnd.wave" | "audio/x-pn-wav" => "audio/wav",
        "audio/wma" => "audio/x-ms-wma",
        "application/ogg" => "audio/ogg",
        "application/x-pdf" => "application/pdf",
        "text/xml" => "application/xml",
        _ => return bare,
    };
    registered.to_owned()
}

/// How names of files of this type end, without the dot.
#[must_use]
pub fn ending(mime: &str) -> Option<&'static str> {
    Some(match canonical(mime).as_str() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "video/x-matroska" => "mkv",
        "video/x-msvideo" => "avi",
        "video/quicktime" => "mov",
        "video/webm" | "audio/webm" => "webm",
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "audio/flac" => "flac",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "audio/ogg" => "ogg",
        "audio/opus" => "opus",
        "audio/wav" => "wav",
        "audio/x-ms-wma" => "wma",
        "application/pdf" => "pdf",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.ms-powerpoint" => "ppt",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        "application/json" => "json",
        "application/xml" => "xml",
        "application/zip" => "zip",
        "text/csv" => "csv",
        "text/html" => "html",
        "text/plain" => "txt",
        _ => return None,
    })
}

/// Whether a WebP picture moves, as its first 21 bytes tell.
#[must_use]
pub fn moves(start: &[u8]) -> bool {
    const ANIMATION: u8 = 0b10;
    start.starts_with(b"RIFF")
        && start.get(8..16) == Some(b"WEBPVP8X".as_slice())
        && start.get(20).is_some_and(|flags| flags & ANIMATION != 0)
}

/// A limit in words. All of them are whole.
fn size_of(limit: u64) -> String {
    let kilo = kilo(limit);
    let mega = kilo * kilo;
    if limit >= mega { format!("{} MB", limit / mega) } else { format!("{} KB", limit / kilo) }
}

/// A size in the units of the limit that it exceeds, rounded up so that it never reads like the limit.
fn size_beside(size: u64, limit: u64) -> String {
    let kilo = kilo(limit);
    let (unit, name) = if limit >= kilo * kilo { (kilo * kilo, "MB") } else { (kilo, "KB") };
    // In tenths.
    let (whole, tenth) = (size / unit, (size % unit * 10).div_ceil(unit));
    if tenth == 10 { format!("{}.0 {name}", whole + 1) } else { format!("{whole}.{tenth} {name}") }
}

const fn kilo(limit: u64) -> u64 {
    if limit.is_multiple_of(MB) { 1_000 } else { KIB }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    const PROVIDERS: [ProviderKind; 3] = [ProviderKind::Cloud, ProviderKind::Gateway, ProviderKind::Bridge];

    fn file(mime: &str, size: u64) -> FileFacts<'_> {
        FileFacts { mime, size, animated: false }
    }

    fn natural(provider: ProviderKind, mime: &str) -> (SendAs, Option<SendAs>) {
        let plan = plan(provider, Wish::Natural, file(mime, 1)).unwrap();
        (plan.send_as, plan.instead_of)
    }

    #[test]
    fn files_go_out_as_what_they_are() {
        for provider in PROVIDERS {
            assert_eq!(natural(provider, "image/JPEG"), (SendAs::Image, None));
            assert_eq!(natural(provider, "video/mp4; codecs=avc1"), (SendAs::Video, None));
            assert_eq!(natural(provider, "audio/x-m4a"), (SendAs::Audio, None));
            // Nobody recorded it here: a sound file, not a voice message.
            assert_eq!(natural(provider, "audio/ogg; codecs=opus"), (SendAs::Audio, None));
            assert_eq!(natural(provider, "application/pdf"), (SendAs::Document, None));
            assert_eq!(natural(provider, "text/csv"), (SendAs::Document, None));
        }
        assert_eq!(natural(ProviderKind::Gateway, "video/x-matroska"), (SendAs::Video, None));
    }

    #[test]
    fn what_is_not_taken_as_that_is_a_document_and_says_so() {
        for provider in PROVIDERS {
            assert_eq!(natural(provider, "image/webp"), (SendAs::Document, Some(SendAs::Image)));
        }
        for linked in [ProviderKind::Gateway, ProviderKind::Bridge] {
            assert_eq!(natural(linked, "image/heic"), (SendAs::Document, Some(SendAs::Image)));
            assert_eq!(natural(linked, "video/quicktime"), (SendAs::Document, Some(SendAs::Video)));
            assert_eq!(natural(linked, ""), (SendAs::Document, None));
        }
        assert_eq!(
            natural(ProviderKind::Bridge, "video/x-matroska"),
            (SendAs::Document, Some(SendAs::Video))
        );
    }

    #[test]
    fn wishes() {
        let wished =
            |wish, mime| plan(ProviderKind::Cloud, wish, file(mime, 1)).map(|p| (p.send_as, p.instead_of));
        assert_eq!(wished(Wish::Voice, "audio/ogg; codecs=opus"), Ok((SendAs::Voice, None)));
        assert_eq!(wished(Wish::Voice, "audio/mp4"), Ok((SendAs::Audio, Some(SendAs::Voice))));
        assert_eq!(wished(Wish::Sticker, "image/webp"), Ok((SendAs::Sticker, None)));
        assert_eq!(wished(Wish::Sticker, "image/png"), Ok((SendAs::Image, Some(SendAs::Sticker))));
        assert_eq!(wished(Wish::Document, "image/png"), Ok((SendAs::Document, None)));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let refused =
            |provider, wish, mime, size| plan(provider, wish, file(mime, size)).unwrap_err().to_string();
        assert_eq!(
            refused(ProviderKind::Cloud, Wish::Natural, "video/mp4", 16 * MIB + 1),
            "The file (16.1 MB) exceeds WhatsApp's limit of 16 MB for videos. Send it as a document or make it \
             smaller."
        );
        assert_eq!(
            refused(ProviderKind::Gateway, Wish::Natural, "image/png", 49_960_000),
            "The file (50.0 MB) exceeds WhatsApp's limit of 20 MB for pictures. Send it as a document or make it \
             smaller."
        );
        assert_eq!(
            refused(ProviderKind::Bridge, Wish::Natural, "image/png", 16 * MIB + 1),
            "The file (16.1 MB) exceeds WhatsApp's limit of 16 MB for pictures. Make it smaller."
        );
        assert_eq!(
            refused(ProviderKind::Cloud, Wish::Document, "application/pdf", 200 * MIB),
            "The file (200.0 MB) exceeds WhatsApp's limit of 100 MB for documents. Make it smaller, or send a link \
             to it."
        );
        assert_eq!(
            refused(ProviderKind::Cloud, Wish::Sticker, "image/webp", 120 * KIB),
            "The file (120.0 KB) exceeds WhatsApp's limit of 100 KB for stickers. Send it as a document or make it \
             smaller."
        );
        assert_eq!(
            refused(ProviderKind::Cloud, Wish::Natural, "application/zip", 1),
            "WhatsApp takes no documents of the type application/zip from this number. Send it as a PDF, an Office \
             file, a text or a picture, or send a link to it."
        );
        assert_eq!(
            refused(ProviderKind::Cloud, Wish::Natural, "image/png", 0),
            "The file is empty. Choose another one."
        );
        assert_eq!(
            check(ProviderKind::Gateway, SendAs::Video, file("video/quicktime", 1)).unwrap_err().to_string(),
            "WhatsApp takes no videos of the type video/quicktime from this number. Send it as a document."
        );
    }

    #[test]
    fn moving_stickers_may_be_larger() {
        let sticker = |animated| {
            let file = FileFacts { animated, ..file("image/webp", 400 * KIB) };
            plan(ProviderKind::Cloud, Wish::Sticker, file)
        };
        assert!(sticker(true).is_ok() && sticker(false).is_err());
    }

    #[test]
    fn webp_that_moves() {
        let webp = |flags: u8| [b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0".as_slice(), &[flags, 0, 0, 0]].concat();
        assert!(moves(&webp(0b0001_0010)));
        assert!(!moves(&webp(0b0001_0000)), "only transparent");
        for other in [&webp(2)[..20], b"RIFF\x20\0\0\0WEBPVP8 \x0a\0\0\0\x02", b"", b"GIF89a"] {
            assert!(!moves(other));
        }
    }

    #[test]
    fn the_table_is_sound() {
        for (provider, send_as) in PROVIDERS.iter().flat_map(|p| SendAs::ALL.map(|s| (*p, s))) {
            assert_eq!(SendAs::of(send_as.kind(), send_as.voice()), send_as);
            for animated in [false, true] {
                let limit = limit(provider, send_as, animated);
                assert!(!limit.types.is_empty() && limit.bytes > 0);
                for mime in limit.types {
                    assert!(mime.ends_with('*') || canonical(mime) == *mime, "{mime} would never be found");
                    assert!(mime.ends_with('*') || ending(mime).is_some(), "{mime} has no ending");
                }
                let words = size_of(limit.bytes);
                let (number, unit) = words.split_once(' ').unwrap();
                let unit = if unit == "MB" { kilo(limit.bytes).pow(2) } else { kilo(limit.bytes) };
                assert_eq!(number.parse::<u64>().unwrap() * unit, limit.bytes, "{words} is not exact");
            }
        }
    }

    fn any_mime() -> impl Strategy<Value = String> {
        let known = [
            "image/png",
            "image/webp",
            "video/mp4",
            "video/quicktime",
            "audio/ogg",
            "audio/mp4",
            "application/pdf",
            "application/zip",
            "text/x-log",
            "",
            "x",
            "AUDIO/OGG; codecs=opus",
        ];
        prop_oneof![select(known.to_vec()).prop_map(str::to_owned), "[a-zA-Z/;*. -]{0,24}"]
    }

    proptest! {
        #[test]
        fn what_is_planned_is_within_the_limits(
            provider in select(PROVIDERS.to_vec()),
            wish in select(vec![Wish::Natural, Wish::Voice, Wish::Sticker, Wish::Document]),
            mime in any_mime(),
            size in prop_oneof![0..4_u64, 0..(200 * MIB)],
            animated in any::<bool>(),
        ) {
            let file = FileFacts { mime: &mime, size, animated };
            match plan(provider, wish, file) {
                Ok(Plan { send_as, instead_of }) => {
                    let limit = limit(provider, send_as, animated);
                    prop_assert!(limit.takes(&mime) && size > 0 && size <= limit.bytes);
                    prop_assert_eq!(check(provider, send_as, file), Ok(()));
                    prop_assert_ne!(instead_of, Some(send_as));
                    if let Some(wished) = instead_of {
                        prop_assert!(!super::limit(provider, wished, animated).takes(&mime));
                    }
                    // Less of the same goes the same way.
                    let half = FileFacts { size: size.div_ceil(2), ..file };
                    prop_assert_eq!(plan(provider, wish, half), Ok(Plan { send_as, instead_of }));
                }
                Err(MediaRefusal::Empty) => prop_assert_eq!(size, 0),
                Err(refusal) => {
                    let as_document = match &refusal {
                        MediaRefusal::TooLarge { size, limit, as_document, .. } => {
                            prop_assert!(size > limit);
                            *as_document
                        }
                        MediaRefusal::Type { as_document, .. } => *as_document,
                        MediaRefusal::Empty => unreachable!(),
                    };
                    // What is advised works.
                    prop_assert_eq!(plan(provider, Wish::Document, file).is_ok(), as_document);
                    prop_assert!(refusal.to_string().ends_with('.'));
                }
            }
        }

        #[test]
        fn spellings_are_one(mime in any_mime()) {
            let once = canonical(&mime);
            prop_assert_eq!(canonical(&once), once.clone());
            prop_assert!(!once.is_empty() && !once.contains(';'));
        }

        #[test]
        fn any_bytes(start in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = moves(&start);
        }
    }
}
