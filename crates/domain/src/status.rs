//! A message's way to its reader, as a lattice: reports may come in any order and any number of times.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How far a message has come, lowest first. The order *is* the rule: merging two reports takes the higher one.
///
/// `Failed` stands between `Sent` and `Delivered`: a failure reported after sending counts, but a later sign of
/// delivery proves it wrong, and a failure that straggles in after delivery changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MessageStatus {
    /// Stored, waits for its turn.
    Queued,
    /// Handed to the provider, no answer yet.
    Sending,
    /// The answer was lost: it may have gone out. Never blindly sent again.
    Unknown,
    /// The provider has it.
    Sent,
    /// It will not arrive; the reason stands beside it.
    Failed,
    /// It is on the reader's phone.
    Delivered,
    /// The reader has seen it. (Incoming messages: stored.)
    Read,
    /// A voice message was listened to.
    Played,
}

impl MessageStatus {
    /// All of them, lowest first.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Sending,
        Self::Unknown,
        Self::Sent,
        Self::Failed,
        Self::Delivered,
        Self::Read,
        Self::Played,
    ];

    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
        }
    }
}

impl fmt::Display for MessageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no message status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no message status")]
pub struct UnknownStatus(pub String);

impl FromStr for MessageStatus {
    type Err = UnknownStatus;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|x| x.as_str() == s).ok_or_else(|| UnknownStatus(s.to_owned()))
    }
}

/// A status within an attempt. An agent's "retry" starts the next attempt, which outranks every report on the last
/// one; without the attempt a retried message could never leave `Failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Counts from 1 with each retry that an agent asked for.
    pub attempt: i32,
    /// How far that attempt has come.
    pub status: MessageStatus,
}

impl Delivery {
    /// A message that was just stored.
    pub const QUEUED: Self = Self { attempt: 1, status: MessageStatus::Queued };

    /// What two reports say together. Commutative, associative, idempotent.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        self.max(other)
    }

    /// This attempt with another report on it.
    #[must_use]
    pub fn reported(self, status: MessageStatus) -> Self {
        self.merge(Self { attempt: self.attempt, status })
    }

    /// The next attempt, if this one failed or its outcome is unknown; `None` otherwise.
    #[must_use]
    pub fn retried(self) -> Option<Self> {
        matches!(self.status, MessageStatus::Failed | MessageStatus::Unknown)
            .then(|| Self { attempt: self.attempt + 1, status: MessageStatus::Queued })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_status() -> impl Strategy<Value = MessageStatus> {
        proptest::sample::select(&MessageStatus::ALL[..])
    }

    fn any_delivery() -> impl Strategy<Value = Delivery> {
        (1..4, any_status()).prop_map(|(attempt, status)| Delivery { attempt, status })
    }

    proptest! {
        #[test]
        fn merge_is_a_join(a in any_delivery(), b in any_delivery(), c in any_delivery()) {
            prop_assert_eq!(a.merge(a), a);
            prop_assert_eq!(a.merge(b), b.merge(a));
            prop_assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
        }

        #[test]
        fn order_and_repetition_do_not_matter(reports in proptest::collection::vec(any_status(), 0..12), seed in any::<u64>()) {
            let ordered = reports.iter().fold(Delivery::QUEUED, |d, s| d.reported(*s));
            let mut shuffled = reports.clone();
            shuffled.extend(reports);
            let n = shuffled.len().max(1);
            shuffled.rotate_left(seed as usize % n);
            shuffled.reverse();
            prop_assert_eq!(shuffled.into_iter().fold(Delivery::QUEUED, Delivery::reported), ordered);
        }

        #[test]
        fn never_goes_back(d in any_delivery(), s in any_status()) {
            prop_assert!(d.reported(s) >= d);
        }
    }

    #[test]
    fn failure_and_delivery() {
        let sent = Delivery { attempt: 1, status: MessageStatus::Sent };
        let failed = sent.reported(MessageStatus::Failed);
        assert_eq!(failed.status, MessageStatus::Failed);
        assert_eq!(failed.reported(MessageStatus::Sent).status, MessageStatus::Failed);
        assert_eq!(failed.reported(MessageStatus::Delivered).status, MessageStatus::Delivered);
        assert_eq!(
            sent.reported(MessageStatus::Read).reported(MessageStatus::Failed).status,
            MessageStatus::Read
        );
        assert_eq!(sent.retried(), None);
        let again = failed.retried().unwrap();
        assert_eq!(again, Delivery { attempt: 2, status: MessageStatus::Queued });
        assert_eq!(again.merge(failed), again);
    }

    #[test]
    fn words_survive() {
        for s in MessageStatus::ALL {
            assert_eq!(s.as_str().parse::<MessageStatus>().unwrap(), s);
        }
    }
}
