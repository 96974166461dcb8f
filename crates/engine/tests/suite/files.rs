//! Files in both directions, over real HTTP, by all kinds of accounts.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::collections::HashSet;

use balas_domain::{
    AccountId, Content, ConversationId, FileState, MessageId, MessageStatus, NewFile, Role, Timestamp,
    UploadId, content::MediaKind, file::LARGEST, media::Wish, view::MessageView,
};
use balas_engine::{EngineError, UploadRefused, ambient::OsRandom};
use balas_sandbox::{Attach, Faults, Incoming, MediaKind as Kinds};
use balas_store::testing::Kind;
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use image::{DynamicImage, ImageFormat, RgbImage};
use rstest::rstest;

use crate::support::{PHONE, World};

pub const FROM: &str = "6281200001111";

impl World {
    /// A customer sends a file to the Cloud API number; the message as it stands in the inbox.
    pub async fn receive_file(&self, attach: Attach) -> MessageView {
        let to = self.number.phone_number_id.clone();
        self.receive_file_at(&to, attach).await
    }

    pub async fn receive_file_at(&self, to: &str, attach: Attach) -> MessageView {
        let incoming = Incoming {
            account: Some(to.to_owned()),
            from: Some(FROM.to_owned()),
            name: Some("Sari".to_owned()),
            media: Some(attach),
            ..Incoming::default()
        };
        let all = async || {
            let mut all = Vec::new();
            for conversation in self.list().await {
                let thread = self.thread(conversation.id).await;
                all.extend(thread.into_iter().filter(|m| matches!(m.content, Content::Media(_))));
            }
            all
        };
        let before: HashSet<MessageId> = all().await.into_iter().map(|message| message.id).collect();
        self.sandbox.world().receive(&incoming).unwrap();
        let newest = async || all().await.into_iter().find(|message| !before.contains(&message.id));
        self.until("the message is there", async || newest().await.is_some()).await;
        newest().await.unwrap()
    }

    pub async fn file_is(&self, message: &MessageView, state: FileState) -> MessageView {
        let (conversation, id) = (message.conversation_id, message.id);
        let of = async || self.message(conversation, id).await;
        self.until(&format!("the file is {state}"), async || {
            let file = of().await.file.unwrap();
            let waits = matches!(file.state, FileState::Coming | FileState::Checking);
            assert!(file.state == state || waits, "{file:?}");
            file.state == state
        })
        .await;
        of().await
    }

    pub async fn bytes(&self, message: MessageId, preview: bool) -> Vec<u8> {
        let file = self.engine.file(&self.owner, message, preview).await.unwrap();
        let bytes = self.engine.read_file(&file, None).await.unwrap();
        let bytes = bytes.try_fold(Vec::new(), async |mut all, chunk| {
            all.extend_from_slice(&chunk);
            Ok(all)
        });
        let bytes = bytes.await.unwrap();
        assert_eq!(bytes.len() as u64, file.size);
        bytes
    }

    /// The number of the Cloud API, or one on the sandbox's gateway of this version.
    pub async fn number(&self, by: Option<&str>) -> AccountId {
        match by {
            None => self.account,
            Some(version) => self.delivering(version).await,
        }
    }

    /// A number on the sandbox's gateway of this version, linked and delivering.
    pub async fn delivering(&self, version: &str) -> AccountId {
        let form = self.gateway(version);
        let id = self.engine.create_gateway(&self.owner, &form).await.unwrap().id;
        if version == "v7" {
            // It is told by hand where to deliver.
            let setup = self.engine.account_setup(&self.owner, id).await.unwrap();
            let gateway = balas_sandbox::Gateway {
                webhook_urls: vec![format!("{}{}", self.webhook_base(), setup.webhook_path)],
                webhook_secret: form.webhook_secret,
                ..balas_sandbox::Gateway::demo(balas_sandbox::GatewayVersion::V7)
            };
            self.sandbox.world().set_gateway(gateway).unwrap();
        }
        let slot = if version == "v7" { version.to_owned() } else { format!("{version}/balas-{id}") };
        self.link(id, &slot.parse().unwrap()).await;
        id
    }

    /// Uploads in parts.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> UploadId {
        let begun = self.engine.begin_upload(&self.owner, name, bytes.len() as u64).await.unwrap();
        for (n, part) in bytes.chunks(300_000).enumerate() {
            let part = stream::iter([Ok::<_, std::io::Error>(Bytes::copy_from_slice(part))]);
            let at = n as u64 * 300_000;
            self.engine.upload_part(&self.owner, begun.id, at, part).await.unwrap();
        }
        begun.id
    }

    pub fn new_file(upload: UploadId, wish: Wish, caption: &str) -> NewFile {
        let id = MessageId::new(Timestamp::from_seconds(1_760_000_000), &OsRandom);
        NewFile { id, upload, caption: caption.to_owned(), wish, reply_to: None }
    }

    pub async fn send_new(&self, conversation: ConversationId, new: &NewFile) -> MessageView {
        self.engine.send_file(&self.owner, conversation, new).await.unwrap();
        let sent = async || self.message(conversation, new.id).await;
        self.until("it was sent", async || sent().await.delivery.status >= MessageStatus::Sent).await;
        sent().await
    }
}

