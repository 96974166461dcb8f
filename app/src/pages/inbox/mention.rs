//! Mentions in the composer of a group: `@` offers its members. What is sent says `@` and the number, which is what
//! `WhatsApp` takes for a mention; what is seen says the name.

use balas_domain::{ConversationId, Mention, group::GroupMemberView};
use leptos::{html, prelude::*, task::spawn_local};

use super::group::is_meant;
use crate::{
    api,
    i18n::{Words, count},
};

/// Most members that are offered at once.
const OFFERED: usize = 6;
/// Longest part of a name that is looked for, in characters.
const LONGEST: usize = 40;

/// What a key meant.
pub(super) enum Pressed {
    /// Somebody was chosen: the new text, and where the caret goes.
    Chosen((String, usize)),
    /// A move among those who are offered.
    Ours,
    /// Something else.
    NotOurs,
}

/// The state of it.
#[derive(Clone, Copy)]
pub(super) struct Mentions {
    id: ConversationId,
    group: bool,
    members: RwSignal<Vec<GroupMemberView>>,
    asked: StoredValue<bool>,
    /// Where the `@` stands, and what was typed after it.
    typed: RwSignal<Option<(usize, String)>>,
    active: RwSignal<usize>,
    /// Who was chosen: two members may have one name.
    picked: StoredValue<Vec<Mention>>,
}

impl Mentions {
    pub(super) fn new(id: ConversationId, group: bool) -> Self {
        Self {
            id,
            group,
            members: RwSignal::new(Vec::new()),
            asked: StoredValue::new(false),
            typed: RwSignal::new(None),
            active: RwSignal::new(0),
            picked: StoredValue::new(Vec::new()),
        }
    }

    /// Those who were chosen before, with a draft.
    pub(super) fn restore(self, picked: Vec<Mention>) {
        self.picked.set_value(picked);
    }

    /// Who was chosen and still stands in the text, to be remembered with it.
    pub(super) fn chosen(self, text: &str) -> Vec<Mention> {
        let mut picked = self.picked.try_get_value().unwrap_or_default();
        picked.retain(|mention| text.contains(&format!("@{}", mention.name)));
        picked
    }

    /// The text is now this, and the caret stands there (as browsers count).
    pub(super) fn follow(self, text: &str, caret: usize) {
        if !self.group || !text.contains('@') {
            self.close();
            return;
        }
        self.load();
        let typed = typed_after_at(text, caret);
        if self.typed.with_untracked(|old| *old != typed) {
            self.active.set(0);
            self.typed.set(typed);
        }
    }

    fn load(self) {
        if self.asked.get_value() {
            return;
        }
        self.asked.set_value(true);
        spawn_local(async move {
            match api::group(self.id).await {
                Ok(group) => {
                    self.members.try_set(group.members.into_iter().filter(|m| m.tag.is_some()).collect());
                }
                Err(_) => {
                    self.asked.try_set_value(false);
                }
            }
        });
    }

    /// Offers nobody any more.
    pub(super) fn close(self) {
        if self.typed.try_with_untracked(Option::is_some) == Some(true) {
            self.typed.try_set(None);
        }
    }

    /// Who is offered.
    fn offered(self) -> Vec<GroupMemberView> {
        // A field that has gone from the page still says that it lost the focus.
        let Some(Some((_, needle))) = self.typed.try_get() else { return Vec::new() };
        let meant = |members: &Vec<GroupMemberView>| {
            members.iter().filter(|member| is_meant(member, &needle)).take(OFFERED).cloned().collect()
        };
        self.members.try_with(meant).unwrap_or_default()
    }

    /// A key was pressed.
    pub(super) fn key(self, key: &str, text: &str) -> Pressed {
        let offered = untrack(|| self.offered());
        if offered.is_empty() {
            return Pressed::NotOurs;
        }
        let active = self.active.get_untracked().min(offered.len() - 1);
        match key {
            "ArrowDown" => self.active.set((active + 1) % offered.len()),
            "ArrowUp" => self.active.set((active + offered.len() - 1) % offered.len()),
            "Escape" => self.close(),
            "Enter" | "Tab" => {
                return self.pick(&offered[active], text).map_or(Pressed::Ours, Pressed::Chosen);
            }
            _ => return Pressed::NotOurs,
        }
        Pressed::Ours
    }

    /// This one is meant.
    fn pick(self, member: &GroupMemberView, text: &str) -> Option<(String, usize)> {
        let (at, needle) = self.typed.get_untracked()?;
        let tag = member.tag.clone()?;
        self.picked.update_value(|picked| {
            picked.retain(|other| other.name != member.name);
            picked.push(Mention { tag, name: member.name.clone() });
        });
        self.close();
        let (before, after) = (text.get(..=at)?, text.get(at + 1 + needle.len()..)?);
        let start = format!("{before}{} ", member.name);
        let caret = start.encode_utf16().count();
        Some((start + after.strip_prefix(' ').unwrap_or(after), caret))
    }

    /// The text as it is sent, and whom it mentions.
    pub(super) fn encode(self, text: String) -> (String, Vec<Mention>) {
        if !self.group {
            return (text, Vec::new());
        }
        let picked = self.picked.get_value();
        self.picked.set_value(Vec::new());
        let members = self.members.with_untracked(|members| {
            members
                .iter()
                .filter_map(|m| Some(Mention { tag: m.tag.clone()?, name: m.name.clone() }))
                .collect::<Vec<_>>()
        });
        encode(&text, &picked, &members)
    }

