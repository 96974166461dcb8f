//! The devices of a number's gateway.

use balas_domain::{
    AccountId,
    view::{DeviceState, DeviceView},
};
use leptos::{prelude::*, task::spawn_local};

use super::act::Act;
use crate::{
    api::{self, AccountAction, ApiError},
    i18n::OfficeWords,
    state::{sign_in_again, use_app},
    ui::{
        icon::{Icon, icon},
        skeleton::SkeletonRows,
    },
};

/// The section.
#[component]
pub(super) fn Devices(id: AccountId) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let act = Act::new(id);
    let found = RwSignal::new(None::<Result<Vec<DeviceView>, ApiError>>);
    let fetch = move || {
        found.set(None);
        spawn_local(async move {
            let answer = api::account_devices(id).await;
            if matches!(answer, Err(ApiError::SignedOut)) {
                sign_in_again();
            }
            found.try_set(Some(answer));
        });
    };
    // A gateway may be slow or gone: the page does not wait for it.
    Effect::new(move |before: Option<()>| {
        if before.is_none() {
            fetch();
        }
    });
    let reconnect = move |_| {
        act.then(AccountAction::Reconnect, move |done| {
            match done {
                Ok(()) => app.toasts().good(words.device_reconnected),
                Err(error) => app.complain(&error),
            }
            fetch();
        });
    };
    view! {
        <section class="section">
            <header>
                <h2>{words.devices_title}</h2>
            </header>
            {move || match found.get() {
                None => view! { <SkeletonRows rows=1 words=words /> }.into_any(),
                Some(Err(error)) => view! {
                    <p class="notice" data-tone="bad">{icon(Icon::Alert)} <span>{error.words(words)}</span></p>
                }
                .into_any(),
                Some(Ok(devices)) if devices.is_empty() => {
                    view! { <p class="hint">{words.devices_none}</p> }.into_any()
                }
                Some(Ok(devices)) => view! {
                    <ul class="devices" role="list">
                        {devices.into_iter().map(|device| item(device, words)).collect_view()}
                    </ul>
                }
                .into_any(),
            }}
            <div class="section-foot">
                <button type="button" class="button" on:click=move |_| fetch()>
                    {icon(Icon::Retry)}
                    {words.devices_refresh}
                </button>
                <button type="button" class="button" disabled=move || act.busy() on:click=reconnect>
                    {words.device_reconnect}
                </button>
            </div>
        </section>
    }
}

fn item(device: DeviceView, words: &'static OfficeWords) -> impl IntoView + use<> {
    let (state, tone) = match device.state {
        DeviceState::Disconnected => (words.device_disconnected, "warn"),
        DeviceState::Connecting => (words.device_connecting, "busy"),
        DeviceState::Connected => (words.device_connected, "busy"),
        DeviceState::LoggedIn => (words.device_logged_in, "good"),
        DeviceState::Other => (words.device_other, "quiet"),
    };
    let below = [device.phone, device.name].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <li>
            <span class="device-main">
                <strong dir="auto">{device.id}</strong>
                <span dir="auto">{below}</span>
            </span>
            {device.own.then(|| view! { <span class="badge" data-tone="plain">{words.device_own}</span> })}
            <span class="badge" data-tone=tone>{state}</span>
        </li>
    }
}
