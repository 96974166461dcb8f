//! The stream from the server. One task owns the one socket, so a retired socket can never speak; after a
//! loss it says from where to go on, and gets exactly what it missed.

use std::{pin::pin, time::Duration};

use balas_domain::{
    ConversationId, Random, Timestamp,
    socket::{CLOSE_SIGNED_OUT, ClientFrame, Presence, ServerFrame},
};
use futures::{
    SinkExt, Stream, StreamExt,
    channel::mpsc::{self, UnboundedReceiver, UnboundedSender},
    future::{self, Either},
    stream,
};
use gloo_net::websocket::{Message, WebSocketError, futures::WebSocket};
use leptos::{prelude::*, task::spawn_local};

use super::{App, backoff::Backoff, frames, loading, news::Bell, sign_in_again, typing::Typing};
use crate::browser::{
    ambient::{self, BrowserRandom},
    dom, timer,
};

/// A socket that does not open within this time is given up.
const OPENING: Duration = Duration::from_secs(10);
/// How often we look whether the other side is still there.
const TICK: Duration = Duration::from_secs(5);
/// After this long without a word we ask.
const ASK_AFTER: Duration = Duration::from_secs(20);
/// An answer must come within this time. Counted from the question and not from the last word: in a tab that
/// nobody looks at browsers run timers once a minute, and the question itself comes late.
const ANSWER: Duration = Duration::from_secs(8);
/// After waking up people wait for it.
const WAKE_ANSWER: Duration = Duration::from_secs(4);

/// Whether the page follows the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Not yet: the page is fresh from the server.
    Connecting,
    /// It follows.
    Online,
    /// It tries to come back.
    Offline,
}

enum Command {
    /// The page is looked at again, or the network is back: try now.
    Wake,
    /// The network is gone.
    Offline,
    /// Say something.
    Say(ClientFrame),
}

/// The stream's handle.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// Whether the page follows the server.
    pub(crate) link: RwSignal<Link>,
    /// Counts returns after a loss, for the word that it works again.
    pub(crate) returns: RwSignal<u32>,
    /// Who is typing.
    pub(crate) typing: RwSignal<Typing>,
    commands: StoredValue<Option<UnboundedSender<Command>>>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            link: RwSignal::new(Link::Connecting),
            returns: RwSignal::new(0),
            typing: RwSignal::new(Typing::default()),
            commands: StoredValue::new(None),
        }
    }

    /// Follows the server from now on, for as long as the page lives.
    pub(crate) fn start(self, app: App) {
        let (sender, receiver) = mpsc::unbounded();
        self.commands.set_value(Some(sender));
        spawn_local(run(app, receiver));
        // All for as long as the page lives.
        for event in ["online", "focus", "pageshow", "visibilitychange"] {
            window_event_listener_untyped(event, move |_| self.wake());
        }
        window_event_listener_untyped("offline", move |_| self.command(Command::Offline));
    }

    /// Tries at once instead of waiting.
    pub(crate) fn wake(self) {
        self.command(Command::Wake);
    }

    /// Tells colleagues and customer that an answer is being written.
    pub(crate) fn say_typing(self, conversation_id: ConversationId, presence: Presence) {
        self.command(Command::Say(ClientFrame::Typing { conversation_id, presence }));
    }

    /// Tells what is looked at.
    pub(crate) fn say_viewing(self, conversation_id: Option<ConversationId>) {
        self.command(Command::Say(ClientFrame::Viewing { conversation_id }));
    }

    fn command(self, command: Command) {
        self.commands.try_with_value(|sender| sender.as_ref().map(|sender| sender.unbounded_send(command)));
    }
}

enum End {
    /// Try again. `worked` tells whether the stream had begun.
    Lost { worked: bool },
    /// The sign-in has ended.
    SignedOut,
}

async fn run(app: App, mut commands: UnboundedReceiver<Command>) {
    let live = app.live();
    let mut backoff = Backoff::default();
    let bell = Bell::new();
    loop {
        match session(app, bell, &mut commands).await {
            End::SignedOut => {
                sign_in_again();
                return;
            }
            End::Lost { worked } => {
                if worked {
                    backoff.succeeded();
                }
            }
        }
        live.link.set(Link::Offline);
        let mut dice = [0; 4];
        BrowserRandom.fill(&mut dice);
        let wait = backoff.failed(u32::from_le_bytes(dice));
        let mut waited = pin!(timer::sleep(wait));
        // What is said while nobody listens is forgotten; only a wake-up shortens the wait.
        loop {
            match future::select(waited.as_mut(), commands.next()).await {
                Either::Left(_) | Either::Right((Some(Command::Wake), _)) => break,
                Either::Right((Some(_), _)) => {}
                Either::Right((None, _)) => return,
            }
        }
    }
}

enum Step {
    Heard(Result<Message, WebSocketError>),
    Command(Command),
    Tick,
    Closed,
}

