//! A dialog on the browser's own `<dialog>`: it traps the focus, closes with Escape, and gives the focus
//! back.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::icon::{Icon, icon};
use crate::i18n::Words;

/// A dialog that is open while `open` is true.
#[component]
pub(crate) fn Dialog(
    open: RwSignal<bool>,
    #[prop(into)] title: String,
    words: &'static Words,
    #[prop(default = "")] class: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = node.get() else { return };
        let wanted = open.get();
        if wanted && !dialog.open() {
            let _ = dialog.show_modal();
            // Where there is something to fill in, one begins there and not at the cross.
            request_animation_frame(move || {
                if let Ok(Some(field)) = dialog.query_selector("input, select, textarea") {
                    let _ = field.unchecked_into::<web_sys::HtmlElement>().focus();
                }
            });
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
    // A click on the backdrop is a click on the dialog itself, outside of its content.
    let backdrop = move |event: leptos::ev::MouseEvent| {
        if event.target() == event.current_target() {
            open.set(false);
        }
    };
    let class = format!("dialog {class}");
    let label = title.clone();
    view! {
        <dialog
            node_ref=node
            class=class
            aria-label=label
            on:close=move |_| open.set(false)
            on:mousedown=backdrop
        >
            <div class="dialog-body">
                <header class="dialog-head">
                    <h2>{title}</h2>
                    <button type="button" class="icon-button" aria-label=words.close on:click=move |_| open.set(false)>
                        {icon(Icon::Close)}
                    </button>
                </header>
                // Built only while it is open: its fields start fresh each time.
                <Show when=move || open.get()>{children()}</Show>
            </div>
        </dialog>
    }
}
