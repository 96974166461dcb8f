//! Every delivery that Meta shows as an example, and those we derived from its documentation, read as a
//! whole. The snapshots were read by people; a changed one is a changed behaviour.

#![expect(clippy::unwrap_used, reason = "a test may stop at once, and so may what it calls")]

use std::{fs, path::Path};

use balas_domain::{Address, Content, MessageStatus, Timestamp};
use balas_providers::{
    cloud::{ParseError, parse},
    inbound::{Batch, Inbound},
};
use rstest::rstest;
use serde_json::json;

/// After everything in the fixtures.
const NOW: Timestamp = Timestamp::from_seconds(1_760_000_000);

fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(p).unwrap()))
        .collect();
    all.sort();
    all
}

fn read(folder: &str, name: &str) -> Vec<Batch> {
    let (_, body) = fixtures(folder).into_iter().find(|(n, _)| n == name).unwrap();
    parse(&body, NOW).unwrap()
}

#[rstest]
#[case("vendor", 16)]
#[case("derived", 11)]
#[case("made", 10)]
fn deliveries_as_we_understand_them(#[case] folder: &str, #[case] count: usize) {
    let all = fixtures(folder);
    assert_eq!(all.len(), count);
    for (name, body) in all {
        insta::assert_json_snapshot!(format!("{folder}__{name}"), parse(&body, NOW).unwrap());
    }
}

#[test]
fn a_delivery_for_two_numbers_goes_two_ways() {
    let batches = read("derived", "batch_two_entries_mixed");
    let ids: Vec<_> = batches.iter().map(|b| (b.external_id.as_str(), b.events.len())).collect();
    assert_eq!(ids, [("106540352242922", 4), ("222", 1)]);
    let texts: Vec<_> = batches.iter().flat_map(|b| &b.events).filter_map(text_of).collect();
    assert_eq!(texts, ["one", "two", "same id, other phone number"]);
}

fn text_of(event: &Inbound) -> Option<&str> {
    match event {
        Inbound::Message(m) => Some(m.content.searchable()),
        _ => None,
    }
}

#[test]
fn metas_escapes_are_undone() {
    let body = include_bytes!("fixtures/signed/text_unicode_escaped.body");
    let batches = parse(body, NOW).unwrap();
    assert_eq!(text_of(&batches[0].events[0]), Some("Olá, ação 😀 <b>&</b> https://x.io/a"));
}

#[rstest]
#[case(json!(null))]
#[case(json!([]))]
#[case(json!({}))]
#[case(json!({"object": "instagram", "entry": []}))]
#[case(json!({"object": ["whatsapp_business_account"]}))]
fn other_json(#[case] body: serde_json::Value) {
    assert_eq!(parse(body.to_string().as_bytes(), NOW), Err(ParseError::OtherObject));
}

#[test]
fn nesting_without_end_is_refused_not_fatal() {
    let body = format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(matches!(parse(body.as_bytes(), NOW), Err(ParseError::NotJson(_))));
}

#[test]
fn an_empty_delivery_is_fine() {
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": []}, {}, 5]});
    assert_eq!(parse(body.to_string().as_bytes(), NOW), Ok(Vec::new()));
}

#[test]
fn a_name_cut_in_the_middle_of_an_emoji_costs_only_its_end() {
    let body = br#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{
        "metadata":{"phone_number_id":"1"},"contacts":[{"wa_id":"16505551234","profile":{"name":"Ana \ud83d"}}],
        "messages":[{"from":"16505551234","id":"wamid.1","type":"text","text":{"body":"hi \ud83d\ude00"}}]}}]}]}"#;
    let Inbound::Message(m) = &parse(body, NOW).unwrap()[0].events[0] else { panic!() };
    assert_eq!((m.content.searchable(), m.sender.name.as_deref()), ("hi 😀", Some("Ana \u{fffd}")));
}

#[test]
fn what_we_read_can_be_parked_and_taken_up_again() {
    for (name, body) in ["vendor", "derived", "made"].into_iter().flat_map(fixtures) {
        let batches = parse(&body, NOW).unwrap();
        let parked = serde_json::to_value(&batches).unwrap();
        assert_eq!(serde_json::from_value::<Vec<Batch>>(parked).unwrap(), batches, "{name}");
    }
}

/// Reading the same delivery at another moment changes nothing, as long as nothing lies in the future:
/// re-deliveries and replays from the journal are the same events.
#[test]
fn reading_again_later_gives_the_same() {
    for (name, body) in ["vendor", "derived"].into_iter().flat_map(fixtures) {
        let later = NOW.after(std::time::Duration::from_hours(7 * 24));
        assert_eq!(parse(&body, NOW).unwrap(), parse(&body, later).unwrap(), "{name}");
    }
}

#[test]
fn thousands_of_messages_of_history_are_all_read() {
    let messages: Vec<_> = (0..5_000)
        .map(|i| {
            json!({"from": "16505551234", "id": format!("wamid.{i}"), "timestamp": "1739230955",
            "type": "text",
            "text": {"body": format!("number {i}")}, "history_context": {"status": "READ"}})
        })
        .collect();
    let body = json!({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "history",
        "value": {
        "metadata": {"phone_number_id": "1", "display_phone_number": "15550783881"},
        "history": [{"threads": [{"id": "16505551234", "messages": messages}]}]}}]}]});
    let batches = parse(body.to_string().as_bytes(), NOW).unwrap();
    assert_eq!(batches[0].events.len(), 5_000);
    for event in &batches[0].events {
        let Inbound::Message(m) = event else { panic!("{event:?}") };
        assert!(m.history && !m.from_us && m.chat == Address::Phone("16505551234".into()));
    }
}

#[test]
fn a_long_text_is_kept_whole() {
    let long = "é".repeat(100_000);
    let body = json!({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages",
        "value": {
        "messages": [{"from": "16505551234", "id": "w", "type": "text", "text": {"body": long}}]}}]}]});
    let batches = parse(body.to_string().as_bytes(), NOW).unwrap();
    assert_eq!(batches[0].external_id, "");
    let Inbound::Message(m) = &batches[0].events[0] else { panic!() };
    assert_eq!(m.content, Content::text(long));
}

#[test]
fn our_own_id_comes_back_with_a_status() {
    let batches = read("made", "statuses");
    let statuses: Vec<_> = batches[0]
        .events
        .iter()
        .filter_map(
            |e| if let Inbound::Status(s) = e { Some((s.status, s.callback.is_some())) } else { None },
        )
        .collect();
    assert_eq!(statuses[..2], [(MessageStatus::Sent, true), (MessageStatus::Delivered, false)]);
}
