//! Connects a number: in which way, and what each way needs.

mod bridge;
mod cloud;
mod gateway;

use balas_domain::view::ProviderKind;
use leptos::prelude::*;

use super::provider_words;
use crate::{
    state::use_app,
    ui::icon::{Icon, icon},
};

const KINDS: [ProviderKind; 3] = [ProviderKind::Cloud, ProviderKind::Gateway, ProviderKind::Bridge];

/// The page.
#[component]
pub(super) fn NewAccount() -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let kind = RwSignal::new(ProviderKind::Cloud);
    let text = move |kind: ProviderKind| match kind {
        ProviderKind::Cloud => words.kind_cloud_text,
        ProviderKind::Gateway => words.kind_gateway_text,
        ProviderKind::Bridge => words.kind_bridge_text,
    };
    view! {
        <div class="page">
            <header class="page-head">
                <div>
                    <a class="back-link" href="/accounts">{icon(Icon::Back)} {words.accounts_title}</a>
                    <h1>{words.account_new}</h1>
                </div>
            </header>
            <fieldset class="kinds">
                <legend>{words.kind_label}</legend>
                {KINDS
                    .into_iter()
                    .map(|one| {
                        view! {
                            <label class="kind">
                                <input
                                    type="radio"
                                    name="kind"
                                    value=one.as_str()
                                    checked=one == ProviderKind::Cloud
                                    on:change=move |_| kind.set(one)
                                />
                                <strong>{provider_words(one, words)}</strong>
                                <span>{text(one)}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </fieldset>
            {move || match kind.get() {
                ProviderKind::Cloud => cloud::cloud_form(words),
                ProviderKind::Gateway => gateway::gateway_form(words),
                ProviderKind::Bridge => bridge::bridge_form(words),
            }}
        </div>
    }
}
