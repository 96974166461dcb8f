//! Every delivery of a gateway that we know, of both dialects, read as a whole. The snapshots were read by
//! people; a changed one is a changed behaviour.

#![expect(clippy::unwrap_used, reason = "a test may stop at once, and so may what it calls")]

mod damage;

use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};

use balas_domain::{Address, Content, MessageStatus, Timestamp};
use balas_providers::{
    gateway::{Origin, ParseError, SignatureError, origin, parse, verify_signature},
    inbound::Inbound,
};
use damage::{control, damage, hurt};
use proptest::{prelude::*, sample::Index};
use rstest::rstest;
use serde_json::{Value, json};

/// After everything in the fixtures.
const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn own() -> Address {
    Address::Phone("628987654321".into())
}

fn peer() -> Address {
    Address::Phone("628123456789".into())
}

fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gowa").join(folder);
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(p).unwrap()))
        .collect();
    all.sort();
    all
}

fn read(folder: &str, name: &str) -> Inbound {
    let (_, body) = fixtures(folder).into_iter().find(|(n, _)| n == name).unwrap();
    let [event] = parse(&body, Some(&own()), NOW).unwrap().try_into().unwrap();
    event
}

#[rstest]
#[case("v7", 20)]
#[case("v9", 36)]
#[case("made", 42)]
fn deliveries_as_we_understand_them(#[case] folder: &str, #[case] count: usize) {
    let all = fixtures(folder);
    assert_eq!(all.len(), count);
    for (name, body) in all {
        let events = parse(&body, Some(&own()), NOW).unwrap();
        assert!(!events.is_empty(), "{name}");
        insta::assert_json_snapshot!(format!("{folder}__{name}"), events);
    }
}

