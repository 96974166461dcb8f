//! Contacts and conversations that become one, and part again.

use balas_domain::{
    ContactId, ConversationId, Identity, JobId, LabelId, MediaStorage, MergeId, MessageStatus, Payload,
    Priority, WorkState, people::MergeReason, query::ContactQuery,
};
use balas_store::{
    StoreError, Write, contacts, conversations, jobs, labels,
    messages::{self, AuthorRef, Inserted, NewMessage},
    people::{self, Why},
    pictures,
    testing::Kind,
    work,
};
use rstest::rstest;
use serde_json::json;

use crate::world::*;

const PHONE: &str = "628123456789";
const LID: &str = "251556368777322";

fn contact(n: u128) -> ContactId {
    ContactId(id(0xbeef_0000 + n))
}

fn why(n: u128) -> Why {
    Why { id: MergeId(id(n)), reason: MergeReason::Member, by: Some("Ani".to_owned()) }
}

async fn resolve(write: &mut Write, identities: &[Identity], name: Option<&str>, new: u128) -> ContactId {
    let name = name.map(|name| (name, NOW));
    contacts::resolve(write, "waba", identities, name, None, contact(new)).await.unwrap()
}

/// Where a message from there belongs.
async fn place(
    world: &World,
    write: &mut Write,
    identity: &Identity,
    contact: ContactId,
    new: u32,
) -> conversations::Place {
    let address = identity.address().unwrap();
    conversations::place(write, world.account, &address, Some(contact), conversation_id(new)).await.unwrap()
}

/// Somebody writes under one name, for the first or for another time.
async fn arrives(world: &World, who: &Identity, n: u128, seconds: i64) -> (ContactId, ConversationId) {
    let mut write = world.write().await;
    let contact = resolve(&mut write, std::slice::from_ref(who), None, 100 + n).await;
    let place = place(world, &mut write, who, contact, 100 + n as u32).await;
    let new = NewMessage {
        origin: place.origin,
        author: AuthorRef::Contact(place.contact, String::new()),
        ..world.inbound(place.id, n, seconds)
    };
    assert_eq!(messages::insert(&mut write, &new).await.unwrap(), Inserted::New);
    write.commit().await.unwrap();
    (contact, place.id)
}

async fn told(world: &World, identities: &[Identity]) -> (ContactId, Vec<Payload>) {
    let mut write = world.write().await;
    let contact = resolve(&mut write, identities, None, 900).await;
    let committed = write.commit().await.unwrap();
    (contact, committed.events.into_iter().map(|e| e.payload).collect())
}

async fn texts(world: &World, conversation: ConversationId) -> Vec<String> {
    let mut tx = world.db.read().await.unwrap();
    let page = messages::page(world.ws, &mut tx, conversation, None, 100).await.unwrap();
    let mut texts: Vec<_> = page.items.iter().map(|m| m.content.searchable().to_owned()).collect();
    texts.reverse();
    texts
}

async fn all(world: &World) -> Vec<ContactId> {
    let mut tx = world.db.read().await.unwrap();
    let page = contacts::list(world.ws, &mut tx, &ContactQuery::default()).await.unwrap();
    let mut ids: Vec<_> = page.items.into_iter().map(|c| c.id).collect();
    ids.sort_unstable();
    ids
}

async fn open_suggestions(world: &World) -> usize {
    let mut tx = world.db.read().await.unwrap();
    people::suggestions(world.ws, &mut tx).await.unwrap().len()
}

