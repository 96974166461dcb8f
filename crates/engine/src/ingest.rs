//! What came in becomes rows and events. Everything here may happen twice and in any order.

use balas_domain::{
    Address, ContactId, Content, ConversationId, Delivery, Identity, MessageId, MessageStatus, Timestamp,
    socket::Typist, view::Direction,
};
use balas_providers::inbound::{Inbound, Message, Sender, Status};
use balas_store::{
    StoreError, Write, contacts, conversations,
    messages::{self, AuthorRef, Inserted, MessageRecord, NewMessage, Reactor, Source},
    pending, people, sync,
};

use crate::{Engine, accounts::Runtime, amend::us, live::Signal};

/// A change of a message by somebody who is not known as its author (yet: names of one person come to be known as such
/// in any order).
const DISPUTED: &str = "disputed";

/// What is said when Meta was not allowed to hand over what was said before.
const DECLINED: &str = "Whoever connected the number chose in the WhatsApp Business app not to share its chats. To bring \
    them over, disconnect the number in the app (Settings > Account > Business Platform), connect it to Meta again, and \
    share the chats when the app asks.";

impl Engine {
    /// Two contacts became one: who changed a message may be its author after all. Every write in which that happened
    /// ends with this, see [`Engine::publish`].
    pub(crate) async fn settle_disputed(&self, write: &mut Write) -> Result<(), StoreError> {
        let ws = write.workspace();
        for (account, row) in pending::take_kind(ws, write.tx(), DISPUTED).await? {
            let Some(account) = self.accounts.get(account) else { continue };
            match serde_json::from_value::<Inbound>(row.payload) {
                Ok(operation) => self.ingest_operation(write, &account, operation).await?,
                Err(error) => tracing::error!(%error, "a parked operation cannot be read; dropped"),
            }
        }
        Ok(())
    }

    /// Applies one thing that happened, within a transaction.
    pub(crate) async fn ingest(
        &self,
        write: &mut Write,
        account: &Runtime,
        event: Inbound,
    ) -> Result<(), StoreError> {
        match event {
            Inbound::Message(message) => {
                // One of ours that was cut off while it was sent looks like one that was typed on the phone.
                let ours = message.from_us && account.gateway().is_some();
                if ours && self.settle_unknown(write, account, &message).await? {
                    return self.apply_parked(write, account, &message.provider_id).await;
                }
                self.ingest_message(write, account, message, false).await
            }
            Inbound::Missed(message) => self.ingest_missed(write, account, message).await,
            Inbound::Status(status) => self.ingest_status(write, account, status).await,
            Inbound::Edit { .. }
            | Inbound::Revoke { .. }
            | Inbound::Reaction { .. }
            | Inbound::Vote { .. } => self.ingest_operation(write, account, event).await,
            Inbound::IdentityChanged { old, new, notice, .. } => {
                let identities: Vec<Identity> = old.into_iter().chain(new).collect();
                self.resolve(write, account, &identities, None, None).await?;
                match notice {
                    Some(notice) => self.ingest_message(write, account, notice, false).await,
                    None => Ok(()),
                }
            }
            Inbound::ReadByUs { chat, targets, at } => {
                for target in targets {
                    let read = Inbound::ReadByUs { chat: chat.clone(), targets: vec![target], at };
                    self.ingest_operation(write, account, read).await?;
                }
                Ok(())
            }
            Inbound::Typing { chat, presence, .. } => {
                // Passing news: told at once and stored nowhere. Nobody looks at a conversation that does not exist.
                let ws = write.workspace();
                if let Some(id) = conversations::by_address(ws, write.tx(), account.id, &chat).await? {
                    self.live
                        .send(ws, Signal::Typing { conversation_id: id, who: Typist::Contact, presence });
                }
                Ok(())
            }
            Inbound::Connection(connection) => {
                self.link_changed(account.id, &connection);
                Ok(())
            }
            Inbound::Group(_) | Inbound::GroupUpdated { .. } => {
                self.ingest_group(write, account, event).await
            }
            Inbound::Contacts { people } => {
                let now = write.now();
                for person in people {
                    self.sender(write, account, &person, now).await?;
                }
                Ok(())
            }
            Inbound::HistoryProgress { percent } => sync::reported(write, account.id, percent).await,
            Inbound::HistoryDeclined => {
                if sync::declined(write, account.id, DECLINED).await? {
                    metrics::counter!("balas_syncs_total", "result" => "failed").increment(1);
                }
                Ok(())
            }
            Inbound::AccountNotice { kind, text } => {
                tracing::info!(account = %account.id, kind, text, "the provider says something about an account");
                Ok(())
            }
            Inbound::Ignored { kind } => {
                metrics::counter!("balas_inbound_ignored_total").increment(1);
                tracing::debug!(account = %account.id, kind, "ignored");
                Ok(())
            }
        }
    }

