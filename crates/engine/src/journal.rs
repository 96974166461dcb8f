//! The journal of webhooks: a body is on disk before its delivery is acknowledged, and is processed afterwards.
//!
//! Deliveries that arrive together share one commit: while one group is being written the next one gathers.

use std::sync::Arc;

use balas_domain::{AccountId, Address, Identity, Timestamp, WorkspaceId, view::ProviderKind};
use balas_providers::{cloud, gateway, inbound};
use balas_store::{StoreError, accounts, contacts, conversations, journal, pending};
use bytes::Bytes;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use crate::{Engine, accounts::Runtime, error::EngineError};

/// Deliveries that may wait for the disk; more are told to come back.
const QUEUE: usize = 4_096;
/// Most bodies in one commit.
const GROUP: usize = 512;
/// Most bodies that are processed in one transaction.
const BATCH: u32 = 64;

struct Delivery {
    entry: journal::NewEntry,
    stored: oneshot::Sender<Result<(), ()>>,
}

pub(crate) struct Journal {
    deliveries: mpsc::Sender<Delivery>,
    /// Held by the writer while it runs.
    inbox: Mutex<mpsc::Receiver<Delivery>>,
    written: Notify,
}

impl Journal {
    pub(crate) fn new() -> Self {
        let (deliveries, inbox) = mpsc::channel(QUEUE);
        Self { deliveries, inbox: Mutex::new(inbox), written: Notify::new() }
    }
}

/// The body could not be stored: the sender must come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the delivery could not be stored")]
pub(crate) struct NotStored;

impl Engine {
    /// Stores a body durably.
    pub(crate) async fn journal(
        &self,
        provider: ProviderKind,
        account_id: Option<AccountId>,
        body: Bytes,
    ) -> Result<(), NotStored> {
        let (stored, answer) = oneshot::channel();
        let entry =
            journal::NewEntry { provider, account_id, received_at: self.clock.now(), body: body.into() };
        self.journal.deliveries.try_send(Delivery { entry, stored }).map_err(|_| NotStored)?;
        answer.await.map_err(|_| NotStored)?.map_err(|()| NotStored)
    }

    /// Writes deliveries in groups until the engine stops; then what is waiting is written still.
    pub(crate) async fn write_journal(&self) {
        let mut inbox = self.journal.inbox.lock().await;
        let mut group = Vec::new();
        loop {
            tokio::select! {
                n = inbox.recv_many(&mut group, GROUP) => if n == 0 { return },
                () = self.stop.cancelled() => {
                    inbox.close();
                    while inbox.recv_many(&mut group, GROUP).await > 0 {
                        self.write_group(&mut group).await;
                    }
                    return;
                }
            }
            self.write_group(&mut group).await;
        }
    }

    async fn write_group(&self, group: &mut Vec<Delivery>) {
        let (entries, waiting): (Vec<_>, Vec<_>) = group.drain(..).map(|d| (d.entry, d.stored)).unzip();
        let result = async {
            let mut tx = self.store.begin().await?;
            journal::append(&mut tx, &entries).await?;
            tx.commit().await
        }
        .await;
        if let Err(error) = &result {
            tracing::error!(%error, bodies = entries.len(), "webhooks could not be journalled");
        }
        metrics::counter!("balas_webhook_bodies_total").increment(entries.len() as u64);
        for stored in waiting {
            let _ = stored.send(if result.is_ok() { Ok(()) } else { Err(()) });
        }
        self.journal.written.notify_one();
    }

    /// Processes the journal until the engine stops.
    pub(crate) async fn process_journal(&self) {
        loop {
            let processed = match self.process_batch(BATCH).await {
                Ok(n) => n,
                Err(error) => {
                    tracing::error!(%error, "webhooks could not be processed; trying again");
                    self.pause(std::time::Duration::from_millis(500)).await;
                    0
                }
            };
            if self.stop.is_cancelled() {
                return;
            }
            if processed == 0 {
                tokio::select! {
                    () = self.journal.written.notified() => {}
                    () = self.stop.cancelled() => return,
                    // Bodies may lie there from before a crash, or come from another node.
                    () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
                }
            }
        }
    }

