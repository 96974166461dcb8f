//! The pages.

pub(crate) mod accounts;
pub(crate) mod contacts;
pub(crate) mod inbox;
#[cfg(debug_assertions)]
pub(crate) mod kit;
pub(crate) mod members;
pub(crate) mod missing;
pub(crate) mod sign_in;
