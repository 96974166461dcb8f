//! Replaces what a number signs in with.

use balas_domain::AccountId;
use leptos::prelude::*;

use super::act::Act;
use crate::{
    api::{AccountAction, ApiError},
    state::use_app,
    ui::field::{Field, Kind},
};

/// A field that replaces something.
#[derive(Clone, Copy)]
struct New {
    name: &'static str,
    label: &'static str,
    help: &'static str,
    kind: Kind,
}

/// What was filled in, in the order of the fields.
type Filled = Vec<Option<String>>;

/// Token and app secret of a Cloud API number.
#[component]
pub(super) fn CloudSecrets(id: AccountId) -> impl IntoView {
    let words = use_app().office_words();
    let fields = vec![
        New { name: "token", label: words.field_token, help: words.help_token, kind: Kind::Secret },
        New {
            name: "app_secret",
            label: words.field_app_secret,
            help: words.help_app_secret,
            kind: Kind::Secret,
        },
    ];
    replace(id, words.account_secrets, fields, |filled| {
        let mut filled = filled.into_iter();
        let mut next = || filled.next().flatten();
        AccountAction::CloudSecrets { token: next(), app_secret: next() }
    })
}

/// Where a gateway is, and what it asks for.
#[component]
pub(super) fn GatewaySecrets(id: AccountId) -> impl IntoView {
    let words = use_app().office_words();
    let fields = vec![
        New { name: "base_url", label: words.field_base_url, help: words.help_base_url, kind: Kind::Text },
        New { name: "user", label: words.field_user, help: words.help_user, kind: Kind::Text },
        New { name: "password", label: words.field_password, help: words.help_password, kind: Kind::Secret },
        New {
            name: "webhook_secret",
            label: words.field_webhook_secret,
            help: words.help_webhook_secret,
            kind: Kind::Secret,
        },
    ];
    replace(id, words.account_gateway, fields, |filled| {
        let mut filled = filled.into_iter();
        let mut next = || filled.next().flatten();
        AccountAction::Gateway { base_url: next(), user: next(), password: next(), webhook_secret: next() }
    })
}

fn replace(
    id: AccountId,
    title: &'static str,
    fields: Vec<New>,
    action: fn(Filled) -> AccountAction,
) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let act = Act::new(id);
    let values = StoredValue::new(fields.iter().map(|_| RwSignal::new(String::new())).collect::<Vec<_>>());
    let refused = RwSignal::new(None::<ApiError>);
    let filled = move || -> Filled {
        let value =
            |value: &RwSignal<String>| Some(value.get().trim().to_owned()).filter(|value| !value.is_empty());
        values.with_value(|values| values.iter().map(value).collect())
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        refused.set(None);
        act.then(action(untrack(filled)), move |done| match done {
            Ok(()) => {
                values.try_with_value(|values| {
                    for value in values {
                        value.set(String::new());
                    }
                });
                app.toasts().good(words.saved);
            }
            Err(error @ ApiError::Fields(_)) => {
                refused.try_set(Some(error));
            }
            Err(error) => app.complain(&error),
        });
    };
    view! {
        <form class="section" on:submit=save>
            <header>
                <h2>{title}</h2>
                <p>{words.account_secrets_lead}</p>
            </header>
            {fields
                .into_iter()
                .enumerate()
                .map(|(at, New { name, label, help, kind })| {
                    let value = values.with_value(|values| values[at]);
                    let error = Signal::derive(move || refused.with(|r| r.as_ref()?.of_field(name, words)));
                    view! { <Field name=name label=label help=help kind=kind value=value error=error words=words /> }
                })
                .collect_view()}
            <div class="section-foot">
                <button class="button" disabled=move || act.busy() || filled().iter().all(Option::is_none)>
                    {words.save}
                </button>
            </div>
        </form>
    }
}
