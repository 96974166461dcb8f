//! The engine on real databases, with the sandbox at the other end of real HTTP.

mod access;
mod inbound;
mod outbound;
mod reading;
mod support;
