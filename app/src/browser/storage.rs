//! What the browser remembers: `localStorage` and script-readable cookies. Where storage is forbidden
//! (private windows, blocked cookies) nothing is remembered and nothing breaks.

use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::JsCast;

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// A remembered text.
pub(crate) fn text(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Remembers a text; an empty one is forgotten.
pub(crate) fn set_text(key: &str, value: &str) {
    if let Some(storage) = storage() {
        // A full storage loses a draft, not the page.
        let _ = if value.is_empty() { storage.remove_item(key) } else { storage.set_item(key, value) };
    }
}

/// A remembered value; `None` also for what an older version wrote differently.
pub(crate) fn value<T: DeserializeOwned>(key: &str) -> Option<T> {
    serde_json::from_slice(text(key)?.as_bytes()).ok()
}

/// Remembers a value.
pub(crate) fn set_value<T: Serialize>(key: &str, value: &T) {
    if let Ok(json) = serde_json::to_string(value) {
        set_text(key, &json);
    }
}

/// Forgets a value.
pub(crate) fn remove(key: &str) {
    set_text(key, "");
}

/// All keys that start like this.
pub(crate) fn keys(prefix: &str) -> Vec<String> {
    let Some(storage) = storage() else { return Vec::new() };
    let length = storage.length().unwrap_or(0);
    (0..length).filter_map(|i| storage.key(i).ok()?).filter(|key| key.starts_with(prefix)).collect()
}

/// Writes a preference that the server reads with the next page.
pub(crate) fn set_cookie(name: &str, value: &str) {
    let document = super::dom::document();
    if let Ok(document) = document.dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax"));
        // Chromium writes it in its own time; only reading waits for that, and a page asked for before would
        // still come in the old language.
        let _ = document.cookie();
    }
}
