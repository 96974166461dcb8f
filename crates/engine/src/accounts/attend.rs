//! Looks after a number of the Cloud API: its settings are checked until Meta has given a definite answer.

use balas_domain::{AccountEvent, AccountId, AccountStatus};
use balas_providers::{CheckError, Checked, Provider};
use balas_store::accounts;

use super::{registry::Runtime, supervisor::Watch};
use crate::{Engine, error::EngineError};

impl Engine {
    pub(super) async fn attend_cloud(&self, id: AccountId, watch: &Watch) {
        let mut failures = 0;
        while let Some(runtime) = self.accounts.get(id) {
            let Some(link) = runtime.cloud() else { return };
            let checked = tokio::select! {
                checked = link.client.check() => checked,
                () = watch.stop.cancelled() => return,
            };
            match self.conclude(&runtime, checked).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(account = %id, %error, "account status could not be stored"),
            }
            failures += 1;
            if !watch.pause(self, self.config.rhythm.backoff(failures)).await {
                return;
            }
        }
    }

    /// Stores what a check found. `true` if that is the last word.
    async fn conclude(
        &self,
        runtime: &Runtime,
        checked: Result<Checked, CheckError>,
    ) -> Result<bool, EngineError> {
        let (ws, id, now) = (runtime.workspace, runtime.id, self.clock.now());
        let mut write = self.store.write(ws, now).await?;
        let Some(account) = accounts::view(ws, write.tx(), id).await? else { return Ok(true) };
        // Stopped or failed meanwhile: that stands until someone starts it again.
        if matches!(account.status, AccountStatus::Idle | AccountStatus::Error) {
            return Ok(true);
        }
        let done = match checked {
            Ok(checked) => {
                let phone = Some(checked.display_phone);
                if phone != account.phone {
                    let change = accounts::AccountChange { phone, ..accounts::AccountChange::default() };
                    accounts::update(&mut write, id, &change).await?;
                }
                let status = match account.status {
                    AccountStatus::Ready => AccountStatus::Ready,
                    other => other.after(AccountEvent::Authenticated)?.after(AccountEvent::Ready)?,
                };
                accounts::set_status(&mut write, id, status, None).await?;
                true
            }
            Err(error) if error.may_pass() => {
                let status = account.status.after(AccountEvent::ConnectionLost)?;
                accounts::set_status(&mut write, id, status, Some(&error.to_string())).await?;
                false
            }
            Err(error) => {
                let status = account.status.after(AccountEvent::Failed)?;
                accounts::set_status(&mut write, id, status, Some(&error.to_string())).await?;
                true
            }
        };
        self.publish(write).await?;
        self.jobs.wake();
        Ok(done)
    }
}
