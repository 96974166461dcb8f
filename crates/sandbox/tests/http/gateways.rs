//! The control API of gateways, and how they live beside the Cloud API.

use serde_json::{Value, json};

use crate::support::{SITI, Sandbox, answer, until};

const OWN: &str = "628110000002";

/// A linked slot, made through the control API.
async fn linked() -> Sandbox {
    let sandbox = Sandbox::start().await;
    let body = json!({"device": "v9/shop", "phone": "+62 811 0000 002", "name": "Cabang"});
    let (status, answer) = sandbox.control("/control/devices", &body).await;
    assert_eq!((status, &answer), (200, &json!({"device": "v9/shop", "account": OWN})));
    sandbox
}

async fn device(sandbox: &Sandbox, name: &str) -> Value {
    let gateways = sandbox.look("/control/gateways").await;
    let devices =
        gateways.as_array().unwrap().iter().flat_map(|gateway| gateway["devices"].as_array().unwrap());
    devices
        .clone()
        .find(|device| device["device"] == name)
        .cloned()
        .unwrap_or_else(|| panic!("no {name} in {gateways}"))
}

async fn gowa(sandbox: &Sandbox, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = sandbox.url(&format!("/gowa/{path}"));
    let call = match body {
        Some(body) => sandbox.client.post(url).json(&body),
        None => sandbox.client.get(url),
    };
    answer(call.basic_auth("balas", Some("sandbox-gateway")).send().await.unwrap()).await
}

#[tokio::test]
async fn two_gateways_are_there_from_the_start() {
    let sandbox = Sandbox::start().await;
    let gateways = sandbox.look("/control/gateways").await;
    let named = |gateway: &Value| [gateway["name"].clone(), gateway["path"].clone()];
    let all: Vec<_> = gateways.as_array().unwrap().iter().map(named).collect();
    assert_eq!(all, [["v7", "/gowa/v7"], ["v9", "/gowa/v9"]].map(|pair| pair.map(Value::from)));
    assert_eq!(gateways[0]["devices"][0]["device"], "v7");
    assert_eq!(gateways[1]["devices"], json!([]));
    let another = json!({"name": "branch", "version": "v7", "qr_seconds": 2});
    assert_eq!(sandbox.control("/control/gateways", &another).await.1, json!({"path": "/gowa/branch"}));
    // It asks for no password, and its codes are short-lived.
    let login = sandbox.client.get(sandbox.url("/gowa/branch/app/login")).send().await.unwrap();
    assert_eq!(answer(login).await.1["results"]["qr_duration"], 2);
}

#[tokio::test]
async fn codes_are_scanned_and_typed_over_http() {
    let sandbox = Sandbox::start().await;
    gowa(&sandbox, "v9/devices", Some(json!({"device_id": "shop"}))).await;
    assert_eq!(gowa(&sandbox, "v9/devices/shop/login", None).await.0, 200);
    let picture = device(&sandbox, "v9/shop").await["qr"].as_str().unwrap().to_owned();
    let fetched = sandbox.client.get(sandbox.url(&picture)).send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "image/png");
    assert_eq!(sandbox.control("/control/expire", &json!({"device": "v9/shop"})).await.0, 200);
    let scan = json!({"device": "v9/shop", "phone": OWN, "name": "Cabang"});
    let (status, refused) = sandbox.control("/control/scan", &scan).await;
    assert!(status == 400 && refused["error"].as_str().unwrap().contains("expired"), "{refused}");
    gowa(&sandbox, "v9/devices/shop/login", None).await;
    assert_eq!(sandbox.control("/control/scan", &scan).await.0, 200);
    until("the link", async || {
        let device = device(&sandbox, "v9/shop").await;
        (device["state"] == "logged_in").then_some(())
    })
    .await;
    let code = gowa(&sandbox, &format!("v7/app/login-with-code?phone={OWN}"), None).await.1;
    let waiting = device(&sandbox, "v7").await["pairing"].clone();
    assert_eq!(waiting, json!([code["results"]["pair_code"], OWN]));
    let pair = json!({"code": code["results"]["pair_code"], "phone": OWN});
    assert_eq!(sandbox.control("/control/pair", &pair).await.1, json!({"device": "v7"}));
    assert_eq!(sandbox.look("/control/handsets").await[0]["name"], "Cabang");
}

