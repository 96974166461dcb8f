//! How `WhatsApp` is reached.
//!
//! [`Provider`] is what the engine calls, [`inbound`] is what it gets. No provider's JSON comes past this
//! crate: what a provider sends is turned into the domain's words here, and what it answers into typed errors
//! that say what to do.
//!
//! [`cloud`] is Meta's Cloud API, [`gateway`] is GOWA, a program that links a phone's account. All pass the
//! same conformance suite (`tests/conformance`).

mod check_error;
pub mod cloud;
pub mod gateway;
pub mod http;
pub mod inbound;
mod lenient;
pub mod provider;
mod repair;
pub mod signature;
mod vcard;

pub use check_error::CheckError;
pub use provider::{Body, CallError, Checked, Outcome, Outgoing, Provider, SendError, Sent};
pub use signature::sign;
