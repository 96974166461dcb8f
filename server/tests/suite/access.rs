//! Every route, tried by everyone: nobody, another workspace's owner, too low a role, the right role.

use crate::support::{Client, TestApp};
use axum::http::Method;
use balas_domain::Role;
use balas_server::api;
use serde_json::{Value, json};

/// What another workspace's owner gets.
enum Foreign {
    /// 404: the thing in the address does not exist for him.
    NotThere,
    /// 200, of his own workspace: without anything of ours.
    OwnOnly,
    /// The request names nothing of ours, so it works for him in his own workspace or is refused for its
    /// content.
    Elsewhere,
}

struct Case {
    method: Method,
    /// As in the route table.
    route: &'static str,
    /// The lowest role that may.
    role: Role,
    foreign: Foreign,
    body: Value,
    /// What the right role gets.
    status: u16,
}

fn cases() -> Vec<Case> {
    use Foreign::{Elsewhere, NotThere, OwnOnly};
    use Role::{Admin, Agent, Supervisor};
    let case =
        |method, route, role, foreign, body, status| Case { method, route, role, foreign, body, status };
    let none = Value::Null;
    let account = json!({"name": "Second", "phone_number_id": "999", "waba_id": "998", "token": "a-token-long-enough",
        "app_secret": "0123456789abcdef0123456789abcdef", "verify_token": "verify-me"});
    // Nobody listens there.
    let gateway = json!({"name": "Linked", "phone": "+62 811 0000 002", "base_url": "http://127.0.0.1:9",
        "webhook_secret": "chosen-by-the-team"});
    let settings = json!({"auto_start": false, "sync_limit": 50, "media_storage": "local", "trust_level": 1,
        "daily_limit": null});
    let member = json!({"name": "New", "email": "new@home.test", "role": "agent", "password": "long enough"});
    vec![
        case(Method::GET, "/me", Agent, OwnOnly, none.clone(), 200),
        case(Method::GET, "/settings", Agent, OwnOnly, none.clone(), 200),
        case(Method::PATCH, "/settings", Admin, Elsewhere, json!({"fall_back": true}), 200),
        case(
            Method::PUT,
            "/settings/alert-webhook",
            Admin,
            Elsewhere,
            json!({"url": "http://127.0.0.1:9", "secret": "signs-alerts"}),
            200,
        ),
        case(Method::DELETE, "/settings/alert-webhook", Admin, Elsewhere, none.clone(), 200),
        case(Method::GET, "/alerts", Agent, OwnOnly, none.clone(), 200),
        case(Method::POST, "/alerts/{id}/acknowledge", Admin, NotThere, none.clone(), 200),
        case(Method::GET, "/accounts", Agent, OwnOnly, none.clone(), 200),
        case(Method::POST, "/accounts", Admin, Elsewhere, account.clone(), 201),
        // The sandbox knows no such number.
        case(Method::POST, "/accounts/check", Admin, Elsewhere, account, 422),
        case(Method::GET, "/accounts/{id}", Agent, NotThere, none.clone(), 200),
        case(Method::PATCH, "/accounts/{id}", Admin, NotThere, json!({"name": "Shop"}), 200),
        case(Method::GET, "/accounts/{id}/setup", Agent, NotThere, none.clone(), 200),
        case(Method::POST, "/accounts/{id}/stop", Admin, NotThere, none.clone(), 200),
        case(Method::POST, "/accounts/{id}/start", Admin, NotThere, none.clone(), 200),
        case(Method::GET, "/contacts", Agent, OwnOnly, none.clone(), 200),
        case(Method::GET, "/contacts/{id}", Agent, NotThere, none.clone(), 200),
        case(Method::GET, "/contacts/{id}/details", Agent, NotThere, none.clone(), 200),
        case(Method::GET, "/contacts/suggestions", Agent, OwnOnly, none.clone(), 200),
        case(Method::GET, "/contacts/merges", Agent, OwnOnly, none.clone(), 200),
        case(Method::POST, "/contacts/merges/{id}/undo", Admin, NotThere, none.clone(), 200),
        case(Method::GET, "/contacts/{id}/export", Admin, NotThere, none.clone(), 200),
        // Without the typed name.
        case(Method::DELETE, "/contacts/{id}", Admin, NotThere, none.clone(), 422),
        case(Method::POST, "/contacts/{id}/keep-apart", Supervisor, NotThere, json!({"other": "OTHER"}), 204),
        case(Method::POST, "/contacts/{id}/merge", Supervisor, NotThere, json!({"other": "OTHER"}), 200),
        case(Method::GET, "/conversations", Agent, OwnOnly, none.clone(), 200),
        case(Method::GET, "/conversations/{id}", Agent, NotThere, none.clone(), 200),
        // A conversation with one customer is no group.
        case(Method::GET, "/conversations/{id}/group", Agent, NotThere, none.clone(), 404),
        case(Method::GET, "/conversations/{id}/carrier", Agent, NotThere, none.clone(), 200),
        // A customer of the Cloud API shows none.
        case(Method::GET, "/conversations/{id}/picture", Agent, NotThere, none.clone(), 404),
        case(Method::GET, "/conversations/{id}/export", Supervisor, NotThere, none.clone(), 200),
        case(Method::POST, "/conversations/{id}/read", Agent, NotThere, none.clone(), 204),
        case(Method::GET, "/conversations/{id}/messages", Agent, NotThere, none.clone(), 200),
        case(
            Method::POST,
            "/conversations/{id}/messages",
            Agent,
            NotThere,
            json!({"id": "NEW", "text": "x"}),
            201,
        ),
        case(Method::POST, "/conversations/{id}/work", Agent, NotThere, json!({"action": "resolve"}), 200),
        case(
            Method::POST,
            "/conversations/{id}/notes",
            Agent,
            NotThere,
            json!({"id": "NEW", "text": "x"}),
            200,
        ),
        case(Method::GET, "/messages/search", Agent, OwnOnly, none.clone(), 200),
        // A text has no file, and the upload is another member's.
        case(Method::GET, "/messages/{id}/file", Agent, NotThere, none.clone(), 404),
        case(Method::POST, "/messages/{id}/file/load", Agent, NotThere, none.clone(), 404),
        case(Method::POST, "/uploads", Agent, Elsewhere, json!({"name": "a.txt", "size": 5}), 201),
        case(Method::GET, "/uploads/{id}", Agent, NotThere, none.clone(), 404),
        case(Method::PUT, "/uploads/{id}", Agent, NotThere, none.clone(), 404),
        case(Method::DELETE, "/uploads/{id}", Agent, NotThere, none.clone(), 404),
        case(
            Method::POST,
            "/conversations/{id}/files",
            Agent,
            NotThere,
            json!({"id": "NEW", "upload": "UPLOAD"}),
            404,
        ),
        case(Method::GET, "/labels", Agent, OwnOnly, none.clone(), 200),
        case(Method::POST, "/labels", Agent, Elsewhere, json!({"name": "New", "colour": 1}), 201),
        case(Method::PATCH, "/labels/{id}", Supervisor, NotThere, json!({"name": "Other", "colour": 2}), 200),
        case(Method::DELETE, "/labels/{id}", Supervisor, NotThere, none.clone(), 204),
        // An incoming message cannot be sent again.
        case(Method::POST, "/messages/{id}/retry", Agent, NotThere, none.clone(), 409),
        case(Method::PUT, "/messages/{id}/reaction", Agent, NotThere, json!({"emoji": "👍"}), 200),
        case(Method::DELETE, "/messages/{id}/reaction", Agent, NotThere, none.clone(), 200),
        // Nor changed or taken back.
        case(Method::PATCH, "/messages/{id}", Agent, NotThere, json!({"text": "Other"}), 409),
        case(Method::DELETE, "/messages/{id}", Agent, NotThere, none.clone(), 409),
        case(Method::GET, "/messages/{id}/versions", Agent, NotThere, none.clone(), 200),
        // A text is shown as it is.
        case(Method::GET, "/messages/{id}/raw", Admin, NotThere, none.clone(), 404),
        case(Method::GET, "/members", Agent, OwnOnly, none.clone(), 200),
        case(Method::POST, "/members", Admin, Elsewhere, member, 201),
        case(Method::PATCH, "/members/{id}", Admin, NotThere, json!({"name": "Other"}), 200),
        // The account is one of the Cloud API, so what only linked numbers can do is refused.
        case(Method::GET, "/whatsapp/sessions", Agent, OwnOnly, none.clone(), 200),
        case(Method::POST, "/whatsapp/sessions", Admin, Elsewhere, gateway.clone(), 422),
        case(Method::POST, "/whatsapp/sessions/check", Admin, Elsewhere, gateway, 422),
        case(Method::POST, "/whatsapp/sessions/start", Admin, Elsewhere, json!({"ids": []}), 200),
        case(Method::POST, "/whatsapp/sessions/stop", Admin, Elsewhere, json!({"ids": []}), 200),
        case(Method::GET, "/whatsapp/sessions/{id}", Agent, NotThere, none.clone(), 200),
        case(Method::PATCH, "/whatsapp/sessions/{id}", Admin, NotThere, json!({"name": "Shop"}), 409),
        case(Method::POST, "/whatsapp/sessions/{id}/stop", Admin, NotThere, none.clone(), 200),
        case(Method::POST, "/whatsapp/sessions/{id}/start", Admin, NotThere, none.clone(), 200),
        case(Method::POST, "/whatsapp/sessions/{id}/logout", Admin, NotThere, none.clone(), 409),
        case(Method::POST, "/whatsapp/sessions/{id}/reconnect", Admin, NotThere, none.clone(), 409),
        case(Method::GET, "/whatsapp/sessions/{id}/gaps", Admin, NotThere, none.clone(), 200),
        case(Method::POST, "/whatsapp/sessions/{id}/sync-history", Admin, NotThere, none.clone(), 409),
        case(Method::GET, "/whatsapp/sessions/{id}/qr", Admin, NotThere, none.clone(), 404),
        case(Method::POST, "/whatsapp/sessions/{id}/qr", Admin, NotThere, none.clone(), 409),
        case(Method::GET, "/whatsapp/sessions/{id}/pairing-code", Admin, NotThere, none.clone(), 404),
        case(Method::POST, "/whatsapp/sessions/{id}/pairing-code", Admin, NotThere, none.clone(), 409),
        case(Method::GET, "/whatsapp/sessions/{id}/devices", Admin, NotThere, none.clone(), 409),
        case(
            Method::POST,
            "/whatsapp/sessions/{id}/devices/{device}/logout",
            Admin,
            NotThere,
            none.clone(),
            409,
        ),
        case(
            Method::POST,
            "/whatsapp/sessions/{id}/devices/{device}/reconnect",
            Admin,
            NotThere,
            none.clone(),
            409,
        ),
        case(Method::POST, "/whatsapp/sessions/{id}/settings", Admin, NotThere, settings, 200),
        case(Method::POST, "/whatsapp/sessions/{id}/reset-usage", Admin, NotThere, none.clone(), 200),
        case(Method::POST, "/whatsapp/sessions/{id}/primary", Admin, NotThere, json!({"primary": true}), 200),
        case(Method::POST, "/whatsapp/sessions/logout", Admin, Elsewhere, json!({"ids": []}), 200),
        case(Method::POST, "/whatsapp/sessions/stop-all", Admin, Elsewhere, none.clone(), 200),
        // Without the typed name.
        case(Method::DELETE, "/whatsapp/sessions/{id}", Admin, NotThere, none.clone(), 422),
        // It takes the messages along.
        case(Method::POST, "/conversations/{id}/clear", Supervisor, NotThere, none.clone(), 200),
        // Last: it takes everything along.
        case(Method::DELETE, "/accounts/{id}", Admin, NotThere, none, 204),
    ]
}