#[tokio::test]
async fn customers_phones_show_both_worlds() {
    let sandbox = linked().await;
    sandbox.hear(SITI, "to the Cloud API").await;
    let write = json!({"account": OWN, "from": SITI, "text": "to the gateway"});
    assert_eq!(sandbox.control("/control/messages", &write).await.0, 200);
    let chat = sandbox.look(&format!("/control/chat?account={OWN}&phone={SITI}")).await;
    assert_eq!(
        (chat["messages"].as_array().unwrap().len(), chat["chat"]["name"].as_str()),
        (1, Some("Siti"))
    );
    let send = json!({"phone": format!("{SITI}@s.whatsapp.net"), "message": "answer"});
    assert_eq!(gowa(&sandbox, "v9/send/message", Some(send)).await.0, 200);
    sandbox.send(&Sandbox::text(SITI, "answer")).await;
    let sent = sandbox.look(&format!("/control/messages?to={SITI}")).await;
    assert_eq!(sent.as_array().unwrap().len(), 2, "{sent}");
    assert_eq!(sandbox.look(&format!("/control/messages?account={OWN}")).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_reset_keeps_links_and_forgets_chats() {
    let sandbox = linked().await;
    sandbox.control("/control/messages", &json!({"account": "v9/shop", "from": SITI, "text": "hi"})).await;
    assert_eq!(gowa(&sandbox, "v9/chats", None).await.1["results"]["pagination"]["total"], 1);
    sandbox.control("/control/reset", &json!({})).await;
    assert_eq!(gowa(&sandbox, "v9/chats", None).await.1["results"]["pagination"]["total"], 0);
    assert_eq!(device(&sandbox, "v9/shop").await["account"], OWN);
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let sandbox = linked().await;
    let demo = sandbox.number.display_phone_number.clone();
    let account = sandbox.number.phone_number_id.clone();
    for (path, body, status, word) in [
        ("devices", json!({"device": "v8/shop"}), 404, "GET /control/gateways"),
        ("devices", json!({"device": "v7/second"}), 400, "one slot only"),
        ("devices", json!({"device": "v9/other", "phone": demo}), 400, "on the Cloud API"),
        ("scan", json!({"device": "v9/shop", "phone": OWN}), 400, "linked already"),
        ("scan", json!({"device": "v7", "phone": OWN}), 400, "no QR code"),
        ("pair", json!({"code": "AAAA-AAAA", "phone": OWN}), 400, "no gateway waits"),
        ("expire", json!({"device": "v9/shop"}), 400, "shows no code"),
        ("disconnect", json!({"device": "v7"}), 400, "not linked"),
        ("gateways", json!({"name": "v9", "version": "v7"}), 400, "keeps its version"),
        ("gateways", json!({"name": "a/b", "version": "v7"}), 400, "name"),
        ("groups", json!({"account": account, "name": "x"}), 404, "no number"),
        ("messages", json!({"account": account, "from": SITI, "lid": "1@lid", "text": "x"}), 400, "gateway"),
        ("messages", json!({"account": OWN, "from": SITI, "to": SITI, "text": "x"}), 400, "say who writes"),
        ("messages", json!({"account": OWN, "group": "1@g.us", "text": "x"}), 400, "/control/groups"),
        ("own-read", json!({"account": OWN, "from": "999"}), 404, "999"),
        ("faults", json!({"account": "v9/none", "down": true}), 404, "v9/none"),
    ] {
        let (got, answer) = sandbox.control(&format!("/control/{path}"), &body).await;
        let text = answer["error"].as_str().unwrap_or_default();
        assert!(got == status && text.contains(word), "{path} {body}: {got} {answer}");
    }
}
