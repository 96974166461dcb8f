//! The browser's entry: takes over the page that the server rendered.
//!
//! The program comes in parts (`balas_app::pages::part`), which are cut off after compiling (`xtask`'s page). What
//! everybody needs is in the first; opened conversations and the office are loaded when someone goes there.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen::prelude::wasm_bindgen;

mod parts;

/// Takes over the page. The page's own script (`public/boot.js`) calls it once the program is loaded; nothing
/// starts by itself, so that the server decides where the program comes from and when it runs.
#[wasm_bindgen]
pub async fn hydrate() {
    balas_app::browser::start(parts::all()).await;
}
