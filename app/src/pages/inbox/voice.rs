//! Sound: a player with the shape of what is said, and how fast it is said.

use balas_domain::{FileView, MessageId};
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use super::file::{address, save_link};
use crate::{
    i18n::fill,
    state::use_app,
    ui::icon::{Icon, icon},
};

/// How fast it can be heard.
const SPEEDS: [(f64, &str); 3] = [(1.0, "1×"), (1.5, "1.5×"), (2.0, "2×")];

/// Plays the sound of a message, which is called so when it is saved.
#[component]
pub(super) fn Player(id: MessageId, file: FileView, name: String) -> impl IntoView {
    let app = use_app();
    let words = app.lang.file_words();
    let node = NodeRef::<html::Audio>::new();
    let playing = RwSignal::new(false);
    let broken = RwSignal::new(false);
    // Milliseconds; browsers tell how long it is once they have begun.
    let (at, length) = (RwSignal::new(0_u32), RwSignal::new(file.duration.unwrap_or(0)));
    let speed = RwSignal::new(0_usize);
    let bars = file.waveform;
    let play = move |_| {
        let Some(audio) = node.get_untracked() else { return };
        if playing.get_untracked() {
            let _ = audio.pause();
        } else {
            // Only one voice at a time.
            stop_others(&audio);
            audio.set_playback_rate(SPEEDS[speed.get_untracked()].0);
            if let Ok(begun) = audio.play() {
                // What cannot be played says so by an event as well.
                spawn_local(async move {
                    let _ = JsFuture::from(begun).await;
                });
            }
        }
    };
    let faster = move |_| {
        speed.update(|speed| *speed = (*speed + 1) % SPEEDS.len());
        if let Some(audio) = node.get_untracked() {
            audio.set_playback_rate(SPEEDS[speed.get_untracked()].0);
        }
    };
    let seek = move |event| {
        let wanted: u32 = event_target_value(&event).parse().unwrap_or(0);
        at.set(wanted);
        if let Some(audio) = node.get_untracked() {
            audio.set_current_time(f64::from(wanted) / 1_000.0);
        }
    };
    let moved = move |_| {
        if let Some(audio) = node.get_untracked() {
            at.set(milliseconds(audio.current_time()));
        }
    };
    let measured = move |_| {
        if let Some(audio) = node.get_untracked()
            && audio.duration().is_finite()
        {
            length.set(milliseconds(audio.duration()));
        }
    };
    let time = move || {
        let shown = if at.get() > 0 { at.get() } else { length.get() };
        clock(shown)
    };
    let count = bars.len();
    view! {
        <div class="player">
            <button
                type="button"
                class="icon-button"
                aria-label=move || if playing.get() { words.pause } else { words.play }
                on:click=play
            >
                {move || icon(if playing.get() { Icon::Pause } else { Icon::Play })}
            </button>
            <div class="player-line">
                <div class="player-bars" aria-hidden="true">
                    {bars
                        .into_iter()
                        .enumerate()
                        .map(|(n, bar)| {
                            let height = format!("--bar: {}%", bar.max(8));
                            let heard = move || {
                                let (at, length) = (u64::from(at.get()), u64::from(length.get().max(1)));
                                (at * count as u64 > n as u64 * length).then_some("")
                            };
                            view! { <span style=height data-heard=heard></span> }
                        })
                        .collect_view()}
                </div>
                <input
                    type="range"
                    min="0"
                    max=move || length.get().max(1)
                    step="100"
                    aria-label=words.position
                    aria-valuetext=time
                    prop:value=move || at.get()
                    on:input=seek
                />
            </div>
            <span class="player-time">{time}</span>
            <button
                type="button"
                class="button small"
                aria-label=move || fill(words.speed, &[("speed", SPEEDS[speed.get()].1)])
                on:click=faster
            >
                {move || SPEEDS[speed.get()].1}
            </button>
            <audio
                node_ref=node
                preload="none"
                src=address(id, "")
                on:play=move |_| playing.set(true)
                on:pause=move |_| playing.set(false)
                on:ended=move |_| at.set(0)
                on:timeupdate=moved
                on:loadedmetadata=measured
                on:error=move |_| broken.set(true)
            ></audio>
        </div>
        {move || {
            broken
                .get()
                .then(|| {
                    view! {
                        <p class="bubble-hint" role="status">{words.unplayable}</p>
                        {save_link(app, id, &name)}
                    }
                })
        }}
    }
}

fn milliseconds(seconds: f64) -> u32 {
    (seconds.max(0.0) * 1_000.0) as u32
}

/// Minutes and seconds.
pub(super) fn clock(milliseconds: u32) -> String {
    let seconds = milliseconds / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn stop_others(audio: &web_sys::HtmlAudioElement) {
    use wasm_bindgen::JsCast;
    let Ok(all) = crate::browser::dom::document().query_selector_all("audio") else { return };
    for n in 0..all.length() {
        if let Some(other) = all.item(n).and_then(|node| node.dyn_into::<web_sys::HtmlAudioElement>().ok())
            && other != *audio
        {
            let _ = other.pause();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_minutes_and_seconds() {
        assert_eq!(clock(0), "0:00");
        assert_eq!(clock(61_900), "1:01");
        assert_eq!(clock(3_600_000), "60:00");
    }
}
