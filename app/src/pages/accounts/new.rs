//! Connects a number of Meta's Cloud API: what is needed, where to find it, and whether it works.

use balas_domain::{Random, form::CloudForm, view::CheckReport};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{self, ApiError, problem},
    browser::ambient::BrowserRandom,
    i18n::{Words, fill},
    route::Route,
    state::{sign_in_again, use_app},
    ui::{
        field::{Field, Kind},
        icon::{Icon, icon},
    },
};

const FIELDS: [&str; 6] = ["name", "phone_number_id", "waba_id", "token", "app_secret", "verify_token"];

/// The form.
#[component]
pub(super) fn NewAccount() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let values = FIELDS.map(|_| RwSignal::new(String::new()));
    let form = move || CloudForm {
        name: values[0].get(),
        phone_number_id: values[1].get().trim().to_owned(),
        waba_id: values[2].get().trim().to_owned(),
        token: values[3].get().trim().to_owned(),
        app_secret: values[4].get().trim().to_owned(),
        verify_token: values[5].get().trim().to_owned(),
    };
    // What is wrong is said when a field has been left, or when one tries to go on; and at once taken back.
    let left = FIELDS.map(|_| RwSignal::new(false));
    let refused = RwSignal::new(None::<(CloudForm, ApiError)>);
    let found = RwSignal::new(None::<CheckReport>);
    let busy = RwSignal::new(None::<Step>);

    let errors = Memo::new(move |_| form().validate());
    let error = move |at: usize| {
        Signal::derive(move || {
            let own = errors.with(|errors| {
                errors
                    .iter()
                    .find(|error| error.field == FIELDS[at])
                    .map(|error| problem(&error.problem, words))
            });
            if own.is_some() {
                return own.filter(|_| left[at].get());
            }
            // The server's word counts until the field is changed.
            refused.with(|refused| {
                let (tried, error) = refused.as_ref()?;
                let same = value_of(tried, at) == values[at].get().trim();
                let of = if FIELDS[at] == "phone_number_id" {
                    ApiError::of_unique_field
                } else {
                    ApiError::of_field
                };
                same.then(|| of(error, FIELDS[at], words))?
            })
        })
    };
    let leave = move |at: usize| {
        Callback::new(move |()| {
            if !values[at].with_untracked(String::is_empty) {
                left[at].set(true);
            }
        })
    };
    let ready = move || {
        for left in left {
            left.set(true);
        }
        errors.with_untracked(Vec::is_empty)
    };
    let test = move |_| {
        if !ready() || busy.get_untracked().is_some() {
            return;
        }
        let tried = untrack(form);
        busy.set(Some(Step::Testing));
        found.set(None);
        refused.set(None);
        spawn_local(async move {
            match api::check_cloud(tried.clone()).await {
                Ok(report) => {
                    found.try_set(Some(report));
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(error) => {
                    refused.try_set(Some((tried, error)));
                }
            }
            busy.try_set(None);
        });
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !ready() || busy.get_untracked().is_some() {
            return;
        }
        let tried = untrack(form);
        busy.set(Some(Step::Saving));
        refused.set(None);
        spawn_local(async move {
            match api::create_cloud(tried.clone()).await {
                Ok(account) => {
                    let id = account.id;
                    app.inbox().confirm(balas_domain::Payload::Account(Box::new(account)));
                    app.toasts().good(words.saved);
                    app.go(Route::Account(id));
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(error) => {
                    refused.try_set(Some((tried, error)));
                    busy.try_set(None);
                }
            }
        });
    };
    let make_token = move |_| values[5].set(random_word(24));
    view! {
        <div class="page">
            <header class="page-head">
                <div>
                    <a class="back-link" href="/accounts">{icon(Icon::Back)} {words.accounts_title}</a>
                    <h1>{words.account_new}</h1>
                    <p>{words.account_new_lead}</p>
                </div>
            </header>
            <form class="form" on:submit=save novalidate>
                <Field
                    name="name"
                    label=words.field_account_name
                    help=words.help_account_name
                    value=values[0]
                    error=error(0)
                    on_leave=leave(0)
                    words=words
                />
                <div class="two">
                    <Field
                        name="phone_number_id"
                        label=words.field_phone_number_id
                        help=words.help_phone_number_id
                        kind=Kind::Digits
                        value=values[1]
                        error=error(1)
                        on_leave=leave(1)
                        words=words
                    />
                    <Field
                        name="waba_id"
                        label=words.field_waba_id
                        help=words.help_waba_id
                        kind=Kind::Digits
                        value=values[2]
                        error=error(2)
                        on_leave=leave(2)
                        words=words
                    />
                </div>
                <Field
                    name="token"
                    label=words.field_token
                    help=words.help_token
                    kind=Kind::Secret
                    value=values[3]
                    error=error(3)
                    on_leave=leave(3)
                    words=words
                />
                <Field
                    name="app_secret"
                    label=words.field_app_secret
                    help=words.help_app_secret
                    kind=Kind::Secret
                    value=values[4]
                    error=error(4)
                    on_leave=leave(4)
                    words=words
                />
                <Field
                    name="verify_token"
                    label=words.field_verify_token
                    help=words.help_verify_token
                    kind=Kind::Secret
                    value=values[5]
                    error=error(5)
                    on_leave=leave(5)
                    words=words
                >
                    <button type="button" class="button quiet small" on:click=make_token>
                        {words.verify_token_make}
                    </button>
                </Field>
                <div aria-live="polite">
                    {move || found.get().map(|report| report_view(&report, words))}
                    {move || {
                        refused
                            .with(|refused| refused.as_ref().map(|(_, error)| error.words(words)))
                            .map(|text| {
                                view! {
                                    <div class="notice" data-tone="bad">
                                        {icon(Icon::Alert)}
                                        <div class="report">
                                            <strong>{words.check_failed}</strong>
                                            <p>{text}</p>
                                        </div>
                                    </div>
                                }
                            })
                    }}
                </div>
                <div class="form-foot">
                    <button class="button primary" disabled=move || busy.get().is_some()>
                        {move || if busy.get() == Some(Step::Saving) { words.saving } else { words.account_save }}
                    </button>
                    <button type="button" class="button" disabled=move || busy.get().is_some() on:click=test>
                        {move || if busy.get() == Some(Step::Testing) { words.testing } else { words.test_connection }}
                    </button>
                </div>
            </form>
        </div>
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Testing,
    Saving,
}

fn value_of(form: &CloudForm, at: usize) -> &str {
    match at {
        0 => form.name.trim(),
        1 => &form.phone_number_id,
        2 => &form.waba_id,
        3 => &form.token,
        4 => &form.app_secret,
        _ => &form.verify_token,
    }
}

/// What "test connection" found, in words.
fn report_view(report: &CheckReport, words: &'static Words) -> impl IntoView + use<> {
    let known = fill(words.check_ok, &[("phone", &report.phone), ("name", &report.name)]);
    let quality = report.quality.as_ref().map(|quality| fill(words.check_quality, &[("quality", quality)]));
    let tone = if report.subscribed { "good" } else { "warn" };
    view! {
        <div class="notice" data-tone=tone>
            {icon(if report.subscribed { Icon::Check } else { Icon::Info })}
            <div class="report">
                <strong>{known}</strong>
                {quality.map(|quality| view! { <p>{quality}</p> })}
                <p>{if report.subscribed { words.check_subscribed } else { words.check_not_subscribed }}</p>
            </div>
        </div>
    }
}

/// A word that nobody guesses, of letters that nobody confuses.
pub(crate) fn random_word(length: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
    let mut bytes = vec![0; length];
    BrowserRandom.fill(&mut bytes);
    bytes.iter().map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()] as char).collect()
}
