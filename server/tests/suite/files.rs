//! Files over REST: in parts in, whole or in ranges out, and never run by a browser.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use balas_domain::Role;
use balas_store::{files, pictures};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp, new_id, until};

const FROM: &str = "6281200001111";

/// Uploads and sends a file as a document; the message's id.
async fn sent(app: &TestApp, client: &Client<'_>, name: &str, bytes: &[u8]) -> String {
    let row = app.receive(FROM, "Sari", "hi").await;
    let upload = uploaded(app, client, name, bytes).await;
    let id = new_id();
    let body = json!({"id": id, "upload": upload, "wish": "document"});
    let answer = client.post(&format!("/api/v1/conversations/{}/files", row.id), &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    id
}

async fn uploaded(app: &TestApp, client: &Client<'_>, name: &str, bytes: &[u8]) -> String {
    let begun = client.post("/api/v1/uploads", &json!({"name": name, "size": bytes.len()})).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    for (n, part) in bytes.chunks(7).enumerate() {
        let answer = put(app, client, &id, n * 7, part).await;
        assert_eq!(answer.json()["received"], n * 7 + part.len(), "{}", answer.text());
    }
    id
}

async fn put(app: &TestApp, client: &Client<'_>, id: &str, offset: usize, part: &[u8]) -> Answer {
    let path = format!("/api/v1/uploads/{id}?offset={offset}");
    app.ask(client.request(&Method::PUT, &path).body(Body::from(part.to_vec())).unwrap()).await
}

async fn file(app: &TestApp, client: &Client<'_>, message: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/api/v1/messages/{message}/file");
    let request =
        headers.iter().fold(client.request(&Method::GET, &path), |r, (name, value)| r.header(*name, *value));
    app.ask(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_file_goes_in_in_parts_and_comes_out_whole_or_in_ranges() {
    let app = TestApp::init().await;
    let client = app.with_user(Role::Agent).await;
    let bytes = b"Nomor pesanan: TM-2079\n";
    let message = sent(&app, &client, "pesanan ini.txt", bytes).await;
    let whole = file(&app, &client, &message, &[]).await;
    assert_eq!((whole.status, whole.text().as_bytes()), (StatusCode::OK, bytes.as_slice()));
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("cache-control"), "private, no-cache");
    let tag = whole.header("etag").to_owned();
    for (range, status, said, expected) in [
        ("bytes=0-4", 206, "bytes 0-4/23", "Nomor"),
        ("bytes=6-", 206, "bytes 6-22/23", "pesanan: TM-2079\n"),
        ("bytes=-8", 206, "bytes 15-22/23", "TM-2079\n"),
        ("bytes=0-4,6-7", 200, "", "Nomor pesanan: TM-2079\n"),
        ("lines=1-2", 200, "", "Nomor pesanan: TM-2079\n"),
    ] {
        let part = file(&app, &client, &message, &[("range", range)]).await;
        assert_eq!((part.status.as_u16(), part.text().as_str()), (status, expected), "{range}");
        if status == 206 {
            assert_eq!(part.header("content-range"), said);
            assert_eq!(part.header("content-length"), expected.len().to_string());
        }
    }
    let beyond = file(&app, &client, &message, &[("range", "bytes=23-")]).await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, "bytes */23"));
    let known = file(&app, &client, &message, &[("if-none-match", &tag)]).await;
    assert_eq!((known.status.as_u16(), known.text().as_str()), (304, ""));
    let changed = file(&app, &client, &message, &[("range", "bytes=0-4"), ("if-range", "\"other\"")]).await;
    assert_eq!(changed.status, 200, "a part of what it was would not fit");
    assert_eq!(file(&app, &app.stranger().await, &message, &[]).await.problem(404), "not_found");
    assert_eq!(file(&app, &app.nobody(), &message, &[]).await.problem(401), "unauthorized");
}

