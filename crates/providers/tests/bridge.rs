//! The bridge speaks the gateway's language: what it delivers and what it answers, taken from its own tests,
//! goes through the gateway's parser and client.

#![expect(clippy::unwrap_used, reason = "a test may stop at once, and so may what it calls")]

mod conformance;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use balas_domain::{Address, Content, MessageStatus, Timestamp, content::MediaKind, view::ProviderKind};
use balas_providers::{
    Provider,
    gateway::{
        DeviceState, Dialect, Gateway, HistoryQuery, LinkStatus, MediaRef, Origin, Secrets, Settings, detect,
        origin, parse,
    },
    http::{Limits, client_with},
    inbound::{Connection, ConnectionState, Inbound, Message},
};
use conformance::{Mood, Rig, dropper, nowhere};
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, path},
};

const PASSWORD: &str = "pass:word-of-the-bridge";
const SLOT: &str = "acc_1";
/// After everything in the bridge's tests.
const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn own() -> Address {
    Address::Phone("5511988887777".into())
}

fn peer() -> Address {
    Address::Phone("554198765432".into())
}

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bridge/test/golden").join(kind)
}

fn deliveries() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder("webhooks"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(p).unwrap()))
        .collect();
    all.sort();
    all
}

fn rest(name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder("rest").join(format!("{name}.json"))).unwrap()).unwrap()
}

fn read(name: &str) -> Inbound {
    let (_, body) = deliveries().into_iter().find(|(n, _)| n == name).unwrap();
    let [event] = parse(&body, None, NOW).unwrap().try_into().unwrap();
    event
}

// ---- what it delivers -------------------------------------------------------------------------------------

#[test]
fn deliveries_as_we_understand_them() {
    let all = deliveries();
    assert!(all.len() > 40, "{}", all.len());
    for (name, body) in all {
        let events = parse(&body, Some(&own()), NOW).unwrap();
        insta::assert_json_snapshot!(name.clone(), events);
        assert_eq!(events, parse(&body, None, NOW).unwrap(), "{name}: it says itself which number is ours");
        assert_eq!(
            origin(&body).unwrap().session.as_deref(),
            Some(SLOT),
            "{name}: it says whose delivery it is"
        );
        let parked = serde_json::to_value(&events).unwrap();
        assert_eq!(serde_json::from_value::<Vec<Inbound>>(parked).unwrap(), events, "{name}");
    }
}

/// Nothing is left out but what is nobody's business.
#[test]
fn all_of_it_is_of_use() {
    for (name, body) in deliveries() {
        for event in parse(&body, None, NOW).unwrap() {
            if let Inbound::Ignored { kind } = event {
                assert_eq!((name.as_str(), kind.as_str()), (
                    "message_revoke_me",
                    "message.deleted: deleted for us only"
                ));
            }
        }
    }
}

#[test]
fn one_person_under_both_names() {
    let Inbound::Message(message) = read("message_text_in_lid") else { panic!() };
    let known: Vec<_> = message.sender.identities.iter().map(|i| i.value.as_str()).collect();
    assert_eq!((message.chat, known), (peer(), vec!["554198765432", "251556368777322"]));
}

#[test]
fn files_are_to_be_fetched() {
    let Inbound::Message(Message { content: Content::Media(media), provider_id, .. }) = read("message_ptt")
    else {
        panic!()
    };
    assert_eq!((media.kind, media.voice), (MediaKind::Audio, true));
    let reference = media.reference.and_then(|r| MediaRef::read(&r));
    assert_eq!(reference, Some(MediaRef::Message(provider_id)));
}

#[test]
fn a_message_sent_through_it_brings_our_own_id_back() {
    let Inbound::Status(status) = read("message_sent") else { panic!() };
    assert_eq!((status.provider_id.as_str(), status.status), ("3EB0SENT", MessageStatus::Sent));
    assert_eq!(status.callback, Some("0198c5a0-0000-7000-8000-000000000001".parse().unwrap()));
}

