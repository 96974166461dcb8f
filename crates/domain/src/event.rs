//! The log that everything follows. An event carries the new state of what changed, so that applying it twice or out
//! of order does no harm: whoever follows keeps the version with the highest `seq`.

use serde::{Deserialize, Serialize};

use crate::{
    alert::AlertView,
    id::{AccountId, ConversationId, LabelId, Seq},
    people::PeopleView,
    time::Timestamp,
    view::{AccountView, ConversationView, MemberView, MessageView, WorkspaceView},
    work::LabelView,
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
    /// Two conversations turned out to be one: what stood in `from` stands in `into`.
    ConversationMerged {
        /// Gone.
        from: ConversationId,
        /// Where it goes on.
        into: ConversationId,
    },
    /// That was a mistake: some of what stood in `from` stands in `into` (again).
    ConversationSplit {
        /// Has less now.
        from: ConversationId,
        /// Has the rest.
        into: ConversationId,
    },
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
    /// An alert was raised, acknowledged or closed.
    Alert(Box<AlertView>),
    /// A label is new or changed.
    Label(Box<LabelView>),
    /// A label is gone, from all conversations too.
    LabelRemoved {
        /// Which one.
        id: LabelId,
    },
    /// Contacts became one or parted, or may be one.
    People(PeopleView),
    /// Something was set for the workspace.
    Workspace(WorkspaceView),
    /// Messages from before came into a conversation: its thread must be fetched anew.
    History {
        /// Which conversation.
        id: ConversationId,
    },
}

impl Payload {
    /// The word stored in the log's `kind` column.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Conversation(_) => "conversation",
            Self::ConversationMerged { .. } => "conversation_merged",
            Self::ConversationSplit { .. } => "conversation_split",
            Self::Message(_) => "message",
            Self::Account(_) => "account",
            Self::AccountRemoved { .. } => "account_removed",
            Self::Member(_) => "member",
            Self::Alert(_) => "alert",
            Self::Label(_) => "label",
            Self::LabelRemoved { .. } => "label_removed",
            Self::People(_) => "people",
            Self::Workspace(_) => "workspace",
            Self::History { .. } => "history",
        }
    }

    /// Stamps the position into what is carried, so that log and rows agree.
    pub fn stamp(&mut self, seq: Seq) {
        match self {
            Self::Conversation(v) => v.version = seq,
            Self::Message(v) => v.version = seq,
            Self::Account(v) => v.version = seq,
            Self::Member(v) => v.version = seq,
            Self::Alert(v) => v.version = seq,
            Self::Label(v) => v.version = seq,
            Self::People(v) => v.version = seq,
            Self::Workspace(v) => v.version = seq,
            Self::AccountRemoved { .. }
            | Self::LabelRemoved { .. }
            | Self::ConversationMerged { .. }
            | Self::ConversationSplit { .. }
            | Self::History { .. } => {}
        }
    }
}
