//! One number in the list.

use balas_domain::{
    AccountId, AccountStatus, AlertKind, AlertView,
    view::{AccountView, ProviderKind, Quality},
};
use leptos::prelude::*;

use super::{act::Act, alerts, batch::Selection, confirm::Confirm, provider_words, usage};
use crate::{
    api::AccountAction,
    i18n::{OfficeWords, fill, said::said},
    route::{Filter, Route},
    state::{App, use_app},
    ui::{
        avatar::Avatar,
        badge::AccountBadge,
        icon::{Icon, icon},
        menu::Menu,
        time::{Style, Time},
    },
};

/// The card. Who manages numbers gets a box to select it, what starts or stops it, and a menu.
#[component]
pub(super) fn Card(id: AccountId, manages: Option<(Selection, Confirm)>) -> impl IntoView {
    let app = use_app();
    let account = Memo::new(move |_| app.inbox().account(id));
    let name = Memo::new(move |_| account.with(|a| a.as_ref().map(|a| a.name.clone()).unwrap_or_default()));
    view! {
        <div class="tile-row">
            {manages.map(|(selection, _)| select(app, id, name, selection))}
            <div class="tile-box">
                {move || account.get().map(|account| link(app, &account))}
                {manages.map(|(_, confirm)| view! { <Actions id=id account=account name=name confirm=confirm /> })}
            </div>
        </div>
    }
}

fn select(app: App, id: AccountId, name: Memo<String>, selection: Selection) -> impl IntoView {
    let words = app.office_words();
    view! {
        <input
            type="checkbox"
            aria-label=move || name.with(|name| fill(words.select_one, &[("name", name)]))
            prop:checked=move || selection.has(id)
            on:change=move |event| selection.put(id, event_target_checked(&event))
        />
    }
}

/// What it shows; a click goes to the number's page.
fn link(app: App, account: &AccountView) -> impl IntoView + use<> {
    let words = app.office_words();
    let linked = account.provider != ProviderKind::Cloud;
    let level = u8::from(account.settings.trust_level).to_string();
    let below = [
        account.phone.clone(),
        Some(provider_words(account.provider, words).to_owned()),
        linked.then(|| fill(words.card_trust, &[("level", &level)])),
    ];
    let below: Vec<String> = below.into_iter().flatten().collect();
    let (id, used, settings) = (account.id, account.usage, account.settings.clone());
    view! {
        <a class="tile" href=Route::Account(account.id).href()>
            <Avatar name=account.name.clone() id=account.id.to_string() />
            <span class="tile-main">
                <strong dir="auto">{account.name.clone()}</strong>
                <span>{below.join(" · ")}</span>
                {settings
                    .limit_on(1)
                    .map(|_| view! { <span>{move || usage::usage_text(app, used, &settings, words)}</span> })}
                {account.status_detail.clone().map(|detail| view! { <span class="tile-trouble">{said(&detail, app.lang)}</span> })}
                {move || open_alerts(app, id, words)}
            </span>
            <span class="tile-side">
                {account
                    .last_delivery_at
                    .map(|at| {
                        view! {
                            <small>{words.last_delivery} ": " <Time at=at style=Style::Ago /></small>
                        }
                    })}
                {account.quality.map(|quality| quality_badge(quality, words))}
                {account.primary.then(|| view! { <span class="badge" data-tone="plain">{words.account_primary}</span> })}
                <AccountBadge status=account.status words=words />
            </span>
        </a>
    }
}

/// How Meta rates it. A good rating is nothing to look at.
fn quality_badge(quality: Quality, words: &'static OfficeWords) -> AnyView {
    let (text, tone) = match quality {
        Quality::Green => return ().into_any(),
        Quality::Yellow => (words.quality_yellow, "warn"),
        Quality::Red => (words.quality_red, "bad"),
    };
    view! { <span class="badge" data-tone=tone title=words.quality_help>{text}</span> }.into_any()
}

/// What is wrong with it, beside what its status says.
fn open_alerts(app: App, id: AccountId, words: &'static OfficeWords) -> Vec<AnyView> {
    let said_already = |alert: &AlertView| alert.kind == AlertKind::NotConnected;
    let open = alerts::of(app, id).into_iter().filter(|alert| !said_already(alert));
    open.map(|alert| {
        let words = alerts::kind_words(alert.kind, words);
        let since = view! { <Time at=alert.raised_at style=Style::Ago /> };
        view! { <span class="tile-trouble">{icon(Icon::Alert)} {words} " · " {since}</span> }.into_any()
    })
    .collect()
}

/// What starts or stops it, as the case may be.
fn switch(status: AccountStatus, words: &OfficeWords) -> (AccountAction, &'static str, Icon) {
    match status {
        AccountStatus::Idle => (AccountAction::Start, words.account_start, Icon::Play),
        AccountStatus::Error => (AccountAction::Start, words.retry, Icon::Retry),
        _ => (AccountAction::Stop, words.account_stop, Icon::Stop),
    }
}

#[component]
fn Actions(
    id: AccountId,
    account: Memo<Option<AccountView>>,
    name: Memo<String>,
    confirm: Confirm,
) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let act = Act::new(id);
    let status = Memo::new(move |_| {
        account.with(|a| a.as_ref().map_or(AccountStatus::Idle, |account| account.status))
    });
    let linked = account.with_untracked(|a| a.as_ref().is_some_and(|a| a.provider != ProviderKind::Cloud));
    let label = Signal::derive(move || name.with(|name| fill(words.card_menu, &[("name", name)])));
    let chats = Filter { account: Some(id), ..Filter::default() };
    let chats = StoredValue::new(Route::Inbox { open: None, message: None, filter: chats }.href());
    let turn = move |_| act.run(switch(status.get_untracked(), words).0);
    let turn_label = move || switch(status.get(), words).1;
    view! {
        <div class="tile-actions">
            <button
                type="button"
                class="button small"
                // The name makes each of many such buttons a different one for who hears them.
                aria-label=move || name.with(|name| format!("{}: {name}", turn_label()))
                disabled=move || act.busy()
                on:click=turn
            >
                {turn_label}
            </button>
            <Menu id=format!("menu-{id}") label=label>
                <ul class="menu-list" role="list">
                    <li>
                        <a href=chats.get_value()>{icon(Icon::Inbox)} {words.card_chats}</a>
                    </li>
                    <li>
                        <button type="button" disabled=move || act.busy() on:click=turn>
                            {move || icon(switch(status.get(), words).2)}
                            {turn_label}
                        </button>
                    </li>
                    <li>
                        <a href=Route::Account(id).href()>{icon(Icon::Settings)} {words.settings_title}</a>
                    </li>
                    {linked
                        .then(|| {
                            view! {
                                <li>
                                    <button type="button" on:click=move |_| confirm.log_out(id, name.get_untracked())>
                                        {icon(Icon::SignOut)}
                                        {words.account_log_out}
                                    </button>
                                </li>
                            }
                        })}
                    <li>
                        <button
                            type="button"
                            data-tone="bad"
                            on:click=move |_| confirm.delete(id, name.get_untracked())
                        >
                            {icon(Icon::Trash)}
                            {words.account_delete}
                        </button>
                    </li>
                </ul>
            </Menu>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn what_rests_is_started_and_what_runs_is_stopped() {
        let words = Lang::En.office_words();
        for status in AccountStatus::ALL {
            let (action, label, _) = switch(status, words);
            let starts = matches!(status, AccountStatus::Idle | AccountStatus::Error);
            assert_eq!(matches!(action, AccountAction::Start), starts, "{status}");
            assert_eq!(label == "Stop", !starts, "{status}");
        }
    }
}
