//! Bodies of `POST /{version}/{phone number id}/messages`.

use balas_domain::{
    Address,
    format::{Node, parse},
};
use serde_json::{Map, Value, json};

use super::callback;
use crate::provider::{Body, Outgoing, sendable};

/// The body that sends the message.
///
/// # Errors
/// Why the message cannot be sent, and what to do, for people.
pub fn send(message: &Outgoing) -> Result<Value, String> {
    let mut body = Map::new();
    body.insert("messaging_product".into(), json!("whatsapp"));
    let (key, to, recipient_type) = match &message.to {
        Address::Phone(digits) => ("to", digits, "individual"),
        Address::User(id) => ("recipient", id, "individual"),
        Address::Group(id) => ("to", id, "group"),
        Address::Lid(_) => {
            return Err(
                "The Cloud API cannot write to this customer: only the hidden id of a linked device \
             is known. \
                        Wait until the customer writes to this number."
                    .to_owned(),
            );
        }
    };
    body.insert("recipient_type".into(), json!(recipient_type));
    body.insert(key.into(), json!(to));
    match &message.body {
        Body::Text { text } => {
            sendable(text)?;
            body.insert("type".into(), json!("text"));
            body.insert("text".into(), json!({"body": text, "preview_url": has_link(&parse(text))}));
        }
        Body::Reaction { target, emoji } => {
            body.insert("type".into(), json!("reaction"));
            body.insert("reaction".into(), json!({"message_id": target, "emoji": emoji}));
        }
    }
    if let Some(quoted) = &message.reply_to {
        body.insert("context".into(), json!({"message_id": quoted}));
    }
    body.insert("biz_opaque_callback_data".into(), json!(callback::write(message.id)));
    Ok(Value::Object(body))
}

/// The body that marks this message and all before it as read, and may show that somebody is typing.
pub fn read(provider_id: &str, typing: bool) -> Value {
    let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": provider_id});
    if let (true, Some(map)) = (typing, body.as_object_mut()) {
        map.insert("typing_indicator".into(), json!({"type": "text"}));
    }
    body
}

/// Whether there is a web address in it that WhatsApp can preview: one with `http://` or `https://`.
fn has_link(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Link { text, .. } => text.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("http")),
        Node::Bold(inner) | Node::Italic(inner) | Node::Strike(inner) | Node::Quote(inner) => has_link(inner),
        Node::Text(_) | Node::Code(_) | Node::Block(_) | Node::Break => false,
    })
}

#[cfg(test)]
mod tests {
    use balas_domain::{MessageId, content::MAX_TEXT};

    use super::*;

    const ID: &str = "0198c5a0-0000-7000-8000-000000000001";

    fn text(to: Address, text: &str) -> Outgoing {
        let id: MessageId = ID.parse().unwrap();
        Outgoing { id, to, body: Body::Text { text: text.into() }, reply_to: None, mentions: Vec::new() }
    }

    fn phone() -> Address {
        Address::Phone("16505551234".into())
    }

    /// Meta's own example with its placeholders filled in, and what we add to it.
    fn vendor(raw: &str, fill: &[(&str, &str)]) -> Value {
        let filled = fill.iter().fold(raw.to_owned(), |text, (from, to)| text.replace(from, to));
        let mut body: Value = serde_json::from_str(&filled).unwrap();
        let map = body.as_object_mut().unwrap();
        map.insert("biz_opaque_callback_data".into(), json!(format!("msg:{ID}")));
        // Left out in some examples; the documentation gives them as what is assumed.
        map.entry("recipient_type").or_insert(json!("individual"));
        map.entry("type").or_insert(json!("text"));
        body
    }

    #[test]
    fn bodies_are_metas_examples() {
        let to = ("{{Recipient-Phone-Number}}", "16505551234");
        let plain = include_str!("../../tests/fixtures/requests/send-text-message.json");
        assert_eq!(send(&text(phone(), "text-message-content")).unwrap(), vendor(plain, &[to]));

        let link = include_str!("../../tests/fixtures/requests/send-text-message-with-preview-url.json");
        let words = "Please visit https://youtu.be/hpltvTEiRrY.";
        assert_eq!(send(&text(phone(), words)).unwrap(), vendor(link, &[to]));

        let reply = include_str!("../../tests/fixtures/requests/send-reply-to-text-message.json");
        let message = Outgoing { reply_to: Some("wamid.A".into()), ..text(phone(), "hi") };
        let fill = [to, ("<MSGID_OF_PREV_MSG>", "wamid.A"), ("<TEXT_MSG_CONTENT>", "hi")];
        assert_eq!(send(&message).unwrap(), vendor(reply, &fill));

        let reaction = include_str!("../../tests/fixtures/requests/send-reply-with-reaction-message.json");
        let body = Body::Reaction { target: "wamid.HBgLM...".into(), emoji: "😀".into() };
        assert_eq!(send(&Outgoing { body, ..text(phone(), "") }).unwrap(), vendor(reaction, &[to]));

        let typing =
            include_str!("../../tests/fixtures/requests/send-typing-indicator-and-read-receipt.json");
        let example: Value = serde_json::from_str(typing).unwrap();
        assert_eq!(read(example["message_id"].as_str().unwrap(), true), example);
        assert_eq!(
            read("wamid.A", false),
            json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"})
        );
    }

    #[test]
    fn every_address_has_its_place() {
        let user = send(&text(Address::User("US.1349".into()), "x")).unwrap();
        assert_eq!(
            (user.get("to"), &user["recipient"], &user["recipient_type"]),
            (None, &json!("US.1349"), &json!("individual"))
        );
        let group = send(&text(Address::Group("Y2Fwa".into()), "x")).unwrap();
        assert_eq!((&group["to"], &group["recipient_type"]), (&json!("Y2Fwa"), &json!("group")));
        assert!(send(&text(Address::Lid("2515".into()), "x")).is_err());
    }

    #[test]
    fn texts_have_bounds() {
        assert!(send(&text(phone(), &"é".repeat(MAX_TEXT))).is_ok());
        assert!(send(&text(phone(), &"é".repeat(MAX_TEXT + 1))).unwrap_err().contains("4096"));
        assert!(send(&text(phone(), " \n")).is_err());
    }

    #[test]
    fn previews_only_for_real_links() {
        let preview =
            |words: &str| send(&text(phone(), words)).unwrap()["text"]["preview_url"] == json!(true);
        for yes in ["HTTPS://x.io", "*see http://x.io/a*", "> https://x.io"] {
            assert!(preview(yes), "{yes}");
        }
        for no in ["https://", "www.x.io", "`https://x.io`", "x.io"] {
            assert!(!preview(no), "{no}");
        }
    }
}
