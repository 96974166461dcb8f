//! The inbox: list, thread and details beside each other; on a phone one of them.

mod bubble;
mod composer;
mod content;
mod details;
mod list;
mod notice;
mod row;
mod thread;

use leptos::prelude::*;

use crate::{
    route::Route,
    state::use_app,
    ui::{empty::Empty, icon::Icon},
};

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
    view! {
        <div
            class="inbox"
            data-open=move || open.get().is_some().then_some("")
            data-details=move || details.get().as_str()
        >
            // For who does not see the page: on a phone the list, with its title, is not always there.
            <h1 class="visually-hidden">{words.nav_inbox}</h1>
            <list::List />
            <section class="thread-pane">
                {move || match open.get() {
                    Some(id) => view! { <thread::Thread id=id details=details /> }.into_any(),
                    None => {
                        view! {
                            <Empty sign=Icon::Inbox title=words.thread_pick_title text=words.thread_pick_text />
                        }
                            .into_any()
                    }
                }}
            </section>
            {move || open.get().map(|id| view! { <details::Details id=id shown=details /> })}
        </div>
    }
}
