//! One open socket: greets, catches up, follows, and ends for a reason that the other side is told.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use balas_domain::{
    ConversationId, Payload, Permission, Seq,
    counts::Counts,
    socket::{CLOSE_LAGGED, CLOSE_SIGNED_OUT, ClientFrame, ServerFrame, Typist, Viewer},
};
use balas_engine::{Actor, EngineError, EventsAfter, access::may_see};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    hub::{self, News, Seat},
    statuses,
};
use crate::{auth::Credential, state::AppState};

/// RFC 6455: the server goes away; come back.
const CLOSE_GOING_AWAY: u16 = 1001;
/// RFC 6455: the frames break the rules.
const CLOSE_POLICY: u16 = 1008;
/// RFC 6455: we failed; come back.
const CLOSE_ERROR: u16 = 1011;
/// Frames that a client may send in one period between pings: typing repeats every few seconds.
const MAX_FRAMES: u32 = 200;

/// How long a good-bye may take.
const GOOD_BYE: Duration = Duration::from_secs(3);

/// Why a socket ends.
enum End {
    /// We close it and say why.
    Close(u16, &'static str),
    /// Nobody is there any more.
    Gone,
}

impl From<EngineError> for End {
    fn from(e: EngineError) -> Self {
        tracing::warn!(error = %crate::problem::chain(&e), "a socket was closed");
        Self::Close(CLOSE_ERROR, "try again")
    }
}

/// Serves a socket to its end. `statuses`: with frames about connected numbers by themselves.
pub async fn run(state: AppState, socket: WebSocket, credential: Credential, actor: Actor, statuses: bool) {
    metrics::gauge!("balas_sockets").increment(1.0);
    let mut session = Session {
        state,
        socket,
        credential,
        actor,
        statuses,
        cursor: None,
        frames: 0,
        heard: Instant::now(),
        told: Told::default(),
    };
    let end = session.serve().await;
    if let End::Close(code, reason) = end {
        metrics::counter!("balas_sockets_closed_total", "code" => code.to_string()).increment(1);
        session.close(code, reason).await;
    }
    metrics::gauge!("balas_sockets").decrement(1.0);
}

struct Session {
    state: AppState,
    socket: WebSocket,
    credential: Credential,
    actor: Actor,
    /// Wants frames about connected numbers by themselves.
    statuses: bool,
    /// How far the other side has come; `None` until it says hello.
    cursor: Option<Seq>,
    /// Frames received since the last ping.
    frames: u32,
    /// When the other side last gave a sign.
    heard: Instant,
    told: Told,
}

/// What the other side knows of what is in no log.
#[derive(Default)]
struct Told {
    counts: Option<Counts>,
    viewers: Vec<Viewer>,
}

impl Session {
    async fn serve(&mut self) -> End {
        let state = self.state.clone();
        let hello = match timeout(state.socket_rules.hello, self.first_frame()).await {
            Ok(Ok(since)) => since,
            Ok(Err(end)) => return end,
            Err(_) => return End::Close(CLOSE_POLICY, "say hello first"),
        };
        // Subscribed before catching up, so that nothing falls between the two.
        let mut seat = state.hub.subscribe(self.actor.workspace);
        match self.follow(&state, &mut seat, hello).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    /// Waits for `hello`.
    async fn first_frame(&mut self) -> Result<Seq, End> {
        let stopping = self.state.stopping.clone();
        loop {
            let message = tokio::select! {
                message = self.socket.recv() => message,
                () = stopping.cancelled() => return Err(End::Close(CLOSE_GOING_AWAY, "the server stops")),
            };
            match parse(message)? {
                Some(ClientFrame::Hello { since }) => return Ok(since),
                Some(ClientFrame::Ping) => self.send_frame(&ServerFrame::Pong).await?,
                Some(_) => return Err(End::Close(CLOSE_POLICY, "say hello first")),
                None => {}
            }
        }
    }

    async fn follow(
        &mut self,
        state: &AppState,
        seat: &mut Seat,
        since: Seq,
    ) -> Result<std::convert::Infallible, End> {
        self.greet(since).await?;
        self.tell_counts(seat).await?;
        self.tell_viewers(seat).await?;
        let rules = &state.socket_rules;
        let mut ping = interval(rules.ping);
        let mut recheck = interval(rules.recheck);
        for timer in [&mut ping, &mut recheck] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            timer.reset();
        }
        loop {
            tokio::select! {
                // In this order: a stop is never starved by a flood, nor is what the client says by the news.
                biased;
                () = state.stopping.cancelled() => return Err(End::Close(CLOSE_GOING_AWAY, "the server stops")),
                _ = recheck.tick() => self.recheck().await?,
                _ = ping.tick() => {
                    if self.heard.elapsed() > rules.idle {
                        return Err(End::Gone);
                    }
                    self.frames = 0;
                    self.send(Message::Ping(axum::body::Bytes::new())).await?;
                }
                message = self.socket.recv() => self.receive(message, seat).await?,
                item = seat.news.recv() => match item {
                    Ok(news) => self.deliver(&news).await?,
                    Err(RecvError::Lagged(_)) => return Err(End::Close(CLOSE_LAGGED, "too slow; resume by seq")),
                    // The reader only ends with the server.
                    Err(RecvError::Closed) => return Err(End::Close(CLOSE_GOING_AWAY, "the server stops")),
                },
                Ok(()) = seat.counts.changed() => self.tell_counts(seat).await?,
                Ok(()) = seat.viewers.changed() => self.tell_viewers(seat).await?,
            }
        }
    }

