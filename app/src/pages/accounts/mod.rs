//! The connected numbers.

mod act;
mod alerts;
mod batch;
mod card;
mod confirm;
mod connection;
mod delete;
mod detail;
mod devices;
mod draft;
mod history;
mod link;
mod list;
mod new;
mod secrets;
mod settings;
mod setup;
mod stored;
mod together;
mod usage;

use balas_domain::{Permission, Random, view::ProviderKind};
use leptos::prelude::*;

use super::missing::Missing;
use crate::{
    api::ApiError,
    browser::ambient::BrowserRandom,
    i18n::{OfficeWords, said::said},
    route::Route,
    state::{App, use_app},
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
        Route::Accounts if app.may(Permission::ReadAccounts) => view! { <list::List /> }.into_any(),
        _ => view! { <Missing /> }.into_any(),
    }
}

/// What went wrong, in the page's language.
fn error_words(app: App, error: &ApiError) -> String {
    said(&error.words(app.office_words()), app.lang)
}

/// Says what went wrong.
fn complain(app: App, error: &ApiError) {
    if *error == ApiError::SignedOut {
        app.complain(error);
    } else {
        app.toasts().bad(error_words(app, error));
    }
}

/// How a number is connected, in words.
const fn provider_words(provider: ProviderKind, words: &OfficeWords) -> &'static str {
    match provider {
        ProviderKind::Cloud => words.provider_cloud,
        ProviderKind::Gateway => words.provider_gateway,
        ProviderKind::Bridge => words.provider_bridge,
    }
}

/// A word that nobody guesses, of letters that nobody confuses.
pub(crate) fn random_word(length: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
    let mut bytes = vec![0; length];
    BrowserRandom.fill(&mut bytes);
    bytes.iter().map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()] as char).collect()
}
