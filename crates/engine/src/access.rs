//! Who may do what: the one place that decides, for screens, REST and socket alike.

use balas_domain::{MemberId, Payload, Permission, Role, TokenId, WorkspaceId, view::Author};
use balas_store::messages::AuthorRef;

/// Who acts, where, and with which role. Made only by signing in, by a valid token, or by the system itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Where. Nothing outside of it can be reached.
    pub workspace: WorkspaceId,
    /// Who.
    pub who: Who,
    /// May do what.
    pub role: Role,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A signed-in member.
    Member {
        /// Which one.
        id: MemberId,
        /// Shown name.
        name: String,
    },
    /// A program with a bearer token.
    Token {
        /// Which one.
        id: TokenId,
        /// The token's name.
        name: String,
    },
    /// Balas itself: seeding, command line.
    System,
}

/// The role does not include it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("your role ({role}) does not allow this; ask an admin of your workspace")]
pub struct Denied {
    /// The role that was too low.
    pub role: Role,
    /// What was missing.
    pub permission: Permission,
}

impl Actor {
    /// Balas itself, in the given workspace.
    #[must_use]
    pub const fn system(workspace: WorkspaceId) -> Self {
        Self { workspace, who: Who::System, role: Role::Owner }
    }

    /// Lets through who has the permission.
    ///
    /// # Errors
    /// When the role does not include it.
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        if self.role.may(permission) { Ok(()) } else { Err(Denied { role: self.role, permission }) }
    }

    /// The member who acts, if it is one.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        match self.who {
            Who::Member { id, .. } => Some(id),
            Who::Token { .. } | Who::System => None,
        }
    }

    /// How the actor is named at what he writes.
    #[must_use]
    pub fn author(&self) -> Author {
        match &self.who {
            Who::Member { id, name } => Author::Member { id: *id, name: name.clone() },
            Who::Token { name, .. } => Author::Api { name: name.clone() },
            Who::System => Author::Api { name: "Balas".to_owned() },
        }
    }

    /// The actor's name, for logs that people read.
    pub(crate) fn name(&self) -> &str {
        match &self.who {
            Who::Member { name, .. } | Who::Token { name, .. } => name,
            Who::System => "Balas",
        }
    }

    /// The same as it is stored.
    pub(crate) fn author_ref(&self) -> AuthorRef {
        match &self.who {
            Who::Member { id, .. } => AuthorRef::Member(*id),
            Who::Token { name, .. } => AuthorRef::Api(name.clone()),
            Who::System => AuthorRef::Api("Balas".to_owned()),
        }
    }
}

/// Whether an event of the actor's own workspace may be shown to him.
#[must_use]
pub fn may_see(actor: &Actor, payload: &Payload) -> bool {
    actor.role.may(match payload {
        Payload::Conversation(_)
        | Payload::Message(_)
        | Payload::Label(_)
        | Payload::LabelRemoved { .. }
        | Payload::History { .. }
        | Payload::ConversationMerged { .. }
        | Payload::ConversationSplit { .. }
        | Payload::ConversationCleared { .. }
        | Payload::ConversationRemoved { .. }
        | Payload::People(_)
        | Payload::Workspace(_) => Permission::ReadConversations,
        Payload::Account(_) | Payload::AccountRemoved { .. } | Payload::Alert(_) => Permission::ReadAccounts,
        Payload::Member(_) => Permission::ReadMembers,
    })
}
