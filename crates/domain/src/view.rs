//! What screens, the socket and the REST API get to see. One shape for all three, so that they cannot disagree.

use serde::{Deserialize, Serialize};

use crate::{
    account::AccountStatus,
    address::Address,
    content::{Content, Preview},
    file::FileView,
    group::{GroupGlance, Mention},
    id::{AccountId, ContactId, ConversationId, MemberId, MessageId, Seq},
    role::Role,
    settings::{AccountSettings, DailyUse, MediaStorage},
    status::{Delivery, MessageStatus},
    sync::SyncView,
    time::Timestamp,
    work::Work,
};

/// A page of a list and where the next one starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Pass as `cursor` to get the next page; `None` at the end. Opaque.
    pub next: Option<String>,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Direction {
    /// From the customer.
    In,
    /// To the customer.
    Out,
    /// Nowhere: a note, or a line about what was done. Only colleagues see it.
    Internal,
}

impl Direction {
    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Internal => "internal",
        }
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "crate::flat::FlatPerson")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Author {
    /// The customer, or in a group one of its members.
    Contact {
        /// Who, as far as known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<ContactId>,
        /// Shown name.
        name: String,
    },
    /// A colleague, in Balas.
    Member {
        /// Who.
        id: MemberId,
        /// Shown name.
        name: String,
    },
    /// Someone with the business's phone in hand.
    PhoneApp,
    /// A program, by the REST API.
    Api {
        /// The token's name.
        name: String,
    },
}

/// One row of the conversation list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationView {
    /// Which conversation.
    pub id: ConversationId,
    /// The number it is held on. A reply leaves by it.
    pub account_id: AccountId,
    /// With whom; `None` for groups.
    pub contact_id: Option<ContactId>,
    /// Where it leads.
    pub address: Address,
    /// Name as shown.
    pub title: String,
    /// Of groups: what there is to know at a glance.
    #[serde(default)]
    pub group: Option<GroupGlance>,
    /// The newest message, as the list shows it.
    pub last: Option<LastMessage>,
    /// Incoming messages that nobody here has seen.
    pub unread: i32,
    /// When the customer last wrote; the 24-hour window of the Cloud API counts from here.
    pub last_inbound_at: Option<Timestamp>,
    /// What the list is ordered by, newest first; ties by id.
    pub sort_at: Timestamp,
    /// What the team has made of it.
    #[serde(default)]
    pub work: Work,
    /// Its picture, if it has one: a number that each other one raises, `v` in the address of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<u32>,
    /// The event that last changed this row.
    pub version: Seq,
}

/// The newest message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastMessage {
    /// Which message.
    pub id: MessageId,
    /// One line of it.
    pub preview: Preview,
    /// In groups: the name of the member who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Which way it went.
    pub direction: Direction,
    /// How far it came.
    pub status: MessageStatus,
    /// When it was written.
    pub at: Timestamp,
}

/// One message of a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageView {
    /// Which message.
    pub id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// The number of the conversation.
    pub account_id: AccountId,
    /// The number that carried it, if that is another one.
    #[serde(default)]
    pub sent_with: Option<AccountId>,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What it says. Emptied when the sender took it back.
    pub content: Content,
    /// Its file, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Box<FileView>>,
    /// Whom its text mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    /// How far it came.
    pub delivery: Delivery,
    /// Why it failed, or why its outcome is unknown.
    pub failure: Option<Failure>,
    /// Why it has not gone out yet, while it is queued and must wait.
    #[serde(default)]
    pub held: Option<Held>,
    /// What it answers.
    pub quote: Option<Quote>,
    /// Reactions, oldest first.
    pub reactions: Vec<Reaction>,
    /// Of a poll: who has chosen what, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Vote>,
    /// When it was written; threads are ordered by (at, id).
    pub at: Timestamp,
    /// The sender changed it.
    pub edited: bool,
    /// The sender took it back.
    pub revoked: bool,
    /// Its delivery was missed; it was fetched later.
    #[serde(default)]
    pub recovered: bool,
    /// The event that last changed this message; `Seq(0)` for one that the server has not confirmed.
    pub version: Seq,
}

