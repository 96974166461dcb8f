//! Accounts: setting them up, starting and stopping them, and the registry of their providers.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use balas_domain::{
    AccountEvent, AccountId, AccountStatus, Permission, Timestamp, WorkspaceId,
    form::{CloudForm, FieldError, Problem},
    view::{AccountSetup, AccountView, CheckReport, ProviderKind},
};
use balas_providers::{
    CheckError, Checked, Provider,
    cloud::{Cloud, Secrets, Settings},
};
use balas_store::{StoreError, Tx, Write, accounts};

use crate::{Engine, access::Actor, error::EngineError, secrets::Place};

/// First wait before an unreachable provider is asked again; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// An account as the engine works with it: settings and opened secrets, in memory only.
pub(crate) struct Runtime {
    pub(crate) workspace: WorkspaceId,
    pub(crate) id: AccountId,
    pub(crate) external_id: String,
    pub(crate) app_secret: String,
    pub(crate) verify_token: String,
    /// Identities that are only unique within it: business-scoped user ids.
    pub(crate) identity_scope: String,
    pub(crate) provider: Arc<dyn Provider>,
}

/// All accounts that exist, running or not.
#[derive(Default)]
pub(crate) struct Registry(RwLock<Accounts>);

#[derive(Default)]
struct Accounts {
    by_id: HashMap<AccountId, Arc<Runtime>>,
    by_external_id: HashMap<String, Arc<Runtime>>,
}

impl Registry {
    pub(crate) fn get(&self, id: AccountId) -> Option<Arc<Runtime>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_id.get(&id).cloned()
    }

    pub(crate) fn by_external_id(&self, external_id: &str) -> Option<Arc<Runtime>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_external_id.get(external_id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Runtime>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_id.values().cloned().collect()
    }

    fn put(&self, runtime: Runtime) {
        let runtime = Arc::new(runtime);
        let mut accounts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        accounts.by_external_id.insert(runtime.external_id.clone(), Arc::clone(&runtime));
        if let Some(old) = accounts.by_id.insert(runtime.id, Arc::clone(&runtime))
            && old.external_id != runtime.external_id
        {
            accounts.by_external_id.remove(&old.external_id);
        }
    }

    fn remove(&self, id: AccountId) {
        let mut accounts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = accounts.by_id.remove(&id) {
            accounts.by_external_id.remove(&old.external_id);
        }
    }
}

/// What of an account may be changed. `None` leaves it as it is.
#[derive(Clone, Default)]
pub struct CloudChange {
    /// What the team calls it.
    pub name: Option<String>,
    /// New access token.
    pub token: Option<String>,
    /// New app secret.
    pub app_secret: Option<String>,
    /// New verify token.
    pub verify_token: Option<String>,
}

impl std::fmt::Debug for CloudChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudChange").field("name", &self.name).finish_non_exhaustive()
    }
}

fn place(row: &str) -> Place<'_> {
    Place { column: "accounts.secrets", row }
}

impl Engine {
    fn settings(&self, form: &CloudForm) -> (Settings, Secrets) {
        let settings = Settings {
            base_url: self.config.cloud_base_url.clone(),
            version: self.config.cloud_version.clone(),
            phone_number_id: form.phone_number_id.trim().to_owned(),
            waba_id: form.waba_id.trim().to_owned(),
        };
        let secrets = Secrets {
            token: form.token.trim().to_owned(),
            app_secret: form.app_secret.trim().to_lowercase(),
            verify_token: form.verify_token.trim().to_owned(),
        };
        (settings, secrets)
    }

    fn runtime(
        &self,
        workspace: WorkspaceId,
        id: AccountId,
        settings: Settings,
        secrets: Secrets,
    ) -> Runtime {
        Runtime {
            workspace,
            id,
            external_id: settings.phone_number_id.clone(),
            app_secret: secrets.app_secret.clone(),
            verify_token: secrets.verify_token.clone(),
            identity_scope: format!("waba:{}", settings.waba_id),
            provider: Arc::new(Cloud::new(self.http.clone(), settings, secrets)),
        }
    }

    /// Reads all accounts and opens their secrets. One that cannot be opened is left out and says so in the log.
    pub(crate) async fn load_accounts(&self) -> Result<(), EngineError> {
        let mut tx = self.store.read().await?;
        for (ws, record) in accounts::all_records(&mut tx).await? {
            match self.open_account(ws, &mut tx, &record).await {
                Ok(runtime) => self.accounts.put(runtime),
                Err(error) => tracing::error!(account = %record.view.id, %error, "account left out"),
            }
        }
        Ok(())
    }

