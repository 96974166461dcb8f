//! Our gateway client against the sandbox's gateways, over real sockets, in both dialects.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod detecting;
#[path = "../shared/form.rs"]
mod form;
mod hearing;
mod history;
mod linking;
mod media;
mod pictures;
mod sending;
mod shapes;
mod support;
mod trouble;
