//! A number that Balas itself keeps linked, in a browser on this server.

use balas_domain::form::BridgeForm;
use leptos::prelude::*;

use crate::{
    api,
    i18n::OfficeWords,
    pages::accounts::draft::{Draft, Plan, Text, Values},
    ui::{
        field::Kind,
        icon::{Icon, icon},
    },
};

static PLAN: Plan = Plan {
    fields: &["name", "phone"],
    unique: "phone",
    validate: |values| form(values).validate(),
    // No number can be asked before its browser runs; but whether one can run is known.
    check: Some(|_, words| {
        Box::pin(async move {
            api::check_bridge().await?;
            Ok(ready_view(words).into_any())
        })
    }),
    create: |values| Box::pin(api::create_bridge(form(&values))),
};

fn form(values: &Values) -> BridgeForm {
    BridgeForm { name: values[0].clone(), phone: values[1].clone() }
}

/// The form.
pub(super) fn bridge_form(words: &'static OfficeWords) -> AnyView {
    let draft = Draft::new(&PLAN);
    let text = |label, help| Text { label, help };
    let fields = view! {
        {draft.field("name", text(words.field_account_name, words.help_account_name), Kind::Text)}
        {draft.field("phone", text(words.field_phone, words.help_bridge_phone), Kind::Phone)}
    };
    draft.form(fields.into_any())
}

fn ready_view(words: &'static OfficeWords) -> impl IntoView + use<> {
    view! {
        <div class="notice" data-tone="good">
            {icon(Icon::Check)}
            <div class="report">
                <strong>{words.bridge_ok}</strong>
                <p>{words.gateway_not_linked}</p>
            </div>
        </div>
    }
}
