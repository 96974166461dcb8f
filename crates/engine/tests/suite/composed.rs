//! Places, contact cards and polls by agents, over real HTTP, by all kinds of accounts.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use balas_domain::{
    AccountId, Content, MessageId, MessageStatus,
    content::{Card, Poll},
    query::NewMessage,
    view::MessageView,
};
use balas_engine::{EngineError, ambient::OsRandom};
use balas_providers::Refused;
use balas_store::testing::Kind;
use rstest::rstest;

use crate::support::World;

fn place() -> Content {
    let name = Some("Kantor".to_owned());
    Content::Location { latitude: -6.2, longitude: 106.8, name, address: Some("Jalan Sudirman 1".to_owned()) }
}

fn cards(phones: &[&str]) -> Content {
    let phones = phones.iter().map(|phone| (*phone).to_owned()).collect();
    Content::Contacts { cards: vec![Card { name: "Budi".to_owned(), phones }] }
}

fn poll() -> Content {
    let options = ["Sabtu", "Minggu"].map(str::to_owned).to_vec();
    Content::Poll(Poll { question: "Kapan?".to_owned(), options, max_answer: 1 })
}

impl World {
    async fn sends(&self, account: AccountId, content: Content) -> MessageView {
        let (conversation, _) = self.hello(account).await;
        let id = MessageId::new(self.engine.now(), &OsRandom);
        let new = NewMessage { id, content, reply_to: None };
        self.engine.send(&self.owner, conversation, new).await.unwrap();
        let there = async || self.message(conversation, id).await;
        self.until("it was sent", async || there().await.delivery.status >= MessageStatus::Sent).await;
        there().await
    }
}

#[rstest]
#[case::cloud(None)]
#[case::older(Some("v7"))]
#[case::newer(Some("v9"))]
#[tokio::test]
async fn a_place_goes_out(#[case] by: Option<&str>) {
    let world = World::new(Kind::Sqlite).await;
    let account = world.number(by).await;
    assert_eq!(world.sends(account, place()).await.content, place());
    let sent = world.last_sent("location").unwrap().body.to_string();
    assert!(sent.contains("-6.2") && sent.contains("106.8"), "{sent}");
    world.stop().await;
}

#[rstest]
#[case::cloud(None)]
#[case::older(Some("v7"))]
#[case::newer(Some("v9"))]
#[tokio::test]
async fn a_contact_card_goes_out(#[case] by: Option<&str>) {
    let world = World::new(Kind::Sqlite).await;
    let account = world.number(by).await;
    world.sends(account, cards(&["+62 812-3456-7890"])).await;
    let sent = world.last_sent("contacts").unwrap().body.to_string();
    assert!(sent.contains("Budi") && sent.contains("6281234567890"), "{sent}");
    world.stop().await;
}

#[tokio::test]
async fn a_number_that_takes_one_number_a_card_sends_several_as_text() {
    let world = World::new(Kind::Sqlite).await;
    let account = world.delivering("v9").await;
    let several = cards(&["+62 812 3456 7890", "+62 812 3456 7891"]);
    assert_eq!(world.sends(account, several.clone()).await.content, several, "here it stays a card");
    let text = world.last_sent("text").unwrap().text.unwrap();
    assert_eq!(text, "Budi\n+62 812 3456 7890\n+62 812 3456 7891");
    world.stop().await;
}

#[rstest]
#[case::older("v7")]
#[case::newer("v9")]
#[tokio::test]
async fn a_poll_goes_out_by_a_linked_number(#[case] version: &str) {
    let world = World::new(Kind::Sqlite).await;
    let account = world.delivering(version).await;
    assert_eq!(world.sends(account, poll()).await.content, poll());
    let sent = world.last_sent("poll").unwrap().body.to_string();
    assert!(sent.contains("Kapan?") && sent.contains("Minggu"), "{sent}");
    world.stop().await;
}

#[tokio::test]
async fn a_poll_goes_as_text_where_there_are_none() {
    let world = World::new(Kind::Sqlite).await;
    assert_eq!(world.sends(world.account, poll()).await.content, poll());
    assert_eq!(world.last_sent("text").unwrap().text.as_deref(), Some("Kapan?\n1. Sabtu\n2. Minggu"));
    world.stop().await;
}

#[tokio::test]
async fn what_whatsapp_does_not_take_is_refused_before_it_is_stored() {
    let world = World::new(Kind::Sqlite).await;
    let (conversation, hello) = world.hello(world.account).await;
    let send = async |content| {
        let id = MessageId::new(world.engine.now(), &OsRandom);
        let new = NewMessage { id, content, reply_to: Some(hello.id) };
        world.engine.send(&world.owner, conversation, new).await.map(|_| ())
    };
    let nowhere = Content::Location { latitude: 91.0, longitude: 0.0, name: None, address: None };
    assert!(matches!(send(nowhere).await, Err(EngineError::Unsendable(Refused::NoPlace))));
    assert!(matches!(send(cards(&[])).await, Err(EngineError::Unsendable(Refused::CardIncomplete))));
    let lone = Poll { question: "?".to_owned(), options: vec!["Ya".to_owned()], max_answer: 1 };
    assert!(matches!(send(Content::Poll(lone)).await, Err(EngineError::Unsendable(Refused::PollIncomplete))));
    let system = Content::System { kind: "x".to_owned(), text: "y".to_owned() };
    assert!(matches!(send(system).await, Err(EngineError::NotComposed)));
    assert_eq!(world.thread(conversation).await.len(), 1, "only the customer's");
    world.stop().await;
}
