//! Webhooks of version 9: everything in one envelope.

use serde_json::{Map, Value, json};

use super::{files, time, vcard};
use crate::{
    config::Gateway,
    world::{
        Handset,
        event::{Event, Party, Said},
    },
};

/// The bodies that tell of an event.
pub(crate) fn bodies(event: &Event, own: &Handset, slot: &str, gateway: &Gateway) -> Vec<Value> {
    let offset_minutes = gateway.utc_offset_minutes;
    let mut envelope = json!({"event": event.name(), "device_id": own.jid(), "session_id": slot});
    let (payload, at) = match event {
        Event::Said(said) => (message(said, own, gateway), None),
        Event::Receipt { ids, chat, from, kind, at } => {
            let mut payload = json!({
                "ids": ids,
                // Not translated: where WhatsApp uses linked ids, it is one.
                "chat_id": chat.lid.as_ref().unwrap_or(&chat.jid),
                "from": from.jid,
                "sender_display_name": from.name,
                "receipt_type": kind.word(),
                "receipt_type_description": kind.description(),
            });
            if let Some(lid) = &from.lid {
                payload["from_lid"] = json!(lid);
            }
            (payload, Some(at))
        }
        Event::Typing { chat, from, composing, at } => {
            let state = if *composing { "composing" } else { "paused" };
            let payload = json!({
                "from": from.jid,
                "sender_display_name": from.name,
                "chat_id": chat.jid,
                "state": state,
                "media": "",
                "is_group": chat.jid.ends_with("@g.us"),
            });
            (payload, Some(at))
        }
        Event::Joined { group, name, at } => {
            let payload = json!({
                "chat_id": group,
                "type": "join",
                "jids": [own.jid()],
                "reason": "",
                "group_name": name,
            });
            (payload, Some(at))
        }
        Event::Members { group, change, people, at } => {
            let jids: Vec<&str> = people.iter().map(|party| party.jid.as_str()).collect();
            (json!({"chat_id": group, "type": change.word(), "jids": jids}), Some(at))
        }
    };
    envelope["payload"] = payload;
    if let Some(at) = at {
        envelope["timestamp"] = json!(time::written(*at, offset_minutes));
    }
    vec![envelope]
}

fn message(said: &Said, own: &Handset, gateway: &Gateway) -> Value {
    let Party { jid, lid, name } = &said.from;
    let mut payload = json!({
        "id": said.id,
        "chat_id": said.chat.jid,
        "from": jid,
        "from_name": name,
        "sender_display_name": name,
        "timestamp": time::written(said.at, gateway.utc_offset_minutes),
        "is_from_me": said.from_me,
    });
    if let Some(lid) = &said.chat.lid {
        payload["chat_lid"] = json!(lid);
    }
    if let Some(lid) = lid {
        payload["from_lid"] = json!(lid);
    }
    if let Some((id, text)) = &said.reply {
        payload["replied_to_id"] = json!(id);
        payload["quoted_body"] = json!(text);
    }
    match said.kind.as_str() {
        "reaction" => {
            payload["reaction"] = json!(said.body["emoji"].as_str().unwrap_or_default());
            payload["reacted_message_id"] = said.body["message_id"].clone();
        }
        "edit" => {
            payload["original_message_id"] = said.body["original_message_id"].clone();
            payload["body"] = said.body["message"]["text"]["body"].clone();
        }
        "revoke" => {
            payload["revoked_message_id"] = said.body["original_message_id"].clone();
            // Seen from whoever took it back: their own message, and in a private chat we are the chat.
            payload["revoked_from_me"] = json!(true);
            let seen_by_them = if said.from_me || said.group { said.chat.jid.clone() } else { own.jid() };
            payload["revoked_chat"] = json!(seen_by_them);
        }
        _ => content(said, gateway, &mut payload),
    }
    payload
}

fn content(said: &Said, gateway: &Gateway, payload: &mut Value) {
    let kind = said.kind.as_str();
    if files::is_media(kind) {
        let caption = said.body["caption"].as_str().filter(|caption| !caption.is_empty());
        payload[kind] = match (files::path(said, gateway), caption) {
            (Some(path), Some(caption)) => json!({"path": path, "caption": caption}),
            (Some(path), None) => json!(path),
            (None, caption) => {
                let mut told = json!({"url": files::sealed_url(&said.id)});
                match kind {
                    "image" | "video" => told["caption"] = json!(caption.unwrap_or_default()),
                    "document" => told["filename"] = json!(files::told_name(said)),
                    _ => {}
                }
                told
            }
        };
        if let Some(caption) = caption {
            payload["body"] = json!(caption);
        }
        return;
    }
    match kind {
        "location" => payload["location"] = location(&said.body),
        "contacts" => {
            let mut cards: Vec<Value> = vcard::cards(&said.body);
            if cards.len() == 1 {
                payload["contact"] = cards.remove(0);
            } else {
                payload["contacts_array"] = json!(cards);
            }
        }
        // Polls and kinds that the gateway does not know arrive as an empty message.
        "poll" => {}
        _ => {
            if let Some(text) = &said.text {
                payload["body"] = json!(text);
            }
        }
    }
}

/// WhatsApp's own form of a place.
pub(super) fn location(body: &Value) -> Value {
    let mut place = Map::new();
    for (ours, theirs) in [
        ("latitude", "degreesLatitude"),
        ("longitude", "degreesLongitude"),
        ("name", "name"),
        ("address", "address"),
    ] {
        if !body[ours].is_null() {
            place.insert(theirs.to_owned(), body[ours].clone());
        }
    }
    Value::Object(place)
}
