//! `POST /send/…`.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Done, Refusal},
    call::{Call, required},
    form, jid, no_route, time,
};
use crate::world::{Parcel, Recipient};

/// How long "typing…" shows without being asked for again.
const TYPING: std::time::Duration = std::time::Duration::from_secs(25);

pub(super) fn send(call: &Call<'_>, what: &str) -> Answer {
    // What the word is called in the answer, and Meta's word for it.
    let (word, kind) = match what {
        "message" => ("Message", "text"),
        "link" => ("Link", "text"),
        "image" => ("Image", "image"),
        "video" => ("Video", "video"),
        "audio" => ("Audio", "audio"),
        "file" => ("Document", "document"),
        "sticker" => ("Sticker", "sticker"),
        "contact" => ("Contact", "contacts"),
        "location" => ("Location", "location"),
        "poll" => ("Poll", "poll"),
        "presence" => return presence(call),
        "chat-presence" => return typing(call),
        _ => return Err(no_route(call)),
    };
    let body = form::fields(call)?;
    let to = jid::of_body(call, &body)?;
    let node = content(call, what, &body)?;
    let reply_to = body["reply_message_id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
    deliver(call, word, Parcel { to, kind, body: node, reply_to })
}

/// Hands a message to the linked phone and answers as the version does.
pub(super) fn deliver(call: &Call<'_>, word: &str, mut parcel: Parcel) -> Answer {
    let (device, account) = call.linked()?;
    // A message that the gateway does not know is not quoted, and nobody is told.
    parcel.reply_to = parcel.reply_to.filter(|id| call.state().message(&account, id).is_some());
    let to = jid::jid(&parcel.to);
    let id = call.shared.send_linked(&device, parcel).ok_or_else(Refusal::not_logged_in)?;
    let at = time::in_words(call.now, call.gateway.utc_offset_minutes);
    let status = format!("{word} sent to {to} (server timestamp: {at})");
    let message = if call.is_v9() { status.clone() } else { format!("{word} sent") };
    Ok(Done::new(message, json!({"message_id": id, "status": status})))
}

/// The message in Meta's words.
fn content(call: &Call<'_>, what: &str, body: &Value) -> Result<Value, Refusal> {
    let caption = || body["caption"].as_str().unwrap_or_default();
    Ok(match what {
        "message" => {
            let mut node = json!({"body": required(body, "message")?});
            // Kept as they came, for tests to look at.
            if body["mentions"].is_array() {
                node["mentions"] = body["mentions"].clone();
            }
            node
        }
        "link" => {
            let link = required(body, "link")?;
            json!({"body": format!("{}\n{link}", caption()).trim()})
        }
        "contact" => json!([{
            "name": {"formatted_name": required(body, "contact_name")?},
            "phones": [{"phone": required(body, "contact_phone")?}],
        }]),
        "location" => {
            let degrees = |name: &str| {
                let text = required(body, name)?;
                text.parse::<f64>()
                    .map_err(|_| Refusal::validation(format!("{name}: must be a valid {name}.")))
            };
            json!({"latitude": degrees("latitude")?, "longitude": degrees("longitude")?})
        }
        "poll" => {
            let options = body["options"].as_array().map(Vec::as_slice).unwrap_or_default();
            let most = body["max_answer"].as_u64().unwrap_or_default();
            if options.is_empty() || most == 0 || most > options.len() as u64 {
                return Err(Refusal::validation("max_answer: must be between 1 and the number of options."));
            }
            json!({"question": required(body, "question")?, "options": options, "max_answer": most})
        }
        _ => media(call, what, body, caption())?,
    })
}

fn media(call: &Call<'_>, what: &str, body: &Value, caption: &str) -> Result<Value, Refusal> {
    let url = format!("{what}_url");
    // The old version cannot fetch documents by itself.
    let fetched = body[&url].as_str().filter(|url| !url.is_empty() && (call.is_v9() || what != "file"));
    if !body[what].is_object() && fetched.is_none() {
        return Err(Refusal::validation(format!("{what}: cannot be blank.")));
    }
    let mut node = json!({});
    if let Some(kind) = body[what]["type"].as_str() {
        node["mime_type"] = json!(kind);
    }
    if let Some(name) = body[what]["file"].as_str().filter(|_| what == "file") {
        node["filename"] = json!(name);
    }
    if !caption.is_empty() {
        node["caption"] = json!(caption);
    }
    Ok(node)
}

/// `POST /send/presence`.
fn presence(call: &Call<'_>) -> Answer {
    let body = call.json()?;
    let available = match required(&body, "type")? {
        "available" => true,
        "unavailable" => false,
        _ => return Err(Refusal::validation("type: must be a valid value.")),
    };
    let (device, _) = call.linked()?;
    if let Some(slot) = call.state().slot_mut(&device) {
        slot.available = available;
    }
    let status = format!("Success send presence {}", if available { "available" } else { "unavailable" });
    Ok(Done::new(status.clone(), json!({"message_id": "presence", "status": status})))
}

/// `POST /send/chat-presence`.
fn typing(call: &Call<'_>) -> Answer {
    let body = call.json()?;
    let to = jid::of_body(call, &body)?;
    let action = required(&body, "action")?;
    let until = match action {
        "start" => Some(call.now.after(TYPING)),
        "stop" => None,
        _ => return Err(Refusal::validation("action: must be a valid value.")),
    };
    let (_, account) = call.linked()?;
    let effects = {
        let mut state = call.state();
        // Nobody sees it on a phone that does not exist here.
        jid::key(&state, &to).map(|key| state.types_to(&account, &key, until))
    };
    call.shared.carry_out(effects.unwrap_or_default());
    let status = format!("Send chat presence {action} {}", jid::jid(&to));
    Ok(Done::new(status.clone(), json!({"message_id": format!("chat-presence-{action}"), "status": status})))
}

/// Whether a group is meant.
pub(super) fn is_group(to: &Recipient) -> bool {
    matches!(to, Recipient::Group(_))
}
