//! A customer who is first known under a name that is no number, and by the number later: one person, one conversation,
//! and everything lands on the message that it is about.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use balas_domain::{
    Address, ConversationId, IdentityKind, MessageId, MessageStatus,
    query::ContactQuery,
    view::{ConversationView, Direction},
};
use balas_sandbox::Incoming;
use balas_store::testing::Kind;
use rstest::rstest;
use serde_json::json;

use crate::support::{PHONE, World};

const FROM: &str = "6281200001111";
const LID: &str = "251500000009@lid";
const USER: &str = "ID.13491208655302741918";

/// Siti, as WhatsApp names her at the moment.
#[derive(Clone, Copy)]
struct Siti<'a> {
    account: &'a str,
    from: Option<&'a str>,
    lid: Option<&'a str>,
    user_id: Option<&'a str>,
}

impl Siti<'_> {
    fn writes(self, text: &str) -> Incoming {
        let own = |value: Option<&str>| value.map(str::to_owned);
        Incoming {
            account: Some(self.account.to_owned()),
            from: own(self.from),
            lid: own(self.lid),
            user_id: own(self.user_id),
            name: Some("Siti".to_owned()),
            text: Some(text.to_owned()),
            ..Incoming::default()
        }
    }

    fn reacts(self, to: &str, emoji: &str) -> Incoming {
        Incoming {
            text: None,
            kind: Some("reaction".to_owned()),
            message: Some(json!({"message_id": to, "emoji": emoji})),
            ..self.writes("")
        }
    }
}

impl World {
    fn let_her(&self, step: &Incoming) {
        self.sandbox.world().receive(step).unwrap();
    }

    /// Waits until this stands in a thread. It need not be the newest there: providers tell whole seconds.
    async fn stands(&self, text: &str) -> ConversationView {
        let found = async || {
            for conversation in self.list().await {
                if self.thread(conversation.id).await.iter().any(|m| m.content.searchable() == text) {
                    return Some(conversation);
                }
            }
            None
        };
        self.until(&format!("“{text}” is in the inbox"), async || found().await.is_some()).await;
        found().await.unwrap()
    }

    /// Answers, and waits until the answer is on the phone; its id there.
    async fn tell(&self, conversation: &ConversationView, to: &str, text: &str) -> (MessageId, String) {
        let new = self.answer(conversation, text).await;
        self.sent_as(conversation, &new, MessageStatus::Delivered).await;
        let on_the_phone = self.sandbox.world().sent(to);
        let found = on_the_phone.iter().find(|sent| sent.text.as_deref() == Some(text)).unwrap();
        (new.id, found.id.clone())
    }

    async fn reacted(&self, conversation: ConversationId, id: MessageId, emoji: &[&str]) {
        self.until(&format!("the reactions are {emoji:?}"), async || {
            let message = self.message(conversation, id).await;
            message.reactions.iter().map(|r| r.emoji.as_str()).eq(emoji.iter().copied())
        })
        .await;
    }

    async fn read(&self, conversation: ConversationId, id: MessageId) {
        self.until("it is read", async || {
            self.message(conversation, id).await.delivery.status == MessageStatus::Read
        })
        .await;
    }

    /// She is one contact, of these names.
    async fn one_contact(&self, of: &[IdentityKind]) {
        let people = self.engine.contacts(&self.owner, &ContactQuery::default()).await.unwrap().items;
        assert_eq!(people.len(), 1, "{people:?}");
        let details = self.engine.contact_details(&self.owner, people[0].id).await.unwrap();
        let mut kinds: Vec<_> = details.identities.iter().map(|identity| identity.kind).collect();
        kinds.sort_unstable();
        assert_eq!((people[0].name.as_str(), kinds.as_slice()), ("Siti", of));
    }

