//! A follower whose socket breaks a thousand times while things happen, and who knows in the end what the
//! server knows: nothing skipped, nothing twice.

#![cfg(test)]

#[path = "support/real_server.rs"]
mod real_server;

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use balas_bench::{
    http::Connection,
    meta::{Business, Text},
    rng::Rng,
    socket::Socket,
};
use balas_domain::{
    ConversationId, Inbox, Seq,
    inbox::{MessagePage, Snapshot, ThreadPage},
    socket::ServerFrame,
    view::{AccountView, ConversationView, MemberView, MessageView, Page},
};
use balas_store::testing::Kind;
use real_server::{LOOK, PATIENCE, Rest, Setup, head, workspace};
use rstest::rstest;

const DISCONNECTS: u32 = 1_000;
const CUSTOMERS: u64 = 40;
/// Answers that are sent to the demo's customers; the sandbox reports how far they come.
const ANSWERS: usize = 60;

fn whole<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None }
}

/// All of a thread.
async fn thread(rest: &mut Rest, conversation: &ConversationView) -> ThreadPage {
    let messages: Vec<MessageView> = rest.all(&format!("/conversations/{}/messages", conversation.id)).await;
    ThreadPage {
        conversation: conversation.clone(),
        messages: MessagePage { items: messages, next: None, newer: None },
    }
}

/// What the server knows, while nothing happens; the threads of those conversations loaded.
async fn snapshot(rest: &mut Rest, seq: Seq, threads: &[ConversationId]) -> Inbox {
    let conversations: Vec<ConversationView> = rest.all("/conversations").await;
    let accounts: Vec<AccountView> = rest.all("/accounts").await;
    let members: Vec<MemberView> = rest.all("/members").await;
    let rows = whole(conversations.clone());
    let mut inbox = Inbox::from_snapshot(Snapshot {
        seq,
        conversations: rows,
        accounts,
        members,
        alerts: Vec::new(),
        labels: Vec::new(),
        counts: balas_domain::counts::Counts::default(),
        workspace: balas_domain::view::WorkspaceView::default(),
        thread: None,
    });
    for conversation in conversations.iter().filter(|c| threads.contains(&c.id)) {
        inbox.open(thread(rest, conversation).await);
    }
    inbox
}

/// Posts to the API; status and body of the answer.
async fn post(rest: &mut Rest, path: &str, body: &str) -> (u16, String) {
    let path = format!("/api/v1{path}");
    let answer = rest.connection.post(&path, &[&rest.bearer], body.as_bytes()).await.unwrap();
    (answer.status, answer.text())
}

