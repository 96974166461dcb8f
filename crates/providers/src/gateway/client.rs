//! One number on a gateway, as the engine sees it.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use balas_domain::{
    Address,
    view::{FailureClass, ProviderKind},
};
use reqwest::{Client, Method};
use serde_json::{Map, Value, json};

use super::{
    address::to_jid,
    check,
    settings::{Secrets, Settings},
    transport::{Call, Endpoint, Fault},
};
use crate::{
    CheckError,
    http::Limits,
    lenient::id,
    provider::{Body, CallError, Checked, Outcome, Outgoing, Provider, SendError, Sent, sendable},
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
}

impl Gateway {
    /// Makes no call yet. `client` should wait as long as [`LIMITS`] say.
    #[must_use]
    pub fn new(client: Client, settings: Settings, secrets: Secrets) -> Self {
        let backoff =
            ExponentialBuilder::default().with_min_delay(FIRST_WAIT).with_max_times(REPEATS).with_jitter();
        Self { http: client, kind: ProviderKind::Gateway, settings, secrets, backoff }
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

    /// What it was made with, less the secrets.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
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

    /// A call about a chat that does no harm when repeated.
    async fn about_chat(&self, path: &[&str], chat: &Address, action: Option<&str>) -> Result<(), CallError> {
        let phone = to_jid(chat).map_err(|reason| CallError::Unsupported { reason })?;
        let mut body = json!({"phone": phone});
        if let (Some(action), Some(map)) = (action, body.as_object_mut()) {
            map.insert("action".into(), json!(action));
        }
        self.repeat(&Method::POST, path, &[], Some(&body)).await.map_err(SendError::from)?;
        Ok(())
    }

    /// Takes back what [`Provider::typing`] showed. The phone of the customer forgets it after some seconds
    /// anyway.
    ///
    /// # Errors
    /// When the gateway refuses or cannot be reached.
    pub async fn typing_ceased(&self, chat: &Address) -> Result<(), CallError> {
        self.about_chat(&["send", "chat-presence"], chat, Some("stop")).await
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

/// A person as the gateway takes mentions: a bare number, or the whole linked id.
fn mentioned(who: &Address) -> Option<String> {
    match who {
        Address::Phone(digits) => Some(digits.clone()),
        Address::Lid(id) => Some(format!("{id}@lid")),
        Address::User(_) | Address::Group(_) => None,
    }
}

/// We refuse it ourselves.
fn refusal(text: String) -> SendError {
    SendError {
        class: FailureClass::Invalid,
        code: None,
        text,
        retry_after: None,
        outcome: Outcome::NotSent,
        request_id: None,
    }
}

#[async_trait]
impl Provider for Gateway {
    fn kind(&self) -> ProviderKind {
        self.kind
    }

    /// A quoted message that the gateway does not know is silently left out by it.
    async fn send(&self, message: &Outgoing) -> Result<Sent, SendError> {
        let phone = to_jid(&message.to).map_err(refusal)?;
        let mut body = Map::new();
        body.insert("phone".into(), json!(phone));
        let path: &[&str] = match &message.body {
            Body::Text { text } => {
                sendable(text).map_err(refusal)?;
                body.insert("message".into(), json!(text));
                if let Some(quoted) = &message.reply_to {
                    body.insert("reply_message_id".into(), json!(quoted));
                }
                if !message.mentions.is_empty() {
                    let mentions: Vec<String> = message.mentions.iter().filter_map(mentioned).collect();
                    body.insert("mentions".into(), json!(mentions));
                }
                &["send", "message"]
            }
            Body::Reaction { target, emoji } => {
                body.insert("emoji".into(), json!(emoji));
                &["message", target, "reaction"]
            }
        };
        let (body, key) = (Value::Object(body), message.id.to_string());
        let call = Call { method: &Method::POST, path, query: &[], body: Some(&body), key: Some(&key) };
        let answer = self.endpoint().exchange(call).await?;
        // Accepted, but under no name that we can read: it is to be looked for in the chat.
        let provider_id =
            id(&answer, "message_id").ok_or_else(|| Fault::mumbled("the answer holds no message id"))?;
        Ok(Sent { provider_id, identities: Vec::new() })
    }

    /// In groups the gateway is not reliable about it: it names ourselves as the message's author.
    async fn mark_read(&self, chat: &Address, provider_id: &str) -> Result<(), CallError> {
        self.about_chat(&["message", provider_id, "read"], chat, None).await
    }

    async fn typing(&self, chat: &Address, _last_inbound_provider_id: Option<&str>) -> Result<(), CallError> {
        self.about_chat(&["send", "chat-presence"], chat, Some("start")).await
    }

    async fn check(&self) -> Result<Checked, CheckError> {
        check::run(self).await
    }
}
