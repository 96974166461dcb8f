//! What a customer writes, as tests and the page say it, and the message node that Meta would make of it.

use balas_domain::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{Attach, Attachment, WorldError, outgoing};

/// A message that a customer writes. Only `from` (or `user_id`) is needed, and one thing that is said: `text`,
/// `media`, `location`, `contact`, `poll`, `edit`, `revoke`, `reaction`, or `message` for everything else.
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
    /// A file.
    pub media: Option<Attach>,
    /// A place.
    pub location: Option<Place>,
    /// Somebody's name and number.
    pub contact: Option<Card>,
    /// A poll. Neither Meta nor gateways tell more of it than that something came.
    pub poll: Option<Poll>,
    /// Another text for an earlier message.
    pub edit: Option<Edit>,
    /// Id of an earlier message that is taken back.
    pub revoke: Option<String>,
    /// An emoji on a message.
    pub reaction: Option<Reaction>,
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

/// A place on a map.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What is there.
    #[serde(default)]
    pub name: Option<String>,
    /// Where that is.
    #[serde(default)]
    pub address: Option<String>,
}

/// A contact that is handed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The name.
    pub name: String,
    /// The number, as people write it.
    pub phone: String,
}

/// A poll.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// What is asked.
    pub question: String,
    /// What can be answered.
    pub options: Vec<String>,
}

/// A change of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Id of the message.
    pub id: String,
    /// What it says from now on.
    pub text: String,
}

/// An emoji on a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// Id of the message.
    pub id: String,
    /// The emoji; empty to take it away.
    #[serde(default)]
    pub emoji: String,
}

/// A file that comes with a message, and the id that Meta holds it under.
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) file: Attachment,
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

    /// A file from a number.
    #[must_use]
    pub fn media(account: &str, from: &str, name: &str, media: Attach) -> Self {
        Self { text: None, media: Some(media), ..Self::text(account, from, name, "") }
    }

    /// Type and node of a message that was given raw.
    pub(crate) fn raw(&self) -> Option<(&str, &Value)> {
        let message = self.message.as_ref()?;
        match message["type"].as_str().filter(|_| self.kind.is_none()) {
            Some(kind) => Some((kind, &message[kind])),
            None => Some((self.kind.as_deref()?, message)),
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

    /// The node of `messages[]`, without `context`. A file is there when `media` is said.
    pub(crate) fn node(
        &self,
        wa_id: Option<&str>,
        id: &str,
        now: Timestamp,
        held: Option<&Held>,
    ) -> Result<Value, WorldError> {
        let mut node = self.said(held)?;
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

    /// Type and content.
    fn said(&self, held: Option<&Held>) -> Result<Map<String, Value>, WorldError> {
        let things = [
            self.text.is_some(),
            self.message.is_some(),
            self.media.is_some(),
            self.location.is_some(),
            self.contact.is_some(),
            self.poll.is_some(),
            self.edit.is_some(),
            self.revoke.is_some(),
            self.reaction.is_some(),
        ];
        if things.into_iter().filter(|said| *said).count() > 1 {
            let text = "say one thing at a time: text, media, location, contact, poll, edit, revoke, reaction \
                        or message cannot come together";
            return Err(WorldError::Invalid(text.to_owned()));
        }
        if let Some(text) = self.text.as_deref().filter(|_| self.kind.as_deref().unwrap_or("text") == "text")
        {
            if text.is_empty() {
                return Err(WorldError::Invalid("text must not be empty".to_owned()));
            }
            return Ok(typed("text", json!({"body": text})));
        }
        if let (Some(attach), Some(Held { id, file })) = (&self.media, held) {
            return Ok(typed(attach.kind.word(), file.node(attach.kind, id, attach.caption.as_deref())));
        }
        if let Some(Place { latitude, longitude, name, address }) = &self.location {
            let mut place = json!({"latitude": latitude, "longitude": longitude});
            for (key, value) in [("name", name), ("address", address)] {
                if let Some(value) = value {
                    place[key] = json!(value);
                }
            }
            return Ok(typed("location", place));
        }
        if let Some(Card { name, phone }) = &self.contact {
            let mut number = json!({"phone": phone, "type": "MOBILE"});
            if let Some(digits) = outgoing::digits(phone) {
                number["wa_id"] = json!(digits);
            }
            let first = name.split_whitespace().next().unwrap_or(name);
            let names = json!({"formatted_name": name, "first_name": first});
            return Ok(typed("contacts", json!([{"name": names, "phones": [number]}])));
        }
        if self.poll.is_some() {
            let mut node = typed("unsupported", json!({"type": "poll_creation"}));
            let text = "Message type unknown";
            let details = json!({"details": "Message type is currently not supported."});
            let error = json!({"code": 131_051, "title": text, "message": text, "error_data": details});
            node.insert("errors".to_owned(), json!([error]));
            return Ok(node);
        }
        if let Some(Edit { id, text }) = &self.edit {
            let message = json!({"type": "text", "text": {"body": text}});
            return Ok(typed("edit", json!({"original_message_id": id, "message": message})));
        }
        if let Some(id) = &self.revoke {
            return Ok(typed("revoke", json!({"original_message_id": id})));
        }
        if let Some(Reaction { id, emoji }) = &self.reaction {
            let mut node = json!({"message_id": id});
            if !emoji.is_empty() {
                node["emoji"] = json!(emoji);
            }
            return Ok(typed("reaction", node));
        }
        match (&self.message, &self.kind) {
            (Some(Value::Object(raw)), None) if raw.get("type").is_some_and(Value::is_string) => {
                Ok(raw.clone())
            }
            (Some(inner), Some(kind)) => Ok(typed(kind, inner.clone())),
            (Some(_), None) => {
                let text = "message is a raw message with its own \"type\", or the node that belongs under the \
                            given type";
                Err(WorldError::Invalid(text.to_owned()))
            }
            (None, _) => {
                let text = "say what is written: text, media, location, contact, poll, edit, revoke, reaction \
                            or message";
                Err(WorldError::Invalid(text.to_owned()))
            }
        }
    }
}

fn typed(kind: &str, body: Value) -> Map<String, Value> {
    let mut node = Map::new();
    node.insert("type".to_owned(), json!(kind));
    node.insert(kind.to_owned(), body);
    node
}
