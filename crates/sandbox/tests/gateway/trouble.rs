//! Webhooks in trouble, and traps of the wire that our client never steps into.

use std::time::Duration;

use balas_domain::Content;
use balas_providers::{http::client, inbound::Inbound};
use balas_sandbox::{Device, Faults, GatewayVersion};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn ids(rig: &Rig) -> Vec<String> {
    let id = |event: &Inbound| match event {
        Inbound::Message(message) => Some(message.provider_id.clone()),
        _ => None,
    };
    rig.hook.events().iter().filter_map(id).collect()
}

#[rstest]
#[tokio::test]
async fn five_attempts_then_it_is_gone(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    rig.hook.answer([500, 503, 404, 401]);
    let id = rig.hear("the fifth attempt");
    rig.hook.wait(1).await;
    rig.hook.answer([500; 5]);
    rig.hear("never");
    until("the end of the attempts", async || {
        (rig.world.pending() == 0 && rig.world.deliveries().len() == 10).then_some(())
    })
    .await;
    assert_eq!(ids(&rig), [id]);
    let last = rig.world.deliveries().pop().unwrap();
    assert_eq!((last.attempt, last.status, last.device), (5, Some(500), Some(rig.device.clone())));
}

#[rstest]
#[tokio::test]
async fn duplicates_shuffles_and_forgeries(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let scope = Some(rig.device.to_string());
    rig.world.faults(Faults { account: scope.clone(), duplicate: Some(3), ..Faults::default() }).unwrap();
    let id = rig.hear("thrice");
    rig.hook.wait(3).await;
    assert_eq!(ids(&rig), vec![id; 3]);
    rig.world.faults(Faults { account: scope.clone(), shuffle: Some(12), ..Faults::default() }).unwrap();
    let sent: Vec<String> = (0..12).map(|number| rig.hear(&number.to_string())).collect();
    rig.hook.wait(15).await;
    let mut heard = ids(&rig).split_off(3);
    assert_ne!(heard, sent, "out of order");
    heard.sort();
    let mut expected = sent;
    expected.sort();
    assert_eq!(heard, expected);
    rig.world
        .faults(Faults { account: scope, wrong_signature: true, times: Some(1), ..Faults::default() })
        .unwrap();
    rig.hear("forged first");
    rig.hook.wait(16).await;
    assert_eq!(rig.hook.forged(), 1);
}

/// "Connected", but nothing comes: what a watchdog has to notice.
#[rstest]
#[tokio::test]
async fn mute(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let scope = Some(rig.device.to_string());
    rig.world.faults(Faults { account: scope, mute: true, ..Faults::default() }).unwrap();
    let id = rig.hear("do you hear me?");
    assert!(rig.gateway.status().await.unwrap().connected);
    assert_eq!((rig.world.pending(), rig.hook.arrived().len()), (1, 0));
    rig.world.clear_faults();
    rig.hook.wait(1).await;
    assert_eq!(ids(&rig), [id]);
}

#[tokio::test]
async fn a_fault_of_one_slot_leaves_the_others_alone() {
    let rig = Rig::linked(V9).await;
    let other = Device::new("v9", "other");
    rig.world.link(&other, "628110000003", "Other").unwrap();
    rig.world.faults(Faults { account: Some("v9/other".into()), down: true, ..Faults::default() }).unwrap();
    assert!(rig.gateway.status().await.unwrap().connected);
    rig.world.faults(Faults { account: Some("v9".into()), down: true, ..Faults::default() }).unwrap();
    assert!(rig.gateway.status().await.is_err(), "the whole gateway is down");
    let unknown =
        rig.world.faults(Faults { account: Some("v9/none".into()), down: true, ..Faults::default() });
    assert!(unknown.is_err());
}

