//! Setting up numbers that a gateway (GOWA) links.

use balas_domain::{
    AccountId, AccountSettings, Address, Permission, WorkspaceId,
    form::{FieldError, GatewayForm, Problem},
    view::{AccountView, GatewayReport, ProviderKind},
};
use balas_providers::{
    CheckError, Provider,
    gateway::{self, Detected, Dialect, Gateway, Secrets, Settings},
};
use balas_store::{StoreError, accounts};
use serde::{Deserialize, Serialize};

use super::{
    bridge::device_of,
    devices::device_view,
    registry::{GatewayLink, Link, Runtime, internal, place},
};
use crate::{Engine, access::Actor, error::EngineError};

/// What is stored of an account on a gateway or on the bridge, besides its secrets.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Stored {
    #[serde(flatten)]
    pub(super) settings: Settings,
    /// The gateway cannot be told where to deliver; a person must.
    #[serde(default)]
    pub(super) webhook_by_hand: bool,
    /// The device was made for this account and goes with it.
    #[serde(default)]
    pub(super) device_made: bool,
}

/// What of a gateway account may be changed. `None` leaves it as it is.
#[derive(Clone, Default)]
pub struct GatewayChange {
    /// What the team calls it.
    pub name: Option<String>,
    /// Where the gateway is now.
    pub base_url: Option<String>,
    /// New user.
    pub user: Option<String>,
    /// New password.
    pub password: Option<String>,
    /// New secret for webhooks.
    pub webhook_secret: Option<String>,
}

impl GatewayChange {
    /// Whether it says anything of where and how the gateway is reached.
    fn says_where(&self) -> bool {
        [&self.base_url, &self.user, &self.password, &self.webhook_secret].into_iter().any(Option::is_some)
    }
}

