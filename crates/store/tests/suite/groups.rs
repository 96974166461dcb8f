//! Groups and their members, told in any order and any number of times.

use balas_domain::{
    Address, ContactId, Content, ConversationId, GroupRole, GroupView, Identity, IdentityKind, Timestamp,
    group::{GroupClosed, MemberChange},
    query::ContactQuery,
};
use balas_store::{
    Write, contacts, conversations, groups,
    messages::{self, AuthorRef, NewMessage},
    testing::Kind,
};
use rstest::rstest;

use crate::world::*;

fn lid(n: u128) -> Identity {
    Identity { kind: IdentityKind::Lid, value: format!("90000000{n:04}") }
}

fn number(n: u128) -> Identity {
    phone(&format!("62813000{n:04}"))
}

fn contact(n: u128) -> ContactId {
    ContactId(id(0x6200_0000 + n))
}

async fn group(write: &mut Write, world: &World, n: u128) -> ConversationId {
    let address = Address::Group(format!("12036300000{n}"));
    let new = ConversationId(id(0x9900 + n));
    let conversation = conversations::ensure(write, world.account, &address, None, new).await.unwrap().0;
    assert!(groups::ensure(write, conversation).await.unwrap());
    conversation
}

async fn person(write: &mut Write, n: u128) -> ContactId {
    let name = format!("Member {n:04}");
    contacts::resolve(write, "", &[number(n), lid(n)], Some((&name, NOW)), None, contact(n)).await.unwrap()
}

fn listed(members: &[(ContactId, GroupRole)]) -> groups::Listed {
    groups::Listed {
        description: Some("About".to_owned()),
        founded_at: Some(at(-9_000)),
        us: Some(GroupRole::Member),
        members: members.to_vec(),
        ..groups::Listed::default()
    }
}

async fn view(world: &World, conversation: ConversationId) -> GroupView {
    let mut tx = world.db.read().await.unwrap();
    groups::view(world.ws, &mut tx, conversation).await.unwrap().unwrap()
}

