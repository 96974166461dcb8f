//! Damage to JSON: fields missing, of another type, nested once more.

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

/// What is done to one place of a document.
#[derive(Clone, Debug)]
pub enum Damage {
    /// It goes.
    Remove,
    /// Something else stands there.
    Replace(Value),
    /// It becomes a list of one.
    Wrap,
}

/// Any of them.
pub fn damage() -> impl Strategy<Value = Damage> {
    let odd = prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("\u{0}\u{202e}")),
        Just(json!(true)),
        Just(json!([null, [], {}, 5])),
        Just(json!({"id": {"id": []}, "type": 7})),
        Just(json!(f64::MAX)),
        Just(json!("x".repeat(3_000))),
        any::<i64>().prop_map(|n| json!(n)),
        "\\PC{0,12}".prop_map(|s| json!(s)),
    ];
    prop_oneof![2 => Just(Damage::Remove), 4 => odd.prop_map(Damage::Replace), 1 => Just(Damage::Wrap)]
}

/// All places below the root.
fn places(value: &Value, path: &str, out: &mut Vec<String>) {
    let mut go = |key: String, child: &Value| {
        let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
        out.push(path.clone());
        places(child, &path, out);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| go(k.clone(), v)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| go(i.to_string(), v)),
        _ => {}
    }
}

/// Does it to one of the places, if there is any.
pub fn hurt(value: &mut Value, place: Index, damage: &Damage) {
    let mut all = Vec::new();
    places(value, "", &mut all);
    if all.is_empty() {
        return;
    }
    let path = place.get(&all);
    match damage {
        Damage::Remove => {
            let (parent, key) = path.rsplit_once('/').unwrap();
            match value.pointer_mut(parent).unwrap() {
                Value::Object(map) => drop(map.remove(&key.replace("~1", "/").replace("~0", "~"))),
                Value::Array(list) => drop(list.remove(key.parse().unwrap())),
                _ => {}
            }
        }
        Damage::Replace(odd) => *value.pointer_mut(path).unwrap() = odd.clone(),
        Damage::Wrap => {
            let inner = value.pointer_mut(path).unwrap();
            *inner = json!([inner.take()]);
        }
    }
}

/// A string (or key) with a control character in it that no text has: what was read must hold none.
pub fn control(value: &Value) -> Option<&str> {
    let odd = |text: &str| text.chars().any(|c| c < ' ' && c != '\n' && c != '\t');
    match value {
        Value::String(text) => Some(text.as_str()).filter(|text| odd(text)),
        Value::Array(list) => list.iter().find_map(control),
        Value::Object(map) => map
            .iter()
            .find_map(|(key, value)| Some(key.as_str()).filter(|key| odd(key)).or_else(|| control(value))),
        _ => None,
    }
}

#[test]
fn a_control_character_is_told_from_the_text_of_its_escape() {
    assert_eq!(control(&json!({"a": ["\\r \\u0000", "b\nc\td"]})), None);
    assert_eq!(control(&json!({"a": [1, {"b": "\r"}]})), Some("\r"));
    assert_eq!(control(&json!({"\u{8}": 1})), Some("\u{8}"));
}
