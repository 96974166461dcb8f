//! Emoji to choose from, by group or by name. Names come as one file in the reader's language, when they are first
//! wanted.

use std::sync::Arc;

use gloo_net::http::Request;
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use crate::{
    browser::{dom, storage},
    i18n::{ActWords, Lang, count},
    state::use_app,
    ui::icon::{Icon, icon},
};

/// Most that a search shows.
const MOST: usize = 96;
/// So many of those that were used last are remembered.
const RECENT: usize = 24;
/// How many stand in a row; the style sheet agrees.
const ROW: usize = 8;
const REMEMBERED: &str = "balas-emoji";

/// One emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Emoji {
    sign: String,
    name: String,
    /// Name and keywords, folded.
    found_by: String,
}

/// All of them, in the order of their groups.
type Groups = Arc<[(String, Vec<Emoji>)]>;

/// What is chosen from.
#[derive(Clone, PartialEq, Eq)]
enum Loaded {
    Waiting,
    Failed,
    Here(Groups),
}

/// The button that opens the emoji, and they; `chosen` gets each one that is pressed.
#[component]
pub(super) fn EmojiButton(
    /// Unique on the page.
    id: &'static str,
    /// What the button does, in words.
    #[prop(into)]
    label: Signal<String>,
    sign: Icon,
    chosen: Callback<String>,
) -> impl IntoView {
    view! {
        <button type="button" class="icon-button" aria-label=label title=label popovertarget=id>
            {icon(sign)}
        </button>
        <EmojiPopover id=id chosen=chosen />
    }
}

/// What opens: shown by whatever has `popovertarget` with its id.
#[component]
fn EmojiPopover(id: &'static str, chosen: Callback<String>) -> impl IntoView {
    let app = use_app();
    let words = app.lang.act_words();
    let node = NodeRef::<html::Div>::new();
    let open = RwSignal::new(false);
    let loaded = RwSignal::new(Loaded::Waiting);
    let choose = Callback::new(move |emoji: String| {
        remember(&emoji);
        if let Some(popover) = node.get_untracked() {
            let _ = popover.hide_popover();
        }
        chosen.run(emoji);
    });
    // A field for searches keeps Escape to itself.
    let pressed = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape"
            && let Some(popover) = node.get_untracked()
        {
            event.prevent_default();
            event.stop_propagation();
            let _ = popover.hide_popover();
        }
    };
    let toggled = move |_| {
        let Some(popover) = node.get_untracked() else { return };
        open.set(popover.matches(":popover-open").unwrap_or(false));
        if open.get_untracked() && !matches!(loaded.get_untracked(), Loaded::Here(_)) {
            loaded.set(Loaded::Waiting);
            spawn_local(async move {
                let came = load(app.lang).await.map_or(Loaded::Failed, Loaded::Here);
                loaded.try_set(came);
            });
        }
    };
    view! {
        <div node_ref=node class="popover emoji" id=id popover="auto" role="group" aria-label=words.emoji on:toggle=toggled on:keydown=pressed>
            <Show when=move || open.get()>
                {move || match loaded.get() {
                    Loaded::Waiting => view! { <p class="emoji-note" aria-busy="true"></p> }.into_any(),
                    Loaded::Failed => view! { <p class="emoji-note" role="alert">{words.emoji_failed}</p> }.into_any(),
                    Loaded::Here(groups) => view! { <Choice id=id groups=groups choose=choose /> }.into_any(),
                }}
            </Show>
        </div>
    }
}

