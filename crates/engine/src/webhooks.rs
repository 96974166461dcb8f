//! The doors for deliveries: who knocks is verified before anything is stored.

use std::{collections::HashSet, net::IpAddr, sync::Arc};

use balas_domain::{AccountId, Address, view::ProviderKind};
use balas_providers::{
    cloud::{self, verify_signature},
    gateway,
};
use balas_store::security;
use bytes::Bytes;

use crate::{Engine, accounts::Runtime};

pub use balas_providers::cloud::ChallengeError;

/// Which address a delivery came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookTarget {
    /// An account's own.
    Account(AccountId),
    /// The one that all numbers of an app share.
    Shared,
}

/// Which address a gateway's delivery came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayTarget {
    /// An account's own.
    Account(AccountId),
    /// That of a phone number, in any spelling.
    Number(String),
    /// The one that all devices of a gateway share.
    Shared,
}

/// Why a delivery was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Answer 401.
    #[error(
        "the signature does not fit; check that the secret entered in Balas (Meta: the app secret; gateway: the webhook secret) is the one that deliveries are signed with"
    )]
    BadSignature,
    /// Answer 404.
    #[error("there is no account at this address; copy the webhook URL from the account's page")]
    UnknownAccount,
    /// Answer 400.
    #[error("the body is no delivery about a WhatsApp account")]
    Malformed,
    /// Answer 503: the sender must come again.
    #[error("the delivery could not be stored; send it again")]
    Unavailable,
}

impl Engine {
    /// Answers Meta's verification of a webhook address.
    ///
    /// # Errors
    /// When parameters are missing or the verify token is wrong.
    pub fn webhook_challenge(
        &self,
        target: WebhookTarget,
        mode: Option<&str>,
        token: Option<&str>,
        challenge: Option<&str>,
    ) -> Result<String, ChallengeError> {
        let candidates = match target {
            WebhookTarget::Account(id) => self.accounts.get(id).into_iter().collect(),
            WebhookTarget::Shared => self.accounts.all(),
        };
        let mut answer = cloud::verify_challenge(mode, token, challenge, "");
        for runtime in candidates {
            let Some(link) = runtime.cloud() else { continue };
            answer = answer.or_else(|_| cloud::verify_challenge(mode, token, challenge, &link.verify_token));
        }
        answer
    }

    /// Verifies a delivery and stores it durably; it is processed soon after.
    ///
    /// Every known number in the body must belong to an account whose app secret made the signature, so that nobody
    /// who knows the secret of one account can speak for another.
    ///
    /// # Errors
    /// See [`WebhookError`]; the sender must not take anything but `Ok` for an acknowledgement.
    pub async fn receive_cloud_webhook(
        &self,
        target: WebhookTarget,
        signature: Option<&str>,
        body: Bytes,
        ip: Option<IpAddr>,
    ) -> Result<(), WebhookError> {
        let result = self.admit_delivery(target, signature, &body);
        let account = match target {
            WebhookTarget::Account(id) => Some(id),
            WebhookTarget::Shared => None,
        };
        if self.counted(result, account, ip).await? {
            self.store_delivery(ProviderKind::Cloud, account, body).await?;
        }
        Ok(())
    }

    /// Verifies a gateway's delivery and stores it durably; it is processed soon after.
    ///
    /// Only after the signature was verified is looked at what the body says: whose delivery it is, if the address is
    /// shared by several devices.
    ///
    /// # Errors
    /// See [`WebhookError`]; the sender must not take anything but `Ok` for an acknowledgement.
    pub async fn receive_gateway_webhook(
        &self,
        target: &GatewayTarget,
        signature: Option<&str>,
        body: Bytes,
        ip: Option<IpAddr>,
    ) -> Result<(), WebhookError> {
        let result = self.admit_gateway_delivery(target, signature, &body);
        let account = match (target, &result) {
            (_, Ok(found)) => found.as_ref().map(|runtime| runtime.id),
            (GatewayTarget::Account(id), Err(_)) => Some(*id),
            (_, Err(_)) => None,
        };
        match self.counted(result, account, ip).await? {
            Some(runtime) => self.store_delivery(runtime.kind(), Some(runtime.id), body).await,
            None => Ok(()),
        }
    }

    async fn store_delivery(
        &self,
        provider: ProviderKind,
        account: Option<AccountId>,
        body: Bytes,
    ) -> Result<(), WebhookError> {
        self.journal(provider, account, body).await.map_err(|_| WebhookError::Unavailable)
    }

    /// Counts how it went; a bad signature is written down.
    async fn counted<T>(
        &self,
        result: Result<T, WebhookError>,
        account: Option<AccountId>,
        ip: Option<IpAddr>,
    ) -> Result<T, WebhookError> {
        metrics::counter!("balas_webhooks_total", "result" => match result {
            Ok(_) => "accepted",
            Err(WebhookError::BadSignature) => "bad_signature",
            Err(_) => "refused",
        })
        .increment(1);
        if let Err(WebhookError::BadSignature) = result {
            self.log_bad_signature(account, ip).await;
        }
        result
    }