/// A picture of noise, so that it does not become small.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut seed = 7_u32;
    let picture = RgbImage::from_fn(width, height, |_, _| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(seed >> 24) as u8, (seed >> 16) as u8, (seed >> 8) as u8])
    });
    let mut out = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut out, format).unwrap();
    out.into_inner()
}

#[rstest]
#[tokio::test]
async fn what_customers_send_comes_by_itself(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values("cloud", "v7", "v9")] by: &str,
) {
    let world = World::new(kind).await;
    let to = match by {
        "cloud" => world.number.phone_number_id.clone(),
        version => {
            world.delivering(version).await;
            PHONE.to_owned()
        }
    };
    let photo = picture(900, 600, ImageFormat::Jpeg);
    let attach = Attach {
        caption: Some("Is this the right one?".to_owned()),
        ..Attach::bytes(Kinds::Image, "image/jpeg", photo.clone())
    };
    let message = world.receive_file_at(&to, attach).await;
    let there = world.file_is(&message, FileState::Here).await;
    let file = there.file.unwrap();
    assert_eq!((file.mime.as_deref(), file.size), (Some("image/jpeg"), Some(photo.len() as u64)));
    assert_eq!((file.frame, file.preview), (Some((900, 600)), true));
    assert_eq!(world.bytes(message.id, false).await, photo);
    let small = image::load_from_memory(&world.bytes(message.id, true).await).unwrap();
    assert_eq!((small.width(), small.height()), (640, 427));
    let Content::Media(said) = there.content else { panic!("a file") };
    assert_eq!((said.kind, said.caption.as_deref()), (MediaKind::Image, Some("Is this the right one?")));
    world.stop().await;
}

#[tokio::test]
async fn a_voice_message_has_a_length_and_a_shape() {
    let world = World::new(Kind::Sqlite).await;
    let message = world.receive_file(Attach::sample(Kinds::Voice)).await;
    let file = world.file_is(&message, FileState::Here).await.file.unwrap();
    assert_eq!(file.mime.as_deref(), Some("audio/ogg"));
    assert!(file.duration.unwrap() > 0 && !file.waveform.is_empty(), "{file:?}");
    world.stop().await;
}

#[tokio::test]
async fn what_does_not_come_says_why_and_can_be_asked_for_again() {
    let world = World::new(Kind::Sqlite).await;
    let faults = Faults { media_gone: true, ..Faults::default() };
    world.sandbox.world().faults(faults).unwrap();
    let message = world.receive_file(Attach::sample(Kinds::Document)).await;
    let gone = world.file_is(&message, FileState::Gone).await.file.unwrap();
    assert!(gone.problem.unwrap().contains("no longer has this file"));
    assert!(matches!(
        world.engine.file(&world.owner, message.id, false).await,
        Err(EngineError::NotFound { .. })
    ));
    world.sandbox.world().clear_faults();
    // What is gone is not asked for again; what broke off comes with the next try.
    let same = world.engine.load_file(&world.owner, message.id).await.unwrap();
    assert_eq!(same.file.unwrap().state, FileState::Gone);
    world.stop().await;
}

#[tokio::test]
async fn a_download_that_breaks_off_is_begun_anew() {
    let world = World::new(Kind::Sqlite).await;
    world.sandbox.world().faults(Faults { download_cut: true, times: Some(1), ..Faults::default() }).unwrap();
    let photo = picture(400, 300, ImageFormat::Png);
    let message = world.receive_file(Attach::bytes(Kinds::Image, "image/png", photo.clone())).await;
    world.file_is(&message, FileState::Here).await;
    assert_eq!(world.bytes(message.id, false).await, photo);
    world.stop().await;
}

