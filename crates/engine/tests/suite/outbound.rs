//! The road out: exactly once, or shown as unknown.

use crate::support::{PHONE, World};
use balas_domain::{
    AccountSettings, AccountStatus, JobId, MessageStatus, Priority, Role,
    socket::Presence,
    view::{FailureClass, HeldReason},
};
use balas_engine::{EngineError, ambient::OsRandom};
use balas_sandbox::{Faults, Incoming};
use balas_store::{jobs, testing::Kind};
use rstest::rstest;

const FROM: &str = "6281200001111";

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn an_answer_goes_out_and_its_ticks_come_back(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.receive(FROM, "hello").await;
    let mut answer = world.text("*hi* there");
    answer.reply_to = Some(world.thread(conversation.id).await[0].id);
    let shown = world.engine.send(&world.owner, conversation.id, &answer).await.unwrap();
    assert!(shown.delivery.status <= MessageStatus::Sent, "it may be on its way already");
    world
        .until("it is delivered", async || {
            world.message(conversation.id, answer.id).await.delivery.status >= MessageStatus::Delivered
        })
        .await;
    world.sandbox.world().read(FROM).unwrap();
    world
        .until("it is read", async || {
            world.message(conversation.id, answer.id).await.delivery.status == MessageStatus::Read
        })
        .await;
    let sent = world.sandbox.world().sent(FROM);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].text.as_deref(), Some("*hi* there"));
    assert!(sent[0].reply_to.as_deref().is_some_and(|id| id.starts_with("wamid.")));
    let message = world.message(conversation.id, answer.id).await;
    assert_eq!(message.quote.unwrap().preview.unwrap().text, "hello");
    world.stop().await;
}

#[tokio::test]
async fn the_same_id_is_one_message() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let other = world.receive("6281200002222", "me too").await;
    let answer = world.text("once");
    let (a, b) = tokio::join!(
        world.engine.send(&world.owner, conversation.id, &answer),
        world.engine.send(&world.owner, conversation.id, &answer),
    );
    assert_eq!(a.unwrap().id, b.unwrap().id);
    let elsewhere = world.engine.send(&world.owner, other.id, &answer).await;
    assert!(matches!(elsewhere, Err(EngineError::Conflict { .. })), "{elsewhere:?}");
    world.until("it is sent", async || !world.sandbox.world().sent(FROM).is_empty()).await;
    world.until("no job is left", async || world.pending_jobs().await == 0).await;
    assert_eq!(world.sandbox.world().sent(FROM).len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_in_words() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let send = async |text: &str| {
        world.engine.send(&world.owner, conversation.id, &world.text(text)).await.unwrap_err()
    };
    assert!(matches!(send(" \n ").await, EngineError::Empty));
    assert!(matches!(send(&"x".repeat(4097)).await, EngineError::TooLong { characters: 4097 }));
    let mut stray = world.text("x");
    stray.reply_to = Some(world.text("never sent").id);
    let refused = world.engine.send(&world.owner, conversation.id, &stray).await;
    assert!(matches!(refused, Err(EngineError::NotFound { .. })));
    world.engine.stop_account(&world.owner, world.account).await.unwrap();
    assert!(matches!(send("x").await, EngineError::AccountNotReady { status: AccountStatus::Idle }));
    world.stop().await;
}

