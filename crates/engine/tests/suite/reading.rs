//! What followers of the log get.

use balas_domain::{MessageId, Role, Seq, inbox::Inbox, query::ListQuery, socket::Presence};
use balas_engine::EventsAfter;
use balas_store::{events, testing::Kind};

use crate::support::World;

const FROM: &str = "6281200001111";

#[tokio::test]
async fn a_follower_catches_up_from_anywhere() {
    let world = World::new(Kind::Sqlite).await;
    let query = ListQuery::default();
    let mut inbox =
        Inbox::from_snapshot(world.engine.snapshot(&world.owner, &query, None, None).await.unwrap());
    let conversation = world.receive(FROM, "hello").await;
    world.engine.send(&world.owner, conversation.id, &world.text("hi")).await.unwrap();
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
        let fresh =
            Inbox::from_snapshot(world.engine.snapshot(&world.owner, &query, None, None).await.unwrap());
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
    world.engine.typing(&agent, conversation.id, Presence::Typing).await.unwrap();
    let signal = news.recv().await.unwrap();
    assert!(
        matches!(signal, balas_engine::Signal::Typing { conversation_id, presence: Presence::Typing, .. } if conversation_id == conversation.id)
    );
    world.until("the customer sees it too", async || world.sandbox.world().typing(FROM)).await;
    world.stop().await;
}

#[tokio::test]
async fn a_thread_opens_around_a_message() {
    let world = World::new(Kind::Sqlite).await;
    for n in 0..9 {
        world.receive(FROM, &format!("line {n}")).await;
    }
    let conversation = world.receive(FROM, "line 9").await;
    let other = world.receive("6281200002222", "somewhere else").await;
    let all = world.thread(conversation.id).await;
    let around = async |id, message, limit| {
        let page = world.engine.thread_around(&world.owner, id, message, limit).await.unwrap();
        let texts = page.messages.items.iter().map(|m| m.content.searchable().to_owned());
        (page.conversation.id, texts.collect::<Vec<_>>(), page.messages.newer.is_some())
    };
    let (id, texts, goes_on) = around(conversation.id, all[4].id, 5).await;
    assert_eq!((id, goes_on), (conversation.id, true));
    assert_eq!(texts, ["line 6", "line 5", "line 4", "line 3", "line 2"]);

    // A message of another conversation leads there; one that is gone, to the newest.
    let (id, texts, _) = around(other.id, all[4].id, 3).await;
    assert_eq!((id, texts.len()), (conversation.id, 3));
    let gone = MessageId(uuid::Uuid::nil());
    let (id, texts, goes_on) = around(conversation.id, gone, 2).await;
    assert_eq!((id, goes_on), (conversation.id, false));
    assert_eq!(texts, ["line 9", "line 8"]);
    let (query, open) = (ListQuery::default(), Some(conversation.id));
    let snapshot = world.engine.snapshot(&world.owner, &query, open, Some(all[0].id));
    let thread = snapshot.await.unwrap().thread.unwrap();
    assert!(thread.messages.items.iter().any(|m| m.id == all[0].id));
    world.stop().await;
}
