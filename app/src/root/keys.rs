//! Shortcuts. Single letters count only while nobody is typing and no dialog is open.

use balas_domain::ConversationId;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::Sheets;
use crate::{
    browser::{dom, scroll},
    pages::inbox::find,
    route::{Filter, Route},
    state::{App, work},
};

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shortcut {
    Next,
    Previous,
    Search,
    Find,
    Reply,
    Resolve,
    Escape,
    Palette,
    Help,
}

/// Where a key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Anywhere.
    Page,
    /// In a field: letters are letters.
    Field,
    /// In a dialog: it has keys of its own.
    Dialog,
}

/// What is held down with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// Nothing, or Shift.
    Nothing,
    /// Ctrl, or Command on a Mac.
    Command,
    /// Anything else: the browser's own.
    Other,
}

/// What a key means here. Pure.
pub(super) fn shortcut(key: &str, held: Held, place: Place) -> Option<Shortcut> {
    if held == Held::Command && key.eq_ignore_ascii_case("k") {
        return Some(Shortcut::Palette);
    }
    // Browsers close dialogs by themselves.
    if held != Held::Nothing || place == Place::Dialog {
        return None;
    }
    if key == "Escape" {
        return Some(Shortcut::Escape);
    }
    if place == Place::Field {
        return None;
    }
    match key {
        "j" => Some(Shortcut::Next),
        "k" => Some(Shortcut::Previous),
        "/" => Some(Shortcut::Search),
        "f" => Some(Shortcut::Find),
        "r" => Some(Shortcut::Reply),
        "e" => Some(Shortcut::Resolve),
        "?" => Some(Shortcut::Help),
        _ => None,
    }
}

/// Listens for as long as the page lives.
pub(super) fn listen(app: App, sheets: Sheets) {
    window_event_listener(leptos::ev::keydown, move |event| {
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let held = match (event.ctrl_key() || event.meta_key(), event.alt_key()) {
            (false, false) => Held::Nothing,
            (true, false) => Held::Command,
            _ => Held::Other,
        };
        let place = if dom::is_dialog_open() {
            Place::Dialog
        } else if dom::is_typing() {
            Place::Field
        } else {
            Place::Page
        };
        let Some(shortcut) = shortcut(&event.key(), held, place) else { return };
        let done = match shortcut {
            Shortcut::Palette => {
                sheets.help.set(false);
                sheets.palette.update(|open| *open = !*open);
                true
            }
            Shortcut::Help => {
                sheets.help.set(true);
                true
            }
            Shortcut::Search => focus_if_there("search"),
            Shortcut::Find => focus_if_there(find::FIELD) || press_if_there(find::BUTTON),
            Shortcut::Reply => focus_if_there("composer"),
            Shortcut::Resolve => work::toggle_resolved(app),
            Shortcut::Next => step(app, 1),
            Shortcut::Previous => step(app, -1),
            Shortcut::Escape => escape(app),
        };
        if done {
            event.prevent_default();
        }
    });
}

fn focus_if_there(id: &str) -> bool {
    let there = dom::by_id(id).is_some();
    dom::focus(id);
    there
}

fn press_if_there(id: &str) -> bool {
    let there = dom::by_id(id);
    if let Some(button) = &there {
        button.click();
    }
    there.is_some()
}

/// Leaves the field; then what one looks for in the conversation; from outside of a field, on a narrow screen, leaves the conversation.
fn escape(app: App) -> bool {
    let active = dom::document().active_element();
    if let Some(field) = active.filter(|_| dom::is_typing())
        && let Ok(field) = field.dyn_into::<web_sys::HtmlElement>()
    {
        let _ = field.blur();
        // From the composer back to the thread, so that letters are shortcuts again.
        dom::focus("content");
        return true;
    }
    if press_if_there(find::CLOSE) {
        return true;
    }
    let open = app.inbox().open_id().is_some();
    if open {
        app.go(Route::Inbox { open: None, message: None, filter: app.filter_untracked() });
    }
    open
}

/// Marks the next or previous row of the list: Enter opens it, as it is a link with the focus on it.
fn step(app: App, by: isize) -> bool {
    let list = app.inbox().list.get_untracked();
    let focused = dom::document()
        .active_element()
        .and_then(|element| element.id().strip_prefix("row-").and_then(|id| id.parse().ok()));
    let Some(next) = neighbour(&list, focused.or_else(|| app.inbox().open_id()), by) else { return false };
    if let Some(row) = dom::by_id(&format!("row-{next}")) {
        let _ = row.focus();
        scroll::reveal(&row);
        return true;
    }
    // Not on this page: go to where the list is.
    app.go(Route::Inbox { open: None, message: None, filter: Filter::default() });
    true
}

/// The row before or after one; the first if there is none. Pure.
fn neighbour(list: &[ConversationId], from: Option<ConversationId>, by: isize) -> Option<ConversationId> {
    let at = from.and_then(|from| list.iter().position(|id| *id == from));
    let next = at.map_or(0, |at| at.saturating_add_signed(by).min(list.len().saturating_sub(1)));
    list.get(next).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_letters_while_typing() {
        for key in ["j", "k", "/", "f", "r", "e", "?"] {
            assert!(shortcut(key, Held::Nothing, Place::Page).is_some(), "{key}");
            assert_eq!(shortcut(key, Held::Nothing, Place::Field), None, "{key}");
            assert_eq!(shortcut(key, Held::Nothing, Place::Dialog), None, "{key}");
        }
        assert_eq!(shortcut("Escape", Held::Nothing, Place::Field), Some(Shortcut::Escape));
        assert_eq!(shortcut("Escape", Held::Nothing, Place::Dialog), None, "the dialog's own");
    }

    #[test]
    fn the_palette_opens_from_everywhere() {
        for place in [Place::Page, Place::Field, Place::Dialog] {
            assert_eq!(shortcut("k", Held::Command, place), Some(Shortcut::Palette));
            assert_eq!(shortcut("K", Held::Command, place), Some(Shortcut::Palette));
            assert_eq!(shortcut("k", Held::Other, place), None);
        }
        assert_eq!(shortcut("j", Held::Command, Place::Page), None, "the browser's own");
    }

    #[test]
    fn stepping_stays_within_the_list() {
        let list: Vec<ConversationId> = (1..=3).map(|n| ConversationId(uuid::Uuid::from_u128(n))).collect();
        assert_eq!(neighbour(&list, None, 1), Some(list[0]));
        assert_eq!(neighbour(&list, Some(list[0]), 1), Some(list[1]));
        assert_eq!(neighbour(&list, Some(list[2]), 1), Some(list[2]));
        assert_eq!(neighbour(&list, Some(list[0]), -1), Some(list[0]));
        assert_eq!(neighbour(&[], None, 1), None);
    }
}
