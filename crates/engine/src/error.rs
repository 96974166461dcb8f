//! What can go wrong, in words for people: what happened and what to do next.

use balas_domain::{
    AccountStatus, IllegalTransition, content::MAX_TEXT, file::MAX_CAPTION, form::FieldError,
    media::MediaRefusal,
};
use balas_providers::{CheckError, Refused};
use balas_store::StoreError;

use crate::{
    access::Denied,
    files::{StorageError, UploadRefused},
    secrets::SecretError,
};

/// Why the engine did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The role does not include it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No such thing in this workspace.
    #[error("this {what} does not exist (any more); reload the page to see what does")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// Fields must be corrected.
    #[error("some fields must be corrected: {}", list(.0))]
    Invalid(Vec<FieldError>),
    /// The text is empty.
    #[error("the message is empty; write something first")]
    Empty,
    /// The text exceeds what WhatsApp takes.
    #[error(
        "the message has {characters} characters, WhatsApp takes at most {MAX_TEXT}; shorten it or send it in parts"
    )]
    TooLong {
        /// How many it has.
        characters: usize,
    },
    /// The words below a file exceed what WhatsApp takes.
    #[error(
        "the words below the file have {characters} characters, WhatsApp takes at most {MAX_CAPTION}; send them as a message of their own"
    )]
    CaptionTooLong {
        /// How many they have.
        characters: usize,
    },
    /// `WhatsApp` takes no such message.
    #[error(transparent)]
    Unsendable(#[from] Refused),
    /// Nothing that one writes and sends.
    #[error("only texts, places, contact cards and polls are sent like this; files are uploaded first")]
    NotComposed,
    /// An upload does not go on.
    #[error(transparent)]
    Upload(#[from] UploadRefused),
    /// WhatsApp takes no such file.
    #[error(transparent)]
    Media(#[from] MediaRefusal),
    /// The id stands for something else already.
    #[error("{what} is already in use; make a new one and try again")]
    Conflict {
        /// What clashed.
        what: String,
    },
    /// The number cannot send.
    #[error("this number is not connected ({status}); connect it again under Accounts, then send")]
    AccountNotReady {
        /// Where it is in its life.
        status: AccountStatus,
    },
    /// The 24-hour window of the Cloud API is closed.
    #[error(
        "more than 24 hours have passed since the customer last wrote: WhatsApp takes only templates now, until he writes again"
    )]
    WindowClosed,
    /// The message is on its way or has arrived.
    #[error("this message did not fail, so there is nothing to send again")]
    NothingToRetry,
    /// The cursor was not made by us.
    #[error("the cursor is not valid; start from the first page")]
    BadCursor,
    /// The account is in a state in which this is impossible.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
    /// The typed name does not match.
    #[error(
        "the typed name does not match; type “{expected}” to delete it with everything that belongs to it"
    )]
    Unconfirmed {
        /// What must be typed.
        expected: String,
    },
    /// The rule that keeps a workspace governable.
    #[error("{0}")]
    Refused(&'static str),
    /// This account cannot do that.
    #[error("{reason}")]
    Unsupported {
        /// Why, for people.
        reason: &'static str,
    },
    /// `WhatsApp`, or what leads to it, did not do it.
    #[error("{text}")]
    Provider {
        /// Why, and what to do, for people.
        text: String,
    },
    /// "Test connection" failed.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The database.
    #[error("the database did not answer as it should; try again in a moment")]
    Store(#[source] StoreError),
    /// A storage of files.
    #[error("the server could not read or write a file; try again in a moment")]
    Storage(#[source] StorageError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Nothing that a user could do about.
    #[error("something went wrong on the server; try again, and tell an admin if it stays")]
    Internal(String),
}

fn list(errors: &[FieldError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<StoreError> for EngineError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::BadCursor => Self::BadCursor,
            StoreError::NotFound => Self::NotFound { what: "item" },
            StoreError::Unique { what } => Self::Conflict { what: what.to_string() },
            other => Self::Store(other),
        }
    }
}

impl EngineError {
    /// Refuses a form of which something must be corrected.
    pub(crate) fn of_fields(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::Invalid(errors)) }
    }

    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::NotFound { .. } => "not_found",
            Self::Invalid(_) => "invalid",
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::CaptionTooLong { .. } => "caption_too_long",
            Self::Unsendable(_) => "unsendable",
            Self::NotComposed => "not_composed",
            Self::Upload(refused) => refused.code(),
            Self::Media(MediaRefusal::Empty) => "file_empty",
            Self::Media(MediaRefusal::TooLarge { .. }) => "file_too_large",
            Self::Media(MediaRefusal::Type { .. }) => "file_type",
            Self::Storage(_) => "storage",
            Self::Conflict { .. } => "conflict",
            Self::AccountNotReady { .. } => "account_not_ready",
            Self::WindowClosed => "window_closed",
            Self::NothingToRetry => "nothing_to_retry",
            Self::BadCursor => "bad_cursor",
            Self::Transition(_) => "illegal_transition",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Refused(_) => "refused",
            Self::Unsupported { .. } => "unsupported",
            Self::Provider { .. } => "provider",
            Self::Check(_) => "check_failed",
            Self::Store(_) => "database",
            Self::Secret(_) => "secret",
            Self::Internal(_) => "internal",
        }
    }
}
