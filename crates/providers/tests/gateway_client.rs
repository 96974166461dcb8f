//! The gateway's client before a stand-in of the gateway, in both dialects.

#![expect(clippy::unwrap_used, reason = "a test may stop at once, and so may what it calls")]

mod conformance;
mod form;

use std::{
    fs,
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use balas_domain::{
    Address, Content, MessageId, SendAs, Timestamp,
    content::{Card, MediaKind, Poll},
    socket::Presence,
    view::{FailureClass, ProviderKind},
};
use balas_providers::{
    Body, CallError, CheckError, Checked, Download, FetchError, MediaSource, Outcome, Outgoing, OutgoingFile,
    Provider, SendError,
    gateway::{
        Detected, DeviceState, Dialect, Gateway, HistoryQuery, LinkStatus, MediaRef, Secrets, Settings,
        detect,
    },
    http::{Limits, client_with},
};
use conformance::{ASKED_WAIT, Mood, Rig, dropper, nowhere, on_disk};
use futures::TryStreamExt;
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, body_json, header, method, path, query_param},
};

const USER: &str = "balas";
const PASSWORD: &str = "pass:word-of-the-gateway";
const WEBHOOK_SECRET: &str = "signs-all-the-webhooks";
const SLOT: &str = "org_2";
const JID: &str = "628123456789@s.whatsapp.net";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gowa").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn settings(base_url: &str, dialect: Dialect) -> Settings {
    let device_id = (dialect == Dialect::V8Plus).then(|| SLOT.to_owned());
    Settings { base_url: base_url.into(), dialect, device_id, phone: None }
}

fn secrets() -> Secrets {
    Secrets { user: USER.into(), password: PASSWORD.into(), webhook_secret: WEBHOOK_SECRET.into() }
}

fn made(settings: Settings, total: Duration) -> Gateway {
    let client = client_with(Limits { connect: Duration::from_secs(5), total }).unwrap();
    Gateway::new(client, settings, secrets()).with_first_wait(Duration::from_millis(1)).with_patience(total)
}

fn gateway(base_url: &str, dialect: Dialect) -> Gateway {
    made(settings(base_url, dialect), Duration::from_secs(20))
}

fn new(base_url: &str) -> Gateway {
    gateway(base_url, Dialect::V8Plus)
}

fn old(base_url: &str) -> Gateway {
    gateway(base_url, Dialect::V7)
}

fn phone() -> Address {
    Address::Phone("628123456789".into())
}

fn own() -> Address {
    Address::Phone("628987654321".into())
}

fn message(to: Address, body: Body) -> Outgoing {
    let id: MessageId = "0198c5a0-0000-7000-8000-000000000001".parse().unwrap();
    Outgoing { id, to, body, reply_to: None, mentions: Vec::new() }
}

fn text(text: &str) -> Outgoing {
    message(phone(), Body::Text { text: text.into() })
}

fn answer(http: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(http).set_body_json(body)
}

fn refusal(code: &str, words: &str) -> Value {
    json!({"code": code, "message": words})
}

fn plain(http: u16, words: &str) -> ResponseTemplate {
    ResponseTemplate::new(http).set_body_raw(words.as_bytes().to_vec(), "text/plain; charset=utf-8")
}

/// What Fiber answers where no route is.
fn no_route(what: &str) -> ResponseTemplate {
    plain(404, &format!("Cannot {what}"))
}

fn web_page(http: u16) -> ResponseTemplate {
    ResponseTemplate::new(http).set_body_raw(b"<!DOCTYPE html><title>Hello</title>".to_vec(), "text/html")
}

async fn on(server: &MockServer, verb: &str, at: &str, response: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at)).respond_with(response).mount(server).await;
}

async fn always(response: ResponseTemplate) -> (MockServer, Gateway) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    let gateway = new(&server.uri());
    (server, gateway)
}

async fn seen(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

async fn calls(server: &MockServer) -> Vec<String> {
    seen(server)
        .await
        .iter()
        .map(|r| {
            let query = r.url.query().map(|q| format!("?{q}")).unwrap_or_default();
            format!("{} {}{query}", r.method, r.url.path())
        })
        .collect()
}

async fn send_error(response: ResponseTemplate) -> SendError {
    let (server, gateway) = always(response).await;
    let error = gateway.send(&text("hi")).await.unwrap_err();
    assert_eq!(seen(&server).await.len(), 1, "sending is never repeated");
    error
}

// ---- the suite that every provider passes -----------------------------------------------------------------

/// A gateway in a mood.
struct GatewayRig {
    server: Option<MockServer>,
    dropped: Arc<AtomicUsize>,
    gateway: Gateway,
}

/// The file that a customer sent.
const FILE: &[u8] = b"\xff\xd8\xffand so on";

fn source(reference: &str) -> MediaSource {
    MediaSource { reference: reference.into(), provider_id: "3EB0IN".into(), chat: phone() }
}

async fn healthy(server: &MockServer, dialect: Dialect) {
    let done = json!({"code": "SUCCESS", "message": "done", "results": {"message_id": "chat-presence-start",
        "status": "done"}});
    let (rest, status) = match dialect {
        Dialect::V7 => (
            "rest-v7",
            json!({"code": "SUCCESS", "message": "m", "results": {"is_connected": true,
            "is_logged_in": true, "device_id": "628987654321:64@s.whatsapp.net"}}),
        ),
        Dialect::V8Plus => ("rest-v9", fixture("rest-v9/app_status.json")),
    };
    on(server, "POST", "/send/message", answer(200, &fixture(&format!("{rest}/send_message.json")))).await;
    for kind in ["image", "video", "audio", "file", "sticker", "location", "contact", "poll"] {
        let sent = fixture(&format!("{rest}/send_message.json"));
        on(server, "POST", &format!("/send/{kind}"), answer(200, &sent)).await;
    }
    for change in ["update", "revoke"] {
        on(server, "POST", &format!("/message/OURS/{change}"), answer(200, &done)).await;
    }
    let file = ResponseTemplate::new(200).set_body_bytes(FILE);
    on(server, "GET", "/statics/media/1752404751-ad9e.jpe", file.clone()).await;
    on(server, "GET", "/statics/media/628123456789/2026-08-20/x.jpeg", file).await;
    let download = answer(200, &fixture("rest-v9/message_download.json"));
    on(server, "GET", "/message/3EB0IN/download", download).await;
    on(server, "POST", "/send/chat-presence", answer(200, &done)).await;
    on(server, "POST", "/message/3EB0IN/read", answer(200, &done)).await;
    let reacted = answer(200, &fixture("rest-v9/reaction_sent.json"));
    on(server, "POST", "/message/3EB0IN/reaction", reacted).await;
    on(server, "GET", "/app/status", answer(200, &status)).await;
    if dialect == Dialect::V8Plus {
        on(server, "GET", "/devices", answer(200, &fixture("rest-v9/devices_list.json"))).await;
        let webhook = answer(200, &fixture("rest-v9/device_webhook.json"));
        on(server, "GET", "/devices/org_2/webhook", webhook).await;
    } else {
        on(server, "GET", "/devices", no_route("GET /devices")).await;
        on(server, "GET", "/app/devices", answer(200, &fixture("rest-v7/app_devices.json"))).await;
    }
}

impl GatewayRig {
    async fn of(mood: Mood, dialect: Dialect) -> Self {
        let dropped = Arc::new(AtomicUsize::new(0));
        let bare = match mood {
            Mood::Down => Some(nowhere()),
            Mood::Dropping => Some(dropper(dropped.clone()).await),
            _ => None,
        };
        if let Some(address) = bare {
            return Self { server: None, dropped, gateway: gateway(&address, dialect) };
        }
        let server = MockServer::start().await;
        let response = match mood {
            Mood::Unauthorized => {
                Some(plain(401, "Unauthorized").insert_header("WWW-Authenticate", "basic realm=Restricted"))
            }
            Mood::Throttling => Some(plain(429, "Too Many Requests").insert_header("Retry-After", "90")),
            Mood::Silent => Some(answer(200, &json!({})).set_delay(Duration::from_mins(1))),
            Mood::Mumbling => Some(answer(200, &json!({"code": "SUCCESS", "message": "Message sent"}))),
            _ => None,
        };
        match response {
            Some(response) => Mock::given(any()).respond_with(response).mount(&server).await,
            None => healthy(&server, dialect).await,
        }
        let total = if mood == Mood::Silent { Duration::from_millis(250) } else { Duration::from_secs(20) };
        let gateway = made(settings(&server.uri(), dialect), total);
        Self { server: Some(server), dropped, gateway }
    }

    async fn requests(&self) -> usize {
        match &self.server {
            Some(server) => seen(server).await.len(),
            None => self.dropped.load(Ordering::SeqCst),
        }
    }
}

macro_rules! rig {
    ($name:ident, $dialect:expr) => {
        struct $name(GatewayRig);

        #[async_trait]
        impl Rig for $name {
            async fn new(mood: Mood) -> Self {
                Self(GatewayRig::of(mood, $dialect).await)
            }
            fn provider(&self) -> &dyn Provider {
                &self.0.gateway
            }
            fn customer(&self) -> Address {
                phone()
            }
            fn inbound_id(&self) -> &'static str {
                "3EB0IN"
            }
            fn uploads_first(&self) -> bool {
                false
            }
            fn files(&self) -> Vec<MediaSource> {
                // There, to be fetched, and tidied up meanwhile.
                let all = ["statics/media/1752404751-ad9e.jpe", "message:3EB0IN", "statics/media/gone.jpe"];
                all.map(source).to_vec()
            }
            fn file_content(&self) -> &'static [u8] {
                FILE
            }
            async fn requests(&self) -> usize {
                self.0.requests().await
            }
            fn secrets(&self) -> Vec<&'static str> {
                vec![PASSWORD, WEBHOOK_SECRET]
            }
        }
    };
}

