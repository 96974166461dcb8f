//! Fetching what came with messages from `WhatsApp`: by itself for what arrives, when somebody asks for the rest.

use std::time::Duration;

use balas_domain::{
    AccountId, Address, Content, FileState, MessageId, Permission, content::Media, file::LARGEST,
    view::MessageView,
};
use balas_providers::{FetchError, MediaSource};
use balas_store::{
    StoreError, Write, accounts, conversations, files, jobs,
    messages::{self, MessageRecord},
};
use serde::{Deserialize, Serialize};

use super::{
    clamd::ScanError,
    in_store,
    spool::{SpoolError, spool},
};
use crate::{Engine, access::Actor, accounts::Runtime, error::EngineError, jobs::Done};

/// Tries, with growing waits: about nine minutes in all.
const MAX_ATTEMPTS: i32 = 10;
/// While the virus scanner is away it is looked for this often. That is no try: files wait as long as it takes.
const SCANNER: Duration = Duration::from_secs(15);

#[derive(Debug, Serialize, Deserialize)]
struct FetchJob {
    message_id: MessageId,
}

impl Engine {
    /// The file of a message that has just come shall be fetched.
    pub(crate) async fn want_file(
        &self,
        write: &mut Write,
        message: MessageId,
        media: &Media,
    ) -> Result<(), StoreError> {
        if media.reference.is_none() {
            return Ok(());
        }
        let (ws, now) = (write.workspace(), write.now());
        if !files::mark(write, message, FileState::Coming, None).await? {
            return Ok(());
        }
        let job = self.job(now, "fetch_file", &FetchJob { message_id: message }).map_err(in_store)?;
        let job = jobs::NewJob { idempotency_key: Some(format!("fetch_file:{message}")), ..job };
        jobs::enqueue(ws, write.tx(), &job).await?;
        Ok(())
    }

