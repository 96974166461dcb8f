//! What a gateway knows and did not deliver is fetched: it gives up on a delivery after half a minute, and delivers
//! nothing at all while it cannot reach us.

use balas_domain::{Timestamp, view::Direction};
use balas_providers::{
    CheckError,
    gateway::{Chat, HistoryQuery},
    inbound::Message,
};
use balas_store::{
    StoreError, Write, accounts, conversations, messages,
    sync::{self, NewGap},
};

use super::registry::{GatewayLink, Runtime};
use crate::{Engine, error::EngineError, routing::reachable_from_anywhere};

/// Chats and messages that are asked for at once.
const PAGE: u32 = 100;
/// Messages that are stored in one transaction.
const GROUP: usize = 100;
/// A message may have waited so long for its turn before it was sent.
const UNSENT: std::time::Duration = std::time::Duration::from_hours(7 * 24);
/// What was caught up with is looked at again for so long: clocks differ, and gateways write whole seconds.
const OVERLAP: std::time::Duration = std::time::Duration::from_mins(2);

impl Engine {
    /// Fetches what was written since the last time and is not here; how many messages that were.
    ///
    /// The first time there is nothing to make up for: what is older than the link is history.
    pub(super) async fn recover(&self, runtime: &Runtime, link: &GatewayLink) -> Result<u64, EngineError> {
        let (ws, id) = (runtime.workspace, runtime.id);
        let until = self.clock.now().before(self.config.rhythm.grace);
        let caught_up = {
            let mut tx = self.store.read().await?;
            accounts::caught_up_at(ws, &mut tx, id).await?
        };
        let mut found = 0;
        if let Some(since) = caught_up {
            let since = since.before(OVERLAP);
            for chat in chats_since(link, since).await? {
                found += self.recover_chat(runtime, link, &chat, since, until).await?;
            }
        }
        let mut tx = self.store.begin().await?;
        accounts::caught_up(ws, &mut tx, id, caught_up.map_or(until, |at| at.max(until))).await?;
        tx.commit().await?;
        Ok(found)
    }