    pub(crate) async fn resolve(
        &self,
        write: &mut Write,
        account: &Runtime,
        identities: &[Identity],
        name: Option<(&str, Timestamp)>,
        username: Option<&str>,
    ) -> Result<Option<ContactId>, StoreError> {
        if identities.is_empty() {
            return Ok(None);
        }
        let new_id = ContactId::new(write.now(), &*self.random);
        contacts::resolve(write, &account.identity_scope, identities, name, username, new_id).await.map(Some)
    }

    /// Who it is, as they called themselves at that moment.
    pub(crate) async fn sender(
        &self,
        write: &mut Write,
        account: &Runtime,
        who: &Sender,
        at: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        let name = who.name.as_deref().map(|name| (name, at));
        self.resolve(write, account, &who.identities, name, who.username.as_deref()).await
    }

    /// A message whose delivery was missed.
    pub(crate) async fn ingest_recovered(
        &self,
        write: &mut Write,
        account: &Runtime,
        message: Message,
    ) -> Result<(), StoreError> {
        self.ingest_message(write, account, message, true).await
    }

    async fn ingest_message(
        &self,
        write: &mut Write,
        account: &Runtime,
        message: Message,
        recovered: bool,
    ) -> Result<(), StoreError> {
        let now = write.now();
        let mut message = message;
        // Should names of two people stand there, it is the one whose chat it is.
        let chat = message.chat.identity();
        message.sender.identities.sort_by_key(|identity| Some(identity) != chat.as_ref());
        let person = self.sender(write, account, &message.sender, message.at.min(now)).await?;
        let contact = match (message.chat.is_group(), person) {
            (true, _) => None,
            (false, Some(person)) => Some(person),
            // A message typed on the phone names nobody but the chat.
            (false, None) => {
                let chat: Vec<Identity> = message.chat.identity().into_iter().collect();
                self.resolve(write, account, &chat, None, None).await?
            }
        };
        let new_id = ConversationId::new(now, &*self.random);
        let place = conversations::place(write, account.id, &message.chat, contact, new_id).await?;
        if place.made {
            self.recall_erased(write, place.id, &message.chat).await?;
            self.want_pictures(write, account).await?;
        }
        let person = place.contact.or(person);
        let new_group = message.chat.is_group() && self.group_seen(write, account, place.id, person).await?;
        let (direction, author, status) = authorship(&message, person);
        // What is from before is fetched when somebody looks at it.
        let file = match &message.content {
            Content::Media(media) if !message.history => Some(media.clone()),
            _ => None,
        };
        let row = NewMessage {
            id: MessageId::new(self.moments.next(now), &*self.random),
            conversation_id: place.id,
            account_id: account.id,
            provider_id: Some(message.provider_id.clone()),
            direction,
            author,
            content: message.content,
            delivery: Delivery { attempt: 1, status },
            quote_provider_id: message.quote,
            quote_message_id: None,
            at: message.at.min(now),
            counts_unread: direction == Direction::In && !message.history,
            source: match (message.history, recovered) {
                (true, _) => Source::History,
                (false, true) => Source::Recovered,
                (false, false) => Source::Live,
            },
            origin: place.origin,
        };
        match messages::insert(write, &row).await? {
            Inserted::New => {
                metrics::counter!("balas_messages_total", "direction" => direction.as_str()).increment(1);
                if let Some(file) = file {
                    self.want_file(write, row.id, &file).await?;
                }
                self.apply_parked(write, account, &message.provider_id).await?;
            }
            // Files of the history are told of first, and where they are by a later delivery.
            Inserted::Duplicate(known) if message.history => {
                messages::tell_where(write, known, &row.content).await?;
            }
            Inserted::Duplicate(_) | Inserted::Cleared => {}
        }
        if new_group { self.group_begins(write, account, &message.chat).await } else { Ok(()) }
    }

