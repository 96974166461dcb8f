//! The `balas` server as a library, so that tests run it in process: configuration, routes, sockets,
//! commands.
//!
//! Nothing here decides what may happen: requests become calls of [`balas_engine::Engine`], and its answers
//! become HTTP. See `docs/API.md` for what programs can rely on and `docs/CONFIGURATION.md` for what can be
//! set.

pub mod api;
pub mod auth;
pub mod cli;
pub mod client;
pub mod command;
pub mod config;
pub mod data_dir;
pub mod demo;
pub mod extract;
pub mod headers;
pub mod health;
pub mod limits;
pub mod logs;
pub mod master_key;
pub mod metrics;
pub mod open;
pub mod origin;
pub mod problem;
pub mod requests;
pub mod router;
pub mod secret;
pub mod serve;
pub mod site;
pub mod state;
pub mod webhooks;
pub mod ws;
