//! The door for Meta's deliveries: who knocks is verified before anything is stored.

use std::{collections::HashSet, net::IpAddr};

use balas_domain::AccountId;
use balas_providers::cloud::{self, verify_signature};
use balas_store::security;
use bytes::Bytes;

use crate::Engine;

pub use balas_providers::cloud::ChallengeError;

/// Which address a delivery came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookTarget {
    /// An account's own.
    Account(AccountId),
    /// The one that all numbers of an app share.
    Shared,
}

/// Why a delivery was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Answer 401.
    #[error(
        "the signature does not fit; check that the app secret entered in Balas is that of the app which delivers"
    )]
    BadSignature,
    /// Answer 404.
    #[error("there is no account at this address; copy the webhook URL from the account's page")]
    UnknownAccount,
    /// Answer 400.
    #[error("the body is no delivery about a WhatsApp business account")]
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
            answer =
                answer.or_else(|_| cloud::verify_challenge(mode, token, challenge, &runtime.verify_token));
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
        metrics::counter!("balas_webhooks_total", "result" => match result {
            Ok(_) => "accepted",
            Err(WebhookError::BadSignature) => "bad_signature",
            Err(_) => "refused",
        })
        .increment(1);
        match result {
            Ok(true) => self.journal(account, body).await.map_err(|_| WebhookError::Unavailable),
            Ok(false) => Ok(()),
            Err(error) => {
                if error == WebhookError::BadSignature {
                    self.log_bad_signature(account, ip).await;
                }
                Err(error)
            }
        }
    }

    /// Whether the delivery is worth storing.
    fn admit_delivery(
        &self,
        target: WebhookTarget,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<bool, WebhookError> {
        let fits = |secret: &str| verify_signature(secret, signature, body).is_ok();
        let parsed = cloud::parse(body, self.clock.now());
        let numbers: HashSet<String> =
            parsed.iter().flatten().map(|b| b.external_id.clone()).filter(|id| !id.is_empty()).collect();
        let known: Vec<_> = numbers.iter().filter_map(|id| self.accounts.by_external_id(id)).collect();
        match target {
            WebhookTarget::Account(id) => {
                let runtime = self.accounts.get(id).ok_or(WebhookError::UnknownAccount)?;
                if !fits(&runtime.app_secret) || !known.iter().all(|r| fits(&r.app_secret)) {
                    return Err(WebhookError::BadSignature);
                }
                // Signed but not understood: kept for a person to look at, and acknowledged, or it would come for days.
                Ok(true)
            }
            WebhookTarget::Shared => {
                let trusted = if known.is_empty() {
                    self.accounts.all().iter().any(|r| fits(&r.app_secret))
                } else {
                    known.iter().all(|r| fits(&r.app_secret))
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
