//! The road in: whatever order, however often, the same rows.

use crate::support::{World, now_seconds, sign};
use balas_domain::{
    MessageStatus, Seq,
    content::PreviewKind,
    query::{ContactQuery, ListQuery},
    view::Direction,
};
use balas_engine::{WebhookError, WebhookTarget};
use balas_store::testing::Kind;
use bytes::Bytes;
use rstest::rstest;
use serde_json::json;

const FROM: &str = "6281200001111";

fn text(id: &str, body: &str) -> serde_json::Value {
    json!({"from": FROM, "id": id, "timestamp": now_seconds(), "type": "text", "text": {"body": body}})
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_message_is_stored_once(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let body = world.change(&[text("wamid.A", "hello")], &[]);
    for _ in 0..3 {
        world.deliver(&body).await.unwrap();
    }
    world.settled().await;
    let list = world.list().await;
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].title.as_str(), list[0].unread), ("Sari", 1));
    assert_eq!(world.thread(list[0].id).await.len(), 1);
    let log = world.log().await;
    let seqs: Vec<_> = log.iter().map(|e| e.seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as i64).map(Seq).collect::<Vec<_>>(), "gapless");
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn messages_of_one_second_keep_their_order(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let texts: Vec<String> = (0..30).map(|n| format!("line {n}")).collect();
    let at = now_seconds();
    let message = |n: usize, body: &str| json!({"from": FROM, "id": format!("wamid.{n}"), "timestamp": at, "type": "text", "text": {"body": body}});
    let messages: Vec<_> = texts.iter().enumerate().map(|(n, body)| message(n, body)).collect();
    // Some together in one body, some in bodies of their own.
    world.deliver(&world.change(&messages[..10], &[])).await.unwrap();
    for message in &messages[10..] {
        world.deliver(&world.change(std::slice::from_ref(message), &[])).await.unwrap();
    }
    world.settled().await;
    let conversation = world.list().await.remove(0);
    let thread = world.thread(conversation.id).await;
    assert_eq!(thread.iter().map(|m| m.content.searchable().to_owned()).collect::<Vec<_>>(), texts);
    assert_eq!(conversation.last.unwrap().preview.text, "line 29");
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_overtakes_its_message_is_applied_when_it_comes(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let now = now_seconds();
    let edit = json!({"from": FROM, "id": "wamid.E", "timestamp": now, "type": "edit",
        "edit": {"original_message_id": "wamid.A", "message": {"type": "text", "text": {"body": "hello!"}}}});
    let reaction = json!({"from": FROM, "id": "wamid.R", "timestamp": now, "type": "reaction",
        "reaction": {"message_id": "wamid.A", "emoji": "👍"}});
    let revoke = json!({"from": FROM, "id": "wamid.V", "timestamp": now, "type": "revoke",
        "revoke": {"original_message_id": "wamid.B"}});
    world.deliver(&world.change(&[edit, reaction, revoke], &[])).await.unwrap();
    world.settled().await;
    assert!(world.list().await.is_empty(), "an operation makes no conversation");
    world.deliver(&world.change(&[text("wamid.A", "helo"), text("wamid.B", "oops")], &[])).await.unwrap();
    world.settled().await;
    let conversation = world.list().await.remove(0);
    let thread = world.thread(conversation.id).await;
    let edited = thread.iter().find(|m| m.edited).unwrap();
    assert_eq!(edited.content.searchable(), "hello!");
    assert_eq!(edited.reactions[0].emoji, "👍");
    let revoked = thread.iter().find(|m| m.revoked).unwrap();
    assert_eq!(revoked.content.searchable(), "", "what was taken back is not shown");
    if conversation.last.as_ref().unwrap().id == revoked.id {
        assert_eq!(conversation.last.unwrap().preview.kind, PreviewKind::Deleted);
    }
    world.stop().await;
}

#[tokio::test]
async fn only_the_author_changes_a_message() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let sent = world.text("our answer");
    world.engine.send(&world.owner, conversation.id, &sent).await.unwrap();
    world
        .until("it is sent", async || {
            world.message(conversation.id, sent.id).await.delivery.status >= MessageStatus::Sent
        })
        .await;
    let wamid = world.sandbox.world().sent(FROM)[0].id.clone();
    let forged = json!({"from": FROM, "id": "wamid.F", "timestamp": now_seconds(), "type": "edit",
        "edit": {"original_message_id": wamid, "message": {"type": "text", "text": {"body": "forged"}}}});
    world.deliver(&world.change(&[forged], &[])).await.unwrap();
    world.settled().await;
    assert_eq!(world.message(conversation.id, sent.id).await.content.searchable(), "our answer");
    world.stop().await;
}

