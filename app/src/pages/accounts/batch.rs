//! Several numbers at once: which are selected, what is being done with them, and what failed.

use balas_domain::{AccountId, Payload, view::AccountView};
use futures::{StreamExt, stream};
use leptos::{prelude::*, task::spawn_local};

use super::error_words;
use crate::{
    api::{self, AccountAction, ApiError},
    i18n::{OfficeWords, count, fill},
    state::{App, sign_in_again, use_app},
    ui::{
        dialog::Dialog,
        field::Field,
        icon::{Icon, icon},
    },
};

/// So many calls at a time: what is quick stays quick, and the server is not flooded.
const AT_ONCE: usize = 4;

/// Which numbers are selected.
#[derive(Clone, Copy)]
pub(super) struct Selection(RwSignal<Vec<AccountId>>);

impl Selection {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    pub(super) fn has(self, id: AccountId) -> bool {
        self.0.with(|ids| ids.contains(&id))
    }

    pub(super) fn has_all(self, all: &[AccountId]) -> bool {
        !all.is_empty() && self.0.with(|ids| all.iter().all(|id| ids.contains(id)))
    }

    pub(super) fn set(self, ids: Vec<AccountId>) {
        self.0.set(ids);
    }

    pub(super) fn put(self, id: AccountId, selected: bool) {
        self.0.update(|ids| {
            ids.retain(|other| *other != id);
            if selected {
                ids.push(id);
            }
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Start,
    Stop,
    LogOut,
    Delete,
}

/// A batch under way, or its outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Progress {
    all: usize,
    done: usize,
    /// Name of the number, and what went wrong.
    failed: Vec<(String, String)>,
}

impl Progress {
    const fn under_way(&self) -> bool {
        self.done < self.all
    }
}

/// What can be done with the selected numbers; nothing while none is selected.
#[component]
pub(super) fn Bar(selection: Selection) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let progress = RwSignal::new(None::<Progress>);
    let deleting = RwSignal::new(false);
    let logging_out = RwSignal::new(false);
    // Numbers that are gone meanwhile cannot be meant.
    let chosen = Memo::new(move |_| {
        app.inbox()
            .accounts
            .with(|all| all.iter().filter(|account| selection.has(account.id)).cloned().collect::<Vec<_>>())
    });
    let busy = move || progress.with(|progress| progress.as_ref().is_some_and(Progress::under_way));
    let open = move || chosen.with(|chosen| !chosen.is_empty()) || progress.with(Option::is_some);
    let run = move |what: What| {
        deleting.set(false);
        logging_out.set(false);
        spawn_local(work(app, what, chosen.get_untracked(), selection, progress));
    };
    let button = move |what: What, label: &'static str| {
        view! {
            <button
                type="button"
                class="button"
                disabled=move || busy() || chosen.with(Vec::is_empty)
                on:click=move |_| run(what)
            >
                {label}
            </button>
        }
    };
    let asking = move |open: RwSignal<bool>, label: &'static str| {
        view! {
            <button
                type="button"
                class="button danger-quiet"
                disabled=move || busy() || chosen.with(Vec::is_empty)
                on:click=move |_| open.set(true)
            >
                {label}
            </button>
        }
    };
    let names =
        move || chosen.with(|chosen| chosen.iter().map(|account| account.name.clone()).collect::<Vec<_>>());
    view! {
        <div class="batch" role="region" aria-label=words.batch_label hidden=move || !open()>
            <div class="batch-line">
                <strong aria-live="polite">
                    {move || match progress.get() {
                        Some(progress) => progress_text(&progress, words),
                        None => count(words.selected_one, words.selected_many, chosen.with(Vec::len) as i64),
                    }}
                </strong>
                <span class="section-foot">
                    {button(What::Start, words.account_start)}
                    {button(What::Stop, words.account_stop)}
                    {asking(logging_out, words.account_log_out)}
                    {asking(deleting, words.batch_delete)}
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=words.close
                        disabled=busy
                        on:click=move |_| {
                            selection.set(Vec::new());
                            progress.set(None);
                        }
                    >
                        {icon(Icon::Close)}
                    </button>
                </span>
            </div>
            {move || {
                progress
                    .get()
                    .map(|progress| {
                        view! {
                            <progress max=progress.all value=progress.done aria-label=words.batch_label></progress>
                            <ul class="batch-failed">
                                {progress
                                    .failed
                                    .into_iter()
                                    .map(|(name, error)| {
                                        view! { <li><strong dir="auto">{name}</strong> ": " {error}</li> }
                                    })
                                    .collect_view()}
                            </ul>
                        }
                    })
            }}
        </div>
        <Dialog open=logging_out title=words.account_log_out words=words>
            <p>{words.batch_log_out_text}</p>
            {move || names_list(names())}
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| logging_out.set(false)>
                    {words.cancel}
                </button>
                <button type="button" class="button danger" on:click=move |_| run(What::LogOut)>
                    {words.account_log_out}
                </button>
            </div>
        </Dialog>
        <Dialog open=deleting title=words.batch_delete words=words>
            <Confirm
                names=names()
                open=deleting
                confirmed=Callback::new(move |()| run(What::Delete))
            />
        </Dialog>
    }
}

