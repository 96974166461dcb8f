//! What a team makes of conversations, and finding words in them.

use std::time::Duration;

use balas_domain::{
    Content, Role, WorkState,
    counts::Whose,
    query::{Assigned, ListQuery, NewText},
    search::SearchQuery,
    view::{Author, Direction},
    work::{Activity, WorkChange},
};
use balas_engine::EngineError;
use balas_store::testing::Kind;
use rstest::rstest;

use crate::support::World;

const FROM: &str = "6281200001111";

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_conversation_is_handed_over_and_its_thread_tells(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let agent = world.member(Role::Agent).await;
    let supervisor = world.member(Role::Supervisor).await;
    let to = WorkChange::Assign { to: agent.member() };
    let view = world.engine.change_work(&supervisor, conversation, to).await.unwrap();
    assert_eq!(view.work.assignee, agent.member());
    // Once more changes nothing and tells nothing.
    world.engine.change_work(&world.owner, conversation, to).await.unwrap();
    world.engine.change_work(&agent, conversation, WorkChange::Resolve).await.unwrap();
    let told: Vec<_> = world
        .thread(conversation)
        .await
        .into_iter()
        .filter(|m| m.direction == Direction::Internal)
        .map(|m| match (m.content, m.author) {
            (Content::Activity { activity }, Author::Member { name, .. }) => (activity, name),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                Activity::Assigned { to: Some("agent".to_owned()), member: agent.member() },
                "supervisor".to_owned()
            ),
            (Activity::Resolved, "agent".to_owned())
        ]
    );

    let mine = ListQuery { assigned: Some(Assigned::Me), ..ListQuery::default() };
    assert_eq!(world.engine.conversations(&agent, &mine).await.unwrap().items.len(), 1);
    assert_eq!(world.engine.conversations(&supervisor, &mine).await.unwrap().items.len(), 0);
    let stranger = balas_domain::MemberId(uuid::Uuid::from_u128(404));
    let nobody =
        world.engine.change_work(&world.owner, conversation, WorkChange::Assign { to: Some(stranger) });
    assert!(matches!(nobody.await, Err(EngineError::NotFound { what: "member" })));

    // The customer writes: there is something to do again, and it is still the agent's.
    let again = world.receive(FROM, "one more thing").await;
    assert_eq!((again.work.state, again.work.assignee), (WorkState::Open, agent.member()));
    let counts = world.engine.open_work(world.owner.workspace).await.unwrap();
    let open = |actor, whose| counts.seen_by(actor).sum(|tally| tally.whose == whose, |tally| tally.open);
    assert_eq!((open(&agent, Whose::Mine), open(&supervisor, Whose::Others)), (1, 1));
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_is_put_off_comes_back_by_itself(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let past = WorkChange::Snooze { until: world.engine.now() };
    assert!(matches!(
        world.engine.change_work(&world.owner, conversation, past).await,
        Err(EngineError::Refused(_))
    ));
    let later = world.engine.now().after(Duration::from_hours(1));
    let soon = world.engine.now().after(Duration::from_millis(300));
    for until in [soon, later, soon] {
        let change = WorkChange::Snooze { until };
        let view = world.engine.change_work(&world.owner, conversation, change).await.unwrap();
        assert_eq!((view.work.state, view.work.snoozed_until), (WorkState::Snoozed, Some(until)));
    }
    world
        .until("it is open again", async || {
            let view = world.engine.conversation(&world.owner, conversation).await.unwrap();
            view.work.state == WorkState::Open && view.work.snoozed_until.is_none()
        })
        .await;
    let last = world.thread(conversation).await.pop().unwrap();
    assert_eq!(last.content, Content::Activity { activity: Activity::Reopened });
    world.stop().await;
}