#[component]
fn Choice(id: &'static str, groups: Groups, choose: Callback<String>) -> impl IntoView {
    let words = use_app().lang.act_words();
    let query = RwSignal::new(String::new());
    let recent = recent(&groups);
    let first = if recent.is_empty() { "smileys" } else { "recent" };
    let group = RwSignal::new(first.to_owned());
    let search = format!("{id}-search");
    request_animation_frame({
        let search = search.clone();
        move || dom::focus(&search)
    });
    let names: Vec<String> = std::iter::once("recent".to_owned())
        .filter(|_| !recent.is_empty())
        .chain(groups.iter().map(|(name, _)| name.clone()))
        .collect();
    let shown = Memo::new(move |_| {
        let wanted = fold(&query.get());
        if wanted.trim().is_empty() {
            let group = group.get();
            if group == "recent" {
                return recent.clone();
            }
            let found = groups.iter().find(|(name, _)| *name == group);
            return found.map(|(_, emoji)| emoji.clone()).unwrap_or_default();
        }
        find(&groups, &wanted)
    });
    let tabs = names
        .into_iter()
        .map(|name| {
            let (title, sign) = group_words(&name, words);
            let (own, here) = (name.clone(), name);
            view! {
                <button
                    type="button"
                    title=title
                    aria-label=title
                    aria-pressed=move || {
                        if query.with(String::is_empty) && group.with(|group| *group == here) { "true" } else { "false" }
                    }
                    on:click=move |_| {
                        query.set(String::new());
                        group.set(own.clone());
                    }
                >
                    {sign}
                </button>
            }
        })
        .collect_view();
    let said = move || {
        let n = shown.with(Vec::len);
        if query.with(String::is_empty) {
            String::new()
        } else {
            count(words.emoji_found_one, words.emoji_found_many, n as i64)
        }
    };
    view! {
        <div class="emoji-head">
            <input
                id=search
                type="search"
                class="input"
                autocomplete="off"
                placeholder=words.emoji_search
                aria-label=words.emoji_search
                prop:value=query
                on:input=move |event| query.set(event_target_value(&event))
                on:keydown=move |event| {
                    if event.key() == "ArrowDown" {
                        event.prevent_default();
                        focus_at(id, 0);
                    } else if event.key() == "Enter" {
                        // The first that was found; the form around is not meant.
                        event.prevent_default();
                        if let Some(first) = shown.with_untracked(|shown| shown.first().map(|e| e.sign.clone())) {
                            choose.run(first);
                        }
                    }
                }
            />
            <div class="emoji-tabs" role="group" aria-label=words.emoji>{tabs}</div>
        </div>
        <div class="emoji-grid" id=format!("{id}-grid") on:keydown=move |event| walk(id, &event)>
            {move || {
                shown
                    .get()
                    .into_iter()
                    .enumerate()
                    .map(|(n, Emoji { sign, name, .. })| {
                        let chosen = sign.clone();
                        view! {
                            <button
                                type="button"
                                // One stop for the tabulator; the arrows go on from there.
                                tabindex=if n == 0 { "0" } else { "-1" }
                                aria-label=name.clone()
                                title=name
                                on:click=move |_| choose.run(chosen.clone())
                            >
                                {sign}
                            </button>
                        }
                    })
                    .collect_view()
            }}
        </div>
        <Show when=move || shown.with(Vec::is_empty)>
            <p class="emoji-note">{words.emoji_none}</p>
        </Show>
        <p class="visually-hidden" aria-live="polite">{said}</p>
    }
}

/// Arrow keys go from emoji to emoji.
fn walk(id: &str, event: &leptos::ev::KeyboardEvent) {
    let Some(grid) = dom::by_id(&format!("{id}-grid")) else { return };
    let children = grid.children();
    let active = dom::document().active_element();
    let Some(at) = (0..children.length()).find(|n| children.item(*n) == active) else { return };
    let at = at as usize;
    let to = match event.key().as_str() {
        "ArrowRight" => at.saturating_add(1),
        "ArrowLeft" => at.saturating_sub(1),
        "ArrowDown" => at.saturating_add(ROW),
        "ArrowUp" if at < ROW => {
            event.prevent_default();
            dom::focus(&format!("{id}-search"));
            return;
        }
        "ArrowUp" => at - ROW,
        "Home" => 0,
        "End" => children.length() as usize,
        _ => return,
    };
    event.prevent_default();
    focus_at(id, to.min((children.length() as usize).saturating_sub(1)));
}

fn focus_at(id: &str, n: usize) {
    let grid = dom::by_id(&format!("{id}-grid"));
    let child = grid.and_then(|grid| grid.children().item(u32::try_from(n).unwrap_or(0)));
    if let Some(button) = child.and_then(|child| child.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = button.focus();
    }
}

async fn load(lang: Lang) -> Option<Groups> {
    let address = format!("/emoji/{}.txt", lang.code());
    let answer = Request::get(&address).send().await.ok()?;
    if !answer.ok() {
        return None;
    }
    Some(read(&answer.text().await.ok()?, fold))
}

