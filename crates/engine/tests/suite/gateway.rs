//! Numbers that a gateway links: set up, linked, written to and answered, lost and found again.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use balas_domain::{
    AccountStatus, MessageStatus,
    form::{BridgeForm, GatewayForm, Problem},
    query::NewText,
    socket::{Presence, Typist},
    view::{ConversationView, DeviceAction, DeviceState, Direction},
};
use balas_engine::{EngineError, GatewayChange, GatewayTarget, Signal, WebhookError};
use balas_providers::CheckError;
use balas_sandbox::{Faults, Incoming};
use balas_store::testing::Kind;
use bytes::Bytes;
use rstest::rstest;

use crate::support::{PHONE, World, sign};

const FROM: &str = "6281200001111";

impl World {
    /// A customer writes to the linked phone.
    fn write(&self, text: &str) {
        self.sandbox.world().receive(&Incoming::text(PHONE, FROM, "Sari", text)).unwrap();
    }

    /// Waits until this is the newest message of a conversation.
    async fn arrived(&self, text: &str) -> ConversationView {
        self.until(&format!("“{text}” is in the inbox"), async || {
            self.list().await.iter().any(|c| c.last.as_ref().is_some_and(|l| l.preview.text == text))
        })
        .await;
        let found = self.list().await.into_iter();
        found.into_iter().find(|c| c.last.as_ref().is_some_and(|l| l.preview.text == text)).unwrap()
    }

    pub async fn answer(&self, conversation: &ConversationView, text: &str) -> NewText {
        let new = self.text(text);
        self.engine.send(&self.owner, conversation.id, &new).await.unwrap();
        new
    }

