//! One number on the Cloud API, as the engine sees it.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use balas_domain::{
    Address,
    socket::Presence,
    view::{FailureClass, ProviderKind},
};
use reqwest::{Client, Method};
use serde_json::Value;

use super::{
    check, fetch, request,
    settings::{Secrets, Settings},
    transport::{Endpoint, Fault},
    upload::upload,
};
use crate::{
    CheckError,
    body::Body,
    download::{Download, FetchError, MediaSource},
    lenient::{distinct, elements, flag, id, identity, user},
    provider::{CallError, Checked, Outgoing, Provider, SendError, Sent},
    transfer::PATIENCE,
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
    patience: Duration,
}

impl Cloud {
    /// Makes no call yet.
    #[must_use]
    pub fn new(client: Client, settings: Settings, secrets: Secrets) -> Self {
        let backoff =
            ExponentialBuilder::default().with_min_delay(FIRST_WAIT).with_max_times(REPEATS).with_jitter();
        Self { http: client, settings, secrets, backoff, patience: PATIENCE }
    }

    /// With another wait before the first repetition of a harmless call (300 ms otherwise).
    #[must_use]
    pub fn with_first_wait(mut self, wait: Duration) -> Self {
        self.backoff = self.backoff.with_min_delay(wait);
        self
    }

    /// With another time after which a file that does not move any more is given up (a minute otherwise). However large it
    /// is, a file may take as long as it moves.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
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

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(super) fn endpoint(&self) -> Endpoint<'_> {
        Endpoint { http: &self.http, settings: &self.settings, secrets: &self.secrets }
    }

    /// A call that does no harm when it is made again.
    pub(super) async fn repeat(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Fault> {
        let endpoint = self.endpoint();
        (|| endpoint.exchange(method.clone(), path, query, body))
            .retry(self.backoff)
            .when(Fault::worth_repeating)
            .await
    }

    fn number(&self) -> &str {
        self.settings.phone_number_id.trim()
    }

    fn messages(&self) -> [&str; 2] {
        [self.number(), "messages"]
    }

    async fn read(&self, provider_id: &str, typing: bool) -> Result<(), CallError> {
        let body = request::read(provider_id, typing);
        let answer =
            self.repeat(Method::POST, &self.messages(), &[], Some(&body)).await.map_err(SendError::from)?;
        if flag(&answer, "success") {
            Ok(())
        } else {
            Err(CallError::Failed(refusal("WhatsApp did not mark the message as read.".to_owned())))
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
fn refusal(text: String) -> SendError {
    SendError::not_sent(FailureClass::Invalid, text)
}

fn unsupported(reason: &str) -> CallError {
    CallError::Unsupported { reason: reason.to_owned() }
}

#[async_trait]
impl Provider for Cloud {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Cloud
    }

    async fn send(&self, message: &Outgoing) -> Result<Sent, SendError> {
        // Whatever is wrong with it shows before a file is handed over.
        let mut body = request::send(message, "").map_err(refusal)?;
        if let Body::Media(file) = &message.body {
            let media = upload(self.endpoint(), self.number(), message.id, file, self.patience).await?;
            body = request::send(message, &media).map_err(refusal)?;
        }
        let answer = self.endpoint().exchange(Method::POST, &self.messages(), &[], Some(&body)).await?;
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
    async fn typing(
        &self,
        _chat: &Address,
        presence: Presence,
        last_inbound_provider_id: Option<&str>,
    ) -> Result<(), CallError> {
        // It fades by itself, and Meta knows no way to end it.
        if presence == Presence::Paused {
            return Ok(());
        }
        let Some(provider_id) = last_inbound_provider_id else {
            return Err(unsupported(
                "The Cloud API shows “typing” only in answer to a message, and this customer has written none.",
            ));
        };
        self.read(provider_id, true).await
    }

    async fn edit(&self, _chat: &Address, _provider_id: &str, _text: &str) -> Result<(), CallError> {
        Err(unsupported("The Cloud API cannot change a sent message. Send the correction as a new one."))
    }

    async fn revoke(&self, _chat: &Address, _provider_id: &str) -> Result<(), CallError> {
        Err(unsupported("The Cloud API cannot take a sent message back. Send a correction as a new one."))
    }

    async fn fetch(&self, media: &MediaSource) -> Result<Download, FetchError> {
        fetch::run(self, media).await
    }

    async fn picture(&self, _whose: &Address) -> Result<Option<Vec<u8>>, FetchError> {
        let reason = "The Cloud API shows no pictures of people.".to_owned();
        Err(FetchError::Unsupported { reason })
    }

    async fn check(&self) -> Result<Checked, CheckError> {
        check::run(self).await
    }
}
