//! Where files lie: in this machine's folder or in S3, each number's where it is told, and what happens when S3 is away.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use balas_domain::{
    AccountStatus, Content, FileState, MediaStorage, MessageStatus, Role, media::Wish, query::ListQuery,
    view::MessageView,
};
use balas_engine::{Actor, EngineError, S3Config, StorageError};
use balas_sandbox::{Attach, Faults, Incoming, MediaKind as Kinds};
use balas_store::testing::Kind;
use futures::TryStreamExt;
use image::ImageFormat;
use rstest::rstest;

use crate::{
    files::{FROM, picture},
    support::{PHONE, World, form, other_number, owner},
};

impl World {
    /// Some bytes of a file.
    async fn part(&self, message: &MessageView, from: u64, to: u64) -> Vec<u8> {
        let file = self.engine.file(&self.owner, message.id, false).await.unwrap();
        let bytes = self.engine.read_file(&file, Some(from..to)).await.unwrap();
        let bytes: Vec<_> = bytes.try_collect().await.unwrap();
        bytes.concat()
    }

    fn sent_files(&self) -> Vec<balas_sandbox::MediaFacts> {
        self.sandbox.world().sent_to_all().into_iter().filter_map(|sent| sent.media).collect()
    }
}

fn photo() -> Attach {
    Attach::bytes(Kinds::Image, "image/jpeg", picture(900, 600, ImageFormat::Jpeg))
}

#[rstest]
#[tokio::test]
async fn files_lie_where_they_are_told_and_come_back_whole_and_in_parts(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(MediaStorage::Local, MediaStorage::S3)] storage: MediaStorage,
) {
    let (world, s3) = World::storing(kind, storage).await;
    let there = || match storage {
        MediaStorage::Local => (world.on_disk().len(), s3.objects().len()),
        MediaStorage::S3 => (s3.objects().len(), world.on_disk().len()),
    };
    let bytes = picture(900, 600, ImageFormat::Jpeg);
    let message = world.receive_file(photo()).await;
    world.file_is(&message, FileState::Here).await;
    assert_eq!(there(), (2, 0), "the picture and the small one of it, and nothing elsewhere");
    assert_eq!(world.bytes(message.id, false).await, bytes);
    assert!(image::load_from_memory(&world.bytes(message.id, true).await).is_ok());
    let length = bytes.len();
    for (from, to) in [(0, 10), (1_000, 1_001), (length - 7, length), (0, length)] {
        assert_eq!(world.part(&message, from as u64, to as u64).await, bytes[from..to], "{from}–{to}");
    }

    // The same again lies there once.
    let again = world.receive_file(photo()).await;
    assert_ne!(again.id, message.id);
    world.file_is(&again, FileState::Here).await;
    assert_eq!((world.bytes(again.id, false).await, there()), (bytes, (2, 0)));

    // Out, and so large that S3 takes it in parts.
    let table = b"name,amount\nSari,12\n".repeat(400_000);
    let upload = world.upload("orders.csv", &table).await;
    let new = World::new_file(upload, Wish::Document, "All of them");
    world.send_new(message.conversation_id, &new).await;
    assert_eq!(there(), (3, 0));
    let sent = world.sent_files();
    let received = world.sandbox.world().media(&sent.last().unwrap().id).unwrap();
    assert!(received == table && world.bytes(new.id, false).await == table, "what is kept is what was sent");
    world.stop().await;
}

#[rstest]
#[tokio::test]
async fn another_workspace_has_the_same_bytes_for_itself(
    #[values(MediaStorage::Local, MediaStorage::S3)] storage: MediaStorage,
) {
    let (world, s3) = World::storing(Kind::Sqlite, storage).await;
    let other: Actor = world.engine.create_workspace("b", "B", "UTC", &owner("b@example.org")).await.unwrap();
    let number = other_number();
    let account = world.engine.create_cloud(&other, &form(&number)).await.unwrap().id;
    world
        .until("the other number is ready", async || {
            world.engine.account(&other, account).await.unwrap().status == AccountStatus::Ready
        })
        .await;
    world.store_in(&other, account, storage).await;
    let base = world.webhook_base();
    world.sandbox.set_webhook_url(&number.phone_number_id, format!("{base}/hook"));

    let ours = world.receive_file(photo()).await;
    world.file_is(&ours, FileState::Here).await;
    let incoming = Incoming::media(&number.phone_number_id, FROM, "Sari", photo());
    world.sandbox.world().receive(&incoming).unwrap();
    let newest = async || {
        let list = world.engine.conversations(&other, &ListQuery::default()).await.unwrap().items;
        let thread = world.engine.thread(&other, list.first()?.id, None, 10).await.unwrap();
        thread
            .messages
            .items
            .into_iter()
            .find(|m| m.file.as_ref().is_some_and(|f| f.state == FileState::Here))
    };
    world.until("their file is there", async || newest().await.is_some()).await;
    let theirs = newest().await.unwrap();
    let lying = if storage == MediaStorage::Local { world.on_disk() } else { s3.objects() };
    assert_eq!(lying.len(), 4, "each has its own two: {lying:?}");
    let names: std::collections::HashSet<_> = lying.iter().filter_map(|path| path.file_name()).collect();
    assert_eq!(names.len(), 4, "and nobody can tell that they are the same");
    assert!(matches!(
        world.engine.file(&world.owner, theirs.id, false).await,
        Err(EngineError::NotFound { .. })
    ));
    assert!(world.engine.file(&other, theirs.id, false).await.is_ok());
    world.stop().await;
}

