//! What nobody needs is taken away, from wherever it lies, and nothing else is.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use balas_domain::{FileState, MediaStorage, Timestamp, UploadId, media::Wish};
use balas_engine::{EngineError, ambient::OsRandom};
use balas_sandbox::{Attach, MediaKind as Kinds};
use balas_store::{files, testing::Kind};
use bytes::Bytes;
use futures::stream;
use image::ImageFormat;
use rstest::rstest;

use crate::{
    files::{FROM, picture, walk},
    s3::S3,
    support::{PHONE, World},
};

const HOUR: Duration = Duration::from_hours(1);

impl World {
    /// How much lies in either storage.
    fn lying(&self, s3: &S3, storage: MediaStorage) -> usize {
        match storage {
            MediaStorage::Local => self.on_disk().len(),
            MediaStorage::S3 => s3.objects().len(),
        }
    }

    /// How many rows name something that no message does, however young.
    async fn orphans(&self) -> usize {
        let mut tx = self.engine.store().read().await.unwrap();
        let ever = Timestamp(i64::MAX);
        let mut all = 0;
        for storage in [MediaStorage::Local, MediaStorage::S3] {
            all += files::unused(&mut tx, storage, ever, 1_000).await.unwrap().len();
        }
        all
    }

    async fn tidy(&self) -> u64 {
        self.engine.tidy_files().await.unwrap()
    }

    /// A file that was just written, by this world's clock.
    fn write_now(&self, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"left by somebody").unwrap();
        let now = u64::try_from(self.engine.now().0).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_micros(now);
        File::options().write(true).open(path).unwrap().set_modified(now).unwrap();
    }

    /// Where a file with these first digits would lie.
    fn place(&self, begin: &str) -> PathBuf {
        let ws = self.owner.workspace.to_string();
        self.config.files.folder.join("kept").join(ws).join(&begin[..2]).join(format!("{begin:0<64}"))
    }
}

#[rstest]
#[tokio::test]
async fn what_no_message_names_goes_after_a_day_and_nothing_else(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values(MediaStorage::Local, MediaStorage::S3)] storage: MediaStorage,
) {
    let (world, s3) = World::storing(kind, storage).await;
    let photo = picture(300, 200, ImageFormat::Jpeg);
    let attach = || Attach::bytes(Kinds::Image, "image/jpeg", photo.clone());
    // The same picture by two numbers, and one document by one of them.
    let linked = world.delivering("v9").await;
    world.store_in(&world.owner, linked, storage).await;
    let by_cloud = world.receive_file(attach()).await;
    world.file_is(&by_cloud, FileState::Here).await;
    let own = world.receive_file(Attach::sample(Kinds::Document)).await;
    world.file_is(&own, FileState::Here).await;
    let by_gateway = world.receive_file_at(PHONE, attach()).await;
    world.file_is(&by_gateway, FileState::Here).await;
    assert_eq!(world.lying(&s3, storage), 3, "a picture, the small one of it, a document");

    // Two days later the customer's window is closed: bytes are kept, and their message never comes.
    world.pass(48 * HOUR);
    assert_eq!((world.tidy().await, world.lying(&s3, storage)), (0, 3), "all of it is needed");
    let upload = world.upload("a.txt", b"nobody will ever see this").await;
    let new = World::new_file(upload, Wish::Document, "");
    let closed = world.engine.send_file(&world.owner, by_cloud.conversation_id, &new).await;
    assert!(matches!(closed, Err(EngineError::WindowClosed)));
    assert_eq!((world.lying(&s3, storage), world.orphans().await), (4, 1));
    world.pass(23 * HOUR);
    assert_eq!((world.tidy().await, world.lying(&s3, storage)), (0, 4), "its message may still come");
    world.pass(2 * HOUR);
    assert_eq!((world.tidy().await, world.lying(&s3, storage), world.orphans().await), (1, 3, 0));

    // One of the two messages goes: the other one still has its picture.
    world.engine.delete_account(&world.owner, world.account, "Shop").await.unwrap();
    assert_eq!(world.orphans().await, 1, "the document; the picture is still needed");
    world.pass(25 * HOUR);
    assert_eq!((world.tidy().await, world.lying(&s3, storage), world.orphans().await), (1, 2, 0));
    assert_eq!(world.bytes(by_gateway.id, false).await, photo);
    assert!(!world.bytes(by_gateway.id, true).await.is_empty());

    // The last one goes, and with it the small picture.
    world.engine.delete_account(&world.owner, linked, "Linked").await.unwrap();
    world.pass(25 * HOUR);
    assert_eq!((world.tidy().await, world.lying(&s3, storage), world.orphans().await), (2, 0, 0));
    world.stop().await;
}

#[tokio::test]
async fn what_is_used_again_stays() {
    let (world, s3) = World::storing(Kind::Sqlite, MediaStorage::S3).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let bytes = b"sent before, and again";
    let upload = world.upload("a.txt", bytes).await;
    // Kept for an answer to what is not there.
    let mut new = World::new_file(upload, Wish::Document, "");
    new.reply_to = Some(new.id);
    let refused = world.engine.send_file(&world.owner, conversation, &new).await;
    assert!(matches!(refused, Err(EngineError::NotFound { what: "quoted message" })));
    assert_eq!((s3.objects().len(), world.orphans().await), (1, 1));
    world.pass(23 * HOUR);
    // It is sent after all, just before its time.
    new.reply_to = None;
    world.send_new(conversation, &new).await;
    world.pass(25 * HOUR);
    assert_eq!((world.tidy().await, s3.objects().len()), (0, 1));
    assert_eq!(world.bytes(new.id, false).await, bytes);
    world.stop().await;
}

