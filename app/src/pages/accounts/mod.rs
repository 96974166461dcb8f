//! The connected numbers.

mod detail;
mod new;
mod setup;

use balas_domain::{
    Permission,
    view::{AccountView, ProviderKind},
};
use leptos::prelude::*;

pub(crate) use new::random_word;

use super::missing::Missing;
use crate::{
    i18n::Words,
    route::Route,
    state::use_app,
    ui::{
        badge::AccountBadge,
        each::each,
        empty::Empty,
        icon::{Icon, icon},
        time::{Style, Time},
    },
};

/// Which page of this section.
#[component]
pub(crate) fn Accounts() -> impl IntoView {
    let app = use_app();
    // The section is left before its pages are: what is no page of it is nobody's.
    let route = Memo::new(move |before: Option<&Route>| {
        let now = app.route.get();
        match (&now, before) {
            (Route::Accounts | Route::NewAccount | Route::Account(_), _) | (_, None) => now,
            (_, Some(before)) => before.clone(),
        }
    });
    move || match route.get() {
        Route::NewAccount if app.may(Permission::ManageAccounts) => view! { <new::NewAccount /> }.into_any(),
        Route::Account(id) => view! { <detail::Account id=id /> }.into_any(),
        Route::Accounts if app.may(Permission::ReadAccounts) => view! { <List /> }.into_any(),
        _ => view! { <Missing /> }.into_any(),
    }
}

#[component]
fn List() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let manages = app.may(Permission::ManageAccounts);
    let connect = move || {
        manages.then(|| {
            view! {
                <a class="button primary" href="/accounts/new">
                    {icon(Icon::Plus)}
                    {words.account_new}
                </a>
            }
        })
    };
    let empty = Memo::new(move |_| app.inbox().accounts.with(Vec::is_empty));
    view! {
        <div class="page">
            <header class="page-head">
                <div>
                    <h1>{words.accounts_title}</h1>
                    <p>{words.accounts_lead}</p>
                </div>
                {connect()}
            </header>
            {move || {
                if empty.get() {
                    let text = if manages { words.accounts_empty_text } else { words.accounts_empty_ask };
                    view! {
                        <Empty sign=Icon::Accounts title=words.accounts_empty_title text=text>
                            {connect()}
                        </Empty>
                    }
                        .into_any()
                } else {
                    view! {
                        <ul class="tiles" role="list">
                            {each(
                                move || app.inbox().accounts.get(),
                                |account| (account.id, account.version),
                                move |account| view! { <li>{tile(&account, words)}</li> }.into_any(),
                            )}
                        </ul>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

fn tile(account: &AccountView, words: &'static Words) -> impl IntoView + use<> {
    let below = [account.phone.clone(), Some(provider_words(account.provider, words).to_owned())];
    let below: Vec<String> = below.into_iter().flatten().collect();
    view! {
        <a class="tile" href=Route::Account(account.id).href()>
            <span class="tile-sign">{icon(Icon::Accounts)}</span>
            <span class="tile-main">
                <strong dir="auto">{account.name.clone()}</strong>
                <span>{below.join(" · ")}</span>
                {account.status_detail.clone().map(|detail| view! { <span class="tile-trouble">{detail}</span> })}
            </span>
            <span class="tile-side">
                {account
                    .last_delivery_at
                    .map(|at| {
                        view! {
                            <small>{words.last_delivery} ": " <Time at=at style=Style::Ago /></small>
                        }
                    })}
                <AccountBadge status=account.status words=words />
            </span>
        </a>
    }
}

/// How a number is connected, in words.
const fn provider_words(provider: ProviderKind, words: &Words) -> &'static str {
    match provider {
        ProviderKind::Cloud => words.provider_cloud,
        ProviderKind::Gateway => words.provider_gateway,
        ProviderKind::Bridge => words.provider_bridge,
    }
}
