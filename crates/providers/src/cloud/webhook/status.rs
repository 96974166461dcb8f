//! How far sent messages came.

use balas_domain::{MessageStatus, Timestamp};
use serde_json::Value;

use crate::{
    cloud::{callback, errors::failure},
    inbound::{Inbound, Status},
    lenient::{distinct, elements, id, identity, name, string, time, user},
};

/// An element of `statuses[]`.
///
/// # Errors
/// What is wrong with it.
pub fn read(status: &Value, received_at: Timestamp) -> Result<Inbound, String> {
    let word = name(status, "status").ok_or("status without status")?;
    let reached = word_to_status(&word).ok_or_else(|| format!("status {word}"))?;
    let provider_id = id(status, "id").ok_or_else(|| format!("status {word} without id"))?;
    let participant = distinct([
        identity(status, "recipient_participant_id"),
        user(status, "recipient_participant_user_id"),
    ]);
    let group = name(status, "recipient_type").is_some_and(|t| t.eq_ignore_ascii_case("group"));
    let identities = if !participant.is_empty() {
        participant
    } else if group {
        // A group's id may look like a number.
        Vec::new()
    } else {
        distinct([identity(status, "recipient_id"), user(status, "recipient_user_id")])
    };
    Ok(Inbound::Status(Status {
        provider_id,
        callback: string(status, "biz_opaque_callback_data").and_then(|raw| callback::read(&raw)),
        status: reached,
        at: time(status, "timestamp", received_at),
        failure: (reached == MessageStatus::Failed).then(|| failure(elements(status, "errors"))),
        identities,
    }))
}

/// What `history_context` says about a message that the business had sent.
pub fn of_history(message: &Value, received_at: Timestamp) -> Option<Inbound> {
    let word = name(message.get("history_context")?, "status")?;
    let status = match word.to_ascii_lowercase().as_str() {
        "error" => MessageStatus::Failed,
        other => word_to_status(other)?,
    };
    Some(Inbound::Status(Status {
        provider_id: id(message, "id")?,
        callback: None,
        status,
        at: time(message, "timestamp", received_at),
        failure: (status == MessageStatus::Failed).then(|| failure(&[])),
        identities: Vec::new(),
    }))
}

/// In live deliveries lower case, in history either.
fn word_to_status(word: &str) -> Option<MessageStatus> {
    match word.to_ascii_lowercase().as_str() {
        "sent" => Some(MessageStatus::Sent),
        "delivered" => Some(MessageStatus::Delivered),
        "read" => Some(MessageStatus::Read),
        "played" => Some(MessageStatus::Played),
        "failed" => Some(MessageStatus::Failed),
        _ => None,
    }
}