/// Open to all: it describes the API and holds no data.
const OPEN: [&str; 1] = ["/openapi.json"];

struct Ids {
    account: String,
    contact: String,
    other: String,
    merge: String,
    conversation: String,
    message: String,
    member: String,
    alert: String,
    label: String,
    upload: String,
}

impl Ids {
    async fn of(app: &TestApp) -> Self {
        let row = app.receive("6281200001111", "Sari", "the-secret-word").await;
        let message = row.last.unwrap().id.to_string();
        app.session(Role::Agent).await;
        let members = app.engine.members(&app.owner).await.unwrap();
        let member = members.into_iter().find(|m| m.role == Role::Agent).unwrap().id.to_string();
        let now = app.engine.now();
        let alert = balas_domain::AlertId::new(now, app.engine.random());
        let mut write = app.engine.store().write(app.owner.workspace, now).await.unwrap();
        let kind = balas_domain::AlertKind::Mute;
        balas_store::alerts::raise(&mut write, alert, app.account, kind, "the-secret-word").await.unwrap();
        write.commit().await.unwrap();
        let contact = row.contact_id.unwrap();
        let mut others = Vec::new();
        for number in ["6281200002222", "6281200003333"] {
            let row = app.receive(number, "Sari's other one", &format!("the-secret-word {number}")).await;
            others.push(row.contact_id.unwrap());
        }
        app.engine.merge_contacts(&app.owner, contact, others[1]).await.unwrap();
        let merge = app.engine.merges(&app.owner).await.unwrap()[0].id.to_string();
        let label = app.engine.create_label(&app.owner, "the-secret-word", 0).await.unwrap().id;
        let upload = app.engine.begin_upload(&app.owner, "the-secret-word.txt", 5).await.unwrap().id;
        Self {
            upload: upload.to_string(),
            label: label.to_string(),
            alert: alert.to_string(),
            account: app.account.to_string(),
            contact: contact.to_string(),
            other: others[0].to_string(),
            merge,
            conversation: row.id.to_string(),
            message,
            member,
        }
    }

