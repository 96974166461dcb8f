//! The world's rules, without HTTP.

use std::time::Duration;

use balas_domain::{Timestamp, ambient::test::CountingRandom};
use serde_json::{Value, json};

use super::{Accepted, Effects, Incoming, Request, State, Status, WorldError, parse, sibling};
use crate::{Number, graph_error::GraphError};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const SITI: &str = "6281200001001";

struct Fixture {
    state: State,
    random: CountingRandom,
    account: String,
}

impl Fixture {
    fn new() -> Self {
        let mut state = State::default();
        let number = Number::demo();
        state.add_number(number.clone()).unwrap();
        Self { state, random: CountingRandom::default(), account: number.phone_number_id }
    }

    fn receive(&mut self, incoming: Incoming) -> (String, Effects) {
        self.state.receive(&incoming, None, NOW, &self.random).unwrap()
    }

    fn hears(&mut self, text: &str) -> String {
        let incoming = Incoming::text(&self.account, SITI, "Siti", text);
        self.receive(incoming).0
    }

    fn raw(&mut self, message: Value) -> (String, Effects) {
        let account = Some(self.account.clone());
        self.receive(Incoming {
            account,
            from: Some(SITI.into()),
            message: Some(message),
            ..Incoming::default()
        })
    }

    fn request(&mut self, request: Value, at: Timestamp) -> Result<Accepted, GraphError> {
        let Request::Message(outgoing) = parse(&request)? else { panic!("not a message") };
        self.state.send(&self.account, *outgoing, None, at, &self.random)
    }

    fn say(&mut self, text: &str) -> Accepted {
        let request = json!({"messaging_product": "whatsapp", "to": SITI, "text": {"body": text},
            "biz_opaque_callback_data": "msg:1"});
        self.request(request, NOW).unwrap()
    }
}

/// The `value` nodes of the webhooks, and their fields.
fn values(effects: &Effects) -> Vec<Value> {
    let changes =
        |body: &Vec<u8>| serde_json::from_slice::<Value>(body).unwrap()["entry"][0]["changes"].clone();
    effects.webhooks.iter().map(|webhook| changes(&webhook.body)[0]["value"].clone()).collect()
}

fn statuses(effects: &Effects) -> Vec<String> {
    values(effects).iter().map(|value| value["statuses"][0]["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_text_becomes_metas_webhook() {
    let mut world = Fixture::new();
    let account = Some(world.account.clone());
    let (id, effects) = world.receive(Incoming {
        account,
        from: Some("+62 812-0000-1001".into()),
        name: Some("Siti".into()),
        text: Some("Halo".into()),
        user_id: Some("ID.1349".into()),
        username: Some("siti".into()),
        timestamp: Some(1_799_999_999),
        ..Incoming::default()
    });
    let body: Value = serde_json::from_slice(&effects.webhooks[0].body).unwrap();
    assert_eq!(
        body,
        json!({"object": "whatsapp_business_account", "entry": [{"id": "200300400500600", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "628110000001", "phone_number_id": "100200300400500"},
            "contacts": [
                    {"profile": {"name": "Siti", "username": "siti"}, "wa_id": SITI, "user_id": "ID.1349"}],
            "messages": [{"from": SITI, "from_user_id": "ID.1349", "id": id, "timestamp": "1799999999",
                "type": "text", "text": {"body": "Halo"}}],
        }}]}]})
    );
}

#[test]
fn people_without_a_number_have_a_user_id_only() {
    let mut world = Fixture::new();
    let account = Some(world.account.clone());
    let user_id = Some("US.1349".to_owned());
    let (_, effects) =
        world.receive(Incoming { account, user_id, text: Some("hi".into()), ..Incoming::default() });
    let value = &values(&effects)[0];
    assert_eq!(value["messages"][0].get("from"), None);
    assert_eq!(value["contacts"][0].get("wa_id"), None);
    let answer = world
        .request(
            json!({"messaging_product": "whatsapp", "recipient": "US.1349", "text": {"body": "hello"}}),
            NOW,
        )
        .unwrap();
    assert_eq!(answer.response["contacts"], json!([{"input": "US.1349", "user_id": "US.1349"}]));
    let status = &values(&answer.effects)[0]["statuses"][0];
    assert_eq!((status.get("recipient_id"), &status["recipient_user_id"]), (None, &json!("US.1349")));
    assert_eq!(world.state.sent(Some("US.1349")).len(), 1);
}

