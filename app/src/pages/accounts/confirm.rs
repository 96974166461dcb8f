//! What is asked before a number is logged out or deleted: one dialog each on a page, for whichever number is meant.

use balas_domain::{AccountId, Payload};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{self, AccountAction},
    i18n::fill,
    route::Route,
    state::use_app,
    ui::{dialog::Dialog, typed_name::TypedName},
};

/// Opens the dialogs, which [`Dialogs`] puts on the page.
#[derive(Clone, Copy)]
pub(super) struct Confirm {
    /// Id and name.
    which: RwSignal<Option<(AccountId, String)>>,
    deleting: RwSignal<bool>,
    logging_out: RwSignal<bool>,
}

impl Confirm {
    pub(super) fn new() -> Self {
        Self { which: RwSignal::new(None), deleting: RwSignal::new(false), logging_out: RwSignal::new(false) }
    }

    /// Asks whether this one shall be deleted.
    pub(super) fn delete(self, id: AccountId, name: String) {
        self.which.set(Some((id, name)));
        self.deleting.set(true);
    }

    /// Asks whether this one shall be logged out.
    pub(super) fn log_out(self, id: AccountId, name: String) {
        self.which.set(Some((id, name)));
        self.logging_out.set(true);
    }
}

/// The dialogs.
#[component]
pub(super) fn Dialogs(confirm: Confirm) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let log_out = move |_| {
        confirm.logging_out.set(false);
        let Some((id, _)) = confirm.which.get_untracked() else { return };
        spawn_local(async move {
            match api::change_account(id, AccountAction::LogOut).await {
                Ok(account) => app.inbox().confirm(Payload::Account(Box::new(account))),
                Err(error) => app.complain(&error),
            }
        });
    };
    view! {
        <Dialog open=confirm.logging_out title=words.account_log_out words=words>
            <p>
                {move || confirm.which.get().map(|(_, name)| view! { <strong dir="auto">{name}</strong> ": " })}
                {words.account_log_out_text}
            </p>
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| confirm.logging_out.set(false)>
                    {words.cancel}
                </button>
                <button type="button" class="button danger" on:click=log_out>
                    {words.account_log_out}
                </button>
            </div>
        </Dialog>
        <Dialog open=confirm.deleting title=words.account_delete words=words>
            {move || confirm.which.get().map(|(id, name)| view! { <Delete id=id name=name open=confirm.deleting /> })}
        </Dialog>
    }
}

/// Deletes only what was typed by its name.
#[component]
fn Delete(id: AccountId, name: String, open: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let busy = RwSignal::new(false);
    let text = fill(words.account_delete_text, &[("name", &name)]);
    let delete = Callback::new(move |typed| {
        spawn_local(async move {
            match api::delete_account(id, typed).await {
                Ok(()) => {
                    open.try_set(false);
                    app.toasts().good(words.account_deleted);
                    app.go(Route::Accounts);
                }
                Err(error) => {
                    app.complain(&error);
                    busy.try_set(false);
                }
            }
        });
    });
    view! {
        <TypedName
            name=name
            field="typed_name"
            label=words.field_account_name
            confirm=words.account_delete_confirm
            open=open
            busy=busy
            confirmed=delete
        >
            <p>{text}</p>
        </TypedName>
    }
}
