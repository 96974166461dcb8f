//! The Cloud API's client before a stand-in of Meta's server.

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
    Address, Identity, IdentityKind, MessageId,
    content::MediaKind,
    socket::Presence,
    view::{FailureClass, ProviderKind},
};
use balas_providers::{
    Body, CallError, CheckError, Checked, Download, FetchError, MediaSource, Outcome, Outgoing, OutgoingFile,
    Provider, SendError,
    cloud::{Cloud, Secrets, Settings},
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

const TOKEN: &str = "EAAG-token-that-nobody-may-see";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const VERIFY: &str = "verify-token-that-nobody-may-see";
const NUMBER: &str = "106853218861309";
const WABA: &str = "102290129340398";

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/responses").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn settings(base_url: &str) -> Settings {
    Settings {
        base_url: base_url.into(),
        version: "v23.0".into(),
        phone_number_id: NUMBER.into(),
        waba_id: WABA.into(),
    }
}

fn secrets() -> Secrets {
    Secrets { token: TOKEN.into(), app_secret: SECRET.into(), verify_token: VERIFY.into() }
}

fn cloud_with(base_url: &str, total: Duration) -> Cloud {
    let client = client_with(Limits { connect: Duration::from_secs(5), total }).unwrap();
    Cloud::new(client, settings(base_url), secrets())
        .with_first_wait(Duration::from_millis(1))
        .with_patience(total)
}

fn cloud(base_url: &str) -> Cloud {
    cloud_with(base_url, Duration::from_secs(20))
}

fn phone() -> Address {
    Address::Phone("16505551234".into())
}

fn text(text: &str) -> Outgoing {
    let id: MessageId = "0198c5a0-0000-7000-8000-000000000001".parse().unwrap();
    Outgoing { id, to: phone(), body: Body::Text { text: text.into() }, reply_to: None, mentions: Vec::new() }
}

fn source(reference: &str) -> MediaSource {
    MediaSource { reference: reference.into(), provider_id: "wamid.IN".into(), chat: phone() }
}

fn picture(on_disk: &NamedTempFile) -> OutgoingFile {
    OutgoingFile {
        kind: MediaKind::Image,
        voice: false,
        caption: Some("look".into()),
        file_name: "x.jpg".into(),
        mime: "image/jpeg".into(),
        size: conformance::FILE.len() as u64,
        path: on_disk.path().to_owned(),
    }
}

fn answer(http: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(http).set_body_json(body)
}

fn refusal(code: i64) -> Value {
    json!({"error": {"message": "m", "type": "OAuthException", "code": code, "fbtrace_id": "Atrace"}})
}

async fn always(response: ResponseTemplate) -> (MockServer, Cloud) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    let cloud = cloud(&server.uri());
    (server, cloud)
}

