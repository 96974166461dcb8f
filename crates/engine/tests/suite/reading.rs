//! What followers of the log get.

use balas_domain::{Role, Seq, inbox::Inbox, query::ListQuery};
use balas_engine::EventsAfter;
use balas_store::{events, testing::Kind};

use crate::support::World;

const FROM: &str = "6281200001111";

#[tokio::test]
async fn a_follower_catches_up_from_anywhere() {
    let world = World::new(Kind::Sqlite).await;
    let query = ListQuery::default();
    let mut inbox = Inbox::from_snapshot(world.engine.snapshot(&world.owner, &query, None).await.unwrap());
    let conversation = world.receive(FROM, "hello").await;
    world.engine.send_text(&world.owner, conversation.id, &world.text("hi")).await.unwrap();
    world.engine.mark_read(&world.owner, conversation.id).await.unwrap();
    world.until("all is quiet", async || world.pending_jobs().await == 0).await;
    loop {
        let EventsAfter::Events { events, .. } =
            world.engine.events_after(&world.owner, inbox.seq(), 2).await.unwrap()
        else {
            panic!("nothing was purged")
        };
        for event in &events {
            inbox.apply(event);
        }
        let fresh = Inbox::from_snapshot(world.engine.snapshot(&world.owner, &query, None).await.unwrap());
        // Receipts may still straggle in.
        if events.is_empty() && inbox.seq() == fresh.seq() {
            assert_eq!(inbox.list(), fresh.list());
            break;
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn who_is_too_far_behind_or_ahead_fetches_anew() {
    let world = World::new(Kind::Sqlite).await;
    world.receive(FROM, "hello").await;
    let head = world.log().await.last().unwrap().seq;
    let mut tx = world.engine.store().begin().await.unwrap();
    events::purge(world.owner.workspace, &mut tx, Seq(head.0 - 1)).await.unwrap();
    tx.commit().await.unwrap();
    let after = async |seq: i64| world.engine.events_after(&world.owner, Seq(seq), 10).await.unwrap();
    assert_eq!(after(0).await, EventsAfter::TooOld);
    assert!(matches!(after(head.0 - 1).await, EventsAfter::Events { events, .. } if events.len() == 1));
    assert_eq!(after(head.0 + 1).await, EventsAfter::TooOld, "a restored backup lies behind its readers");
    world.stop().await;
}

#[tokio::test]
async fn colleagues_see_who_is_typing() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let agent = world.member(Role::Agent).await;
    let mut news = world.engine.live().subscribe(world.owner.workspace);
    world.engine.typing(&agent, conversation.id, true).await.unwrap();
    let signal = news.recv().await.unwrap();
    assert!(
        matches!(signal, balas_engine::Signal::Typing { conversation_id, on: true, .. } if conversation_id == conversation.id)
    );
    world.until("the customer sees it too", async || world.sandbox.world().typing(FROM)).await;
    world.stop().await;
}
