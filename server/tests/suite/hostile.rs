//! Files that are made to do harm, as customers may send them: WhatsApp passes on whatever it is given. They are kept as
//! they came, given to who may see their message, and no browser ever runs anything of them with our address.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use balas_domain::{Content, FileState, MessageId, Role, query::ListQuery, view::MessageView};
use balas_sandbox::{Attach, Incoming, MediaKind};
use rstest::rstest;
use serde_json::json;

use crate::support::{Answer, Client, TestApp, new_id, until};

const FROM: &str = "6281200001111";

/// Shown inside a page, or only ever saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Served {
    As(&'static str),
    ToSave,
}

/// An app whose number gets what customers send.
async fn app() -> TestApp {
    let app = TestApp::init().await;
    let address = app.listen();
    let url = format!("http://{address}/webhooks/cloud/{}", app.account);
    app.sandbox.set_webhook_url(&app.number.phone_number_id, url);
    app
}

/// A customer sends it; the message when its file is here.
async fn received(app: &TestApp, attach: Attach) -> MessageView {
    let incoming = Incoming::media(&app.number.phone_number_id, FROM, "Sari", attach);
    let newest = async || -> Option<MessageView> {
        let list = app.engine.conversations(&app.owner, &ListQuery::default()).await.unwrap().items;
        let thread = app.engine.thread(&app.owner, list.first()?.id, None, 1).await.unwrap();
        let here = |m: &MessageView| m.file.as_ref().is_some_and(|file| file.state == FileState::Here);
        thread.messages.items.into_iter().find(here)
    };
    let before = newest().await.map(|message| message.id);
    let new = async || newest().await.filter(|message| Some(message.id) != before);
    app.sandbox.world().receive(&incoming).unwrap();
    until("the file is here", async || new().await.is_some()).await;
    new().await.unwrap()
}

async fn file(app: &TestApp, client: &Client<'_>, message: MessageId, form: &str) -> Answer {
    let path = format!("/api/v1/messages/{message}/file{form}");
    app.ask(client.request(&Method::GET, &path).body(Body::empty()).unwrap()).await
}

/// Whatever it is, a browser can do nothing with it but show a picture or save it.
fn assert_harmless(answer: &Answer, served: Served) {
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    let (kind, how) = (answer.header("content-type"), answer.header("content-disposition"));
    match served {
        Served::As(mime) => assert!(kind == mime && how.starts_with("inline; "), "{kind} {how}"),
        Served::ToSave => {
            assert!(kind == "application/octet-stream" && how.starts_with("attachment; "), "{kind} {how}");
        }
    }
}

/// A zip whose few bytes stand for a gigabyte, by its own word.
const ZIP_BOMB: &[u8] = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\x40\x05\0\0\0zeros";

/// A stored picture's few bytes that claim to be gigabytes of pixels.
fn bomb(format: &str) -> Vec<u8> {
    match format {
        "png" => {
            let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
            png.extend(60_000_u32.to_be_bytes());
            png.extend(60_000_u32.to_be_bytes());
            png.extend(b"\x08\x06\0\0\0\0\0\0\0");
            png
        }
        // 65,535 pixels each way, with a global palette of two colours, and nothing else.
        "gif" => b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\0\x3b"
            .to_vec(),
        // A frame of 65,500 each way.
        "jpeg" => {
            let mut jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
            jpeg.extend(b"\xff\xc0\0\x11\x08\xff\xdc\xff\xdc\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9");
            jpeg
        }
        // A canvas of 16,384 each way, the largest that there is.
        _ => b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\x3f\0\xff\x3f\0".to_vec(),
    }
}

/// What it is called and said to be counts for nothing: what is in it decides.
#[rstest]
#[case::page_called_a_picture("image/jpeg", b"<!doctype html><script>alert(1)</script>".to_vec(), Served::ToSave)]
#[case::page_behind_a_mark("text/html", b"\xef\xbb\xbf<html><script>alert(1)</script>".to_vec(), Served::ToSave)]
#[case::svg_called_a_png("image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), Served::ToSave)]
#[case::xml("image/svg+xml", b"<?xml version='1.0'?><?xml-stylesheet href='javascript:alert(1)'?><svg/>".to_vec(), Served::ToSave)]
#[case::saved_page("application/octet-stream", b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>".to_vec(), Served::ToSave)]
#[case::program("image/png", b"MZ\x90\0\x03\0\0\0\x04\0\0\0".to_vec(), Served::ToSave)]
#[case::zip_bomb("application/zip", ZIP_BOMB.to_vec(), Served::ToSave)]
#[case::pdf_and_page("application/pdf", b"%PDF-1.4\n<script>alert(1)</script>".to_vec(), Served::ToSave)]
#[case::gif_and_script("text/javascript", b"GIF89a/*<svg/onload=alert(1)>*/=1;alert(1)".to_vec(), Served::As("image/gif"))]
#[case::png_bomb("image/png", bomb("png"), Served::As("image/png"))]
#[case::gif_bomb("image/gif", bomb("gif"), Served::As("image/gif"))]
#[case::jpeg_bomb("image/jpeg", bomb("jpeg"), Served::As("image/jpeg"))]
#[case::webp_bomb("image/webp", bomb("webp"), Served::As("image/webp"))]
#[tokio::test]
async fn it_is_kept_and_does_nothing(#[case] said: &str, #[case] bytes: Vec<u8>, #[case] served: Served) {
    let app = app().await;
    let client = app.with_user(Role::Agent).await;
    let kind = if said.starts_with("image/") { MediaKind::Image } else { MediaKind::Document };
    let message = received(&app, Attach::bytes(kind, said, bytes.clone())).await;
    let answer = file(&app, &client, message.id, "").await;
    assert_harmless(&answer, served);
    assert!(answer.body == bytes, "as it came");
    let saved = file(&app, &client, message.id, "?save=true").await;
    assert!(saved.header("content-disposition").starts_with("attachment; "));
    assert_eq!(saved.header("x-content-type-options"), "nosniff");
    assert!(!message.file.unwrap().preview, "nothing was drawn of it");
    assert_eq!(file(&app, &client, message.id, "?preview=true").await.problem(404), "not_found");
}