#[rstest]
#[tokio::test]
async fn a_mapping_makes_one_contact_and_one_conversation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(false, true)] phone_first: bool,
) {
    let world = World::new(kind).await;
    let (phone, lid) = (phone(PHONE), lid(LID));
    let (first, second) = if phone_first { (&phone, &lid) } else { (&lid, &phone) };
    let (one, into) = arrives(&world, first, 1, 1).await;
    let (two, from) = arrives(&world, second, 2, 2).await;
    assert_ne!(one, two);
    assert_ne!(into, from);

    let (contact, events) = told(&world, &[lid.clone(), phone.clone()]).await;
    assert_eq!(contact, one, "the older one stays");
    assert!(events.contains(&Payload::ConversationMerged { from, into }), "{events:#?}");
    assert!(events.iter().any(|e| matches!(e, Payload::People(_))));
    assert_eq!(all(&world).await, [one]);
    assert_eq!(texts(&world, into).await, ["message 1", "message 2"]);
    let row = world.view(into).await;
    assert_eq!((row.unread, row.contact_id, row.last.unwrap().at), (2, Some(one), at(2)));
    assert_eq!(row.address, phone.address().unwrap(), "answers go to the number");
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(conversations::addresses(world.ws, &mut tx, into).await.unwrap().len(), 2);
    for address in [phone.address().unwrap(), lid.address().unwrap()] {
        let found = conversations::by_address(world.ws, &mut tx, world.account, &address).await.unwrap();
        assert_eq!(found, Some(into));
    }
    let current = conversations::current(world.ws, &mut tx, from).await.unwrap().unwrap();
    assert_eq!(current.id, into, "an old link leads there");
    drop(tx);
    for (n, who) in [(3, &lid), (4, &phone)] {
        assert_eq!(arrives(&world, who, n, n as i64).await, (one, into));
    }
    assert_eq!(world.view(into).await.unread, 4);
    let (_, again) = told(&world, &[lid, phone]).await;
    assert!(again.is_empty(), "nothing new: {again:#?}");
}

#[rstest]
#[tokio::test]
async fn what_parts_takes_along_what_is_its_own(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(false, true)] phone_first: bool,
) {
    let world = World::new(kind).await;
    let (phone, lid) = (phone(PHONE), lid(LID));
    let (first, second) = if phone_first { (&phone, &lid) } else { (&lid, &phone) };
    let (one, into) = arrives(&world, first, 1, 1).await;
    let (two, from) = arrives(&world, second, 2, 2).await;
    told(&world, &[lid.clone(), phone.clone()]).await;
    arrives(&world, second, 3, 3).await;
    arrives(&world, first, 4, 4).await;

    let mut tx = world.db.read().await.unwrap();
    let merge = people::merges(world.ws, &mut tx).await.unwrap().remove(0);
    assert!(merge.undoable && merge.reason == MergeReason::Told && merge.by.is_none());
    drop(tx);
    let mut write = world.write().await;
    assert_eq!(people::undo(&mut write, merge.id).await.unwrap(), two);
    let events = write.commit().await.unwrap().events;
    let split = Payload::ConversationSplit { from: into, into: from };
    assert!(events.iter().any(|e| e.payload == split), "{events:#?}");
    assert_eq!(all(&world).await, {
        let mut both = [one, two];
        both.sort_unstable();
        both
    });
    assert_eq!(texts(&world, into).await, ["message 1", "message 4"]);
    assert_eq!(texts(&world, from).await, ["message 2", "message 3"]);
    for (row, who, unread, last) in
        [(world.view(into).await, (one, first), 2, 4), (world.view(from).await, (two, second), 2, 3)]
    {
        assert_eq!((row.contact_id, row.unread), (Some(who.0), unread));
        assert_eq!(row.address, who.1.address().unwrap());
        assert_eq!((row.last.unwrap().at, row.last_inbound_at), (at(last), Some(at(last))));
    }
    assert_eq!(world.record(message_id(3)).await.contact_id, Some(two));
    assert_eq!(world.record(message_id(1)).await.contact_id, Some(one));
    assert_eq!(arrives(&world, second, 5, 5).await, (two, from), "and goes on by itself");
    assert_eq!(arrives(&world, first, 6, 6).await, (one, into));

    let mut write = world.write().await;
    assert_eq!(people::undo(&mut write, merge.id).await.unwrap(), two, "twice is once");
    assert!(write.commit().await.unwrap().events.is_empty());

    assert_eq!(open_suggestions(&world).await, 0);
    let (contact, _) = told(&world, &[second.clone(), first.clone()]).await;
    assert_eq!(contact, two, "kept apart: whom the first name leads to");
    assert_eq!(all(&world).await.len(), 2);
    assert_eq!(open_suggestions(&world).await, 1, "it is suggested instead");
    let mut write = world.write().await;
    people::keep_apart(&mut write, one, two).await.unwrap();
    write.commit().await.unwrap();
    told(&world, &[second.clone(), first.clone()]).await;
    assert_eq!(open_suggestions(&world).await, 0, "and not again");

    let mut write = world.write().await;
    assert_eq!(people::by_hand(&mut write, two, one, &why(7)).await.unwrap(), one);
    assert_eq!(people::by_hand(&mut write, one, two, &why(8)).await.unwrap(), one, "twice is once");
    write.commit().await.unwrap();
    assert_eq!(texts(&world, into).await.len(), 6);
}

