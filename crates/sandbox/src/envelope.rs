//! Webhook bodies in the key order that Meta writes them in.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{config::Number, wire};

/// The whole body.
#[derive(Serialize)]
pub(crate) struct Envelope {
    object: &'static str,
    entry: [Entry; 1],
}

#[derive(Serialize)]
struct Entry {
    id: String,
    changes: Vec<Change>,
}

/// One element of `changes`.
#[derive(Serialize)]
pub(crate) struct Change {
    value: ChangeValue,
    field: &'static str,
}

#[derive(Serialize)]
struct ChangeValue {
    messaging_product: &'static str,
    metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<[Value; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<[Value; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_echoes: Option<[Value; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statuses: Option<[Value; 1]>,
}

#[derive(Serialize)]
struct Metadata {
    display_phone_number: String,
    phone_number_id: String,
}

/// Who the customer of a webhook is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Contact<'a> {
    pub(crate) name: &'a str,
    pub(crate) wa_id: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) username: Option<&'a str>,
}

impl Contact<'_> {
    fn node(self) -> Value {
        let mut profile = json!({"name": self.name});
        let mut node = json!({});
        if let Some(username) = self.username {
            profile["username"] = json!(username);
        }
        if let Some(wa_id) = self.wa_id {
            node["wa_id"] = json!(wa_id);
        }
        if let Some(user_id) = self.user_id {
            node["user_id"] = json!(user_id);
        }
        node["profile"] = profile;
        node
    }
}

impl Change {
    fn of(number: &Number, field: &'static str) -> Self {
        let value = ChangeValue {
            messaging_product: "whatsapp",
            metadata: Metadata {
                display_phone_number: number.digits(),
                phone_number_id: number.phone_number_id.clone(),
            },
            contacts: None,
            messages: None,
            message_echoes: None,
            statuses: None,
        };
        Self { value, field }
    }

    /// A customer's message. System messages come without `contacts`, as in Meta's example.
    pub(crate) fn message(number: &Number, contact: Contact<'_>, node: Value) -> Self {
        let mut change = Self::of(number, "messages");
        change.value.contacts = (node["type"] != "system").then(|| [contact.node()]);
        change.value.messages = Some([node]);
        change
    }

    /// A message that the business wrote in the phone app.
    pub(crate) fn echo(number: &Number, node: Value) -> Self {
        let mut change = Self::of(number, "smb_message_echoes");
        change.value.message_echoes = Some([node]);
        change
    }

    /// What became of a message.
    pub(crate) fn status(number: &Number, contact: Option<Contact<'_>>, node: Value) -> Self {
        let mut change = Self::of(number, "messages");
        change.value.contacts = contact.map(|contact| [contact.node()]);
        change.value.statuses = Some([node]);
        change
    }
}

/// The bytes of one webhook with these changes, escaped as Meta does.
pub(crate) fn body(number: &Number, changes: Vec<Change>) -> Vec<u8> {
    let envelope = Envelope {
        object: "whatsapp_business_account",
        entry: [Entry { id: number.waba_id.clone(), changes }],
    };
    // Strings and numbers only: serialising cannot fail, and an empty body would be seen at once.
    wire::escape(&envelope).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_in_metas_order() {
        let number = Number::demo();
        let contact = Contact { name: "Siti", wa_id: Some("628120000001"), ..Contact::default() };
        let node = json!({"type": "text", "text": {"body": "a/b é"}});
        let text = String::from_utf8(body(&number, vec![Change::message(&number, contact, node)])).unwrap();
        let at = |key: &str| text.find(&format!("\"{key}\"")).unwrap_or_else(|| panic!("{key} in {text}"));
        let keys =
            ["object", "entry", "changes", "value", "messaging_product", "metadata", "contacts", "messages"];
        assert!(keys.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{text}");
        assert!(text.contains("a\\/b \\u00e9"));
        assert!(text.ends_with("\"field\":\"messages\"}]}]}"));
    }
}