#[tokio::test]
async fn each_number_keeps_its_files_where_it_is_told() {
    let (world, s3) = World::storing(Kind::Sqlite, MediaStorage::S3).await;
    let linked = world.delivering("v9").await;
    world.store_in(&world.owner, linked, MediaStorage::Local).await;
    let by_cloud = world.receive_file(Attach::sample(Kinds::Document)).await;
    world.file_is(&by_cloud, FileState::Here).await;
    assert_eq!((s3.objects().len(), world.on_disk().len()), (1, 0));
    let by_gateway = world.receive_file_at(PHONE, Attach::sample(Kinds::Document)).await;
    assert_eq!(by_gateway.account_id, linked);
    world.file_is(&by_gateway, FileState::Here).await;
    assert_eq!((s3.objects().len(), world.on_disk().len()), (1, 1));
    // Each is found where it was put, also after the number was told otherwise.
    world.store_in(&world.owner, linked, MediaStorage::S3).await;
    for message in [by_cloud.id, by_gateway.id] {
        assert!(world.bytes(message, false).await.starts_with(b"%PDF"));
    }
    // Agents may not decide it, and what is not set up cannot be chosen.
    let agent = world.member(Role::Agent).await;
    let change = balas_domain::settings::AccountSettingsChange {
        media_storage: Some(MediaStorage::S3),
        ..Default::default()
    };
    let denied = world.engine.change_account_settings(&agent, linked, &change).await;
    assert!(matches!(denied, Err(EngineError::Denied(_))));
    world.stop().await;
}

#[tokio::test]
async fn a_wrong_key_is_told_to_whoever_waits() {
    let (mut world, s3) = World::storing(Kind::Sqlite, MediaStorage::S3).await;
    let conversation = world.receive(FROM, "hello").await.id;
    world.change_config(|config| config.files.s3.as_mut().unwrap().secret_key = "another".to_owned()).await;
    let upload = world.upload("a.txt", b"of use to somebody").await;
    let new = World::new_file(upload, Wish::Document, "");
    let refused = world.engine.send_file(&world.owner, conversation, &new).await.unwrap_err();
    assert!(refused.to_string().contains("access_key, secret_key and bucket under [s3]"), "{refused}");
    assert!(!refused.to_string().contains("another"), "{refused}");
    // What comes in waits as long as it may, then says why, and can be asked for again.
    let message = world.receive_file(photo()).await;
    let of = async || world.message(message.conversation_id, message.id).await.file.unwrap();
    world.in_time("it gives up", async || of().await.state == FileState::Failed).await;
    let problem = of().await.problem.unwrap();
    assert!(problem.contains("[s3]") && !problem.contains("another"), "{problem}");
    assert_eq!(s3.objects().len() + world.on_disk().len(), 0);
    // The doctor would have known.
    let refused = world.config.files.s3.as_ref().unwrap().check().await;
    assert!(matches!(refused, Err(StorageError::Refused(_))), "{refused:?}");
    let elsewhere = S3Config { bucket: "elsewhere".to_owned(), ..s3.config() }.check().await;
    assert!(elsewhere.unwrap_err().to_string().contains("the bucket elsewhere cannot be looked into"));
    s3.config().check().await.unwrap();
    world.change_config(|config| config.files.s3 = Some(s3.config())).await;
    world.engine.load_file(&world.owner, message.id).await.unwrap();
    world.file_is(&message, FileState::Here).await;
    world.send_new(conversation, &new).await;
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_while_s3_is_away() {
    let (world, mut s3) = World::storing(Kind::Sqlite, MediaStorage::S3).await;
    let conversation = world.receive(FROM, "hello").await.id;
    // It is kept, WhatsApp is too busy to take it, and then S3 goes.
    let busy = Faults { status: Some(429), ..Faults::default() };
    world.sandbox.world().faults(busy).unwrap();
    let upload = world.upload("a.txt", b"of use to somebody").await;
    let queued = World::new_file(upload, Wish::Document, "");
    world.engine.send_file(&world.owner, conversation, &queued).await.unwrap();
    s3.leave().await;
    world.sandbox.world().clear_faults();

    let message = world.receive_file(photo()).await;
    let upload = world.upload("b.txt", b"of use to somebody else").await;
    let new = World::new_file(upload, Wish::Document, "");
    let away = world.engine.send_file(&world.owner, conversation, &new).await.unwrap_err();
    assert!(matches!(away, EngineError::Storage(_)), "{away}");
    assert_eq!(world.engine.upload(&world.owner, upload).await.unwrap().received, 23, "it is still here");
    let file = world.message(message.conversation_id, message.id).await.file.unwrap();
    assert_eq!(file.state, FileState::Coming);
    // The same says who reads what lies there: later, not never.
    let kept = world.engine.file(&world.owner, queued.id, false).await.unwrap();
    assert!(matches!(world.engine.read_file(&kept, None).await, Err(EngineError::Storage(_))));

    s3.come_back().await;
    let of = async |id| world.message(conversation, id).await;
    world
        .in_time("what came is here", async || of(message.id).await.file.unwrap().state == FileState::Here)
        .await;
    world
        .in_time("what waited is sent", async || of(queued.id).await.delivery.status >= MessageStatus::Sent)
        .await;
    world.send_new(conversation, &new).await;
    assert_eq!(world.sent_files().len(), 2, "each once");
    assert_eq!(world.bytes(message.id, false).await, picture(900, 600, ImageFormat::Jpeg));
    let Content::Media(said) = of(queued.id).await.content else { panic!("a file") };
    assert_eq!(said.file_name.as_deref(), Some("a.txt"));
    world.stop().await;
}
