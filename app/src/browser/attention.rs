//! How a new message asks for attention: the tab's title, a sound, a notification.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{AudioContext, Notification, NotificationOptions, NotificationPermission, OscillatorType};

use super::dom;

/// Writes the tab's title.
pub(crate) fn set_title(title: &str) {
    dom::document().set_title(title);
}

/// Two short, soft tones; nothing until the person has clicked or typed something. Browsers insist on that, and
/// complain of whoever tries before.
pub(crate) fn beep() {
    if !dom::window().navigator().user_activation().has_been_active() {
        return;
    }
    let Ok(audio) = AudioContext::new() else { return };
    let start = audio.current_time();
    for (offset, frequency) in [(0.0, 660.0_f32), (0.11, 880.0_f32)] {
        let (Ok(tone), Ok(volume)) = (audio.create_oscillator(), audio.create_gain()) else { return };
        tone.set_type(OscillatorType::Sine);
        tone.frequency().set_value(frequency);
        let from = start + offset;
        // Fading in and out keeps the ends from clicking.
        let gain = volume.gain();
        let _ = gain.set_value_at_time(0.0001, from);
        let _ = gain.exponential_ramp_to_value_at_time(0.08, from + 0.02);
        let _ = gain.exponential_ramp_to_value_at_time(0.0001, from + 0.16);
        let _ = tone.connect_with_audio_node(&volume);
        let _ = volume.connect_with_audio_node(&audio.destination());
        let _ = tone.start_with_when(from);
        let _ = tone.stop_with_when(from + 0.18);
    }
    // A page may hold only a few of them.
    leptos::prelude::set_timeout(
        move || {
            let _ = audio.close();
        },
        std::time::Duration::from_millis(600),
    );
}

/// Whether notifications may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// They may.
    Granted,
    /// The person has to be asked, from a click.
    Ask,
    /// The person has said no; only the browser's settings change that.
    Denied,
}

/// Whether notifications may be shown.
pub(crate) fn permission() -> Permission {
    let exists = js_sys::Reflect::has(&dom::window(), &"Notification".into()).unwrap_or(false);
    if !exists {
        return Permission::Denied;
    }
    match Notification::permission() {
        NotificationPermission::Granted => Permission::Granted,
        NotificationPermission::Denied => Permission::Denied,
        _ => Permission::Ask,
    }
}

/// Asks whether notifications may be shown. Only from a click, never at load.
pub(crate) async fn ask() -> Permission {
    if let Ok(promise) = Notification::request_permission() {
        let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
    }
    permission()
}

/// Shows a notification; a click on it brings the page forward and runs `open`.
pub(crate) fn notify(title: &str, text: &str, tag: &str, open: impl Fn() + 'static) {
    if permission() != Permission::Granted {
        return;
    }
    let options = NotificationOptions::new();
    options.set_body(text);
    options.set_icon("/favicon.svg");
    // The next message of the same conversation replaces the last one.
    options.set_tag(tag);
    let Ok(notification) = Notification::new_with_options(title, &options) else { return };
    let shown = notification.clone();
    let on_click = Closure::once_into_js(move || {
        let _ = dom::window().focus();
        open();
        shown.close();
    });
    notification.set_onclick(Some(on_click.unchecked_ref()));
}
