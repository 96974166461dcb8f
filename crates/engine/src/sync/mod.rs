//! What was said on a phone before its number was connected is brought over: first the list of chats, then chat by chat
//! its newest messages, those with the newest first. Each step is stored with what it brought, so that a restart or a lost
//! connection costs nothing but the chats that were under way.

mod past;

use std::time::Duration;

use balas_domain::{AccountId, AccountStatus, Permission, Priority, SyncState, Timestamp, sync::GapView};
use balas_providers::{CheckError, gateway::Chat};
use balas_store::{
    StoreError, Tx, Write, accounts, conversations, jobs, messages,
    sync::{self, Why},
};
use serde::{Deserialize, Serialize};

use crate::{
    Engine,
    access::Actor,
    accounts::{GatewayLink, Runtime},
    error::EngineError,
    jobs::Done,
    routing,
};

const DAY: Duration = Duration::from_hours(24);
/// Chats of one step.
const CHATS: u32 = 20;
/// Chats that the provider lists at once.
const LISTED: u32 = 100;
/// A phone sends its past to what was linked to it bit by bit: after the first pass come others, so many times
/// [`Rhythm::history`](crate::Rhythm) later, in the end every six hours.
const PASSES: [u32; 4] = [1, 5, 30, CATCH_UP];
const CATCH_UP: u32 = 360;
/// Without any answer so often, about two hours, it has failed; it begins anew when it would have been looked at again.
const FAILURES: i32 = 30;

#[derive(Debug, Serialize, Deserialize)]
struct SyncJob {
    account_id: AccountId,
}

/// What one pass goes through.
#[derive(Clone, Copy)]
struct Pass {
    /// So many chats.
    most: u32,
    /// Only those in which something was written since then.
    since: Option<Timestamp>,
    /// Also chats of which the newest message is here: what lies before it may have come meanwhile.
    whole: bool,
}

/// What a step has led to.
enum Step {
    /// There is more.
    More,
    /// There may be more after that time.
    Later(Duration),
    /// All is here; when it is looked at again is stored.
    Settled,
    /// The number is not connected.
    NotConnected,
    /// There is nothing to be done for this account any more.
    Gone,
}

