//! Times: short where one looks, exact on hover.

use balas_domain::Timestamp;
use leptos::prelude::*;

use crate::state::use_app;

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// For lists.
    Short,
    /// The clock only.
    Clock,
    /// In a sentence.
    Ago,
    /// In full.
    Exact,
}

/// A time that follows clock and zone.
#[component]
pub(crate) fn Time(at: Timestamp, style: Style) -> impl IntoView {
    let app = use_app();
    let text = move || {
        app.when(|when| match style {
            Style::Short => when.short(at),
            Style::Clock => when.clock(at),
            Style::Ago => when.ago(at),
            Style::Exact => when.exact(at),
        })
    };
    let exact = move || app.when(|when| when.exact(at));
    view! {
        <time datetime=at.to_string() title=exact>
            {text}
        </time>
    }
}
