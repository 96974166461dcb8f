//! The engine on real databases, with the sandbox at the other end of real HTTP.

mod access;
mod gateway;
mod inbound;
mod lifecycle;
mod outbound;
mod reading;
mod support;