#[tokio::test]
async fn a_note_stays_in_the_house() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let note = world.text("he called twice, be kind");
    let stored = world.engine.add_note(&world.owner, conversation, &note).await.unwrap();
    let again = world.engine.add_note(&world.owner, conversation, &note).await.unwrap();
    assert_eq!((stored.id, stored.direction, again.id), (note.id, Direction::Internal, note.id));
    // Neither by its id nor as a quote does it get out.
    let sent = world.engine.send(&world.owner, conversation, &note).await;
    assert!(matches!(sent, Err(EngineError::Conflict { .. })), "{sent:?}");
    let quoting = NewText { reply_to: Some(note.id), ..world.text("see above") };
    let sent = world.engine.send(&world.owner, conversation, &quoting).await;
    assert!(matches!(sent, Err(EngineError::NotFound { .. })), "{sent:?}");
    assert!(matches!(world.engine.retry(&world.owner, note.id).await, Err(EngineError::NothingToRetry)));
    let answer = world.text("hi");
    world.engine.send(&world.owner, conversation, &answer).await.unwrap();
    world.until("all is quiet", async || world.pending_jobs().await == 0).await;
    let seen = format!("{:?}", world.sandbox.world().sent(FROM));
    assert!(seen.contains("hi") && !seen.contains("be kind"), "{seen}");
    assert!(matches!(
        world
            .engine
            .add_note(&world.owner, conversation, &NewText { text: " ".to_owned(), ..world.text("") })
            .await,
        Err(EngineError::Empty)
    ));
    assert!(matches!(
        world.engine.add_note(&world.owner, conversation, &NewText { text: "x".to_owned(), ..answer }).await,
        Err(EngineError::Conflict { .. })
    ));
    world.stop().await;
}

#[tokio::test]
async fn labels_are_made_by_who_answers_and_kept_in_order_by_supervisors() {
    let world = World::new(Kind::Sqlite).await;
    let agent = world.member(Role::Agent).await;
    let supervisor = world.member(Role::Supervisor).await;
    let label = world.engine.create_label(&agent, " Orders ", 2).await.unwrap();
    assert_eq!((label.name.as_str(), label.colour), ("Orders", 2));
    let twin = world.engine.create_label(&agent, "ORDERS", 0).await;
    assert!(matches!(twin, Err(EngineError::Conflict { .. })));
    for (name, colour) in [("", 0), (&"x".repeat(41), 0), ("Bills", 8)] {
        let wrong = world.engine.create_label(&agent, name, colour).await;
        assert!(matches!(wrong, Err(EngineError::Invalid(_))), "{name} {colour}");
    }
    assert!(matches!(world.engine.delete_label(&agent, label.id).await, Err(EngineError::Denied(_))));
    let renamed = world.engine.change_label(&supervisor, label.id, "Bestellungen", 4).await.unwrap();
    assert_eq!(renamed.name, "Bestellungen");
    assert!(matches!(world.engine.label_uses(&agent).await, Err(EngineError::Denied(_))));
    assert_eq!(world.engine.label_uses(&supervisor).await.unwrap(), []);
    let conversation = world.receive(FROM, "hello").await.id;
    let bear = WorkChange::Label { label: label.id, on: true };
    world.engine.change_work(&agent, conversation, bear).await.unwrap();
    world.engine.change_work(&agent, conversation, WorkChange::Resolve).await.unwrap();
    assert_eq!(world.engine.label_uses(&supervisor).await.unwrap(), [(label.id, 1)]);
    world.engine.delete_label(&supervisor, label.id).await.unwrap();
    assert_eq!(world.engine.labels(&agent).await.unwrap(), []);
    world.stop().await;
}

#[tokio::test]
async fn words_are_found_as_soon_as_they_are_there() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "Minha encomenda não chegou").await.id;
    world.engine.send(&world.owner, conversation, &world.text("Vou ver a encomenda")).await.unwrap();
    let query = SearchQuery { q: "ENCOMENDA nao".to_owned(), ..SearchQuery::default() };
    let found = world.engine.search_messages(&world.owner, &query).await.unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!((found.items[0].conversation_id, found.items[0].title.as_str()), (conversation, "Sari"));
    let marked: Vec<_> = found.items[0].excerpt.iter().filter(|p| p.hit).map(|p| p.text.as_str()).collect();
    assert_eq!(marked, ["encomenda", "não"]);
    world.stop().await;
}