impl std::fmt::Debug for GatewayChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayChange")
            .field("name", &self.name)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Engine {
    pub(super) fn linked_runtime(
        &self,
        kind: ProviderKind,
        workspace: WorkspaceId,
        id: AccountId,
        external_id: String,
        stored: Stored,
        secrets: Secrets,
    ) -> Runtime {
        let (own, webhook_secret) = (stored.settings.own(), secrets.webhook_secret.clone());
        let client = match kind {
            ProviderKind::Bridge => {
                self.bridge_client(self.bridge.up().as_deref(), stored.settings, secrets.webhook_secret)
            }
            _ => Gateway::new(self.gateway_http.clone(), stored.settings, secrets),
        };
        let link = GatewayLink {
            client,
            own,
            webhook_secret,
            webhook_by_hand: stored.webhook_by_hand,
            device_made: stored.device_made,
        };
        Runtime::new(workspace, id, external_id, String::new(), Link::Gateway(Box::new(link)))
    }

    pub(super) fn open_linked(
        &self,
        ws: WorkspaceId,
        record: &accounts::AccountRecord,
        secrets: &[u8],
    ) -> Result<Runtime, EngineError> {
        let secrets = serde_json::from_slice(secrets).map_err(internal)?;
        let stored = serde_json::from_value(record.config.clone()).map_err(internal)?;
        let view = &record.view;
        Ok(self.linked_runtime(view.provider, ws, view.id, view.external_id.clone(), stored, secrets))
    }

    async fn detect(&self, form: &GatewayForm) -> Result<Detected, CheckError> {
        let url = form.base_url.trim();
        gateway::detect(&self.gateway_http, url, form.user.trim(), &form.password).await
    }

    /// "Test connection": what stands at the address, and whether the right phone is linked to it. Changes nothing.
    ///
    /// # Errors
    /// When the actor may not, a field is wrong, or the gateway says what is.
    pub async fn check_gateway(
        &self,
        actor: &Actor,
        form: &GatewayForm,
    ) -> Result<GatewayReport, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        validate(form)?;
        let found = self.detect(form).await?;
        let (settings, secrets) = settings(form, found.dialect);
        let own = settings.device_id.clone();
        let slots = found.dialect == Dialect::V8Plus;
        // A device that is still to be made cannot be asked.
        let linked = if slots && own.is_none() {
            None
        } else {
            let client = Gateway::new(self.gateway_http.clone(), settings, secrets);
            match client.check().await {
                Ok(checked) => Some(checked.display_phone),
                Err(CheckError::NotLinked) => None,
                Err(error) => return Err(error.into()),
            }
        };
        let devices = found.devices.into_iter().map(|d| device_view(d, own.as_deref())).collect();
        Ok(GatewayReport { version: found.version, slots, linked, devices })
    }

    /// Connects a number through a gateway: makes a device for it where the version has devices, tells it where to
    /// deliver, and starts the account. Linking a phone follows.
    ///
    /// # Errors
    /// When the actor may not, a field is wrong, the number is connected already, or the gateway refuses.
    pub async fn create_gateway(
        &self,
        actor: &Actor,
        form: &GatewayForm,
    ) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        validate(form)?;
        let Ok(Address::Phone(digits)) = Address::phone(&form.phone) else {
            return Err(invalid("phone", Problem::NotPhone));
        };
        self.number_is_free(&digits).await?;
        let found = self.detect(form).await?;
        let (mut settings, secrets) = settings(form, found.dialect);
        let now = self.clock.now();
        let id = AccountId::new(now, &*self.random);
        let device_made = found.dialect == Dialect::V8Plus && settings.device_id.is_none();
        if device_made {
            settings.device_id = Some(device_of(id));
        }
        let client = Gateway::new(self.gateway_http.clone(), settings.clone(), secrets.clone());
        if !device_made
            && let Err(error) = client.check().await
            && error != CheckError::NotLinked
            && !error.may_pass()
        {
            return Err(error.into());
        }
        let webhook_by_hand = self.tell_webhook(&client, id, &secrets.webhook_secret, device_made).await?;
        let stored = Stored { settings, webhook_by_hand, device_made };
        let added = self.store_gateway(actor, id, &digits, form, &stored, &secrets).await;
        if let Err(error) = added {
            if device_made {
                unmake_device(&client).await;
            }
            return Err(error);
        }
        let kind = ProviderKind::Gateway;
        self.accounts.put(self.linked_runtime(kind, actor.workspace, id, digits, stored, secrets));
        self.start_account(actor, id).await
    }

    /// Whether no phone with this number is linked yet, however the number is spelled and whatever links it: a second link
    /// would show each message twice.
    async fn number_is_free(&self, digits: &str) -> Result<(), EngineError> {
        if self.connected_already(&Address::Phone(digits.to_owned()), None).is_some() {
            return Err(invalid("phone", Problem::Taken));
        }
        // One whose secrets cannot be opened is in the database alone.
        let mut tx = self.store.read().await?;
        match accounts::by_external_id(&mut tx, ProviderKind::Gateway, digits).await? {
            None => Ok(()),
            Some(_) => Err(invalid("phone", Problem::Taken)),
        }
    }

    async fn store_gateway(
        &self,
        actor: &Actor,
        id: AccountId,
        digits: &str,
        form: &GatewayForm,
        stored: &Stored,
        secrets: &Secrets,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let plain = serde_json::to_vec(secrets).map_err(internal)?;
        let mut write = self.store.write(actor.workspace, now).await?;
        let sealed =
            self.vault.seal(actor.workspace, write.tx(), now, place(&id.to_string()), &plain).await?;
        let account = accounts::NewAccount {
            id,
            name: balas_domain::text::clean_name(&form.name).unwrap_or_default(),
            provider: ProviderKind::Gateway,
            external_id: digits.to_owned(),
            phone: stored.settings.own().map(|own| own.label()),
            config: serde_json::to_value(stored).map_err(internal)?,
            secrets: sealed,
            settings: AccountSettings::of_new(ProviderKind::Gateway),
        };
        match accounts::create(&mut write, &account).await {
            Err(StoreError::Unique { .. }) => return Err(invalid("phone", Problem::Taken)),
            other => other?,
        }
        self.publish(write).await?;
        Ok(())
    }

    /// Tells the gateway where to deliver; `true` if this version cannot be told.
    async fn tell_webhook(
        &self,
        client: &Gateway,
        id: AccountId,
        webhook_secret: &str,
        make_device: bool,
    ) -> Result<bool, EngineError> {
        if client.settings().dialect == Dialect::V7 {
            return Ok(true);
        }
        let Some(base) = &self.config.webhook_base else {
            return Err(EngineError::Refused(
                "the gateway must be told where to deliver, but this server does not know its own address; start it \
                 with --public-url",
            ));
        };
        let url = format!("{}{}", base.trim_end_matches('/'), webhook_path(id));
        if let (true, Some(device)) = (make_device, client.settings().device_id.as_deref()) {
            client.create_device(device, &url, webhook_secret).await?;
        }
        match client.set_webhook(&url, webhook_secret).await {
            Ok(()) => Ok(false),
            // There is another way, which the account's page tells.
            Err(CheckError::TooOld { .. }) => Ok(true),
            Err(error) => {
                if make_device {
                    unmake_device(client).await;
                }
                Err(error.into())
            }
        }
    }

    /// The account's device was deleted at the gateway: makes it again, and tells it where to deliver.
    pub(super) async fn make_device_again(
        &self,
        id: AccountId,
        link: &GatewayLink,
    ) -> Result<(), EngineError> {
        self.tell_webhook(&link.client, id, &link.webhook_secret, true).await.map(drop)
    }

    /// Renames an account, or follows a gateway that has moved, was updated, or got other secrets: whatever is given of
    /// where and how it is reached, also if that is as before, lets us look anew. Takes effect at once.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, a field is wrong, or the gateway refuses.
    pub async fn update_gateway(
        &self,
        actor: &Actor,
        id: AccountId,
        change: &GatewayChange,
    ) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let ws = actor.workspace;
        let (record, old) = {
            let mut tx = self.store.read().await?;
            let record =
                accounts::record(ws, &mut tx, id).await?.ok_or(EngineError::NotFound { what: "account" })?;
            // A number on the bridge has nothing but its name that could be changed here.
            if let (ProviderKind::Bridge, Some(name), false) =
                (record.view.provider, &change.name, change.says_where())
            {
                drop(tx);
                return self.rename_account(actor, id, name).await;
            }
            if record.view.provider != ProviderKind::Gateway {
                return Err(EngineError::Unsupported { reason: "this number is not linked by a gateway" });
            }
            let plain = self.vault.open(ws, &mut tx, place(&id.to_string()), &record.secrets).await?;
            (record, serde_json::from_slice::<Secrets>(&plain).map_err(internal)?)
        };
        let mut stored: Stored = serde_json::from_value(record.config).map_err(internal)?;
        let form = GatewayForm {
            name: change.name.clone().unwrap_or(record.view.name),
            phone: format!("+{}", record.view.external_id),
            base_url: change.base_url.clone().unwrap_or_else(|| stored.settings.base_url.clone()),
            user: change.user.clone().unwrap_or_else(|| old.user.clone()),
            password: change.password.clone().unwrap_or_else(|| old.password.clone()),
            webhook_secret: change.webhook_secret.clone().unwrap_or_else(|| old.webhook_secret.clone()),
            device_id: stored.settings.device_id.clone().unwrap_or_default(),
        };
        validate(&form)?;
        let (new, secrets) = settings(&form, stored.settings.dialect);
        let moved = change.says_where();
        if moved {
            // It may have been updated on the way.
            let found = self.detect(&form).await?;
            stored.settings.dialect = found.dialect;
            stored.settings.base_url = new.base_url;
            let nameless = found.dialect == Dialect::V8Plus && stored.settings.device_id.is_none();
            if nameless {
                // Before it was updated it had one phone, and no names for devices.
                let own = stored.settings.own();
                let is_ours = |device: &gateway::Device| match (&own, &device.jid) {
                    (Some(own), Some(jid)) => gateway::same_number(own, jid),
                    _ => false,
                };
                let device = found.devices.into_iter().find(is_ours);
                stored.device_made = device.is_none();
                stored.settings.device_id = Some(device.map_or_else(|| device_of(id), |device| device.id));
            }
            let client = Gateway::new(self.gateway_http.clone(), stored.settings.clone(), secrets.clone());
            let make_device = nameless && stored.device_made;
            stored.webhook_by_hand =
                self.tell_webhook(&client, id, &secrets.webhook_secret, make_device).await?;
        }
        let now = self.clock.now();
        let plain = serde_json::to_vec(&secrets).map_err(internal)?;
        let mut write = self.store.write(ws, now).await?;
        let sealed = self.vault.seal(ws, write.tx(), now, place(&id.to_string()), &plain).await?;
        let update = accounts::AccountChange {
            name: balas_domain::text::clean_name(&form.name),
            config: Some(serde_json::to_value(&stored).map_err(internal)?),
            secrets: Some(sealed),
            ..accounts::AccountChange::default()
        };
        accounts::update(&mut write, id, &update).await?;
        self.publish(write).await?;
        let kind = ProviderKind::Gateway;
        self.accounts.put(self.linked_runtime(kind, ws, id, record.view.external_id, stored, secrets));
        if moved {
            self.governor.reset(id);
            self.wake(id);
        }
        self.account(actor, id).await
    }

    /// Corrects the spelling of the linked number once the gateway has told it: some countries' numbers are written
    /// with a digit that `WhatsApp` leaves out.
    pub(super) async fn learn_number(
        &self,
        write: &mut balas_store::Write,
        runtime: &Runtime,
        linked: &Address,
    ) -> Result<(), EngineError> {
        let Some(link) = runtime.gateway() else { return Ok(()) };
        let Address::Phone(digits) = linked else { return Ok(()) };
        if link.own.as_ref() == Some(linked) {
            return Ok(());
        }
        let ws = runtime.workspace;
        let Some(record) = accounts::record(ws, write.tx(), runtime.id).await? else { return Ok(()) };
        let mut stored: Stored = serde_json::from_value(record.config).map_err(internal)?;
        stored.settings.phone = Some(digits.clone());
        let plain = self.vault.open(ws, write.tx(), place(&runtime.id.to_string()), &record.secrets).await?;
        let secrets = serde_json::from_slice(&plain).map_err(internal)?;
        let config = Some(serde_json::to_value(&stored).map_err(internal)?);
        let change = accounts::AccountChange { config, ..accounts::AccountChange::default() };
        accounts::update(write, runtime.id, &change).await?;
        let (kind, external_id) = (runtime.kind(), runtime.external_id.clone());
        self.accounts.put(self.linked_runtime(kind, ws, runtime.id, external_id, stored, secrets));
        Ok(())
    }
}

