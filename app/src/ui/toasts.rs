//! Short notes at the edge of the page, read aloud politely.

use leptos::prelude::*;

use super::{
    each::each,
    icon::{Icon, icon},
};
use crate::state::{
    toast::{Toast, Tone},
    use_app,
};

/// Where notes appear.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let app = use_app();
    let toasts = app.toasts();
    let note = move |toast: Toast| {
        let good = toast.tone == Tone::Good;
        view! {
            <div class="toast" data-tone=if good { "good" } else { "bad" }>
                {icon(if good { Icon::Check } else { Icon::Alert })}
                <p>{toast.text}</p>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=app.words.close
                    on:click=move |_| toasts.dismiss(toast.id)
                >
                    {icon(Icon::Close)}
                </button>
            </div>
        }
        .into_any()
    };
    view! {
        <div class="toasts" role="status" aria-live="polite">
            {each(move || toasts.shown.get(), |toast| toast.id, note)}
        </div>
    }
}
