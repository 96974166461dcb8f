//! Sending a place: from a map's link or from coordinates.

use balas_domain::{Content, place};
use leptos::prelude::*;

use super::{
    super::content::{degrees, map_link},
    foot,
};
use crate::{state::use_app, ui::field::Field};

#[component]
pub(super) fn PlaceForm(
    /// What it begins with.
    begun: Option<Content>,
    /// Name and address go along.
    named: bool,
    send: Callback<Content>,
    close: RwSignal<bool>,
) -> impl IntoView {
    let app = use_app();
    let words = app.lang.add_words();
    let (spot, called, at) = match begun {
        Some(Content::Location { latitude, longitude, name, address }) => {
            let spot = format!("{}, {}", degrees(latitude), degrees(longitude));
            (spot, name.unwrap_or_default(), address.unwrap_or_default())
        }
        _ => Default::default(),
    };
    let (spot, name, address) = (RwSignal::new(spot), RwSignal::new(called), RwSignal::new(at));
    let left = RwSignal::new(false);
    let found = Memo::new(move |_| spot.with(|spot| place::find(spot)));
    // Said once the field is left, or a whole link was pasted.
    let error = Signal::derive(move || {
        let wrong = found.get().is_none() && spot.with(|spot| !spot.trim().is_empty());
        (wrong && (left.get() || spot.with(|spot| spot.contains("://"))))
            .then(|| words.place_wrong.to_owned())
    });
    let submit = move || {
        let Some((latitude, longitude)) = found.get_untracked() else {
            left.set(true);
            return;
        };
        let line = |text: RwSignal<String>| {
            Some(text.get_untracked().trim().to_owned()).filter(|t| named && !t.is_empty())
        };
        send.run(Content::Location { latitude, longitude, name: line(name), address: line(address) });
    };
    view! {
        <form
            class="dialog-form"
            on:submit=move |event| {
                event.prevent_default();
                submit();
            }
        >
            <Field
                name="place"
                label=words.place_where
                value=spot
                help=words.place_help
                error=error
                on_leave=Callback::new(move |()| left.set(true))
                words=app.words
            />
            {move || found.get().map(|(latitude, longitude)| map_link(latitude, longitude, app.words))}
            {if named {
                view! {
                    <Field name="place-name" label=words.place_name value=name words=app.words />
                    <Field name="place-address" label=words.place_address value=address words=app.words />
                }
                    .into_any()
            } else {
                view! { <p class="hint">{words.place_bare}</p> }.into_any()
            }}
            {foot(close, move || found.get().is_some())}
        </form>
    }
}