async fn seen(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

async fn send_error(response: ResponseTemplate) -> SendError {
    let (server, cloud) = always(response).await;
    let error = cloud.send(&text("hi")).await.unwrap_err();
    assert_eq!(seen(&server).await.len(), 1, "sending is never repeated");
    error
}

// ---- the suite that every provider passes -----------------------------------------------------------------

/// Meta's server in a mood.
struct CloudRig {
    server: Option<MockServer>,
    dropped: Arc<AtomicUsize>,
    cloud: Cloud,
}

/// The file that a customer sent.
const FILE_ID: &str = "2621233374848975";
const FILE: &[u8] = b"\xff\xd8\xffand so on";

/// What Meta tells of it, and where it is.
fn located(url: &str) -> Value {
    let mut located = fixture("media-get-response-200/retrieve-media-url.json");
    located["url"] = json!(url);
    // Of "abc", so that it is known not to be looked at here.
    located["sha256"] = json!("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    located["file_size"] = json!(FILE.len().to_string());
    located
}

async fn locating(server: &MockServer, response: ResponseTemplate) {
    Mock::given(method("GET"))
        .and(path(format!("/v23.0/{FILE_ID}")))
        .and(query_param("phone_number_id", NUMBER))
        .and(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .respond_with(response)
        .mount(server)
        .await;
}

async fn uploading(server: &MockServer, response: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(path(format!("/v23.0/{NUMBER}/media")))
        .respond_with(response)
        .mount(server)
        .await;
}

async fn healthy(server: &MockServer) {
    uploading(server, answer(200, &fixture("media-upload-response-200/upload-image-json.json"))).await;
    locating(server, answer(200, &located(&format!("{}/files/1?ext=2", server.uri())))).await;
    Mock::given(method("GET"))
        .and(path("/files/1"))
        .and(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(FILE))
        .mount(server)
        .await;
    let number = format!("/v23.0/{NUMBER}");
    let reading = wiremock::matchers::body_partial_json(json!({"status": "read"}));
    let ok = answer(200, &fixture("messages-response-200/send-typing-indicator-and-read-receipt.json"));
    Mock::given(method("POST"))
        .and(path(format!("{number}/messages")))
        .and(reading)
        .respond_with(ok)
        .mount(server)
        .await;
    let sent = answer(200, &fixture("messages-response-200/example-response.json"));
    Mock::given(method("POST"))
        .and(path(format!("{number}/messages")))
        .respond_with(sent)
        .mount(server)
        .await;
    let info = answer(200, &fixture("phone-number-get-response-200/comprehensive-response.json"));
    Mock::given(method("GET")).and(path(number)).respond_with(info).mount(server).await;
    let numbers =
        answer(200, &json!({"data": [{"id": "1", "display_phone_number": "+1 1"}, {"id": NUMBER}]}));
    Mock::given(method("GET"))
        .and(path(format!("/v23.0/{WABA}/phone_numbers")))
        .respond_with(numbers)
        .mount(server)
        .await;
    let apps = answer(200, &fixture("subscribed-apps-get-response-200/multiple-subscriptions.json"));
    Mock::given(method("GET"))
        .and(path(format!("/v23.0/{WABA}/subscribed_apps")))
        .respond_with(apps)
        .mount(server)
        .await;
}

#[async_trait]
impl Rig for CloudRig {
    async fn new(mood: Mood) -> Self {
        let dropped = Arc::new(AtomicUsize::new(0));
        let bare = match mood {
            Mood::Down => Some(nowhere()),
            Mood::Dropping => Some(dropper(dropped.clone()).await),
            _ => None,
        };
        if let Some(address) = bare {
            return Self { server: None, dropped, cloud: cloud(&address) };
        }
        let server = MockServer::start().await;
        let response = match mood {
            Mood::Unauthorized => {
                Some(answer(401, &fixture("phone-number-get-response-401/invalid-token.json")))
            }
            Mood::Throttling => Some(answer(429, &refusal(130_429)).insert_header("Retry-After", "90")),
            Mood::Silent => Some(answer(200, &json!({})).set_delay(Duration::from_mins(1))),
            Mood::Mumbling => Some(answer(200, &json!({"messaging_product": "whatsapp"}))),
            _ => None,
        };
        match response {
            Some(response) => Mock::given(any()).respond_with(response).mount(&server).await,
            None => healthy(&server).await,
        }
        let total = if mood == Mood::Silent { Duration::from_millis(250) } else { Duration::from_secs(20) };
        let cloud = cloud_with(&server.uri(), total);
        Self { server: Some(server), dropped, cloud }
    }

    fn provider(&self) -> &dyn Provider {
        &self.cloud
    }

    fn customer(&self) -> Address {
        phone()
    }

    fn inbound_id(&self) -> &'static str {
        "wamid.IN"
    }

    fn uploads_first(&self) -> bool {
        true
    }

    fn files(&self) -> Vec<MediaSource> {
        vec![source(FILE_ID)]
    }

    fn file_content(&self) -> &'static [u8] {
        FILE
    }

    async fn requests(&self) -> usize {
        match &self.server {
            Some(server) => seen(server).await.len(),
            None => self.dropped.load(Ordering::SeqCst),
        }
    }

    fn secrets(&self) -> Vec<&'static str> {
        vec![TOKEN, SECRET, VERIFY]
    }
}

#[tokio::test]
async fn conforms() {
    assert_eq!(ASKED_WAIT.as_secs(), 90, "the rig writes it as text");
    conformance::run::<CloudRig>(ProviderKind::Cloud).await;
}

// ---- sending ----------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_text_goes_out_as_meta_wants_it() {
    let server = MockServer::start().await;
    let sent = answer(200, &fixture("messages-response-200/example-response.json"));
    Mock::given(method("POST"))
        .and(path(format!("/v23.0/{NUMBER}/messages")))
        .and(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .and(header("content-type", "application/json"))
        .and(header("user-agent", concat!("Balas/", env!("CARGO_PKG_VERSION"))))
        .and(body_json(
            json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "16505551234",
            "type": "text", "text": {"body": "see https://x.io", "preview_url": true},
            "context": {"message_id": "wamid.A"},
            "biz_opaque_callback_data": "msg:0198c5a0-0000-7000-8000-000000000001"}),
        ))
        .respond_with(sent)
        .expect(1)
        .mount(&server)
        .await;
    let message = Outgoing { reply_to: Some("wamid.A".into()), ..text("see https://x.io") };
    let sent = cloud(&server.uri()).send(&message).await.unwrap();
    assert_eq!(sent.provider_id, "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJCOTY3NDc0NDFDRUI3NTA0Q0UA");
    assert_eq!(sent.identities, [Identity { kind: IdentityKind::Phone, value: "16505551234".into() }]);
    assert!(!seen(&server).await[0].url.as_str().contains(TOKEN), "no secret in an address");
}

#[rstest]
#[case::other_number(json!([{"input": "5541998765432", "wa_id": "554198765432"}]), &["554198765432"])]
#[case::user(json!([{"input": "US.1349", "user_id": "US.1349"}]), &["US.1349"])]
#[case::both(json!([{"user_id": "US.1349", "wa_id": 16_505_551_234_i64}]), &["16505551234", "US.1349"])]
#[case::odd(json!([{"wa_id": "48XXXXXXXXX "}]), &[])]
#[case::nobody(json!(null), &[])]
#[tokio::test]
async fn the_recipients_names_are_learnt(#[case] contacts: Value, #[case] expected: &[&str]) {
    let (_server, cloud) =
        always(answer(200, &json!({"contacts": contacts, "messages": [{"id": "wamid.X"}]}))).await;
    let sent = cloud.send(&text("hi")).await.unwrap();
    assert_eq!(sent.identities.iter().map(|i| i.value.as_str()).collect::<Vec<_>>(), expected);
}

