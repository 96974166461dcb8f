//! What pages ask of the server: one thin function each. The engine decides; here is only the way there and
//! back.

use balas_domain::{
    AccountId, AccountSettings, AlertId, AlertView, ContactId, ConversationId, GroupView, LabelId, LabelView,
    MemberId, MergeId, MessageId, Role, WorkspaceSettings,
    form::{AlertWebhookForm, BridgeForm, CloudForm, GatewayForm, MemberForm},
    inbox::{Snapshot, ThreadPage},
    people::{ContactDetails, MergeView, SuggestionView},
    query::{ContactQuery, ListQuery, NewMessage, NewText},
    search::{MessageHit, SearchQuery},
    sync::GapView,
    view::{
        AccountSetup, AccountView, CheckReport, ContactView, ConversationView, DeviceAction, DeviceView,
        GatewayReport, MemberView, MessageView, Page, VersionView,
    },
    work::WorkChange,
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

/// What can be done with a number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountAction {
    /// Runs it.
    Start,
    /// Stops it; the phone stays linked.
    Stop,
    /// Ends the link with the phone.
    LogOut,
    /// Lets its gateway connect to `WhatsApp` anew.
    Reconnect,
    /// Links by QR code; the answer's `code_expires_at` tells when the code runs out.
    ShowQr,
    /// Links by pairing code; likewise. With the phone's number where the account does not know it yet.
    ShowPairingCode(Option<String>),
    /// Gives it another name.
    Rename(String),
    /// Sets pace, limits and the like.
    Settings(AccountSettings),
    /// Counts today's messages anew.
    ResetUse,
    /// Makes it the primary number, or takes that from it.
    Primary(bool),
    /// Replaces secrets of a Cloud API number; what is `None` stays.
    CloudSecrets {
        /// System-user access token.
        token: Option<String>,
        /// Signs the webhooks.
        app_secret: Option<String>,
    },
    /// Follows a gateway that has moved or got other secrets; what is `None` stays.
    Gateway {
        /// Where it is now.
        base_url: Option<String>,
        /// New user.
        user: Option<String>,
        /// New password.
        password: Option<String>,
        /// New secret for webhooks.
        webhook_secret: Option<String>,
    },
}

impl std::fmt::Debug for AccountAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Some carry secrets.
        f.write_str("AccountAction")
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
pub async fn snapshot(
    query: ListQuery,
    open: Option<ConversationId>,
    around: Option<MessageId>,
) -> Result<Snapshot, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.snapshot(&call.actor, &query, open, around).await)
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

/// The part of a thread around a message; where that is gone, its newest page.
#[server(prefix = "/api/ui", endpoint = "thread_around", input = Json)]
pub async fn thread_around(id: ConversationId, message: MessageId) -> Result<ThreadPage, ApiError> {
    let call = context::Call::new().await?;
    let page = call.engine.thread_around(&call.actor, id, message, balas_domain::query::PAGE).await;
    context::answer(page)
}

/// A group with its members.
#[server(prefix = "/api/ui", endpoint = "group", input = Json)]
pub async fn group(id: ConversationId) -> Result<GroupView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.group(&call.actor, id).await)
}

/// Which number would carry an answer now; `None` if none would.
#[server(prefix = "/api/ui", endpoint = "carrier", input = Json)]
pub async fn carrier(id: ConversationId) -> Result<Option<AccountId>, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.carrier(&call.actor, id).await)
}

/// Sends a text. The same id twice is one message.
#[server(prefix = "/api/ui", endpoint = "send_message", input = Json)]
pub async fn send_message(
    conversation: ConversationId,
    message: NewMessage,
) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.send(&call.actor, conversation, message).await)
}

/// Brings over once more what was said on a number's phone.
#[server(prefix = "/api/ui", endpoint = "sync_history", input = Json)]
pub async fn sync_history(id: AccountId) -> Result<(), ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.sync_account_history(&call.actor, id).await)
}

/// Sends a failed message again.
#[server(prefix = "/api/ui", endpoint = "retry", input = Json)]
pub async fn retry(id: MessageId) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.retry(&call.actor, id).await)
}

/// Puts our reaction at a message, or takes it away.
#[server(prefix = "/api/ui", endpoint = "react", input = Json)]
pub async fn react(id: MessageId, emoji: Option<String>) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.react(&call.actor, id, emoji.as_deref()).await)
}

/// Changes what a sent text says.
#[server(prefix = "/api/ui", endpoint = "edit_message", input = Json)]
pub async fn edit_message(id: MessageId, text: String) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.edit_message(&call.actor, id, &text).await)
}

/// Takes a sent message back, for everyone.
#[server(prefix = "/api/ui", endpoint = "revoke_message", input = Json)]
pub async fn revoke_message(id: MessageId) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.revoke_message(&call.actor, id).await)
}

