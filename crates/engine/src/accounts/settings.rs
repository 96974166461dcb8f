//! What a team sets for its accounts, of whichever kind: name, pace, limits, which one is primary.

use balas_domain::{
    AccountId, AccountSettings, AccountSettingsChange, Permission,
    form::{FieldError, Problem, name_problem},
    text::clean_name,
    view::AccountView,
};
use balas_store::{Write, accounts, jobs};

use crate::{Engine, access::Actor, error::EngineError};

impl Engine {
    /// Gives an account another name.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, or the name will not do.
    pub async fn rename_account(
        &self,
        actor: &Actor,
        id: AccountId,
        name: &str,
    ) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        if let Some(problem) = name_problem(name) {
            return Err(EngineError::Invalid(vec![FieldError { field: "name".to_owned(), problem }]));
        }
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        let change = accounts::AccountChange { name: clean_name(name), ..accounts::AccountChange::default() };
        found(accounts::update(&mut write, id, &change).await)?;
        self.publish(write).await?;
        self.account(actor, id).await
    }

    /// Sets all that may be set. Takes effect with the next message.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, or a value is out of bounds.
    pub async fn set_account_settings(
        &self,
        actor: &Actor,
        id: AccountId,
        settings: &AccountSettings,
    ) -> Result<AccountView, EngineError> {
        self.change_account_settings(actor, id, &settings.clone().into()).await
    }

    /// Sets some of what may be set; what is left out stays as it is. Takes effect with the next message.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, or a value is out of bounds.
    pub async fn change_account_settings(
        &self,
        actor: &Actor,
        id: AccountId,
        change: &AccountSettingsChange,
    ) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        let account = accounts::view(actor.workspace, write.tx(), id).await?;
        let account = account.ok_or(EngineError::NotFound { what: "account" })?;
        let settings = change.applied(&account.settings);
        EngineError::of_fields(settings.validate())?;
        // One whose storage was taken away may keep its other settings up to date.
        let storage = settings.media_storage;
        if storage != account.settings.media_storage && !self.files.storages().contains(&storage) {
            let (field, problem) = ("media_storage".to_owned(), Problem::NoStorage);
            return Err(EngineError::Invalid(vec![FieldError { field, problem }]));
        }
        let change =
            accounts::AccountChange { settings: Some(settings), ..accounts::AccountChange::default() };
        found(accounts::update(&mut write, id, &change).await)?;
        self.look_again(&mut write).await?;
        self.publish(write).await?;
        self.jobs.wake();
        self.account(actor, id).await
    }

    /// Messages that are held may go now.
    async fn look_again(&self, write: &mut Write) -> Result<(), EngineError> {
        let (ws, now) = (write.workspace(), write.now());
        jobs::hasten(ws, write.tx(), "send", now).await?;
        Ok(())
    }

    /// Begins to count today's messages anew.
    ///
    /// # Errors
    /// When the actor may not, or there is no such account.
    pub async fn reset_daily_use(&self, actor: &Actor, id: AccountId) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        found(accounts::reset_sent(&mut write, id).await)?;
        self.look_again(&mut write).await?;
        self.publish(write).await?;
        self.jobs.wake();
        self.account(actor, id).await
    }

    /// Makes the account the workspace's primary one, or takes that from it.
    ///
    /// # Errors
    /// When the actor may not, or there is no such account.
    pub async fn set_primary_account(
        &self,
        actor: &Actor,
        id: AccountId,
        primary: bool,
    ) -> Result<AccountView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        found(accounts::set_primary(&mut write, id, primary).await)?;
        self.publish(write).await?;
        self.account(actor, id).await
    }
}

fn found(result: Result<(), balas_store::StoreError>) -> Result<(), EngineError> {
    match result {
        Err(balas_store::StoreError::NotFound) => Err(EngineError::NotFound { what: "account" }),
        other => Ok(other?),
    }
}