impl MessageView {
    /// The number that carried it (or shall).
    #[must_use]
    pub fn carrier(&self) -> AccountId {
        self.sent_with.unwrap_or(self.account_id)
    }

    /// Whether it must wait before it goes out. Those behind it in its conversation wait for it.
    #[must_use]
    pub const fn waits(&self) -> bool {
        matches!(self.delivery.status, MessageStatus::Queued) && self.held.is_some()
    }

    /// What the thread is ordered by.
    #[must_use]
    pub const fn key(&self) -> (Timestamp, MessageId) {
        (self.at, self.id)
    }
}

/// What a changed message has said at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionView {
    /// What it said.
    pub content: Content,
    /// Since when.
    pub at: Timestamp,
}

/// Why a message failed, in words and as a class that screens can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// What can be done about it.
    pub class: FailureClass,
    /// The provider's own code, if it gave one.
    pub code: Option<i64>,
    /// The provider's words, for people.
    pub text: String,
}

/// What can be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FailureClass {
    /// The account must be connected again.
    Auth,
    /// Too fast: comes right by waiting.
    Throttled,
    /// A hiccup at the provider: comes right by waiting.
    Transient,
    /// The 24-hour window is closed: only a template may be sent.
    WindowClosed,
    /// This recipient cannot be reached.
    Recipient,
    /// WhatsApp's rules forbid it.
    Policy,
    /// The message or the account's settings are wrong.
    Invalid,
    /// The answer was lost: it may or may not have gone out.
    Unknown,
}

/// Why a queued message waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Held {
    /// Why.
    pub reason: HeldReason,
    /// When it goes out, or is tried again.
    pub until: Timestamp,
}

/// Why a queued message waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HeldReason {
    /// The account has sent as many messages today as it may.
    DailyLimit,
    /// The account is new, and has sent as many messages today as it may so soon.
    WarmUp,
    /// The account sends no faster.
    Pace,
    /// The provider has asked us to slow down.
    Throttled,
    /// The provider cannot be reached, or is not well.
    Unreachable,
}

impl HeldReason {
    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DailyLimit => "daily_limit",
            Self::WarmUp => "warm_up",
            Self::Pace => "pace",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
        }
    }
}

impl std::str::FromStr for HeldReason {
    type Err = UnknownHeldReason;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::DailyLimit, Self::WarmUp, Self::Pace, Self::Throttled, Self::Unreachable]
            .into_iter()
            .find(|r| r.as_str() == s)
            .ok_or_else(|| UnknownHeldReason(s.to_owned()))
    }
}

/// The word is no reason to wait.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no reason to hold a message")]
pub struct UnknownHeldReason(pub String);

/// The message that is being answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quote {
    /// Which message, if we have it.
    pub message_id: Option<MessageId>,
    /// Who wrote it; `None` if we do not have it.
    pub author: Option<String>,
    /// One line of it.
    pub preview: Option<Preview>,
}

/// One person's reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Ours, not the customer's.
    pub from_us: bool,
    /// Whose, as shown.
    pub author: String,
}

/// What one person has chosen of a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Vote {
    /// The answers, in the poll's words.
    pub options: Vec<String>,
    /// Ours, not the customer's.
    pub from_us: bool,
    /// Whose, as shown.
    pub author: String,
}

/// How an account is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProviderKind {
    /// Meta's Cloud API.
    Cloud,
    /// Go WhatsApp Web Multidevice.
    Gateway,
    /// whatsapp-web.js in the bridge.
    Bridge,
}

impl ProviderKind {
    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Gateway => "gateway",
            Self::Bridge => "bridge",
        }
    }
}