#[tokio::test]
async fn outside_the_window_nothing_is_sent() {
    let world = World::new(Kind::Sqlite).await;
    let old = world.engine.now().as_seconds() - 25 * 3600;
    let message = serde_json::json!({"from": FROM, "id": "wamid.old", "timestamp": old.to_string(), "type": "text",
        "text": {"body": "yesterday"}});
    world.deliver(&world.change(&[message], &[])).await.unwrap();
    world.settled().await;
    let conversation = world.list().await.remove(0);
    let refused = world.engine.send(&world.owner, conversation.id, &world.text("late")).await;
    assert!(matches!(refused, Err(EngineError::WindowClosed)), "{refused:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_unknown_then_settled_by_its_status_and_never_sent_twice() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let id = &world.number.phone_number_id;
    let faults = Faults { lost_answer: true, mute: true, ..Faults::default() };
    world.sandbox.world().faults(Faults { account: Some(id.clone()), ..faults }).unwrap();
    let answer = world.text("did it go?");
    world.engine.send(&world.owner, conversation.id, &answer).await.unwrap();
    world
        .until("its outcome is unknown", async || {
            world.message(conversation.id, answer.id).await.delivery.status == MessageStatus::Unknown
        })
        .await;
    let unknown = world.message(conversation.id, answer.id).await;
    assert_eq!(unknown.failure.unwrap().class, FailureClass::Unknown);
    world.sandbox.world().faults(Faults { account: Some(id.clone()), ..Faults::default() }).unwrap();
    world
        .until("the status settles it", async || {
            world.message(conversation.id, answer.id).await.delivery.status >= MessageStatus::Delivered
        })
        .await;
    assert_eq!(world.message(conversation.id, answer.id).await.failure, None);
    assert_eq!(world.sandbox.world().sent(FROM).len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_hiccup_of_the_provider_only_delays() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let faults = Faults { status: Some(503), times: Some(1), ..Faults::default() };
    world.sandbox.world().faults(faults).unwrap();
    let answer = world.text("patience");
    world.engine.send(&world.owner, conversation.id, &answer).await.unwrap();
    world
        .until("it is sent", async || {
            world.message(conversation.id, answer.id).await.delivery.status >= MessageStatus::Sent
        })
        .await;
    assert_eq!(world.sandbox.world().sent(FROM).len(), 1);
    world.stop().await;
}

#[rstest]
#[case::too_fast(130_429, HeldReason::Throttled)]
#[case::too_fast_to_this_customer(131_056, HeldReason::Throttled)]
#[case::not_well(131_000, HeldReason::Unreachable)]
#[tokio::test]
async fn what_is_put_off_says_why_and_until_when(#[case] code: i64, #[case] reason: HeldReason) {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let faults = Faults { code: Some(code), retry_after: Some(3600), ..Faults::default() };
    world.sandbox.world().faults(faults).unwrap();
    let answer = world.text("later");
    world.engine.send(&world.owner, conversation.id, &answer).await.unwrap();
    world.until("it says why", async || world.message(conversation.id, answer.id).await.held.is_some()).await;
    let message = world.message(conversation.id, answer.id).await;
    let held = message.held.unwrap();
    assert_eq!((message.delivery.status, held.reason), (MessageStatus::Queued, reason));
    assert!(held.until > world.engine.now());
    world.stop().await;
}

#[tokio::test]
async fn a_refused_message_fails_with_words_and_can_be_sent_again() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    world
        .sandbox
        .world()
        .faults(Faults { code: Some(131_026), times: Some(1), ..Faults::default() })
        .unwrap();
    let answer = world.text("again");
    world.engine.send(&world.owner, conversation.id, &answer).await.unwrap();
    world
        .until("it failed", async || {
            world.message(conversation.id, answer.id).await.delivery.status == MessageStatus::Failed
        })
        .await;
    let failure = world.message(conversation.id, answer.id).await.failure.unwrap();
    assert_eq!((failure.class, failure.code), (FailureClass::Recipient, Some(131_026)));
    let again = world.engine.retry(&world.owner, answer.id).await.unwrap();
    assert_eq!(again.delivery.attempt, 2);
    world
        .until("it is sent", async || {
            world.message(conversation.id, answer.id).await.delivery.status >= MessageStatus::Sent
        })
        .await;
    let twice = world.engine.retry(&world.owner, answer.id).await;
    assert!(matches!(twice, Err(EngineError::NothingToRetry)));
    world.stop().await;
}

#[tokio::test]
async fn an_expired_token_stops_the_account_and_keeps_the_message() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    world.sandbox.world().faults(Faults { code: Some(190), ..Faults::default() }).unwrap();
    let answer = world.text("kept");
    world.engine.send(&world.owner, conversation.id, &answer).await.unwrap();
    world
        .until("the account says so", async || {
            world.engine.account(&world.owner, world.account).await.unwrap().status == AccountStatus::Error
        })
        .await;
    let account = world.engine.account(&world.owner, world.account).await.unwrap();
    assert!(account.status_detail.is_some_and(|d| d.contains("token")));
    world.sandbox.world().faults(Faults::default()).unwrap();
    world.engine.start_account(&world.owner, world.account).await.unwrap();
    world
        .until("the message goes", async || {
            world.message(conversation.id, answer.id).await.delivery.status >= MessageStatus::Sent
        })
        .await;
    world.stop().await;
}

