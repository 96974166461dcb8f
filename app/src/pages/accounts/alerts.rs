//! What is wrong with numbers, and whether somebody has taken note.

use balas_domain::{AccountId, AlertId, AlertKind, AlertView, Payload, Permission};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    i18n::{OfficeWords, fill, said::said},
    route::Route,
    state::{App, use_app},
    ui::{
        each::each,
        icon::{Icon, icon},
        time::{Style, Time},
    },
};

/// What is wrong, in a few words.
pub(super) const fn kind_words(kind: AlertKind, words: &OfficeWords) -> &'static str {
    match kind {
        AlertKind::Mute => words.alert_mute,
        AlertKind::NotConnected => words.alert_not_connected,
        AlertKind::Failing => words.alert_failing,
        AlertKind::BridgeRestarted => words.alert_bridge,
    }
}

/// The open alerts of a number.
pub(super) fn of(app: App, id: AccountId) -> Vec<AlertView> {
    app.inbox().alerts.with(|alerts| alerts.iter().filter(|alert| alert.account_id == id).cloned().collect())
}

/// The open alerts, of one number or of all; nothing while there are none.
#[component]
pub(super) fn Alerts(#[prop(optional)] only: Option<AccountId>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let manages = app.may(Permission::ManageAccounts);
    // Always there, so that screen readers notice when something appears in it.
    view! {
        <ul class="alerts" role="list" aria-label=words.alerts_title aria-live="polite">
            {each(
                move || only.map_or_else(|| app.inbox().alerts.get(), |id| of(app, id)),
                |alert| (alert.id, alert.version),
                move |alert| item(app, alert, manages, words),
            )}
        </ul>
    }
}

fn item(app: App, alert: AlertView, manages: bool, words: &'static OfficeWords) -> AnyView {
    let AlertView { id, account_id, kind, detail, raised_at, acknowledged, .. } = alert;
    let title = kind_words(kind, words);
    let name = move || app.inbox().account(account_id).map(|account| account.name);
    let tone = if acknowledged.is_some() { "quiet" } else { "bad" };
    view! {
        <li class="notice" data-tone=tone>
            {icon(Icon::Alert)}
            <div class="report">
                <strong>
                    <a href=Route::Account(account_id).href() dir="auto">{name}</a> ": " {title}
                </strong>
                <p>{said(&detail, app.lang)}</p>
                <p class="hint">
                    <Time at=raised_at style=Style::Ago />
                    {acknowledged
                        .as_ref()
                        .map(|seen| view! { " · " {fill(words.alert_seen_by, &[("name", &seen.by)])} })}
                </p>
            </div>
            {(manages && acknowledged.is_none())
                .then(|| {
                    view! {
                        <button type="button" class="button small" on:click=move |_| acknowledge(app, id)>
                            {words.alert_seen}
                        </button>
                    }
                })}
        </li>
    }
    .into_any()
}

fn acknowledge(app: App, id: AlertId) {
    spawn_local(async move {
        match api::acknowledge_alert(id).await {
            Ok(alert) => app.inbox().confirm(Payload::Alert(Box::new(alert))),
            Err(error) => app.complain(&error),
        }
    });
}