impl ProviderKind {
    /// What accounts of this kind can do.
    #[must_use]
    pub const fn capabilities(self) -> Capabilities {
        let linked = Capabilities {
            reply: true,
            react: true,
            send_typing: true,
            receive_typing: true,
            mark_read: true,
            edit: true,
            edit_minutes: Some(15),
            revoke: true,
            revoke_hours: Some(60),
            media: true,
            voice: true,
            location: true,
            contacts: true,
            contacts_at_once: 1,
            poll: true,
            votes: false,
            pictures: true,
            window_hours: None,
        };
        match self {
            // Meta tells nobody that a customer is typing, has no call to edit or delete what was sent, no polls, and shows no
            // pictures of people.
            Self::Cloud => Capabilities {
                receive_typing: false,
                edit: false,
                edit_minutes: None,
                revoke: false,
                revoke_hours: None,
                contacts_at_once: 64,
                poll: false,
                pictures: false,
                window_hours: Some(24),
                ..linked
            },
            // Gateways say nothing about votes.
            Self::Gateway => linked,
            // The bridge says nothing about who is typing.
            Self::Bridge => Capabilities { receive_typing: false, votes: true, ..linked },
        }
    }
}

impl std::str::FromStr for ProviderKind {
    type Err = UnknownProvider;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Cloud, Self::Gateway, Self::Bridge]
            .into_iter()
            .find(|k| k.as_str() == s)
            .ok_or_else(|| UnknownProvider(s.to_owned()))
    }
}

/// The word is no provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no provider; use cloud, gateway or bridge")]
pub struct UnknownProvider(pub String);

/// What an account can do; screens offer nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Capabilities {
    /// Quote a message when answering.
    pub reply: bool,
    /// React with an emoji.
    pub react: bool,
    /// Show the customer that someone is typing.
    pub send_typing: bool,
    /// Tell when the customer is typing.
    pub receive_typing: bool,
    /// Tell the customer that a message was read.
    pub mark_read: bool,
    /// Change a sent message.
    pub edit: bool,
    /// `WhatsApp` lets a sent message be changed for this many minutes.
    #[serde(default)]
    pub edit_minutes: Option<u32>,
    /// Take a sent message back.
    pub revoke: bool,
    /// `WhatsApp` lets a sent message be taken back for this many hours.
    #[serde(default)]
    pub revoke_hours: Option<u32>,
    /// Send files, of the kinds and sizes that `WhatsApp` takes.
    #[serde(default)]
    pub media: bool,
    /// Send voice messages.
    #[serde(default)]
    pub voice: bool,
    /// Send places.
    #[serde(default)]
    pub location: bool,
    /// Send contact cards.
    #[serde(default)]
    pub contacts: bool,
    /// So many contact cards fit into one message.
    #[serde(default)]
    pub contacts_at_once: u32,
    /// Send polls. Without, they can go as text.
    #[serde(default)]
    pub poll: bool,
    /// Tell what is chosen of a poll.
    #[serde(default)]
    pub votes: bool,
    /// Tell what people and groups show as their picture.
    #[serde(default)]
    pub pictures: bool,
    /// Only templates may be sent later than this many hours after the customer last wrote.
    pub window_hours: Option<u32>,
}

/// An account, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountView {
    /// Which account.
    pub id: AccountId,
    /// What the team calls it.
    pub name: String,
    /// How it is connected.
    pub provider: ProviderKind,
    /// Its number as shown, once known.
    pub phone: Option<String>,
    /// The provider's own id: for the Cloud API the phone number id.
    pub external_id: String,
    /// Where it is in its life.
    pub status: AccountStatus,
    /// Why, for people, when something is wrong.
    pub status_detail: Option<String>,
    /// When the provider last delivered something to our webhook.
    pub last_delivery_at: Option<Timestamp>,
    /// The one that new conversations leave by. At most one of the workspace.
    #[serde(default)]
    pub primary: bool,
    /// What the team has set.
    #[serde(default)]
    pub settings: AccountSettings,
    /// What it sent on its last day of sending.
    #[serde(default)]
    pub usage: DailyUse,
    /// While its QR or pairing code is shown: when that runs out. Another value means another code.
    #[serde(default)]
    pub code_expires_at: Option<Timestamp>,
    /// How far the history of its phone is here; nothing before it was asked for.
    #[serde(default)]
    pub sync: Option<SyncView>,
    /// How the provider rates it, where it does.
    #[serde(default)]
    pub quality: Option<Quality>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The event that last changed this account.
    pub version: Seq,
}

