//! What is kept for a while only: processed webhooks, operations whose message never came, ended sessions, old events.

use std::time::Duration;

use balas_domain::Seq;
use balas_store::{StoreError, alerts, events, journal, pending, sessions, sync, workspaces};

use crate::Engine;

/// How often.
const EVERY: Duration = Duration::from_mins(10);
/// Processed webhook bodies are kept this long, for looking into complaints.
const WEBHOOKS: Duration = Duration::from_hours(3 * 24);
/// A message that has not come by then will not: providers repeat their deliveries for seven days.
const OPERATIONS: Duration = Duration::from_hours(8 * 24);
/// Alerts that are over are kept this long.
const ALERTS: Duration = Duration::from_hours(90 * 24);
/// Admins see for so long what had been missed.
const GAPS: Duration = Duration::from_hours(90 * 24);
/// Events per workspace. Who is further behind fetches a fresh snapshot, which is faster by then.
const EVENTS: i64 = 100_000;

impl Engine {
    pub(crate) async fn keep_house(&self) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.tidy().await {
                tracing::warn!(%error, "housekeeping failed; it is tried again later");
            }
            match self.tidy_files().await {
                Ok(removed) => tracing::debug!(removed, "unused files were taken away"),
                Err(error) => {
                    tracing::warn!(%error, "unused files could not be taken away; it is tried again later");
                }
            }
            self.pause(EVERY).await;
        }
    }

    /// Removes what has been kept long enough.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let webhooks = journal::purge(&mut tx, now.before(WEBHOOKS)).await?;
        let operations = pending::expire(&mut tx, now.before(OPERATIONS)).await?;
        let ended = sessions::delete_expired(&mut tx, now).await?;
        let old_alerts = alerts::purge(&mut tx, now.before(ALERTS)).await?;
        let old_gaps = sync::forget_gaps(&mut tx, now.before(GAPS)).await?;
        tx.commit().await?;
        let all = {
            let mut tx = self.store.read().await?;
            workspaces::list(&mut tx).await?
        };
        let mut old_events = 0;
        for ws in all.iter().filter(|ws| ws.seq.0 > EVENTS) {
            let mut tx = self.store.begin().await?;
            old_events += events::purge(ws.id, &mut tx, Seq(ws.seq.0 - EVENTS)).await?;
            tx.commit().await?;
        }
        tracing::debug!(
            webhooks,
            operations,
            sessions = ended,
            old_alerts,
            old_gaps,
            old_events,
            "tidied up"
        );
        Ok(())
    }
}
