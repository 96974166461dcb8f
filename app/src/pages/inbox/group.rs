//! A group: who is in it, what it is about, and what happened to it.

use balas_domain::{
    ConversationId, GroupRole, GroupView,
    group::{GroupClosed, GroupEvent, GroupMemberView, GroupNews},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    i18n::{Words, count, fill},
    state::use_app,
    ui::{
        each::each,
        rich_text::rich_text,
        time::{Style, Time},
    },
};

/// Members that are shown at first: a thousand would take a while.
const AT_FIRST: usize = 50;
/// From here on there is a field to look for a member.
const WORTH_SEARCHING: usize = 12;

/// How many are in it.
pub(super) fn members_words(n: u32, words: &Words) -> String {
    count(words.group_members_one, words.group_members_many, i64::from(n))
}

/// Why nobody here can write in it.
pub(super) const fn closed_words(closed: GroupClosed, words: &Words) -> &'static str {
    match closed {
        GroupClosed::Left => words.group_closed_left,
        GroupClosed::AdminsOnly => words.group_closed_admins,
    }
}

/// What happened, as a sentence.
pub(super) fn news_words(news: &GroupNews, words: &Words) -> String {
    let several = news.who.len() + usize::from(news.us) + news.more as usize > 1;
    let one_or_many = |one, many| if several { many } else { one };
    let sentence = match news.event {
        GroupEvent::Joined => one_or_many(words.group_joined_one, words.group_joined_many),
        GroupEvent::Left => one_or_many(words.group_left_one, words.group_left_many),
        GroupEvent::Promoted => one_or_many(words.group_promoted_one, words.group_promoted_many),
        GroupEvent::Demoted => one_or_many(words.group_demoted_one, words.group_demoted_many),
        GroupEvent::Renamed if news.name.is_some() => words.group_renamed,
        GroupEvent::Renamed => words.group_renamed_somehow,
        GroupEvent::Described => words.group_described,
        GroupEvent::Pictured => words.group_pictured,
        GroupEvent::Closed => words.group_closed,
        GroupEvent::Opened => words.group_opened,
        GroupEvent::Locked => words.group_locked,
        GroupEvent::Unlocked => words.group_unlocked,
    };
    let us = news.us.then(|| words.group_us.to_owned());
    let more = (news.more > 0).then(|| fill(words.group_and_more, &[("n", &news.more.to_string())]));
    let who: Vec<String> = us.into_iter().chain(news.who.iter().cloned()).chain(more).collect();
    fill(sentence, &[("who", &who.join(", ")), ("name", news.name.as_deref().unwrap_or_default())])
}

/// Whether a member is meant by what somebody looks for.
pub(super) fn is_meant(member: &GroupMemberView, needle: &str) -> bool {
    let digits: String = needle.chars().filter(char::is_ascii_digit).collect();
    let number = !digits.is_empty() && digits.len() == needle.chars().filter(|c| c.is_alphanumeric()).count();
    member.name.to_lowercase().contains(&needle.to_lowercase())
        || number && member.tag.as_ref().is_some_and(|tag| tag.contains(&digits))
}

/// The group's part of the details. Fetched while they are seen, and again when something about it changed.
#[component]
pub(super) fn GroupPanel(id: ConversationId, visible: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let group = RwSignal::new(None::<GroupView>);
    let revision = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox().row(id).and_then(|row| row.with(|row| row.group.map(|group| group.revision)))
    });
    Effect::new(move || {
        let Some(revision) = revision.get().filter(|_| visible.get()) else { return };
        if group.with_untracked(|group| group.as_ref().is_some_and(|group| group.glance.revision >= revision))
        {
            return;
        }
        spawn_local(async move {
            if let Ok(found) = api::group(id).await {
                group.try_set(Some(found));
            }
        });
    });
    let facts = move || {
        group.with(|group| {
            let group = group.as_ref()?;
            let rules = [(group.announce, words.group_closed), (group.locked, words.group_locked)];
            let rules: Vec<_> = rules.into_iter().filter(|(on, _)| *on).map(|(_, rule)| rule).collect();
            Some(view! {
                <dl class="facts">
                    {group
                        .description
                        .as_ref()
                        .map(|text| {
                            view! {
                                <div>
                                    <dt>{words.group_description}</dt>
                                    <dd class="group-about" dir="auto">{rich_text(text)}</dd>
                                </div>
                            }
                        })}
                    {group
                        .created_at
                        .map(|at| {
                            view! {
                                <div>
                                    <dt>{words.group_created}</dt>
                                    <dd><Time at=at style=Style::Exact /></dd>
                                </div>
                            }
                        })}
                    {group
                        .owner
                        .clone()
                        .map(|owner| {
                            view! {
                                <div>
                                    <dt>{words.group_owner}</dt>
                                    <dd dir="auto">{owner}</dd>
                                </div>
                            }
                        })}
                    {(!rules.is_empty())
                        .then(|| {
                            view! {
                                <div>
                                    <dt>{words.group_rules}</dt>
                                    {rules.into_iter().map(|rule| view! { <dd>{rule}</dd> }).collect_view()}
                                </div>
                            }
                        })}
                </dl>
            })
        })
    };
    view! {
        {facts}
        <Members group=group />
    }
}

