//! Files on Meta's side: handed over, sent, received, fetched, and what can go wrong with them.

use std::{collections::BTreeSet, path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Response, header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    form::{File, form},
    support::{SITI, Sandbox, answer},
};

const MB: usize = 1024 * 1024;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn hand_over(sandbox: &Sandbox, mime: &str, bytes: &[u8]) -> reqwest::Result<Response> {
    let file = File { field: "file", name: "file.bin", mime, bytes };
    post(sandbox, form(&[("messaging_product", "whatsapp")], Some(file))).await
}

async fn post(sandbox: &Sandbox, (kind, body): (&str, Vec<u8>)) -> reqwest::Result<Response> {
    let url = sandbox.url(&format!("/v23.0/{}/media", sandbox.number.phone_number_id));
    let call = sandbox.client.post(url).bearer_auth(&sandbox.number.token);
    call.header(header::CONTENT_TYPE, kind).body(body).send().await
}

/// The media id.
pub async fn uploaded(sandbox: &Sandbox, mime: &str, bytes: &[u8]) -> String {
    let (status, body) = answer(hand_over(sandbox, mime, bytes).await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

async fn look_up(sandbox: &Sandbox, id: &str) -> (u16, Value) {
    let path = format!("/v23.0/{id}?phone_number_id={}", sandbox.number.phone_number_id);
    answer(sandbox.graph_get(&path).await).await
}

async fn link(sandbox: &Sandbox, id: &str) -> String {
    let (status, body) = look_up(sandbox, id).await;
    assert_eq!(status, 200, "{body}");
    body["url"].as_str().unwrap().to_owned()
}

/// As a well-behaved client fetches a file.
fn fetch(sandbox: &Sandbox, url: &str) -> reqwest::RequestBuilder {
    sandbox.client.get(url).bearer_auth(&sandbox.number.token).header(header::USER_AGENT, "test/1")
}

async fn bytes(sandbox: &Sandbox, id: &str) -> Vec<u8> {
    let response = fetch(sandbox, &link(sandbox, id).await).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

/// A customer sends a file; returns the node that the webhook tells.
async fn hear(sandbox: &Sandbox, receiver: &crate::support::Receiver, media: Value) -> Value {
    let count = receiver.arrived().len();
    let body = json!({"from": SITI, "name": "Siti", "media": media});
    let (status, answer) = sandbox.control("/control/messages", &body).await;
    assert_eq!(status, 200, "{answer}");
    receiver.wait(count + 1).await[count].value["messages"][0].clone()
}

async fn set(sandbox: &Sandbox, faults: Value) {
    let (status, body) = sandbox.control("/control/faults", &faults).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn a_file_goes_there_and_back() {
    let sandbox = Sandbox::start().await;
    let id = uploaded(&sandbox, "image/png", PNG).await;
    assert!(id.len() >= 15 && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    let (status, told) = look_up(&sandbox, &id).await;
    assert_eq!(status, 200, "{told}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/media-get-response-200");
    let theirs = std::fs::read(folder.join("retrieve-media-url.json")).unwrap();
    let theirs: Value = serde_json::from_slice(&theirs).unwrap();
    assert_eq!(keys(&told), keys(&theirs));
    assert_eq!(told["file_size"], PNG.len().to_string().as_str(), "a string, as Meta writes it");
    assert_eq!((&told["mime_type"], &told["id"]), (&json!("image/png"), &json!(id)));
    assert_eq!(told["sha256"], hex::encode(Sha256::digest(PNG)).as_str());
    let url = told["url"].as_str().unwrap();
    let response = fetch(&sandbox, url).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "image/png");
    assert_eq!(response.headers()[header::CONTENT_LENGTH], PNG.len().to_string().as_str());
    assert_eq!(response.bytes().await.unwrap(), PNG);
    assert_eq!(sandbox.running.world().media(&id).unwrap(), PNG);
}

#[tokio::test]
async fn links_ask_who_fetches_and_end() {
    let sandbox = Sandbox::start().await;
    let id = uploaded(&sandbox, "image/png", PNG).await;
    let url = link(&sandbox, &id).await;
    let nobody = sandbox.client.get(&url).header(header::USER_AGENT, "test/1").send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    let faceless = sandbox.client.get(&url).bearer_auth(&sandbox.number.token).send().await.unwrap();
    assert_eq!(faceless.status(), 403, "Meta wants a User-Agent");
    let forged = url.replace("ext=", "ext=9");
    assert_eq!(fetch(&sandbox, &forged).send().await.unwrap().status(), 404);
    sandbox.clock.advance(Duration::from_secs(299));
    assert_eq!(fetch(&sandbox, &url).send().await.unwrap().status(), 200);
    sandbox.clock.advance(Duration::from_secs(1));
    assert_eq!(fetch(&sandbox, &url).send().await.unwrap().status(), 404, "five minutes are over");
    assert_eq!(bytes(&sandbox, &id).await, PNG, "the next link works again");
    sandbox.clock.advance(Duration::from_hours(30 * 24));
    let (status, body) = look_up(&sandbox, &id).await;
    assert_eq!((status, &body["error"]["error_subcode"]), (400, &json!(33)), "kept for thirty days");
}

#[tokio::test]
async fn parts_of_a_file_can_be_fetched() {
    let sandbox = Sandbox::start().await;
    let long: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let id = uploaded(&sandbox, "application/pdf", &long).await;
    let url = link(&sandbox, &id).await;
    for (asked, from, to) in
        [("bytes=0-9", 0, 10), ("bytes=650000-", 650_000, 700_000), ("bytes=-3", 699_997, 700_000)]
    {
        let response = fetch(&sandbox, &url).header(header::RANGE, asked).send().await.unwrap();
        assert_eq!(response.status(), 206, "{asked}");
        let said = format!("bytes {from}-{}/700000", to - 1);
        assert_eq!(response.headers()[header::CONTENT_RANGE], said.as_str());
        assert_eq!(response.bytes().await.unwrap(), long[from..to], "{asked}");
    }
    let beyond = fetch(&sandbox, &url).header(header::RANGE, "bytes=700000-").send().await.unwrap();
    assert_eq!(beyond.status(), 416);
}

#[tokio::test]
async fn files_are_deleted_and_belong_to_their_number() {
    let sandbox = Sandbox::start().await;
    let other = json!({"phone_number_id": "111", "waba_id": "222", "display_phone_number": "+1 555 010 0001",
        "verified_name": "Other", "token": "other-token", "app_secret": "s", "verify_token": "v"});
    assert_eq!(sandbox.control("/control/numbers", &other).await.0, 200);
    let id = uploaded(&sandbox, "image/png", PNG).await;
    let url = link(&sandbox, &id).await;
    let path = format!("/v23.0/{id}");
    let foreign = sandbox.client.get(sandbox.url(&path)).bearer_auth("other-token").send().await.unwrap();
    let (status, body) = answer(foreign).await;
    assert_eq!((status, &body["error"]["error_subcode"]), (400, &json!(33)));
    let foreign = sandbox.client.get(&url).bearer_auth("other-token").header(header::USER_AGENT, "x");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let (status, _) = answer(sandbox.graph_get(&format!("{path}?phone_number_id=111")).await).await;
    assert_eq!(status, 400, "it does not belong to that number");
    let delete = sandbox.client.delete(sandbox.url(&path)).bearer_auth(&sandbox.number.token);
    assert_eq!(answer(delete.send().await.unwrap()).await, (200, json!({"success": true})));
    let (status, body) = look_up(&sandbox, &id).await;
    assert_eq!(
        (status, &body["error"]["code"], &body["error"]["error_subcode"]),
        (400, &json!(100), &json!(33))
    );
    assert_eq!(fetch(&sandbox, &url).send().await.unwrap().status(), 404);
}

fn file<'a>(mime: &'a str, bytes: &'a [u8]) -> File<'a> {
    File { field: "file", name: "a.bin", mime, bytes }
}

#[tokio::test]
async fn what_meta_does_not_take() {
    let sandbox = Sandbox::start().await;
    let refused = async |call: (&str, Vec<u8>), word: &str| {
        let (status, body) = answer(post(&sandbox, call).await.unwrap()).await;
        let text = body["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!((status, &body["error"]["code"]), (400, &json!(100)), "{body}");
        assert!(text.contains(word), "{text} does not say {word}");
    };
    let whatsapp = [("messaging_product", "whatsapp")];
    refused(form(&[], Some(file("image/png", PNG))), "messaging_product is required").await;
    refused(form(&[("messaging_product", "sms")], Some(file("image/png", PNG))), "WHATSAPP").await;
    refused(form(&whatsapp, None), "file is required").await;
    refused(("application/json", b"{\"messaging_product\":\"whatsapp\"}".to_vec()), "file is required").await;
    refused(("multipart/form-data; boundary=frontier", b"--frontier\r\nbroken".to_vec()), "Invalid").await;
    refused(form(&whatsapp, Some(file("image/png", b""))), "empty").await;
    for odd in ["application/octet-stream", "text/csv", "application/zip", "audio/wav", "image/gif"] {
        let said = format!("Received file of type '{odd}'");
        // What the field `type` says changes nothing.
        let fields = [("messaging_product", "whatsapp"), ("type", "image/png")];
        refused(form(&fields, Some(file(odd, PNG))), &said).await;
    }
    let moving = [&b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0"[..], &vec![0; 600 * 1024]].concat();
    for (mime, most, word) in [
        ("image/jpeg", 5 * MB, "5MB"),
        ("audio/ogg; codecs=opus", 16 * MB, "16MB"),
        ("video/mp4", 16 * MB, "16MB"),
        ("image/webp", 100 * 1024, "100KB"),
    ] {
        let id = uploaded(&sandbox, mime, &vec![1; most]).await;
        assert_eq!(look_up(&sandbox, &id).await.1["file_size"], most.to_string().as_str());
        refused(form(&whatsapp, Some(file(mime, &vec![1; most + 1]))), word).await;
    }
    uploaded(&sandbox, "image/webp", &moving[..500 * 1024]).await;
    refused(form(&whatsapp, Some(file("image/webp", &moving[..=500 * 1024]))), "500KB").await;
    let url = sandbox.url(&format!("/v23.0/{}/media", sandbox.number.phone_number_id));
    let (kind, body) = form(&whatsapp, Some(file("image/png", PNG)));
    let stranger =
        sandbox.client.post(url).bearer_auth("wrong").header(header::CONTENT_TYPE, kind).body(body);
    assert_eq!(stranger.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_largest_document_is_taken_and_no_larger_one() {
    let sandbox = Sandbox::start().await;
    let media = json!({"kind": "document", "size": 100 * 1024 * 1024, "mime": "text/plain"});
    let body = json!({"from": SITI, "id": "wamid.BIG", "media": media});
    assert_eq!(sandbox.control("/control/messages", &body).await.0, 200);
    let chat = format!("/control/chat?account={}&phone={SITI}", sandbox.number.phone_number_id);
    let message = sandbox.look(&chat).await["messages"][0].clone();
    assert_eq!(message["media"]["size"], 100 * 1024 * 1024);
    let id = message["body"]["id"].as_str().unwrap();
    let mut response = fetch(&sandbox, &link(&sandbox, id).await).send().await.unwrap();
    let mut hash = Sha256::new();
    while let Some(piece) = response.chunk().await.unwrap() {
        hash.update(&piece);
    }
    assert_eq!(message["media"]["sha256"], hex::encode(hash.finalize()).as_str());
    let larger = json!({"from": SITI, "media": {"kind": "document", "size": 100 * 1024 * 1024 + 1}});
    let (status, body) = sandbox.control("/control/messages", &larger).await;
    assert!(status == 400 && body["error"].as_str().unwrap().contains("larger than 100 MB"), "{body}");
}

#[tokio::test]
async fn files_are_sent_by_their_ids() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    sandbox.hear(SITI, "Halo").await;
    receiver.wait(1).await;
    for (kind, mime, more, file_name, voice) in [
        ("image", "image/png", json!({"caption": "look"}), "file.bin", false),
        ("video", "video/mp4", json!({}), "file.bin", false),
        ("audio", "audio/mpeg", json!({}), "file.bin", false),
        ("audio", "audio/ogg; codecs=opus", json!({"voice": true}), "file.bin", true),
        ("document", "application/pdf", json!({"filename": "a.pdf", "caption": "read"}), "a.pdf", false),
        ("sticker", "image/webp", json!({}), "file.bin", false),
    ] {
        let content = format!("{kind} {mime}");
        let id = uploaded(&sandbox, mime, content.as_bytes()).await;
        let mut node = more;
        node["id"] = json!(id);
        let request = json!({"messaging_product": "whatsapp", "to": SITI, "type": kind, (kind): node});
        let (status, body) = answer(sandbox.send(&request).await).await;
        assert_eq!(status, 200, "{body}");
        let sent = sandbox.look(&format!("/control/messages?to={SITI}")).await;
        let media = sent.as_array().unwrap().last().unwrap()["media"].clone();
        let sha = hex::encode(Sha256::digest(content.as_bytes()));
        assert_eq!(
            (&media["mime"], &media["size"], &media["sha256"], &media["file_name"], &media["voice"]),
            (&json!(mime), &json!(content.len()), &json!(sha), &json!(file_name), &json!(voice)),
            "{kind}"
        );
        let path = format!("/control/media/{}", media["id"].as_str().unwrap());
        let shown = sandbox.client.get(sandbox.url(&path)).send().await.unwrap();
        assert_eq!(shown.text().await.unwrap(), content);
    }
}

#[tokio::test]
async fn unknown_files_links_and_misfits() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    sandbox.hear(SITI, "Halo").await;
    receiver.wait(1).await;
    let request = |kind: &str, node: Value| json!({"messaging_product": "whatsapp", "to": SITI, "type": kind, (kind): node});
    let (status, body) =
        answer(sandbox.send(&request("image", json!({"id": "4490709327384033"}))).await).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(100)), "{body}");
    let text = "(#100) Param image['id'] is not a valid whatsapp business account media attachment ID";
    assert_eq!(body["error"]["message"], text);
    let (status, body) =
        answer(sandbox.send(&request("video", json!({"link": "http://127.0.0.1/a.mp4"}))).await).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(131_052)), "{body}");
    assert!(body["error"]["error_data"]["details"].as_str().unwrap().contains("Upload"), "{body}");
    assert_eq!(sandbox.look("/control/messages").await, json!([]), "nothing went out");
    // Meta finds out later that a file does not fit.
    let id = uploaded(&sandbox, "application/pdf", b"%PDF-").await;
    assert_eq!(sandbox.send(&request("image", json!({"id": id}))).await.status(), 200);
    let failed = receiver.wait(2).await.remove(1);
    assert_eq!(failed.value["statuses"][0]["errors"][0]["code"], 131_053);
}

#[tokio::test]
async fn customers_send_files_of_every_kind() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    for (media, kind, mime, more) in [
        (json!({"kind": "image", "caption": "look"}), "image", "image/png", json!({"caption": "look"})),
        (json!({"kind": "video"}), "video", "video/mp4", json!({})),
        (json!({"kind": "voice"}), "audio", "audio/ogg; codecs=opus", json!({"voice": true})),
        (json!({"kind": "audio"}), "audio", "audio/ogg", json!({"voice": false})),
        (
            json!({"kind": "document", "file_name": "bill é.pdf", "caption": "read"}),
            "document",
            "application/pdf",
            json!({"filename": "bill é.pdf", "caption": "read"}),
        ),
        (json!({"kind": "sticker"}), "sticker", "image/webp", json!({"animated": false})),
    ] {
        let node = hear(&sandbox, &receiver, media).await;
        assert_eq!(node["type"], kind);
        let mut body = node[kind].clone();
        let (id, sha) =
            (body["id"].as_str().unwrap().to_owned(), body["sha256"].as_str().unwrap().to_owned());
        let fetched = bytes(&sandbox, &id).await;
        assert_eq!(sha, STANDARD.encode(Sha256::digest(&fetched)), "{kind}: in base64");
        let told = look_up(&sandbox, &id).await.1;
        assert_eq!((&told["mime_type"], &body["mime_type"]), (&json!(mime), &json!(mime)));
        let body = body.as_object_mut().unwrap();
        body.retain(|key, _| !matches!(key.as_str(), "id" | "sha256" | "mime_type"));
        assert_eq!(json!(body), more, "{kind}");
    }
}

#[tokio::test]
async fn the_bytes_come_in_four_ways() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    let node = hear(&sandbox, &receiver, json!({"kind": "image", "base64": STANDARD.encode(PNG)})).await;
    assert_eq!(node["image"]["mime_type"], "image/png", "told by the bytes");
    assert_eq!(bytes(&sandbox, node["image"]["id"].as_str().unwrap()).await, PNG);
    let node = hear(&sandbox, &receiver, json!({"kind": "image", "size": 3_000_000})).await;
    let picture = bytes(&sandbox, node["image"]["id"].as_str().unwrap()).await;
    assert!(picture.len() == 3_000_000 && picture.starts_with(b"\x89PNG"));
    let taken = sandbox.client.post(sandbox.url("/control/media")).body(PNG).send().await.unwrap();
    let (_, taken) = answer(taken).await;
    assert_eq!((&taken["size"], &taken["looks_like"]), (&json!(PNG.len()), &json!("image/png")));
    let media =
        json!({"kind": "document", "file": taken["id"], "file_name": "scan.png", "mime": "image/png"});
    let node = hear(&sandbox, &receiver, media).await;
    assert_eq!(node["document"]["filename"], "scan.png");
    assert_eq!(bytes(&sandbox, node["document"]["id"].as_str().unwrap()).await, PNG);
    for (media, word) in [
        (json!({"kind": "image", "base64": "AA==", "size": 5}), "once"),
        (json!({"kind": "image", "base64": "***"}), "base64"),
        (json!({"kind": "image", "size": 5}), "at least"),
        (json!({"kind": "image", "file": "00"}), "hand it over again"),
        (json!({"kind": "film"}), "unknown variant"),
    ] {
        let (status, body) =
            sandbox.control("/control/messages", &json!({"from": SITI, "media": media})).await;
        assert!(status == 400 && body["error"].as_str().unwrap().contains(word), "{word}: {body}");
    }
    let gone = sandbox.client.get(sandbox.url("/control/media/00")).send().await.unwrap();
    assert_eq!(answer(gone).await.0, 404);
}

