//! Who may do what. The rules are here so that screens can leave out what a member may not do;
//! the decision itself is taken on the server, in `engine::access`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A member's role, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Answers conversations.
    Agent,
    /// Also sees how well answers come.
    Supervisor,
    /// Also runs numbers and members.
    Admin,
    /// Also decides about the workspace itself. At least one exists.
    Owner,
}

/// Something a member may or may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See conversations, messages and contacts.
    ReadConversations,
    /// Send messages, mark as read.
    Reply,
    /// See accounts and their status.
    ReadAccounts,
    /// Create, change, start, stop, delete accounts; see their secrets' presence.
    ManageAccounts,
    /// See the list of members.
    ReadMembers,
    /// Invite, change, remove members.
    ManageMembers,
    /// See reports and quality figures.
    ReadReports,
    /// Rename and delete labels.
    ManageLabels,
    /// Say that two contacts are one person, or that they are not.
    MergeContacts,
    /// Let contacts that became one part again.
    SplitContacts,
    /// Create and revoke API tokens.
    ManageTokens,
    /// Take a whole conversation away as a file.
    ExportConversations,
    /// Take all messages of a conversation away for good.
    ClearConversations,
    /// Give out, or erase, all that is known of one contact.
    ManagePersonalData,
}

impl Role {
    /// All roles, lowest first.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Supervisor, Self::Admin, Self::Owner];

    /// Whether this role includes the permission.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self >= match permission {
            Permission::ReadConversations
            | Permission::Reply
            | Permission::ReadAccounts
            | Permission::ReadMembers => Self::Agent,
            Permission::ReadReports
            | Permission::ManageLabels
            | Permission::MergeContacts
            | Permission::ExportConversations
            | Permission::ClearConversations => Self::Supervisor,
            Permission::ManageAccounts
            | Permission::ManageMembers
            | Permission::ManageTokens
            | Permission::SplitContacts
            | Permission::ManagePersonalData => Self::Admin,
        }
    }

    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no role; use owner, admin, supervisor or agent")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|r| r.as_str() == s).ok_or_else(|| UnknownRole(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_role_may_all_that_a_lower_one_may() {
        use Permission::*;
        for p in [
            ReadConversations,
            Reply,
            ReadAccounts,
            ManageAccounts,
            ReadMembers,
            ManageMembers,
            ReadReports,
            ManageLabels,
            MergeContacts,
            SplitContacts,
            ManageTokens,
            ExportConversations,
            ClearConversations,
            ManagePersonalData,
        ] {
            for pair in Role::ALL.windows(2) {
                assert!(!pair[0].may(p) || pair[1].may(p), "{p:?}");
            }
        }
        assert!(!Role::Agent.may(ManageAccounts));
        assert!(!Role::Supervisor.may(ManageMembers));
        assert!(Role::Owner.may(ManageTokens));
    }
}
