//! Works off the job table: most urgent first, in order within a conversation, with room kept for people.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use balas_domain::{JobId, Priority, Timestamp};
use balas_store::{StoreError, jobs};
use futures::FutureExt;
use serde::Serialize;
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
};

use crate::{Engine, accounts::jittered, error::EngineError};

/// Jobs at once.
const SLOTS: usize = 16;
/// Of these, at most so many for what nobody waits for with a hand on the keyboard: a slow download must not hold up a
/// reply.
const BACKGROUND_SLOTS: usize = 10;
/// Of these, at most so many for campaigns, so that slow mass sending never holds up a person.
const CAMPAIGN_SLOTS: usize = 8;
/// A job whose worker has not been heard of for so long is given to someone else.
const LEASE: Duration = Duration::from_secs(90);
/// A worker that is still at it is heard of this often: a large file takes its time.
const RENEW: Duration = Duration::from_secs(30);
/// And so often at most: who takes longer hangs.
const RENEWALS: u32 = 60;
/// Why a job is given up that nobody came back from.
const INTERRUPTED: &str = "its worker died or hung five times in a row";
/// Longest sleep between looks at the table: other nodes enqueue without waking us.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Wakes the worker when something was enqueued.
#[derive(Default)]
pub(crate) struct Wake(Notify);

impl Wake {
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }
}

/// What to do with a job after a try.
#[derive(Debug)]
pub(crate) enum Done {
    /// It is finished, and its row was removed in the same transaction as its effect.
    Finished,
    /// It was done without touching the database: remove it.
    Remove,
    /// Not now. Does not count as a try.
    Wait(Timestamp),
    /// It failed and may come right later. Counts as a try.
    Retry(Timestamp, String),
    /// It can never work.
    Bury(String),
}

/// What of a job decides how many like it may run.
#[derive(Clone, Copy)]
struct Sort {
    priority: Priority,
    interrupted: bool,
}

/// How many jobs run of the kinds of which only so many may.
#[derive(Default)]
struct Busy {
    background: usize,
    campaigns: usize,
    interrupted: usize,
}

impl Busy {
    fn began(&mut self, Sort { priority, interrupted }: Sort) {
        self.background += usize::from(priority == Priority::Normal);
        self.campaigns += usize::from(priority == Priority::Campaign);
        self.interrupted += usize::from(interrupted);
    }

    /// Jobs do not panic past their task, so there is always a word about what ended.
    fn ended(&mut self, ended: Result<Sort, JoinError>) {
        let Ok(Sort { priority, interrupted }) = ended else { return };
        self.background -= usize::from(priority == Priority::Normal);
        self.campaigns -= usize::from(priority == Priority::Campaign);
        self.interrupted -= usize::from(interrupted);
    }
}

impl Engine {
    /// A job of this kind: to be run at once, in no line, as often as it is enqueued. Who wants it otherwise says so.
    ///
    /// # Errors
    /// When what it needs cannot be written down.
    pub(crate) fn job(
        &self,
        now: Timestamp,
        kind: &str,
        payload: &impl Serialize,
    ) -> Result<jobs::NewJob, EngineError> {
        Ok(jobs::NewJob {
            id: JobId::new(now, &*self.random),
            kind: kind.to_owned(),
            payload: serde_json::to_value(payload).map_err(|e| EngineError::Internal(e.to_string()))?,
            priority: Priority::Normal,
            queue_key: None,
            run_at: now,
            idempotency_key: None,
        })
    }

