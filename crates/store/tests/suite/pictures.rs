//! What people and groups show of themselves: when it is asked for, and what hangs on it.

use std::time::Duration;

use balas_domain::{AccountId, ConversationId, MediaStorage, Payload, Timestamp, view::ProviderKind};
use balas_store::{
    accounts, contacts, conversations, files, messages, people, pictures,
    testing::{Kind, workspace},
};
use rstest::rstest;

use crate::world::*;

const WEEK: Duration = Duration::from_hours(24 * 7);
const EVER: Timestamp = Timestamp(i64::MAX);

/// A number on a gateway, of which pictures can be asked.
async fn linked(world: &World) -> AccountId {
    let account = AccountId(id(0xacc_0000 + 7));
    let new = accounts::NewAccount { provider: ProviderKind::Gateway, ..new_account(account, 7) };
    let mut write = world.write().await;
    accounts::create(&mut write, &new).await.unwrap();
    write.commit().await.unwrap();
    account
}

/// A conversation in which something was written at that second.
async fn chat(world: &World, account: AccountId, n: u32, seconds: i64) -> ConversationId {
    let mut write = world.write().await;
    let id = ensure(&mut write, account, n).await;
    let new = messages::NewMessage { account_id: account, ..world.inbound(id, u128::from(n), seconds) };
    messages::insert(&mut write, &new).await.unwrap();
    write.commit().await.unwrap();
    id
}

async fn due(
    world: &World,
    account: AccountId,
    now: Timestamp,
    active: Timestamp,
) -> Option<(ConversationId, bool)> {
    let mut tx = world.db.read().await.unwrap();
    let due = pictures::due(world.ws, &mut tx, account, now, active).await.unwrap();
    due.map(|due| (due.id, due.idle))
}

/// The picture lies somewhere and is the conversation's; whether that is news.
async fn put(world: &World, id: ConversationId, key: &str, again: Timestamp) -> bool {
    let mut write = world.write().await;
    files::keep(world.ws, write.tx(), MediaStorage::Local, key, 5, NOW).await.unwrap();
    let new = pictures::put(&mut write, id, MediaStorage::Local, key, again).await.unwrap();
    let committed = write.commit().await.unwrap();
    let told = |payload: &Payload| matches!(payload, Payload::Conversation(view) if view.id == id);
    assert_eq!(new, committed.events.iter().any(|event| told(&event.payload)), "news is told");
    new
}

