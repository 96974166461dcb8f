//! What screens, REST and socket read. Each answer comes from one read transaction, so that it is true as of one `seq`.

use balas_domain::{
    AccountId, ContactId, ConversationId, Event, Permission, Seq,
    inbox::{Snapshot, ThreadPage},
    query::{ContactQuery, ListQuery, MAX_PAGE, PAGE},
    view::{AccountView, ContactView, ConversationView, Page},
};
use balas_store::{Tx, accounts, contacts, conversations, events, members, messages};

use crate::{
    Engine,
    access::{Actor, may_see},
    error::EngineError,
};

/// Messages of a thread's page.
const THREAD_PAGE: u32 = PAGE;

/// The log after some position.
#[derive(Clone, Debug, PartialEq)]
pub enum EventsAfter {
    /// In order. `seq` is how far was read, which may lie behind the last event when some were not for the actor.
    Events {
        /// Those that the actor may see.
        events: Vec<Event>,
        /// Continue after this.
        seq: Seq,
    },
    /// The position is older than the log, or newer than it (a restored backup): fetch a fresh snapshot.
    TooOld,
}

impl Engine {
    /// Everything an inbox page is drawn from, as of one position in the log.
    ///
    /// # Errors
    /// When the actor may not, or `open` does not exist.
    pub async fn snapshot(
        &self,
        actor: &Actor,
        query: &ListQuery,
        open: Option<ConversationId>,
    ) -> Result<Snapshot, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let ws = actor.workspace;
        let mut tx = self.store.read().await?;
        let seq = events::head(ws, &mut tx).await?;
        let thread = match open {
            Some(id) => Some(thread(actor, &mut tx, id, None, THREAD_PAGE).await?),
            None => None,
        };
        Ok(Snapshot {
            seq,
            conversations: conversations::list(ws, &mut tx, &query.bounded()).await?,
            accounts: accounts::list(ws, &mut tx).await?,
            members: members::list(ws, &mut tx).await?,
            thread,
        })
    }

    /// A page of the list.
    ///
    /// # Errors
    /// When the actor may not, or the cursor is not ours.
    pub async fn conversations(
        &self,
        actor: &Actor,
        query: &ListQuery,
    ) -> Result<Page<ConversationView>, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        Ok(conversations::list(actor.workspace, &mut tx, &query.bounded()).await?)
    }

    /// One conversation.
    ///
    /// # Errors
    /// When the actor may not, or there is none.
    pub async fn conversation(
        &self,
        actor: &Actor,
        id: ConversationId,
    ) -> Result<ConversationView, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        conversation(actor, &mut tx, id).await
    }

    /// A page of a thread, newest first.
    ///
    /// # Errors
    /// When the actor may not, there is none, or the cursor is not ours.
    pub async fn thread(
        &self,
        actor: &Actor,
        id: ConversationId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ThreadPage, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        thread(actor, &mut tx, id, cursor, limit).await
    }

    /// Unread messages per account, over all conversations.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn unread_counts(&self, actor: &Actor) -> Result<Vec<(AccountId, i64)>, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        Ok(conversations::counts(actor.workspace, &mut tx).await?)
    }

    /// A page of contacts by name.
    ///
    /// # Errors
    /// When the actor may not, or the cursor is not ours.
    pub async fn contacts(
        &self,
        actor: &Actor,
        query: &ContactQuery,
    ) -> Result<Page<ContactView>, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        Ok(contacts::list(actor.workspace, &mut tx, &query.bounded()).await?)
    }

    /// One contact.
    ///
    /// # Errors
    /// When the actor may not, or there is none.
    pub async fn contact(&self, actor: &Actor, id: ContactId) -> Result<ContactView, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        contacts::get(actor.workspace, &mut tx, id).await?.ok_or(EngineError::NotFound { what: "contact" })
    }

    /// All accounts.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn accounts(&self, actor: &Actor) -> Result<Vec<AccountView>, EngineError> {
        actor.require(Permission::ReadAccounts)?;
        let mut tx = self.store.read().await?;
        Ok(accounts::list(actor.workspace, &mut tx).await?)
    }

    /// One account.
    ///
    /// # Errors
    /// When the actor may not, or there is none.
    pub async fn account(&self, actor: &Actor, id: AccountId) -> Result<AccountView, EngineError> {
        actor.require(Permission::ReadAccounts)?;
        let mut tx = self.store.read().await?;
        accounts::view(actor.workspace, &mut tx, id).await?.ok_or(EngineError::NotFound { what: "account" })
    }

    /// The log after a position, as far as the actor may see it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_after(
        &self,
        actor: &Actor,
        since: Seq,
        limit: u32,
    ) -> Result<EventsAfter, EngineError> {
        let ws = actor.workspace;
        let mut tx = self.store.read().await?;
        let head = events::head(ws, &mut tx).await?;
        if since > head {
            return Ok(EventsAfter::TooOld);
        }
        if since == head {
            return Ok(EventsAfter::Events { events: Vec::new(), seq: head });
        }
        let oldest = events::oldest(ws, &mut tx).await?;
        if oldest.is_none_or(|oldest| since.next() < oldest) {
            return Ok(EventsAfter::TooOld);
        }
        let mut page = events::after(ws, &mut tx, since, limit).await?;
        let seq = page.last().map_or(since, |e| e.seq);
        page.retain(|e| may_see(actor, &e.payload));
        Ok(EventsAfter::Events { events: page, seq })
    }
}

pub(crate) async fn conversation(
    actor: &Actor,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<ConversationView, EngineError> {
    conversations::get(actor.workspace, tx, id).await?.ok_or(EngineError::NotFound { what: "conversation" })
}

async fn thread(
    actor: &Actor,
    tx: &mut Tx,
    id: ConversationId,
    cursor: Option<&str>,
    limit: u32,
) -> Result<ThreadPage, EngineError> {
    let conversation = conversation(actor, tx, id).await?;
    let messages = messages::page(actor.workspace, tx, id, cursor, limit.clamp(1, MAX_PAGE)).await?;
    Ok(ThreadPage { conversation, messages })
}
