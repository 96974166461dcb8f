//! Messages that a search has found, below the conversations that match by name.

use balas_domain::search::MessageHit;
use leptos::prelude::*;

use super::list::Nothing;
use crate::{
    route::{Filter, Route},
    state::{loading, use_app},
    ui::time::{Style, Time},
};

/// What was found. `alone`: no conversation matches by name.
#[component]
pub(super) fn Found(filter: Memo<Filter>, alone: bool) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    // The server renders the list; words in messages are looked for from here.
    Effect::new(move || {
        let wanted = filter.get();
        let here =
            app.inbox().hits.with_untracked(|hits| hits.as_ref().is_some_and(|hits| hits.filter == wanted));
        if !here && !wanted.q.trim().is_empty() {
            loading::search(app, wanted, None);
        }
    });
    let body = move || {
        app.inbox().hits.get().map(|hits| {
            if hits.found.is_empty() && alone {
                return view! { <Nothing filter=filter /> }.into_any();
            }
            if hits.found.is_empty() {
                return view! { <p class="hits-none">{words.hits_none}</p> }.into_any();
            }
            let more = hits.next.clone().map(|next| {
                let again = move |_| loading::search(app, filter.get_untracked(), Some(next.clone()));
                view! { <button type="button" class="button more" on:click=again>{words.more}</button> }
            });
            view! {
                <ul class="rows" role="list">{hits.found.into_iter().map(|hit| row(hit, filter)).collect_view()}</ul>
                {more}
            }
            .into_any()
        })
    };
    let titled = move || {
        !alone || app.inbox().hits.with(|hits| hits.as_ref().is_some_and(|hits| !hits.found.is_empty()))
    };
    view! {
        <section class="hits" aria-label=words.hits_title>
            {move || titled().then(|| view! { <h2 class="hits-title">{words.hits_title}</h2> })}
            {body}
        </section>
    }
}

fn row(hit: MessageHit, filter: Memo<Filter>) -> impl IntoView {
    let app = use_app();
    let route = move || {
        let (open, message) = (Some(hit.conversation_id), Some(hit.id));
        Route::Inbox { open, message, filter: filter.get() }
    };
    let href = move || route().href();
    // The page itself follows the link, unless it leads to where one is: then one has scrolled away.
    let again = move |_| {
        if app.route.get_untracked() == untrack(route) {
            app.inbox().jump.set(Some((hit.conversation_id, hit.id)));
        }
    };
    let excerpt =
        hit.excerpt
            .into_iter()
            .map(|piece| {
                if piece.hit { view! { <mark>{piece.text}</mark> }.into_any() } else { piece.text.into_any() }
            })
            .collect_view();
    view! {
        <li class="row-item">
            <a class="row hit" href=href on:click=again>
                <span class="row-main">
                    <span class="row-line">
                        <span class="row-title" dir="auto">{hit.title}</span>
                        <Time at=hit.at style=Style::Short />
                    </span>
                    <span class="hit-excerpt" dir="auto">{excerpt}</span>
                </span>
            </a>
        </li>
    }
}
