//! One number on the Cloud API, as the engine sees it.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use balas_domain::{
    Address,
    view::{FailureClass, ProviderKind},
};
use reqwest::{Client, Method};
use serde_json::Value;

use super::{
    check, request,
    settings::{Secrets, Settings},
    transport::{Fault, exchange},
};
use crate::{
    CheckError,
    lenient::{distinct, elements, flag, id, identity, user},
    provider::{CallError, Checked, Outcome, Outgoing, Provider, SendError, Sent},
};

/// How often a harmless call is repeated.
const REPEATS: usize = 2;
/// Wait before the first repetition; twice as long before each further one, and up to that much more by
/// chance.
const FIRST_WAIT: Duration = Duration::from_millis(300);

/// One number on the Cloud API.
///
/// Harmless calls (checks, read marks, typing) are repeated a few times when Meta has a hiccup. Sending never
/// is: only the engine knows whether sending again is safe.
#[derive(Clone)]
pub struct Cloud {
    http: Client,
    settings: Settings,
    secrets: Secrets,
    backoff: ExponentialBuilder,
}

impl Cloud {
    /// Makes no call yet.
    #[must_use]
    pub fn new(client: Client, settings: Settings, secrets: Secrets) -> Self {
        let backoff =
            ExponentialBuilder::default().with_min_delay(FIRST_WAIT).with_max_times(REPEATS).with_jitter();
        Self { http: client, settings, secrets, backoff }
    }

    /// With another wait before the first repetition of a harmless call (300 ms otherwise).
    #[must_use]
    pub fn with_first_wait(mut self, wait: Duration) -> Self {
        self.backoff = self.backoff.with_min_delay(wait);
        self
    }

    /// What it was made with, less the secrets.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Switches on deliveries of this business account to the app that the token belongs to. May be repeated.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn subscribe(&self) -> Result<(), CheckError> {
        check::subscribe(self).await
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    async fn once(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Fault> {
        exchange(&self.http, &self.settings, &self.secrets, method, path, query, body).await
    }

    /// A call that does no harm when it is made again.
    pub(super) async fn repeat(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Fault> {
        (|| self.once(method.clone(), path, query, body))
            .retry(self.backoff)
            .when(Fault::worth_repeating)
            .await
    }

    fn messages(&self) -> [&str; 2] {
        [self.settings.phone_number_id.trim(), "messages"]
    }

    async fn read(&self, provider_id: &str, typing: bool) -> Result<(), CallError> {
        let body = request::read(provider_id, typing);
        let answer =
            self.repeat(Method::POST, &self.messages(), &[], Some(&body)).await.map_err(SendError::from)?;
        if flag(&answer, "success") {
            Ok(())
        } else {
            Err(CallError::Failed(refusal(
                FailureClass::Invalid,
                "WhatsApp did not mark the message as read.".to_owned(),
            )))
        }
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud")
            .field("settings", &self.settings)
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

/// We refuse it ourselves.
fn refusal(class: FailureClass, text: String) -> SendError {
    SendError { class, code: None, text, retry_after: None, outcome: Outcome::NotSent, request_id: None }
}

#[async_trait]
impl Provider for Cloud {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Cloud
    }

    async fn send(&self, message: &Outgoing) -> Result<Sent, SendError> {
        let body = request::send(message).map_err(|text| refusal(FailureClass::Invalid, text))?;
        let answer = self.once(Method::POST, &self.messages(), &[], Some(&body)).await?;
        let sent = elements(&answer, "messages").first().and_then(|m| id(m, "id"));
        // Accepted, but under no name that we can read: reports will tell by our own id.
        let lost = || Fault::Lost {
            detail: "the answer holds no message id".to_owned(),
            slow: false,
            http: Some(200),
        };
        let provider_id = sent.ok_or_else(lost)?;
        let recipients = elements(&answer, "contacts").iter();
        let identities = distinct(recipients.flat_map(|c| [identity(c, "wa_id"), user(c, "user_id")]));
        // A group's answer names no person.
        let identities = if message.to.is_group() { Vec::new() } else { identities };
        Ok(Sent { provider_id, identities })
    }

    async fn mark_read(&self, _chat: &Address, provider_id: &str) -> Result<(), CallError> {
        self.read(provider_id, false).await
    }

    /// Meta shows it for 25 seconds at most, and marks the message as read.
    async fn typing(&self, _chat: &Address, last_inbound_provider_id: Option<&str>) -> Result<(), CallError> {
        let Some(provider_id) = last_inbound_provider_id else {
            let reason = "The Cloud API shows “typing” only in answer to a message, and this customer has \
             written none.";
            return Err(CallError::Unsupported { reason: reason.to_owned() });
        };
        self.read(provider_id, true).await
    }

    async fn check(&self) -> Result<Checked, CheckError> {
        check::run(self).await
    }
}
