//! What is set for accounts, and what they have sent today.

use std::time::Duration;

use balas_domain::{
    AccountSettings, AccountStatus, AlertKind, DailyUse, MediaStorage, Seq, TrustLevel,
    settings::Pace,
    view::{Held, HeldReason, ProviderKind},
};
use balas_store::{
    StoreError,
    accounts::{self, Turn},
    alerts, messages,
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
            warm_up: daily_limit.is_some(),
            read_receipts: daily_limit.is_none(),
            typing: daily_limit.is_some(),
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
    for expected in [Turn::Taken, Turn::Taken, Turn::DailyLimit, Turn::DailyLimit] {
        assert_eq!(accounts::take_turn(w, account, 20_000, None, NOW).await.unwrap(), expected);
    }
    accounts::uncount_sent(w, account, 19_999).await.unwrap();
    assert_eq!(
        accounts::take_turn(w, account, 20_000, None, NOW).await.unwrap(),
        Turn::DailyLimit,
        "another day's does not count"
    );
    let before = accounts::take_turn(w, account, 19_999, None, NOW).await.unwrap();
    assert_eq!(before, Turn::DailyLimit, "going back a day gives nothing");
    accounts::uncount_sent(w, account, 20_000).await.unwrap();
    assert_eq!(accounts::take_turn(w, account, 20_000, None, NOW).await.unwrap(), Turn::Taken);
    assert_eq!(accounts::take_turn(w, account, 20_001, None, NOW).await.unwrap(), Turn::Taken, "a new day");
    accounts::reset_sent(w, account).await.unwrap();
    assert_eq!(accounts::take_turn(w, account, 20_001, None, NOW).await.unwrap(), Turn::Taken);
    write.commit().await.unwrap();
    assert_eq!(view(&world).await.usage, DailyUse { day: 20_001, sent: 1, days_before: 1 });
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_new_number_warms_up(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let settings = AccountSettings { daily_limit: Some(12), warm_up: true, ..AccountSettings::default() };
    let change = accounts::AccountChange { settings: Some(settings), ..Default::default() };
    let mut write = world.write().await;
    let (w, account) = (&mut write, world.account);
    accounts::update(w, account, &change).await.unwrap();
    let send = async |w: &mut balas_store::Write, day, wanted: u32| {
        for sent in 0..wanted {
            let turn = accounts::take_turn(w, account, day, None, NOW).await.unwrap();
            if turn != Turn::Taken {
                return (sent, turn);
            }
        }
        (wanted, Turn::Taken)
    };
    assert_eq!(send(w, 100, 20).await, (10, Turn::WarmUp));
    assert_eq!(send(w, 130, 1).await, (1, Turn::Taken));
    accounts::uncount_sent(w, account, 130).await.unwrap();
    assert_eq!(
        send(w, 131, 20).await,
        (12, Turn::DailyLimit),
        "its second day, and its limit is below that day's"
    );
    write.commit().await.unwrap();
    assert_eq!(view(&world).await.usage, DailyUse { day: 131, sent: 12, days_before: 1 });
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn no_faster_than_the_pace(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let account = world.account;
    let pace = Pace { burst: 3, each: Duration::from_secs(10) };
    let mut write = world.write().await;
    let w = &mut write;
    // After a pause three go at once.
    for _ in 0..3 {
        assert_eq!(accounts::take_turn(w, account, 1, Some(pace), NOW).await.unwrap(), Turn::Taken);
    }
    let next = NOW.after(pace.each);
    assert_eq!(accounts::take_turn(w, account, 1, Some(pace), NOW).await.unwrap(), Turn::TooSoon(next));
    let early = next.before(Duration::from_micros(1));
    assert_eq!(accounts::take_turn(w, account, 1, Some(pace), early).await.unwrap(), Turn::TooSoon(next));
    assert_eq!(accounts::take_turn(w, account, 1, Some(pace), next).await.unwrap(), Turn::Taken);
    assert_eq!(
        accounts::take_turn(w, account, 1, None, next).await.unwrap(),
        Turn::Taken,
        "no pace, no wait"
    );
    write.commit().await.unwrap();
    assert_eq!(view(&world).await.usage, DailyUse { day: 1, sent: 5, days_before: 0 });
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

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn of_each_kind_one_alert_is_open(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let alert = |n: u128| balas_domain::AlertId(id(0xa1e0 + n));
    let mut write = world.write().await;
    assert!(alerts::raise(&mut write, alert(1), world.account, AlertKind::Mute, "deaf").await.unwrap());
    assert!(!alerts::raise(&mut write, alert(2), world.account, AlertKind::Mute, "again").await.unwrap());
    assert!(alerts::raise(&mut write, alert(3), world.account, AlertKind::Failing, "x").await.unwrap());
    let nobody = balas_domain::AccountId(id(77));
    assert!(!alerts::raise(&mut write, alert(4), nobody, AlertKind::Mute, "x").await.unwrap());
    let committed = write.commit().await.unwrap();
    assert_eq!(committed.events.len(), 2);

    let mut write = world.write().await;
    alerts::acknowledge(&mut write, alert(1), "Ani").await.unwrap();
    let missing = alerts::acknowledge(&mut write, alert(2), "Ani").await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
    assert_eq!(alerts::close(&mut write, world.account, AlertKind::Mute).await.unwrap(), Some(alert(1)));
    assert_eq!(alerts::close(&mut write, world.account, AlertKind::Mute).await.unwrap(), None);
    assert!(alerts::raise(&mut write, alert(5), world.account, AlertKind::Mute, "deaf anew").await.unwrap());
    let committed = write.commit().await.unwrap();
    let foreign = balas_store::testing::workspace(&world.db, 2).await;
    let mut tx = world.db.read().await.unwrap();
    let closed = alerts::view(world.ws, &mut tx, alert(1)).await.unwrap().unwrap();
    assert_eq!(closed.acknowledged.unwrap().by, "Ani");
    assert!(closed.closed_at.is_some() && closed.version <= committed.seq && closed.version > Seq(0));
    assert_eq!(alerts::list(world.ws, &mut tx, false, 10).await.unwrap().len(), 2);
    assert_eq!(alerts::list(world.ws, &mut tx, true, 10).await.unwrap().len(), 3);
    assert!(alerts::list(foreign, &mut tx, true, 10).await.unwrap().is_empty());
    assert!(alerts::view(foreign, &mut tx, alert(1)).await.unwrap().is_none());
    drop(tx);

    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(alerts::purge(&mut tx, at(10_000_000_000)).await.unwrap(), 1, "open ones stay");
    tx.commit().await.unwrap();
    let mut write = world.write().await;
    accounts::delete(&mut write, world.account).await.unwrap();
    write.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    assert!(alerts::list(world.ws, &mut tx, true, 10).await.unwrap().is_empty());
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn it_is_known_since_when_an_account_is_lost(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let lost_since = async || {
        let mut tx = world.db.read().await.unwrap();
        let all = accounts::health(&mut tx).await.unwrap();
        all.into_iter().find(|a| a.id == world.account).unwrap().lost_since
    };
    let set = async |seconds, status| {
        let mut write = world.db.write(world.ws, at(seconds)).await.unwrap();
        accounts::set_status(&mut write, world.account, status, Some("why")).await.unwrap();
        write.commit().await.unwrap();
    };
    assert_eq!(lost_since().await, None);
    set(1, AccountStatus::Disconnected).await;
    set(2, AccountStatus::Error).await;
    assert_eq!(lost_since().await, Some(at(1)), "it was not back in between");
    set(3, AccountStatus::Loading).await;
    assert_eq!(lost_since().await, None);
}
