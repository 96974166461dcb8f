//! Choosing files to send: by the button, by pasting, or dropped on the thread. They lie in a tray above the composer until
//! they are sent.

use balas_domain::{
    MessageId,
    file::{kind_is_picture, size_words},
    media::{self, FileFacts, MediaRefusal, Wish},
    view::ProviderKind,
};
use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    browser::{
        ambient::{self, BrowserRandom},
        dom, upload,
    },
    i18n::fill,
    state::{App, uploads::Chosen, use_app},
    ui::icon::{Icon, icon},
};

/// So many files at once at most.
const MOST: usize = 30;

/// Files that are chosen and not sent yet.
#[derive(Clone, Copy)]
pub(super) struct Tray {
    pub(super) files: RwSignal<Vec<Chosen>>,
    pub(super) as_documents: RwSignal<bool>,
}

impl Tray {
    pub(super) fn new() -> Self {
        let tray = Self { files: RwSignal::new(Vec::new()), as_documents: RwSignal::new(false) };
        // Whoever leaves the conversation leaves them.
        on_cleanup(move || tray.clear());
        tray
    }

    pub(super) fn is_empty(self) -> bool {
        self.files.with(Vec::is_empty)
    }

    /// Takes them out, to be sent.
    pub(super) fn take(self) -> (Vec<Chosen>, Wish) {
        let files = self.files.try_update(std::mem::take).unwrap_or_default();
        for file in &files {
            release(file);
        }
        let wish = if self.as_documents.get_untracked() { Wish::Document } else { Wish::Natural };
        self.as_documents.set(false);
        (files, wish)
    }

    fn clear(self) {
        for file in self.files.try_update(std::mem::take).unwrap_or_default() {
            release(&file);
            upload::forget(file.id);
        }
    }

    fn remove(self, id: MessageId) {
        self.files.update(|files| {
            if let Some(at) = files.iter().position(|file| file.id == id) {
                release(&files.remove(at));
                upload::forget(id);
            }
        });
        dom::focus("composer");
    }

    /// Takes files in, as far as `WhatsApp` takes them.
    pub(super) fn add(self, app: App, provider: ProviderKind, list: &web_sys::FileList) {
        for n in 0..list.length() {
            let Some(file) = list.item(n) else { continue };
            if self.files.with_untracked(Vec::len) >= MOST {
                break;
            }
            let chosen = chosen(&file);
            if let Some(refusal) = refused(provider, &chosen) {
                app.toasts().bad(refusal_words(app, &chosen, &refusal));
                continue;
            }
            upload::keep(chosen.id, file.unchecked_into());
            self.files.update(|files| files.push(chosen));
        }
        dom::focus("composer");
    }
}

fn chosen(file: &web_sys::File) -> Chosen {
    let mime = media::canonical(&file.type_());
    let picture =
        kind_is_picture(&mime).then(|| web_sys::Url::create_object_url_with_blob(file).ok()).flatten();
    Chosen {
        id: MessageId::new(ambient::now(), &BrowserRandom),
        name: file.name(),
        mime,
        size: file.size() as u64,
        picture,
    }
}

fn release(file: &Chosen) {
    if let Some(picture) = &file.picture {
        let _ = web_sys::Url::revoke_object_url(picture);
    }
}

/// Why a file cannot be sent. The server looks into it; here only what is plain by its size is said at once. Pictures are
/// made smaller by the server.
fn refused(provider: ProviderKind, file: &Chosen) -> Option<MediaRefusal> {
    if kind_is_picture(&file.mime) && file.size > 0 && file.size <= balas_domain::file::LARGEST {
        return None;
    }
    let facts = FileFacts { mime: &file.mime, size: file.size, animated: false };
    let refusal = media::plan(provider, Wish::Natural, facts).err()?;
    // What its name says may be wrong.
    (!matches!(refusal, MediaRefusal::Type { .. })).then_some(refusal)
}

