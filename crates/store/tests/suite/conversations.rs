//! Conversations and their list.

use balas_domain::{
    AccountId, AccountStatus, Address, ConversationId,
    query::ListQuery,
    view::{ProviderKind, Quality},
};
use balas_store::{
    StoreError, Tx, accounts, conversations, conversations::UnreadTarget, events, messages, testing::Kind,
    work,
};
use rstest::rstest;
use serde_json::json;

use crate::world::*;

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn one_conversation_per_address(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let other = add_account(&world.db, world.ws, 2).await;
    let mut write = world.write().await;
    let ensure = async |write: &mut _, account, n| {
        conversations::ensure(write, account, &address(1), None, conversation_id(n)).await.unwrap()
    };
    assert_eq!(ensure(&mut write, world.account, 1).await, (conversation_id(1), true));
    assert_eq!(ensure(&mut write, world.account, 2).await, (conversation_id(1), false));
    assert_eq!(ensure(&mut write, other, 3).await, (conversation_id(3), true), "another number's thread");
    let missing = balas_domain::AccountId(id(404));
    let refused = conversations::ensure(&mut write, missing, &address(1), None, conversation_id(4)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)));
    let group = Address::Group("12036340210".to_owned());
    conversations::ensure(&mut write, world.account, &group, None, conversation_id(5)).await.unwrap();
    write.commit().await.unwrap();
    let view = world.view(conversation_id(5)).await;
    assert_eq!((view.address.clone(), view.title), (group.clone(), group.label()));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn reading_acknowledges_the_newest(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let unread = async |tx: &mut Tx| -> Vec<(AccountId, i64)> {
        let counts = work::counts(world.ws, tx).await.unwrap();
        counts.into_iter().map(|count| (count.account_id, count.messages)).collect()
    };
    let (one, two) = (world.conversation(1).await, world.conversation(2).await);
    for (conversation, n) in [(one, 1), (one, 2), (two, 3)] {
        world.insert(&world.inbound(conversation, n, n as i64)).await;
    }
    world.insert(&world.outbound(one, 4, 9)).await;
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(unread(&mut tx).await, [(world.account, 3)]);
    drop(tx);

    let mut write = world.write().await;
    let told = conversations::mark_read(&mut write, one).await.unwrap();
    assert_eq!(told, Some(vec![UnreadTarget { provider_id: "wamid.2".to_owned() }]));
    assert_eq!(conversations::mark_read(&mut write, one).await.unwrap(), None);
    assert_eq!(conversations::mark_read(&mut write, ConversationId(id(404))).await.unwrap(), None);
    assert_eq!(write.commit().await.unwrap().events.len(), 1);
    assert_eq!(world.view(one).await.unread, 0);
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(unread(&mut tx).await, [(world.account, 1)]);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_list_is_filtered_and_searched(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let other = add_account(&world.db, world.ws, 2).await;
    let mut write = world.write().await;
    for (n, name) in (1..).zip(["Ani", "Budi 100%", "ÇELİK", "Dewi_x"]) {
        let account = if n == 4 { other } else { world.account };
        let conversation = ensure_with_contact(&mut write, account, n, Some(name)).await;
        let new = messages::NewMessage {
            account_id: account,
            counts_unread: n % 2 == 0,
            content: balas_domain::Content::text(format!("The parcel {n} is HERE")),
            ..world.inbound(conversation, u128::from(n), i64::from(n))
        };
        messages::insert(&mut write, &new).await.unwrap();
    }
    write.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let mut list = async |account, unread_only, q: &str| -> Vec<String> {
        let query = ListQuery { account, unread_only, q: Some(q.to_owned()), ..Default::default() };
        let page = conversations::list(world.ws, &mut tx, &query).await.unwrap();
        page.items.into_iter().map(|c| c.title).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(list(None, false, "").await, ["Dewi_x", "ÇELİK", "Budi 100%", "Ani"]);
    assert_eq!(list(Some(other), false, "").await, ["Dewi_x"]);
    assert_eq!(list(None, true, " ").await, ["Dewi_x", "Budi 100%"]);
    assert_eq!(list(Some(world.account), true, "").await, ["Budi 100%"]);
    assert_eq!(list(None, false, "ani").await, ["Ani"]);
    assert_eq!(list(None, false, "çelİk").await, ["ÇELİK"]);
    assert_eq!(list(None, false, "celik").await, ["ÇELİK"], "accents do not matter");
    assert_eq!(list(None, false, "0812 0000 001").await, ["Ani"], "as it is dialled in the country");
    assert_eq!(list(None, false, "0000003").await, ["ÇELİK"], "by number");
    assert_eq!(list(None, false, "+62 812 0000 001").await, ["Ani"]);
    assert_eq!(list(Some(other), true, "i").await, ["Dewi_x"]);
    assert_eq!(list(Some(world.account), false, "i").await, ["ÇELİK", "Budi 100%", "Ani"]);
    assert_eq!(list(None, true, "i").await, ["Dewi_x", "Budi 100%"]);
    for (q, expected) in
        [("%", &["Budi 100%"][..]), ("_", &["Dewi_x"]), ("\\", &none), ("' OR 1=1 --", &none)]
    {
        assert_eq!(list(None, false, q).await, expected, "{q}");
    }
    assert_eq!(list(None, false, "\u{0}ani").await, ["Ani"]);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn an_account_lives_and_goes_with_all_that_is_its(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.inbound(conversation, 1, 1)).await;

    let mut write = world.write().await;
    let twin = accounts::NewAccount { id: balas_domain::AccountId(id(5)), ..new_account(world.account, 1) };
    assert!(matches!(accounts::create(&mut write, &twin).await, Err(StoreError::Unique { what: "number" })));
    let ready = AccountStatus::Ready;
    assert!(accounts::set_status(&mut write, world.account, ready, None).await.unwrap());
    assert!(!accounts::set_status(&mut write, world.account, ready, None).await.unwrap());
    assert!(accounts::set_status(&mut write, world.account, ready, Some("slow")).await.unwrap());
    let change = accounts::AccountChange {
        name: Some("Shop".to_owned()),
        phone: Some("+62 812".to_owned()),
        config: Some(json!({ "version": "v24.0" })),
        secrets: Some(vec![9]),
        settings: None,
        quality: Some(Quality::Yellow),
    };
    accounts::update(&mut write, world.account, &change).await.unwrap();
    write.commit().await.unwrap();

    let mut tx = world.db.read().await.unwrap();
    let record = accounts::record(world.ws, &mut tx, world.account).await.unwrap().unwrap();
    assert_eq!((record.view.name.as_str(), record.view.status), ("Shop", ready));
    assert_eq!(record.view.quality, Some(Quality::Yellow));
    assert_eq!((record.config["version"].as_str(), &record.secrets[..]), (Some("v24.0"), &[9][..]));
    let found = accounts::by_external_id(&mut tx, ProviderKind::Cloud, "106551").await.unwrap();
    assert_eq!(found, Some((world.ws, world.account)));
    assert_eq!(accounts::locate(&mut tx, world.account).await.unwrap(), Some(world.ws));
    assert_eq!(accounts::all_records(&mut tx).await.unwrap().len(), 1);
    drop(tx);

    for (seconds, told) in [(0, 1), (59, 0), (61, 1)] {
        let mut write = world.write().await;
        accounts::delivered(&mut write, world.account, at(seconds)).await.unwrap();
        assert_eq!(write.commit().await.unwrap().events.len(), told, "{seconds}");
    }

    let mut write = world.write().await;
    // What was touched goes with it: only the removal is told.
    messages::revoke(&mut write, message_id(1), NOW).await.unwrap();
    accounts::delete(&mut write, world.account).await.unwrap();
    let committed = write.commit().await.unwrap();
    assert_eq!(committed.events.len(), 1);
    assert_eq!(committed.events[0].payload.kind(), "account_removed");
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(conversations::get(world.ws, &mut tx, conversation).await.unwrap(), None);
    assert_eq!(messages::get(world.ws, &mut tx, message_id(1)).await.unwrap(), None);
    assert_eq!(events::head(world.ws, &mut tx).await.unwrap(), committed.seq);
    let mut write = world.write().await;
    assert!(matches!(accounts::delete(&mut write, world.account).await, Err(StoreError::NotFound)));
}
