//! A number of Meta's Cloud API: what is needed, where to find it, and whether it works.

use balas_domain::{form::CloudForm, view::CheckReport};
use leptos::prelude::*;

use crate::{
    api,
    i18n::{OfficeWords, fill},
    pages::accounts::{
        draft::{Draft, Plan, Text, Values},
        random_word,
    },
    ui::{
        field::Kind,
        icon::{Icon, icon},
    },
};

static PLAN: Plan = Plan {
    fields: &["name", "phone_number_id", "waba_id", "token", "app_secret", "verify_token"],
    unique: "phone_number_id",
    validate: |values| form(values).validate(),
    check: Some(|values, words| {
        Box::pin(async move { Ok(report_view(&api::check_cloud(form(&values)).await?, words).into_any()) })
    }),
    create: |values| Box::pin(api::create_cloud(form(&values))),
};

fn form(values: &Values) -> CloudForm {
    CloudForm {
        name: values[0].clone(),
        phone_number_id: values[1].clone(),
        waba_id: values[2].clone(),
        token: values[3].clone(),
        app_secret: values[4].clone(),
        verify_token: values[5].clone(),
    }
}

/// The form.
pub(super) fn cloud_form(words: &'static OfficeWords) -> AnyView {
    let draft = Draft::new(&PLAN);
    let make_token = move |_| draft.value("verify_token").set(random_word(24));
    let text = |label, help| Text { label, help };
    let fields = view! {
        <p class="hint">{words.account_new_lead}</p>
        {draft.field("name", text(words.field_account_name, words.help_account_name), Kind::Text)}
        <div class="two">
            {draft.field("phone_number_id", text(words.field_phone_number_id, words.help_phone_number_id), Kind::Digits)}
            {draft.field("waba_id", text(words.field_waba_id, words.help_waba_id), Kind::Digits)}
        </div>
        {draft.field("token", text(words.field_token, words.help_token), Kind::Secret)}
        {draft.field("app_secret", text(words.field_app_secret, words.help_app_secret), Kind::Secret)}
        {draft
            .field_with(
                "verify_token",
                text(words.field_verify_token, words.help_verify_token),
                Kind::Secret,
                move || {
                    view! {
                        <button type="button" class="button quiet small" on:click=make_token>
                            {words.word_make}
                        </button>
                    }
                        .into_any()
                },
            )}
    };
    draft.form(fields.into_any())
}

/// What "test connection" found, in words.
fn report_view(report: &CheckReport, words: &'static OfficeWords) -> impl IntoView + use<> {
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
