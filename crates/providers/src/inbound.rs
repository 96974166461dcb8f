//! What providers report, in our own words. Every provider's parser ends here.
//!
//! Everything is cleaned: names and texts hold no control or steering characters, identifiers are printable,
//! times never lie after the moment of receipt. All of it can be serialised, so that what arrives before its
//! message can be parked.

use std::fmt;

use balas_domain::{
    Address, Content, Identity, MessageId, MessageStatus, Timestamp, socket::Presence, view::Failure,
};
use serde::{Deserialize, Serialize};

/// What one delivery says about one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The provider's id of the account: for the Cloud API the phone number id. Empty if the delivery does
    /// not say; then the address that it came to decides.
    pub external_id: String,
    /// What happened, in the order of the delivery. (Which is no order in time.)
    pub events: Vec<Inbound>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Inbound {
    /// A message was written, by the customer or on the business's phone.
    Message(Message),
    /// A sent message came further, or failed.
    Status(Status),
    /// A message was changed by its author.
    Edit {
        /// The provider's id of the changed message.
        target: String,
        /// The conversation that it stands in.
        chat: Address,
        /// Who changed it; `None` if it was changed on the business's phone or the provider does not say. A
        /// change counts only if this is the message's author.
        by: Option<Identity>,
        /// Changed on the business's phone.
        from_us: bool,
        /// What it says now.
        content: Content,
        /// When.
        at: Timestamp,
    },
    /// A message was taken back.
    Revoke {
        /// The provider's id of the message.
        target: String,
        /// The conversation that it stands in.
        chat: Address,
        /// Who took it back; as in `Edit`.
        by: Option<Identity>,
        /// Taken back on the business's phone.
        from_us: bool,
        /// When.
        at: Timestamp,
    },
    /// Somebody reacted to a message.
    Reaction {
        /// The provider's id of the message.
        target: String,
        /// The conversation that it stands in.
        chat: Address,
        /// Who; as in [`Message::sender`].
        sender: Sender,
        /// Reacted on the business's phone.
        from_us: bool,
        /// The emoji; `None` takes the reaction away.
        emoji: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// Somebody chose answers of a poll.
    Vote {
        /// The provider's id of the poll.
        target: String,
        /// The conversation that it stands in.
        chat: Address,
        /// Who; as in [`Message::sender`].
        sender: Sender,
        /// Chosen on the business's phone.
        from_us: bool,
        /// The chosen answers in the poll's words; none if the choice was taken back.
        options: Vec<String>,
        /// When.
        at: Timestamp,
    },
    /// We read a conversation on the phone, so that it is no longer unread. Says nothing about messages that
    /// we sent.
    ReadByUs {
        /// The conversation, under the name that the receipt gave it. That may be another one than the
        /// conversation is kept under (a LID): look the messages up first.
        chat: Address,
        /// The provider's ids of messages that were read, with all before them. Never empty.
        targets: Vec<String>,
        /// When.
        at: Timestamp,
    },
    /// Somebody began or ceased to type or to record. Means nothing after some seconds; never stored.
    Typing {
        /// The conversation.
        chat: Address,
        /// Who; as in [`Message::sender`].
        sender: Sender,
        /// What.
        presence: Presence,
    },
    /// Members of a group came, went or got another role.
    Group(GroupChange),
    /// A group got another name, description, picture or rule.
    GroupUpdated {
        /// The group.
        chat: Address,
        /// What of it.
        field: GroupField,
        /// What it is now, as far as that can be written: a name, a description, a switch as `WhatsApp` words it.
        value: Option<String>,
        /// Who did it; `None` if that is us or nobody says.
        by: Option<Identity>,
        /// When.
        at: Timestamp,
    },
    /// The link with the phone has changed. Most programs do not tell and must be asked.
    Connection(Connection),
    /// A customer is now known under other names.
    IdentityChanged {
        /// Names that the customer was known under. Any of them finds the contact. Never empty.
        old: Vec<Identity>,
        /// Names to add to the contact. Never empty.
        new: Vec<Identity>,
        /// When.
        at: Timestamp,
        /// The line that the conversation shows, if the provider wrote one.
        notice: Option<Message>,
    },
    /// Names of people, without any message.
    Contacts {
        /// The people.
        people: Vec<Sender>,
    },
    /// A message that nobody delivered when it was written, and that the provider has fetched since. It wants an answer like
    /// any other.
    Missed(Message),
    /// The provider has something to say about the account itself.
    AccountNotice {
        /// The provider's word for it.
        kind: String,
        /// For people.
        text: String,
    },
    /// The provider brings what was said before by itself; so far it is, in hundredths.
    HistoryProgress {
        /// 0–100.
        percent: u32,
    },
    /// The provider will not bring what was said before: whoever connected the number has not shared it.
    HistoryDeclined,
    /// Nothing to be done: of no interest, unknown, or damaged.
    Ignored {
        /// What it was, and what was wrong with it.
        kind: String,
    },
}

/// A message as it came in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The provider's id. Unique only together with the account and the conversation.
    pub provider_id: String,
    /// The conversation.
    pub chat: Address,
    /// Its author. If `from_us`, the customer it was written to instead: that is whose contact the
    /// conversation belongs to; empty in groups.
    pub sender: Sender,
    /// Written on the business's phone, not in Balas.
    pub from_us: bool,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub content: Content,
    /// The provider's id of the message that it answers.
    pub quote: Option<String>,
    /// From before the account was connected: no notification, nothing unread.
    pub history: bool,
}

