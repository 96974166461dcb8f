//! How fast the store takes messages in and reads lists, on a file of its own in the current directory:
//! `cargo run --release -p balas-store --example measure --features testing -- [CONVERSATIONS] [MESSAGES]`
//! (or on the server of `BALAS_TEST_POSTGRES` with `postgres` as third argument).

use std::{
    error::Error,
    time::{Duration, Instant},
};

use balas_domain::{
    AccountId, Address, ContactId, Content, ConversationId, Delivery, MessageId, MessageStatus, Timestamp,
    WorkspaceId,
    query::ListQuery,
    view::{Direction, ProviderKind},
};
use balas_store::{
    Store, accounts, contacts, conversations,
    journal::{self, NewEntry},
    messages::{self, AuthorRef, NewMessage, Source},
    pending,
    testing::{Kind, fresh, workspace},
};
use serde_json::json;
use uuid::Uuid;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Bodies that one transaction of the worker takes in.
const GROUP: u64 = 64;

struct Load {
    store: Store,
    ws: WorkspaceId,
    account: AccountId,
    conversations: u64,
}

/// Scattered like the random part of ids.
fn scatter(n: u64) -> u64 {
    (n ^ 0x5bf0_3635).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn id(kind: u128, n: u64) -> Uuid {
    Uuid::from_u128(kind << 100 | u128::from(n / 1000) << 64 | u128::from(scatter(n)))
}

impl Load {
    async fn message(&self, write: &mut balas_store::Write, n: u64, c: u64) -> Outcome {
        let at = Timestamp::from_seconds(1_760_000_000 + n as i64);
        let address = Address::Phone(format!("62812{c:08}"));
        let identity = address.identity().ok_or("an identity")?;
        let name = format!("Customer {c}");
        let contact =
            contacts::resolve(write, "waba", &[identity], Some((&name, at)), None, ContactId(id(1, n)))
                .await?;
        let new_id = ConversationId(id(2, n));
        let (conversation, _) =
            conversations::ensure(write, self.account, &address, Some(contact), new_id).await?;
        let provider_id = format!("wamid.HBgMNjI4MTIzNDU2Nzg5FQIAEhggQTZGRkM3{n:016x}");
        let new = NewMessage {
            id: MessageId(id(3, n)),
            conversation_id: conversation,
            account_id: self.account,
            provider_id: Some(provider_id.clone()),
            direction: Direction::In,
            author: AuthorRef::Contact(Some(contact), name),
            content: Content::text(format!("Hello, this is message {n}. Is my parcel on its way already?")),
            delivery: Delivery { attempt: 1, status: MessageStatus::Read },
            quote_provider_id: None,
            quote_message_id: None,
            at,
            counts_unread: true,
            source: Source::Live,
            origin: None,
        };
        messages::insert(write, &new).await?;
        pending::take(write, self.account, &provider_id).await?;
        Ok(())
    }

    /// As the worker does it: bodies into the journal, out of it in groups, each group one transaction.
    async fn ingest(&self, from: u64, count: u64) -> Outcome<Duration> {
        let body = vec![b'x'; 700];
        let start = Instant::now();
        for group in (from..from + count).step_by(GROUP as usize) {
            let now = Timestamp::from_seconds(1_760_000_000 + group as i64);
            let entry = |_| NewEntry {
                provider: ProviderKind::Cloud,
                account_id: Some(self.account),
                received_at: now,
                body: body.clone(),
            };
            let mut tx = self.store.begin().await?;
            journal::append(&mut tx, &(0..GROUP).map(entry).collect::<Vec<_>>()).await?;
            tx.commit().await?;

            let mut write = self.store.write(self.ws, now).await?;
            let entries = journal::next(write.tx(), GROUP as u32).await?;
            for n in group..(group + GROUP).min(from + count) {
                self.message(&mut write, n, scatter(n) % self.conversations).await?;
            }
            accounts::delivered(&mut write, self.account, now).await?;
            journal::done(write.tx(), &entries.iter().map(|e| e.id).collect::<Vec<_>>()).await?;
            write.commit().await?;
        }
        Ok(start.elapsed())
    }

    /// Fills quickly: every conversation once, then the rest anywhere, a tenth of them in the first one.
    async fn fill(&self, from: u64, count: u64) -> Outcome {
        for group in (from..from + count).step_by(1000) {
            let mut write = self.store.write(self.ws, Timestamp::from_seconds(1_760_000_000)).await?;
            for n in group..(group + 1000).min(from + count) {
                let c = match n - from {
                    m if m < self.conversations => m,
                    m if m.is_multiple_of(100) => 0,
                    m => scatter(m) % self.conversations,
                };
                self.message(&mut write, n, c).await?;
            }
            write.commit().await?;
        }
        Ok(())
    }
}

fn percentiles(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |p: usize| times[(times.len() * p / 100).min(times.len() - 1)];
    println!("{what}: p50 {:?}, p99 {:?}, worst {:?}", at(50), at(99), at(100));
}

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let conversations: u64 = arguments.next().map_or(Ok(1000), |n| n.parse())?;
    let count: u64 = arguments.next().map_or(Ok(20_000), |n| n.parse())?;
    let postgres = arguments.next().is_some_and(|a| a == "postgres");
    let file = std::env::current_dir()?.join("measure.db");
    let test;
    let store = if postgres {
        test = fresh(Kind::Postgres).await;
        test.store.clone()
    } else {
        let store = Store::connect(&format!("sqlite:{}", file.display())).await?;
        store.migrate().await?;
        store
    };
    let ws = workspace(&store, 1).await;
    let account = AccountId(id(9, 1));
    let mut write = store.write(ws, Timestamp::from_seconds(1)).await?;
    let new = accounts::NewAccount {
        id: account,
        name: "Measured".to_owned(),
        provider: ProviderKind::Cloud,
        external_id: "1".to_owned(),
        phone: None,
        config: json!({}),
        secrets: vec![],
        settings: balas_domain::AccountSettings::default(),
    };
    accounts::create(&mut write, &new).await?;
    write.commit().await?;
    let load = Load { store: store.clone(), ws, account, conversations };

    let start = Instant::now();
    load.fill(0, count).await?;
    println!(
        "filled with {count} in {conversations} conversations: {:.0}/s",
        count as f64 / start.elapsed().as_secs_f64()
    );
    let took = load.ingest(count, 20_032).await?;
    println!("ingested in groups of {GROUP}: {:.0}/s", 20_032.0 / took.as_secs_f64());

    let mut first = Vec::new();
    let (mut lists, mut threads) = (Vec::new(), Vec::new());
    let mut cursor = None;
    for _ in 0..400 {
        let start = Instant::now();
        let mut tx = store.read().await?;
        let query = ListQuery { cursor: cursor.take(), ..ListQuery::default() };
        let page = conversations::list(ws, &mut tx, &query).await?;
        drop(tx);
        lists.push(start.elapsed());
        first = page.items;
        cursor = page.next;
    }
    percentiles("list of 50", lists);
    let thread = {
        let mut tx = store.read().await?;
        let query = ListQuery { q: Some("62812 0000 0000".to_owned()), ..ListQuery::default() };
        let start = Instant::now();
        let found = conversations::list(ws, &mut tx, &query).await?.items;
        println!("search of a number: {:?}", start.elapsed());
        found.first().map(|c| c.id)
    };
    let thread = thread.or_else(|| first.first().map(|c| c.id)).ok_or("a conversation")?;
    let mut cursor = None;
    for _ in 0..400 {
        let start = Instant::now();
        let mut tx = store.read().await?;
        let page = messages::page(ws, &mut tx, thread, cursor.as_deref(), 50).await?;
        drop(tx);
        threads.push(start.elapsed());
        cursor = page.next;
    }
    percentiles("thread of 50", threads);
    store.close().await;
    if !postgres {
        println!("file: {} MB", std::fs::metadata(&file)?.len() / 1_000_000);
        std::fs::remove_file(&file)?;
    }
    Ok(())
}