/// Who is in it.
#[component]
fn Members(group: RwSignal<Option<GroupView>>) -> impl IntoView {
    let words = use_app().words;
    let needle = RwSignal::new(String::new());
    let all = RwSignal::new(false);
    let known = Memo::new(move |_| {
        group.with(|group| {
            group.as_ref().filter(|group| group.fetched_at.is_some()).map(|group| group.members.len())
        })
    });
    let many = Memo::new(move |_| known.get().is_some_and(|n| n >= WORTH_SEARCHING));
    let meant = Memo::new(move |_| {
        let needle = needle.get();
        let needle = needle.trim();
        group.with(|group| {
            let members = group.iter().flat_map(|group| &group.members);
            members.filter(|member| is_meant(member, needle)).cloned().collect::<Vec<_>>()
        })
    });
    let shown = move || {
        let most = if all.get() { usize::MAX } else { AT_FIRST };
        meant.with(|meant| meant.iter().take(most).cloned().collect::<Vec<_>>())
    };
    let count = Memo::new(move |_| meant.with(Vec::len));
    let more = Memo::new(move |_| count.get() > AT_FIRST && !all.get());
    // The button stays the same when members change: it may just be pressed.
    let rest = move || {
        view! {
            <Show when=move || more.get()>
                <button type="button" class="button small" on:click=move |_| all.set(true)>
                    {move || fill(words.group_show_all, &[("n", &count.get().to_string())])}
                </button>
            </Show>
        }
    };
    let list = move || {
        let Some(n) = known.get() else {
            let loaded = group.with(Option::is_some);
            return loaded.then(|| view! { <p class="group-none">{words.group_unknown}</p> }.into_any());
        };
        let title = members_words(u32::try_from(n).unwrap_or(u32::MAX), words);
        Some(
            view! {
                <h3 class="group-title" id="group-members">{title}</h3>
                {move || {
                    many.get()
                        .then(|| {
                            view! {
                                <div class="field">
                                    <input
                                        type="search"
                                        aria-label=words.group_search
                                        placeholder=words.group_search
                                        prop:value=move || needle.get()
                                        on:input=move |event| needle.set(event_target_value(&event))
                                    />
                                </div>
                            }
                        })
                }}
                <ul
                    class="group-members"
                    aria-labelledby="group-members"
                    data-all=move || all.get().then_some("")
                >
                    {each(shown, |member| (member.contact_id, member.name.clone(), member.role, member.us), member_row)}
                </ul>
                {move || {
                    meant
                        .with(Vec::is_empty)
                        .then(|| view! { <p class="group-none" role="status">{words.group_nobody}</p> })
                }}
                {rest}
            }
            .into_any(),
        )
    };
    view! { <section class="group">{list}</section> }
}

fn member_row(member: GroupMemberView) -> AnyView {
    let words = use_app().words;
    let role = match member.role {
        GroupRole::Member => None,
        GroupRole::Admin => Some(words.group_admin),
        GroupRole::Owner => Some(words.group_owner),
    };
    let number = member.phone.filter(|phone| *phone != member.name);
    view! {
        <li>
            <span class="group-who">
                <span dir="auto">{member.name}</span>
                {member.us.then(|| view! { <small>{words.group_us}</small> })}
                {number.map(|number| view! { <small>{number}</small> })}
            </span>
            {role.map(|role| view! { <span class="tag">{role}</span> })}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn news(event: GroupEvent, who: &[&str], more: u32, us: bool) -> String {
        let who = who.iter().map(|name| (*name).to_owned()).collect();
        news_words(&GroupNews { event, who, more, us, name: None }, Lang::En.words())
    }

    #[test]
    fn lines_name_who_it_is_about() {
        assert_eq!(news(GroupEvent::Joined, &["Ana"], 0, false), "Ana joined the group");
        assert_eq!(news(GroupEvent::Left, &["Ana", "Budi"], 3, false), "Ana, Budi, 3 more left the group");
        assert_eq!(news(GroupEvent::Promoted, &[], 0, true), "This number is now an administrator");
        assert_eq!(news(GroupEvent::Demoted, &["A", "B"], 0, false), "A, B are no longer administrators");
    }

    #[test]
    fn members_are_found_by_name_and_number() {
        let ana = GroupMemberView {
            contact_id: None,
            name: "Ana Souza".into(),
            phone: None,
            tag: Some("6281234".into()),
            role: GroupRole::Member,
            joined_at: None,
            us: false,
        };
        for needle in ["", "ana", "SOUZA", "1234", "+62 812"] {
            assert!(is_meant(&ana, needle), "{needle}");
        }
        assert!(!is_meant(&ana, "12345") && !is_meant(&ana, "ana 12"));
    }
}
