//! One reader per workspace: follows the log and turns it into frames that all sockets share.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
use balas_domain::{ConversationId, Event, MemberId, Payload, Seq, WorkspaceId, socket::ServerFrame};
use balas_engine::{Actor, Engine, EventsAfter, OpenWork, Signal};
use serde::Serialize;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::problem::chain;

/// Events read at once.
const PAGE: u32 = 200;
/// Between looks at the log when nobody said "look": another node may have written, or a signal was lost.
const LOOK: Duration = Duration::from_secs(15);
/// Least time between two counts of what there is to do.
const COUNT: Duration = Duration::from_secs(1);
/// What happens together is counted together.
const SETTLE: Duration = Duration::from_millis(30);
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

/// Who looks where, by socket: a member may have several.
pub type Viewers = BTreeMap<u64, (MemberId, ConversationId)>;

/// What the sockets of one workspace share.
struct Room {
    news: broadcast::Sender<Arc<News>>,
    /// How much there is to do; nothing before it was first counted.
    counts: watch::Sender<Option<Arc<OpenWork>>>,
    viewers: watch::Sender<Viewers>,
}

/// A socket's place in its workspace. Who leaves it looks at nothing any more.
pub struct Seat {
    /// What happens.
    pub news: broadcast::Receiver<Arc<News>>,
    /// How much there is to do, whenever that has changed.
    pub counts: watch::Receiver<Option<Arc<OpenWork>>>,
    /// Who looks where, whenever that has changed.
    pub viewers: watch::Receiver<Viewers>,
    room: Arc<Room>,
    number: u64,
}

impl Seat {
    /// From now on this member looks there, or nowhere.
    pub fn look(&self, member: MemberId, at: Option<ConversationId>) {
        self.room.viewers.send_if_modified(|viewers| match at {
            Some(at) => viewers.insert(self.number, (member, at)) != Some((member, at)),
            None => viewers.remove(&self.number).is_some(),
        });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.viewers.send_if_modified(|viewers| viewers.remove(&self.number).is_some());
    }
}

/// The readers of all workspaces that someone watches.
pub struct Hub(Arc<Inner>);

struct Inner {
    engine: Engine,
    backlog: usize,
    stopping: CancellationToken,
    rooms: Mutex<HashMap<WorkspaceId, Arc<Room>>>,
    seats: AtomicU64,
}

impl Hub {
    /// A hub without readers. `backlog` is how many batches a socket may be behind.
    #[must_use]
    pub fn new(engine: Engine, backlog: usize, stopping: CancellationToken) -> Self {
        Self(Arc::new(Inner { engine, backlog, stopping, rooms: Mutex::default(), seats: AtomicU64::new(0) }))
    }

    /// Follows a workspace from now on. What was written before must be read from the log.
    pub fn subscribe(&self, ws: WorkspaceId) -> Seat {
        let mut rooms = self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&ws) {
            return self.seat(room);
        }
        let room = Arc::new(Room {
            news: broadcast::channel(self.0.backlog).0,
            counts: watch::channel(None).0,
            viewers: watch::channel(Viewers::new()).0,
        });
        rooms.insert(ws, room.clone());
        let seat = self.seat(&room);
        let signals = self.0.engine.live().subscribe(ws);
        tokio::spawn(read(
            Arc::downgrade(&self.0),
            self.0.engine.clone(),
            self.0.stopping.clone(),
            ws,
            signals,
            room,
        ));
        seat
    }

    fn seat(&self, room: &Arc<Room>) -> Seat {
        Seat {
            news: room.news.subscribe(),
            counts: room.counts.subscribe(),
            viewers: room.viewers.subscribe(),
            room: room.clone(),
            number: self.0.seats.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// Follows one workspace until nobody listens any more.
async fn read(
    hub: Weak<Inner>,
    engine: Engine,
    stopping: CancellationToken,
    ws: WorkspaceId,
    mut signals: broadcast::Receiver<Signal>,
    room: Arc<Room>,
) {
    let everything = Actor::system(ws);
    let mut cursor = None;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // When to count again, if anything has changed since the last time.
    let mut recount = Some(Instant::now());
    let mut counted = Instant::now();
    loop {
        let counting = tokio::time::sleep_until(recount.unwrap_or_else(Instant::now));
        // `None`: look at the log.
        let signal = tokio::select! {
            signal = signals.recv() => match signal {
                Ok(Signal::Log(_)) | Err(RecvError::Lagged(_)) => None,
                Ok(Signal::Typing { conversation_id, who, presence }) => {
                    Some(ServerFrame::Typing { conversation_id, who, presence })
                }
                // The channel was forgotten while nobody listened.
                Err(RecvError::Closed) => {
                    signals = engine.live().subscribe(ws);
                    None
                }
            },
            () = counting, if recount.is_some() => {
                recount = None;
                counted = Instant::now();
                count(&engine, ws, &room).await;
                continue;
            }
            _ = look.tick() => None,
            () = stopping.cancelled() => return,
        };
        if let Some(frame) = signal {
            let json = json(&frame).into();
            _ = room.news.send(Arc::new(News::Typing { frame, json }));
            continue;
        }
        if room.news.receiver_count() == 0 && forget(&hub, ws, &room) {
            return;
        }
        match follow(&engine, &everything, cursor, &room.news).await {
            Ok(reached) => {
                if cursor != Some(reached) {
                    recount.get_or_insert_with(|| (counted + COUNT).max(Instant::now() + SETTLE));
                }
                cursor = Some(reached);
            }
            Err(error) => {
                tracing::warn!(%ws, error = %chain(&error), "the event log could not be read");
                tokio::time::sleep(PAUSE).await;
                look.reset_immediately();
            }
        }
    }
}

/// Counts what there is to do, and tells if it is another number.
async fn count(engine: &Engine, ws: WorkspaceId, room: &Room) {
    match engine.open_work(ws).await {
        Ok(work) => {
            room.counts.send_if_modified(|known| {
                let changed = known.as_deref() != Some(&*work);
                if changed {
                    *known = Some(work);
                }
                changed
            });
        }
        // Counted again with the next change.
        Err(error) => tracing::warn!(%ws, error = %chain(&error), "open work could not be counted"),
    }
}

/// Leaves the map, unless someone subscribed in this moment.
fn forget(hub: &Weak<Inner>, ws: WorkspaceId, room: &Room) -> bool {
    let Some(hub) = hub.upgrade() else { return true };
    let mut rooms = hub.rooms.lock().unwrap_or_else(PoisonError::into_inner);
    let unused = room.news.receiver_count() == 0;
    if unused {
        rooms.remove(&ws);
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
