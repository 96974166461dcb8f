//! The kit: small pieces that every page is made of. `/kit` shows each in every state.

pub(crate) mod avatar;
pub(crate) mod badge;
pub(crate) mod copy;
pub(crate) mod dialog;
pub(crate) mod each;
pub(crate) mod empty;
pub(crate) mod field;
pub(crate) mod icon;
pub(crate) mod menu;
pub(crate) mod more;
pub(crate) mod preview;
pub(crate) mod rich_text;
pub(crate) mod skeleton;
pub(crate) mod ticks;
pub(crate) mod time;
pub(crate) mod toasts;
pub(crate) mod typed_name;
