//! A number that Balas itself keeps linked, in a browser on this server.

use balas_domain::form::BridgeForm;
use leptos::prelude::*;

use crate::{
    api,
    i18n::OfficeWords,
    pages::accounts::draft::{Draft, Plan, Text, Values},
    ui::field::Kind,
};

static PLAN: Plan = Plan {
    fields: &["name", "phone"],
    unique: "phone",
    validate: |values| form(values).validate(),
    // There is nothing that could be asked before its browser runs.
    check: None,
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
