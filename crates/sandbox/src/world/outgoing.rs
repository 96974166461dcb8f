//! `POST /{phone-number-id}/messages`: reads a request and refuses what Meta refuses.

use serde_json::Value;

use super::message::readable;
use crate::graph_error::GraphError;

/// The types that the endpoint takes.
const KINDS: [&str; 11] = [
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
];

/// A request that is well formed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    /// A message to be sent.
    Message(Box<Outgoing>),
    /// A customer's message was read; `typing` shows the indicator too.
    Read {
        /// The customer's message.
        id: String,
        /// Whether the typing indicator was asked for.
        typing: bool,
    },
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outgoing {
    pub(crate) target: Target,
    pub(crate) kind: String,
    pub(crate) body: Value,
    pub(crate) text: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) callback_data: Option<String>,
}

/// Who gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `to` with a phone number: as written, and its digits.
    Phone { input: String, digits: String },
    /// `recipient` with a business-scoped user id.
    User(String),
    /// `to` with a group id.
    Group(String),
}

/// Digits of a phone number as people write it; nothing when it is no phone number.
pub(crate) fn digits(input: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')' | '.');
    let digits: String = input.chars().filter(char::is_ascii_digit).collect();
    (input.chars().all(allowed) && (7..=15).contains(&digits.len())).then_some(digits)
}

