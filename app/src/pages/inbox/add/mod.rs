//! What one sends beside words: files, a sticker, a place, contact cards, a poll. One menu at the composer, and a dialog for each.

mod cards;
mod place;
mod poll;
mod sticker;

use balas_domain::{
    Content,
    view::{Capabilities, ProviderKind},
};
use leptos::prelude::*;

use self::{cards::CardsForm, place::PlaceForm, poll::PollForm, sticker::StickerForm};
use super::attach::{Tray, file_input, pick};
use crate::{
    state::{uploads::Chosen, use_app},
    ui::{
        dialog::Dialog,
        icon::{Icon, icon},
        menu::Menu,
    },
};

/// Which dialog is open, and with what it begins.
#[derive(Clone, Copy)]
pub(super) struct Add {
    sticker: RwSignal<bool>,
    place: RwSignal<bool>,
    cards: RwSignal<bool>,
    poll: RwSignal<bool>,
    begun: RwSignal<Option<Content>>,
}

impl Add {
    pub(super) fn new() -> Self {
        Self {
            sticker: RwSignal::new(false),
            place: RwSignal::new(false),
            cards: RwSignal::new(false),
            poll: RwSignal::new(false),
            begun: RwSignal::new(None),
        }
    }

    /// What the server did not take stands in its dialog again.
    pub(super) fn reopen(self, content: Content) {
        let dialog = match content {
            Content::Location { .. } => self.place,
            Content::Contacts { .. } => self.cards,
            Content::Poll(_) => self.poll,
            _ => return,
        };
        self.begun.set(Some(content));
        dialog.set(true);
    }

    fn take_begun(self) -> Option<Content> {
        self.begun.try_update(Option::take).flatten()
    }
}

/// The button at the composer, and what opens from it. `send` is given what was made, `stick` the picture for a sticker.
pub(super) fn add_view(
    add: Add,
    tray: Tray,
    (provider, can): (ProviderKind, Capabilities),
    allowed: Signal<bool>,
    send: Callback<Content>,
    stick: Callback<Chosen>,
) -> AnyView {
    let app = use_app();
    let words = app.lang.add_words();
    let sent = move |dialog: RwSignal<bool>| {
        Callback::new(move |content| {
            dialog.set(false);
            send.run(content);
        })
    };
    let sent_sticker = Callback::new(move |picture| {
        add.sticker.set(false);
        stick.run(picture);
    });
    let item = move |shown: bool, sign: Icon, label: &'static str, dialog: RwSignal<bool>| {
        shown.then(|| {
            view! {
                <li>
                    <button type="button" on:click=move |_| dialog.set(true)>
                        {icon(sign)} {label}
                    </button>
                </li>
            }
        })
    };
    view! {
        <Menu id="add" label=words.add face=Icon::Attach disabled=Signal::derive(move || !allowed.get())>
            <ul class="menu-list" role="list">
                {can
                    .media
                    .then(|| {
                        view! {
                            <li>
                                <button type="button" on:click=move |_| pick()>
                                    {icon(Icon::Image)} {words.files}
                                </button>
                            </li>
                        }
                    })}
                {item(can.media, Icon::Sticker, words.sticker, add.sticker)}
                {item(can.location, Icon::Location, words.place, add.place)}
                {item(can.contacts, Icon::Contact, words.cards, add.cards)}
                // Where there are none the question goes as text.
                {item(true, Icon::Poll, words.poll, add.poll)}
            </ul>
        </Menu>
        {can.media.then(|| file_input(tray, provider))}
        <Dialog open=add.sticker title=words.sticker_title words=app.words>
            <StickerForm send=sent_sticker close=add.sticker />
        </Dialog>
        <Dialog open=add.place title=words.place_title words=app.words>
            <PlaceForm begun=add.take_begun() named=provider == ProviderKind::Cloud send=sent(add.place) close=add.place />
        </Dialog>
        <Dialog open=add.cards title=words.cards_title words=app.words>
            <CardsForm begun=add.take_begun() at_once=can.contacts_at_once send=sent(add.cards) close=add.cards />
        </Dialog>
        <Dialog open=add.poll title=words.poll_title words=app.words>
            <PollForm begun=add.take_begun() as_text=!can.poll send=sent(add.poll) close=add.poll />
        </Dialog>
    }
    .into_any()
}

/// The feet of these dialogs.
fn foot(close: RwSignal<bool>, ready: impl Fn() -> bool + Send + Sync + 'static) -> impl IntoView {
    let words = use_app().words;
    view! {
        <div class="dialog-foot">
            <button type="button" class="button" on:click=move |_| close.set(false)>{words.cancel}</button>
            <button class="button primary" disabled=move || !ready()>{words.send}</button>
        </div>
    }
}
