//! Load generator and measurements.
//!
//! The lower half plays the outside world against a real `balas`: [`http`] and [`socket`] are clients with as
//! little of their own as possible, [`meta`] signs webhooks, [`server`] runs the binary as a child process,
//! [`rng`] makes every run the same. The suites of the server use them too. The upper half measures:
//! [`main_job`], [`accounts`], [`sync`], [`media`] and what they need.
//!
//! Everything stays on 127.0.0.1, ends by itself, and ends only what it started.

pub mod accounts;
pub mod args;
pub mod browser;
pub mod database;
pub mod error;
pub mod http;
mod local;
pub mod main_job;
pub mod media;
pub mod meta;
mod report;
pub mod rng;
pub mod row;
pub mod seed;
pub mod server;
pub mod socket;
pub mod stats;
pub mod surroundings;
pub mod sync;

pub use error::{Error, Result};
