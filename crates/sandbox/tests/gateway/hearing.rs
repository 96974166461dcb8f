//! What customers write, as our parser reads it.

use balas_domain::{Address, Content, Identity, IdentityKind, socket::Presence};
use balas_providers::{
    Provider as _,
    inbound::{Inbound, Message},
};
use balas_sandbox::{GatewayVersion, Incoming, NewGroup};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn only_message(event: &Inbound) -> Option<Message> {
    match event {
        Inbound::Message(message) => Some(message.clone()),
        _ => None,
    }
}

async fn message(rig: &Rig) -> Message {
    rig.hook.find("a message", only_message).await
}

fn raw(message: Value) -> Incoming {
    Incoming {
        account: Some(OWN.into()),
        from: Some(SITI.into()),
        name: Some("Siti".into()),
        message: Some(message),
        ..Incoming::default()
    }
}

#[rstest]
#[tokio::test]
async fn a_text_with_a_quote(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let sent = rig.gateway.send(&text("which size?")).await.unwrap_or_else(|error| panic!("{error}"));
    let answer = Incoming {
        reply_to: Some(sent.provider_id.clone()),
        ..Incoming::text(OWN, SITI, "Siti", "<L> & é")
    };
    let id = rig.world.receive(&answer).unwrap();
    let heard = message(&rig).await;
    assert_eq!((heard.provider_id, heard.chat), (id, siti()));
    assert_eq!(heard.content, Content::Text { text: "<L> & é".into() });
    assert_eq!(heard.quote, Some(sent.provider_id));
    assert_eq!((heard.from_us, heard.history, heard.at), (false, false, NOW));
    assert_eq!(heard.sender.name.as_deref(), Some("Siti"));
    let arrived =
        rig.hook.arrived().into_iter().find(|webhook| webhook.raw.to_string().contains("<L>")).unwrap();
    assert_eq!(arrived.with_length, version == V9, "the old version sends in pieces of unknown length");
    assert_eq!(arrived.raw["session_id"].as_str(), (version == V9).then_some("shop"));
}

