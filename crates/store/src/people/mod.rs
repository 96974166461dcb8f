//! Contacts that become one, may be one, or part again.
//!
//! Merging moves everything of one contact to another: identities, reactions, conversations. What it was before is
//! written down, and each message keeps the conversation that it would stand in otherwise (`origin_id`), so that all
//! of it can be undone, with what came since.

pub(crate) mod conversation;
mod erase;
mod merge;
mod pairs;
mod part;
mod view;

pub use erase::{
    Erased, any_erased, became, conversations_with, erase, groups_with, recall, remember, was_erased,
};
pub use merge::{Why, by_hand, has_become};
pub(crate) use merge::{learned, merge};
pub(crate) use pairs::{Standing, standing};
pub use pairs::{keep_apart, suggest, suggestions};
pub use part::undo;
pub(crate) use view::state;
pub use view::{details, merges};

use balas_domain::{ContactId, Identity, IdentityKind, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::contacts::Names;

/// What a contact is known by, as it is written down for undoing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
struct Person {
    name: Option<String>,
    profile_name: Option<String>,
    // Merges of before have none.
    #[serde(default)]
    profile_named_at: Timestamp,
    username: Option<String>,
    display: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
}

impl Person {
    fn names(self) -> Names {
        let Self { name, profile_name, profile_named_at, username, .. } = self;
        Names { name, profile_name, profile_named_at, username }
    }
}

/// An identity's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
struct Known {
    kind: String,
    value: String,
    scope: String,
    created_at: Timestamp,
}

impl Known {
    fn identity(&self) -> Option<Identity> {
        let kind = [IdentityKind::Phone, IdentityKind::Lid, IdentityKind::User];
        let kind = kind.into_iter().find(|kind| kind.as_str() == self.kind)?;
        Some(Identity { kind, value: self.value.clone() })
    }
}

/// Both as they were before they were merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    kept: Person,
    gone: Person,
    /// Those of the one that is gone.
    identities: Vec<Known>,
}

/// In which order a pair is stored.
fn ordered(a: ContactId, b: ContactId) -> (ContactId, ContactId) {
    if a < b { (a, b) } else { (b, a) }
}
