//! The event log: no change without its event, no event without a change, no gaps.

use balas_domain::{AccountStatus, Payload, Seq};
use balas_store::{
    StoreError, accounts, conversations, events, messages,
    testing::{Kind, workspace},
};
use rstest::rstest;

use crate::world::*;

fn kinds(events: &[balas_domain::Event]) -> Vec<&'static str> {
    events.iter().map(|e| e.payload.kind()).collect()
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn commit_tells_of_everything_touched_in_order_and_once(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = ensure(&mut write, world.account, 1).await;
    for n in 1..=3 {
        messages::insert(&mut write, &world.inbound(conversation, n, n as i64)).await.unwrap();
    }
    messages::revoke(&mut write, message_id(2), NOW).await.unwrap();
    accounts::set_status(&mut write, world.account, AccountStatus::Ready, None).await.unwrap();
    let committed = write.commit().await.unwrap();

    assert_eq!(kinds(&committed.events), ["message", "message", "message", "conversation", "account"]);
    let seqs: Vec<i64> = committed.events.iter().map(|e| e.seq.0).collect();
    assert_eq!(seqs, [2, 3, 4, 5, 6], "1 was the account's creation");
    assert_eq!(committed.seq, Seq(6));

    let mut tx = world.db.read().await.unwrap();
    assert_eq!(events::after(world.ws, &mut tx, Seq(1), 100).await.unwrap(), committed.events);
    assert_eq!(events::head(world.ws, &mut tx).await.unwrap(), Seq(6));
    assert_eq!(events::oldest(world.ws, &mut tx).await.unwrap(), Some(Seq(1)));
    assert_eq!(events::after(world.ws, &mut tx, Seq(1), 2).await.unwrap().len(), 2);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_rows_say_is_what_the_event_said(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    // Touched in another order than inserted, with an untouched event's worth of trouble in between.
    let conversation = ensure_with_contact(&mut write, world.account, 1, Some("Budi")).await;
    messages::insert(&mut write, &world.inbound(conversation, 1, 1)).await.unwrap();
    write.touch_message(message_id(3));
    messages::insert(&mut write, &world.inbound(conversation, 2, 2)).await.unwrap();
    messages::insert(&mut write, &world.inbound(conversation, 3, 3)).await.unwrap();
    messages::react(&mut write, message_id(1), &reactor("me", "Me", true), Some("👍"), NOW).await.unwrap();
    write.touch_message(message_id(999));
    let committed = write.commit().await.unwrap();

    let order: Vec<_> = committed
        .events
        .iter()
        .filter_map(|e| if let Payload::Message(m) = &e.payload { Some(m.id) } else { None })
        .collect();
    assert_eq!(
        order,
        [message_id(1), message_id(3), message_id(2)],
        "by first touch, without what is not there"
    );
    for event in &committed.events {
        match &event.payload {
            Payload::Message(m) => {
                assert_eq!(m.version, event.seq);
                assert_eq!(**m, world.message(m.id).await);
            }
            Payload::Conversation(c) => {
                assert_eq!(c.version, event.seq);
                assert_eq!(**c, world.view(c.id).await);
            }
            other => panic!("unexpected {}", other.kind()),
        }
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn nothing_touched_is_no_event_and_dropped_is_nothing_at_all(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let committed = world.write().await.commit().await.unwrap();
    assert_eq!((committed.seq, committed.events), (Seq(1), vec![]));

    let mut write = world.write().await;
    ensure(&mut write, world.account, 1).await;
    drop(write);
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(events::head(world.ws, &mut tx).await.unwrap(), Seq(1));
    assert_eq!(conversations::get(world.ws, &mut tx, conversation_id(1)).await.unwrap(), None);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_has_no_gaps_under_concurrent_writers(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let other = workspace(&world.db, 2).await;
    let other_account = add_account(&world.db, other, 2).await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..8_u32 {
        let store = world.db.store.clone();
        let (ws, account) = if n % 2 == 0 { (world.ws, world.account) } else { (other, other_account) };
        writers.spawn(async move {
            for round in 0..10 {
                let mut write = store.write(ws, NOW).await.unwrap();
                ensure(&mut write, account, 100 * n + round).await;
                ensure(&mut write, account, 100 * n + round + 50).await;
                if round % 3 == 0 {
                    continue; // rolled back
                }
                write.commit().await.unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    for ws in [world.ws, other] {
        let mut tx = world.db.read().await.unwrap();
        let seqs: Vec<i64> =
            events::after(ws, &mut tx, Seq(0), 1000).await.unwrap().iter().map(|e| e.seq.0).collect();
        let expected: Vec<i64> = (1..=1 + 4 * 6 * 2).collect();
        assert_eq!(seqs, expected);
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_reader_sees_one_moment(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(events::head(world.ws, &mut tx).await.unwrap(), Seq(1));
    let conversation = world.conversation(1).await;
    assert_eq!(events::head(world.ws, &mut tx).await.unwrap(), Seq(1));
    assert_eq!(conversations::get(world.ws, &mut tx, conversation).await.unwrap(), None);
    drop(tx);
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(events::head(world.ws, &mut tx).await.unwrap(), Seq(2));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn snapshots_cannot_write(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut tx = world.db.read().await.unwrap();
    let refused = events::purge(world.ws, &mut tx, Seq(1)).await;
    assert!(matches!(refused, Err(StoreError::Database(_))), "{refused:?}");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn old_events_can_be_dropped(#[case] kind: Kind) {
    let world = World::new(kind).await;
    for n in 0..4 {
        world.conversation(n).await;
    }
    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(events::purge(world.ws, &mut tx, Seq(3)).await.unwrap(), 3);
    tx.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(events::oldest(world.ws, &mut tx).await.unwrap(), Some(Seq(4)));
    assert_eq!(events::head(world.ws, &mut tx).await.unwrap(), Seq(5));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn no_workspace_no_log(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let missing = world.db.write(balas_domain::WorkspaceId(id(404)), NOW).await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
}
