//! The envelope of version 8 and newer, and of the bridge: `{event, device_id, session_id, payload}`.

use balas_domain::{Address, Content, Identity, Timestamp, socket::Presence};
use serde_json::Value;

use super::{
    Around, bridge,
    content::content,
    emoji, flat, receipt, settled,
    talk::{self, Talk},
};
use crate::{
    gateway::address::{Party, address, identities, person},
    inbound::{GroupChange, Inbound, Membership, Message, Sender},
    lenient::{body, flag, id, ids, keep, moment, name},
};

/// Reads one delivery; at least one event.
pub fn read(event: &str, payload: &Value, delivery: &Value, around: &Around<'_>) -> Vec<Inbound> {
    // Messages carry their time inside, all else beside.
    let carrier = if payload.get("timestamp").is_some() { payload } else { delivery };
    let at = moment(carrier, "timestamp", around.received_at);
    let read = match event {
        "message" => message(payload, at, around, false),
        "message.reaction" => reaction(payload, at, around),
        "message.edited" => edited(payload, at, around),
        "message.revoked" => revoked(payload, at, around),
        "message.ack" => return receipt::read(payload, at, around),
        "chat_presence" => typing(payload, around),
        "group.participants" | "group.joined" => group(payload, at, around),
        "call.offer" => call(payload, at, around),
        "connection.update" => bridge::connection(payload, at),
        "message.sent" => bridge::sent(payload, at),
        "poll.vote" => bridge::vote(payload, at, around),
        "group.updated" => bridge::group(payload, at, around),
        "contact.changed" => bridge::contact(payload, at),
        "history.batch" => return bridge::history(payload, around),
        // A fork's sign that its store is filled.
        "history_sync_complete" => Ok(Inbound::AccountNotice {
            kind: event.to_owned(),
            text: "The gateway has received the phone's history.".to_owned(),
        }),
        // Done on our phone, for our eyes only.
        "message.deleted" => Err("deleted for us only".to_owned()),
        _ => Err("of no interest".to_owned()),
    };
    vec![settled(event, read)]
}

/// Reads a message; `history` if it is from before the account was connected.
pub fn message(
    payload: &Value,
    at: Timestamp,
    around: &Around<'_>,
    history: bool,
) -> Result<Inbound, String> {
    let provider_id = id(payload, "id").ok_or("without id")?;
    let talk = talk::enveloped(payload, around)?;
    let content = content(payload, body(payload, "body"), &provider_id).unwrap_or_else(|| {
        let raw = keep(&flat::without_head(payload));
        // Only the bridge tells.
        let kind = name(payload, "kind").unwrap_or_else(|| "unknown".to_owned());
        Content::Unsupported { kind, raw }
    });
    Ok(Inbound::Message(Message {
        provider_id,
        chat: talk.chat,
        sender: talk.sender,
        from_us: talk.from_us,
        at,
        content,
        quote: id(payload, "replied_to_id"),
        history,
    }))
}

fn reaction(payload: &Value, at: Timestamp, around: &Around<'_>) -> Result<Inbound, String> {
    let target = id(payload, "reacted_message_id").ok_or("without message")?;
    let talk = talk::enveloped(payload, around)?;
    Ok(Inbound::Reaction {
        target,
        chat: talk.chat,
        sender: talk.sender,
        from_us: talk.from_us,
        emoji: emoji(payload, "reaction"),
        at,
    })
}

fn edited(payload: &Value, at: Timestamp, around: &Around<'_>) -> Result<Inbound, String> {
    let target = id(payload, "original_message_id").ok_or("without message")?;
    // Of a changed caption gateways leave out the new words; the bridge tells them.
    let text = body(payload, "body").ok_or("without text")?;
    let talk = talk::enveloped(payload, around)?;
    Ok(Inbound::Edit {
        target,
        by: talk.author(),
        chat: talk.chat,
        from_us: talk.from_us,
        content: Content::Text { text },
        at,
    })
}

fn revoked(payload: &Value, at: Timestamp, around: &Around<'_>) -> Result<Inbound, String> {
    // `revoked_chat` is named from the revoker's point of view and may be our own number: never used.
    let target = id(payload, "revoked_message_id").ok_or("without message")?;
    let talk = talk::enveloped(payload, around)?;
    let by = revoker(payload, &talk);
    Ok(Inbound::Revoke { target, by, chat: talk.chat, from_us: talk.from_us, at })
}

/// Who took a message back. `None` if a group's administrator took back another's, which `WhatsApp` has
/// checked: the author is not the one who did it.
pub fn revoker(value: &Value, talk: &Talk) -> Option<Identity> {
    let own = value.get("revoked_from_me").is_none_or(|_| flag(value, "revoked_from_me"));
    if talk.chat.is_group() && !own { None } else { talk.author() }
}

fn typing(payload: &Value, around: &Around<'_>) -> Result<Inbound, String> {
    let talk = talk::enveloped(payload, around)?;
    if talk.from_us {
        return Err("our own".to_owned());
    }
    let presence = match name(payload, "state").as_deref() {
        Some("composing") if name(payload, "media").as_deref() == Some("audio") => Presence::Recording,
        Some("composing") => Presence::Typing,
        Some("paused") => Presence::Paused,
        _ => return Err("unknown state".to_owned()),
    };
    Ok(Inbound::Typing { chat: talk.chat, sender: talk.sender, presence })
}

fn group(payload: &Value, at: Timestamp, around: &Around<'_>) -> Result<Inbound, String> {
    let chat = address(payload, "chat_id").filter(Address::is_group).ok_or("without group")?;
    let what = match name(payload, "type").as_deref() {
        Some("join") => Membership::Joined,
        Some("leave") => Membership::Left,
        Some("promote") => Membership::Promoted,
        Some("demote") => Membership::Demoted,
        _ => return Err("unknown change".to_owned()),
    };
    let mut us = false;
    let mut people = Vec::new();
    for jid in ids(payload, "jids") {
        let Party::Someone(who) = Party::jid(&jid) else { continue };
        if around.is_own(Some(&who)) {
            us = true;
        } else if let Some(identity) = who.identity() {
            people.push(Sender { identities: vec![identity], ..Sender::default() });
        }
    }
    if people.is_empty() && !us {
        return Err("about nobody".to_owned());
    }
    let name = name(payload, "group_name");
    Ok(Inbound::Group(GroupChange { chat, what, people, us, name, at }))
}

/// A call, shown as a line in the conversation.
fn call(payload: &Value, at: Timestamp, around: &Around<'_>) -> Result<Inbound, String> {
    let call_id = id(payload, "call_id").ok_or("without id")?;
    let author = Party::read(payload, "from").someone()?;
    let lid = address(payload, "from_lid");
    if around.is_own(author.as_ref()) {
        return Err("our own".to_owned());
    }
    let sender =
        person(payload, &["sender_display_name", "from_name"], identities([author.as_ref(), lid.as_ref()]));
    let group = address(payload, "group_jid").filter(Address::is_group);
    let chat =
        group.or_else(|| sender.identities.first().map(crate::lenient::address)).ok_or("from nobody")?;
    let text = if flag(payload, "auto_rejected") {
        "A call through WhatsApp, which the gateway declined by itself."
    } else {
        "A call through WhatsApp. It can be answered on the phone only."
    };
    Ok(Inbound::Message(Message {
        provider_id: format!("call:{call_id}"),
        chat,
        sender,
        from_us: false,
        at,
        content: Content::System { kind: "call".to_owned(), text: text.to_owned() },
        quote: None,
        history: false,
    }))
}