    /// The whole story, of a customer who is hidden first and shows her number then.
    async fn becomes_known(&self, hidden: Siti<'_>, shown: Siti<'_>, hidden_as: &str) {
        let phones = self.sandbox.world();
        self.let_her(&hidden.writes("is it in stock?"));
        let before = self.stands("is it in stock?").await;
        assert!(matches!(before.address, Address::Lid(_) | Address::User(_)), "{}", before.address);
        assert_eq!(before.title, "Siti");
        let (first, first_there) = self.tell(&before, hidden_as, "yes").await;
        let (second, second_there) = self.tell(&before, hidden_as, "two are left").await;
        self.let_her(&hidden.reacts(&first_there, "👍"));
        self.reacted(before.id, first, &["👍"]).await;

        self.let_her(&shown.writes("I take both"));
        let after = self.stands("I take both").await;
        let list = self.list().await;
        assert_eq!(list.len(), 1, "{list:?}");
        assert_eq!((after.id, after.contact_id), (before.id, before.contact_id));
        assert_eq!(after.address, Address::Phone(FROM.to_owned()), "answers go to the number now");

        // What she does with the messages from before, under the new name.
        phones.read(FROM).unwrap();
        self.read(after.id, first).await;
        self.read(after.id, second).await;
        self.let_her(&shown.reacts(&second_there, "❤️"));
        self.reacted(after.id, second, &["❤️"]).await;
        self.let_her(&shown.reacts(&first_there, "🎉"));
        self.reacted(after.id, first, &["🎉"]).await;
        let (third, third_there) = self.tell(&after, FROM, "they are yours").await;
        self.let_her(&shown.reacts(&third_there, "🙏"));
        self.reacted(after.id, third, &["🙏"]).await;
        // And once more under the old name.
        self.let_her(&hidden.reacts(&third_there, ""));
        self.reacted(after.id, third, &[]).await;
        phones.read(FROM).unwrap();
        self.read(after.id, third).await;

        let thread = self.thread(after.id).await;
        let mut said: Vec<_> = thread.iter().map(|m| (m.content.searchable(), m.direction)).collect();
        said.sort_unstable_by_key(|(text, _)| *text);
        let expected = [
            ("I take both", Direction::In),
            ("is it in stock?", Direction::In),
            ("they are yours", Direction::Out),
            ("two are left", Direction::Out),
            ("yes", Direction::Out),
        ];
        assert_eq!(said, expected);
        assert_eq!(phones.sent(FROM).len(), 3, "nothing was sent twice");
        assert_eq!(self.list().await.len(), 1);
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_linked_id_becomes_a_number_on_a_gateway(#[case] kind: Kind) {
    let world = World::new(kind).await;
    world.linked().await;
    let hidden = Siti { account: PHONE, from: None, lid: Some(LID), user_id: None };
    world.becomes_known(hidden, Siti { from: Some(FROM), ..hidden }, LID).await;
    world.one_contact(&[IdentityKind::Phone, IdentityKind::Lid]).await;
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_business_scoped_id_becomes_a_number_on_the_cloud_api(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let account = world.number.phone_number_id.clone();
    let hidden = Siti { account: &account, from: None, lid: None, user_id: Some(USER) };
    world.becomes_known(hidden, Siti { from: Some(FROM), ..hidden }, USER).await;
    world.one_contact(&[IdentityKind::Phone, IdentityKind::User]).await;
    world.stop().await;
}

/// Both names had a conversation of their own before anybody knew.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn two_conversations_become_one_when_both_names_are_told_together(#[case] kind: Kind) {
    let world = World::new(kind).await;
    world.linked().await;
    let number = Siti { account: PHONE, from: Some(FROM), lid: None, user_id: None };
    let hidden = Siti { from: None, lid: Some(LID), ..number };
    world.let_her(&number.writes("hello from my number"));
    let by_number = world.stands("hello from my number").await;
    let (to_number, to_number_there) = world.tell(&by_number, FROM, "hello number").await;
    world.let_her(&hidden.writes("hello from nowhere"));
    let by_lid = world.stands("hello from nowhere").await;
    assert_ne!((by_lid.id, by_lid.contact_id), (by_number.id, by_number.contact_id));
    let (to_lid, to_lid_there) = world.tell(&by_lid, LID, "hello you").await;
    // One is read before, the other after they become one.
    world.sandbox.world().read(FROM).unwrap();
    world.read(by_number.id, to_number).await;
    world.let_her(&hidden.reacts(&to_lid_there, "👍"));
    world.reacted(by_lid.id, to_lid, &["👍"]).await;

    let both = Siti { lid: Some(LID), ..number };
    world.let_her(&both.writes("it was me all the time"));
    let one = world.stands("it was me all the time").await;
    let list = world.list().await;
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!((one.id, &one.address), (by_number.id, &Address::Phone(FROM.to_owned())));
    let old_link = world.engine.conversation(&world.owner, by_lid.id).await.unwrap();
    assert_eq!(old_link.id, one.id, "an old link leads there");
    world.one_contact(&[IdentityKind::Phone, IdentityKind::Lid]).await;
    world.sandbox.world().read(LID).unwrap();
    world.read(one.id, to_lid).await;
    world.let_her(&both.reacts(&to_lid_there, "🎉"));
    world.reacted(one.id, to_lid, &["🎉"]).await;
    world.let_her(&both.reacts(&to_number_there, "❤️"));
    world.reacted(one.id, to_number, &["❤️"]).await;
    let (late, _) = world.tell(&one, FROM, "now I know").await;
    let thread = world.thread(one.id).await;
    assert_eq!(thread.len(), 6);
    assert!(thread.iter().any(|message| message.id == late));
    world.stop().await;
}