/// How Meta rates a number by what its customers think of its messages. A low one is on the way to being limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Quality {
    /// High.
    Green,
    /// Medium.
    Yellow,
    /// Low.
    Red,
}

impl Quality {
    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }

    /// What a provider's word, such as `GREEN`, means; `None` for those that say nothing (`UNKNOWN`).
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Green, Self::Yellow, Self::Red].into_iter().find(|q| word.eq_ignore_ascii_case(q.as_str()))
    }
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactView {
    /// Which contact.
    pub id: ContactId,
    /// Shown name.
    pub name: String,
    /// Known phone numbers, digits only.
    pub phones: Vec<String>,
    /// The name that WhatsApp's user chose, display only.
    pub username: Option<String>,
    /// When we first heard of it.
    pub created_at: Timestamp,
}

/// A member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberView {
    /// Who.
    pub id: MemberId,
    /// Shown name.
    pub name: String,
    /// Signs in with it.
    pub email: String,
    /// May do what.
    pub role: Role,
    /// Can sign in.
    pub active: bool,
    /// The event that last changed this member.
    pub version: Seq,
}

/// Who is signed in, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The member; `None` for a program with a token.
    pub member: Option<MemberView>,
    /// May do what.
    pub role: Role,
    /// The workspace's name.
    pub workspace: String,
    /// The workspace's time zone, an IANA name.
    pub time_zone: String,
}

/// What is set for the workspace, as far as it changes what everybody's pages offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceView {
    /// Messages may leave by another number while their own is not connected.
    pub fall_back: bool,
    /// The event that last changed it, or a later one.
    pub version: Seq,
}

/// What "test connection" found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckReport {
    /// The number as the provider shows it.
    pub phone: String,
    /// The business's verified name.
    pub name: String,
    /// The provider's quality rating in its own word, if it gave one.
    pub quality: Option<String>,
    /// Whether the provider will send us webhooks.
    pub subscribed: bool,
}

/// What "test connection" found at a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GatewayReport {
    /// Its version, if it tells.
    pub version: Option<String>,
    /// Whether it can serve several numbers, each with a webhook of its own (version 8 or newer).
    pub slots: bool,
    /// The number that is linked already, as shown. `None`: link it with a QR or pairing code after saving.
    pub linked: Option<String>,
    /// The devices that it has.
    pub devices: Vec<DeviceView>,
}

/// A device of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceView {
    /// Its name at the gateway.
    pub id: String,
    /// The linked number, as shown.
    pub phone: Option<String>,
    /// The name that the linked phone shows to others.
    pub name: Option<String>,
    /// How far it is.
    pub state: DeviceState,
    /// It is the account's own.
    pub own: bool,
    /// The account whose device it is, if it is one of the workspace.
    pub account: Option<AccountId>,
}

/// What can be done to a gateway's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceAction {
    /// Ends the link with its phone.
    LogOut,
    /// Lets it connect to `WhatsApp` anew.
    Reconnect,
}

/// How far a gateway's device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeviceState {
    /// Nothing is linked, or the connection is lost.
    Disconnected,
    /// On its way.
    Connecting,
    /// Connected, but no phone is linked.
    Connected,
    /// Linked and usable.
    LoggedIn,
    /// A word of a later version.
    Other,
}

/// What became of one account of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchItem {
    /// Which one.
    pub id: AccountId,
    /// The account afterwards, if it went well.
    pub account: Option<AccountView>,
    /// What went wrong, as a stable word.
    pub code: Option<String>,
    /// What went wrong and what to do, for people.
    pub error: Option<String>,
}

/// What an admin needs to finish setting up an account at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountSetup {
    /// The account.
    pub account: AccountView,
    /// Path of the webhook on this server, to be put after the public address.
    pub webhook_path: String,
    /// Cloud API: to be entered beside the webhook's URL. `None` for who may not see it.
    pub verify_token: Option<String>,
    /// The provider could not be told the webhook's address: a person must enter it there.
    #[serde(default)]
    pub webhook_by_hand: bool,
    /// Where this server can keep its files.
    #[serde(default)]
    pub storages: Vec<MediaStorage>,
}
