//! The file of a message: seen, heard, saved, or asked for.

use balas_domain::{
    FileState, FileView, MessageId, Payload,
    content::{Media, MediaKind},
    file::size_words,
    media,
};
use leptos::{html, prelude::*, task::spawn_local};

use super::voice::{Player, clock};
use crate::{
    api,
    i18n::fill,
    state::{App, uploads, use_app},
    ui::{
        dialog::Dialog,
        icon::{Icon, icon},
        preview::media_sign,
    },
};

/// Longer side of a picture in its bubble, in pixels; what is larger is shown smaller.
const SIDE: u32 = 320;

/// Where the bytes of a message's file are had.
pub(super) fn address(id: MessageId, form: &str) -> String {
    format!("/api/v1/messages/{id}/file{form}")
}

/// The file as elements; while it goes from here, how far it is.
pub(super) fn file(id: MessageId, said: &Media, file: &FileView, author: &str) -> AnyView {
    let app = use_app();
    let going = app.uploads().is_going(id);
    let (said, file, author) = (said.clone(), file.clone(), author.to_owned());
    (move || {
        if going.get() { uploads::progress(app, id, &said) } else { kept(app, id, &said, &file, &author) }
    })
    .into_any()
}

/// The file as the server has it.
fn kept(app: App, id: MessageId, said: &Media, file: &FileView, author: &str) -> AnyView {
    match (file.state, said.kind) {
        (FileState::Here, MediaKind::Image | MediaKind::Sticker) if file.preview => {
            picture(app, id, said, file, author)
        }
        (FileState::Here, MediaKind::Video) => film(app, id, said, file),
        (FileState::Here, MediaKind::Audio) => {
            view! { <Player id=id file=file.clone() name=name_of(app, said) /> }.into_any()
        }
        (FileState::Here, _) => document(app, id, said, file),
        _ => absent(app, id, said, file),
    }
}

/// A film with the way to save it, which alone is left where the browser cannot play it.
fn film(app: App, id: MessageId, said: &Media, file: &FileView) -> AnyView {
    let node = NodeRef::<html::Video>::new();
    let broken = RwSignal::new(false);
    // It may have failed before anybody listened.
    Effect::new(move || {
        if node.get().is_some_and(|film| film.error().is_some()) {
            broken.set(true);
        }
    });
    let (name, said, file) = (name_of(app, said), said.clone(), file.clone());
    // Room is kept for it, and its length told, before any of it is here.
    let frame = file.frame.map(shown);
    (move || {
        if broken.get() {
            return document(app, id, &said, &file);
        }
        let failed = move |_| broken.set(true);
        view! {
            <video
                node_ref=node
                class="film"
                controls
                preload="metadata"
                width=frame.map(|(width, _)| width)
                height=frame.map(|(_, height)| height)
                src=address(id, "")
                aria-label=name.clone()
                on:error=failed
            ></video>
            {file.duration.map(|length| view! { <span class="film-length">{clock(length)}</span> })}
            {save_link(app, id, &name)}
        }
        .into_any()
    })
    .into_any()
}

/// A picture, with room kept for it before it is there.
fn picture(app: App, id: MessageId, said: &Media, file: &FileView, author: &str) -> AnyView {
    let words = app.lang.file_words();
    let open = RwSignal::new(false);
    let (width, height) = shown(file.frame.unwrap_or((SIDE, SIDE)));
    let sticker = said.kind == MediaKind::Sticker;
    let alt = fill(if sticker { words.sticker_alt } else { words.picture_alt }, &[("name", author)]);
    let name = name_of(app, said);
    // A sticker may move, and one can look through it.
    let small = address(id, if sticker { "" } else { "?preview=true" });
    let full_alt = alt.clone();
    view! {
        <button
            type="button"
            class="picture"
            data-sticker=sticker.then_some("")
            aria-label=format!("{}: {alt}", words.open_picture)
            on:click=move |_| open.set(true)
        >
            <img src=small alt="" width=width height=height loading="lazy" decoding="async" />
        </button>
        <Dialog open=open title=words.viewer words=app.words class="viewer">
            <img src=address(id, "") alt=full_alt.clone() />
            {save_link(app, id, &name)}
        </Dialog>
    }
    .into_any()
}

