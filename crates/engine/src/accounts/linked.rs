//! Looks after a number that a gateway links. The gateway tells nothing by itself about the link, so it is asked.

use std::time::Duration;

use balas_domain::{AccountEvent as Event, AccountId, AccountStatus as Status, Timestamp};
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

const NOBODY_SCANNED: &str = "Nobody has scanned the QR code. Start the account again when the phone is at hand: WhatsApp > \
                              Linked devices > Link a device.";
const LOGGED_OUT: &str = "The phone has ended the link. Start the account again and link it with a new code.";

/// What is remembered between two looks.
#[derive(Default)]
struct Course {
    /// Failures in a row.
    failures: u32,
    /// Codes that were shown in a row.
    codes: u32,
    /// It was linked and usable.
    was_ready: bool,
    /// When what the gateway knows was last compared with what it delivered.
    reconciled_at: Option<Timestamp>,
    /// Deliveries do not arrive, found then.
    mute_since: Option<Timestamp>,
}

/// What comes next.
enum Next {
    /// Look again after about that time.
    Wait(Duration),
    /// Nothing more to look after.
    End,
}

impl Engine {
    pub(super) async fn attend_linked(&self, id: AccountId, watch: &Watch) {
        let mut course = Course::default();
        while let Some(runtime) = self.accounts.get(id) {
            let Some(link) = runtime.gateway() else { return };
            let said = tokio::select! {
                said = link.client.status() => said,
                () = watch.stop.cancelled() => return,
            };
            let looked = tokio::select! {
                looked = self.look(&runtime, link, watch, &mut course, said) => looked,
                () = watch.stop.cancelled() => return,
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
        let account = {
            let mut tx = self.store.read().await?;
            accounts::view(runtime.workspace, &mut tx, runtime.id).await?
        };
        let Some(account) = account else { return Ok(Next::End) };
        let status = account.status;
        // Stopped or failed meanwhile: that stands until someone starts it again.
        if matches!(status, Status::Idle | Status::Error) {
            return Ok(Next::End);
        }
        course.was_ready |= status == Status::Ready;
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
            Ok(_) if course.was_ready => {
                self.step(runtime, &[Event::Failed], Some(LOGGED_OUT)).await?;
                Ok(Next::End)
            }
            Ok(_) => self.wait_for_phone(runtime, watch, course).await,
            Err(error) => self.trouble(runtime, course, &error).await,
        }
    }

    /// Linked and connected.
    async fn usable(
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
        (course.failures, course.codes, course.was_ready) = (0, 0, true);
        self.reconcile(runtime, link, course).await;
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
        self.publish(write).await?;
        self.jobs.wake();
        Ok(())
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
                    course.mute_since = Some(now);
                    self.note(runtime, Some(MUTE)).await;
                } else if course.mute_since.is_some_and(|since| runtime.last_delivery() > since) {
                    course.mute_since = None;
                    self.note(runtime, None).await;
                }
            }
            Err(error) => {
                tracing::warn!(account = %runtime.id, %error, "missed messages could not be looked for; trying again");
            }
        }
    }

    /// Says something about an account that works, or takes it back.
    async fn note(&self, runtime: &Runtime, detail: Option<&str>) {
        let noted = async {
            let mut write = self.store.write(runtime.workspace, self.clock.now()).await?;
            let account = accounts::view(runtime.workspace, write.tx(), runtime.id).await?;
            if account.is_some_and(|a| a.status == Status::Ready) {
                accounts::set_status(&mut write, runtime.id, Status::Ready, detail).await?;
            }
            self.publish(write).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(account = %runtime.id, %error, "account status could not be stored");
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
    async fn wait_for_phone(
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
        {
            return Ok(Next::Wait(self.config.rhythm.linking.min(shown.expires_at().since(now))));
        }
        if course.codes >= CODES {
            watch.linking.show(None);
            self.step(runtime, &[Event::Failed], Some(NOBODY_SCANNED)).await?;
            return Ok(Next::End);
        }
        course.codes += 1;
        let asked = match shown {
            Some(Shown::Pairing(_)) => self.show_pairing_code(runtime, watch).await.map(drop),
            Some(Shown::Qr(_)) | None => self.show_qr(runtime, watch).await.map(drop),
        };
        match asked {
            // The second: it was linked in this moment.
            Ok(()) | Err(EngineError::Check(CheckError::AlreadyLinked)) => {
                Ok(Next::Wait(self.config.rhythm.linking))
            }
            Err(EngineError::Check(error)) => self.trouble(runtime, course, &error).await,
            Err(error) => Err(error),
        }
    }

    /// The gateway does not do what it should.
    async fn trouble(
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

    async fn step(
        &self,
        runtime: &Runtime,
        events: &[Event],
        detail: Option<&str>,
    ) -> Result<(), EngineError> {
        self.transitions(runtime.workspace, runtime.id, events, detail, None).await.map(drop)
    }
}

const MUTE: &str = "Messages come in, but the gateway's deliveries do not arrive here: they are fetched every few minutes \
                    instead. Check that the gateway can reach this server's address, and that the webhook's address and \
                    secret are right there.";
