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
    /// What does not go as it stands, and why: with the other choice about documents it does.
    aside: RwSignal<Vec<(Chosen, String)>>,
}

impl Tray {
    pub(super) fn new() -> Self {
        let tray = Self {
            files: RwSignal::new(Vec::new()),
            as_documents: RwSignal::new(false),
            aside: RwSignal::new(Vec::new()),
        };
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
        self.drop_aside();
        let wish = wish_of(self.as_documents.get_untracked());
        self.as_documents.set(false);
        (files, wish)
    }

    fn clear(self) {
        for file in self.files.try_update(std::mem::take).unwrap_or_default() {
            release(&file);
            upload::forget(file.id);
        }
        self.drop_aside();
    }

    fn drop_aside(self) {
        for (file, _) in self.aside.try_update(std::mem::take).unwrap_or_default() {
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
        self.aside.update(|aside| {
            if let Some(at) = aside.iter().position(|(file, _)| file.id == id) {
                release(&aside.remove(at).0);
                upload::forget(id);
            }
        });
        dom::focus("composer");
    }

    /// Whether they go as documents. Some files go only so, others only otherwise.
    fn choose(self, app: App, provider: Option<ProviderKind>, as_documents: bool) {
        self.as_documents.set(as_documents);
        let Some(provider) = provider else { return };
        let (mut files, mut aside) = (Vec::new(), Vec::new());
        let before = self.aside.get_untracked().into_iter().map(|(file, _)| file);
        for file in self.files.get_untracked().into_iter().chain(before) {
            match refused(provider, wish_of(as_documents), &file) {
                Some(refusal) => {
                    let words = refusal_words(app, &file, &refusal);
                    aside.push((file, words));
                }
                None => files.push(file),
            }
        }
        self.files.set(files);
        self.aside.set(aside);
    }

    /// Takes files in, as far as `WhatsApp` takes them.
    pub(super) fn add(self, app: App, provider: ProviderKind, list: &web_sys::FileList) {
        let as_documents = self.as_documents.get_untracked();
        for n in 0..list.length() {
            let Some(file) = list.item(n) else { continue };
            if self.files.with_untracked(Vec::len) + self.aside.with_untracked(Vec::len) >= MOST {
                break;
            }
            let chosen = chosen(&file);
            match refused(provider, wish_of(as_documents), &chosen) {
                None => {
                    upload::keep(chosen.id, file.unchecked_into());
                    self.files.update(|files| files.push(chosen));
                }
                Some(refusal) => {
                    let words = refusal_words(app, &chosen, &refusal);
                    if refused(provider, wish_of(!as_documents), &chosen).is_some() {
                        release(&chosen);
                        app.toasts().bad(words);
                    } else {
                        upload::keep(chosen.id, file.unchecked_into());
                        self.aside.update(|aside| aside.push((chosen, words)));
                    }
                }
            }
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

const fn wish_of(as_documents: bool) -> Wish {
    if as_documents { Wish::Document } else { Wish::Natural }
}

fn release(file: &Chosen) {
    if let Some(picture) = &file.picture {
        let _ = web_sys::Url::revoke_object_url(picture);
    }
}

/// Why a file cannot be sent. The server looks into it; here only what is plain by its size is said at once. Pictures are
/// made smaller by the server, unless they go as documents.
fn refused(provider: ProviderKind, wish: Wish, file: &Chosen) -> Option<MediaRefusal> {
    let made_smaller = wish != Wish::Document && kind_is_picture(&file.mime);
    if made_smaller && file.size > 0 && file.size <= balas_domain::file::LARGEST {
        return None;
    }
    let facts = FileFacts { mime: &file.mime, size: file.size, animated: false };
    let refusal = media::plan(provider, wish, facts).err()?;
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
        MediaRefusal::TooLarge { limit, as_document, .. } => fill(
            if *as_document { words.too_large_unless } else { words.too_large },
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
pub(super) fn tray_view(tray: Tray, provider: Option<ProviderKind>) -> AnyView {
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
    let aside = move || {
        tray.aside
            .get()
            .into_iter()
            .map(|(file, refusal)| {
                let id = file.id;
                let label = fill(words.take_out, &[("name", &file.name)]);
                view! {
                    <div class="tray-aside">
                        <p class="tray-hint" role="alert" dir="auto">{refusal}</p>
                        <button
                            type="button"
                            class="icon-button"
                            aria-label=label.clone()
                            title=label
                            on:click=move |_| tray.remove(id)
                        >
                            {icon(Icon::Close)}
                        </button>
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <Show when=move || !tray.is_empty() || tray.aside.with(|aside| !aside.is_empty())>
            <div class="tray">
                <Show when=move || !tray.is_empty()>
                    <ul aria-label=words.tray>{chosen}</ul>
                </Show>
                {aside}
                <label class="tray-choice">
                    <input
                        type="checkbox"
                        prop:checked=move || tray.as_documents.get()
                        on:change=move |event| tray.choose(app, provider, event_target_checked(&event))
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
