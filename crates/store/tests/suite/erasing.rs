//! All that is known of a contact goes; what belongs to others stays as it was.

use balas_domain::{
    Address, ContactId, Content, ConversationId, GroupRole, Identity, MediaStorage, MergeId, Payload, Seq,
    Timestamp,
    content::Media,
    people::MergeReason,
    search::SearchQuery,
    view::{Author, ConversationView, MessageView},
};
use balas_store::{
    StoreError, Write, contacts, conversations, events, files, groups,
    journal::{self, NewEntry},
    messages::{self, AuthorRef, Inserted, NewMessage, Source},
    pending,
    people::{self, Why},
    search,
    testing::Kind,
};
use rstest::rstest;
use serde_json::json;

use crate::{scan::places_of, world::*};

const NUMBER: &str = "6281234500001";
const OTHER_NUMBER: &str = "6281234500002";
const LINKED: &str = "99887766554433";
const FRIEND: &str = "6281234509999";
/// All that must not be found anywhere afterwards.
const TRACES: [&str; 11] = [
    NUMBER,
    OTHER_NUMBER,
    LINKED,
    "Zulkarnain",
    "zulkarnain",
    "Quirina",
    "quirina",
    "rahasiaku",
    "berubahku",
    "grupku",
    "surat-ku",
];

fn contact(n: u128) -> ContactId {
    ContactId(id(0xe7a5_0000 + n))
}

struct Scene {
    erased: ContactId,
    private: ConversationId,
    second: ConversationId,
    friends: ConversationId,
    group: ConversationId,
}

async fn resolve(write: &mut Write, identities: &[Identity], name: &str, n: u128) -> ContactId {
    contacts::resolve(write, "", identities, Some((name, NOW)), None, contact(n)).await.unwrap()
}

async fn place(write: &mut Write, world: &World, number: &str, who: ContactId, n: u32) -> ConversationId {
    let address = Address::phone(number).unwrap();
    conversations::place(write, world.account, &address, Some(who), conversation_id(n)).await.unwrap().id
}

fn by(who: ContactId, name: &str, text: &str, new: NewMessage) -> NewMessage {
    NewMessage { author: AuthorRef::Contact(Some(who), name.to_owned()), content: Content::text(text), ..new }
}

