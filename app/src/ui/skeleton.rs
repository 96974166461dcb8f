//! What is on its way, as grey shapes. The style sheet shows them only after 150 ms: what is quick does not
//! flicker.

use leptos::prelude::*;

use crate::i18n::Words;

/// Rows of a list that is on its way.
#[component]
pub(crate) fn SkeletonRows(#[prop(default = 8)] rows: usize, words: &'static Words) -> impl IntoView {
    let row = || view! { <div class="skeleton-row"><i></i><b></b><u></u></div> };
    view! {
        <div class="skeleton" role="status">
            <span class="visually-hidden">{words.loading}</span>
            {(0..rows).map(|_| row()).collect_view()}
        </div>
    }
}

/// Bubbles of a thread that is on its way.
#[component]
pub(crate) fn SkeletonThread(words: &'static Words) -> impl IntoView {
    view! {
        <div class="skeleton skeleton-thread" role="status">
            <span class="visually-hidden">{words.loading}</span>
            <i></i><i data-out=""></i><i></i><i></i><i data-out=""></i>
        </div>
    }
}
