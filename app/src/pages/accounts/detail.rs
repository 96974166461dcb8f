//! One number: how it is, how to finish setting it up, and everything that can be done with it.

use balas_domain::{
    AccountId, AccountStatus, Payload, Permission,
    view::{AccountSetup, AccountView, ProviderKind},
};
use leptos::{prelude::*, task::spawn_local};

use super::{provider_words, setup::Setup};
use crate::{
    api::{self, AccountChange, ApiError},
    boot::PageData,
    i18n::fill,
    pages::missing::Missing,
    route::Route,
    state::{inbox::Load, sign_in_again, use_app},
    ui::{
        badge::AccountBadge,
        dialog::Dialog,
        empty::Empty,
        field::{Field, Kind},
        icon::{Icon, icon},
        skeleton::SkeletonRows,
        time::{Style, Time},
    },
};

/// The page of one number.
#[component]
pub(super) fn Account(id: AccountId) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let (setup, load) = match app.take_page() {
        PageData::Account { setup } if setup.account.id == id => (Some(setup), Load::Ready),
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
    let words = app.words;
    let manages = app.may(Permission::ManageAccounts);
    let loaded = setup.account.clone();
    // The stream's word is newer than what was loaded; a number that is gone keeps its page until one leaves
    // it.
    let account = Memo::new(move |_| app.inbox().account(id).unwrap_or_else(|| loaded.clone()));
    let name = Memo::new(move |_| account.with(|account| account.name.clone()));
    let delivery = Signal::derive(move || account.with(|account| account.last_delivery_at));
    let kind = account.with_untracked(|account| account.provider);
    let (provider, cloud) = (provider_words(kind, words), kind == ProviderKind::Cloud);
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
            <Connection id=id account=account />
            {cloud.then(|| view! { <Setup setup=setup delivery=delivery /> })}
            {manages
                .then(|| {
                    view! {
                        <Rename id=id name=name />
                        {cloud.then(|| view! { <Secrets id=id /> })}
                        <Delete id=id name=name />
                    }
                })}
        </div>
    }
}

/// Applies an answer, or says what went wrong.
fn settle(app: crate::state::App, answer: Result<AccountView, ApiError>) -> bool {
    match answer {
        Ok(account) => {
            // The stream brings it too; this is only sooner.
            app.inbox().confirm(Payload::Account(Box::new(account)));
            true
        }
        Err(error) => {
            app.complain(&error);
            false
        }
    }
}

#[component]
fn Connection(id: AccountId, account: Memo<AccountView>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let manages = app.may(Permission::ManageAccounts);
    let busy = RwSignal::new(false);
    let status = Memo::new(move |_| account.with(|account| account.status));
    let runs = move || status.get() != AccountStatus::Idle;
    let switch = move |_| {
        let stop = untrack(runs);
        busy.set(true);
        spawn_local(async move {
            let answer = if stop { api::stop_account(id).await } else { api::start_account(id).await };
            settle(app, answer);
            busy.try_set(false);
        });
    };
    let restart = move |_| {
        busy.set(true);
        spawn_local(async move {
            settle(app, api::start_account(id).await);
            busy.try_set(false);
        });
    };
    view! {
        <section class="section">
            <header>
                <h2>{words.account_connection}</h2>
            </header>
            <div class="section-foot">
                {move || view! { <AccountBadge status=status.get() words=words /> }}
                <span class="hint">
                    {words.last_delivery} ": "
                    {move || {
                        account
                            .with(|account| account.last_delivery_at)
                            .map(|at| view! { <Time at=at style=Style::Ago /> })
                    }}
                    {move || account.with(|account| account.last_delivery_at.is_none()).then_some("–")}
                </span>
            </div>
            {move || {
                account
                    .with(|account| account.status_detail.clone())
                    .map(|detail| {
                        view! {
                            <p class="notice" data-tone="bad">
                                {icon(Icon::Alert)}
                                <span>{detail}</span>
                            </p>
                        }
                    })
            }}
            {move || (!runs()).then(|| view! { <p class="hint">{words.account_idle_text}</p> })}
            {manages
                .then(|| {
                    view! {
                        <div class="section-foot">
                            <button type="button" class="button" disabled=move || busy.get() on:click=switch>
                                {move || if runs() { words.account_stop } else { words.account_start }}
                            </button>
                            {move || {
                                matches!(status.get(), AccountStatus::Error | AccountStatus::Disconnected)
                                    .then(|| {
                                        view! {
                                            <button
                                                type="button"
                                                class="button primary"
                                                disabled=move || busy.get()
                                                on:click=restart
                                            >
                                                {icon(Icon::Retry)}
                                                {words.retry}
                                            </button>
                                        }
                                    })
                            }}
                        </div>
                    }
                })}
        </section>
    }
}

