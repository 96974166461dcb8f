//! The log that everything follows. An event carries the new state of what changed, so that applying it twice or out
//! of order does no harm: whoever follows keeps the version with the highest `seq`.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountId, Seq},
    time::Timestamp,
    view::{AccountView, ConversationView, MemberView, MessageView},
};

/// One entry of a workspace's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position: gapless within the workspace.
    pub seq: Seq,
    /// When it was written.
    pub at: Timestamp,
    /// What changed.
    #[serde(flatten)]
    pub payload: Payload,
}

/// What changed, in its new state. The `version` inside equals the event's `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum Payload {
    /// A conversation is new or changed.
    Conversation(Box<ConversationView>),
    /// A message is new or changed (status, edit, reaction).
    Message(Box<MessageView>),
    /// An account is new or changed.
    Account(Box<AccountView>),
    /// An account and all that belonged to it is gone.
    AccountRemoved {
        /// Which one.
        id: AccountId,
    },
    /// A member is new or changed.
    Member(Box<MemberView>),
}

impl Payload {
    /// The word stored in the log's `kind` column.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Conversation(_) => "conversation",
            Self::Message(_) => "message",
            Self::Account(_) => "account",
            Self::AccountRemoved { .. } => "account_removed",
            Self::Member(_) => "member",
        }
    }

    /// Stamps the position into what is carried, so that log and rows agree.
    pub fn stamp(&mut self, seq: Seq) {
        match self {
            Self::Conversation(v) => v.version = seq,
            Self::Message(v) => v.version = seq,
            Self::Account(v) => v.version = seq,
            Self::Member(v) => v.version = seq,
            Self::AccountRemoved { .. } => {}
        }
    }
}
