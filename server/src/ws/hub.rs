//! One reader per workspace: follows the log and turns it into frames that all sockets share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
use balas_domain::{Event, Payload, Seq, WorkspaceId, socket::ServerFrame};
use balas_engine::{Actor, Engine, EventsAfter, Signal};
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::problem::chain;

/// Events read at once.
const PAGE: u32 = 200;
/// Between looks at the log when nobody said "look": another node may have written, or a signal was lost.
const LOOK: Duration = Duration::from_secs(15);
/// Wait after the database failed.
const PAUSE: Duration = Duration::from_millis(500);

/// One event with its JSON.
#[derive(Debug)]
pub struct LiveEvent {
    /// What changed, for the decision who may see it.
    pub payload: Payload,
    /// The whole event as it goes over the wire.
    pub json: String,
}

/// What sockets are handed.
#[derive(Debug)]
pub enum News {
    /// The log from `after` (exclusive) to `to` (inclusive).
    Events {
        /// What came before.
        after: Seq,
        /// The last one.
        to: Seq,
        /// Them.
        events: Vec<LiveEvent>,
        /// The frame for those who may see all of them.
        frame: Utf8Bytes,
    },
    /// Someone is typing.
    Typing {
        /// The frame as a whole.
        frame: ServerFrame,
        /// Its JSON.
        json: Utf8Bytes,
    },
    /// The log's reader lost its place: everyone reads for himself.
    Lost,
}

/// The readers of all workspaces that someone watches.
pub struct Hub(Arc<Inner>);

struct Inner {
    engine: Engine,
    backlog: usize,
    stopping: CancellationToken,
    readers: Mutex<HashMap<WorkspaceId, broadcast::Sender<Arc<News>>>>,
}

impl Hub {
    /// A hub without readers. `backlog` is how many batches a socket may be behind.
    #[must_use]
    pub fn new(engine: Engine, backlog: usize, stopping: CancellationToken) -> Self {
        Self(Arc::new(Inner { engine, backlog, stopping, readers: Mutex::default() }))
    }

    /// Follows a workspace from now on. What was written before must be read from the log.
    pub fn subscribe(&self, ws: WorkspaceId) -> broadcast::Receiver<Arc<News>> {
        let mut readers = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = readers.get(&ws) {
            return sender.subscribe();
        }
        let (sender, receiver) = broadcast::channel(self.0.backlog);
        readers.insert(ws, sender.clone());
        let signals = self.0.engine.live().subscribe(ws);
        tokio::spawn(read(
            Arc::downgrade(&self.0),
            self.0.engine.clone(),
            self.0.stopping.clone(),
            ws,
            signals,
            sender,
        ));
        receiver
    }
}

/// Follows one workspace until nobody listens any more.
async fn read(
    hub: Weak<Inner>,
    engine: Engine,
    stopping: CancellationToken,
    ws: WorkspaceId,
    mut signals: broadcast::Receiver<Signal>,
    sender: broadcast::Sender<Arc<News>>,
) {
    let everything = Actor::system(ws);
    let mut cursor = None;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        // `None`: look at the log.
        let signal = tokio::select! {
            signal = signals.recv() => match signal {
                Ok(Signal::Log(_)) | Err(RecvError::Lagged(_)) => None,
                Ok(Signal::Typing { conversation_id, who, on }) => {
                    Some(ServerFrame::Typing { conversation_id, who, on })
                }
                // The channel was forgotten while nobody listened.
                Err(RecvError::Closed) => {
                    signals = engine.live().subscribe(ws);
                    None
                }
            },
            _ = look.tick() => None,
            () = stopping.cancelled() => return,
        };
        if let Some(frame) = signal {
            let json = json(&frame).into();
            _ = sender.send(Arc::new(News::Typing { frame, json }));
            continue;
        }
        if sender.receiver_count() == 0 && forget(&hub, ws, &sender) {
            return;
        }
        match follow(&engine, &everything, cursor, &sender).await {
            Ok(reached) => cursor = Some(reached),
            Err(error) => {
                tracing::warn!(%ws, error = %chain(&error), "the event log could not be read");
                tokio::time::sleep(PAUSE).await;
                look.reset_immediately();
            }
        }
    }
}

/// Leaves the map, unless someone subscribed in this moment.
fn forget(hub: &Weak<Inner>, ws: WorkspaceId, sender: &broadcast::Sender<Arc<News>>) -> bool {
    let Some(hub) = hub.upgrade() else { return true };
    let mut readers = hub.readers.lock().unwrap_or_else(PoisonError::into_inner);
    let unused = sender.receiver_count() == 0;
    if unused {
        readers.remove(&ws);
    }
    unused
}

/// Hands out what was written after `cursor`; from the head on if there is none.
async fn follow(
    engine: &Engine,
    everything: &Actor,
    cursor: Option<Seq>,
    sender: &broadcast::Sender<Arc<News>>,
) -> Result<Seq, balas_engine::EngineError> {
    let Some(mut cursor) = cursor else {
        let head = head(engine, everything.workspace).await?;
        // Whoever caught up before this moment would not hear of what came in between.
        _ = sender.send(Arc::new(News::Lost));
        return Ok(head);
    };
    loop {
        match engine.events_after(everything, cursor, PAGE).await? {
            EventsAfter::Events { events, .. } if events.is_empty() => return Ok(cursor),
            EventsAfter::Events { events, seq } => {
                _ = sender.send(Arc::new(batch(cursor, seq, events)));
                cursor = seq;
            }
            EventsAfter::TooOld => {
                let head = head(engine, everything.workspace).await?;
                _ = sender.send(Arc::new(News::Lost));
                return Ok(head);
            }
        }
    }
}

/// The newest position of a workspace's log.
///
/// # Errors
/// When the database fails.
pub async fn head(engine: &Engine, ws: WorkspaceId) -> Result<Seq, balas_engine::EngineError> {
    let mut tx = engine.store().read().await?;
    Ok(balas_store::events::head(ws, &mut tx).await?)
}

fn batch(after: Seq, to: Seq, events: Vec<Event>) -> News {
    let events: Vec<LiveEvent> =
        events.into_iter().map(|e| LiveEvent { json: json(&e), payload: e.payload }).collect();
    let frame = frame(events.iter().map(|e| e.json.as_str()));
    News::Events { after, to, events, frame }
}

/// An `events` frame around events that are JSON already.
pub fn frame<'a>(events: impl Iterator<Item = &'a str>) -> Utf8Bytes {
    let mut out = String::from(r#"{"type":"events","events":["#);
    for (i, event) in events.enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(event);
    }
    out.push_str("]}");
    out.into()
}

/// Our own types always become JSON.
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use balas_domain::{AccountId, Timestamp};

    use super::*;

    #[test]
    fn shared_frames_are_frames() {
        let id = AccountId(uuid::Uuid::nil());
        let event = |n| Event { seq: Seq(n), at: Timestamp(7), payload: Payload::AccountRemoved { id } };
        for events in [vec![event(1)], vec![event(1), event(2)]] {
            let News::Events { frame, .. } = batch(Seq(0), Seq(2), events.clone()) else { panic!() };
            let parsed: ServerFrame = serde_json::from_str(&frame).unwrap();
            assert_eq!(parsed, ServerFrame::Events { events });
        }
    }
}
