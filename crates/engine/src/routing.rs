//! Which number a message leaves by: the conversation's own; and if that cannot send and the workspace allows it, the
//! primary one, or any other that is connected.
//!
//! A message that left by another number stays in the thread in which it was written. Its provider id belongs to the
//! account that sent it, so receipts and reactions find it there; the customer's answer comes in on that number and so
//! begins (or goes on with) that number's own conversation.

use std::sync::Arc;

use balas_domain::{
    AccountId, AccountStatus, Address, ConversationId, Permission, Timestamp, WorkspaceId,
    settings::WorkspaceSettings,
    view::{AccountView, ConversationView, MessageView},
};
use balas_store::{Tx, Write, accounts, contacts, conversations, workspaces};

use crate::{Engine, access::Actor, accounts::Runtime, error::EngineError, reading};

/// The way a message goes.
pub(crate) struct Route {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) account: AccountView,
    /// Where the customer is reached from there.
    pub(crate) to: Address,
    /// It is not the conversation's own number.
    pub(crate) other: bool,
}

impl Engine {
    /// What the workspace's admins have set.
    ///
    /// # Errors
    /// When the actor may not, or the database fails.
    pub async fn workspace_settings(&self, actor: &Actor) -> Result<WorkspaceSettings, EngineError> {
        actor.require(Permission::ReadAccounts)?;
        let mut tx = self.store.read().await?;
        settings(actor.workspace, &mut tx).await
    }

