//! Where one is in a long list.
//!
//! The thread's box is a reversed column: its scroll position counts from the newest message, upwards
//! negative. So the page already stands at the newest message before any program runs, and older messages put
//! on top move nothing.

use std::time::Duration;

use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::dom;

/// Nearer than this to the newest message counts as "there", in pixels.
const NEAR: i32 = 64;
/// How long an element is marked.
const FLASH: Duration = Duration::from_secs(2);

/// Whether the newest message is in view.
pub(crate) fn at_newest(scroller: &HtmlElement) -> bool {
    scroller.scroll_top() > -NEAR
}

/// Goes to the newest message.
pub(crate) fn to_newest(scroller: &HtmlElement) {
    scroller.set_scroll_top(0);
}

/// Brings an element into view without moving more than needed.
pub(crate) fn reveal(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Brings an element into view, marks it for a moment, and gives it the focus if wanted.
pub(crate) fn point_out(element: HtmlElement, focus: bool) {
    // Nothing moves if one sees it already, as after a load: the browser has followed the address.
    if !is_in_view(&element) {
        center(&element);
    }
    if focus {
        let _ = element.set_attribute("tabindex", "-1");
        dom::focus_in_place(&element);
    }
    let _ = element.set_attribute("data-flash", "");
    leptos::prelude::set_timeout(
        move || {
            let _ = element.remove_attribute("data-flash");
        },
        FLASH,
    );
}

/// Whether an element is seen as a whole, or fills what is seen.
fn is_in_view(element: &Element) -> bool {
    let Ok(Some(scroller)) = element.closest(".thread-scroll") else { return false };
    let (seen, own) = (scroller.get_bounding_client_rect(), element.get_bounding_client_rect());
    let whole = own.top() >= seen.top() && own.bottom() <= seen.bottom();
    whole || own.top() <= seen.top() && own.bottom() >= seen.bottom()
}

/// Brings an element into the middle.
fn center(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Center);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}