/// Whether this is a business-scoped user id, `US.13491208655302741918` or `US.ENT.…`.
pub(crate) fn is_user_id(input: &str) -> bool {
    let Some((country, rest)) = input.split_once('.') else { return false };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Reads the body of the request.
pub(crate) fn parse(request: &Value) -> Result<Request, GraphError> {
    if !request.is_object() {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    match &request["messaging_product"] {
        Value::String(product) if product.eq_ignore_ascii_case("whatsapp") => {}
        Value::Null => return Err(GraphError::parameter("The parameter messaging_product is required.")),
        other => {
            let text = format!("Param messaging_product must be one of {{WHATSAPP}} - got {other}.");
            return Err(GraphError::parameter(text));
        }
    }
    if !request["status"].is_null() {
        return read_mark(request);
    }
    message(request).map(|message| Request::Message(Box::new(message)))
}

fn read_mark(request: &Value) -> Result<Request, GraphError> {
    if request["status"] != "read" {
        return Err(GraphError::parameter("Param status must be one of {READ}."));
    }
    let id = required(&request["message_id"], "message_id")?;
    let typing = match &request["typing_indicator"] {
        Value::Null => false,
        indicator if indicator["type"] == "text" => true,
        _ => return Err(GraphError::parameter("Param typing_indicator['type'] must be one of {TEXT}.")),
    };
    Ok(Request::Read { id: id.to_owned(), typing })
}

fn message(request: &Value) -> Result<Outgoing, GraphError> {
    let target = target(request)?;
    let kind = match &request["type"] {
        // Meta's examples leave it out now and then, and not only for text.
        Value::Null => KINDS.iter().find(|kind| !request[**kind].is_null()).unwrap_or(&"text"),
        Value::String(kind) if KINDS.contains(&kind.to_ascii_lowercase().as_str()) => kind.as_str(),
        other => {
            let kinds = KINDS.join(", ").to_ascii_uppercase();
            return Err(GraphError::parameter(format!(
                "Param type must be one of {{{kinds}}} - got {other}."
            )));
        }
    }
    .to_ascii_lowercase();
    let body = &request[&kind];
    if body.is_null() {
        return Err(GraphError::parameter(format!("The parameter {kind} is required.")));
    }
    check_body(&kind, body)?;
    let reply_to = match &request["context"] {
        Value::Null => None,
        context => Some(required(&context["message_id"], "context['message_id']")?.to_owned()),
    };
    let callback_data = match &request["biz_opaque_callback_data"] {
        Value::Null => None,
        Value::String(data) if data.chars().count() <= 512 => Some(data.clone()),
        _ => {
            let text = "Param biz_opaque_callback_data must be a string of at most 512 characters.";
            return Err(GraphError::parameter(text));
        }
    };
    let text = readable(&kind, body);
    Ok(Outgoing { target, text, body: body.clone(), kind, reply_to, callback_data })
}

fn target(request: &Value) -> Result<Target, GraphError> {
    let group = match &request["recipient_type"] {
        Value::Null => false,
        Value::String(kind) if kind.eq_ignore_ascii_case("individual") => false,
        Value::String(kind) if kind.eq_ignore_ascii_case("group") => true,
        other => {
            let text = format!("Param recipient_type must be one of {{INDIVIDUAL, GROUP}} - got {other}.");
            return Err(GraphError::parameter(text));
        }
    };
    // If both are given, `to` wins.
    let to = match (&request["to"], &request["recipient"]) {
        (Value::Null, Value::Null) => return Err(GraphError::parameter("The parameter to is required.")),
        (Value::Null, recipient) => {
            let id = required(recipient, "recipient")?;
            if !is_user_id(id) {
                return Err(GraphError::value("recipient must be a business-scoped user id."));
            }
            return Ok(Target::User(id.to_owned()));
        }
        (Value::Number(number), _) => number.to_string(),
        (to, _) => required(to, "to")?.to_owned(),
    };
    if group {
        return Ok(Target::Group(to));
    }
    let Some(digits) = digits(&to) else {
        return Err(GraphError::value("The recipient is not a phone number in international format."));
    };
    Ok(Target::Phone { input: to, digits })
}

fn check_body(kind: &str, body: &Value) -> Result<(), GraphError> {
    match kind {
        "text" => {
            let text = required(&body["body"], "text['body']")?;
            limit(text, 4_096, "text['body']")
        }
        "image" | "video" | "audio" | "document" | "sticker" => {
            let (id, link) = (filled(&body["id"]), filled(&body["link"]));
            if id == link {
                return Err(GraphError::parameter(format!("Param {kind} needs either id or link.")));
            }
            limit(body["caption"].as_str().unwrap_or_default(), 1_024, &format!("{kind}['caption']"))
        }
        "location" => {
            for (key, bound) in [("latitude", 90.0), ("longitude", 180.0)] {
                let value = match &body[key] {
                    Value::String(text) => text.parse().ok(),
                    value => value.as_f64(),
                };
                if !value.is_some_and(|value| value.abs() <= bound) {
                    let text = format!("Param location['{key}'] must be a number of degrees.");
                    return Err(GraphError::parameter(text));
                }
            }
            Ok(())
        }
        "contacts" => {
            let contacts = body.as_array().map(Vec::as_slice).unwrap_or_default();
            if contacts.is_empty() {
                return Err(GraphError::parameter("The parameter contacts is required."));
            }
            for contact in contacts {
                required(&contact["name"]["formatted_name"], "contacts['name']['formatted_name']")?;
            }
            Ok(())
        }
        "reaction" => {
            required(&body["message_id"], "reaction['message_id']")?;
            match &body["emoji"] {
                Value::Null | Value::String(_) => Ok(()),
                _ => Err(GraphError::parameter("Param reaction['emoji'] must be a string.")),
            }
        }
        "interactive" => interactive(body),
        _ => {
            required(&body["name"], "template['name']")?;
            required(&body["language"]["code"], "template['language']['code']").map(|_| ())
        }
    }
}

fn interactive(body: &Value) -> Result<(), GraphError> {
    let kind = required(&body["type"], "interactive['type']")?;
    let action = &body["action"];
    if !action.is_object() {
        return Err(GraphError::parameter("The parameter interactive['action'] is required."));
    }
    match kind {
        "button" => {
            let buttons = action["buttons"].as_array().map(Vec::as_slice).unwrap_or_default();
            if !(1..=3).contains(&buttons.len()) {
                return Err(GraphError::value(
                    "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3",
                ));
            }
            for button in buttons {
                let title = required(
                    &button["reply"]["title"],
                    "interactive['action']['buttons']['reply']['title']",
                )?;
                limit_value(title, 20, "Button title")?;
            }
            Ok(())
        }
        "list" => {
            limit_value(required(&action["button"], "interactive['action']['button']")?, 20, "Button text")?;
            let sections = action["sections"].as_array().map(Vec::as_slice).unwrap_or_default();
            let rows: Vec<&Value> =
                sections.iter().filter_map(|section| section["rows"].as_array()).flatten().collect();
            if !(1..=10).contains(&rows.len()) {
                return Err(GraphError::value("Total row count must be between 1 and 10"));
            }
            for row in rows {
                let title = required(&row["title"], "interactive['action']['sections']['rows']['title']")?;
                limit_value(title, 24, "Row title")?;
                limit_value(row["description"].as_str().unwrap_or_default(), 72, "Row description")?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn filled(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty()) || value.is_number()
}

fn required<'a>(value: &'a Value, name: &str) -> Result<&'a str, GraphError> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| GraphError::parameter(format!("The parameter {name} is required.")))
}

fn limit(text: &str, most: usize, name: &str) -> Result<(), GraphError> {
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(GraphError::parameter(format!("Param {name} must be at most {most} characters long.")))
}

fn limit_value(text: &str, most: usize, name: &str) -> Result<(), GraphError> {
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(GraphError::value(format!("{name} length invalid. Min length: 1, Max length: {most}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(request: &Value) -> i64 {
        parse(request).unwrap_err().code
    }

    fn text(body: &str) -> Value {
        let to = "+62 812-0000-1001";
        json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}})
    }

    #[test]
    fn every_vendor_example_is_accepted() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/messages-request");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let filled = std::fs::read_to_string(&path).unwrap();
            let filled = filled.replace("{{Recipient-Phone-Number}}", "16505551234");
            let filled = filled.replace("{{Recipient-WA-Phone-Number}}", "16505551234");
            let request: Value = serde_json::from_str(&filled).unwrap();
            if let Err(error) = parse(&request) {
                panic!("{}: {error:?}", path.display());
            }
            seen += 1;
        }
        assert!(seen >= 50, "{seen} examples");
    }

    #[test]
    fn text_has_a_limit_in_characters() {
        assert!(parse(&text(&"é".repeat(4_096))).is_ok());
        assert_eq!(code(&text(&"é".repeat(4_097))), 100);
        assert_eq!(code(&text("")), 100);
    }

    #[test]
    fn says_what_is_missing() {
        assert_eq!(code(&json!({})), 100);
        assert_eq!(code(&json!([])), 100);
        assert_eq!(code(&json!({"messaging_product": "sms"})), 100);
        assert_eq!(code(&json!({"messaging_product": "whatsapp", "text": {"body": "x"}})), 100);
        assert_eq!(code(&json!({"messaging_product": "whatsapp", "to": "16505551234", "type": "poll"})), 100);
        assert_eq!(
            code(&json!({"messaging_product": "whatsapp", "to": "hello", "text": {"body": "x"}})),
            131_009
        );
        let to = "16505551234";
        let image = |node| json!({"messaging_product": "whatsapp", "to": to, "type": "image", "image": node});
        assert_eq!(code(&image(json!({}))), 100);
        assert!(parse(&image(json!({"id": "1"}))).is_ok());
        let error = parse(&json!({"messaging_product": "whatsapp", "to": "16505551234", "type": "text"}))
            .unwrap_err();
        assert_eq!(error.message, "(#100) The parameter text is required.");
    }

    #[test]
    fn targets() {
        let head = |extra: Value| {
            let mut request = text("hi");
            for (key, value) in extra.as_object().unwrap() {
                request[key] = value.clone();
            }
            match parse(&request) {
                Ok(Request::Message(message)) => message.target,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            head(json!({})),
            Target::Phone { input: "+62 812-0000-1001".into(), digits: "6281200001001".into() }
        );
        assert_eq!(head(json!({"to": null, "recipient": "US.134912"})), Target::User("US.134912".into()));
        assert_eq!(head(json!({"recipient_type": "group", "to": "Y2Fwa"})), Target::Group("Y2Fwa".into()));
        let both = head(json!({"recipient": "US.134912"}));
        assert!(matches!(both, Target::Phone { .. }), "`to` wins");
    }

    #[test]
    fn user_ids() {
        assert!(is_user_id("US.13491208655302741918"));
        assert!(is_user_id("US.ENT.11815799212886844830"));
        for bad in ["us.1", "US.", "US", "USA.1", "US.1-2", "16505551234"] {
            assert!(!is_user_id(bad), "{bad}");
        }
    }

    #[test]
    fn read_marks_and_typing() {
        let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"});
        assert_eq!(parse(&read).unwrap(), Request::Read { id: "wamid.A".into(), typing: false });
        let mut typing = read.clone();
        typing["typing_indicator"] = json!({"type": "text"});
        assert_eq!(parse(&typing).unwrap(), Request::Read { id: "wamid.A".into(), typing: true });
        assert_eq!(code(&json!({"messaging_product": "whatsapp", "status": "read"})), 100);
    }

    #[test]
    fn interactive_limits() {
        let buttons = |count: usize, title: &str| {
            let button = json!({"type": "reply", "reply": {"id": "a", "title": title}});
            let to = "16505551234";
            json!({"messaging_product": "whatsapp", "to": to, "type": "interactive", "interactive": {
                "type": "button", "body": {"text": "?"}, "action": {"buttons": vec![button; count]}}})
        };
        assert!(parse(&buttons(3, "Yes")).is_ok());
        assert_eq!(code(&buttons(4, "Yes")), 131_009);
        assert_eq!(code(&buttons(1, &"x".repeat(21))), 131_009);
    }
}
