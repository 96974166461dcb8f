//! What is left when the program dies: a panic in WebAssembly stops everything, so a plain element says so
//! and offers to reload. Drafts and unsent messages are in the browser's storage and come back.

#[cfg(feature = "hydrate")]
use crate::i18n::Lang;

#[cfg(feature = "hydrate")]
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        show();
    }));
}

/// Built by hand: whatever renders pages is what just died.
#[cfg(feature = "hydrate")]
pub(crate) fn show() {
    if build().is_none()
        && let Some(window) = web_sys::window()
    {
        let _ = window.alert_with_message("Balas: please reload this page.");
    }
}

/// Title, explanation, and the button's words. Here in every language: the page's own words may be what is missing.
#[cfg(feature = "hydrate")]
const fn words(lang: Lang) -> (&'static str, &'static str, &'static str) {
    match lang {
        Lang::En => (
            "Something broke in this page",
            "Reload it to go on. Drafts and unsent messages are kept.",
            "Reload",
        ),
        Lang::Id => (
            "Ada yang rusak di halaman ini",
            "Muat ulang untuk melanjutkan. Draf dan pesan yang belum terkirim tetap tersimpan.",
            "Muat ulang",
        ),
        Lang::Pt => (
            "Algo quebrou nesta página",
            "Recarregue para continuar. Rascunhos e mensagens não enviadas ficam guardados.",
            "Recarregar",
        ),
    }
}

#[cfg(feature = "hydrate")]
fn build() -> Option<()> {
    use wasm_bindgen::{JsCast, closure::Closure};

    let document = web_sys::window()?.document()?;
    if document.get_element_by_id("balas-overlay").is_some() {
        return Some(());
    }
    let lang = document.document_element()?.get_attribute("lang").unwrap_or_default();
    let (title_text, explanation, reload_text) = words(Lang::from_code(&lang).unwrap_or_default());
    let overlay = document.create_element("div").ok()?;
    overlay.set_id("balas-overlay");
    overlay.set_attribute("role", "alertdialog").ok()?;
    overlay.set_attribute("aria-labelledby", "balas-overlay-title").ok()?;
    overlay.set_class_name("overlay");
    let card = document.create_element("div").ok()?;
    card.set_class_name("overlay-card");
    let title = document.create_element("h1").ok()?;
    title.set_id("balas-overlay-title");
    title.set_text_content(Some(title_text));
    let text = document.create_element("p").ok()?;
    text.set_text_content(Some(explanation));
    let button = document.create_element("button").ok()?;
    button.set_class_name("button primary");
    button.set_text_content(Some(reload_text));
    let reload = Closure::<dyn FnMut()>::new(|| {
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
    button.add_event_listener_with_callback("click", reload.as_ref().unchecked_ref()).ok()?;
    reload.forget();
    card.append_with_node_3(&title, &text, &button).ok()?;
    overlay.append_child(&card).ok()?;
    document.body()?.append_child(&overlay).ok()?;
    let _ = button.unchecked_into::<web_sys::HtmlElement>().focus();
    Some(())
}
