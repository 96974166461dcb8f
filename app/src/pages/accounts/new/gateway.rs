//! A number that a gateway (GOWA) keeps linked.

use balas_domain::{form::GatewayForm, view::GatewayReport};
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
    fields: &["name", "phone", "base_url", "user", "password", "webhook_secret", "device_id"],
    unique: "phone",
    validate: |values| form(values).validate(),
    check: Some(|values, words| {
        Box::pin(async move { Ok(report_view(&api::check_gateway(form(&values)).await?, words).into_any()) })
    }),
    create: |values| Box::pin(api::create_gateway(form(&values))),
};

fn form(values: &Values) -> GatewayForm {
    GatewayForm {
        name: values[0].clone(),
        phone: values[1].clone(),
        base_url: values[2].clone(),
        user: values[3].clone(),
        password: values[4].clone(),
        webhook_secret: values[5].clone(),
        device_id: values[6].clone(),
    }
}

/// The form.
pub(super) fn gateway_form(words: &'static OfficeWords) -> AnyView {
    let draft = Draft::new(&PLAN);
    let make_secret = move |_| draft.value("webhook_secret").set(random_word(32));
    let text = |label, help| Text { label, help };
    let fields = view! {
        <div class="two">
            {draft.field("name", text(words.field_account_name, words.help_account_name), Kind::Text)}
            {draft.field("phone", text(words.field_phone, words.help_phone), Kind::Phone)}
        </div>
        {draft.field("base_url", text(words.field_base_url, words.help_base_url), Kind::Text)}
        <div class="two">
            {draft.field("user", text(words.field_user, words.help_user), Kind::Text)}
            {draft.field("password", text(words.field_password, words.help_password), Kind::Secret)}
        </div>
        {draft
            .field_with(
                "webhook_secret",
                text(words.field_webhook_secret, words.help_webhook_secret),
                Kind::Secret,
                move || {
                    view! {
                        <button type="button" class="button quiet small" on:click=make_secret>
                            {words.word_make}
                        </button>
                    }
                        .into_any()
                },
            )}
        {draft.field("device_id", text(words.field_device, words.help_device), Kind::Text)}
    };
    draft.form(fields.into_any())
}

/// What "test connection" found, in words.
fn report_view(report: &GatewayReport, words: &'static OfficeWords) -> impl IntoView + use<> {
    let known = match &report.version {
        Some(version) => fill(words.gateway_ok, &[("version", version)]),
        None => words.gateway_ok_unknown.to_owned(),
    };
    let linked = match &report.linked {
        Some(phone) => fill(words.gateway_linked, &[("phone", phone)]),
        None => words.gateway_not_linked.to_owned(),
    };
    view! {
        <div class="notice" data-tone="good">
            {icon(Icon::Check)}
            <div class="report">
                <strong>{known}</strong>
                <p>{if report.slots { words.gateway_slots } else { words.gateway_one }}</p>
                <p>{linked}</p>
            </div>
        </div>
    }
}
