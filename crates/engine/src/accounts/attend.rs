//! Looks after a number of the Cloud API: its settings are checked until Meta has given a definite answer, and from time
//! to time afterwards. A token that was withdrawn, or deliveries that somebody has switched off, show in nothing else as
//! long as nobody writes.

use std::time::Duration;

use balas_domain::{AccountEvent, AccountId, AccountStatus, AlertKind, view::Quality};
use balas_providers::{CheckError, Checked, Provider};
use balas_store::accounts;

use super::{
    registry::{CloudLink, Runtime},
    supervisor::Watch,
};
use crate::{Engine, error::EngineError};

/// A number that worked is taken for lost after so many probes in a row that reached nobody.
const LOST: u32 = 3;

impl Engine {
    pub(super) async fn attend_cloud(&self, id: AccountId, watch: &Watch) {
        let mut failures = 0;
        while let Some(runtime) = self.accounts.get(id) {
            let Some(link) = runtime.cloud() else { return };
            let checked = tokio::select! {
                checked = check(id, link) => checked,
                () = watch.stop.cancelled() => return,
            };
            failures = if checked.is_ok() { 0 } else { failures + 1 };
            let wait = match self.conclude(&runtime, checked, failures).await {
                Ok(Some(wait)) => wait,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(account = %id, %error, "account status could not be stored");
                    self.config.rhythm.backoff(failures.max(1))
                }
            };
            if !watch.pause(self, wait).await {
                return;
            }
        }
    }

    /// Stores what a check found. How long to wait for the next one; `None` if nothing is left to look after.
    async fn conclude(
        &self,
        runtime: &Runtime,
        checked: Result<Checked, CheckError>,
        failures: u32,
    ) -> Result<Option<Duration>, EngineError> {
        let (ws, id, now) = (runtime.workspace, runtime.id, self.clock.now());
        let mut write = self.store.write(ws, now).await?;
        let Some(account) = accounts::view(ws, write.tx(), id).await? else { return Ok(None) };
        // Stopped or failed meanwhile: that stands until someone starts it again.
        if matches!(account.status, AccountStatus::Idle | AccountStatus::Error) {
            return Ok(None);
        }
        let ready = account.status == AccountStatus::Ready;
        let wait = match checked {
            Ok(checked) => {
                let phone = Some(checked.display_phone);
                let quality = checked.quality.as_deref().and_then(Quality::of_word);
                if phone != account.phone || quality.is_some_and(|quality| account.quality != Some(quality)) {
                    let change =
                        accounts::AccountChange { phone, quality, ..accounts::AccountChange::default() };
                    accounts::update(&mut write, id, &change).await?;
                }
                if !ready {
                    let status =
                        account.status.after(AccountEvent::Authenticated)?.after(AccountEvent::Ready)?;
                    accounts::set_status(&mut write, id, status, None).await?;
                }
                if checked.webhook_subscribed {
                    self.close_alert(&mut write, id, AlertKind::Mute).await?;
                } else {
                    self.raise(&mut write, id, AlertKind::Mute, NOT_SUBSCRIBED).await?;
                }
                self.config.rhythm.probe
            }
            Err(error) if error.may_pass() => {
                // Whoever only asks too often has lost nothing, and one lost answer is no lost number.
                let lost = !ready || (failures >= LOST && !matches!(error, CheckError::Busy { .. }));
                if lost {
                    let status = account.status.after(AccountEvent::ConnectionLost)?;
                    accounts::set_status(&mut write, id, status, Some(&error.to_string())).await?;
                }
                self.config.rhythm.backoff(failures)
            }
            Err(error) => {
                let status = account.status.after(AccountEvent::Failed)?;
                accounts::set_status(&mut write, id, status, Some(&error.to_string())).await?;
                self.publish(write).await?;
                return Ok(None);
            }
        };
        self.publish(write).await?;
        self.jobs.wake();
        Ok(Some(wait))
    }
}

/// Whether the number works. Deliveries that are switched off are switched on again.
async fn check(id: AccountId, link: &CloudLink) -> Result<Checked, CheckError> {
    let mut checked = link.client.check().await?;
    if !checked.webhook_subscribed {
        match link.client.subscribe().await {
            Ok(()) => {
                tracing::warn!(account = %id, "Meta's deliveries were switched off, and are on again");
                checked.webhook_subscribed = true;
            }
            Err(error) => tracing::warn!(account = %id, %error, "Meta's deliveries are switched off"),
        }
    }
    Ok(checked)
}

const NOT_SUBSCRIBED: &str = "Meta delivers nothing here: no app is subscribed to the business account, and it cannot be subscribed \
                              with this token. Give the token's system user the permission whatsapp_business_management, or \
                              subscribe the app in Meta's App Dashboard > WhatsApp > Configuration.";