/// What a changed message has said, oldest first.
#[server(prefix = "/api/ui", endpoint = "message_versions", input = Json)]
pub async fn message_versions(id: MessageId) -> Result<Vec<VersionView>, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.message_versions(&call.actor, id).await)
}

/// Fetches the file of a message from `WhatsApp`.
#[server(prefix = "/api/ui", endpoint = "load_file", input = Json)]
pub async fn load_file(id: MessageId) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.load_file(&call.actor, id).await)
}

/// Does something with a conversation that `WhatsApp` knows nothing of.
#[server(prefix = "/api/ui", endpoint = "change_work", input = Json)]
pub async fn change_work(id: ConversationId, change: WorkChange) -> Result<ConversationView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.change_work(&call.actor, id, change).await)
}

/// Writes a note for colleagues. The same id twice is one note.
#[server(prefix = "/api/ui", endpoint = "add_note", input = Json)]
pub async fn add_note(conversation: ConversationId, text: NewText) -> Result<MessageView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.add_note(&call.actor, conversation, &text).await)
}

/// Messages in which words stand.
#[server(name = SearchMessages, prefix = "/api/ui", endpoint = "search", input = Json)]
pub async fn search(query: SearchQuery) -> Result<Page<MessageHit>, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.search_messages(&call.actor, &query).await)
}

/// Makes a label.
#[server(prefix = "/api/ui", endpoint = "create_label", input = Json)]
pub async fn create_label(name: String, colour: u8) -> Result<LabelView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.create_label(&call.actor, &name, colour).await)
}

/// Gives a label another name and colour.
#[server(prefix = "/api/ui", endpoint = "change_label", input = Json)]
pub async fn change_label(id: LabelId, name: String, colour: u8) -> Result<LabelView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.change_label(&call.actor, id, &name, colour).await)
}

/// Takes a label away, from all conversations too.
#[server(prefix = "/api/ui", endpoint = "delete_label", input = Json)]
pub async fn delete_label(id: LabelId) -> Result<(), ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.delete_label(&call.actor, id).await)
}

/// How many conversations bear each label.
#[server(name = GetLabelUses, prefix = "/api/ui", endpoint = "label_uses", input = Json)]
pub async fn label_uses() -> Result<Vec<(LabelId, u32)>, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.label_uses(&call.actor).await)
}

/// Takes all messages of a conversation away, for good.
#[server(prefix = "/api/ui", endpoint = "clear_conversation", input = Json)]
pub async fn clear_conversation(id: ConversationId) -> Result<ConversationView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.clear_conversation(&call.actor, id).await)
}

/// Erases a contact and all that is known of it.
#[server(prefix = "/api/ui", endpoint = "erase_contact", input = Json)]
pub async fn erase_contact(id: ContactId, typed_name: String) -> Result<(), ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.erase_contact(&call.actor, id, &typed_name).await)
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

/// A contact with all its names and how they came together.
#[server(prefix = "/api/ui", endpoint = "contact", input = Json)]
pub async fn contact(id: ContactId) -> Result<ContactDetails, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.contact_details(&call.actor, id).await)
}

/// Contacts that may be one person, and those that became one lately.
#[server(name = GetPeople, prefix = "/api/ui", endpoint = "people", input = Json)]
pub async fn people() -> Result<(Vec<SuggestionView>, Vec<MergeView>), ApiError> {
    let call = context::Call::new().await?;
    let suggestions = context::answer(call.engine.suggestions(&call.actor).await)?;
    Ok((suggestions, context::answer(call.engine.merges(&call.actor).await)?))
}

/// Says that two contacts are one person.
#[server(prefix = "/api/ui", endpoint = "merge_contacts", input = Json)]
pub async fn merge_contacts(first: ContactId, second: ContactId) -> Result<ContactView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.merge_contacts(&call.actor, first, second).await)
}

/// Says that two contacts are two people.
#[server(prefix = "/api/ui", endpoint = "keep_apart", input = Json)]
pub async fn keep_apart(first: ContactId, second: ContactId) -> Result<(), ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.keep_apart(&call.actor, first, second).await)
}

/// Lets contacts that became one part again.
#[server(prefix = "/api/ui", endpoint = "undo_merge", input = Json)]
pub async fn undo_merge(id: MergeId) -> Result<ContactView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.undo_merge(&call.actor, id).await)
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

/// Tries what was entered for a gateway, without storing it.
#[server(prefix = "/api/ui", endpoint = "check_gateway", input = Json)]
pub async fn check_gateway(form: GatewayForm) -> Result<GatewayReport, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.check_gateway(&call.actor, &form).await)
}

/// Connects a number through a gateway.
#[server(prefix = "/api/ui", endpoint = "create_gateway", input = Json)]
pub async fn create_gateway(form: GatewayForm) -> Result<AccountView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.create_gateway(&call.actor, &form).await)
}

