//! What pages ask of the server: one thin function each. The engine decides; here is only the way there and
//! back.

use balas_domain::{
    AccountId, ContactId, ConversationId, MemberId, MessageId, Role,
    form::{CloudForm, MemberForm},
    inbox::{Snapshot, ThreadPage},
    query::{ContactQuery, ListQuery, NewText},
    view::{
        AccountSetup, AccountView, CheckReport, ContactView, ConversationView, MemberView, MessageView, Page,
    },
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
mod context;
mod error;

#[cfg(feature = "ssr")]
pub(crate) use context::page_data;
pub use error::ApiError;
pub(crate) use error::problem;

/// Replaces the secrets of a number; what is `None` stays.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChange {
    /// What the team calls it.
    pub name: Option<String>,
    /// System-user access token.
    pub token: Option<String>,
    /// Signs the webhooks.
    pub app_secret: Option<String>,
}

impl std::fmt::Debug for AccountChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountChange").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Changes a member; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberUpdate {
    /// Shown name.
    pub name: Option<String>,
    /// May do what.
    pub role: Option<Role>,
    /// Can sign in.
    pub active: Option<bool>,
}

/// Everything an inbox shows, as of one position in the log.
#[server(name = GetSnapshot, prefix = "/api/ui", endpoint = "snapshot", input = Json)]
pub async fn snapshot(query: ListQuery, open: Option<ConversationId>) -> Result<Snapshot, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.snapshot(&call.actor, &query, open).await)
}

/// A page of the list.
#[server(prefix = "/api/ui", endpoint = "conversations", input = Json)]
pub async fn conversations(query: ListQuery) -> Result<Page<ConversationView>, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.conversations(&call.actor, &query).await)
}

/// A page of a thread.
#[server(prefix = "/api/ui", endpoint = "thread", input = Json)]
pub async fn thread(id: ConversationId, cursor: Option<String>) -> Result<ThreadPage, ApiError> {
    let call = context::Call::new().await?;
    let page = call.engine.thread(&call.actor, id, cursor.as_deref(), balas_domain::query::PAGE).await;
    context::answer(page)
}

/// Sends a text. The same id twice is one message.
#[server(prefix = "/api/ui", endpoint = "send_text", input = Json)]
pub async fn send_text(conversation: ConversationId, text: NewText) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.send_text(&call.actor, conversation, &text).await)
}

/// Sends a failed message again.
#[server(prefix = "/api/ui", endpoint = "retry", input = Json)]
pub async fn retry(id: MessageId) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.retry(&call.actor, id).await)
}

/// Someone here has seen the conversation.
#[server(prefix = "/api/ui", endpoint = "mark_read", input = Json)]
pub async fn mark_read(id: ConversationId) -> Result<(), ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.mark_read(&call.actor, id).await)
}

/// A page of the contacts.
#[server(prefix = "/api/ui", endpoint = "contacts", input = Json)]
pub async fn contacts(query: ContactQuery) -> Result<Page<ContactView>, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.contacts(&call.actor, &query).await)
}

/// One contact.
#[server(prefix = "/api/ui", endpoint = "contact", input = Json)]
pub async fn contact(id: ContactId) -> Result<ContactView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.contact(&call.actor, id).await)
}

/// A number with what is needed to finish setting it up.
#[server(name = GetAccountSetup, prefix = "/api/ui", endpoint = "account_setup", input = Json)]
pub async fn account_setup(id: AccountId) -> Result<AccountSetup, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.account_setup(&call.actor, id).await)
}

/// Tries what was entered, without storing it.
#[server(prefix = "/api/ui", endpoint = "check_cloud", input = Json)]
pub async fn check_cloud(form: CloudForm) -> Result<CheckReport, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.check_cloud(&call.actor, &form).await)
}

/// Connects a number.
#[server(prefix = "/api/ui", endpoint = "create_cloud", input = Json)]
pub async fn create_cloud(form: CloudForm) -> Result<AccountView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.create_cloud(&call.actor, &form).await)
}

/// Renames a number or replaces its secrets.
#[server(prefix = "/api/ui", endpoint = "update_account", input = Json)]
pub async fn update_account(id: AccountId, change: AccountChange) -> Result<AccountView, ApiError> {
    let call = context::Call::new().await?;
    if let (Some(name), None, None) = (&change.name, &change.token, &change.app_secret) {
        return context::answer(call.engine.rename_account(&call.actor, id, name).await);
    }
    let change = balas_engine::CloudChange {
        name: change.name,
        token: change.token,
        app_secret: change.app_secret,
        verify_token: None,
    };
    context::answer(call.engine.update_cloud(&call.actor, id, &change).await)
}

/// Starts a number.
#[server(prefix = "/api/ui", endpoint = "start_account", input = Json)]
pub async fn start_account(id: AccountId) -> Result<AccountView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.start_account(&call.actor, id).await)
}

/// Stops a number.
#[server(prefix = "/api/ui", endpoint = "stop_account", input = Json)]
pub async fn stop_account(id: AccountId) -> Result<AccountView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.stop_account(&call.actor, id).await)
}

/// Deletes a number with everything that belongs to it.
#[server(prefix = "/api/ui", endpoint = "delete_account", input = Json)]
pub async fn delete_account(id: AccountId, typed_name: String) -> Result<(), ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.delete_account(&call.actor, id, &typed_name).await)
}

/// Adds a member.
#[server(prefix = "/api/ui", endpoint = "create_member", input = Json)]
pub async fn create_member(form: MemberForm) -> Result<MemberView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.create_member(&call.actor, &form).await)
}

/// Changes a member.
#[server(prefix = "/api/ui", endpoint = "update_member", input = Json)]
pub async fn update_member(id: MemberId, change: MemberUpdate) -> Result<MemberView, ApiError> {
    let call = context::Call::new().await?;
    let MemberUpdate { name, role, active } = change;
    let change = balas_engine::MemberChange { name, role, active };
    context::answer(call.engine.update_member(&call.actor, id, &change).await)
}