/// Takes back a device that was made in vain.
async fn unmake_device(client: &Gateway) {
    if let Err(error) = client.delete_device().await {
        tracing::warn!(%error, "a device that was made in vain could not be deleted");
    }
}

/// Path of the webhook on this server.
pub(super) fn webhook_path(id: AccountId) -> String {
    format!("/webhooks/gateway/{id}")
}

pub(super) fn invalid(field: &str, problem: Problem) -> EngineError {
    EngineError::Invalid(vec![FieldError { field: field.to_owned(), problem }])
}

/// The domain's rules, which the browser knows too, and then the provider's own.
fn validate(form: &GatewayForm) -> Result<(), EngineError> {
    let mut errors = form.validate();
    if errors.is_empty() {
        let (settings, secrets) = settings(form, Dialect::V8Plus);
        errors = gateway::validate(&settings, &secrets).into_iter().map(FieldError::from).collect();
    }
    EngineError::of_fields(errors)
}

fn settings(form: &GatewayForm, dialect: Dialect) -> (Settings, Secrets) {
    let device = Some(form.device_id.trim()).filter(|id| !id.is_empty() && dialect == Dialect::V8Plus);
    let settings = Settings {
        base_url: form.base_url.trim().trim_end_matches('/').to_owned(),
        dialect,
        device_id: device.map(str::to_owned),
        phone: Some(form.phone.trim().to_owned()),
    };
    let secrets = Secrets {
        user: form.user.trim().to_owned(),
        password: form.password.clone(),
        webhook_secret: form.webhook_secret.trim().to_owned(),
    };
    (settings, secrets)
}