    /// Somebody wants the file of a message that is not here.
    ///
    /// # Errors
    /// When the actor may not, there is no such message, or nothing to be fetched. What was held back as harmful is fetched
    /// again for admins only.
    pub async fn load_file(&self, actor: &Actor, message: MessageId) -> Result<MessageView, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let ws = actor.workspace;
        let mut write = self.store.write(ws, self.clock.now()).await?;
        let record = messages::get(ws, write.tx(), message).await?.filter(|record| !record.view.revoked);
        let record = record.ok_or(EngineError::NotFound { what: "message" })?;
        let Content::Media(media) = &record.content else {
            return Err(EngineError::NotFound { what: "file" });
        };
        // What was held back is fetched and looked at anew: the scanner may have been wrong, and know better now.
        let may_doubt = actor.require(Permission::ManageAccounts).is_ok();
        if record.view.file.as_ref().is_some_and(|file| {
            file.state.may_be_asked_for() || (file.state == FileState::Harmful && may_doubt)
        }) {
            self.want_file(&mut write, message, media).await?;
        }
        self.publish(write).await?;
        self.jobs.wake();
        self.message(actor, message).await
    }

    pub(crate) async fn run_fetch_file(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(FetchJob { message_id: id }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(Done::Bury("unreadable payload".to_owned()));
        };
        let ws = job.workspace_id;
        let (record, account, chat) = {
            let mut tx = self.store.read().await?;
            let Some(record) = messages::get(ws, &mut tx, id).await? else { return Ok(Done::Remove) };
            let account = accounts::view(ws, &mut tx, record.view.carrier()).await?;
            let chat = conversations::get(ws, &mut tx, record.view.conversation_id).await?;
            (record, account, chat)
        };
        let waits = record
            .view
            .file
            .as_ref()
            .is_some_and(|file| matches!(file.state, FileState::Coming | FileState::Checking));
        let (Some(account), Some(chat), Content::Media(media)) = (account, chat, &record.content) else {
            return Ok(Done::Remove);
        };
        if !waits {
            return Ok(Done::Remove);
        }
        let Some(source) = source(&record, media, &chat.address) else {
            return self.not_fetched(job, id, FileState::Gone, GONE).await;
        };
        let Some(runtime) = self.accounts.get(account.id).filter(|_| account.status.can_send()) else {
            return self.later(job, id, account.id, "The number is not connected.").await;
        };
        // Asked before it is fetched, so that nothing is fetched again and again.
        if let Some(away) = self.scanner_away().await {
            return self.unscanned(job, id, &away).await;
        }
        let fetched = self.fetch(&runtime, &source).await;
        let spooled = match fetched {
            Ok(spooled) => spooled,
            Err(Failed::Gone(why)) => return self.not_fetched(job, id, FileState::Gone, &why).await,
            Err(Failed::Later(wait, why)) if job.attempts + 1 < MAX_ATTEMPTS => {
                let wait = wait.unwrap_or_else(|| self.retry_after(job.attempts));
                return Ok(Done::Retry(self.clock.now().after(wait), why));
            }
            Err(Failed::Later(_, why) | Failed::Never(why)) => {
                return self.not_fetched(job, id, FileState::Failed, &why).await;
            }
        };
        match self.harm_in(spooled.path()).await {
            Ok(None) => {}
            Ok(Some(found)) => return self.held_back(job, id, &chat.address, &found).await,
            Err(away @ ScanError::Away(_)) => return self.unscanned(job, id, &away).await,
            Err(error @ (ScanError::Broken(_) | ScanError::Disk(_))) if job.attempts + 1 < MAX_ATTEMPTS => {
                let again = self.clock.now().after(self.retry_after(job.attempts));
                return Ok(Done::Retry(again, error.to_string()));
            }
            Err(error) => return self.not_fetched(job, id, FileState::Failed, &error.to_string()).await,
        }
        let contents = match self.keep_file(ws, account.settings.media_storage, &spooled).await {
            Ok(contents) => contents,
            Err(error) if job.attempts + 1 < MAX_ATTEMPTS => return Err(error),
            Err(error) => {
                return self.not_fetched(job, id, FileState::Failed, &error.to_string()).await;
            }
        };
        let mut write = self.store.write(ws, self.clock.now()).await?;
        files::put(&mut write, id, &contents).await?;
        jobs::finish(write.tx(), job.id).await?;
        self.publish(write).await?;
        let provider = account.provider.as_str();
        metrics::counter!("balas_files_fetched_total", "provider" => provider).increment(1);
        Ok(Done::Finished)
    }

    /// Again and again the server ended while it fetched this. It cannot be asked for again: that would end it once more.
    pub(crate) async fn fetch_given_up(&self, job: &jobs::Job) -> Result<(), EngineError> {
        let Ok(FetchJob { message_id: id }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(());
        };
        let mut write = self.store.write(job.workspace_id, self.clock.now()).await?;
        files::mark(&mut write, id, FileState::Gone, Some(INTERRUPTED)).await?;
        self.publish(write).await?;
        Ok(())
    }

    async fn fetch(&self, runtime: &Runtime, source: &MediaSource) -> Result<super::Spooled, Failed> {
        let download = runtime.provider().fetch(source).await.map_err(Failed::from)?;
        let too_large =
            || Failed::Never("The file is larger than 100 MB, which is the most that is fetched.".to_owned());
        if download.size.is_some_and(|size| size > LARGEST) {
            return Err(too_large());
        }
        let announced = download.size;
        let spooled = spool(&self.files.folders.spool, download.bytes, LARGEST).await;
        match spooled {
            Ok(spooled) if announced.is_some_and(|size| size != spooled.size) => {
                Err(Failed::Later(None, "The file did not come whole.".to_owned()))
            }
            Ok(spooled) => Ok(spooled),
            Err(SpoolError::TooLarge(_)) => Err(too_large()),
            Err(SpoolError::Source(error)) => Err(error.into()),
            Err(error @ SpoolError::Disk(_)) => Err(Failed::Later(None, error.to_string())),
        }
    }

    /// While its number is not connected a file may come later; it is said meanwhile why it does not.
    async fn later(
        &self,
        job: &jobs::Job,
        id: MessageId,
        account: AccountId,
        why: &str,
    ) -> Result<Done, EngineError> {
        if job.attempts + 1 >= MAX_ATTEMPTS {
            return self.not_fetched(job, id, FileState::Failed, why).await;
        }
        tracing::debug!(%account, message = %id, why, "a file is not fetched yet");
        Ok(Done::Retry(self.clock.now().after(self.retry_after(job.attempts + 2)), why.to_owned()))
    }

    /// Nobody is there to look at it: it waits, and says so.
    async fn unscanned(&self, job: &jobs::Job, id: MessageId, away: &ScanError) -> Result<Done, EngineError> {
        let mut write = self.store.write(job.workspace_id, self.clock.now()).await?;
        if files::mark(&mut write, id, FileState::Checking, Some(&away.to_string())).await? {
            tracing::warn!(message = %id, error = %away, "a file waits for the virus scanner");
        }
        self.publish(write).await?;
        Ok(Done::Wait(self.clock.now().after(SCANNER)))
    }

    /// It is harmful: nothing of it is kept, and the message says so.
    async fn held_back(
        &self,
        job: &jobs::Job,
        id: MessageId,
        from: &Address,
        found: &str,
    ) -> Result<Done, EngineError> {
        let mut write = self.store.write(job.workspace_id, self.clock.now()).await?;
        files::mark(&mut write, id, FileState::Harmful, Some(found)).await?;
        let detail = format!("{found} was found in a file from {from}; it was held back (message {id})");
        self.note_harm(job.workspace_id, write.tx(), &detail).await?;
        jobs::finish(write.tx(), job.id).await?;
        self.publish(write).await?;
        metrics::counter!("balas_files_not_fetched_total", "state" => "harmful").increment(1);
        Ok(Done::Finished)
    }

    async fn not_fetched(
        &self,
        job: &jobs::Job,
        id: MessageId,
        state: FileState,
        why: &str,
    ) -> Result<Done, EngineError> {
        let mut write = self.store.write(job.workspace_id, self.clock.now()).await?;
        files::mark(&mut write, id, state, Some(why)).await?;
        jobs::finish(write.tx(), job.id).await?;
        self.publish(write).await?;
        metrics::counter!("balas_files_not_fetched_total", "state" => state.as_str()).increment(1);
        Ok(Done::Finished)
    }
}

const INTERRUPTED: &str = "Balas was interrupted again and again while it fetched the file. Look at it on the phone, and tell an admin.";
const GONE: &str = "WhatsApp did not say where the file is.";

/// Why a file is not here.
enum Failed {
    Gone(String),
    Never(String),
    Later(Option<Duration>, String),
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        let words = error.to_string();
        match error {
            FetchError::Gone => Self::Gone(words),
            FetchError::Later { retry_after, .. } => Self::Later(retry_after, words),
            FetchError::Auth { .. } => Self::Later(None, words),
            FetchError::Unsupported { .. } => Self::Never(words),
        }
    }
}

fn source(record: &MessageRecord, media: &Media, chat: &Address) -> Option<MediaSource> {
    Some(MediaSource {
        reference: media.reference.clone()?,
        provider_id: record.provider_id.clone()?,
        chat: chat.clone(),
    })
}
