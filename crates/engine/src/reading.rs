//! What screens, REST and socket read. Each answer comes from one read transaction, so that it is true as of one `seq`.

use balas_domain::{
    AccountId, ContactId, ConversationId, Event, MemberId, MessageId, Permission, Seq,
    inbox::{Snapshot, ThreadPage},
    query::{Assigned, ContactQuery, ListQuery, MAX_PAGE, PAGE},
    search::{MessageHit, SearchQuery},
    view::{AccountView, ContactView, ConversationView, Page},
};
use balas_store::{
    Tx, accounts, alerts, contacts, conversations, events, labels, members, messages, search, workspaces,
};

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
    /// Everything an inbox page is drawn from, as of one position in the log. The opened thread at its end, or around a
    /// message, as in [`Engine::thread_around`].
    ///
    /// # Errors
    /// When the actor may not, or `open` does not exist.
    pub async fn snapshot(
        &self,
        actor: &Actor,
        query: &ListQuery,
        open: Option<ConversationId>,
        around: Option<MessageId>,
    ) -> Result<Snapshot, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let ws = actor.workspace;
        let mut tx = self.store.read().await?;
        let seq = events::head(ws, &mut tx).await?;
        let thread = match (open, around) {
            (Some(id), Some(message)) => Some(thread_around(actor, &mut tx, id, message, THREAD_PAGE).await?),
            (Some(id), None) => Some(thread(actor, &mut tx, id, None, THREAD_PAGE).await?),
            (None, _) => None,
        };
        Ok(Snapshot {
            seq,
            conversations: conversations::list(ws, &mut tx, &asked_by(actor, query)).await?,
            accounts: accounts::list(ws, &mut tx).await?,
            members: members::list(ws, &mut tx).await?,
            alerts: alerts::list(ws, &mut tx, false, MAX_PAGE).await?,
            labels: labels::list(ws, &mut tx).await?,
            counts: self.open_work_for_page(ws, &mut tx, seq).await?.seen_by(actor),
            workspace: workspaces::view(ws, &mut tx, seq).await?,
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
        Ok(conversations::list(actor.workspace, &mut tx, &asked_by(actor, query)).await?)
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

    /// A page of a thread, newest first: its newest one, or where the cursor of another page leads.
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

    /// The part of a thread in whose middle a message stands, newest first. If the message stands in another
    /// conversation, of that one: a quote may lead there. The newest page if there is no such message any more.
    ///
    /// # Errors
    /// When the actor may not, or there is neither.
    pub async fn thread_around(
        &self,
        actor: &Actor,
        id: ConversationId,
        message: MessageId,
        limit: u32,
    ) -> Result<ThreadPage, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        thread_around(actor, &mut tx, id, message, limit).await
    }

    /// Messages in which all of the words stand, newest first.
    ///
    /// # Errors
    /// When the actor may not, there is no such conversation, or the cursor is not ours.
    pub async fn search_messages(
        &self,
        actor: &Actor,
        query: &SearchQuery,
    ) -> Result<Page<MessageHit>, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        let mut query = query.bounded();
        if let Some(id) = query.conversation {
            query.conversation = Some(conversation(actor, &mut tx, id).await?.id);
        }
        Ok(search::messages(actor.workspace, &mut tx, &query).await?)
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

/// What is asked, with "me" resolved. A program is nobody: it looks after nothing.
fn asked_by(actor: &Actor, query: &ListQuery) -> ListQuery {
    let mut query = query.bounded();
    if query.assigned == Some(Assigned::Me) {
        query.assigned = Some(Assigned::To(actor.member().unwrap_or(MemberId(uuid::Uuid::nil()))));
    }
    query
}

pub(crate) async fn conversation(
    actor: &Actor,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<ConversationView, EngineError> {
    // One that was merged into another is that one.
    conversations::current(actor.workspace, tx, id)
        .await?
        .ok_or(EngineError::NotFound { what: "conversation" })
}

async fn thread(
    actor: &Actor,
    tx: &mut Tx,
    id: ConversationId,
    cursor: Option<&str>,
    limit: u32,
) -> Result<ThreadPage, EngineError> {
    let conversation = conversation(actor, tx, id).await?;
    let messages =
        messages::page(actor.workspace, tx, conversation.id, cursor, limit.clamp(1, MAX_PAGE)).await?;
    Ok(ThreadPage { conversation, messages })
}

async fn thread_around(
    actor: &Actor,
    tx: &mut Tx,
    id: ConversationId,
    message: MessageId,
    limit: u32,
) -> Result<ThreadPage, EngineError> {
    let ws = actor.workspace;
    let place = messages::conversation_of(ws, tx, message).await?;
    let conversation = conversation(actor, tx, place.unwrap_or(id)).await?;
    let limit = limit.clamp(1, MAX_PAGE);
    let messages = match messages::around(ws, tx, conversation.id, message, limit).await? {
        Some(part) => part,
        None => messages::page(ws, tx, conversation.id, None, limit).await?,
    };
    Ok(ThreadPage { conversation, messages })
}
