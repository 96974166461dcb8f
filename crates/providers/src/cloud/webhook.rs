//! What Meta delivers to the webhook, turned into [`crate::inbound`] events.
//!
//! One delivery may hold several entries (business accounts), changes, messages and statuses, of several
//! numbers. Each element is read on its own: a damaged one becomes [`Inbound::Ignored`] with the reason and
//! never costs its neighbours.

mod content;
mod message;
mod notice;
mod people;
mod status;

use balas_domain::{Timestamp, text::clean_name};
use serde_json::Value;

use self::{message::Surroundings, people::People};
use crate::inbound::{Batch, Inbound, Sender};
use crate::lenient::{distinct, elements, id, identity, int, name, string, user};

/// Meta's code for a past that whoever connected the number did not share.
const DECLINED: i64 = 2_593_109;

/// The body as a whole is nothing that Meta sends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but of something else.
    #[error("the body is not about a WhatsApp business account")]
    OtherObject,
}

/// Reads one delivery: one batch per number, in the order in which the numbers first appear.
///
/// Times that lie after `received_at` become `received_at`.
///
/// # Errors
/// Only if the body as a whole is no JSON, or not about a `WhatsApp` business account.
pub fn parse(body: &[u8], received_at: Timestamp) -> Result<Vec<Batch>, ParseError> {
    let body = crate::repair::json(body).map_err(|e| ParseError::NotJson(e.to_string()))?;
    if body.get("object").and_then(Value::as_str) != Some("whatsapp_business_account") {
        return Err(ParseError::OtherObject);
    }
    let mut batches: Vec<Batch> = Vec::new();
    for entry in elements(&body, "entry") {
        for change in elements(entry, "changes") {
            let field = name(change, "field").unwrap_or_else(|| "messages".to_owned());
            let value = change.get("value").unwrap_or(&Value::Null);
            let external_id = number(value);
            let events = read_change(&field, value, received_at);
            match batches.iter_mut().find(|b| b.external_id == external_id) {
                Some(batch) => batch.events.extend(events),
                None => batches.push(Batch { external_id, events }),
            }
        }
    }
    Ok(batches)
}

/// The phone number id that a change is about; empty if it does not say.
fn number(value: &Value) -> String {
    let metadata = value.get("metadata").unwrap_or(&Value::Null);
    id(metadata, "phone_number_id").or_else(|| id(value, "phone_number_id")).unwrap_or_default()
}

/// Everything in one change; at least one event.
fn read_change(field: &str, value: &Value, received_at: Timestamp) -> Vec<Inbound> {
    let mut events = Events { field, list: Vec::new() };
    match field {
        "messages" => messages(value, received_at, &mut events),
        "smb_message_echoes" => echoes(value, received_at, &mut events),
        "history" => history(value, received_at, &mut events),
        "smb_app_state_sync" => address_book(value, &mut events),
        "user_id_update" => {
            for update in elements(value, "user_id_update") {
                events.push(message::user_id_update(update, received_at));
            }
        }
        _ => events.list.extend(notice::read(field, value)),
    }
    if events.list.is_empty() {
        events.list.push(Inbound::Ignored { kind: field.to_owned() });
    }
    events.list
}

/// The events of one change.
struct Events<'a> {
    field: &'a str,
    list: Vec<Inbound>,
}

impl Events<'_> {
    fn push(&mut self, event: Result<Inbound, String>) {
        let field = self.field;
        self.list
            .push(event.unwrap_or_else(|reason| Inbound::Ignored { kind: format!("{field}: {reason}") }));
    }
}

fn messages(value: &Value, received_at: Timestamp, events: &mut Events<'_>) {
    let people = People::read(value);
    let around = Surroundings { people: &people, received_at };
    for message in elements(value, "messages") {
        events.push(message::from_customer(message, &around));
    }
    for status in elements(value, "statuses") {
        events.push(status::read(status, received_at));
    }
    for error in elements(value, "errors") {
        events.list.push(notice::error("errors", error));
    }
    for action in elements(value, "user_actions") {
        let kind = name(action, "action_type").unwrap_or_default();
        events.list.push(Inbound::Ignored { kind: format!("user action {kind}") });
    }
}

fn echoes(value: &Value, received_at: Timestamp, events: &mut Events<'_>) {
    let people = People::read(value);
    let around = Surroundings { people: &people, received_at };
    for message in elements(value, "message_echoes") {
        events.push(message::echo(message, &around));
    }
}

fn history(value: &Value, received_at: Timestamp, events: &mut Events<'_>) {
    let people = People::read(value);
    let own = value.get("metadata").and_then(|m| string(m, "display_phone_number"));
    let one = |message: &Value, partner: Option<&Sender>, events: &mut Events<'_>| {
        let ours = message::is_ours(message, own.as_deref());
        let (phone, user) = if ours { ("to", "to_user_id") } else { ("from", "from_user_id") };
        let named = partner.filter(|p| !p.identities.is_empty()).cloned();
        let customer = named.unwrap_or_else(|| people.find(message, phone, user));
        events.push(message::from_history(message, &customer, ours, received_at));
        if ours {
            events.list.extend(status::of_history(message, received_at));
        }
    };
    for chunk in elements(value, "history") {
        for error in elements(chunk, "errors") {
            events.list.push(match int(error, "code") {
                Some(DECLINED) => Inbound::HistoryDeclined,
                _ => notice::error("history", error),
            });
        }
        for thread in elements(chunk, "threads") {
            let customer = message::partner(thread, &people);
            for message in elements(thread, "messages") {
                one(message, Some(&customer), events);
            }
        }
        if let Some(progress) = chunk.get("metadata").and_then(|m| int(m, "progress")) {
            let percent = u32::try_from(progress.clamp(0, 100)).unwrap_or_default();
            events.list.push(Inbound::HistoryProgress { percent });
        }
    }
    // Ids of files follow in deliveries of their own, without threads.
    for message in elements(value, "messages") {
        one(message, None, events);
    }
}

/// The phone's address book: names only.
fn address_book(value: &Value, events: &mut Events<'_>) {
    let mut people = Vec::new();
    for change in elements(value, "state_sync") {
        let contact = change.get("contact").unwrap_or(&Value::Null);
        let identities = distinct([identity(contact, "phone_number"), user(contact, "user_id")]);
        let removed = name(change, "action").is_some_and(|a| a.eq_ignore_ascii_case("remove"));
        if removed || identities.is_empty() {
            let reason = if removed { "contact removed" } else { "contact without number" };
            events.list.push(Inbound::Ignored { kind: format!("{}: {reason}", events.field) });
            continue;
        }
        let full = name(contact, "full_name").or_else(|| name(contact, "first_name"));
        let username = people::username(contact);
        people.push(Sender { identities, name: full.as_deref().and_then(clean_name), username });
    }
    if !people.is_empty() {
        events.list.push(Inbound::Contacts { people });
    }
}