#[rstest]
#[tokio::test]
async fn work_and_what_waits_moves_along(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let (phone, lid) = (phone(PHONE), lid(LID));
    let (_, into) = arrives(&world, &phone, 1, 1).await;
    let (_, from) = arrives(&world, &lid, 2, 2).await;
    let (red, blue) = (LabelId(id(1)), LabelId(id(2)));
    let mut write = world.write().await;
    for (label, name, on) in [(red, "Red", into), (blue, "Blue", from)] {
        labels::create(&mut write, label, name, 1).await.unwrap();
        labels::put(&mut write, on, label, true).await.unwrap();
    }
    work::set_state(&mut write, into, WorkState::Resolved, None).await.unwrap();
    messages::insert(&mut write, &world.outbound(from, 3, 3)).await.unwrap();
    let job = jobs::NewJob {
        id: JobId(id(1)),
        kind: "send".to_owned(),
        payload: json!({}),
        priority: Priority::Urgent,
        queue_key: Some(from.to_string()),
        run_at: NOW,
        idempotency_key: None,
    };
    jobs::enqueue(world.ws, write.tx(), &job).await.unwrap();
    // The same message under both names: with an edit here and a reaction there.
    let twice = |n, conversation| NewMessage {
        provider_id: Some("twice".to_owned()),
        ..world.inbound(conversation, n, 5)
    };
    messages::insert(&mut write, &twice(5, into)).await.unwrap();
    work::set_state(&mut write, into, WorkState::Resolved, None).await.unwrap();
    messages::insert(&mut write, &twice(6, from)).await.unwrap();
    let content = balas_domain::Content::text("edited");
    messages::edit(&mut write, message_id(6), content, at(6)).await.unwrap();
    messages::react(&mut write, message_id(6), &reactor("someone", "Budi", false), Some("👍"), at(7))
        .await
        .unwrap();
    write.commit().await.unwrap();

    told(&world, &[phone, lid]).await;
    let row = world.view(into).await;
    assert_eq!((row.work.state, row.work.labels), (WorkState::Open, vec![red, blue]));
    assert_eq!(row.unread, 3, "two, and the one that came twice");
    let kept = world.message(message_id(5)).await;
    assert_eq!((kept.content.searchable(), kept.edited, kept.reactions.len()), ("edited", true, 1));
    assert_eq!(row.last.unwrap().preview.text, "edited");
    assert_eq!(texts(&world, into).await.len(), 4);
    assert_eq!(world.message(message_id(3)).await.delivery.status, MessageStatus::Queued);
    let mut tx = world.db.begin().await.unwrap();
    let claimed = jobs::claim(&mut tx, NOW, at(60), 10, &Priority::ALL).await.unwrap();
    assert_eq!(claimed[0].queue_key, Some(into.to_string()));
}

#[rstest]
#[tokio::test]
async fn the_saved_one_stays_and_names_go_by_precedence(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let (phone, lid) = (phone(PHONE), lid(LID));
    resolve(&mut write, std::slice::from_ref(&lid), None, 1).await;
    resolve(&mut write, std::slice::from_ref(&phone), Some("Budi"), 2).await;
    let kept = people::by_hand(&mut write, contact(2), contact(1), &why(1)).await.unwrap();
    assert_eq!(kept, contact(1));
    let view = contacts::get(world.ws, write.tx(), kept).await.unwrap().unwrap();
    assert_eq!((view.name.as_str(), view.phones), ("Budi", vec![PHONE.to_owned()]));
    people::undo(&mut write, MergeId(id(1))).await.unwrap();
    let again = contacts::get(world.ws, write.tx(), contact(1)).await.unwrap().unwrap();
    assert_eq!(again.name, lid.address().unwrap().label(), "a name that came from the other goes with it");
    assert_eq!(contacts::get(world.ws, write.tx(), contact(2)).await.unwrap().unwrap().name, "Budi");
    let missing = people::by_hand(&mut write, contact(1), contact(3), &why(2)).await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
    let alone = people::by_hand(&mut write, contact(1), contact(1), &why(2)).await;
    assert!(matches!(alone, Err(StoreError::NotFound)));
    assert!(matches!(
        people::keep_apart(&mut write, contact(1), contact(1)).await,
        Err(StoreError::NotFound)
    ));
    assert!(matches!(people::undo(&mut write, MergeId(id(9))).await, Err(StoreError::NotFound)));
}