#[rstest]
#[case("400/invalid-fields", FailureClass::Invalid, 100)]
#[case("401/expired-token", FailureClass::Auth, 190)]
#[case("401/missing-token", FailureClass::Auth, 104)]
#[case("403/missing-permissions", FailureClass::Auth, 200)]
#[case("429/rate-limit-exceeded", FailureClass::Throttled, 4)]
#[case("429/user-rate-limit", FailureClass::Throttled, 17)]
#[case("429/business-rate-limit", FailureClass::Throttled, 80_007)]
#[case("500/internal-error", FailureClass::Transient, 2)]
#[tokio::test]
async fn metas_errors_have_their_class(#[case] name: &str, #[case] class: FailureClass, #[case] code: i64) {
    let http = name[..3].parse().unwrap();
    let error = send_error(answer(http, &fixture(&format!("phone-number-get-response-{name}.json")))).await;
    assert_eq!((error.class, error.code, error.outcome), (class, Some(code), Outcome::NotSent));
    assert_eq!(error.request_id.as_deref(), Some("AXsgnV2Cm3ZMGF3dF_cfYIn"));
}

#[rstest]
#[case(131_047, FailureClass::WindowClosed)]
#[case(131_026, FailureClass::Recipient)]
#[case(131_049, FailureClass::Policy)]
#[tokio::test]
async fn codes_of_statuses_may_come_at_once(#[case] code: i64, #[case] class: FailureClass) {
    let error = send_error(answer(400, &refusal(code))).await;
    assert_eq!((error.class, error.failure().code, error.outcome), (class, Some(code), Outcome::NotSent));
}

#[tokio::test]
async fn waits_are_those_that_meta_asks_for() {
    let error = send_error(answer(400, &refusal(131_056))).await;
    assert_eq!((error.class, error.retry_after), (FailureClass::Throttled, Some(Duration::from_secs(6))));
    let error = send_error(answer(429, &refusal(130_429)).insert_header("Retry-After", "12")).await;
    assert_eq!(error.retry_after, Some(Duration::from_secs(12)));
    let usage =
        r#"{"102290129340398":[{"type":"messaging","call_count":100,"estimated_time_to_regain_access":7}]}"#;
    let error =
        send_error(answer(429, &refusal(80_007)).insert_header("X-Business-Use-Case-Usage", usage)).await;
    assert_eq!(error.retry_after, Some(Duration::from_mins(7)));
}

#[rstest]
#[case::refused_without_words(answer(403, &json!({})), FailureClass::Auth, Outcome::NotSent)]
#[case::busy_without_words(ResponseTemplate::new(503).set_body_string("busy"), FailureClass::Transient,
    Outcome::NotSent)]
#[case::too_fast_without_words(ResponseTemplate::new(429), FailureClass::Throttled, Outcome::NotSent)]
#[case::gateway_gave_up(ResponseTemplate::new(504), FailureClass::Unknown, Outcome::Unknown)]
#[case::gateway_gave_up_with_words(answer(504, &refusal(2)), FailureClass::Unknown, Outcome::Unknown)]
#[case::bad_gateway(ResponseTemplate::new(502).set_body_string("<html>"), FailureClass::Unknown,
    Outcome::Unknown)]
#[case::not_json(ResponseTemplate::new(200).set_body_string("<html>"), FailureClass::Unknown,
    Outcome::Unknown)]
#[case::error_in_a_200(answer(200, &refusal(131_026)), FailureClass::Recipient, Outcome::NotSent)]
#[case::endless(ResponseTemplate::new(200).set_body_bytes(vec![b' '; 2 << 20]), FailureClass::Unknown,
    Outcome::Unknown)]
#[case::endless_refusal(ResponseTemplate::new(400).set_body_bytes(vec![b' '; 2 << 20]),
    FailureClass::Invalid, Outcome::NotSent)]
#[tokio::test]
async fn odd_answers(
    #[case] response: ResponseTemplate,
    #[case] class: FailureClass,
    #[case] outcome: Outcome,
) {
    let error = send_error(response).await;
    assert_eq!((error.class, error.outcome), (class, outcome), "{error:?}");
}

#[tokio::test]
async fn the_token_never_goes_to_another_host() {
    let other = MockServer::start().await;
    let away = format!("{}/v23.0/{NUMBER}/messages", other.uri());
    for http in [301, 302, 303, 307, 308] {
        let error = send_error(ResponseTemplate::new(http).insert_header("location", away.as_str())).await;
        assert_eq!((error.class, error.outcome), (FailureClass::Invalid, Outcome::NotSent), "{http}");
        assert!(error.text.contains("another host"), "{}", error.text);
    }
    assert_eq!(seen(&other).await.len(), 0);
}

