//! Setting up numbers of the Cloud API.

use balas_domain::{
    AccountId, AccountSettings, Permission, WorkspaceId,
    form::{CloudForm, FieldError, Problem},
    view::{AccountView, CheckReport, ProviderKind},
};
use balas_providers::{
    Checked, Provider,
    cloud::{Cloud, Secrets, Settings},
};
use balas_store::{StoreError, accounts};

use super::registry::{CloudLink, Link, Runtime, internal, place};
use crate::{Engine, access::Actor, error::EngineError};

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

impl Engine {
    fn cloud_settings(&self, form: &CloudForm) -> (Settings, Secrets) {
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

    fn cloud_runtime(
        &self,
        workspace: WorkspaceId,
        id: AccountId,
        settings: Settings,
        secrets: Secrets,
    ) -> Runtime {
        let external_id = settings.phone_number_id.clone();
        let identity_scope = format!("waba:{}", settings.waba_id);
        let link = CloudLink {
            app_secret: secrets.app_secret.clone(),
            verify_token: secrets.verify_token.clone(),
            client: Cloud::new(self.http.clone(), settings, secrets),
        };
        Runtime::new(workspace, id, external_id, identity_scope, Link::Cloud(Box::new(link)))
    }

    pub(super) fn open_cloud(
        &self,
        ws: WorkspaceId,
        record: &accounts::AccountRecord,
        secrets: &[u8],
    ) -> Result<Runtime, EngineError> {
        let secrets = serde_json::from_slice(secrets).map_err(internal)?;
        let mut settings: Settings = serde_json::from_value(record.config.clone()).map_err(internal)?;
        settings.base_url.clone_from(&self.config.cloud_base_url);
        Ok(self.cloud_runtime(ws, record.view.id, settings, secrets))
    }

    /// "Test connection": asks the provider whether the settings work, and switches deliveries on if they are off.
    ///
    /// # Errors
    /// When the actor may not, a field is wrong, or the provider says what is.
    pub async fn check_cloud(&self, actor: &Actor, form: &CloudForm) -> Result<CheckReport, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        EngineError::of_fields(form.validate())?;
        let (settings, secrets) = self.cloud_settings(form);
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
        EngineError::of_fields(form.validate())?;
        let (settings, secrets) = self.cloud_settings(form);
        let now = self.clock.now();
        let id = AccountId::new(now, &*self.random);
        let row = id.to_string();
        let plain = serde_json::to_vec(&secrets).map_err(internal)?;
        let config = serde_json::to_value(&settings).map_err(internal)?;
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
            settings: AccountSettings::of_new(ProviderKind::Cloud),
        };
        match accounts::create(&mut write, &account).await {
            Err(StoreError::Unique { .. }) => {
                let error = FieldError { field: "phone_number_id".to_owned(), problem: Problem::Taken };
                return Err(EngineError::Invalid(vec![error]));
            }
            other => other?,
        }
        self.publish(write).await?;
        self.accounts.put(self.cloud_runtime(actor.workspace, id, settings, secrets));
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
        if record.view.provider != ProviderKind::Cloud {
            return Err(EngineError::Unsupported { reason: "this is no number of the Cloud API" });
        }
        let row = id.to_string();
        let plain = self.vault.open(ws, write.tx(), place(&row), &record.secrets).await?;
        let mut secrets: Secrets = serde_json::from_slice(&plain).map_err(internal)?;
        let settings: Settings = serde_json::from_value(record.config.clone()).map_err(internal)?;
        let form = CloudForm {
            name: change.name.clone().unwrap_or(record.view.name),
            phone_number_id: settings.phone_number_id.clone(),
            waba_id: settings.waba_id.clone(),
            token: change.token.clone().unwrap_or(secrets.token),
            app_secret: change.app_secret.clone().unwrap_or(secrets.app_secret),
            verify_token: change.verify_token.clone().unwrap_or(secrets.verify_token),
        };
        EngineError::of_fields(form.validate())?;
        let settings;
        (settings, secrets) = self.cloud_settings(&form);
        let plain = serde_json::to_vec(&secrets).map_err(internal)?;
        let sealed = self.vault.seal(ws, write.tx(), now, place(&row), &plain).await?;
        let update = accounts::AccountChange {
            name: balas_domain::text::clean_name(&form.name),
            secrets: Some(sealed),
            ..accounts::AccountChange::default()
        };
        accounts::update(&mut write, id, &update).await?;
        self.publish(write).await?;
        self.accounts.put(self.cloud_runtime(ws, id, settings, secrets));
        self.governor.reset(id);
        self.account(actor, id).await
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