#[rstest]
#[tokio::test]
async fn merges_are_undone_the_last_one_first(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let (a, b, c) = (phone("6281111111111"), lid("1111111111"), lid("2222222222"));
    let (of_c, in_c) = arrives(&world, &c, 1, 1).await;
    let (of_b, in_b) = arrives(&world, &b, 2, 2).await;
    let (of_a, in_a) = arrives(&world, &a, 3, 3).await;
    let mut write = world.write().await;
    people::by_hand(&mut write, of_a, of_b, &why(1)).await.unwrap();
    people::by_hand(&mut write, of_b, of_c, &why(2)).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(all(&world).await, [of_c]);
    assert_eq!(texts(&world, in_c).await.len(), 3);
    let mut tx = world.db.read().await.unwrap();
    assert!(people::has_become(world.ws, &mut tx, of_a, of_c).await.unwrap());
    drop(tx);

    let mut write = world.write().await;
    assert!(matches!(people::undo(&mut write, MergeId(id(1))).await, Err(StoreError::Unique { .. })));
    people::undo(&mut write, MergeId(id(2))).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(texts(&world, in_c).await, ["message 1"]);
    let mut write = world.write().await;
    people::undo(&mut write, MergeId(id(1))).await.unwrap();
    write.commit().await.unwrap();
    for (conversation, contact, text) in
        [(in_a, of_a, "message 3"), (in_b, of_b, "message 2"), (in_c, of_c, "message 1")]
    {
        assert_eq!(texts(&world, conversation).await, [text]);
        assert_eq!(world.view(conversation).await.contact_id, Some(contact));
    }
}

#[rstest]
#[tokio::test]
async fn spellings_lead_to_the_one_contact_that_has_them(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let (with, without) = (phone("5541998765432"), phone("554198765432"));
    let (one, thread) = arrives(&world, &with, 1, 1).await;
    assert_eq!(arrives(&world, &without, 2, 2).await, (one, thread), "another spelling of the same line");
    let mut tx = world.db.read().await.unwrap();
    let known = contacts::identities_of(world.ws, &mut tx, one).await.unwrap();
    assert_eq!(known, [without.clone(), with.clone()], "as received, both");
    assert_eq!(world.view(thread).await.address, without.address().unwrap(), "where it wrote last");
    let merge = people::merges(world.ws, &mut tx).await.unwrap().remove(0);
    assert_eq!(merge.reason, MergeReason::Number);
    drop(tx);
    let mut write = world.write().await;
    let other = people::undo(&mut write, merge.id).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(arrives(&world, &with, 3, 3).await.0, one);
    let (theirs, there) = arrives(&world, &without, 4, 4).await;
    assert_eq!(theirs, other);
    assert_eq!(texts(&world, there).await, ["message 2", "message 4"]);
    assert_eq!(texts(&world, thread).await, ["message 1", "message 3"]);
}

#[rstest]
#[tokio::test]
async fn two_that_are_there_already_are_suggested(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let (with, without) = (phone("5215512345678"), phone("525512345678"));
    let lid = lid(LID);
    arrives(&world, &with, 1, 1).await;
    arrives(&world, &lid, 2, 2).await;
    // The second one turns out to have a number that is spelled like the first one's.
    told(&world, &[lid, without]).await;
    let mut tx = world.db.read().await.unwrap();
    let found = people::suggestions(world.ws, &mut tx).await.unwrap();
    drop(tx);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reason, MergeReason::Number);
    assert_eq!(found[0].first.last.as_ref().unwrap().kind, balas_domain::content::PreviewKind::Text);
    assert_eq!(all(&world).await.len(), 2, "nothing was merged");
    let mut write = world.write().await;
    people::by_hand(&mut write, found[0].first.contact.id, found[0].second.contact.id, &why(1))
        .await
        .unwrap();
    let events = write.commit().await.unwrap().events;
    let told = events.iter().find_map(|e| match &e.payload {
        Payload::People(people) => Some(people.suggestions),
        _ => None,
    });
    assert_eq!(told, Some(0));
    assert_eq!(open_suggestions(&world).await, 0);
}

