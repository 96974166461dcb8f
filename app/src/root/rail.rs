//! The rail: where one can go.

use balas_domain::Permission;
use leptos::prelude::*;

use super::{Sheets, preferences::Preferences};
use crate::{
    route::{Route, Section},
    state::{App, use_app},
    ui::icon::{Icon, icon},
};

/// The rail at the side; at the bottom on a phone.
#[component]
pub(super) fn Rail() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let sheets = expect_context::<Sheets>();
    let link = move |section: Section, route: Route, sign: Icon, label: &'static str| {
        let current = move || app.route.with(|route| route.section() == section).then_some("page");
        view! {
            <a class="rail-link" href=route.href() aria-current=current>
                {icon(sign)}
                <span class="rail-label">{label}</span>
                {matches!(section, Section::Inbox | Section::Accounts)
                    .then(|| {
                        let tone = (section == Section::Accounts).then_some("bad");
                        view! {
                            <span class="rail-count" data-tone=tone aria-hidden="true">
                                {move || {
                                    let n = if section == Section::Inbox {
                                        app.inbox().unread()
                                    } else {
                                        new_alerts(app)
                                    };
                                    (n > 0).then(|| if n > 99 { "99+".to_owned() } else { n.to_string() })
                                }}
                            </span>
                        }
                    })}
            </a>
        }
    };
    view! {
        <nav class="rail" aria-label=words.nav_label>
            <a class="rail-mark" href="/inbox" aria-label=words.app_name>
                <img src="/favicon.svg" alt="" width="28" height="28" />
            </a>
            {link(Section::Inbox, Route::inbox(), Icon::Inbox, words.nav_inbox)}
            {app
                .may(Permission::ReadConversations)
                .then(|| link(Section::Contacts, Route::Contacts { q: String::new() }, Icon::Contacts, words.nav_contacts))}
            {app
                .may(Permission::ReadAccounts)
                .then(|| link(Section::Accounts, Route::Accounts, Icon::Accounts, words.nav_accounts))}
            {app
                .may(Permission::ReadMembers)
                .then(|| link(Section::Members, Route::Members, Icon::Members, words.nav_members))}
            {app
                .may(Permission::ManageLabels)
                .then(|| link(Section::Labels, Route::Labels, Icon::Tag, words.labels))}
            <span class="rail-space"></span>
            <button type="button" class="rail-link rail-help" on:click=move |_| sheets.help.set(true)>
                {icon(Icon::Help)}
                <span class="rail-label">{words.help_title}</span>
            </button>
            <Preferences />
        </nav>
    }
}

/// Alerts that nobody has taken note of.
fn new_alerts(app: App) -> u32 {
    let new =
        app.inbox().alerts.with(|alerts| alerts.iter().filter(|alert| alert.acknowledged.is_none()).count());
    u32::try_from(new).unwrap_or(u32::MAX)
}
