//! The palette: every page, every conversation that is loaded, every action, by a few letters of its name.

use balas_domain::{ConversationId, Permission};
use leptos::prelude::*;

use super::Sheets;
use crate::{
    browser::dom,
    i18n::Theme,
    route::{Filter, Route},
    state::{App, use_app},
    ui::{
        dialog::Dialog,
        icon::{Icon, icon},
    },
};

/// Entries shown at once.
const SHOWN: usize = 12;

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Deed {
    Go(Route),
    Conversation(ConversationId),
    SwitchTheme,
    Help,
    SignOut,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    label: String,
    hint: &'static str,
    sign: Icon,
    deed: Deed,
}

/// How well an entry matches: the beginning of a word before the middle of one. `None` for not at all. Pure.
fn score(label: &str, typed: &str) -> Option<u8> {
    let label = label.to_lowercase();
    let typed = typed.trim().to_lowercase();
    if label.starts_with(&typed) {
        Some(0)
    } else if label.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(&typed)) {
        Some(1)
    } else {
        label.contains(&typed).then_some(2)
    }
}

fn entries(app: App) -> Vec<Entry> {
    let words = app.words;
    let page = |label: &str, sign, route| Entry {
        label: label.to_owned(),
        hint: words.palette_pages,
        sign,
        deed: Deed::Go(route),
    };
    let action =
        |label: &str, sign, deed| Entry { label: label.to_owned(), hint: words.palette_actions, sign, deed };
    let mut all = vec![page(words.nav_inbox, Icon::Inbox, Route::inbox())];
    if app.may(Permission::ReadConversations) {
        all.push(page(words.nav_contacts, Icon::Contacts, Route::Contacts { q: String::new() }));
    }
    if app.may(Permission::ReadAccounts) {
        all.push(page(words.nav_accounts, Icon::Accounts, Route::Accounts));
    }
    if app.may(Permission::ManageAccounts) {
        all.push(page(words.account_new, Icon::Plus, Route::NewAccount));
    }
    if app.may(Permission::ReadMembers) {
        all.push(page(words.nav_members, Icon::Members, Route::Members));
    }
    if app.may(Permission::ManageLabels) {
        all.push(page(words.labels, Icon::Tag, Route::Labels));
    }
    let unread = Filter { unread: true, ..Filter::default() };
    all.push(action(
        words.action_unread,
        Icon::Inbox,
        Deed::Go(Route::Inbox { open: None, message: None, filter: unread }),
    ));
    all.push(action(words.action_theme, Icon::Settings, Deed::SwitchTheme));
    all.push(action(words.action_help, Icon::Help, Deed::Help));
    all.push(action(words.sign_out, Icon::SignOut, Deed::SignOut));
    for id in app.inbox().list.get_untracked() {
        if let Some(row) = app.inbox().row(id) {
            all.push(Entry {
                label: row.with_untracked(|row| row.title.clone()),
                hint: words.list_label,
                sign: Icon::Contacts,
                deed: Deed::Conversation(id),
            });
        }
    }
    all
}

fn found(all: &[Entry], typed: &str) -> Vec<Entry> {
    let mut hits: Vec<(u8, &Entry)> =
        all.iter().filter_map(|entry| Some((score(&entry.label, typed)?, entry))).collect();
    // Stable: pages and actions before conversations among equals.
    hits.sort_by_key(|(score, _)| *score);
    hits.into_iter().take(SHOWN).map(|(_, entry)| entry.clone()).collect()
}

fn run(app: App, sheets: Sheets, deed: &Deed) {
    sheets.palette.set(false);
    match deed {
        Deed::Go(route) => app.go(route.clone()),
        Deed::Conversation(id) => {
            app.go(Route::Inbox { open: Some(*id), message: None, filter: app.filter_untracked() });
        }
        Deed::SwitchTheme => app.prefs().set_theme(if dom::is_dark() { Theme::Light } else { Theme::Dark }),
        Deed::Help => sheets.help.set(true),
        Deed::SignOut => {
            // A plain form: the same way as from the preferences, cookie and all.
            if let Ok(Some(form)) = dom::document().query_selector("form[action='/sign-out'] button") {
                use wasm_bindgen::JsCast;
                form.unchecked_into::<web_sys::HtmlElement>().click();
            }
        }
    }
}

/// The palette.
#[component]
pub(super) fn Palette(open: RwSignal<bool>) -> impl IntoView {
    let words = use_app().words;
    view! {
        <Dialog open=open title=words.palette_label words=words class="palette">
            <Search />
        </Dialog>
    }
}

#[component]
fn Search() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let sheets = expect_context::<Sheets>();
    let all = StoredValue::new(entries(app));
    let typed = RwSignal::new(String::new());
    let hits = Memo::new(move |_| typed.with(|typed| all.with_value(|all| found(all, typed))).len());
    let list = move || typed.with(|typed| all.with_value(|all| found(all, typed)));
    let marked = RwSignal::new(0_usize);
    let keydown = move |event: leptos::ev::KeyboardEvent| {
        let last = hits.get_untracked().saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => marked.update(|at| *at = (*at + 1).min(last)),
            "ArrowUp" => marked.update(|at| *at = at.saturating_sub(1)),
            "Enter" => {
                let at = marked.get_untracked();
                let chosen =
                    typed.with_untracked(|typed| all.with_value(|all| found(all, typed))).into_iter().nth(at);
                if let Some(entry) = chosen {
                    run(app, sheets, &entry.deed);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <input
            id="palette-input"
            class="palette-input"
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls="palette-list"
            aria-activedescendant=move || (hits.get() > 0).then(|| format!("palette-{}", marked.get()))
            aria-label=words.palette_label
            placeholder=words.palette_placeholder
            autocomplete="off"
            spellcheck="false"
            on:input=move |event| {
                typed.set(event_target_value(&event));
                marked.set(0);
            }
            on:keydown=keydown
        />
        <ul class="palette-list" id="palette-list" role="listbox" aria-label=words.palette_label>
            {move || {
                list()
                    .into_iter()
                    .enumerate()
                    .map(|(at, entry)| {
                        let deed = entry.deed.clone();
                        view! {
                            <li
                                id=format!("palette-{at}")
                                role="option"
                                aria-selected=move || if marked.get() == at { "true" } else { "false" }
                                on:mousemove=move |_| {
                                    if marked.get_untracked() != at {
                                        marked.set(at);
                                    }
                                }
                                on:click=move |_| run(app, sheets, &deed)
                            >
                                {icon(entry.sign)}
                                <span dir="auto">{entry.label}</span>
                                <small>{entry.hint}</small>
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
        <p class="palette-none" role="status">
            {move || (hits.get() == 0).then_some(words.palette_none)}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn beginnings_count_most() {
        assert_eq!(score("Inbox", "in"), Some(0));
        assert_eq!(score("Connect a number", "num"), Some(1));
        assert_eq!(score("Members", "emb"), Some(2));
        assert_eq!(score("Members", "x"), None);
        assert_eq!(score("Anything", "  "), Some(0));
    }
}