    /// Processes all bodies that lie in the journal now. For tests and seeding, which do not run workers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drain_journal(&self) -> Result<(), EngineError> {
        while self.process_batch(BATCH).await? > 0 {}
        Ok(())
    }

    /// Processes up to `limit` bodies, all in one transaction per workspace. If that fails they are tried one by one,
    /// and one that cannot be processed alone is set aside with its error.
    async fn process_batch(&self, limit: u32) -> Result<usize, EngineError> {
        let entries = {
            let mut tx = self.store.read().await?;
            journal::next(&mut tx, limit).await?
        };
        if entries.is_empty() {
            return Ok(0);
        }
        match self.process(&entries).await {
            Ok(()) => {}
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(error) if entries.len() == 1 => self.set_aside(entries[0].id, &error.to_string()).await?,
            Err(error) => {
                tracing::warn!(%error, "a batch of webhooks failed; processing them one by one");
                for entry in &entries {
                    match self.process(std::slice::from_ref(entry)).await {
                        Ok(()) => {}
                        Err(error) if error.is_transient() => return Err(error.into()),
                        Err(error) => self.set_aside(entry.id, &error.to_string()).await?,
                    }
                }
            }
        }
        Ok(entries.len())
    }

    async fn set_aside(&self, entry: i64, why: &str) -> Result<(), StoreError> {
        tracing::error!(entry, why, "a webhook was set aside");
        metrics::counter!("balas_webhooks_set_aside_total").increment(1);
        let mut tx = self.store.begin().await?;
        journal::failed(&mut tx, entry, why).await?;
        tx.commit().await
    }

    async fn process(&self, entries: &[journal::Entry]) -> Result<(), StoreError> {
        let mut work: Vec<(WorkspaceId, Vec<Work>)> = Vec::new();
        let mut done = Vec::new();
        let mut damaged = Vec::new();
        for entry in entries {
            match self.read_entry(entry) {
                Ok(items) => {
                    done.push(entry.id);
                    for item in items {
                        item.runtime.heard(item.received_at);
                        match work.iter_mut().find(|(ws, _)| *ws == item.runtime.workspace) {
                            Some((_, items)) => items.push(item),
                            None => work.push((item.runtime.workspace, vec![item])),
                        }
                    }
                }
                Err(error) => damaged.push((entry.id, error)),
            }
        }
        // Each workspace has its own log and so its own transaction. Bodies are crossed off in the last one: after a
        // crash in between they are processed again, which changes nothing.
        let last = work.len().saturating_sub(1);
        let nothing_to_do = work.is_empty();
        for (i, (ws, items)) in work.into_iter().enumerate() {
            let mut write = self.store.write(ws, self.clock.now()).await?;
            for (account, about) in by_account(&items) {
                accounts::delivered(&mut write, account, about.received_at).await?;
                pending::look_ahead(&mut write, account, &about.messages).await?;
                contacts::look_ahead(&mut write, about.scope, &about.people).await?;
                conversations::look_ahead(&mut write, account, &about.chats).await?;
            }
            for item in items {
                for event in item.events {
                    self.ingest(&mut write, &item.runtime, event).await?;
                }
            }
            if i == last {
                journal::done(write.tx(), &done).await?;
            }
            self.publish(write).await?;
        }
        if nothing_to_do && !done.is_empty() {
            let mut tx = self.store.begin().await?;
            journal::done(&mut tx, &done).await?;
            tx.commit().await?;
        }
        for (entry, why) in damaged {
            self.set_aside(entry, &why).await?;
        }
        Ok(())
    }

    /// What a body says, and about whom; why it cannot be read otherwise.
    fn read_entry(&self, entry: &journal::Entry) -> Result<Vec<Work>, String> {
        let received_at = entry.received_at;
        match entry.provider {
            ProviderKind::Cloud => {
                let batches = cloud::parse(&entry.body, received_at).map_err(|e| e.to_string())?;
                let items = batches.into_iter().filter_map(|batch| {
                    let runtime = self.recipient(&batch, entry.account_id);
                    if runtime.is_none() {
                        tracing::warn!(phone_number_id = %batch.external_id, "webhook for an unknown number ignored");
                    }
                    Some(Work { received_at, events: batch.events, runtime: runtime? })
                });
                Ok(items.collect())
            }
            ProviderKind::Gateway | ProviderKind::Bridge => {
                let Some(runtime) = entry.account_id.and_then(|id| self.accounts.get(id)) else {
                    tracing::warn!("webhook for an account that is gone ignored");
                    return Ok(Vec::new());
                };
                let own = runtime.gateway().and_then(|link| link.own.clone());
                let events =
                    gateway::parse(&entry.body, own.as_ref(), received_at).map_err(|e| e.to_string())?;
                Ok(vec![Work { received_at, events, runtime }])
            }
        }
    }

    /// Whose batch it is: the number in it decides, else the address that it was delivered to.
    fn recipient(&self, batch: &inbound::Batch, delivered_to: Option<AccountId>) -> Option<Arc<Runtime>> {
        if batch.external_id.is_empty() {
            return self.accounts.get(delivered_to?);
        }
        self.accounts.by_external_id(ProviderKind::Cloud, &batch.external_id)
    }

    /// Waits, unless the engine stops.
    pub(crate) async fn pause(&self, time: std::time::Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// What a batch says about one account, for questions that are asked once for all of it.
struct About<'a> {
    received_at: Timestamp,
    /// The provider's ids of new messages.
    messages: Vec<&'a str>,
    /// Where they were written.
    chats: Vec<&'a Address>,
    /// Who wrote them.
    people: Vec<&'a Identity>,
    /// Where names of these people mean something.
    scope: &'a str,
}

fn by_account(items: &[Work]) -> Vec<(AccountId, About<'_>)> {
    let mut accounts: Vec<(AccountId, About<'_>)> = Vec::new();
    for item in items {
        let known = accounts.iter().position(|(account, _)| *account == item.runtime.id);
        let at = known.unwrap_or_else(|| {
            let about = About {
                received_at: item.received_at,
                messages: Vec::new(),
                chats: Vec::new(),
                people: Vec::new(),
                scope: &item.runtime.identity_scope,
            };
            accounts.push((item.runtime.id, about));
            accounts.len() - 1
        });
        let about = &mut accounts[at].1;
        about.received_at = about.received_at.max(item.received_at);
        for event in &item.events {
            if let inbound::Inbound::Message(message) = event {
                about.messages.push(&message.provider_id);
                about.chats.push(&message.chat);
                about.people.extend(&message.sender.identities);
            }
        }
    }
    accounts
}

struct Work {
    received_at: Timestamp,
    events: Vec<inbound::Inbound>,
    runtime: Arc<Runtime>,
}
