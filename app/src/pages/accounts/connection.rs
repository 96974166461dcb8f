//! How a number is connected now, and what can be done about it.

use balas_domain::{
    AccountId, AccountStatus, Permission,
    view::{AccountView, ProviderKind},
};
use leptos::prelude::*;

use super::{act::Act, confirm::Confirm};
use crate::{
    api::AccountAction,
    i18n::said::said,
    state::use_app,
    ui::{
        badge::AccountBadge,
        icon::{Icon, icon},
        time::{Style, Time},
    },
};

/// The section.
#[component]
pub(super) fn Connection(id: AccountId, account: Memo<AccountView>, confirm: Confirm) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let manages = app.may(Permission::ManageAccounts);
    let act = Act::new(id);
    let status = Memo::new(move |_| account.with(|account| account.status));
    let primary = Memo::new(move |_| account.with(|account| account.primary));
    let linked = account.with_untracked(|account| account.provider != ProviderKind::Cloud);
    let runs = move || status.get() != AccountStatus::Idle;
    let busy = move || act.busy();
    let switch = move |_| act.run(if untrack(runs) { AccountAction::Stop } else { AccountAction::Start });
    let again = move || {
        matches!(status.get(), AccountStatus::Error | AccountStatus::Disconnected).then(|| {
            let action = if linked && status.get_untracked() == AccountStatus::Disconnected {
                AccountAction::Reconnect
            } else {
                AccountAction::Start
            };
            view! {
                <button
                    type="button"
                    class="button primary"
                    disabled=busy
                    on:click=move |_| act.run(action.clone())
                >
                    {icon(Icon::Retry)}
                    {words.retry}
                </button>
            }
        })
    };
    let log_out = move |_| confirm.log_out(id, account.with_untracked(|account| account.name.clone()));
    view! {
        <section class="section">
            <header>
                <h2>{words.account_connection}</h2>
            </header>
            <div class="section-foot">
                {move || view! { <AccountBadge status=status.get() words=words /> }}
                {move || primary.get().then(|| view! { <span class="badge" data-tone="plain">{words.account_primary}</span> })}
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
                                <span>{said(&detail, app.lang)}</span>
                            </p>
                        }
                    })
            }}
            {move || (!runs()).then(|| view! { <p class="hint">{words.account_idle_text}</p> })}
            {manages
                .then(|| {
                    view! {
                        <div class="section-foot">
                            {again}
                            <button type="button" class="button" disabled=busy on:click=switch>
                                {move || if runs() { words.account_stop } else { words.account_start }}
                            </button>
                            <button
                                type="button"
                                class="button"
                                disabled=busy
                                title=words.account_primary_text
                                on:click=move |_| act.run(AccountAction::Primary(!primary.get_untracked()))
                            >
                                {move || {
                                    if primary.get() { words.account_primary_end } else { words.account_primary_make }
                                }}
                            </button>
                            {linked
                                .then(|| {
                                    view! {
                                        <button
                                            type="button"
                                            class="button danger-quiet"
                                            disabled=busy
                                            on:click=log_out
                                        >
                                            {words.account_log_out}
                                        </button>
                                    }
                                })}
                        </div>
                    }
                })}
        </section>
    }
}
