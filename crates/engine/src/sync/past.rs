//! A phone's chats are asked for what was said in them, and it is stored.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use balas_domain::{Address, ContactId, ConversationId, Delivery, Identity, MessageId, Timestamp};
use balas_providers::{
    CheckError,
    gateway::HistoryQuery,
    inbound::{Message, Sender},
};
use balas_store::{
    StoreError, Write, contacts, conversations,
    messages::{self, NewMessage, Source},
    pending,
    sync::{self, WaitingChat},
};
use futures::StreamExt;

use crate::{
    Engine,
    accounts::{GatewayLink, Runtime},
    error::EngineError,
    ingest::authorship,
};

/// Messages of a chat that are asked for at once.
const PAGE: u32 = 100;
/// Chats that are asked for at the same time.
const AT_ONCE: usize = 4;
/// Messages that are stored in one transaction, so that what happens meanwhile is not held up.
const GROUP: usize = 200;
/// A step ends about then and another one begins: far within a job's lease.
const STEP: Duration = Duration::from_secs(20);
/// Who wrote in groups, and the name that they were last told by, as long as nobody becomes one with somebody else.
type People = HashMap<Vec<Identity>, (ContactId, Option<String>)>;

/// A chat that could not be read so often is left out.
const TRIES: u32 = 3;

impl Engine {
    /// Fetches these chats, several at once, and stores them.
    pub(super) async fn bring_over(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        chats: Vec<WaitingChat>,
        limit: usize,
        until: Timestamp,
    ) -> Result<(), EngineError> {
        let begun = self.clock.now();
        let elsewhere = {
            let mut tx = self.store.read().await?;
            !messages::unknown_elsewhere(runtime.workspace, &mut tx, runtime.id, Timestamp(0))
                .await?
                .is_empty()
        };
        let fetch = |mut chat: WaitingChat| async move {
            let messages = self.past_of(link, &chat.address, limit, until).await;
            // What was written after that is delivered, and makes its conversation.
            chat.last_at = chat.last_at.filter(|at| *at <= until);
            (chat, messages)
        };
        let mut coming = futures::stream::iter(chats).map(fetch).buffered(AT_ONCE);
        let (mut some, mut count) = (Vec::new(), 0);
        let mut failures = Vec::new();
        let mut any = false;
        while let Some((chat, messages)) = coming.next().await {
            match messages {
                Ok(messages) => {
                    any = true;
                    count += messages.len();
                    some.push((chat, messages));
                }
                Err(error) => failures.push((chat, error)),
            }
            if count >= GROUP {
                self.store_past(runtime, std::mem::take(&mut some), elsewhere).await?;
                count = 0;
            }
            if self.stop.is_cancelled() || self.clock.now().since(begun) > STEP {
                break;
            }
        }
        self.store_past(runtime, some, elsewhere).await?;
        for (chat, error) in failures {
            if !any {
                // None could be read: it is not about the chats.
                return Err(error.into());
            }
            self.chat_failed(runtime, &chat, &error).await?;
        }
        Ok(())
    }

    async fn chat_failed(
        &self,
        runtime: &Runtime,
        chat: &WaitingChat,
        error: &CheckError,
    ) -> Result<(), EngineError> {
        let given_up = chat.tries + 1 >= TRIES;
        tracing::warn!(account = %runtime.id, %error, given_up, "a chat's history could not be read");
        let mut write = self.store.write(runtime.workspace, self.clock.now()).await?;
        if given_up {
            sync::chat_done(&mut write, runtime.id, &chat.address, 0).await?;
        } else {
            sync::chat_failed(runtime.workspace, write.tx(), runtime.id, &chat.address).await?;
        }
        self.publish(write).await?;
        Ok(())
    }