#[tokio::test]
async fn a_message_that_was_being_sent_when_the_lights_went_out_is_unknown() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    world.engine.stop_account(&world.owner, world.account).await.unwrap();
    // As a crash between "sending" was stored and the answer came leaves it.
    let now = world.engine.now();
    let mut write = world.engine.store().write(world.owner.workspace, now).await.unwrap();
    let id = world.text("x").id;
    let row = balas_store::messages::NewMessage {
        id,
        conversation_id: conversation.id,
        account_id: world.account,
        provider_id: None,
        direction: balas_domain::view::Direction::Out,
        author: balas_store::messages::AuthorRef::Api("test".to_owned()),
        content: balas_domain::Content::text("x"),
        delivery: balas_domain::Delivery { attempt: 1, status: MessageStatus::Sending },
        quote_provider_id: None,
        quote_message_id: None,
        at: now,
        counts_unread: false,
        source: balas_store::messages::Source::Live,
        origin: None,
    };
    balas_store::messages::insert(&mut write, &row).await.unwrap();
    let job = jobs::NewJob {
        id: JobId::new(now, &OsRandom),
        kind: "send".to_owned(),
        payload: serde_json::json!({"message_id": id}),
        priority: Priority::Urgent,
        queue_key: Some(conversation.id.to_string()),
        run_at: now,
        idempotency_key: None,
    };
    jobs::enqueue(world.owner.workspace, write.tx(), &job).await.unwrap();
    write.commit().await.unwrap();
    world.engine.start_account(&world.owner, world.account).await.unwrap();
    world
        .until("it is unknown", async || {
            world.message(conversation.id, id).await.delivery.status == MessageStatus::Unknown
        })
        .await;
    assert!(world.sandbox.world().sent(FROM).is_empty());
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_ends_the_server_again_and_again_is_given_up(#[case] kind: Kind) {
    let mut world = World::new(kind).await;
    let conversation = world.receive(FROM, "hello").await;
    let (answer, now, ws) = (world.text("poison"), world.engine.now(), world.owner.workspace);
    let row = balas_store::messages::NewMessage {
        id: answer.id,
        conversation_id: conversation.id,
        account_id: world.account,
        provider_id: None,
        direction: balas_domain::view::Direction::Out,
        author: balas_store::messages::AuthorRef::Api("test".to_owned()),
        content: balas_domain::Content::text(answer.text),
        delivery: balas_domain::Delivery::QUEUED,
        quote_provider_id: None,
        quote_message_id: None,
        at: now,
        counts_unread: false,
        source: balas_store::messages::Source::Live,
        origin: None,
    };
    let job = jobs::NewJob {
        id: JobId::new(now, &OsRandom),
        kind: "send".to_owned(),
        payload: serde_json::json!({"message_id": answer.id}),
        priority: Priority::Urgent,
        queue_key: Some(conversation.id.to_string()),
        run_at: now,
        idempotency_key: None,
    };
    world
        .restart_after(async |store| {
            let mut write = store.write(ws, now).await.unwrap();
            balas_store::messages::insert(&mut write, &row).await.unwrap();
            jobs::enqueue(ws, write.tx(), &job).await.unwrap();
            write.commit().await.unwrap();
            // It is taken up and the process dies with it, each time it starts.
            for turn in 0..jobs::MOST_INTERRUPTIONS {
                let mut tx = store.begin().await.unwrap();
                let until = now.after(std::time::Duration::from_hours(1));
                let taken = if turn == 0 {
                    jobs::claim(&mut tx, now, until, 9, &Priority::ALL).await.unwrap().pop()
                } else {
                    jobs::claim_interrupted(&mut tx, now, until).await.unwrap()
                };
                assert_eq!(taken.unwrap().id, job.id);
                jobs::release_all(&mut tx).await.unwrap();
                tx.commit().await.unwrap();
            }
        })
        .await;
    world
        .until("it has failed", async || {
            world.message(conversation.id, answer.id).await.delivery.status == MessageStatus::Failed
        })
        .await;
    let failure = world.message(conversation.id, answer.id).await.failure.unwrap();
    assert!(failure.text.contains("interrupted again and again"), "{failure:?}");
    world.until("no job is left", async || world.pending_jobs().await == 0).await;
    let mut tx = world.engine.store().read().await.unwrap();
    let dead = jobs::dead(ws, &mut tx, 10).await.unwrap();
    drop(tx);
    assert_eq!((dead.len(), dead[0].id), (1, job.id));
    assert_eq!(dead[0].last_error.as_deref(), Some("its worker died or hung five times in a row"));
    assert!(world.sandbox.world().sent(FROM).is_empty());

    // Whoever wants it sent all the same says so.
    world.engine.retry(&world.owner, answer.id).await.unwrap();
    world.until("it is sent", async || !world.sandbox.world().sent(FROM).is_empty()).await;
    world.stop().await;
}

