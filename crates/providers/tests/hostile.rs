//! Deliveries with fields missing, of another type or damaged: never a panic, and never at a neighbour's
//! cost.

#![expect(clippy::unwrap_used, reason = "a test may stop at once, and so may what it calls")]

mod damage;

use std::{fs, path::Path, sync::LazyLock};

use balas_domain::Timestamp;
use balas_providers::{cloud::parse, inbound::Inbound};
use damage::{control, damage, hurt};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_seconds(1_760_000_000);

static FIXTURES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folders = ["vendor", "derived", "made"].map(|f| fs::read_dir(root.join(f)).unwrap());
    let mut paths: Vec<_> = folders.into_iter().flatten().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 37);
    paths.iter().map(|p| serde_json::from_slice(&fs::read(p).unwrap()).unwrap()).collect()
});

fn sound(id: &str) -> Value {
    json!({"from": "4915100000000", "id": id, "timestamp": "1749416383", "type": "text",
        "text": {"body": id}})
}

fn entry(messages: &[Value]) -> Value {
    let metadata = json!({"display_phone_number": "1", "phone_number_id": "424242"});
    json!({"id": "1", "changes": [{"field": "messages", "value": {"metadata": metadata,
        "messages": messages}}]})
}

/// The sound messages of the number 424242, in order.
fn sound_ones(body: &Value) -> Vec<String> {
    let batches = parse(body.to_string().as_bytes(), NOW).unwrap();
    let batch = batches.iter().find(|b| b.external_id == "424242").unwrap();
    let texts = batch.events.iter().filter_map(|event| match event {
        Inbound::Message(m) if m.provider_id.starts_with("sound") => {
            assert_eq!(m.content.searchable(), m.provider_id);
            Some(m.provider_id.clone())
        }
        _ => None,
    });
    texts.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_entry_costs_no_neighbour(
        which in any::<Index>(),
        hurts in proptest::collection::vec((any::<Index>(), damage()), 1..6),
    ) {
        let mut damaged = which.get(&FIXTURES).get("entry").cloned().unwrap();
        for (place, damage) in &hurts {
            hurt(&mut damaged, *place, damage);
        }
        let mut entries = vec![entry(&[sound("sound1")])];
        entries.extend(damaged.as_array().cloned().unwrap_or_default());
        entries.push(entry(&[sound("sound2")]));
        let body = json!({"object": "whatsapp_business_account", "entry": entries});
        prop_assert_eq!(sound_ones(&body), ["sound1", "sound2"]);
    }

    #[test]
    fn a_damaged_message_costs_no_neighbour(
        which in any::<Index>(),
        message in any::<Index>(),
        hurts in proptest::collection::vec((any::<Index>(), damage()), 1..6),
    ) {
        let messages = |f: &Value| f.pointer("/entry/0/changes/0/value/messages").and_then(Value::as_array).cloned();
        let with_messages: Vec<_> = FIXTURES.iter().filter_map(messages).collect();
        prop_assert!(with_messages.len() > 20);
        let messages: &Vec<Value> = which.get(&with_messages);
        let mut wrapped = json!([message.get(messages)]);
        for (place, damage) in &hurts {
            hurt(&mut wrapped, *place, damage);
        }
        let damaged = wrapped.as_array().cloned().unwrap_or_default();
        let all = [vec![sound("sound1")], damaged, vec![sound("sound2")]].concat();
        let body = json!({"object": "whatsapp_business_account", "entry": [entry(&all)]});
        prop_assert_eq!(sound_ones(&body), ["sound1", "sound2"]);
    }

    #[test]
    fn times_never_lie_ahead_and_nothing_holds_control_characters(
        which in any::<Index>(),
        hurts in proptest::collection::vec((any::<Index>(), damage()), 0..4),
    ) {
        let mut body = which.get(&FIXTURES).clone();
        for (place, damage) in &hurts {
            hurt(&mut body, *place, damage);
        }
        let Ok(batches) = parse(body.to_string().as_bytes(), NOW) else { return Ok(()) };
        for event in batches.iter().flat_map(|b| &b.events) {
            let at = match event {
                Inbound::Message(m) => m.at,
                Inbound::Status(s) => s.at,
                Inbound::Edit { at, .. } | Inbound::Revoke { at, .. } | Inbound::Reaction { at, .. }
                | Inbound::IdentityChanged { at, .. } => *at,
                _ => NOW,
            };
            prop_assert!(at <= NOW && at > Timestamp::from_seconds(1_230_000_000), "{:?}", event);
        }
        let written = serde_json::to_value(&batches).unwrap();
        prop_assert_eq!(control(&written), None);
    }

    #[test]
    fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&body, NOW);
    }

    #[test]
    fn any_bytes_in_the_middle(
        which in any::<Index>(),
        at in any::<Index>(),
        noise in proptest::collection::vec(any::<u8>(), 1..8),
    ) {
        let mut body = which.get(&FIXTURES).to_string().into_bytes();
        let at = at.index(body.len());
        body.splice(at..(at + noise.len()).min(body.len()), noise);
        let _ = parse(&body, NOW);
    }
}