#[component]
fn Rename(id: AccountId, name: Memo<String>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let value = RwSignal::new(name.get_untracked());
    let error = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let changed = move || value.with(|value| value.trim() != name.with(|name| name.trim().to_owned()));
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = value.get_untracked().trim().to_owned();
        if wanted.is_empty() {
            error.set(Some(words.problem_required.to_owned()));
            return;
        }
        error.set(None);
        busy.set(true);
        spawn_local(async move {
            let change = AccountChange { name: Some(wanted), ..AccountChange::default() };
            match api::update_account(id, change).await {
                Err(refused @ ApiError::Fields(_)) => {
                    error.try_set(Some(refused.words(words)));
                }
                answer => {
                    if settle(app, answer) {
                        app.toasts().good(words.saved);
                    }
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="section" on:submit=save>
            <Field
                name="rename"
                label=words.field_account_name
                help=words.help_account_name
                value=value
                error=error
                words=words
            />
            <div class="section-foot">
                <button class="button" disabled=move || busy.get() || !changed()>
                    {words.account_rename}
                </button>
            </div>
        </form>
    }
}

#[component]
fn Secrets(id: AccountId) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let (token, secret) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refused = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let of = move |field: &'static str| {
        Signal::derive(move || refused.with(|refused| refused.as_ref()?.of_field(field, words)))
    };
    let filled =
        move |value: RwSignal<String>| Some(value.get().trim().to_owned()).filter(|value| !value.is_empty());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let change =
            untrack(|| AccountChange { name: None, token: filled(token), app_secret: filled(secret) });
        busy.set(true);
        refused.set(None);
        spawn_local(async move {
            match api::update_account(id, change).await {
                Err(error @ ApiError::Fields(_)) => {
                    refused.try_set(Some(error));
                }
                answer => {
                    if settle(app, answer) {
                        token.try_set(String::new());
                        secret.try_set(String::new());
                        app.toasts().good(words.saved);
                    }
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="section" on:submit=save>
            <header>
                <h2>{words.account_secrets}</h2>
                <p>{words.account_secrets_lead}</p>
            </header>
            <Field
                name="token"
                label=words.field_token
                help=words.help_token
                kind=Kind::Secret
                value=token
                error=of("token")
                words=words
            />
            <Field
                name="app_secret"
                label=words.field_app_secret
                help=words.help_app_secret
                kind=Kind::Secret
                value=secret
                error=of("app_secret")
                words=words
            />
            <div class="section-foot">
                <button
                    class="button"
                    disabled=move || busy.get() || (filled(token).is_none() && filled(secret).is_none())
                >
                    {words.save}
                </button>
            </div>
        </form>
    }
}

#[component]
fn Delete(id: AccountId, name: Memo<String>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let open = RwSignal::new(false);
    let typed = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let matches = move || typed.with(|typed| name.with(|name| typed.trim() == name.trim()));
    let delete = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !untrack(matches) {
            return;
        }
        busy.set(true);
        let typed = typed.get_untracked();
        spawn_local(async move {
            match api::delete_account(id, typed).await {
                Ok(()) => {
                    app.toasts().good(words.account_deleted);
                    app.go(Route::Accounts);
                }
                Err(error) => {
                    app.complain(&error);
                    busy.try_set(false);
                }
            }
        });
    };
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
                    on:click=move |_| {
                        typed.set(String::new());
                        open.set(true);
                    }
                >
                    {words.account_delete}
                </button>
            </div>
            <Dialog open=open title=words.account_delete words=words>
                <form class="form" on:submit=delete>
                    <p>{move || fill(words.account_delete_text, &[("name", &name.get())])}</p>
                    <Field name="typed_name" label=words.field_account_name value=typed words=words />
                    <div class="dialog-foot">
                        <button type="button" class="button" on:click=move |_| open.set(false)>
                            {words.cancel}
                        </button>
                        <button class="button danger" disabled=move || busy.get() || !matches()>
                            {words.account_delete_confirm}
                        </button>
                    </div>
                </form>
            </Dialog>
        </section>
    }
}
