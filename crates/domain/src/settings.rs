//! What a team may set for each of its accounts, and how fast an account of which standing sends.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    form::{FieldError, Problem},
    view::ProviderKind,
};

/// Most messages per chat that are fetched from a phone's history.
pub const MAX_SYNC_LIMIT: u16 = 500;
/// Highest daily limit that can be set.
pub const MAX_DAILY_LIMIT: u32 = 100_000;

/// What may be set for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountSettings {
    /// Starts with the server even if it was stopped or had failed. (What ran when the server ended goes on anyway.)
    pub auto_start: bool,
    /// Messages per chat that are fetched from the phone's history, 0–500.
    pub sync_limit: u16,
    /// Where files are kept.
    pub media_storage: MediaStorage,
    /// How fast it sends. Counts for linked numbers; the Cloud API has a pace of its own.
    pub trust_level: TrustLevel,
    /// Messages that may be sent per day of the workspace's calendar; `None` for as many as the provider takes.
    pub daily_limit: Option<u32>,
}

impl AccountSettings {
    /// What an account begins with. `WhatsApp` blocks linked numbers that suddenly send much, so those begin small.
    #[must_use]
    pub const fn of_new(provider: ProviderKind) -> Self {
        Self {
            auto_start: false,
            sync_limit: 50,
            media_storage: MediaStorage::Local,
            trust_level: TrustLevel::LOWEST,
            daily_limit: match provider {
                ProviderKind::Cloud => None,
                ProviderKind::Gateway | ProviderKind::Bridge => Some(50),
            },
        }
    }

    /// What must be corrected; empty if nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.sync_limit > MAX_SYNC_LIMIT {
            let problem = Problem::NotBetween { least: 0, most: u32::from(MAX_SYNC_LIMIT) };
            errors.push(FieldError { field: "sync_limit".to_owned(), problem });
        }
        if self.daily_limit.is_some_and(|n| n == 0 || n > MAX_DAILY_LIMIT) {
            let problem = Problem::NotBetween { least: 1, most: MAX_DAILY_LIMIT };
            errors.push(FieldError { field: "daily_limit".to_owned(), problem });
        }
        errors
    }
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self::of_new(ProviderKind::Cloud)
    }
}

/// Where files are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MediaStorage {
    /// In the server's data folder.
    #[default]
    Local,
    /// In an S3 bucket.
    S3,
}

impl MediaStorage {
    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::S3 => "s3",
        }
    }
}

impl fmt::Display for MediaStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no place for files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no place for files; use local or s3")]
pub struct UnknownMediaStorage(pub String);

impl FromStr for MediaStorage {
    type Err = UnknownMediaStorage;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Local, Self::S3]
            .into_iter()
            .find(|x| x.as_str() == s)
            .ok_or_else(|| UnknownMediaStorage(s.to_owned()))
    }
}

/// How well established a linked number is, 1 to 5: the higher, the faster it may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u8))]
pub struct TrustLevel(u8);

/// The number is no trust level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no trust level; use 1 to 5")]
pub struct NoTrustLevel(pub u8);

impl TryFrom<u8> for TrustLevel {
    type Error = NoTrustLevel;
    fn try_from(n: u8) -> Result<Self, NoTrustLevel> {
        if (1..=5).contains(&n) { Ok(Self(n)) } else { Err(NoTrustLevel(n)) }
    }
}

impl From<TrustLevel> for u8 {
    fn from(level: TrustLevel) -> Self {
        level.0
    }
}

impl TrustLevel {
    /// A number that was linked just now.
    pub const LOWEST: Self = Self(1);

    /// All of them, lowest first.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// How fast a linked number of this standing sends. `WhatsApp` publishes no figures; these keep far below what is
    /// known to have got numbers blocked, and a person who answers customers will not notice them.
    ///
    /// | level | for | at once | then one each |
    /// |---|---|---|---|
    /// | 1 | linked just now | 3 | 10 s |
    /// | 2 | in use for some days | 5 | 6 s |
    /// | 3 | in use for weeks | 10 | 3 s |
    /// | 4 | well known to its customers | 15 | 2 s |
    /// | 5 | years old, rarely reported | 20 | 1 s |
    #[must_use]
    pub const fn pace(self) -> Pace {
        let (burst, seconds) = match self.0 {
            0 | 1 => (3, 10),
            2 => (5, 6),
            3 => (10, 3),
            4 => (15, 2),
            _ => (20, 1),
        };
        Pace { burst, each: Duration::from_secs(seconds) }
    }
}

/// How fast an account sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Messages that may go at once after a pause.
    pub burst: u32,
    /// After them one goes each time this has passed.
    pub each: Duration,
}

/// What an account sent on its last day of sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DailyUse {
    /// Which day: days since 1970 on the workspace's calendar. On any other day nothing was sent yet.
    pub day: i64,
    /// Messages sent on it.
    pub sent: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_level_is_never_slower() {
        for pair in TrustLevel::ALL.windows(2) {
            let (lower, higher) = (pair[0].pace(), pair[1].pace());
            assert!(lower.burst < higher.burst && lower.each > higher.each);
        }
        assert!(TrustLevel::try_from(0).is_err() && TrustLevel::try_from(6).is_err());
        assert!(serde_json::from_str::<TrustLevel>("9").is_err());
    }

    #[test]
    fn limits_have_bounds() {
        let good = AccountSettings::of_new(ProviderKind::Gateway);
        assert_eq!(good.validate(), []);
        assert_eq!((good.daily_limit, good.sync_limit, good.auto_start), (Some(50), 50, false));
        let fields =
            |s: AccountSettings| s.validate().into_iter().map(|e| e.field).collect::<Vec<_>>().join(" ");
        assert_eq!(fields(AccountSettings { sync_limit: 501, ..good.clone() }), "sync_limit");
        assert_eq!(fields(AccountSettings { daily_limit: Some(0), ..good.clone() }), "daily_limit");
        assert_eq!(fields(AccountSettings { daily_limit: None, sync_limit: 0, ..good }), "");
        assert_eq!("s3".parse(), Ok(MediaStorage::S3));
    }
}