#[tokio::test]
async fn a_storage_that_is_away_keeps_no_other_from_being_tidied() {
    let (mut world, mut s3) = World::storing(Kind::Sqlite, MediaStorage::S3).await;
    let linked = world.delivering("v9").await;
    world.store_in(&world.owner, linked, MediaStorage::Local).await;
    for to in [&world.number.phone_number_id, PHONE] {
        let message = world.receive_file_at(to, Attach::sample(Kinds::Document)).await;
        world.file_is(&message, FileState::Here).await;
    }
    world.engine.delete_account(&world.owner, linked, "Linked").await.unwrap();
    world.engine.delete_account(&world.owner, world.account, "Shop").await.unwrap();
    world.pass(25 * HOUR);
    s3.leave().await;
    assert!(matches!(world.engine.tidy_files().await, Err(EngineError::Storage(_))));
    assert_eq!((world.on_disk().len(), s3.objects().len(), world.orphans().await), (0, 1, 1));
    // Without S3 nothing there is touched; with it again it goes.
    world.change_config(|config| config.files.s3 = None).await;
    assert_eq!((world.tidy().await, world.orphans().await), (0, 1));
    s3.come_back().await;
    world.change_config(|config| config.files.s3 = Some(s3.config())).await;
    world.tidy().await;
    assert_eq!((s3.objects().len(), world.orphans().await), (0, 0));
    world.stop().await;
}

#[rstest]
#[tokio::test]
async fn uploads_that_nobody_finishes_go(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let uploads = world.config.files.folder.join("uploads");
    let part = |bytes: &'static [u8]| stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(bytes))]);
    let begun = world.engine.begin_upload(&world.owner, "a.txt", 10).await.unwrap();
    world.engine.upload_part(&world.owner, begun.id, 0, part(b"01234")).await.unwrap();
    // Ended in the table, and then the power went. And one of another machine, of which only the bytes are here.
    let left = UploadId::new(world.engine.now(), &OsRandom);
    world.write_now(&uploads.join(left.to_string()));
    // None of ours.
    world.write_now(&uploads.join("note.txt"));
    world.tidy().await;
    assert_eq!(walk(&uploads).len(), 3, "all of it is young");
    world.pass(47 * HOUR);
    let other = world.engine.begin_upload(&world.owner, "b.txt", 10).await.unwrap();
    world.engine.upload_part(&world.owner, other.id, 0, part(b"0123")).await.unwrap();
    world.tidy().await;
    assert!(!uploads.join(left.to_string()).exists());
    assert_eq!(
        world.engine.upload(&world.owner, begun.id).await.unwrap().received,
        5,
        "there is an hour left"
    );
    world.pass(2 * HOUR);
    world.tidy().await;
    let gone = world.engine.upload(&world.owner, begun.id).await;
    assert!(matches!(gone, Err(EngineError::NotFound { what: "upload" })));
    let mut there = walk(&uploads);
    there.sort();
    assert_eq!(there, [uploads.join(other.id.to_string()), uploads.join("note.txt")]);
    assert_eq!(world.engine.upload(&world.owner, other.id).await.unwrap().received, 4);
    world.stop().await;
}

#[rstest]
#[tokio::test]
async fn what_no_row_names_goes_and_what_is_just_being_written_does_not(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::new(kind).await;
    let message = world.receive_file(Attach::sample(Kinds::Image)).await;
    world.file_is(&message, FileState::Here).await;
    let needed = world.on_disk();
    assert_eq!(needed.len(), 2);
    // Written, but a crash or an older database has forgotten it; and one of which only the beginning was written.
    let (lost, half) = (world.place("ab"), world.place("cd"));
    let half = half.with_file_name(format!("{}#1", half.file_name().unwrap().display()));
    // Nothing of ours, and of a workspace that is not ours.
    let foreign = world.config.files.folder.join("kept/notes/ab/abcd");
    let note = lost.with_file_name("note.txt");
    for path in [&lost, &half, &foreign, &note] {
        world.write_now(path);
    }
    world.pass(23 * HOUR);
    world.tidy().await;
    assert!(lost.exists() && half.exists(), "young");
    // A day later others are at it.
    world.pass(25 * HOUR);
    let (young, writing) = (world.place("ef"), world.place("01"));
    let writing = writing.with_file_name(format!("{}#2", writing.file_name().unwrap().display()));
    world.write_now(&young);
    world.write_now(&writing);
    assert_eq!(world.tidy().await, 1);
    assert!(!lost.exists() && !half.exists());
    for stays in [&young, &writing, &foreign, &note].into_iter().chain(&needed) {
        assert!(stays.exists(), "{}", stays.display());
    }
    assert_eq!(world.orphans().await, 0);
    // Whatever was asked for meanwhile is not taken for lost: it has its row.
    assert!(!world.bytes(message.id, true).await.is_empty());
    // The young one is left, too, and it is found when its day has passed.
    world.pass(25 * HOUR);
    assert_eq!(world.tidy().await, 1);
    assert!(!young.exists() && !writing.exists());
    world.stop().await;
}
