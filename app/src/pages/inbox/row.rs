//! One row of the list.

use balas_domain::{ConversationId, view::Direction};
use leptos::prelude::*;

use super::{group::members_words, tags::tags};
use crate::{
    route::{Filter, Route},
    state::use_app,
    ui::{
        avatar::{Avatar, picture_of},
        badge::Unread,
        icon::{Icon, icon},
        preview::preview_line,
        ticks::Ticks,
        time::{Style, Time},
    },
};

/// So much of a draft is shown, in characters: no line is longer.
const DRAFT_SHOWN: usize = 120;

/// A conversation as a link to itself.
#[component]
pub(super) fn Row(id: ConversationId, filter: Memo<Filter>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let Some(row) = app.inbox().row(id) else { return ().into_any() };
    let href = move || Route::Inbox { open: Some(id), message: None, filter: filter.get() }.href();
    let current = move || {
        app.route
            .with(|route| matches!(route, Route::Inbox { open: Some(open), .. } if *open == id))
            .then_some("true")
    };
    // Each part follows only what it shows: a new time does not draw the name anew.
    let title = Memo::new({
        let row = row.clone();
        move |_| row.with(|row| row.title.clone())
    });
    let picture = Memo::new({
        let row = row.clone();
        move |_| row.with(picture_of)
    });
    let last = Memo::new({
        let row = row.clone();
        move |_| row.with(|row| row.last.clone())
    });
    let unread = Memo::new({
        let row = row.clone();
        move |_| row.with(|row| row.unread)
    });
    // What waits to be said here comes before what was said last; the composer of an open conversation shows it itself.
    let draft = Memo::new(move |_| app.drafts().text(id).filter(|_| current().is_none()));
    let work = Memo::new({
        let row = row.clone();
        move |_| row.with(|row| row.work.clone())
    });
    let account = row.with_untracked(|row| row.account_id);
    let is_group = row.with_untracked(|row| row.address.is_group());
    let members = Memo::new({
        let row = row.clone();
        move |_| row.with(|row| row.group.and_then(|group| group.members))
    });
    let group_mark = is_group.then(|| {
        let said =
            move || members.get().map_or_else(|| words.group_label.to_owned(), |n| members_words(n, words));
        view! {
            <span class="row-group" role="img" aria-label=said title=said>
                {icon(Icon::Members)}
                {move || members.get()}
            </span>
        }
    });
    let number = move || {
        let several = app.inbox().accounts.with(|accounts| accounts.len() > 1);
        several.then(|| app.inbox().account(account)).flatten().map(|account| {
            view! { <span class="row-number" dir="auto">{account.name}</span> }
        })
    };
    view! {
        <li class="row-item">
            <a
                class="row"
                id=format!("row-{id}")
                href=href
                aria-current=current
                data-unread=move || (unread.get() > 0).then_some("")
            >
                {move || view! { <Avatar name=title.get() id=id.to_string() picture=picture.get() /> }}
                <span class="row-main">
                    <span class="row-line">
                        <span class="row-title" dir="auto">{title}</span>
                        {group_mark}
                        {move || last.get().map(|last| view! { <Time at=last.at style=Style::Short /> })}
                    </span>
                    <span class="row-line">
                        <span class="row-preview">
                            {move || {
                                if let Some(text) = draft.get() {
                                    let start: String = text.chars().take(DRAFT_SHOWN).collect();
                                    return view! {
                                        <span class="row-draft">{words.draft} ": "</span>
                                        <span dir="auto">{start}</span>
                                    }
                                        .into_any();
                                }
                                last.get()
                                    .map(|last| {
                                        let ticks = (last.direction == Direction::Out)
                                            .then(|| view! { <Ticks status=last.status words=words /> });
                                        view! {
                                            {ticks}
                                            {last.author.map(|name| view! { <bdi class="row-author">{name} ": "</bdi> })}
                                            {preview_line(&last.preview, words)}
                                        }
                                    })
                                    .into_any()
                            }}
                        </span>
                        {move || (unread.get() > 0).then(|| view! { <Unread count=unread.get() words=words /> })}
                    </span>
                    {number}
                    {tags(app, work)}
                </span>
            </a>
        </li>
    }
    .into_any()
}