rig!(OldRig, Dialect::V7);
rig!(NewRig, Dialect::V8Plus);

#[tokio::test]
async fn version_7_conforms() {
    assert_eq!(ASKED_WAIT.as_secs(), 90, "the rig writes it as text");
    conformance::run::<OldRig>(ProviderKind::Gateway).await;
}

#[tokio::test]
async fn version_8_and_newer_conform() {
    conformance::run::<NewRig>(ProviderKind::Gateway).await;
}

// ---- sending ----------------------------------------------------------------------------------------------

#[rstest]
#[case(phone(), JID)]
#[case(Address::Lid("251556368777322".into()), "251556368777322@lid")]
#[case(Address::Group("120363402106999999".into()), "120363402106999999@g.us")]
#[tokio::test]
async fn a_text_goes_out_as_the_gateway_wants_it(#[case] to: Address, #[case] jid: &str) {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/gowa/send/message"))
        .and(header("authorization", "Basic YmFsYXM6cGFzczp3b3JkLW9mLXRoZS1nYXRld2F5"))
        .and(header("x-device-id", SLOT))
        .and(header("idempotency-key", "0198c5a0-0000-7000-8000-000000000001"))
        .and(body_json(json!({"phone": jid, "message": "Olá <b>", "reply_message_id": "3EB0A"})))
        .respond_with(answer(200, &fixture("rest-v9/send_message.json")))
        .expect(1)
        .mount(&server)
        .await;
    let body = Body::Text { text: "Olá <b>".into() };
    let outgoing = Outgoing { reply_to: Some("3EB0A".into()), ..message(to, body) };
    let sent = new(&format!("{}/gowa/", server.uri())).send(&outgoing).await.unwrap();
    assert_eq!((sent.provider_id.as_str(), sent.identities.len()), ("3EB00106E8BE0F407E88EC", 0));
    assert!(!seen(&server).await[0].url.as_str().contains(PASSWORD), "no secret in an address");
}

#[tokio::test]
async fn mentions_are_bare_numbers_and_whole_linked_ids() {
    let server = MockServer::start().await;
    healthy(&server, Dialect::V8Plus).await;
    let group = Address::Group("120363402106999999".into());
    let mentions = vec![phone(), Address::Lid("2515".into()), Address::User("US.1".into())];
    let body = Body::Text { text: "@628123456789 @2515".into() };
    new(&server.uri()).send(&Outgoing { mentions, ..message(group, body) }).await.unwrap();
    let sent = seen(&server).await[0].body_json::<Value>().unwrap();
    assert_eq!(sent["mentions"], json!(["628123456789", "2515@lid"]));
}

#[tokio::test]
async fn version_7_gets_no_slot() {
    let server = MockServer::start().await;
    healthy(&server, Dialect::V7).await;
    let mut settings = settings(&server.uri(), Dialect::V7);
    settings.device_id = Some("of no use".into());
    made(settings, Duration::from_secs(20)).send(&text("hi")).await.unwrap();
    let request = &seen(&server).await[0];
    assert!(!request.headers.contains_key("x-device-id"));
    assert_eq!(request.body_json::<Value>().unwrap(), json!({"phone": JID, "message": "hi"}));
}

#[tokio::test]
async fn without_a_user_there_are_no_credentials() {
    let server = MockServer::start().await;
    healthy(&server, Dialect::V7).await;
    let client = client_with(Limits::default()).unwrap();
    let open = Secrets { webhook_secret: WEBHOOK_SECRET.into(), ..Secrets::default() };
    let gateway = Gateway::new(client, settings(&server.uri(), Dialect::V7), open);
    gateway.send(&text("hi")).await.unwrap();
    assert!(!seen(&server).await[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn reactions_read_marks_and_typing() {
    let server = MockServer::start().await;
    let done = json!({"code": "SUCCESS", "message": "m", "results": {"message_id": "3EB0AA11"}});
    Mock::given(any()).respond_with(answer(200, &done)).mount(&server).await;
    let gateway = new(&server.uri());
    let group = Address::Group("120363402106999999".into());
    for emoji in ["👍", ""] {
        let body = Body::Reaction { target: "3EB0IN".into(), emoji: emoji.into() };
        let sent = gateway.send(&message(group.clone(), body)).await.unwrap();
        assert_eq!(sent.provider_id, "3EB0AA11");
    }
    gateway.mark_read(&phone(), "3EB0IN").await.unwrap();
    gateway.typing(&phone(), Presence::Typing, None).await.unwrap();
    gateway.typing(&phone(), Presence::Paused, None).await.unwrap();
    let seen: Vec<(String, Value)> =
        seen(&server).await.iter().map(|r| (r.url.path().to_owned(), r.body_json().unwrap())).collect();
    let call = |path: &str, body: Value| (path.to_owned(), body);
    assert_eq!(
        seen,
        [
            call("/message/3EB0IN/reaction", json!({"phone": "120363402106999999@g.us", "emoji": "👍"})),
            call("/message/3EB0IN/reaction", json!({"phone": "120363402106999999@g.us", "emoji": ""})),
            call("/message/3EB0IN/read", json!({"phone": JID})),
            call("/send/chat-presence", json!({"phone": JID, "action": "start"})),
            call("/send/chat-presence", json!({"phone": JID, "action": "stop"})),
        ]
    );
}

// ---- files and other kinds --------------------------------------------------------------------------------

fn file(on_disk: &NamedTempFile, send_as: SendAs, mime: &str) -> OutgoingFile {
    OutgoingFile {
        kind: send_as.kind(),
        voice: send_as.voice(),
        caption: None,
        file_name: "Preço 1.bin".into(),
        mime: mime.into(),
        size: conformance::FILE.len() as u64,
        path: on_disk.path().to_owned(),
    }
}

#[rstest]
#[case(SendAs::Image, "image/jpg", "image", "jpg", "image/jpeg", &[("compress", "false")])]
#[case(SendAs::Video, "video/mp4", "video", "mp4", "video/mp4", &[("compress", "false")])]
#[case(SendAs::Video, "video/x-msvideo", "video", "avi", "video/avi", &[("compress", "false")])]
#[case(SendAs::Audio, "audio/mp4", "audio", "m4a", "audio/m4a", &[])]
#[case(SendAs::Voice, "audio/ogg; codecs=opus", "audio", "ogg", "audio/ogg", &[("ptt", "true")])]
#[case(SendAs::Document, "application/pdf", "file", "", "application/pdf", &[])]
#[case(SendAs::Sticker, "image/webp", "sticker", "webp", "image/webp", &[])]
#[tokio::test]
async fn files_go_out_as_forms(
    #[case] send_as: SendAs,
    #[case] mime: &str,
    #[case] field: &str,
    #[case] ending: &str,
    #[case] declared: &str,
    #[case] more: &[(&str, &str)],
    #[values(Dialect::V7, Dialect::V8Plus)] dialect: Dialect,
) {
    let server = MockServer::start().await;
    healthy(&server, dialect).await;
    let on_disk = on_disk();
    let caption = send_as.takes_caption().then(|| "Olá <b>".to_owned());
    let body = Body::Media(OutgoingFile { caption: caption.clone(), ..file(&on_disk, send_as, mime) });
    let outgoing = Outgoing { reply_to: Some("3EB0A".into()), ..message(phone(), body) };
    let sent = gateway(&server.uri(), dialect).send(&outgoing).await.unwrap();
    assert!(!sent.provider_id.is_empty());

    let [request] = &seen(&server).await[..] else { panic!() };
    assert_eq!(request.url.path(), format!("/send/{field}"));
    assert_eq!(request.headers["idempotency-key"], "0198c5a0-0000-7000-8000-000000000001");
    assert_eq!(request.headers.contains_key("x-device-id"), dialect == Dialect::V8Plus);
    assert_eq!(request.headers["content-length"], request.body.len().to_string(), "not in chunks");
    let mut parts = form::read(request.headers["content-type"].to_str().unwrap(), &request.body);
    let sent = parts.pop().unwrap();
    let named = match send_as {
        SendAs::Document => "Preço 1.bin".to_owned(),
        _ => format!("0198c5a0-0000-7000-8000-000000000001.{ending}"),
    };
    assert_eq!((sent.name.as_str(), sent.file_name), (field, Some(named)));
    assert_eq!(sent.mime.as_deref(), Some(declared));
    assert!(sent.bytes == conformance::FILE);
    let mut texts: Vec<_> = parts.iter().map(form::Part::text).collect();
    texts.sort_unstable();
    let mut expected = vec![("phone", JID), ("reply_message_id", "3EB0A")];
    expected.extend(more);
    expected.extend(caption.as_deref().map(|caption| ("caption", caption)));
    expected.sort_unstable();
    assert_eq!(texts, expected);
}

#[rstest]
#[case(
    Body::Location { latitude: -6.2, longitude: 0.000_000_1, name: Some("Office".into()), address: None },
    "location",
    json!({"latitude": "-6.2", "longitude": "0.0000001"})
)]
#[case(
    Body::Contacts { cards: vec![Card { name: "Ana \n Maria".into(), phones: vec!["+62 812-3456".into()] }] },
    "contact",
    json!({"contact_name": "Ana Maria", "contact_phone": "628123456"})
)]
#[case(
    Body::Poll(Poll { question: "Lunch? ".into(), options: vec!["Pizza".into(), " Soup".into()], max_answer: 2 }),
    "poll",
    json!({"question": "Lunch?", "options": ["Pizza", "Soup"], "max_answer": 2})
)]
#[tokio::test]
async fn other_kinds_go_out_as_the_gateway_wants_them(
    #[case] body: Body,
    #[case] call: &str,
    #[case] mut expected: Value,
) {
    let server = MockServer::start().await;
    healthy(&server, Dialect::V8Plus).await;
    let outgoing = Outgoing { reply_to: Some("3EB0A".into()), ..message(phone(), body) };
    new(&server.uri()).send(&outgoing).await.unwrap();
    expected["phone"] = json!(JID);
    expected["reply_message_id"] = json!("3EB0A");
    let [request] = &seen(&server).await[..] else { panic!() };
    assert_eq!(request.url.path(), format!("/send/{call}"));
    assert_eq!(request.body_json::<Value>().unwrap(), expected);
}