    /// Sets what admins may set, but for where alerts are posted to: see [`Engine::set_alert_webhook`].
    ///
    /// # Errors
    /// When the actor may not, a value is out of bounds, or alerts shall be mailed and this server cannot.
    pub async fn set_workspace_settings(
        &self,
        actor: &Actor,
        new: &WorkspaceSettings,
    ) -> Result<WorkspaceSettings, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        EngineError::of_fields(new.validate())?;
        if !new.alert_emails.is_empty() && self.config.mail.is_none() {
            return Err(EngineError::Refused(
                "this server sends no e-mails: its administrator must name a mail server in the configuration first",
            ));
        }
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        let before = settings(actor.workspace, write.tx()).await?;
        // That goes with a secret, so it has a way of its own.
        let new = WorkspaceSettings { alert_webhook: before.alert_webhook, ..new.clone() };
        store_settings(&mut write, &new).await?;
        self.publish(write).await?;
        // Messages that wait may have another way now.
        self.jobs.wake();
        Ok(new)
    }

    /// The way this message goes now; `None` if it must wait.
    pub(crate) async fn route(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        message: &MessageView,
        conversation: &ConversationView,
    ) -> Result<Option<Route>, EngineError> {
        let Some(own) = accounts::view(ws, tx, conversation.account_id).await? else { return Ok(None) };
        if own.status.can_send() {
            let runtime = self.accounts.get(own.id);
            let to = best_address(ws, tx, conversation).await?;
            return Ok(runtime.map(|runtime| Route { runtime, account: own, to, other: false }));
        }
        let now = self.clock.now();
        let waited = now.since(message.at);
        if comes_back(own.status) && waited < self.config.rhythm.fall_back {
            return Ok(None);
        }
        self.other_route(ws, tx, conversation, now).await
    }

    /// Which number would carry an answer to this conversation now: its own (as soon as that is back, if it is away for a
    /// moment), or one that stands in for it. `None` if none would, so that an answer would be refused.
    ///
    /// # Errors
    /// When the actor may not, there is no such conversation, or the database fails.
    pub async fn carrier(
        &self,
        actor: &Actor,
        conversation: ConversationId,
    ) -> Result<Option<AccountId>, EngineError> {
        actor.require(Permission::Reply)?;
        let ws = actor.workspace;
        let mut tx = self.store.read().await?;
        let conversation = reading::conversation(actor, &mut tx, conversation).await?;
        let Some(own) = accounts::view(ws, &mut tx, conversation.account_id).await? else { return Ok(None) };
        match self.way_out(ws, &mut tx, &conversation, &own, self.clock.now()).await {
            Ok(id) => Ok(Some(id)),
            Err(EngineError::AccountNotReady { .. } | EngineError::WindowClosed) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The number that would carry an answer now.
    ///
    /// # Errors
    /// [`EngineError::AccountNotReady`] or [`EngineError::WindowClosed`] if none would.
    pub(crate) async fn way_out(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        conversation: &ConversationView,
        own: &AccountView,
        now: Timestamp,
    ) -> Result<AccountId, EngineError> {
        let gone = matches!(own.status, AccountStatus::Idle | AccountStatus::Error);
        // It may be back before another one has to stand in, so its window counts.
        if !gone
            && let Some(hours) = own.capabilities.window_hours
            && !conversation.last_inbound_at.is_some_and(|at| within_window(at, now, hours))
        {
            return Err(EngineError::WindowClosed);
        }
        if own.status.can_send() {
            return Ok(own.id);
        }
        match self.other_route(ws, tx, conversation, now).await? {
            Some(route) => Ok(route.account.id),
            None if gone => Err(EngineError::AccountNotReady { status: own.status }),
            None => Ok(own.id),
        }
    }

    /// Another number that can reach the conversation's customer, if the workspace allows it.
    pub(crate) async fn other_route(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        conversation: &ConversationView,
        now: Timestamp,
    ) -> Result<Option<Route>, EngineError> {
        if !settings(ws, tx).await?.fall_back {
            return Ok(None);
        }
        let Some(to) = reachable_from_anywhere(ws, tx, conversation).await? else { return Ok(None) };
        let mut candidates = accounts::list(ws, tx).await?;
        candidates.retain(|a| a.status.can_send() && a.id != conversation.account_id);
        // By name otherwise, so that it is always the same one.
        candidates.sort_by_key(|account| !account.primary);
        for account in candidates {
            if !may_begin(ws, tx, &account, &to, now).await? {
                continue;
            }
            if let Some(runtime) = self.accounts.get(account.id) {
                return Ok(Some(Route { runtime, account, to, other: true }));
            }
        }
        Ok(None)
    }
}

/// Whether an account in this status is usually back before anybody has noticed.
const fn comes_back(status: AccountStatus) -> bool {
    matches!(status, AccountStatus::Loading | AccountStatus::Authenticated | AccountStatus::Disconnected)
}

/// The customer's phone number: all other names are known to one account or business only. `None` for groups, too.
pub(crate) async fn reachable_from_anywhere(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: &ConversationView,
) -> Result<Option<Address>, balas_store::StoreError> {
    if matches!(conversation.address, Address::Phone(_)) {
        return Ok(Some(conversation.address.clone()));
    }
    let Some(contact) = conversation.contact_id else { return Ok(None) };
    contacts::newest_phone(ws, tx, contact).await
}

/// Where the conversation's customer is reached on its own number: where messages last came from, but by phone number
/// as soon as one is known. All providers take that, and it outlives the other names.
pub(crate) async fn best_address(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: &ConversationView,
) -> Result<Address, balas_store::StoreError> {
    let phone = reachable_from_anywhere(ws, tx, conversation).await?;
    Ok(phone.unwrap_or_else(|| conversation.address.clone()))
}

/// Meta allows free text only to customers who have written to this very number in the last hours.
async fn may_begin(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: &AccountView,
    to: &Address,
    now: Timestamp,
) -> Result<bool, EngineError> {
    let Some(hours) = account.capabilities.window_hours else { return Ok(true) };
    let Some(id) = conversations::by_address(ws, tx, account.id, to).await? else { return Ok(false) };
    let last = conversations::get(ws, tx, id).await?.and_then(|c| c.last_inbound_at);
    Ok(last.is_some_and(|at| within_window(at, now, hours)))
}

/// Whether the customer wrote so recently that free text may be sent.
pub(crate) fn within_window(last_inbound_at: Timestamp, now: Timestamp, hours: u32) -> bool {
    now.since(last_inbound_at) <= std::time::Duration::from_secs(u64::from(hours) * 3600)
}

pub(crate) async fn settings(ws: WorkspaceId, tx: &mut Tx) -> Result<WorkspaceSettings, EngineError> {
    let row = workspaces::get(ws, tx).await?.ok_or(EngineError::NotFound { what: "workspace" })?;
    serde_json::from_value(row.settings).map_err(|e| EngineError::Internal(e.to_string()))
}

pub(crate) async fn store_settings(
    write: &mut Write,
    settings: &WorkspaceSettings,
) -> Result<(), EngineError> {
    let value = serde_json::to_value(settings).map_err(|e| EngineError::Internal(e.to_string()))?;
    Ok(workspaces::set_settings(write, &value).await?)
}

/// Which account has carried the message, if it is not the conversation's own.
pub(crate) fn carrier_of(route: &Route) -> Option<AccountId> {
    route.other.then_some(route.account.id)
}
