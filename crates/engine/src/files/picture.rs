//! What people and groups show of themselves: asked for in the background, one after the other, drawn anew and kept.
//!
//! `WhatsApp` tells nobody that a person has another picture, and takes who asks much for a machine. So one durable job per
//! account asks for what is due, those first in which something was written last, with a wait between; what was there is
//! asked for again after a week where somebody still writes.

use std::time::Duration;

use balas_domain::{
    AccountId, AccountStatus, ConversationId, MediaStorage, Permission, Priority, Timestamp, WorkspaceId,
};
use balas_providers::FetchError;
use balas_store::{StoreError, Write, accounts, files, jobs, pictures};
use serde::{Deserialize, Serialize};

use super::{FoundFile, LARGEST, StorageError, in_store, look, spool};
use crate::{Engine, access::Actor, accounts::Runtime, error::EngineError, jobs::Done, reading};

const DAY: Duration = Duration::from_hours(24);
/// A picture is asked for again after this long.
const AGAIN: Duration = DAY.saturating_mul(7);
/// One that was not there, or not to be shown to us, may be there by then.
const NONE_AGAIN: Duration = DAY.saturating_mul(3);
/// Where nothing was written for so long a picture is not asked for again.
const IDLE: Duration = DAY.saturating_mul(30);
/// One that could not be fetched is tried again after this long; the others do not wait for it.
const FAILED_AGAIN: Duration = Duration::from_hours(1);
/// After a failure the account rests for so many of its waits: most likely the next one would fail as well.
const REST: u32 = 30;
/// However far off the next one is, it is looked at this often what is due.
const LOOK: Duration = Duration::from_hours(1);

#[derive(Debug, Serialize, Deserialize)]
struct PicturesJob {
    account_id: AccountId,
}

impl Engine {
    /// The picture of a conversation, with its number among its pictures.
    ///
    /// # Errors
    /// When the actor may not, or there is none.
    pub async fn picture(&self, actor: &Actor, id: ConversationId) -> Result<(FoundFile, u32), EngineError> {
        actor.require(Permission::ReadConversations)?;
        let ws = actor.workspace;
        let missing = EngineError::NotFound { what: "picture" };
        let mut tx = self.store.read().await?;
        let conversation = reading::conversation(actor, &mut tx, id).await?;
        let lies = pictures::of(ws, &mut tx, conversation.id).await?;
        let (Some(rev), Some(lies)) = (conversation.picture, lies) else { return Err(missing) };
        let Ok(storage) = lies.storage.parse::<MediaStorage>() else { return Err(missing) };
        let Some(size) = files::kept_size(ws, &mut tx, storage, &lies.key).await? else {
            return Err(missing);
        };
        let (mime, name) = ("image/jpeg".to_owned(), "picture.jpg".to_owned());
        Ok((FoundFile { mime, size, name, tag: lies.key, workspace: ws, storage }, rev))
    }

    /// Something is due on an account, or may be: sees to it that it is asked for. An account that is just waiting between
    /// two pictures goes on waiting.
    pub(crate) async fn want_pictures(&self, write: &mut Write, account: &Runtime) -> Result<(), StoreError> {
        if !account.provider().capabilities().pictures {
            return Ok(());
        }
        let (ws, soon) = (write.workspace(), write.now().after(self.config.rhythm.pictures));
        let key = format!("pictures:{}", account.id);
        let job = self.job(soon, "pictures", &PicturesJob { account_id: account.id }).map_err(in_store)?;
        let job = jobs::NewJob { priority: Priority::Campaign, idempotency_key: Some(key.clone()), ..job };
        if !jobs::enqueue(ws, write.tx(), &job).await? {
            jobs::hurry(ws, write.tx(), &key, soon).await?;
        }
        write.job_waits();
        Ok(())
    }

    pub(crate) async fn run_pictures(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(PicturesJob { account_id }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(Done::Bury("unreadable payload".to_owned()));
        };
        let Some(runtime) = self.accounts.get(account_id) else { return Ok(Done::Remove) };
        let (ws, now) = (runtime.workspace, self.clock.now());
        let active = now.before(IDLE);
        let (account, due) = {
            let mut tx = self.store.read().await?;
            let account = accounts::view(ws, &mut tx, account_id).await?;
            (account, pictures::due(ws, &mut tx, account_id, now, active).await?)
        };
        let Some(account) = account else { return Ok(Done::Remove) };
        let Some(due) = due.filter(|_| account.status == AccountStatus::Ready) else {
            return self.pictures_rest(job, &runtime).await;
        };
        if due.idle {
            let mut tx = self.store.begin().await?;
            pictures::put_off(ws, &mut tx, account_id, now, active, now.after(AGAIN)).await?;
            tx.commit().await?;
            return Ok(Done::Wait(now));
        }
        self.ask_for_picture(job, &runtime, account.settings.media_storage, &due).await
    }