    /// For screen readers: whether there is anybody to offer at all.
    pub(super) fn autocompletes(self) -> Option<&'static str> {
        self.group.then_some("list")
    }

    /// Which of the offered is the active one, for screen readers.
    pub(super) fn active_id(self) -> Option<String> {
        let n = self.offered().len();
        (n > 0).then(|| format!("mention-{}", self.active.get().min(n - 1)))
    }

    /// The list, and a word for who does not see it.
    pub(super) fn list(
        self,
        node: NodeRef<html::Textarea>,
        put: impl Fn(String, usize) + Copy + Send + Sync + 'static,
        words: &'static Words,
    ) -> impl IntoView {
        let options = move || {
            let offered = self.offered();
            (!offered.is_empty()).then(|| {
                let active = self.active.get().min(offered.len() - 1);
                let rows = offered.into_iter().enumerate().map(|(n, member)| {
                    let number = member.phone.clone().filter(|phone| *phone != member.name);
                    let name = member.name.clone();
                    let choose = move |event: leptos::ev::MouseEvent| {
                        // The field keeps the focus.
                        event.prevent_default();
                        let text = node.get_untracked().map(|area| area.value()).unwrap_or_default();
                        if let Some((text, caret)) = self.pick(&member, &text) {
                            put(text, caret);
                        }
                    };
                    view! {
                        <li
                            id=format!("mention-{n}")
                            role="option"
                            aria-selected=if n == active { "true" } else { "false" }
                            on:mousedown=choose
                        >
                            <span dir="auto">{name}</span>
                            {number.map(|number| view! { <small>{number}</small> })}
                        </li>
                    }
                });
                view! {
                    <ul class="mentions" id="mentions" role="listbox" aria-label=words.mention_label>
                        {rows.collect_view()}
                    </ul>
                }
            })
        };
        let said = move || {
            let n = self.offered().len();
            (n > 0).then(|| count(words.mention_one, words.mention_many, n as i64))
        };
        view! {
            {options}
            <p class="visually-hidden" role="status">{said}</p>
        }
    }
}

/// What stands between an `@` and the caret, if somebody may be meant by it, and where the `@` stands.
fn typed_after_at(text: &str, caret: usize) -> Option<(usize, String)> {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        let here = units >= caret;
        units += c.len_utf16();
        here
    });
    let before = &text[..end.map_or(text.len(), |(at, _)| at)];
    let at = before.rfind('@')?;
    let word = before[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    let typed = &before[at + 1..];
    let fits = typed.chars().count() <= LONGEST && !typed.contains('\n') && !typed.starts_with(' ');
    (!word && fits).then(|| (at, typed.to_owned()))
}

/// Names after an `@` become numbers: of those who were chosen, and of members whose name nobody else has.
fn encode(text: &str, picked: &[Mention], members: &[Mention]) -> (String, Vec<Mention>) {
    let alone = |name: &str| members.iter().filter(|member| member.name == name).count() == 1;
    let mut all: Vec<&Mention> = members
        .iter()
        .filter(|member| alone(&member.name) && !picked.iter().any(|other| other.name == member.name))
        .chain(picked)
        .collect();
    // “Ana Souza” before “Ana”.
    all.sort_by_key(|mention| std::cmp::Reverse(mention.name.len()));
    let mut out = String::with_capacity(text.len());
    let mut meant: Vec<Mention> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let ends = |name: &str| {
            rest.strip_prefix(name).is_some_and(|after| !after.starts_with(char::is_alphanumeric))
        };
        if let Some(mention) = all.iter().find(|mention| !mention.name.is_empty() && ends(&mention.name)) {
            out.push_str(&mention.tag);
            rest = &rest[mention.name.len()..];
            if !meant.contains(mention) {
                meant.push((*mention).clone());
            }
        }
    }
    out.push_str(rest);
    (out, meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mention(name: &str, tag: &str) -> Mention {
        Mention { tag: tag.into(), name: name.into() }
    }

    #[test]
    fn an_at_begins_a_mention_but_not_within_a_word() {
        assert_eq!(typed_after_at("hi @an", 6), Some((3, "an".into())));
        assert_eq!(typed_after_at("@ana sou and more", 8), Some((0, "ana sou".into())));
        assert_eq!(typed_after_at("😀 @é", 5), Some((5, "é".into())), "browsers count in UTF-16");
        assert_eq!(typed_after_at("@", 1), Some((0, String::new())));
        for (text, caret) in
            [("mail ana@home", 13), ("@ ana", 5), ("@ana\nnext", 9), ("none", 4), ("x @ana", 1)]
        {
            assert_eq!(typed_after_at(text, caret), None, "{text}");
        }
    }

    #[test]
    fn names_become_numbers() {
        let members = [
            mention("Ana", "111111"),
            mention("Ana Souza", "222222"),
            mention("Budi", "33333"),
            mention("Budi", "44444"),
        ];
        let sent = |text: &str, picked: &[Mention]| encode(text, picked, &members);
        let (text, meant) = sent("@Ana Souza and @Ana, not @Anabel or @Budi", &[]);
        assert_eq!(text, "@222222 and @111111, not @Anabel or @Budi");
        assert_eq!(meant.len(), 2);
        assert_eq!(sent("@Budi!", &[mention("Budi", "44444")]).0, "@44444!", "the one who was chosen");
        assert_eq!(sent("nobody", &[]), ("nobody".into(), Vec::new()));
    }
}
