//! The sandbox over real sockets: Graph API, webhooks, faults, control API.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod control;
mod faults;
mod gateways;
mod graph;
mod support;
mod webhooks;
