//! `POST /send/…`.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Done, Refusal},
    call::{Call, required},
    jid, no_route, time,
};
use crate::{
    form::FormFile,
    world::{Attachment, Parcel, Recipient},
};

const IMAGES: [&str; 3] = ["image/jpeg", "image/jpg", "image/png"];
const STICKERS: [&str; 5] = ["image/jpeg", "image/jpg", "image/png", "image/webp", "image/gif"];
const VIDEOS: [&str; 4] = ["video/mp4", "video/x-matroska", "video/avi", "video/x-msvideo"];
const AUDIO: [&str; 16] = [
    "audio/aac",
    "audio/amr",
    "audio/flac",
    "audio/m4a",
    "audio/m4r",
    "audio/mp3",
    "audio/mpeg",
    "audio/ogg",
    "audio/vnd.wav",
    "audio/vnd.wave",
    "audio/wav",
    "audio/wave",
    "audio/wma",
    "audio/x-ms-wma",
    "audio/x-pn-wav",
    "audio/x-wav",
];

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
    let body = call.json()?;
    let to = jid::of_body(call, &body)?;
    let media = match what {
        "image" | "video" | "audio" | "file" | "sticker" => Some(attached(call, what, &body)?),
        _ => None,
    };
    let node = match &media {
        Some(file) => file_node(kind, file, &body),
        None => content(what, &body)?,
    };
    let reply_to = body["reply_message_id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
    deliver(call, word, Parcel { to, kind, body: node, media, reply_to })
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
fn content(what: &str, body: &Value) -> Result<Value, Refusal> {
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
            let degrees = |name: &str, most: f64| {
                let read = required(body, name)?.parse::<f64>().ok().filter(|value| value.abs() <= most);
                read.ok_or_else(|| Refusal::validation(format!("{name}: must be a valid {name}.")))
            };
            json!({"latitude": degrees("latitude", 90.0)?, "longitude": degrees("longitude", 180.0)?})
        }
        "poll" => {
            let options = body["options"].as_array().map(Vec::as_slice).unwrap_or_default();
            let most = body["max_answer"].as_u64().unwrap_or_default();
            if options.is_empty() || most == 0 || most > options.len() as u64 {
                return Err(Refusal::validation("max_answer: must be between 1 and the number of options."));
            }
            if (1..options.len()).any(|nth| options[..nth].contains(&options[nth])) {
                return Err(Refusal::validation("options should be unique"));
            }
            json!({"question": required(body, "question")?, "options": options, "max_answer": most})
        }
        _ => Value::Null,
    })
}

/// The file of a call, if the gateway takes it.
fn attached(call: &Call<'_>, what: &str, body: &Value) -> Result<Attachment, Refusal> {
    let Some(FormFile { name, mime, blob }) = call.file(what) else {
        // Where no link will do, it is a field like any other.
        if what == "file" && !call.is_v9() {
            return Err(Refusal::validation("file: cannot be blank."));
        }
        let (first, rest) = what.split_at(1);
        let word = format!("{}{rest}", first.to_ascii_uppercase());
        return Err(Refusal::validation(format!("either {word} or {word}URL must be provided")));
    };
    // Compared to the letter: a type with parameters is none of these.
    let (types, complaint): (&[&str], &str) = match what {
        "image" => (&IMAGES, "your image is not allowed. please use jpg/jpeg/png"),
        "sticker" => (&STICKERS, "your sticker is not allowed. please use jpg/jpeg/png/webp/gif"),
        "video" => (&VIDEOS, "your video type is not allowed. please use mp4/mkv/avi/x-msvideo"),
        "audio" => (&AUDIO, "your audio type is not allowed. please use (audio/aac,audio/amr,audio/ogg,…)"),
        _ => (&[], ""),
    };
    if !types.is_empty() && !types.contains(&mime.as_str()) {
        return Err(Refusal::validation(complaint));
    }
    let (most, word) = match what {
        "image" => (20_000_000, "20 MB"),
        "file" => (50_000_000, "50 MB"),
        _ => (100_000_000, "100 MB"),
    };
    if blob.size() > most {
        return Err(Refusal::validation(format!(
            "max {what} upload is {word}, please upload in cloud and send via text if your file is higher than \
             {word}"
        )));
    }
    let voice = what == "audio" && call.is_v9() && says_yes(&body["ptt"]);
    if voice && blob.looks_like() != Some("audio/ogg") {
        return Err(Refusal::internal(
            "ffmpeg is required to send this audio as a voice note: not found in PATH",
        ));
    }
    let mime = if voice { "audio/ogg; codecs=opus" } else { mime };
    let file_name = (what == "file").then(|| name.clone());
    Ok(Attachment { blob: blob.clone(), mime: mime.to_owned(), file_name, voice })
}

/// A flag of a form or of JSON.
fn says_yes(value: &Value) -> bool {
    value == true || value == "true" || value == "1" || value == "on"
}

/// The message in Meta's words.
fn file_node(kind: &str, file: &Attachment, body: &Value) -> Value {
    let mut node = json!({"mime_type": file.mime});
    if let Some(name) = &file.file_name {
        node["filename"] = json!(name);
    }
    if kind == "audio" {
        node["voice"] = json!(file.voice);
    } else if kind != "sticker"
        && let Some(caption) = body["caption"].as_str().filter(|caption| !caption.is_empty())
    {
        node["caption"] = json!(caption);
    }
    node
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
