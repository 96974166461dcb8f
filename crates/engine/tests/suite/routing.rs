//! Messages that leave by another number while their conversation's own is not connected.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use balas_domain::{
    AccountId, AccountSettings, AccountStatus, MessageStatus, TrustLevel, WorkspaceSettings,
    form::GatewayForm,
    view::{ConversationView, MessageView, ProviderKind},
};
use balas_engine::EngineError;
use balas_sandbox::{Device, Faults, Incoming};
use balas_store::testing::Kind;
use rstest::rstest;

use crate::support::{PHONE, World};

const FROM: &str = "6281200001111";
const SECOND: &str = "628110000003";

impl World {
    async fn allow_fall_back(&self, fall_back: bool) {
        let settings = WorkspaceSettings { fall_back, ..WorkspaceSettings::default() };
        let set = self.engine.set_workspace_settings(&self.owner, &settings).await.unwrap();
        assert_eq!(self.engine.workspace_settings(&self.owner).await.unwrap(), set);
    }

    async fn heard_on(&self, account: &str, of: AccountId, text: &str) -> ConversationView {
        self.sandbox.world().receive(&Incoming::text(account, FROM, "Sari", text)).unwrap();
        let here = |c: &ConversationView| {
            c.account_id == of && c.last.as_ref().is_some_and(|l| l.preview.text == text)
        };
        self.until("the message came", async || self.list().await.iter().any(here)).await;
        self.list().await.into_iter().find(here).unwrap()
    }

    async fn send(&self, conversation: &ConversationView, text: &str) -> Result<MessageView, EngineError> {
        self.engine.send(&self.owner, conversation.id, &self.text(text)).await
    }

    /// Who would carry an answer now.
    async fn carrier(&self, conversation: &ConversationView) -> Option<AccountId> {
        self.engine.carrier(&self.owner, conversation.id).await.unwrap()
    }

    async fn becomes(&self, message: &MessageView, status: MessageStatus) -> MessageView {
        self.until(&format!("the message is {status:?}"), async || {
            let now = self.message(message.conversation_id, message.id).await.delivery.status;
            now >= status && now != MessageStatus::Failed
        })
        .await;
        self.message(message.conversation_id, message.id).await
    }

