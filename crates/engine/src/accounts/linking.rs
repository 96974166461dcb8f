//! The QR or pairing code that an account shows while its phone is being linked.
//!
//! A code is as good as a password for as long as it lives, so it is in memory only: no row, no event and no log holds
//! it. Screens learn from the account's `code_expires_at` that there is another one, and ask for it here.

use std::sync::{
    PoisonError,
    atomic::{AtomicBool, Ordering},
};

use balas_domain::{
    AccountEvent, AccountId, AccountStatus, Address, Permission, Timestamp,
    form::{Problem, phone_problem},
    view::ProviderKind,
};
use bytes::Bytes;
use tokio::sync::Mutex;

use super::{gateway::invalid, registry::Runtime, supervisor::Watch};
use crate::{Engine, access::Actor, error::EngineError};

/// How long a pairing code can be typed. No gateway tells; `WhatsApp` ends the attempt after about that time.
const PAIRING_LIFE: std::time::Duration = std::time::Duration::from_secs(160);

/// A QR code to be scanned with `WhatsApp` > Linked devices.
#[derive(Clone, PartialEq, Eq)]
pub struct QrCode {
    /// The picture.
    pub png: Bytes,
    /// Another one is shown from then on.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for QrCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QrCode").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A code to be typed under `WhatsApp` > Linked devices > Link with phone number.
#[derive(Clone, PartialEq, Eq)]
pub struct PairingCode {
    /// As `ABCD-1234`.
    pub code: String,
    /// It means nothing from then on.
    pub expires_at: Timestamp,
    /// The number it is for.
    pub phone: String,
}

impl std::fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairingCode").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What is shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Shown {
    Qr(QrCode),
    Pairing(PairingCode),
}

impl Shown {
    pub(super) const fn expires_at(&self) -> Timestamp {
        match self {
            Self::Qr(qr) => qr.expires_at,
            Self::Pairing(pairing) => pairing.expires_at,
        }
    }
}

/// What an account shows while it links.
#[derive(Default)]
pub(super) struct Linking {
    shown: std::sync::Mutex<Option<Shown>>,
    /// There is a newer one, which is to be fetched.
    outdated: AtomicBool,
    /// Held while the gateway is asked for a code: each one makes the one before void.
    pub(super) asking: Mutex<()>,
}

impl Linking {
    pub(super) fn shown(&self) -> Option<Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn show(&self, shown: Option<Shown>) {
        self.outdated.store(false, Ordering::Relaxed);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// `WhatsApp` shows a QR code that can be scanned until then. If that is longer than ours can, ours is void.
    pub(super) fn replaced(&self, until: Timestamp) {
        if matches!(self.shown(), Some(Shown::Qr(qr)) if qr.expires_at < until) {
            self.outdated.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Relaxed)
    }
}

impl Engine {
    /// The QR code that the account shows now.
    ///
    /// # Errors
    /// When the actor may not manage accounts, or the account shows none.
    pub fn account_qr(&self, actor: &Actor, id: AccountId) -> Result<QrCode, EngineError> {
        match self.shown(actor, id)? {
            Some(Shown::Qr(qr)) => Ok(qr),
            _ => Err(EngineError::NotFound { what: "QR code" }),
        }
    }

    /// The pairing code that the account shows now.
    ///
    /// # Errors
    /// When the actor may not manage accounts, or the account shows none.
    pub fn account_pairing_code(&self, actor: &Actor, id: AccountId) -> Result<PairingCode, EngineError> {
        match self.shown(actor, id)? {
            Some(Shown::Pairing(pairing)) => Ok(pairing),
            _ => Err(EngineError::NotFound { what: "pairing code" }),
        }
    }

    fn shown(&self, actor: &Actor, id: AccountId) -> Result<Option<Shown>, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        self.own_runtime(actor, id)?;
        let shown = self.supervisor.get(id).and_then(|watch| watch.linking.shown());
        Ok(shown.filter(|s| self.clock.now() < s.expires_at()))
    }

    /// Links by pairing code instead of QR code: asks for a code for the account's number. Starts the account if it does
    /// not run.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, its number is not known yet, a phone is linked already, or the
    /// gateway refuses.
    pub async fn pair_account(&self, actor: &Actor, id: AccountId) -> Result<PairingCode, EngineError> {
        let (runtime, watch) = self.ready_to_link(actor, id).await?;
        let own = runtime.gateway().and_then(|link| link.own.as_ref());
        let Some(Address::Phone(digits)) = own else {
            return Err(invalid("phone", Problem::Required));
        };
        self.show_pairing_code(&runtime, &watch, &format!("+{digits}")).await
    }

