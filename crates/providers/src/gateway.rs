//! GOWA, "Go WhatsApp Web Multidevice": a program that links a phone's account and offers it over REST.
//!
//! Two dialects exist: up to version 7 (one number per gateway, flat webhooks) and from version 8 (device
//! slots, webhooks in an envelope). [`detect`] tells them apart when an account is set up; [`parse`] tells
//! them apart for each delivery, because gateways get updated.
//!
//! The bridge (`bridge/` in this repository) speaks as version 8 and newer do, and reports more.
//!
//! Source: the project's OpenAPI documents of versions 7.7.0 and 9.2.0 and its Go code. What it does not say
//! itself: it has no idempotency key, sends no webhook when a phone is linked or lost (so [`Gateway::status`]
//! is asked), and does not report messages that were sent through its API.

mod address;
mod check;
mod client;
mod errors;
mod fetch;
mod link;
mod media;
mod order;
mod picture;
mod read;
mod settings;
mod transport;
mod webhook;

pub use crate::signature::{SignatureError, verify_signature};
pub use check::{Detected, detect, same_number};
pub use client::{Gateway, LIMITS};
pub use link::{BrowserStatus, Device, DeviceState, LinkStatus, QrLogin};
pub use media::MediaRef;
pub use read::{Chat, ChatPage, GroupInfo, GroupMember, HistoryQuery, MessagePage, UserInfo};
pub use settings::{
    DEFAULT_WEBHOOK_SECRET, Dialect, MIN_WEBHOOK_SECRET, Secrets, Settings, SettingsProblem, validate,
};
pub use webhook::{Origin, ParseError, origin, parse};