#[tokio::test]
async fn what_is_not_known_is_only_saved() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    let page = STANDARD.encode("<script>alert(1)</script>");
    let media = json!({"kind": "document", "base64": page, "mime": "text/html", "file_name": "a.html"});
    let node = hear(&sandbox, &receiver, media).await;
    let path = format!("/control/media/{}", node["document"]["id"].as_str().unwrap());
    let shown = sandbox.client.get(sandbox.url(&path)).send().await.unwrap();
    assert_eq!(shown.headers()[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(shown.headers()[header::CONTENT_DISPOSITION], "attachment");
}

#[tokio::test]
async fn places_people_polls_and_changes_have_short_words() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    let id = sandbox.hear(SITI, "Halo").await;
    let said = [
        (json!({"location": {"latitude": -7.8, "longitude": 110.4, "name": "Tugu"}}), "location"),
        (json!({"contact": {"name": "Budi Santoso", "phone": "+62 812-0000-1002"}}), "contacts"),
        (json!({"poll": {"question": "Which?", "options": ["a", "b"]}}), "unsupported"),
        (json!({"edit": {"id": id, "text": "Halo!"}}), "edit"),
        (json!({"reaction": {"id": id, "emoji": "👍"}}), "reaction"),
        (json!({"revoke": id}), "revoke"),
    ];
    for (mut body, _) in said.clone() {
        body["from"] = json!(SITI);
        assert_eq!(sandbox.control("/control/messages", &body).await.0, 200, "{body}");
    }
    let arrived = receiver.wait(1 + said.len()).await;
    let nodes: Vec<&Value> = arrived[1..].iter().map(|hook| &hook.value["messages"][0]).collect();
    for (node, (_, kind)) in nodes.iter().zip(&said) {
        assert_eq!(node["type"], *kind);
    }
    assert_eq!(nodes[0]["location"], json!({"latitude": -7.8, "longitude": 110.4, "name": "Tugu"}));
    assert_eq!(nodes[1]["contacts"][0]["phones"][0]["wa_id"], "6281200001002");
    assert!(!nodes[2].to_string().contains("Which"), "nobody is told what was asked");
    assert_eq!(nodes[2]["errors"][0]["code"], 131_051);
    assert_eq!(nodes[3]["edit"]["message"]["text"]["body"], "Halo!");
    assert_eq!(nodes[5]["revoke"]["original_message_id"], id.as_str());
    let both = json!({"from": SITI, "text": "a", "poll": {"question": "?", "options": []}});
    let (status, body) = sandbox.control("/control/messages", &both).await;
    assert!(status == 400 && body["error"].as_str().unwrap().contains("one thing"), "{body}");
}

