//! The Graph API: what is accepted, and the exact errors for what is not.

use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};

use crate::{
    media::uploaded,
    support::{Receiver, SITI, Sandbox, answer},
};

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/errors").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn every_vendor_request_is_answered() {
    let sandbox = Sandbox::start().await;
    let read_example = "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQUYzMjEzNDM2RTZGQ0MzMDJBRgA=";
    let seen = json!({"account": sandbox.number.phone_number_id, "from": "16505551234", "text": "hi",
        "id": read_example});
    assert_eq!(sandbox.control("/control/messages", &seen).await.0, 200);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/messages-request");
    let (mut messages, mut marks, mut links) = (0, 0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("{{Recipient-Phone-Number}}", "16505551234");
        let text = text.replace("{{Recipient-WA-Phone-Number}}", "16505551234");
        let mut request: Value = serde_json::from_str(&text).unwrap();
        let media = [
            ("image", "image/png"),
            ("video", "video/mp4"),
            ("audio", "audio/mpeg"),
            ("document", "text/plain"),
            ("sticker", "image/webp"),
        ];
        let media = media.into_iter().find(|(kind, _)| request[*kind].is_object());
        if media.is_some_and(|(kind, _)| request[kind]["link"].is_string()) {
            // Nothing is fetched from the internet here.
            let (status, body) = answer(sandbox.send(&request).await).await;
            assert_eq!((status, &body["error"]["code"]), (400, &json!(131_052)), "{}", path.display());
            links += 1;
            continue;
        }
        if let Some((kind, mime)) = media {
            request[kind]["id"] = json!(uploaded(&sandbox, mime, b"anything").await);
        }
        let (status, body) = answer(sandbox.send(&request).await).await;
        assert_eq!(status, 200, "{}: {body}", path.display());
        if request["status"] == "read" {
            assert_eq!(body, json!({"success": true}));
            marks += 1;
            continue;
        }
        assert_eq!(keys(&body), BTreeSet::from(["contacts", "messages", "messaging_product"]));
        assert_eq!(body["contacts"][0]["input"], request["to"]);
        assert!(body["messages"][0]["id"].as_str().unwrap().starts_with("wamid."));
        messages += 1;
    }
    assert!(messages >= 37 && messages + links >= 49, "{messages} messages, {links} links");
    assert_eq!(marks, 1);
    assert_eq!(sandbox.look("/control/messages").await.as_array().unwrap().len(), messages);
    let typing = sandbox.look("/control/typing?to=16505551234").await;
    assert!(typing["typing"].is_boolean());
}

#[tokio::test]
async fn a_wrong_proof_of_the_app_secret_is_refused() {
    let sandbox = Sandbox::start().await;
    let path = format!("/v23.0/{}?appsecret_proof={}", sandbox.number.phone_number_id, "0".repeat(64));
    let request = sandbox.client.get(sandbox.url(&path)).bearer_auth(&sandbox.number.token);
    let (status, body) = answer(request.send().await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(100)), "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains("appsecret_proof"), "{body}");
}

#[tokio::test]
async fn errors_have_the_vendors_shape() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.number.phone_number_id.clone();
    let get = async |path: String, token: Option<&str>| {
        let request = sandbox.client.get(sandbox.url(&path));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        answer(request.send().await.unwrap()).await
    };
    let token = Some(sandbox.number.token.as_str());
    let cases = [
        (get(format!("/v23.0/{id}"), None).await, 401, "401/missing-token.json"),
        (get(format!("/v23.0/{id}"), Some("wrong")).await, 401, "401/invalid-token.json"),
        (get(format!("/v23/{id}"), token).await, 400, "400/invalid-version.json"),
        (get(format!("/v23.0/{id}?fields=nonsense"), token).await, 400, "400/invalid-fields.json"),
    ];
    for ((status, body), expected, file) in cases {
        let theirs = fixture(file);
        assert_eq!(status, expected, "{body}");
        assert_eq!(keys(&body), keys(&theirs));
        assert_eq!(keys(&body["error"]), keys(&theirs["error"]), "{file}: {body}");
        assert_eq!(body["error"]["code"], theirs["error"]["code"], "{file}");
        assert_eq!(body["error"]["type"], theirs["error"]["type"], "{file}");
    }
    let (status, body) = get("/v23.0/999".to_owned(), token).await;
    assert_eq!(
        (status, &body["error"]["code"], &body["error"]["error_subcode"]),
        (400, &json!(100), &json!(33))
    );
    for path in ["/nonsense", "/v23.0/me/accounts", "/v23.0"] {
        let (status, body) = get(path.to_owned(), token).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(2_500)), "{path}: {body}");
        assert!(body["error"]["fbtrace_id"].as_str().unwrap().len() > 10);
    }
}

