//! The list of conversations with search and filters.

use std::time::Duration;

use leptos::{html, prelude::*};

use super::{filters::Filters, hits::Found, row::Row, syncing::Syncing};
use crate::{
    browser::{intersect, timer::Debounce},
    route::{Filter, Route},
    state::{inbox::Load, loading, use_app},
    ui::{
        each::each,
        empty::Empty,
        icon::{Icon, icon},
        more::more_words,
        skeleton::SkeletonRows,
    },
};

/// How long after the last letter a search begins.
const PAUSE: Duration = Duration::from_millis(250);

/// The list.
#[component]
pub(super) fn List() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let filter = Memo::new(move |_| {
        app.route.with(|route| match route {
            Route::Inbox { filter, .. } => filter.clone(),
            _ => Filter::default(),
        })
    });
    let searching = Memo::new(move |_| filter.with(|filter| !filter.q.trim().is_empty()));
    let body = move || {
        let load = app.inbox().list_load.get();
        let empty = app.inbox().list.with(Vec::is_empty);
        match (load, empty) {
            (Load::Failed, _) => view! {
                <Empty sign=Icon::WifiOff title=words.list_failed text=words.error_network>
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| loading::filter(app, filter.get_untracked(), move || app.filter_untracked())
                    >
                        {icon(Icon::Retry)}
                        {words.retry}
                    </button>
                </Empty>
            }
            .into_any(),
            (Load::Loading, _) => view! { <SkeletonRows words=words /> }.into_any(),
            // Where no name matches, words in messages may.
            (_, true) if searching.get_untracked() => view! { <Found filter=filter alone=true /> }.into_any(),
            (_, true) => view! { <Nothing filter=filter /> }.into_any(),
            (_, false) if searching.get_untracked() => view! {
                <Rows filter=filter />
                <Found filter=filter alone=false />
            }
            .into_any(),
            (_, false) => view! { <Rows filter=filter /> }.into_any(),
        }
    };
    // Followed as a state, so that rows are not built anew with each new message.
    let state = Memo::new(move |_| {
        (app.inbox().list_load.get(), app.inbox().list.with(Vec::is_empty), searching.get())
    });
    view! {
        <section class="list-pane" aria-label=words.list_label>
            <Head filter=filter />
            <Syncing />
            <div class="list-scroll" id="list-scroll">
                {move || {
                    // Read, not only followed: a memo that nobody has read follows nothing itself.
                    let _ = state.get();
                    untrack(body)
                }}
            </div>
        </section>
    }
}

#[component]
fn Head(filter: Memo<Filter>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let node = NodeRef::<html::Input>::new();
    let pause = Debounce::new(PAUSE);
    let change = move |edit: &dyn Fn(&mut Filter)| {
        let mut filter = filter.get_untracked();
        edit(&mut filter);
        let open = app.inbox().open_id();
        app.replace(Route::Inbox { open, message: app.message_untracked(), filter });
    };
    let typed = move |event| {
        let q = event_target_value(&event);
        pause.run(move || change(&|filter: &mut Filter| filter.q.clone_from(&q)));
    };
    // Whatever else changes the filter also changes what stands in the field.
    Effect::new(move || {
        let q = filter.with(|filter| filter.q.clone());
        if let Some(input) = node.get()
            && input.value().trim() != q.trim()
        {
            input.set_value(&q);
        }
    });
    view! {
        <header class="list-head">
            <p class="list-title" aria-hidden="true">{words.nav_inbox}</p>
            <form class="search" role="search" action="/inbox" on:submit=move |event| event.prevent_default()>
                {icon(Icon::Search)}
                <input
                    node_ref=node
                    id="search"
                    type="search"
                    name="q"
                    aria-label=words.search_placeholder
                    placeholder=words.search_placeholder
                    autocomplete="off"
                    enterkeyhint="search"
                    value=filter.with_untracked(|filter| filter.q.clone())
                    on:input=typed
                />
            </form>
            <Filters filter=filter />
        </header>
    }
}

#[component]
pub(super) fn Nothing(filter: Memo<Filter>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let filter_now = filter.get_untracked();
    let everything =
        Route::Inbox { open: app.inbox().open_id(), message: None, filter: Filter::default() }.href();
    if filter_now.is_empty() {
        let connect = app.may(balas_domain::Permission::ManageAccounts)
            && app.inbox().accounts.with_untracked(Vec::is_empty);
        return view! {
            <Empty sign=Icon::Inbox title=words.list_empty_title text=words.list_empty_text>
                {connect.then(|| view! { <a class="button primary" href="/accounts/new">{words.list_empty_connect}</a> })}
            </Empty>
        }
        .into_any();
    }
    let only_unread = filter_now.unread && filter_now.q.trim().is_empty();
    let (sign, title) = if only_unread {
        (Icon::CheckDouble, words.list_all_read)
    } else {
        (Icon::Search, words.list_none_title)
    };
    let text = if only_unread { "" } else { words.list_none_text };
    view! {
        <Empty sign=sign title=title text=text>
            <a class="button" href=everything>{words.filter_clear}</a>
        </Empty>
    }
    .into_any()
}

#[component]
fn Rows(filter: Memo<Filter>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let more = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let Some(button) = more.get() {
            let scroller = crate::browser::dom::by_id("list-scroll");
            intersect::when_near(&button, scroller.as_deref(), 600, move || {
                loading::more(app, filter.get_untracked());
            });
        }
    });
    view! {
        <ul class="rows" role="list">
            {each(
                move || app.inbox().list.get(),
                |id| *id,
                move |id| view! { <Row id=id filter=filter /> }.into_any(),
            )}
        </ul>
        {move || {
            app.inbox()
                .list_more
                .get()
                .then(|| {
                    view! {
                        <button
                            node_ref=more
                            type="button"
                            class="button more"
                            on:click=move |_| loading::more(app, filter.get_untracked())
                        >
                            {more_words(app.inbox().more_load, [words.more, words.loading, words.retry])}
                        </button>
                    }
                })
        }}
    }
}