/// Whatever a stranger sends, no browser runs it with our address.
#[rstest]
#[case::svg("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")]
#[case::html("a.html", b"<!doctype html><script>alert(1)</script>")]
#[case::named_as_a_picture("a.png", b"<html><body onload=alert(1)>")]
#[case::outside_of_its_folder("../../a.txt", b"<script>alert(1)</script>")]
#[tokio::test]
async fn what_is_no_picture_is_saved_and_not_shown(#[case] name: &str, #[case] bytes: &[u8]) {
    let app = TestApp::init().await;
    let client = app.with_user(Role::Agent).await;
    let message = sent(&app, &client, name, bytes).await;
    let answer = file(&app, &client, &message, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    let (kind, how) = (answer.header("content-type"), answer.header("content-disposition"));
    assert_eq!(kind, "application/octet-stream");
    assert!(how.starts_with("attachment; "), "{how}");
    assert!(!how.contains('/') && !how.contains(".."), "{how}");
    // Damaged pictures have no preview, and nothing broke.
    let path = format!("/api/v1/messages/{message}/file?preview=true");
    assert_eq!(client.get(&path).await.problem(404), "not_found");
}

/// What Meta takes from nobody is refused before it is kept.
#[rstest]
#[case::polyglot("a.gif", b"GIF89a/*<svg/onload=alert(1)>*/=1;alert(1)")]
#[case::program("a.exe", b"MZ\x90\0\x03\0\0\0")]
#[case::archive("bomb.zip", b"PK\x03\x04\x14\0\0\0\x08\0")]
#[tokio::test]
async fn what_meta_does_not_take_is_refused_in_words(#[case] name: &str, #[case] bytes: &[u8]) {
    let app = TestApp::init().await;
    let client = app.with_user(Role::Agent).await;
    let row = app.receive(FROM, "Sari", "hi").await;
    let upload = uploaded(&app, &client, name, bytes).await;
    let body = json!({"id": new_id(), "upload": upload, "wish": "document"});
    let answer = client.post(&format!("/api/v1/conversations/{}/files", row.id), &body).await;
    assert_eq!(answer.problem(422), "file_type");
    assert!(answer.text().contains("Send it as a PDF"), "{}", answer.text());
}

/// A few bytes that claim to be gigabytes of pixels.
#[tokio::test]
async fn a_bomb_of_a_picture_is_kept_and_not_opened() {
    let app = TestApp::init().await;
    let client = app.with_user(Role::Agent).await;
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(60_000_u32.to_be_bytes());
    png.extend(60_000_u32.to_be_bytes());
    png.extend(b"\x08\x06\0\0\0\0\0\0\0");
    let message = sent(&app, &client, "bomb.png", &png).await;
    let path = format!("/api/v1/messages/{message}/file?preview=true");
    assert_eq!(client.get(&path).await.problem(404), "not_found");
    assert_eq!(file(&app, &client, &message, &[]).await.status, 200);
}

#[tokio::test]
async fn uploads_are_refused_in_words() {
    let app = TestApp::init().await;
    let client = app.with_user(Role::Agent).await;
    let begin = async |body: Value| client.post("/api/v1/uploads", &body).await;
    assert_eq!(begin(json!({"name": "a", "size": 0})).await.problem(422), "file_empty");
    assert_eq!(begin(json!({"name": "a", "size": 200_000_000})).await.problem(413), "file_too_large");
    assert_eq!(begin(json!({"name": "a", "size": -1})).await.problem(422), "invalid");
    let id = begin(json!({"name": "a", "size": 10})).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(put(&app, &client, &id, 3, b"x").await.problem(409), "out_of_place");
    assert_eq!(put(&app, &client, &id, 0, b"01234567890").await.problem(413), "upload_too_long");
    assert_eq!(put(&app, &client, &id, 0, b"0123456789").await.status, 200);
    let row = app.receive(FROM, "Sari", "hi").await;
    let path = format!("/api/v1/conversations/{}/files", row.id);
    let long = json!({"id": new_id(), "upload": id, "caption": "x".repeat(1_025)});
    assert_eq!(client.post(&path, &long).await.problem(422), "caption_too_long");
    let sent = json!({"id": new_id(), "upload": id, "caption": "x"});
    assert_eq!(client.post(&path, &sent).await.status, 200);
    assert_eq!(client.get(&format!("/api/v1/uploads/{id}")).await.problem(404), "not_found", "it is sent");
    let message = format!("/api/v1/conversations/{}/messages", row.id);
    until("Meta has it", async || {
        client.get(&message).await.json()["items"][0]["delivery"]["status"] == "sent"
    })
    .await;
}

/// Who may read the conversation may see its picture, and a browser may keep it for as long as its address is right.
#[tokio::test]
async fn a_conversations_picture_is_shown_to_who_may_read_it() {
    let app = TestApp::init().await;
    let client = app.with_user(Role::Agent).await;
    let bytes = b"what is drawn of a picture";
    let message = sent(&app, &client, "picture", bytes).await;
    let row = app.receive(FROM, "Sari", "and a picture").await;
    let path = |v: &str| format!("/api/v1/conversations/{}/picture{v}", row.id);
    assert_eq!(client.get(&path("")).await.problem(404), "not_found");

    let ws = app.owner.workspace;
    let mut write = app.engine.store().write(ws, app.engine.now()).await.unwrap();
    let file = files::get(ws, write.tx(), message.parse().unwrap()).await.unwrap().unwrap().contents.unwrap();
    let again = app.engine.now();
    assert!(pictures::put(&mut write, row.id, file.storage, &file.key, again).await.unwrap());
    write.commit().await.unwrap();

    let told = client.get(&format!("/api/v1/conversations/{}", row.id)).await;
    assert_eq!(told.json()["picture"], 1);
    let shown = client.get(&path("?v=1")).await;
    assert_eq!((shown.status, shown.text().as_bytes()), (StatusCode::OK, bytes.as_slice()));
    assert_eq!(shown.header("content-type"), "image/jpeg");
    assert_eq!(shown.header("content-length"), bytes.len().to_string());
    assert_eq!(shown.header("cache-control"), "private, max-age=86400");
    for other in ["", "?v=2"] {
        let shown = client.get(&path(other)).await;
        assert_eq!((shown.status.as_u16(), shown.header("cache-control")), (200, "private, no-cache"));
    }
    let known = client.request(&Method::GET, &path("?v=1")).header("if-none-match", shown.header("etag"));
    let known = app.ask(known.body(Body::empty()).unwrap()).await;
    assert_eq!((known.status.as_u16(), known.text().as_str()), (304, ""));
    assert_eq!(app.stranger().await.get(&path("?v=1")).await.problem(404), "not_found");
    assert_eq!(app.nobody().get(&path("?v=1")).await.problem(401), "unauthorized");
}