/// One socket from opening to loss.
async fn session(app: App, bell: Bell, commands: &mut UnboundedReceiver<Command>) -> End {
    let Ok(socket) = WebSocket::open(&dom::socket_url()) else { return End::Lost { worked: false } };
    let (mut say, hear) = socket.split();
    let hello = encode(&ClientFrame::Hello { since: app.inbox().seq() });
    {
        let opening = pin!(say.send(hello));
        let patience = pin!(timer::sleep(OPENING));
        match future::select(opening, patience).await {
            Either::Left((Ok(()), _)) => {}
            Either::Left((Err(_), _)) | Either::Right(_) => return refused().await,
        }
    }
    let mut worked = false;
    let mut heard_at = ambient::now();
    let mut deadline: Option<Timestamp> = None;
    let mut steps = pin!(stream::select(
        stream::select(
            hear.map(Step::Heard).chain(stream::once(future::ready(Step::Closed))),
            commands.map(Step::Command)
        ),
        ticks().map(|()| Step::Tick),
    ));
    while let Some(step) = steps.next().await {
        match step {
            Step::Heard(Ok(Message::Text(text))) => {
                heard_at = ambient::now();
                deadline = None;
                // A frame of a newer server that we do not know is no reason to stop.
                let Some(frame) = frames::read(&text) else { continue };
                if let ServerFrame::Welcome { .. } = frame {
                    worked = true;
                    welcome(app);
                }
                if let ServerFrame::Resync = frame {
                    if loading::resync(app).await.is_err() {
                        return End::Lost { worked };
                    }
                    let again = encode(&ClientFrame::Hello { since: app.inbox().seq() });
                    if say.send(again).await.is_err() {
                        return End::Lost { worked };
                    }
                    continue;
                }
                take(app, bell, frame);
            }
            Step::Heard(Ok(Message::Bytes(_))) => {}
            Step::Heard(Err(WebSocketError::ConnectionClose(event))) if event.code == CLOSE_SIGNED_OUT => {
                return End::SignedOut;
            }
            Step::Heard(Err(_)) | Step::Closed | Step::Command(Command::Offline) => {
                return End::Lost { worked };
            }
            Step::Command(Command::Wake) => {
                // After sleep a socket may look open and be dead: ask, and believe only an answer.
                deadline.get_or_insert(ambient::now().after(WAKE_ANSWER));
                if say.send(encode(&ClientFrame::Ping)).await.is_err() {
                    return End::Lost { worked };
                }
            }
            Step::Command(Command::Say(frame)) => {
                if say.send(encode(&frame)).await.is_err() {
                    return End::Lost { worked };
                }
            }
            Step::Tick => {
                let now = ambient::now();
                app.live().typing.try_maybe_update(|typing| (typing.expire(now), ()));
                if deadline.is_some_and(|deadline| deadline < now) {
                    return End::Lost { worked };
                }
                if deadline.is_none() && now.since(heard_at) > ASK_AFTER {
                    deadline = Some(now.after(ANSWER));
                    if say.send(encode(&ClientFrame::Ping)).await.is_err() {
                        return End::Lost { worked };
                    }
                }
            }
        }
    }
    End::Lost { worked }
}

/// A socket that never opened: browsers do not tell why, so a small question tells whether the sign-in has
/// ended.
async fn refused() -> End {
    use crate::api::{self, ApiError};
    let probe = balas_domain::query::ListQuery { limit: Some(1), ..Default::default() };
    match api::conversations(probe).await {
        Err(ApiError::SignedOut) => End::SignedOut,
        _ => End::Lost { worked: false },
    }
}

fn welcome(app: App) {
    let live = app.live();
    if live.link.get_untracked() == Link::Offline {
        live.returns.update(|n| *n += 1);
    }
    live.link.set(Link::Online);
    loading::retry_failed(app);
    live.say_viewing(app.inbox().open_id());
    app.sending().flush(app);
}

fn take(app: App, bell: Bell, frame: ServerFrame) {
    match frame {
        ServerFrame::Events { events } => {
            let news = app.inbox().apply(&events);
            bell.ring(app, &news);
            loading::regroup(app);
        }
        ServerFrame::Typing { conversation_id, who, presence } => {
            app.live().typing.update(|typing| typing.heard(conversation_id, who, presence, ambient::now()));
        }
        ServerFrame::Counts { counts } => app.inbox().counts.set(counts),
        ServerFrame::Viewers { viewers } => app.inbox().viewers.set(viewers),
        ServerFrame::Welcome { .. } | ServerFrame::Resync | ServerFrame::Pong => {}
    }
}

fn encode(frame: &ClientFrame) -> Message {
    // Frames hold nothing that JSON cannot express.
    Message::Text(serde_json::to_string(frame).unwrap_or_default())
}

fn ticks() -> impl Stream<Item = ()> {
    stream::unfold((), |()| async {
        timer::sleep(TICK).await;
        Some(((), ()))
    })
}
