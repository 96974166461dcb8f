//! Receipts: how far our messages came, and what we ourselves read on the phone.

use balas_domain::{
    Address, MessageStatus, Timestamp,
    view::{Failure, FailureClass},
};
use serde_json::Value;

use super::Around;
use crate::{
    gateway::address::{Party, address, author_and_place, identities},
    inbound::{Inbound, Status},
    lenient::{ids, name, string},
};

/// Reads one receipt of either dialect, for as many messages as it names; at least one event.
pub fn read(payload: &Value, at: Timestamp, around: &Around<'_>) -> Vec<Inbound> {
    let ignored = |reason: &str| vec![Inbound::Ignored { kind: format!("message.ack: {reason}") }];
    let targets = ids(payload, "ids");
    if targets.is_empty() {
        return ignored("without messages");
    }
    // `X in Y` with version 7, `X` later.
    let (author, place) = author_and_place(&string(payload, "from").unwrap_or_default());
    let chat = match Party::read(payload, "chat_id") {
        Party::Nobody => place.unwrap_or_else(|| author.clone()),
        known => known,
    };
    let (Ok(author), Ok(chat)) = (author.someone(), chat.someone()) else {
        return ignored("of a broadcast");
    };
    let lid = address(payload, "from_lid");
    let author = author.or_else(|| address(payload, "sender_id"));
    let kind = name(payload, "receipt_type").unwrap_or_default();

    if kind == "read-self" || around.is_own(author.as_ref()) || around.is_own(lid.as_ref()) {
        // Our own devices also report what reached them.
        let read = matches!(kind.as_str(), "read" | "read-self" | "played" | "played-self");
        return match chat.filter(|chat| read && !around.is_own(Some(chat))) {
            Some(chat) => vec![Inbound::ReadByUs { chat, targets, at }],
            None => ignored("our own"),
        };
    }
    let status = match kind.as_str() {
        // Only the bridge reports these two.
        "sent" => MessageStatus::Sent,
        "failed" => MessageStatus::Failed,
        "delivered" => MessageStatus::Delivered,
        "read" => MessageStatus::Read,
        "played" => MessageStatus::Played,
        _ => return ignored("of another kind"),
    };
    let direct = chat.as_ref().filter(|chat| !chat.is_group());
    let who = identities([author.as_ref(), lid.as_ref(), direct.filter(|c| matches!(c, Address::Lid(_)))]);
    let report = |provider_id| {
        Inbound::Status(Status {
            provider_id,
            callback: None,
            status,
            at,
            failure: (status == MessageStatus::Failed).then(refused),
            identities: who.clone(),
        })
    };
    targets.into_iter().map(report).collect()
}

/// WhatsApp does not say why.
fn refused() -> Failure {
    Failure {
        class: FailureClass::Unknown,
        code: None,
        text: "WhatsApp did not take the message. Look at the chat on the phone before sending it again."
            .to_owned(),
    }
}
