//! The control API and what the page relies on.

use serde_json::{Value, json};

use crate::support::{SITI, Sandbox, answer, timing, until};

#[tokio::test]
async fn errors_are_json_with_clear_text() {
    let sandbox = Sandbox::start().await;
    let says = async |path: &str, body: Value, status: u16, word: &str| {
        let (got, answer) = sandbox.control(path, &body).await;
        let text = answer["error"].as_str().unwrap_or_default();
        assert!(got == status && text.contains(word), "{path} {body}: {got} {answer}");
    };
    says(
        "/control/messages",
        json!({"account": "1", "from": SITI, "text": "x"}),
        404,
        "GET /control/numbers",
    )
    .await;
    says("/control/messages", json!({"frm": SITI}), 400, "unknown field `frm`").await;
    says("/control/messages", json!({"from": SITI}), 400, "what is written").await;
    says("/control/typing", json!({"to": SITI}), 400, "does not tell businesses").await;
    says("/control/read", json!({"to": "999"}), 404, "999").await;
    says("/control/picture", json!({"phone": "999", "picture": 1}), 404, "999").await;
    says("/control/faults", json!({"status": 200}), 400, "400 to 599").await;
    says("/control/numbers", json!({"phone_number_id": "x"}), 400, "missing field").await;
    says("/control/phones", json!({"account": "1", "from": "12", "name": "A"}), 400, "7 to 15").await;
    says("/control/nonsense", json!({}), 404, "no such path").await;
    says("/control/reset/now", json!({}), 404, "no such path").await;
    says(
        "/control/webhook",
        json!({"account": sandbox.number.phone_number_id, "url": "https://a.b/"}),
        400,
        "http://",
    )
    .await;
    let (status, body) =
        answer(sandbox.client.get(sandbox.url("/control/chat?account=1")).send().await.unwrap()).await;
    assert_eq!(status, 400, "{body}");
    assert!(body["error"].as_str().unwrap().contains("phone"), "{body}");
}

