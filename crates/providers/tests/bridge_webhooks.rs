//! What the bridge delivers, as its own tests made it, goes through the gateway's parser. The snapshots were read
//! by people; a changed one is a changed behaviour.

#![expect(clippy::unwrap_used, reason = "a test may stop at once, and so may what it calls")]

mod damage;

use std::{fs, path::Path, sync::LazyLock};

use balas_domain::{Address, Content, MessageStatus, Timestamp, content::MediaKind};
use balas_providers::{
    gateway::{MediaRef, Origin, origin, parse},
    inbound::{Connection, ConnectionState, Inbound, Message},
};
use damage::{control, damage, hurt};
use proptest::{prelude::*, sample::Index};
use rstest::rstest;
use serde_json::{Value, json};

const SLOT: &str = "acc_1";
/// After everything in the bridge's tests.
const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn own() -> Address {
    Address::Phone("5511988887777".into())
}

fn peer() -> Address {
    Address::Phone("554198765432".into())
}

fn deliveries() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bridge/test/golden/webhooks");
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(p).unwrap()))
        .collect();
    all.sort();
    all
}

fn read(name: &str) -> Inbound {
    let (_, body) = deliveries().into_iter().find(|(n, _)| n == name).unwrap();
    let [event] = parse(&body, None, NOW).unwrap().try_into().unwrap();
    event
}

#[test]
fn deliveries_as_we_understand_them() {
    let all = deliveries();
    assert!(all.len() > 40, "{}", all.len());
    for (name, body) in all {
        let events = parse(&body, Some(&own()), NOW).unwrap();
        insta::assert_json_snapshot!(name.clone(), events);
        assert_eq!(events, parse(&body, None, NOW).unwrap(), "{name}: it says itself which number is ours");
        assert_eq!(
            origin(&body).unwrap().session.as_deref(),
            Some(SLOT),
            "{name}: it says whose delivery it is"
        );
        let parked = serde_json::to_value(&events).unwrap();
        assert_eq!(serde_json::from_value::<Vec<Inbound>>(parked).unwrap(), events, "{name}");
    }
}

/// Nothing is left out but what is nobody's business.
#[test]
fn all_of_it_is_of_use() {
    for (name, body) in deliveries() {
        for event in parse(&body, None, NOW).unwrap() {
            if let Inbound::Ignored { kind } = event {
                assert_eq!(
                    (name.as_str(), kind.as_str()),
                    ("message_revoke_me", "message.deleted: deleted for us only")
                );
            }
        }
    }
}

#[test]
fn one_person_under_both_names() {
    let Inbound::Message(message) = read("message_text_in_lid") else { panic!() };
    let known: Vec<_> = message.sender.identities.iter().map(|i| i.value.as_str()).collect();
    assert_eq!((message.chat, known), (peer(), vec!["554198765432", "251556368777322"]));
}

#[test]
fn polls_and_votes() {
    let Inbound::Message(Message { content: Content::Poll(poll), .. }) = read("message_poll_several") else {
        panic!()
    };
    assert_eq!((poll.question.as_str(), poll.options.len(), poll.max_answer), ("When?", 2, 2));
    let Inbound::Vote { chat, options, from_us, .. } = read("poll_vote") else { panic!() };
    assert_eq!((chat, options, from_us), (peer(), vec!["Não".to_owned()], false));
    let Inbound::Vote { options, .. } = read("poll_vote_taken_back") else { panic!() };
    assert!(options.is_empty());
}

#[test]
fn files_are_to_be_fetched() {
    let Inbound::Message(Message { content: Content::Media(media), provider_id, .. }) = read("message_ptt")
    else {
        panic!()
    };
    assert_eq!((media.kind, media.voice), (MediaKind::Audio, true));
    let reference = media.reference.and_then(|r| MediaRef::read(&r));
    assert_eq!(reference, Some(MediaRef::Message(provider_id)));
}

#[test]
fn a_message_sent_through_it_brings_our_own_id_back() {
    let Inbound::Status(status) = read("message_sent") else { panic!() };
    assert_eq!((status.provider_id.as_str(), status.status), ("3EB0SENT", MessageStatus::Sent));
    assert_eq!(status.callback, Some("0198c5a0-0000-7000-8000-000000000001".parse().unwrap()));
}

#[rstest]
#[case("message_ack_sent", MessageStatus::Sent)]
#[case("message_ack_delivered", MessageStatus::Delivered)]
#[case("message_ack_read", MessageStatus::Read)]
#[case("message_ack_played", MessageStatus::Played)]
#[case("message_ack_failed", MessageStatus::Failed)]
fn receipts(#[case] name: &str, #[case] expected: MessageStatus) {
    let Inbound::Status(status) = read(name) else { panic!() };
    assert_eq!(status.status, expected);
    assert_eq!(status.failure.is_some(), expected == MessageStatus::Failed);
}