#[tokio::test]
async fn uploads_that_fail() {
    let sandbox = Sandbox::start().await;
    set(&sandbox, json!({"upload_refused": true, "times": 1})).await;
    let (status, body) = answer(hand_over(&sandbox, "image/png", PNG).await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(131_053)), "{body}");
    set(&sandbox, json!({"upload_answer_lost": true, "times": 1})).await;
    let error = hand_over(&sandbox, "image/png", PNG).await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    set(&sandbox, json!({"code": 130_429, "calls": "all", "times": 1})).await;
    assert_eq!(hand_over(&sandbox, "image/png", PNG).await.unwrap().status(), 429);
    uploaded(&sandbox, "image/png", PNG).await;
}

#[tokio::test]
async fn downloads_that_fail() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    let node = hear(&sandbox, &receiver, json!({"kind": "document", "size": 400_000})).await;
    let id = node["document"]["id"].as_str().unwrap();
    set(&sandbox, json!({"media_link_expired": true, "times": 1})).await;
    let url = link(&sandbox, id).await;
    assert_eq!(fetch(&sandbox, &url).send().await.unwrap().status(), 404, "over at once");
    let url = link(&sandbox, id).await;
    set(&sandbox, json!({"media_gone": true, "times": 2})).await;
    let (status, body) = look_up(&sandbox, id).await;
    assert_eq!((status, &body["error"]["error_subcode"]), (400, &json!(33)));
    assert_eq!(fetch(&sandbox, &url).send().await.unwrap().status(), 404);
    set(&sandbox, json!({"download_cut": true, "times": 1})).await;
    let response = fetch(&sandbox, &url).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "400000");
    assert!(response.bytes().await.is_err(), "what broke off is no whole file");
    assert_eq!(fetch(&sandbox, &url).send().await.unwrap().bytes().await.unwrap().len(), 400_000);
    set(&sandbox, json!({"download_bytes_per_second": 10_000, "times": 1})).await;
    let began = std::time::Instant::now();
    let part = fetch(&sandbox, &url).header(header::RANGE, "bytes=0-1999").send().await.unwrap();
    assert_eq!(part.bytes().await.unwrap().len(), 2_000);
    assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_demo_holds_the_files_that_it_tells_of() {
    let sandbox = Sandbox::with(crate::support::timing(), true).await;
    let account = sandbox.number.phone_number_id.clone();
    let mut kinds = BTreeSet::new();
    for phone in sandbox.look(&format!("/control/phones?account={account}")).await.as_array().unwrap() {
        let key = phone["phone"].as_str().unwrap();
        let chat = sandbox.look(&format!("/control/chat?account={account}&phone={key}&limit=500")).await;
        for message in chat["messages"].as_array().unwrap() {
            let Some(media) = message["media"].as_object() else { continue };
            let id = message["body"]["id"].as_str().unwrap();
            let fetched = bytes(&sandbox, id).await;
            assert_eq!(media["size"], fetched.len());
            kinds.insert(message["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds, BTreeSet::from(["audio", "document", "image", "sticker"].map(str::to_owned)));
    assert_eq!(sandbox.control("/control/reset", &json!({})).await.0, 200);
    assert_eq!(sandbox.running.world().pending(), 0);
}