    /// What had arrived before its message, before the answer to our own send told its id, or before its group.
    pub(crate) async fn apply_parked(
        &self,
        write: &mut Write,
        account: &Runtime,
        target: &str,
    ) -> Result<(), StoreError> {
        for row in pending::take(write, account.id, target).await? {
            match serde_json::from_value::<Inbound>(row.payload) {
                Ok(Inbound::Status(status)) => self.ingest_status(write, account, status).await?,
                Ok(event @ (Inbound::Group(_) | Inbound::GroupUpdated { .. })) => {
                    self.ingest_group(write, account, event).await?;
                }
                Ok(operation) => Box::pin(self.ingest_operation(write, account, operation)).await?,
                Err(error) => tracing::error!(%error, "a parked operation cannot be read; dropped"),
            }
        }
        Ok(())
    }

    /// Keeps something until its target comes.
    pub(crate) async fn park(
        &self,
        write: &mut Write,
        account: &Runtime,
        target: &str,
        kind: &str,
        event: &Inbound,
    ) -> Result<(), StoreError> {
        let Ok(payload) = serde_json::to_value(event) else { return Ok(()) };
        let now = write.now();
        let row = pending::NewPending {
            account_id: account.id,
            target: target.to_owned(),
            kind: kind.to_owned(),
            payload,
            received_at: now,
        };
        pending::park(write, &row).await
    }

    async fn ingest_status(
        &self,
        write: &mut Write,
        account: &Runtime,
        status: Status,
    ) -> Result<(), StoreError> {
        let ws = write.workspace();
        // Our own id, which the provider gave back, finds messages whose send answer was lost.
        let ours = match status.callback {
            Some(id) => messages::get(ws, write.tx(), id).await?.filter(|m| m.view.carrier() == account.id),
            None => None,
        };
        let found = match ours {
            Some(record) => Some(record),
            None => messages::by_provider_id(ws, write.tx(), account.id, &status.provider_id).await?,
        };
        let Some(record) = found.filter(|m| m.view.direction == Direction::Out) else {
            let (target, event) = (status.provider_id.clone(), Inbound::Status(status));
            return self.park(write, account, &target, "status", &event).await;
        };
        let id = record.view.id;
        if record.provider_id.is_none() {
            messages::accepted(write, id, &status.provider_id).await?;
        }
        if messages::report(write, id, status.status, status.failure.as_ref(), status.at).await? {
            metrics::counter!("balas_reports_total", "status" => status.status.as_str()).increment(1);
        }
        Ok(())
    }

