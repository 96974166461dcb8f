//! Takes a number away, with everything that belongs to it.

use balas_domain::AccountId;
use leptos::prelude::*;

use super::confirm::Confirm;
use crate::{i18n::fill, state::use_app};

/// The section.
#[component]
pub(super) fn Delete(id: AccountId, name: Memo<String>, confirm: Confirm) -> impl IntoView {
    let words = use_app().office_words();
    view! {
        <section class="section" data-tone="bad">
            <header>
                <h2>{words.account_delete}</h2>
            </header>
            <p>{move || fill(words.account_delete_text, &[("name", &name.get())])}</p>
            <div class="section-foot">
                <button
                    type="button"
                    class="button danger-quiet"
                    on:click=move |_| confirm.delete(id, name.get_untracked())
                >
                    {words.account_delete}
                </button>
            </div>
        </section>
    }
}
