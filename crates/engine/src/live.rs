//! Tells whoever follows a workspace that there is something to see. Carries no truth: a missed signal costs nothing
//! but time, because the log is read from the follower's own position.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use balas_domain::{
    ConversationId, Seq, WorkspaceId,
    socket::{Presence, Typist},
};
use balas_store::{Committed, StoreError, Write};
use tokio::sync::broadcast;

use crate::Engine;

/// Signals that a slow follower may have unread before the oldest are dropped.
const BACKLOG: usize = 256;

/// News for followers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The log has reached this position: look.
    Log(Seq),
    /// Someone is typing or recording, or has stopped. Passing news that is in no log.
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// Who.
        who: Typist,
        /// What.
        presence: Presence,
    },
}

/// All followers of all workspaces.
#[derive(Debug, Default)]
pub struct Live {
    channels: Mutex<HashMap<WorkspaceId, broadcast::Sender<Signal>>>,
}

impl Live {
    /// Follows a workspace from now on.
    pub fn subscribe(&self, ws: WorkspaceId) -> broadcast::Receiver<Signal> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.entry(ws).or_insert_with(|| broadcast::channel(BACKLOG).0).subscribe()
    }

    pub(crate) fn send(&self, ws: WorkspaceId, signal: Signal) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody listens any more: forget the channel, so that workspaces that were once open do not pile up.
        if channels.get(&ws).is_some_and(|sender| sender.send(signal).is_err()) {
            channels.remove(&ws);
        }
    }
}

impl Engine {
    /// Commits a write and tells everyone to look, the job worker too if there is something for it.
    pub(crate) async fn publish(&self, mut write: Write) -> Result<Committed, StoreError> {
        let ws = write.workspace();
        if write.people_changed() {
            self.settle_disputed(&mut write).await?;
        }
        let has_jobs = write.has_jobs();
        let committed = write.commit().await?;
        if has_jobs {
            self.jobs.wake();
        }
        if !committed.events.is_empty() {
            metrics::counter!("balas_events_total").increment(committed.events.len() as u64);
            self.live.send(ws, Signal::Log(committed.seq));
        }
        Ok(committed)
    }
}