    fn path(&self, case: &Case) -> String {
        let id = match case.route.split('/').nth(1).unwrap() {
            "accounts" | "whatsapp" => &self.account,
            "contacts" if case.route.contains("/merges/") => &self.merge,
            "contacts" => &self.contact,
            "conversations" => &self.conversation,
            "messages" => &self.message,
            "members" => &self.member,
            "alerts" => &self.alert,
            "labels" => &self.label,
            "uploads" => &self.upload,
            _ => "",
        };
        let deletes = case.method == Method::DELETE && case.route.starts_with("/accounts");
        let confirm = if deletes { "?confirm=Shop" } else { "" };
        let wanted = match (case.route, case.method.as_str()) {
            ("/messages/search", _) => "?q=secret",
            ("/uploads/{id}", "PUT") => "?offset=0",
            _ => "",
        };
        format!("/api/v1{}{confirm}{wanted}", case.route.replace("{id}", id).replace("{device}", "shop"))
    }
}

async fn send(client: &Client<'_>, case: &Case, ids: &Ids) -> crate::support::Answer {
    let path = &ids.path(case);
    let mut body = case.body.clone();
    if body["other"] == "OTHER" {
        body["other"] = ids.other.clone().into();
    }
    if body["upload"] == "UPLOAD" {
        body["upload"] = ids.upload.clone().into();
    }
    if body["id"] == "NEW" {
        body["id"] = crate::support::new_id().into();
    }
    if body.is_null() && case.method == Method::GET {
        client.get(path).await
    } else {
        client.send(case.method.clone(), path, &body).await
    }
}

