//! Files that come and go with messages, as far as they are here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    id::{MessageId, UploadId},
    media::Wish,
};

/// Longest words below a file, in characters: what Meta takes.
pub const MAX_CAPTION: usize = 1024;
/// Longest name of a file, in characters. Longer ones are shortened before their ending.
pub const MAX_FILE_NAME: usize = 120;
/// Bytes of one part of an upload. A part that is lost is sent again, so it is not too large; each is a request, so it is
/// not too small.
pub const UPLOAD_PART: u64 = 1 << 20;
/// No file may be larger, in bytes: what `WhatsApp` takes at most.
pub const LARGEST: u64 = 100 << 20;
/// Bars of a sound's picture.
pub const WAVEFORM: usize = 48;

/// Where a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FileState {
    /// At `WhatsApp`. It comes when somebody asks for it.
    Away,
    /// On its way here.
    Coming,
    /// It waits to be looked at by the virus scanner.
    Checking,
    /// Here.
    Here,
    /// It could not be fetched; asking again may help.
    Failed,
    /// `WhatsApp` does not have it any more.
    Gone,
    /// It was found to be harmful, and is kept from everybody.
    Harmful,
}

impl FileState {
    const ALL: [Self; 7] =
        [Self::Away, Self::Coming, Self::Checking, Self::Here, Self::Failed, Self::Gone, Self::Harmful];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Coming => "coming",
            Self::Checking => "checking",
            Self::Here => "here",
            Self::Failed => "failed",
            Self::Gone => "gone",
            Self::Harmful => "harmful",
        }
    }

    /// Whether asking for it makes sense.
    #[must_use]
    pub const fn may_be_asked_for(self) -> bool {
        matches!(self, Self::Away | Self::Failed)
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no state of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no state of a file")]
pub struct UnknownFileState(pub String);

impl FromStr for FileState {
    type Err = UnknownFileState;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == s).ok_or_else(|| UnknownFileState(s.to_owned()))
    }
}

/// The file of a message, as screens see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileView {
    /// Where it is.
    pub state: FileState,
    /// What is in it, as we looked; nobody's word was taken for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of pictures: width and height in pixels, so that a screen can keep room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<(u32, u32)>,
    /// Of sounds: milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u32>,
    /// Of voice messages: how loud it is from beginning to end, 0–100 each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waveform: Vec<u8>,
    /// There is a small picture of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preview: bool,
    /// Why it is not here, for people; of a harmful one, the name of what was found in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl FileView {
    /// Nothing but where it is.
    #[must_use]
    pub const fn only(state: FileState) -> Self {
        Self {
            state,
            mime: None,
            size: None,
            frame: None,
            duration: None,
            waveform: Vec::new(),
            preview: false,
            problem: None,
        }
    }
}

/// A file that a member or program wants to send; its bytes are uploaded before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewFile {
    /// Made by the sender (`UUIDv7`): the same id twice is one message.
    pub id: MessageId,
    /// The finished upload.
    pub upload: UploadId,
    /// Words below it; at most 1,024 characters.
    #[serde(default)]
    pub caption: String,
    /// As what it is sent, if possible.
    #[serde(default)]
    pub wish: Wish,
    /// The message that it answers.
    #[serde(default)]
    pub reply_to: Option<MessageId>,
}

/// An upload, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadView {
    /// Which one.
    pub id: UploadId,
    /// Bytes that are here: the next part begins with this one.
    pub received: u64,
    /// Bytes in all.
    pub size: u64,
}

/// A file's name without folders, steering characters and what file systems refuse, not longer than
/// [`MAX_FILE_NAME`]; `None` if nothing is left of it.
#[must_use]
pub fn clean_file_name(raw: &str) -> Option<String> {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    // The ending says what a file is, so it survives when the name is too long.
    let (stem, ending) = match last.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.chars().count() <= 10 => (stem, ending),
        _ => (last, ""),
    };
    let clean = |text: &str, room: usize| -> String {
        let text = crate::text::clean_name(text).unwrap_or_default();
        let harmless = |c: char| if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c };
        let text: String = text.chars().map(harmless).take(room).collect();
        text.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_owned()
    };
    let ending = clean(ending, 10);
    let stem = clean(stem, MAX_FILE_NAME - 1 - ending.chars().count());
    match (stem.is_empty(), ending.is_empty()) {
        (true, true) => None,
        (true, false) => Some(ending),
        (false, true) => Some(stem),
        (false, false) => Some(format!("{stem}.{ending}")),
    }
}

/// Whether the server makes a picture of this type fit to be sent.
#[must_use]
pub fn kind_is_picture(mime: &str) -> bool {
    matches!(mime, "image/jpeg" | "image/png" | "image/webp")
}

/// Bytes as people write them, such as `3.4 MB`; by whole numbers, since the formatting of fractions is heavy.
#[must_use]
pub fn size_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => {
            let tenths = bytes.div_ceil(100_000);
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_lose_folders_and_tricks() {
        for (raw, clean) in [
            ("../../etc/passwd", Some("passwd")),
            (r"C:\Users\x\invoice.pdf", Some("invoice.pdf")),
            ("a\u{202e}fdp.exe", Some("afdp.exe")),
            ("  .hidden.  ", Some("hidden")),
            ("what?.txt", Some("what_.txt")),
            ("..", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(clean_file_name(raw).as_deref(), clean, "{raw:?}");
        }
        let long = clean_file_name(&format!("{}.pdf", "x".repeat(500))).unwrap();
        assert!(long.ends_with("x.pdf") && long.chars().count() == MAX_FILE_NAME);
    }

    #[test]
    fn sizes_in_words() {
        for (bytes, words) in
            [(0, "0 B"), (999, "999 B"), (1_001, "2 KB"), (5_000_000, "5.0 MB"), (16_100_001, "16.2 MB")]
        {
            assert_eq!(size_words(bytes), words);
        }
    }

    #[test]
    fn states_survive_the_way_through_a_column() {
        for state in FileState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("x".parse::<FileState>().is_err());
    }

    proptest! {
        #[test]
        fn names_are_always_harmless(raw in ".*") {
            if let Some(name) = clean_file_name(&raw) {
                prop_assert!(!name.contains(['/', '\\', '\0', '\n']) && !name.starts_with('.'));
                prop_assert!(name.chars().count() <= MAX_FILE_NAME);
            }
        }
    }
}