    async fn recover_chat(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        chat: &Chat,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<u64, EngineError> {
        let mut all = Vec::new();
        let mut query =
            HistoryQuery { limit: PAGE, since: Some(since), until: Some(until), ..HistoryQuery::default() };
        loop {
            let page = link.client.messages(&chat.address, query, self.clock.now()).await?;
            let asked_enough = page.messages.iter().any(|m| m.at < since);
            all.extend(page.messages);
            match page.next_offset {
                Some(offset) if !asked_enough => query.offset = offset,
                _ => break,
            }
        }
        all.retain(|m| (since..=until).contains(&m.at));
        // The gateway gives the newest first.
        all.reverse();
        let mut found = 0;
        let mut rest = all.into_iter().peekable();
        while rest.peek().is_some() {
            let mut write = self.store.write(runtime.workspace, self.clock.now()).await?;
            let mut gap = None;
            for message in rest.by_ref().take(GROUP) {
                let at = message.at;
                // What stands before a gap is only asked for until one is found.
                let before = match gap {
                    None => newest_until(&mut write, runtime, &message).await?,
                    Some(_) => None,
                };
                if self.recover_message(&mut write, runtime, message).await? {
                    let (_, _, last, count) = gap.get_or_insert((before, at, at, 0));
                    (*last, *count) = (at, *count + 1);
                    found += 1;
                }
            }
            if let Some((after, first_at, last_at, messages)) = gap {
                let ws = write.workspace();
                let here = conversations::by_address(ws, write.tx(), runtime.id, &chat.address).await?;
                if let Some(conversation_id) = here {
                    let gap = NewGap { conversation_id, after, first_at, last_at, messages };
                    sync::gap_filled(&mut write, runtime.id, &gap).await?;
                }
            }
            self.publish(write).await?;
        }
        Ok(found)
    }

    /// The bridge has fetched by itself what it had missed, and delivers it message by message.
    pub(crate) async fn ingest_missed(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        message: Message,
    ) -> Result<(), StoreError> {
        let (ws, at, chat) = (write.workspace(), message.at, message.chat.clone());
        let after = newest_until(write, runtime, &message).await?;
        if !self.recover_message(write, runtime, message).await? {
            return Ok(());
        }
        let Some(conversation_id) = conversations::by_address(ws, write.tx(), runtime.id, &chat).await?
        else {
            return Ok(());
        };
        // Those of one delivery become one gap.
        let gap = NewGap { conversation_id, after, first_at: at, last_at: at, messages: 1 };
        sync::gap_filled(write, runtime.id, &gap).await
    }

    /// Stores a message that is not here yet; `false` if it is.
    async fn recover_message(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        mut message: Message,
    ) -> Result<bool, StoreError> {
        let ws = write.workspace();
        if messages::by_provider_id(ws, write.tx(), runtime.id, &message.provider_id).await?.is_some() {
            return Ok(false);
        }
        if message.from_us && self.settle_unknown(write, runtime, &message).await? {
            self.apply_parked(write, runtime, &message.provider_id).await?;
            return Ok(false);
        }
        if let Some(here) = conversations::by_address(ws, write.tx(), runtime.id, &message.chat).await? {
            let cleared = messages::cleared_until(ws, write.tx(), here).await?;
            // Nobody misses what was taken away on purpose.
            if cleared.is_some_and(|until| message.at <= until) {
                return Ok(false);
            }
        }
        message.history = false;
        self.ingest_recovered(write, runtime, message).await?;
        Ok(true)
    }

    /// One of ours whose outcome was unknown turns out to have been sent.
    pub(crate) async fn settle_unknown(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        found: &Message,
    ) -> Result<bool, StoreError> {
        let ws = write.workspace();
        if messages::by_provider_id(ws, write.tx(), runtime.id, &found.provider_id).await?.is_some() {
            return Ok(false);
        }
        let since = found.at.before(UNSENT);
        let mut candidates = Vec::new();
        if let Some(own) = conversations::by_address(ws, write.tx(), runtime.id, &found.chat).await? {
            candidates = messages::unknown(ws, write.tx(), own, since).await?;
            candidates.retain(|ours| ours.view.sent_with.is_none());
        }
        for ours in messages::unknown_elsewhere(ws, write.tx(), runtime.id, since).await? {
            let conversation = conversations::get(ws, write.tx(), ours.view.conversation_id).await?;
            let Some(conversation) = conversation else { continue };
            if reachable_from_anywhere(ws, write.tx(), &conversation).await?.as_ref() == Some(&found.chat) {
                candidates.push(ours);
            }
        }
        for ours in candidates {
            let same = ours.content.searchable().trim() == found.content.searchable().trim();
            if same && ours.view.direction == Direction::Out && found.at >= ours.view.at.before(OVERLAP) {
                messages::accepted(write, ours.view.id, &found.provider_id).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The newest message of its chat that was known before this one.
async fn newest_until(
    write: &mut Write,
    runtime: &Runtime,
    message: &Message,
) -> Result<Option<Timestamp>, StoreError> {
    let ws = write.workspace();
    match conversations::by_address(ws, write.tx(), runtime.id, &message.chat).await? {
        Some(id) => messages::newest_until(ws, write.tx(), id, message.at).await,
        None => Ok(None),
    }
}

/// The chats in which something was written since then.
async fn chats_since(link: &GatewayLink, since: Timestamp) -> Result<Vec<Chat>, CheckError> {
    let (mut all, mut offset) = (Vec::new(), 0);
    loop {
        let page = link.client.chats(PAGE, offset).await?;
        // Those with the newest messages come first.
        let over = page.chats.iter().any(|chat| chat.last_message_at.is_some_and(|at| at < since));
        all.extend(page.chats.into_iter().filter(|c| c.last_message_at.is_some_and(|at| at >= since)));
        match page.next_offset {
            Some(next) if !over => offset = next,
            _ => return Ok(all),
        }
    }
}
