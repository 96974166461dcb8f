//! A sticker, made of a picture. The server makes it; here one sees what it will show.

use balas_domain::file::kind_is_picture;
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    super::attach::{chosen, release},
    foot,
};
use crate::{
    browser::upload,
    state::{uploads::Chosen, use_app},
};

#[component]
pub(super) fn StickerForm(send: Callback<Chosen>, close: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.lang.add_words();
    let picked = RwSignal::new(None::<Chosen>);
    let wrong = RwSignal::new(false);
    let node = NodeRef::<html::Input>::new();
    let drop_picked = move || {
        if let Some(before) = picked.try_update(Option::take).flatten() {
            release(&before);
            upload::forget(before.id);
        }
    };
    // What is sent was taken out before.
    on_cleanup(drop_picked);
    let pick = move |_| {
        let Some(file) = node.get_untracked().and_then(|input| input.files()?.item(0)) else { return };
        drop_picked();
        let new = chosen(&file);
        let fits = kind_is_picture(&new.mime) && new.size > 0;
        wrong.set(!fits);
        if fits {
            upload::keep(new.id, file.unchecked_into());
            picked.set(Some(new));
        }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(sticker) = picked.try_update(Option::take).flatten() else { return };
        release(&sticker);
        send.run(sticker);
    };
    view! {
        <form class="dialog-form" on:submit=submit>
            <div class="field">
                <div class="field-head">
                    <label for="sticker">{words.sticker_picture}</label>
                </div>
                <input
                    node_ref=node
                    id="sticker"
                    class="input"
                    type="file"
                    accept="image/webp,image/png,image/jpeg"
                    aria-describedby="sticker-help"
                    on:change=pick
                />
                <p class="field-help" id="sticker-help">{words.sticker_help}</p>
                {move || wrong.get().then(|| view! { <p class="field-error" role="alert">{words.sticker_wrong}</p> })}
            </div>
            {move || {
                picked
                    .get()
                    .and_then(|sticker| sticker.picture)
                    .map(|picture| view! { <img class="sticker-preview" src=picture alt=words.sticker_preview /> })
            }}
            {foot(close, move || picked.with(Option::is_some))}
        </form>
    }
}
