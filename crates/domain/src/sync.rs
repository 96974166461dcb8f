//! Bringing over what was said on a phone before its number was connected.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Chats that are brought over unless a workspace says otherwise.
pub const SYNC_CHATS: u32 = 500;
/// How many days back chats are brought over unless a workspace says otherwise.
pub const SYNC_DAYS: u32 = 30;
/// Fewer days than this are no history.
pub const LEAST_SYNC_DAYS: u32 = 7;

/// How far the history of a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SyncState {
    /// Asked for; not begun.
    Pending,
    /// On its way.
    Syncing,
    /// All here.
    Completed,
    /// Given up; the error says why.
    Failed,
}

impl SyncState {
    const ALL: [Self; 4] = [Self::Pending, Self::Syncing, Self::Completed, Self::Failed];

    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Syncing => "syncing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Whether there is more to come.
    #[must_use]
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Pending | Self::Syncing)
    }
}

/// No such state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown state of a history: {0}")]
pub struct UnknownSyncState(String);

impl fmt::Display for SyncState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SyncState {
    type Err = UnknownSyncState;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| UnknownSyncState(word.to_owned()))
    }
}

/// The history of a number, as screens show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncView {
    /// How far it is.
    pub state: SyncState,
    /// Chats that are here.
    pub done: u32,
    /// Chats that are meant, as far as is known. Meta counts in hundredths instead.
    pub total: u32,
    /// Messages that this brought, those left out that were here already.
    pub messages: u32,
    /// What went wrong, for people. While it goes on: what it waits for.
    pub error: Option<String>,
    /// It looks by itself whether there is more. Nobody waits for it.
    pub quiet: bool,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl SyncView {
    /// All chats that are known of are here. Nothing says whether a phone has handed over its whole past, so it is looked
    /// for a while whether more come.
    #[must_use]
    pub const fn only_looks(&self) -> bool {
        matches!(self.state, SyncState::Syncing) && self.total > 0 && self.done >= self.total
    }

    /// How far it is, in hundredths.
    #[must_use]
    pub fn percent(&self) -> u32 {
        match (self.state, self.total) {
            (SyncState::Completed, _) => 100,
            (_, 0) => 0,
            // Rounded, but never complete before it is.
            (_, total) if self.done < total => {
                let rounded = (u64::from(self.done) * 200 + u64::from(total)) / (u64::from(total) * 2);
                u32::try_from(rounded).map_or(99, |n| n.min(99))
            }
            _ => 100,
        }
    }
}

/// Messages that had been missed and were fetched later, of one chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GapView {
    /// Where.
    pub conversation_id: crate::ConversationId,
    /// What that conversation is called.
    pub title: String,
    /// The newest message that was known before the gap.
    pub after: Option<Timestamp>,
    /// The first of the missed ones.
    pub first_at: Timestamp,
    /// The last of them.
    pub last_at: Timestamp,
    /// How many they were.
    pub messages: u32,
    /// When they were fetched.
    pub filled_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths() {
        let view = |state, done, total| SyncView {
            state,
            done,
            total,
            messages: 0,
            error: None,
            quiet: false,
            started_at: Timestamp(0),
            finished_at: None,
        };
        assert_eq!(view(SyncState::Syncing, 45, 120).percent(), 38);
        assert_eq!(view(SyncState::Syncing, 999, 1000).percent(), 99);
        assert_eq!(view(SyncState::Syncing, 1, u32::MAX).percent(), 0);
        assert_eq!(view(SyncState::Pending, 0, 0).percent(), 0);
        assert_eq!(view(SyncState::Syncing, u32::MAX, 1).percent(), 100);
        assert_eq!(view(SyncState::Completed, 0, 0).percent(), 100);
        assert!(view(SyncState::Syncing, 120, 120).only_looks());
        let others =
            [(SyncState::Syncing, 119, 120), (SyncState::Syncing, 0, 0), (SyncState::Completed, 1, 1)];
        assert!(!others.into_iter().any(|(state, done, total)| view(state, done, total).only_looks()));
    }

    #[test]
    fn words() {
        for state in SyncState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }
}