#[test]
fn messages_climb_once_and_never_fall() {
    let mut world = Fixture::new();
    world.hears("Halo");
    let sent = world.say("Halo kak");
    assert!(sent.climbs);
    assert_eq!(statuses(&sent.effects), ["sent"]);
    assert_eq!(sent.response["messages"][0]["id"], json!(sent.id));
    let node = &values(&sent.effects)[0]["statuses"][0];
    assert_eq!(node["biz_opaque_callback_data"], "msg:1");
    assert_eq!(node["pricing"]["pricing_model"], "PMP");
    assert_eq!(
        statuses(&world.state.advance(&sent.account, &sent.id, Status::Delivered, NOW)),
        ["delivered"]
    );
    assert_eq!(statuses(&world.state.read(None, SITI, NOW)), ["read"]);
    assert!(world.state.read(None, SITI, NOW).webhooks.is_empty());
    assert!(world.state.advance(&sent.account, &sent.id, Status::Delivered, NOW).webhooks.is_empty());
    assert_eq!(world.state.sent(Some(SITI))[0].status, Status::Read);
}

#[test]
fn the_window_closes_after_a_day() {
    let mut world = Fixture::new();
    world.hears("Halo");
    let text = json!({"messaging_product": "whatsapp", "to": SITI, "text": {"body": "x"}});
    let open = NOW.after(Duration::from_hours(24) - Duration::from_secs(1));
    assert!(world.request(text.clone(), open).unwrap().climbs);
    let closed = world.request(text, NOW.after(Duration::from_hours(24))).unwrap();
    assert!(!closed.climbs);
    let value = &values(&closed.effects)[0];
    assert_eq!(value["statuses"][0]["errors"][0]["code"], 131_047);
    assert_eq!(value.get("contacts"), None);
    assert_eq!(closed.effects.webhooks.len(), 1, "no sent before failed");
    let template = json!({"messaging_product": "whatsapp", "to": SITI, "type": "template",
        "template": {"name": "hello_world", "language": {"code": "en_US"}}});
    assert!(world.request(template, NOW.after(Duration::from_hours(48))).unwrap().climbs);
}

#[test]
fn reactions_edits_and_revokes_change_their_message() {
    let mut world = Fixture::new();
    let own = world.hears("Halo");
    let answer = world.say("Halo kak").id;
    world.raw(json!({"type": "reaction", "reaction": {"message_id": answer, "emoji": "❤️"}}));
    assert_eq!(
        world.state.message_view(&world.account, &answer).unwrap().customer_reaction.as_deref(),
        Some("❤️")
    );
    world.raw(json!({"type": "reaction", "reaction": {"message_id": answer}}));
    assert_eq!(world.state.message_view(&world.account, &answer).unwrap().customer_reaction, None);
    world.raw(json!({"type": "edit", "edit": {"original_message_id": own,
        "message": {"type": "text", "text": {"body": "Halo!"}}}}));
    let view = world.state.message_view(&world.account, &own).unwrap();
    assert_eq!((view.text.as_deref(), view.edited), (Some("Halo!"), true));
    world.raw(json!({"type": "revoke", "revoke": {"original_message_id": answer}}));
    assert!(
        !world.state.message_view(&world.account, &answer).unwrap().revoked,
        "a customer cannot delete our messages"
    );
    world.raw(json!({"type": "revoke", "revoke": {"original_message_id": own}}));
    assert!(world.state.message_view(&world.account, &own).unwrap().revoked);
    let reaction = |id: &str| {
        json!({"messaging_product": "whatsapp", "to": SITI, "type": "reaction",
            "reaction": {"message_id": id, "emoji": "👍"}})
    };
    assert!(world.request(reaction(&own), NOW).unwrap().climbs);
    assert_eq!(
        world.state.message_view(&world.account, &own).unwrap().business_reaction.as_deref(),
        Some("👍")
    );
    let lost = world.request(reaction("wamid.unknown"), NOW).unwrap();
    assert_eq!(values(&lost.effects)[0]["statuses"][0]["errors"][0]["code"], 131_009);
}

#[test]
fn replies_quote() {
    let mut world = Fixture::new();
    let own = world.hears("Halo");
    let request = json!({"messaging_product": "whatsapp", "to": SITI, "text": {"body": "yes"},
        "context": {"message_id": own}});
    let answer = world.request(request, NOW).unwrap().id;
    assert_eq!(world.state.sent(Some(SITI))[0].reply_to.as_deref(), Some(own.as_str()));
    let quote = world.state.message_view(&world.account, &answer).unwrap().quote.unwrap();
    assert_eq!((quote.text.as_str(), quote.outbound), ("Halo", false));
    let account = Some(world.account.clone());
    let (_, effects) = world.receive(Incoming {
        account,
        from: Some(SITI.into()),
        text: Some("ok".into()),
        reply_to: Some(answer.clone()),
        ..Incoming::default()
    });
    let node = &values(&effects)[0]["messages"][0];
    assert_eq!(node["context"], json!({"from": "628110000001", "id": answer}));
}

