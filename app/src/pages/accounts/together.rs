//! What is set for all numbers of the workspace together: whether they stand in for each other, and who is told when one
//! has trouble.

use balas_domain::{Seq, WorkspaceSettings, form::AlertWebhookForm};
use leptos::{prelude::*, task::spawn_local};

use super::{
    random_word,
    stored::{at_most, bound_text, follow, when_stored},
};
use crate::{
    api::{self, ApiError},
    state::{sign_in_again, use_app},
    ui::field::{Field, Kind},
};

/// The sections; nothing until it is known what is set, which the server says with the first page.
#[component]
pub(super) fn Together(known: Option<WorkspaceSettings>) -> impl IntoView {
    let app = use_app();
    let stored = RwSignal::new(known);
    let version = Memo::new(move |_| app.inbox().workspace.get().version);
    // The stream only says that something was set: all of it is for these pages alone.
    Effect::new(move |before: Option<Seq>| {
        let now = version.get();
        if before.map_or_else(|| stored.with_untracked(Option::is_none), |before| before != now) {
            spawn_local(async move {
                match api::workspace_settings().await {
                    Ok(found) => {
                        stored.try_set(Some(found));
                    }
                    Err(ApiError::SignedOut) => sign_in_again(),
                    // Who came for the numbers is not kept from them; coming back asks again.
                    Err(_) => {}
                }
            });
        }
        now
    });
    let known = Memo::new(move |_| stored.with(Option::is_some));
    move || {
        known.get().then(|| {
            view! {
                <General all=stored />
                <Webhook all=stored />
            }
        })
    }
}

