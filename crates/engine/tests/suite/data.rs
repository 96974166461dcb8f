//! Conversations and contacts are taken away: as files, and for good.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::{collections::BTreeMap, io::Read};

use balas_domain::{
    Content, ConversationId, FileState, MessageStatus, Role, export::ExportFormat, query::ContactQuery,
    view::ConversationView,
};
use balas_engine::{EngineError, Export, ExportOrder};
use balas_sandbox::{Attach, Incoming, MediaKind as Kinds};
use balas_store::{conversations, messages, security, testing::Kind};
use futures::TryStreamExt;
use image::ImageFormat;
use rstest::rstest;
use serde_json::Value;

use crate::{files::picture, support::World};

const FROM: &str = "6281200001111";
const MARKUP: &str = "<script>alert(1)</script> & \"more\"";

async fn bytes(export: Export) -> Vec<u8> {
    let size = export.size;
    let all = export.open().await.unwrap().try_fold(Vec::new(), async |mut all, chunk| {
        all.extend_from_slice(&chunk);
        Ok(all)
    });
    let all = all.await.unwrap();
    assert_eq!(all.len() as u64, size);
    all
}

fn unpacked(bytes: Vec<u8>) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(file.enclosed_name().is_some(), "{name}");
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        files.insert(name, all);
    }
    files
}

impl World {
    /// A conversation with something of everything.
    async fn story(&self) -> ConversationView {
        let row = self.receive(FROM, MARKUP).await;
        let photo = picture(400, 300, ImageFormat::Jpeg);
        let attach = Attach {
            caption: Some("This one?".to_owned()),
            ..Attach::bytes(Kinds::Image, "image/jpeg", photo)
        };
        let message = self.receive_file(attach).await;
        self.file_is(&message, FileState::Here).await;
        let answer = self.text("Yes, that one");
        self.engine.send(&self.owner, row.id, &answer).await.unwrap();
        self.until("it arrived", async || {
            self.message(row.id, answer.id).await.delivery.status >= MessageStatus::Delivered
        })
        .await;
        self.engine.react(&self.owner, message.id, Some("👍")).await.unwrap();
        self.engine.add_note(&self.owner, row.id, &self.text("a good customer")).await.unwrap();
        self.engine.conversation(&self.owner, row.id).await.unwrap()
    }

    async fn exported(&self, id: ConversationId, format: ExportFormat, notes: bool) -> (String, Vec<u8>) {
        let order = ExportOrder { format, zone: Some("Asia/Tokyo".to_owned()), notes };
        let export = self.engine.export_conversation(&self.owner, id, &order).await.unwrap();
        (export.name.clone(), bytes(export).await)
    }