async fn scene(world: &World) -> Scene {
    let mut write = world.write().await;
    let zul = resolve(&mut write, &[phone(NUMBER), lid(LINKED)], "Zulkarnain", 1).await;
    let quirina = resolve(&mut write, &[phone(OTHER_NUMBER)], "Quirina", 2).await;
    let friend = resolve(&mut write, &[phone(FRIEND)], "Wulan", 3).await;
    let private = place(&mut write, world, NUMBER, zul, 1).await;
    let second = place(&mut write, world, OTHER_NUMBER, quirina, 2).await;
    let friends = place(&mut write, world, FRIEND, friend, 3).await;
    let said = by(zul, "Zulkarnain", "rahasiaku", world.inbound(private, 1, 1));
    messages::insert(&mut write, &said).await.unwrap();
    messages::edit(&mut write, message_id(1), Content::text("berubahku"), at(2)).await.unwrap();
    messages::react(
        &mut write,
        message_id(1),
        &reactor(&zul.to_string(), "Zulkarnain", false),
        Some("👍"),
        at(3),
    )
    .await
    .unwrap();
    let media = Media { file_name: Some("surat-ku.pdf".to_owned()), ..Media::default() };
    let file = NewMessage {
        content: Content::Media(media),
        ..by(zul, "Zulkarnain", "", world.inbound(private, 2, 4))
    };
    messages::insert(&mut write, &file).await.unwrap();
    let contents = |key: &str| files::Contents {
        storage: MediaStorage::Local,
        key: key.to_owned(),
        preview_key: None,
        mime: "application/pdf".to_owned(),
        size: 3,
        frame: None,
        duration: None,
        waveform: Vec::new(),
    };
    files::put(&mut write, message_id(2), &contents("theirs")).await.unwrap();
    let said = by(quirina, "Quirina", "rahasiaku juga", world.inbound(second, 3, 5));
    messages::insert(&mut write, &said).await.unwrap();
    let said = by(friend, "Wulan", "tetap di sini", world.inbound(friends, 10, 6));
    messages::insert(&mut write, &said).await.unwrap();
    files::put(&mut write, message_id(10), &contents("friends")).await.unwrap();

    let address = Address::Group("120363000009".to_owned());
    let group = ConversationId(id(0x9900));
    let group = conversations::ensure(&mut write, world.account, &address, None, group).await.unwrap().0;
    groups::ensure(&mut write, group).await.unwrap();
    let listed = groups::Listed {
        owner: Some(zul),
        us: Some(GroupRole::Member),
        members: vec![(zul, GroupRole::Admin), (friend, GroupRole::Member)],
        ..groups::Listed::default()
    };
    groups::list(&mut write, group, &listed, at(7)).await.unwrap();
    let said = by(zul, "Zulkarnain", "grupku", world.inbound(group, 20, 8));
    messages::insert(&mut write, &said).await.unwrap();
    let text = format!("halo @{NUMBER} dan @{LINKED}, lihat @{FRIEND}");
    let said = NewMessage {
        quote_provider_id: Some("wamid.20".to_owned()),
        ..by(friend, "Wulan", &text, world.inbound(group, 21, 9))
    };
    messages::insert(&mut write, &said).await.unwrap();
    messages::react(
        &mut write,
        message_id(21),
        &reactor(&zul.to_string(), "Zulkarnain", false),
        Some("❤️"),
        at(9),
    )
    .await
    .unwrap();
    let said = by(zul, "Zulkarnain", "grupku lagi", world.inbound(group, 22, 10));
    messages::insert(&mut write, &said).await.unwrap();

    let parked = pending::NewPending {
        account_id: world.account,
        target: "wamid.unknown".to_owned(),
        kind: "reaction".to_owned(),
        payload: json!({"sender": {"identities": [{"kind": "phone", "value": NUMBER}], "name": "Zulkarnain"}}),
        received_at: NOW,
    };
    pending::park(&mut write, &parked).await.unwrap();
    people::suggest(&mut write, zul, friend, MergeReason::Number).await.unwrap();
    write.commit().await.unwrap();

    let mut write = world.write().await;
    let why = Why { id: MergeId(id(1)), reason: MergeReason::Member, by: Some("Ani".to_owned()) };
    let erased = people::by_hand(&mut write, zul, quirina, &why).await.unwrap();
    assert_eq!(erased, zul);
    write.commit().await.unwrap();

    let mut tx = world.db.begin().await.unwrap();
    let body = |text: String| NewEntry {
        provider: balas_domain::view::ProviderKind::Cloud,
        account_id: Some(world.account),
        received_at: NOW,
        body: text.into_bytes(),
    };
    let theirs = format!(r#"{{"from":"{NUMBER}","name":"Zulkarnain","text":"rahasiaku"}}"#);
    let entries = [body(theirs), body(format!(r#"{{"from":"{FRIEND}","text":"tetap"}}"#))];
    let numbers = journal::append(&mut tx, &entries).await.unwrap();
    journal::done(&mut tx, &numbers).await.unwrap();
    tx.commit().await.unwrap();
    Scene { erased, private, second, friends, group }
}

async fn thread(world: &World, id: ConversationId) -> Vec<MessageView> {
    let mut tx = world.db.read().await.unwrap();
    messages::page(world.ws, &mut tx, id, None, 100).await.unwrap().items
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn no_table_knows_the_contact_any_more(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let scene = scene(&world).await;
    // The merged one's name is kept only as it was written.
    for trace in TRACES.into_iter().filter(|trace| *trace != "quirina") {
        assert!(!places_of(&world.db, trace).await.is_empty(), "{trace} is there before");
    }
    let friends: (ConversationView, Vec<MessageView>) =
        (world.view(scene.friends).await, thread(&world, scene.friends).await);

    let mut write = world.db.write(world.ws, at(500)).await.unwrap();
    let erased = people::erase(&mut write, scene.erased).await.unwrap();
    let committed = write.commit().await.unwrap();
    for trace in TRACES {
        assert_eq!(places_of(&world.db, trace).await, Vec::<String>::new(), "{trace}");
    }
    assert_eq!(erased.until, Some(Timestamp(at(5).0 + 999_999)), "the whole second");
    assert_eq!(erased.addresses.len(), 3, "{:?}", erased.addresses);
    assert_eq!(erased.blobs.iter().map(|blob| blob.key.as_str()).collect::<Vec<_>>(), ["theirs"]);
    assert!(
        committed.events.iter().any(|e| e.payload == Payload::ConversationRemoved { id: scene.private }),
        "open pages hear of it"
    );

    // The friend's own data is as it was.
    let after = (world.view(scene.friends).await, thread(&world, scene.friends).await);
    assert_eq!(after, friends);
    let mut tx = world.db.read().await.unwrap();
    assert!(contacts::get(world.ws, &mut tx, contact(3)).await.unwrap().is_some());
    assert_eq!(places_of(&world.db, "\"text\":\"tetap\"").await, ["webhook_journal.body"]);
    for gone in [scene.private, scene.second] {
        assert!(conversations::current(world.ws, &mut tx, gone).await.unwrap().is_none());
    }
    let query = SearchQuery { q: "grupku".to_owned(), ..SearchQuery::default() };
    assert!(search::messages(world.ws, &mut tx, &query).await.unwrap().items.is_empty());
    let found = SearchQuery { q: "tetap".to_owned(), ..SearchQuery::default() };
    assert_eq!(search::messages(world.ws, &mut tx, &found).await.unwrap().items.len(), 1);

    // The group keeps its shape.
    let group = thread(&world, scene.group).await;
    assert_eq!(group.len(), 3);
    for theirs in [&group[0], &group[2]] {
        assert!(theirs.revoked, "{theirs:?}");
        assert!(
            matches!(&theirs.author, Author::Contact { id: None, name } if name.is_empty()),
            "{theirs:?}"
        );
    }
    assert_eq!(group[1].content, Content::text(format!("halo @… dan @…, lihat @{FRIEND}")));
    assert!(group[1].reactions.is_empty());
    assert!(matches!(&group[1].author, Author::Contact { name, .. } if name == "Wulan"));
    let members = groups::view(world.ws, &mut tx, scene.group).await.unwrap().unwrap().members;
    assert_eq!(members.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["Wulan", "Number 1"], "and we");

    // The log can be read, and has no gap.
    let log = events::after(world.ws, &mut tx, Seq(0), 10_000).await.unwrap();
    let seqs: Vec<i64> = log.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, (1..=log.len() as i64).collect::<Vec<_>>());
    drop(tx);

    let mut write = world.write().await;
    let again = people::erase(&mut write, scene.erased).await;
    assert!(matches!(again, Err(StoreError::NotFound)), "{again:?}");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_same_number_is_somebody_new_and_the_past_stays_away(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let scene = scene(&world).await;
    let mut write = world.db.write(world.ws, at(500)).await.unwrap();
    assert!(!people::any_erased(world.ws, write.tx()).await.unwrap());
    let erased = people::erase(&mut write, scene.erased).await.unwrap();
    people::remember(world.ws, write.tx(), "digest", erased.until.unwrap()).await.unwrap();
    people::remember(world.ws, write.tx(), "digest", at(1)).await.unwrap();
    assert!(people::any_erased(world.ws, write.tx()).await.unwrap());
    write.commit().await.unwrap();

    let mut write = world.write().await;
    let new = resolve(&mut write, &[phone(NUMBER)], "Somebody", 9).await;
    assert_eq!(new, contact(9));
    let conversation = place(&mut write, &world, NUMBER, new, 9).await;
    people::recall(&mut write, conversation, "another").await.unwrap();
    assert_eq!(messages::cleared_until(world.ws, write.tx(), conversation).await.unwrap(), None);
    people::recall(&mut write, conversation, "digest").await.unwrap();
    assert_eq!(
        messages::cleared_until(world.ws, write.tx(), conversation).await.unwrap(),
        Some(Timestamp(at(5).0 + 999_999))
    );
    let past = NewMessage { source: Source::History, ..world.inbound(conversation, 1, 1) };
    let stored = messages::insert_history(&mut write, world.account, conversation, &[past]).await.unwrap();
    assert!(stored.is_empty());
    let now = world.inbound(conversation, 60, 600);
    assert_eq!(messages::insert(&mut write, &now).await.unwrap(), Inserted::New);
    write.commit().await.unwrap();
    assert_eq!(world.view(conversation).await.title, "Somebody");
}
