//! What has to be entered at Meta, or at a gateway that we cannot tell, and whether deliveries arrive.

use balas_domain::{
    Timestamp,
    view::{AccountSetup, ProviderKind},
};
use leptos::prelude::*;

use crate::{
    browser::dom,
    state::use_app,
    ui::{
        copy::CopyField,
        icon::{Icon, icon},
        time::{Style, Time},
    },
};

/// Whether Meta can reach an address: never this computer's own.
fn is_local(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let host = host.split(['/', '?']).next().unwrap_or(host);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    !origin.starts_with("https://")
        || matches!(name, "localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0")
        || name.rsplit('.').next() == Some("local")
}

/// The section.
#[component]
pub(super) fn Setup(setup: AccountSetup, #[prop(into)] delivery: Signal<Option<Timestamp>>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    // The server knows only the host; the browser also knows the scheme that it was reached by.
    let origin = RwSignal::new(format!("https://{}", app.host()));
    Effect::new(move || origin.set(dom::origin()));
    let cloud = setup.account.provider == ProviderKind::Cloud;
    let path = setup.webhook_path;
    let url = Signal::derive(move || format!("{}{path}", origin.get()));
    view! {
        <section class="section">
            <header>
                <h2>{if cloud { words.account_webhook } else { words.gateway_webhook }}</h2>
                <p>{if cloud { words.account_webhook_lead } else { words.gateway_webhook_lead }}</p>
            </header>
            <CopyField label=words.account_webhook_url text=url words=words />
            {setup
                .verify_token
                .map(|token| {
                    view! { <CopyField label=words.field_verify_token text=Signal::stored(token) words=words /> }
                })}
            {move || {
                (cloud && is_local(&origin.get()))
                    .then(|| {
                        view! {
                            <p class="notice">
                                {icon(Icon::Info)}
                                <span>{words.account_webhook_local}</span>
                            </p>
                        }
                    })
            }}
            <p class="hint">
                {words.last_delivery} ": "
                {move || match delivery.get() {
                    Some(at) => view! { <Time at=at style=Style::Ago /> }.into_any(),
                    None => words.last_delivery_none.into_any(),
                }}
            </p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn meta_reaches_only_public_https() {
        assert!(is_local("http://127.0.0.1:3000"));
        assert!(is_local("https://localhost:3000"));
        assert!(is_local("http://balas.example"));
        assert!(!is_local("https://balas.example"));
        assert!(!is_local("https://balas.example:8443"));
    }
}