#[tokio::test]
async fn other_sites_cannot_use_the_control_api() {
    let sandbox = Sandbox::start().await;
    let post = || sandbox.client.post(sandbox.url("/control/reset"));
    assert_eq!(post().header("origin", "http://evil.example").send().await.unwrap().status(), 403);
    assert_eq!(post().header("host", "evil.example:3100").send().await.unwrap().status(), 403);
    assert_eq!(post().header("origin", sandbox.running.base_url()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn raw_messages_keep_their_form() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    let image = json!({"account": sandbox.number.phone_number_id, "from": SITI, "id": "wamid.IMG",
        "timestamp": "1799999000",
        "message": {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg", "caption": "cap"}}});
    assert_eq!(sandbox.control("/control/messages", &image).await.1, json!({"id": "wamid.IMG"}));
    let voice = json!({"from": SITI, "type": "audio", "message": {"id": "2", "voice": true},
        "reply_to": "wamid.IMG"});
    assert_eq!(sandbox.control("/control/messages", &voice).await.0, 200, "the first number is the default");
    let arrived = receiver.wait(2).await;
    assert_eq!(
        arrived[0].value["messages"][0],
        json!({"from": SITI, "id": "wamid.IMG", "timestamp": "1799999000", "type": "image",
            "image": {"id": "1", "mime_type": "image/jpeg", "caption": "cap"}})
    );
    assert_eq!(arrived[1].value["messages"][0]["audio"], json!({"id": "2", "voice": true}));
    assert_eq!(arrived[1].value["messages"][0]["context"], json!({"from": SITI, "id": "wamid.IMG"}));
}

#[tokio::test]
async fn a_hidden_number_is_shown_later() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    let account = sandbox.number.phone_number_id.clone();
    let new = json!({"account": account, "from": SITI, "name": "Siti", "hidden": true});
    let (status, phone) = sandbox.control("/control/phones", &new).await;
    assert_eq!((status, &phone["wa_id"], &phone["hidden"]), (200, &Value::Null, &json!(SITI)), "{phone}");
    let user_id = phone["user_id"].as_str().unwrap().to_owned();
    assert!(user_id.starts_with("ID."), "{user_id}");
    let writes = async |body: Value| {
        let count = receiver.arrived().len();
        let (status, answer) = sandbox.control("/control/messages", &body).await;
        assert_eq!(status, 200, "{answer}");
        receiver.wait(count + 1).await[count].value.clone()
    };
    let value = writes(json!({"user_id": user_id, "text": "who am I?"})).await;
    assert!(!value.to_string().contains(SITI), "{value}");
    assert_eq!(value["contacts"][0]["user_id"], user_id.as_str());
    let shown = json!({"phone": user_id, "hidden": false});
    assert_eq!(sandbox.control("/control/hidden", &shown).await.0, 200);
    let chat = sandbox.look(&format!("/control/chat?account={account}&phone={SITI}")).await;
    assert_eq!((&chat["chat"]["wa_id"], &chat["chat"]["hidden"]), (&json!(SITI), &Value::Null));
    let value = writes(json!({"user_id": user_id, "from": SITI, "text": "it is me"})).await;
    assert_eq!(
        (&value["contacts"][0]["wa_id"], &value["contacts"][0]["user_id"]),
        (&json!(SITI), &json!(user_id))
    );
    assert_eq!(
        sandbox.look(&format!("/control/phones?account={account}")).await.as_array().unwrap().len(),
        1
    );
    let nobody = json!({"phone": "999", "hidden": true});
    assert_eq!(sandbox.control("/control/hidden", &nobody).await.0, 404);
}

#[tokio::test]
async fn typing_shows_until_the_answer() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.hear(SITI, "Halo").await;
    let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": id,
        "typing_indicator": {"type": "text"}});
    assert_eq!(answer(sandbox.send(&mark).await).await.1, json!({"success": true}));
    let path = format!("/control/typing?to={SITI}");
    assert_eq!(sandbox.look(&path).await["typing"], true);
    sandbox.clock.advance(std::time::Duration::from_secs(25));
    assert_eq!(sandbox.look(&path).await["typing"], false);
}

#[tokio::test]
async fn an_open_chat_reads_what_arrives() {
    let sandbox = Sandbox::start().await;
    sandbox.hear(SITI, "Halo").await;
    assert_eq!(sandbox.send(&Sandbox::text(SITI, "before")).await.status(), 200);
    let path = format!("/control/stream?account={}&phone={SITI}", sandbox.number.phone_number_id);
    let mut stream = sandbox.client.get(sandbox.url(&path)).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    assert_eq!(sandbox.send(&Sandbox::text(SITI, "while open")).await.status(), 200);
    let all_read = async || {
        let sent = sandbox.running.world().sent(SITI);
        (sent.len() == 2 && sent.iter().all(|m| m.status == balas_sandbox::Status::Read)).then_some(())
    };
    until("both read", all_read).await;
    let mut events = String::new();
    while !events.contains("\"status\":\"read\"") {
        events.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(events.contains("\"kind\":\"message\""));
}

#[tokio::test]
async fn seeded_customers_read_by_themselves_and_reset_brings_them_back() {
    let sandbox = Sandbox::with(timing(), true).await;
    let account = &sandbox.number.phone_number_id;
    let phones = sandbox.look(&format!("/control/phones?account={account}")).await;
    let phones = phones.as_array().unwrap();
    assert!(phones.len() >= 36, "{} phones", phones.len());
    let newest = phones[0]["wa_id"].as_str().unwrap();
    let before = sandbox.running.world().sent(newest).len();
    assert_eq!(sandbox.send(&Sandbox::text(newest, "Halo")).await.status(), 200);
    let read = async || {
        let sent = sandbox.running.world().sent(newest);
        (sent.len() == before + 1 && sent[before].status == balas_sandbox::Status::Read).then_some(())
    };
    until("read by itself", read).await;
    assert_eq!(sandbox.control("/control/reset", &json!({})).await.0, 200);
    assert_eq!(sandbox.running.world().sent(newest).len(), before);
    assert_eq!(sandbox.running.world().pending(), 0);
}

#[tokio::test]
async fn the_page_needs_nothing_from_outside() {
    let sandbox = Sandbox::start().await;
    let response = sandbox.client.get(sandbox.url("/")).send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let page = response.text().await.unwrap();
    assert!(page.len() > 5_000);
    for banned in ["innerHTML", "insertAdjacentHTML", "https://", "src=\"http", "eval("] {
        assert!(!page.contains(banned), "{banned}");
    }
}
