//! What a team may set for each of its accounts, and how fast an account of which standing sends.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    form::{FieldError, Problem, email_problem},
    sync::{LEAST_SYNC_DAYS, SYNC_CHATS, SYNC_DAYS},
    view::ProviderKind,
};

/// Most messages per chat that are fetched from a phone's history.
pub const MAX_SYNC_LIMIT: u16 = 500;
/// Highest daily limit that can be set.
pub const MAX_DAILY_LIMIT: u32 = 100_000;

/// Messages that a new linked number may send on its first, second, … day of sending, if it is set to warm up: about half
/// as many again each day, until its daily limit is reached, or after the last of these any number. `WhatsApp` publishes no
/// figures for linked numbers, but blocks those that send much soon after they were linked.
///
/// Days on which nothing is sent do not count, so a number that rested is not thought to be warm. They are counted from
/// when the account was made, which has one number for good: another number is another account, and begins anew.
pub const WARM_UP: [u32; 13] = [10, 15, 20, 30, 45, 70, 100, 150, 225, 350, 500, 750, 1_000];

/// Longest that an alert can be made to wait, in minutes: a day.
pub const MAX_ALERT_MINUTES: u16 = 1_440;
/// Most chats that can be named as a bound; more is "all".
pub const MAX_SYNC_CHATS: u32 = 100_000;
/// Most days that can be named as a bound; more is "all".
pub const MAX_SYNC_DAYS: u32 = 3_650;
/// Most people who get alerts by e-mail.
pub const MAX_ALERT_EMAILS: usize = 20;

/// What may be set for an account.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, on the screen and in the API"
)]
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
    /// On its first days of sending it may send less than that, each day more: see [`WARM_UP`].
    #[serde(default)]
    pub warm_up: bool,
    /// Customers are told when their messages were read.
    #[serde(default = "on")]
    pub read_receipts: bool,
    /// Customers are shown that somebody types or records: see [`AccountSettings::shows_typing`].
    #[serde(default = "on")]
    pub typing: bool,
}

/// What is not there yet is as it was before one could choose.
const fn on() -> bool {
    true
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
            // Meta raises the limits of its numbers by itself.
            warm_up: !matches!(provider, ProviderKind::Cloud),
            read_receipts: true,
            typing: true,
        }
    }

    /// Whether customers are shown that somebody types. The Cloud API marks their messages as read with it, so there it
    /// goes only together with read receipts.
    #[must_use]
    pub const fn shows_typing(&self, provider: ProviderKind) -> bool {
        self.typing && (self.read_receipts || !matches!(provider, ProviderKind::Cloud))
    }

    /// Messages that may be sent on the n-th day of sending, the first being 1; `None` for any number.
    #[must_use]
    pub fn limit_on(&self, n: u32) -> Option<u32> {
        let warm = WARM_UP.get(n.saturating_sub(1) as usize).copied().filter(|_| self.warm_up);
        match (warm, self.daily_limit) {
            (Some(warm), Some(limit)) => Some(warm.min(limit)),
            (warm, limit) => warm.or(limit),
        }
    }

    /// Whether the n-th day of sending is one on which the number may send less than its daily limit.
    #[must_use]
    pub fn is_warming_up(&self, n: u32) -> bool {
        self.limit_on(n) != self.daily_limit
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

/// What changes of an account's settings; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountSettingsChange {
    /// Starts with the server even if it was stopped or had failed. (What ran when the server ended goes on anyway.)
    pub auto_start: Option<bool>,
    /// Messages per chat that are fetched from the phone's history, 0–500.
    pub sync_limit: Option<u16>,
    /// Where files are kept.
    pub media_storage: Option<MediaStorage>,
    /// How fast it sends. Counts for linked numbers; the Cloud API has a pace of its own.
    pub trust_level: Option<TrustLevel>,
    /// Messages that may be sent per day of the workspace's calendar; `null` for as many as the provider takes.
    #[serde(default, deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub daily_limit: Option<Option<u32>>,
    /// On its first days of sending it may send less than that, each day more.
    pub warm_up: Option<bool>,
    /// Customers are told when their messages were read.
    pub read_receipts: Option<bool>,
    /// Customers are shown that somebody types or records. The Cloud API marks as read with it, so there it goes only
    /// together with read receipts.
    pub typing: Option<bool>,
}