/// What changed in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupChange {
    /// The group.
    pub chat: Address,
    /// What happened.
    pub what: Membership,
    /// To whom; ourselves left out.
    pub people: Vec<Sender>,
    /// It happened to us (too).
    pub us: bool,
    /// What the group is called, if the provider says so.
    pub name: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What happened to members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// They joined or were added.
    Joined,
    /// They left or were removed.
    Left,
    /// They became administrators.
    Promoted,
    /// They no longer are administrators.
    Demoted,
}

/// What can be changed about a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupField {
    /// What it is called.
    Name,
    /// What it is about.
    Description,
    /// Its picture.
    Picture,
    /// Whether only administrators may write.
    Announce,
    /// Whether only administrators may change name and picture.
    Locked,
}

/// How the link with the phone stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// How far it is.
    pub state: ConnectionState,
    /// Why, for people.
    pub reason: Option<String>,
    /// What the QR code to be scanned says.
    pub qr: Option<String>,
    /// Another code is to be expected from then on.
    pub qr_expires_at: Option<Timestamp>,
    /// The code to be typed on the phone.
    pub pair_code: Option<String>,
    /// The linked number.
    pub jid: Option<Address>,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for Connection {
    /// Who has a code can link the account: none is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state)
            .field("reason", &self.reason)
            .field("jid", &self.jid)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// How far a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Not running. The link stays.
    Stopped,
    /// The browser starts.
    Starting,
    /// A QR code waits to be scanned.
    Qr,
    /// A pairing code waits to be typed.
    Pairing,
    /// Linked, and on its way to be ready.
    Authenticated,
    /// Usable.
    Ready,
    /// No connection, or the link has ended; the reason says which.
    Disconnected,
    /// It does not work; the reason says why and whether it is tried again.
    Error,
}

/// A person as the provider names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Under which names, best first.
    pub identities: Vec<Identity>,
    /// What the person calls themselves.
    pub name: Option<String>,
    /// `WhatsApp` user name, without `@`. Changes hands: for display only.
    pub username: Option<String>,
}

/// How far a sent message came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The provider's id of the message.
    pub provider_id: String,
    /// Our own id of the message, if the provider gave it back. Finds messages whose send answer was lost.
    pub callback: Option<MessageId>,
    /// How far it came.
    pub status: MessageStatus,
    /// When.
    pub at: Timestamp,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Whom it was sent to; in groups, who reports.
    pub identities: Vec<Identity>,
}