#[rstest]
#[case("message_ack_sent", MessageStatus::Sent)]
#[case("message_ack_delivered", MessageStatus::Delivered)]
#[case("message_ack_read", MessageStatus::Read)]
#[case("message_ack_played", MessageStatus::Played)]
#[case("message_ack_failed", MessageStatus::Failed)]
fn receipts(#[case] name: &str, #[case] expected: MessageStatus) {
    let Inbound::Status(status) = read(name) else { panic!() };
    assert_eq!(status.status, expected);
    assert_eq!(status.failure.is_some(), expected == MessageStatus::Failed);
}

#[test]
fn what_was_missed_wants_an_answer_and_the_past_does_not() {
    for (name, past) in [("history_direct", true), ("history_missed", false)] {
        let (_, body) = deliveries().into_iter().find(|(n, _)| n == name).unwrap();
        let events = parse(&body, None, NOW).unwrap();
        assert!(!events.is_empty());
        for event in events {
            assert!(matches!(&event, Inbound::Message(m) if m.history == past), "{name}: {event:?}");
        }
    }
}

#[test]
fn codes_are_not_shown_in_logs() {
    let (Inbound::Connection(qr), Inbound::Connection(pairing)) =
        (read("connection_qr"), read("connection_pairing"))
    else {
        panic!()
    };
    let shown = format!("{qr:?} {pairing:?}");
    let (code, pair_code) = (qr.qr.unwrap(), pairing.pair_code.unwrap());
    assert!(code.starts_with("2@") && !shown.contains(&code) && !shown.contains(&pair_code), "{shown}");
    assert!(qr.qr_expires_at.unwrap() > qr.at);
}

#[rstest]
#[case(json!({"event": "connection.update", "payload": {"state": "dancing"}}), "connection.update: unknown state")]
#[case(json!({"event": "message.sent", "payload": {}}), "message.sent: without id")]
#[case(json!({"event": "group.updated", "payload": {"chat_id": "1@g.us", "field": "x"}}),
    "group.updated: unknown field")]
#[case(json!({"event": "group.updated", "payload": {"chat_id": "628123@s.whatsapp.net", "field": "subject"}}),
    "group.updated: without group")]
#[case(json!({"event": "contact.changed", "payload": {"old_id": "628123@s.whatsapp.net"}}),
    "contact.changed: about nobody")]
#[case(json!({"event": "history.batch", "payload": {"messages": []}}), "history.batch: without messages")]
#[case(json!({"event": "history.batch", "payload": {"messages": [{}]}}), "history.batch: without id")]
fn what_is_no_use_says_why(#[case] body: Value, #[case] expected: &str) {
    let events = parse(body.to_string().as_bytes(), None, NOW).unwrap();
    assert_eq!(events, [Inbound::Ignored { kind: expected.into() }]);
}

#[test]
fn one_damaged_message_costs_no_other() {
    let from = "628123456789@s.whatsapp.net";
    let message = |id: &str| json!({"id": id, "chat_id": from, "from": from, "body": "x", "timestamp": "odd"});
    let body = json!({"event": "history.batch", "payload": {"kind": "missed",
        "messages": [message("1"), 5, {"id": "2"}, message("3")]}});
    let events = parse(body.to_string().as_bytes(), None, NOW).unwrap();
    let [Inbound::Message(one), Inbound::Ignored { .. }, Inbound::Ignored { .. }, Inbound::Message(three)] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((one.provider_id.as_str(), three.provider_id.as_str(), one.at), ("1", "3", NOW));
}

#[test]
fn a_code_that_is_none_is_left_out() {
    for odd in [json!("a b"), json!("é"), json!("x".repeat(1_025)), json!({}), json!("")] {
        let body = json!({"event": "connection.update", "payload": {"state": "qr", "qr": odd}});
        let [Inbound::Connection(Connection { state, qr, .. })] =
            &parse(body.to_string().as_bytes(), None, NOW).unwrap()[..]
        else {
            panic!()
        };
        assert_eq!((*state, qr), (ConnectionState::Qr, &None));
    }
}