#[test]
fn no_route_is_left_out() {
    let mut tried: Vec<_> = cases().into_iter().map(|c| (c.method.to_string(), c.route)).collect();
    tried.extend(OPEN.map(|route| ("GET".to_owned(), route)));
    let mut routed: Vec<_> =
        api::table().into_iter().map(|(method, route, _)| (method.to_string(), route)).collect();
    tried.sort_unstable();
    routed.sort_unstable();
    assert_eq!(tried, routed);
}

#[tokio::test]
async fn nobody_gets_anything() {
    let app = TestApp::init().await;
    let ids = Ids::of(&app).await;
    let mut wrong = app.nobody();
    wrong.authorization = Some("Bearer balas_not-a-token".to_owned());
    let mut ended = app.nobody();
    ended.cookie = Some("balas_session=not-a-session".to_owned());
    for case in cases() {
        for client in [&app.nobody(), &wrong, &ended] {
            let answer = send(client, &case, &ids).await;
            assert_eq!(answer.problem(401), "unauthorized", "{} {}", case.method, case.route);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    for route in OPEN {
        assert_eq!(app.nobody().get(&format!("/api/v1{route}")).await.status, 200);
    }
}

#[tokio::test]
async fn another_workspace_sees_nothing_of_ours() {
    let app = TestApp::init().await;
    let ids = Ids::of(&app).await;
    let stranger = app.stranger().await;
    let before = app.engine.conversation(&app.owner, ids.conversation.parse().unwrap()).await.unwrap();
    for case in cases() {
        let answer = send(&stranger, &case, &ids).await;
        let what = format!("{} {}: {}", case.method, case.route, answer.text());
        match case.foreign {
            Foreign::NotThere => assert_eq!(answer.problem(404), "not_found", "{what}"),
            Foreign::OwnOnly => assert_eq!(answer.status, 200, "{what}"),
            Foreign::Elsewhere => assert!(!answer.status.is_server_error(), "{what}"),
        }
        for ours in [
            &ids.account,
            &ids.contact,
            &ids.other,
            &ids.merge,
            &ids.conversation,
            &ids.message,
            &ids.member,
            &ids.label,
            &ids.upload,
        ] {
            assert!(!answer.text().contains(ours.as_str()), "{what}");
        }
        assert!(
            !answer.text().contains("the-secret-word") && !answer.text().contains("6281200001111"),
            "{what}"
        );
    }
    let after = app.engine.conversation(&app.owner, ids.conversation.parse().unwrap()).await.unwrap();
    assert_eq!(before, after, "nothing of ours was changed");
    assert_eq!(app.engine.accounts(&app.owner).await.unwrap().len(), 1);
    // A cursor or filter of ours leads nowhere either.
    let path = format!("/api/v1/conversations?account={}", app.account);
    assert_eq!(stranger.get(&path).await.json()["items"], json!([]));
}

#[tokio::test]
async fn too_low_a_role_is_refused_and_the_right_one_let_through() {
    let app = TestApp::init().await;
    let ids = Ids::of(&app).await;
    for case in cases() {
        for role in Role::ALL.into_iter().filter(|r| *r < case.role) {
            for client in [app.with_token(role).await, app.with_user(role).await] {
                let answer = send(&client, &case, &ids).await;
                assert_eq!(answer.problem(403), "denied", "{} {} as {role}", case.method, case.route);
            }
        }
        let client = app.with_token(case.role).await;
        let answer = send(&client, &case, &ids).await;
        assert_eq!(answer.status, case.status, "{} {}: {}", case.method, case.route, answer.text());
    }
}

#[tokio::test]
async fn only_admins_see_the_verify_token() {
    let app = TestApp::init().await;
    let path = format!("/api/v1/accounts/{}/setup", app.account);
    let agent = app.with_token(Role::Agent).await.get(&path).await;
    assert_eq!(agent.json()["verify_token"], Value::Null);
    let admin = app.with_token(Role::Admin).await.get(&path).await;
    assert_eq!(admin.json()["verify_token"], app.number.verify_token);
    assert!(!admin.text().contains(&app.number.app_secret) && !admin.text().contains(&app.number.token));
}

#[tokio::test]
async fn cookies_work_from_our_own_pages_only() {
    let app = TestApp::init().await;
    let row = app.receive("6281200001111", "Sari", "hi").await;
    let path = format!("/api/v1/conversations/{}/messages", row.id);
    let mut client = app.with_user(Role::Agent).await;
    let text = || json!({"id": crate::support::new_id(), "text": "x"});
    assert_eq!(client.post(&path, &text()).await.status, 201);
    for origin in [None, Some("http://evil.test"), Some("null"), Some("http://balas.test.evil.test")] {
        client.origin = origin.map(str::to_owned);
        assert_eq!(client.post(&path, &text()).await.problem(403), "foreign_origin", "{origin:?}");
        assert_eq!(client.get(&path).await.status, 200, "reading is harmless: no other page gets the answer");
    }
    // A token is never attached by a browser, so where it comes from does not matter.
    let mut program = app.with_token(Role::Agent).await;
    program.origin = Some("http://evil.test".to_owned());
    assert_eq!(program.post(&path, &text()).await.status, 201);
}

#[tokio::test]
async fn what_ended_counts_no_more() {
    let app = TestApp::init().await;
    let session = app.session(Role::Agent).await;
    let mut client = app.nobody();
    client.cookie = Some(format!("balas_session={session}"));
    assert_eq!(client.get("/api/v1/me").await.status, 200);
    app.engine.sign_out(&session).await.unwrap();
    assert_eq!(client.get("/api/v1/me").await.problem(401), "unauthorized");
}