    /// Answers `hello`: welcome and everything since, or resync.
    async fn greet(&mut self, since: Seq) -> Result<(), End> {
        let head = hub::head(&self.state.engine, self.actor.workspace).await?;
        self.send_frame(&ServerFrame::Welcome { seq: head }).await?;
        self.cursor = None;
        if self.statuses
            && let Some(frame) = statuses::all(&self.state.engine, &self.actor).await?
        {
            self.send(Message::Text(frame)).await?;
        }
        self.catch_up(since).await
    }

    /// Reads the log from `since` to its end.
    async fn catch_up(&mut self, mut since: Seq) -> Result<(), End> {
        let page = self.state.socket_rules.page;
        loop {
            match self.state.engine.events_after(&self.actor, since, page).await? {
                EventsAfter::TooOld => {
                    // Silent from here on, until a fresh snapshot was fetched and hello is said again.
                    self.cursor = None;
                    return self.send_frame(&ServerFrame::Resync).await;
                }
                EventsAfter::Events { events, seq } => {
                    if events.iter().any(|e| self.is_about_me(&e.payload)) {
                        self.recheck().await?;
                    }
                    let changes = self.changes(events.iter().map(|event| &event.payload));
                    if !events.is_empty() {
                        self.send_frame(&ServerFrame::Events { events }).await?;
                    }
                    self.send_all(changes).await?;
                    self.cursor = Some(seq);
                    if seq == since {
                        return Ok(());
                    }
                    since = seq;
                }
            }
        }
    }

    /// Passes on what the reader found.
    async fn deliver(&mut self, news: &News) -> Result<(), End> {
        let Some(cursor) = self.cursor else { return Ok(()) };
        match news {
            News::Lost => self.catch_up(cursor).await,
            News::Typing { frame, json } => {
                let own = match frame {
                    ServerFrame::Typing { who: Typist::Member { id, .. }, .. } => {
                        self.actor.member() == Some(*id)
                    }
                    _ => false,
                };
                if own { Ok(()) } else { self.send(Message::Text(json.clone())).await }
            }
            // Seen while catching up.
            News::Events { to, .. } if *to <= cursor => Ok(()),
            // Not where we stand: the log knows what lies between.
            News::Events { after, .. } if *after != cursor => self.catch_up(cursor).await,
            News::Events { to, events, frame, .. } => {
                if events.iter().any(|e| self.is_about_me(&e.payload)) {
                    self.recheck().await?;
                }
                let visible = events.iter().filter(|e| may_see(&self.actor, &e.payload)).count();
                if visible == events.len() {
                    self.send(Message::Text(frame.clone())).await?;
                } else if visible > 0 {
                    let seen =
                        events.iter().filter(|e| may_see(&self.actor, &e.payload)).map(|e| e.json.as_str());
                    let frame = hub::frame(seen);
                    self.send(Message::Text(frame)).await?;
                }
                let seen = events.iter().map(|e| &e.payload).filter(|payload| may_see(&self.actor, payload));
                let changes = self.changes(seen);
                self.send_all(changes).await?;
                self.cursor = Some(*to);
                Ok(())
            }
        }
    }

    /// How much there is to do, to a member who does not know it yet. (Programs count by themselves.)
    async fn tell_counts(&mut self, seat: &mut Seat) -> Result<(), End> {
        let Some(work) = seat.counts.borrow_and_update().clone() else { return Ok(()) };
        let counts = work.seen_by(&self.actor);
        if self.actor.member().is_none() || self.told.counts.as_ref() == Some(&counts) {
            return Ok(());
        }
        self.told.counts = Some(counts.clone());
        self.send_frame(&ServerFrame::Counts { counts }).await
    }

    /// Which colleagues look where, to a member who does not know it yet.
    async fn tell_viewers(&mut self, seat: &mut Seat) -> Result<(), End> {
        let me = self.actor.member();
        let mut viewers: Vec<Viewer> = seat
            .viewers
            .borrow_and_update()
            .values()
            .filter(|(member_id, _)| Some(*member_id) != me)
            .map(|(member_id, conversation_id)| Viewer {
                member_id: *member_id,
                conversation_id: *conversation_id,
            })
            .collect();
        viewers.sort_unstable_by_key(|viewer| (viewer.conversation_id, viewer.member_id));
        viewers.dedup();
        if me.is_none() || !self.actor.role.may(Permission::ReadConversations) || self.told.viewers == viewers
        {
            return Ok(());
        }
        self.told.viewers.clone_from(&viewers);
        self.send_frame(&ServerFrame::Viewers { viewers }).await
    }