/// The file: `#` and a word begin a group, else a line is an emoji, its name and its keywords. Folded all in one, because
/// that is a call into the browser.
fn read(text: &str, fold: impl Fn(&str) -> String) -> Groups {
    let folded = fold(text);
    let mut groups: Vec<(String, Vec<Emoji>)> = Vec::new();
    for (line, folded) in text.lines().zip(folded.lines()) {
        if let Some(name) = line.strip_prefix('#').filter(|name| name.chars().all(char::is_alphabetic)) {
            groups.push((name.to_owned(), Vec::new()));
            continue;
        }
        let mut parts = line.splitn(3, '\t');
        if let (Some(sign), Some(name), Some((_, group))) = (parts.next(), parts.next(), groups.last_mut()) {
            let found_by = folded.split_once('\t').map_or("", |(_, rest)| rest).to_owned();
            group.push(Emoji { sign: sign.to_owned(), name: name.to_owned(), found_by });
        }
    }
    groups.into()
}

/// Those of which every word begins some word of the name or of the keywords; by name first.
fn find(groups: &Groups, wanted: &str) -> Vec<Emoji> {
    let begins =
        |text: &str, word: &str| text.split(|c: char| !c.is_alphanumeric()).any(|own| own.starts_with(word));
    let mut found: Vec<(bool, &Emoji)> = Vec::new();
    for emoji in groups.iter().flat_map(|(_, emoji)| emoji) {
        let name = emoji.found_by.split('\t').next().unwrap_or_default();
        let all = |text: &str| wanted.split_whitespace().all(|word| begins(text, word));
        if all(&emoji.found_by) {
            found.push((!all(name), emoji));
        }
    }
    // Stable: within both the usual order stays.
    found.sort_by_key(|(by_keyword, _)| *by_keyword);
    found.into_iter().take(MOST).map(|(_, emoji)| emoji.clone()).collect()
}

/// Small letters without accents.
fn fold(text: &str) -> String {
    let plain = String::from(js_sys::JsString::from(text.to_lowercase()).normalize("NFD"));
    plain.chars().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).collect()
}

fn remember(emoji: &str) {
    let mut recent: Vec<String> = storage::value(REMEMBERED).unwrap_or_default();
    recent.retain(|known| known != emoji);
    recent.insert(0, emoji.to_owned());
    recent.truncate(RECENT);
    storage::set_value(REMEMBERED, &recent);
}

fn recent(groups: &Groups) -> Vec<Emoji> {
    let remembered: Vec<String> = storage::value(REMEMBERED).unwrap_or_default();
    let known = |sign: &String| groups.iter().flat_map(|(_, emoji)| emoji).find(|e| e.sign == *sign).cloned();
    remembered.iter().filter_map(known).collect()
}

fn group_words(group: &str, words: &ActWords) -> (&'static str, &'static str) {
    match group {
        "recent" => (words.recent, "🕘"),
        "smileys" => (words.smileys, "😀"),
        "people" => (words.people, "👋"),
        "animals" => (words.animals, "🐻"),
        "food" => (words.food, "🍎"),
        "travel" => (words.travel, "🚗"),
        "activities" => (words.activities, "⚽"),
        "objects" => (words.objects, "💡"),
        "symbols" => (words.symbols, "🔣"),
        _ => (words.flags, "🏁"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lang: &str) -> Groups {
        let path = format!("{}/../public/emoji/{lang}.txt", env!("CARGO_MANIFEST_DIR"));
        // Without a browser accents stay.
        read(&std::fs::read_to_string(path).unwrap(), str::to_lowercase)
    }

    #[test]
    fn every_language_has_the_same_emoji_in_groups_that_have_words() {
        let signs = |lang| -> Vec<String> {
            file(lang).iter().flat_map(|(_, emoji)| emoji.iter().map(|e| e.sign.clone())).collect()
        };
        let english = signs("en");
        assert!(english.len() > 1_800, "{}", english.len());
        assert!(english.iter().all(|sign| balas_domain::text::one_emoji(sign)));
        for lang in Lang::ALL {
            assert_eq!(signs(lang.code()), english);
            let groups: Vec<_> = file(lang.code()).iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(
                groups,
                [
                    "smileys",
                    "people",
                    "animals",
                    "food",
                    "travel",
                    "activities",
                    "objects",
                    "symbols",
                    "flags"
                ]
            );
        }
    }

    #[test]
    fn names_come_before_keywords_and_every_word_counts() {
        let first = |lang, wanted| find(&file(lang), wanted).into_iter().map(|e| e.sign).next();
        assert_eq!(first("en", "red hea").as_deref(), Some("❤️"));
        assert_eq!(first("id", "jempol").as_deref(), Some("👍"));
        assert_eq!(first("pt-BR", "coraç verm").as_deref(), Some("❤️"));
        assert_eq!(first("en", "qqqq"), None);
        assert!(find(&file("en"), "f").len() <= MOST);
    }
}
