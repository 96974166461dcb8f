//! What was said on a number's phone before it was connected, and what was missed later.

use balas_domain::{
    AccountId, SyncState, SyncView,
    sync::GapView,
    view::{AccountView, ProviderKind},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    i18n::{OfficeWords, count, fill},
    route::{Filter, Route},
    state::use_app,
    ui::{
        icon::{Icon, icon},
        time::{Style, Time},
    },
};

/// The section.
#[component]
pub(super) fn History(id: AccountId, account: Memo<AccountView>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let busy = RwSignal::new(false);
    let linked = account.with_untracked(|account| account.provider != ProviderKind::Cloud);
    let sync = Memo::new(move |_| account.with(|account| account.sync.clone()));
    let possible = Memo::new(move |_| account.with(|a| a.status.can_send() && a.settings.sync_limit > 0));
    let under_way =
        Memo::new(move |_| sync.with(|s| s.as_ref().is_some_and(|s| s.state.goes_on() && !s.quiet)));
    let begin = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api::sync_history(id).await {
                Ok(()) => app.toasts().good(words.sync_begun),
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    };
    let gaps = RwSignal::new(Vec::<GapView>::new());
    Effect::new(move |before: Option<()>| {
        if before.is_none() {
            spawn_local(async move {
                // Not worth a word when it fails: nobody came for it.
                if let Ok(found) = api::account_gaps(id).await {
                    gaps.try_set(found);
                }
            });
        }
    });
    view! {
        <section class="section">
            <header>
                <h2>{words.history_title}</h2>
                <p>{if linked { words.history_lead } else { words.history_lead_cloud }}</p>
            </header>
            {move || sync.get().map(|sync| state(sync, linked, words))}
            {linked
                .then(|| {
                    view! {
                        <div class="section-foot">
                            <button
                                type="button"
                                class="button"
                                disabled=move || busy.get() || !possible.get() || under_way.get()
                                on:click=begin
                            >
                                {words.sync_history}
                            </button>
                        </div>
                    }
                })}
            {move || {
                let gaps = gaps.get();
                (!gaps.is_empty())
                    .then(|| {
                        view! {
                            <h3>{words.gaps_title}</h3>
                            <ul class="gaps" role="list">
                                {gaps.into_iter().map(|gap| item(gap, words)).collect_view()}
                            </ul>
                        }
                    })
            }}
        </section>
    }
}

fn state(sync: SyncView, linked: bool, words: &'static OfficeWords) -> AnyView {
    let messages = count(words.history_one, words.history_many, i64::from(sync.messages));
    match sync.state {
        SyncState::Failed => view! {
            <p class="notice" data-tone="bad">
                {icon(Icon::Alert)} <span>{words.history_failed} " " {sync.error}</span>
            </p>
        }
        .into_any(),
        SyncState::Pending | SyncState::Syncing if !sync.quiet => {
            let percent = sync.percent();
            let text = if linked && sync.only_looks() {
                words.history_looks.to_owned()
            } else {
                fill(words.history_goes_on, &[("percent", &percent.to_string())])
            };
            view! {
                <p>{text}</p>
                <progress max="100" value=percent aria-label=words.history_title></progress>
                {sync.error.map(|why| view! { <p class="hint">{why}</p> })}
            }
            .into_any()
        }
        _ => view! {
            <p>
                {messages}
                {sync
                    .finished_at
                    .map(|at| view! { " " {words.history_looked} " " <Time at=at style=Style::Ago /> })}
            </p>
        }
        .into_any(),
    }
}

fn item(gap: GapView, words: &'static OfficeWords) -> AnyView {
    let missed = count(words.gaps_one, words.gaps_many, i64::from(gap.messages));
    let href =
        Route::Inbox { open: Some(gap.conversation_id), message: None, filter: Filter::default() }.href();
    view! {
        <li>
            <a href=href dir="auto">{gap.title}</a>
            <span>{missed}</span>
            <span class="hint">
                <Time at=gap.first_at style=Style::Exact /> " – " <Time at=gap.last_at style=Style::Exact />
            </span>
        </li>
    }
    .into_any()
}