/// Tries whether this server has what a number in a browser needs.
#[server(prefix = "/api/ui", endpoint = "check_bridge", input = Json)]
pub async fn check_bridge() -> Result<(), ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.check_bridge(&call.actor).await)
}

/// Connects a number through our own bridge.
#[server(prefix = "/api/ui", endpoint = "create_bridge", input = Json)]
pub async fn create_bridge(form: BridgeForm) -> Result<AccountView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.create_bridge_account(&call.actor, &form).await)
}

/// What is set for all numbers together.
#[server(name = GetWorkspaceSettings, prefix = "/api/ui", endpoint = "workspace_settings", input = Json)]
pub async fn workspace_settings() -> Result<WorkspaceSettings, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.workspace_settings(&call.actor).await)
}

/// Sets it.
#[server(prefix = "/api/ui", endpoint = "set_workspace_settings", input = Json)]
pub async fn set_workspace_settings(settings: WorkspaceSettings) -> Result<WorkspaceSettings, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.set_workspace_settings(&call.actor, &settings).await)
}

/// Says where alerts are posted to; `None` for nowhere.
#[server(prefix = "/api/ui", endpoint = "set_alert_webhook", input = Json)]
pub async fn set_alert_webhook(webhook: Option<AlertWebhookForm>) -> Result<WorkspaceSettings, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.set_alert_webhook(&call.actor, webhook.as_ref()).await)
}

/// Takes note of an alert.
#[server(prefix = "/api/ui", endpoint = "acknowledge_alert", input = Json)]
pub async fn acknowledge_alert(id: AlertId) -> Result<AlertView, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.acknowledge_alert(&call.actor, id).await)
}

/// Does something with a number.
#[server(prefix = "/api/ui", endpoint = "change_account", input = Json)]
pub async fn change_account(id: AccountId, action: AccountAction) -> Result<AccountView, ApiError> {
    let context::Call { engine, actor } = context::Call::new().await?;
    let done = match action {
        AccountAction::Start => engine.start_account(&actor, id).await,
        AccountAction::Stop => engine.stop_account(&actor, id).await,
        AccountAction::LogOut => engine.log_out_account(&actor, id).await,
        AccountAction::Rename(name) => engine.rename_account(&actor, id, &name).await,
        AccountAction::Settings(settings) => engine.set_account_settings(&actor, id, &settings).await,
        AccountAction::ResetUse => engine.reset_daily_use(&actor, id).await,
        AccountAction::Primary(primary) => engine.set_primary_account(&actor, id, primary).await,
        AccountAction::CloudSecrets { token, app_secret } => {
            let change =
                balas_engine::CloudChange { token, app_secret, ..balas_engine::CloudChange::default() };
            engine.update_cloud(&actor, id, &change).await
        }
        AccountAction::Gateway { base_url, user, password, webhook_secret } => {
            let change = balas_engine::GatewayChange { name: None, base_url, user, password, webhook_secret };
            engine.update_gateway(&actor, id, &change).await
        }
        AccountAction::Reconnect => {
            context::answer(engine.reconnect_account(&actor, id).await)?;
            engine.account(&actor, id).await
        }
        AccountAction::ShowQr => {
            context::answer(engine.link_account_by_qr(&actor, id).await)?;
            engine.account(&actor, id).await
        }
        AccountAction::ShowPairingCode(None) => {
            context::answer(engine.pair_account(&actor, id).await)?;
            engine.account(&actor, id).await
        }
        AccountAction::ShowPairingCode(Some(phone)) => {
            context::answer(engine.pair_account_with(&actor, id, &phone).await)?;
            engine.account(&actor, id).await
        }
    };
    context::answer(done)
}

/// The pairing code that a number shows now.
#[server(prefix = "/api/ui", endpoint = "pairing_code", input = Json)]
pub async fn pairing_code(id: AccountId) -> Result<String, ApiError> {
    let call = context::Call::new().await?;
    Ok(context::answer(call.engine.account_pairing_code(&call.actor, id))?.code)
}

/// The devices of a number's gateway.
#[server(prefix = "/api/ui", endpoint = "account_devices", input = Json)]
pub async fn account_devices(id: AccountId) -> Result<Vec<DeviceView>, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.account_devices(&call.actor, id).await)
}

/// Does something to a device of a number's gateway.
#[server(prefix = "/api/ui", endpoint = "act_on_device", input = Json)]
pub async fn act_on_device(id: AccountId, device: String, action: DeviceAction) -> Result<(), ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.act_on_device(&call.actor, id, &device, action).await)
}

/// Messages of a number that had been missed and were fetched, newest first.
#[server(prefix = "/api/ui", endpoint = "account_gaps", input = Json)]
pub async fn account_gaps(id: AccountId) -> Result<Vec<GapView>, ApiError> {
    let call = context::Call::new().await?;
    context::answer(call.engine.account_gaps(&call.actor, id).await)
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
