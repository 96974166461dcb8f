//! What is set for accounts, and what they have sent today.

use balas_domain::{
    AccountSettings, DailyUse, MediaStorage, TrustLevel,
    view::{Held, HeldReason, ProviderKind},
};
use balas_store::{
    StoreError, accounts, messages,
    messages::Source,
    testing::{Kind, workspace},
};
use rstest::rstest;

use crate::world::*;

async fn view(world: &World) -> balas_domain::view::AccountView {
    let mut tx = world.db.read().await.unwrap();
    accounts::view(world.ws, &mut tx, world.account).await.unwrap().unwrap()
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn settings_are_kept(#[case] kind: Kind) {
    let world = World::new(kind).await;
    assert_eq!(view(&world).await.settings, AccountSettings::of_new(ProviderKind::Cloud));
    for daily_limit in [Some(7), None] {
        let settings = AccountSettings {
            auto_start: true,
            sync_limit: 500,
            media_storage: MediaStorage::S3,
            trust_level: TrustLevel::try_from(4).unwrap(),
            daily_limit,
        };
        let change = accounts::AccountChange { settings: Some(settings.clone()), ..Default::default() };
        let mut write = world.write().await;
        accounts::update(&mut write, world.account, &change).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(view(&world).await.settings, settings);
        let mut write = world.write().await;
        let rename = accounts::AccountChange { name: Some("New".to_owned()), ..Default::default() };
        accounts::update(&mut write, world.account, &rename).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(view(&world).await.settings, settings, "what is not said stays");
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn one_account_is_primary(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let second = add_account(&world.db, world.ws, 2).await;
    let other = workspace(&world.db, 7).await;
    let foreign = add_account(&world.db, other, 3).await;
    for account in [world.account, second, second] {
        let mut write = world.write().await;
        accounts::set_primary(&mut write, account, true).await.unwrap();
        let told = write.commit().await.unwrap().events;
        assert!(!told.is_empty(), "who loses it is told of, too");
        let mut tx = world.db.read().await.unwrap();
        let primary: Vec<_> = accounts::list(world.ws, &mut tx).await.unwrap();
        let primary: Vec<_> = primary.into_iter().filter(|a| a.primary).map(|a| a.id).collect();
        assert_eq!(primary, [account]);
    }
    let mut write = world.write().await;
    assert!(matches!(accounts::set_primary(&mut write, foreign, true).await, Err(StoreError::NotFound)));
    accounts::set_primary(&mut write, second, false).await.unwrap();
    write.commit().await.unwrap();
    let mut write = world.db.write(other, NOW).await.unwrap();
    accounts::set_primary(&mut write, foreign, true).await.unwrap();
    write.commit().await.unwrap();
    assert!(!view(&world).await.primary);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn no_more_than_the_daily_limit(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let settings = AccountSettings { daily_limit: Some(2), ..AccountSettings::default() };
    let change = accounts::AccountChange { settings: Some(settings), ..Default::default() };
    let mut write = world.write().await;
    accounts::update(&mut write, world.account, &change).await.unwrap();
    let w = &mut write;
    let account = world.account;
    for expected in [true, true, false, false] {
        assert_eq!(accounts::count_sent(w, account, 20_000).await.unwrap(), expected);
    }
    accounts::uncount_sent(w, account, 19_999).await.unwrap();
    assert!(!accounts::count_sent(w, account, 20_000).await.unwrap(), "another day's does not count");
    accounts::uncount_sent(w, account, 20_000).await.unwrap();
    assert!(accounts::count_sent(w, account, 20_000).await.unwrap());
    assert!(accounts::count_sent(w, account, 20_001).await.unwrap(), "a new day");
    accounts::reset_sent(w, account).await.unwrap();
    assert!(accounts::count_sent(w, account, 20_001).await.unwrap());
    write.commit().await.unwrap();
    assert_eq!(view(&world).await.usage, DailyUse { day: 20_001, sent: 1 });
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn codes_and_catching_up(#[case] kind: Kind) {
    let world = World::new(kind).await;
    for expiry in [Some(at(30)), None] {
        let mut write = world.write().await;
        accounts::set_code_expiry(&mut write, world.account, expiry).await.unwrap();
        assert_eq!(write.commit().await.unwrap().events.len(), 1);
        assert_eq!(view(&world).await.code_expires_at, expiry);
        let mut write = world.write().await;
        accounts::set_code_expiry(&mut write, world.account, expiry).await.unwrap();
        assert_eq!(write.commit().await.unwrap().events, [], "no news");
    }
    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(accounts::caught_up_at(world.ws, &mut tx, world.account).await.unwrap(), None);
    accounts::caught_up(world.ws, &mut tx, world.account, at(5)).await.unwrap();
    assert_eq!(accounts::caught_up_at(world.ws, &mut tx, world.account).await.unwrap(), Some(at(5)));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_held_message_says_so_until_it_goes(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.outbound(conversation, 1, 1)).await;
    let held = Held { reason: HeldReason::DailyLimit, until: at(500) };
    let mut write = world.write().await;
    assert!(messages::hold(&mut write, message_id(1), held).await.unwrap());
    assert!(!messages::hold(&mut write, message_id(1), held).await.unwrap());
    write.commit().await.unwrap();
    assert_eq!(world.message(message_id(1)).await.held, Some(held));
    let mut write = world.write().await;
    let sending = balas_domain::MessageStatus::Sending;
    messages::report(&mut write, message_id(1), sending, None, NOW).await.unwrap();
    assert!(!messages::hold(&mut write, message_id(1), held).await.unwrap(), "it is on its way");
    write.commit().await.unwrap();
    assert_eq!(world.message(message_id(1)).await.held, None);

    let recovered = messages::NewMessage { source: Source::Recovered, ..world.inbound(conversation, 2, 2) };
    world.insert(&recovered).await;
    assert!(world.message(message_id(2)).await.recovered);
    assert!(!world.message(message_id(1)).await.recovered);
}
