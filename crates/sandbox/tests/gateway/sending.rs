//! Sending, and what becomes of it.

use balas_domain::{Address, MessageStatus, socket::Presence, view::FailureClass};
use balas_providers::{Body, CallError, Outcome, Outgoing, Provider, inbound::Inbound};
use balas_sandbox::{Faults, GatewayVersion, Incoming, NewGroup, NewMember, Status};
use rstest::rstest;

use crate::support::*;

#[rstest]
#[tokio::test]
async fn a_text_arrives_and_its_ticks_come_back(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let sent = rig.gateway.send(&text("Halo <&> é 😀")).await.unwrap();
    assert!(sent.provider_id.starts_with("3EB0") && sent.provider_id.len() == 22, "{}", sent.provider_id);
    let found = rig.world.sent(SITI).remove(0);
    assert_eq!((found.id, found.text.as_deref()), (sent.provider_id.clone(), Some("Halo <&> é 😀")));
    let of = |status: MessageStatus| {
        let id = sent.provider_id.clone();
        rig.hook.find("a receipt", move |event| match event {
            Inbound::Status(s) if s.provider_id == id && s.status == status => Some(()),
            _ => None,
        })
    };
    of(MessageStatus::Delivered).await;
    rig.world.read(SITI).unwrap();
    of(MessageStatus::Read).await;
    assert_eq!(rig.world.sent(SITI)[0].status, Status::Read);
    let echo = rig.hook.events().into_iter().any(|event| matches!(event, Inbound::Message(_)));
    assert!(!echo, "what was sent through the gateway is not told");
}

#[rstest]
#[tokio::test]
async fn replies_and_reactions(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let id = rig.hear("which size?");
    let reply = Outgoing { reply_to: Some(id.clone()), ..text("L") };
    rig.gateway.send(&reply).await.unwrap();
    let unknown = Outgoing { reply_to: Some("3A0000".into()), ..text("M") };
    rig.gateway.send(&unknown).await.unwrap();
    let quotes: Vec<Option<String>> = rig.world.sent(SITI).into_iter().map(|sent| sent.reply_to).collect();
    assert_eq!(quotes, [Some(id.clone()), None], "an unknown quote is left out silently");
    for emoji in ["👍", ""] {
        let body = Body::Reaction { target: id.clone(), emoji: emoji.into() };
        rig.gateway.send(&message(siti(), body)).await.unwrap();
        let last = rig.world.sent(SITI).pop().unwrap();
        assert_eq!((last.kind.as_str(), last.body["emoji"].as_str()), ("reaction", Some(emoji)));
    }
}

#[rstest]
#[tokio::test]
async fn to_a_group_and_to_a_linked_id(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let member = |from: &str, name: &str| NewMember {
        from: Some(from.into()),
        name: Some(name.into()),
        ..NewMember::default()
    };
    let group = NewGroup {
        account: OWN.into(),
        name: "Reseller".into(),
        members: vec![member(SITI, "Siti"), member("6281200001002", "Budi")],
        ..NewGroup::default()
    };
    let jid = rig.world.add_group(&group).unwrap();
    let address = Address::jid(&jid).unwrap();
    rig.gateway.send(&message(address.clone(), Body::Text { text: "hello all".into() })).await.unwrap();
    assert_eq!(rig.world.sent(&jid)[0].text.as_deref(), Some("hello all"));
    let info = rig.gateway.group_info(&address).await.unwrap();
    assert_eq!((info.name.as_deref(), info.members.len()), (Some("Reseller"), 3));
    assert!(info.members[0].admin && !info.members[1].admin);
    let unknown = message(address, Body::Reaction { target: "3A0000".into(), emoji: "👍".into() });
    let error = rig.gateway.send(&unknown).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::NotSent, "in groups the target must be known: {error}");

    let hello = Incoming {
        lid: Some("251556368777322@lid".into()),
        from: None,
        ..Incoming::text(OWN, SITI, "Ana", "hi")
    };
    rig.world.receive(&hello).unwrap();
    let lid = Address::Lid("251556368777322".into());
    rig.gateway.send(&message(lid, Body::Text { text: "to whom?".into() })).await.unwrap();
    assert_eq!(rig.world.sent("251556368777322@lid")[0].text.as_deref(), Some("to whom?"));
}

