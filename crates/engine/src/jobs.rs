//! Works off the job table: most urgent first, in order within a conversation, with room kept for people.

use std::{sync::Arc, time::Duration};

use balas_domain::{JobId, Priority, Timestamp};
use balas_store::{StoreError, jobs};
use serde::Serialize;
use tokio::{sync::Notify, task::JoinSet};

use crate::{Engine, error::EngineError};

/// Jobs at once.
const SLOTS: usize = 16;
/// Of these, at most so many for campaigns, so that slow mass sending never holds up a person.
const CAMPAIGN_SLOTS: usize = 8;
/// A job that is not finished by then is given to someone else. Longer than any provider call may take.
const LEASE: Duration = Duration::from_secs(90);
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
        let mut running: JoinSet<Priority> = JoinSet::new();
        let mut campaigns = 0_usize;
        loop {
            while let Some(ended) = running.try_join_next() {
                campaigns -= usize::from(matches!(ended, Ok(Priority::Campaign)));
            }
            if self.stop.is_cancelled() {
                // What runs may finish; everything else stays in the table.
                while running.join_next().await.is_some() {}
                return;
            }
            match self.claim(SLOTS - running.len(), CAMPAIGN_SLOTS.saturating_sub(campaigns)).await {
                Ok(claimed) if !claimed.is_empty() => {
                    for job in claimed {
                        campaigns += usize::from(job.priority == Priority::Campaign);
                        let engine = self.clone();
                        running.spawn(async move {
                            let priority = job.priority;
                            engine.run_job(job).await;
                            priority
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
                    campaigns -= usize::from(matches!(ended, Ok(Priority::Campaign)));
                }
                () = self.stop.cancelled() => {}
                () = self.until_next_job() => {}
            }
        }
    }

    async fn claim(&self, slots: usize, campaign_slots: usize) -> Result<Vec<jobs::Job>, StoreError> {
        if slots == 0 {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let people = &Priority::ALL[..3];
        let mut claimed = jobs::claim(&mut tx, now, now.after(LEASE), slots as u32, people).await?;
        let left = (slots - claimed.len()).min(campaign_slots);
        if left > 0 {
            claimed.extend(
                jobs::claim(&mut tx, now, now.after(LEASE), left as u32, &[Priority::Campaign]).await?,
            );
        }
        tx.commit().await?;
        Ok(claimed)
    }

    async fn until_next_job(&self) {
        let next = async {
            let mut tx = self.store.read().await?;
            jobs::next_run_at(&mut tx).await
        };
        let sleep = match next.await {
            Ok(Some(at)) => at.since(self.clock.now()).clamp(Duration::from_millis(5), LONGEST_SLEEP),
            _ => LONGEST_SLEEP,
        };
        tokio::time::sleep(sleep).await;
    }

    async fn run_job(&self, job: jobs::Job) {
        let (id, kind) = (job.id, job.kind.clone());
        let job = Arc::new(job);
        let done = match job.kind.as_str() {
            "send" => self.run_send(&job).await,
            "look_up" => self.run_look_up(&job).await,
            "mark_read" => self.run_mark_read(&job).await,
            "alert_webhook" => self.run_alert_webhook(&job).await,
            "alert_mail" => self.run_alert_mail(&job).await,
            "forget_device" => self.run_forget_device(&job).await,
            "sync" => self.run_sync(&job).await,
            "wake" => self.run_wake(&job).await,
            "group_info" => self.run_group_info(&job).await,
            other => Ok(Done::Bury(format!("unknown kind of job: {other}"))),
        };
        let done = done.unwrap_or_else(|error| {
            Done::Retry(self.clock.now().after(backoff(job.attempts)), error.to_string())
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
pub(crate) fn backoff(attempts: i32) -> Duration {
    Duration::from_secs(1_u64 << attempts.clamp(0, 8)).min(Duration::from_mins(5))
}
