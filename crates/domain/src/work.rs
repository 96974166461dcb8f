//! What a team makes of a conversation: who looks after it, whether it is done, what it is about. `WhatsApp` knows
//! nothing of it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    form::{FieldError, Problem},
    group::GroupNews,
    id::{LabelId, MemberId, Seq},
    text::clean_name,
    time::Timestamp,
};

/// Most labels of a workspace.
pub const MAX_LABELS: usize = 100;
/// Longest name of a label, in characters.
pub const MAX_LABEL_NAME: usize = 40;
/// Colours of labels: what each looks like is the page's business.
pub const LABEL_COLOURS: u8 = 8;

/// Whether there is something to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WorkState {
    /// There is, or may be.
    #[default]
    Open,
    /// It is done. Opens again by itself when the customer writes.
    Resolved,
    /// Later. Opens again by itself then, or when the customer writes.
    Snoozed,
}

impl WorkState {
    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Snoozed => "snoozed",
        }
    }
}

impl fmt::Display for WorkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no state of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no state of a conversation; use open, resolved or snoozed")]
pub struct UnknownWorkState(pub String);

impl FromStr for WorkState {
    type Err = UnknownWorkState;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Open, Self::Resolved, Self::Snoozed]
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| UnknownWorkState(s.to_owned()))
    }
}

/// What a team has made of a conversation so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Work {
    /// Whether there is something to do.
    pub state: WorkState,
    /// When it opens again by itself, while it is snoozed.
    pub snoozed_until: Option<Timestamp>,
    /// Who looks after it.
    pub assignee: Option<MemberId>,
    /// What it is about.
    pub labels: Vec<LabelId>,
}

/// A word for what conversations are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LabelView {
    /// Which one.
    pub id: LabelId,
    /// The word.
    pub name: String,
    /// Which of the [`LABEL_COLOURS`], from 0.
    pub colour: u8,
    /// The event that last changed it.
    pub version: Seq,
}

/// A label as it is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelForm {
    /// The word.
    pub name: String,
    /// Which of the [`LABEL_COLOURS`], from 0.
    pub colour: u8,
}

impl LabelForm {
    /// The name as it is kept.
    #[must_use]
    pub fn clean_name(&self) -> String {
        clean_name(&self.name).unwrap_or_default()
    }

    /// What must be corrected; empty if nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let error = |field: &str, problem| FieldError { field: field.to_owned(), problem };
        let mut errors = Vec::new();
        let name = self.clean_name();
        if name.is_empty() {
            errors.push(error("name", Problem::Required));
        } else if name.chars().count() > MAX_LABEL_NAME {
            errors.push(error("name", Problem::TooLong(MAX_LABEL_NAME)));
        }
        if self.colour >= LABEL_COLOURS {
            let most = u32::from(LABEL_COLOURS) - 1;
            errors.push(error("colour", Problem::NotBetween { least: 0, most }));
        }
        errors
    }
}

/// Something to be done with a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WorkChange {
    /// Gives it to a member, or to nobody.
    Assign {
        /// To whom.
        to: Option<MemberId>,
    },
    /// It is done.
    Resolve,
    /// It is not done after all, or not later but now.
    Reopen,
    /// Puts it off.
    Snooze {
        /// Until when; must lie in the future.
        until: Timestamp,
    },
    /// Says what it is about, or takes that back.
    Label {
        /// Which label.
        label: LabelId,
        /// With it, or without.
        on: bool,
    },
}

/// What a thread tells of such a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", try_from = "crate::flat::FlatActivity")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Activity {
    /// Somebody looks after it now, or nobody.
    Assigned {
        /// The name of who; `None` for nobody.
        to: Option<String>,
        /// Who that is; `None` also in what was written before this was kept.
        #[serde(default)]
        member: Option<MemberId>,
    },
    /// It is done.
    Resolved,
    /// It is to be done again.
    Reopened,
    /// It was put off.
    Snoozed {
        /// Until when.
        until: Timestamp,
    },
    /// Something happened to the group, at `WhatsApp`.
    Group {
        /// What.
        news: GroupNews,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_a_short_name_and_a_known_colour() {
        let wrong = |name: &str, colour| {
            let errors = LabelForm { name: name.to_owned(), colour }.validate();
            errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(wrong(" Orders ", 0), [""; 0]);
        assert_eq!(wrong(&"x".repeat(MAX_LABEL_NAME), LABEL_COLOURS - 1), [""; 0]);
        assert_eq!(wrong(" \u{200b}", 0), ["name"]);
        assert_eq!(wrong(&"x".repeat(MAX_LABEL_NAME + 1), LABEL_COLOURS), ["name", "colour"]);
    }
}