#[rstest]
#[tokio::test]
async fn who_has_looked_ahead_follows_a_merge(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let (one, into) = arrives(&world, &phone(PHONE), 1, 1).await;
    let (two, from) = arrives(&world, &lid(LID), 2, 2).await;
    let addresses = [phone(PHONE).address().unwrap(), lid(LID).address().unwrap()];
    let mut write = world.write().await;
    let all: Vec<_> = addresses.iter().collect();
    conversations::look_ahead(&mut write, world.account, &all).await.unwrap();
    assert_eq!(place(&world, &mut write, &phone(PHONE), one, 7).await.id, into);
    assert_eq!(place(&world, &mut write, &lid(LID), two, 8).await.id, from);
    people::by_hand(&mut write, one, two, &why(1)).await.unwrap();
    assert_eq!(
        place(&world, &mut write, &lid(LID), one, 9).await.id,
        into,
        "what was known is not so any more"
    );
}

#[rstest]
#[tokio::test]
async fn another_workspace_sees_and_changes_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let (one, into) = arrives(&world, &phone(PHONE), 1, 1).await;
    let (two, from) = arrives(&world, &lid(LID), 2, 2).await;
    let (three, _) = arrives(&world, &lid("777777777"), 3, 3).await;
    let mut write = world.write().await;
    people::by_hand(&mut write, one, two, &why(1)).await.unwrap();
    people::suggest(&mut write, one, three, MergeReason::Number).await.unwrap();
    write.commit().await.unwrap();
    let other = balas_store::testing::workspace(&world.db, 2).await;
    let mut theirs = world.db.write(other, NOW).await.unwrap();
    assert!(matches!(people::undo(&mut theirs, MergeId(id(1))).await, Err(StoreError::NotFound)));
    assert!(matches!(people::by_hand(&mut theirs, one, three, &why(2)).await, Err(StoreError::NotFound)));
    assert!(matches!(people::keep_apart(&mut theirs, one, three).await, Err(StoreError::NotFound)));
    let tx = theirs.tx();
    assert!(people::merges(other, tx).await.unwrap().is_empty());
    assert!(people::suggestions(other, tx).await.unwrap().is_empty());
    assert_eq!(people::details(other, tx, one).await.unwrap(), None);
    assert!(!people::has_become(other, tx, two, one).await.unwrap());
    assert_eq!(conversations::current(other, tx, from).await.unwrap(), None);
    assert_eq!(conversations::addresses(other, tx, into).await.unwrap(), []);
    assert_eq!(contacts::newest_phone(other, tx, one).await.unwrap(), None);
    let lid = lid(LID).address().unwrap();
    assert_eq!(conversations::by_address(other, tx, world.account, &lid).await.unwrap(), None);
    drop(theirs);
    let mut tx = world.db.read().await.unwrap();
    let details = people::details(world.ws, &mut tx, one).await.unwrap().unwrap();
    assert_eq!((details.identities.len(), details.merges.len()), (2, 1));
    assert_eq!(details.merges[0].by.as_deref(), Some("Ani"));
}

/// The one that stays keeps its picture; if it has none, it takes the other one's.
#[rstest]
#[tokio::test]
async fn a_picture_outlives_a_merge(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(None, Some("kept"))] kept: Option<&str>,
    #[values(None, Some("other"))] other: Option<&str>,
) {
    let world = World::new(kind).await;
    let (phone, lid) = (phone(PHONE), lid(LID));
    let (_, into) = arrives(&world, &phone, 1, 1).await;
    let (_, from) = arrives(&world, &lid, 2, 2).await;
    let mut write = world.write().await;
    for (id, key) in [(into, kept), (from, other)] {
        if let Some(key) = key {
            pictures::put(&mut write, id, MediaStorage::Local, key, at(9)).await.unwrap();
        }
    }
    write.commit().await.unwrap();
    told(&world, &[lid, phone]).await;
    let mut tx = world.db.read().await.unwrap();
    let picture = pictures::of(world.ws, &mut tx, into).await.unwrap().map(|blob| blob.key);
    drop(tx);
    assert_eq!(picture.as_deref(), kept.or(other));
    assert_eq!(world.view(into).await.picture, picture.map(|_| 1));
}
