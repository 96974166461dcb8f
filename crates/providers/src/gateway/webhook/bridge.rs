//! What the bridge reports and no gateway does: how the link stands, what became of messages sent through it,
//! changed groups and numbers, and what was written while nobody listened.

use balas_domain::{Address, MessageStatus, Timestamp, content::MAX_OPTIONS, text::clean_name};
use serde_json::Value;

use super::{Around, envelope, settled, talk};
use crate::{
    gateway::address::{address, identities},
    inbound::{Connection, ConnectionState, GroupField, Inbound, Status},
    lenient::{body, elements, id, moment, name, string, written_moment},
};

/// Longest QR code that is kept, in characters. They have about 240.
const MAX_QR: usize = 1_024;

/// How far the link is, by its word.
pub fn state(value: &Value) -> Option<ConnectionState> {
    Some(match name(value, "state")?.as_str() {
        "stopped" => ConnectionState::Stopped,
        "starting" => ConnectionState::Starting,
        "qr" => ConnectionState::Qr,
        "pairing" => ConnectionState::Pairing,
        "authenticated" => ConnectionState::Authenticated,
        "ready" => ConnectionState::Ready,
        "disconnected" => ConnectionState::Disconnected,
        "error" => ConnectionState::Error,
        _ => return None,
    })
}

/// The link with the phone has changed.
pub fn connection(payload: &Value, at: Timestamp) -> Result<Inbound, String> {
    let state = state(payload).ok_or("unknown state")?;
    let printable = |text: &String| text.len() <= MAX_QR && text.bytes().all(|b| b.is_ascii_graphic());
    Ok(Inbound::Connection(Connection {
        state,
        reason: body(payload, "reason"),
        qr: string(payload, "qr").filter(printable),
        qr_expires_at: written_moment(payload, "qr_expires_at"),
        pair_code: id(payload, "pair_code"),
        jid: address(payload, "jid"),
        at,
    }))
}

/// A message that was sent through the bridge has its id. The key is our own id, if we gave it along.
pub fn sent(payload: &Value, at: Timestamp) -> Result<Inbound, String> {
    let provider_id = id(payload, "id").ok_or("without id")?;
    let chat = address(payload, "chat_id").filter(|chat| !chat.is_group());
    Ok(Inbound::Status(Status {
        provider_id,
        callback: id(payload, "idempotency_key").and_then(|key| key.parse().ok()),
        status: MessageStatus::Sent,
        at,
        failure: None,
        identities: identities([chat.as_ref(), address(payload, "chat_lid").as_ref()]),
    }))
}

/// A group got another name, description, picture or rule.
pub fn group(payload: &Value, at: Timestamp, around: &Around<'_>) -> Result<Inbound, String> {
    let chat = address(payload, "chat_id").filter(Address::is_group).ok_or("without group")?;
    let field = match name(payload, "field").as_deref() {
        Some("subject") => GroupField::Name,
        Some("description") => GroupField::Description,
        Some("picture") => GroupField::Picture,
        Some("announce") => GroupField::Announce,
        Some("restrict") => GroupField::Locked,
        _ => return Err("unknown field".to_owned()),
    };
    let author = address(payload, "from").filter(|from| !around.is_own(Some(from)));
    let by = identities([author.as_ref(), address(payload, "from_lid").as_ref()]).into_iter().next();
    Ok(Inbound::GroupUpdated { chat, field, value: body(payload, "value"), by, at })
}

/// Somebody chose answers of a poll, or took the choice back.
pub fn vote(payload: &Value, at: Timestamp, around: &Around<'_>) -> Result<Inbound, String> {
    let target = id(payload, "poll_message_id").ok_or("without message")?;
    let talk = talk::enveloped(payload, around)?;
    let chosen = payload.get("options").and_then(Value::as_array).ok_or("without options")?;
    Ok(Inbound::Vote {
        target,
        chat: talk.chat,
        sender: talk.sender,
        from_us: talk.from_us,
        options: chosen.iter().filter_map(Value::as_str).filter_map(clean_name).take(MAX_OPTIONS).collect(),
        at,
    })
}

/// Somebody has another number.
pub fn contact(payload: &Value, at: Timestamp) -> Result<Inbound, String> {
    let known = |key: &str| identities([address(payload, key).as_ref()]);
    let (old, new) = (known("old_id"), known("new_id"));
    if old.is_empty() || new.is_empty() {
        return Err("about nobody".to_owned());
    }
    Ok(Inbound::IdentityChanged { old, new, at, notice: None })
}

/// Messages of one chat that nobody reported when they were written. `missed` ones want an answer; those of the
/// past (`history`) do not. Each stands for itself.
pub fn history(payload: &Value, around: &Around<'_>) -> Vec<Inbound> {
    let past = name(payload, "kind").as_deref() != Some("missed");
    let messages = elements(payload, "messages");
    if messages.is_empty() {
        return vec![Inbound::Ignored { kind: "history.batch: without messages".to_owned() }];
    }
    let read = |message: &Value| {
        let at = moment(message, "timestamp", around.received_at);
        match settled("history.batch", envelope::message(message, at, around, past)) {
            Inbound::Message(message) if !past => Inbound::Missed(message),
            event => event,
        }
    };
    messages.iter().map(read).collect()
}
