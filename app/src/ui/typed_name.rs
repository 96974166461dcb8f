//! What cannot be undone is asked for by typing the name of what it is about.

use leptos::prelude::*;

use super::field::Field;
use crate::state::use_app;

/// A form that is ready once the name was typed, and then tells what was typed. `busy` while it is being done.
#[component]
pub(crate) fn TypedName(
    /// What has to be typed.
    name: String,
    /// The field's own name, unique on the page, and its label.
    field: &'static str,
    #[prop(into)] label: String,
    /// On the button.
    confirm: &'static str,
    open: RwSignal<bool>,
    busy: RwSignal<bool>,
    confirmed: Callback<String>,
    /// What will happen.
    children: Children,
) -> impl IntoView {
    let words = use_app().words;
    let typed = RwSignal::new(String::new());
    let matches = Memo::new(move |_| typed.with(|typed| typed.trim() == name.trim()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !matches.get_untracked() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        confirmed.run(typed.get_untracked());
    };
    view! {
        <form class="form" on:submit=submit>
            {children()}
            <Field name=field label=label value=typed words=words />
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {words.cancel}
                </button>
                <button class="button danger" disabled=move || busy.get() || !matches.get()>
                    {confirm}
                </button>
            </div>
        </form>
    }
}
