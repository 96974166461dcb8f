//! Who is who: several names of one person, and how contacts become one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    address::IdentityKind,
    content::Preview,
    id::{ContactId, MergeId, Seq},
    time::Timestamp,
    view::ContactView,
};

/// Why two contacts are, or may be, one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MergeReason {
    /// `WhatsApp` names both as one.
    Told,
    /// Their numbers are spellings of the same line.
    Number,
    /// A colleague says so.
    Member,
}

impl MergeReason {
    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Number => "number",
            Self::Member => "member",
        }
    }
}

impl fmt::Display for MergeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no reason to merge contacts")]
pub struct UnknownMergeReason(pub String);

impl FromStr for MergeReason {
    type Err = UnknownMergeReason;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Told, Self::Number, Self::Member]
            .into_iter()
            .find(|r| r.as_str() == s)
            .ok_or_else(|| UnknownMergeReason(s.to_owned()))
    }
}

/// What changes when contacts become one, part, or may be one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PeopleView {
    /// Pairs of contacts that may be one person.
    pub suggestions: u32,
    /// The event that last changed it.
    pub version: Seq,
}

/// A contact as one tells it from another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonView {
    /// The contact.
    pub contact: ContactView,
    /// One line of the newest message with it, on any number.
    pub last: Option<Preview>,
    /// When that was written.
    pub last_at: Option<Timestamp>,
}

/// Two contacts that may be one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuggestionView {
    /// One of them.
    pub first: PersonView,
    /// The other.
    pub second: PersonView,
    /// Why.
    pub reason: MergeReason,
    /// Since when.
    pub at: Timestamp,
}

/// A name under which `WhatsApp` knows a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IdentityView {
    /// What kind of name.
    pub kind: IdentityKind,
    /// The name itself. Only a `phone` is a number.
    pub value: String,
}

/// Two contacts that became one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MergeView {
    /// Which merge.
    pub id: MergeId,
    /// The contact that stayed.
    pub kept: ContactId,
    /// What that was called before.
    pub kept_name: String,
    /// What the other was called.
    pub gone_name: String,
    /// Why.
    pub reason: MergeReason,
    /// The name of who did it; `None` if nobody did.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Whether it can be undone now: what became of it since must be undone first.
    pub undoable: bool,
    /// When it was undone.
    pub undone_at: Option<Timestamp>,
}

/// A contact with all its names and how they came together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactDetails {
    /// The contact.
    pub contact: ContactView,
    /// All its names.
    pub identities: Vec<IdentityView>,
    /// What was merged into it and is not undone, newest first.
    pub merges: Vec<MergeView>,
}