#[rstest]
#[case::cloud(None)]
#[case::older(Some("v7"))]
#[case::newer(Some("v9"))]
#[tokio::test]
async fn files_go_out_and_their_ticks_come_back(#[case] by: Option<&str>) {
    let world = World::new(Kind::Sqlite).await;
    let account = world.number(by).await;
    let to = if by.is_some() { PHONE.to_owned() } else { world.number.phone_number_id.clone() };
    world.sandbox.world().receive(&Incoming::text(&to, FROM, "Sari", "hello")).unwrap();
    let of = async || world.list().await.into_iter().find(|c| c.account_id == account);
    world.until("the conversation is there", async || of().await.is_some()).await;
    let conversation = of().await.unwrap().id;

    let photo = picture(3_000, 1_500, ImageFormat::Png);
    let upload = world.upload("../receipt?.png", &photo).await;
    let new = World::new_file(upload, Wish::Natural, "Your receipt");
    let sent = world.send_new(conversation, &new).await;
    let Content::Media(said) = &sent.content else { panic!("a file") };
    assert_eq!(said.caption.as_deref(), Some("Your receipt"));
    let kept = world.bytes(new.id, false).await;
    let shown = image::load_from_memory(&kept).unwrap();
    assert_eq!((shown.width(), shown.height()), (2_560, 1_280), "as large as it is shown");
    let received =
        world.sandbox.world().sent_to_all().into_iter().rfind(|sent| sent.media.is_some()).unwrap();
    let media = received.media.unwrap();
    assert_eq!(
        world.sandbox.world().media(&media.id).unwrap(),
        kept,
        "what the customer has is what we keep"
    );

    let table = b"name,amount\nSari,12\n".repeat(40_000);
    let upload = world.upload("orders.csv", &table).await;
    let new = World::new_file(upload, Wish::Document, "");
    let sent = world.send_new(conversation, &new).await;
    let Content::Media(said) = &sent.content else { panic!("a file") };
    assert_eq!((said.kind, said.file_name.as_deref()), (MediaKind::Document, Some("orders.csv")));
    let received =
        world.sandbox.world().sent_to_all().into_iter().rfind(|sent| sent.media.is_some()).unwrap();
    assert_eq!(received.media.unwrap().size, table.len() as u64);
    // The same id again is the same message.
    let again = world.engine.send_file(&world.owner, conversation, &new).await.unwrap();
    assert_eq!(again.id, new.id);
    world.stop().await;
}

/// A square that one looks through.
fn webp(side: u32) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    DynamicImage::new_rgba8(side, side).write_to(&mut out, ImageFormat::WebP).unwrap();
    out.into_inner()
}

#[rstest]
#[case::cloud(None)]
#[case::older(Some("v7"))]
#[case::newer(Some("v9"))]
#[tokio::test]
async fn pictures_go_out_as_stickers(#[case] by: Option<&str>) {
    let world = World::new(Kind::Sqlite).await;
    let account = world.number(by).await;
    let to = if by.is_some() { PHONE.to_owned() } else { world.number.phone_number_id.clone() };
    world.sandbox.world().receive(&Incoming::text(&to, FROM, "Sari", "hello")).unwrap();
    let of = async || world.list().await.into_iter().find(|c| c.account_id == account);
    world.until("the conversation is there", async || of().await.is_some()).await;
    let conversation = of().await.unwrap().id;

    for noisy in [picture(900, 300, ImageFormat::Png), picture(40, 90, ImageFormat::Jpeg), webp(100)] {
        let upload = world.upload("cat.png", &noisy).await;
        let new = World::new_file(upload, Wish::Sticker, "");
        let sent = world.send_new(conversation, &new).await;
        let Content::Media(said) = &sent.content else { panic!("a file") };
        assert_eq!((said.kind, said.file_name.as_deref()), (MediaKind::Sticker, Some("cat.webp")));
        let kept = world.bytes(new.id, false).await;
        assert!(kept.len() <= 100 << 10, "{}", kept.len());
        let shown = image::load_from_memory(&kept).unwrap();
        assert_eq!((shown.width(), shown.height()), (512, 512));
    }
    // One that is a sticker already stays as it is.
    let ready = webp(512);
    let new = World::new_file(world.upload("ready.webp", &ready).await, Wish::Sticker, "");
    world.send_new(conversation, &new).await;
    assert_eq!(world.bytes(new.id, false).await, ready);
    let kinds = world.sandbox.world().sent_to_all().into_iter().map(|sent| sent.kind).collect::<Vec<_>>();
    assert_eq!(kinds, ["sticker"; 4]);
    world.stop().await;
}

#[tokio::test]
async fn what_makes_no_sticker_is_refused_in_words() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await.id;
    for (bytes, said) in [
        (&b"a,b"[..], "no sticker can be made of this file"),
        (b"\x89PNG\r\n\x1a\nbroken off", "no sticker can be made of this file"),
    ] {
        let upload = world.upload("a.png", bytes).await;
        let new = World::new_file(upload, Wish::Sticker, "");
        let refused = world.engine.send_file(&world.owner, conversation, &new).await.unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
    world.stop().await;
}