/// Whether words can stand below it, as far as its name tells. Pictures are made small enough by the server.
pub(super) fn takes_words(provider: ProviderKind, wish: Wish, file: &Chosen) -> bool {
    let facts = FileFacts { mime: &file.mime, size: file.size, animated: false };
    kind_is_picture(&file.mime)
        || media::plan(provider, wish, facts).is_ok_and(|plan| plan.send_as.takes_caption())
}

fn refusal_words(app: App, file: &Chosen, refusal: &MediaRefusal) -> String {
    let words = app.lang.file_words();
    match refusal {
        MediaRefusal::TooLarge { limit, .. } => fill(
            words.too_large,
            &[("name", &file.name), ("size", &size_words(file.size)), ("limit", &size_words(*limit))],
        ),
        MediaRefusal::Empty | MediaRefusal::Type { .. } => refusal.to_string(),
    }
}

/// The field of the browser's own picker.
const FIELD: &str = "attach";

/// Opens the browser's own picker.
pub(super) fn pick() {
    if let Some(field) = dom::by_id(FIELD) {
        field.click();
    }
}

/// What the picker belongs to; nobody sees it.
pub(super) fn file_input(tray: Tray, provider: ProviderKind) -> AnyView {
    let app = use_app();
    let words = app.lang.add_words();
    let node = NodeRef::<html::Input>::new();
    let picked = move |_| {
        let Some(input) = node.get_untracked() else { return };
        if let Some(list) = input.files() {
            tray.add(app, provider, &list);
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    view! {
        <input
            node_ref=node
            id=FIELD
            type="file"
            multiple
            hidden
            tabindex="-1"
            aria-label=words.files
            on:change=picked
        />
    }
    .into_any()
}

/// The files that are chosen.
pub(super) fn tray_view(tray: Tray) -> AnyView {
    let app = use_app();
    let words = app.lang.file_words();
    let chosen = move || {
        tray.files
            .get()
            .into_iter()
            .map(|file| {
                let (id, name) = (file.id, file.name.clone());
                let label = fill(words.take_out, &[("name", &name)]);
                let sign = match file.picture.clone() {
                    Some(picture) => view! { <img src=picture alt="" /> }.into_any(),
                    None => icon(Icon::Document).into_any(),
                };
                view! {
                    <li class="tray-file">
                        <span class="tray-sign">{sign}</span>
                        <span class="tray-name" dir="auto">{name}</span>
                        <span class="tray-size">{size_words(file.size)}</span>
                        <button
                            type="button"
                            class="icon-button"
                            aria-label=label.clone()
                            title=label
                            on:click=move |_| tray.remove(id)
                        >
                            {icon(Icon::Close)}
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <Show when=move || !tray.is_empty()>
            <div class="tray">
                <ul aria-label=words.tray>{chosen}</ul>
                <label class="tray-choice">
                    <input
                        type="checkbox"
                        prop:checked=move || tray.as_documents.get()
                        on:change=move |event| tray.as_documents.set(event_target_checked(&event))
                    />
                    {words.as_document}
                </label>
                <p class="tray-hint">{words.caption_hint}</p>
            </div>
        </Show>
    }
    .into_any()
}

/// Files of what is pasted or dropped, if there are any.
pub(super) fn files_of(data: Option<web_sys::DataTransfer>) -> Option<web_sys::FileList> {
    data?.files().filter(|files| files.length() > 0)
}

/// What is shown over the thread while files are dragged over it.
pub(super) fn drop_zone(
    dragging: RwSignal<bool>,
    name: impl Fn() -> String + Send + Sync + 'static,
) -> AnyView {
    let words = use_app().lang.file_words();
    view! {
        <Show when=move || dragging.get()>
            <div class="drop-zone" aria-hidden="true">
                {icon(Icon::Attach)}
                <p dir="auto">{fill(words.drop_here, &[("name", &name())])}</p>
            </div>
        </Show>
    }
    .into_any()
}
