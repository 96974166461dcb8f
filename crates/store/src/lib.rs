//! What Balas remembers: SQLite and PostgreSQL behind one set of functions.
//!
//! A module is one table or one concept. Functions take the workspace first and bind it first. What screens
//! see is changed only through [`Write`], whose `commit` appends an event for everything that was touched:
//! there is no change without its event. Journal, jobs, sessions and the like are nobody's screen and go
//! through a plain [`Tx`].

#[macro_use]
mod sql;
mod codec;
mod cursor;
mod db;
mod dialect;
mod error;
#[cfg(feature = "testing")]
mod plans;
mod postgres;
mod sqlite;
mod write;

pub mod accounts;
pub mod contacts;
pub mod conversations;
pub mod events;
pub mod jobs;
pub mod journal;
pub mod keys;
pub mod members;
pub mod messages;
pub mod pending;
pub mod security;
pub mod sessions;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokens;
pub mod workspaces;

pub use db::{Store, Tx};
pub use error::{Result, StoreError};
pub use write::{Committed, Write};
