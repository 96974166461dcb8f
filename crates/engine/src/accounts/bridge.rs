//! Numbers on our own bridge: set up by a name alone, and looked after by what the bridge tells of their browsers.
//!
//! The bridge reports every change as a delivery, but deliveries may be late or come twice. So a report only says
//! "look", and what counts is what the bridge answers.

use std::{sync::Arc, time::Duration};

use balas_domain::{
    AccountEvent as Event, AccountId, AccountSettings, AccountStatus as Status, Address, AlertKind,
    Permission,
    form::BridgeForm,
    view::{AccountView, ProviderKind},
};
use balas_providers::{
    CheckError,
    gateway::{self, BrowserStatus, Dialect, Gateway, Secrets, Settings},
    inbound::{Connection, ConnectionState as Browser},
};
use balas_store::{Write, accounts, jobs};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{
    gateway::{Stored, webhook_path},
    linked::{Course, NOBODY_SCANNED, Next},
    registry::{GatewayLink, Runtime, internal, place},
    supervisor::Watch,
};
use crate::{
    Engine,
    access::Actor,
    bridge::{NO_BRIDGE, State, Up},
    error::EngineError,
    jobs::Done,
};

/// Where nothing listens: the address while the bridge does not run.
const NOWHERE: &str = "http://127.0.0.1:0";
/// How long a person waits for the bridge to start.
const START: Duration = Duration::from_secs(20);
/// How long stopping an account waits for its browser, which closes by itself then.
const STOP: Duration = Duration::from_millis(1_500);

const BLOCKED: &str = "WhatsApp has blocked this number. Open WhatsApp on its phone: it says why, and how to ask for a \
                       review. When that is settled, start the number again.";

/// A device that has to go.
#[derive(Serialize, Deserialize)]
struct ForgetJob {
    device: String,
}

