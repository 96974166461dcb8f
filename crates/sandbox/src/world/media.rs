//! Files in the world: what came with a message, and media that Meta's servers hold under an id.

use std::{sync::Arc, time::Duration};

use balas_domain::{Random, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
use crate::{blob::Blob, graph_error::GraphError};

/// How long Meta's servers keep a file.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// What kind of file a phone sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A photo.
    #[default]
    Image,
    /// A clip.
    Video,
    /// Music, or whatever was not recorded in the chat.
    Audio,
    /// A voice message.
    Voice,
    /// Any file.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    /// Meta's type of such a message.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio | Self::Voice => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    /// The kind of a message of this type, by its node.
    pub(crate) fn of(kind: &str, body: &Value) -> Option<Self> {
        Some(match kind {
            "image" => Self::Image,
            "video" => Self::Video,
            "audio" if body["voice"] == false => Self::Audio,
            "audio" => Self::Voice,
            "document" => Self::Document,
            "sticker" => Self::Sticker,
            _ => return None,
        })
    }

    /// The MIME type unless another is said.
    pub(crate) const fn mime(self) -> &'static str {
        match self {
            Self::Image => "image/jpeg",
            Self::Video => "video/mp4",
            Self::Audio => "audio/mpeg",
            Self::Voice => "audio/ogg; codecs=opus",
            Self::Document => "application/pdf",
            Self::Sticker => "image/webp",
        }
    }
}

/// A file that a phone sends. Its bytes are given in one of four ways; without any it is a sample that is
/// made here: a picture, a voice message, a clip, a sticker or a PDF that can really be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attach {
    /// What kind of message it makes.
    pub kind: MediaKind,
    /// What the sender calls it; receivers see it with documents only.
    pub file_name: Option<String>,
    /// Its MIME type; unless said, what it looks like.
    pub mime: Option<String>,
    /// What is written below it.
    pub caption: Option<String>,
    /// The bytes in base64, for small files.
    pub base64: Option<String>,
    /// Instead, a sample of exactly so many bytes.
    pub size: Option<u64>,
    /// Instead, the id that `POST /control/media` answered with.
    pub file: Option<String>,
    /// Instead, the bytes, for tests in the same process.
    #[serde(skip)]
    pub bytes: Option<Bytes>,
}

impl Attach {
    /// A sample of this kind.
    #[must_use]
    pub fn sample(kind: MediaKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// These bytes.
    #[must_use]
    pub fn bytes(kind: MediaKind, mime: &str, bytes: impl Into<Bytes>) -> Self {
        Self { kind, mime: Some(mime.to_owned()), bytes: Some(bytes.into()), ..Self::default() }
    }
}

/// A file as a message shows it.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) blob: Arc<Blob>,
    pub(crate) mime: String,
    pub(crate) file_name: Option<String>,
    /// It was recorded in the chat.
    pub(crate) voice: bool,
}

/// A file as tests ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaFacts {
    /// `GET /control/media/{id}` has the bytes.
    pub id: String,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
    /// How many bytes.
    pub size: u64,
    /// The MIME type that it was sent with.
    pub mime: String,
    /// What its bytes look like, if that is known.
    pub looks_like: Option<&'static str>,
    /// Its name, if it has one.
    pub file_name: Option<String>,
    /// A voice message.
    pub voice: bool,
}

impl Attachment {
    pub(crate) fn facts(&self) -> MediaFacts {
        MediaFacts {
            id: self.blob.hex(),
            sha256: self.blob.hex(),
            size: self.blob.size(),
            mime: self.mime.clone(),
            looks_like: self.blob.looks_like(),
            file_name: self.file_name.clone(),
            voice: self.voice,
        }
    }

    /// The MIME type without parameters.
    pub(crate) fn plain_mime(&self) -> &str {
        self.mime.split(';').next().unwrap_or_default().trim()
    }

