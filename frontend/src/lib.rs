//! The browser's entry: takes over the page that the server rendered.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page. The page's own script (`public/boot.js`) calls it once the program is loaded; nothing
/// starts by itself, so that the server decides where the program comes from and when it runs.
#[wasm_bindgen]
pub fn hydrate() {
    balas_app::browser::start();
}
