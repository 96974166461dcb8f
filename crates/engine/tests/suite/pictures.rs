//! What people and groups show of themselves comes by itself, follows what they show, and goes with its conversation.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::time::Duration;

use balas_domain::{AccountId, ConversationId, query::ListQuery, view::ConversationView};
use balas_engine::{EngineError, GatewayTarget};
use balas_sandbox::{Incoming, NewGroup, NewMember};
use balas_store::{pictures, testing::Kind};
use bytes::Bytes;
use futures::TryStreamExt;
use rstest::rstest;
use serde_json::json;

use crate::support::{PHONE, World, sign};

const SITI: &str = "6281200001111";
const BUDI: &str = "6281200002222";
const GROUP: &str = "120363402106999999@g.us";
const DAY: Duration = Duration::from_hours(24);

impl World {
    /// A phone or group shows this picture, or none.
    fn shows(&self, whose: &str, picture: Option<u32>) {
        self.sandbox.world().show_picture(whose, picture).unwrap();
    }

    fn writes(&self, from: &str, text: &str) {
        self.sandbox.world().receive(&Incoming::text(PHONE, from, "Siti", text)).unwrap();
    }

    async fn chat(&self, account: AccountId) -> Option<ConversationView> {
        let query = ListQuery { account: Some(account), ..ListQuery::default() };
        self.engine.conversations(&self.owner, &query).await.unwrap().items.into_iter().next()
    }

    /// Waits until the newest chat of the account shows this picture.
    async fn shown(&self, account: AccountId, picture: Option<u32>) -> ConversationView {
        self.until(&format!("the chat shows {picture:?}"), async || {
            self.chat(account).await.is_some_and(|chat| chat.picture == picture)
        })
        .await;
        self.chat(account).await.unwrap()
    }

    /// Waits until all pictures of the account were asked for.
    async fn asked(&self, account: AccountId) {
        self.until("nothing is due", async || {
            let mut tx = self.engine.store().read().await.unwrap();
            let next = pictures::next_due(self.owner.workspace, &mut tx, account).await.unwrap();
            next.is_some_and(|next| next > self.engine.now())
        })
        .await;
    }

    async fn drawn(&self, id: ConversationId) -> Vec<u8> {
        let (file, _) = self.engine.picture(&self.owner, id).await.unwrap();
        assert_eq!(file.mime, "image/jpeg");
        let bytes = self.engine.read_file(&file, None).await.unwrap();
        let bytes: Vec<Bytes> = bytes.try_collect().await.unwrap();
        let bytes = bytes.concat();
        assert_eq!(bytes.len() as u64, file.size);
        bytes
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_chats_picture_comes_changes_and_goes(#[case] kind: Kind) {
    let world = World::new(kind).await;
    // Known to WhatsApp, and to a Cloud number, which tells of no pictures.
    world.receive(SITI, "to the other number").await;
    world.shows(SITI, Some(1));
    let account = world.linked().await.0;
    world.writes(SITI, "hello");
    let row = world.shown(account, Some(1)).await;
    let first = world.drawn(row.id).await;
    let picture = image::load_from_memory(&first).unwrap();
    assert_eq!((picture.width(), picture.height()), (96, 96));
    assert_eq!(world.chat(world.account).await.unwrap().picture, None);

    // A week later it is asked for again. The same is no news.
    world.asked(account).await;
    let version = world.chat(account).await.unwrap().version;
    world.pass(8 * DAY);
    world.asked(account).await;
    assert_eq!(world.chat(account).await.unwrap().version, version);
    world.shows(SITI, Some(2));
    world.pass(8 * DAY);
    world.shown(account, Some(2)).await;
    assert_ne!(world.drawn(row.id).await, first);

    // Hidden, and shown again some days later.
    world.shows(SITI, None);
    world.pass(8 * DAY);
    world.shown(account, None).await;
    let missing = world.engine.picture(&world.owner, row.id).await;
    assert!(matches!(missing, Err(EngineError::NotFound { .. })));
    world.shows(SITI, Some(1));
    world.pass(4 * DAY);
    world.shown(account, Some(3)).await;
    assert_eq!(world.drawn(row.id).await, first);

    // What is nobody's picture any more lies there for a day at most.
    world.pass(2 * DAY);
    world.engine.tidy_files().await.unwrap();
    assert_eq!(world.on_disk().len(), 1, "the one that is shown");
    world.engine.clear_conversation(&world.owner, row.id).await.unwrap();
    assert_eq!(world.chat(account).await.unwrap().picture, None);
    assert!(world.on_disk().is_empty());
    world.stop().await;
}

/// Where nobody has written for long, nobody asks again.
#[tokio::test]
async fn what_sleeps_is_left_alone() {
    let world = World::new(Kind::Sqlite).await;
    world.receive(SITI, "to the other number").await;
    world.shows(SITI, Some(1));
    let account = world.linked().await.0;
    world.writes(SITI, "hello");
    world.shown(account, Some(1)).await;
    world.asked(account).await;
    world.shows(SITI, Some(2));
    world.pass(40 * DAY);
    world.asked(account).await;
    assert_eq!(world.chat(account).await.unwrap().picture, Some(1));
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_groups_picture_follows_what_is_told_of_it(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (account, device) = world.linked().await;
    let member = |from: &str, name: &str| NewMember {
        from: Some(from.to_owned()),
        name: Some(name.to_owned()),
        ..NewMember::default()
    };
    let group = NewGroup {
        account: PHONE.to_owned(),
        id: Some(GROUP.to_owned()),
        name: "Resellers".to_owned(),
        members: vec![member(SITI, "Siti"), member(BUDI, "Budi")],
        ..NewGroup::default()
    };
    world.sandbox.world().add_group(&group).unwrap();
    world.shows(GROUP, Some(1));
    let said = Incoming { group: Some(GROUP.to_owned()), ..Incoming::text(PHONE, SITI, "Siti", "hello") };
    world.sandbox.world().receive(&said).unwrap();
    world.shown(account, Some(1)).await;
    world.asked(account).await;

    world.shows(GROUP, Some(2));
    let news = json!({"event": "group.updated", "device_id": format!("{PHONE}@s.whatsapp.net"),
        "session_id": device.slot, "timestamp": world.engine.now().to_string(),
        "payload": {"chat_id": GROUP, "field": "picture", "value": "", "from": format!("{SITI}@s.whatsapp.net")}});
    let body = news.to_string();
    let signature = sign(&world.gateway("v9").webhook_secret, body.as_bytes());
    let target = GatewayTarget::Account(account);
    world.engine.receive_gateway_webhook(&target, Some(&signature), Bytes::from(body), None).await.unwrap();
    world.shown(account, Some(2)).await;
    world.stop().await;
}

/// Who was hidden when the number was linked is asked again after some days, and nobody asks in between.
#[tokio::test]
async fn who_hides_is_asked_again_after_some_days() {
    let world = World::new(Kind::Sqlite).await;
    let account = world.linked().await.0;
    world.writes(SITI, "hello");
    world.until("there is a chat", async || world.chat(account).await.is_some()).await;
    world.asked(account).await;
    world.shows(SITI, Some(1));
    world.pass(DAY);
    world.writes(SITI, "and again");
    world.asked(account).await;
    assert_eq!(world.chat(account).await.unwrap().picture, None);
    world.pass(3 * DAY);
    world.shown(account, Some(1)).await;
    world.stop().await;
}