    /// The node that Meta makes of it when a customer sends it.
    pub(crate) fn node(&self, kind: MediaKind, id: &str, caption: Option<&str>) -> Value {
        let mut node =
            json!({"mime_type": self.mime, "sha256": STANDARD.encode(self.blob.sha256()), "id": id});
        match kind {
            MediaKind::Audio | MediaKind::Voice => node["voice"] = json!(self.voice),
            MediaKind::Sticker => node["animated"] = json!(self.blob.is_animated()),
            MediaKind::Document => {
                if let Some(name) = &self.file_name {
                    node["filename"] = json!(name);
                }
            }
            MediaKind::Image | MediaKind::Video => {}
        }
        let captioned = matches!(kind, MediaKind::Image | MediaKind::Video | MediaKind::Document);
        if let Some(caption) = caption.filter(|caption| captioned && !caption.is_empty()) {
            node["caption"] = json!(caption);
        }
        node
    }
}

/// A file that Meta's servers hold.
#[derive(Clone, Debug)]
pub(crate) struct MediaObject {
    /// The number that uploaded or received it.
    pub(crate) account: String,
    pub(crate) file: Attachment,
    pub(crate) made_at: Timestamp,
}

impl State {
    /// Holds a file under a fresh id.
    pub(crate) fn keep(
        &mut self,
        account: &str,
        file: Attachment,
        now: Timestamp,
        random: &dyn Random,
    ) -> String {
        loop {
            let id = media_id(random);
            if !self.media.contains_key(&id) {
                self.keep_as(id.clone(), account, file, now);
                return id;
            }
        }
    }

    /// Holds a file under this id.
    pub(crate) fn keep_as(&mut self, id: String, account: &str, file: Attachment, now: Timestamp) {
        self.media.insert(id, MediaObject { account: account.to_owned(), file, made_at: now });
    }

    /// The file with this id, as long as it is held.
    pub(crate) fn media(&self, id: &str, now: Timestamp) -> Option<&MediaObject> {
        self.media.get(id).filter(|media| now.since(media.made_at) < KEPT)
    }

    /// Forgets a file; messages that show it still do.
    pub(crate) fn drop_media(&mut self, id: &str) {
        self.media.remove(id);
    }

    /// The file that a node names by its id.
    pub(super) fn file_of(&self, kind: &str, body: &Value) -> Option<Attachment> {
        let kind = MediaKind::of(kind, body)?;
        let mut file = self.media.get(body["id"].as_str()?)?.file.clone();
        file.voice = kind == MediaKind::Voice;
        Some(file)
    }

    /// The file that a business sends by Meta's API; nothing for messages without one.
    pub(super) fn outgoing_file(
        &self,
        account: &str,
        kind: &str,
        body: &Value,
        now: Timestamp,
    ) -> Result<Option<Attachment>, GraphError> {
        let Some(kind) = MediaKind::of(kind, body) else { return Ok(None) };
        let id = match &body["id"] {
            Value::String(id) if !id.is_empty() => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => {
                let text = "The sandbox fetches nothing from the internet, so it cannot send what is behind a \
                            link. Upload the file (POST /{phone-number-id}/media) and send its id.";
                return Err(GraphError::of_code(131_052).details(text));
            }
        };
        let known = self.media(&id, now).filter(|media| media.account == account);
        let Some(media) = known else {
            let text = format!(
                "Param {}['id'] is not a valid whatsapp business account media attachment ID",
                kind.word()
            );
            return Err(GraphError::parameter(text));
        };
        let mut file = media.file.clone();
        // Whoever does not say that it was recorded sends it as music.
        file.voice = body["voice"] == true;
        if let Some(name) = body["filename"].as_str() {
            file.file_name = Some(name.to_owned());
        }
        Ok(Some(file))
    }
}

/// Whether a message of this type can show such a file; Meta finds out after it has accepted the message.
pub(super) fn fits(kind: &str, file: &Attachment) -> bool {
    let mime = file.plain_mime();
    match kind {
        "image" => matches!(mime, "image/jpeg" | "image/png"),
        "video" => mime.starts_with("video/"),
        "audio" => mime.starts_with("audio/"),
        "sticker" => mime == "image/webp",
        _ => true,
    }
}

/// An id as Meta gives them: sixteen digits.
fn media_id(random: &dyn Random) -> String {
    let mut entropy = [0; 8];
    random.fill(&mut entropy);
    (1_000_000_000_000_000 + u64::from_le_bytes(entropy) % 9_000_000_000_000_000).to_string()
}