/// Customers write, members read, answers go out and come back as statuses, until told to stop.
async fn happenings(address: SocketAddr, token: String, over: Arc<AtomicBool>) {
    let mut rest = Rest::connect(address, &token).await;
    let mut webhooks = Connection::open(address).await.unwrap();
    let (business, mut rng) = (Business::demo(), Rng::new(5));
    let demo: Vec<ConversationView> = rest.all("/conversations").await;
    let (mut number, mut answers) = (0_u32, 0);
    while !over.load(Ordering::Relaxed) {
        number += 1;
        match rng.below(10) {
            0 if answers < ANSWERS => {
                let to = demo[answers % demo.len()].id;
                answers += 1;
                let id = rng.uuid(1_750_000_000_000 + i64::from(number));
                let body = format!(r#"{{"id":"{id}","text":"Answer {number}"}}"#);
                let (status, said) = post(&mut rest, &format!("/conversations/{to}/messages"), &body).await;
                // Some customers have not written for a day: the answer is refused, and nothing happens.
                assert!(status == 201 || said.contains("window"), "{status} {said}");
            }
            1 | 2 => {
                let to = demo[rng.index(demo.len())].id;
                let (status, said) = post(&mut rest, &format!("/conversations/{to}/read"), "").await;
                assert_eq!(status, 204, "{said}");
            }
            _ => {
                let delivery = business.text(&Text {
                    from: &format!("62844000{:05}", rng.below(CUSTOMERS)),
                    name: "Restless",
                    id: &format!("wamid.RESUME{number:08}"),
                    at: 1_750_000_000 + i64::from(number),
                    text: &format!("resume {number}"),
                });
                let sent = webhooks.post("/webhooks/cloud", &[&delivery.signature], &delivery.body).await;
                assert_eq!(sent.unwrap().status, 200);
            }
        }
    }
}

/// The client under test: the reducer of the browser on a socket that is cut.
struct Follower {
    address: SocketAddr,
    token: String,
    inbox: Inbox,
    /// Events that were applied.
    events: u64,
    /// Connections that had something to catch up with.
    caught_up: u64,
}

impl Follower {
    async fn connect(&self) -> Socket {
        let mut socket = Socket::connect(self.address, &self.token).await.unwrap();
        socket.hello(self.inbox.seq()).await.unwrap();
        socket
    }

    /// Applies a frame. The owner sees everything, so positions must follow each other without a gap.
    fn apply(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::Events { events } => {
                assert!(!events.is_empty());
                for event in events {
                    assert_eq!(event.seq, self.inbox.seq().next(), "skipped or seen twice");
                    self.inbox.apply(&event);
                    self.events += 1;
                }
            }
            ServerFrame::Welcome { seq } => self.caught_up += u64::from(seq > self.inbox.seq()),
            ServerFrame::Resync => panic!("the log still holds everything"),
            ServerFrame::Typing { .. }
            | ServerFrame::Counts { .. }
            | ServerFrame::Viewers { .. }
            | ServerFrame::Pong => {}
        }
    }

    /// One connection, cut after so many frames or so much time.
    async fn session(&mut self, frames: u64, time: Duration) {
        let mut socket = self.connect().await;
        let deadline = tokio::time::Instant::now() + time;
        for _ in 0..frames {
            match tokio::time::timeout_at(deadline, socket.frame()).await {
                Ok(frame) => self.apply(frame.unwrap().expect("the server does not close sockets")),
                Err(_) => return,
            }
        }
    }

    /// Follows until it stands there.
    async fn reach(&mut self, seq: Seq) {
        let mut socket = self.connect().await;
        while self.inbox.seq() < seq {
            let frame = tokio::time::timeout(PATIENCE, socket.frame()).await.expect("events come");
            self.apply(frame.unwrap().expect("the server does not close sockets"));
        }
    }

    /// Opens a thread while things happen: what is fetched may be newer than what was heard.
    async fn open_one(&mut self, rest: &mut Rest, opened: &mut HashSet<ConversationId>) {
        let unopened = self.inbox.list().into_iter().find(|c| !opened.contains(&c.id)).cloned();
        if let Some(conversation) = unopened {
            let page = thread(rest, &conversation).await;
            self.inbox.open(page);
            opened.insert(conversation.id);
        }
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_breaks_lose_nothing(#[case] kind: Kind) {
    let setup = Setup::new(kind).await;
    let server = setup.options.start().await.unwrap();
    let (address, token) = (server.address, setup.options.token().await.unwrap());
    let store = setup.open().await;
    let ws = workspace(&store).await;
    let mut rest = Rest::connect(address, &token).await;

    let start = head(&store, ws).await;
    let demo: Vec<ConversationView> = rest.all("/conversations").await;
    let mut opened: HashSet<ConversationId> = demo.iter().map(|c| c.id).collect();
    let inbox = snapshot(&mut rest, start, &opened.iter().copied().collect::<Vec<_>>()).await;
    let mut follower = Follower { address, token: token.clone(), inbox, events: 0, caught_up: 0 };

    let over = Arc::new(AtomicBool::new(false));
    let world = tokio::spawn(happenings(address, token, Arc::clone(&over)));
    let mut rng = Rng::new(11);
    for _ in 0..DISCONNECTS {
        follower.session(rng.below(5), Duration::from_millis(rng.below(20))).await;
        if rng.chance(4) {
            follower.open_one(&mut rest, &mut opened).await;
        }
        assert!(!world.is_finished(), "what should happen has stopped");
    }
    over.store(true, Ordering::Relaxed);
    world.await.unwrap();

    // Statuses straggle in from the sandbox: compare when nothing moved while the server was asked.
    let opened: Vec<_> = opened.into_iter().collect();
    let started = Instant::now();
    let fresh = loop {
        let before = head(&store, ws).await;
        let fresh = snapshot(&mut rest, before, &opened).await;
        follower.reach(before).await;
        if head(&store, ws).await == before && follower.inbox.seq() == before {
            break fresh;
        }
        assert!(started.elapsed() < PATIENCE, "it never comes to rest");
        tokio::time::sleep(LOOK).await;
    };
    compare(&follower.inbox, &fresh, &opened);

    // The test has seen what it is about.
    assert_eq!(follower.events, (follower.inbox.seq().0 - start.0).unsigned_abs());
    assert!(follower.events > 1_000, "only {} events", follower.events);
    assert!(
        follower.caught_up > 100,
        "only {} connections had something to catch up with",
        follower.caught_up
    );
    assert!(opened.len() > demo.len(), "no thread was opened on the way");
    store.close().await;
    server.stop().await.unwrap();
}

fn compare(ours: &Inbox, theirs: &Inbox, threads: &[ConversationId]) {
    assert_eq!(ours.list(), theirs.list());
    assert_eq!(ours.accounts(), theirs.accounts());
    let messages = |inbox: &Inbox, id| inbox.thread(id).map(|t| t.messages().cloned().collect::<Vec<_>>());
    for id in threads {
        assert_eq!(messages(ours, *id), messages(theirs, *id), "{id}");
    }
}
