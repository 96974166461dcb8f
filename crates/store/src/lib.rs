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
mod mentions;
#[cfg(feature = "testing")]
mod plans;
mod postgres;
mod sqlite;
mod words;
mod write;

pub mod accounts;
pub mod alerts;
pub mod contacts;
pub mod conversations;
pub mod events;
pub mod files;
pub mod groups;
pub mod jobs;
pub mod journal;
pub mod keys;
pub mod labels;
pub mod members;
pub mod messages;
pub mod pending;
pub mod people;
pub mod pictures;
pub mod search;
pub mod security;
pub mod sessions;
pub mod sync;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokens;
pub mod work;
pub mod workspaces;

pub use db::{Store, Tx};
pub use error::{Result, StoreError};
pub use write::{Committed, Write};
