//! Version 7's flat messages: no event, no envelope; what happened is told by which keys are there.

use balas_domain::Content;
use serde_json::{Map, Value};

use super::{Around, content::content, emoji, talk};
use crate::{
    inbound::{Inbound, Message},
    lenient::{body, id, moment, name},
};

/// Reads one delivery.
///
/// # Errors
/// Why there is nothing to be done.
pub fn read(delivery: &Value, around: &Around<'_>) -> Result<Inbound, String> {
    let action = name(delivery, "action");
    match action.as_deref() {
        // Done on our phone, for our eyes only.
        Some("event.delete_for_me" | "message_deleted_for_me") => {
            return Err("deleted for us only".to_owned());
        }
        Some("message_revoked") => return revoked(delivery, around),
        Some("message_edited") => return edited(delivery, around),
        Some(other) => return Err(format!("action {other}")),
        None => {}
    }
    let said = delivery.get("message").unwrap_or(&Value::Null);
    if let Some(reaction) = delivery.get("reaction").filter(|r| r.is_object()) {
        let talk = talk::flat(delivery, around)?;
        return Ok(Inbound::Reaction {
            target: id(reaction, "id").ok_or("reaction without message")?,
            chat: talk.chat,
            sender: talk.sender,
            from_us: talk.from_us,
            emoji: emoji(reaction, "message"),
            at: moment(delivery, "timestamp", around.received_at),
        });
    }
    let provider_id = id(said, "id").ok_or("without id")?;
    // Much of what WhatsApp sends between devices arrives as a message with nothing in it, and so does a
    // reaction that was taken away.
    let content = content(delivery, body(said, "text"), &provider_id).ok_or("nothing in it")?;
    message(delivery, around, provider_id, content, id(said, "replied_id"))
}

fn message(
    delivery: &Value,
    around: &Around<'_>,
    provider_id: String,
    content: Content,
    quote: Option<String>,
) -> Result<Inbound, String> {
    let talk = talk::flat(delivery, around)?;
    Ok(Inbound::Message(Message {
        provider_id,
        chat: talk.chat,
        sender: talk.sender,
        from_us: talk.from_us,
        at: moment(delivery, "timestamp", around.received_at),
        content,
        quote,
        history: false,
    }))
}

fn revoked(delivery: &Value, around: &Around<'_>) -> Result<Inbound, String> {
    let target = id(delivery, "revoked_message_id").ok_or("revocation without message")?;
    let talk = talk::flat(delivery, around)?;
    Ok(Inbound::Revoke {
        target,
        by: super::envelope::revoker(delivery, &talk),
        chat: talk.chat,
        from_us: talk.from_us,
        at: moment(delivery, "timestamp", around.received_at),
    })
}

fn edited(delivery: &Value, around: &Around<'_>) -> Result<Inbound, String> {
    let said = delivery.get("message").unwrap_or(&Value::Null);
    let text = body(delivery, "edited_text").or_else(|| body(said, "text")).ok_or("edit without text")?;
    let Some(target) = id(delivery, "original_message_id") else {
        // Before version 7.9 nobody can tell which message it was: better a line that says so than nothing.
        let provider_id = id(said, "id").ok_or("edit without id")?;
        let text = format!("A message was changed. It now says: {text}");
        let content = Content::System { kind: "message_edited".to_owned(), text };
        return message(delivery, around, provider_id, content, None);
    };
    let talk = talk::flat(delivery, around)?;
    Ok(Inbound::Edit {
        target,
        by: talk.author(),
        chat: talk.chat,
        from_us: talk.from_us,
        content: Content::Text { text },
        at: moment(delivery, "timestamp", around.received_at),
    })
}

/// The keys of a delivery that nobody reads, for the raw copy.
pub fn without_head(value: &Value) -> Value {
    const HEAD: [&str; 11] = [
        "chat_id",
        "chat_lid",
        "from",
        "from_lid",
        "from_name",
        "sender_display_name",
        "sender_id",
        "pushname",
        "timestamp",
        "is_from_me",
        "id",
    ];
    let rest = value.as_object().into_iter().flatten().filter(|(key, _)| !HEAD.contains(&key.as_str()));
    Value::Object(rest.map(|(k, v)| (k.clone(), v.clone())).collect::<Map<_, _>>())
}