async fn orphans(world: &World) -> Vec<String> {
    let mut tx = world.db.read().await.unwrap();
    let unused = files::unused(&mut tx, MediaStorage::Local, EVER, 100).await.unwrap();
    unused.into_iter().map(|blob| blob.key).collect()
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_is_due_comes_by_what_was_written_last(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let account = linked(&world).await;
    let (old, new, older) = (
        chat(&world, account, 1, 10).await,
        chat(&world, account, 2, 30).await,
        chat(&world, account, 3, 5).await,
    );
    let longest = at(-1_000);
    for expected in [new, old, older] {
        assert_eq!(due(&world, account, NOW, longest).await, Some((expected, false)));
        assert!(put(&world, expected, &format!("key-{expected}"), NOW.after(WEEK)).await);
    }
    assert_eq!(due(&world, account, NOW, longest).await, None);
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(pictures::next_due(world.ws, &mut tx, account).await.unwrap(), Some(NOW.after(WEEK)));
    drop(tx);

    // A week later only where something was written since; the others wait another week.
    let (then, active) = (NOW.after(WEEK), at(8));
    let mut tx = world.db.begin().await.unwrap();
    assert!(pictures::due(world.ws, &mut tx, account, then, at(100)).await.unwrap().unwrap().idle);
    pictures::put_off(world.ws, &mut tx, account, then, active, then.after(WEEK)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(&world, account, then, active).await, Some((new, false)));
    for id in [new, old] {
        put(&world, id, "same", then.after(WEEK)).await;
    }
    assert_eq!(due(&world, account, then, active).await, None);

    // What is said to be another one is asked for, however long nobody has written.
    let mut tx = world.db.begin().await.unwrap();
    pictures::want(world.ws, &mut tx, older).await.unwrap();
    pictures::put_off(world.ws, &mut tx, account, then, active, then.after(WEEK)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(&world, account, then, active).await, Some((older, false)));

    // Nobody tells of pictures on the Cloud API.
    chat(&world, world.account, 9, 40).await;
    assert_eq!(due(&world, world.account, EVER, longest).await, None);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn each_other_picture_is_news_and_the_same_is_not(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let account = linked(&world).await;
    let id = chat(&world, account, 1, 1).await;
    assert_eq!(world.view(id).await.picture, None);
    assert!(put(&world, id, "one", at(10)).await);
    assert!(!put(&world, id, "one", at(20)).await);
    assert_eq!(world.view(id).await.picture, Some(1));
    assert!(put(&world, id, "two", at(30)).await);
    assert_eq!(world.view(id).await.picture, Some(2));
    assert_eq!(orphans(&world).await, ["one"], "the one before is nobody's");

    let mut write = world.write().await;
    assert!(pictures::put_none(&mut write, id, at(40)).await.unwrap());
    assert_eq!(write.commit().await.unwrap().events.len(), 1);
    let mut write = world.write().await;
    assert!(!pictures::put_none(&mut write, id, at(50)).await.unwrap());
    assert!(write.commit().await.unwrap().events.is_empty());
    assert_eq!(world.view(id).await.picture, None);
    assert!(put(&world, id, "two", at(60)).await);
    assert_eq!(world.view(id).await.picture, Some(3), "no browser takes it for one of before");

    let other = workspace(&world.db, 2).await;
    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(pictures::of(other, &mut tx, id).await.unwrap(), None);
    assert_eq!(pictures::due(other, &mut tx, account, EVER, NOW).await.unwrap(), None);
    assert_eq!(pictures::next_due(other, &mut tx, account).await.unwrap(), None);
    pictures::want(other, &mut tx, id).await.unwrap();
    pictures::put_off(other, &mut tx, account, EVER, EVER, NOW).await.unwrap();
    assert_eq!(pictures::next_due(world.ws, &mut tx, account).await.unwrap(), Some(at(60)));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_takes_a_conversation_away_lets_go_of_its_picture(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let account = linked(&world).await;
    let cleared = chat(&world, account, 1, 1).await;
    let mut write = world.write().await;
    let erased = ensure_with_contact(&mut write, account, 2, Some("Budi")).await;
    write.commit().await.unwrap();
    let gone = chat(&world, account, 3, 3).await;
    for (id, key) in [(cleared, "cleared"), (erased, "erased"), (gone, "gone")] {
        assert!(put(&world, id, key, at(10)).await);
    }
    assert!(orphans(&world).await.is_empty());
    let blob =
        |key: &str| files::Blob { workspace_id: world.ws, storage: "local".to_owned(), key: key.to_owned() };
    let mut tx = world.db.begin().await.unwrap();
    assert!(!files::forget(&mut tx, &blob("gone"), EVER).await.unwrap(), "it is somebody's");
    tx.commit().await.unwrap();

    let mut write = world.write().await;
    assert_eq!(messages::clear(&mut write, cleared).await.unwrap().blobs, [blob("cleared")]);
    let contact = {
        let view = conversations::get(world.ws, write.tx(), erased).await.unwrap().unwrap();
        view.contact_id.unwrap()
    };
    assert!(contacts::get(world.ws, write.tx(), contact).await.unwrap().is_some());
    assert_eq!(people::erase(&mut write, contact).await.unwrap().blobs, [blob("erased")]);
    write.commit().await.unwrap();
    assert_eq!(world.view(cleared).await.picture, None);
    let mut write = world.write().await;
    accounts::delete(&mut write, account).await.unwrap();
    write.commit().await.unwrap();
    let mut left = orphans(&world).await;
    left.sort_unstable();
    assert_eq!(left, ["cleared", "erased", "gone"]);
    let mut tx = world.db.begin().await.unwrap();
    assert!(files::forget(&mut tx, &blob("gone"), EVER).await.unwrap());
    tx.commit().await.unwrap();
}
