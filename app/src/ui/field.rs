//! A field of a form: label, help, what is wrong, and the input itself.

use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::i18n::Words;

/// What kind of text goes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    #[default]
    Text,
    /// Digits.
    Digits,
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// Hidden unless asked for.
    Secret,
}

/// One line of text.
#[component]
pub(crate) fn Field(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional)] kind: Kind,
    #[prop(optional, into)] help: Option<String>,
    #[prop(default = Signal::stored(None), into)] error: Signal<Option<String>>,
    /// Told when the field is left: what is wrong is said then, not while typing.
    #[prop(optional, into)]
    on_leave: Option<Callback<()>>,
    #[prop(default = "off")] autocomplete: &'static str,
    words: &'static Words,
    /// Beside the label, e.g. a button that makes a value.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let id = format!("field-{name}");
    let (help_id, error_id) = (format!("{id}-help"), format!("{id}-error"));
    let described = {
        let (help_id, error_id) = (help.as_ref().map(|_| help_id.clone()), error_id.clone());
        move || {
            let error = error.with(Option::is_some).then(|| error_id.clone());
            let both: Vec<String> = [help_id.clone(), error].into_iter().flatten().collect();
            (!both.is_empty()).then(|| both.join(" "))
        }
    };
    let input_type = move || match kind {
        Kind::Email => "email",
        Kind::Phone => "tel",
        Kind::Secret if !shown.get() => "password",
        _ => "text",
    };
    let inputmode = match kind {
        Kind::Digits => "numeric",
        Kind::Email => "email",
        Kind::Phone => "tel",
        _ => "text",
    };
    let reveal = (kind == Kind::Secret).then(|| {
        let label = move || if shown.get() { words.conceal } else { words.reveal };
        view! {
            <button
                type="button"
                class="icon-button field-reveal"
                aria-label=label
                title=label
                on:click=move |_| shown.update(|shown| *shown = !*shown)
            >
                {move || icon(if shown.get() { Icon::EyeOff } else { Icon::Eye })}
            </button>
        }
    });
    view! {
        <div class="field" data-invalid=move || error.with(Option::is_some).then_some("")>
            <div class="field-head">
                <label for=id.clone()>{label}</label>
                {children.map(|children| children())}
            </div>
            <div class="field-line">
                <input
                    id=id
                    name=name
                    type=input_type
                    inputmode=inputmode
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    prop:value=move || value.get()
                    value=value.get_untracked()
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=described
                    on:input=move |event| value.set(event_target_value(&event))
                    on:blur=move |_| {
                        if let Some(on_leave) = on_leave {
                            on_leave.run(());
                        }
                    }
                />
                {reveal}
            </div>
            {help.map(|help| view! { <p class="field-help" id=help_id>{help}</p> })}
            // Always there, so that screen readers notice when words appear in it.
            <p class="field-error" id=error_id aria-live="polite">
                {move || error.get()}
            </p>
        </div>
    }
}