    /// Nothing is due: the job waits until something is, or ends while the number is not connected. Whoever makes something
    /// due or connects the number waits for this transaction, and says so after it.
    async fn pictures_rest(&self, job: &jobs::Job, runtime: &Runtime) -> Result<Done, EngineError> {
        let (ws, now) = (runtime.workspace, self.clock.now());
        let mut write = self.store.write(ws, now).await?;
        let account = accounts::view(ws, write.tx(), runtime.id).await?;
        if account.is_some_and(|account| account.status == AccountStatus::Ready) {
            let next = pictures::next_due(ws, write.tx(), runtime.id).await?;
            let next = next.unwrap_or(Timestamp(i64::MAX)).min(now.after(LOOK));
            let next = next.max(now.after(self.config.rhythm.pictures));
            jobs::postpone(write.tx(), job.id, next, None, false).await?;
        } else {
            jobs::finish(write.tx(), job.id).await?;
        }
        self.publish(write).await?;
        Ok(Done::Finished)
    }

    async fn ask_for_picture(
        &self,
        job: &jobs::Job,
        runtime: &Runtime,
        storage: MediaStorage,
        due: &pictures::Due,
    ) -> Result<Done, EngineError> {
        let (ws, wait) = (runtime.workspace, self.config.rhythm.pictures);
        let told = match runtime.provider().picture(&due.address).await {
            Ok(told) => told,
            // It cannot be had, now or later.
            Err(error @ FetchError::Unsupported { .. }) => {
                tracing::info!(conversation = %due.id, %error, "a picture is not fetched");
                None
            }
            Err(FetchError::Gone) => None,
            Err(error @ (FetchError::Later { .. } | FetchError::Auth { .. })) => {
                tracing::debug!(conversation = %due.id, %error, "a picture could not be fetched");
                let now = self.clock.now();
                let mut tx = self.store.begin().await?;
                pictures::later(ws, &mut tx, due.id, now.after(FAILED_AGAIN)).await?;
                tx.commit().await?;
                return Ok(Done::Wait(now.after(wait * REST)));
            }
        };
        let key = match told {
            Some(bytes) => self.keep_picture(ws, storage, bytes).await?,
            None => None,
        };
        let now = self.clock.now();
        let mut write = self.store.write(ws, now).await?;
        let changed = match &key {
            Some(key) => pictures::put(&mut write, due.id, storage, key, now.after(AGAIN)).await?,
            None => pictures::put_none(&mut write, due.id, now.after(NONE_AGAIN)).await?,
        };
        jobs::postpone(write.tx(), job.id, now.after(wait), None, false).await?;
        self.publish(write).await?;
        let result = match (&key, changed) {
            (_, false) => "same",
            (Some(_), true) => "new",
            (None, true) => "gone",
        };
        metrics::counter!("balas_pictures_total", "result" => result).increment(1);
        Ok(Done::Finished)
    }

    /// Draws it anew and keeps that: its name there, or `None` if it is no picture.
    async fn keep_picture(
        &self,
        ws: WorkspaceId,
        storage: MediaStorage,
        bytes: Vec<u8>,
    ) -> Result<Option<String>, EngineError> {
        let came = self.spool_bytes(bytes).await?;
        let path = came.path().to_owned();
        let drawn = self.looking(move || look::square(&path)).await?.map_err(StorageError::Disk)?;
        let Some(drawn) = drawn else { return Ok(None) };
        let drawn = self.spool_bytes(drawn).await?;
        Ok(Some(self.keep(ws, storage, &drawn).await?))
    }

    /// Bytes that we have, as a file of this machine.
    pub(super) async fn spool_bytes(&self, bytes: Vec<u8>) -> Result<super::Spooled, EngineError> {
        let bytes = futures::stream::iter([Ok::<_, std::convert::Infallible>(bytes.into())]);
        let spooled = spool::spool(&self.files.folders.spool, bytes, LARGEST).await;
        spooled.map_err(|error| EngineError::Internal(error.to_string()))
    }
}