    /// Whose delivery it is; `None` if nobody's here.
    fn admit_gateway_delivery(
        &self,
        target: &GatewayTarget,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<Option<Arc<Runtime>>, WebhookError> {
        let mut all = self.accounts.all();
        all.retain(|runtime| runtime.gateway().is_some());
        let named = match target {
            GatewayTarget::Account(id) => Some(all.iter().find(|r| r.id == *id)),
            GatewayTarget::Number(number) => {
                let number = Address::phone(number).map_err(|_| WebhookError::UnknownAccount)?;
                Some(all.iter().find(|r| is_number(r, &number)))
            }
            GatewayTarget::Shared => None,
        };
        let named = match named {
            Some(found) => Some(found.ok_or(WebhookError::UnknownAccount)?),
            None => None,
        };
        let signed = |runtime: &Runtime| {
            let secret = runtime.gateway().map(|link| link.webhook_secret.as_str());
            secret.is_some_and(|secret| gateway::verify_signature(secret, signature, body).is_ok())
        };
        let trusted: Vec<_> = match named {
            Some(runtime) if signed(runtime) => vec![runtime],
            Some(_) => Vec::new(),
            None => all.iter().filter(|r| signed(r)).collect(),
        };
        if trusted.is_empty() {
            return Err(WebhookError::BadSignature);
        }
        let Ok(origin) = gateway::origin(body) else {
            // Signed but not understood: kept for a person to look at.
            return named.map_or(Err(WebhookError::Malformed), |r| Ok(Some(Arc::clone(r))));
        };
        Ok(trusted.into_iter().find(|r| is_from(r, &origin, named.is_some())).cloned())
    }

    /// Whether the delivery is worth storing.
    fn admit_delivery(
        &self,
        target: WebhookTarget,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<bool, WebhookError> {
        let fits = |runtime: &Runtime| {
            let secret = runtime.cloud().map(|link| link.app_secret.as_str());
            secret.is_some_and(|secret| verify_signature(secret, signature, body).is_ok())
        };
        let parsed = cloud::parse(body, self.clock.now());
        let numbers: HashSet<String> =
            parsed.iter().flatten().map(|b| b.external_id.clone()).filter(|id| !id.is_empty()).collect();
        let known: Vec<_> =
            numbers.iter().filter_map(|id| self.accounts.by_external_id(ProviderKind::Cloud, id)).collect();
        match target {
            WebhookTarget::Account(id) => {
                let runtime = self.accounts.get(id).filter(|r| r.cloud().is_some());
                let runtime = runtime.ok_or(WebhookError::UnknownAccount)?;
                if !fits(&runtime) || !known.iter().all(|r| fits(r)) {
                    return Err(WebhookError::BadSignature);
                }
                // Signed but not understood: kept for a person to look at, and acknowledged, or it would come for days.
                Ok(true)
            }
            WebhookTarget::Shared => {
                let trusted = if known.is_empty() {
                    self.accounts.all().iter().any(|r| fits(r))
                } else {
                    known.iter().all(|r| fits(r))
                };
                match (trusted, parsed) {
                    (false, _) => Err(WebhookError::BadSignature),
                    (true, Err(_)) => Err(WebhookError::Malformed),
                    (true, Ok(_)) => Ok(!known.is_empty()),
                }
            }
        }
    }

    async fn log_bad_signature(&self, account: Option<AccountId>, ip: Option<IpAddr>) {
        let ip = ip.map(|ip| ip.to_string());
        tracing::warn!(
            account = account.map(tracing::field::display),
            ip,
            "webhook with a bad signature refused"
        );
        let detail = account.map_or_else(|| "shared address".to_owned(), |id| format!("account {id}"));
        let entry = security::SecurityEntry {
            workspace_id: account.and_then(|id| self.accounts.get(id)).map(|r| r.workspace),
            at: self.clock.now(),
            kind: "webhook_bad_signature",
            ip: ip.as_deref(),
            detail: &detail,
        };
        let logged = async {
            let mut tx = self.store.begin().await?;
            security::log(&mut tx, &entry).await?;
            tx.commit().await
        }
        .await;
        if let Err(error) = logged {
            tracing::error!(%error, "security log entry could not be stored");
        }
    }
}

fn is_number(runtime: &Runtime, number: &Address) -> bool {
    runtime.gateway().and_then(|link| link.own.as_ref()).is_some_and(|own| gateway::same_number(own, number))
}

/// Whether the account's own device reports. One that does not say who it is, is believed if it `knows` the account's
/// own address.
fn is_from(runtime: &Runtime, origin: &gateway::Origin, knows: bool) -> bool {
    let Some(link) = runtime.gateway() else { return false };
    match (&origin.session, &origin.own, &link.client.settings().device_id) {
        (Some(session), _, Some(device)) => session == device,
        (_, Some(own), _) => is_number(runtime, own),
        (_, None, _) => knows,
    }
}