#[component]
fn General(all: RwSignal<Option<WorkspaceSettings>>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let stored = Memo::new(move |_| all.get().unwrap_or_default());
    let begin = stored.get_untracked();
    let fall_back = RwSignal::new(begin.fall_back);
    let minutes = RwSignal::new(begin.alert_after_minutes.to_string());
    let emails = RwSignal::new(begin.alert_emails.join(", "));
    let chats = RwSignal::new(bound_text(begin.sync_chats));
    let days = RwSignal::new(bound_text(begin.sync_days));
    // All of it is sent, so what a colleague sets meanwhile must get in here, or it would be set back.
    when_stored(stored, move |before, now| {
        follow(fall_back, before.fall_back, now.fall_back);
        follow(minutes, before.alert_after_minutes.to_string(), now.alert_after_minutes.to_string());
        follow(emails, before.alert_emails.join(", "), now.alert_emails.join(", "));
        follow(chats, bound_text(before.sync_chats), bound_text(now.sync_chats));
        follow(days, bound_text(before.sync_days), bound_text(now.sync_days));
    });
    let refused = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    // As it would be stored; `None` while a number is none.
    let wanted = move || {
        let alert_after_minutes = minutes.with(|minutes| minutes.trim().parse().ok())?;
        let sync_chats = chats.with(|text| at_most(text)).ok()?;
        let sync_days = days.with(|text| at_most(text)).ok()?;
        let each = |text: &String| -> Vec<String> {
            text.split([',', ';', ' ']).map(str::trim).filter(|e| !e.is_empty()).map(str::to_owned).collect()
        };
        Some(WorkspaceSettings {
            fall_back: fall_back.get(),
            alert_after_minutes,
            alert_emails: emails.with(each),
            sync_chats,
            sync_days,
            ..stored.get()
        })
    };
    let error = move |field: &'static str| {
        Signal::derive(move || {
            let Some(wanted) = wanted() else {
                let bad = match field {
                    "alert_after_minutes" => minutes.with(|text| text.trim().parse::<u16>().is_err()),
                    "sync_chats" => chats.with(|text| at_most(text).is_err()),
                    "sync_days" => days.with(|text| at_most(text).is_err()),
                    _ => false,
                };
                return bad.then(|| words.problem_not_number.to_owned());
            };
            let own = wanted.validate().into_iter().find(|error| error.field == field);
            own.map(|error| crate::api::problem(&error.problem, words))
                .or_else(|| refused.with(|refused| refused.as_ref()?.of_field(field, words)))
        })
    };
    let ready = move || {
        wanted().is_some_and(|wanted| wanted.validate().is_empty() && stored.with(|stored| *stored != wanted))
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(wanted) = untrack(wanted).filter(|_| untrack(ready)) else { return };
        busy.set(true);
        refused.set(None);
        spawn_local(async move {
            match api::set_workspace_settings(wanted).await {
                Ok(now) => {
                    all.try_set(Some(now));
                    app.toasts().good(words.saved);
                }
                Err(error @ ApiError::Fields(_)) => {
                    refused.try_set(Some(error));
                }
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="section" on:submit=save novalidate>
            <header>
                <h2>{words.together_title}</h2>
            </header>
            <label class="switch">
                <span>
                    {words.field_fall_back}
                    <small class="field-help">{words.help_fall_back}</small>
                </span>
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=move || fall_back.get()
                    on:change=move |event| fall_back.set(event_target_checked(&event))
                />
            </label>
            <Field
                name="alert_after_minutes"
                label=words.field_alert_after
                help=words.help_alert_after
                kind=Kind::Digits
                value=minutes
                error=error("alert_after_minutes")
                words=words
            />
            <Field
                name="alert_emails"
                label=words.field_alert_emails
                help=words.help_alert_emails
                value=emails
                error=error("alert_emails")
                words=words
            />
            <Field
                name="sync_chats"
                label=words.field_sync_chats
                help=words.help_sync_chats
                kind=Kind::Digits
                value=chats
                error=error("sync_chats")
                words=words
            />
            <Field
                name="sync_days"
                label=words.field_sync_days
                help=words.help_sync_days
                kind=Kind::Digits
                value=days
                error=error("sync_days")
                words=words
            />
            <div class="section-foot">
                <button class="button" disabled=move || busy.get() || !ready()>
                    {words.save}
                </button>
            </div>
        </form>
    }
}

/// Where alerts are posted to. With its secret, which is never shown again.
#[component]
fn Webhook(all: RwSignal<Option<WorkspaceSettings>>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let stored = Memo::new(move |_| all.with(|all| all.as_ref()?.alert_webhook.clone()));
    let url = RwSignal::new(stored.get_untracked().unwrap_or_default());
    let secret = RwSignal::new(String::new());
    when_stored(stored, move |before, now| {
        follow(url, before.clone().unwrap_or_default(), now.clone().unwrap_or_default());
    });
    let refused = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let error = move |field: &'static str| {
        Signal::derive(move || refused.with(|refused| refused.as_ref()?.of_field(field, words)))
    };
    let set = move |form: Option<AlertWebhookForm>| {
        busy.set(true);
        refused.set(None);
        spawn_local(async move {
            match api::set_alert_webhook(form).await {
                Ok(now) => {
                    url.try_set(now.alert_webhook.clone().unwrap_or_default());
                    secret.try_set(String::new());
                    all.try_set(Some(now));
                    app.toasts().good(words.saved);
                }
                Err(error @ ApiError::Fields(_)) => {
                    refused.try_set(Some(error));
                }
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (url, secret) = (url.get_untracked(), secret.get_untracked());
        set(Some(AlertWebhookForm { url: url.trim().to_owned(), secret: secret.trim().to_owned() }));
    };
    view! {
        <form class="section" on:submit=save novalidate>
            <header>
                <h2>{words.alert_webhook_title}</h2>
                <p>{words.alert_webhook_lead}</p>
            </header>
            <Field
                name="alert_webhook"
                label=words.field_alert_webhook
                value=url
                error=error("alert_webhook")
                words=words
            />
            <Field
                name="alert_webhook_secret"
                label=words.field_alert_secret
                help=words.help_alert_secret
                kind=Kind::Secret
                value=secret
                error=error("alert_webhook_secret")
                words=words
            >
                <button type="button" class="button quiet small" on:click=move |_| secret.set(random_word(32))>
                    {words.word_make}
                </button>
            </Field>
            <div class="section-foot">
                <button
                    class="button"
                    disabled=move || busy.get() || url.with(String::is_empty) || secret.with(String::is_empty)
                >
                    {words.save}
                </button>
                {move || {
                    stored
                        .with(Option::is_some)
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="button danger-quiet"
                                    disabled=move || busy.get()
                                    on:click=move |_| set(None)
                                >
                                    {words.alert_webhook_end}
                                </button>
                            }
                        })
                }}
            </div>
        </form>
    }
}
