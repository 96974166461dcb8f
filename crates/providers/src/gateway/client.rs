//! One number on a gateway, as the engine sees it.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use balas_domain::{
    Address,
    socket::Presence,
    view::{FailureClass, ProviderKind},
};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{
    address::to_jid,
    check, fetch,
    order::Order,
    picture,
    settings::{Secrets, Settings},
    transport::{Call, Endpoint, Fault},
};
use crate::{
    CheckError,
    body::sendable,
    download::{Download, FetchError, MediaSource},
    http::Limits,
    lenient::id,
    provider::{CallError, Checked, Outcome, Outgoing, Provider, SendError, Sent},
    transfer::{Going, PATIENCE},
};

/// How long a client for gateways should wait: the gateway itself gives up after 45 s, and an answer that
/// comes after we gave up leaves a message whose outcome nobody knows.
pub const LIMITS: Limits = Limits { connect: Duration::from_secs(10), total: Duration::from_secs(50) };

/// How often a harmless call is repeated.
const REPEATS: usize = 2;
/// Wait before the first repetition; twice as long before each further one, and up to that much more by
/// chance.
const FIRST_WAIT: Duration = Duration::from_millis(300);

/// One number on a gateway.
///
/// Harmless calls (questions, read marks, typing) are repeated a few times when the gateway has a hiccup.
/// Sending and linking never are: only the engine knows whether doing it again is safe.
#[derive(Clone)]
pub struct Gateway {
    http: Client,
    kind: ProviderKind,
    settings: Settings,
    secrets: Secrets,
    backoff: ExponentialBuilder,
    patience: Duration,
}

impl Gateway {
    /// Makes no call yet. `client` should wait as long as [`LIMITS`] say.
    #[must_use]
    pub fn new(client: Client, settings: Settings, secrets: Secrets) -> Self {
        let backoff =
            ExponentialBuilder::default().with_min_delay(FIRST_WAIT).with_max_times(REPEATS).with_jitter();
        let kind = ProviderKind::Gateway;
        Self { http: client, kind, settings, secrets, backoff, patience: PATIENCE }
    }

    /// The same for a number on the bridge, which speaks as a gateway does.
    #[must_use]
    pub fn bridge(client: Client, settings: Settings, secrets: Secrets) -> Self {
        Self { kind: ProviderKind::Bridge, ..Self::new(client, settings, secrets) }
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

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(super) fn endpoint(&self) -> Endpoint<'_> {
        Endpoint {
            http: &self.http,
            base_url: &self.settings.base_url,
            user: &self.secrets.user,
            password: &self.secrets.password,
            device: self.settings.slot(),
        }
    }