#[test]
fn read_marks_cover_what_came_before() {
    let mut world = Fixture::new();
    let ids: Vec<String> = ["a", "b", "c"].iter().map(|text| world.hears(text)).collect();
    let account = world.account.clone();
    world.state.mark_read(&account, &ids[1], true, NOW).unwrap();
    let seen = |world: &Fixture, id: &String| world.state.message_view(&world.account, id).unwrap().seen;
    assert_eq!(ids.iter().map(|id| seen(&world, id)).collect::<Vec<_>>(), [true, true, false]);
    assert!(world.state.typing(SITI, NOW).is_some());
    assert_eq!(world.state.typing(SITI, NOW.after(Duration::from_secs(25))), None);
    let answer = world.say("x").id;
    assert_eq!(world.state.typing(SITI, NOW), None, "a message ends the typing");
    for id in [answer.as_str(), "wamid.unknown"] {
        assert_eq!(world.state.mark_read(&account, id, false, NOW).unwrap_err().code, 131_009);
    }
}

#[test]
fn a_changed_number_is_the_same_phone() {
    let mut world = Fixture::new();
    world.hears("Halo");
    let (_, effects) = world.raw(json!({"type": "system", "system": {
        "body": "User Siti changed from 6281200001001 to 6281200009001", "wa_id": "6281200009001",
        "type": "user_changed_number"}}));
    assert_eq!(values(&effects)[0].get("contacts"), None, "system messages come without contacts");
    let request = json!({"messaging_product": "whatsapp", "to": "6281200009001", "text": {"body": "x"}});
    assert!(world.request(request, NOW).unwrap().climbs);
    assert_eq!(world.state.phones(&world.account, "", 10, NOW).len(), 1);
}

#[test]
fn brazil_and_mexico_have_two_spellings() {
    let mut world = Fixture::new();
    let incoming = Incoming::text(&world.account, "551190001234", "Ana", "Oi");
    assert_eq!(sibling("5511990001234").as_deref(), Some("551190001234"));
    assert_eq!(sibling("551190001234").as_deref(), Some("5511990001234"));
    assert_eq!(sibling("551130001234"), None, "a landline has no other spelling");
    assert_eq!(sibling("5215512345678").as_deref(), Some("525512345678"));
    world.receive(incoming);
    let request = json!({"messaging_product": "whatsapp", "to": "+5511990001234", "text": {"body": "oi"}});
    let sent = world.request(request, NOW).unwrap();
    assert_eq!(sent.response["contacts"], json!([{"input": "+5511990001234", "wa_id": "551190001234"}]));
    assert!(sent.climbs);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut world = Fixture::new();
    let id = world.hears("Halo");
    let account = Some(world.account.clone());
    let base = Incoming { account, from: Some(SITI.into()), text: Some("x".into()), ..Incoming::default() };
    let refused = |incoming: Incoming| world.state.receive(&incoming, None, NOW, &world.random).unwrap_err();
    let cases = [
        (Incoming { account: Some("9".into()), ..base.clone() }, "9"),
        (Incoming { id: Some(id), ..base.clone() }, "exists already"),
        (Incoming { from: None, ..base.clone() }, "who writes"),
        (Incoming { from: Some("abc".into()), ..base.clone() }, "phone number"),
        (Incoming { text: None, ..base.clone() }, "what is written"),
        (Incoming { text: Some(String::new()), ..base.clone() }, "empty"),
        (Incoming { user_id: Some("nonsense".into()), ..base.clone() }, "user_id"),
        (Incoming { message: Some(json!({"type": "text"})), ..base }, "together"),
    ];
    let mut refused = refused;
    for (incoming, word) in cases {
        let error = refused(incoming);
        assert!(error.to_string().contains(word), "{error}");
    }
    let error = world.state.add_number(Number::demo()).unwrap_err();
    assert!(matches!(error, WorldError::DuplicateNumber(_)));
}

#[test]
fn long_chats_come_in_pages() {
    let mut world = Fixture::new();
    let ids: Vec<String> = (0..25).map(|n| world.hears(&n.to_string())).collect();
    let (newest, more) = world.state.messages(&world.account, SITI, None, 10);
    assert!(more);
    assert_eq!(newest.iter().map(|view| view.id.clone()).collect::<Vec<_>>(), ids[15..]);
    let (older, _) = world.state.messages(&world.account, SITI, Some(&ids[15]), 10);
    assert_eq!(older.last().unwrap().id, ids[14]);
    let (oldest, more) = world.state.messages(&world.account, SITI, Some(&ids[5]), 10);
    assert_eq!((oldest.len(), more), (5, false));
}

#[test]
fn reset_keeps_the_numbers() {
    let mut world = Fixture::new();
    world.hears("Halo");
    let account = world.account.clone();
    world.state.set_webhook_url(&account, Some("http://127.0.0.1:1/".into()));
    world.state.reset();
    assert!(world.state.phones(&account, "", 10, NOW).is_empty());
    assert_eq!(world.state.number(&account).unwrap().webhook_url.as_deref(), Some("http://127.0.0.1:1/"));
    assert!(world.state.knows_token("sandbox-demo-token"));
}
