//! What every provider can be asked to do.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use balas_domain::{
    Address, Identity, MessageId,
    socket::Presence,
    view::{Capabilities, Failure, FailureClass, ProviderKind},
};

use crate::{
    body::{Body, Refused},
    check_error::CheckError,
    download::{Download, FetchError, MediaSource},
};

/// A way to reach `WhatsApp` for one account.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Which kind.
    fn kind(&self) -> ProviderKind;

    /// What it can do. Anything else is refused with [`CallError::Unsupported`].
    fn capabilities(&self) -> Capabilities {
        self.kind().capabilities()
    }

    /// Sends one message, once: never retries by itself.
    ///
    /// # Errors
    /// [`SendError::outcome`] tells whether the message may have gone out all the same.
    async fn send(&self, message: &Outgoing) -> Result<Sent, SendError>;

    /// Tells the customer that this message and all before it were read.
    ///
    /// # Errors
    /// When the provider refuses or cannot be reached.
    async fn mark_read(&self, chat: &Address, provider_id: &str) -> Result<(), CallError>;

    /// Shows the customer for some seconds that somebody is typing (or recording, where the provider knows that), or no
    /// more that he is. Marks the given message as read with some
    /// providers, so it must be one that an agent has seen.
    ///
    /// # Errors
    /// When the provider refuses or cannot be reached.
    async fn typing(
        &self,
        chat: &Address,
        presence: Presence,
        last_inbound_provider_id: Option<&str>,
    ) -> Result<(), CallError>;

    /// Changes what a sent message says. Doing it twice does no harm.
    ///
    /// # Errors
    /// When the provider cannot, refuses or cannot be reached.
    async fn edit(&self, chat: &Address, provider_id: &str, text: &str) -> Result<(), CallError>;

    /// Takes a sent message back, for everyone.
    ///
    /// # Errors
    /// When the provider cannot, refuses or cannot be reached.
    async fn revoke(&self, chat: &Address, provider_id: &str) -> Result<(), CallError>;

    /// Fetches the file of a message, in pieces: it may be large. Reading them may fail as well.
    ///
    /// # Errors
    /// Whether trying again can help.
    async fn fetch(&self, media: &MediaSource) -> Result<Download, FetchError>;

    /// Fetches what a person or group shows as its picture, as `WhatsApp` keeps it: whatever it is, of at most a few megabytes.
    /// `None` if it shows none to us. Asked once only.
    ///
    /// # Errors
    /// Whether trying again can help.
    async fn picture(&self, whose: &Address) -> Result<Option<Vec<u8>>, FetchError>;

    /// Checks that the account's settings work, without changing anything.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    async fn check(&self) -> Result<Checked, CheckError>;
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Our id, which providers that can do so give back with every report.
    pub id: MessageId,
    /// Where to.
    pub to: Address,
    /// What it says.
    pub body: Body,
    /// The provider's id of the message that it answers.
    pub reply_to: Option<String>,
    /// Who is meant by the `@` and number in the text. Providers that take no mentions send the text alone.
    pub mentions: Vec<Address>,
}

/// The provider has the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The provider's id of the message.
    pub provider_id: String,
    /// Names of the recipient that the answer told. They may differ from the address written to.
    pub identities: Vec<Identity>,
}

/// Whether a message that could not be sent may have gone out all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Certainly not: it may be sent again.
    NotSent,
    /// It may have. Never sent again blindly; a later report settles it.
    Unknown,
}

/// A call failed.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct SendError {
    /// What can be done about it.
    pub class: FailureClass,
    /// The provider's own code, if it gave one.
    pub code: Option<i64>,
    /// What happened and what to do, for people.
    pub text: String,
    /// The provider asks to wait at least this long.
    pub retry_after: Option<Duration>,
    /// Whether it may have gone out all the same.
    pub outcome: Outcome,
    /// What the provider calls this exchange; its support asks for it.
    pub request_id: Option<String>,
}

impl SendError {
    /// Nothing was sent, and no code or wait is known.
    pub(crate) fn not_sent(class: FailureClass, text: String) -> Self {
        let outcome = Outcome::NotSent;
        Self { class, code: None, text, retry_after: None, outcome, request_id: None }
    }

    /// What is kept with the message.
    #[must_use]
    pub fn failure(&self) -> Failure {
        Failure { class: self.class, code: self.code, text: self.text.clone() }
    }
}

impl From<Refused> for SendError {
    fn from(refused: Refused) -> Self {
        Self::not_sent(FailureClass::Invalid, refused.to_string())
    }
}

impl fmt::Debug for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError")
            .field("class", &self.class)
            .field("code", &self.code)
            .field("outcome", &self.outcome)
            .field("retry_after", &self.retry_after)
            .field("request_id", &self.request_id)
            .field("text", &self.text)
            .finish()
    }
}

/// A call other than sending failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// This account cannot do that at all, or not here.
    #[error("{reason}")]
    Unsupported {
        /// Why, for people.
        reason: String,
    },
    /// The provider refused or was not reached.
    #[error(transparent)]
    Failed(#[from] SendError),
}

/// The account's settings work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The number as the provider writes it.
    pub display_phone: String,
    /// The name that customers see.
    pub verified_name: String,
    /// The provider's rating of the number, such as `GREEN`.
    pub quality: Option<String>,
    /// Whether deliveries to our webhook are switched on. `true` if the provider cannot tell.
    pub webhook_subscribed: bool,
}