    /// An edit, a revocation, a reaction, a vote, or that a message was read on our phone.
    async fn ingest_operation(
        &self,
        write: &mut Write,
        account: &Runtime,
        event: Inbound,
    ) -> Result<(), StoreError> {
        let ws = write.workspace();
        let (target, kind) = match &event {
            Inbound::Edit { target, .. } => (target.clone(), "edit"),
            Inbound::Revoke { target, .. } => (target.clone(), "revoke"),
            Inbound::Reaction { target, .. } => (target.clone(), "reaction"),
            Inbound::Vote { target, .. } => (target.clone(), "vote"),
            Inbound::ReadByUs { targets, .. } => match targets.first() {
                Some(target) => (target.clone(), "read"),
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let Some(record) = messages::by_provider_id(ws, write.tx(), account.id, &target).await? else {
            return self.park(write, account, &target, kind, &event).await;
        };
        let id = record.view.id;
        let ours = record.view.direction == Direction::Out;
        match event {
            Inbound::Edit { chat, by, from_us, content, at, .. } => {
                let allowed = self.is_author(write, account, &record, from_us, by.as_ref()).await?;
                if allowed {
                    // Of a file only the words below it can be changed.
                    let content = content.in_place_of(&record.content);
                    messages::edit(write, id, content, at).await?;
                } else if ours == from_us {
                    let event = Inbound::Edit { target: target.clone(), chat, by, from_us, content, at };
                    self.park(write, account, &target, DISPUTED, &event).await?;
                }
            }
            Inbound::Revoke { chat, by, from_us, at, .. } => {
                let allowed = self.is_author(write, account, &record, from_us, by.as_ref()).await?;
                if allowed {
                    messages::revoke(write, id, at).await?;
                } else if ours == from_us {
                    let event = Inbound::Revoke { target: target.clone(), chat, by, from_us, at };
                    self.park(write, account, &target, DISPUTED, &event).await?;
                }
            }
            Inbound::Reaction { sender, from_us, emoji, at, .. } => {
                let who = self.reactor(write, account, sender, from_us, at).await?;
                messages::react(write, id, &who, emoji.as_deref(), at).await?;
            }
            Inbound::Vote { sender, from_us, options, at, .. } => {
                let who = self.reactor(write, account, sender, from_us, at).await?;
                messages::vote(write, id, &who, &options, at).await?;
            }
            // What came after it has not been read by that.
            Inbound::ReadByUs { .. } => {
                conversations::read_until(write, record.view.conversation_id, record.view.at).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn reactor(
        &self,
        write: &mut Write,
        account: &Runtime,
        sender: Sender,
        from_us: bool,
        at: Timestamp,
    ) -> Result<Reactor, StoreError> {
        let contact = self.sender(write, account, &sender, at).await?;
        let Some(contact) = contact.filter(|_| !from_us) else { return Ok(us(String::new())) };
        let name = if let Some(name) = sender.name {
            name
        } else {
            let known = contacts::get(write.workspace(), write.tx(), contact).await?;
            known.map(|c| c.name).unwrap_or_default()
        };
        Ok(Reactor { key: contact.to_string(), name, from_us: false })
    }

    /// Whether who changes a message wrote it. In a direct chat there is only one on each side.
    async fn is_author(
        &self,
        write: &mut Write,
        account: &Runtime,
        record: &MessageRecord,
        from_us: bool,
        by: Option<&Identity>,
    ) -> Result<bool, StoreError> {
        let ours = record.view.direction == Direction::Out;
        if ours || from_us {
            return Ok(ours == from_us);
        }
        let (Some(author), Some(by)) = (record.contact_id, by) else { return Ok(true) };
        let Some(claimed) = self.resolve(write, account, std::slice::from_ref(by), None, None).await? else {
            return Ok(false);
        };
        // What somebody wrote in a group before becoming one with another contact bears the name of then.
        Ok(claimed == author || people::has_become(write.workspace(), write.tx(), author, claimed).await?)
    }
}

/// Which way a message went, who wrote it, and how far it has come.
pub(crate) fn authorship(
    message: &Message,
    contact: Option<ContactId>,
) -> (Direction, AuthorRef, MessageStatus) {
    if message.from_us {
        return (Direction::Out, AuthorRef::PhoneApp, MessageStatus::Sent);
    }
    let sender = &message.sender;
    let name = sender.name.clone().or_else(|| sender.username.clone());
    let name = name.unwrap_or_else(|| nameless(&sender.identities, &message.chat));
    (Direction::In, AuthorRef::Contact(contact, name), MessageStatus::Delivered)
}

/// How someone is shown who told no name: by number, or by the end of an id, never by the group's id.
fn nameless(identities: &[Identity], chat: &Address) -> String {
    match identities.iter().find_map(Identity::address) {
        Some(address) => address.label(),
        None => chat.label(),
    }
}

#[cfg(test)]
mod order;
