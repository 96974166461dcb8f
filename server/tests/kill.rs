//! A server that is killed again and again under a stream of webhooks, and keeps its word: what it
//! acknowledged is there, once.

#![cfg(test)]

#[path = "support/real_server.rs"]
mod real_server;

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use balas_bench::{
    http::Connection,
    meta::{Business, Delivery, Text},
    rng::Rng,
    server::free_address,
};
use balas_domain::{
    Payload, Seq, WorkspaceId,
    view::{AccountView, ConversationView, MessageView},
};
use balas_store::{Store, events, journal, testing::Kind};
use real_server::{LOOK, PATIENCE, Rest, Setup, head, workspace};
use rstest::rstest;
use tokio::sync::watch;

const KILLS: u32 = 20;
/// Webhooks under way at the same time.
const SENDERS: u64 = 8;
const CUSTOMERS: u64 = 12;
const PREFIX: &str = "62855000";
/// Messages whose three copies are shuffled together.
const WINDOW: u32 = 40;

/// Webhooks without end: each message three times, in any order.
struct Stream {
    business: Business,
    rng: Rng,
    next: u32,
    /// To be sent, in this order.
    ready: Vec<(u32, Delivery)>,
}

impl Stream {
    fn take(&mut self) -> (u32, Delivery) {
        if self.ready.is_empty() {
            for number in self.next..self.next + WINDOW {
                let delivery = self.business.text(&Text {
                    from: &format!("{PREFIX}{:05}", self.rng.below(CUSTOMERS)),
                    name: "Persistent",
                    id: &format!("wamid.KILL{number:08}"),
                    at: 1_750_000_000 + i64::from(number),
                    text: &format!("kill {number}"),
                });
                self.ready.extend(std::iter::repeat_n((number, delivery), 3));
            }
            self.next += WINDOW;
            self.rng.shuffle(&mut self.ready);
        }
        self.ready.pop().unwrap()
    }
}

/// What the senders know.
struct World {
    address: SocketAddr,
    path: String,
    stream: Mutex<Stream>,
    /// How often each message was acknowledged.
    acknowledged: Mutex<HashMap<u32, u32>>,
    /// How many acknowledgements there were.
    count: watch::Sender<u64>,
    over: AtomicBool,
}

