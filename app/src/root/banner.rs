//! Says when the page has lost the server, and when it has found it again. It lies above the page and moves
//! nothing.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    browser::timer::Debounce,
    i18n::count,
    state::{live::Link, use_app},
    ui::icon::{Icon, icon},
};

/// How long the good news stays.
const GOOD_NEWS: Duration = Duration::from_secs(4);

/// The banner.
#[component]
pub(super) fn Banner() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let returned = RwSignal::new(false);
    let hide = Debounce::new(GOOD_NEWS);
    Effect::new(move |before: Option<u32>| {
        let now = app.live().returns.get();
        if before.is_some_and(|before| before != now) {
            returned.set(true);
            hide.run(move || returned.set(false));
        }
        now
    });
    let waiting = move || {
        let n = app.sending().outbox.with(crate::state::outbox::Outbox::len);
        (n > 0).then(|| count(words.offline_waiting_one, words.offline_waiting_many, n as i64))
    };
    view! {
        <div class="banner-place" role="status" aria-live="polite">
            {move || match (app.live().link.get(), returned.get()) {
                (Link::Offline, _) => {
                    view! {
                        <div class="banner" data-tone="warn">
                            {icon(Icon::WifiOff)}
                            <p>{words.offline} " " {waiting}</p>
                            <button type="button" class="button" on:click=move |_| app.live().wake()>
                                {words.reconnect_now}
                            </button>
                        </div>
                    }
                        .into_any()
                }
                (_, true) => {
                    view! {
                        <div class="banner" data-tone="good">
                            {icon(Icon::Check)}
                            <p>{words.back_online}</p>
                        </div>
                    }
                        .into_any()
                }
                _ => ().into_any(),
            }}
        </div>
    }
}