/// A picture that is a page as well: as a picture it is shown, and what is drawn of it is nothing but a picture.
#[tokio::test]
async fn what_is_behind_a_picture_is_never_drawn() {
    const SCRIPT: &[u8] = b"<html><script>alert(document.cookie)</script>";
    let has_script = |bytes: &[u8]| bytes.windows(SCRIPT.len()).any(|window| window == SCRIPT);
    let app = app().await;
    let client = app.with_user(Role::Agent).await;
    let sample = received(&app, Attach::sample(MediaKind::Image)).await;
    let picture = file(&app, &client, sample.id, "").await;
    let mime = picture.header("content-type").to_owned();
    assert!(mime.starts_with("image/"), "{mime}");
    let both = [&picture.body, SCRIPT].concat();
    let message = received(&app, Attach::bytes(MediaKind::Image, "text/html", both.clone())).await;
    let answer = file(&app, &client, message.id, "").await;
    assert_eq!(
        (answer.header("content-type"), answer.header("x-content-type-options")),
        (mime.as_str(), "nosniff")
    );
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    let preview = file(&app, &client, message.id, "?preview=true").await;
    assert_harmless(&preview, Served::As("image/jpeg"));
    assert!(!has_script(&preview.body));
    // What members send as a picture is drawn anew.
    let begun = client.post("/api/v1/uploads", &json!({"name": "a.html", "size": both.len()})).await;
    let upload = begun.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/uploads/{upload}?offset=0");
    app.ask(client.request(&Method::PUT, &path).body(Body::from(both)).unwrap()).await;
    let id = new_id();
    let answer = client
        .post(
            &format!("/api/v1/conversations/{}/files", message.conversation_id),
            &json!({"id": id, "upload": upload, "wish": "natural"}),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = file(&app, &client, id.parse().unwrap(), "").await;
    assert!(sent.header("content-type").starts_with("image/") && !has_script(&sent.body));
    assert!(!sent.header("content-disposition").contains("html"), "{}", sent.header("content-disposition"));
}

const ENDLESS: &str = match std::str::from_utf8(&[b'x'; 5_000]) {
    Ok(name) => name,
    Err(_) => "",
};

/// Names end no header, lead into no folder, and do not look like others.
#[rstest]
#[case::header("a.pdf\r\nSet-Cookie: balas_session=stolen\r\n\r\n<script>")]
#[case::folder("../../../etc/cron.d/a.pdf")]
#[case::folder_of_windows("..\\..\\startup\\a.pdf")]
#[case::quotes("a\"; filename=\"evil.exe")]
#[case::turned_around("invoice\u{202e}fdp.exe")]
#[case::nothing_visible("\u{200b}\u{202e}\0\u{7}")]
#[case::encoded("%2e%2e%2fa%0d%0a.pdf")]
#[case::page("<img src=x onerror=alert(1)>.pdf")]
#[case::endless(ENDLESS)]
#[tokio::test]
async fn names_do_nothing(#[case] name: &str) {
    let app = app().await;
    let client = app.with_user(Role::Agent).await;
    let attach = Attach {
        file_name: Some(name.to_owned()),
        ..Attach::bytes(MediaKind::Document, "application/pdf", b"%PDF-1.4\n".to_vec())
    };
    let message = received(&app, attach).await;
    let answer = file(&app, &client, message.id, "").await;
    assert_harmless(&answer, Served::ToSave);
    assert_eq!(answer.header("set-cookie"), "");
    let how = answer.header("content-disposition");
    let (plain, encoded) =
        how.strip_prefix("attachment; filename=\"").unwrap().split_once("\"; filename*=UTF-8\'\'").unwrap();
    assert!(!plain.is_empty() && plain.len() <= 200, "{how}");
    assert!(plain.chars().all(|c| c.is_ascii_alphanumeric() || ".-_ ".contains(c)), "{how}");
    assert!(!plain.starts_with('.') && !plain.contains(".."), "{how}");
    assert!(encoded.chars().all(|c| c.is_ascii_alphanumeric() || ".-_%".contains(c)), "{how}");
    for trick in ["%0D", "%0A", "%00", "%2F", "%5C", "%22", "%3C", "%E2%80%AE"] {
        assert!(!encoded.contains(trick), "{how}");
    }
    // The page and programs get it as cleaned as browsers do, or escape it themselves: it is text, never markup.
    let Content::Media(said) = message.content else { panic!("a file") };
    let said = said.file_name.unwrap_or_default();
    assert!(!said.contains(['\r', '\n', '\0', '\u{202e}']), "{said:?}");
}