#[rstest]
#[tokio::test]
async fn read_marks_and_typing(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let id = rig.hear("hello?");
    rig.gateway.mark_read(&siti(), &id).await.unwrap();
    rig.gateway.typing(&siti(), Presence::Typing, Some(&id)).await.unwrap();
    assert!(rig.world.typing(SITI));
    rig.gateway.typing(&siti(), Presence::Paused, None).await.unwrap();
    assert!(!rig.world.typing(SITI));
    rig.world.log_out(&rig.device).unwrap();
    assert!(matches!(rig.gateway.typing(&siti(), Presence::Typing, None).await, Err(CallError::Failed(_))));
}

#[rstest]
#[tokio::test]
async fn refusals_say_whether_it_may_have_gone_out(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let scope = rig.device.to_string();
    let fails = async |faults: Faults| {
        rig.world.faults(Faults { account: Some(scope.clone()), times: Some(1), ..faults }).unwrap();
        rig.gateway.send(&text("hi")).await.unwrap_err()
    };
    let order = |status: u16| Faults { status: Some(status), ..Faults::default() };
    for (faults, class, outcome) in [
        (order(400), FailureClass::Invalid, Outcome::NotSent),
        (order(401), FailureClass::Auth, Outcome::NotSent),
        (order(429), FailureClass::Policy, Outcome::NotSent),
        (order(500), FailureClass::Invalid, Outcome::NotSent),
        (order(502), FailureClass::Unknown, Outcome::Unknown),
        (order(503), FailureClass::Transient, Outcome::NotSent),
        (order(504), FailureClass::Unknown, Outcome::Unknown),
        (
            Faults { error: Some("INVALID_JID".into()), ..Faults::default() },
            FailureClass::Recipient,
            Outcome::NotSent,
        ),
        (Faults { html: true, ..Faults::default() }, FailureClass::Unknown, Outcome::Unknown),
        (Faults { down: true, ..Faults::default() }, FailureClass::Unknown, Outcome::Unknown),
    ] {
        let error = fails(faults.clone()).await;
        assert_eq!((error.class, error.outcome), (class, outcome), "{faults:?}: {error}");
    }
    assert!(rig.world.sent_to_all().is_empty(), "none of them was done");
    for faults in [
        Faults { gateway_timeout: true, ..Faults::default() },
        Faults { lost_answer: true, ..Faults::default() },
    ] {
        let before = rig.world.sent_to_all().len();
        let error = fails(faults.clone()).await;
        assert_eq!(error.outcome, Outcome::Unknown, "{faults:?}");
        assert_eq!(rig.world.sent_to_all().len(), before + 1, "{faults:?}: it went out all the same");
    }
    rig.gateway.send(&text("all is well again")).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn without_a_link_or_a_connection(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    rig.world.disconnect(&rig.device, false).unwrap();
    let error = rig.gateway.send(&text("hi")).await.unwrap_err();
    assert_eq!((error.class, error.outcome), (FailureClass::Transient, Outcome::NotSent), "{error}");
    rig.world.log_out(&rig.device).unwrap();
    let error = rig.gateway.send(&text("hi")).await.unwrap_err();
    assert_eq!((error.class, error.outcome), (FailureClass::Auth, Outcome::NotSent), "{error}");
    if version == V9 {
        rig.world.remove_device(&rig.device).unwrap();
        rig.world.link(&balas_sandbox::Device::new("v9", "a"), "628110000003", "").unwrap();
        let error = rig.gateway.send(&text("hi")).await.unwrap_err();
        assert_eq!(error.class, FailureClass::Auth, "{error}");
    }
}

#[rstest]
#[tokio::test]
async fn some_numbers_are_not_found(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    let mut settings = balas_sandbox::Gateway::demo(version);
    settings.not_on_whatsapp = vec!["6281200009999".into()];
    rig.world.set_gateway(settings).unwrap();
    let nobody = Address::Phone("6281200009999".into());
    let error =
        rig.gateway.send(&message(nobody.clone(), Body::Text { text: "hi".into() })).await.unwrap_err();
    assert_eq!(error.class, FailureClass::Recipient, "{error}");
    assert!(!rig.gateway.check_number(&nobody).await.unwrap());
    assert!(rig.gateway.check_number(&siti()).await.unwrap());
}
