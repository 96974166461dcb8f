//! Reactions, changes and deletions by agents, over real HTTP, by all kinds of accounts.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use balas_domain::{
    AccountId, Content, ConversationId, MessageStatus, Role, form::Problem, view::MessageView,
};
use balas_engine::EngineError;
use balas_sandbox::{Incoming, Sent};
use balas_store::testing::Kind;
use rstest::rstest;

use crate::support::{PHONE, World};

const FROM: &str = "6281200001111";

impl World {
    /// A customer's message at an account: where it stands, and it itself.
    pub async fn hello(&self, account: AccountId) -> (ConversationId, MessageView) {
        let to = if account == self.account { &self.number.phone_number_id } else { PHONE };
        self.sandbox.world().receive(&Incoming::text(to, FROM, "Sari", "hello")).unwrap();
        let of = async || self.list().await.into_iter().find(|c| c.account_id == account);
        self.until("the conversation is there", async || of().await.is_some()).await;
        let conversation = of().await.unwrap().id;
        let message = self.thread(conversation).await.pop().unwrap();
        (conversation, message)
    }

    async fn sent(&self, conversation: ConversationId, text: &str) -> MessageView {
        let new = self.text(text);
        self.engine.send(&self.owner, conversation, &new).await.unwrap();
        let there = async || self.message(conversation, new.id).await;
        self.until("it was sent", async || there().await.delivery.status >= MessageStatus::Sent).await;
        there().await
    }

    /// The last thing of this kind that went to a customer.
    pub fn last_sent(&self, kind: &str) -> Option<Sent> {
        self.sandbox.world().sent_to_all().into_iter().rfind(|sent| sent.kind == kind)
    }
}

#[rstest]
#[case::cloud(None)]
#[case::older(Some("v7"))]
#[case::newer(Some("v9"))]
#[tokio::test]
async fn a_reaction_reaches_the_customer_and_goes_again(#[case] by: Option<&str>) {
    let world = World::new(Kind::Sqlite).await;
    let account = world.number(by).await;
    let (_, message) = world.hello(account).await;
    let seen = world.engine.react(&world.owner, message.id, Some("👍")).await.unwrap();
    let [reaction] = &seen.reactions[..] else { panic!("one reaction: {:?}", seen.reactions) };
    assert_eq!((reaction.emoji.as_str(), reaction.from_us, reaction.author.as_str()), ("👍", true, "Balas"));
    assert_eq!(world.last_sent("reaction").unwrap().text.as_deref(), Some("👍"));

    let seen = world.engine.react(&world.owner, message.id, Some("❤️")).await.unwrap();
    assert_eq!(seen.reactions.len(), 1, "the other one's place was taken");
    let seen = world.engine.react(&world.owner, message.id, None).await.unwrap();
    assert!(seen.reactions.is_empty());
    assert_eq!(world.last_sent("reaction").unwrap().text.unwrap_or_default(), "");

    let error = world.engine.react(&world.owner, message.id, Some("thanks")).await.unwrap_err();
    assert!(matches!(&error, EngineError::Invalid(f) if f[0].problem == Problem::NotEmoji), "{error}");
    world.stop().await;
}

#[rstest]
#[case::older("v7")]
#[case::newer("v9")]
#[tokio::test]
async fn a_sent_text_changes_and_keeps_what_it_said(#[case] version: &str) {
    let world = World::new(Kind::Sqlite).await;
    let account = world.delivering(version).await;
    let (conversation, hello) = world.hello(account).await;
    let sent = world.sent(conversation, "Open untill six").await;
    let owner = &world.owner;
    let changed = world.engine.edit_message(owner, sent.id, "Open until six").await.unwrap();
    assert_eq!(changed.content, Content::text("Open until six".to_owned()));
    assert!(changed.edited);
    assert!(world.last_sent("edit").unwrap().body.to_string().contains("Open until six"));
    world.engine.edit_message(owner, sent.id, "Open until seven").await.unwrap();
    let said = world.engine.message_versions(owner, sent.id).await.unwrap();
    let said: Vec<_> = said.into_iter().map(|version| version.content).collect();
    let texts =
        ["Open untill six", "Open until six", "Open until seven"].map(|t| Content::text(t.to_owned()));
    assert_eq!(said, texts);

    let theirs = world.engine.edit_message(owner, hello.id, "Hi").await;
    assert!(matches!(theirs, Err(EngineError::Unsupported { .. })), "{theirs:?}");
    let agent = world.member(Role::Agent).await;
    let other = world.engine.edit_message(&agent, sent.id, "No").await;
    assert!(matches!(other, Err(EngineError::Refused(_))), "{other:?}");
    let empty = world.engine.edit_message(owner, sent.id, " ").await;
    assert!(matches!(empty, Err(EngineError::Empty)), "{empty:?}");
    world.stop().await;
}

#[rstest]
#[case::older("v7")]
#[case::newer("v9")]
#[tokio::test]
async fn a_sent_message_is_taken_back(#[case] version: &str) {
    let world = World::new(Kind::Sqlite).await;
    let account = world.delivering(version).await;
    let (conversation, _) = world.hello(account).await;
    let sent = world.sent(conversation, "For somebody else").await;
    let gone = world.engine.revoke_message(&world.owner, sent.id).await.unwrap();
    assert!(gone.revoked);
    assert!(world.last_sent("revoke").is_some());
    assert!(world.engine.message_versions(&world.owner, sent.id).await.unwrap().is_empty());
    let again = world.engine.revoke_message(&world.owner, sent.id).await;
    assert!(matches!(again, Err(EngineError::Unsupported { .. })), "{again:?}");
    world.stop().await;
}

#[tokio::test]
async fn what_a_number_cannot_do_is_refused_and_nothing_changes() {
    let world = World::new(Kind::Sqlite).await;
    let (conversation, hello) = world.hello(world.account).await;
    let sent = world.sent(conversation, "hello").await;
    let edited = world.engine.edit_message(&world.owner, sent.id, "hi").await;
    assert!(matches!(edited, Err(EngineError::Unsupported { .. })), "{edited:?}");
    let revoked = world.engine.revoke_message(&world.owner, sent.id).await;
    assert!(matches!(revoked, Err(EngineError::Unsupported { .. })), "{revoked:?}");
    assert_eq!(world.message(conversation, sent.id).await.content, sent.content);

    world.engine.stop_account(&world.owner, world.account).await.unwrap();
    let stopped = world.engine.react(&world.owner, hello.id, Some("👍")).await;
    assert!(matches!(stopped, Err(EngineError::AccountNotReady { .. })), "{stopped:?}");
    assert!(world.message(conversation, hello.id).await.reactions.is_empty());
    world.stop().await;
}

#[tokio::test]
async fn a_reaction_that_the_provider_refuses_is_not_shown() {
    let world = World::new(Kind::Sqlite).await;
    let (conversation, hello) = world.hello(world.account).await;
    let faults = balas_sandbox::Faults { code: Some(131_009), ..Default::default() };
    world.sandbox.world().faults(faults).unwrap();
    let refused = world.engine.react(&world.owner, hello.id, Some("👍")).await;
    assert!(matches!(refused, Err(EngineError::Provider { .. })), "{refused:?}");
    assert!(world.message(conversation, hello.id).await.reactions.is_empty());
    world.stop().await;
}
