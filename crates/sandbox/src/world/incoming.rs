//! What a customer writes, as tests and the page say it, and the message node that Meta would make of it.

use balas_domain::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{WorldError, outgoing};

/// A message that a customer writes. Only `text` (or `message`) and `from` (or `user_id`) are needed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Incoming {
    /// Phone number id of the business that it goes to, or for a phone with a gateway its number or its slot
    /// (`v9/shop`); the first number when absent.
    pub account: Option<String>,
    /// The customer's number. Without one, `user_id` must be given, as with people who only show a username.
    pub from: Option<String>,
    /// The customer's profile name; kept from earlier messages when absent.
    pub name: Option<String>,
    /// Makes a text message.
    pub text: Option<String>,
    /// Message id; a fresh one when absent.
    pub id: Option<String>,
    /// Seconds since 1970, as number or string; now when absent.
    #[serde(deserialize_with = "seconds")]
    pub timestamp: Option<i64>,
    /// Id of the message that this quotes.
    pub reply_to: Option<String>,
    /// Type of a `message` that is only the node under the type key.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Raw message in Meta's format (with its own `type`), or the node under `type`.
    pub message: Option<Value>,
    /// Business-scoped user id, `US.1349…`.
    pub user_id: Option<String>,
    /// Username without `@`.
    pub username: Option<String>,
    /// Gateways only: the customer's linked id, `2515…@lid`. Without `from`, the number is not known.
    pub lid: Option<String>,
    /// Gateways only: the group that it is written in, `1203…@g.us`. Without `from`, its first member writes.
    pub group: Option<String>,
    /// Gateways only: written on the business's own phone to this number or group; instead of `from`.
    pub to: Option<String>,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Number(number) if number.is_i64() => Ok(number.as_i64()),
        Value::String(text) => text.parse().map(Some).map_err(serde::de::Error::custom),
        other => Err(serde::de::Error::custom(format!("timestamp is seconds since 1970, not {other}"))),
    }
}

impl Incoming {
    /// A text message from a number, the most common case.
    #[must_use]
    pub fn text(account: &str, from: &str, name: &str, text: &str) -> Self {
        Self {
            account: Some(account.to_owned()),
            from: Some(from.to_owned()),
            name: Some(name.to_owned()),
            text: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// The customer's digits, when there is a number.
    pub(crate) fn digits(&self) -> Result<Option<String>, WorldError> {
        if self.from.is_some() && self.to.is_some() {
            return Err(WorldError::Invalid("say who writes: from (a customer) or to (we do)".to_owned()));
        }
        let from = match self.from.as_deref().or(self.to.as_deref()).map(str::trim) {
            // What we write into a group has no other side than the group.
            Some(to) if to.ends_with("@g.us") => None,
            None | Some("") if self.user_id.is_some() || self.lid.is_some() || self.group.is_some() => None,
            None | Some("") => {
                return Err(WorldError::Invalid("say who writes: from (a number) or user_id".to_owned()));
            }
            Some(from) => match outgoing::digits(from) {
                Some(digits) => Some(digits),
                None => return Err(WorldError::Invalid(format!("from is not a phone number: {from}"))),
            },
        };
        if let Some(id) = &self.user_id
            && !outgoing::is_user_id(id)
        {
            return Err(WorldError::Invalid(format!(
                "user_id must look like US.13491208655302741918, not {id}"
            )));
        }
        Ok(from)
    }

    /// The node of `messages[]`, without `context`.
    pub(crate) fn node(&self, wa_id: Option<&str>, id: &str, now: Timestamp) -> Result<Value, WorldError> {
        let mut node = match (&self.message, &self.text, &self.kind) {
            (Some(Value::Object(raw)), None, None) if raw.get("type").is_some_and(Value::is_string) => {
                raw.clone()
            }
            (Some(inner), None, Some(kind)) => {
                let mut node = Map::new();
                node.insert("type".to_owned(), json!(kind));
                node.insert(kind.clone(), inner.clone());
                node
            }
            (Some(_), _, _) => {
                let text = "message is a raw message with its own \"type\", or the node that belongs \
                            under the given type; it cannot come together with text";
                return Err(WorldError::Invalid(text.to_owned()));
            }
            (None, Some(text), None) => text_node(text)?,
            (None, Some(text), Some(kind)) if kind == "text" => text_node(text)?,
            _ => return Err(WorldError::Invalid("say what is written: text, or message".to_owned())),
        };
        if let Some(wa_id) = wa_id {
            node.entry("from").or_insert_with(|| json!(wa_id));
        }
        if let Some(user_id) = &self.user_id {
            node.entry("from_user_id").or_insert_with(|| json!(user_id));
        }
        let at = self.timestamp.unwrap_or_else(|| now.as_seconds());
        node.insert("id".to_owned(), json!(id));
        node.entry("timestamp").or_insert_with(|| json!(at.to_string()));
        Ok(Value::Object(node))
    }
}

fn text_node(text: &str) -> Result<Map<String, Value>, WorldError> {
    if text.is_empty() {
        return Err(WorldError::Invalid("text must not be empty".to_owned()));
    }
    let mut node = Map::new();
    node.insert("type".to_owned(), json!("text"));
    node.insert("text".to_owned(), json!({"body": text}));
    Ok(node)
}