async fn ask(rig: &Rig, version: GatewayVersion, path: &str) -> (u16, String) {
    let url = format!("{}{path}", settings(&rig.running, version).base_url);
    let answer =
        client().unwrap().get(url).basic_auth("balas", Some("sandbox-gateway")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn an_encoded_at_sign_is_none_to_the_old_version() {
    for version in [V7, V9] {
        let rig = Rig::linked(version).await;
        rig.hear("hello");
        let path = |at: &str| format!("/chat/{SITI}{at}s.whatsapp.net/messages");
        assert_eq!(ask(&rig, version, &path("@")).await.0, 200);
        assert_eq!(ask(&rig, version, &path("%40")).await.0, if version == V9 { 200 } else { 500 });
    }
}

#[tokio::test]
async fn two_kinds_of_401_and_what_the_framework_says() {
    let rig = Rig::bare(V9).await;
    let (status, body) = ask(&rig, V9, "/chats").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &body),
        (401, &json!({"code": "AUTHENTICATION_ERROR", "message": "you are not logged in"}))
    );
    let base = settings(&rig.running, V9).base_url;
    let wrong = client().unwrap().get(format!("{base}/chats")).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    assert!(wrong.headers().contains_key("www-authenticate"));
    assert_eq!(wrong.text().await.unwrap(), "Unauthorized");
    let (status, text) = ask(&rig, V9, "/nonsense").await;
    assert_eq!((status, text.as_str()), (404, "Cannot GET /gowa/v9/nonsense"));
    let (status, _) = ask(&rig, V9, "/devices/none").await;
    assert_eq!(status, 500, "an unknown slot is an error of the program's");
    let health = client().unwrap().get(format!("{base}/health")).send().await.unwrap();
    assert_eq!((health.status().as_u16(), health.text().await.unwrap().as_str()), (200, "OK"));
    let rig = Rig::bare(V7).await;
    assert_eq!(ask(&rig, V7, "/devices").await.0, 404);
    assert_eq!(ask(&rig, V7, "/health").await.0, 404);
}

/// The picture is where the link says, without a password, and gone when the code has expired.
#[tokio::test]
async fn the_picture_of_a_code_lives_as_long_as_the_code() {
    let rig = Rig::bare(V9).await;
    let (_, body) = ask(&rig, V9, "/devices/shop/login").await;
    let link =
        serde_json::from_str::<Value>(&body).unwrap()["results"]["qr_link"].as_str().unwrap().to_owned();
    let get = async || client().unwrap().get(&link).send().await.unwrap();
    let picture = get().await;
    assert_eq!(
        (picture.status().as_u16(), picture.headers()["content-type"].to_str().unwrap()),
        (200, "image/png")
    );
    rig.clock.advance(Duration::from_secs(30));
    assert_eq!(get().await.status(), 404);
}

#[tokio::test]
async fn events_that_nobody_wants_stay_away() {
    let rig = Rig::linked(V9).await;
    let base = settings(&rig.running, V9).base_url;
    let events = "message, message.ack";
    let body = json!({"webhook_url": rig.hook.url, "webhook_secret": SECRET, "webhook_events": events});
    let patched = client()
        .unwrap()
        .patch(format!("{base}/devices/shop/webhook"))
        .basic_auth("balas", Some("sandbox-gateway"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let answer: Value = patched.json().await.unwrap();
    assert_eq!(answer["results"]["webhook_secret"], SECRET, "told in clear, as the vendor does");
    let id = rig.hear("hello");
    let reaction = balas_sandbox::Incoming {
        text: None,
        message: Some(json!({"type": "reaction", "reaction": {"message_id": id, "emoji": "👍"}})),
        ..balas_sandbox::Incoming::text(OWN, SITI, "Siti", "")
    };
    rig.world.receive(&reaction).unwrap();
    rig.hear("after the reaction");
    rig.hook
        .find("the message after", |event| match event {
            Inbound::Message(m) => {
                (m.content == Content::Text { text: "after the reaction".into() }).then_some(())
            }
            _ => None,
        })
        .await;
    until("the end of the deliveries", async || (rig.world.pending() == 0).then_some(())).await;
    assert_eq!(rig.world.deliveries().len(), 2);
}
