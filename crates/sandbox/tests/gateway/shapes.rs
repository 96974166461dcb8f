//! REST answers held against the fixtures that were written from the vendor's code: the same keys, with values
//! of the same types, and the same words where they are codes. (The vendor's OpenAPI documents demand no key.)

use std::{collections::BTreeMap, path::Path};

use balas_sandbox::{Faults, GatewayVersion, Incoming, NewGroup, NewMember};
use serde_json::{Value, json};

use crate::support::*;

/// Asks as any program would.
struct Asker<'a> {
    rig: &'a Rig,
    base: String,
    told: BTreeMap<&'static str, Value>,
}

impl<'a> Asker<'a> {
    fn new(rig: &'a Rig, version: GatewayVersion) -> Self {
        Self { rig, base: settings(&rig.running, version).base_url, told: BTreeMap::new() }
    }

    async fn ask(&mut self, name: &'static str, method: &str, path: &str, body: Option<Value>) -> Value {
        self.ask_as(name, method, path, body, Some("shop")).await
    }

    async fn get(&mut self, name: &'static str, path: &str) -> Value {
        self.ask(name, "GET", path, None).await
    }

    async fn ask_as(
        &mut self,
        name: &'static str,
        method: &str,
        path: &str,
        body: Option<Value>,
        slot: Option<&str>,
    ) -> Value {
        let http = balas_providers::http::client().unwrap();
        let mut call = http
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .basic_auth("balas", Some("sandbox-gateway"));
        if let Some(slot) = slot {
            call = call.header("x-device-id", slot);
        }
        if let Some(body) = body {
            call = call.json(&body);
        }
        let answer: Value = call.send().await.unwrap().json().await.unwrap();
        self.told.insert(name, answer.clone());
        answer
    }

    fn fail(&self, status: u16) {
        self.rig.world.faults(Faults { status: Some(status), times: Some(1), ..Faults::default() }).unwrap();
    }

    fn compare(&self, folder: &str, left_out: &[&str]) {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers/tests/fixtures/gowa").join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let Some(ours) = self.told.get(name) else {
                assert!(left_out.contains(&name), "{name} is neither asked nor left out on purpose");
                continue;
            };
            let theirs: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(ours["code"], theirs["code"], "{name}: {ours:#}");
            assert_eq!(shape(ours), shape(&theirs), "{name}: {ours:#}");
        }
    }
}

fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(items) => Value::Array(items.first().map(shape).into_iter().collect()),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!(0),
        Value::Bool(_) => json!(true),
        Value::Null => Value::Null,
    }
}

#[tokio::test]
async fn answers_of_version_9() {
    let rig = Rig::bare(V9).await;
    let mut asker = Asker::new(&rig, V9);
    let jid = format!("{SITI}@s.whatsapp.net");
    asker.get("err_not_logged_in_401", "/chats").await;
    asker.ask("device_created", "POST", "/devices", Some(json!({"device_id": "shop"}))).await;
    asker.get("login_qr", "/devices/shop/login").await;
    asker.ask("login_code", "POST", &format!("/devices/shop/login/code?phone={OWN}"), None).await;
    rig.world.link(&rig.device, OWN, "Toko Melati").unwrap();
    asker.get("app_status", "/app/status").await;
    asker.get("device_status", "/devices/shop/status").await;
    asker.get("devices_list", "/devices").await;
    let webhook = json!({"webhook_url": rig.hook.url, "webhook_secret": SECRET});
    asker.ask("device_webhook", "PATCH", "/devices/shop/webhook", Some(webhook)).await;

    let lid = Some("251556368777322@lid".to_owned());
    rig.world.receive(&Incoming { lid: lid.clone(), ..Incoming::text(OWN, SITI, "Siti", "hello") }).unwrap();
    asker.get("chats", "/chats").await;
    asker.get("chat_messages", &format!("/chat/{jid}/messages")).await;
    let photo = json!({"type": "image", "image": {"id": "1", "mime_type": "image/jpeg"}});
    let photo = Incoming { text: None, message: Some(photo), ..Incoming::text(OWN, SITI, "Siti", "") };
    let photo = rig.world.receive(&photo).unwrap();
    asker.get("message_download", &format!("/message/{photo}/download?phone={jid}")).await;
    let text = json!({"phone": jid, "message": "Halo"});
    asker.ask("send_message", "POST", "/send/message", Some(text.clone())).await;
    let reaction = json!({"phone": jid, "emoji": "👍"});
    asker.ask("reaction_sent", "POST", &format!("/message/{photo}/reaction"), Some(reaction)).await;
    asker.get("user_info", &format!("/user/info?phone={jid}")).await;
    rig.world.show_picture(SITI, Some(1)).unwrap();
    asker.get("user_avatar", &format!("/user/avatar?phone={jid}")).await;
    asker.get("user_check", &format!("/user/check?phone={jid}")).await;
    asker.get("my_contacts", "/user/my/contacts").await;
    let new = json!({"title": "Support squad", "participants": [jid]});
    let group = asker.ask("group_create", "POST", "/group", Some(new)).await["results"]["group_id"].clone();
    let group = group.as_str().unwrap().to_owned();
    let members = vec![NewMember { from: Some(SITI.into()), lid, ..NewMember::default() }];
    let same = NewGroup { account: OWN.into(), id: Some(group.clone()), members, ..NewGroup::default() };
    assert_eq!(rig.world.add_group(&same).unwrap(), group);
    asker.get("group_info", &format!("/group/info?group_id={group}")).await;
    asker.get("group_participants", &format!("/group/participants?group_id={group}")).await;
    asker.get("my_groups", "/user/my/groups").await;

    asker.ask("err_validation", "POST", "/send/message", Some(json!({"message": "to nobody"}))).await;
    asker.get("err_internal_500", "/message/3A00/download?phone=628").await;
    for (name, status) in [("err_reachout_429", 429), ("err_timeout_504", 504)] {
        asker.fail(status);
        asker.ask(name, "POST", "/send/message", Some(text.clone())).await;
    }
    let mut settings = balas_sandbox::Gateway::demo(V9);
    settings.not_on_whatsapp = vec![SITI.to_owned()];
    rig.world.set_gateway(settings).unwrap();
    asker.ask("err_invalid_jid", "POST", "/send/message", Some(text)).await;
    asker.ask_as("err_device_not_found_404", "GET", "/chats", None, Some("nope")).await;
    rig.world.link(&balas_sandbox::Device::new("v9", "second"), "628110000003", "").unwrap();
    asker.ask_as("err_device_required_400", "GET", "/chats", None, None).await;
    // Members of groups are not changed here.
    asker.compare("rest-v9", &["group_participants_add"]);
}

#[tokio::test]
async fn answers_of_version_7() {
    let rig = Rig::bare(V7).await;
    let mut asker = Asker::new(&rig, V7);
    asker.get("app_devices_none", "/app/devices").await;
    asker.get("login_qr", "/app/login").await;
    asker.get("login_code", &format!("/app/login-with-code?phone={OWN}")).await;
    rig.world.link(&rig.device, OWN, "Toko Melati").unwrap();
    asker.get("app_devices", "/app/devices").await;
    let text = json!({"phone": SITI, "message": "Halo"});
    asker.ask("send_message", "POST", "/send/message", Some(text)).await;
    asker.compare("rest-v7", &[]);
}
