//! What people do to accounts of any kind: start, stop, log out, delete, one or many at once.

use std::sync::Arc;

use balas_domain::{
    AccountEvent, AccountId, AccountStatus, Permission, Timestamp, WorkspaceId,
    view::{AccountSetup, AccountView, BatchItem, ProviderKind},
};
use balas_providers::CheckError;
use balas_store::accounts;

use super::{gateway::webhook_path, registry::Runtime, rhythm::jittered};
use crate::{Engine, access::Actor, error::EngineError};

impl Engine {
    /// The account as the engine works with it, if it is the actor's.
    pub(crate) fn own_runtime(&self, actor: &Actor, id: AccountId) -> Result<Arc<Runtime>, EngineError> {
        let found = self.accounts.get(id).filter(|r| r.workspace == actor.workspace);
        found.ok_or(EngineError::NotFound { what: "account" })
    }

    /// What an admin needs to finish setting up an account at the provider.
    ///
    /// # Errors
    /// When the actor may not, or there is no such account.
    pub async fn account_setup(&self, actor: &Actor, id: AccountId) -> Result<AccountSetup, EngineError> {
        let account = self.account(actor, id).await?;
        let runtime = self.own_runtime(actor, id).ok();
        let manages = actor.require(Permission::ManageAccounts).is_ok();
        let cloud = runtime.as_ref().and_then(|r| r.cloud());
        let gateway = runtime.as_ref().and_then(|r| r.gateway());
        Ok(AccountSetup {
            account,
            webhook_path: match gateway {
                Some(_) => webhook_path(id),
                None => format!("/webhooks/cloud/{id}"),
            },
            verify_token: cloud.filter(|_| manages).map(|c| c.verify_token.clone()),
            webhook_by_hand: gateway.is_none_or(|g| g.webhook_by_hand),
            storages: self.files.storages(),
        })
    }