#[rstest]
#[case::not_uploaded(answer(500, &refusal("UPLOAD_MEDIA_ERROR", "m")), FailureClass::Transient, Outcome::NotSent)]
#[case::not_taken(answer(400, &refusal("VALIDATION_ERROR", "m")), FailureClass::Invalid, Outcome::NotSent)]
#[case::too_large(plain(413, "Request Entity Too Large"), FailureClass::Invalid, Outcome::NotSent)]
#[case::not_linked(answer(401, &refusal("AUTHENTICATION_ERROR", "m")), FailureClass::Auth, Outcome::NotSent)]
#[case::gave_up(answer(504, &refusal("GATEWAY_TIMEOUT", "m")), FailureClass::Unknown, Outcome::Unknown)]
#[case::bad_gateway(ResponseTemplate::new(502), FailureClass::Unknown, Outcome::Unknown)]
#[case::web_page(web_page(200), FailureClass::Unknown, Outcome::Unknown)]
#[tokio::test]
async fn what_becomes_of_a_file(
    #[case] response: ResponseTemplate,
    #[case] class: FailureClass,
    #[case] outcome: Outcome,
) {
    let (server, gateway) = always(response).await;
    let on_disk = on_disk();
    let body = Body::Media(file(&on_disk, SendAs::Image, "image/png"));
    let error = gateway.send(&message(phone(), body)).await.unwrap_err();
    assert_eq!((error.class, error.outcome), (class, outcome), "{error:?}");
    assert_eq!(seen(&server).await.len(), 1, "never sent twice");
}

/// Who has only a part of a form cannot have sent anything.
#[tokio::test]
async fn a_form_that_broke_off_sent_nothing() {
    for hangs in [false, true] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.read_exact(&mut [0; 1_000]).await.unwrap();
                if hangs {
                    kept.push(stream);
                }
            }
        });
        // More than the system keeps in its buffers.
        let on_disk = NamedTempFile::new().unwrap();
        on_disk.as_file().set_len(40_000_000).unwrap();
        let large = file(&on_disk, SendAs::Document, "application/pdf");
        let body = Body::Media(OutgoingFile { size: 40_000_000, ..large });
        let patience = if hangs { Duration::from_millis(200) } else { Duration::from_secs(20) };
        let error = new(&base).with_patience(patience).send(&message(phone(), body)).await.unwrap_err();
        assert_eq!((error.class, error.outcome), (FailureClass::Transient, Outcome::NotSent), "{error:?}");
        assert!(error.text.contains("as a whole"), "{error:?}");
    }
}

/// Longer than the client waits for other calls.
#[tokio::test]
async fn files_may_take_their_time() {
    let server = MockServer::start().await;
    let sent = answer(200, &fixture("rest-v9/send_message.json")).set_delay(Duration::from_millis(150));
    Mock::given(method("POST")).respond_with(sent).mount(&server).await;
    let kept = ResponseTemplate::new(200).set_body_bytes(FILE).set_delay(Duration::from_millis(150));
    Mock::given(method("GET")).respond_with(kept).mount(&server).await;
    let hasty = client_with(Limits { total: Duration::from_millis(50), ..Limits::default() }).unwrap();
    let gateway = Gateway::new(hasty, settings(&server.uri(), Dialect::V8Plus), secrets());
    gateway.send(&text("hi")).await.unwrap_err();
    let on_disk = on_disk();
    let body = Body::Media(file(&on_disk, SendAs::Image, "image/png"));
    gateway.send(&message(phone(), body)).await.unwrap();
    let download = gateway.fetch(&source("statics/media/1752404751-ad9e.jpe")).await.unwrap();
    assert_eq!(whole(download).await.as_deref(), Ok(FILE));
}

// ---- changing what is out ---------------------------------------------------------------------------------

#[tokio::test]
async fn edits_and_revocations() {
    let server = MockServer::start().await;
    healthy(&server, Dialect::V8Plus).await;
    let gateway = new(&server.uri());
    let group = Address::Group("120363402106999999".into());
    gateway.edit(&phone(), "OURS", "better").await.unwrap();
    gateway.revoke(&group, "OURS").await.unwrap();
    let seen: Vec<(String, Value)> =
        seen(&server).await.iter().map(|r| (r.url.path().to_owned(), r.body_json().unwrap())).collect();
    assert_eq!(
        seen,
        [
            ("/message/OURS/update".to_owned(), json!({"phone": JID, "message": "better"})),
            ("/message/OURS/revoke".to_owned(), json!({"phone": "120363402106999999@g.us"})),
        ]
    );
    let Err(CallError::Failed(empty)) = gateway.edit(&phone(), "OURS", " ").await else { panic!() };
    assert_eq!((empty.class, empty.outcome), (FailureClass::Invalid, Outcome::NotSent));
    let user = Address::User("US.1".into());
    assert!(matches!(gateway.edit(&user, "1", "x").await, Err(CallError::Unsupported { .. })));
    assert!(matches!(gateway.revoke(&user, "1").await, Err(CallError::Unsupported { .. })));
}

#[tokio::test]
async fn what_became_of_a_change() {
    let problem = || answer(500, &refusal("INTERNAL_SERVER_ERROR", "failed to delete the local copy"));
    for (response, edit, revoke) in [
        (answer(400, &refusal("VALIDATION_ERROR", "m")), Outcome::NotSent, Outcome::NotSent),
        // An edit's problem is one, a revocation's may have come afterwards.
        (problem(), Outcome::NotSent, Outcome::Unknown),
        (answer(504, &refusal("GATEWAY_TIMEOUT", "m")), Outcome::Unknown, Outcome::Unknown),
    ] {
        let (server, gateway) = always(response).await;
        let Err(CallError::Failed(error)) = gateway.edit(&phone(), "OURS", "x").await else { panic!() };
        assert_eq!(error.outcome, edit, "{error:?}");
        assert!(edit == Outcome::NotSent || error.text.contains("may be changed"), "{error:?}");
        let Err(CallError::Failed(error)) = gateway.revoke(&phone(), "OURS").await else { panic!() };
        assert_eq!(error.outcome, revoke, "{error:?}");
        assert!(revoke == Outcome::NotSent || error.text.contains("may be deleted"), "{error:?}");
        assert_eq!(seen(&server).await.len(), 2, "neither is repeated");
    }
}

// ---- files that came --------------------------------------------------------------------------------------

async fn whole(download: Download) -> Result<Vec<u8>, FetchError> {
    download.bytes.map_ok(|piece| piece.to_vec()).try_concat().await
}