#[tokio::test]
async fn a_bad_signature_is_refused_and_logged() {
    let world = World::new(Kind::Sqlite).await;
    let body = Bytes::from(serde_json::to_vec(&world.change(&[text("wamid.A", "x")], &[])).unwrap());
    let good = sign(&world.number.app_secret, &body);
    for signature in [None, Some("sha256=00"), Some(&*good.to_uppercase()), Some(&*sign("another", &body))] {
        let target = WebhookTarget::Account(world.account);
        let refused = world
            .engine
            .receive_cloud_webhook(target, signature, body.clone(), "203.0.113.9".parse().ok())
            .await;
        assert_eq!(refused, Err(WebhookError::BadSignature));
    }
    world.settled().await;
    assert!(world.list().await.is_empty());
    let mut tx = world.engine.store().read().await.unwrap();
    let entries = balas_store::security::list(world.owner.workspace, &mut tx, 10).await.unwrap();
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0].ip.as_deref(), Some("203.0.113.9"));
    drop(tx);
    world.stop().await;
}

#[tokio::test]
async fn one_tenants_secret_does_not_speak_for_another() {
    let world = World::new(Kind::Sqlite).await;
    let other = world
        .engine
        .create_workspace("other", "Other", "UTC", &crate::support::owner("other@example.org"))
        .await
        .unwrap();
    let mut theirs = world.number.clone();
    theirs.phone_number_id = "777".to_owned();
    theirs.app_secret = "f".repeat(32);
    world.engine.create_cloud(&other, &crate::support::form(&theirs)).await.unwrap();
    let mut body = world.change(&[text("wamid.X", "forged")], &[]);
    body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!("777");
    assert_eq!(world.deliver(&body).await, Err(WebhookError::BadSignature));
    let bytes = serde_json::to_vec(&body).unwrap();
    let signature = sign(&world.number.app_secret, &bytes);
    let shared =
        world.engine.receive_cloud_webhook(WebhookTarget::Shared, Some(&signature), bytes.into(), None).await;
    assert_eq!(shared, Err(WebhookError::BadSignature));
    world.stop().await;
}

#[tokio::test]
async fn signed_nonsense_is_kept_aside_and_disturbs_nothing() {
    let world = World::new(Kind::Sqlite).await;
    let nonsense = Bytes::from_static(b"{not json");
    let signature = sign(&world.number.app_secret, &nonsense);
    let target = WebhookTarget::Account(world.account);
    world.engine.receive_cloud_webhook(target, Some(&signature), nonsense, None).await.unwrap();
    world.deliver(&world.change(&[text("wamid.A", "hello")], &[])).await.unwrap();
    world.settled().await;
    assert_eq!(world.list().await.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn hostile_searches_find_nothing_and_break_nothing() {
    let world = World::new(Kind::Sqlite).await;
    world.receive(FROM, "hello").await;
    for q in ["' OR 1=1 --", "%", "_", "\\", "a\u{0}b", &"%a".repeat(50_000)] {
        let query = ListQuery { q: Some(q.to_owned()), ..ListQuery::default() };
        assert!(world.engine.conversations(&world.owner, &query).await.unwrap().items.is_empty(), "{q:.20}");
        let query = ContactQuery { q: Some(q.to_owned()), ..ContactQuery::default() };
        assert!(world.engine.contacts(&world.owner, &query).await.unwrap().items.is_empty(), "{q:.20}");
    }
    world.stop().await;
}

#[tokio::test]
async fn hostile_text_is_stored_safely() {
    let world = World::new(Kind::Sqlite).await;
    let mut body = world.change(&[text("wamid.A", &("x".repeat(100_000) + "\u{202e}\u{0}"))], &[]);
    body["entry"][0]["changes"][0]["value"]["contacts"][0]["profile"]["name"] =
        json!("<script>alert(1)</script>\u{202e}");
    world.deliver(&body).await.unwrap();
    world.settled().await;
    let conversation = world.list().await.remove(0);
    assert_eq!(conversation.title, "<script>alert(1)</script>");
    let thread = world.thread(conversation.id).await;
    assert_eq!(thread[0].content.searchable().len(), 100_000);
    assert_eq!(thread[0].direction, Direction::In);
    world.stop().await;
}