    pub async fn sent_as(&self, conversation: &ConversationView, new: &NewText, status: MessageStatus) {
        self.until(&format!("the message is {status:?}"), async || {
            self.message(conversation.id, new.id).await.delivery.status >= status
        })
        .await;
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_linked_number_receives_and_answers(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (account, device) = world.linked().await;
    let view = world.engine.account(&world.owner, account).await.unwrap();
    assert_eq!(view.phone.as_deref(), Some("+62 81 1000 0002"));
    assert_eq!((view.code_expires_at, view.status_detail), (None, None));
    let setup = world.engine.account_setup(&world.owner, account).await.unwrap();
    assert_eq!(setup.webhook_path, format!("/webhooks/gateway/{account}"));
    assert!(!setup.webhook_by_hand && setup.verify_token.is_none());

    world.write("is it in stock?");
    let conversation = world.arrived("is it in stock?").await;
    assert_eq!((conversation.account_id, conversation.unread), (account, 1));
    assert_eq!(conversation.title, "Sari");
    let new = world.answer(&conversation, "yes, it is").await;
    world.sent_as(&conversation, &new, MessageStatus::Delivered).await;
    assert_eq!(world.sandbox.world().sent(FROM).len(), 1);

    let devices = world.engine.account_devices(&world.owner, account).await.unwrap();
    let own = devices.iter().find(|d| d.own).unwrap();
    assert_eq!((own.id.as_str(), own.state), (device.slot.as_str(), DeviceState::LoggedIn));
    world.engine.delete_account(&world.owner, account, "Linked").await.unwrap();
    assert!(world.list().await.is_empty());
    world
        .until("the device is deleted at the gateway", async || {
            let gateways = world.sandbox.world().gateways();
            !gateways.iter().flat_map(|g| &g.devices).any(|d| d.device == device)
        })
        .await;
    world.stop().await;
}

#[tokio::test]
async fn testing_the_connection_says_what_is_wrong() {
    let world = World::new(Kind::Sqlite).await;
    let good = world.gateway("v9");
    let report = world.engine.check_gateway(&world.owner, &good).await.unwrap();
    assert_eq!((report.slots, report.version.as_deref(), report.linked), (true, Some("v9.2.0"), None));
    let found = async |form| world.engine.check_gateway(&world.owner, &form).await.unwrap_err();
    let mut form = good.clone();
    form.password = "wrong".to_owned();
    assert!(matches!(found(form).await, EngineError::Check(CheckError::WrongPassword)));
    let mut form = good.clone();
    form.base_url = "http://127.0.0.1:9".to_owned();
    assert!(matches!(found(form).await, EngineError::Check(CheckError::Unreachable { .. })));
    let mut form = good.clone();
    form.base_url = world.sandbox.base_url();
    assert!(matches!(found(form).await, EngineError::Check(CheckError::NotGateway { .. })));
    let mut form = good.clone();
    form.device_id = "nowhere".to_owned();
    assert!(matches!(found(form).await, EngineError::Check(CheckError::DeviceUnknown { .. })));
    let mut form = good.clone();
    form.webhook_secret = "secret".to_owned();
    let EngineError::Invalid(errors) = found(form).await else { panic!() };
    assert_eq!((errors[0].field.as_str(), &errors[0].problem), ("webhook_secret", &Problem::DefaultSecret));
    // Another phone than was said.
    let device = balas_sandbox::Device::new("v9", "theirs");
    world.sandbox.world().link(&device, "628559999999", "Other").unwrap();
    let form = GatewayForm { device_id: "theirs".to_owned(), ..good };
    assert!(matches!(found(form).await, EngineError::Check(CheckError::OtherNumber { .. })));
    world.stop().await;
}

#[tokio::test]
async fn one_number_is_connected_once() {
    let world = World::new(Kind::Sqlite).await;
    let (account, _) = world.linked().await;
    let mut twin = world.gateway("v9");
    twin.phone = "628110000002".to_owned();
    taken(&world, &twin).await;
    let devices = world.engine.account_devices(&world.owner, account).await.unwrap();
    assert_eq!(devices.len(), 1, "no device was made for it");
    world.stop().await;
}

async fn taken(world: &World, form: &GatewayForm) {
    let refused = world.engine.create_gateway(&world.owner, form).await;
    let Err(EngineError::Invalid(errors)) = refused else { panic!("{refused:?}") };
    assert_eq!((errors[0].field.as_str(), &errors[0].problem), ("phone", &Problem::Taken), "{}", form.phone);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn one_number_is_connected_once_however_it_is_spelled_and_linked(#[case] kind: Kind) {
    let world = World::new(kind).await;
    // Brazil's mobile numbers have a 9 that WhatsApp may leave out.
    let with = |phone: &str| GatewayForm { phone: phone.to_owned(), ..world.gateway("v9") };
    let first = world.engine.create_gateway(&world.owner, &with("+55 41 99876-5432")).await.unwrap();
    taken(&world, &with("0055 41 9876 5432")).await;
    // What the bridge links counts too.
    let bridged = BridgeForm { name: "Web".to_owned(), phone: "+52 55 1234 5678".to_owned() };
    world.engine.create_bridge_account(&world.owner, &bridged).await.unwrap();
    taken(&world, &with("+52 1 55 1234 5678")).await;
    let devices = world.engine.account_devices(&world.owner, first.id).await.unwrap();
    assert_eq!(devices.len(), 1, "no device was made for them");
    // Another number with the same end is another number.
    world.engine.create_gateway(&world.owner, &with("+55 11 99876-5432")).await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn an_old_gateway_is_told_of_by_hand() {
    let world = World::new(Kind::Sqlite).await;
    let form = world.gateway("v7");
    let account = world.engine.create_gateway(&world.owner, &form).await.unwrap().id;
    let setup = world.engine.account_setup(&world.owner, account).await.unwrap();
    assert!(setup.webhook_by_hand);
    world.status(account, AccountStatus::Qr).await;
    let url = format!("{}{}", world.webhook_base(), setup.webhook_path);
    let gateway = balas_sandbox::Gateway {
        webhook_urls: vec![url],
        webhook_secret: form.webhook_secret.clone(),
        ..balas_sandbox::Gateway::demo(balas_sandbox::GatewayVersion::V7)
    };
    world.sandbox.world().set_gateway(gateway).unwrap();
    world.sandbox.world().scan(&balas_sandbox::Device::new("v7", ""), PHONE, None).unwrap();
    world.status(account, AccountStatus::Ready).await;
    world.write("hello, old one");
    let conversation = world.arrived("hello, old one").await;
    let new = world.answer(&conversation, "hello").await;
    world.sent_as(&conversation, &new, MessageStatus::Sent).await;
    world.stop().await;
}

#[tokio::test]
async fn deliveries_must_be_signed_and_say_whose_they_are() {
    let world = World::new(Kind::Sqlite).await;
    let (account, device) = world.linked().await;
    let other = world.gateway("v9");
    let body = |session: &str, own: &str, text: &str| {
        serde_json::json!({"event": "message", "device_id": format!("{own}@s.whatsapp.net"), "session_id": session,
            "payload": {"id": format!("3A{text}"), "chat_id": "6281200001111@s.whatsapp.net",
            "from": "6281200001111@s.whatsapp.net", "from_name": "Sari", "is_from_me": false,
            "timestamp": balas_domain::Clock::now(&balas_engine::ambient::SystemClock).to_string(), "body": text}})
        .to_string()
    };
    let receive = async |target: GatewayTarget, secret: &str, body: String| {
        let signature = sign(secret, body.as_bytes());
        let e = &world.engine;
        e.receive_gateway_webhook(&target, Some(&signature), Bytes::from(body), None).await
    };
    let own = GatewayTarget::Account(account);
    let mine = body(&device.slot, PHONE, "1");
    assert_eq!(receive(own.clone(), "guessed-secret", mine.clone()).await, Err(WebhookError::BadSignature));
    assert_eq!(
        receive(GatewayTarget::Shared, "guessed-secret", mine.clone()).await,
        Err(WebhookError::BadSignature)
    );
    assert_eq!(
        receive(GatewayTarget::Number("628999".to_owned()), &other.webhook_secret, mine.clone()).await,
        Err(WebhookError::UnknownAccount)
    );
    // The Cloud account's address is no gateway's.
    assert_eq!(
        receive(GatewayTarget::Account(world.account), &other.webhook_secret, mine.clone()).await,
        Err(WebhookError::UnknownAccount)
    );
    // Rightly signed, but another device's: acknowledged and left.
    for foreign in [body("theirs", PHONE, "x"), body("theirs", "628559999999", "x")] {
        assert_eq!(receive(own.clone(), &other.webhook_secret, foreign.clone()).await, Ok(()));
        assert_eq!(receive(GatewayTarget::Shared, &other.webhook_secret, foreign).await, Ok(()));
    }
    for (n, target) in [own, GatewayTarget::Shared, GatewayTarget::Number("+62 811 0000 002".to_owned())]
        .into_iter()
        .enumerate()
    {
        let text = format!("n{n}");
        assert_eq!(receive(target, &other.webhook_secret, body(&device.slot, PHONE, &text)).await, Ok(()));
        world.arrived(&text).await;
    }
    let conversation = world.list().await.remove(0);
    assert_eq!(world.thread(conversation.id).await.len(), 3);
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn new_secrets_take_effect_at_once(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (account, _) = world.linked().await;
    let change = GatewayChange {
        name: Some("Renamed".to_owned()),
        webhook_secret: Some("another-secret".to_owned()),
        ..GatewayChange::default()
    };
    let view = world.engine.update_gateway(&world.owner, account, &change).await.unwrap();
    assert_eq!(view.name, "Renamed");
    world.write("signed anew");
    world.arrived("signed anew").await;
    let wrong = GatewayChange { password: Some("wrong".to_owned()), ..GatewayChange::default() };
    let refused = world.engine.update_gateway(&world.owner, account, &wrong).await;
    assert!(matches!(refused, Err(EngineError::Check(CheckError::WrongPassword))), "{refused:?}");
    let cloud = world.engine.update_gateway(&world.owner, world.account, &change).await;
    assert!(matches!(cloud, Err(EngineError::Unsupported { .. })));
    world.stop().await;
}

#[tokio::test]
async fn a_gateway_that_was_updated_is_looked_at_anew() {
    let world = World::new(Kind::Sqlite).await;
    let e = &world.engine;
    let to_v9 = GatewayChange { base_url: Some(world.sandbox.gateway_url("v9")), ..GatewayChange::default() };
    let own_device = async |account| {
        let devices = e.account_devices(&world.owner, account).await.unwrap();
        devices.into_iter().find(|device| device.own).unwrap().id
    };
    let by_hand = async |account| e.account_setup(&world.owner, account).await.unwrap().webhook_by_hand;
    // Devices have names since version 8. The phone that is linked there already keeps its own.
    let account = e.create_gateway(&world.owner, &world.gateway("v7")).await.unwrap().id;
    assert!(by_hand(account).await);
    let device = balas_sandbox::Device::new("v9", "theirs");
    world.sandbox.world().link(&device, PHONE, "Toko Melati").unwrap();
    e.update_gateway(&world.owner, account, &to_v9).await.unwrap();
    assert!(!by_hand(account).await);
    assert_eq!(own_device(account).await, "theirs");
    world.status(account, AccountStatus::Ready).await;
    // One that is not linked gets one.
    let form = GatewayForm { phone: "+62 811 0000 777".to_owned(), ..world.gateway("v7") };
    let other = e.create_gateway(&world.owner, &form).await.unwrap().id;
    e.update_gateway(&world.owner, other, &to_v9).await.unwrap();
    assert_eq!(own_device(other).await, format!("balas-{other}"));

    // The same address once more: what has changed behind it is seen. Another name asks nobody.
    let changed = balas_sandbox::Gateway {
        password: "changed-there".to_owned(),
        ..balas_sandbox::Gateway::demo(balas_sandbox::GatewayVersion::V9)
    };
    world.sandbox.world().set_gateway(changed).unwrap();
    let refused = e.update_gateway(&world.owner, account, &to_v9).await;
    assert!(matches!(refused, Err(EngineError::Check(CheckError::WrongPassword))), "{refused:?}");
    let name = GatewayChange { name: Some("Renamed".to_owned()), ..GatewayChange::default() };
    assert_eq!(e.update_gateway(&world.owner, account, &name).await.unwrap().name, "Renamed");
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_lost_answer_is_looked_up_and_not_sent_again(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (_, device) = world.linked().await;
    world.write("hello");
    let conversation = world.arrived("hello").await;
    for faults in [
        Faults { gateway_timeout: true, ..Faults::default() },
        Faults { lost_answer: true, ..Faults::default() },
    ] {
        let faults = Faults { account: Some(device.to_string()), times: Some(1), ..faults };
        world.sandbox.world().faults(faults).unwrap();
        let new = world.answer(&conversation, "only once").await;
        world
            .until("the message was found at the gateway", async || {
                let status = world.message(conversation.id, new.id).await.delivery.status;
                matches!(status, MessageStatus::Sent | MessageStatus::Delivered | MessageStatus::Read)
            })
            .await;
    }
    let ours: Vec<_> =
        world.thread(conversation.id).await.into_iter().filter(|m| m.direction == Direction::Out).collect();
    assert_eq!(ours.len(), 2);
    assert_eq!(world.sandbox.world().sent(FROM).len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_customer_who_types_is_seen_typing() {
    let world = World::new(Kind::Sqlite).await;
    let (account, device) = world.linked().await;
    world.write("hello");
    let conversation = world.arrived("hello").await;
    let mut signals = world.engine.live().subscribe(world.owner.workspace);
    let body = serde_json::json!({"event": "chat_presence", "device_id": format!("{PHONE}@s.whatsapp.net"),
        "session_id": device.slot, "timestamp": "2026-01-01T00:00:00Z", "payload": {"from": format!("{FROM}@s.whatsapp.net"),
        "chat_id": format!("{FROM}@s.whatsapp.net"), "state": "composing", "media": "", "is_group": false}})
    .to_string();
    let signature = sign(&world.gateway("v9").webhook_secret, body.as_bytes());
    let target = GatewayTarget::Account(account);
    let taken =
        world.engine.receive_gateway_webhook(&target, Some(&signature), Bytes::from(body), None).await;
    assert_eq!(taken, Ok(()));
    world.settled().await;
    let mut seen = Vec::new();
    while let Ok(signal) = signals.try_recv() {
        if let Signal::Typing { conversation_id, who, presence } = signal {
            seen.push((conversation_id, who, presence));
        }
    }
    assert_eq!(seen, [(conversation.id, Typist::Contact, Presence::Typing)]);
    world.stop().await;
}

#[tokio::test]
async fn a_device_that_is_a_number_of_ours_takes_its_way() {
    let world = World::new(Kind::Sqlite).await;
    let (account, _) = world.linked().await;
    let form = GatewayForm { phone: "+62 811 0000 009".to_owned(), ..world.gateway("v9") };
    let second = world.engine.create_gateway(&world.owner, &form).await.unwrap().id;
    world.status(second, AccountStatus::Qr).await;
    let e = &world.engine;
    let devices = e.account_devices(&world.owner, second).await.unwrap();
    let first = devices.iter().find(|d| d.account == Some(account)).unwrap();
    assert!(!first.own && first.state == DeviceState::LoggedIn);
    e.act_on_device(&world.owner, second, &first.id, DeviceAction::LogOut).await.unwrap();
    world.status(account, AccountStatus::Idle).await;
    world.status(second, AccountStatus::Qr).await;

    // Who has the gateway's password in another workspace does not reach ours through it.
    let stranger =
        e.create_workspace("b", "B", "UTC", &crate::support::owner("b@example.org")).await.unwrap();
    let theirs = GatewayForm { phone: "+62 811 0000 010".to_owned(), ..world.gateway("v9") };
    let theirs = e.create_gateway(&stranger, &theirs).await.unwrap().id;
    let seen = e.account_devices(&stranger, theirs).await.unwrap();
    assert!(seen.iter().all(|d| d.account.is_none_or(|id| id == theirs)));
    let refused = e.act_on_device(&stranger, theirs, &first.id, DeviceAction::LogOut).await;
    assert!(matches!(refused, Err(EngineError::Refused(_))), "{refused:?}");
    let nobody = e.act_on_device(&stranger, theirs, "nobody", DeviceAction::Reconnect).await;
    assert!(matches!(nobody, Err(EngineError::Check(CheckError::DeviceUnknown { .. }))), "{nobody:?}");
    world.stop().await;
}