#[tokio::test]
async fn files_are_fetched_from_where_they_are() {
    let server = MockServer::start().await;
    for at in ["/gowa/statics/media/a.jpe", "/gowa/statics/media/628123456789/2026-08-20/x.jpeg"] {
        on(&server, "GET", at, ResponseTemplate::new(200).set_body_bytes(FILE)).await;
    }
    let mut found = fixture("rest-v9/message_download.json");
    found["results"]["filename"] = json!("offer.pdf");
    found["results"]["mime_type"] = json!("application/pdf");
    // Written as where it lies on the gateway's disk.
    found["results"]["file_path"] = json!("/app/statics/media/628123456789/2026-08-20/x.jpeg");
    on(&server, "GET", "/gowa/message/3EB0IN/download", answer(200, &found)).await;
    let gateway = new(&format!("{}/gowa", server.uri()));
    let kept = gateway.fetch(&source("statics/media/a.jpe")).await.unwrap();
    assert_eq!((kept.mime.as_deref(), kept.size), (None, Some(FILE.len() as u64)));
    assert_eq!(whole(kept).await.as_deref(), Ok(FILE));
    // A reference of something else: the message itself will do.
    for reference in ["message:3EB0IN", "1003383421387256", "https://mmg.whatsapp.net/x"] {
        let fetched = gateway.fetch(&source(reference)).await.unwrap();
        assert_eq!(
            (fetched.mime.as_deref(), fetched.file_name.as_deref()),
            (Some("application/pdf"), Some("offer.pdf"))
        );
        assert_eq!(whole(fetched).await.as_deref(), Ok(FILE));
    }
    let called = calls(&server).await;
    assert_eq!(called.len(), 7);
    assert_eq!(called[1], format!("GET /gowa/message/3EB0IN/download?phone={JID}"));
}

#[rstest]
#[case::expired(answer(500, &refusal("INTERNAL_SERVER_ERROR",
    "failed to download media: download failed with status code 403")), "Gone")]
#[case::no_file(answer(500, &refusal("INTERNAL_SERVER_ERROR",
    "message X does not contain downloadable media")), "Gone")]
#[case::not_found(answer(404, &refusal("NOT_FOUND", "WhatsApp no longer has this file")), "Gone")]
#[case::unknown(answer(500, &refusal("INTERNAL_SERVER_ERROR", "message with ID X not found")), "Later")]
#[case::slow(answer(504, &refusal("GATEWAY_TIMEOUT", "m")), "Later")]
#[case::starting(answer(503, &refusal("DEVICE_MANAGER_UNAVAILABLE", "m")), "Later")]
#[case::disconnected(answer(401, &refusal("AUTHENTICATION_ERROR", "please reconnect")), "Later")]
#[case::not_linked(answer(401, &refusal("AUTHENTICATION_ERROR", "you are not logged in")), "Auth")]
#[case::no_device(answer(404, &refusal("DEVICE_NOT_FOUND", "m")), "Auth")]
#[case::password(plain(401, "Unauthorized"), "Auth")]
#[case::elsewhere(ResponseTemplate::new(302).insert_header("location", "http://192.0.2.1/x"), "Auth")]
#[case::too_old(no_route("GET /message/3EB0IN/download"), "Unsupported")]
#[case::refused(answer(400, &refusal("VALIDATION_ERROR", "phone: is odd")), "Unsupported")]
#[case::nowhere(answer(200, &refusal("SUCCESS", "m")), "Later")]
#[case::outside(answer(200, &json!({"code": "SUCCESS", "results": {"file_path": "statics/../../etc/passwd"}})),
    "Later")]
#[case::foreign(answer(200, &json!({"code": "SUCCESS", "results": {"file_path": "http://192.0.2.1/x"}})),
    "Later")]
#[tokio::test]
async fn what_the_gateway_says_of_a_file(#[case] response: ResponseTemplate, #[case] variant: &str) {
    let (_server, gateway) = always(response).await;
    let error = gateway.fetch(&source("message:3EB0IN")).await.unwrap_err();
    assert!(format!("{error:?}").starts_with(variant), "{error:?}");
    let words = error.to_string();
    assert!(words.len() > 20 && words.ends_with('.') && !words.contains(".."), "{words}");
}

/// Gateways know a file's chat by one name, and say no to the other.
#[tokio::test]
async fn a_file_is_asked_for_under_both_names_of_a_person() {
    let server = MockServer::start().await;
    let (by_phone, by_lid) = (query_param("phone", JID), query_param("phone", "251556368777322@lid"));
    let download = || Mock::given(path("/message/3EB0IN/download"));
    let other_chat = refusal("INTERNAL_SERVER_ERROR", "message 3EB0IN does not belong to chat X");
    download().and(by_phone).respond_with(answer(500, &other_chat)).mount(&server).await;
    let found = answer(200, &fixture("rest-v9/message_download.json"));
    download().and(by_lid).respond_with(found).expect(1).mount(&server).await;
    let mut info = fixture("rest-v9/user_info.json");
    info["results"]["resolved_lid"] = json!("251556368777322@lid");
    on(&server, "GET", "/user/info", answer(200, &info)).await;
    healthy(&server, Dialect::V8Plus).await;
    let fetched = new(&server.uri()).fetch(&source("message:3EB0IN")).await.unwrap();
    assert_eq!(whole(fetched).await.as_deref(), Ok(FILE));
}

#[tokio::test]
async fn the_password_is_not_led_away_by_a_file() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let away = ResponseTemplate::new(302).insert_header("location", format!("{}/x", other.uri()));
    on(&server, "GET", "/statics/media/a.jpe", away).await;
    let error = new(&server.uri()).fetch(&source("statics/media/a.jpe")).await.unwrap_err();
    assert!(matches!(&error, FetchError::Auth { reason } if reason.contains("leads on to")), "{error:?}");
    assert_eq!(seen(&other).await.len(), 0);
}

#[tokio::test]
async fn who_cannot_be_reached_is_refused_before() {
    let gateway = new(&nowhere());
    let user = Address::User("US.1349".into());
    let error = gateway.send(&message(user.clone(), Body::Text { text: "hi".into() })).await.unwrap_err();
    assert_eq!((error.class, error.outcome), (FailureClass::Invalid, Outcome::NotSent));
    assert!(matches!(gateway.mark_read(&user, "1").await, Err(CallError::Unsupported { .. })));
    assert!(matches!(
        gateway.typing(&user, Presence::Typing, None).await,
        Err(CallError::Unsupported { .. })
    ));
}

#[rstest]
#[case("err_validation", 400, FailureClass::Invalid, Outcome::NotSent)]
#[case("err_invalid_jid", 400, FailureClass::Recipient, Outcome::NotSent)]
#[case("err_device_required_400", 400, FailureClass::Auth, Outcome::NotSent)]
#[case("err_device_not_found_404", 404, FailureClass::Auth, Outcome::NotSent)]
#[case("err_not_logged_in_401", 401, FailureClass::Auth, Outcome::NotSent)]
#[case("err_reachout_429", 429, FailureClass::Policy, Outcome::NotSent)]
#[case("err_internal_500", 500, FailureClass::Invalid, Outcome::NotSent)]
#[case("err_timeout_504", 504, FailureClass::Unknown, Outcome::Unknown)]
#[tokio::test]
async fn refusals_have_their_class(
    #[case] name: &str,
    #[case] http: u16,
    #[case] class: FailureClass,
    #[case] outcome: Outcome,
) {
    let error = send_error(answer(http, &fixture(&format!("rest-v9/{name}.json")))).await;
    assert_eq!((error.class, error.outcome), (class, outcome), "{error:?}");
    assert_eq!(error.code, (name == "err_reachout_429").then_some(463));
}

#[rstest]
#[case::wrong_password(plain(401, "Unauthorized"), FailureClass::Auth, Outcome::NotSent)]
#[case::disconnected(answer(401, &refusal("AUTHENTICATION_ERROR",
    "you are not connect to services server, please reconnect")), FailureClass::Transient, Outcome::NotSent)]
#[case::starting(answer(503, &refusal("DEVICE_MANAGER_UNAVAILABLE", "m")), FailureClass::Transient,
    Outcome::NotSent)]
#[case::timed_out_inside(answer(500, &refusal("INTERNAL_SERVER_ERROR",
    "timed out waiting for message send response")), FailureClass::Unknown, Outcome::Unknown)]
#[case::context(answer(408, &refusal("CONTEXT_ERROR", "m")), FailureClass::Unknown, Outcome::Unknown)]
#[case::proxy_gave_up(web_page(504), FailureClass::Unknown, Outcome::Unknown)]
#[case::bad_proxy(web_page(502), FailureClass::Unknown, Outcome::Unknown)]
#[case::busy_proxy(web_page(503), FailureClass::Transient, Outcome::NotSent)]
#[case::web_page(web_page(200), FailureClass::Unknown, Outcome::Unknown)]
#[case::foreign_json(answer(200, &json!({"ok": true})), FailureClass::Unknown, Outcome::Unknown)]
#[case::no_route(no_route("POST /send/message"), FailureClass::Invalid, Outcome::NotSent)]
#[case::too_large(plain(413, "Request Entity Too Large"), FailureClass::Invalid, Outcome::NotSent)]
#[case::new_code(answer(418, &refusal("TEAPOT", "short and stout")), FailureClass::Invalid, Outcome::NotSent)]
#[case::endless(ResponseTemplate::new(200).set_body_bytes(vec![b' '; 9 << 20]), FailureClass::Unknown,
    Outcome::Unknown)]
