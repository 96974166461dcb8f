//! The customers' phones and the chats on them.

use balas_domain::Timestamp;
use serde::Serialize;

/// A customer's phone. Its key never changes; its number may.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    pub(crate) key: String,
    pub(crate) name: String,
    /// Digits; absent for people who only show a username.
    pub(crate) wa_id: Option<String>,
    /// Business-scoped user id.
    pub(crate) user_id: Option<String>,
    /// Linked id with `@lid`, when WhatsApp uses it for this person.
    pub(crate) lid: Option<String>,
    pub(crate) username: Option<String>,
    /// The number while its owner shows it to nobody; then there is no `wa_id`.
    pub(crate) hidden: Option<String>,
    /// Reads what it gets after a moment, as the seeded customers do.
    pub(crate) reads_by_itself: bool,
    /// Not a person but a group that the business wrote to.
    pub(crate) group: bool,
}

/// What one phone and one business number wrote to each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chat {
    /// Message ids, oldest first.
    pub(crate) messages: Vec<String>,
    /// So many of them, from the oldest on, a gateway never gets to know. It lists the chat all the same.
    pub(crate) kept_back: usize,
    /// Messages of the business that the customer has not seen, oldest first.
    pub(crate) unread: Vec<String>,
    /// Opens the 24-hour window.
    pub(crate) last_inbound: Option<Timestamp>,
    pub(crate) last_activity: Timestamp,
    /// Customer messages since the last answer.
    pub(crate) unanswered: u32,
    /// The business shows "typing…" until then.
    pub(crate) typing_until: Option<Timestamp>,
    /// How many pages show this chat right now.
    pub(crate) viewers: u32,
}

/// A phone as the page lists it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PhoneView {
    pub(crate) account: String,
    pub(crate) phone: String,
    pub(crate) name: String,
    pub(crate) wa_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) lid: Option<String>,
    pub(crate) username: Option<String>,
    /// The number that is shown to nobody.
    pub(crate) hidden: Option<String>,
    pub(crate) last: Option<Last>,
    pub(crate) unanswered: u32,
    /// Milliseconds since 1970; none when the business is not typing.
    pub(crate) typing_until: Option<i64>,
    /// Milliseconds since 1970 until which the business may answer freely.
    pub(crate) window_until: Option<i64>,
}

/// The last message of a chat, for the list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Last {
    pub(crate) text: String,
    pub(crate) outbound: bool,
    pub(crate) status: Status,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
}

/// How far a message of the business came. Inbound messages are `received`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// From the customer.
    Received,
    /// Answered with 200, nothing more yet.
    Accepted,
    /// Reached WhatsApp's servers.
    Sent,
    /// Reached the phone.
    Delivered,
    /// The customer saw it.
    Read,
    /// Could not be delivered.
    Failed,
}

impl Status {
    /// The word in `statuses[].status`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}
