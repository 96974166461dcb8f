//! Looks after a number that is linked to a phone, by a gateway or by our own bridge. A gateway tells nothing by itself
//! about the link, so it is asked.

use std::time::Duration;

use balas_domain::{
    AccountEvent as Event, AccountId, AccountStatus as Status, AlertKind, Timestamp, view::ProviderKind,
};
use balas_providers::{CheckError, Provider, gateway::LinkStatus};
use balas_store::accounts;

use super::{
    linking::Shown,
    registry::{GatewayLink, Runtime},
    supervisor::Watch,
};
use crate::{Engine, error::EngineError};

/// After so many codes that nobody used it is enough.
const CODES: u32 = 6;

pub(super) const NOBODY_SCANNED: &str = "Nobody has scanned the QR code. Start the account again when the phone is at hand: WhatsApp > \
                              Linked devices > Link a device.";
const DEVICE_AGAIN: &str =
    "This number's device was deleted at the gateway. It was made again; link the phone with a new code.";
const LOGGED_OUT: &str = "The phone has ended the link. Start the account again and link it with a new code.";

/// What is remembered between two looks.
#[derive(Default)]
pub(super) struct Course {
    /// Failures in a row.
    pub(super) failures: u32,
    /// Codes that were shown in a row.
    pub(super) codes: u32,
    /// When what the gateway knows was last compared with what it delivered.
    reconciled_at: Option<Timestamp>,
    /// The bridge said at the last look that it cannot deliver.
    pub(super) undelivered: bool,
    /// The device was made again and has not been seen since. One that is gone again at once is not made for ever.
    made_again: bool,
}

/// What comes next.
pub(super) enum Next {
    /// Look again after about that time.
    Wait(Duration),
    /// Nothing more to look after.
    End,
}

