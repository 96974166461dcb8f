//! How urgent a piece of work is.

use serde::{Deserialize, Serialize};

/// Lanes of the job queue, most urgent first. A campaign never delays a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// A person waits at a screen.
    Urgent = 0,
    /// Automatic answers, read marks.
    High = 1,
    /// Everything else.
    Normal = 2,
    /// Mass sending.
    Campaign = 3,
}

impl Priority {
    /// All of them, most urgent first.
    pub const ALL: [Self; 4] = [Self::Urgent, Self::High, Self::Normal, Self::Campaign];

    /// The number stored in the database.
    #[must_use]
    pub const fn as_i16(self) -> i16 {
        self as i16
    }

    /// From the number stored in the database; unknown numbers are campaigns, which delay nobody.
    #[must_use]
    pub fn from_i16(n: i16) -> Self {
        Self::ALL.into_iter().find(|p| p.as_i16() == n).unwrap_or(Self::Campaign)
    }
}
