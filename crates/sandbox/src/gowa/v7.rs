//! Webhooks of version 7: messages are flat, and only receipts come in an envelope.

use serde_json::{Value, json};

use super::{files, time, v9::location, vcard};
use crate::{
    config::Gateway,
    world::{
        Handset,
        event::{Event, Party, Receipt, Said},
    },
};

/// The bodies that tell of an event; none if this version does not know it.
pub(crate) fn bodies(event: &Event, own: &Handset, gateway: &Gateway) -> Vec<Value> {
    match event {
        Event::Said(said) => vec![message(said, own, gateway)],
        Event::Receipt { ids, chat, from, kind, at } => {
            let receipt = |device: &str| {
                let place = chat.lid.as_ref().unwrap_or(&chat.jid);
                let author = with_device(&from.jid, device);
                json!({
                    "event": "message.ack",
                    "payload": {
                        "chat_id": place,
                        "from": author_in(&author, place),
                        "ids": ids,
                        "receipt_type": kind.word(),
                        "receipt_type_description": kind.description(),
                        "sender_id": author,
                    },
                    "timestamp": time::written(*at, 0),
                })
            };
            // Each linked device of the customer tells that it has the message, and each is passed on.
            match kind {
                Receipt::Delivered => vec![receipt(""), receipt(":12")],
                Receipt::Read | Receipt::ReadSelf => vec![receipt("")],
            }
        }
        Event::Members { group, change, people, at } => {
            let jids: Vec<&str> = people.iter().map(|who| who.lid.as_deref().unwrap_or(&who.jid)).collect();
            vec![json!({
                "event": "group.participants",
                "payload": {"chat_id": group, "type": change.word(), "jids": jids},
                "timestamp": time::written(*at, 0),
            })]
        }
        Event::Typing { .. } | Event::Joined { .. } => Vec::new(),
    }
}

fn message(said: &Said, own: &Handset, gateway: &Gateway) -> Value {
    let Party { jid, lid, name } = &said.from;
    // Where linked ids are used, ids and places are linked ids, and only the author is translated.
    let place = said.chat.lid.as_ref().unwrap_or(&said.chat.jid);
    let sender = lid.as_ref().unwrap_or(jid);
    let kind = said.kind.as_str();
    let text = match kind {
        "reaction" | "revoke" => "",
        "edit" => said.body["message"]["text"]["body"].as_str().unwrap_or_default(),
        _ if files::is_media(kind) || matches!(kind, "location" | "contacts") => "",
        _ => said.text.as_deref().unwrap_or_default(),
    };
    // Only texts keep what they answer.
    let (replied, quoted) = match &said.reply {
        Some((id, quoted)) if kind == "text" => (id.as_str(), quoted.as_str()),
        _ => ("", ""),
    };
    let mut body = json!({
        "chat_id": user(place),
        "from": author_in(jid, place),
        "message": {"text": text, "id": said.id, "replied_id": replied, "quoted_message": quoted},
        "pushname": name,
        "sender_id": user(sender),
        "timestamp": time::written(said.at, 0),
    });
    if let Some(lid) = lid {
        body["from_lid"] = json!(lid);
    }
    match kind {
        "reaction" => {
            // Taking one away leaves nothing but an empty text.
            if let Some(emoji) = said.body["emoji"].as_str().filter(|emoji| !emoji.is_empty()) {
                body["reaction"] = json!({"message": emoji, "id": said.body["message_id"]});
            }
        }
        "edit" => {
            // Which message was edited is not said before version 7.9.
            body["action"] = json!("message_edited");
            body["edited_text"] = json!(text);
        }
        "revoke" => {
            body["action"] = json!("message_revoked");
            body["revoked_message_id"] = said.body["original_message_id"].clone();
            body["revoked_from_me"] = json!(true);
            let seen_by_them = if said.from_me || said.group { place.clone() } else { own.jid() };
            body["revoked_chat"] = json!(seen_by_them);
        }
        "location" => body["location"] = location(&said.body),
        "contacts" => {
            if let Some(mut card) = vcard::cards(&said.body).into_iter().next() {
                if let Some(card) = card.as_object_mut() {
                    card.remove("phone_number");
                }
                body["contact"] = card;
            }
        }
        _ => {
            if let Some(path) = files::path(said, gateway) {
                body[kind] = json!({
                    "media_path": path,
                    "mime_type": files::mime(said),
                    "caption": said.body["caption"].as_str().unwrap_or_default(),
                });
            }
        }
    }
    body
}

/// `X`, or `X in Y` when they differ.
fn author_in(author: &str, place: &str) -> String {
    if author == place { author.to_owned() } else { format!("{author} in {place}") }
}

/// What stands before the `@`.
fn user(jid: &str) -> &str {
    jid.split('@').next().unwrap_or(jid)
}

fn with_device(jid: &str, device: &str) -> String {
    match jid.split_once('@') {
        Some((user, server)) => format!("{user}{device}@{server}"),
        None => jid.to_owned(),
    }
}