#[rstest]
#[case("image", json!({"id": "1", "mime_type": "image/jpeg", "caption": "look"}))]
#[case("audio", json!({"id": "1", "mime_type": "audio/ogg; codecs=opus", "voice": true}))]
#[case("document", json!({"id": "1", "mime_type": "application/pdf", "filename": "invoice.pdf"}))]
#[case("sticker", json!({"id": "1", "mime_type": "image/webp"}))]
#[tokio::test]
async fn files_can_be_fetched_without_a_password(
    #[values(V7, V9)] version: GatewayVersion,
    #[case] kind: &str,
    #[case] node: Value,
) {
    let rig = Rig::linked(version).await;
    rig.world.receive(&raw(json!({"type": kind, (kind): node}))).unwrap();
    let heard = message(&rig).await;
    let Content::Media(media) = heard.content else { panic!("{:?}", heard.content) };
    assert_eq!(media.caption.as_deref(), (kind == "image").then_some("look"));
    assert_eq!(media.voice, kind == "audio");
    let path = media.reference.unwrap();
    let url = format!("{}/{path}", settings(&rig.running, version).base_url);
    let answer = balas_providers::http::client().unwrap().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    assert!(!answer.bytes().await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn places_and_contacts(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let place = json!({"latitude": -7.797, "longitude": 110.3705, "name": "Tugu"});
    rig.world.receive(&raw(json!({"type": "location", "location": place}))).unwrap();
    let heard = message(&rig).await;
    assert!(matches!(heard.content, Content::Location { .. }), "{:?}", heard.content);
    let card = json!([{"name": {"formatted_name": "Budi"}, "phones": [{"phone": "+62 812 0000 1002"}]}]);
    rig.world.receive(&raw(json!({"type": "contacts", "contacts": card}))).unwrap();
    rig.hook
        .find("a contact", |event| match only_message(event)?.content {
            Content::Contacts { cards } if cards.len() == 1 => Some(()),
            _ => None,
        })
        .await;
}

#[rstest]
#[tokio::test]
async fn reactions_edits_and_revocations(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let id = rig.hear("first");
    let about =
        |kind: &str, node: Value| rig.world.receive(&raw(json!({"type": kind, (kind): node}))).unwrap();
    about("reaction", json!({"message_id": id, "emoji": "❤️"}));
    let emoji = rig.hook.find("a reaction", |event| match event {
        Inbound::Reaction { target, emoji, .. } if *target == id => Some(emoji.clone()),
        _ => None,
    });
    assert_eq!(emoji.await.as_deref(), Some("❤️"));
    about(
        "edit",
        json!({"original_message_id": id, "message": {"type": "text", "text": {"body": "second"}}}),
    );
    if version == V9 {
        rig.hook
            .find("an edit", |event| match event {
                Inbound::Edit { target, content: Content::Text { text }, .. } => {
                    (*target == id && text == "second").then_some(())
                }
                _ => None,
            })
            .await;
    } else {
        // Version 7.7 does not say which message it was.
        let webhook = until("an edit", async || {
            rig.hook.arrived().into_iter().find(|w| w.raw["action"] == "message_edited")
        });
        let webhook = webhook.await;
        assert_eq!(webhook.raw["original_message_id"], Value::Null);
    }
    about("revoke", json!({"original_message_id": id}));
    rig.hook
        .find("a revocation", |event| match event {
            Inbound::Revoke { target, from_us: false, .. } => (*target == id).then_some(()),
            _ => None,
        })
        .await;
}

#[rstest]
#[tokio::test]
async fn linked_ids_are_no_numbers(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let lid = Address::Lid("251556368777322".into());
    let unknown = Incoming {
        from: None,
        lid: Some("251556368777322".into()),
        ..Incoming::text(OWN, SITI, "Ana", "who am I?")
    };
    rig.world.receive(&unknown).unwrap();
    let heard = message(&rig).await;
    assert_eq!(heard.chat, lid);
    let known =
        Incoming { lid: Some("251556368777322".into()), ..Incoming::text(OWN, SITI, "Ana", "it is me") };
    rig.world.receive(&known).unwrap();
    let heard = rig.hook.find("the second", |event| {
        only_message(event).filter(|m| m.content == Content::Text { text: "it is me".into() })
    });
    let heard = heard.await;
    let has = |kind: IdentityKind, value: &str| {
        heard.sender.identities.contains(&Identity { kind, value: value.to_owned() })
    };
    assert!(
        has(IdentityKind::Phone, SITI) && has(IdentityKind::Lid, "251556368777322"),
        "{:?}",
        heard.sender
    );
    let info = rig.gateway.user_info(&lid).await.unwrap();
    assert_eq!(info.phone, (version == V9).then(siti), "only version 9 tells");
    // Receipts keep the linked id in their chat, so they are found by message.
    let sent = rig.gateway.send(&text("hello Ana")).await.unwrap();
    rig.hook
        .find("a receipt", |event| match event {
            Inbound::Status(status) => (status.provider_id == sent.provider_id).then_some(()),
            _ => None,
        })
        .await;
    let receipt = rig.hook.arrived().into_iter().find(|w| w.raw["event"] == "message.ack").unwrap();
    assert_eq!(receipt.raw["payload"]["chat_id"], "251556368777322@lid");
}

#[rstest]
#[tokio::test]
async fn a_hidden_number_is_shown_later(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    rig.hear("hello");
    rig.world.hide_number(SITI, true).unwrap();
    let hidden = Incoming {
        from: None,
        lid: Some("251001000021826".into()),
        ..Incoming::text(OWN, SITI, "Siti", "psst")
    };
    rig.world.receive(&hidden).unwrap();
    let text = |text: &'static str| {
        rig.hook.find("a text", move |event| {
            only_message(event).filter(|m| m.content == Content::Text { text: text.into() })
        })
    };
    let heard = text("psst").await;
    let lid = Address::Lid("251001000021826".into());
    assert_eq!(heard.chat, lid, "{:?}", heard.sender);
    assert!(heard.sender.identities.iter().all(|identity| identity.kind != IdentityKind::Phone));
    rig.world.hide_number(SITI, false).unwrap();
    let shown = Incoming { lid: hidden.lid, ..Incoming::text(OWN, SITI, "Siti", "it is me") };
    rig.world.receive(&shown).unwrap();
    let heard = text("it is me").await;
    let kinds: Vec<IdentityKind> = heard.sender.identities.iter().map(|identity| identity.kind).collect();
    assert!(kinds.contains(&IdentityKind::Phone) && kinds.contains(&IdentityKind::Lid), "{kinds:?}");
}

#[rstest]
#[tokio::test]
async fn what_we_do_on_the_phone(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let id = rig.hear("hello?");
    rig.hook.wait(1).await;
    let typed = Incoming {
        account: Some(OWN.into()),
        to: Some(SITI.into()),
        text: Some("typed on the phone".into()),
        ..Incoming::default()
    };
    let own_id = rig.world.receive(&typed).unwrap();
    let heard = rig.hook.find("our own message", |event| only_message(event).filter(|m| m.from_us)).await;
    assert_eq!((heard.provider_id, heard.chat), (own_id, siti()));
    for secretly in [false, true] {
        let id = if secretly { rig.hear("still there?") } else { id.clone() };
        rig.world.read_on_phone(OWN, SITI, secretly).unwrap();
        rig.hook
            .find("our own receipt", |event| match event {
                Inbound::ReadByUs { targets, .. } => targets.contains(&id).then_some(()),
                _ => None,
            })
            .await;
    }
    let statuses = rig.hook.events().iter().filter(|event| matches!(event, Inbound::Status(_))).count();
    assert_eq!(statuses, 0, "reading says nothing about what we sent");
}

#[rstest]
#[tokio::test]
async fn a_group_of_two_of_our_numbers(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let second = balas_sandbox::Device::new("v9", "second");
    rig.world.link(&second, "628110000003", "Branch").unwrap();
    let mut settings = balas_sandbox::Gateway::demo(V9);
    settings.webhook_urls = vec![rig.hook.url.clone()];
    rig.world.set_gateway(settings).unwrap();
    let new = |account: &str| NewGroup {
        account: account.into(),
        id: Some("120363402106999999".into()),
        name: "Support".into(),
        ..NewGroup::default()
    };
    let jid = rig.world.add_group(&new(OWN)).unwrap();
    rig.world.add_group(&new("v9/second")).unwrap();
    let said = Incoming { group: Some(jid.clone()), ..Incoming::text(OWN, SITI, "Siti", "hello all") };
    let id = rig.world.receive(&said).unwrap();
    let both = until("both messages", async || {
        let heard: Vec<Message> = rig.hook.events().iter().filter_map(only_message).collect();
        (heard.len() == 2).then_some(heard)
    });
    for heard in both.await {
        assert_eq!((heard.provider_id, heard.chat), (id.clone(), Address::jid(&jid).unwrap()));
        assert_eq!(heard.sender.name.as_deref(), Some("Siti"));
    }
}

#[tokio::test]
async fn typing_is_told_to_those_who_are_available() {
    let rig = Rig::linked(V9).await;
    rig.hear("wait");
    rig.hook.wait(1).await;
    rig.world.customer_types(OWN, SITI, true).unwrap();
    let http = balas_providers::http::client().unwrap();
    let url = format!("{}/send/presence", settings(&rig.running, V9).base_url);
    let answer = http
        .post(url)
        .basic_auth("balas", Some("sandbox-gateway"))
        .json(&json!({"type": "available"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    rig.world.customer_types(OWN, SITI, false).unwrap();
    rig.hook
        .find("typing", |event| {
            matches!(event, Inbound::Typing { presence: Presence::Paused, .. }).then_some(())
        })
        .await;
    let on = rig
        .hook
        .events()
        .iter()
        .any(|event| matches!(event, Inbound::Typing { presence: Presence::Typing, .. }));
    assert!(!on, "nobody was available then");
}