#[tokio::test]
async fn a_flood_of_campaign_jobs_never_delays_a_reply() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    world.sandbox.world().faults(Faults { delay_ms: 150, ..Faults::default() }).unwrap();
    let now = world.engine.now();
    let mut write = world.engine.store().write(world.owner.workspace, now).await.unwrap();
    for n in 0..400 {
        let message = world.text(&format!("offer {n}"));
        let row = balas_store::messages::NewMessage {
            id: message.id,
            conversation_id: conversation.id,
            account_id: world.account,
            provider_id: None,
            direction: balas_domain::view::Direction::Out,
            author: balas_store::messages::AuthorRef::Api("campaign".to_owned()),
            content: balas_domain::Content::text(message.text),
            delivery: balas_domain::Delivery::QUEUED,
            quote_provider_id: None,
            quote_message_id: None,
            at: now,
            counts_unread: false,
            source: balas_store::messages::Source::Live,
            origin: None,
        };
        balas_store::messages::insert(&mut write, &row).await.unwrap();
        let job = jobs::NewJob {
            id: JobId::new(now, &OsRandom),
            kind: "send".to_owned(),
            payload: serde_json::json!({"message_id": message.id}),
            priority: Priority::Campaign,
            queue_key: None,
            run_at: now,
            idempotency_key: None,
        };
        jobs::enqueue(world.owner.workspace, write.tx(), &job).await.unwrap();
    }
    write.commit().await.unwrap();
    world.until("the campaign is under way", async || world.sandbox.world().sent(FROM).len() > 3).await;
    let before = world.sandbox.world().sent(FROM).len();
    let answer = world.text("a person answers");
    world.engine.send(&world.owner, conversation.id, &answer).await.unwrap();
    world
        .until("the reply is out", async || {
            world.sandbox.world().sent(FROM).iter().any(|m| m.text.as_deref() == Some("a person answers"))
        })
        .await;
    let place =
        world.sandbox.world().sent(FROM).iter().position(|m| m.text.as_deref() == Some("a person answers"));
    // Two rounds of what may be under way at once, of 400.
    assert!(place.unwrap() - before <= 2 * 16, "{place:?} after {before}");
    world.stop().await;
}

#[tokio::test]
async fn reading_clears_the_badge_and_tells_the_customer() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    assert_eq!(conversation.unread, 1);
    let agent = world.member(Role::Agent).await;
    world.engine.mark_read(&agent, conversation.id).await.unwrap();
    assert_eq!(world.list().await[0].unread, 0);
    world.until("the provider was told", async || world.sandbox.world().unread(FROM) == 0).await;
    world.engine.mark_read(&agent, conversation.id).await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn without_read_receipts_the_badge_goes_and_the_customer_hears_nothing() {
    let world = World::new(Kind::Sqlite).await;
    let before = world.engine.account(&world.owner, world.account).await.unwrap().settings;
    let quiet = AccountSettings { read_receipts: false, ..before.clone() };
    world.engine.set_account_settings(&world.owner, world.account, &quiet).await.unwrap();
    let conversation = world.receive(FROM, "hello").await;
    world.engine.mark_read(&world.owner, conversation.id).await.unwrap();
    assert_eq!(world.list().await[0].unread, 0);
    // Typing would mark the message as read too.
    world.engine.typing(&world.owner, conversation.id, Presence::Typing).await.unwrap();
    let answer = world.text("an answer all the same");
    world.engine.send(&world.owner, conversation.id, &answer).await.unwrap();
    world.until("all is done", async || world.pending_jobs().await == 0).await;
    let phone = world.sandbox.world();
    assert_eq!((phone.unread(FROM), phone.typing(FROM), phone.sent(FROM).len()), (1, false, 1));

    world.engine.set_account_settings(&world.owner, world.account, &before).await.unwrap();
    phone.receive(&Incoming::text(&world.number.phone_number_id, FROM, "Sari", "still there?")).unwrap();
    // Need not be the newest: providers tell whole seconds.
    world.until("it came", async || world.list().await[0].unread == 1).await;
    world.engine.mark_read(&world.owner, conversation.id).await.unwrap();
    world.until("the customer is told of both", async || phone.unread(FROM) == 0).await;
    world.stop().await;
}

#[tokio::test]
async fn typing_can_be_kept_from_a_gateways_customers() {
    let world = World::new(Kind::Sqlite).await;
    let (account, _) = world.linked().await;
    let phone = world.sandbox.world();
    phone.receive(&Incoming::text(PHONE, FROM, "Sari", "hello")).unwrap();
    world.until("it is here", async || world.list().await.len() == 1).await;
    let conversation = world.list().await.remove(0).id;
    let set = async |read_receipts, typing| {
        let before = world.engine.account(&world.owner, account).await.unwrap().settings;
        let settings = AccountSettings { read_receipts, typing, ..before };
        world.engine.set_account_settings(&world.owner, account, &settings).await.unwrap();
    };
    set(true, false).await;
    world.engine.typing(&world.owner, conversation, Presence::Typing).await.unwrap();
    world.engine.mark_read(&world.owner, conversation).await.unwrap();
    world.until("what was read is told", async || phone.unread(FROM) == 0).await;
    assert!(!phone.typing(FROM));
    // It reads nothing, so it needs no read receipts.
    set(false, true).await;
    world.engine.typing(&world.owner, conversation, Presence::Typing).await.unwrap();
    world.until("the customer sees it", async || phone.typing(FROM)).await;
    world.stop().await;
}
