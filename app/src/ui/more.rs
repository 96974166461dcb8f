//! What stands on a button that fetches more.

use leptos::prelude::*;

use crate::state::inbox::Load;

/// What it offers, that it is under way, or that one can try again. All three lie in one place, as wide as the longest:
/// nothing moves when it says something else.
pub(crate) fn more_words(load: RwSignal<Load>, [offer, loading, retry]: [&'static str; 3]) -> AnyView {
    let says = move |text: &'static str, when: fn(Load) -> bool| {
        view! { <span data-now=move || when(load.get()).then_some("")>{text}</span> }
    };
    view! {
        {says(offer, |load| matches!(load, Load::Ready | Load::Missing))}
        {says(loading, |load| load == Load::Loading)}
        {says(retry, |load| load == Load::Failed)}
    }
    .into_any()
}
