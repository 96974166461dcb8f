//! Recording a voice message with the browser's own recorder.

use std::cell::RefCell;

use balas_domain::{MessageId, Timestamp};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobEvent, MediaRecorder, MediaRecorderOptions, MediaStream, MediaStreamConstraints,
    MediaStreamTrack,
};

use super::voice::clock;
use crate::{
    browser::{
        ambient::{self, BrowserRandom},
        dom, timer, upload,
    },
    i18n::fill,
    state::{App, uploads::Chosen, use_app},
    ui::icon::{Icon, icon},
};

/// What browsers record, the best for us first: `WhatsApp` plays Opus.
const FORMATS: [&str; 3] = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
/// Longest recording: nobody listens to more.
const LONGEST: u32 = 15 * 60 * 1_000;

thread_local! {
    static RECORDING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// A recording that goes on. Only browsers have such values, and no signal can carry them.
struct Running {
    recorder: MediaRecorder,
    stream: MediaStream,
    _heard: Closure<dyn FnMut(BlobEvent)>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The browser shows that the microphone listens, so it must not listen longer than it has to.
        for track in self.stream.get_tracks() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
    }
}

/// The state of recording.
#[derive(Clone, Copy)]
pub(super) struct Recorder {
    since: RwSignal<Option<Timestamp>>,
    length: RwSignal<u32>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        let recorder = Self { since: RwSignal::new(None), length: RwSignal::new(0) };
        on_cleanup(|| {
            RECORDING.with_borrow_mut(Option::take);
        });
        recorder
    }

    pub(super) fn is_on(self) -> bool {
        self.since.get().is_some()
    }

    /// How often this time has passed while recording; `None` while nothing is recorded.
    pub(super) fn times(self, period: std::time::Duration) -> Option<u32> {
        let period = u32::try_from(period.as_millis()).unwrap_or(u32::MAX).max(1);
        self.is_on().then(|| self.length.get() / period)
    }

    /// Asks for the microphone and begins. `done` gets what was recorded, if it is to be sent.
    fn begin(self, app: App, done: impl Fn(Chosen) + Clone + 'static) {
        spawn_local(async move {
            let Ok(stream) = microphone().await else {
                app.toasts().bad(app.lang.file_words().no_microphone.to_owned());
                return;
            };
            let options = MediaRecorderOptions::new();
            let format = FORMATS.into_iter().find(|format| MediaRecorder::is_type_supported(format));
            if let Some(format) = format {
                options.set_mime_type(format);
            }
            options.set_audio_bits_per_second(32_000);
            let made = MediaRecorder::new_with_media_stream_and_media_recorder_options(&stream, &options);
            let Ok(recorder) = made else {
                app.toasts().bad(app.lang.file_words().no_microphone.to_owned());
                return;
            };
            // Without a time slice there is one piece, when it ends.
            let heard = Closure::<dyn FnMut(BlobEvent)>::new(move |event: BlobEvent| {
                let Some(blob) = event.data().filter(|blob| blob.size() > 0.0) else { return };
                done(chosen(&blob));
            });
            recorder.set_ondataavailable(Some(heard.as_ref().unchecked_ref()));
            if recorder.start().is_err() {
                app.toasts().bad(app.lang.file_words().no_microphone.to_owned());
                return;
            }
            RECORDING.with_borrow_mut(|running| *running = Some(Running { recorder, stream, _heard: heard }));
            self.length.set(0);
            self.since.set(Some(ambient::now()));
            self.count().await;
        });
    }

    async fn count(self) {
        while let Some(since) = self.since.try_get_untracked().flatten() {
            let length = u32::try_from(ambient::now().since(since).as_millis()).unwrap_or(u32::MAX);
            self.length.set(length);
            if length >= LONGEST {
                self.send();
                return;
            }
            timer::sleep(std::time::Duration::from_millis(250)).await;
        }
    }

    /// Ends it, and what was recorded goes out.
    fn send(self) {
        self.since.set(None);
        RECORDING.with_borrow(|running| {
            if let Some(running) = running {
                let _ = running.recorder.stop();
            }
        });
        // The last piece comes a moment later.
        spawn_local(async {
            timer::sleep(std::time::Duration::from_secs(2)).await;
            RECORDING.with_borrow_mut(|running| {
                running.take_if(|running| running.recorder.state() == web_sys::RecordingState::Inactive)
            });
        });
        dom::focus("composer");
    }

    fn discard(self) {
        self.since.set(None);
        RECORDING.with_borrow_mut(|running| {
            if let Some(running) = running.take() {
                running.recorder.set_ondataavailable(None);
                let _ = running.recorder.stop();
            }
        });
        dom::focus("composer");
    }
}

async fn microphone() -> Result<MediaStream, JsValue> {
    let constraints = MediaStreamConstraints::new();
    constraints.set_audio(&JsValue::TRUE);
    let devices = dom::window().navigator().media_devices()?;
    let stream = JsFuture::from(devices.get_user_media_with_constraints(&constraints)?).await?;
    stream.dyn_into()
}

fn chosen(blob: &Blob) -> Chosen {
    let id = MessageId::new(ambient::now(), &BrowserRandom);
    let mime = balas_domain::media::canonical(&blob.type_());
    upload::keep(id, blob.clone());
    let ending = balas_domain::media::ending(&mime).unwrap_or("ogg");
    Chosen { id, name: format!("voice.{ending}"), mime, size: blob.size() as u64, picture: None }
}

/// The button that begins a recording.
pub(super) fn record_button(
    recorder: Recorder,
    done: impl Fn(Chosen) + Clone + Send + Sync + 'static,
) -> AnyView {
    let app = use_app();
    let words = app.lang.file_words();
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=words.record
            title=words.record
            on:click=move |_| recorder.begin(app, done.clone())
        >
            {icon(Icon::Mic)}
        </button>
    }
    .into_any()
}

/// What stands in the composer's place while one speaks.
pub(super) fn recording_bar(recorder: Recorder) -> AnyView {
    let words = use_app().lang.file_words();
    view! {
        <div class="recording">
            <button
                type="button"
                class="icon-button"
                aria-label=words.record_drop
                title=words.record_drop
                on:click=move |_| recorder.discard()
            >
                {icon(Icon::Trash)}
            </button>
            <p role="timer">
                <span class="recording-dot" aria-hidden="true"></span>
                {move || fill(words.recording, &[("time", &clock(recorder.length.get()))])}
            </p>
            <button
                type="button"
                class="button primary send"
                aria-label=words.record_send
                title=words.record_send
                on:click=move |_| recorder.send()
            >
                {icon(Icon::Send)}
            </button>
        </div>
    }
    .into_any()
}
