//! Accounts: setting them up, and looking after them while they run.
//!
//! - `registry`: all that exist, with opened secrets,
//! - `cloud`, `gateway`, `bridge`: setting one up, per kind (and what browsers say),
//! - `lifecycle`: what people do to any of them,
//! - `supervisor`: one task per running account, which `attend` (Cloud API) or `linked` (a linked phone) fills,
//! - `linking`: the QR or pairing code that is shown,
//! - `recovery`: what was missed is fetched,
//! - `settings`: what a team sets.

mod attend;
mod bridge;
mod cloud;
mod devices;
mod gateway;
mod lifecycle;
mod linked;
mod linking;
mod recovery;
mod registry;
mod rhythm;
mod settings;
mod supervisor;

pub use cloud::CloudChange;
pub use gateway::GatewayChange;
pub use linking::{PairingCode, QrCode};
pub use rhythm::Rhythm;

#[cfg(test)]
pub(crate) use registry::{CloudLink, Link};
pub(crate) use registry::{GatewayLink, Registry, Runtime};
pub(crate) use rhythm::jittered;
pub(crate) use supervisor::Supervisor;