#[tokio::test]
async fn uploads_go_on_where_they_broke_off() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let engine = &world.engine;
    let begun = engine.begin_upload(&world.owner, "a.txt", 10).await.unwrap();
    let part = |bytes: &'static [u8]| stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(bytes))]);
    assert_eq!(engine.upload_part(&world.owner, begun.id, 0, part(b"01234")).await.unwrap().received, 5);
    // Sent twice, or out of place: the answer says where to go on.
    for at in [0, 4, 6] {
        let refused = engine.upload_part(&world.owner, begun.id, at, part(b"x")).await.unwrap_err();
        assert!(
            matches!(&refused, EngineError::Upload(UploadRefused::OutOfPlace(view)) if view.received == 5),
            "{refused}"
        );
    }
    // What came before a line broke counts.
    let broken = stream::iter([Ok(Bytes::from_static(b"56")), Err(std::io::Error::other("gone"))]);
    engine.upload_part(&world.owner, begun.id, 5, broken).await.unwrap_err();
    assert_eq!(engine.upload(&world.owner, begun.id).await.unwrap().received, 7);
    let new = World::new_file(begun.id, Wish::Natural, "");
    let early = engine.send_file(&world.owner, conversation, &new).await.unwrap_err();
    assert!(matches!(early, EngineError::Upload(UploadRefused::Unfinished(_))), "{early}");
    let long = engine.upload_part(&world.owner, begun.id, 7, part(b"789too much")).await.unwrap_err();
    assert!(matches!(long, EngineError::Upload(UploadRefused::TooLong)), "{long}");
    engine.upload_part(&world.owner, begun.id, 7, part(b"789")).await.unwrap();
    world.send_new(conversation, &new).await;
    assert_eq!(world.bytes(new.id, false).await, b"0123456789");
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anybody_waits() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let engine = &world.engine;
    let huge = engine.begin_upload(&world.owner, "film.mp4", LARGEST + 1).await.unwrap_err();
    assert!(huge.to_string().contains("at most 104.9 MB"), "{huge}");
    assert!(matches!(
        engine.begin_upload(&world.owner, "a", 0).await,
        Err(EngineError::Upload(UploadRefused::Empty))
    ));
    // A film that is too large for one is not made a document behind the sender's back.
    let mut film = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec();
    film.resize(17 << 20, 0);
    let upload = world.upload("film.mp4", &film).await;
    let refused =
        engine.send_file(&world.owner, conversation, &World::new_file(upload, Wish::Natural, "")).await;
    assert!(refused.unwrap_err().to_string().contains("exceeds WhatsApp's limit of 16 MB for videos"));
    world.send_new(conversation, &World::new_file(upload, Wish::Document, "")).await;
    // Another member's upload is not there for me.
    let other = world.member(Role::Agent).await;
    let upload = world.upload("mine.txt", b"mine").await;
    let theirs = engine.send_file(&other, conversation, &World::new_file(upload, Wish::Natural, "")).await;
    assert!(matches!(theirs, Err(EngineError::NotFound { .. })));
    world.stop().await;
}

/// All files in a folder and below.
pub fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .flat_map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { vec![entry.path()] })
        .collect()
}

/// A JPEG that says where it was taken, and whose pixels nobody can read.
fn located(pixels: &[u8]) -> Vec<u8> {
    let place: &[u8] = b"Exif\0\0GPS -6.2 106.8";
    let length = u16::try_from(place.len() + 2).unwrap().to_be_bytes();
    [&[0xff, 0xd8, 0xff, 0xe1], length.as_slice(), place, pixels].concat()
}

#[tokio::test]
async fn a_picture_never_leaves_with_the_place_where_it_was_taken() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let upload = world.upload("panorama.jpg", &located(b"damaged")).await;
    let new = World::new_file(upload, Wish::Natural, "");
    let refused = world.engine.send_file(&world.owner, conversation, &new).await.unwrap_err();
    assert!(matches!(refused, EngineError::Upload(UploadRefused::NotRedrawn)), "{refused}");
    assert!(refused.to_string().contains("send it as a document"), "{refused}");
    // Whoever wants just that file has it.
    world.send_new(conversation, &World::new_file(upload, Wish::Document, "")).await;

    // One that can be opened is drawn anew, without it.
    let mut whole = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::new(64, 64)).write_to(&mut whole, ImageFormat::Jpeg).unwrap();
    let upload = world.upload("photo.jpg", &located(&whole.into_inner()[2..])).await;
    let sent = world.send_new(conversation, &World::new_file(upload, Wish::Natural, "")).await;
    let bytes = world.bytes(sent.id, false).await;
    assert!(!bytes.windows(3).any(|some| some == b"GPS"));
    assert!(image::load_from_memory(&bytes).is_ok());
    world.stop().await;
}
