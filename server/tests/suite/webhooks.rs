//! Meta's door.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::{Answer, TestApp, new_id, sign};
use axum::{
    body::{Body, Bytes},
    http::Request,
};
use balas_domain::{Role, query::ListQuery};
use balas_store::{security, testing::Kind};
use rstest::rstest;
use serde_json::json;

async fn post(app: &TestApp, path: &str, signature: Option<&str>, body: &[u8]) -> Answer {
    let mut request = Request::post(path);
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    app.ask(request.body(Body::from(body.to_vec())).unwrap()).await
}

async fn conversations(app: &TestApp) -> usize {
    app.settled().await;
    app.engine.conversations(&app.owner, &ListQuery::default()).await.unwrap().items.len()
}

#[tokio::test]
async fn the_challenge() {
    let app = TestApp::init().await;
    let token = &app.number.verify_token;
    for path in ["/webhooks/cloud".to_owned(), format!("/webhooks/cloud/{}", app.account)] {
        let ask = |query: String| {
            let path = format!("{path}{query}");
            let client = app.nobody();
            async move { client.get(&path).await }
        };
        let good =
            ask(format!("?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444")).await;
        assert_eq!((good.status.as_u16(), good.text().as_str()), (200, "1158201444"), "{path}");
        assert!(good.header("content-type").starts_with("text/plain"));
        let wrong = ask("?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1".to_owned()).await;
        assert_eq!(wrong.problem(403), "wrong_verify_token");
        let mode = ask(format!("?hub.mode=unsubscribe&hub.verify_token={token}&hub.challenge=1")).await;
        assert_eq!(mode.status, 403);
        assert_eq!(ask(String::new()).await.problem(400), "incomplete_challenge");
        let markup =
            ask(format!("?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=%3Cscript%3E")).await;
        assert!(markup.header("content-type").starts_with("text/plain") || markup.status == 400);
    }
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test]
async fn a_wrong_signature_is_refused_and_remembered(#[case] kind: Kind) {
    let app = TestApp::on(kind).await;
    let body = serde_json::to_vec(&app.message("6281200001111", "Sari", "forged")).unwrap();
    let good = sign(&app.number.app_secret, &body);
    let other = sign("ffffffffffffffffffffffffffffffff", &body);
    for path in ["/webhooks/cloud".to_owned(), format!("/webhooks/cloud/{}", app.account)] {
        for signature in
            [None, Some(other.as_str()), Some("sha256="), Some(""), Some(&good[7..]), Some("sha1=00")]
        {
            assert_eq!(
                post(&app, &path, signature, &body).await.problem(401),
                "bad_signature",
                "{path} {signature:?}"
            );
        }
        // One byte more, and the signature fits no longer.
        let mut longer = body.clone();
        longer.push(b' ');
        assert_eq!(post(&app, &path, Some(&good), &longer).await.status, 401);
    }
    assert_eq!(conversations(&app).await, 0);
    let mut tx = app.engine.store().read().await.unwrap();
    let entries = security::list(app.owner.workspace, &mut tx, 10).await.unwrap();
    assert!(
        entries.iter().any(|e| e.kind == "webhook_bad_signature" && e.ip.as_deref() == Some("192.0.2.7")),
        "{entries:?}"
    );
}

#[tokio::test]
async fn what_is_signed_is_taken_once() {
    let app = TestApp::init().await;
    let body = app.message("6281200001111", "Sari", "three times");
    for _ in 0..3 {
        assert_eq!(app.deliver(&body).await.status, 200);
    }
    assert_eq!(conversations(&app).await, 1);
    let row = &app.engine.conversations(&app.owner, &ListQuery::default()).await.unwrap().items[0];
    assert_eq!(row.unread, 1);
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test]
async fn nonsense_disturbs_nobody(#[case] kind: Kind) {
    let app = TestApp::on(kind).await;
    let own = format!("/webhooks/cloud/{}", app.account);
    for body in [&b"{\"object\":"[..], b"", b"[]", b"null", b"\xff\xfe", b"{\"entry\":5}"] {
        let signature = sign(&app.number.app_secret, body);
        // Signed and not understood: Meta would send it again for seven days.
        assert_eq!(post(&app, &own, Some(&signature), body).await.status, 200, "{body:?}");
        let shared = post(&app, "/webhooks/cloud", Some(&signature), body).await;
        assert!([200, 400].contains(&shared.status.as_u16()), "{body:?}: {}", shared.text());
    }
    for value in [
        json!({"surprise": {"deeply": ["new"]}}),
        json!({"messages": [{"id": format!("wamid.{}", new_id()), "from": "6281200009999", "type": "hologram",
            "timestamp": "1750000000", "hologram": {"x": "\u{0}", "\u{0}": 1}}]}),
        // PostgreSQL takes no NUL in texts.
        json!({"contacts": [{"profile": {"name": "\u{0}"}, "wa_id": "6281200008888"}],
            "messages": [{"id": "wamid.\u{0}", "from": "6281200008888", "type": "text", "timestamp": "1750000000",
            "text": {"body": "\u{0}"}, "context": {"id": "\u{0}"}}]}),
        json!({"statuses": [{"id": "\u{0}", "status": "read", "timestamp": "1750000000", "recipient_id": "\u{0}",
            "biz_opaque_callback_data": "\u{0}"}]}),
        json!({"messages": [{"id": 5, "from": [], "timestamp": {}, "type": null}, "text", null]}),
        json!({"statuses": [{"id": "wamid.unknown", "status": "vaporised", "timestamp": "x"}]}),
    ] {
        assert_eq!(app.deliver(&app.change(&value)).await.status, 200, "{value}");
    }
    let row = app.receive("6281200001111", "Sari", "still here").await;
    assert_eq!(row.title, "Sari");
    let rows = app.engine.conversations(&app.owner, &ListQuery::default()).await.unwrap().items;
    let hologram = rows
        .iter()
        .find(|c| c.address.to_string() == "phone:6281200009999")
        .expect("kept, if not understood");
    assert_eq!(hologram.last.as_ref().unwrap().preview.kind, balas_domain::content::PreviewKind::Unsupported);
}