// ---- files that go out ------------------------------------------------------------------------------------

#[tokio::test]
async fn a_file_is_handed_over_and_then_shown() {
    let server = MockServer::start().await;
    healthy(&server).await;
    let on_disk = on_disk();
    let document = OutgoingFile {
        kind: MediaKind::Document,
        file_name: "Preço \"1\".csv".into(),
        mime: "text/csv; charset=utf-8".into(),
        ..picture(&on_disk)
    };
    let message = Outgoing { body: Body::Media(document), reply_to: Some("wamid.A".into()), ..text("") };
    cloud(&server.uri()).send(&message).await.unwrap();
    let [upload, shown] = &seen(&server).await[..] else { panic!() };
    assert_eq!(upload.url.path(), format!("/v23.0/{NUMBER}/media"));
    assert_eq!(upload.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(upload.headers["content-length"], upload.body.len().to_string(), "not in chunks");
    let parts = form::read(upload.headers["content-type"].to_str().unwrap(), &upload.body);
    let [product, kind, file] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!((product.text(), kind.text()), (("messaging_product", "whatsapp"), ("type", "text/plain")));
    assert_eq!((file.name.as_str(), file.mime.as_deref()), ("file", Some("text/plain")));
    assert_eq!(file.file_name.as_deref(), Some("0198c5a0-0000-7000-8000-000000000001.txt"));
    assert!(file.bytes == conformance::FILE);
    assert_eq!(
        shown.body_json::<Value>().unwrap(),
        json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "16505551234",
            "type": "document", "context": {"message_id": "wamid.A"},
            "document": {"id": "4490709327384033", "filename": "Preço _1_.csv", "caption": "look"},
            "biz_opaque_callback_data": "msg:0198c5a0-0000-7000-8000-000000000001"})
    );
}

/// What became of a picture whose upload is answered like this, and how many requests it took.
async fn upload_error(response: ResponseTemplate) -> SendError {
    let server = MockServer::start().await;
    uploading(&server, response).await;
    let on_disk = on_disk();
    let message = Outgoing { body: Body::Media(picture(&on_disk)), ..text("") };
    let error = cloud(&server.uri()).send(&message).await.unwrap_err();
    assert_eq!(seen(&server).await.len(), 1, "nobody is written to");
    assert_eq!(error.outcome, Outcome::NotSent);
    error
}

#[rstest]
#[case::expired_token(answer(401, &refusal(190)), FailureClass::Auth)]
#[case::too_fast(answer(429, &refusal(130_429)), FailureClass::Throttled)]
#[case::hiccup(answer(500, &refusal(2)), FailureClass::Transient)]
#[case::not_taken(answer(400, &refusal(131_053)), FailureClass::Invalid)]
#[case::other_type(answer(400, &refusal(100)), FailureClass::Invalid)]
#[case::too_large_for_a_proxy(ResponseTemplate::new(413), FailureClass::Invalid)]
#[case::gateway_gave_up(ResponseTemplate::new(504), FailureClass::Transient)]
#[case::bad_gateway(ResponseTemplate::new(502), FailureClass::Transient)]
#[case::not_json(ResponseTemplate::new(200).set_body_string("<html>"), FailureClass::Transient)]
#[case::no_id(answer(200, &json!({"id": ""})), FailureClass::Transient)]
#[tokio::test]
async fn a_failed_upload_sent_nothing(#[case] response: ResponseTemplate, #[case] class: FailureClass) {
    assert_eq!(upload_error(response).await.class, class);
}

#[tokio::test]
async fn the_token_is_not_led_away_while_a_file_is_handed_over() {
    let other = MockServer::start().await;
    for http in [302, 307] {
        let away = format!("{}/x", other.uri());
        let error = upload_error(ResponseTemplate::new(http).insert_header("location", away)).await;
        assert_eq!(error.class, FailureClass::Invalid);
    }
    assert_eq!(seen(&other).await.len(), 0);
}

#[tokio::test]
async fn only_the_message_itself_may_be_lost() {
    let server = MockServer::start().await;
    uploading(&server, answer(200, &json!({"id": "1"}))).await;
    Mock::given(path(format!("/v23.0/{NUMBER}/messages")))
        .respond_with(ResponseTemplate::new(502))
        .mount(&server)
        .await;
    let on_disk = on_disk();
    let message = Outgoing { body: Body::Media(picture(&on_disk)), ..text("") };
    let error = cloud(&server.uri()).send(&message).await.unwrap_err();
    assert_eq!((error.class, error.outcome), (FailureClass::Unknown, Outcome::Unknown));
    assert_eq!(seen(&server).await.len(), 2);
}