    /// As [`Engine::pair_account`], for an account that does not know its number yet.
    ///
    /// # Errors
    /// As there, and when it is no phone number with its country code.
    pub async fn pair_account_with(
        &self,
        actor: &Actor,
        id: AccountId,
        phone: &str,
    ) -> Result<PairingCode, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        if let Some(problem) = phone_problem(phone) {
            return Err(invalid("phone", problem));
        }
        let (runtime, watch) = self.ready_to_link(actor, id).await?;
        self.show_pairing_code(&runtime, &watch, phone).await
    }

    /// Links by QR code (again), after a pairing code was shown. Starts the account if it does not run.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, a phone is linked already, or the gateway refuses.
    pub async fn link_account_by_qr(&self, actor: &Actor, id: AccountId) -> Result<QrCode, EngineError> {
        let (runtime, watch) = self.ready_to_link(actor, id).await?;
        self.show_qr(&runtime, &watch).await
    }

    async fn ready_to_link(
        &self,
        actor: &Actor,
        id: AccountId,
    ) -> Result<(std::sync::Arc<Runtime>, std::sync::Arc<Watch>), EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let runtime = self.own_runtime(actor, id)?;
        if runtime.gateway().is_none() {
            return Err(EngineError::Unsupported {
                reason: "a Cloud API number is connected by its token; there is no phone to link",
            });
        }
        let account = self.account(actor, id).await?;
        if matches!(account.status, AccountStatus::Ready | AccountStatus::Authenticated) {
            return Err(balas_providers::CheckError::AlreadyLinked.into());
        }
        if matches!(account.status, AccountStatus::Idle | AccountStatus::Error) {
            self.transition(actor.workspace, id, AccountEvent::Start, None).await?;
            self.governor.reset(id);
            self.run_account(id);
        }
        let watch = match self.supervisor.get(id) {
            Some(watch) => watch,
            None => self.run_account(id),
        };
        if runtime.kind() == ProviderKind::Bridge {
            return Ok((self.reach_bridge(id).await?, watch));
        }
        Ok((runtime, watch))
    }

    /// Asks the gateway for a QR code and shows it.
    pub(super) async fn show_qr(&self, runtime: &Runtime, watch: &Watch) -> Result<QrCode, EngineError> {
        let link = runtime.gateway().ok_or(EngineError::NotFound { what: "account" })?;
        let _asking = watch.linking.asking.lock().await;
        let login = link.client.login().await?;
        let expires_at = self.clock.now().after(login.expires_in);
        let qr = QrCode { png: login.png.into(), expires_at };
        watch.linking.show(Some(Shown::Qr(qr.clone())));
        self.code_shown(runtime, watch, AccountEvent::QrShown, expires_at).await?;
        Ok(qr)
    }

    /// Asks the gateway for a pairing code and shows it.
    pub(super) async fn show_pairing_code(
        &self,
        runtime: &Runtime,
        watch: &Watch,
        phone: &str,
    ) -> Result<PairingCode, EngineError> {
        let link = runtime.gateway().ok_or(EngineError::NotFound { what: "account" })?;
        let _asking = watch.linking.asking.lock().await;
        let code = link.client.pairing_code(phone).await?;
        let expires_at = self.clock.now().after(PAIRING_LIFE);
        let pairing = PairingCode { code, expires_at, phone: phone.to_owned() };
        watch.linking.show(Some(Shown::Pairing(pairing.clone())));
        self.code_shown(runtime, watch, AccountEvent::PairingCodeShown, pairing.expires_at).await?;
        Ok(pairing)
    }

    async fn code_shown(
        &self,
        runtime: &Runtime,
        watch: &Watch,
        event: AccountEvent,
        expires_at: Timestamp,
    ) -> Result<(), EngineError> {
        let (ws, id) = (runtime.workspace, runtime.id);
        let stored = self.transitions(ws, id, &[event], None, Some(expires_at)).await;
        if stored.is_err() {
            watch.linking.show(None);
        }
        watch.wake.notify_one();
        stored.map(drop)
    }
}
