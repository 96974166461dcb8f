//! What gateways hear from WhatsApp, before a version writes it down in its own way.

use balas_domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Attachment;

/// A person or a group, as WhatsApp names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    /// The address: with the number if it is known, else with the linked id.
    pub(crate) jid: String,
    /// The linked id, when WhatsApp used it: `2515…@lid`.
    pub(crate) lid: Option<String>,
    /// What they call themselves.
    pub(crate) name: String,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A message, or what changes one.
    Said(Box<Said>),
    /// Messages arrived or were read.
    Receipt { ids: Vec<String>, chat: Party, from: Party, kind: Receipt, at: Timestamp },
    /// A customer types, or stopped.
    Typing { chat: Party, from: Party, composing: bool, at: Timestamp },
    /// Our phone came into a group.
    Joined { group: String, name: String, at: Timestamp },
    /// Members came, went or got another role.
    Members { group: String, change: MemberChange, people: Vec<Party>, at: Timestamp },
}

/// What can happen to members of a group, in the words of gateways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// They join or are added.
    Join,
    /// They leave or are removed.
    Leave,
    /// They become administrators.
    Promote,
    /// They no longer are.
    Demote,
}

impl MemberChange {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Promote => "promote",
            Self::Demote => "demote",
        }
    }
}

/// A message, a reaction, an edit or a revocation.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) id: String,
    pub(crate) chat: Party,
    pub(crate) group: bool,
    pub(crate) from: Party,
    pub(crate) from_me: bool,
    pub(crate) at: Timestamp,
    /// `text`, `image`, `reaction`, `edit`, `revoke`, …
    pub(crate) kind: String,
    /// The node under the type key, in Meta's words.
    pub(crate) body: Value,
    pub(crate) text: Option<String>,
    /// Its file.
    pub(crate) media: Option<Attachment>,
    /// Id and text of what it answers.
    pub(crate) reply: Option<(String, String)>,
}

/// How far messages came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receipt {
    Delivered,
    Read,
    /// Read on our own phone, which keeps that to itself.
    ReadSelf,
}

impl Receipt {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::ReadSelf => "read-self",
        }
    }

    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Delivered => {
                "means the message was delivered to the device (but the user might not have noticed)."
            }
            Self::Read => "the user opened the chat and saw the message.",
            Self::ReadSelf => {
                "the current user read a message from a different device, and has read receipts disabled in \
                 privacy settings."
            }
        }
    }
}

impl Event {
    /// The name in the vendor's envelope and in `webhook_events`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Said(said) => match said.kind.as_str() {
                "reaction" => "message.reaction",
                "edit" => "message.edited",
                "revoke" => "message.revoked",
                _ => "message",
            },
            Self::Receipt { .. } => "message.ack",
            Self::Typing { .. } => "chat_presence",
            Self::Joined { .. } => "group.joined",
            Self::Members { .. } => "group.participants",
        }
    }

    /// The message that the gateway stores with it.
    pub(crate) fn stored(&self) -> Option<&str> {
        match self {
            Self::Said(said) => Some(&said.id),
            _ => None,
        }
    }
}
