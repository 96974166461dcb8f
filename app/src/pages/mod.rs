//! The pages.

pub(crate) mod accounts;
pub(crate) mod contacts;
pub mod inbox;
#[cfg(debug_assertions)]
pub(crate) mod kit;
pub(crate) mod labels;
pub(crate) mod members;
pub(crate) mod missing;
pub mod office;
pub mod part;
pub(crate) mod people;
mod personal;
pub(crate) mod sign_in;
