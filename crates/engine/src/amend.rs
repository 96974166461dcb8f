//! What an agent does with a message that stands there already: reacts to it, changes it, takes it back.
//!
//! `WhatsApp` is told first and the message changes when it has agreed, so that nobody sees what the customer does not.

use std::{sync::Arc, time::Duration};

use balas_domain::{
    AccountStatus, Content, MessageId, Permission, Role, Timestamp,
    form::{FieldError, Problem},
    text::one_emoji,
    view::{Author, ConversationView, Direction, MessageView, VersionView},
};
use balas_providers::{Body, CallError, Outgoing, SendError};
use balas_store::messages::{self, MessageRecord, Reactor};

use crate::{
    Engine, access::Actor, accounts::Runtime, composed::written, error::EngineError, reading,
    routing::within_window,
};

/// Our side, whoever of it: `WhatsApp` knows one for each number.
pub(crate) fn us(name: String) -> Reactor {
    Reactor { key: "us".to_owned(), name, from_us: true }
}

/// A message that can be pointed at.
struct Target {
    record: MessageRecord,
    conversation: ConversationView,
    /// The number that carried it: only that one can do something with it.
    runtime: Arc<Runtime>,
    provider_id: String,
}

impl Engine {
    /// Puts our reaction at a message in place of the one before, or with `None` takes it away.
    ///
    /// # Errors
    /// When the actor may not, there is no such message, it is no emoji, or the provider does not take it.
    pub async fn react(
        &self,
        actor: &Actor,
        id: MessageId,
        emoji: Option<&str>,
    ) -> Result<MessageView, EngineError> {
        actor.require(Permission::Reply)?;
        let emoji = emoji.map(str::trim).filter(|emoji| !emoji.is_empty());
        if emoji.is_some_and(|emoji| !one_emoji(emoji)) {
            let field = FieldError { field: "emoji".to_owned(), problem: Problem::NotEmoji };
            return Err(EngineError::Invalid(vec![field]));
        }
        let now = self.clock.now();
        let target = self.target(actor, id).await?;
        let can = target.runtime.provider().capabilities();
        if !can.react {
            return Err(EngineError::Unsupported { reason: "this number cannot react; answer instead" });
        }
        let last = target.conversation.last_inbound_at;
        if can.window_hours.is_some_and(|hours| !last.is_some_and(|at| within_window(at, now, hours))) {
            return Err(EngineError::WindowClosed);
        }
        let outgoing = Outgoing {
            id: MessageId::new(now, &*self.random),
            to: target.conversation.address.clone(),
            body: Body::Reaction {
                target: target.provider_id.clone(),
                emoji: emoji.unwrap_or_default().to_owned(),
            },
            reply_to: None,
            mentions: Vec::new(),
        };
        target.runtime.provider().send(&outgoing).await.map_err(not_done)?;
        let mut write = self.store.write(actor.workspace, now).await?;
        messages::react(&mut write, id, &us(actor.name().to_owned()), emoji, now).await?;
        self.publish(write).await?;
        self.message(actor, id).await
    }

    /// Changes what a sent text says.
    ///
    /// # Errors
    /// When the actor may not, there is no such message, it is too late, or the provider does not take it.
    pub async fn edit_message(
        &self,
        actor: &Actor,
        id: MessageId,
        text: &str,
    ) -> Result<MessageView, EngineError> {
        actor.require(Permission::Reply)?;
        let text = written(text)?;
        let target = self.own(actor, id).await?;
        let can = target.runtime.provider().capabilities();
        if !can.edit {
            let reason = "this number cannot change what was sent; send the correction as a new message";
            return Err(EngineError::Unsupported { reason });
        }
        let Content::Text { text: before } = &target.record.content else {
            let reason = "only a text can be changed; send the correction as a new message";
            return Err(EngineError::Unsupported { reason });
        };
        if *before == text {
            return Ok(target.record.view);
        }
        let limit = can.edit_minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
        in_time(
            target.record.view.at,
            self.clock.now(),
            limit,
            "WhatsApp lets a message be changed only shortly after it was sent; send the correction as a new one",
        )?;
        let (provider, address) = (target.runtime.provider(), &target.conversation.address);
        provider.edit(address, &target.provider_id, &text).await.map_err(call_failed)?;
        let now = self.clock.now();
        let mut write = self.store.write(actor.workspace, now).await?;
        messages::edit(&mut write, id, Content::text(text), now).await?;
        self.publish(write).await?;
        self.message(actor, id).await
    }

