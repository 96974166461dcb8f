//! Messages, and what arrives in a message's clothes: reactions, edits, revocations, WhatsApp's own lines.

use balas_domain::{Address, Content, Identity, Timestamp};
use serde_json::Value;

use super::{
    content::{content, kind},
    people::{People, chat},
};
use crate::{
    inbound::{Inbound, Message, Sender},
    lenient::{body, distinct, flag, id, identity, name, string, time, user},
};

/// Longest emoji that is kept, in characters. Families with skin tones have eleven.
const MAX_EMOJI: usize = 24;

/// What is the same for all messages of one `value`.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// `contacts[]`.
    pub people: &'a People,
    /// When the delivery came.
    pub received_at: Timestamp,
}

/// What all messages have.
struct Head {
    id: String,
    at: Timestamp,
    chat: Address,
    sender: Sender,
    from_us: bool,
    quote: Option<String>,
}

/// A message by a customer, from `messages[]`.
///
/// # Errors
/// What is wrong with it.
pub fn from_customer(message: &Value, around: &Surroundings<'_>) -> Result<Inbound, String> {
    let kind = kind(message);
    if kind == "system" {
        return system(message, around);
    }
    let sender = around.people.find(message, "from", "from_user_id");
    let chat = chat(message, &sender).ok_or_else(|| format!("{kind} message without sender"))?;
    read(message, &kind, sender, chat, false, around.received_at)
}

/// A message written on the business's phone, from `message_echoes[]`.
///
/// # Errors
/// What is wrong with it.
pub fn echo(message: &Value, around: &Surroundings<'_>) -> Result<Inbound, String> {
    let kind = kind(message);
    let customer = around.people.find(message, "to", "to_user_id");
    let chat = chat(message, &customer).ok_or_else(|| format!("{kind} echo without recipient"))?;
    let customer = if chat.is_group() { Sender::default() } else { customer };
    read(message, &kind, customer, chat, true, around.received_at)
}

/// A message of before, from a thread of `history[]`. `customer` is whom the thread is with.
///
/// # Errors
/// What is wrong with it.
pub fn from_history(
    message: &Value,
    customer: &Sender,
    from_us: bool,
    received_at: Timestamp,
) -> Result<Inbound, String> {
    let kind = kind(message);
    let chat = chat(message, customer).ok_or_else(|| format!("{kind} message in a thread with nobody"))?;
    let mut event = read(message, &kind, customer.clone(), chat, from_us, received_at)?;
    if let Inbound::Message(m) = &mut event {
        m.history = true;
    }
    Ok(event)
}

fn read(
    message: &Value,
    kind: &str,
    sender: Sender,
    chat: Address,
    from_us: bool,
    received_at: Timestamp,
) -> Result<Inbound, String> {
    let id = id(message, "id").ok_or_else(|| format!("{kind} message without id"))?;
    let at = time(message, "timestamp", received_at);
    let head = Head { id, at, chat, sender, from_us, quote: quote(message) };
    let node = message.get(kind).unwrap_or(&Value::Null);
    match kind {
        "reaction" => reaction(head, node),
        "edit" => edit(head, node),
        "revoke" => revoke(head, node),
        _ => {
            let Head { id, at, chat, sender, from_us, quote } = head;
            let content = content(message);
            Ok(Inbound::Message(Message {
                provider_id: id,
                chat,
                sender,
                from_us,
                at,
                content,
                quote,
                history: false,
            }))
        }
    }
}

/// What it answers. Questions about an article quote no message, though they carry an id that looks like one.
fn quote(message: &Value) -> Option<String> {
    let context = message.get("context")?;
    if context.get("referred_product").is_some() { None } else { id(context, "id") }
}

fn reaction(head: Head, node: &Value) -> Result<Inbound, String> {
    let target = id(node, "message_id").ok_or("reaction without message")?;
    let emoji = name(node, "emoji").map(|e| e.chars().take(MAX_EMOJI).collect());
    let Head { at, chat, sender, from_us, .. } = head;
    Ok(Inbound::Reaction { target, chat, sender, from_us, emoji, at })
}

fn target(node: &Value) -> Option<String> {
    id(node, "original_message_id").or_else(|| id(node, "message_id"))
}

/// Only the author may change a message; on the business's phone that is us.
fn author(head: &Head) -> Option<Identity> {
    if head.from_us { None } else { head.sender.identities.first().cloned() }
}