impl Engine {
    /// "Test connection": whether everything that the bridge needs is on this machine. Starts nothing.
    ///
    /// # Errors
    /// When the actor may not, or something is missing: what, and what to do.
    pub async fn check_bridge(&self, actor: &Actor) -> Result<(), EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let missing = match &self.config.bridge {
            Some(bridge) => bridge.missing().await,
            None => Some(NO_BRIDGE.to_owned()),
        };
        match missing {
            Some(text) => Err(CheckError::Other { text, code: None, field: None }.into()),
            None => Ok(()),
        }
    }

    /// Makes an account on the bridge and starts it. Linking a phone follows.
    ///
    /// # Errors
    /// When the actor may not, a field is wrong, or the number is connected already.
    pub async fn create_bridge_account(
        &self,
        actor: &Actor,
        form: &BridgeForm,
    ) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        EngineError::of_fields(form.validate())?;
        let phone = Address::phone(&form.phone).ok().filter(|_| !form.phone.trim().is_empty());
        if let Some(phone) = &phone
            && self.connected_already(phone, None).is_some()
        {
            return Err(super::gateway::invalid("phone", balas_domain::form::Problem::Taken));
        }
        let (ws, now) = (actor.workspace, self.clock.now());
        let id = AccountId::new(now, &*self.random);
        let settings = Settings {
            base_url: String::new(),
            dialect: Dialect::V8Plus,
            device_id: Some(device_of(id)),
            phone: phone.as_ref().map(|_| form.phone.trim().to_owned()),
        };
        let stored = Stored { settings, webhook_by_hand: false, device_made: true };
        let mut secret = [0; 24];
        self.random.fill(&mut secret);
        let secrets = Secrets { webhook_secret: URL_SAFE_NO_PAD.encode(secret), ..Secrets::default() };
        let plain = serde_json::to_vec(&secrets).map_err(internal)?;
        let mut write = self.store.write(ws, now).await?;
        let row = id.to_string();
        let sealed = self.vault.seal(ws, write.tx(), now, place(&row), &plain).await?;
        let account = accounts::NewAccount {
            id,
            name: balas_domain::text::clean_name(&form.name).unwrap_or_default(),
            provider: ProviderKind::Bridge,
            // Which number it will be is known when a phone was linked.
            external_id: row.clone(),
            phone: phone.map(|phone| phone.label()),
            config: serde_json::to_value(&stored).map_err(internal)?,
            secrets: sealed,
            settings: AccountSettings::of_new(ProviderKind::Bridge),
        };
        accounts::create(&mut write, &account).await?;
        self.publish(write).await?;
        self.accounts.put(self.linked_runtime(ProviderKind::Bridge, ws, id, row, stored, secrets));
        self.start_account(actor, id).await
    }

    /// A client for the bridge, if it runs.
    pub(super) fn bridge_client(
        &self,
        up: Option<&Up>,
        mut settings: Settings,
        webhook_secret: String,
    ) -> Gateway {
        settings.base_url = up.map_or_else(|| NOWHERE.to_owned(), |up| up.url.clone());
        let (user, password) = up.map(|up| (up.user.to_owned(), up.password.clone())).unwrap_or_default();
        Gateway::bridge(self.gateway_http.clone(), settings, Secrets { user, password, webhook_secret })
    }

    fn device_client(&self, up: &Up, device_id: Option<String>) -> Gateway {
        let settings = Settings { base_url: String::new(), dialect: Dialect::V8Plus, device_id, phone: None };
        self.bridge_client(Some(up), settings, String::new())
    }

    /// The account whose number this is already.
    pub(super) fn connected_already(
        &self,
        number: &Address,
        except: Option<AccountId>,
    ) -> Option<Arc<Runtime>> {
        self.accounts.all().into_iter().find(|runtime| {
            let own = runtime.gateway().and_then(|link| link.own.as_ref());
            Some(runtime.id) != except && own.is_some_and(|own| gateway::same_number(own, number))
        })
    }

    /// Accounts on the bridge look at how it stands now.
    pub(crate) fn wake_bridge_accounts(&self) {
        for runtime in self.accounts.of_kind(ProviderKind::Bridge) {
            self.wake(runtime.id);
        }
    }

    /// After the bridge has started, and before anything is asked of it: all accounts know its address, and its devices
    /// know ours. Browsers that nobody wants any more are ended.
    pub(crate) async fn take_up_devices(&self, up: &Up) {
        for runtime in self.accounts.of_kind(ProviderKind::Bridge) {
            let Some(link) = runtime.gateway() else { continue };
            let secret = link.webhook_secret.clone();
            let client = self.bridge_client(Some(up), link.client.settings().clone(), secret);
            self.accounts.put(runtime.reached_by(client));
        }
        let devices = match self.device_client(up, None).devices().await {
            Ok(devices) => devices,
            Err(error) => {
                tracing::warn!(%error, "the bridge does not tell its devices; each account looks for its own");
                return;
            }
        };
        for device in devices {
            if let Err(error) = self.take_up_device(up, &device.id).await {
                tracing::warn!(device = device.id, %error, "a device was not taken up again");
            }
        }
    }

    async fn take_up_device(&self, up: &Up, device: &str) -> Result<(), EngineError> {
        let account = self.accounts.of_kind(ProviderKind::Bridge).into_iter().find(|runtime| {
            runtime.gateway().and_then(|link| link.client.settings().device_id.as_deref()) == Some(device)
        });
        let Some(runtime) = account else {
            tracing::warn!(device, "the bridge has a device of no account; it is left stopped");
            return Ok(self.device_client(up, Some(device.to_owned())).stop().await?);
        };
        let Some(link) = runtime.gateway() else { return Ok(()) };
        link.client.set_webhook(&self.bridge_webhook(runtime.id), &link.webhook_secret).await?;
        if matches!(self.status_of(&runtime).await?, None | Some(Status::Idle | Status::Error)) {
            link.client.stop().await?;
        }
        Ok(())
    }

    fn bridge_webhook(&self, id: AccountId) -> String {
        let base = self.config.bridge.as_ref().map_or("", |bridge| bridge.deliver_to.as_str());
        format!("{}{}", base.trim_end_matches('/'), webhook_path(id))
    }

    /// Makes the account's device if the bridge does not have it.
    async fn ensure_device(&self, id: AccountId, link: &GatewayLink) -> Result<(), CheckError> {
        let Some(device) = link.client.settings().device_id.as_deref() else { return Ok(()) };
        match link.client.status().await {
            Err(CheckError::DeviceUnknown { .. }) => link
                .client
                .create_device(device, &self.bridge_webhook(id), &link.webhook_secret)
                .await
                .map(drop),
            other => other.map(drop),
        }
    }

    /// Waits until the bridge runs; `false` if there is nothing more to look after.
    pub(super) async fn wait_for_bridge(&self, id: AccountId, watch: &Watch) -> Result<bool, EngineError> {
        let mut state = self.bridge.follow();
        loop {
            let now = state.borrow_and_update().clone();
            let Some(runtime) = self.accounts.get(id) else { return Ok(false) };
            match now {
                State::Up(_) => return Ok(true),
                State::Down => {
                    // What was said of it before a restart of the server is no longer true.
                    let starting = "The bridge, which runs WhatsApp Web, is being started.";
                    if self.status_of(&runtime).await? == Some(Status::Ready) {
                        self.step(&runtime, &[Event::ConnectionLost], Some(starting)).await?;
                    }
                }
                State::Broken(why) => {
                    let why = format!(
                        "The bridge, which runs WhatsApp Web, has ended ({why}). It starts again by itself."
                    );
                    watch.linking.show(None);
                    if !self.move_unless_ended(&runtime, Event::ConnectionLost, &why).await? {
                        return Ok(false);
                    }
                }
                State::Unusable(why) => {
                    self.move_unless_ended(&runtime, Event::Failed, &why).await?;
                    return Ok(false);
                }
            }
            tokio::select! {
                changed = state.changed() => if changed.is_err() { return Ok(false) },
                () = watch.stop.cancelled() => return Ok(false),
            }
        }
    }

    /// Comes back when the bridge does not run any more; never for an account that is not on it.
    pub(super) async fn bridge_gone(&self, on_bridge: bool) {
        if !on_bridge || self.bridge.follow().wait_for(|s| !matches!(s, State::Up(_))).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// `false` if somebody has stopped the account meanwhile.
    async fn move_unless_ended(
        &self,
        runtime: &Runtime,
        event: Event,
        why: &str,
    ) -> Result<bool, EngineError> {
        if matches!(self.status_of(runtime).await?, None | Some(Status::Idle | Status::Error)) {
            return Ok(false);
        }
        self.step(runtime, &[event], Some(why)).await?;
        Ok(true)
    }

    async fn status_of(&self, runtime: &Runtime) -> Result<Option<Status>, EngineError> {
        let mut tx = self.store.read().await?;
        Ok(accounts::view(runtime.workspace, &mut tx, runtime.id).await?.map(|account| account.status))
    }

    /// What a browser's state means for its account.
    pub(super) async fn look_at_browser(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        watch: &Watch,
        course: &mut Course,
        (status, was_linked): (Status, bool),
        said: Result<(bool, BrowserStatus), CheckError>,
    ) -> Result<Next, EngineError> {
        let soon = Ok(Next::Wait(self.config.rhythm.linking));
        let (linked, browser) = match said {
            Ok(said) => said,
            Err(CheckError::DeviceUnknown { .. }) => {
                return match self.ensure_device(runtime.id, link).await {
                    Ok(()) => soon,
                    Err(error) => self.trouble(runtime, course, &error).await,
                };
            }
            Err(error) => return self.trouble(runtime, course, &error).await,
        };
        if linked {
            match browser.state {
                Browser::Ready => {
                    if let Some(twin) = self.twin(runtime, link).await {
                        self.step(runtime, &[Event::Failed], Some(&twin)).await?;
                        return Ok(Next::End);
                    }
                    let next = self.usable(runtime, link, watch, course, status).await?;
                    self.note_deliveries(runtime, course, browser.undelivered).await;
                    return Ok(next);
                }
                Browser::Stopped => {
                    self.begin_browser(link).await?;
                    return soon;
                }
                Browser::Starting | Browser::Authenticated | Browser::Qr | Browser::Pairing => {
                    watch.linking.show(None);
                    match status {
                        Status::Ready => {
                            let why = browser.reason.unwrap_or_else(|| "The browser starts anew.".to_owned());
                            self.step(runtime, &[Event::ConnectionLost], Some(&why)).await?;
                        }
                        Status::Qr | Status::Pairing => {
                            self.step(runtime, &[Event::Authenticated], None).await?;
                        }
                        _ => {}
                    }
                    return soon;
                }
                Browser::Error if browser.blocked => {
                    // Whoever starts it again has settled that: it is tried once more.
                    if status == Status::Loading && course.failures == 0 {
                        course.failures += 1;
                        link.client.reconnect().await?;
                        return soon;
                    }
                    self.step(runtime, &[Event::Failed], Some(BLOCKED)).await?;
                    return Ok(Next::End);
                }
                Browser::Disconnected | Browser::Error => {
                    self.step(runtime, &[Event::ConnectionLost], browser.reason.as_deref()).await?;
                    return Ok(Next::Wait(self.config.rhythm.poll));
                }
            }
        }
        if was_linked {
            let ended = self.link_has_ended(runtime).await;
            self.end_browser(link).await;
            return ended;
        }
        // The browser was shown all codes that there are.
        if browser.state == Browser::Disconnected && course.codes > 0 {
            watch.linking.show(None);
            self.step(runtime, &[Event::Failed], Some(NOBODY_SCANNED)).await?;
            self.end_browser(link).await;
            return Ok(Next::End);
        }
        let next = self.wait_for_phone(runtime, watch, course).await?;
        if matches!(next, Next::End) {
            self.end_browser(link).await;
        }
        Ok(next)
    }

    /// Another account that has the phone's number already, in words.
    async fn twin(&self, runtime: &Runtime, link: &GatewayLink) -> Option<String> {
        let number = link.client.status().await.ok()?.jid?;
        let twin = self.connected_already(&number, Some(runtime.id))?;
        let whose = if twin.workspace == runtime.workspace { "another account" } else { "another workspace" };
        Some(format!(
            "{} is connected in {whose} already, and a number can only be connected once. Log out here, and link another \
             phone.",
            number.label()
        ))
    }

    /// Starts a browser. One after the other: each takes a processor for some seconds.
    async fn begin_browser(&self, link: &GatewayLink) -> Result<(), EngineError> {
        let _turn = self.bridge.turn.lock().await;
        let said = link.client.status().await?;
        if said.browser.is_some_and(|b| b.state == Browser::Stopped) {
            link.client.reconnect().await?;
            self.pause(self.config.rhythm.browser).await;
        }
        Ok(())
    }

    async fn end_browser(&self, link: &GatewayLink) {
        // One that takes longer goes on closing.
        if let Ok(Err(error)) = tokio::time::timeout(STOP, link.client.stop()).await {
            tracing::info!(%error, "the browser of a stopped account is ended later");
        }
    }

    /// The account was stopped: its browser need not run any more.
    pub(super) async fn stop_browser(&self, runtime: &Runtime) {
        // Of a bridge that does not run there is no browser, and after its next start those that are not wanted end.
        if let (ProviderKind::Bridge, Some(link), Some(_)) =
            (runtime.kind(), runtime.gateway(), self.bridge.up())
        {
            self.end_browser(link).await;
        }
    }

    /// Raises an alert if deliveries do not arrive, and that lasts: a single failure passes.
    async fn note_deliveries(&self, runtime: &Runtime, course: &mut Course, problem: Option<String>) {
        let lasts = std::mem::replace(&mut course.undelivered, problem.is_some());
        if let Some(problem) = problem.filter(|_| lasts) {
            let words = format!(
                "Messages come in, but the bridge cannot deliver them here ({problem}). They wait on its disk; it tries \
                 again by itself."
            );
            self.raise_alert(runtime.workspace, runtime.id, AlertKind::Mute, &words).await;
        }
    }

    /// The bridge reports that something about the link has changed.
    pub(crate) fn link_changed(&self, id: AccountId, connection: &Connection) {
        let Some(watch) = self.supervisor.get(id) else { return };
        if let (Browser::Qr, Some(until)) = (connection.state, connection.qr_expires_at) {
            watch.linking.replaced(until);
        }
        watch.wake.notify_one();
    }

    /// For calls that a person waits for: the bridge runs, and has the account's device.
    pub(super) async fn reach_bridge(&self, id: AccountId) -> Result<Arc<Runtime>, EngineError> {
        let down = |text| CheckError::Other { text, code: None, field: None };
        self.bridge.wait_up(START).await.map_err(down)?;
        let runtime = self.accounts.get(id).ok_or(EngineError::NotFound { what: "account" })?;
        if let Some(link) = runtime.gateway() {
            self.ensure_device(id, link).await?;
        }
        Ok(runtime)
    }

    /// Sees to it that the device of a deleted account goes, with the link to the phone, even if the bridge does not run
    /// now.
    pub(super) async fn enqueue_forget_device(
        &self,
        write: &mut Write,
        id: AccountId,
    ) -> Result<(), EngineError> {
        let (ws, now) = (write.workspace(), write.now());
        let job = jobs::NewJob {
            idempotency_key: Some(format!("forget_device:{id}")),
            ..self.job(now, "forget_device", &ForgetJob { device: device_of(id) })?
        };
        jobs::enqueue(ws, write.tx(), &job).await?;
        Ok(())
    }

    pub(crate) async fn run_forget_device(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(ForgetJob { device }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(Done::Bury("unreadable payload".to_owned()));
        };
        let _need = self.bridge.need();
        let again = |why: String| Done::Retry(self.clock.now().after(self.retry_after(job.attempts)), why);
        Ok(match self.bridge.wait_up(START).await {
            Ok(up) => match self.device_client(&up, Some(device)).delete_device().await {
                Ok(()) => Done::Remove,
                Err(error) => again(error.to_string()),
            },
            Err(why) => again(why),
        })
    }
}

/// What a device is called that is made for an account, at the bridge or a gateway.
pub(super) fn device_of(id: AccountId) -> String {
    format!("balas-{id}")
}