/// Longer than the client waits for other calls.
#[tokio::test]
async fn files_may_take_their_time() {
    let server = MockServer::start().await;
    let limits = Limits { total: Duration::from_secs(1), ..Limits::default() };
    let late = Duration::from_millis(1_200);
    uploading(&server, answer(200, &json!({"id": "1"})).set_delay(late)).await;
    let kept = ResponseTemplate::new(200).set_body_bytes(FILE).set_delay(late);
    Mock::given(path("/files/1")).respond_with(kept).mount(&server).await;
    healthy(&server).await;
    let cloud = Cloud::new(client_with(limits).unwrap(), settings(&server.uri()), secrets());
    let on_disk = on_disk();
    cloud.send(&Outgoing { body: Body::Media(picture(&on_disk)), ..text("") }).await.unwrap();
    let download = cloud.fetch(&source(FILE_ID)).await.unwrap();
    assert_eq!(whole(download).await.as_deref(), Ok(FILE));
}

// ---- files of customers -----------------------------------------------------------------------------------

async fn whole(download: Download) -> Result<Vec<u8>, FetchError> {
    download.bytes.map_ok(|piece| piece.to_vec()).try_concat().await
}

#[tokio::test]
async fn a_file_comes_with_what_meta_tells_of_it() {
    let server = MockServer::start().await;
    healthy(&server).await;
    let download = cloud(&server.uri()).fetch(&source(FILE_ID)).await.unwrap();
    assert_eq!((download.mime.as_deref(), download.size), (Some("image/jpeg"), Some(FILE.len() as u64)));
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((download.sha256.as_deref(), &download.file_name), (Some(hash), &None));
    assert_eq!(whole(download).await.as_deref(), Ok(FILE));
    let seen = seen(&server).await;
    assert!(seen.iter().all(|r| !r.headers.contains_key("range") && !r.url.as_str().contains(TOKEN)));
    assert!(seen[1].headers.contains_key("user-agent"), "Meta refuses who does not say who asks");
}

#[tokio::test]
async fn an_expired_address_is_asked_for_anew_once() {
    for http in [401, 403, 404, 410] {
        let server = MockServer::start().await;
        let old = format!("{}/files/old", server.uri());
        Mock::given(path(format!("/v23.0/{FILE_ID}")))
            .respond_with(answer(200, &located(&old)))
            .up_to_n_times(1)
            .mount(&server)
            .await;
        Mock::given(path("/files/old"))
            .respond_with(ResponseTemplate::new(http))
            .expect(1)
            .mount(&server)
            .await;
        healthy(&server).await;
        let download = cloud(&server.uri()).fetch(&source(FILE_ID)).await.unwrap();
        assert_eq!(whole(download).await.as_deref(), Ok(FILE), "{http}");
        assert_eq!(seen(&server).await.len(), 4);
    }
    // Not the address's fault, or not only.
    for (http, requests) in [(404, 4), (429, 2), (500, 2)] {
        let server = MockServer::start().await;
        let refused = ResponseTemplate::new(http).insert_header("Retry-After", "90");
        Mock::given(path("/files/1")).respond_with(refused).mount(&server).await;
        healthy(&server).await;
        let error = cloud(&server.uri()).fetch(&source(FILE_ID)).await.unwrap_err();
        assert!(matches!(error, FetchError::Later { retry_after: Some(ASKED_WAIT), .. }), "{error:?}");
        assert_eq!(seen(&server).await.len(), requests, "{http}");
    }
}

#[rstest]
#[case::gone(answer(400, &json!({"error": {"message": "Unsupported get request.", "code": 100,
    "error_subcode": 33}})), "Gone")]
#[case::not_downloaded(answer(400, &refusal(131_052)), "Gone")]
#[case::no_such_object(answer(404, &refusal(803)), "Gone")]
#[case::expired_token(answer(401, &refusal(190)), "Auth")]
#[case::no_permission(answer(403, &refusal(10)), "Auth")]
#[case::too_fast(answer(400, &refusal(80_007)), "Later")]
#[case::hiccup(answer(500, &refusal(2)), "Later")]
#[case::gave_up(ResponseTemplate::new(504), "Later")]
#[case::not_json(ResponseTemplate::new(200).set_body_string("<html>"), "Later")]
#[case::no_address(answer(200, &json!({"id": "1"})), "Later")]
#[case::odd_address(answer(200, &located("/files/1")), "Later")]
#[case::other(answer(400, &refusal(100)), "Unsupported")]
#[tokio::test]
async fn what_meta_says_of_a_file(#[case] response: ResponseTemplate, #[case] variant: &str) {
    let server = MockServer::start().await;
    locating(&server, response).await;
    let error = cloud(&server.uri()).fetch(&source(FILE_ID)).await.unwrap_err();
    assert!(format!("{error:?}").starts_with(variant), "{error:?}");
    let words = error.to_string();
    assert!(words.ends_with('.') && !words.contains(".."), "{words}");
}

#[tokio::test]
async fn odd_references_are_not_asked_for() {
    let (server, cloud) = always(answer(200, &json!({}))).await;
    for reference in ["", "..", "1/messages", "1?fields=x", "statics/media/x.jpg"] {
        let error = cloud.fetch(&source(reference)).await.unwrap_err();
        assert!(matches!(error, FetchError::Unsupported { .. }), "{error:?}");
    }
    assert_eq!(seen(&server).await.len(), 0);
}