    async fn open_account(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        record: &accounts::AccountRecord,
    ) -> Result<Runtime, EngineError> {
        let row = record.view.id.to_string();
        let plain = self.vault.open(ws, tx, place(&row), &record.secrets).await?;
        let secrets = serde_json::from_slice(&plain).map_err(|e| EngineError::Internal(e.to_string()))?;
        let mut settings: Settings = serde_json::from_value(record.config.clone())
            .map_err(|e| EngineError::Internal(e.to_string()))?;
        settings.base_url.clone_from(&self.config.cloud_base_url);
        Ok(self.runtime(ws, record.view.id, settings, secrets))
    }

    /// "Test connection": asks the provider whether the settings work, and switches deliveries on if they are off.
    ///
    /// # Errors
    /// When the actor may not, a field is wrong, or the provider says what is.
    pub async fn check_cloud(&self, actor: &Actor, form: &CloudForm) -> Result<CheckReport, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let errors = form.validate();
        if !errors.is_empty() {
            return Err(EngineError::Invalid(errors));
        }
        let (settings, secrets) = self.settings(form);
        let cloud = Cloud::new(self.http.clone(), settings, secrets);
        let mut checked = cloud.check().await?;
        if !checked.webhook_subscribed {
            checked.webhook_subscribed = cloud.subscribe().await.is_ok();
        }
        Ok(report(checked))
    }

    /// Connects a Cloud API number and starts it.
    ///
    /// # Errors
    /// When the actor may not, a field is wrong, or the number is connected already.
    pub async fn create_cloud(&self, actor: &Actor, form: &CloudForm) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let errors = form.validate();
        if !errors.is_empty() {
            return Err(EngineError::Invalid(errors));
        }
        let (settings, secrets) = self.settings(form);
        let now = self.clock.now();
        let id = AccountId::new(now, &*self.random);
        let row = id.to_string();
        let plain = serde_json::to_vec(&secrets).map_err(|e| EngineError::Internal(e.to_string()))?;
        let config = serde_json::to_value(&settings).map_err(|e| EngineError::Internal(e.to_string()))?;
        let mut write = self.store.write(actor.workspace, now).await?;
        let sealed = self.vault.seal(actor.workspace, write.tx(), now, place(&row), &plain).await?;
        let account = accounts::NewAccount {
            id,
            name: balas_domain::text::clean_name(&form.name).unwrap_or_default(),
            provider: ProviderKind::Cloud,
            external_id: settings.phone_number_id.clone(),
            phone: None,
            config,
            secrets: sealed,
        };
        match accounts::create(&mut write, &account).await {
            Err(StoreError::Unique { .. }) => {
                let error = FieldError { field: "phone_number_id".to_owned(), problem: Problem::Taken };
                return Err(EngineError::Invalid(vec![error]));
            }
            other => other?,
        }
        self.publish(write).await?;
        self.accounts.put(self.runtime(actor.workspace, id, settings, secrets));
        self.start_account(actor, id).await
    }

    /// Renames an account or replaces its secrets; what is replaced takes effect at once.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, or a field is wrong.
    pub async fn update_cloud(
        &self,
        actor: &Actor,
        id: AccountId,
        change: &CloudChange,
    ) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let now = self.clock.now();
        let ws = actor.workspace;
        let mut write = self.store.write(ws, now).await?;
        let record =
            accounts::record(ws, write.tx(), id).await?.ok_or(EngineError::NotFound { what: "account" })?;
        let row = id.to_string();
        let plain = self.vault.open(ws, write.tx(), place(&row), &record.secrets).await?;
        let mut secrets: Secrets =
            serde_json::from_slice(&plain).map_err(|e| EngineError::Internal(e.to_string()))?;
        let settings: Settings = serde_json::from_value(record.config.clone())
            .map_err(|e| EngineError::Internal(e.to_string()))?;
        let form = CloudForm {
            name: change.name.clone().unwrap_or(record.view.name),
            phone_number_id: settings.phone_number_id.clone(),
            waba_id: settings.waba_id.clone(),
            token: change.token.clone().unwrap_or(secrets.token),
            app_secret: change.app_secret.clone().unwrap_or(secrets.app_secret),
            verify_token: change.verify_token.clone().unwrap_or(secrets.verify_token),
        };
        let errors = form.validate();
        if !errors.is_empty() {
            return Err(EngineError::Invalid(errors));
        }
        let settings;
        (settings, secrets) = self.settings(&form);
        let plain = serde_json::to_vec(&secrets).map_err(|e| EngineError::Internal(e.to_string()))?;
        let sealed = self.vault.seal(ws, write.tx(), now, place(&row), &plain).await?;
        let update = accounts::AccountChange {
            name: balas_domain::text::clean_name(&form.name),
            secrets: Some(sealed),
            ..accounts::AccountChange::default()
        };
        accounts::update(&mut write, id, &update).await?;
        self.publish(write).await?;
        self.accounts.put(self.runtime(ws, id, settings, secrets));
        self.governor.reset(id);
        self.account(actor, id).await
    }

    /// What an admin needs to finish setting up an account at the provider.
    ///
    /// # Errors
    /// When the actor may not, or there is no such account.
    pub async fn account_setup(&self, actor: &Actor, id: AccountId) -> Result<AccountSetup, EngineError> {
        let account = self.account(actor, id).await?;
        let verify_token = if actor.require(Permission::ManageAccounts).is_ok() {
            self.accounts.get(id).filter(|r| r.workspace == actor.workspace).map(|r| r.verify_token.clone())
        } else {
            None
        };
        Ok(AccountSetup { account, webhook_path: format!("/webhooks/cloud/{id}"), verify_token })
    }

    /// Starts an account: checks its settings in the background; the status tells how it went.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, or it runs already.
    pub async fn start_account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        self.transition(actor.workspace, id, AccountEvent::Start, None).await?;
        self.governor.reset(id);
        self.watch_account(id);
        self.account(actor, id).await
    }

    /// Stops an account: nothing is sent any more. What comes in is still stored.
    ///
    /// # Errors
    /// When the actor may not, or there is no such account.
    pub async fn stop_account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        self.transition(actor.workspace, id, AccountEvent::Stop, None).await?;
        self.account(actor, id).await
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
        self.accounts.remove(id);
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        accounts::delete(&mut write, id).await?;
        self.publish(write).await?;
        self.governor.reset(id);
        Ok(())
    }

    /// Moves an account through its life: checks the move, stores it and tells everyone.
    pub(crate) async fn transition(
        &self,
        ws: WorkspaceId,
        id: AccountId,
        event: AccountEvent,
        detail: Option<&str>,
    ) -> Result<AccountStatus, EngineError> {
        let mut write = self.store.write(ws, self.clock.now()).await?;
        let account =
            accounts::view(ws, write.tx(), id).await?.ok_or(EngineError::NotFound { what: "account" })?;
        let status = account.status.after(event)?;
        accounts::set_status(&mut write, id, status, detail).await?;
        self.publish(write).await?;
        Ok(status)
    }

    /// After a start of the server: accounts that ran are checked again.
    pub(crate) fn boot_accounts(&self) {
        for runtime in self.accounts.all() {
            let engine = self.clone();
            self.tasks.spawn(async move {
                let status = {
                    let Ok(mut tx) = engine.store.read().await else { return };
                    accounts::view(runtime.workspace, &mut tx, runtime.id)
                        .await
                        .ok()
                        .flatten()
                        .map(|a| a.status)
                };
                if status.is_some_and(|s| !matches!(s, AccountStatus::Idle | AccountStatus::Error)) {
                    engine.watch_account(runtime.id);
                }
            });
        }
    }

    /// Checks an account until the provider has given a definite answer.
    fn watch_account(&self, id: AccountId) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let mut wait = FIRST_WAIT;
            while let Some(runtime) = engine.accounts.get(id) {
                let checked = tokio::select! {
                    checked = runtime.provider.check() => checked,
                    () = engine.stop.cancelled() => return,
                };
                match engine.conclude(&runtime, checked).await {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(error) => tracing::warn!(account = %id, %error, "account status could not be stored"),
                }
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = engine.stop.cancelled() => return,
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        });
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

    /// The provider refused the credentials while in use.
    pub(crate) async fn account_failed(&self, runtime: &Runtime, why: &str) {
        if let Err(error) =
            self.transition(runtime.workspace, runtime.id, AccountEvent::Failed, Some(why)).await
        {
            tracing::warn!(account = %runtime.id, %error, "account status could not be stored");
        }
    }

    /// Commits a write and tells everyone to look.
    pub(crate) async fn publish(&self, write: Write) -> Result<balas_store::Committed, StoreError> {
        let ws = write.workspace();
        let committed = write.commit().await?;
        if !committed.events.is_empty() {
            metrics::counter!("balas_events_total").increment(committed.events.len() as u64);
            self.live.send(ws, crate::live::Signal::Log(committed.seq));
        }
        Ok(committed)
    }

    /// When the provider last delivered to this account is kept to the minute.
    pub(crate) async fn delivered(write: &mut Write, id: AccountId, at: Timestamp) -> Result<(), StoreError> {
        accounts::delivered(write, id, at).await
    }
}

fn report(checked: Checked) -> CheckReport {
    CheckReport {
        phone: checked.display_phone,
        name: checked.verified_name,
        quality: checked.quality,
        subscribed: checked.webhook_subscribed,
    }
}