fn names(view: &GroupView) -> Vec<(&str, GroupRole)> {
    view.members.iter().map(|m| (m.name.as_str(), m.role)).collect()
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_thousand_members_are_one_event_and_the_same_again_is_none(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = group(&mut write, &world, 1).await;
    let mut members = Vec::new();
    for n in 0..1_000 {
        let role = if n == 7 { GroupRole::Admin } else { GroupRole::Member };
        members.push((person(&mut write, n).await, role));
    }
    write.commit().await.unwrap();

    let mut write = world.write().await;
    let new = groups::Listed { owner: Some(members[7].0), ..listed(&members) };
    assert!(groups::list(&mut write, conversation, &new, at(10)).await.unwrap());
    let committed = write.commit().await.unwrap();
    assert_eq!(committed.events.len(), 1, "the conversation's");
    let row = world.view(conversation).await;
    assert_eq!(row.group.unwrap().members, Some(1_001), "ourselves counted");

    let seen = view(&world, conversation).await;
    assert_eq!((seen.members.len(), seen.owner.as_deref()), (1_001, Some("Member 0007")));
    assert_eq!(names(&seen)[..2], [("Member 0007", GroupRole::Admin), ("Member 0000", GroupRole::Member)]);
    assert_eq!(seen.members[1].phone.as_deref(), Some("+62 81 3000 0000"));
    assert_eq!(seen.members[1].tag.as_deref(), Some("628130000000"));

    let mut write = world.write().await;
    assert!(!groups::list(&mut write, conversation, &new, at(20)).await.unwrap());
    // Older than what is known.
    assert!(!groups::list(&mut write, conversation, &listed(&[]), at(5)).await.unwrap());
    assert_eq!(write.commit().await.unwrap().events, []);
    assert_eq!(view(&world, conversation).await, GroupView { fetched_at: Some(at(20)), ..seen });
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn members_are_found_among_contacts_but_not_listed(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = group(&mut write, &world, 1).await;
    let mut members = Vec::new();
    for n in 0..3 {
        members.push((person(&mut write, n).await, GroupRole::Member));
    }
    groups::list(&mut write, conversation, &listed(&members), at(10)).await.unwrap();
    // One of them writes in private too.
    let address = Address::Phone("628130000001".to_owned());
    let new = ConversationId(id(0x9a00));
    conversations::ensure(&mut write, world.account, &address, Some(members[1].0), new).await.unwrap();
    write.commit().await.unwrap();
    let list = async |q: Option<&str>| {
        let mut tx = world.db.read().await.unwrap();
        let query = ContactQuery { q: q.map(str::to_owned), ..ContactQuery::default() };
        let page = contacts::list(world.ws, &mut tx, &query).await.unwrap();
        page.items.into_iter().map(|contact| contact.name).collect::<Vec<_>>()
    };
    assert_eq!(list(None).await, ["Member 0001"]);
    assert_eq!(list(Some("member")).await, ["Member 0000", "Member 0001", "Member 0002"]);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_happens_to_members_may_be_told_in_any_order(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let mut people = Vec::new();
    for n in 0..4 {
        people.push(person(&mut write, n).await);
    }
    write.commit().await.unwrap();
    let steps: [(MemberChange, &[usize], bool, i64); 8] = [
        (MemberChange::Joined, &[0, 1], false, 1),
        (MemberChange::Promoted, &[1], false, 2),
        (MemberChange::Left, &[0], false, 3),
        (MemberChange::Joined, &[0, 2], true, 4),
        (MemberChange::Demoted, &[1], false, 5),
        (MemberChange::Promoted, &[2], false, 5),
        (MemberChange::Left, &[2], true, 6),
        (MemberChange::Joined, &[3], false, 6),
    ];
    // Straight, backwards, and strided through twice.
    let orders: [Vec<usize>; 4] = [
        (0..8).collect(),
        (0..8).rev().collect(),
        (0..16).map(|n| n * 3 % 8).collect(),
        (0..16).map(|n| n * 5 % 8).chain(0..8).collect(),
    ];
    let mut results = Vec::new();
    for (n, order) in (1..).zip(orders) {
        let mut write = world.write().await;
        let conversation = group(&mut write, &world, n).await;
        for step in order {
            let (what, who, us, when) = steps[step];
            let who: Vec<_> = who.iter().map(|n| people[*n]).collect();
            groups::change(&mut write, conversation, what, &who, us, at(when)).await.unwrap();
        }
        write.commit().await.unwrap();
        let view = view(&world, conversation).await;
        results.push((view.members, view.glance.closed));
    }
    let (members, closed) = &results[0];
    let shown: Vec<_> = members.iter().map(|m| (m.name.as_str(), m.role, m.joined_at)).collect();
    assert_eq!(
        shown,
        [
            ("Member 0000", GroupRole::Member, Some(at(4))),
            ("Member 0001", GroupRole::Member, Some(at(1))),
            ("Member 0003", GroupRole::Member, Some(at(6))),
        ]
    );
    assert_eq!(*closed, Some(GroupClosed::Left));
    assert!(results.iter().all(|result| result == &results[0]), "{results:#?}");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_list_outranks_what_happened_before_it_and_not_after(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = group(&mut write, &world, 1).await;
    let (ana, budi) = (person(&mut write, 1).await, person(&mut write, 2).await);
    groups::change(&mut write, conversation, MemberChange::Joined, &[ana], false, at(20)).await.unwrap();
    groups::list(&mut write, conversation, &listed(&[(budi, GroupRole::Owner)]), at(10)).await.unwrap();
    // Late news of what the list knows already.
    assert!(
        !groups::change(&mut write, conversation, MemberChange::Left, &[budi], false, at(9)).await.unwrap()
    );
    write.commit().await.unwrap();
    let seen = view(&world, conversation).await;
    assert_eq!(
        names(&seen),
        [
            ("Member 0002", GroupRole::Owner),
            ("Member 0001", GroupRole::Member),
            ("Number 1", GroupRole::Member)
        ]
    );
    let mut write = world.write().await;
    let rules = groups::Listed { announce: true, ..listed(&[(ana, GroupRole::Member)]) };
    groups::list(&mut write, conversation, &rules, at(30)).await.unwrap();
    write.commit().await.unwrap();
    let row = world.view(conversation).await.group.unwrap();
    assert_eq!((row.members, row.closed), (Some(2), Some(GroupClosed::AdminsOnly)));
    let mut write = world.write().await;
    groups::change(&mut write, conversation, MemberChange::Promoted, &[], true, at(40)).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(world.view(conversation).await.group.unwrap().closed, None);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn two_contacts_that_are_one_are_one_member(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = group(&mut write, &world, 1).await;
    let new = contact(11);
    let by_number =
        contacts::resolve(&mut write, "", &[number(1)], Some(("Ana", NOW)), None, new).await.unwrap();
    let by_lid = contacts::resolve(&mut write, "", &[lid(1)], None, None, contact(12)).await.unwrap();
    let both = [(by_number, GroupRole::Member), (by_lid, GroupRole::Admin)];
    let list = groups::Listed { owner: Some(by_lid), ..listed(&both) };
    groups::list(&mut write, conversation, &list, at(1)).await.unwrap();
    contacts::resolve(&mut write, "", &[number(1), lid(1)], None, None, contact(13)).await.unwrap();
    write.commit().await.unwrap();
    let seen = view(&world, conversation).await;
    assert_eq!(names(&seen), [("Ana", GroupRole::Admin), ("Number 1", GroupRole::Member)]);
    assert_eq!((seen.owner.as_deref(), seen.glance.members), (Some("Ana"), Some(2)));
}

/// The list has everybody under one name; who joined under the other one is in it all the same.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_list_speaks_for_both_names_of_a_member(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = group(&mut write, &world, 1).await;
    let by_number =
        contacts::resolve(&mut write, "", &[number(1)], Some(("Ana", NOW)), None, contact(11)).await.unwrap();
    let by_lid = contacts::resolve(&mut write, "", &[lid(1)], None, None, contact(12)).await.unwrap();
    groups::change(&mut write, conversation, MemberChange::Promoted, &[by_number], false, at(1))
        .await
        .unwrap();
    groups::list(&mut write, conversation, &listed(&[(by_lid, GroupRole::Member)]), at(5)).await.unwrap();
    contacts::resolve(&mut write, "", &[number(1), lid(1)], None, None, contact(13)).await.unwrap();
    write.commit().await.unwrap();
    let seen = view(&world, conversation).await;
    assert_eq!(names(&seen), [("Ana", GroupRole::Member), ("Number 1", GroupRole::Member)]);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn names_of_a_group_may_be_told_in_any_order(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let names = [("First", 1), ("Second", 2), ("Last", 3), ("A third one", 3)];
    for (n, order) in (1..).zip([[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]]) {
        let mut write = world.write().await;
        let conversation = group(&mut write, &world, n).await;
        for which in order {
            let (name, when) = names[which];
            groups::rename(&mut write, conversation, name, at(when)).await.unwrap();
        }
        assert!(!groups::rename(&mut write, conversation, "Last", at(3)).await.unwrap(), "once more");
        write.commit().await.unwrap();
        assert_eq!(world.view(conversation).await.title, "Last");
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn mentions_say_names_wherever_they_are_shown(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = group(&mut write, &world, 1).await;
    let (ana, budi) = (person(&mut write, 1).await, person(&mut write, 2).await);
    groups::list(&mut write, conversation, &listed(&[(ana, GroupRole::Member)]), at(1)).await.unwrap();
    let text = "@628130000001 and @900000000002, see @628139999999";
    let new = NewMessage {
        content: Content::text(text),
        author: AuthorRef::Contact(Some(budi), "Budi".to_owned()),
        ..world.inbound(conversation, 1, 1)
    };
    messages::insert(&mut write, &new).await.unwrap();
    let quoting = NewMessage { quote_message_id: Some(message_id(1)), ..world.outbound(conversation, 2, 0) };
    messages::insert(&mut write, &quoting).await.unwrap();
    write.commit().await.unwrap();
    let seen = world.message(message_id(1)).await;
    assert_eq!(seen.content, Content::text(text), "as it was written");
    let named: Vec<_> = seen.mentions.iter().map(|m| (m.tag.as_str(), m.name.as_str())).collect();
    assert_eq!(named, [("628130000001", "Member 0001"), ("900000000002", "Member 0002")]);
    let last = world.view(conversation).await.last.unwrap();
    let shown = "@Member 0001 and @Member 0002, see @628139999999";
    assert_eq!((last.preview.text.as_str(), last.author.as_deref()), (shown, Some("Budi")));
    assert_eq!(world.message(message_id(2)).await.quote.unwrap().preview.unwrap().text, shown);

    let mut tx = world.db.read().await.unwrap();
    let tags = ["628130000001", "900000000002", "628139999999"];
    let meant = groups::mentioned(world.ws, &mut tx, conversation, &tags).await.unwrap();
    assert_eq!(meant, [Address::Phone("628130000001".to_owned())], "only members are mentioned");
    let known = groups::freshness(world.ws, &mut tx, conversation, Some(budi)).await.unwrap().unwrap();
    assert_eq!((known.fetched_at, known.knows), (Some(at(1)), false));
    assert_eq!(
        groups::freshness(world.ws, &mut tx, conversation, Some(ana)).await.unwrap().map(|k| k.knows),
        Some(true)
    );
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_is_no_group_gets_no_details(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    let mut write = world.write().await;
    assert!(!groups::ensure(&mut write, conversation).await.unwrap());
    assert!(!groups::rename(&mut write, conversation, "Group", at(1)).await.unwrap());
    let none = groups::change(&mut write, conversation, MemberChange::Joined, &[], true, Timestamp(1)).await;
    assert!(none.is_err());
    write.commit().await.unwrap();
    assert_eq!(world.view(conversation).await.group, None);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn another_workspace_sees_and_changes_nothing(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = group(&mut write, &world, 1).await;
    let ana = person(&mut write, 1).await;
    groups::list(&mut write, conversation, &listed(&[(ana, GroupRole::Member)]), at(1)).await.unwrap();
    write.commit().await.unwrap();
    let before = (view(&world, conversation).await, world.view(conversation).await);

    let other = balas_store::testing::workspace(&world.db, 2).await;
    let mut write = world.db.write(other, NOW).await.unwrap();
    assert!(!groups::ensure(&mut write, conversation).await.unwrap());
    assert!(!groups::rename(&mut write, conversation, "Theirs", at(9)).await.unwrap());
    groups::wanted(&mut write, conversation).await.unwrap();
    groups::merge_contacts(&mut write, contact(99), ana).await.unwrap();
    assert!(groups::change(&mut write, conversation, MemberChange::Left, &[ana], true, at(9)).await.is_err());
    assert!(groups::list(&mut write, conversation, &listed(&[]), at(9)).await.is_err());
    let tx = write.tx();
    assert_eq!(groups::view(other, tx, conversation).await.unwrap(), None);
    assert_eq!(groups::freshness(other, tx, conversation, None).await.unwrap(), None);
    assert_eq!(groups::mentioned(other, tx, conversation, &["628130000001"]).await.unwrap(), []);
    assert!(contacts::found_by(other, tx, &[number(1)]).await.unwrap().is_empty());
    assert_eq!(write.commit().await.unwrap().events, []);
    assert_eq!(before, (view(&world, conversation).await, world.view(conversation).await));
}
