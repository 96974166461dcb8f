//! One number: how it is, how to finish setting it up, and everything that can be done with it.

use balas_domain::{
    AccountId, Permission,
    view::{AccountSetup, ProviderKind},
};
use leptos::{prelude::*, task::spawn_local};

use super::{
    alerts::Alerts,
    confirm::{Confirm, Dialogs},
    connection::Connection,
    delete::Delete,
    devices::Devices,
    history::History,
    link::Linking,
    provider_words,
    secrets::{CloudSecrets, GatewaySecrets},
    settings::{Rename, Settings},
    setup::Setup,
};
use crate::{
    api::{self, ApiError},
    boot::PageData,
    pages::missing::Missing,
    state::{inbox::Load, sign_in_again, use_app},
    ui::{
        empty::Empty,
        icon::{Icon, icon},
        skeleton::SkeletonRows,
    },
};

/// The page of one number.
#[component]
pub(super) fn Account(id: AccountId) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let (setup, load) = match app.take_page() {
        PageData::Account { setup } if setup.account.id == id => (Some(*setup), Load::Ready),
        PageData::Missing => (None, Load::Missing),
        _ => (None, Load::Loading),
    };
    let setup = RwSignal::new(setup);
    let load = RwSignal::new(load);
    let fetch = move || {
        load.set(Load::Loading);
        spawn_local(async move {
            let answer = api::account_setup(id).await;
            let now = match answer {
                Ok(found) => {
                    setup.try_set(Some(found));
                    Load::Ready
                }
                Err(ApiError::SignedOut) => {
                    sign_in_again();
                    Load::Failed
                }
                Err(ApiError::Refused { .. }) => Load::Missing,
                Err(_) => Load::Failed,
            };
            load.try_set(now);
        });
    };
    Effect::new(move |before: Option<()>| {
        if before.is_none() && load.get_untracked() == Load::Loading {
            fetch();
        }
    });
    move || match load.get() {
        Load::Missing => view! { <Missing /> }.into_any(),
        Load::Failed => view! {
            <Empty sign=Icon::WifiOff title=words.failed_title text=words.error_network>
                <button type="button" class="button" on:click=move |_| fetch()>{words.retry}</button>
            </Empty>
        }
        .into_any(),
        Load::Loading => view! { <div class="page"><SkeletonRows rows=4 words=words /></div> }.into_any(),
        Load::Ready => setup.get().map(|setup| view! { <Page id=id setup=setup /> }).into_any(),
    }
}

#[component]
fn Page(id: AccountId, setup: AccountSetup) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let manages = app.may(Permission::ManageAccounts);
    let confirm = Confirm::new();
    let loaded = setup.account.clone();
    // The stream's word is newer than what was loaded; a number that is gone keeps its page until one leaves
    // it.
    let account = Memo::new(move |_| app.inbox().account(id).unwrap_or_else(|| loaded.clone()));
    let name = Memo::new(move |_| account.with(|account| account.name.clone()));
    let delivery = Signal::derive(move || account.with(|account| account.last_delivery_at));
    let kind = account.with_untracked(|account| account.provider);
    let (provider, linked) = (provider_words(kind, words), kind != ProviderKind::Cloud);
    // Meta is told where to deliver by a person, a gateway only where it cannot be told by us.
    let storages = setup.storages.clone();
    let by_hand = !linked || setup.webhook_by_hand;
    let below = move || {
        account.with(|account| {
            [account.phone.clone(), Some(provider.to_owned())]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · ")
        })
    };
    view! {
            <div class="page">
                <header class="page-head">
                    <div>
                        <a class="back-link" href="/accounts">{icon(Icon::Back)} {words.accounts_title}</a>
                        <h1 dir="auto">{name}</h1>
                        <p>{below}</p>
                    </div>
                </header>
                <Alerts only=id />
                <Connection id=id account=account confirm=confirm />
                {(manages && linked).then(|| view! { <Linking id=id account=account /> })}
                {by_hand.then(|| view! { <Setup setup=setup delivery=delivery /> })}
                {manages
                    .then(|| {
                        view! {
                            <Settings id=id account=account storages=storages.clone() />
                            <History id=id account=account />
                            <Rename id=id name=name />
                            {(kind == ProviderKind::Gateway).then(|| view! { <Devices id=id /> })}
                            {match kind {
                                ProviderKind::Cloud => view! { <CloudSecrets id=id /> }.into_any(),
                                ProviderKind::Gateway => view! { <GatewaySecrets id=id /> }.into_any(),
                                ProviderKind::Bridge => ().into_any(),
                            }}
                            <Delete id=id name=name confirm=confirm />
    <Dialogs confirm=confirm />
                        }
                    })}
            </div>
        }
}