impl Engine {
    /// Brings over once more what was said before, as much as the settings say. What is here already stays as it is.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, or nobody can be asked: Meta sends the past by itself.
    pub async fn sync_account_history(&self, actor: &Actor, id: AccountId) -> Result<(), EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let runtime = self.own_runtime(actor, id)?;
        if runtime.gateway().is_none() {
            return Err(EngineError::Unsupported {
                reason: "Meta sends what was said before by itself, once, when the number is connected",
            });
        }
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        let account = accounts::view(actor.workspace, write.tx(), id).await?;
        let account = account.ok_or(EngineError::NotFound { what: "account" })?;
        if account.settings.sync_limit == 0 {
            return Err(EngineError::Refused(
                "this number is set to bring over no messages; raise the messages per chat in its settings first",
            ));
        }
        if account.status != AccountStatus::Ready {
            return Err(EngineError::Refused(
                "this number is not connected; connect it first, then ask for its history",
            ));
        }
        // Asked for twice: it is on its way.
        if !account.sync.is_some_and(|sync| sync.state.goes_on() && !sync.quiet) {
            sync::start(&mut write, id, Why::Asked).await?;
        }
        self.enqueue_sync(&mut write, id).await?;
        self.publish(write).await?;
        self.jobs.wake();
        Ok(())
    }

    /// Messages of an account that had been missed and were fetched, newest first.
    ///
    /// # Errors
    /// When the actor may not, or there is no such account.
    pub async fn account_gaps(&self, actor: &Actor, id: AccountId) -> Result<Vec<GapView>, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let mut tx = self.store.read().await?;
        let account = accounts::view(actor.workspace, &mut tx, id).await?;
        account.ok_or(EngineError::NotFound { what: "account" })?;
        Ok(sync::gaps(actor.workspace, &mut tx, id).await?)
    }

    /// A number became usable: its history is begun, goes on, or is looked at again.
    pub(crate) async fn begin_sync(&self, write: &mut Write, id: AccountId) -> Result<(), EngineError> {
        let ws = write.workspace();
        let Some(account) = accounts::view(ws, write.tx(), id).await? else { return Ok(()) };
        if account.settings.sync_limit == 0 {
            return Ok(());
        }
        match account.sync {
            None => sync::start(write, id, Why::Linked).await?,
            Some(sync) if sync.state.goes_on() => {}
            Some(_) => sync::start(write, id, Why::Again).await?,
        }
        self.enqueue_sync(write, id).await
    }

    async fn enqueue_sync(&self, write: &mut Write, account_id: AccountId) -> Result<(), EngineError> {
        let (ws, now, key) = (write.workspace(), write.now(), format!("sync:{account_id}"));
        let job = jobs::NewJob {
            priority: Priority::Campaign,
            idempotency_key: Some(key.clone()),
            ..self.job(now, "sync", &SyncJob { account_id })?
        };
        jobs::enqueue(ws, write.tx(), &job).await?;
        // One that waits until it is time to look again need not wait any more.
        jobs::hurry(ws, write.tx(), &key, now).await?;
        Ok(())
    }

    pub(crate) async fn run_sync(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(SyncJob { account_id }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(Done::Bury("unreadable payload".to_owned()));
        };
        let Some(runtime) = self.accounts.get(account_id) else { return Ok(Done::Remove) };
        let Some(link) = runtime.gateway() else { return Ok(Done::Remove) };
        let begun = self.clock.now();
        match self.sync_step(&runtime, link, job).await {
            Ok(Step::More) => Ok(Done::Wait(self.clock.now())),
            Ok(Step::Settled) => Ok(Done::Finished),
            Ok(Step::Later(wait)) => Ok(Done::Wait(self.clock.now().after(wait))),
            Ok(Step::Gone) => Ok(Done::Remove),
            Ok(Step::NotConnected) => {
                // Whoever connects it waits for this transaction, and begins anew after it.
                let mut write = self.store.write(runtime.workspace, self.clock.now()).await?;
                let account = accounts::view(runtime.workspace, write.tx(), account_id).await?;
                if account.is_some_and(|account| account.status == AccountStatus::Ready) {
                    return Ok(Done::Wait(self.clock.now()));
                }
                jobs::finish(write.tx(), job.id).await?;
                self.publish(write).await?;
                Ok(Done::Finished)
            }
            Err(EngineError::Check(error)) if error.may_pass() && job.attempts + 1 < FAILURES => {
                let mut write = self.store.write(runtime.workspace, self.clock.now()).await?;
                sync::set_error(&mut write, account_id, Some(&error.to_string())).await?;
                self.publish(write).await?;
                let again = self.clock.now().after(self.retry_after(job.attempts));
                Ok(Done::Retry(again, error.to_string()))
            }
            Err(EngineError::Check(error)) => self.sync_failed(&runtime, job, begun, &error).await,
            Err(error) => Err(error),
        }
    }

    /// It is given up for now, and said so. Whatever was in its way may be gone when it is looked at again.
    async fn sync_failed(
        &self,
        runtime: &Runtime,
        job: &jobs::Job,
        begun: Timestamp,
        error: &CheckError,
    ) -> Result<Done, EngineError> {
        let (ws, id) = (runtime.workspace, runtime.id);
        let mut write = self.store.write(ws, self.clock.now()).await?;
        let Some(progress) = sync::progress(ws, write.tx(), id).await? else { return Ok(Done::Remove) };
        let started = progress.view.started_at;
        if started > begun {
            // Somebody asked for it anew while the answer was waited for: that has not failed.
            return Ok(Done::Wait(self.clock.now()));
        }
        sync::finish(&mut write, id, started, SyncState::Failed, Some(&error.to_string())).await?;
        // With it, so that whoever asks anew comes after both.
        let again = self.clock.now().after(self.config.rhythm.history * CATCH_UP);
        jobs::begin_anew(write.tx(), job.id, again).await?;
        self.publish(write).await?;
        metrics::counter!("balas_syncs_total", "result" => "failed").increment(1);
        Ok(Done::Finished)
    }

    /// One page of the list and one of chats.
    async fn sync_step(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        job: &jobs::Job,
    ) -> Result<Step, EngineError> {
        let (ws, id) = (runtime.workspace, runtime.id);
        let (account, progress, settings) = {
            let mut tx = self.store.read().await?;
            let account = accounts::view(ws, &mut tx, id).await?;
            (account, sync::progress(ws, &mut tx, id).await?, routing::settings(ws, &mut tx).await?)
        };
        let (Some(account), Some(progress)) = (account, progress) else { return Ok(Step::Gone) };
        if account.status != AccountStatus::Ready {
            return Ok(Step::NotConnected);
        }
        if account.settings.sync_limit == 0 {
            return Ok(Step::Gone);
        }
        if !progress.view.state.goes_on() {
            let mut write = self.store.write(ws, self.clock.now()).await?;
            sync::start(&mut write, id, Why::Again).await?;
            self.publish(write).await?;
            return Ok(Step::More);
        }
        let pass = Pass {
            most: settings.sync_chats.unwrap_or(u32::MAX),
            since: settings.sync_days.map(|days| progress.view.started_at.before(DAY * days)),
            whole: usize::try_from(progress.passes).is_ok_and(|passes| passes + 1 < PASSES.len()),
        };
        if let Some(offset) = progress.offset {
            self.list_chats(runtime, link, pass, Some(offset)).await?;
        }
        let chats = {
            let mut tx = self.store.read().await?;
            sync::waiting(ws, &mut tx, id, CHATS).await?
        };
        if !chats.is_empty() {
            // What was written after it began is delivered, or caught up with.
            let started = progress.view.started_at;
            let until =
                if runtime.is_on_bridge() { started } else { started.before(self.config.rhythm.grace) };
            let limit = usize::from(account.settings.sync_limit);
            self.bring_over(runtime, link, chats, limit, until).await?;
            return Ok(Step::More);
        }
        // Chats in which something was written meanwhile have moved up, perhaps past where the list was read.
        if progress.offset.is_some() || self.list_chats(runtime, link, pass, None).await? > 0 {
            return Ok(Step::More);
        }
        let mut write = self.store.write(ws, self.clock.now()).await?;
        // Nothing says when a phone has handed over its list of chats: it is complete when it no longer grows.
        let settle = self.config.rhythm.settle;
        if progress.passes == 0 && self.clock.now().since(progress.view.started_at) < settle {
            sync::list_again(&mut write, id).await?;
            self.publish(write).await?;
            return Ok(Step::Later(settle / 15));
        }
        let started = progress.view.started_at;
        let over = sync::finish(&mut write, id, started, SyncState::Completed, None).await?;
        if over {
            // With it, so that whoever asks anew comes after both.
            let nth = usize::try_from(progress.passes).unwrap_or(usize::MAX).min(PASSES.len() - 1);
            let again = self.clock.now().after(self.config.rhythm.history * PASSES[nth]);
            jobs::begin_anew(write.tx(), job.id, again).await?;
            metrics::counter!("balas_syncs_total", "result" => "completed").increment(1);
        }
        self.publish(write).await?;
        Ok(if over { Step::Settled } else { Step::More })
    }

    /// Reads a page of the list, or looks once more at its top; how many chats of it are new.
    async fn list_chats(
        &self,
        runtime: &Runtime,
        link: &GatewayLink,
        pass: Pass,
        place: Option<u32>,
    ) -> Result<u64, EngineError> {
        let offset = place.unwrap_or_default();
        // The first ones shall be here at once.
        let limit = if offset == 0 { CHATS } else { LISTED };
        let page = link.client.chats(limit.min(pass.most.saturating_sub(offset)), offset).await?;
        let old = |at: Option<Timestamp>| pass.since.is_some_and(|since| at.is_some_and(|at| at < since));
        let over = page.chats.iter().any(|chat| old(chat.last_message_at));
        let next = page.next_offset.filter(|next| place.is_some() && !over && *next < pass.most);
        let expected = u32::try_from(page.total).unwrap_or(u32::MAX).min(pass.most);
        let mut chats = Vec::with_capacity(page.chats.len());
        {
            let mut tx = self.store.read().await?;
            for chat in page.chats.into_iter().filter(|chat| !old(chat.last_message_at)) {
                if pass.whole || is_behind(&mut tx, runtime, &chat).await? {
                    chats.push((chat.address, chat.name, chat.last_message_at));
                }
            }
        }
        let mut write = self.store.write(runtime.workspace, self.clock.now()).await?;
        let new = sync::listed(&mut write, runtime.id, &chats, next, expected).await?;
        if place.is_none() && new > 0 {
            // There may be more of them further down.
            sync::list_again(&mut write, runtime.id).await?;
        }
        self.publish(write).await?;
        Ok(new)
    }
}

/// Whether the phone has something newer in a chat than is here.
async fn is_behind(tx: &mut Tx, runtime: &Runtime, chat: &Chat) -> Result<bool, StoreError> {
    let (ws, Some(last)) = (runtime.workspace, chat.last_message_at) else { return Ok(true) };
    let known = conversations::by_address(ws, tx, runtime.id, &chat.address).await?;
    let Some(id) = known else { return Ok(true) };
    // Moments are whole seconds to many.
    let second = Duration::from_secs(1);
    let newest = messages::newest_until(ws, tx, id, last.after(second)).await?;
    Ok(newest.is_none_or(|newest| newest.after(second) < last))
}
