//! What people see: pages, the state behind them, and the thin functions by which they ask the server.
//!
//! The crate is compiled twice. With the feature `ssr` it renders pages on the server; with `hydrate` it
//! takes them over in the browser. Both sides run the same components on the same data ([`boot::Boot`]),
//! which travels once, as a JSON data block in the page, so that nothing changes visibly when the browser
//! takes over. There is no inline script, hence the strict content security policy in
//! [`shell::CONTENT_SECURITY_POLICY`].
//!
//! # What the server has to do
//!
//! Everything it needs is in [`server`] (feature `ssr`); it never has to name a Leptos type:
//!
//! - `GET` of any path that nothing else serves, `POST /sign-in` and `POST /sign-out` → [`server::page`]. It redirects
//!   to the sign-in where nobody is signed in, renders, answers 404 for unknown pages, and sets the session cookie
//!   ([`cookie::SESSION`]) and the content security policy.
//! - `POST /api/ui/{function}` → [`server::call`].
//! - Both take a [`server::Visitor`]: the `Option<Actor>` that the authentication layer found by the cookie
//!   [`cookie::SESSION`], and where the request came from. The layer also checks `Origin` on every `POST`.
//! - [`shell::Assets`] are the addresses in the site's `manifest.json`; files of the site itself (`/pkg/…`, `/boot.js`,
//!   `/favicon.svg`) are served by the server before it falls back to [`server::page`].
//! - `/ws` speaks [`balas_domain::socket`].

// Views are deeply nested types.
#![recursion_limit = "512"]

pub(crate) mod api;
pub mod boot;
pub mod browser;
pub mod cookie;
pub mod i18n;
pub mod pages;
pub mod root;
pub mod route;
pub mod state;
pub mod ui;
pub mod when;

#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod shell;

pub use root::{Root, RootProps};
