//! Pages for what is not there, and for what could not be read.

use leptos::prelude::*;

use crate::{
    browser::dom,
    state::use_app,
    ui::{empty::Empty, icon::Icon},
};

/// No such page.
#[component]
pub(crate) fn Missing() -> impl IntoView {
    let words = use_app().words;
    view! {
        <Empty sign=Icon::Question title=words.not_found_title text=words.not_found_text alone=true>
            <a class="button primary" href="/inbox">{words.go_to_inbox}</a>
        </Empty>
    }
}

/// The server could not read it.
#[component]
pub(crate) fn Failed() -> impl IntoView {
    let words = use_app().words;
    view! {
        <Empty sign=Icon::Alert title=words.failed_title text=words.failed_text alone=true>
            <button type="button" class="button primary" on:click=move |_| dom::reload()>
                {words.retry}
            </button>
        </Empty>
    }
}
