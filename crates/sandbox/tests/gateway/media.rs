//! Files through a gateway, both ways, as programs see them that know nothing of our client.

use balas_sandbox::{Attach, Faults, GatewayVersion, Incoming, MediaKind, Poll};
use reqwest::Response;
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    form::{File, form},
    support::*,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
const OGG: &[u8] = b"OggS\0not much of a voice";

fn base(rig: &Rig) -> String {
    rig.running.gateway_url(&rig.device.gateway)
}

async fn get(rig: &Rig, path: &str) -> Response {
    let http = balas_providers::http::client().unwrap();
    http.get(format!("{}/{path}", base(rig))).send().await.unwrap()
}

/// With a password.
async fn ask(rig: &Rig, path: &str) -> (u16, Value) {
    let http = balas_providers::http::client().unwrap();
    let call = http.get(format!("{}/{path}", base(rig))).basic_auth("balas", Some("sandbox-gateway"));
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn post(rig: &Rig, path: &str, kind: &str, body: Vec<u8>) -> reqwest::Result<Response> {
    let http = balas_providers::http::client().unwrap();
    let call = http.post(format!("{}/{path}", base(rig))).basic_auth("balas", Some("sandbox-gateway"));
    call.header("content-type", kind).body(body).send().await
}

/// Sends a file to Siti.
async fn send(rig: &Rig, what: &str, more: &[(&str, &str)], mime: &str, bytes: &[u8]) -> (u16, Value) {
    let fields = [&[("phone", "6281200001001@s.whatsapp.net")], more].concat();
    let (kind, body) = form(&fields, Some(File { field: what, name: "a b.bin", mime, bytes }));
    let answer = post(rig, &format!("send/{what}"), kind, body).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn from_siti(media: Attach) -> Incoming {
    Incoming::media(OWN, SITI, "Siti", media)
}

/// A customer sends a file; returns what the webhook says of it.
async fn heard(rig: &Rig, media: Attach) -> Value {
    let id = rig.world.receive(&from_siti(media)).unwrap();
    until("the file", async || {
        rig.hook.arrived().into_iter().find_map(|arrived| match arrived.raw["payload"]["id"].as_str() {
            Some(of) => (of == id).then(|| arrived.raw["payload"].clone()),
            None => (arrived.raw["message"]["id"] == id.as_str()).then_some(arrived.raw),
        })
    })
    .await
}

#[rstest]
#[case(MediaKind::Image, "image", "png")]
#[case(MediaKind::Video, "video", "mp4")]
#[case(MediaKind::Voice, "audio", "ogg")]
#[case(MediaKind::Document, "document", "pdf")]
#[case(MediaKind::Sticker, "sticker", "webp")]
#[tokio::test]
async fn what_customers_send_lies_on_the_disk(
    #[values(V7, V9)] version: GatewayVersion,
    #[case] kind: MediaKind,
    #[case] word: &str,
    #[case] extension: &str,
) {
    let rig = Rig::linked(version).await;
    for caption in [None, Some("look".to_owned())] {
        let told = heard(&rig, Attach { caption: caption.clone(), ..Attach::sample(kind) }).await;
        // Nothing can be written below voice messages and stickers.
        let caption = caption.filter(|_| !matches!(kind, MediaKind::Voice | MediaKind::Sticker));
        let node = &told[word];
        let path = match version {
            V7 => {
                assert_eq!(node["caption"].as_str(), Some(caption.as_deref().unwrap_or_default()));
                assert!(node["mime_type"].as_str().unwrap().contains('/'));
                node["media_path"].as_str()
            }
            V9 => {
                assert_eq!(told["body"].as_str(), caption.as_deref());
                assert_eq!(node.is_object(), caption.is_some());
                node["path"].as_str().or(node.as_str())
            }
        };
        let path = path.unwrap_or_else(|| panic!("{told:#}"));
        assert!(path.ends_with(&format!(".{extension}")), "{path}");
        let answer = get(&rig, path).await;
        assert_eq!(answer.status(), 200, "{path}: no password is asked for");
        let bytes = answer.bytes().await.unwrap();
        let chat = rig.chat().await;
        let shown = chat.last().unwrap()["media"]["id"].as_str().unwrap();
        assert_eq!(rig.world.media(shown).unwrap(), bytes);
    }
    assert_eq!(get(&rig, "statics/media/1-nothing.png").await.status(), 404);
}

#[tokio::test]
async fn without_auto_download_files_are_fetched_when_asked_for() {
    let rig = Rig::linked(V9).await;
    let mut settings = balas_sandbox::Gateway::demo(V9);
    (settings.webhook_urls, settings.auto_download) = (vec![rig.hook.url.clone()], false);
    rig.world.set_gateway(settings).unwrap();
    let bill = Attach {
        file_name: Some("bill.pdf".into()),
        caption: Some("read".into()),
        ..Attach::sample(MediaKind::Document)
    };
    let told = heard(&rig, bill).await;
    assert!(told["document"]["url"].as_str().unwrap().starts_with("https://mmg.whatsapp.net/"));
    assert_eq!((&told["document"]["filename"], &told["body"]), (&json!("bill.pdf"), &json!("read")));
    let told = heard(&rig, Attach::sample(MediaKind::Image)).await;
    assert_eq!(told["image"]["caption"], "");
    let told = heard(&rig, Attach::bytes(MediaKind::Voice, "audio/ogg; codecs=opus", OGG)).await;
    assert_eq!(told["audio"].as_object().unwrap().len(), 1, "{told}");
    let id = told["id"].as_str().unwrap();
    let (status, fetched) = ask(&rig, &format!("message/{id}/download?phone={SITI}@s.whatsapp.net")).await;
    assert_eq!((status, &fetched["results"]["media_type"]), (200, &json!("audio")), "{fetched}");
    assert_eq!(fetched["results"]["file_size"], OGG.len());
    let path = fetched["results"]["file_path"].as_str().unwrap();
    assert!(path.starts_with("statics/media/6281200001001/2027-01-15/"), "{path}");
    assert_eq!(get(&rig, path).await.bytes().await.unwrap(), OGG);
    let (status, _) = ask(&rig, &format!("message/{id}/download?phone=2515@lid")).await;
    assert_eq!(status, 500, "another chat");
    rig.world.faults(Faults { media_gone: true, times: Some(1), ..Faults::default() }).unwrap();
    let (status, gone) = ask(&rig, &format!("message/{id}/download?phone={SITI}")).await;
    assert_eq!((status, &gone["code"]), (500, &json!("INTERNAL_SERVER_ERROR")));
}

#[tokio::test]
async fn the_old_version_fetches_by_itself_only() {
    let rig = Rig::linked(V7).await;
    let told = heard(&rig, Attach::sample(MediaKind::Image)).await;
    let id = told["message"]["id"].as_str().unwrap();
    let answer = ask_text(&rig, &format!("message/{id}/download?phone={SITI}")).await;
    assert_eq!(answer, (404, format!("Cannot GET /gowa/v7/message/{id}/download")));
}

async fn ask_text(rig: &Rig, path: &str) -> (u16, String) {
    let http = balas_providers::http::client().unwrap();
    let call = http.get(format!("{}/{path}", base(rig))).basic_auth("balas", Some("sandbox-gateway"));
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[rstest]
#[case("image", "image/png", PNG, "image", false)]
#[case("video", "video/mp4", b"film", "video", false)]
#[case("audio", "audio/mpeg", b"song", "audio", false)]
#[case("file", "text/csv", b"a,b", "document", false)]
#[case("sticker", "image/webp", b"RIFF", "sticker", false)]
#[tokio::test]
async fn files_arrive_as_they_were_sent(
    #[values(V7, V9)] version: GatewayVersion,
    #[case] what: &str,
    #[case] mime: &str,
    #[case] bytes: &[u8],
    #[case] kind: &str,
    #[case] voice: bool,
) {
    let rig = Rig::linked(version).await;
    let question = rig.hear("which one?");
    let more = [("caption", "this one"), ("reply_message_id", question.as_str())];
    let (status, body) = send(&rig, what, &more, mime, bytes).await;
    assert_eq!(status, 200, "{body}");
    let sent = rig.world.sent(SITI).remove(0);
    assert_eq!((sent.kind.as_str(), sent.reply_to), (kind, Some(question)));
    let media = sent.media.unwrap();
    assert_eq!((media.mime.as_str(), media.size, media.voice), (mime, bytes.len() as u64, voice));
    assert_eq!(media.file_name.as_deref(), (what == "file").then_some("a b.bin"));
    assert_eq!(rig.world.media(&media.id).unwrap(), bytes);
    let captioned = matches!(what, "image" | "video" | "file");
    assert_eq!(sent.body["caption"].as_str(), captioned.then_some("this one"));
}

#[tokio::test]
async fn voice_notes_are_ogg() {
    let rig = Rig::linked(V9).await;
    let ptt = [("ptt", "true")];
    assert_eq!(send(&rig, "audio", &ptt, "audio/ogg", OGG).await.0, 200);
    let media = rig.world.sent(SITI).remove(0).media.unwrap();
    assert_eq!((media.mime.as_str(), media.voice), ("audio/ogg; codecs=opus", true));
    let (status, body) = send(&rig, "audio", &ptt, "audio/mpeg", b"song").await;
    assert_eq!((status, &body["code"]), (500, &json!("INTERNAL_SERVER_ERROR")), "{body}");
    // The old version knows no voice notes.
    let rig = Rig::linked(V7).await;
    assert_eq!(send(&rig, "audio", &ptt, "audio/ogg", OGG).await.0, 200);
    assert!(!rig.world.sent(SITI)[0].media.as_ref().unwrap().voice);
}

#[rstest]
#[tokio::test]
async fn files_that_are_not_taken(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    for (what, mime, bytes, word) in [
        ("audio", "audio/ogg; codecs=opus", OGG.to_vec(), "audio type"),
        ("image", "image/webp", PNG.to_vec(), "jpg/jpeg/png"),
        ("video", "video/webm", b"film".to_vec(), "video type"),
        ("sticker", "video/mp4", b"film".to_vec(), "sticker"),
        ("image", "image/png", vec![0; 20_000_001], "20 MB"),
        ("file", "application/pdf", vec![0; 50_000_001], "50 MB"),
    ] {
        let (status, body) = send(&rig, what, &[], mime, &bytes).await;
        assert_eq!((status, &body["code"]), (400, &json!("VALIDATION_ERROR")), "{what}: {body}");
        assert!(body["message"].as_str().unwrap().contains(word), "{body}");
    }
    let (kind, body) = form(&[("phone", SITI)], None);
    let answer: Value = post(&rig, "send/image", kind, body).await.unwrap().json().await.unwrap();
    assert_eq!(answer["message"], "either Image or ImageURL must be provided");
    let broken = post(&rig, "send/image", "multipart/form-data; boundary=frontier", b"--fro".to_vec()).await;
    assert_eq!(broken.unwrap().status(), 500);
    assert!(rig.world.sent_to_all().is_empty());
}

#[tokio::test]
async fn a_gateway_fetches_what_a_link_names_from_this_machine_only() {
    let rig = Rig::linked(V9).await;
    let told = heard(&rig, Attach::bytes(MediaKind::Image, "image/png", PNG)).await;
    let url = format!("{}/{}", base(&rig), told["image"].as_str().unwrap());
    let json = json!({"phone": SITI, "image_url": url, "caption": "again"});
    let answer = post(&rig, "send/image", "application/json", json.to_string().into_bytes()).await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let sent = rig.world.sent(SITI).remove(0);
    assert_eq!(rig.world.media(&sent.media.unwrap().id).unwrap(), PNG);
    assert_eq!(sent.text.as_deref(), Some("again"));
    let away = json!({"phone": SITI, "file_url": "http://example.com/a.pdf"});
    let answer = post(&rig, "send/file", "application/json", away.to_string().into_bytes()).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(answer.text().await.unwrap().contains("this machine"));
}

#[rstest]
#[tokio::test]
async fn trouble_with_files(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let scope = Some(rig.device.to_string());
    let once = |faults: Faults| {
        rig.world.faults(Faults { account: scope.clone(), times: Some(1), ..faults }).unwrap();
    };
    once(Faults { upload_refused: true, ..Faults::default() });
    let (status, body) = send(&rig, "image", &[], "image/png", PNG).await;
    assert_eq!((status, &body["code"]), (500, &json!("UPLOAD_MEDIA_ERROR")), "{body}");
    assert!(rig.world.sent_to_all().is_empty());
    once(Faults { upload_answer_lost: true, ..Faults::default() });
    let image = File { field: "image", name: "a.png", mime: "image/png", bytes: PNG };
    let (kind, body) = form(&[("phone", SITI)], Some(image));
    assert!(post(&rig, "send/image", kind, body).await.is_err());
    assert_eq!(rig.world.sent_to_all().len(), 1, "it went out all the same");

    let told = heard(&rig, Attach { size: Some(400_000), ..Attach::sample(MediaKind::Document) }).await;
    let node = &told["document"];
    let path = node["media_path"].as_str().or(node.as_str()).unwrap().to_owned();
    once(Faults { media_gone: true, ..Faults::default() });
    assert_eq!(get(&rig, &path).await.status(), 404);
    once(Faults { download_cut: true, ..Faults::default() });
    assert!(get(&rig, &path).await.bytes().await.is_err(), "broken off");
    once(Faults { download_bytes_per_second: Some(4_000_000), ..Faults::default() });
    assert_eq!(get(&rig, &path).await.bytes().await.unwrap().len(), 400_000, "slow, but whole");
    let http = balas_providers::http::client().unwrap();
    let part = http.get(format!("{}/{path}", base(&rig))).header("range", "bytes=0-9").send().await.unwrap();
    assert_eq!(part.status(), 200, "gateways serve no parts");
}

#[rstest]
#[tokio::test]
async fn polls_arrive_without_a_content(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let poll = Poll { question: "Which one?".into(), options: vec!["a".into(), "b".into()] };
    let asked = Incoming { text: None, poll: Some(poll), ..Incoming::text(OWN, SITI, "Siti", "") };
    rig.world.receive(&asked).unwrap();
    let raw = rig.hook.wait(1).await[0].raw.to_string();
    assert!(!raw.contains("Which"), "{raw}");
    let twice = json!({"phone": SITI, "question": "?", "options": ["a", "a"], "max_answer": 1});
    let answer = post(&rig, "send/poll", "application/json", twice.to_string().into_bytes()).await.unwrap();
    assert_eq!(answer.status(), 400);
}

#[rstest]
#[tokio::test]
async fn what_a_gateway_sent_can_be_changed_and_taken_back(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let id = rig.gateway_text("first").await;
    for (what, body) in [
        ("update", json!({"phone": SITI, "message": "second"})),
        ("reaction", json!({"phone": SITI, "emoji": "👍"})),
        ("delete", json!({"phone": SITI})),
    ] {
        let path = format!("message/{id}/{what}");
        let answer = post(&rig, &path, "application/json", body.to_string().into_bytes()).await.unwrap();
        assert_eq!(answer.status(), 200, "{what}");
    }
    let shown = rig.chat().await.pop().unwrap();
    assert_eq!((&shown["text"], &shown["edited"]), (&json!("second"), &json!(true)));
    assert_eq!((&shown["business_reaction"], &shown["revoked"]), (&json!("👍"), &json!(false)));
    let body = json!({"phone": SITI}).to_string().into_bytes();
    let answer = post(&rig, &format!("message/{id}/revoke"), "application/json", body).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(rig.chat().await.pop().unwrap()["revoked"], true);
}

impl Rig {
    /// What Siti's phone shows, oldest first.
    async fn chat(&self) -> Vec<Value> {
        let url = format!("{}/control/chat?account={OWN}&phone={SITI}", self.running.base_url());
        let answer = balas_providers::http::client().unwrap().get(url).send().await.unwrap();
        let chat: Value = answer.json().await.unwrap();
        chat["messages"].as_array().unwrap().clone()
    }

    /// Sends a text to Siti; returns its id.
    async fn gateway_text(&self, text: &str) -> String {
        let body = json!({"phone": SITI, "message": text}).to_string().into_bytes();
        let answer = post(self, "send/message", "application/json", body).await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["results"]["message_id"].as_str().unwrap().to_owned()
    }
}
