//! Small marks: the state of a number, a count, a role.

use balas_domain::{AccountStatus, Role};
use leptos::prelude::*;

use crate::i18n::Words;

/// The words for the state of a number.
pub(crate) const fn account_words(status: AccountStatus, words: &Words) -> &'static str {
    match status {
        AccountStatus::Idle => words.account_idle,
        AccountStatus::Loading => words.account_loading,
        AccountStatus::Qr => words.account_qr,
        AccountStatus::Pairing => words.account_pairing,
        AccountStatus::Authenticated => words.account_authenticated,
        AccountStatus::Ready => words.account_ready,
        AccountStatus::Disconnected => words.account_disconnected,
        AccountStatus::Error => words.account_error,
    }
}

/// The state of a number.
#[component]
pub(crate) fn AccountBadge(status: AccountStatus, words: &'static Words) -> impl IntoView {
    let tone = match status {
        AccountStatus::Ready => "good",
        AccountStatus::Idle => "quiet",
        AccountStatus::Error => "bad",
        AccountStatus::Disconnected => "warn",
        _ => "busy",
    };
    view! { <span class="badge" data-tone=tone>{account_words(status, words)}</span> }
}

/// The word for a role.
pub(crate) const fn role_words(role: Role, words: &Words) -> &'static str {
    match role {
        Role::Agent => words.role_agent,
        Role::Supervisor => words.role_supervisor,
        Role::Admin => words.role_admin,
        Role::Owner => words.role_owner,
    }
}

/// What a role may do, in a sentence.
pub(crate) const fn role_sentence(role: Role, words: &Words) -> &'static str {
    match role {
        Role::Agent => words.role_agent_text,
        Role::Supervisor => words.role_supervisor_text,
        Role::Admin => words.role_admin_text,
        Role::Owner => words.role_owner_text,
    }
}

/// Unread messages: as a number, and in words for who does not see it.
#[component]
pub(crate) fn Unread(count: i32, words: &'static Words) -> impl IntoView {
    let shown = if count > 99 { "99+".to_owned() } else { count.to_string() };
    let said = crate::i18n::count(words.unread_one, words.unread_many, i64::from(count));
    view! {
        <span class="unread">
            <span aria-hidden="true">{shown}</span>
            <span class="visually-hidden">{said}</span>
        </span>
    }
}