#[test]
fn what_was_missed_wants_an_answer_and_the_past_does_not() {
    for (name, past) in [("history_direct", true), ("history_missed", false)] {
        let (_, body) = deliveries().into_iter().find(|(n, _)| n == name).unwrap();
        let events = parse(&body, None, NOW).unwrap();
        assert!(!events.is_empty());
        for event in events {
            match event {
                Inbound::Message(m) => assert!(past && m.history, "{name}: {m:?}"),
                Inbound::Missed(m) => assert!(!past && !m.history, "{name}: {m:?}"),
                event => panic!("{name}: {event:?}"),
            }
        }
    }
}

#[test]
fn codes_are_not_shown_in_logs() {
    let (Inbound::Connection(qr), Inbound::Connection(pairing)) =
        (read("connection_qr"), read("connection_pairing"))
    else {
        panic!()
    };
    let shown = format!("{qr:?} {pairing:?}");
    let (code, pair_code) = (qr.qr.unwrap(), pairing.pair_code.unwrap());
    assert!(code.starts_with("2@") && !shown.contains(&code) && !shown.contains(&pair_code), "{shown}");
    assert!(qr.qr_expires_at.unwrap() > qr.at);
}

#[rstest]
#[case(json!({"event": "connection.update", "payload": {"state": "dancing"}}), "connection.update: unknown state")]
#[case(json!({"event": "message.sent", "payload": {}}), "message.sent: without id")]
#[case(json!({"event": "group.updated", "payload": {"chat_id": "1@g.us", "field": "x"}}),
    "group.updated: unknown field")]
#[case(json!({"event": "group.updated", "payload": {"chat_id": "628123@s.whatsapp.net", "field": "subject"}}),
    "group.updated: without group")]
#[case(json!({"event": "contact.changed", "payload": {"old_id": "628123@s.whatsapp.net"}}),
    "contact.changed: about nobody")]
#[case(json!({"event": "history.batch", "payload": {"messages": []}}), "history.batch: without messages")]
#[case(json!({"event": "history.batch", "payload": {"messages": [{}]}}), "history.batch: without id")]
fn what_is_no_use_says_why(#[case] body: Value, #[case] expected: &str) {
    let events = parse(body.to_string().as_bytes(), None, NOW).unwrap();
    assert_eq!(events, [Inbound::Ignored { kind: expected.into() }]);
}

#[test]
fn one_damaged_message_costs_no_other() {
    let from = "628123456789@s.whatsapp.net";
    let message =
        |id: &str| json!({"id": id, "chat_id": from, "from": from, "body": "x", "timestamp": "odd"});
    let body = json!({"event": "history.batch", "payload": {"kind": "missed",
        "messages": [message("1"), 5, {"id": "2"}, message("3")]}});
    let events = parse(body.to_string().as_bytes(), None, NOW).unwrap();
    let [Inbound::Missed(one), Inbound::Ignored { .. }, Inbound::Ignored { .. }, Inbound::Missed(three)] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((one.provider_id.as_str(), three.provider_id.as_str(), one.at), ("1", "3", NOW));
}

#[test]
fn a_code_that_is_none_is_left_out() {
    for odd in [json!("a b"), json!("é"), json!("x".repeat(1_025)), json!({}), json!("")] {
        let body = json!({"event": "connection.update", "payload": {"state": "qr", "qr": odd}});
        let [Inbound::Connection(Connection { state, qr, .. })] =
            &parse(body.to_string().as_bytes(), None, NOW).unwrap()[..]
        else {
            panic!()
        };
        assert_eq!((*state, qr), (ConnectionState::Qr, &None));
    }
}

static ALL: LazyLock<Vec<Value>> =
    LazyLock::new(|| deliveries().iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect());

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn damage_costs_at_most_the_delivery(
        which in any::<Index>(),
        hurts in proptest::collection::vec((any::<Index>(), damage()), 1..6),
    ) {
        let mut body = which.get(&ALL).clone();
        for (place, damage) in &hurts {
            hurt(&mut body, *place, damage);
        }
        let events = parse(body.to_string().as_bytes(), Some(&own()), NOW).unwrap();
        prop_assert!(!events.is_empty());
        let written = serde_json::to_value(&events).unwrap();
        prop_assert_eq!(control(&written), None);
    }
}

#[test]
fn a_delivery_names_its_device() {
    let (_, body) = &deliveries()[0];
    assert_eq!(origin(body), Ok(Origin { session: Some(SLOT.into()), own: Some(own()) }));
}
