//! What stands where nothing is: why, and what to do next.

use leptos::prelude::*;

use super::icon::{Icon, icon};

/// An empty place, with something to do as children.
#[component]
pub(crate) fn Empty(
    sign: Icon,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// It is all that the page shows: its title is the page's.
    #[prop(optional)]
    alone: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-sign">{icon(sign)}</span>
            {if alone { view! { <h1>{title}</h1> }.into_any() } else { view! { <h2>{title}</h2> }.into_any() }}
            <p>{text}</p>
            {children.map(|children| view! { <div class="empty-actions">{children()}</div> })}
        </div>
    }
}
