//! What the gateway delivers to the webhook, turned into [`crate::inbound`] events.
//!
//! Each delivery is read by what it looks like, not by the version that the account was set up for: without
//! `event` it is a flat message of version 7, with `event` and `payload` an envelope. Version 7 uses the
//! envelope too, for receipts and groups, so those are read field by field.

mod bridge;
mod content;
mod envelope;
mod flat;
mod receipt;
mod talk;

use balas_domain::{Address, Timestamp, text::clean_name};
use serde_json::Value;

pub(super) use self::{bridge::state as connection_state, content::is_voice_file};
use super::address::address;
use crate::{
    inbound::Inbound,
    lenient::{id, name},
    repair,
};

/// Longest emoji that is kept, in characters. Families with skin tones have eleven.
const MAX_EMOJI: usize = 24;

/// The body as a whole is nothing that a gateway sends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but no object.
    #[error("the body is not a gateway's delivery")]
    OtherObject,
}

/// Whose delivery it is, as far as it says (version 8 or newer).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Name of the device slot; `None` before version 8.8 and for slots without a name.
    pub session: Option<String>,
    /// The linked number.
    pub own: Option<Address>,
}

/// What is known while a delivery is read.
struct Around<'a> {
    /// Our own addresses.
    own: Vec<&'a Address>,
    received_at: Timestamp,
}

impl Around<'_> {
    fn is_own(&self, address: Option<&Address>) -> bool {
        address.is_some_and(|a| self.own.contains(&a))
    }
}

/// Whose delivery it is: for gateways that deliver those of all their slots to one address. Trust it only
/// after the signature was verified.
///
/// # Errors
/// As [`parse`].
pub fn origin(body: &[u8]) -> Result<Origin, ParseError> {
    let delivery = object(body)?;
    Ok(Origin { session: id(&delivery, "session_id"), own: address(&delivery, "device_id") })
}

/// Reads one delivery. `own` is the account's number: version 7 does not say which messages were written on
/// our phone, and receipts of no version do.
///
/// Times that lie after `received_at` become `received_at`. What is unknown, of no interest or damaged becomes
/// [`Inbound::Ignored`] with the reason.
///
/// # Errors
/// Only if the body as a whole is no JSON object.
pub fn parse(body: &[u8], own: Option<&Address>, received_at: Timestamp) -> Result<Vec<Inbound>, ParseError> {
    let delivery = object(body)?;
    let named = address(&delivery, "device_id");
    let own = [own, named.as_ref()].into_iter().flatten().collect();
    let around = Around { own, received_at };
    Ok(match name(&delivery, "event") {
        None => vec![settled("message", flat::read(&delivery, &around))],
        Some(event) => match delivery.get("payload").filter(|p| p.is_object()) {
            Some(payload) => envelope::read(&event, payload, &delivery, &around),
            None => vec![Inbound::Ignored { kind: format!("{event}: no payload") }],
        },
    })
}

fn object(body: &[u8]) -> Result<Value, ParseError> {
    let json = repair::json(body).map_err(|e| ParseError::NotJson(e.to_string()))?;
    if json.is_object() { Ok(json) } else { Err(ParseError::OtherObject) }
}

/// What could not be read becomes ignored, with the reason.
fn settled(kind: &str, event: Result<Inbound, String>) -> Inbound {
    event.unwrap_or_else(|reason| Inbound::Ignored { kind: format!("{kind}: {reason}") })
}

/// An emoji; `None` if there is none, which takes a reaction away.
fn emoji(value: &Value, key: &str) -> Option<String> {
    let emoji: String = name(value, key)?.chars().take(MAX_EMOJI).collect();
    clean_name(&emoji)
}