#[component]
fn Confirm(names: Vec<String>, open: RwSignal<bool>, confirmed: Callback<()>) -> impl IntoView {
    let words = use_app().office_words();
    let typed = RwSignal::new(String::new());
    let phrase = StoredValue::new(fill(words.batch_delete_phrase, &[("n", &names.len().to_string())]));
    let matches = move || typed.with(|typed| phrase.with_value(|phrase| typed.trim() == phrase));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(matches) {
            confirmed.run(());
        }
    };
    view! {
        <form class="form" on:submit=submit>
            <p>{fill(words.batch_delete_text, &[("phrase", &phrase.get_value())])}</p>
            {names_list(names)}
            <Field name="phrase" label=words.field_confirm value=typed words=words />
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {words.cancel}
                </button>
                <button class="button danger" disabled=move || !matches()>
                    {words.account_delete_confirm}
                </button>
            </div>
        </form>
    }
}

fn names_list(names: Vec<String>) -> impl IntoView {
    let names = names.into_iter().map(|name| view! { <li dir="auto">{name}</li> }).collect_view();
    view! { <ul class="batch-names">{names}</ul> }
}

fn progress_text(progress: &Progress, words: &OfficeWords) -> String {
    let (done, all) = (progress.done.to_string(), progress.all.to_string());
    let mut text = fill(words.batch_progress, &[("done", &done), ("all", &all)]);
    if !progress.failed.is_empty() {
        text.push_str(" · ");
        text.push_str(&fill(words.batch_failed, &[("n", &progress.failed.len().to_string())]));
    }
    text
}

/// Does it with each, a few at a time.
async fn work(
    app: App,
    what: What,
    chosen: Vec<AccountView>,
    selection: Selection,
    progress: RwSignal<Option<Progress>>,
) {
    let words = app.office_words();
    progress.set(Some(Progress { all: chosen.len(), ..Progress::default() }));
    let mut results = stream::iter(chosen)
        .map(|account| async move {
            let done = one(app, what, &account).await;
            (account, done)
        })
        .buffer_unordered(AT_ONCE);
    let mut failed = Vec::new();
    while let Some((account, done)) = results.next().await {
        if matches!(done, Err(ApiError::SignedOut)) {
            sign_in_again();
            return;
        }
        progress.try_update(|progress| {
            let Some(progress) = progress else { return };
            progress.done += 1;
            if let Err(error) = done {
                failed.push(account.id);
                progress.failed.push((account.name, error_words(app, &error)));
            }
        });
    }
    // What failed stays in sight and selected, to be tried again.
    if failed.is_empty() {
        progress.try_set(None);
        app.toasts().good(words.batch_done);
    }
    selection.0.try_set(failed);
}

async fn one(app: App, what: What, account: &AccountView) -> Result<(), ApiError> {
    let action = match what {
        What::Start => AccountAction::Start,
        What::Stop => AccountAction::Stop,
        What::LogOut => AccountAction::LogOut,
        // The phrase was typed; the name of each is the proof that this one is meant.
        What::Delete => return api::delete_account(account.id, account.name.clone()).await,
    };
    let changed = api::change_account(account.id, action).await?;
    app.inbox().confirm(Payload::Account(Box::new(changed)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn progress_tells_what_failed() {
        let words = Lang::En.office_words();
        let mut progress = Progress { all: 40, done: 12, failed: Vec::new() };
        assert_eq!(progress_text(&progress, words), "12 of 40 done");
        progress.failed.push(("Toko".to_owned(), "No.".to_owned()));
        assert_eq!(progress_text(&progress, words), "12 of 40 done · 1 failed");
        assert!(progress.under_way());
        progress.done = 40;
        assert!(!progress.under_way());
    }
}
