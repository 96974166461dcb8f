//! What people must be told about an account.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountId, AlertId, Seq},
    time::Timestamp,
};

/// What is wrong. An account has at most one open alert of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AlertKind {
    /// Connected, but its deliveries do not arrive here.
    Mute,
    /// Disconnected or in error for longer than the workspace puts up with.
    NotConnected,
    /// One message after the other cannot be sent.
    Failing,
    /// The bridge that runs it has ended by itself.
    BridgeRestarted,
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mute, Self::NotConnected, Self::Failing, Self::BridgeRestarted];

    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::NotConnected => "not_connected",
            Self::Failing => "failing",
            Self::BridgeRestarted => "bridge_restarted",
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no kind of alert.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no kind of alert")]
pub struct UnknownAlertKind(pub String);

impl FromStr for AlertKind {
    type Err = UnknownAlertKind;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|x| x.as_str() == s).ok_or_else(|| UnknownAlertKind(s.to_owned()))
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertView {
    /// Which alert.
    pub id: AlertId,
    /// About which account.
    pub account_id: AccountId,
    /// What is wrong.
    pub kind: AlertKind,
    /// What happened and what to do, for people.
    pub detail: String,
    /// Since when.
    pub raised_at: Timestamp,
    /// Somebody has taken note.
    pub acknowledged: Option<Acknowledged>,
    /// When it was over; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// The event that last changed it.
    pub version: Seq,
}

/// Who has taken note of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acknowledged {
    /// Their name.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