/// Width and height in the bubble.
fn shown((width, height): (u32, u32)) -> (u32, u32) {
    let longer = width.max(height).max(1);
    if longer <= SIDE {
        return (width.max(1), height.max(1));
    }
    ((width * SIDE / longer).max(1), (height * SIDE / longer).max(1))
}

fn name_of(app: App, said: &Media) -> String {
    said.file_name.clone().unwrap_or_else(|| media_sign(said, app.words).1.to_owned())
}

/// The way to save it.
pub(super) fn save_link(app: App, id: MessageId, name: &str) -> AnyView {
    let label = fill(app.lang.file_words().save, &[("name", name)]);
    view! {
        <a class="button small" href=address(id, "?save=true") download="" aria-label=label.clone() title=label>
            {icon(Icon::Download)}
            <span dir="auto">{name.to_owned()}</span>
        </a>
    }
    .into_any()
}

/// A card with the way to save it.
fn document(app: App, id: MessageId, said: &Media, file: &FileView) -> AnyView {
    let (sign, label) = media_sign(said, app.words);
    let name = name_of(app, said);
    let kind = file.mime.as_deref().and_then(media::ending).map(str::to_uppercase);
    let size = file.size.map(size_words);
    let below: Vec<String> = kind.into_iter().chain(size).chain(file.duration.map(clock)).collect();
    let save = fill(app.lang.file_words().save, &[("name", &name)]);
    view! {
        <a class="piece piece-file" href=address(id, "?save=true") download="" aria-label=save title=label>
            <span class="piece-sign">{icon(sign)}</span>
            <div>
                <p class="piece-name" dir="auto">{name}</p>
                <p class="piece-below">{below.join(" · ")}</p>
            </div>
            <span class="piece-act">{icon(Icon::Download)}</span>
        </a>
    }
    .into_any()
}

/// A card that says why the file is not here, and what can be done about it.
fn absent(app: App, id: MessageId, said: &Media, file: &FileView) -> AnyView {
    let words = app.lang.file_words();
    let (sign, label) = media_sign(said, app.words);
    let text = match file.state {
        FileState::Away => words.away.to_owned(),
        FileState::Coming | FileState::Here => words.coming.to_owned(),
        FileState::Checking => words.checking.to_owned(),
        FileState::Failed => words.failed.to_owned(),
        FileState::Gone => words.gone.to_owned(),
        FileState::Harmful => fill(words.harmful, &[("found", file.problem.as_deref().unwrap_or("?"))]),
    };
    let act = match file.state {
        FileState::Away => Some(words.load),
        FileState::Failed => Some(words.again),
        _ => None,
    };
    let coming = matches!(file.state, FileState::Coming | FileState::Checking);
    let busy = RwSignal::new(false);
    let load = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api::load_file(id).await {
                Ok(message) => app.inbox().confirm(Payload::Message(Box::new(message))),
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="piece" data-coming=coming.then_some("")>
            <span class="piece-sign">{icon(sign)}</span>
            <div>
                <p class="piece-kind" dir="auto">{said.file_name.clone().unwrap_or_else(|| label.to_owned())}</p>
                <p class="piece-below" title=file.problem.clone()>{text}</p>
                {act.map(|act| {
                    view! {
                        <button type="button" class="button small" disabled=move || busy.get() on:click=load>
                            {icon(Icon::Download)}
                            {act}
                        </button>
                    }
                })}
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_shape() {
        assert_eq!(shown((100, 50)), (100, 50));
        assert_eq!(shown((4_000, 2_000)), (320, 160));
        assert_eq!(shown((10, 10_000)), (1, 320));
        assert_eq!(shown((0, 0)), (1, 1));
    }
}
