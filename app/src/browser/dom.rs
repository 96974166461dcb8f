//! The document: focus, title, dialogs, addresses.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement, Window};

/// The window. Only ever called where there is one.
#[expect(clippy::expect_used, reason = "handlers and effects run in a page, and a page has a window")]
pub(crate) fn window() -> Window {
    web_sys::window().expect("a page has a window")
}

/// The document.
#[expect(clippy::expect_used, reason = "handlers and effects run in a page, and a page has a document")]
pub(crate) fn document() -> Document {
    window().document().expect("a window has a document")
}

/// The element with that id.
pub(crate) fn by_id(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// What stands in a field of several lines; `None` if it is not there.
pub(crate) fn value(id: &str) -> Option<String> {
    use wasm_bindgen::JsCast;
    by_id(id)?.dyn_into::<web_sys::HtmlTextAreaElement>().ok().map(|area| area.value())
}

/// Puts the focus there, without scrolling the page.
pub(crate) fn focus(id: &str) {
    if let Some(element) = by_id(id) {
        let _ = element.focus();
    }
}

/// Moves elements about; whoever had the focus has it afterwards, also when what has it was moved.
pub(crate) fn keeping_focus(moves: impl FnOnce()) {
    let focused = document().active_element();
    moves();
    let Some(focused) = focused.filter(|element| element.is_connected()) else { return };
    if document().active_element().as_ref() != Some(&focused)
        && let Some(element) = focused.dyn_ref::<HtmlElement>()
    {
        focus_in_place(element);
    }
}

/// Gives an element the focus, and nothing scrolls.
pub(super) fn focus_in_place(element: &HtmlElement) {
    let options = web_sys::FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = element.focus_with_options(&options);
}

/// Whether the person is typing somewhere: shortcuts of single letters then mean the letter.
pub(crate) fn is_typing() -> bool {
    document().active_element().is_some_and(|element| is_field(&element))
}

fn is_field(element: &Element) -> bool {
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
        || element.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable)
}

/// Whether any dialog or menu is open: shortcuts then belong to it.
pub(crate) fn is_dialog_open() -> bool {
    let open = |which: &str| document().query_selector(which).is_ok_and(|found| found.is_some());
    open("dialog[open]") || open(":popover-open")
}

/// Whether the page is seen and has the focus: only then is something "read".
pub(crate) fn is_attended() -> bool {
    let document = document();
    document.visibility_state() == web_sys::VisibilityState::Visible && document.has_focus().unwrap_or(false)
}

/// Path and query of the page.
pub(crate) fn path() -> String {
    let location = window().location();
    format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default())
}

/// `https://balas.example:8443`
pub(crate) fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Address of our socket.
pub(crate) fn socket_url() -> String {
    let origin = origin();
    // `https` becomes `wss` and `http` becomes `ws`.
    origin.replacen("http", "ws", 1) + "/ws"
}

/// Loads the page anew.
pub(crate) fn reload() {
    let _ = window().location().reload();
}

/// Leaves for another address, with a full load.
pub(crate) fn leave_for(address: &str) {
    let _ = window().location().set_href(address);
}

/// Puts a text into the clipboard; tells whether the browser lets us.
pub(crate) async fn copy(text: &str) -> bool {
    // Outside of https and localhost browsers hide the clipboard.
    let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into());
    if clipboard.map_or(true, |clipboard| clipboard.is_undefined()) {
        return false;
    }
    wasm_bindgen_futures::JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}

/// Marks the choice of colours on the document; none for the system's.
pub(crate) fn set_theme(theme: crate::i18n::Theme) {
    if let Some(root) = document().document_element() {
        let _ = match theme {
            crate::i18n::Theme::System => root.remove_attribute("data-theme"),
            chosen => root.set_attribute("data-theme", chosen.code()),
        };
    }
}

/// Whether what is shown right now is dark.
pub(crate) fn is_dark() -> bool {
    let root = document().document_element();
    match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some("dark") => true,
        Some(_) => false,
        None => matches_media("(prefers-color-scheme: dark)"),
    }
}

/// Whether the pointer is a finger: Enter on its keyboard means a new line.
pub(crate) fn is_touch() -> bool {
    matches_media("(pointer: coarse)")
}

/// Whether the screen has room for the details beside the thread.
pub(crate) fn is_wide() -> bool {
    matches_media("(min-width: 1180px)")
}

fn matches_media(query: &str) -> bool {
    window().match_media(query).is_ok_and(|query| query.is_some_and(|query| query.matches()))
}
