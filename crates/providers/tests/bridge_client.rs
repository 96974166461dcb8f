//! What the bridge answers, as its own tests made it, goes through the gateway's client.

#![expect(clippy::unwrap_used, reason = "a test may stop at once, and so may what it calls")]

mod conformance;
mod form;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use balas_domain::{Address, Content, MessageId, Timestamp, content::MediaKind, view::ProviderKind};
use balas_providers::{
    Body, MediaSource, Outgoing, OutgoingFile, Provider,
    gateway::{
        BrowserStatus, DeviceState, Dialect, Gateway, HistoryQuery, LinkStatus, Secrets, Settings, detect,
    },
    http::{Limits, client_with},
    inbound::ConnectionState,
};
use conformance::{Mood, Rig, dropper, nowhere};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, path},
};

const PASSWORD: &str = "pass:word-of-the-bridge";
const SLOT: &str = "acc_1";
/// The voice message that a customer sent.
const FILE: &[u8] = b"OggS\0\x02";
/// After everything in the bridge's tests.
const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn own() -> Address {
    Address::Phone("5511988887777".into())
}

fn peer() -> Address {
    Address::Phone("554198765432".into())
}

fn rest(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bridge/test/golden/rest");
    serde_json::from_slice(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

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
    Gateway::bridge(client, settings, secrets).with_first_wait(Duration::from_millis(1)).with_patience(total)
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
        ("POST", "/send/image", "send_image"),
        ("POST", "/send/video", "send_video"),
        ("POST", "/send/audio", "send_audio"),
        ("POST", "/send/file", "send_file"),
        ("POST", "/send/sticker", "send_sticker"),
        ("POST", "/send/location", "send_location"),
        ("POST", "/send/contact", "send_contact"),
        ("POST", "/send/poll", "send_poll"),
        ("POST", "/message/OURS/update", "message_updated"),
        ("POST", "/message/OURS/revoke", "message_revoked"),
        ("GET", "/message/3EB0C127D7BACC83D6B2/download", "message_download"),
        ("GET", "/chats", "chats"),
        ("GET", "/chat/554198765432@s.whatsapp.net/messages", "chat_messages"),
        ("GET", "/user/info", "user_info"),
        ("GET", "/user/check", "user_check"),
        ("GET", "/group/info", "group_info"),
    ] {
        on(&server, verb, at, name).await;
    }
    let kept = "/statics/media/acc_1/8e47b1e57c17443c05a65a797226e568.ogg";
    let file = ResponseTemplate::new(200).set_body_bytes(FILE);
    Mock::given(method("GET")).and(path(kept)).respond_with(file).mount(&server).await;
    let gateway = made(&server.uri(), Duration::from_secs(20));
    (server, gateway)
}

#[tokio::test]
async fn it_is_detected_as_a_gateway_with_slots() {
    let (server, _) = bridge().await;
    let client =
        client_with(Limits { connect: Duration::from_secs(5), total: Duration::from_secs(20) }).unwrap();
    let found = detect(&client, &server.uri(), "balas", PASSWORD).await.unwrap();
    assert_eq!(found.dialect, Dialect::V8Plus);
    assert!(found.version.unwrap().starts_with("bridge "));
    let [device] = &found.devices[..] else { panic!() };
    assert_eq!(
        (device.id.as_str(), device.jid.as_ref(), device.state),
        (SLOT, Some(&own()), DeviceState::LoggedIn)
    );
}

#[tokio::test]
async fn links_and_slots() {
    let (_server, gateway) = bridge().await;
    let status = gateway.status().await.unwrap();
    let browser =
        BrowserStatus { state: ConnectionState::Ready, reason: None, undelivered: None, blocked: false };
    let ready = LinkStatus { connected: true, logged_in: true, jid: Some(own()), browser: Some(browser) };
    assert_eq!(status, ready);
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
    assert!(page.messages[1].from_us);

    let lid = Address::Lid("251556368777322".into());
    let person = gateway.user_info(&lid).await.unwrap();
    assert_eq!((person.name.as_deref(), person.phone, person.lid), (Some("Ana"), Some(peer()), Some(lid)));
    assert!(gateway.check_number(&peer()).await.unwrap());
    let group = gateway.group_info(&Address::Group("120363402106999999".into())).await.unwrap();
    assert_eq!((group.name.as_deref(), group.members.len()), (Some("Suporte"), 2));
    assert!(group.members[1].admin);
}

#[tokio::test]
async fn phones_play_voice_messages_whose_codec_is_named() {
    let (server, gateway) = bridge().await;
    let on_disk = conformance::on_disk();
    let voice = OutgoingFile {
        kind: MediaKind::Audio,
        voice: true,
        caption: None,
        file_name: "voice.ogg".into(),
        mime: "audio/ogg".into(),
        size: conformance::FILE.len() as u64,
        path: on_disk.path().to_owned(),
    };
    let id: MessageId = "0198c5a0-0000-7000-8000-000000000001".parse().unwrap();
    let body = Body::Media(voice);
    let message = Outgoing { id, to: peer(), body, reply_to: None, mentions: Vec::new() };
    gateway.send(&message).await.unwrap();
    let request = &server.received_requests().await.unwrap()[0];
    let parts = form::read(request.headers["content-type"].to_str().unwrap(), &request.body);
    let [phone, ptt, file] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!((phone.text(), ptt.text()), (("phone", "554198765432@s.whatsapp.net"), ("ptt", "true")));
    assert_eq!((file.name.as_str(), file.mime.as_deref()), ("audio", Some("audio/ogg; codecs=opus")));
    assert_eq!(file.file_name.as_deref(), Some("0198c5a0-0000-7000-8000-000000000001.ogg"));
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

    fn uploads_first(&self) -> bool {
        false
    }

    fn files(&self) -> Vec<MediaSource> {
        let provider_id = "3EB0C127D7BACC83D6B2".to_owned();
        vec![MediaSource { reference: format!("message:{provider_id}"), provider_id, chat: peer() }]
    }

    fn file_content(&self) -> &'static [u8] {
        FILE
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
    conformance::run::<BridgeRig>(ProviderKind::Bridge).await;
}

/// The bridge tells where a picture is, as gateways do. (Its own is at WhatsApp, where no test asks.)
#[tokio::test]
async fn pictures() {
    let server = MockServer::start().await;
    let mut told = rest("user_avatar");
    assert_eq!(told["results"]["url"], "https://pps.whatsapp.net/v/x.jpg");
    told["results"]["url"] = "/statics/avatar/1-a.png".into();
    let answer = ResponseTemplate::new(200).set_body_json(told);
    Mock::given(method("GET")).and(path("/user/avatar")).respond_with(answer).mount(&server).await;
    let file = ResponseTemplate::new(200).set_body_bytes(FILE);
    Mock::given(method("GET")).and(path("/statics/avatar/1-a.png")).respond_with(file).mount(&server).await;
    let gateway = made(&server.uri(), Duration::from_secs(20));
    assert!(gateway.capabilities().pictures);
    assert_eq!(gateway.picture(&peer()).await, Ok(Some(FILE.to_vec())));
}
