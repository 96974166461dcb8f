//! The sandbox over real sockets: Graph API, webhooks, faults, control API.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod control;
mod faults;
#[path = "../shared/form.rs"]
mod form;
mod gateways;
mod graph;
mod media;
mod support;
mod webhooks;
