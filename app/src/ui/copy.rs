//! A text that one takes elsewhere: shown whole, copied by a button.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::icon::{Icon, icon};
use crate::{browser::dom, i18n::Words};

/// A text with a button that copies it.
#[component]
pub(crate) fn CopyField(
    #[prop(into)] label: String,
    #[prop(into)] text: Signal<String>,
    words: &'static Words,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let text = text.get_untracked();
        spawn_local(async move {
            if dom::copy(&text).await {
                copied.try_set(true);
                set_timeout(
                    move || {
                        copied.try_set(false);
                    },
                    Duration::from_secs(2),
                );
            }
        });
    };
    view! {
        <div class="copy-field">
            <span class="label">{label}</span>
            <output class="copy-text">{text}</output>
            <button type="button" class="button" on:click=copy>
                {move || icon(if copied.get() { Icon::Check } else { Icon::Copy })}
                <span aria-live="polite">{move || if copied.get() { words.copied } else { words.copy }}</span>
            </button>
        </div>
    }
}
