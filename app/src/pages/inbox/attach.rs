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
    files: RwSignal<Vec<Lying>>,
    as_documents: RwSignal<bool>,
}

/// A file in the tray. Some go only as documents, others only otherwise.
#[derive(Clone)]
struct Lying {
    file: Chosen,
    /// Why it does not go as it is, for people.
    natural: Option<String>,
    /// Why it does not go as a document.
    document: Option<String>,
}

impl Lying {
    const fn refusal(&self, as_documents: bool) -> Option<&String> {
        if as_documents { self.document.as_ref() } else { self.natural.as_ref() }
    }
}

impl Tray {
    pub(super) fn new() -> Self {
        let tray = Self { files: RwSignal::new(Vec::new()), as_documents: RwSignal::new(false) };
        // Whoever leaves the conversation leaves them.
        on_cleanup(move || tray.clear());
        tray
    }

    /// Whether nothing in it would be sent.
    pub(super) fn is_empty(self) -> bool {
        let as_documents = self.as_documents.get();
        self.files.with(|files| files.iter().all(|lying| lying.refusal(as_documents).is_some()))
    }

    /// Takes them out, to be sent. What does not go that way is dropped.
    pub(super) fn take(self) -> (Vec<Chosen>, Wish) {
        let as_documents = self.as_documents.get_untracked();
        let files = self.files.try_update(std::mem::take).unwrap_or_default().into_iter();
        let (stays, goes): (Vec<_>, Vec<_>) = files.partition(|lying| lying.refusal(as_documents).is_some());
        stays.iter().for_each(drop_file);
        for lying in &goes {
            release(&lying.file);
        }
        self.as_documents.set(false);
        let wish = if as_documents { Wish::Document } else { Wish::Natural };
        (goes.into_iter().map(|lying| lying.file).collect(), wish)
    }

    fn clear(self) {
        self.files.try_update(std::mem::take).unwrap_or_default().iter().for_each(drop_file);
    }

    fn remove(self, id: MessageId) {
        self.files.update(|files| {
            if let Some(at) = files.iter().position(|lying| lying.file.id == id) {
                drop_file(&files.remove(at));
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
            let why =
                |wish| refused(provider, wish, &chosen).map(|refusal| refusal_words(app, &chosen, &refusal));
            let (natural, document) = (why(Wish::Natural), why(Wish::Document));
            let lying = Lying { file: chosen, natural, document };
            if let (Some(_), Some(_), Some(words)) =
                (&lying.natural, &lying.document, lying.refusal(self.as_documents.get_untracked()))
            {
                release(&lying.file);
                app.toasts().bad(words.clone());
                continue;
            }
            upload::keep(lying.file.id, file.unchecked_into());
            self.files.update(|files| files.push(lying));
        }
        dom::focus("composer");
    }
}

/// What the browser tells of a file.
pub(super) fn chosen(file: &web_sys::File) -> Chosen {
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

fn drop_file(lying: &Lying) {
    release(&lying.file);
    upload::forget(lying.file.id);
}

/// It is not shown here any more.
pub(super) fn release(file: &Chosen) {
    if let Some(picture) = &file.picture {
        let _ = web_sys::Url::revoke_object_url(picture);
    }
}

/// What its name and size tell.
fn facts(file: &Chosen) -> FileFacts<'_> {
    FileFacts { mime: &file.mime, size: file.size, animated: false }
}

/// Why a file cannot be sent. The server looks into it; here only what is plain by its size is said at once. Pictures are
/// made smaller by the server, unless they go as documents.
fn refused(provider: ProviderKind, wish: Wish, file: &Chosen) -> Option<MediaRefusal> {
    let made_smaller = wish != Wish::Document && kind_is_picture(&file.mime);
    if made_smaller && file.size > 0 && file.size <= balas_domain::file::LARGEST {
        return None;
    }
    let refusal = media::plan(provider, wish, facts(file)).err()?;
    // What its name says may be wrong.
    (!matches!(refusal, MediaRefusal::Type { .. })).then_some(refusal)
}

/// Whether words can stand below it, as far as its name tells. Pictures are made small enough by the server.
pub(super) fn takes_words(provider: ProviderKind, wish: Wish, file: &Chosen) -> bool {
    kind_is_picture(&file.mime)
        || media::plan(provider, wish, facts(file)).is_ok_and(|plan| plan.send_as.takes_caption())
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

/// The way back for a file.
fn take_out(tray: Tray, file: &Chosen) -> impl IntoView + use<> {
    let id = file.id;
    let label = fill(use_app().lang.file_words().take_out, &[("name", &file.name)]);
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=label.clone()
            title=label
            on:click=move |_| tray.remove(id)
        >
            {icon(Icon::Close)}
        </button>
    }
}

/// The files that are chosen.
pub(super) fn tray_view(tray: Tray) -> AnyView {
    let app = use_app();
    let words = app.lang.file_words();
    let lying = move || (tray.files.get().into_iter(), tray.as_documents.get());
    let going = move || {
        let (files, as_documents) = lying();
        files
            .filter(|lying| lying.refusal(as_documents).is_none())
            .map(|Lying { file, .. }| {
                let take_out = take_out(tray, &file);
                let sign = match file.picture {
                    Some(picture) => view! { <img src=picture alt="" /> }.into_any(),
                    None => icon(Icon::Document).into_any(),
                };
                view! {
                    <li class="tray-file">
                        <span class="tray-sign">{sign}</span>
                        <span class="tray-name" dir="auto">{file.name}</span>
                        <span class="tray-size">{size_words(file.size)}</span>
                        {take_out}
                    </li>
                }
            })
            .collect_view()
    };
    let refused = move || {
        let (files, as_documents) = lying();
        files
            .filter_map(|lying| {
                let refusal = lying.refusal(as_documents)?.clone();
                let take_out = take_out(tray, &lying.file);
                Some(view! {
                    <div class="tray-aside">
                        <p class="tray-hint" role="alert" dir="auto">{refusal}</p>
                        {take_out}
                    </div>
                })
            })
            .collect_view()
    };
    view! {
        <Show when=move || tray.files.with(|files| !files.is_empty())>
            <div class="tray">
                <Show when=move || !tray.is_empty()>
                    <ul aria-label=words.tray>{going}</ul>
                </Show>
                {refused}
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