#[tokio::test]
async fn odd_answers(
    #[case] response: ResponseTemplate,
    #[case] class: FailureClass,
    #[case] outcome: Outcome,
) {
    let error = send_error(response).await;
    assert_eq!((error.class, error.outcome), (class, outcome), "{error:?}");
    assert!(error.text.ends_with('.'), "{}", error.text);
}

#[tokio::test]
async fn the_password_never_goes_to_another_host() {
    let other = MockServer::start().await;
    for http in [301, 302, 303, 307, 308] {
        let away = ResponseTemplate::new(http).insert_header("location", format!("{}/login", other.uri()));
        let error = send_error(away.clone()).await;
        assert_eq!((error.class, error.outcome), (FailureClass::Auth, Outcome::NotSent), "{http}");
        let (_server, gateway) = always(away).await;
        let error = gateway.check().await.unwrap_err();
        assert!(matches!(&error, CheckError::Elsewhere { to, .. } if *to == other.uri()), "{error:?}");
        assert_eq!(error.field(), Some("base_url"));
    }
    assert_eq!(seen(&other).await.len(), 0);
}

#[tokio::test]
async fn a_password_in_an_answer_is_not_repeated() {
    let error = send_error(answer(400, &refusal("BAD_REQUEST", &format!("odd: {PASSWORD}")))).await;
    assert!(error.text.contains("odd: …") && !format!("{error:?}").contains(PASSWORD), "{error:?}");
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?} {:?}", new("http://127.0.0.1:1"), secrets());
    for secret in [PASSWORD, WEBHOOK_SECRET, USER] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains(SLOT));
}

#[tokio::test]
async fn settings_that_make_no_request_are_refused() {
    for (settings, secrets, field) in [
        (settings("ftp://host", Dialect::V7), secrets(), "base_url"),
        (
            Settings { device_id: Some("a+b".into()), ..settings(&nowhere(), Dialect::V8Plus) },
            secrets(),
            "device_id",
        ),
        (settings(&nowhere(), Dialect::V7), Secrets { password: "a\nb".into(), ..secrets() }, "password"),
    ] {
        let gateway = Gateway::new(client_with(Limits::default()).unwrap(), settings, secrets);
        let error = gateway.send(&text("hi")).await.unwrap_err();
        assert_eq!((error.class, error.outcome), (FailureClass::Auth, Outcome::NotSent));
        assert_eq!(gateway.check().await.unwrap_err().field(), Some(field));
    }
}

#[tokio::test]
async fn harmless_calls_are_repeated_a_little() {
    let starting = || answer(503, &refusal("DEVICE_MANAGER_UNAVAILABLE", "m"));
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(starting()).up_to_n_times(2).mount(&server).await;
    Mock::given(any()).respond_with(answer(200, &refusal("SUCCESS", "m"))).mount(&server).await;
    new(&server.uri()).mark_read(&phone(), "3EB0IN").await.unwrap();
    assert_eq!(seen(&server).await.len(), 3);
    for (response, requests) in [
        (starting(), 3),
        (web_page(502), 3),
        (web_page(504), 1),
        (web_page(200), 1),
        (plain(401, "Unauthorized"), 1),
        (answer(500, &fixture("rest-v9/err_internal_500.json")), 1),
    ] {
        let (server, gateway) = always(response).await;
        assert!(matches!(gateway.mark_read(&phone(), "3EB0IN").await, Err(CallError::Failed(_))));
        assert_eq!(seen(&server).await.len(), requests);
    }
}

// ---- finding out what stands there ------------------------------------------------------------------------

async fn found(server: &MockServer) -> Result<Detected, CheckError> {
    let client =
        client_with(Limits { connect: Duration::from_secs(5), total: Duration::from_secs(20) }).unwrap();
    detect(&client, &server.uri(), USER, PASSWORD).await
}

#[tokio::test]
async fn dialects_are_detected() {
    let server = MockServer::start().await;
    healthy(&server, Dialect::V7).await;
    let detected = found(&server).await.unwrap();
    assert_eq!((detected.dialect, detected.version, detected.devices.len()), (Dialect::V7, None, 1));
    assert_eq!(detected.devices[0].jid, Some(own()));
    assert_eq!(calls(&server).await, ["GET /devices", "GET /app/devices"]);

    let server = MockServer::start().await;
    healthy(&server, Dialect::V8Plus).await;
    let detected = found(&server).await.unwrap();
    assert_eq!((detected.dialect, detected.version), (Dialect::V8Plus, None), "8 does not tell its version");
    let device = &detected.devices[0];
    assert_eq!((device.id.as_str(), &device.jid, device.state), (SLOT, &Some(own()), DeviceState::LoggedIn));
    let info = json!({"code": "SUCCESS", "message": "m", "results": {"version": "v9.2.0", "os": "linux"}});
    on(&server, "GET", "/app/info", answer(200, &info)).await;
    assert_eq!(found(&server).await.unwrap().version.as_deref(), Some("v9.2.0"));
    assert!(seen(&server).await.iter().all(|r| !r.headers.contains_key("x-device-id")));

    // Nothing linked yet.
    let server = MockServer::start().await;
    on(&server, "GET", "/app/devices", answer(200, &fixture("rest-v7/app_devices_none.json"))).await;
    on(&server, "GET", "/devices", no_route("GET /devices")).await;
    assert_eq!(found(&server).await.unwrap().devices, []);
}

#[rstest]
#[case::wrong_password(plain(401, "Unauthorized"), "WrongPassword", Some("password"))]
#[case::web_page(web_page(200), "NotGateway", Some("base_url"))]
#[case::missing_web_page(web_page(404), "NotGateway", Some("base_url"))]
#[case::foreign_json(answer(200, &json!({"ok": true})), "NotGateway", Some("base_url"))]
#[case::foreign_refusal(answer(400, &json!({"error": "x"})), "NotGateway", Some("base_url"))]
#[case::empty(ResponseTemplate::new(204), "NotGateway", Some("base_url"))]
#[case::https_wanted(
    plain(400, "Client sent an HTTP request to an HTTPS server."),
    "NotGateway",
    Some("base_url")
)]
#[case::bad_proxy(web_page(502), "Busy", None)]
#[case::slow_proxy(web_page(504), "Busy", None)]
#[case::starting(answer(503, &refusal("DEVICE_MANAGER_UNAVAILABLE", "m")), "Busy", None)]
#[case::too_fast(plain(429, "Too Many Requests").insert_header("Retry-After", "7"), "Busy", None)]
#[tokio::test]
async fn what_is_no_gateway(
    #[case] response: ResponseTemplate,
    #[case] variant: &str,
    #[case] field: Option<&str>,
) {
    let (server, gateway) = always(response).await;
    for error in [found(&server).await.unwrap_err(), gateway.check().await.unwrap_err()] {
        assert!(format!("{error:?}").starts_with(variant), "{error:?}");
        assert_eq!(error.field(), field);
        assert_eq!(error.may_pass(), variant == "Busy");
        let words = error.to_string();
        assert!(words.ends_with('.') && !words.contains("..") && !words.contains(PASSWORD), "{words}");
    }
}