fn edit(head: Head, node: &Value) -> Result<Inbound, String> {
    let target = target(node).ok_or("edit without message")?;
    let content = match content(node.get("message").unwrap_or(&Value::Null)) {
        Content::Unsupported { kind, .. } => return Err(format!("edit to {kind}")),
        content => content,
    };
    let by = author(&head);
    Ok(Inbound::Edit { target, by, chat: head.chat, from_us: head.from_us, content, at: head.at })
}

fn revoke(head: Head, node: &Value) -> Result<Inbound, String> {
    let target = target(node).ok_or("revocation without message")?;
    let by = author(&head);
    Ok(Inbound::Revoke { target, by, chat: head.chat, from_us: head.from_us, at: head.at })
}

/// A line by WhatsApp itself: a changed number, a changed user id, a changed security code.
fn system(message: &Value, around: &Surroundings<'_>) -> Result<Inbound, String> {
    let node = message.get("system").unwrap_or(&Value::Null);
    let kind = name(node, "type").unwrap_or_else(|| "system".to_owned());
    let at = time(message, "timestamp", around.received_at);
    let mut sender = around.people.find(message, "from", "from_user_id");

    let new = distinct([identity(node, "wa_id"), identity(node, "new_wa_id"), user(node, "user_id")]);
    // `customer` is how older versions name the number that is given up.
    let before = [user(node, "previous_user_id"), identity(node, "customer")];
    let known = sender.identities.iter().cloned().map(Some).chain(before);
    let old = distinct(known.filter(|i| i.as_ref().is_none_or(|i| !new.contains(i))));
    let moved = !kind.contains("identity") && !new.is_empty() && !old.is_empty();

    // The line belongs to the conversation that exists already: the one under the old name.
    if moved || sender.identities.is_empty() {
        sender.identities.clone_from(if old.is_empty() { &new } else { &old });
    }
    let chat = chat(message, &sender).ok_or_else(|| format!("system message {kind} about nobody"))?;
    let text = body(node, "body").unwrap_or_else(|| words(&kind).to_owned());
    let content = Content::System { kind, text };
    let notice = id(message, "id").map(|provider_id| Message {
        provider_id,
        chat,
        sender,
        from_us: false,
        at,
        content,
        quote: None,
        history: false,
    });
    if moved {
        Ok(Inbound::IdentityChanged { old, new, at, notice })
    } else {
        notice.map(Inbound::Message).ok_or_else(|| "system message without id".to_owned())
    }
}

fn words(kind: &str) -> &'static str {
    match kind {
        "user_changed_number" | "customer_changed_number" => "The customer changed their number.",
        "user_changed_user_id" => "The customer's WhatsApp user id changed.",
        "customer_identity_changed" => "The customer's security code changed.",
        _ => "A notice from WhatsApp.",
    }
}

/// An element of `user_id_update[]`.
///
/// # Errors
/// What is wrong with it.
pub fn user_id_update(update: &Value, received_at: Timestamp) -> Result<Inbound, String> {
    let ids = update.get("user_id").unwrap_or(&Value::Null);
    let number = identity(update, "wa_id");
    let current = user(ids, "current");
    // The number may be the new one, so it finds the contact only if nothing else does.
    let previous = user(ids, "previous").or_else(|| number.clone());
    let old = distinct([previous]);
    let new =
        distinct([current, number].into_iter().filter(|i| i.as_ref().is_some_and(|i| !old.contains(i))));
    if old.is_empty() || new.is_empty() {
        return Err("user id update without both ids".to_owned());
    }
    let at = time(update, "timestamp", received_at);
    Ok(Inbound::IdentityChanged { old, new, at, notice: None })
}

/// Whom a thread of history is with: `id`, or `context` with number, user id and user name.
pub fn partner(thread: &Value, people: &People) -> Sender {
    let context = thread.get("context").unwrap_or(&Value::Null);
    let known = if context.is_object() {
        people.find(context, "wa_id", "user_id")
    } else {
        people.find(thread, "id", "user_id")
    };
    let identities = distinct(known.identities.into_iter().map(Some).chain([identity(thread, "id")]));
    let username = known.username.or_else(|| super::people::username(context));
    Sender { identities, name: known.name.or_else(|| name(context, "name")), username }
}

/// Whether a message of history was written by the business: its `from` is the number itself.
pub fn is_ours(message: &Value, own_number: Option<&str>) -> bool {
    let from = string(message, "from").and_then(|f| Address::phone(&f).ok());
    let own = own_number.and_then(|n| Address::phone(n).ok());
    flag(message, "from_me") || (own.is_some() && from == own)
}
