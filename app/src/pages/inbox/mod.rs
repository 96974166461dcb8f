//! The inbox: list, thread and details beside each other; on a phone one of them.

mod acts;
mod add;
mod attach;
mod bubble;
mod composer;
mod content;
mod data;
mod details;
mod emoji;
mod file;
mod filters;
pub(crate) mod find;
mod group;
mod hits;
mod later;
mod list;
mod mention;
mod messages;
mod notice;
mod poll;
mod record;
mod row;
mod syncing;
mod tags;
mod thread;
mod voice;
mod work;

use balas_domain::ConversationId;
use leptos::{prelude::*, task::spawn_local};

use super::part::{Parts, View};
use crate::{
    route::Route,
    state::use_app,
    ui::{empty::Empty, icon::Icon, skeleton::SkeletonRows},
};

/// What of an opened conversation stands in which pane.
#[derive(Clone, Copy, Debug)]
pub enum Pane {
    /// The thread.
    Thread(ConversationId, RwSignal<details::Shown>),
    /// Whom it is with.
    Details(ConversationId, RwSignal<details::Shown>),
}

/// A pane of an opened conversation. A browser loads its code with the first one that is opened, or before when somebody
/// begins to move about.
#[must_use]
pub fn pane(pane: Pane) -> View {
    match pane {
        Pane::Thread(id, details) => view! { <thread::Thread id=id details=details /> }.into_any(),
        Pane::Details(id, details) => view! { <details::Details id=id shown=details /> }.into_any(),
    }
}

/// The inbox.
#[component]
pub(crate) fn Inbox() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    // By the route and not by what is loaded: on a phone the list must leave at once.
    let open = Memo::new(move |_| {
        app.route.with(|route| match route {
            Route::Inbox { open, .. } => *open,
            _ => None,
        })
    });
    let details = RwSignal::new(details::Shown::Auto);
    let parts = expect_context::<Parts>();
    let waiting = || view! { <SkeletonRows rows=4 words=use_app().words /> }.into_any();
    // Whoever moves about in the list is about to open a conversation.
    let moved = StoredValue::new(false);
    let fetch = move || {
        if let Some(load) = parts.conversation.load.filter(|_| !moved.get_value()) {
            moved.set_value(true);
            // If it does not come now, it is asked for again when it is needed.
            spawn_local(async move {
                let _ = load().await;
            });
        }
    };
    view! {
        <div
            class="inbox"
            data-open=move || open.get().is_some().then_some("")
            data-details=move || details.get().as_str()
            on:pointerover=move |_| fetch()
            on:focusin=move |_| fetch()
        >
            // For who does not see the page: on a phone the list, with its title, is not always there.
            <h1 class="visually-hidden">{words.nav_inbox}</h1>
            <list::List />
            <section class="thread-pane">
                {move || match open.get() {
                    Some(id) => parts.conversation.door(Pane::Thread(id, details), waiting),
                    None => {
                        view! {
                            <Empty sign=Icon::Inbox title=words.thread_pick_title text=words.thread_pick_text />
                        }
                            .into_any()
                    }
                }}
            </section>
            {move || {
                open.get().map(|id| parts.conversation.door(Pane::Details(id, details), || ().into_any()))
            }}
        </div>
    }
}