#[tokio::test]
async fn clocks_that_go_wrong() {
    let app = TestApp::init().await;
    for (from, timestamp) in
        [("6281200000001", json!("99999999999")), ("6281200000002", json!(-5)), ("6281200000003", json!("0"))]
    {
        let value = json!({"messages": [{"id": format!("wamid.{}", new_id()), "from": from, "type": "text",
            "timestamp": timestamp, "text": {"body": "when?"}}]});
        assert_eq!(app.deliver(&app.change(&value)).await.status, 200);
    }
    assert_eq!(conversations(&app).await, 3);
    let now = app.engine.now();
    for row in app.engine.conversations(&app.owner, &ListQuery::default()).await.unwrap().items {
        assert!(row.sort_at <= now, "a message from the future must not stay on top: {row:?}");
    }
}

#[tokio::test]
async fn a_long_text_is_stored_within_bounds() {
    let app = TestApp::init().await;
    let row = app.receive("6281200001111", "Sari", &"é".repeat(100_000)).await;
    assert_eq!(row.last.unwrap().preview.text.chars().count(), 160);
}

#[tokio::test]
async fn fifty_megabytes_are_not_read() {
    let app = TestApp::init().await;
    let path = format!("/webhooks/cloud/{}", app.account);
    // Announced: nothing is read. Not announced: no more than the limit.
    for announced in [true, false] {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&read);
        let chunks = (0..800).map(move |_| {
            counter.fetch_add(64 * 1024, Ordering::SeqCst);
            Ok::<_, Infallible>(Bytes::from(vec![b'x'; 64 * 1024]))
        });
        let body = Body::from_stream(futures::stream::iter(chunks));
        let mut request = Request::post(&path);
        if announced {
            request = request.header("content-length", 800 * 64 * 1024);
        }
        let answer = app.ask(request.body(body).unwrap()).await;
        assert_eq!(answer.problem(413), "too_large");
        let bound = if announced { 0 } else { 5 * 1024 * 1024 };
        assert!(read.load(Ordering::SeqCst) <= bound, "{}", read.load(Ordering::SeqCst));
    }
}

#[tokio::test]
async fn unknown_accounts_and_numbers() {
    let app = TestApp::init().await;
    let body = serde_json::to_vec(&app.message("6281200001111", "Sari", "x")).unwrap();
    let good = sign(&app.number.app_secret, &body);
    let unknown = format!("/webhooks/cloud/{}", new_id());
    for path in [unknown.as_str(), "/webhooks/cloud/not-an-id"] {
        assert_eq!(post(&app, path, Some(&good), &body).await.problem(404), "not_found", "{path}");
    }
    let mut foreign = app.message("6281200001111", "Sari", "x");
    foreign["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "424242".into();
    let foreign = serde_json::to_vec(&foreign).unwrap();
    let signature = sign(&app.number.app_secret, &foreign);
    // Another number of the same app, which is not connected here.
    assert_eq!(post(&app, "/webhooks/cloud", Some(&signature), &foreign).await.status, 200);
    assert_eq!(conversations(&app).await, 0);
    assert_eq!(app.nobody().send(axum::http::Method::PUT, "/webhooks/cloud", &json!({})).await.status, 405);
}

#[tokio::test]
async fn the_shared_address_finds_the_account() {
    let app = TestApp::init().await;
    let body = serde_json::to_vec(&app.message("6281200001111", "Sari", "by the shared door")).unwrap();
    let signature = sign(&app.number.app_secret, &body);
    assert_eq!(post(&app, "/webhooks/cloud", Some(&signature), &body).await.status, 200);
    assert_eq!(conversations(&app).await, 1);
    let client = app.with_token(Role::Agent).await;
    let page = client.get("/api/v1/conversations").await.json();
    assert_eq!(page["items"][0]["account_id"], app.account.to_string());
}

#[tokio::test]
async fn what_cannot_be_stored_is_asked_for_again() {
    let app = TestApp::init().await;
    app.engine.store().close().await;
    let answer = app.deliver(&app.message("6281200001111", "Sari", "x")).await;
    assert_eq!(answer.problem(503), "unavailable");
    assert!(!answer.header("retry-after").is_empty());
}
