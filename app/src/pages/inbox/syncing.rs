//! How far the histories of numbers are, as long as they come, and which failed, unless somebody has put that away.

use balas_domain::{
    AccountId, Permission, SyncState, SyncView, Timestamp,
    view::{AccountView, ProviderKind},
};
use leptos::prelude::*;

use crate::{
    i18n::{Words, fill},
    route::Route,
    state::{App, use_app},
    ui::{
        each::each,
        icon::{Icon, icon},
    },
};

/// A bar for each number whose history is on its way or has failed.
#[component]
pub(super) fn Syncing() -> impl IntoView {
    let app = use_app();
    // Put away is what runs now: another history of the same number shows again.
    let hidden = RwSignal::new(Vec::<(AccountId, Timestamp)>::new());
    let shown = move || {
        let worth_it = |account: &AccountView| {
            account.sync.as_ref().is_some_and(|sync| {
                let away = hidden.with(|hidden| hidden.contains(&(account.id, sync.started_at)));
                // Nobody waits for a quiet one, but that it failed is worth a word.
                let failed = sync.state == SyncState::Failed;
                (failed || sync.state.goes_on() && !sync.quiet) && !away
            })
        };
        app.inbox().accounts.with(|all| all.iter().filter(|a| worth_it(a)).map(|a| a.id).collect::<Vec<_>>())
    };
    view! {
        <ul class="syncing" role="list" aria-label=app.words.sync_label>
            {each(shown, |id| *id, move |id| bar(app, id, hidden))}
        </ul>
    }
}

fn bar(app: App, id: AccountId, hidden: RwSignal<Vec<(AccountId, Timestamp)>>) -> AnyView {
    let words = app.words;
    let account = Memo::new(move |_| app.inbox().account(id));
    let sync = Memo::new(move |_| account.get().and_then(|account| account.sync));
    let name = move || account.get().map(|account| account.name);
    let percent = move || sync.with(|sync| sync.as_ref().map(SyncView::percent));
    let cloud = account.with_untracked(|a| a.as_ref().is_some_and(|a| a.provider == ProviderKind::Cloud));
    let text = move || sync.with(|sync| sync.as_ref().map(|sync| progress(sync, cloud, words)));
    let why = move || sync.with(|sync| sync.as_ref().and_then(|sync| sync.error.clone()));
    let failed = Memo::new(move |_| sync.with(|s| s.as_ref().is_some_and(|s| s.state == SyncState::Failed)));
    // Meta sends it once and cannot be asked for it.
    let possible = !cloud && app.may(Permission::ManageAccounts);
    let away = move |_| {
        if let Some(sync) = sync.get_untracked() {
            hidden.update(|hidden| hidden.push((id, sync.started_at)));
        }
    };
    view! {
        <li>
            <p role=move || failed.get().then_some("alert")>
                <strong dir="auto">{name}</strong>
                <span>{text}</span>
            </p>
            <button type="button" class="icon-button small" aria-label=words.sync_hide title=words.sync_hide on:click=away>
                {icon(Icon::Close)}
            </button>
            {move || {
                (!failed.get())
                    .then(|| view! { <progress max="100" value=percent aria-label=words.sync_label></progress> })
            }}
            {move || why().map(|why| view! { <p class="hint">{why}</p> })}
            {move || {
                (failed.get() && possible)
                    .then(|| {
                        // There it can be tried again.
                        let href = Route::Account(id).href();
                        view! { <a class="button small" href=href>{words.not_ready_link}</a> }
                    })
            }}
        </li>
    }
    .into_any()
}

/// How far it is, in words. Meta counts in hundredths, phones in chats.
fn progress(sync: &SyncView, cloud: bool, words: &'static Words) -> String {
    if sync.state == SyncState::Failed {
        return words.sync_failed.to_owned();
    }
    let percent = sync.percent().to_string();
    if !cloud && sync.only_looks() {
        return words.sync_looks.to_owned();
    }
    match (cloud, sync.total) {
        (true, _) => fill(words.sync_percent, &[("percent", &percent)]),
        (false, 0) => words.sync_begins.to_owned(),
        (false, total) => fill(
            words.sync_progress,
            &[("done", &sync.done.to_string()), ("total", &total.to_string()), ("percent", &percent)],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn in_words() {
        let words = Lang::En.words();
        let mut sync = SyncView {
            state: SyncState::Syncing,
            done: 45,
            total: 120,
            messages: 900,
            error: None,
            quiet: false,
            started_at: Timestamp(0),
            finished_at: None,
        };
        assert_eq!(progress(&sync, false, words), "Syncing chats… 45/120 (38%)");
        sync.done = 120;
        assert_eq!(progress(&sync, false, words), "All chats are here; looking whether more come…");
        (sync.done, sync.total) = (55, 100);
        assert_eq!(progress(&sync, true, words), "Syncing chats… 55%");
        sync.total = 0;
        assert_eq!(progress(&sync, false, words), "Syncing chats…");
        sync.state = SyncState::Failed;
        assert_eq!(progress(&sync, false, words), "Bringing the chats over failed.");
    }
}
