//! REST: what programs rely on, and what they may get wrong.

use crate::support::{Options, TestApp, new_id, until};
use axum::{
    body::Body,
    http::{Method, header},
};
use balas_domain::Role;
use balas_server::config::Limits;
use balas_store::testing::Kind;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test]
async fn an_answer_reaches_the_customer_once(#[case] kind: Kind) {
    let app = TestApp::on(kind).await;
    let row = app.receive("6281200001111", "Sari", "halo").await;
    let client = app.with_token(Role::Agent).await;
    let path = format!("/api/v1/conversations/{}/messages", row.id);
    let quoted = row.last.unwrap().id;
    let body = json!({"id": new_id(), "text": "hi *there*", "reply_to": quoted});
    let first = client.post(&path, &body).await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert_eq!(first.json()["quote"]["message_id"], quoted.to_string());
    let second = client.post(&path, &body).await;
    assert_eq!(second.status, 200, "{}", second.text());
    assert_eq!(second.json()["id"], body["id"]);
    until("WhatsApp has it", async || !app.sandbox.world().sent("6281200001111").is_empty()).await;
    until("its status shows", async || {
        let items = client.get(&path).await.json()["items"].clone();
        items[0]["delivery"]["status"] != "queued" && items[0]["delivery"]["status"] != "sending"
    })
    .await;
    assert_eq!(app.sandbox.world().sent("6281200001111").len(), 1);
    assert_eq!(client.get(&path).await.json()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let app = TestApp::init().await;
    for n in 0..5 {
        app.receive(&format!("62812000011{n:02}"), &format!("Customer {n}"), &format!("text {n}")).await;
    }
    let client = app.with_token(Role::Agent).await;
    for (list, key) in [("conversations", "title"), ("contacts", "name")] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = client.get(&format!("/api/v1/{list}?limit=2{cursor}")).await.json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|i| i[key].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 5, "{list}: {seen:?}");
    }
    let found = client.get("/api/v1/conversations?q=Customer%203").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let path = format!("/api/v1/conversations?account={}&unread=true&limit=100", app.account);
    assert_eq!(client.get(&path).await.json()["items"].as_array().unwrap().len(), 5);
    let one = &found["items"][0];
    assert_eq!(
        &client.get(&format!("/api/v1/conversations/{}", one["id"].as_str().unwrap())).await.json(),
        one
    );
    let read = format!("/api/v1/conversations/{}/read", one["id"].as_str().unwrap());
    assert_eq!(client.post(&read, &Value::Null).await.status, 204);
    assert_eq!(client.get(&path).await.json()["items"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_thread_is_read_from_a_message_on() {
    let app = TestApp::init().await;
    let mut row = app.receive("6281200001111", "Sari", "line 0").await;
    for n in 1..9 {
        row = app.receive("6281200001111", "Sari", &format!("line {n}")).await;
    }
    let other = app.receive("6281200002222", "Budi", "halo").await;
    let client = app.with_token(Role::Agent).await;
    let path = format!("/api/v1/conversations/{}/messages", row.id);
    let all = client.get(&path).await.json();
    assert!(all["next"].is_null() && all["newer"].is_null());
    let ids =
        |page: &Value| page["items"].as_array().unwrap().iter().map(|m| m["id"].clone()).collect::<Vec<_>>();
    let all = ids(&all);
    let text = |id: &Value| id.as_str().unwrap().to_owned();
    let page = client.get(&format!("{path}?around={}&limit=3", text(&all[4]))).await.json();
    assert_eq!(ids(&page), all[3..6]);
    let newer = client.get(&format!("{path}?cursor={}&limit=2", text(&page["newer"]))).await.json();
    assert_eq!(ids(&newer), all[1..3]);
    let newest = client.get(&format!("{path}?cursor={}&limit=2", text(&newer["newer"]))).await.json();
    assert_eq!(ids(&newest), all[..1]);
    assert!(newest["newer"].is_null());
    let older = client.get(&format!("{path}?cursor={}", text(&page["next"]))).await.json();
    assert_eq!(ids(&older), all[6..]);

    let elsewhere = other.last.unwrap().id;
    for wrong in [new_id(), elsewhere.to_string()] {
        assert_eq!(client.get(&format!("{path}?around={wrong}")).await.problem(404), "not_found");
    }
    assert_eq!(client.get(&format!("{path}?around=x")).await.problem(400), "bad_query");
    let both = client.get(&format!("{path}?around={elsewhere}&cursor={}", text(&page["next"]))).await;
    assert_eq!(both.problem(422), "invalid");
}

#[tokio::test]
async fn more_than_texts_is_sent() {
    let app = TestApp::init().await;
    let row = app.receive("6281200001111", "Sari", "halo").await;
    let client = app.with_token(Role::Agent).await;
    let path = format!("/api/v1/conversations/{}/messages", row.id);
    let place = json!({"type": "location", "latitude": -6.2, "longitude": 106.8, "name": "Kantor"});
    let sent = client.post(&path, &json!({"id": new_id(), "content": place})).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    assert_eq!(sent.json()["content"], place);
    until("WhatsApp has it", async || !app.sandbox.world().sent("6281200001111").is_empty()).await;

    let poll = json!({"type": "poll", "question": "?", "options": ["a"], "max_answer": 1});
    assert_eq!(
        client.post(&path, &json!({"id": new_id(), "content": poll})).await.problem(422),
        "unsendable"
    );
    let note = json!({"type": "note", "text": "x"});
    assert_eq!(
        client.post(&path, &json!({"id": new_id(), "content": note})).await.problem(422),
        "not_composed"
    );
    for wrong in [json!({"id": new_id()}), json!({"id": new_id(), "text": "x", "content": place})] {
        assert_eq!(client.post(&path, &wrong).await.problem(422), "invalid");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::init().await;
    let row = app.receive("6281200001111", "Sari", "halo").await;
    let client = app.with_token(Role::Agent).await;
    let path = format!("/api/v1/conversations/{}/messages", row.id);

    for (body, field) in [
        (json!({"text": "x"}), "id"),
        (json!({"id": "no uuid", "text": "x"}), "id"),
        (json!({"id": new_id(), "text": 5}), "text"),
        (json!({"id": new_id(), "text": null}), "text"),
        (json!({"id": new_id(), "text": "x", "replyTo": "y"}), "replyTo"),
        (json!({"id": new_id(), "text": ""}), "text"),
        (json!({"id": new_id(), "text": " \u{0}\n "}), "text"),
        (json!({"id": new_id(), "text": "x".repeat(100_000)}), "text"),
    ] {
        let answer = client.post(&path, &body).await;
        answer.problem(422);
        assert_eq!(answer.json()["errors"][0]["field"], field, "{}", answer.text());
    }
    let raw = |body: &'static str, kind: &'static str| {
        let request = client.request(&Method::POST, &path).header(header::CONTENT_TYPE, kind);
        app.ask(request.body(Body::from(body)).unwrap())
    };
    assert_eq!(raw("{\"id\":", "application/json").await.problem(400), "malformed_json");
    assert_eq!(raw("\u{0}", "application/json; charset=utf-8").await.problem(400), "malformed_json");
    assert_eq!(raw("id=1", "application/x-www-form-urlencoded").await.problem(415), "unsupported_media_type");
    let request = client.request(&Method::POST, &path).header(header::CONTENT_TYPE, "application/json");
    let huge = app.ask(request.body("x".repeat(300_000).into()).unwrap()).await;
    assert_eq!(huge.problem(413), "too_large");

    let reply = json!({"id": new_id(), "text": "x", "reply_to": new_id()});
    assert_eq!(client.post(&path, &reply).await.problem(404), "not_found");
    assert_eq!(client.send(Method::PUT, &path, &Value::Null).await.problem(405), "method_not_allowed");
    assert_eq!(client.get("/api/v1/nothing").await.problem(404), "not_found");
    assert_eq!(client.get("/api/v1").await.problem(404), "not_found");
    assert_eq!(client.get("/api/v1/conversations/not-an-id").await.problem(404), "not_found");
    assert_eq!(client.get("/api/v1/conversations?cursor=rubbish").await.problem(400), "bad_cursor");
    assert_eq!(client.get(&format!("{path}?cursor=rubbish")).await.problem(400), "bad_cursor");
    assert_eq!(client.get("/api/v1/conversations?limit=many").await.problem(400), "bad_query");
    assert_eq!(client.get("/api/v1/conversations?page=2").await.problem(400), "bad_query");
    assert_eq!(client.get("/api/v1/conversations?limit=1000000").await.status, 200);

    let thread = client.get(&path).await.json();
    assert_eq!(thread["items"].as_array().unwrap().len(), 1, "nothing of it was stored");
}

#[tokio::test]
async fn an_id_stands_for_one_message() {
    let app = TestApp::init().await;
    let one = app.receive("6281200001111", "Sari", "halo").await;
    let other = app.receive("6281200002222", "Budi", "halo").await;
    let client = app.with_token(Role::Agent).await;
    let body = json!({"id": new_id(), "text": "for Sari"});
    assert_eq!(client.post(&format!("/api/v1/conversations/{}/messages", one.id), &body).await.status, 201);
    let path = format!("/api/v1/conversations/{}/messages", other.id);
    assert_eq!(client.post(&path, &body).await.problem(409), "conflict");
    // The id of a customer's message is taken too.
    let taken = json!({"id": one.last.unwrap().id, "text": "x"});
    assert_eq!(client.post(&path, &taken).await.problem(409), "conflict");
    assert_eq!(client.get(&path).await.json()["items"].as_array().unwrap().len(), 1);
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test]
async fn strange_texts_are_just_texts(#[case] kind: Kind) {
    let app = TestApp::on(kind).await;
    let name = "<script>alert(1)</script> %_\\ '; DROP TABLE messages; --";
    let text = "'; DROP TABLE messages; -- %_\\ \u{202e}evil\u{202c} \u{0}\u{7} <img src=x onerror=alert(1)>";
    let row = app.receive("6281200001111", name, text).await;
    assert_eq!(row.title, name);
    let client = app.with_token(Role::Agent).await;
    let thread = client.get(&format!("/api/v1/conversations/{}/messages", row.id)).await.json();
    let stored = thread["items"][0]["content"]["text"].as_str().unwrap();
    assert!(stored.contains("DROP TABLE messages") && stored.contains("<img src=x"), "{stored}");
    assert!(!stored.contains(['\u{0}', '\u{7}', '\u{202e}']), "{stored:?}");

    app.receive("6281200002222", "Budi", "harmless").await;
    for (q, hits) in [
        ("%27%20OR%201%3D1%20--", 0),
        ("%25", 1),
        ("_%5C", 1),
        ("%27%3B%20DROP%20TABLE%20messages%3B%20--", 1),
        ("%3Cscript%3E", 1),
        ("Budi", 1),
        ("%22%20UNION%20SELECT%201", 0),
        ("%00", 2),
    ] {
        let answer = client.get(&format!("/api/v1/conversations?q={q}")).await;
        assert_eq!(answer.status, 200, "{q}: {}", answer.text());
        assert_eq!(answer.json()["items"].as_array().unwrap().len(), hits, "{q}: {}", answer.text());
    }
    for (q, hits) in
        [("drop%20table", 1), ("%25", 0), ("%22%20OR%20NEAR(drop*", 0), ("%00", 0), ("img%20src", 1)]
    {
        let answer = client.get(&format!("/api/v1/messages/search?q={q}")).await;
        assert_eq!(answer.status, 200, "{q}: {}", answer.text());
        assert_eq!(answer.json()["items"].as_array().unwrap().len(), hits, "{q}: {}", answer.text());
    }
    // The longest that HTTP takes.
    let long = "x".repeat(60_000);
    let answer = client.get(&format!("/api/v1/conversations?q={long}")).await;
    assert_eq!(answer.problem(422), "too_long");
    assert_eq!(client.get("/api/v1/conversations").await.json()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn accounts_and_members_by_program() {
    let app = TestApp::init().await;
    let admin = app.with_token(Role::Admin).await;
    let bad = admin
        .post(
            "/api/v1/accounts",
            &json!({"name": "", "phone_number_id": "+62", "waba_id": "1",
        "token": "short", "app_secret": "zz", "verify_token": "verify-me"}),
        )
        .await;
    assert_eq!(bad.problem(422), "invalid");
    let fields: Vec<_> =
        bad.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["name", "phone_number_id", "token", "app_secret"]);
    let n = &app.number;
    let form = json!({"name": "Again", "phone_number_id": n.phone_number_id, "waba_id": n.waba_id, "token": n.token,
        "app_secret": n.app_secret, "verify_token": n.verify_token});
    assert_eq!(admin.post("/api/v1/accounts/check", &form).await.status, 200);
    let taken = admin.post("/api/v1/accounts", &form).await;
    assert_eq!(taken.problem(422), "invalid");
    assert_eq!(taken.json()["errors"][0]["field"], "phone_number_id");
    let mut wrong = form.clone();
    wrong["token"] = "not-the-right-token".into();
    let refused = admin.post("/api/v1/accounts/check", &wrong).await;
    assert_eq!(refused.problem(422), "check_failed");
    assert_eq!(refused.json()["errors"][0]["field"], "token");

    let path = format!("/api/v1/accounts/{}", app.account);
    let renamed = admin.send(Method::PATCH, &path, &json!({"name": "Renamed"})).await;
    assert_eq!(renamed.json()["name"], "Renamed", "{}", renamed.text());
    assert_eq!(admin.send(Method::DELETE, &path, &Value::Null).await.problem(422), "unconfirmed");
    let stopped = admin.post(&format!("{path}/stop"), &Value::Null).await;
    assert_eq!(stopped.json()["status"], "idle");

    let member = json!({"name": "Ana", "email": "ana@home.test", "role": "agent", "password": "long enough"});
    let made = admin.post("/api/v1/members", &member).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(!made.text().contains("long enough"));
    assert_eq!(admin.post("/api/v1/members", &member).await.problem(409), "conflict");
    let path = format!("/api/v1/members/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(
        admin.send(Method::PATCH, &path, &json!({"role": "supervisor"})).await.json()["role"],
        "supervisor"
    );
    assert_eq!(admin.send(Method::PATCH, &path, &json!({"role": "owner"})).await.problem(403), "refused");
    assert_eq!(admin.send(Method::PATCH, &path, &json!({"role": "king"})).await.problem(422), "invalid");
}

#[tokio::test]
async fn a_number_on_the_bridge_needs_only_a_name() {
    let app = TestApp::init().await;
    let admin = app.with_token(Role::Admin).await;
    let path = "/api/v1/whatsapp/sessions";
    let nameless = admin.post(path, &json!({"kind": "bridge", "name": ""})).await;
    assert_eq!(nameless.problem(422), "invalid");
    let made = admin.post(path, &json!({"kind": "bridge", "name": "Web"})).await;
    assert_eq!((made.status.as_u16(), &made.json()["provider"]), (201, &json!("bridge")), "{}", made.text());
    let path = format!("{path}/{}", made.json()["id"].as_str().unwrap());
    until("it says that there is no bridge here", async || {
        let shown = admin.get(&path).await.json();
        shown["status"] == "error" && shown["status_detail"].as_str().is_some_and(|d| d.contains("bridge"))
    })
    .await;
    assert_eq!(
        admin.post(&format!("{path}/pairing-code?phone=12"), &Value::Null).await.problem(422),
        "invalid"
    );
}

#[tokio::test]
async fn a_number_on_the_bridge_gets_another_name_and_nothing_else() {
    let app = TestApp::init().await;
    let admin = app.with_token(Role::Admin).await;
    let path = "/api/v1/whatsapp/sessions";
    let made = admin.post(path, &json!({"kind": "bridge", "name": "Web"})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("{path}/{}", made.json()["id"].as_str().unwrap());
    let change = async |body: Value| admin.send(Method::PATCH, &path, &body).await;
    let renamed = change(json!({"name": " Counter "})).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    assert_eq!(renamed.json()["name"], "Counter");
    assert_eq!(change(json!({"name": ""})).await.problem(422), "invalid");
    for body in [json!({}), json!({"name": "Shop", "password": "secret-words"}), json!({"user": "balas"})] {
        assert_eq!(change(body).await.problem(409), "unsupported");
    }
    let agent = app.with_token(Role::Agent).await;
    assert_eq!(agent.send(Method::PATCH, &path, &json!({"name": "Mine"})).await.status, 403);
    assert_eq!(admin.get(&path).await.json()["name"], "Counter");
}

#[tokio::test]
async fn a_stopped_number_says_so() {
    let app = TestApp::init().await;
    let row = app.receive("6281200001111", "Sari", "halo").await;
    app.engine.stop_account(&app.owner, app.account).await.unwrap();
    let client = app.with_token(Role::Agent).await;
    let path = format!("/api/v1/conversations/{}/messages", row.id);
    let answer = client.post(&path, &json!({"id": new_id(), "text": "x"})).await;
    assert_eq!(answer.problem(409), "account_not_ready");
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let limits = Limits { api_per_second: 1, ..Limits::default() };
    let app = TestApp::with(Options { limits, ..Options::default() }).await;
    let client = app.with_token(Role::Agent).await;
    let mut refused = None;
    for _ in 0..50 {
        let answer = client.get("/api/v1/me").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200);
    }
    let refused = refused.expect("a limit");
    assert_eq!(refused.problem(429), "too_many_requests");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(client.get("/health/live").await.status, 200, "other doors stay open");
}

#[tokio::test]
async fn every_answer_is_protected_and_named() {
    let app = TestApp::init().await;
    let client = app.with_token(Role::Agent).await;
    for path in ["/api/v1/me", "/api/v1/nothing", "/health/live", "/pkg/nothing.js", "/inbox"] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 16, "{path}");
    }
    let request = client.request(&Method::GET, "/api/v1/me").header("x-request-id", "abc-123-def");
    let kept = app.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(kept.header("x-request-id"), "abc-123-def");
}

#[tokio::test]
async fn long_answers_are_compressed() {
    let app = TestApp::init().await;
    let mut plain = 0;
    for (accept, encoding) in [("identity", ""), ("br, gzip", "br"), ("gzip", "gzip")] {
        let request = app
            .nobody()
            .request(&Method::GET, "/api/v1/openapi.json")
            .header(header::ACCEPT_ENCODING, accept);
        let answer = app.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{accept}");
        if encoding.is_empty() {
            plain = answer.body.len();
        } else {
            assert!(answer.body.len() < plain / 4, "{accept}: {} of {plain}", answer.body.len());
        }
    }
}

#[tokio::test]
async fn what_a_team_makes_of_a_conversation() {
    let app = TestApp::init().await;
    let row = app.receive("6281200001111", "Sari", "kode zamrud, tolong").await;
    let agent = app.with_user(Role::Agent).await;
    let me = agent.get("/api/v1/me").await.json()["member"]["id"].clone();
    let work = format!("/api/v1/conversations/{}/work", row.id);

    let given = agent.post(&work, &json!({"action": "assign", "to": me})).await.json();
    assert_eq!(given["work"]["assignee"], me);
    let label = agent.post("/api/v1/labels", &json!({"name": "Orders", "colour": 3})).await;
    assert_eq!(label.status, 201, "{}", label.text());
    let label = label.json()["id"].clone();
    let labelled = agent.post(&work, &json!({"action": "label", "label": label, "on": true})).await.json();
    assert_eq!(labelled["work"]["labels"], json!([label]));
    let count = async |query: &str| {
        let page = agent.get(&format!("/api/v1/conversations?{query}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.text());
        page.json()["items"].as_array().unwrap().len()
    };
    let (me_text, label_text) = (me.as_str().unwrap(), label.as_str().unwrap());
    assert_eq!(count(&format!("assigned={me_text}&state=open&label={label_text}")).await, 1);
    assert_eq!(count("assigned=nobody").await, 0);
    assert_eq!(count("groups=true").await, 0);
    agent.post(&work, &json!({"action": "resolve"})).await;
    assert_eq!((count("state=open").await, count("state=resolved").await), (0, 1));
    agent.get("/api/v1/conversations?assigned=somebody").await.problem(422);
    agent.post(&work, &json!({"action": "snooze", "until": 5})).await.problem(403);
    agent.post(&work, &json!({"action": "dance"})).await.problem(422);
    assert_eq!(
        agent.send(Method::DELETE, &format!("/api/v1/labels/{label_text}"), &Value::Null).await.status,
        403
    );

    let note = json!({"id": new_id(), "text": "be kind"});
    let notes = format!("/api/v1/conversations/{}/notes", row.id);
    let written = agent.post(&notes, &note).await.json();
    assert_eq!((&written["direction"], &written["content"]["type"]), (&json!("internal"), &json!("note")));
    assert!(app.sandbox.world().sent("6281200001111").is_empty(), "nothing left the house");

    let found = agent.get("/api/v1/messages/search?q=ZAMRUD").await.json();
    assert_eq!(found["items"][0]["conversation_id"], row.id.to_string());
    assert_eq!(found["items"][0]["excerpt"][1], json!({"text": "zamrud", "hit": true}));
    let stranger = app.stranger().await;
    assert_eq!(stranger.get("/api/v1/messages/search?q=zamrud").await.json()["items"], json!([]));
    assert_eq!(app.nobody().get("/api/v1/messages/search?q=zamrud").await.status, 401);

    let other = app.receive("6281200002222", "Budi", "zamrud juga").await;
    for conversation in [row.id, other.id] {
        let path = format!("/api/v1/messages/search?q=zamrud&conversation={conversation}");
        let found = agent.get(&path).await.json();
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
        assert_eq!(found["items"][0]["conversation_id"], conversation.to_string());
        assert_eq!(stranger.get(&path).await.problem(404), "not_found");
    }
}

#[tokio::test]
async fn what_is_left_out_of_a_sessions_settings_stays() {
    let app = TestApp::init().await;
    let admin = app.with_user(Role::Admin).await;
    let path = format!("/api/v1/whatsapp/sessions/{}/settings", app.account);
    let all = json!({"auto_start": true, "sync_limit": 7, "media_storage": "local", "trust_level": 3,
        "daily_limit": 99, "warm_up": true, "read_receipts": true, "typing": true});
    let set = async |body: &Value| {
        let answer = admin.post(&path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["settings"].clone()
    };
    assert_eq!(set(&all).await, all);
    assert_eq!(set(&json!({})).await, all);
    for (field, value) in [
        ("auto_start", json!(false)),
        ("sync_limit", json!(8)),
        ("trust_level", json!(4)),
        ("daily_limit", Value::Null),
        ("warm_up", json!(false)),
        ("read_receipts", json!(false)),
        ("typing", json!(false)),
    ] {
        let mut expected = set(&all).await;
        expected[field] = value.clone();
        assert_eq!(set(&json!({ field: value })).await, expected, "{field}");
    }
    admin.post(&path, &json!({"sync_limit": 501})).await.problem(422);
    admin.post(&path, &json!({"warmup": true})).await.problem(422);
}

#[tokio::test]
async fn admins_see_what_came_instead_of_a_message() {
    let app = TestApp::init().await;
    let from = "6281200009999";
    let came = json!({"id": format!("wamid.{}", new_id()), "from": from, "type": "hologram",
        "timestamp": app.engine.now().as_seconds().to_string(), "hologram": {"depth": 3}});
    let change = app.change(&json!({"messages": [came]}));
    assert_eq!(app.deliver(&change).await.status, 200);
    app.settled().await;
    let row = app.receive(from, "Sari", "can you see it?").await;
    let agent = app.with_token(Role::Agent).await;
    let thread = agent.get(&format!("/api/v1/conversations/{}/messages", row.id)).await.json();
    let items = thread["items"].as_array().unwrap();
    let id_of = |kind: &str| {
        let item = items.iter().find(|item| item["content"]["type"] == kind).unwrap();
        format!("/api/v1/messages/{}/raw", item["id"].as_str().unwrap())
    };
    let (hologram, text) = (id_of("unsupported"), id_of("text"));
    assert!(!thread.to_string().contains("depth"), "{thread}");
    assert_eq!(agent.get(&hologram).await.problem(403), "denied");
    let admin = app.with_user(Role::Admin).await;
    let answer = admin.get(&hologram).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["hologram"]["depth"], 3);
    assert_eq!(admin.get(&text).await.problem(404), "not_found");
}
