//! What can be done to a message that exists.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Done, Refusal},
    call::{Call, required},
    done, files, jid, no_route,
    send::{deliver, is_group},
};
use crate::{
    faults::MediaFault,
    world::{Parcel, reaction},
};

/// `POST /message/{id}/…`.
pub(super) fn change(call: &Call<'_>, id: &str, what: &str) -> Answer {
    let exists = match what {
        "reaction" | "revoke" | "update" | "read" | "delete" | "star" | "unstar" => true,
        "forward" => call.is_v9(),
        _ => false,
    };
    if !exists {
        return Err(no_route(call));
    }
    let body = call.json()?;
    let to = jid::of_body(call, &body)?;
    let parcel = |kind, body| Parcel { to: to.clone(), kind, body, media: None, reply_to: None };
    let (_, account) = call.linked()?;
    let known = || {
        let state = call.state();
        let unknown = || Refusal::internal(format!("message with ID {id} not found"));
        state.message(&account, id).cloned().ok_or_else(unknown)
    };
    match what {
        "reaction" => {
            if is_group(&to) {
                known()?;
            }
            let emoji = body["emoji"].as_str().unwrap_or_default();
            deliver(call, "Reaction", parcel("reaction", reaction(id, emoji)))
        }
        "revoke" => deliver(call, "Revoke", parcel("revoke", json!({"original_message_id": id}))),
        "update" => {
            let text = required(&body, "message")?;
            let node =
                json!({"original_message_id": id, "message": {"type": "text", "text": {"body": text}}});
            deliver(call, "Update message", parcel("edit", node))
        }
        "forward" => {
            let message = known()?;
            let kind = match message.kind.as_str() {
                "image" => "image",
                "video" => "video",
                "audio" => "audio",
                "document" => "document",
                "sticker" => "sticker",
                _ => "text",
            };
            let parcel = Parcel { media: message.media, ..parcel(kind, message.body) };
            deliver(call, "Message forwarded", parcel)
        }
        "read" => {
            // In groups it names ourselves as the author, and nothing comes of it.
            if !is_group(&to) {
                let effects = call.state().mark_read(&account, id, false, call.now);
                call.shared.carry_out(effects.unwrap_or_default());
            }
            let status = format!("Mark as read success {id}");
            Ok(Done::new(status.clone(), json!({"message_id": id, "status": status})))
        }
        "delete" => Ok(done("Message deleted successfully")),
        _ => Ok(done("Message starred successfully")),
    }
}

/// `GET /message/{id}/download` (version 9): fetches the file from WhatsApp, and says where it lies now.
pub(super) fn download(call: &Call<'_>, id: &str, fault: &MediaFault) -> Answer {
    let to = jid::recipient(call.parameter("phone")?)?;
    let (device, account) = call.linked()?;
    let mut state = call.state();
    let heard = state.slot(&device).is_some_and(|slot| slot.has_heard(id));
    let message = state.message(&account, id).filter(|_| heard);
    let message = message.ok_or_else(|| Refusal::internal(format!("message with ID {id} not found")))?;
    // The number and the linked id of one person are two chats to it.
    if state.party(&message.phone).jid != jid::jid(&to) {
        return Err(Refusal::internal(format!("message {id} does not belong to chat {}", jid::jid(&to))));
    }
    if !files::is_media(&message.kind) {
        return Err(Refusal::internal(format!("message {id} does not contain downloadable media")));
    }
    let (kind, at) = (message.kind.clone(), message.at);
    let Some(media) = message.media.clone().filter(|_| !fault.gone) else {
        return Err(Refusal::internal("failed to download media: download failed with status code 410"));
    };
    let path = files::fetched_path(&jid::jid(&to), id, at, &media);
    let size = media.blob.size();
    state.store_file(path.clone(), &device, media);
    let file = path.rsplit('/').next().unwrap_or_default();
    let status = format!("Media downloaded successfully to {path}");
    let results: Value = json!({
        "message_id": id,
        "status": status,
        "media_type": kind,
        "filename": file,
        "file_path": path,
        "file_size": size,
    });
    Ok(Done::new("Media downloaded successfully", results))
}