    async fn security_log(&self) -> Vec<(String, String)> {
        let mut tx = self.engine.store().read().await.unwrap();
        let rows = security::list(self.owner.workspace, &mut tx, 100).await.unwrap();
        rows.into_iter().map(|row| (row.kind, row.detail)).collect()
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_conversation_is_exported_as_whatsapp_does(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let row = world.story().await;
    let (name, bytes) = world.exported(row.id, ExportFormat::Whatsapp, false).await;
    assert_eq!(name, "WhatsApp Chat - Sari.zip");
    let files = unpacked(bytes);
    let chat = String::from_utf8(files["_chat.txt"].clone()).unwrap();
    let lines: Vec<&str> = chat.split("\r\n").collect();
    let at = in_tokyo(world.thread(row.id).await[0].at);
    assert_eq!(lines[0], format!("[{at}] Sari: {MARKUP}"), "{chat}");
    let photo = files.keys().find(|name| name.contains("-PHOTO-")).unwrap();
    assert!(photo.starts_with("00000002-PHOTO-") && photo.contains(".jpg"), "{photo}");
    assert!(
        lines[1].starts_with("\u{200e}[")
            && lines[1].ends_with(&format!("Sari: This one? \u{200e}<attached: {photo}>")),
        "{chat}"
    );
    assert_eq!(files[photo], picture(400, 300, ImageFormat::Jpeg));
    assert!(lines[2].ends_with("] Balas: Yes, that one"), "{chat}");
    assert!(!chat.contains("a good customer"), "{chat}");
    let (_, bytes) = world.exported(row.id, ExportFormat::Whatsapp, true).await;
    let chat = String::from_utf8(unpacked(bytes)["_chat.txt"].clone()).unwrap();
    assert!(chat.contains("\u{200e}(note) a good customer"), "{chat}");
    let log = world.security_log().await;
    let [last, ..] = &log[..] else { panic!("nothing was noted") };
    assert_eq!(last.0, "conversation_exported");
    assert!(last.1.contains(&row.id.to_string()) && !last.1.contains("Sari"), "{}", last.1);
    world.stop().await;
}

/// The moment on Tokyo's clocks, which are always nine hours ahead.
fn in_tokyo(at: balas_domain::Timestamp) -> String {
    let c = at.civil(9 * 3_600);
    format!("{:02}/{:02}/{:04}, {:02}:{:02}:{:02}", c.day, c.month, c.year, c.hour, c.minute, c.second)
}

#[tokio::test]
async fn the_other_forms_hold_the_same() {
    let world = World::new(Kind::Sqlite).await;
    let row = world.story().await;
    let (name, bytes) = world.exported(row.id, ExportFormat::Json, true).await;
    assert_eq!(name, "WhatsApp Chat - Sari.json");
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((&json["format"], &json["version"]), (&"balas.conversation".into(), &1.into()));
    assert_eq!(json["conversation"]["id"], row.id.to_string());
    assert_eq!(json["time_zone"], "Asia/Tokyo");
    let messages = json["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[0]["content"]["text"], MARKUP);
    assert!(messages[0]["time"].as_str().unwrap().ends_with("+09:00"));
    assert_eq!(messages[1]["reactions"][0]["emoji"], "👍");
    assert_eq!(messages[1]["file"]["mime"], "image/jpeg");
    assert!(["delivered", "read"].contains(&messages[2]["delivery"]["status"].as_str().unwrap()));
    assert_eq!(messages[3]["content"]["type"], "note");
    let (_, without) = world.exported(row.id, ExportFormat::Json, false).await;
    let without: Value = serde_json::from_slice(&without).unwrap();
    assert_eq!(without["messages"].as_array().unwrap().len(), 3);

    let (name, page) = world.exported(row.id, ExportFormat::Html, false).await;
    assert_eq!(name, "WhatsApp Chat - Sari.html");
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"), "{page}");
    assert!(page.contains("src=\"data:image/jpeg;base64,/9j/"), "the small picture stands in it");
    assert!(page.contains("@media print") && page.contains("Asia/Tokyo"));
    world.stop().await;
}

#[tokio::test]
async fn more_than_a_page_is_exported_in_order() {
    let world = World::new(Kind::Sqlite).await;
    let row = world.receive(FROM, "first").await;
    let mut write = world.engine.store().write(world.owner.workspace, world.engine.now()).await.unwrap();
    for n in 0..450_u128 {
        let new = messages::NewMessage {
            id: balas_domain::MessageId(uuid::Uuid::from_u128(n + 1)),
            conversation_id: row.id,
            account_id: world.account,
            provider_id: Some(format!("wamid.page.{n}")),
            direction: balas_domain::view::Direction::In,
            author: messages::AuthorRef::Contact(row.contact_id, "Sari".to_owned()),
            content: Content::text(format!("number {n}")),
            delivery: balas_domain::Delivery { attempt: 1, status: MessageStatus::Delivered },
            quote_provider_id: None,
            quote_message_id: None,
            // Many at once.
            at: balas_domain::Timestamp::from_seconds(1_700_000_000 + n as i64 / 100),
            counts_unread: false,
            source: messages::Source::Live,
            origin: None,
        };
        messages::insert(&mut write, &new).await.unwrap();
    }
    write.commit().await.unwrap();
    let (_, bytes) = world.exported(row.id, ExportFormat::Json, false).await;
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    let said: Vec<&str> =
        json["messages"].as_array().unwrap().iter().map(|m| m["content"]["text"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..450).map(|n| format!("number {n}")).chain(["first".to_owned()]).collect();
    assert_eq!(said, expected);
    world.stop().await;
}

#[tokio::test]
async fn who_may_not_gets_nothing_and_what_is_wrong_is_said() {
    let world = World::new(Kind::Sqlite).await;
    let row = world.receive(FROM, "hello").await;
    let contact = row.contact_id.unwrap();
    let agent = world.member(Role::Agent).await;
    let engine = &world.engine;
    let order = ExportOrder::default();
    assert!(matches!(engine.export_conversation(&agent, row.id, &order).await, Err(EngineError::Denied(_))));
    assert!(matches!(engine.clear_conversation(&agent, row.id).await, Err(EngineError::Denied(_))));
    let supervisor = world.member(Role::Supervisor).await;
    assert!(matches!(engine.export_contact(&supervisor, contact).await, Err(EngineError::Denied(_))));
    assert!(matches!(engine.erase_contact(&supervisor, contact, "Sari").await, Err(EngineError::Denied(_))));
    let mars = ExportOrder { zone: Some("Mars/Olympus".to_owned()), ..order };
    let wrong = engine.export_conversation(&supervisor, row.id, &mars).await;
    assert!(matches!(wrong, Err(EngineError::Invalid(_))));
    let typed = engine.erase_contact(&world.owner, contact, "Somebody").await;
    assert!(matches!(typed, Err(EngineError::Unconfirmed { .. })), "{typed:?}");
    assert_eq!(world.thread(row.id).await.len(), 1);
    assert!(world.security_log().await.is_empty(), "nothing was done");
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_cleared_conversation_loses_its_files_and_goes_on(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let row = world.story().await;
    let file = world.thread(row.id).await.into_iter().find(|m| m.file.is_some()).unwrap();
    let here = world.engine.file(&world.owner, file.id, false).await.unwrap();
    let cleared = world.engine.clear_conversation(&world.owner, row.id).await.unwrap();
    assert_eq!((cleared.last, cleared.unread), (None, 0));
    assert!(world.thread(row.id).await.is_empty());
    assert!(matches!(
        world.engine.file(&world.owner, file.id, false).await,
        Err(EngineError::NotFound { .. })
    ));
    // The bytes were only just put there, so they go with the next look.
    drop(here);
    let log = world.log().await;
    assert!(!serde_json::to_string(&log).unwrap().contains("This one?"));
    world.receive(FROM, "a new one").await;
    assert_eq!(world.thread(row.id).await.len(), 1);
    let log = world.security_log().await;
    assert_eq!(log[0].0, "conversation_cleared");
    world.stop().await;
}

#[tokio::test]
async fn a_later_synchronisation_does_not_bring_back_what_was_cleared() {
    let world = World::new(Kind::Sqlite).await;
    world.past(3, 1, 20);
    let (account, _) = world.linked().await;
    world.complete(account).await;
    let chats = world.chats(account).await;
    let (cleared, other) = (&chats[0], &chats[1]);
    let others = world.thread(other.id).await.len();
    assert!(!world.thread(cleared.id).await.is_empty());
    world.engine.clear_conversation(&world.owner, cleared.id).await.unwrap();
    world.engine.sync_account_history(&world.owner, account).await.unwrap();
    world.complete(account).await;
    assert!(world.thread(cleared.id).await.is_empty());
    assert_eq!(world.thread(other.id).await.len(), others);
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_contact_is_given_all_its_data_and_erased(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let row = world.story().await;
    let contact = row.contact_id.unwrap();
    world
        .sandbox
        .world()
        .receive(&Incoming::text(&world.number.phone_number_id, "6281200002222", "Budi", "I stay"))
        .unwrap();
    world.until("Budi wrote", async || world.list().await.len() == 2).await;
    let files = unpacked(bytes(world.engine.export_contact(&world.owner, contact).await.unwrap()).await);
    let about: Value = serde_json::from_slice(&files["contact.json"]).unwrap();
    assert_eq!(about["contact"]["name"], "Sari");
    assert_eq!(about["identities"][0]["value"], FROM);
    let place = about["conversations"][0].as_str().unwrap();
    let thread: Value = serde_json::from_slice(&files[place]).unwrap();
    assert_eq!(thread["messages"].as_array().unwrap().len(), 4, "notes are about the contact");
    let path = thread["messages"][1]["file"]["path"].as_str().unwrap();
    assert_eq!(files[path], picture(400, 300, ImageFormat::Jpeg));
    assert!(!files.values().any(|bytes| String::from_utf8_lossy(bytes).contains("I stay")));

    world.settled().await;
    world.engine.erase_contact(&world.owner, contact, " Sari ").await.unwrap();
    let left = world.list().await;
    assert_eq!(left.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(), ["Budi"]);
    assert!(matches!(world.engine.contact(&world.owner, contact).await, Err(EngineError::NotFound { .. })));
    assert!(matches!(
        world.engine.conversation(&world.owner, row.id).await,
        Err(EngineError::NotFound { .. })
    ));
    let said = serde_json::to_string(&world.log().await).unwrap();
    assert!(!said.contains("Sari") && !said.contains(FROM) && !said.contains("This one?"), "{said}");
    assert!(said.contains("I stay"));
    let log = world.security_log().await;
    assert_eq!(log[0].0, "contact_erased");
    assert!(log.iter().all(|(_, detail)| !detail.contains("Sari") && !detail.contains(FROM)), "{log:?}");

    let again = world.receive(FROM, "hello again").await;
    assert_ne!((again.id, again.contact_id), (row.id, Some(contact)));
    assert_eq!(world.thread(again.id).await.len(), 1);
    let found = world.engine.contacts(&world.owner, &ContactQuery::default()).await.unwrap();
    assert_eq!(found.items.len(), 2);
    // What the provider remembers of before stays away.
    let mut tx = world.engine.store().read().await.unwrap();
    let until = messages::cleared_until(world.owner.workspace, &mut tx, again.id).await.unwrap();
    assert!(until.is_some());
    let there = conversations::get(world.owner.workspace, &mut tx, again.id).await.unwrap();
    assert!(there.is_some());
    drop(tx);
    world.stop().await;
}
