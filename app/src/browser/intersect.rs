//! Tells when something comes into view.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// Runs `seen` each time the element comes within this many pixels of its scroller's view, until the effect
/// that asked for it ends.
pub(crate) fn when_near(element: &Element, root: Option<&Element>, pixels: u32, seen: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
        let visible = entries.iter().any(|entry| {
            entry.dyn_into::<IntersectionObserverEntry>().is_ok_and(|entry| entry.is_intersecting())
        });
        if visible {
            seen();
        }
    });
    let options = IntersectionObserverInit::new();
    options.set_root_margin(&format!("{pixels}px"));
    if let Some(root) = root {
        options.set_root(Some(root));
    }
    if let Ok(observer) = IntersectionObserver::new_with_options(callback.as_ref().unchecked_ref(), &options)
    {
        observer.observe(element);
        let kept = StoredValue::new_local((observer, callback));
        on_cleanup(move || {
            kept.try_with_value(|(observer, _)| observer.disconnect());
        });
    }
}
