//! What can be done with one thing of a list, behind a button: a popover of the browser's own, so that Escape and a click
//! beside it close it and the focus returns.

use leptos::{html, prelude::*};

use super::icon::{Icon, icon};

/// The button and the list that it opens. `id` is unique on the page. The list is built only while it is open, and goes
/// when one of its items was chosen.
#[component]
pub(crate) fn Menu(
    #[prop(into)] id: String,
    #[prop(into)] label: Signal<String>,
    /// What stands beside the label on the button; without one the button shows its face and no words.
    #[prop(optional)]
    sign: Option<Icon>,
    /// What stands on a button without words.
    #[prop(default = Icon::More)]
    face: Icon,
    #[prop(optional, into)] disabled: Signal<bool>,
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let open = RwSignal::new(false);
    let chosen = move |_| {
        if let Some(menu) = node.get_untracked() {
            let _ = menu.hide_popover();
        }
    };
    let target = id.clone();
    let unseen = move || sign.is_none().then(|| label.get());
    view! {
        <button
            type="button"
            class=if sign.is_some() { "button menu-button" } else { "icon-button" }
            aria-label=unseen
            title=unseen
            popovertarget=target
            disabled=move || disabled.get()
            // Before it is seen, so that it never opens empty.
            on:click=move |_| open.set(true)
        >
            {icon(sign.unwrap_or(face))}
            {sign.map(|_| view! { <span>{label}</span> })}
        </button>
        <div
            node_ref=node
            class="popover menu"
            id=id
            popover="auto"
            aria-label=label
            role="group"
            on:click=chosen
            on:toggle=move |_| {
                if let Some(menu) = node.get_untracked() {
                    open.set(menu.matches(":popover-open").unwrap_or(false));
                }
            }
        >
            <Show when=move || open.get()>{children()}</Show>
        </div>
    }
}