#[tokio::test]
async fn the_token_goes_to_no_foreign_host_for_a_file() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let elsewhere = [
        format!("{}/x", other.uri()),
        "https://lookaside.fbsbx.com.example.org/x".to_owned(),
        "http://lookaside.fbsbx.com/x".to_owned(),
        format!("{}@127.0.0.1:1/x", server.uri()),
    ];
    for url in &elsewhere {
        let asked = MockServer::start().await;
        locating(&asked, answer(200, &located(url))).await;
        let error = cloud(&asked.uri()).fetch(&source(FILE_ID)).await.unwrap_err();
        assert!(matches!(error, FetchError::Unsupported { .. }), "{url}: {error:?}");
        assert_eq!(seen(&asked).await.len(), 1);
    }
    // Nor when it is led there.
    for (http, url) in
        [301, 302, 303, 307, 308].iter().flat_map(|http| elsewhere.iter().map(move |u| (http, u)))
    {
        let asked = MockServer::start().await;
        let away = ResponseTemplate::new(*http).insert_header("location", url.as_str());
        Mock::given(path("/files/1")).respond_with(away).mount(&asked).await;
        healthy(&asked).await;
        let error = cloud(&asked.uri()).fetch(&source(FILE_ID)).await.unwrap_err();
        assert!(matches!(error, FetchError::Unsupported { .. }), "{http} {url}: {error:?}");
    }
    assert_eq!(seen(&other).await.len() + seen(&server).await.len(), 0);
}

#[tokio::test]
async fn it_may_be_led_on_at_home() {
    for (at, good) in [("near", true), ("round", false)] {
        let server = MockServer::start().await;
        let lead = |to: &str| ResponseTemplate::new(302).insert_header("location", to);
        Mock::given(path("/files/near")).respond_with(lead("/files/1")).mount(&server).await;
        Mock::given(path("/files/round")).respond_with(lead("/files/round")).mount(&server).await;
        locating(&server, answer(200, &located(&format!("{}/files/{at}", server.uri())))).await;
        healthy(&server).await;
        match cloud(&server.uri()).fetch(&source(FILE_ID)).await {
            Ok(download) => assert!(good && whole(download).await.as_deref() == Ok(FILE)),
            Err(error) => assert!(!good && matches!(error, FetchError::Later { .. }), "{error:?}"),
        }
    }
}

/// Meta's server at the start of a file: tells where it is, begins to send it, and then nothing more.
async fn breaks_off(hangs: bool) -> Cloud {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let told = located(&format!("{base}/files/1")).to_string();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut buffer).await.unwrap();
                assert!(read > 0);
                request.extend_from_slice(&buffer[..read]);
            }
            let file = request.starts_with(b"GET /files/1 ");
            let (length, body) = if file { (1_000_000, "the start") } else { (told.len(), told.as_str()) };
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n";
            let answer = format!("{head}Content-Length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            if file && hangs {
                kept.push(stream);
            }
        }
    });
    cloud(&base).with_patience(Duration::from_millis(100))
}

#[tokio::test]
async fn a_file_that_breaks_off_can_be_tried_again() {
    for hangs in [false, true] {
        let mut download = breaks_off(hangs).await.fetch(&source(FILE_ID)).await.unwrap();
        assert_eq!(download.size, Some(1_000_000));
        assert_eq!(download.bytes.try_next().await.unwrap().as_deref(), Some(b"the start".as_slice()));
        let error = download.bytes.try_next().await.unwrap_err();
        assert!(matches!(error, FetchError::Later { retry_after: None, .. }), "{error:?}");
        assert_eq!(download.bytes.try_next().await, Ok(None), "and that is its end");
    }
}

#[tokio::test]
async fn a_file_that_never_begins_can_be_tried_again() {
    let server = MockServer::start().await;
    let late = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    Mock::given(path("/files/1")).respond_with(late).mount(&server).await;
    healthy(&server).await;
    let hasty = cloud(&server.uri()).with_patience(Duration::from_millis(100));
    let error = hasty.fetch(&source(FILE_ID)).await.unwrap_err();
    assert!(matches!(error, FetchError::Later { retry_after: None, .. }), "{error:?}");
    assert_eq!(seen(&server).await.len(), 2, "asked for once");
}

// ---- what cannot be shown ---------------------------------------------------------------------------------

#[tokio::test]
async fn a_token_in_an_answer_is_not_repeated() {
    let words = json!({"error": {"message": format!("odd: {TOKEN}"), "code": 100}});
    let error = send_error(answer(400, &words)).await;
    assert!(error.text.contains("odd: …") && !format!("{error:?}").contains(TOKEN), "{error:?}");
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_refused() {
    let client = client_with(Limits::default()).unwrap();
    let cloud =
        Cloud::new(client, settings(&nowhere()), Secrets { token: "line\nbreak".into(), ..secrets() });
    let error = cloud.send(&text("hi")).await.unwrap_err();
    assert_eq!((error.class, error.outcome), (FailureClass::Auth, Outcome::NotSent));
    assert_eq!(cloud.check().await.unwrap_err().field(), Some("token"));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?} {:?}", cloud("http://127.0.0.1:1"), secrets());
    for secret in [TOKEN, SECRET, VERIFY] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains(NUMBER));
}