/// Says these bytes to everybody who connects. Ends with the test's runtime.
async fn sayer(bytes: &'static [u8]) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

#[tokio::test]
async fn what_cannot_be_talked_to() {
    let client =
        client_with(Limits { connect: Duration::from_secs(5), total: Duration::from_secs(20) }).unwrap();
    let at = async |url: String| detect(&client, &url, USER, PASSWORD).await.unwrap_err();

    let error = at(nowhere()).await;
    assert!(matches!(error, CheckError::Unreachable { by: ProviderKind::Gateway, .. }), "{error:?}");
    assert_eq!((error.field(), error.may_pass()), (Some("base_url"), true));

    let port = sayer(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    let error = at(format!("http://127.0.0.1:{port}")).await;
    assert!(matches!(error, CheckError::NotHttp { .. }), "{error:?}");

    // Plain HTTP where TLS is expected.
    let port = sayer(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let error = at(format!("https://127.0.0.1:{port}")).await;
    assert!(matches!(error, CheckError::Tls { .. }), "{error:?}");
    assert_eq!((error.field(), error.may_pass()), (Some("base_url"), false));

    for (url, field) in [("", "base_url"), ("gopher://x", "base_url"), ("http://u:p@127.0.0.1/", "base_url")]
    {
        assert_eq!(at(url.to_owned()).await.field(), Some(field), "{url}");
    }
    let error = detect(&client, &nowhere(), "a:b", "x").await.unwrap_err();
    assert_eq!(error.field(), Some("user"));
}

// ---- checking the settings --------------------------------------------------------------------------------

#[tokio::test]
async fn good_settings() {
    let expected = Checked {
        display_phone: own().label(),
        verified_name: "Me".into(),
        quality: None,
        webhook_subscribed: true,
    };
    let server = MockServer::start().await;
    healthy(&server, Dialect::V8Plus).await;
    assert_eq!(new(&server.uri()).check().await, Ok(expected.clone()));
    assert_eq!(calls(&server).await, ["GET /devices", "GET /app/status", "GET /devices/org_2/webhook"]);
    let server = MockServer::start().await;
    healthy(&server, Dialect::V7).await;
    assert_eq!(old(&server.uri()).check().await, Ok(expected.clone()));

    // Before 7.7 there was no status, and before 8.10 no webhook of one's own.
    let server = MockServer::start().await;
    on(&server, "GET", "/app/status", no_route("GET /app/status")).await;
    on(&server, "GET", "/devices/org_2/webhook", no_route("GET /devices/org_2/webhook")).await;
    healthy(&server, Dialect::V7).await;
    assert_eq!(old(&server.uri()).check().await, Ok(expected));
}

#[tokio::test]
async fn a_slot_without_webhook_is_told() {
    let server = MockServer::start().await;
    let none = json!({"code": "SUCCESS", "message": "m", "results": {"device_id": SLOT, "webhook_url": ""}});
    on(&server, "GET", "/devices/org_2/webhook", answer(200, &none)).await;
    healthy(&server, Dialect::V8Plus).await;
    assert!(!new(&server.uri()).check().await.unwrap().webhook_subscribed);
}

async fn check_error(settings: Settings, at: &str, response: ResponseTemplate) -> CheckError {
    let server = MockServer::start().await;
    on(&server, "GET", at, response).await;
    healthy(&server, settings.dialect).await;
    let settings = Settings { base_url: server.uri(), ..settings };
    made(settings, Duration::from_secs(20)).check().await.unwrap_err()
}

fn status(connected: bool, logged_in: bool) -> ResponseTemplate {
    let results = json!({"is_connected": connected, "is_logged_in": logged_in, "device_id": SLOT});
    answer(200, &json!({"code": "SUCCESS", "message": "m", "results": results}))
}

#[tokio::test]
async fn each_step_shows_another_mistake() {
    let slot = || settings("", Dialect::V8Plus);
    let nobody = answer(200, &json!({"code": "SUCCESS", "message": "m", "results": null}));

    let error = check_error(slot(), "/app/status", status(false, false)).await;
    assert_eq!((&error, error.may_pass()), (&CheckError::NotLinked, false));
    let error = check_error(slot(), "/app/status", status(false, true)).await;
    assert_eq!((&error, error.may_pass()), (&CheckError::NotConnected, true));
    let words = answer(401, &fixture("rest-v9/err_not_logged_in_401.json"));
    assert_eq!(check_error(slot(), "/app/status", words).await, CheckError::NotLinked);

    let unknown = CheckError::DeviceUnknown { device_id: SLOT.into() };
    assert_eq!(check_error(slot(), "/devices", nobody).await, unknown);
    let gone = answer(404, &fixture("rest-v9/err_device_not_found_404.json"));
    assert_eq!(check_error(slot(), "/app/status", gone).await, unknown);
    assert_eq!(unknown.field(), Some("device_id"));

    let two = json!({"code": "SUCCESS", "message": "m", "results": [{"id": "org_1"}, {"id": "org_2"}]});
    let nameless = Settings { device_id: None, ..slot() };
    let error = check_error(nameless.clone(), "/devices", answer(200, &two)).await;
    assert_eq!(error, CheckError::DeviceNeeded { found: vec!["org_1".into(), "org_2".into()] });
    assert!(error.to_string().contains("org_1, org_2"));
    let needed = answer(400, &fixture("rest-v9/err_device_required_400.json"));
    let error = check_error(nameless, "/app/status", needed).await;
    assert_eq!(error.field(), Some("device_id"));

    let other = Settings { phone: Some("+62 812 0000 0000".into()), ..slot() };
    let error = check_error(other, "/nowhere", status(true, true)).await;
    assert_eq!(error.field(), Some("phone"));
    assert!(error.to_string().contains(&own().label()), "{error}");

    // Up- and downgraded since.
    let devices = answer(200, &fixture("rest-v9/devices_list.json"));
    let error = check_error(settings("", Dialect::V7), "/devices", devices).await;
    assert!(matches!(error, CheckError::OtherDialect { found: "version 8 or newer", .. }), "{error:?}");
    let server = MockServer::start().await;
    healthy(&server, Dialect::V7).await;
    let error = new(&server.uri()).check().await.unwrap_err();
    assert!(matches!(error, CheckError::OtherDialect { found: "version 7 or older", .. }), "{error:?}");
}

#[tokio::test]
async fn the_right_number_in_another_spelling_is_right() {
    let server = MockServer::start().await;
    healthy(&server, Dialect::V8Plus).await;
    let settings =
        Settings { phone: Some("+62 898-7654-321".into()), ..settings(&server.uri(), Dialect::V8Plus) };
    made(settings, Duration::from_secs(20)).check().await.unwrap();
}

// ---- linking ----------------------------------------------------------------------------------------------

#[rstest]
#[case(Dialect::V7, "rest-v7", "/gowa/app/login")]
#[case(Dialect::V8Plus, "rest-v9", "/gowa/devices/org_2/login")]
#[tokio::test]
async fn the_picture_comes_through_us(#[case] dialect: Dialect, #[case] rest: &str, #[case] at: &str) {
    let server = MockServer::start().await;
    // It names http://localhost:3000, where nobody is.
    on(&server, "GET", at, answer(200, &fixture(&format!("{rest}/login_qr.json")))).await;
    let picture = ResponseTemplate::new(200).set_body_raw(PNG.to_vec(), "image/png");
    on(&server, "GET", "/gowa/statics/qrcode/scan-qr-4b1c.png", picture).await;
    let qr = gateway(&format!("{}/gowa", server.uri()), dialect).login().await.unwrap();
    assert_eq!((qr.png.as_slice(), qr.expires_in), (PNG, Duration::from_secs(30)));
    assert_eq!(seen(&server).await.len(), 2);
    assert!(!format!("{qr:?}").contains("80"), "who has the code can link the account");
}

#[tokio::test]
async fn what_is_no_picture_is_not_shown() {
    let link = |link: &str| {
        let results = json!({"qr_link": link, "qr_duration": 30});
        answer(200, &json!({"code": "SUCCESS", "message": "m", "results": results}))
    };
    let ours = "http://127.0.0.1/statics/qrcode/a.png";
    for (link, picture) in [
        (link("http://192.0.2.1/secret"), ResponseTemplate::new(200).set_body_bytes(PNG)),
        (
            link("http://192.0.2.1/statics/qrcode/../../devices"),
            ResponseTemplate::new(200).set_body_bytes(PNG),
        ),
        (answer(200, &refusal("SUCCESS", "m")), ResponseTemplate::new(200).set_body_bytes(PNG)),
        (link(ours), web_page(200)),
        (link(ours), web_page(404)),
        (link(ours), ResponseTemplate::new(302).insert_header("location", "http://192.0.2.1/")),
        (link(ours), ResponseTemplate::new(200).set_body_bytes([PNG, &vec![0; 2 << 20]].concat())),
    ] {
        let server = MockServer::start().await;
        on(&server, "GET", "/devices/org_2/login", link).await;
        Mock::given(any()).respond_with(picture).mount(&server).await;
        let error = new(&server.uri()).login().await.unwrap_err();
        assert!(error.to_string().ends_with('.'), "{error}");
    }
}

#[tokio::test]
async fn linked_already() {
    let (_server, gateway) = always(answer(400, &refusal("ALREADY_LOGGED_IN", "you are logged in"))).await;
    assert_eq!(gateway.login().await.unwrap_err(), CheckError::AlreadyLinked);
    assert_eq!(gateway.pairing_code("628123456789").await.unwrap_err(), CheckError::AlreadyLinked);
}

#[rstest]
#[case(Dialect::V7, "rest-v7", "GET /app/login-with-code?phone=628987654321")]
#[case(Dialect::V8Plus, "rest-v9", "POST /devices/org_2/login/code?phone=628987654321")]
#[tokio::test]
async fn pairing_codes(#[case] dialect: Dialect, #[case] rest: &str, #[case] call: &str) {
    let (server, _) = always(answer(200, &fixture(&format!("{rest}/login_code.json")))).await;
    let gateway = gateway(&server.uri(), dialect);
    assert_eq!(gateway.pairing_code("+62 898 7654 321").await.as_deref(), Ok("ABCD-1234"));
    assert_eq!(calls(&server).await, [call]);
    let error = gateway.pairing_code("no number").await.unwrap_err();
    assert_eq!(error.field(), Some("phone"));

    let results = json!({"code": "SUCCESS", "message": "m", "results": {"pair_code": "ABC"}});
    let (_server, odd) = always(answer(200, &results)).await;
    assert!(odd.pairing_code("628987654321").await.is_err());
}

#[tokio::test]
async fn how_the_link_stands() {
    let server = MockServer::start().await;
    healthy(&server, Dialect::V8Plus).await;
    let linked = LinkStatus { connected: true, logged_in: true, jid: Some(own()), browser: None };
    assert_eq!(new(&server.uri()).status().await, Ok(linked.clone()));
    assert_eq!(seen(&server).await.len(), 1);

    let server = MockServer::start().await;
    healthy(&server, Dialect::V7).await;
    assert_eq!(old(&server.uri()).status().await, Ok(linked.clone()));

    // Some versions of 8 do not say who it is.
    let server = MockServer::start().await;
    on(&server, "GET", "/app/status", answer(200, &fixture("rest-v9/device_status.json"))).await;
    healthy(&server, Dialect::V8Plus).await;
    assert_eq!(new(&server.uri()).status().await, Ok(linked));

    let (_server, gateway) = always(answer(401, &fixture("rest-v9/err_not_logged_in_401.json"))).await;
    let nothing = LinkStatus { connected: false, logged_in: false, jid: None, browser: None };
    assert_eq!(gateway.status().await, Ok(nothing.clone()));
    let (_server, gateway) = always(status(true, false)).await;
    assert_eq!(gateway.status().await, Ok(LinkStatus { connected: true, ..nothing }));
    let (_server, gateway) = always(plain(401, "Unauthorized")).await;
    assert_eq!(gateway.status().await, Err(CheckError::WrongPassword));
}

#[tokio::test]
async fn slots_are_made_with_their_webhook() {
    let server = MockServer::start().await;
    let url = "https://inbox.example.org/webhooks/gateway/acc_1";
    Mock::given(method("POST"))
        .and(path("/devices"))
        .and(body_json(json!({"device_id": SLOT, "webhook_url": url, "webhook_secret": WEBHOOK_SECRET})))
        .respond_with(answer(200, &fixture("rest-v9/device_created.json")))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("PATCH"))
        .and(path("/devices/org_2/webhook"))
        .and(body_json(json!({"webhook_url": url, "webhook_secret": WEBHOOK_SECRET})))
        .respond_with(answer(200, &fixture("rest-v9/device_webhook.json")))
        .expect(1)
        .mount(&server)
        .await;
    let gateway = new(&server.uri());
    let device = gateway.create_device(SLOT, url, WEBHOOK_SECRET).await.unwrap();
    assert_eq!((device.id.as_str(), device.jid, device.state), (SLOT, None, DeviceState::Disconnected));
    assert!(!seen(&server).await[0].headers.contains_key("x-device-id"), "there is none yet");
    gateway.set_webhook(url, WEBHOOK_SECRET).await.unwrap();

    for (url, secret, field) in [
        (url, "secret", "webhook_secret"),
        (url, "", "webhook_secret"),
        ("ftp://x", WEBHOOK_SECRET, "webhook_url"),
    ] {
        assert_eq!(gateway.set_webhook(url, secret).await.unwrap_err().field(), Some(field));
        assert_eq!(gateway.create_device(SLOT, url, secret).await.unwrap_err().field(), Some(field));
    }
    let error = gateway.create_device("a b", url, WEBHOOK_SECRET).await.unwrap_err();
    assert_eq!(error.field(), Some("device_id"));
}

#[tokio::test]
async fn what_old_versions_cannot_do_is_refused() {
    let gateway = old(&nowhere());
    let url = "https://inbox.example.org/x";
    for error in [
        gateway.create_device(SLOT, url, WEBHOOK_SECRET).await.unwrap_err(),
        gateway.set_webhook(url, WEBHOOK_SECRET).await.unwrap_err(),
        gateway.delete_device().await.unwrap_err(),
    ] {
        assert!(matches!(error, CheckError::TooOld { .. }), "{error:?}");
    }
    // 8.0 to 8.9.
    for response in [no_route("PATCH /devices/org_2/webhook"), plain(405, "Method Not Allowed")] {
        let (_server, gateway) = always(response).await;
        let error = gateway.set_webhook(url, WEBHOOK_SECRET).await.unwrap_err();
        assert!(
            error.to_string().contains("8.10") && error.to_string().contains("WHATSAPP_WEBHOOK"),
            "{error}"
        );
    }
    let (_server, gateway) = always(answer(404, &fixture("rest-v9/err_device_not_found_404.json"))).await;
    let error = gateway.set_webhook(url, WEBHOOK_SECRET).await.unwrap_err();
    assert_eq!(error, CheckError::DeviceUnknown { device_id: SLOT.into() });
}

#[tokio::test]
async fn what_is_done_to_a_link() {
    let (server, gateway) = always(answer(200, &refusal("SUCCESS", "m"))).await;
    gateway.reconnect().await.unwrap();
    gateway.logout().await.unwrap();
    gateway.delete_device().await.unwrap();
    gateway.reconnect_device("other/1").await.unwrap();
    gateway.log_device_out("other").await.unwrap();
    let expected = [
        "POST /devices/org_2/reconnect",
        "POST /devices/org_2/logout",
        "DELETE /devices/org_2",
        "POST /devices/other%2F1/reconnect",
        "POST /devices/other/logout",
    ];
    assert_eq!(calls(&server).await, expected);

    let (server, _) = always(answer(200, &refusal("SUCCESS", "m"))).await;
    let gateway = old(&server.uri());
    gateway.reconnect().await.unwrap();
    gateway.logout().await.unwrap();
    assert_eq!(calls(&server).await, ["GET /app/reconnect", "GET /app/logout"]);

    // Never done twice by itself.
    let (server, gateway) = always(answer(503, &refusal("DEVICE_MANAGER_UNAVAILABLE", "m"))).await;
    assert!(matches!(gateway.logout().await, Err(CheckError::Busy { .. })));
    assert_eq!(seen(&server).await.len(), 1);
    let (_server, gateway) = always(answer(404, &fixture("rest-v9/err_device_not_found_404.json"))).await;
    gateway.delete_device().await.unwrap();
    let internal = || answer(500, &fixture("rest-v9/err_internal_500.json"));
    for (list, gone) in [
        (json!({"code": "SUCCESS", "message": "m", "results": []}), true),
        (fixture("rest-v9/devices_list.json"), false),
    ] {
        let server = MockServer::start().await;
        on(&server, "DELETE", "/devices/org_2", internal()).await;
        on(&server, "GET", "/devices", answer(200, &list)).await;
        assert_eq!(new(&server.uri()).delete_device().await.is_ok(), gone);
    }
}

// ---- reading ----------------------------------------------------------------------------------------------

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

#[tokio::test]
async fn chats_and_where_to_go_on() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/chats"))
        .and(query_param("limit", "100"))
        .and(query_param("offset", "0"))
        .respond_with(answer(200, &fixture("rest-v9/chats.json")))
        .expect(1)
        .mount(&server)
        .await;
    let page = new(&server.uri()).chats(5_000, 0).await.unwrap();
    assert_eq!((page.total, page.next_offset, page.chats.len()), (1, None, 1));
    let chat = &page.chats[0];
    assert_eq!((&chat.address, chat.name.as_deref()), (&phone(), Some("John Doe")));
    assert_eq!(chat.last_message_at.unwrap().to_string(), "2026-08-20T10:30:00Z");

    let rows: Vec<_> = ["status@broadcast", "120363402106999999@g.us", "x"].map(|j| json!({"jid": j})).into();
    let results = json!({"data": rows, "pagination": {"limit": 3, "offset": 6, "total": 20}});
    let many = json!({"code": "SUCCESS", "message": "m", "results": results});
    let (_server, gateway) = always(answer(200, &many)).await;
    let page = gateway.chats(3, 6).await.unwrap();
    assert_eq!((page.chats.len(), page.next_offset), (1, Some(9)), "rows left out count as well");
    let results = json!({"data": null, "pagination": {"total": 20}});
    let (_server, gateway) =
        always(answer(200, &json!({"code": "SUCCESS", "message": "m", "results": results}))).await;
    assert_eq!(gateway.chats(3, 6).await.unwrap().next_offset, None, "an empty page is the last");
}

#[tokio::test]
async fn stored_messages_are_history() {
    let server = MockServer::start().await;
    on(&server, "GET", &format!("/chat/{JID}/messages"), answer(200, &fixture("rest-v9/chat_messages.json")))
        .await;
    let query = HistoryQuery {
        limit: 20,
        since: Some(Timestamp::from_seconds(1_780_000_000)),
        from_us: Some(true),
        ..HistoryQuery::default()
    };
    let page = new(&server.uri()).messages(&phone(), query, NOW).await.unwrap();
    let expected = format!(
        "GET /chat/{JID}/messages?limit=20&offset=0&start_time=2026-05-28T20%3A26%3A40Z&is_from_me=true"
    );
    assert_eq!(calls(&server).await, [expected], "the @ stands as it is");
    assert_eq!((page.total, page.next_offset, page.unreadable), (1, None, 0));
    let m = &page.messages[0];
    assert_eq!(
        (m.provider_id.as_str(), &m.chat, m.from_us, m.history),
        ("3EB0C127D7BACC83D6A1", &phone(), false, true)
    );
    assert_eq!(
        (&m.content, m.sender.name.as_deref(), m.at.to_string().as_str()),
        (&Content::text("Hello, how are you?"), Some("John Doe"), "2026-08-20T10:30:00Z")
    );
}

#[tokio::test]
async fn stored_messages_of_all_kinds() {
    let row = |i: usize, kind: &str, content: &str, file: &str| {
        json!({"id": format!("3EB0{i}"), "chat_jid": JID, "sender_jid": "251556368777322@lid",
            "content": content, "media_type": kind, "filename": file, "timestamp": "2099-01-01T00:00:00Z",
            "is_from_me": i == 0, "url": "https://mmg.whatsapp.net/x"})
    };
    let rows = [
        row(0, "", "ours", ""),
        row(1, "image", "look", ""),
        row(2, "audio", "", "voice.ogg"),
        row(3, "document", "", "offer.pdf"),
        row(4, "call", "", ""),
        row(5, "poll", "", ""),
        row(6, "", "", ""),
        json!({"id": []}),
    ];
    let results = json!({"data": rows, "pagination": {"total": 8}});
    let (_server, gateway) =
        always(answer(200, &json!({"code": "SUCCESS", "message": "m", "results": results}))).await;
    let page = gateway.messages(&phone(), HistoryQuery::default(), NOW).await.unwrap();
    assert_eq!((page.messages.len(), page.unreadable, page.next_offset), (6, 2, None));
    let [ours, image, voice, document, call, poll] = &page.messages[..] else { panic!() };
    assert!(ours.from_us && ours.sender.name.is_none() && ours.at == NOW);
    assert_eq!(ours.sender.identities, [phone().identity().unwrap()]);
    assert_eq!(
        image.sender.identities.iter().map(|i| i.value.as_str()).collect::<Vec<_>>(),
        ["628123456789", "251556368777322"]
    );
    let file = |m: &balas_providers::inbound::Message| match &m.content {
        Content::Media(media) => media.clone(),
        other => panic!("{other:?}"),
    };
    let image = file(image);
    assert_eq!((image.kind, image.caption.as_deref()), (MediaKind::Image, Some("look")));
    let reference = MediaRef::read(image.reference.as_deref().unwrap());
    assert_eq!(reference, Some(MediaRef::Message("3EB01".into())), "the link is of no use");
    assert!(file(voice).voice);
    assert_eq!(file(document).file_name.as_deref(), Some("offer.pdf"));
    assert!(matches!(&call.content, Content::System { kind, .. } if kind == "call"));
    assert!(matches!(&poll.content, Content::Unsupported { kind, .. } if kind == "poll"));
}

#[tokio::test]
async fn people_and_groups() {
    let server = MockServer::start().await;
    on(&server, "GET", "/user/info", answer(200, &fixture("rest-v9/user_info.json"))).await;
    on(&server, "GET", "/group/info", answer(200, &fixture("rest-v9/group_info.json"))).await;
    on(&server, "GET", "/user/check", answer(200, &fixture("rest-v9/user_check.json"))).await;
    let gateway = new(&server.uri());
    let lid = Address::Lid("251556368777322".into());
    let info = gateway.user_info(&lid).await.unwrap();
    assert_eq!(
        (info.phone, info.lid.as_ref(), info.status.as_deref()),
        (Some(phone()), Some(&lid), Some("Available"))
    );

    let group = Address::Group("120363402106999999".into());
    let info = gateway.group_info(&group).await.unwrap();
    assert_eq!((&info.address, info.name.as_deref(), info.topic), (&group, Some("Support squad"), None));
    let owner = info.owner.unwrap();
    assert_eq!(
        owner.identities.iter().map(|i| i.value.as_str()).collect::<Vec<_>>(),
        ["628123456789", "251556368777322"]
    );
    assert_eq!(info.created_at, Some(Timestamp::from_seconds(1_785_549_600)));
    assert_eq!(info.members.iter().map(|m| m.owner).collect::<Vec<_>>(), [true, false]);
    let members: Vec<_> = info
        .members
        .iter()
        .map(|m| (m.who.identities.iter().map(|i| i.value.as_str()).collect::<Vec<_>>(), m.admin))
        .collect();
    assert_eq!(
        members,
        [(vec!["628123456789", "251556368777322"], true), (vec!["628987654321", "98765432101234"], false)]
    );
    assert_eq!(gateway.check_number(&phone()).await, Ok(true));
    assert_eq!(
        calls(&server).await,
        [
            "GET /user/info?phone=251556368777322@lid".to_owned(),
            "GET /group/info?group_id=120363402106999999@g.us".to_owned(),
            format!("GET /user/check?phone={JID}"),
        ]
    );
    let (_server, odd) = always(answer(200, &refusal("SUCCESS", "m"))).await;
    assert!(odd.check_number(&phone()).await.is_err());
    assert!(odd.group_info(&group).await.unwrap().members.is_empty());
    assert!(odd.user_info(&Address::User("US.1".into())).await.is_err());
}

/// What the gateway answers when its picture is on the gateway itself.
fn avatar(url: &str) -> Value {
    let mut answer = fixture("rest-v9/user_avatar.json");
    answer["results"]["url"] = json!(url);
    answer
}

#[rstest]
#[case::old(Dialect::V7)]
#[case::new(Dialect::V8Plus)]
#[tokio::test]
async fn pictures_come_from_the_configured_address(#[case] dialect: Dialect) {
    let server = MockServer::start().await;
    let link = "http://known-to-the-gateway-alone:3000/gowa/statics/avatar/1-a.png?x=1";
    on(&server, "GET", "/gowa/user/avatar", answer(200, &avatar(link))).await;
    let png = ResponseTemplate::new(200).set_body_bytes(PNG);
    on(&server, "GET", "/gowa/statics/avatar/1-a.png", png).await;
    let gateway = gateway(&format!("{}/gowa", server.uri()), dialect);
    assert!(gateway.capabilities().pictures);
    assert_eq!(gateway.picture(&phone()).await, Ok(Some(PNG.to_vec())));
    let group = Address::Group("120363402106999999".into());
    assert_eq!(gateway.picture(&group).await, Ok(Some(PNG.to_vec())));
    assert_eq!(
        calls(&server).await,
        [
            format!("GET /gowa/user/avatar?phone={JID}&is_preview=true"),
            "GET /gowa/statics/avatar/1-a.png".to_owned(),
            "GET /gowa/user/avatar?phone=120363402106999999@g.us&is_preview=true".to_owned(),
            "GET /gowa/statics/avatar/1-a.png".to_owned(),
        ]
    );
}

#[rstest]
#[case::none(answer(500, &refusal("INTERNAL_SERVER_ERROR", "no avatar found")))]
#[case::not_set(answer(500, &refusal("INTERNAL_SERVER_ERROR", "that user or group does not have a profile picture")))]
#[case::hidden(answer(500, &refusal("INTERNAL_SERVER_ERROR", "the user has hidden their profile picture from you")))]
#[case::of_the_bridge(answer(404, &refusal("NOT_FOUND", "no avatar found")))]
#[case::nowhere(answer(200, &avatar("")))]
#[tokio::test]
async fn who_shows_no_picture_has_none(#[case] response: ResponseTemplate) {
    let (server, gateway) = always(response).await;
    assert_eq!(gateway.picture(&phone()).await, Ok(None));
    assert_eq!(calls(&server).await.len(), 1, "asked once");
}

#[rstest]
#[case::slow(answer(408, &refusal("CONTEXT_ERROR", "timeout get avatar")))]
#[case::unwell(answer(500, &refusal("INTERNAL_SERVER_ERROR", "websocket not connected")))]
#[case::gone_since(no_route("GET /statics/avatar/1-a.png"))]
#[tokio::test]
async fn a_picture_may_come_later(#[case] response: ResponseTemplate) {
    let (server, gateway) = always(response).await;
    let failed = gateway.picture(&phone()).await;
    assert!(matches!(failed, Err(FetchError::Later { .. })), "{failed:?}");
    assert_eq!(calls(&server).await.len(), 1, "asked once");
}

#[tokio::test]
async fn a_picture_is_looked_for_nowhere_else() {
    let elsewhere = MockServer::start().await;
    for link in [format!("{}/v/x.jpg", elsewhere.uri()), "http://pps.whatsapp.net/v/x.jpg".to_owned()] {
        let (server, gateway) = always(answer(200, &avatar(&link))).await;
        let refused = gateway.picture(&phone()).await;
        assert!(matches!(refused, Err(FetchError::Unsupported { .. })), "{refused:?}");
        assert_eq!(calls(&server).await.len(), 1);
    }
    assert!(seen(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn a_picture_of_any_length_is_not_read_for_ever() {
    let server = MockServer::start().await;
    on(&server, "GET", "/user/avatar", answer(200, &avatar("statics/avatar/1-a.png"))).await;
    let long = ResponseTemplate::new(200).set_body_bytes(vec![0; 3 << 20]);
    on(&server, "GET", "/statics/avatar/1-a.png", long).await;
    let failed = new(&server.uri()).picture(&phone()).await;
    assert!(matches!(failed, Err(FetchError::Later { .. })), "{failed:?}");
}
