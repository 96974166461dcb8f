//! What the page knows. The logic is pure and natively tested; signals and browser bits are a thin layer on
//! top.

pub(crate) mod app;
pub(crate) mod backoff;
pub(crate) mod drafts;
pub(crate) mod frames;
pub(crate) mod inbox;
pub(crate) mod jumping;
pub(crate) mod layout;
pub(crate) mod live;
pub(crate) mod loading;
pub(crate) mod model;
pub(crate) mod news;
pub(crate) mod outbox;
pub(crate) mod prefs;
pub(crate) mod sending;
pub(crate) mod toast;
pub(crate) mod typing;
pub(crate) mod uploads;
pub(crate) mod work;

pub(crate) use app::{App, sign_in_again, use_app};