impl AccountSettingsChange {
    /// The settings with this changed.
    #[must_use]
    pub fn applied(&self, old: &AccountSettings) -> AccountSettings {
        AccountSettings {
            auto_start: self.auto_start.unwrap_or(old.auto_start),
            sync_limit: self.sync_limit.unwrap_or(old.sync_limit),
            media_storage: self.media_storage.unwrap_or(old.media_storage),
            trust_level: self.trust_level.unwrap_or(old.trust_level),
            daily_limit: self.daily_limit.unwrap_or(old.daily_limit),
            warm_up: self.warm_up.unwrap_or(old.warm_up),
            read_receipts: self.read_receipts.unwrap_or(old.read_receipts),
            typing: self.typing.unwrap_or(old.typing),
        }
    }
}

impl From<AccountSettings> for AccountSettingsChange {
    /// All of them.
    fn from(all: AccountSettings) -> Self {
        Self {
            auto_start: Some(all.auto_start),
            sync_limit: Some(all.sync_limit),
            media_storage: Some(all.media_storage),
            trust_level: Some(all.trust_level),
            daily_limit: Some(all.daily_limit),
            warm_up: Some(all.warm_up),
            read_receipts: Some(all.read_receipts),
            typing: Some(all.typing),
        }
    }
}

/// What is given may be `null`, which is not the same as left out.
#[expect(clippy::option_option, reason = "left out, null or a number are three things")]
fn given<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self::of_new(ProviderKind::Cloud)
    }
}

/// What may be set for a workspace. What is not there (yet) is as usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceSettings {
    /// Messages may leave by another number of the workspace while their conversation's own is not connected.
    pub fall_back: bool,
    /// An account may be disconnected or in error for so many minutes before an alert is raised.
    pub alert_after_minutes: u16,
    /// Who gets alerts by e-mail.
    pub alert_emails: Vec<String>,
    /// Where alerts are posted to. It is set together with its secret.
    pub alert_webhook: Option<String>,
    /// Chats whose history is brought over when a phone is linked, those with the newest messages first; `None` for all.
    pub sync_chats: Option<u32>,
    /// Only chats in which something was written within so many days, at least 7; `None` for all.
    pub sync_days: Option<u32>,
}

impl Default for WorkspaceSettings {
    fn default() -> Self {
        Self {
            fall_back: false,
            alert_after_minutes: 5,
            alert_emails: Vec::new(),
            alert_webhook: None,
            sync_chats: Some(SYNC_CHATS),
            sync_days: Some(SYNC_DAYS),
        }
    }
}

impl WorkspaceSettings {
    /// What must be corrected; empty if nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !(1..=MAX_ALERT_MINUTES).contains(&self.alert_after_minutes) {
            let problem = Problem::NotBetween { least: 1, most: u32::from(MAX_ALERT_MINUTES) };
            errors.push(FieldError { field: "alert_after_minutes".to_owned(), problem });
        }
        let mut within = |field: &str, set: Option<u32>, least: u32, most: u32| {
            if set.is_some_and(|n| !(least..=most).contains(&n)) {
                errors.push(FieldError {
                    field: field.to_owned(),
                    problem: Problem::NotBetween { least, most },
                });
            }
        };
        within("sync_chats", self.sync_chats, 1, MAX_SYNC_CHATS);
        within("sync_days", self.sync_days, LEAST_SYNC_DAYS, MAX_SYNC_DAYS);
        if self.alert_emails.len() > MAX_ALERT_EMAILS {
            let problem = Problem::NotBetween { least: 0, most: MAX_ALERT_EMAILS as u32 };
            errors.push(FieldError { field: "alert_emails".to_owned(), problem });
        }
        if let Some(problem) = self.alert_emails.iter().find_map(|email| email_problem(email)) {
            errors.push(FieldError { field: "alert_emails".to_owned(), problem });
        }
        errors
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

impl Pace {
    /// How far ahead of its turn a message may go.
    #[must_use]
    pub fn ahead(self) -> Duration {
        self.each.saturating_mul(self.burst.saturating_sub(1))
    }

    /// From when on the next message may go. `due`: when it would go if all of them went one after the other, never at
    /// once. (The generic cell rate algorithm: one moment is all that must be remembered.)
    #[must_use]
    pub fn opens(self, due: Timestamp) -> Timestamp {
        due.before(self.ahead())
    }
}

/// What an account sent on its last day of sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DailyUse {
    /// Which day: days since 1970 on the workspace's calendar. On any other day nothing was sent yet.
    pub day: i64,
    /// Messages sent on it.
    pub sent: u32,
    /// Days before it on which it sent.
    #[serde(default)]
    pub days_before: u32,
}

