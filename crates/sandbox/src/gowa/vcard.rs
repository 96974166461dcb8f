//! Contacts that are sent as messages, from Meta's words into WhatsApp's own.

use serde_json::{Value, json};

/// One card per contact.
pub(crate) fn cards(contacts: &Value) -> Vec<Value> {
    let card = |contact: &Value| {
        let name = contact["name"]["formatted_name"].as_str().unwrap_or("Contact");
        let phone = contact["phones"][0]["phone"].as_str();
        let tel = phone.map(|phone| format!("TEL;type=Mobile:{phone}\n")).unwrap_or_default();
        let mut card = json!({
            "displayName": name,
            "vcard": format!("BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\n{tel}END:VCARD"),
        });
        if let Some(phone) = phone {
            card["phone_number"] = json!(phone);
        }
        card
    };
    contacts.as_array().into_iter().flatten().map(card).collect()
}
