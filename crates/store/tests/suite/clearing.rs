//! Conversations that are emptied for good.

use balas_domain::{
    Content, ConversationId, Event, JobId, MediaStorage, Payload, Priority, Seq, Timestamp,
    search::SearchQuery, view::Direction,
};
use balas_store::{
    StoreError, conversations, events, files, jobs,
    messages::{self, AuthorRef, Inserted, NewMessage, Source},
    pending, search,
    testing::Kind,
};
use rstest::rstest;
use serde_json::json;

use crate::{scan::places_of, world::*};

const SECRET: &str = "kerahasiaan";

/// The last moment of that second: phones know no parts of seconds.
fn end_of(seconds: i64) -> Timestamp {
    Timestamp(at(seconds).0 + 999_999)
}

fn contents(key: &str) -> files::Contents {
    files::Contents {
        storage: MediaStorage::Local,
        key: key.to_owned(),
        preview_key: Some(format!("{key}-small")),
        mime: "image/jpeg".to_owned(),
        size: 5,
        frame: None,
        duration: None,
        waveform: Vec::new(),
    }
}

async fn log(world: &World) -> Vec<Event> {
    let mut tx = world.db.read().await.unwrap();
    let log = events::after(world.ws, &mut tx, Seq(0), 10_000).await.unwrap();
    let seqs: Vec<i64> = log.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, (1..=log.len() as i64).collect::<Vec<_>>(), "without a gap");
    log
}

/// A conversation in which the secret stands in every way in which it can.
async fn filled(world: &World) -> ConversationId {
    let mut write = world.write().await;
    let conversation = ensure_with_contact(&mut write, world.account, 1, Some("Budi")).await;
    let said = |n: u128, seconds| NewMessage {
        content: Content::text(format!("{SECRET} {n}")),
        ..world.inbound(conversation, n, seconds)
    };
    messages::insert(&mut write, &said(1, 1)).await.unwrap();
    messages::insert(&mut write, &said(2, 2)).await.unwrap();
    messages::edit(&mut write, message_id(1), Content::text(format!("{SECRET} changed")), at(3))
        .await
        .unwrap();
    messages::react(&mut write, message_id(2), &reactor("us", SECRET, true), Some("👍"), at(3))
        .await
        .unwrap();
    files::put(&mut write, message_id(2), &contents("abc")).await.unwrap();
    let note = NewMessage {
        direction: Direction::Internal,
        provider_id: None,
        author: AuthorRef::Api("robot".to_owned()),
        content: Content::Note { text: SECRET.to_owned() },
        counts_unread: false,
        ..said(3, 4)
    };
    messages::insert(&mut write, &note).await.unwrap();
    let out = NewMessage { content: Content::text(SECRET), ..world.outbound(conversation, 4, 5) };
    messages::insert(&mut write, &out).await.unwrap();
    let job = jobs::NewJob {
        id: JobId(id(4)),
        kind: "send".to_owned(),
        payload: json!({"message_id": message_id(4), "x": SECRET}),
        priority: Priority::Urgent,
        queue_key: Some(conversation.to_string()),
        run_at: NOW,
        idempotency_key: None,
    };
    let ws = write.workspace();
    jobs::enqueue(ws, write.tx(), &job).await.unwrap();
    park(world, &mut write, "wamid.2").await;
    write.commit().await.unwrap();
    conversation
}

