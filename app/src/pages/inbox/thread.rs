//! One conversation: head, messages, composer.

use balas_domain::{
    ConversationId,
    socket::{Presence, Typist},
    view::MessageView,
};
use leptos::prelude::*;

use super::{
    acts::{Acts, ActsView},
    attach::Tray,
    composer::Composer,
    details::Shown,
    find::{FindBar, FindButton, Found},
    group::members_words,
    messages::Messages,
    work::ResolveButton,
};
use crate::{
    browser::dom,
    i18n::fill,
    route::Route,
    state::{App, inbox::Load, loading, use_app},
    ui::{
        avatar::{Avatar, picture_of},
        empty::Empty,
        icon::{Icon, icon},
        skeleton::SkeletonThread,
    },
};

/// A conversation.
#[component]
pub(super) fn Thread(id: ConversationId, details: RwSignal<Shown>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let answering = RwSignal::new(None::<MessageView>);
    let acts = Acts::new(answering);
    provide_context(acts);
    let tray = Tray::new();
    // The address changes first. Until the store has followed, what it says is about another thread, and this
    // one would count as read before it has been shown.
    let load = Memo::new(move |_| {
        if app.inbox().open.get() == Some(id) { app.inbox().thread_load.get() } else { Load::Loading }
    });
    let found = Found::new();
    provide_context(found);
    let again = move |_| loading::open(app, Some(id), app.message_untracked());
    view! {
        <Head id=id details=details found=found />
        {move || found.open.get().then(|| view! { <FindBar id=id found=found /> })}
        {move || match load.get() {
            Load::Missing => {
                view! {
                    <Empty sign=Icon::Question title=words.thread_missing_title text=words.thread_missing_text>
                        <a class="button" href="/inbox">{words.go_to_inbox}</a>
                    </Empty>
                }
                    .into_any()
            }
            Load::Failed => {
                view! {
                    <Empty sign=Icon::WifiOff title=words.thread_failed text=words.error_network>
                        <button type="button" class="button" on:click=again>
                            {icon(Icon::Retry)}
                            {words.retry}
                        </button>
                    </Empty>
                }
                    .into_any()
            }
            Load::Loading => view! { <SkeletonThread words=words /> }.into_any(),
            Load::Ready => {
                view! {
                    <Messages id=id answering=answering tray=tray />
                    <Composer id=id answering=answering tray=tray />
                    <ActsView acts=acts />
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn Head(id: ConversationId, details: RwSignal<Shown>, found: Found) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let back = move || Route::Inbox { open: None, message: None, filter: app.route.with(filter_of) }.href();
    // A conversation may come from an address before its row is here.
    let row = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox()
            .row(id)
            .map(|row| row.with(|row| (row.title.clone(), row.account_id, row.address.clone(), row.group)))
    });
    let title = move || row.get().map(|(title, ..)| title).unwrap_or_default();
    let picture = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox().row(id).map(|row| row.with(picture_of)).unwrap_or_default()
    });
    let line = move || {
        let typing = app.live().typing.with(|typing| {
            typing.who(id, app.my_id()).map(|(who, presence)| match (who, presence) {
                (Typist::Contact, Presence::Recording) => words.recording_contact.to_owned(),
                (Typist::Contact, _) => words.typing_contact.to_owned(),
                (Typist::Member { name, .. }, Presence::Recording) => {
                    fill(words.recording_member, &[("name", name)])
                }
                (Typist::Member { name, .. }, _) => fill(words.typing_member, &[("name", name)]),
            })
        });
        if let Some(typing) = typing {
            return view! { <span class="typing">{typing}</span> }.into_any();
        }
        let label = row.get().map(|(title, account, address, group)| {
            // A group's id says nothing to anybody.
            let number = if address.is_group() {
                let members = group.and_then(|group| group.members);
                members.map_or_else(|| words.group_label.to_owned(), |n| members_words(n, words))
            } else {
                address.label()
            };
            let account = app.inbox().account(account).map(|account| account.name).unwrap_or_default();
            let on = fill(words.on_number, &[("name", &account)]);
            // A contact without a name is called by the number already.
            if number == title { on } else { format!("{number} · {on}") }
        });
        let others = also_here(app, id).map(|names| {
            let text = fill(words.also_here, &[("names", &names)]);
            view! { <span class="also-here">{icon(Icon::Eye)} {text}</span> }
        });
        view! {
            <span>{label}</span>
            {others}
        }
        .into_any()
    };
    let toggle = move |_| details.update(|shown| *shown = shown.toggled(dom::is_wide()));
    view! {
        <header class="thread-head">
            <a class="icon-button thread-back" href=back aria-label=words.back>
                {icon(Icon::Back)}
            </a>
            {move || view! { <Avatar name=title() id=id.to_string() picture=picture.get() /> }}
            <div class="thread-who">
                // Not before there is a name: a heading without words is read as one.
                {move || Some(title()).filter(|title| !title.is_empty()).map(|title| view! { <h2 dir="auto">{title}</h2> })}
                <p aria-live="polite">{line}</p>
            </div>
            <FindButton found=found />
            <ResolveButton id=id />
            <button type="button" class="icon-button" aria-label=words.details title=words.details on:click=toggle>
                {icon(Icon::Panel)}
            </button>
        </header>
    }
}

/// The colleagues who look at the conversation now.
fn also_here(app: App, id: ConversationId) -> Option<String> {
    let names: Vec<String> = app.inbox().viewers.with(|viewers| {
        let here = viewers.iter().filter(|viewer| viewer.conversation_id == id);
        here.filter_map(|viewer| app.inbox().member_name(viewer.member_id)).collect()
    });
    (!names.is_empty()).then(|| names.join(", "))
}

fn filter_of(route: &Route) -> crate::route::Filter {
    match route {
        Route::Inbox { filter, .. } => filter.clone(),
        _ => crate::route::Filter::default(),
    }
}