/// Which message was written by whom must not depend on our number being entered (it often is not, before
/// the first link), except where nothing else tells.
#[test]
fn most_is_understood_without_our_number() {
    let mut differs = BTreeSet::new();
    for folder in ["v7", "v9", "made"] {
        for (name, body) in fixtures(folder) {
            if parse(&body, None, NOW).unwrap() != parse(&body, Some(&own()), NOW).unwrap() {
                differs.insert(format!("{folder}/{name}"));
            }
        }
    }
    let expected = [
        "made/v7_ack_delivered_to_ourselves",
        "made/v7_ack_read_by_ourselves",
        "made/v7_group_participants_lids",
    ];
    assert_eq!(differs.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn what_we_read_can_be_parked_and_taken_up_again() {
    for (name, body) in ["v7", "v9", "made"].into_iter().flat_map(fixtures) {
        let events = parse(&body, Some(&own()), NOW).unwrap();
        let parked = serde_json::to_value(&events).unwrap();
        assert_eq!(serde_json::from_value::<Vec<Inbound>>(parked).unwrap(), events, "{name}");
    }
}

#[test]
fn reading_again_later_gives_the_same() {
    for (name, body) in ["v7", "v9", "made"].into_iter().flat_map(fixtures) {
        let later = NOW.after(std::time::Duration::from_hours(7 * 24));
        assert_eq!(parse(&body, None, NOW).unwrap(), parse(&body, None, later).unwrap(), "{name}");
    }
}

#[test]
fn what_we_read_on_the_phone_changes_no_ticks() {
    for (folder, name) in [
        ("v9", "ack_read_by_ourselves_on_phone"),
        ("v9", "ack_read_self"),
        ("made", "v7_ack_read_by_ourselves"),
        ("made", "v7_ack_read_self_lid"),
    ] {
        let Inbound::ReadByUs { targets, .. } = read(folder, name) else { panic!("{name}") };
        assert_eq!(targets.len(), 1, "{name}");
    }
}

#[test]
fn one_receipt_for_several_messages() {
    let (_, body) = fixtures("v9").into_iter().find(|(n, _)| n == "ack_read_batch").unwrap();
    let events = parse(&body, None, NOW).unwrap();
    let read: Vec<_> = events
        .iter()
        .map(|e| match e {
            Inbound::Status(s) => (s.provider_id.as_str(), s.status, s.at.to_string()),
            other => panic!("{other:?}"),
        })
        .collect();
    let at = || "2026-08-20T03:31:00Z".to_owned();
    let (first, second) = ("3EB00106E8BE0F407E88EC", "3EB00106E8BE0F407E88ED");
    assert_eq!(read, [(first, MessageStatus::Read, at()), (second, MessageStatus::Read, at())]);
}

/// The same message through both dialects is the same message.
#[test]
fn both_dialects_say_the_same() {
    for name in ["text_in", "text_group_in", "text_forwarded", "location", "contact", "sticker"] {
        let (Inbound::Message(old), Inbound::Message(new)) = (read("v7", name), read("v9", name)) else {
            panic!("{name}")
        };
        assert_eq!((&old.chat, old.from_us, &old.sender.name), (&new.chat, new.from_us, &new.sender.name));
        assert_eq!(old.sender.identities[0], new.sender.identities[0], "{name}");
        assert_eq!(std::mem::discriminant(&old.content), std::mem::discriminant(&new.content), "{name}");
    }
}

#[test]
fn whose_delivery() {
    let (_, body) = &fixtures("v9")[0];
    assert_eq!(origin(body), Ok(Origin { session: Some("org_2".into()), own: Some(own()) }));
    let (_, body) = &fixtures("v7")[0];
    assert_eq!(origin(body), Ok(Origin::default()));
    assert!(matches!(origin(b"x"), Err(ParseError::NotJson(_))));
}

// ---- signatures -------------------------------------------------------------------------------------------

#[rstest]
#[case("v7_text_in")]
#[case("v9_reaction")]
#[case("v9_ack_read_batch")]
fn signed_bodies(#[case] name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gowa/signed");
    let body = fs::read(folder.join(format!("{name}.body"))).unwrap();
    let given: Value =
        serde_json::from_slice(&fs::read(folder.join(format!("{name}.sig.json"))).unwrap()).unwrap();
    let (secret, header) = (given["secret"].as_str().unwrap(), given["value"].as_str().unwrap());
    assert_eq!(verify_signature(secret, Some(header), &body), Ok(()));
    let mut other = body.clone();
    other[10] ^= 1;
    assert_eq!(verify_signature(secret, Some(header), &other), Err(SignatureError::Mismatch));
    // What comes out of a parser and a writer again is another body.
    let rewritten = serde_json::from_slice::<Value>(&body).unwrap().to_string();
    if rewritten.as_bytes() != body {
        assert!(verify_signature(secret, Some(header), rewritten.as_bytes()).is_err());
    }
    assert!(!parse(&body, Some(&own()), NOW).unwrap().is_empty());
}

/// Go writes `<`, `>` and `&` as escapes; the signature is over those.
#[test]
fn escapes_are_undone_after_the_signature() {
    let body = concat!(
        r#"{"device_id":"628987654321@s.whatsapp.net","event":"message","payload":{"body":"#,
        r#""a \u003c b \u0026 c \u003e d","chat_id":"628123456789@s.whatsapp.net","#,
        r#""from":"628123456789@s.whatsapp.net","id":"1"}}"#
    )
    .as_bytes();
    let [Inbound::Message(message)] = &parse(body, None, NOW).unwrap()[..] else { panic!() };
    assert_eq!(message.content, Content::text("a < b & c > d"));
}

// ---- odd and hostile bodies -------------------------------------------------------------------------------

#[rstest]
#[case(json!(null))]
#[case(json!([]))]
#[case(json!("message"))]
fn other_json(#[case] body: Value) {
    assert_eq!(parse(body.to_string().as_bytes(), None, NOW), Err(ParseError::OtherObject));
}

#[rstest]
#[case(json!({}), "message: without id")]
#[case(json!({"event": "message"}), "message: no payload")]
#[case(json!({"event": "message", "payload": []}), "message: no payload")]
#[case(json!({"event": "message", "payload": {}}), "message: without id")]
#[case(json!({"event": "message", "payload": {"id": "1"}}), "message: without chat")]
#[case(json!({"event": "message.ack", "payload": {"ids": []}}), "message.ack: without messages")]
#[case(json!({"event": "label.edit", "payload": {}}), "label.edit: of no interest")]
#[case(json!({"object": "whatsapp_business_account", "entry": []}), "message: without id")]
fn what_is_no_use_says_why(#[case] body: Value, #[case] expected: &str) {
    let events = parse(body.to_string().as_bytes(), None, NOW).unwrap();
    assert_eq!(events, [Inbound::Ignored { kind: expected.into() }]);
}

#[test]
fn nesting_without_end_is_refused_not_fatal() {
    let body = format!("{{\"event\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(parse(body.as_bytes(), None, NOW), Err(ParseError::NotJson(_))));
}

#[test]
fn a_long_text_and_a_huge_receipt_are_read_whole() {
    let text = "é".repeat(60_000);
    let body = json!({"event": "message", "payload": {"id": "1", "from": "628123456789@s.whatsapp.net",
        "chat_id": "628123456789@s.whatsapp.net", "body": text}});
    let [Inbound::Message(m)] = &parse(body.to_string().as_bytes(), None, NOW).unwrap()[..] else { panic!() };
    assert_eq!((&m.chat, &m.content), (&peer(), &Content::text(text)));
    let ids: Vec<_> = (0..2_000).map(|i| format!("3EB0{i}")).collect();
    let body = json!({"event": "message.ack", "payload": {"ids": ids, "from": "628123456789@s.whatsapp.net",
        "chat_id": "628123456789@s.whatsapp.net", "receipt_type": "read"}});
    assert_eq!(parse(body.to_string().as_bytes(), None, NOW).unwrap().len(), 2_000);
}

static ALL: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let all: Vec<_> = ["v7", "v9", "made"].into_iter().flat_map(fixtures).collect();
    assert!(all.len() > 80);
    all.iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn damage_costs_at_most_the_delivery(
        which in any::<Index>(),
        hurts in proptest::collection::vec((any::<Index>(), damage()), 1..6),
        know_own in any::<bool>(),
    ) {
        let mut body = which.get(&ALL).clone();
        for (place, damage) in &hurts {
            hurt(&mut body, *place, damage);
        }
        let own = own();
        let events = parse(body.to_string().as_bytes(), know_own.then_some(&own), NOW).unwrap();
        prop_assert!(!events.is_empty());
        for event in &events {
            let at = match event {
                Inbound::Message(m) => {
                    prop_assert!(!m.provider_id.is_empty() && !m.history);
                    prop_assert!(m.chat.is_group() || !m.sender.identities.is_empty());
                    m.at
                }
                Inbound::Status(s) => s.at,
                Inbound::Group(g) => g.at,
                Inbound::Edit { at, .. } | Inbound::Revoke { at, .. } | Inbound::Reaction { at, .. }
                | Inbound::ReadByUs { at, .. } => *at,
                _ => NOW,
            };
            prop_assert!(at <= NOW && at > Timestamp::from_seconds(1_230_000_000), "{:?}", event);
        }
        let written = serde_json::to_value(&events).unwrap();
        prop_assert_eq!(control(&written), None);
        prop_assert!(!written.to_string().contains("status@broadcast\",\"sender"), "{written}");
    }

    #[test]
    fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&body, None, NOW);
    }

    #[test]
    fn any_bytes_in_the_middle(
        which in any::<Index>(),
        at in any::<Index>(),
        noise in proptest::collection::vec(any::<u8>(), 1..8),
    ) {
        let mut body = which.get(&ALL).to_string().into_bytes();
        let at = at.index(body.len());
        body.splice(at..(at + noise.len()).min(body.len()), noise);
        let _ = parse(&body, Some(&own()), NOW);
    }
}
