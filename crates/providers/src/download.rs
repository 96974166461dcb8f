//! Files that came with messages, on their way to us.

use std::{fmt, time::Duration};

use balas_domain::Address;
use bytes::Bytes;
use futures::stream::BoxStream;

/// Which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaSource {
    /// The reference that the message's content holds.
    pub reference: String,
    /// The provider's id of the message.
    pub provider_id: String,
    /// The conversation that the message stands in.
    pub chat: Address,
}

/// A file that comes.
pub struct Download {
    /// Its type as the provider states it; not trusted.
    pub mime: Option<String>,
    /// As the sender named it; not trusted.
    pub file_name: Option<String>,
    /// How many bytes are to come, if anybody says so.
    pub size: Option<u64>,
    /// SHA-256 of all of them in small hexadecimal digits, if anybody says so.
    pub sha256: Option<String>,
    /// The bytes, in pieces. Ends early only with an error.
    pub bytes: BoxStream<'static, Result<Bytes, FetchError>>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("mime", &self.mime)
            .field("file_name", &self.file_name)
            .field("size", &self.size)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// A file could not be fetched. `Display` says what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// `WhatsApp` does not have it any more: trying again is of no use.
    #[error("WhatsApp no longer has this file. Ask for it to be sent again.")]
    Gone,
    /// Not just now: trying again may help.
    #[error("The file could not be fetched just now ({detail}). Try again later.")]
    Later {
        /// What happened, for people.
        detail: String,
        /// The provider asks to wait at least this long.
        retry_after: Option<Duration>,
    },
    /// The account must be set right first.
    #[error("{reason}")]
    Auth {
        /// Why, and what to do, for people.
        reason: String,
    },
    /// This account cannot fetch this file at all.
    #[error("{reason}")]
    Unsupported {
        /// Why, and what to do, for people.
        reason: String,
    },
}

impl FetchError {
    /// Nobody asks to wait.
    pub(crate) fn later(detail: impl Into<String>) -> Self {
        // It is put into a sentence.
        let detail = detail.into().trim_end_matches(['.', ' ']).to_owned();
        Self::Later { detail, retry_after: None }
    }
}