// ---- read marks and typing --------------------------------------------------------------------------------

#[tokio::test]
async fn read_marks_and_typing() {
    let (server, cloud) = always(answer(200, &json!({"success": true}))).await;
    cloud.mark_read(&phone(), "wamid.IN").await.unwrap();
    cloud.typing(&phone(), Presence::Typing, Some("wamid.IN")).await.unwrap();
    let unsupported = cloud.typing(&phone(), Presence::Typing, None).await.unwrap_err();
    assert!(matches!(unsupported, CallError::Unsupported { .. }));
    let bodies: Vec<Value> = seen(&server).await.iter().map(|r| r.body_json().unwrap()).collect();
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN"});
    let mut typing = read.clone();
    typing["typing_indicator"] = json!({"type": "text"});
    assert_eq!(bodies, [read, typing]);
}

#[tokio::test]
async fn harmless_calls_are_repeated_a_little() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer(500, &refusal(2))).up_to_n_times(2).mount(&server).await;
    Mock::given(any()).respond_with(answer(200, &json!({"success": true}))).mount(&server).await;
    cloud(&server.uri()).mark_read(&phone(), "wamid.IN").await.unwrap();
    assert_eq!(seen(&server).await.len(), 3);

    for (response, requests) in [
        (answer(500, &refusal(2)), 3),
        (answer(401, &refusal(190)), 1),
        (answer(400, &refusal(100)), 1),
        (answer(429, &refusal(130_429)), 1),
        (answer(200, &json!({"success": false})), 1),
    ] {
        let (server, cloud) = always(response).await;
        assert!(matches!(cloud.mark_read(&phone(), "wamid.IN").await, Err(CallError::Failed(_))));
        assert_eq!(seen(&server).await.len(), requests);
    }
}

// ---- checking the settings --------------------------------------------------------------------------------

#[tokio::test]
async fn good_settings() {
    let server = MockServer::start().await;
    // HMAC-SHA256(app secret, token), computed elsewhere.
    let proof = "686d201221d1f0a2783fa183c20101f1efd37a33491b57a70e78b714c5002be2";
    let info = answer(200, &fixture("phone-number-get-response-200/default-response.json"));
    Mock::given(path(format!("/v23.0/{NUMBER}")))
        .and(query_param("appsecret_proof", proof))
        .respond_with(info)
        .mount(&server)
        .await;
    healthy(&server).await;
    let expected = Checked {
        display_phone: "+1 555-555-5555".into(),
        verified_name: "Jaspers Market".into(),
        quality: Some("GREEN".into()),
        webhook_subscribed: true,
    };
    assert_eq!(cloud(&server.uri()).check().await, Ok(expected));
    let seen = seen(&server).await;
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|r| !r.url.as_str().contains(TOKEN) && !r.url.as_str().contains(SECRET)));
    assert!(seen[0].url.query().unwrap().contains(proof), "{}", seen[0].url);
}

#[tokio::test]
async fn deliveries_can_be_switched_on() {
    let server = MockServer::start().await;
    let none = answer(200, &fixture("subscribed-apps-get-response-200/no-subscriptions.json"));
    Mock::given(method("GET"))
        .and(path(format!("/v23.0/{WABA}/subscribed_apps")))
        .respond_with(none)
        .mount(&server)
        .await;
    healthy(&server).await;
    let done = answer(200, &fixture("subscribed-apps-post-response-200/basic-subscription-success.json"));
    Mock::given(method("POST"))
        .and(path(format!("/v23.0/{WABA}/subscribed_apps")))
        .respond_with(done)
        .expect(1)
        .mount(&server)
        .await;
    let cloud = cloud(&server.uri());
    assert!(!cloud.check().await.unwrap().webhook_subscribed);
    cloud.subscribe().await.unwrap();

    let (_server, refusing) = always(answer(200, &json!({"success": false}))).await;
    assert!(matches!(refusing.subscribe().await, Err(CheckError::NotSubscribed { .. })));
    let (_server, refusing) = always(answer(400, &refusal(100))).await;
    assert!(matches!(refusing.subscribe().await, Err(CheckError::NotSubscribed { .. })));
    let (_server, refusing) = always(answer(403, &refusal(200))).await;
    assert_eq!(refusing.subscribe().await.unwrap_err().field(), Some("token"));
}