impl Engine {
    pub(super) async fn attend_linked(&self, id: AccountId, watch: &Watch) {
        let mut course = Course::default();
        let on_bridge = self.accounts.get(id).is_some_and(|runtime| runtime.kind() == ProviderKind::Bridge);
        let _need = on_bridge.then(|| self.bridge.need());
        loop {
            if on_bridge {
                match self.wait_for_bridge(id, watch).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => {
                        tracing::warn!(account = %id, %error, "account status could not be stored");
                        if !watch.pause(self, self.config.rhythm.first_wait).await {
                            return;
                        }
                        continue;
                    }
                }
            }
            let Some(runtime) = self.accounts.get(id) else { return };
            let Some(link) = runtime.gateway() else { return };
            let said = tokio::select! {
                said = link.client.status() => said,
                () = watch.stop.cancelled() => return,
                () = self.bridge_gone(on_bridge) => continue,
            };
            let looked = tokio::select! {
                looked = self.look(&runtime, link, watch, &mut course, said) => looked,
                () = watch.stop.cancelled() => return,
                () = self.bridge_gone(on_bridge) => continue,
            };
            let wait = match looked {
                Ok(Next::End) => return,
                Ok(Next::Wait(wait)) => wait,
                Err(error) => {
                    course.failures += 1;
                    tracing::warn!(account = %id, %error, "an account could not be looked after; trying again");
                    self.config.rhythm.backoff(course.failures)
                }
            };
            if !watch.pause(self, wait).await {
                return;
            }
        }
    }

    async fn look(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        watch: &Watch,
        course: &mut Course,
        said: Result<LinkStatus, CheckError>,
    ) -> Result<Next, EngineError> {
        let (account, was_linked) = {
            let (mut tx, ws, id) = (self.store.read().await?, runtime.workspace, runtime.id);
            (accounts::view(ws, &mut tx, id).await?, accounts::is_linked(ws, &mut tx, id).await?)
        };
        let Some(account) = account else { return Ok(Next::End) };
        let status = account.status;
        // Stopped or failed meanwhile: that stands until someone starts it again.
        if matches!(status, Status::Idle | Status::Error) {
            return Ok(Next::End);
        }
        if runtime.kind() == ProviderKind::Bridge {
            let said = said.and_then(|said| match said.browser {
                Some(browser) => Ok((said.logged_in, browser)),
                None => Err(CheckError::Busy { detail: NO_BRIDGE.to_owned(), retry_after: None }),
            });
            return self.look_at_browser(runtime, link, watch, course, (status, was_linked), said).await;
        }
        course.made_again &= said.is_err();
        match said {
            Ok(said) if said.logged_in && said.connected => {
                self.usable(runtime, link, watch, course, status).await
            }
            Ok(said) if said.logged_in => {
                if matches!(status, Status::Qr | Status::Pairing) {
                    // Scanned; the gateway is finishing.
                    watch.linking.show(None);
                    self.step(runtime, &[Event::Authenticated], None).await?;
                    return Ok(Next::Wait(self.config.rhythm.linking));
                }
                if status == Status::Authenticated && course.failures == 0 {
                    course.failures = 1;
                    return Ok(Next::Wait(self.config.rhythm.linking));
                }
                self.without_connection(runtime, link, course).await
            }
            Ok(_) if was_linked => self.link_has_ended(runtime).await,
            Ok(_) => self.wait_for_phone(runtime, watch, course).await,
            Err(error @ CheckError::DeviceUnknown { .. }) if link.device_made && !course.made_again => {
                self.without_device(runtime, link, watch, course, &error).await
            }
            Err(error) => self.trouble(runtime, course, &error).await,
        }
    }

    /// Somebody has deleted the account's device at the gateway, and the link with it. We made it, so we make it again;
    /// linking the phone is what is left to people.
    async fn without_device(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        watch: &Watch,
        course: &mut Course,
        unknown: &CheckError,
    ) -> Result<Next, EngineError> {
        let (ws, id) = (runtime.workspace, runtime.id);
        if let Err(error) = self.make_device_again(id, link).await {
            tracing::warn!(account = %id, %error, "a device that was deleted at the gateway was not made again");
            return self.trouble(runtime, course, unknown).await;
        }
        tracing::warn!(account = %id, "a device that was deleted at the gateway was made again");
        watch.linking.show(None);
        (course.made_again, course.reconciled_at) = (true, None);
        let mut write = self.store.write(ws, self.clock.now()).await?;
        let Some(account) = accounts::view(ws, write.tx(), id).await? else { return Ok(Next::End) };
        if matches!(account.status, Status::Authenticated | Status::Ready) {
            let status = account.status.after(Event::ConnectionLost)?;
            accounts::set_status(&mut write, id, status, Some(DEVICE_AGAIN)).await?;
        }
        accounts::set_code_expiry(&mut write, id, None).await?;
        // It is known, so the next look shows a code instead of saying that the phone has ended the link.
        accounts::set_linked(&mut write, id, false).await?;
        self.publish(write).await?;
        Ok(Next::Wait(self.config.rhythm.linking))
    }

    /// Linked and connected.
    pub(super) async fn usable(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        watch: &Watch,
        course: &mut Course,
        status: Status,
    ) -> Result<Next, EngineError> {
        if status != Status::Ready {
            // Is it the right phone, and the version that the account was set up for?
            let checked = match link.client.check().await {
                Ok(checked) => checked,
                Err(error) => return self.trouble(runtime, course, &error).await,
            };
            watch.linking.show(None);
            let events: &[Event] = match status {
                Status::Authenticated => &[Event::Ready],
                _ => &[Event::Authenticated, Event::Ready],
            };
            self.became_ready(runtime, link, events, checked.display_phone).await?;
            course.reconciled_at = None;
        }
        (course.failures, course.codes) = (0, 0);
        // The bridge keeps what it could not deliver, and fetches by itself what it missed.
        if runtime.kind() != ProviderKind::Bridge {
            self.reconcile(runtime, link, course).await;
        }
        Ok(Next::Wait(self.config.rhythm.poll))
    }

    async fn became_ready(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        events: &[Event],
        phone: String,
    ) -> Result<(), EngineError> {
        let (ws, id) = (runtime.workspace, runtime.id);
        let mut write = self.store.write(ws, self.clock.now()).await?;
        let Some(account) = accounts::view(ws, write.tx(), id).await? else { return Ok(()) };
        let status = account.status.after_all(events)?;
        if let Ok(linked) = balas_domain::Address::phone(&phone)
            && link.own.as_ref() != Some(&linked)
        {
            self.learn_number(&mut write, runtime, &linked).await?;
        }
        if !phone.is_empty() && account.phone.as_ref() != Some(&phone) {
            let change = accounts::AccountChange { phone: Some(phone), ..accounts::AccountChange::default() };
            accounts::update(&mut write, id, &change).await?;
        }
        accounts::set_status(&mut write, id, status, None).await?;
        accounts::set_code_expiry(&mut write, id, None).await?;
        accounts::set_linked(&mut write, id, true).await?;
        self.begin_sync(&mut write, id).await?;
        self.want_pictures(&mut write, runtime).await?;
        self.publish(write).await?;
        self.jobs.wake();
        Ok(())
    }

    /// The phone has ended the link, perhaps while nobody here was looking. Once that is said, the next start shows a
    /// code.
    pub(super) async fn link_has_ended(&self, runtime: &Runtime) -> Result<Next, EngineError> {
        let (ws, id) = (runtime.workspace, runtime.id);
        let mut write = self.store.write(ws, self.clock.now()).await?;
        let Some(account) = accounts::view(ws, write.tx(), id).await? else { return Ok(Next::End) };
        let status = account.status.after(Event::Failed)?;
        accounts::set_status(&mut write, id, status, Some(LOGGED_OUT)).await?;
        accounts::set_code_expiry(&mut write, id, None).await?;
        accounts::set_linked(&mut write, id, false).await?;
        self.publish(write).await?;
        Ok(Next::End)
    }

    /// From time to time, and after every interruption: is there anything that the gateway knows and did not deliver?
    async fn reconcile(&self, runtime: &Runtime, link: &GatewayLink, course: &mut Course) {
        let now = self.clock.now();
        let due = course.reconciled_at.is_none_or(|at| now.since(at) >= self.config.rhythm.reconcile);
        if !due {
            return;
        }
        let after_interruption = course.reconciled_at.is_none();
        let before = course.reconciled_at.unwrap_or_default();
        match self.recover(runtime, link).await {
            Ok(found) => {
                course.reconciled_at = Some(now);
                if found > 0 {
                    metrics::counter!("balas_messages_recovered_total").increment(found);
                    tracing::warn!(account = %runtime.id, found, "messages that were not delivered were fetched");
                }
                // Messages came, and not one delivery: the gateway cannot reach us.
                let silent = runtime.last_delivery() < before;
                if found > 0 && silent && !after_interruption {
                    metrics::counter!("balas_accounts_mute_total").increment(1);
                    self.raise_alert(runtime.workspace, runtime.id, AlertKind::Mute, MUTE).await;
                }
            }
            Err(error) => {
                tracing::warn!(account = %runtime.id, %error, "missed messages could not be looked for; trying again");
            }
        }
    }

    /// Linked, but without a connection to `WhatsApp`.
    async fn without_connection(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        course: &mut Course,
    ) -> Result<Next, EngineError> {
        let error = CheckError::NotConnected;
        self.step(runtime, &[Event::ConnectionLost], Some(&error.to_string())).await?;
        course.failures += 1;
        course.reconciled_at = None;
        if let Err(error) = link.client.reconnect().await {
            tracing::info!(account = %runtime.id, %error, "reconnecting did not help yet");
        }
        Ok(Next::Wait(self.config.rhythm.backoff(course.failures)))
    }

    /// No phone is linked: shows a code and waits for somebody to use it.
    pub(super) async fn wait_for_phone(
        &self,
        runtime: &Runtime,
        watch: &Watch,
        course: &mut Course,
    ) -> Result<Next, EngineError> {
        let now = self.clock.now();
        course.failures = 0;
        let shown = watch.linking.shown();
        if let Some(shown) = &shown
            && now < shown.expires_at()
            && !watch.linking.is_outdated()
        {
            return Ok(Next::Wait(self.config.rhythm.linking.min(shown.expires_at().since(now))));
        }
        if course.codes >= CODES {
            watch.linking.show(None);
            self.step(runtime, &[Event::Failed], Some(NOBODY_SCANNED)).await?;
            return Ok(Next::End);
        }
        let asked = match shown {
            Some(Shown::Pairing(pairing)) => {
                self.show_pairing_code(runtime, watch, &pairing.phone).await.map(drop)
            }
            Some(Shown::Qr(_)) | None => self.show_qr(runtime, watch).await.map(drop),
        };
        match asked {
            // The second: it was linked in this moment.
            Ok(()) | Err(EngineError::Check(CheckError::AlreadyLinked)) => {
                course.codes += 1;
                Ok(Next::Wait(self.config.rhythm.linking))
            }
            Err(EngineError::Check(error)) => self.trouble(runtime, course, &error).await,
            Err(error) => Err(error),
        }
    }

    /// The gateway does not do what it should.
    pub(super) async fn trouble(
        &self,
        runtime: &Runtime,
        course: &mut Course,
        error: &CheckError,
    ) -> Result<Next, EngineError> {
        if !error.may_pass() {
            self.step(runtime, &[Event::Failed], Some(&error.to_string())).await?;
            return Ok(Next::End);
        }
        course.failures += 1;
        course.reconciled_at = None;
        self.step(runtime, &[Event::ConnectionLost], Some(&error.to_string())).await?;
        Ok(Next::Wait(self.config.rhythm.backoff(course.failures)))
    }

    pub(super) async fn step(
        &self,
        runtime: &Runtime,
        events: &[Event],
        detail: Option<&str>,
    ) -> Result<(), EngineError> {
        self.transitions(runtime.workspace, runtime.id, events, detail, None).await.map(drop)
    }
}

const NO_BRIDGE: &str = "it does not answer like the bridge";

const MUTE: &str = "Messages come in, but the gateway's deliveries do not arrive here: they are fetched every few minutes \
                    instead. Check that the gateway can reach this server's address, and that the webhook's address and \
                    secret are right there.";
