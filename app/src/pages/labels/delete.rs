//! Takes a label away, after having said what goes with it.

use balas_domain::LabelView;
use leptos::{prelude::*, task::spawn_local};

use super::{ADD, Uses, borne};
use crate::{
    api::{self, ApiError},
    browser::dom,
    i18n::{count, fill},
    state::{sign_in_again, use_app},
    ui::icon::{Icon, icon},
};

/// What is asked within its dialog.
#[component]
pub(super) fn Delete(label: LabelView, open: RwSignal<bool>, uses: Uses) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let (id, name) = (label.id, StoredValue::new(label.name));
    let refused = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let loss = move || {
        borne(uses, id).map(|n| match n {
            0 => words.label_delete_none.to_owned(),
            n => count(words.label_delete_one, words.label_delete_many, i64::from(n)),
        })
    };
    let delete = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        refused.set(None);
        spawn_local(async move {
            match api::delete_label(id).await {
                Ok(()) => {
                    app.toasts().good(fill(words.label_deleted, &[("name", &name.get_value())]));
                    open.set(false);
                    // Its own button is gone with it.
                    request_animation_frame(|| dom::focus(ADD));
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(error) => {
                    refused.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="form">
            <p dir="auto">{fill(words.label_delete_text, &[("name", &name.get_value())])} " " <strong>{loss}</strong></p>
            {move || {
                refused
                    .with(|refused| refused.as_ref().map(|error| error.words(words)))
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
                <button type="button" class="button danger" disabled=move || busy.get() on:click=delete>
                    {words.label_delete}
                </button>
            </div>
        </div>
    }
}
