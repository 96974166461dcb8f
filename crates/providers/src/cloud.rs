//! Meta's `WhatsApp` Cloud API.
//!
//! The wire format follows Meta's public documentation and its OpenAPI document (v23.0); both are followed
//! leniently: anything may be missing, of another type or unknown.

mod answer;
mod callback;
mod challenge;
mod check;
mod client;
mod errors;
mod fetch;
mod request;
mod settings;
mod transport;
mod upload;
mod webhook;

pub use crate::signature::{SignatureError, verify_signature};
pub use challenge::{ChallengeError, verify_challenge};
pub use client::Cloud;
pub use settings::{DEFAULT_BASE_URL, DEFAULT_VERSION, Secrets, Settings};
pub use webhook::{ParseError, parse};