    /// Another linked number.
    async fn second(&self) -> (AccountId, Device) {
        let form =
            GatewayForm { name: "Another".to_owned(), phone: format!("+{SECOND}"), ..self.gateway("v9") };
        let account = self.engine.create_gateway(&self.owner, &form).await.unwrap().id;
        let device = Device::new("v9", &format!("balas-{account}"));
        self.status(account, AccountStatus::Qr).await;
        self.sandbox.world().scan(&device, SECOND, Some("Toko Kedua")).unwrap();
        self.status(account, AccountStatus::Ready).await;
        let fast = AccountSettings {
            trust_level: TrustLevel::try_from(5).unwrap(),
            ..AccountSettings::of_new(ProviderKind::Gateway)
        };
        self.engine.set_account_settings(&self.owner, account, &fast).await.unwrap();
        (account, device)
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn an_answer_leaves_by_another_number_only_if_that_is_allowed(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (own, _) = world.linked().await;
    let conversation = world.heard_on(PHONE, own, "hello").await;
    assert_eq!(world.carrier(&conversation).await, Some(own));
    let with_own = world.send(&conversation, "by our own").await.unwrap();
    assert_eq!(world.becomes(&with_own, MessageStatus::Delivered).await.sent_with, None);

    world.engine.stop_account(&world.owner, own).await.unwrap();
    let not_ready = |sent| matches!(sent, Err(EngineError::AccountNotReady { .. }));
    assert!(not_ready(world.send(&conversation, "not allowed").await));
    assert_eq!(world.carrier(&conversation).await, None);
    world.allow_fall_back(true).await;
    // Meta allows nothing to who has not written to that number.
    assert!(not_ready(world.send(&conversation, "no window").await));
    assert_eq!(world.carrier(&conversation).await, None);
    let id = world.number.phone_number_id.clone();
    world.heard_on(&id, world.account, "and here?").await;
    assert_eq!(world.carrier(&conversation).await, Some(world.account));
    let message = world.send(&conversation, "by another").await.unwrap();
    let message = world.becomes(&message, MessageStatus::Delivered).await;
    assert_eq!((message.account_id, message.sent_with), (own, Some(world.account)));
    assert_eq!(message.conversation_id, conversation.id);

    // What the customer does with it comes in on that number, and finds it.
    world.sandbox.world().read(FROM).unwrap();
    world.becomes(&message, MessageStatus::Read).await;
    let sent = world.sandbox.world().sent(FROM);
    assert_eq!(sent.len(), 2);
    let target = sent.iter().find(|m| m.text.as_deref() == Some("by another")).unwrap();
    let content =
        serde_json::json!({"type": "reaction", "reaction": {"message_id": target.id, "emoji": "👍"}});
    let reaction = Incoming { text: None, message: Some(content), ..Incoming::text(&id, FROM, "Sari", "") };
    world.sandbox.world().receive(&reaction).unwrap();
    world
        .until("the reaction is at the message", async || {
            !world.message(conversation.id, message.id).await.reactions.is_empty()
        })
        .await;
    let answer =
        Incoming { reply_to: Some(target.id.clone()), ..Incoming::text(&id, FROM, "Sari", "thanks") };
    world.sandbox.world().receive(&answer).unwrap();
    let cloud = world.heard_on(&id, world.account, "bye").await;
    let quoted = world.thread(cloud.id).await.into_iter().find(|m| m.content.searchable() == "thanks");
    assert_eq!(quoted.unwrap().quote.unwrap().preview.unwrap().text, "by another");

    world.engine.start_account(&world.owner, own).await.unwrap();
    world.status(own, AccountStatus::Ready).await;
    let again = world.send(&conversation, "by our own again").await.unwrap();
    assert_eq!(world.becomes(&again, MessageStatus::Sent).await.sent_with, None);
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_primary_number_comes_first_and_a_lost_answer_is_looked_up_there(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = {
        let id = world.number.phone_number_id.clone();
        world.heard_on(&id, world.account, "hello").await
    };
    world.allow_fall_back(true).await;
    let (first, _) = world.linked().await;
    let (second, device) = world.second().await;
    world.engine.stop_account(&world.owner, world.account).await.unwrap();
    let message = world.send(&conversation, "first by name").await.unwrap();
    assert_eq!(world.becomes(&message, MessageStatus::Sent).await.sent_with, Some(second));
    world.engine.set_primary_account(&world.owner, first, true).await.unwrap();
    let message = world.send(&conversation, "by the primary").await.unwrap();
    assert_eq!(world.becomes(&message, MessageStatus::Sent).await.sent_with, Some(first));

    // The answer is lost; what was sent is found in that number's chat.
    world.engine.set_primary_account(&world.owner, second, true).await.unwrap();
    let faults =
        Faults { account: Some(device.to_string()), times: Some(1), lost_answer: true, ..Faults::default() };
    world.sandbox.world().faults(faults).unwrap();
    world.engine.stop_account(&world.owner, first).await.unwrap();
    let message = world.send(&conversation, "only once").await.unwrap();
    let found = world.becomes(&message, MessageStatus::Sent).await;
    assert_eq!(found.sent_with, Some(second));
    assert_eq!(world.list().await.len(), 1, "no thread was begun by our own messages");
    assert_eq!(world.sandbox.world().sent(FROM).len(), 3);
    world.stop().await;
}

/// Other numbers know nobody by a user id or a linked id: such an answer waits for its own number, or is refused where
/// that is not to come back.
#[rstest]
#[case::linked_id(true)]
#[case::user_id(false)]
#[tokio::test]
async fn a_customer_without_a_number_is_reached_from_nowhere_else(#[case] by_lid: bool) {
    let world = World::new(Kind::Sqlite).await;
    let (linked, device) = world.linked().await;
    let (second, _) = world.second().await;
    world.allow_fall_back(true).await;
    let mut incoming = Incoming { text: Some("hello".to_owned()), ..Incoming::default() };
    let own = if by_lid {
        incoming.account = Some(PHONE.to_owned());
        incoming.lid = Some("251556368777322@lid".to_owned());
        linked
    } else {
        incoming.account = Some(world.number.phone_number_id.clone());
        incoming.user_id = Some("US.13491208655302741918".to_owned());
        world.account
    };
    world.sandbox.world().receive(&incoming).unwrap();
    world.until("the message came", async || !world.list().await.is_empty()).await;
    let conversation = world.list().await.remove(0);
    assert_eq!(conversation.account_id, own);
    assert!(!matches!(conversation.address, balas_domain::Address::Phone(_)), "{:?}", conversation.address);

    if by_lid {
        world.sandbox.world().disconnect(&device, true).unwrap();
        world.status(own, AccountStatus::Disconnected).await;
        assert_eq!(world.carrier(&conversation).await, Some(own), "it is waited for");
        let message = world.send(&conversation, "kept").await.unwrap();
        // By now one to a number would have left by another.
        let waits = crate::support::RHYTHM.fall_back * 3;
        world.until("time has passed", async || world.engine.now().since(message.at) > waits).await;
        let kept = world.message(conversation.id, message.id).await;
        assert_eq!((kept.delivery.status, kept.sent_with), (MessageStatus::Queued, None));
        world.sandbox.world().connect(&device).unwrap();
        assert_eq!(world.becomes(&message, MessageStatus::Sent).await.sent_with, None);
    }
    world.engine.stop_account(&world.owner, own).await.unwrap();
    let refused = world.send(&conversation, "no way").await;
    assert!(matches!(refused, Err(EngineError::AccountNotReady { .. })), "{refused:?}");
    assert_eq!(world.carrier(&conversation).await, None);
    assert_eq!(world.engine.account(&world.owner, second).await.unwrap().usage.sent, 0);
    world.stop().await;
}

#[tokio::test]
async fn a_number_that_comes_back_soon_is_waited_for() {
    let world = World::new(Kind::Sqlite).await;
    let (own, device) = world.linked().await;
    let conversation = world.heard_on(PHONE, own, "hello").await;
    let (second, _) = world.second().await;
    world.sandbox.world().disconnect(&device, true).unwrap();
    world.status(own, AccountStatus::Disconnected).await;
    let kept = world.send(&conversation, "kept").await.unwrap();
    world.allow_fall_back(true).await;
    let message = world.becomes(&kept, MessageStatus::Sent).await;
    assert_eq!(message.sent_with, Some(second));
    let waited = world.engine.now().since(message.at);
    assert!(waited >= crate::support::RHYTHM.fall_back, "{waited:?}");
    world.stop().await;
}
