//! Identifiers: UUIDv7 newtypes, so that a message's id can never stand where an account's is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ambient::Random, time::Timestamp};

/// Makes a `UUIDv7` from a time and random bytes (RFC 9562, section 5.7; the fraction of the millisecond as in
/// section 6.2, method 3).
///
/// Ids of different microseconds sort like their times.
#[must_use]
pub fn uuid_v7(now: Timestamp, random: &dyn Random) -> Uuid {
    let mut bytes = [0_u8; 10];
    random.fill(&mut bytes);
    let micros = now.0.max(0).unsigned_abs();
    let fraction = ((micros % 1_000) * 4_096 / 1_000) as u16;
    bytes[..2].copy_from_slice(&fraction.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(micros / 1_000, &bytes).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id from the given time and randomness.
            #[must_use]
            pub fn new(now: Timestamp, random: &dyn Random) -> Self {
                Self(uuid_v7(now, random))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant. First argument of every store function, first bound value of every query.
    WorkspaceId;
    /// A person who signs in.
    MemberId;
    /// One connected WhatsApp number.
    AccountId;
    /// A person or business that writes to a number.
    ContactId;
    /// One contact's or one group's thread on one account.
    ConversationId;
    /// One message. Outgoing ones are made by the composer, so that the same id sent twice is one message.
    MessageId;
    /// Something that people must be told about an account.
    AlertId;
    /// A word for what conversations are about.
    LabelId;
    /// Two contacts that became one.
    MergeId;
    /// A file on its way here from somebody's browser.
    UploadId;
    /// One durable job.
    JobId;
    /// A REST bearer token's row (never the token itself).
    TokenId;
    /// A sign-in's row (never the cookie's value).
    SessionId;
    /// A workspace's data key.
    KeyId;
}

/// Position in a workspace's event log: gapless, starting at 1; 0 is "before everything".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Seq(pub i64);

impl Seq {
    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::test::CountingRandom;

    #[test]
    fn ids_carry_their_time_and_version() {
        let id = MessageId::new(Timestamp::from_millis(1_750_000_000_123), &CountingRandom::default());
        assert_eq!(id.0.get_version_num(), 7);
        let (seconds, nanos) = id.0.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_750_000_000, 123));
    }

    #[test]
    fn ids_of_different_microseconds_sort_like_their_times() {
        let random = CountingRandom::default();
        let ids: Vec<MessageId> =
            (0..5_000).map(|n| MessageId::new(Timestamp(1_750_000_000_123_456 + n), &random)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn ids_survive_text() {
        let id = AccountId::new(Timestamp::from_millis(1), &CountingRandom::default());
        assert_eq!(id.to_string().parse::<AccountId>().unwrap(), id);
    }
}