// ---- what it answers --------------------------------------------------------------------------------------

fn made(base_url: &str, total: Duration) -> Gateway {
    let settings = Settings {
        base_url: base_url.into(),
        dialect: Dialect::V8Plus,
        device_id: Some(SLOT.into()),
        phone: None,
    };
    let secrets = Secrets {
        user: "balas".into(),
        password: PASSWORD.into(),
        webhook_secret: "signs-all-the-webhooks".into(),
    };
    let client = client_with(Limits { connect: Duration::from_secs(5), total }).unwrap();
    Gateway::new(client, settings, secrets).with_first_wait(Duration::from_millis(1))
}

async fn on(server: &MockServer, verb: &str, at: &str, name: &str) {
    let answer = ResponseTemplate::new(200).set_body_json(rest(name));
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

async fn bridge() -> (MockServer, Gateway) {
    let server = MockServer::start().await;
    for (verb, at, name) in [
        ("GET", "/devices", "devices_list"),
        ("GET", "/devices/acc_1/webhook", "device_webhook"),
        ("GET", "/app/info", "app_info"),
        ("GET", "/app/status", "app_status"),
        ("POST", "/devices", "device_created"),
        ("PATCH", "/devices/acc_1/webhook", "device_webhook"),
        ("POST", "/devices/acc_1/login/code", "login_code"),
        ("POST", "/devices/acc_1/logout", "logged_out"),
        ("POST", "/devices/acc_1/reconnect", "reconnected"),
        ("DELETE", "/devices/acc_1", "device_removed"),
        ("POST", "/send/message", "send_message"),
        ("POST", "/send/chat-presence", "send_chat_presence"),
        ("POST", "/message/3EB0IN/reaction", "reaction_sent"),
        ("POST", "/message/3EB0IN/read", "message_read"),
        ("GET", "/chats", "chats"),
        ("GET", "/chat/554198765432@s.whatsapp.net/messages", "chat_messages"),
        ("GET", "/user/info", "user_info"),
        ("GET", "/user/check", "user_check"),
        ("GET", "/group/info", "group_info"),
    ] {
        on(&server, verb, at, name).await;
    }
    let gateway = made(&server.uri(), Duration::from_secs(20));
    (server, gateway)
}

#[tokio::test]
async fn it_is_detected_as_a_gateway_with_slots() {
    let (server, _) = bridge().await;
    let client = client_with(Limits { connect: Duration::from_secs(5), total: Duration::from_secs(20) }).unwrap();
    let found = detect(&client, &server.uri(), "balas", PASSWORD).await.unwrap();
    assert_eq!(found.dialect, Dialect::V8Plus);
    assert!(found.version.unwrap().starts_with("bridge "));
    let [device] = &found.devices[..] else { panic!() };
    assert_eq!((device.id.as_str(), device.jid.as_ref(), device.state), (
        SLOT,
        Some(&own()),
        DeviceState::LoggedIn
    ));
}

#[tokio::test]
async fn links_and_slots() {
    let (_server, gateway) = bridge().await;
    let status = gateway.status().await.unwrap();
    assert_eq!(status, LinkStatus { connected: true, logged_in: true, jid: Some(own()) });
    assert!(gateway.check().await.unwrap().webhook_subscribed);
    assert_eq!(gateway.pairing_code("+5511988887777").await.unwrap(), "ABCD-1234");
    let secret = "long-enough-and-random";
    let device = gateway.create_device("org_2", "https://inbox.example.org/hook", secret).await.unwrap();
    assert_eq!((device.id.as_str(), device.state), ("org_2", DeviceState::Disconnected));
    gateway.set_webhook("https://inbox.example.org/hook", secret).await.unwrap();
    gateway.reconnect().await.unwrap();
    gateway.logout().await.unwrap();
    gateway.delete_device().await.unwrap();
}

#[tokio::test]
async fn chats_people_and_groups() {
    let (_server, gateway) = bridge().await;
    let chats = gateway.chats(100, 0).await.unwrap();
    let names: Vec<_> = chats.chats.iter().map(|c| c.name.as_deref()).collect();
    assert_eq!((names, chats.total, chats.next_offset), (vec![Some("Ana"), Some("Suporte")], 2, None));
    assert!(chats.chats.iter().all(|c| c.last_message_at.is_some()));

    let page = gateway.messages(&peer(), HistoryQuery::default(), NOW).await.unwrap();
    assert_eq!((page.messages.len(), page.unreadable, page.next_offset), (3, 0, None));
    assert!(matches!(&page.messages[0].content, Content::Media(media) if media.voice));
    assert_eq!(page.messages[1].from_us, true);

    let lid = Address::Lid("251556368777322".into());
    let person = gateway.user_info(&lid).await.unwrap();
    assert_eq!((person.name.as_deref(), person.phone, person.lid), (Some("Ana"), Some(peer()), Some(lid)));
    assert!(gateway.check_number(&peer()).await.unwrap());
    let group = gateway.group_info(&Address::Group("120363402106999999".into())).await.unwrap();
    assert_eq!((group.name.as_deref(), group.members.len()), (Some("Suporte"), 2));
    assert!(group.members[1].admin);
}

// ---- the suite that every provider passes -----------------------------------------------------------------

/// A bridge in a mood.
struct BridgeRig {
    server: Option<MockServer>,
    dropped: Arc<AtomicUsize>,
    gateway: Gateway,
}

#[async_trait]
impl Rig for BridgeRig {
    async fn new(mood: Mood) -> Self {
        let dropped = Arc::new(AtomicUsize::new(0));
        let total = Duration::from_secs(20);
        let bare = match mood {
            Mood::Down => Some(nowhere()),
            Mood::Dropping => Some(dropper(dropped.clone()).await),
            _ => None,
        };
        if let Some(address) = bare {
            return Self { server: None, dropped, gateway: made(&address, total) };
        }
        if mood == Mood::Accepting {
            let (server, gateway) = bridge().await;
            return Self { server: Some(server), dropped, gateway };
        }
        let plain = |http: u16, words: &str| {
            ResponseTemplate::new(http).set_body_raw(words.as_bytes().to_vec(), "text/plain; charset=utf-8")
        };
        let (response, total) = match mood {
            Mood::Unauthorized => (plain(401, "Unauthorized"), total),
            // Not the bridge's own: a proxy before it.
            Mood::Throttling => (plain(429, "Too Many Requests").insert_header("Retry-After", "90"), total),
            Mood::Silent => {
                let late = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
                (late, Duration::from_millis(200))
            }
            // The page went away while it was sending.
            _ => {
                let gone = json!({"code": "GATEWAY_TIMEOUT", "message": "the message may have gone out"});
                (ResponseTemplate::new(504).set_body_json(gone), total)
            }
        };
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(response).mount(&server).await;
        let gateway = made(&server.uri(), total);
        Self { server: Some(server), dropped, gateway }
    }

    fn provider(&self) -> &dyn Provider {
        &self.gateway
    }

    fn customer(&self) -> Address {
        peer()
    }

    fn inbound_id(&self) -> &'static str {
        "3EB0IN"
    }

    async fn requests(&self) -> usize {
        match &self.server {
            Some(server) => server.received_requests().await.unwrap().len(),
            None => self.dropped.load(Ordering::SeqCst),
        }
    }

    fn secrets(&self) -> Vec<&'static str> {
        vec![PASSWORD]
    }
}

#[tokio::test]
async fn the_bridge_conforms() {
    conformance::run::<BridgeRig>(ProviderKind::Gateway).await;
}

#[test]
fn a_delivery_names_its_device() {
    let (_, body) = &deliveries()[0];
    assert_eq!(origin(body), Ok(Origin { session: Some(SLOT.into()), own: Some(own()) }));
}