    /// The newest messages of a chat up to that time, oldest first.
    async fn past_of(
        &self,
        link: &GatewayLink,
        chat: &Address,
        limit: usize,
        until: Timestamp,
    ) -> Result<Vec<Message>, CheckError> {
        let mut all = Vec::new();
        let mut query = HistoryQuery { until: Some(until), ..HistoryQuery::default() };
        while all.len() < limit {
            query.limit = PAGE.min(u32::try_from(limit - all.len()).unwrap_or(PAGE));
            let page = link.client.messages(chat, query, self.clock.now()).await?;
            all.extend(page.messages.into_iter().filter(|m| m.at <= until));
            match page.next_offset {
                Some(offset) => query.offset = offset,
                None => break,
            }
        }
        all.truncate(limit);
        all.reverse();
        Ok(all)
    }

    /// Stores chats with their messages. A long chat takes several transactions, of which the last one ticks it off.
    async fn store_past(
        &self,
        runtime: &Runtime,
        chats: Vec<(WaitingChat, Vec<Message>)>,
        elsewhere: bool,
    ) -> Result<(), EngineError> {
        if chats.is_empty() {
            return Ok(());
        }
        let mut write = self.store.write(runtime.workspace, self.clock.now()).await?;
        let mut people = People::new();
        let mut room = GROUP;
        for (chat, mut messages) in chats {
            while messages.len() > room {
                let rest = messages.split_off(room);
                let stored =
                    self.store_messages(&mut write, runtime, &chat, messages, elsewhere, &mut people).await?;
                sync::brought(&mut write, runtime.id, stored).await?;
                self.publish(write).await?;
                write = self.store.write(runtime.workspace, self.clock.now()).await?;
                people.clear();
                (messages, room) = (rest, GROUP);
            }
            room -= messages.len();
            let stored =
                self.store_messages(&mut write, runtime, &chat, messages, elsewhere, &mut people).await?;
            sync::chat_done(&mut write, runtime.id, &chat.address, stored).await?;
        }
        self.publish(write).await?;
        Ok(())
    }

    /// Stores messages of one chat that are not here; how many. Without any it is a conversation all the same.
    pub(crate) async fn store_messages(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        chat: &WaitingChat,
        messages: Vec<Message>,
        elsewhere: bool,
        people: &mut People,
    ) -> Result<u32, StoreError> {
        let listed = if messages.is_empty() && self.is_new(write, runtime, &chat.address).await? {
            chat.last_at
        } else {
            None
        };
        let messages = self.unknown_of(write, runtime, chat, messages, elsewhere).await?;
        if messages.is_empty() && listed.is_none() {
            return Ok(0);
        }
        let group = chat.address.is_group();
        let contact = if group {
            None
        } else {
            // What they called themselves last counts.
            let told = messages.iter().rev().find(|message| message.sender.name.is_some());
            let told = told.or_else(|| messages.first());
            let (who, at) = told.map(|told| (told.sender.clone(), told.at)).unwrap_or_default();
            self.partner(write, runtime, chat, who, at).await?
        };
        let new_id = ConversationId::new(write.now(), &*self.random);
        let place = conversations::place(write, runtime.id, &chat.address, contact, new_id).await?;
        if place.made {
            self.recall_erased(write, place.id, &chat.address).await?;
            self.want_pictures(write, runtime).await?;
            if let Some(at) = listed {
                conversations::stands_at(write, place.id, at).await?;
            }
        }
        if let Some(name) = chat.name.as_deref().filter(|_| group) {
            conversations::name_it(write, place.id, &chat.address, name).await?;
        }
        let new_group = group && self.group_seen(write, runtime, place.id, None).await?;
        let mut rows = Vec::with_capacity(messages.len());
        for message in messages {
            let author = if group && !message.from_us && !message.sender.identities.is_empty() {
                let sender = &message.sender;
                let known = people.get(&sender.identities);
                if let Some((known, _)) =
                    known.filter(|(_, name)| sender.name.is_none() || sender.name == *name)
                {
                    Some(*known)
                } else {
                    let found = self.person(write, runtime, sender, message.at).await?;
                    if write.people_changed() {
                        // Some of those may be somebody else by now.
                        people.clear();
                    }
                    people.extend(found.map(|id| (sender.identities.clone(), (id, sender.name.clone()))));
                    found
                }
            } else {
                place.contact.or(contact)
            };
            rows.push(self.history_row(write.now(), runtime, &place, message, author));
        }
        let new = messages::insert_history(write, runtime.id, place.id, &rows).await?;
        self.apply_parked_to(write, runtime, &rows, &new).await?;
        if new_group {
            self.group_begins(write, runtime, &chat.address).await?;
        }
        Ok(u32::try_from(new.len()).unwrap_or(u32::MAX))
    }