    pub(crate) async fn run_jobs(&self) {
        let mut running: JoinSet<Sort> = JoinSet::new();
        let mut busy = Busy::default();
        self.give_up_interrupted().await;
        loop {
            while let Some(ended) = running.try_join_next() {
                busy.ended(ended);
            }
            if self.stop.is_cancelled() {
                // What runs may finish; everything else stays in the table.
                while running.join_next().await.is_some() {}
                return;
            }
            let now = self.clock.now();
            match self.claim(now, SLOTS - running.len(), &busy).await {
                Ok(claimed) if !claimed.is_empty() => {
                    for job in claimed {
                        let sort = Sort { priority: job.priority, interrupted: job.interruptions > 0 };
                        busy.began(sort);
                        let engine = self.clone();
                        running.spawn(async move {
                            let id = job.id;
                            // Its lease runs out, and with the next try it may go well.
                            if Box::pin(AssertUnwindSafe(engine.run_job(job)).catch_unwind()).await.is_err() {
                                tracing::error!(job = %id, "a job panicked");
                            }
                            sort
                        });
                    }
                    continue;
                }
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "jobs could not be claimed"),
            }
            tokio::select! {
                () = self.jobs.0.notified() => {}
                Some(ended) = running.join_next(), if !running.is_empty() => {
                    busy.ended(ended);
                }
                () = self.stop.cancelled() => {}
                () = self.until_next_job(now) => {}
            }
        }
    }

    async fn claim(&self, now: Timestamp, slots: usize, busy: &Busy) -> Result<Vec<jobs::Job>, StoreError> {
        if slots == 0 {
            return Ok(Vec::new());
        }
        let until = now.after(LEASE);
        let mut tx = self.store.begin().await?;
        let expired = jobs::release_expired(&mut tx, now).await?;
        let mut claimed = Vec::new();
        if busy.interrupted == 0 {
            claimed.extend(jobs::claim_interrupted(&mut tx, now, until).await?);
        }
        // The most urgent first; each kind as far as it may.
        for (kinds, most) in [
            (&Priority::ALL[..2], SLOTS),
            (&Priority::ALL[2..3], BACKGROUND_SLOTS.saturating_sub(busy.background)),
            (&Priority::ALL[3..], CAMPAIGN_SLOTS.saturating_sub(busy.campaigns)),
        ] {
            let slots = (slots - claimed.len()).min(most);
            if slots > 0 {
                claimed.extend(jobs::claim(&mut tx, now, until, slots as u32, kinds).await?);
            }
        }
        tx.commit().await?;
        if expired > 0 {
            self.give_up_interrupted().await;
        }
        Ok(claimed)
    }

    /// Jobs that again and again nobody came back from are not tried any more: what hangs on them is told, and they become
    /// dead letters.
    async fn give_up_interrupted(&self) {
        let given_up = async {
            let mut tx = self.store.read().await?;
            let jobs = jobs::interrupted_too_often(&mut tx).await?;
            drop(tx);
            for job in jobs {
                match job.kind.as_str() {
                    "send" => self.send_given_up(&job).await?,
                    "fetch_file" => self.fetch_given_up(&job).await?,
                    _ => {}
                }
                metrics::counter!("balas_jobs_total", "kind" => job.kind.clone(), "result" => "buried")
                    .increment(1);
                self.settle(job.id, Done::Bury(INTERRUPTED.to_owned())).await?;
            }
            Ok::<_, EngineError>(())
        };
        if let Err(error) = given_up.await {
            // They are not claimed meanwhile, and looked for again when a lease runs out or the server starts.
            tracing::error!(%error, "jobs that were interrupted too often could not be buried");
        }
    }

    /// Sleeps until there may be something to claim that was not due at `claimed`: what was due then waits for another job to
    /// end, which wakes too.
    async fn until_next_job(&self, claimed: Timestamp) {
        let next = async {
            let mut tx = self.store.read().await?;
            jobs::next_run_at(&mut tx).await
        };
        let sleep = match next.await {
            Ok(Some(at)) if at > claimed => {
                at.since(self.clock.now()).clamp(Duration::from_millis(5), LONGEST_SLEEP)
            }
            _ => LONGEST_SLEEP,
        };
        tokio::time::sleep(sleep).await;
    }

    async fn run_job(&self, job: jobs::Job) {
        let (id, kind) = (job.id, job.kind.clone());
        let job = Arc::new(job);
        let done = async {
            match job.kind.as_str() {
                "send" => self.run_send(&job).await,
                "look_up" => self.run_look_up(&job).await,
                "mark_read" => self.run_mark_read(&job).await,
                "alert_webhook" => self.run_alert_webhook(&job).await,
                "alert_mail" => self.run_alert_mail(&job).await,
                "forget_device" => self.run_forget_device(&job).await,
                "sync" => self.run_sync(&job).await,
                "wake" => self.run_wake(&job).await,
                "fetch_file" => self.run_fetch_file(&job).await,
                "pictures" => self.run_pictures(&job).await,
                "group_info" => self.run_group_info(&job).await,
                other => Ok(Done::Bury(format!("unknown kind of job: {other}"))),
            }
        };
        let done = tokio::select! {
            done = done => done,
            never = self.renew(id) => match never {},
        };
        let done = done.unwrap_or_else(|error| {
            Done::Retry(self.clock.now().after(self.retry_after(job.attempts)), error.to_string())
        });
        metrics::counter!("balas_jobs_total", "kind" => kind.clone(), "result" => match &done {
            Done::Finished | Done::Remove => "done",
            Done::Wait(_) => "waited",
            Done::Retry(..) => "retried",
            Done::Bury(_) => "buried",
        })
        .increment(1);
        if let Err(error) = self.settle(id, done).await {
            // The lease runs out and someone takes it again.
            tracing::error!(job = %id, kind, %error, "a job's outcome could not be stored");
        }
        self.jobs.wake();
    }

    /// How long a job waits after so many failed tries. Jobs that failed together do not come back together.
    pub(crate) fn retry_after(&self, attempts: i32) -> Duration {
        jittered(backoff(attempts), &*self.random)
    }

    /// Keeps the lease of a job that is being worked on, for as long as this is waited for.
    async fn renew(&self, id: JobId) -> Infallible {
        for _ in 0..RENEWALS {
            tokio::time::sleep(RENEW).await;
            let renewed = async {
                let mut tx = self.store.begin().await?;
                jobs::renew(&mut tx, id, self.clock.now().after(LEASE)).await?;
                tx.commit().await
            };
            if let Err(error) = renewed.await {
                tracing::warn!(job = %id, %error, "a job's lease could not be renewed; it is tried again");
            }
        }
        std::future::pending().await
    }

    async fn settle(&self, id: balas_domain::JobId, done: Done) -> Result<(), EngineError> {
        if matches!(done, Done::Finished) {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        match done {
            Done::Finished => {}
            Done::Remove => jobs::finish(&mut tx, id).await?,
            Done::Wait(at) => jobs::postpone(&mut tx, id, at, None, false).await?,
            Done::Retry(at, error) => jobs::postpone(&mut tx, id, at, Some(&error), true).await?,
            Done::Bury(error) => {
                tracing::error!(job = %id, error, "a job was buried");
                jobs::bury(&mut tx, id, &error).await?;
            }
        }
        Ok(tx.commit().await?)
    }
}

/// 1, 2, 4 … seconds, at most five minutes.
fn backoff(attempts: i32) -> Duration {
    Duration::from_secs(1_u64 << attempts.clamp(0, 8)).min(Duration::from_mins(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let waits: Vec<_> = (-1..=9).map(|attempts| backoff(attempts).as_secs()).collect();
        assert_eq!(waits, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 256]);
        assert!(backoff(i32::MAX) <= Duration::from_mins(5));
    }
}
