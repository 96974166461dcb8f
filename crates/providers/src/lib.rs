//! How `WhatsApp` is reached.
//!
//! [`Provider`] is what the engine calls, [`inbound`] is what it gets. No provider's JSON comes past this
//! crate: what a provider sends is turned into the domain's words here, and what it answers into typed errors
//! that say what to do.
//!
//! [`body`] is what goes out, a [`Download`] a file that came; both are read and written in pieces, so that none is ever in
//! memory as a whole.
//!
//! [`cloud`] is Meta's Cloud API, [`gateway`] is GOWA, a program that links a phone's account. All pass the
//! same conformance suite (`tests/conformance`).

pub mod body;
mod check_error;
pub mod cloud;
mod download;
pub mod gateway;
pub mod http;
pub mod inbound;
mod lenient;
pub mod provider;
mod readable;
mod repair;
pub mod signature;
mod transfer;
mod vcard;

pub use body::{Body, OutgoingFile, Refused};
pub use check_error::CheckError;
pub use download::{Download, FetchError, MediaSource};
pub use provider::{CallError, Checked, Outcome, Outgoing, Provider, SendError, Sent};
pub use readable::readable;
pub use signature::sign;
