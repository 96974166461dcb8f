//! Where one is in a long list.
//!
//! The thread's box is a reversed column: its scroll position counts from the newest message, upwards
//! negative. So the page already stands at the newest message before any program runs, and older messages put
//! on top move nothing.

use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

/// Nearer than this to the newest message counts as "there", in pixels.
const NEAR: i32 = 64;

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

/// Brings an element into the middle and marks it for a moment.
pub(crate) fn point_out(element: HtmlElement) {
    center(&element);
    let _ = element.set_attribute("data-flash", "");
    leptos::prelude::set_timeout(
        move || {
            let _ = element.remove_attribute("data-flash");
        },
        std::time::Duration::from_millis(1_600),
    );
}

/// Brings an element into the middle.
fn center(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Center);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}