/// Sends until told to stop. What is not acknowledged is not sent again: each message has three chances.
async fn send(world: Arc<World>) {
    let mut connection = None;
    while !world.over.load(Ordering::Relaxed) {
        let Some(open) = &mut connection else {
            match Connection::open(world.address).await {
                Ok(open) => connection = Some(open),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
            continue;
        };
        let (number, delivery) = world.stream.lock().unwrap().take();
        match open.post(&world.path, &[&delivery.signature], &delivery.body).await {
            Ok(answer) if answer.status == 200 => {
                *world.acknowledged.lock().unwrap().entry(number).or_default() += 1;
                world.count.send_modify(|n| *n += 1);
            }
            Ok(answer) => panic!("a webhook was refused: {} {}", answer.status, answer.text()),
            Err(_) => connection = None,
        }
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once(#[case] kind: Kind) {
    let setup = Setup::new(kind).await;
    let address = free_address().unwrap();
    let mut server = setup.options.spawn(address).unwrap();
    server.ready().await.unwrap();
    let token = setup.options.token().await.unwrap();
    let accounts: Vec<AccountView> = Rest::connect(address, &token).await.all("/accounts").await;
    let [account] = &accounts[..] else { panic!("the demo has one account: {accounts:?}") };

    let world = Arc::new(World {
        address,
        path: format!("/webhooks/cloud/{}", account.id),
        stream: Mutex::new(Stream {
            business: Business::demo(),
            rng: Rng::new(41),
            next: 0,
            ready: Vec::new(),
        }),
        acknowledged: Mutex::default(),
        count: watch::Sender::new(0),
        over: AtomicBool::new(false),
    });
    let senders: Vec<_> = (0..SENDERS).map(|_| tokio::spawn(send(Arc::clone(&world)))).collect();

    let mut rng = Rng::new(97);
    let mut count = world.count.subscribe();
    for kill in 0..KILLS {
        // Now and then it does not even come to its feet; otherwise it dies in the middle of its work.
        if kill > 0 && rng.chance(20) {
            tokio::time::sleep(Duration::from_millis(rng.below(400))).await;
        } else {
            // Sometimes long enough to be in the middle of working in what it has acknowledged.
            let more = if rng.chance(30) { 600 } else { 80 };
            let enough = *count.borrow() + 1 + rng.below(more);
            let reached = tokio::time::timeout(PATIENCE, count.wait_for(|n| *n >= enough)).await;
            reached.expect("webhooks are acknowledged").unwrap();
            // Not always just after an acknowledgement.
            tokio::time::sleep(Duration::from_micros(rng.below(15_000))).await;
        }
        server.kill().await.unwrap();
        server = setup.options.spawn(address).unwrap();
    }
    world.over.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.unwrap();
    }
    server.ready().await.unwrap();

    let store = setup.open().await;
    until_worked_in(&store).await;
    let ws = workspace(&store).await;
    let mut rest = Rest::connect(address, &token).await;
    let messages = check_messages(&mut rest, &world).await;
    check_log(&store, ws, &messages).await;
    store.close().await;
    server.stop().await.unwrap();
}

/// Waits until no webhook waits any more.
async fn until_worked_in(store: &Store) {
    let started = Instant::now();
    loop {
        let waiting = {
            let mut tx = store.read().await.unwrap();
            journal::backlog(&mut tx).await.unwrap()
        };
        if waiting == 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{waiting} webhooks still wait");
        tokio::time::sleep(LOOK).await;
    }
}

/// Every acknowledged message is there once, and conversations count them right. Returns all messages.
async fn check_messages(rest: &mut Rest, world: &World) -> Vec<MessageView> {
    let mut found: HashMap<u32, u32> = HashMap::new();
    let mut all = Vec::new();
    let conversations: Vec<ConversationView> = rest.all("/conversations").await;
    for conversation in &conversations {
        if !conversation.address.to_string().contains(PREFIX) {
            continue;
        }
        let messages: Vec<MessageView> =
            rest.all(&format!("/conversations/{}/messages", conversation.id)).await;
        assert_eq!(conversation.unread as usize, messages.len(), "nobody has read {}", conversation.address);
        let newest = messages.iter().max_by_key(|m| m.key()).unwrap();
        assert_eq!(conversation.last.as_ref().map(|l| l.id), Some(newest.id));
        for message in &messages {
            let number = message.content.searchable().strip_prefix("kill ").unwrap().parse().unwrap();
            *found.entry(number).or_default() += 1;
        }
        all.extend(messages);
    }
    let acknowledged = world.acknowledged.lock().unwrap();
    let lost: Vec<_> = acknowledged.keys().filter(|n| !found.contains_key(n)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let doubled: Vec<_> = found.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "stored more than once: {doubled:?}");
    // The test has seen what it is about.
    assert!(acknowledged.len() > 300, "only {} messages were acknowledged", acknowledged.len());
    assert!(acknowledged.values().filter(|times| **times > 1).count() > 100, "hardly anything came twice");
    all
}

/// The log has no gap, and tells of each message once: nobody did anything to them later.
async fn check_log(store: &Store, ws: WorkspaceId, messages: &[MessageView]) {
    let end = head(store, ws).await;
    let (mut at, mut told) = (Seq(0), HashMap::new());
    loop {
        let mut tx = store.read().await.unwrap();
        let page = events::after(ws, &mut tx, at, 500).await.unwrap();
        if page.is_empty() {
            break;
        }
        for event in page {
            assert_eq!(event.seq, at.next(), "a gap in the log");
            at = event.seq;
            if let Payload::Message(message) = event.payload {
                *told.entry(message.id).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(at, end);
    let ids: HashSet<_> = messages.iter().map(|m| m.id).collect();
    assert_eq!(ids.len(), messages.len());
    for id in ids {
        assert_eq!(told.get(&id), Some(&1), "{id}");
    }
}