    /// Takes a sent message back, for everyone.
    ///
    /// # Errors
    /// When the actor may not, there is no such message, it is too late, or the provider does not do it.
    pub async fn revoke_message(&self, actor: &Actor, id: MessageId) -> Result<MessageView, EngineError> {
        actor.require(Permission::Reply)?;
        let target = self.own(actor, id).await?;
        let can = target.runtime.provider().capabilities();
        if !can.revoke {
            let reason = "this number cannot take back what was sent; send a correction as a new message";
            return Err(EngineError::Unsupported { reason });
        }
        let limit = can.revoke_hours.map(|hours| Duration::from_secs(3_600 * u64::from(hours)));
        in_time(
            target.record.view.at,
            self.clock.now(),
            limit,
            "WhatsApp lets a message be taken back only for some time after it was sent; send a correction",
        )?;
        let (provider, address) = (target.runtime.provider(), &target.conversation.address);
        provider.revoke(address, &target.provider_id).await.map_err(call_failed)?;
        let now = self.clock.now();
        let mut write = self.store.write(actor.workspace, now).await?;
        messages::revoke(&mut write, id, now).await?;
        self.publish(write).await?;
        self.message(actor, id).await
    }

    /// What a changed message has said, oldest first; empty for one that was never changed, or was taken back.
    ///
    /// # Errors
    /// When the actor may not, or there is no such message.
    pub async fn message_versions(
        &self,
        actor: &Actor,
        id: MessageId,
    ) -> Result<Vec<VersionView>, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        let ws = actor.workspace;
        messages::get(ws, &mut tx, id).await?.ok_or(EngineError::NotFound { what: "message" })?;
        Ok(messages::versions(ws, &mut tx, id).await?)
    }

    /// What came as a message that cannot be shown, as the provider had it.
    ///
    /// # Errors
    /// When the actor may not, or nothing of the kind is kept.
    pub async fn message_raw(&self, actor: &Actor, id: MessageId) -> Result<serde_json::Value, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let mut tx = self.store.read().await?;
        let record = messages::get(actor.workspace, &mut tx, id).await?;
        match record.filter(|record| !record.view.revoked).map(|record| record.content) {
            Some(Content::Unsupported { raw, .. }) if !raw.is_null() => Ok(raw),
            _ => Err(EngineError::NotFound { what: "payload" }),
        }
    }

    /// A message of a customer, or a sent one of ours, whose number is connected.
    async fn target(&self, actor: &Actor, id: MessageId) -> Result<Target, EngineError> {
        let (record, conversation) = {
            let mut tx = self.store.read().await?;
            let record = messages::get(actor.workspace, &mut tx, id)
                .await?
                .filter(|record| record.view.direction != Direction::Internal)
                .ok_or(EngineError::NotFound { what: "message" })?;
            let conversation = reading::conversation(actor, &mut tx, record.view.conversation_id).await?;
            (record, conversation)
        };
        if record.view.revoked {
            let reason = "this message was deleted; there is nothing left to do with it";
            return Err(EngineError::Unsupported { reason });
        }
        let Some(provider_id) = record.provider_id.clone() else {
            let reason = "this message has not gone out yet; wait for its tick and try again";
            return Err(EngineError::Unsupported { reason });
        };
        let runtime =
            self.accounts.get(record.view.carrier()).ok_or(EngineError::NotFound { what: "account" })?;
        let status = self.account(actor, runtime.id).await?.status;
        if status != AccountStatus::Ready {
            return Err(EngineError::AccountNotReady { status });
        }
        Ok(Target { record, conversation, runtime, provider_id })
    }

    /// One of ours that the actor may change: his own, or as a supervisor anyone's.
    async fn own(&self, actor: &Actor, id: MessageId) -> Result<Target, EngineError> {
        let target = self.target(actor, id).await?;
        let view = &target.record.view;
        if view.direction != Direction::Out {
            let reason = "only what was sent by your team can be changed or deleted";
            return Err(EngineError::Unsupported { reason });
        }
        let author = match &view.author {
            Author::Member { id, .. } => actor.member() == Some(*id),
            Author::Contact { .. } | Author::PhoneApp | Author::Api { .. } => false,
        };
        if !author && actor.role < Role::Supervisor {
            return Err(EngineError::Refused(
                "somebody else sent this message; he himself or a supervisor can change or delete it",
            ));
        }
        Ok(target)
    }
}

/// Refuses what comes after the limit.
fn in_time(
    sent: Timestamp,
    now: Timestamp,
    limit: Option<Duration>,
    late: &'static str,
) -> Result<(), EngineError> {
    match limit {
        Some(limit) if now.since(sent) > limit => Err(EngineError::Unsupported { reason: late }),
        _ => Ok(()),
    }
}

fn not_done(error: SendError) -> EngineError {
    EngineError::Provider { text: error.text }
}

fn call_failed(error: CallError) -> EngineError {
    match error {
        CallError::Unsupported { reason } => EngineError::Provider { text: reason },
        CallError::Failed(error) => not_done(error),
    }
}
