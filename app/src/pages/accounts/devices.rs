//! The devices of a number's gateway.

use balas_domain::{
    AccountId,
    view::{DeviceAction, DeviceState, DeviceView},
};
use leptos::{prelude::*, task::spawn_local};

use super::{complain, error_words};
use crate::{
    api::{self, ApiError},
    i18n::{OfficeWords, fill},
    route::Route,
    state::{App, sign_in_again, use_app},
    ui::{
        dialog::Dialog,
        icon::{Icon, icon},
        skeleton::SkeletonRows,
    },
};

/// The section.
#[component]
pub(super) fn Devices(id: AccountId) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
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
    let busy = RwSignal::new(false);
    let ending = RwSignal::new(false);
    let meant = RwSignal::new(None::<DeviceView>);
    let act = move |device: DeviceView, action: DeviceAction| {
        ending.set(false);
        busy.set(true);
        spawn_local(async move {
            let done = api::act_on_device(id, device.id, action).await;
            busy.try_set(false);
            match (done, action) {
                (Ok(()), DeviceAction::Reconnect) => app.toasts().good(words.device_reconnected),
                (Ok(()), DeviceAction::LogOut) => app.toasts().good(words.device_logged_out),
                (Err(error), _) => complain(app, &error),
            }
            fetch();
        });
    };
    let row = move |device: DeviceView| {
        let (one, other) = (device.clone(), device.clone());
        let linked = device.state == DeviceState::LoggedIn;
        let named = |label: &str| format!("{label}: {}", device.id);
        let (reconnects, logs_out) = (named(words.device_reconnect), named(words.account_log_out));
        let reconnect = move |_| act(one.clone(), DeviceAction::Reconnect);
        let log_out = move |_| {
            meant.set(Some(other.clone()));
            ending.set(true);
        };
        view! {
            <li>
                {item(app, id, device, words)}
                <span class="device-acts">
                    <button
                        type="button"
                        class="button small"
                        aria-label=reconnects
                        disabled=move || busy.get()
                        on:click=reconnect
                    >
                        {words.device_reconnect}
                    </button>
                    {linked
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="button small danger-quiet"
                                    aria-label=logs_out
                                    disabled=move || busy.get()
                                    on:click=log_out
                                >
                                    {words.account_log_out}
                                </button>
                            }
                        })}
                </span>
            </li>
        }
    };
    let confirmed = move |_| {
        if let Some(device) = meant.get_untracked() {
            act(device, DeviceAction::LogOut);
        }
    };
    // Whose phone loses its link.
    let warning = move || {
        meant.get().map(|device| {
            let ours = device.account.and_then(|id| app.inbox().account(id)).map(|account| account.name);
            let text = match &ours {
                Some(name) => fill(words.device_log_out_ours, &[("name", name)]),
                None => words.device_log_out_foreign.to_owned(),
            };
            let who = [Some(device.id), device.phone, device.name];
            let who = who.into_iter().flatten().collect::<Vec<_>>().join(" · ");
            view! {
                <p>
                    <strong dir="auto">{who}</strong>
                </p>
                <p>{text}</p>
            }
        })
    };
    view! {
        <section class="section">
            <header>
                <h2>{words.devices_title}</h2>
            </header>
            {move || match found.get() {
                None => view! { <SkeletonRows rows=1 words=words /> }.into_any(),
                Some(Err(error)) => view! {
                    <p class="notice" data-tone="bad">{icon(Icon::Alert)} <span>{error_words(app, &error)}</span></p>
                }
                .into_any(),
                Some(Ok(devices)) if devices.is_empty() => {
                    view! { <p class="hint">{words.devices_none}</p> }.into_any()
                }
                Some(Ok(devices)) => view! {
                    <ul class="devices" role="list">
                        {devices.into_iter().map(row).collect_view()}
                    </ul>
                }
                .into_any(),
            }}
            <div class="section-foot">
                <button type="button" class="button" on:click=move |_| fetch()>
                    {icon(Icon::Retry)}
                    {words.devices_refresh}
                </button>
            </div>
        </section>
        <Dialog open=ending title=words.account_log_out words=words>
            {warning}
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| ending.set(false)>
                    {words.cancel}
                </button>
                <button type="button" class="button danger" on:click=confirmed>
                    {words.account_log_out}
                </button>
            </div>
        </Dialog>
    }
}

/// Which device it is, whose, and how it is.
fn item(app: App, here: AccountId, device: DeviceView, words: &'static OfficeWords) -> AnyView {
    let (state, tone) = match device.state {
        DeviceState::Disconnected => (words.device_disconnected, "warn"),
        DeviceState::Connecting => (words.device_connecting, "busy"),
        DeviceState::Connected => (words.device_connected, "busy"),
        DeviceState::LoggedIn => (words.device_logged_in, "good"),
        DeviceState::Other => (words.device_other, "quiet"),
    };
    let below = [device.phone, device.name].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    // Another number of ours is reached from here.
    let other = device.account.filter(|id| *id != here).and_then(|id| app.inbox().account(id));
    let other = other
        .map(|account| view! { <a href=Route::Account(account.id).href() dir="auto">{account.name}</a> });
    view! {
        <span class="device-main">
            <strong dir="auto">{device.id}</strong>
            <span dir="auto">{below}</span>
            {other}
        </span>
        {device.own.then(|| view! { <span class="badge" data-tone="plain">{words.device_own}</span> })}
        <span class="badge" data-tone=tone>{state}</span>
    }
    .into_any()
}