    /// Whether there is no such conversation and was none that was erased: whoever was comes back with what they write, not
    /// because a phone still lists them.
    async fn is_new(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        address: &Address,
    ) -> Result<bool, StoreError> {
        let ws = write.workspace();
        let known = conversations::by_address(ws, write.tx(), runtime.id, address).await?;
        Ok(known.is_none() && !self.was_erased(write, address).await?)
    }

    /// Those of the messages that are not here yet. One of ours whose outcome was unknown is settled on the way.
    async fn unknown_of(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        chat: &WaitingChat,
        mut messages: Vec<Message>,
        elsewhere: bool,
    ) -> Result<Vec<Message>, StoreError> {
        if messages.is_empty() {
            return Ok(messages);
        }
        let ws = write.workspace();
        let known_as = conversations::by_address(ws, write.tx(), runtime.id, &chat.address).await?;
        let mut unsettled = elsewhere;
        if let Some(conversation) = known_as {
            let ids: Vec<&str> = messages.iter().map(|m| m.provider_id.as_str()).collect();
            let known = messages::known(ws, write.tx(), conversation, &ids).await?;
            messages.retain(|m| !known.contains(&m.provider_id));
            unsettled |= !messages::unknown(ws, write.tx(), conversation, Timestamp(0)).await?.is_empty();
        }
        if !unsettled {
            return Ok(messages);
        }
        let mut rest = Vec::with_capacity(messages.len());
        for message in messages {
            if !(message.from_us && self.settle_unknown(write, runtime, &message).await?) {
                rest.push(message);
            }
        }
        Ok(rest)
    }

    /// Who a private chat is with.
    async fn partner(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        chat: &WaitingChat,
        mut who: Sender,
        told_at: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        if who.identities.is_empty() {
            who.identities.extend(chat.address.identity());
        }
        // What the chat is called is better than nothing, and nothing more: nobody says since when.
        let at = if who.name.is_some() { told_at.min(write.now()) } else { Timestamp::default() };
        who.name = who.name.or_else(|| chat.name.clone());
        self.person(write, runtime, &who, at).await
    }

    /// The contact, without a trace if there is nothing to be learned: the same history again changes nothing.
    async fn person(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        who: &Sender,
        at: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        let (ws, name) = (write.workspace(), who.name.as_deref().map(|name| (name, at)));
        let known = contacts::known(ws, write.tx(), &runtime.identity_scope, &who.identities, name).await?;
        if known.is_some() {
            return Ok(known);
        }
        self.sender(write, runtime, who, at).await
    }

    fn history_row(
        &self,
        now: Timestamp,
        runtime: &Runtime,
        place: &conversations::Place,
        message: Message,
        contact: Option<ContactId>,
    ) -> NewMessage {
        let (direction, author, status) = authorship(&message, contact);
        NewMessage {
            id: MessageId::new(self.moments.next(now), &*self.random),
            conversation_id: place.id,
            account_id: runtime.id,
            provider_id: Some(message.provider_id),
            direction,
            author,
            content: message.content,
            delivery: Delivery { attempt: 1, status },
            quote_provider_id: message.quote,
            quote_message_id: None,
            at: message.at.min(now),
            counts_unread: false,
            origin: place.origin,
            source: Source::History,
        }
    }

    /// What had arrived before its message.
    async fn apply_parked_to(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        rows: &[NewMessage],
        new: &[MessageId],
    ) -> Result<(), StoreError> {
        let (ws, new) = (write.workspace(), new.iter().collect::<HashSet<_>>());
        let ids: Vec<&str> = rows
            .iter()
            .filter(|row| new.contains(&row.id))
            .filter_map(|row| row.provider_id.as_deref())
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        for target in pending::targets(ws, write.tx(), runtime.id, &ids).await? {
            self.apply_parked(write, runtime, &target).await?;
        }
        Ok(())
    }
}
