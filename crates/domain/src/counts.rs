//! How many conversations there are to do, for the numbers beside filters.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, LabelId};

/// Who looks after a conversation, as seen by somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// Oneself.
    Mine,
    /// Nobody.
    Nobodys,
    /// A colleague.
    Others,
}

/// Conversations that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Of which number.
    pub account: AccountId,
    /// Who looks after them.
    pub whose: Whose,
    /// Groups, or single people.
    pub groups: bool,
    /// Open ones.
    pub open: u32,
    /// Those of them with unread messages.
    pub unread: u32,
    /// Their unread messages.
    pub messages: u32,
}

/// All open conversations of a workspace, counted as one member sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// By number, by whose, by kind; none that is empty.
    pub tallies: Vec<Tally>,
    /// Open ones of each label that has some.
    pub labels: Vec<(LabelId, u32)>,
}

impl Counts {
    /// The sum of something over those that are meant.
    #[must_use]
    pub fn sum(&self, meant: impl Fn(&Tally) -> bool, what: impl Fn(&Tally) -> u32) -> u32 {
        self.tallies.iter().filter(|tally| meant(tally)).map(what).sum()
    }
}
