//! Makes a label, or gives one another name and colour.

use balas_domain::{
    LabelView, Payload,
    work::{LABEL_COLOURS, LabelForm},
};
use leptos::{prelude::*, task::spawn_local};

use super::{colour_words, is_full};
use crate::{
    api::{self, ApiError, problem},
    i18n::fill,
    state::{sign_in_again, use_app},
    ui::{
        field::Field,
        icon::{Icon, icon},
    },
};

/// The form within its dialog; `label` is the one that is changed, without one a label is made.
#[component]
pub(super) fn Edit(label: Option<LabelView>, open: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let id = label.as_ref().map(|label| label.id);
    let known = app.inbox().labels.with_untracked(Vec::len);
    let name = RwSignal::new(label.as_ref().map(|label| label.name.clone()).unwrap_or_default());
    // A new one in the next colour, as those that are made on the way are.
    let next = u8::try_from(known % usize::from(LABEL_COLOURS)).unwrap_or_default();
    let colour = RwSignal::new(label.map_or(next, |label| label.colour));
    let tried = RwSignal::new(false);
    let refused = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let form = move || LabelForm { name: name.get(), colour: colour.get() };
    let error = Signal::derive(move || {
        let own = form().validate().into_iter().find(|error| error.field == "name");
        match own {
            Some(own) => tried.get().then(|| problem(&own.problem, words)),
            None => refused.with(|refused| refused.as_ref()?.of_unique_field("name", words)),
        }
    });
    // What is refused for another name need not be for this one.
    Effect::new(move |before: Option<()>| {
        name.track();
        if before.is_some() {
            refused.set(None);
        }
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let form = untrack(form);
        if !form.validate().is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        refused.set(None);
        spawn_local(async move {
            let LabelForm { name, colour } = form;
            let done = match id {
                None => api::create_label(name, colour).await,
                Some(id) => api::change_label(id, name, colour).await,
            };
            match done {
                Ok(label) => {
                    let said = if id.is_some() { words.saved } else { words.label_made };
                    app.toasts().good(fill(said, &[("name", &label.name)]));
                    app.inbox().confirm(Payload::Label(Box::new(label)));
                    open.set(false);
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(error) => {
                    refused.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let trouble = move || {
        let full = id.is_none() && app.inbox().labels.with(|labels| is_full(labels.len()));
        refused.with(|refused| {
            let error = refused.as_ref().filter(|error| error.of_unique_field("name", words).is_none())?;
            let n = balas_domain::work::MAX_LABELS.to_string();
            Some(if full { fill(words.labels_full, &[("n", &n)]) } else { error.words(words) })
        })
    };
    view! {
        <form class="form" on:submit=save novalidate>
            <Field name="label-name" label=words.label_name value=name error=error words=words />
            <fieldset class="label-colours">
                <legend>{words.label_colour}</legend>
                <div class="swatches">
                    {(0..LABEL_COLOURS)
                        .map(|of| {
                            let class = format!("swatch hue-{of}");
                            let said = colour_words(of, words);
                            view! {
                                <input
                                    type="radio"
                                    name="label-colour"
                                    class=class
                                    value=of.to_string()
                                    aria-label=said
                                    title=said
                                    checked=colour.get_untracked() == of
                                    on:change=move |_| colour.set(of)
                                />
                            }
                        })
                        .collect_view()}
                </div>
            </fieldset>
            <p class="label-sample">
                <span class=move || format!("tag hue-{}", colour.get()) dir="auto">
                    {move || {
                        let name = form().clean_name();
                        if name.is_empty() { words.label_new.to_owned() } else { name }
                    }}
                </span>
            </p>
            {move || {
                trouble()
                    .map(|text| {
                        view! {
                            <p class="notice" data-tone="bad" role="alert">
                                {icon(Icon::Alert)}
                                <span>{text}</span>
                            </p>
                        }
                    })
            }}
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {words.cancel}
                </button>
                <button class="button primary" disabled=move || busy.get()>
                    {move || if busy.get() { words.saving } else { words.save }}
                </button>
            </div>
        </form>
    }
}