#[tokio::test]
async fn a_token_opens_its_own_numbers_only() {
    let sandbox = Sandbox::start().await;
    let other = json!({"phone_number_id": "111", "waba_id": "222", "display_phone_number": "+1 555 010 0001",
        "verified_name": "Other", "token": "other-token", "app_secret": "s", "verify_token": "v"});
    assert_eq!(sandbox.control("/control/numbers", &other).await.0, 200);
    assert_eq!(sandbox.control("/control/numbers", &other).await.0, 409);
    for path in ["/v23.0/111", "/v23.0/222/phone_numbers"] {
        let (status, body) = answer(sandbox.graph_get(path).await).await;
        assert_eq!((status, &body["error"]["error_subcode"]), (400, &json!(33)), "{path}");
    }
    let own =
        sandbox.client.get(sandbox.url("/v23.0/222/phone_numbers")).bearer_auth("other-token").send().await;
    let (status, body) = answer(own.unwrap()).await;
    assert_eq!((status, &body["data"][0]["id"]), (200, &json!("111")));
}

#[tokio::test]
async fn numbers_show_the_fields_that_are_asked_for() {
    let sandbox = Sandbox::start().await;
    let id = &sandbox.number.phone_number_id;
    let body = answer(sandbox.graph_get(&format!("/v23.0/{id}")).await).await.1;
    assert_eq!(
        keys(&body),
        BTreeSet::from(["id", "display_phone_number", "verified_name", "quality_rating"])
    );
    assert_eq!(body["verified_name"], "Toko Melati");
    let all = "id,display_phone_number,verified_name,quality_rating,code_verification_status,name_status,\
               platform_type,throughput,status,messaging_limit_tier,health_status,is_on_biz_app,account_mode";
    let (status, body) = answer(sandbox.graph_get(&format!("/v23.0/{id}?fields={all}")).await).await;
    assert_eq!((status, keys(&body).len()), (200, 13), "{body}");
    let waba = &sandbox.number.waba_id;
    let (_, body) = answer(sandbox.graph_get(&format!("/v23.0/{waba}/subscribed_apps")).await).await;
    assert!(body["data"][0]["whatsapp_business_api_data"]["id"].is_string());
    let (_, body) = answer(sandbox.graph_get(&format!("/v23.0/{waba}")).await).await;
    assert_eq!(body["id"], waba.as_str());
}

#[tokio::test]
async fn bad_sends_are_refused_before_anything_happens() {
    let sandbox = Sandbox::start().await;
    let url = sandbox.url(&format!("/v23.0/{}/messages", sandbox.number.phone_number_id));
    let broken =
        sandbox.client.post(&url).bearer_auth(&sandbox.number.token).body("{not json").send().await.unwrap();
    assert_eq!(answer(broken).await.1["error"]["code"], 100);
    let mut long = Sandbox::text(SITI, "x");
    long["text"]["body"] = json!("é".repeat(4_097));
    assert_eq!(answer(sandbox.send(&long).await).await.1["error"]["code"], 100);
    let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.unknown"});
    assert_eq!(answer(sandbox.send(&mark).await).await.1["error"]["code"], 131_009);
    let huge =
        sandbox.client.post(&url).bearer_auth(&sandbox.number.token).body(vec![b' '; 3_000_000]).send().await;
    // The answer may come while the body is still on its way; then the client sees a broken connection
    // instead.
    if let Ok(response) = huge {
        assert_eq!(response.status(), 413);
    }
    assert_eq!(sandbox.look("/control/messages").await, json!([]));
}

#[tokio::test]
async fn saving_a_callback_asks_for_the_challenge() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start().await;
    let path = format!("/v23.0/{}/subscribed_apps", sandbox.number.waba_id);
    assert_eq!(answer(sandbox.graph_post(&path, &json!({})).await).await.1, json!({"success": true}));
    let wrong = json!({"override_callback_uri": receiver.url(), "verify_token": "wrong"});
    let (status, body) = answer(sandbox.graph_post(&path, &wrong).await).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(2_200)));
    assert!(body["error"]["message"].as_str().unwrap().contains("HTTP Status Code = 403"), "{body}");
    for (uri, word) in [("https://127.0.0.1/hook", "http://"), ("http://example.com/hook", "this machine")] {
        let away = json!({"override_callback_uri": uri, "verify_token": "x"});
        let (_, body) = answer(sandbox.graph_post(&path, &away).await).await;
        assert!(body["error"]["message"].as_str().unwrap().contains(word), "{body}");
    }
    sandbox.hear(SITI, "waits for an address").await;
    assert!(receiver.arrived().is_empty());
    let right = json!({"override_callback_uri": receiver.url(), "verify_token": sandbox.number.verify_token});
    let (status, body) = answer(sandbox.graph_post(&path, &right).await).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)));
    assert_eq!(receiver.wait(1).await[0].what(), "waits for an address");
}
