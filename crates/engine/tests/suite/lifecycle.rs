//! The life of a linked number: codes, losses, ends, restarts, and what was missed meanwhile.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use balas_domain::{
    AccountSettings, AccountStatus, AlertKind, MessageStatus, Payload, Role,
    form::{GatewayForm, Problem},
    view::{Direction, HeldReason},
};
use balas_engine::EngineError;
use balas_providers::CheckError;
use balas_sandbox::{Faults, Incoming};
use balas_store::testing::Kind;
use rstest::rstest;

use crate::support::{PHONE, World};
use AccountStatus as S;

const FROM: &str = "6281200001111";

impl World {
    fn customer_writes(&self, text: &str) {
        self.sandbox.world().receive(&Incoming::text(PHONE, FROM, "Sari", text)).unwrap();
    }

    async fn texts(&self) -> Vec<(String, bool)> {
        let Some(conversation) = self.list().await.into_iter().next() else { return Vec::new() };
        let thread = self.thread(conversation.id).await.into_iter();
        thread.map(|m| (m.content.searchable().to_owned(), m.recovered)).collect()
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_qr_code_is_for_admins_and_in_no_event(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let e = &world.engine;
    let account = e.create_gateway(&world.owner, &world.gateway("v9")).await.unwrap().id;
    let view = world.status(account, AccountStatus::Qr).await;
    let qr = e.account_qr(&world.owner, account).unwrap();
    assert_eq!(&qr.png[1..4], b"PNG");
    assert_eq!(view.code_expires_at, Some(qr.expires_at));
    assert!(qr.expires_at > e.now());
    let agent = world.member(Role::Agent).await;
    assert!(matches!(e.account_qr(&agent, account), Err(EngineError::Denied(_))));
    assert!(!format!("{qr:?}").contains("png"), "it is as good as a password");

    // Another code makes another moment, so that screens fetch it.
    let device = balas_sandbox::Device::new("v9", &format!("balas-{account}"));
    let again = e.link_account_by_qr(&world.owner, account).await.unwrap();
    assert!(again.png != qr.png && again.expires_at >= qr.expires_at);
    world.sandbox.world().scan(&device, PHONE, None).unwrap();
    let ready = world.status(account, AccountStatus::Ready).await;
    assert_eq!(ready.code_expires_at, None);
    assert!(matches!(e.account_qr(&world.owner, account), Err(EngineError::NotFound { .. })));
    let linked = e.link_account_by_qr(&world.owner, account).await;
    assert!(matches!(linked, Err(EngineError::Check(CheckError::AlreadyLinked))));

    let told: Vec<_> = world
        .log()
        .await
        .into_iter()
        .filter_map(|event| match event.payload {
            Payload::Account(view) if view.id == account => Some(view.status),
            _ => None,
        })
        .collect();
    let mut order = told.clone();
    order.dedup();
    let known = [
        vec![S::Idle, S::Loading, S::Qr, S::Ready],
        vec![S::Idle, S::Loading, S::Qr, S::Authenticated, S::Ready],
    ];
    assert!(known.contains(&order), "{told:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_pairing_code_links_too() {
    let world = World::new(Kind::Sqlite).await;
    let e = &world.engine;
    let account = e.create_gateway(&world.owner, &world.gateway("v9")).await.unwrap().id;
    world.status(account, AccountStatus::Qr).await;
    let pairing = e.pair_account(&world.owner, account).await.unwrap();
    let view = world.status(account, AccountStatus::Pairing).await;
    assert_eq!(view.code_expires_at, Some(pairing.expires_at));
    assert_eq!(e.account_pairing_code(&world.owner, account).unwrap(), pairing);
    assert!(matches!(e.account_qr(&world.owner, account), Err(EngineError::NotFound { .. })));
    world.sandbox.world().pair(&pairing.code, PHONE, None).unwrap();
    world.status(account, AccountStatus::Ready).await;
    let cloud = e.pair_account(&world.owner, world.account).await;
    assert!(matches!(cloud, Err(EngineError::Unsupported { .. })));
    world.stop().await;
}

#[tokio::test]
async fn a_pairing_code_is_for_a_number_with_its_country_code() {
    let world = World::new(Kind::Sqlite).await;
    let e = &world.engine;
    let account = e.create_gateway(&world.owner, &world.gateway("v9")).await.unwrap().id;
    world.status(account, AccountStatus::Qr).await;
    for (phone, problem) in [("", Problem::Required), ("0811 0000 002", Problem::NotPhone)] {
        let refused = e.pair_account_with(&world.owner, account, phone).await;
        let Err(EngineError::Invalid(errors)) = refused else { panic!("{refused:?}") };
        assert_eq!((errors[0].field.as_str(), &errors[0].problem), ("phone", &problem), "{phone}");
    }
    e.pair_account_with(&world.owner, account, "0062 811 0000 002").await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn stopping_keeps_the_login_and_logging_out_ends_it() {
    let world = World::new(Kind::Sqlite).await;
    let e = &world.engine;
    let (account, _) = world.linked().await;
    assert_eq!(e.stop_account(&world.owner, account).await.unwrap().status, AccountStatus::Idle);
    world.customer_writes("are you there?");
    world.until("it is stored all the same", async || world.texts().await.len() == 1).await;
    e.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Ready).await;
    let out = e.log_out_account(&world.owner, account).await.unwrap();
    assert_eq!(out.status, AccountStatus::Idle);
    e.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Qr).await;
    assert_eq!(world.texts().await.len(), 1, "what was said stays");
    e.log_out_account(&world.owner, account).await.unwrap();
    let refused = e.log_out_account(&world.owner, world.account).await;
    assert!(matches!(refused, Err(EngineError::Unsupported { .. })));
    world.stop().await;
}

#[tokio::test]
async fn a_phone_that_ends_the_link_needs_a_person() {
    let world = World::new(Kind::Sqlite).await;
    let (account, device) = world.linked().await;
    world.sandbox.world().log_out(&device).unwrap();
    let view = world.status(account, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("ended the link"));
    world.engine.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Qr).await;
    world.stop().await;
}

#[tokio::test]
async fn codes_that_nobody_scans_come_to_an_end() {
    let world = World::new(Kind::Sqlite).await;
    let brief = balas_sandbox::Gateway {
        qr_seconds: 1,
        ..balas_sandbox::Gateway::named("brief", balas_sandbox::GatewayVersion::V9)
    };
    world.sandbox.world().set_gateway(brief).unwrap();
    let account = world.engine.create_gateway(&world.owner, &world.gateway("brief")).await.unwrap().id;
    let view = world.status(account, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("Nobody has scanned"));
    let codes: std::collections::BTreeSet<_> = world
        .log()
        .await
        .into_iter()
        .filter_map(|event| match event.payload {
            Payload::Account(view) if view.id == account => view.code_expires_at,
            _ => None,
        })
        .collect();
    assert_eq!(codes.len(), 6);
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_deleted_device_is_made_again_and_linked_with_a_new_code(#[case] kind: Kind) {
    let mut world = World::new(kind).await;
    let (account, device) = world.linked().await;
    world.customer_writes("before");
    world.until("the first one came", async || world.texts().await.len() == 1).await;
    world.sandbox.world().remove_device(&device).unwrap();
    world.link(account, &device).await;
    world.customer_writes("after");
    world.until("it delivers here again", async || world.texts().await.len() == 2).await;
    assert_eq!(world.texts().await[1], ("after".to_owned(), false));
    // Where it shall deliver cannot be said any more, so it is not made.
    world.change_config(|config| config.webhook_base = None).await;
    world.status(account, AccountStatus::Ready).await;
    world.sandbox.world().remove_device(&device).unwrap();
    let view = world.status(account, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("has no device"));
    world.stop().await;
}

#[tokio::test]
async fn a_deleted_device_that_was_not_ours_is_told_in_words() {
    let world = World::new(Kind::Sqlite).await;
    let device = balas_sandbox::Device::new("v9", "theirs");
    world.sandbox.world().link(&device, PHONE, "Toko Melati").unwrap();
    let form = GatewayForm { device_id: "theirs".to_owned(), ..world.gateway("v9") };
    let account = world.engine.create_gateway(&world.owner, &form).await.unwrap().id;
    world.status(account, AccountStatus::Ready).await;
    world.sandbox.world().remove_device(&device).unwrap();
    let view = world.status(account, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("make it again there under this name"));
    let gateways = world.sandbox.world().gateways();
    let there = gateways.iter().flat_map(|g| &g.devices).any(|d| d.device == device);
    assert!(!there, "who made it may want it gone");
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_was_missed_is_fetched_in_order(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (account, device) = world.linked().await;
    world.customer_writes("before");
    world.until("the first one came", async || world.texts().await.len() == 1).await;
    // Nobody answers, and the deliveries are gone for good.
    let gone = |down| Faults { account: Some(device.to_string()), down, lose: true, ..Faults::default() };
    world.sandbox.world().faults(gone(true)).unwrap();
    let view = world.status(account, AccountStatus::Disconnected).await;
    assert!(view.status_detail.is_some());
    let missed: Vec<_> = (0..7).map(|n| format!("missed {n}")).collect();
    for text in &missed {
        world.customer_writes(text);
    }
    let cloud = world.engine.account(&world.owner, world.account).await.unwrap();
    assert_eq!(cloud.status, AccountStatus::Ready, "another account does not notice");
    world.sandbox.world().clear_faults();
    world.status(account, AccountStatus::Ready).await;
    world.until("all are here", async || world.texts().await.len() == 8).await;
    let mut expected = vec![("before".to_owned(), false)];
    expected.extend(missed.into_iter().map(|text| (text, true)));
    assert_eq!(world.texts().await, expected);
    assert_eq!(world.list().await[0].unread, 8);
    world.customer_writes("after");
    world.until("deliveries flow again", async || world.texts().await.len() == 9).await;
    assert_eq!(world.texts().await[8], ("after".to_owned(), false));
    world.stop().await;
}

#[tokio::test]
async fn a_gateway_that_delivers_nothing_is_found_out() {
    let mut world = World::new(Kind::Sqlite).await;
    let (account, device) = world.linked().await;
    let mute = Faults { account: Some(device.to_string()), lose: true, ..Faults::default() };
    world.sandbox.world().faults(mute).unwrap();
    world.customer_writes("do you hear me?");
    world.until("it was fetched", async || world.texts().await.len() == 1).await;
    assert_eq!(world.texts().await, [("do you hear me?".to_owned(), true)]);
    world
        .until("an alert says so", async || {
            let open = world.engine.alerts(&world.owner, false).await.unwrap();
            open.iter().any(|alert| (alert.account_id, alert.kind) == (account, AlertKind::Mute))
        })
        .await;
    let view = world.engine.account(&world.owner, account).await.unwrap();
    assert_eq!((view.status, view.status_detail), (AccountStatus::Ready, None), "it works");
    // Also a server that was started since knows when it is over.
    world.restart().await;
    world.status(account, AccountStatus::Ready).await;
    assert_eq!(world.engine.alerts(&world.owner, false).await.unwrap().len(), 1);
    world.sandbox.world().clear_faults();
    world.customer_writes("and now?");
    world
        .until("all is well again", async || {
            world.engine.alerts(&world.owner, false).await.unwrap().is_empty()
        })
        .await;
    world.stop().await;
}

#[tokio::test]
async fn a_lost_connection_comes_back_by_itself() {
    let world = World::new(Kind::Sqlite).await;
    let (account, device) = world.linked().await;
    world.sandbox.world().disconnect(&device, true).unwrap();
    world.status(account, AccountStatus::Disconnected).await;
    world.sandbox.world().connect(&device).unwrap();
    world.status(account, AccountStatus::Ready).await;
    world.sandbox.world().disconnect(&device, false).unwrap();
    world
        .until("it was reconnected", async || {
            let gateways = world.sandbox.world().gateways();
            gateways.iter().flat_map(|g| &g.devices).any(|d| d.device == device && d.is_connected)
        })
        .await;
    world.status(account, AccountStatus::Ready).await;
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn after_a_restart_what_ran_goes_on_and_catches_up(#[case] kind: Kind) {
    let mut world = World::new(kind).await;
    let (account, device) = world.linked().await;
    world.customer_writes("before");
    world.until("the first one came", async || world.texts().await.len() == 1).await;
    let second = balas_domain::form::GatewayForm {
        name: "Stopped".to_owned(),
        phone: "+62 811 0000 003".to_owned(),
        ..world.gateway("v9")
    };
    let stopped = world.engine.create_gateway(&world.owner, &second).await.unwrap().id;
    world.status(stopped, AccountStatus::Qr).await;
    world.engine.stop_account(&world.owner, stopped).await.unwrap();
    let away = Faults { account: Some(device.to_string()), lose: true, ..Faults::default() };
    world.sandbox.world().faults(away).unwrap();
    world.customer_writes("while nobody was there");
    world.restart().await;
    world.until("it was fetched", async || world.texts().await.len() == 2).await;
    assert_eq!(world.texts().await[1], ("while nobody was there".to_owned(), true));
    world.status(account, AccountStatus::Ready).await;
    world.status(stopped, AccountStatus::Idle).await;

    let settings = AccountSettings {
        auto_start: true,
        ..world.engine.account(&world.owner, stopped).await.unwrap().settings
    };
    world.engine.set_account_settings(&world.owner, stopped, &settings).await.unwrap();
    world.restart().await;
    world.status(stopped, AccountStatus::Qr).await;
    world.stop().await;
}

#[tokio::test]
async fn many_at_once_tell_how_each_went() {
    let world = World::new(Kind::Sqlite).await;
    let (account, _) = world.linked().await;
    let e = &world.engine;
    let nobody = balas_domain::AccountId(balas_domain::MessageId::new(e.now(), e.random()).0);
    let stopped = e.stop_accounts(&world.owner, &[account, nobody]).await.unwrap();
    assert_eq!(stopped[0].account.as_ref().unwrap().status, AccountStatus::Idle);
    assert_eq!(stopped[1].code.as_deref(), Some("not_found"));
    let started = e.start_accounts(&world.owner, &[account, account]).await.unwrap();
    assert!(started[0].account.is_some());
    assert!(started[1].account.is_some(), "it runs already, which is what was asked for");
    world.status(account, AccountStatus::Ready).await;
    let logged_out = e.log_accounts_out(&world.owner, &[account, world.account]).await.unwrap();
    assert_eq!(logged_out[0].account.as_ref().unwrap().status, AccountStatus::Idle);
    assert_eq!(logged_out[1].code.as_deref(), Some("unsupported"), "no phone is linked to the Cloud API");
    e.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Qr).await;
    assert_eq!(e.stop_all_accounts(&world.owner).await.unwrap().len(), 2);
    assert!(e.accounts(&world.owner).await.unwrap().iter().all(|a| a.status == AccountStatus::Idle));
    world.until("nothing is looked after any more", async || e.running_accounts() == 0).await;
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_new_number_warms_up(#[case] kind: Kind) {
    let mut world = World::new(kind).await;
    let (account, _) = world.linked().await;
    let new = world.engine.account(&world.owner, account).await.unwrap().settings;
    assert!(new.warm_up, "linked just now");
    let quick = balas_domain::TrustLevel::try_from(5).unwrap();
    let settings = AccountSettings { trust_level: quick, daily_limit: None, ..new };
    world.engine.set_account_settings(&world.owner, account, &settings).await.unwrap();
    world.customer_writes("hello");
    world.until("the message came", async || world.texts().await.len() == 1).await;
    let conversation = world.list().await.remove(0).id;
    let first_day = settings.limit_on(1).unwrap();
    let texts: Vec<_> = (0..=first_day).map(|n| world.text(&format!("answer {n}"))).collect();
    for text in &texts {
        world.engine.send(&world.owner, conversation, text).await.unwrap();
    }
    let last = texts.last().unwrap().id;
    let held = async |world: &World| world.message(conversation, last).await.held.map(|held| held.reason);
    world.until("the last one is held", async || held(&world).await == Some(HeldReason::WarmUp)).await;
    assert_eq!(world.sandbox.world().sent(FROM).len(), first_day as usize);

    // The day is remembered over a restart, and so is that it warms up over another start of the account.
    world.restart().await;
    world.status(account, AccountStatus::Ready).await;
    world.engine.stop_account(&world.owner, account).await.unwrap();
    world.engine.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Ready).await;
    let usage = world.engine.account(&world.owner, account).await.unwrap().usage;
    assert_eq!((usage.sent, usage.days_before), (first_day, 0));
    assert_eq!(held(&world).await, Some(HeldReason::WarmUp));

    let known = AccountSettings { warm_up: false, ..settings };
    world.engine.set_account_settings(&world.owner, account, &known).await.unwrap();
    world
        .until("it went when the number needed no warming up", async || {
            world.message(conversation, last).await.delivery.status >= MessageStatus::Sent
        })
        .await;
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_daily_limit_holds_messages_and_loses_none(#[case] kind: Kind) {
    let mut world = World::new(kind).await;
    let (account, _) = world.linked().await;
    let limit = |n| AccountSettings {
        daily_limit: Some(n),
        warm_up: false,
        trust_level: balas_domain::TrustLevel::try_from(5).unwrap(),
        ..AccountSettings::of_new(balas_domain::view::ProviderKind::Gateway)
    };
    world.engine.set_account_settings(&world.owner, account, &limit(1)).await.unwrap();
    world.customer_writes("hello");
    world.until("the message came", async || world.texts().await.len() == 1).await;
    let conversation = world.list().await.remove(0).id;
    let (first, second) = (world.text("first"), world.text("second"));
    world.engine.send(&world.owner, conversation, &first).await.unwrap();
    world.engine.send(&world.owner, conversation, &second).await.unwrap();
    world
        .until("the second one is held", async || {
            world
                .message(conversation, second.id)
                .await
                .held
                .is_some_and(|h| h.reason == HeldReason::DailyLimit)
        })
        .await;
    assert!(world.message(conversation, first.id).await.delivery.status >= MessageStatus::Sent);
    let held = world.message(conversation, second.id).await.held.unwrap();
    // Jakarta's midnight is 17:00 in UTC.
    assert_eq!(held.until.civil(0).hour, 17);
    assert!(held.until > world.engine.now());
    let usage = world.engine.account(&world.owner, account).await.unwrap().usage;
    assert_eq!((usage.sent, usage.day), (1, world.engine.now().civil(7 * 3600).day_number));

    // It is remembered across a restart, and raising the limit lets it go.
    world.restart().await;
    world.status(account, AccountStatus::Ready).await;
    assert_eq!(world.sandbox.world().sent(FROM).len(), 1);
    world.engine.set_account_settings(&world.owner, account, &limit(2)).await.unwrap();
    world
        .until("the second one went", async || {
            world.message(conversation, second.id).await.delivery.status >= MessageStatus::Sent
        })
        .await;
    assert_eq!(world.message(conversation, second.id).await.held, None);
    assert_eq!(world.engine.account(&world.owner, account).await.unwrap().usage.sent, 2);
    let fresh = world.engine.reset_daily_use(&world.owner, account).await.unwrap();
    assert_eq!(fresh.usage.sent, 0);
    let out = world.thread(conversation).await.into_iter().filter(|m| m.direction == Direction::Out).count();
    assert_eq!((out, world.sandbox.world().sent(FROM).len()), (2, 2));
    let wrong = world.engine.set_account_settings(&world.owner, account, &limit(0)).await;
    assert!(matches!(wrong, Err(EngineError::Invalid(_))));
    world.stop().await;
}

#[tokio::test]
async fn a_cloud_number_is_looked_after_while_nobody_writes() {
    let world = World::new(Kind::Sqlite).await;
    let (e, id) = (&world.engine, world.account);
    let mute = async |world: &World| {
        let open = world.engine.alerts(&world.owner, false).await.unwrap();
        open.iter().any(|alert| (alert.account_id, alert.kind) == (id, AlertKind::Mute))
    };
    world.status(id, AccountStatus::Ready).await;
    let view = e.account(&world.owner, id).await.unwrap();
    assert_eq!(view.quality, Some(balas_domain::view::Quality::Green));

    // Somebody has taken the app off the business account.
    world.sandbox.world().faults(Faults { unsubscribed: true, ..Faults::default() }).unwrap();
    world.until("an alert says that nothing is delivered", async || mute(&world).await).await;
    world.status(id, AccountStatus::Ready).await;
    world.sandbox.world().clear_faults();
    world.until("it is over", async || !mute(&world).await).await;

    // Meta cannot be reached: after a while that is said, and it comes back by itself.
    world.sandbox.world().faults(Faults { down: true, ..Faults::default() }).unwrap();
    world.status(id, AccountStatus::Disconnected).await;
    world.sandbox.world().clear_faults();
    world.status(id, AccountStatus::Ready).await;

    // The token was withdrawn.
    world.sandbox.world().faults(Faults { code: Some(190), ..Faults::default() }).unwrap();
    world.status(id, AccountStatus::Error).await;
    let detail = e.account(&world.owner, id).await.unwrap().status_detail.unwrap();
    assert!(detail.contains("token"), "{detail}");
    world.until("nothing is looked after any more", async || e.running_accounts() == 0).await;
    world.stop().await;
}