async fn park(world: &World, write: &mut balas_store::Write, target: &str) {
    let parked = pending::NewPending {
        account_id: world.account,
        target: target.to_owned(),
        kind: "disputed".to_owned(),
        payload: json!({"text": SECRET}),
        received_at: NOW,
    };
    pending::park(write, &parked).await.unwrap();
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn nothing_of_it_is_left_anywhere(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = filled(&world).await;
    let other = world.conversation(2).await;
    world.insert(&world.inbound(other, 50, 7)).await;
    let (before, others) = (world.view(conversation).await, world.view(other).await);
    assert!(places_of(&world.db, SECRET).await.len() >= 8, "it stands in many places");

    let mut write = world.db.write(world.ws, at(100)).await.unwrap();
    let cleared = messages::clear(&mut write, conversation).await.unwrap();
    assert_eq!(cleared.messages, 4);
    let keys: Vec<_> = cleared.blobs.iter().map(|blob| blob.key.as_str()).collect();
    assert_eq!(keys, ["abc", "abc-small"]);
    let committed = write.commit().await.unwrap();
    let [first, row] = &committed.events[..] else { panic!("two events: {:?}", committed.events) };
    assert_eq!(first.payload, Payload::ConversationCleared { id: conversation });
    assert!(matches!(&row.payload, Payload::Conversation(row) if row.last.is_none() && row.unread == 0));

    assert_eq!(places_of(&world.db, SECRET).await, Vec::<String>::new());
    let after = world.view(conversation).await;
    assert_eq!((after.unread, after.last, after.sort_at), (0, None, before.sort_at));
    assert_eq!(after.last_inbound_at, before.last_inbound_at, "WhatsApp counts from there");
    assert_eq!(world.view(other).await, others, "the other one is as it was");
    assert_eq!(world.message(message_id(50)).await.content, Content::text("message 50"));
    let mut tx = world.db.read().await.unwrap();
    let query = SearchQuery { q: SECRET.to_owned(), ..SearchQuery::default() };
    assert!(search::messages(world.ws, &mut tx, &query).await.unwrap().items.is_empty());
    let log = log(&world).await;
    let told = |id: ConversationId| {
        log.iter().filter(|event| serde_json::to_string(event).unwrap().contains(&id.to_string())).count()
    };
    assert!(told(conversation) > 5 && told(other) == 3, "positions stay, and others' events too");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_was_written_before_stays_away_and_what_comes_is_there(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = filled(&world).await;
    let mut write = world.db.write(world.ws, at(100)).await.unwrap();
    messages::clear(&mut write, conversation).await.unwrap();
    // Our own queued one was the newest.
    let until = messages::cleared_until(world.ws, write.tx(), conversation).await.unwrap();
    assert_eq!(until, Some(end_of(5)));

    let again = world.inbound(conversation, 2, 2);
    assert_eq!(messages::insert(&mut write, &again).await.unwrap(), Inserted::Cleared);
    let missed = NewMessage { source: Source::Recovered, ..world.inbound(conversation, 8, 5) };
    assert_eq!(messages::insert(&mut write, &missed).await.unwrap(), Inserted::Cleared);
    let past = |n: u128, seconds| NewMessage {
        source: Source::History,
        counts_unread: false,
        ..world.inbound(conversation, n, seconds)
    };
    let rows = [past(1, 1), past(2, 2), past(9, 5), past(10, 6)];
    let stored = messages::insert_history(&mut write, world.account, conversation, &rows).await.unwrap();
    assert_eq!(stored, [message_id(10)]);
    let newest = messages::newest_until(world.ws, write.tx(), conversation, at(5)).await.unwrap();
    assert_eq!(newest, Some(end_of(5)));

    // Clocks of phones show seconds.
    let same_second = world.inbound(conversation, 11, 5);
    assert_eq!(messages::insert(&mut write, &same_second).await.unwrap(), Inserted::New);
    let new = world.inbound(conversation, 12, 20);
    assert_eq!(messages::insert(&mut write, &new).await.unwrap(), Inserted::New);
    let note = NewMessage {
        direction: Direction::Internal,
        provider_id: None,
        content: Content::Note { text: "noted".to_owned() },
        ..world.inbound(conversation, 13, 1)
    };
    assert_eq!(messages::insert(&mut write, &note).await.unwrap(), Inserted::New, "what is ours is ours");
    write.commit().await.unwrap();
    assert_eq!(world.view(conversation).await.last.unwrap().id, message_id(12));

    // Again, and the moment only grows.
    let mut write = world.db.write(world.ws, at(200)).await.unwrap();
    messages::clear(&mut write, conversation).await.unwrap();
    let cleared = messages::clear(&mut write, conversation).await.unwrap();
    assert_eq!(cleared.messages, 0);
    let until = messages::cleared_until(world.ws, write.tx(), conversation).await.unwrap();
    assert_eq!(until, Some(end_of(20)));
    let nowhere = messages::clear(&mut write, ConversationId(id(77))).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound)), "{nowhere:?}");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn two_that_became_one_keep_what_was_cleared_away(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let first = ensure_with_contact(&mut write, world.account, 1, Some("Budi")).await;
    let second = ensure_with_contact(&mut write, world.account, 2, Some("Badu")).await;
    messages::insert(&mut write, &world.inbound(first, 1, 1)).await.unwrap();
    let said = NewMessage { content: Content::text(SECRET), ..world.inbound(second, 2, 50) };
    messages::insert(&mut write, &said).await.unwrap();
    write.commit().await.unwrap();
    let (a, b) = (world.view(first).await.contact_id.unwrap(), world.view(second).await.contact_id.unwrap());
    let mut write = world.write().await;
    let why = balas_store::people::Why {
        id: balas_domain::MergeId(id(5)),
        reason: balas_domain::people::MergeReason::Member,
        by: None,
    };
    balas_store::people::by_hand(&mut write, a, b, &why).await.unwrap();
    write.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let one = conversations::current(world.ws, &mut tx, second).await.unwrap().unwrap().id;
    drop(tx);
    let mut write = world.write().await;
    assert_eq!(messages::clear(&mut write, one).await.unwrap().messages, 2);
    write.commit().await.unwrap();
    // Its events named the conversation that it was before.
    assert_eq!(places_of(&world.db, SECRET).await, Vec::<String>::new());
    // And parted again, neither gets anything back.
    let mut write = world.write().await;
    balas_store::people::undo(&mut write, balas_domain::MergeId(id(5))).await.unwrap();
    for conversation in [first, second] {
        let until: Option<Timestamp> =
            messages::cleared_until(world.ws, write.tx(), conversation).await.unwrap();
        assert_eq!(until, Some(end_of(50)), "{conversation}");
    }
}