    /// Frames about the numbers that have changed, if they are wanted.
    fn changes<'a>(&self, payloads: impl Iterator<Item = &'a Payload>) -> Vec<Utf8Bytes> {
        if self.statuses { statuses::changes(&self.state.engine, &self.actor, payloads) } else { Vec::new() }
    }

    async fn send_all(&mut self, frames: Vec<Utf8Bytes>) -> Result<(), End> {
        for frame in frames {
            self.send(Message::Text(frame)).await?;
        }
        Ok(())
    }

    /// Role or right to sign in may have changed: nothing more goes out under the old ones.
    fn is_about_me(&self, payload: &Payload) -> bool {
        matches!(payload, Payload::Member(member) if Some(member.id) == self.actor.member())
    }

    /// Takes what the client sent.
    async fn receive(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
        seat: &Seat,
    ) -> Result<(), End> {
        self.heard = Instant::now();
        self.frames += 1;
        if self.frames > MAX_FRAMES {
            return Err(End::Close(CLOSE_POLICY, "too many frames"));
        }
        match parse(message)? {
            Some(ClientFrame::Hello { since }) => self.greet(since).await,
            Some(ClientFrame::Ping) => self.send_frame(&ServerFrame::Pong).await,
            Some(ClientFrame::Typing { conversation_id, presence }) => {
                match self.state.engine.typing(&self.actor, conversation_id, presence).await {
                    // Passing news: a conversation that is gone, or a right that is missing, is no reason to
                    // part.
                    Ok(()) | Err(EngineError::NotFound { .. } | EngineError::Denied(_)) => {}
                    Err(error) => tracing::debug!(%error, "typing was not passed on"),
                }
                Ok(())
            }
            Some(ClientFrame::Viewing { conversation_id }) => {
                looks_at(&self.state, &self.actor, seat, conversation_id).await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Whoever is signed in must still be, and may have another role by now.
    async fn recheck(&mut self) -> Result<(), End> {
        match self.credential.actor(&self.state).await {
            Ok(Some(actor)) if actor.workspace == self.actor.workspace => {
                self.actor = actor;
                Ok(())
            }
            Ok(_) => Err(End::Close(CLOSE_SIGNED_OUT, "signed out")),
            // The database hiccups: that is no reason to sign anyone out.
            Err(_) => Ok(()),
        }
    }

    async fn send_frame(&mut self, frame: &ServerFrame) -> Result<(), End> {
        self.send(Message::Text(Utf8Bytes::from(hub::json(frame)))).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.state.socket_rules.write, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Close(CLOSE_LAGGED, "too slow; resume by seq")),
        }
    }

    /// Says why, and waits a moment for the answer, so that the reason arrives before the connection is cut.
    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let goodbye = async {
            if self.socket.send(frame).await.is_ok() {
                while let Some(Ok(message)) = self.socket.recv().await {
                    if matches!(message, Message::Close(_)) {
                        break;
                    }
                }
            }
        };
        _ = timeout(GOOD_BYE, goodbye).await;
    }
}

/// Colleagues are told where a member looks, if it is one of the workspace's conversations.
async fn looks_at(state: &AppState, actor: &Actor, seat: &Seat, conversation: Option<ConversationId>) {
    let Some(member) = actor.member() else { return };
    let at = match conversation {
        Some(id) if state.engine.conversation(actor, id).await.is_ok() => Some(id),
        _ => None,
    };
    seat.look(member, at);
}

/// `None` for what needs no answer: pongs, and kinds of frames that a newer client may send.
fn parse(message: Option<Result<Message, axum::Error>>) -> Result<Option<ClientFrame>, End> {
    match message {
        Some(Ok(Message::Text(text))) => match serde_json::from_str::<ClientFrame>(&text) {
            Ok(frame) => Ok(Some(frame)),
            Err(e) if e.is_data() && has_unknown_type(&text) => Ok(None),
            Err(_) => Err(End::Close(CLOSE_POLICY, "no frame that is known")),
        },
        Some(Ok(Message::Binary(_))) => Err(End::Close(CLOSE_POLICY, "text frames only")),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
    }
}

fn has_unknown_type(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    serde_json::from_str::<Kind>(text)
        .is_ok_and(|k| !matches!(k.kind.as_str(), "hello" | "typing" | "viewing" | "ping"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        match parse(Some(Ok(Message::Text(text.into())))) {
            Ok(Some(_)) => "frame",
            Ok(None) => "ignored",
            Err(End::Close(..)) => "closed",
            Err(End::Gone) => "gone",
        }
    }

    #[test]
    fn newer_clients_are_not_turned_away() {
        assert_eq!(kind(r#"{"type":"hello","since":5}"#), "frame");
        assert_eq!(kind(r#"{"type":"hello","since":5,"more":true}"#), "frame");
        assert_eq!(kind(r#"{"type":"dance","to":"samba"}"#), "ignored");
        assert_eq!(kind(r#"{"type":"hello","since":"x"}"#), "closed");
        assert_eq!(kind("{"), "closed");
        assert_eq!(kind("[]"), "closed");
    }
}