impl DailyUse {
    /// Messages that count for this day. What was sent on an earlier day no longer does; a later one is today in a time
    /// zone that the workspace has left.
    #[must_use]
    pub const fn sent_on(self, day: i64) -> u32 {
        if self.day >= day { self.sent } else { 0 }
    }

    /// Which day of sending this day is, or would be: the first is 1.
    #[must_use]
    pub const fn nth_day(self, day: i64) -> u32 {
        let over = self.day < day && self.sent > 0;
        self.days_before.saturating_add(over as u32).saturating_add(1)
    }
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

    #[test]
    fn what_is_left_out_of_a_change_stays() {
        let old = AccountSettings {
            auto_start: true,
            sync_limit: 7,
            media_storage: MediaStorage::S3,
            trust_level: TrustLevel(3),
            daily_limit: Some(99),
            warm_up: true,
            read_receipts: false,
            typing: true,
        };
        let read = |json: &str| serde_json::from_str::<AccountSettingsChange>(json);
        assert_eq!(read("{}").unwrap().applied(&old), old);
        let one = read(r#"{"sync_limit": 8}"#).unwrap().applied(&old);
        assert_eq!(one, AccountSettings { sync_limit: 8, ..old.clone() });
        let none = read(r#"{"daily_limit": null, "warm_up": false}"#).unwrap().applied(&old);
        assert_eq!(none, AccountSettings { daily_limit: None, warm_up: false, ..old.clone() });
        let typing = read(r#"{"read_receipts": true, "typing": false}"#).unwrap().applied(&old);
        assert_eq!(typing, AccountSettings { read_receipts: true, typing: false, ..old.clone() });
        let new = AccountSettings::default();
        assert_eq!(AccountSettingsChange::from(new.clone()).applied(&old), new);
        assert!(read(r#"{"warm": false}"#).is_err(), "a misspelt field is no change");
    }

    #[test]
    fn typing_marks_as_read_at_the_cloud_api() {
        let shows = |read_receipts, typing| {
            let settings = AccountSettings { read_receipts, typing, ..AccountSettings::default() };
            [ProviderKind::Cloud, ProviderKind::Gateway, ProviderKind::Bridge]
                .map(|p| settings.shows_typing(p))
        };
        assert_eq!(shows(true, true), [true; 3]);
        assert_eq!(shows(false, true), [false, true, true]);
        assert_eq!(shows(true, false), [false; 3]);
    }

    #[test]
    fn a_new_number_may_send_more_each_day() {
        let all = |settings: &AccountSettings| (1..=14).map(|n| settings.limit_on(n)).collect::<Vec<_>>();
        let new = AccountSettings::of_new(ProviderKind::Gateway);
        assert_eq!(all(&new)[..7], [10, 15, 20, 30, 45, 50, 50].map(Some), "up to the daily limit of 50");
        assert!(new.is_warming_up(5) && !new.is_warming_up(6));
        let open = AccountSettings { daily_limit: None, ..new.clone() };
        assert_eq!(all(&open)[12..], [Some(1_000), None]);
        assert!(all(&open)[..13].is_sorted_by(|a, b| a < b));
        let small = AccountSettings { daily_limit: Some(7), ..new.clone() };
        assert!(all(&small).iter().all(|limit| *limit == Some(7)) && !small.is_warming_up(1));
        let off = AccountSettings { warm_up: false, ..new };
        assert!(all(&off).iter().all(|limit| *limit == Some(50)));
        assert!(!AccountSettings::of_new(ProviderKind::Cloud).warm_up);
    }

    #[test]
    fn only_days_of_sending_count() {
        let fresh = DailyUse::default();
        assert_eq!((fresh.nth_day(20_000), fresh.sent_on(20_000)), (1, 0));
        let used = DailyUse { day: 20_000, sent: 9, days_before: 2 };
        assert_eq!((used.nth_day(20_000), used.sent_on(20_000)), (3, 9));
        assert_eq!((used.nth_day(20_009), used.sent_on(20_009)), (4, 0), "however long it rested");
        assert_eq!((used.nth_day(19_999), used.sent_on(19_999)), (3, 9), "the workspace moved west");
        assert_eq!(DailyUse { sent: 0, ..used }.nth_day(20_001), 3, "nothing went out on it");
    }
}
