//! What Meta tells about the account itself, in words for people.

use balas_domain::text::clean_name;
use serde_json::Value;

use crate::{cloud::errors::GraphError, inbound::Inbound};

/// Most details that are put behind the headline.
const MAX_DETAILS: usize = 8;

/// What each field is about; `None` for fields that are no notice.
fn headline(field: &str) -> Option<&'static str> {
    Some(match field {
        "account_update" => "Meta reports a change of the business account",
        "account_alerts" => "Meta has an alert about the business account",
        "account_review_update" => "Meta has reviewed the business account",
        "business_capability_update" => "Meta changed what the business account may do",
        "phone_number_quality_update" => "The number's quality or limit changed",
        "phone_number_name_update" => "The number's display name was reviewed",
        "business_username_update" | "business_username_updates" => "The business's user name changed",
        "security" => "A security setting of the number changed",
        _ => return None,
    })
}

/// The notice in a change of this field, if it holds one.
pub fn read(field: &str, value: &Value) -> Option<Inbound> {
    let headline = headline(field)?;
    let mut details = Vec::new();
    collect(value, &mut details);
    let text = if details.is_empty() {
        format!("{headline}.")
    } else {
        format!("{headline}: {}.", details.join(", "))
    };
    Some(Inbound::AccountNotice { kind: field.to_owned(), text })
}

/// An error that belongs to no message: an element of `value.errors[]` or of `history[].errors[]`.
pub fn error(kind: &str, error: &Value) -> Inbound {
    let error = GraphError::read(error);
    let words = error.words.unwrap_or_else(|| "no reason given".to_owned());
    let code = error.code.map(|c| format!(" (code {c})")).unwrap_or_default();
    Inbound::AccountNotice { kind: kind.to_owned(), text: format!("Meta reports a problem: {words}{code}.") }
}

/// All plain members, as `name value`.
fn collect(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(k, _)| *k != "messaging_product") {
                let plain = match value {
                    Value::String(s) => clean_name(s),
                    Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
                    _ => None,
                };
                match (plain, clean_name(&key.replace('_', " "))) {
                    (Some(plain), Some(key)) if out.len() < MAX_DETAILS => out.push(format!("{key} {plain}")),
                    _ => collect(value, out),
                }
            }
        }
        Value::Array(list) => list.iter().take(MAX_DETAILS).for_each(|v| collect(v, out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn notices_are_sentences() {
        let value = json!({"display_phone_number": "15550783881", "event": "FLAGGED",
            "current_limit": "TIER_1K",
            "restriction_info": [{"restriction_type": "ADD_PHONE"}], "n": 5, "none": null});
        let Some(Inbound::AccountNotice { kind, text }) = read("phone_number_quality_update", &value) else {
            panic!()
        };
        assert_eq!(kind, "phone_number_quality_update");
        for part in [
            "The number's quality or limit changed: ",
            "event FLAGGED",
            "current limit TIER_1K",
            "restriction type ADD_PHONE",
            "n 5",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(read("account_update", &json!("odd")), Some(Inbound::AccountNotice { text, .. })
            if text == "Meta reports a change of the business account."));
        assert_eq!(read("messages", &value), None);
    }
}