    /// A call that changes something: made once.
    pub(super) async fn once(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Fault> {
        self.endpoint().exchange(Call { method: &method, path, query, body, key: None }).await
    }

    /// A question: no harm when it is asked again.
    pub(super) async fn ask(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Fault> {
        self.repeat(&Method::GET, path, query, None).await
    }

    async fn repeat(
        &self,
        method: &Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Fault> {
        let endpoint = self.endpoint();
        (|| endpoint.exchange(Call { method, path, query, body, key: None }))
            .retry(self.backoff)
            .when(Fault::worth_repeating)
            .await
    }

    /// What a failed call says about the settings.
    pub(super) fn explain(&self, fault: Fault) -> CheckError {
        match fault.explain(&self.settings.base_url, self.settings.slot()) {
            CheckError::Unreachable { url, detail, .. } => {
                CheckError::Unreachable { by: self.kind, url, detail }
            }
            error => error,
        }
    }

    /// A call about a chat that does no harm when repeated: whose it is goes into the body.
    async fn about_chat(&self, path: &[&str], chat: &Address, mut body: Value) -> Result<(), CallError> {
        let phone = to_jid(chat).map_err(|reason| CallError::Unsupported { reason })?;
        body["phone"] = json!(phone);
        self.repeat(&Method::POST, path, &[], Some(&body)).await.map_err(SendError::from)?;
        Ok(())
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("settings", &self.settings)
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

/// We refuse it ourselves.
fn refusal(text: String) -> SendError {
    SendError::not_sent(FailureClass::Invalid, text)
}

/// What a failed call means for a message that is out already.
fn undone(fault: Fault, done: &str) -> SendError {
    let error = SendError::from(fault);
    match error.outcome {
        Outcome::NotSent => error,
        Outcome::Unknown => {
            let text = format!(
                "The gateway's answer was lost, so the message may be {done} all the same. Look at the chat on the phone \
                 before trying again."
            );
            SendError { text, ..error }
        }
    }
}

#[async_trait]
impl Provider for Gateway {
    fn kind(&self) -> ProviderKind {
        self.kind
    }

    /// A quoted message that the gateway does not know is silently left out by it, and version 7 quotes only with texts.
    async fn send(&self, message: &Outgoing) -> Result<Sent, SendError> {
        let order = Order::of(message, self.kind).map_err(refusal)?;
        let key = message.id.to_string();
        let call = Call { method: &Method::POST, path: &order.path, query: &[], body: None, key: Some(&key) };
        let answer = if let Some(attached) = &order.file {
            let (going, part) = Going::open(attached.file, attached.name.clone(), &attached.mime).await?;
            let form = order.form().part(attached.field, part);
            self.endpoint().deliver(call, form, &going, self.patience).await?
        } else {
            let body = Value::Object(order.fields);
            self.endpoint().exchange(Call { body: Some(&body), ..call }).await?
        };
        // Accepted, but under no name that we can read: it is to be looked for in the chat.
        let provider_id =
            id(&answer, "message_id").ok_or_else(|| Fault::mumbled("the answer holds no message id"))?;
        Ok(Sent { provider_id, identities: Vec::new() })
    }

    /// In groups the gateway is not reliable about it: it names ourselves as the message's author.
    async fn mark_read(&self, chat: &Address, provider_id: &str) -> Result<(), CallError> {
        self.about_chat(&["message", provider_id, "read"], chat, json!({})).await
    }

    async fn typing(
        &self,
        chat: &Address,
        presence: Presence,
        _last_inbound_provider_id: Option<&str>,
    ) -> Result<(), CallError> {
        let body = match presence {
            Presence::Paused => json!({"action": "stop"}),
            // Gateways know typing alone.
            Presence::Recording if self.kind() == ProviderKind::Bridge => {
                json!({"action": "start", "media": "audio"})
            }
            Presence::Typing | Presence::Recording => json!({"action": "start"}),
        };
        self.about_chat(&["send", "chat-presence"], chat, body).await
    }

    async fn edit(&self, chat: &Address, provider_id: &str, text: &str) -> Result<(), CallError> {
        let phone = to_jid(chat).map_err(|reason| CallError::Unsupported { reason })?;
        sendable(text).map_err(SendError::from)?;
        let body = json!({"phone": phone, "message": text});
        let path = ["message", provider_id, "update"];
        let done = self.repeat(&Method::POST, &path, &[], Some(&body)).await;
        done.map_err(|fault| undone(fault, "changed"))?;
        Ok(())
    }

    /// Some versions report a problem of their own after the message was taken back, so it is asked for once only.
    async fn revoke(&self, chat: &Address, provider_id: &str) -> Result<(), CallError> {
        let phone = to_jid(chat).map_err(|reason| CallError::Unsupported { reason })?;
        let path = ["message", provider_id, "revoke"];
        let done = self.once(Method::POST, &path, &[], Some(&json!({"phone": phone}))).await;
        done.map_err(|fault| undone(fault.or_done(), "deleted"))?;
        Ok(())
    }

    async fn fetch(&self, media: &MediaSource) -> Result<Download, FetchError> {
        fetch::run(self, media).await
    }

    async fn picture(&self, whose: &Address) -> Result<Option<Vec<u8>>, FetchError> {
        picture::run(self, whose).await
    }

    async fn check(&self) -> Result<Checked, CheckError> {
        check::run(self).await
    }
}