#[rstest]
#[case("400/invalid-phone-id", "UnknownNumber", Some("phone_number_id"))]
#[case("400/invalid-version", "Other", None)]
#[case("400/invalid-fields", "Other", Some("phone_number_id"))]
#[case("401/expired-token", "TokenExpired", Some("token"))]
#[case("401/invalid-token", "TokenRejected", Some("token"))]
#[case("401/missing-token", "TokenRejected", Some("token"))]
#[case("403/insufficient-permissions", "MissingPermission", Some("token"))]
#[case("403/missing-permissions", "MissingPermission", Some("token"))]
#[case("403/not-linked-to-waba", "MissingPermission", Some("token"))]
#[case("404/deleted-phone", "UnknownNumber", Some("phone_number_id"))]
#[case("404/phone-not-found", "UnknownNumber", Some("phone_number_id"))]
#[case("404/waba-not-found", "UnknownNumber", Some("phone_number_id"))]
#[case("422/phone-in-review", "Other", Some("phone_number_id"))]
#[case("422/phone-not-registered", "Other", Some("phone_number_id"))]
#[case("422/temporarily-unavailable", "Other", Some("phone_number_id"))]
#[case("429/business-rate-limit", "Busy", None)]
#[case("429/rate-limit-exceeded", "Busy", None)]
#[case("429/user-rate-limit", "Busy", None)]
#[case("500/database-error", "Busy", None)]
#[case("500/internal-error", "Busy", None)]
#[case("500/service-unavailable", "Busy", None)]
#[tokio::test]
async fn every_refusal_says_which_field(
    #[case] name: &str,
    #[case] variant: &str,
    #[case] field: Option<&str>,
) {
    let http = name[..3].parse().unwrap();
    let (_server, cloud) =
        always(answer(http, &fixture(&format!("phone-number-get-response-{name}.json")))).await;
    let error = cloud.check().await.unwrap_err();
    assert!(format!("{error:?}").starts_with(variant), "{error:?}");
    assert_eq!(error.field(), field);
    assert!(error.to_string().ends_with('.') && !error.to_string().contains(".."), "{error}");
}

async fn broken(at: &str, response: ResponseTemplate) -> CheckError {
    let server = MockServer::start().await;
    Mock::given(method("GET")).and(path(format!("/v23.0/{at}"))).respond_with(response).mount(&server).await;
    healthy(&server).await;
    cloud(&server.uri()).check().await.unwrap_err()
}

#[tokio::test]
async fn each_step_shows_another_mistake() {
    let no_access =
        json!({"error": {"message": "Unsupported get request.", "code": 100, "error_subcode": 33}});
    let error = broken(NUMBER, answer(400, &no_access)).await;
    assert_eq!(error, CheckError::UnknownNumber { phone_number_id: NUMBER.into() });

    let proof =
        json!({"error": {"message": "Invalid appsecret_proof provided in the API argument", "code": 100}});
    let error = broken(NUMBER, answer(400, &proof)).await;
    assert_eq!((&error, error.field()), (&CheckError::AppSecret, Some("app_secret")));

    // The business account's id in the number's place.
    let error =
        broken(NUMBER, answer(200, &fixture("waba-phone-numbers-response-200/single-phone-number.json")))
            .await;
    assert_eq!(error.field(), Some("phone_number_id"));

    let error = broken(&format!("{WABA}/phone_numbers"), answer(400, &no_access)).await;
    assert_eq!(
        (&error, error.field()),
        (&CheckError::UnknownBusiness { waba_id: WABA.into() }, Some("waba_id"))
    );

    let others = fixture("waba-phone-numbers-response-200/multiple-phone-numbers.json");
    let error = broken(&format!("{WABA}/phone_numbers"), answer(200, &others)).await;
    assert_eq!(error.field(), Some("waba_id"));
    assert!(error.to_string().contains("only +1 631-555-5555, +1 631-555-5556"), "{error}");

    let error = broken(&format!("{WABA}/subscribed_apps"), answer(403, &refusal(200))).await;
    assert_eq!(error.field(), Some("token"));

    let error = broken(NUMBER, ResponseTemplate::new(200).set_body_string("<html>a web site</html>")).await;
    assert!(error.to_string().contains("does not answer like Meta's Graph API"), "{error}");
}

#[tokio::test]
async fn numbers_are_looked_for_on_every_page() {
    let server = MockServer::start().await;
    let numbers = || Mock::given(method("GET")).and(path(format!("/v23.0/{WABA}/phone_numbers")));
    let second = answer(200, &json!({"data": [{"id": NUMBER}]}));
    numbers().and(query_param("after", "CURSOR")).respond_with(second).expect(1).mount(&server).await;
    let first = json!({"data": [{"id": "1"}], "paging": {"cursors": {"after": "CURSOR"},
        "next": "http://192.0.2.1/never"}});
    numbers().respond_with(answer(200, &first)).expect(1).mount(&server).await;
    healthy(&server).await;
    cloud(&server.uri()).check().await.unwrap();
}

#[tokio::test]
async fn pages_without_end_end() {
    let page = json!({"data": [{"id": "1", "display_phone_number": "+1"}],
        "paging": {"cursors": {"after": "SAME"}, "next": "x"}});
    let error = broken(&format!("{WABA}/phone_numbers"), answer(200, &page)).await;
    assert!(matches!(error, CheckError::NumberNotInBusiness { .. }));
}

#[tokio::test]
async fn nobody_tells_of_pictures() {
    let (server, cloud) = always(answer(200, &json!({"success": true}))).await;
    assert!(!cloud.capabilities().pictures);
    let refused = cloud.picture(&phone()).await;
    assert!(matches!(refused, Err(FetchError::Unsupported { .. })), "{refused:?}");
    assert!(seen(&server).await.is_empty());
}
