//! Assigning, resolving, snoozing, labels and notes.

use balas_domain::{
    Content, LabelId, MemberId, MessageStatus, Role, WorkState,
    query::{Assigned, ListQuery},
    view::Direction,
    work::Activity,
};
use balas_store::{StoreError, Write, conversations, labels, members, messages, testing::Kind, work};
use rstest::rstest;

use crate::world::*;

const ANI: MemberId = MemberId(uuid::Uuid::from_u128(0xa1));
const ORDERS: LabelId = LabelId(uuid::Uuid::from_u128(0xb1));

async fn add_ani(write: &mut Write) {
    let member = members::NewMember {
        id: ANI,
        name: "Ani".to_owned(),
        email: "ani@demo.test".to_owned(),
        role: Role::Agent,
        password_hash: None,
    };
    members::create(write, &member).await.unwrap();
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_conversation_is_given_to_somebody(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    let mut write = world.write().await;
    add_ani(&mut write).await;
    assert!(work::assign(&mut write, conversation, Some(ANI)).await.unwrap());
    assert!(!work::assign(&mut write, conversation, Some(ANI)).await.unwrap(), "nothing changes");
    let stranger = Some(MemberId(id(404)));
    assert!(!work::assign(&mut write, conversation, stranger).await.unwrap(), "nobody of this workspace");
    write.commit().await.unwrap();
    assert_eq!(world.view(conversation).await.work.assignee, Some(ANI));

    let mut write = world.write().await;
    assert!(work::assign(&mut write, conversation, None).await.unwrap());
    assert_eq!(write.commit().await.unwrap().events.len(), 1);
    assert_eq!(world.view(conversation).await.work.assignee, None);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_is_done_opens_again_when_the_customer_writes(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    let state = async || world.view(conversation).await.work;
    for (n, from) in [(1_u128, WorkState::Resolved), (10, WorkState::Snoozed)] {
        let until = Some(at(500));
        let mut write = world.write().await;
        assert!(work::set_state(&mut write, conversation, from, until).await.unwrap());
        assert!(!work::set_state(&mut write, conversation, from, until).await.unwrap());
        write.commit().await.unwrap();
        let expected = until.filter(|_| from == WorkState::Snoozed);
        assert_eq!((state().await.state, state().await.snoozed_until), (from, expected));

        // Neither what we write nor what was fetched from history is a reason.
        world.insert(&world.outbound(conversation, n, n as i64)).await;
        let old = messages::NewMessage { counts_unread: false, ..world.inbound(conversation, n + 1, 1) };
        world.insert(&old).await;
        assert_eq!(state().await.state, from);
        let new = world.inbound(conversation, n + 2, n as i64 + 2);
        world.insert(&new).await;
        assert_eq!((state().await.state, state().await.snoozed_until), (WorkState::Open, None));

        // Nor is the same message once more.
        let mut write = world.write().await;
        work::set_state(&mut write, conversation, WorkState::Resolved, None).await.unwrap();
        messages::insert(&mut write, &new).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(state().await.state, WorkState::Resolved);
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn labels_come_change_and_go(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (one, two) = (world.conversation(1).await, world.conversation(2).await);
    let mut write = world.write().await;
    labels::create(&mut write, ORDERS, "Orders", 3).await.unwrap();
    let twin = labels::create(&mut write, LabelId(id(2)), "ORDERS", 0).await;
    assert!(matches!(twin, Err(StoreError::Unique { what: "label" })));
    labels::create(&mut write, LabelId(id(2)), "Bills", 0).await.unwrap();
    assert!(labels::put(&mut write, one, ORDERS, true).await.unwrap());
    assert!(!labels::put(&mut write, one, ORDERS, true).await.unwrap());
    assert!(labels::put(&mut write, two, ORDERS, true).await.unwrap());
    assert!(labels::put(&mut write, two, ORDERS, false).await.unwrap());
    assert!(labels::put(&mut write, two, LabelId(id(2)), true).await.unwrap());
    let unknown = labels::put(&mut write, one, LabelId(id(3)), true).await;
    assert!(matches!(unknown, Err(StoreError::NotFound)));
    let taken = labels::change(&mut write, ORDERS, "bills", 1).await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })));
    labels::change(&mut write, ORDERS, "orders", 5).await.unwrap();
    let committed = write.commit().await.unwrap();
    let kinds: Vec<_> = committed.events.iter().map(|e| e.payload.kind()).collect();
    assert_eq!(kinds, ["conversation", "conversation", "label", "label"]);

    assert_eq!(world.view(one).await.work.labels, [ORDERS]);
    assert_eq!(world.view(two).await.work.labels, [LabelId(id(2))]);
    let mut tx = world.db.read().await.unwrap();
    let names: Vec<_> =
        labels::list(world.ws, &mut tx).await.unwrap().into_iter().map(|l| (l.name, l.colour)).collect();
    assert_eq!(names, [("Bills".to_owned(), 0), ("orders".to_owned(), 5)]);
    assert_eq!(labels::counts(world.ws, &mut tx).await.unwrap(), [(LabelId(id(2)), 1), (ORDERS, 1)]);
    assert_eq!(labels::uses(world.ws, &mut tx).await.unwrap(), [(LabelId(id(2)), 1), (ORDERS, 1)]);
    let about = ListQuery { label: Some(ORDERS), ..ListQuery::default() };
    let page = conversations::list(world.ws, &mut tx, &about).await.unwrap();
    assert_eq!(page.items.iter().map(|c| c.id).collect::<Vec<_>>(), [one]);
    assert_eq!(page.items[0].work.labels, [ORDERS]);
    drop(tx);

    // What is done bears its label still, but is nothing to do.
    let mut write = world.write().await;
    work::set_state(&mut write, one, WorkState::Resolved, None).await.unwrap();
    write.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(labels::counts(world.ws, &mut tx).await.unwrap(), [(LabelId(id(2)), 1)]);
    assert_eq!(labels::uses(world.ws, &mut tx).await.unwrap(), [(LabelId(id(2)), 1), (ORDERS, 1)]);
    drop(tx);

    let mut write = world.write().await;
    labels::delete(&mut write, ORDERS).await.unwrap();
    let committed = write.commit().await.unwrap();
    assert_eq!(committed.events[0].payload, balas_domain::Payload::LabelRemoved { id: ORDERS });
    assert_eq!(world.view(one).await.work.labels, []);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn filters_combine_and_agree_with_the_counts(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let other = add_account(&world.db, world.ws, 2).await;
    let mut write = world.write().await;
    add_ani(&mut write).await;
    for n in 0..64_u32 {
        let account = if n & 1 > 0 { other } else { world.account };
        let conversation = ensure(&mut write, account, n).await;
        if n & 2 > 0 {
            work::assign(&mut write, conversation, Some(ANI)).await.unwrap();
        }
        let state =
            [WorkState::Open, WorkState::Resolved, WorkState::Snoozed, WorkState::Open][n as usize >> 4];
        let new = messages::NewMessage {
            account_id: account,
            counts_unread: n & 4 > 0,
            ..world.inbound(conversation, u128::from(n) + 1, i64::from(n))
        };
        messages::insert(&mut write, &new).await.unwrap();
        work::set_state(&mut write, conversation, state, Some(at(900))).await.unwrap();
    }
    write.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let counts = work::counts(world.ws, &mut tx).await.unwrap();
    for account in [None, Some(other)] {
        for assigned in [None, Some(Assigned::Nobody), Some(Assigned::To(ANI))] {
            for unread_only in [false, true] {
                let query = ListQuery {
                    account,
                    assigned,
                    unread_only,
                    state: Some(WorkState::Open),
                    limit: Some(100),
                    ..ListQuery::default()
                };
                let listed = conversations::list(world.ws, &mut tx, &query).await.unwrap().items.len() as i64;
                let counted: i64 = counts
                    .iter()
                    .filter(|c| account.is_none_or(|a| a == c.account_id))
                    .filter(|c| match assigned {
                        None => true,
                        Some(Assigned::To(member)) => c.assignee_id == Some(member),
                        Some(_) => c.assignee_id.is_none(),
                    })
                    .map(|c| if unread_only { c.unread } else { c.open })
                    .sum();
                assert_eq!(listed, counted, "{query:?}");
                assert!(listed > 0);
            }
        }
    }
    for (state, expected) in [(Some(WorkState::Resolved), 16), (Some(WorkState::Snoozed), 16), (None, 64)] {
        let query = ListQuery { state, limit: Some(100), ..ListQuery::default() };
        assert_eq!(conversations::list(world.ws, &mut tx, &query).await.unwrap().items.len(), expected);
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_is_internal_leaves_the_conversation_where_it_stands(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.inbound(conversation, 1, 1)).await;
    let before = world.view(conversation).await;
    for (n, content) in [
        (2, Content::Note { text: "call him tomorrow".to_owned() }),
        (
            3,
            Content::Activity {
                activity: Activity::Assigned { to: Some("Ani".to_owned()), member: Some(ANI) },
            },
        ),
    ] {
        let note = messages::NewMessage {
            direction: Direction::Internal,
            content: content.clone(),
            delivery: balas_domain::Delivery { attempt: 1, status: MessageStatus::Sent },
            ..world.outbound(conversation, n, 50)
        };
        let committed = world.insert(&note).await;
        assert_eq!(committed.events.len(), 1, "the message alone");
        let mut write = world.write().await;
        let again = messages::insert(&mut write, &note).await.unwrap();
        assert_eq!(again, messages::Inserted::Duplicate(note.id));
        let stored = world.message(note.id).await;
        assert_eq!((stored.direction, stored.content), (Direction::Internal, content));
    }
    assert_eq!(world.view(conversation).await, before);
}