    /// Starts an account: asks the provider in the background; the status tells how it went. A linked number whose
    /// phone is not linked shows a QR code. One that runs already is left alone.
    ///
    /// # Errors
    /// When the actor may not, or there is no such account.
    pub async fn start_account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        match self.transition(actor.workspace, id, AccountEvent::Start, None).await {
            Err(EngineError::Transition(_)) => return self.account(actor, id).await,
            other => other?,
        };
        self.governor.reset(id);
        self.run_account(id);
        self.account(actor, id).await
    }

    /// Stops an account: nothing is sent any more. The login stays, and what comes in is still stored.
    ///
    /// # Errors
    /// When the actor may not, or there is no such account.
    pub async fn stop_account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        self.transition(actor.workspace, id, AccountEvent::Stop, None).await?;
        self.supervisor.end(id);
        if let Some(runtime) = self.accounts.get(id) {
            self.stop_browser(&runtime).await;
        }
        self.account(actor, id).await
    }

    /// Ends the link with the phone and stops the account. Everything that was said stays here.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, it has no login that could end, or the gateway refuses.
    pub async fn log_out_account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let mut runtime = self.own_runtime(actor, id)?;
        let on_bridge = runtime.kind() == ProviderKind::Bridge;
        let _need = on_bridge.then(|| self.bridge.need());
        if on_bridge {
            runtime = self.reach_bridge(id).await?;
        }
        let Some(link) = runtime.gateway() else {
            return Err(EngineError::Unsupported {
                reason: "a Cloud API number has no login to end; stop the account, or revoke its token at Meta",
            });
        };
        match link.client.logout().await {
            Ok(()) | Err(CheckError::NotLinked | CheckError::DeviceUnknown { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // Nobody is told that the link has ended who ended it: the next start shows a code.
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        accounts::set_linked(&mut write, id, false).await?;
        self.publish(write).await?;
        self.stop_account(actor, id).await
    }

    /// Deletes an account and everything that belongs to it.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, or the typed name is not the account's.
    pub async fn delete_account(
        &self,
        actor: &Actor,
        id: AccountId,
        typed_name: &str,
    ) -> Result<(), EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let account = self.account(actor, id).await?;
        if typed_name.trim() != account.name {
            return Err(EngineError::Unconfirmed { expected: account.name });
        }
        self.supervisor.end(id);
        let runtime = self.accounts.get(id);
        self.accounts.remove(id);
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        accounts::delete(&mut write, id).await?;
        if account.provider == ProviderKind::Bridge {
            self.enqueue_forget_device(&mut write, id).await?;
        }
        self.publish(write).await?;
        self.jobs.wake();
        self.governor.reset(id);
        // The gateway may be gone for good, so nobody waits for it.
        let made = |r: &Arc<Runtime>| {
            r.kind() == ProviderKind::Gateway && r.gateway().is_some_and(|g| g.device_made)
        };
        if let Some(runtime) = runtime.filter(made) {
            self.tasks.spawn(async move {
                let Some(link) = runtime.gateway() else { return };
                if let Err(error) = link.client.delete_device().await {
                    tracing::warn!(account = %id, %error, "the device of a deleted account is left at its gateway");
                }
            });
        }
        Ok(())
    }

    /// Starts several accounts. Each tells how it went.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn start_accounts(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<Vec<BatchItem>, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        Ok(each(ids, |id| self.start_account(actor, id)).await)
    }

    /// Stops several accounts. Each tells how it went.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn stop_accounts(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<Vec<BatchItem>, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        Ok(each(ids, |id| self.stop_account(actor, id)).await)
    }

    /// Logs several accounts out. Each tells how it went.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn log_accounts_out(
        &self,
        actor: &Actor,
        ids: &[AccountId],
    ) -> Result<Vec<BatchItem>, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        Ok(each(ids, |id| self.log_out_account(actor, id)).await)
    }

    /// Stops all accounts of the workspace that run.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn stop_all_accounts(&self, actor: &Actor) -> Result<Vec<BatchItem>, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let running = self.accounts(actor).await?.into_iter().filter(|a| a.status != AccountStatus::Idle);
        let ids: Vec<_> = running.map(|a| a.id).collect();
        self.stop_accounts(actor, &ids).await
    }

    /// Moves an account through its life: checks the move, stores it and tells everyone.
    pub(crate) async fn transition(
        &self,
        ws: WorkspaceId,
        id: AccountId,
        event: AccountEvent,
        detail: Option<&str>,
    ) -> Result<AccountStatus, EngineError> {
        self.transitions(ws, id, &[event], detail, None).await
    }

    /// Moves an account through its life in one transaction with one event. `code` is when the code that is shown from
    /// now on runs out.
    pub(super) async fn transitions(
        &self,
        ws: WorkspaceId,
        id: AccountId,
        events: &[AccountEvent],
        detail: Option<&str>,
        code: Option<Timestamp>,
    ) -> Result<AccountStatus, EngineError> {
        let mut write = self.store.write(ws, self.clock.now()).await?;
        let account =
            accounts::view(ws, write.tx(), id).await?.ok_or(EngineError::NotFound { what: "account" })?;
        let status = account.status.after_all(events)?;
        accounts::set_status(&mut write, id, status, detail).await?;
        accounts::set_code_expiry(&mut write, id, code).await?;
        self.publish(write).await?;
        Ok(status)
    }

    /// After a start of the server: what ran goes on, and what is set to start with the server starts. One after the
    /// other, so that a gateway with many numbers is not asked for all of them at once.
    pub(crate) fn boot_accounts(&self) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            for runtime in engine.accounts.all() {
                if let Err(error) = engine.boot_account(&runtime).await {
                    tracing::warn!(account = %runtime.id, %error, "an account was not started");
                }
                engine.pause(jittered(engine.config.rhythm.stagger, engine.random())).await;
                if engine.stop.is_cancelled() {
                    return;
                }
            }
        });
    }

    async fn boot_account(&self, runtime: &Runtime) -> Result<(), EngineError> {
        let account = {
            let mut tx = self.store.read().await?;
            accounts::view(runtime.workspace, &mut tx, runtime.id).await?
        };
        let Some(account) = account else { return Ok(()) };
        if matches!(account.status, AccountStatus::Idle | AccountStatus::Error) {
            if !account.settings.auto_start {
                return Ok(());
            }
            self.transition(runtime.workspace, runtime.id, AccountEvent::Start, None).await?;
        }
        self.run_account(runtime.id);
        Ok(())
    }

    /// The provider refused the credentials while in use.
    pub(crate) async fn account_failed(&self, runtime: &Runtime, why: &str) {
        if let Err(error) =
            self.transition(runtime.workspace, runtime.id, AccountEvent::Failed, Some(why)).await
        {
            tracing::warn!(account = %runtime.id, %error, "account status could not be stored");
        }
    }

    /// How many accounts are looked after at this moment.
    pub fn running_accounts(&self) -> usize {
        self.supervisor.running()
    }
}

/// Does it with one after the other; a refusal stops none of the others.
async fn each<F>(ids: &[AccountId], act: impl Fn(AccountId) -> F) -> Vec<BatchItem>
where
    F: Future<Output = Result<AccountView, EngineError>>,
{
    let mut items = Vec::with_capacity(ids.len());
    for id in ids {
        items.push(batch_item(*id, act(*id).await));
    }
    items
}

fn batch_item(id: AccountId, result: Result<AccountView, EngineError>) -> BatchItem {
    match result {
        Ok(account) => BatchItem { id, account: Some(account), code: None, error: None },
        Err(error) => {
            let (code, error) = (Some(error.code().to_owned()), Some(error.to_string()));
            BatchItem { id, account: None, code, error }
        }
    }
}
