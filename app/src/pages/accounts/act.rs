//! Doing something with a number: one call at a time, its answer shown at once, its refusal said.

use balas_domain::{AccountId, Payload, view::AccountView};
use leptos::{prelude::*, task::spawn_local};

use super::complain;
use crate::{
    api::{self, AccountAction, ApiError},
    state::{App, use_app},
};

/// The actions of one section of a number's page.
#[derive(Clone, Copy)]
pub(super) struct Act {
    app: App,
    id: AccountId,
    busy: RwSignal<bool>,
}

impl Act {
    pub(super) fn new(id: AccountId) -> Self {
        Self { app: use_app(), id, busy: RwSignal::new(false) }
    }

    /// Whether one is under way.
    pub(super) fn busy(self) -> bool {
        self.busy.get()
    }

    /// Does it, and says what went wrong if it does.
    pub(super) fn run(self, action: AccountAction) {
        self.then(action, move |done| {
            if let Err(error) = done {
                complain(self.app, &error);
            }
        });
    }

    /// Does it, and hands on how it went.
    pub(super) fn then(self, action: AccountAction, after: impl FnOnce(Result<(), ApiError>) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let done = api::change_account(self.id, action).await;
            self.busy.try_set(false);
            after(done.map(|account| self.show(account)));
        });
    }

    /// Shows an answer; the stream brings it too, this is only sooner.
    fn show(self, account: AccountView) {
        self.app.inbox().confirm(Payload::Account(Box::new(account)));
    }
}
