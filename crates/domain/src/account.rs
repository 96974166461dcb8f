//! The life of an account as a state machine.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where an account is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AccountStatus {
    /// Not running.
    Idle,
    /// Starting: reaching the provider.
    Loading,
    /// Waits for its QR code to be scanned.
    Qr,
    /// Waits for its pairing code to be typed.
    Pairing,
    /// Linked, not yet usable.
    Authenticated,
    /// Sends and receives.
    Ready,
    /// Lost its connection; comes back by itself.
    Disconnected,
    /// Needs a person; the reason stands beside it.
    Error,
}

/// What can happen to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountEvent {
    /// A member or the boot starts it.
    Start,
    /// The provider shows a QR code.
    QrShown,
    /// The provider gave a pairing code.
    PairingCodeShown,
    /// The phone accepted the link, or the credentials were accepted.
    Authenticated,
    /// Messages flow.
    Ready,
    /// The connection was lost.
    ConnectionLost,
    /// A member stops it, or logs it out.
    Stop,
    /// Something that only a person can mend.
    Failed,
}

/// The event is not possible in this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account that is {from} cannot take {event:?}")]
pub struct IllegalTransition {
    /// The status it is in.
    pub from: AccountStatus,
    /// What was tried.
    pub event: AccountEvent,
}

impl AccountStatus {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Loading,
        Self::Qr,
        Self::Pairing,
        Self::Authenticated,
        Self::Ready,
        Self::Disconnected,
        Self::Error,
    ];

    /// The status after the event.
    ///
    /// # Errors
    /// When the event is not possible here.
    pub const fn after(self, event: AccountEvent) -> Result<Self, IllegalTransition> {
        use AccountEvent as E;
        use AccountStatus as S;
        Ok(match (self, event) {
            (_, E::Failed) => S::Error,
            (_, E::Stop) => S::Idle,
            (S::Idle | S::Error | S::Disconnected, E::Start) => S::Loading,
            // A QR code is renewed and may be swapped for a pairing code and back.
            (S::Loading | S::Qr | S::Pairing | S::Disconnected, E::QrShown) => S::Qr,
            (S::Loading | S::Qr | S::Pairing | S::Disconnected, E::PairingCodeShown) => S::Pairing,
            (S::Loading | S::Qr | S::Pairing | S::Disconnected, E::Authenticated) => S::Authenticated,
            // Providers may report `ready` twice.
            (S::Authenticated | S::Disconnected | S::Ready, E::Ready) => S::Ready,
            (
                S::Loading | S::Qr | S::Pairing | S::Authenticated | S::Ready | S::Disconnected,
                E::ConnectionLost,
            ) => S::Disconnected,
            (from, event) => return Err(IllegalTransition { from, event }),
        })
    }

    /// The status after the events, one after the other.
    ///
    /// # Errors
    /// When one of them is not possible where it comes.
    pub fn after_all(self, events: &[AccountEvent]) -> Result<Self, IllegalTransition> {
        events.iter().try_fold(self, |status, event| status.after(*event))
    }

    /// Whether messages can be sent right now.
    #[must_use]
    pub const fn can_send(self) -> bool {
        matches!(self, Self::Ready)
    }

    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Loading => "loading",
            Self::Qr => "qr",
            Self::Pairing => "pairing",
            Self::Authenticated => "authenticated",
            Self::Ready => "ready",
            Self::Disconnected => "disconnected",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no account status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no account status")]
pub struct UnknownAccountStatus(pub String);

impl FromStr for AccountStatus {
    type Err = UnknownAccountStatus;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|x| x.as_str() == s).ok_or_else(|| UnknownAccountStatus(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AccountEvent as E;
    use AccountStatus as S;

    #[test]
    fn the_common_lives() {
        let linked =
            [E::Start, E::QrShown, E::QrShown, E::Authenticated, E::Ready, E::ConnectionLost, E::Start];
        let states: Vec<_> = linked
            .iter()
            .scan(S::Idle, |s, e| {
                *s = s.after(*e).unwrap();
                Some(*s)
            })
            .collect();
        assert_eq!(
            states,
            [S::Loading, S::Qr, S::Qr, S::Authenticated, S::Ready, S::Disconnected, S::Loading]
        );
    }

    #[test]
    fn illegal_moves_say_so() {
        assert!(S::Idle.after(E::Ready).is_err());
        assert!(S::Ready.after(E::QrShown).is_err());
        assert!(S::Ready.after(E::Start).is_err());
        for s in S::ALL {
            assert_eq!(s.after(E::Failed), Ok(S::Error));
            assert_eq!(s.after(E::Stop), Ok(S::Idle));
            assert_eq!(s.as_str().parse::<S>().unwrap(), s);
        }
    }
}
