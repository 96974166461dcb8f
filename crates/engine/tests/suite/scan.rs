//! What the virus scanner finds is given to nobody, and nothing passes by it.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use balas_domain::{FileState, Role, media::Wish};
use balas_engine::{EngineError, UploadRefused};
use balas_sandbox::{Attach, MediaKind as Kinds};
use balas_store::{security, testing::Kind};
use rstest::rstest;

use crate::{
    clamd::{Clamd, HARM, LARGEST, NAME},
    files::FROM,
    support::World,
};

impl World {
    async fn scanned(kind: Kind) -> (Self, Clamd) {
        let (mut world, clamd) = (Self::new(kind).await, Clamd::start().await);
        world.change_config(|config| config.files.clamd = Some(clamd.address())).await;
        (world, clamd)
    }

    /// What the security log says about harmful files.
    async fn noted(&self) -> Vec<String> {
        let mut tx = self.engine.store().read().await.unwrap();
        let log = security::list(self.owner.workspace, &mut tx, 100).await.unwrap();
        log.into_iter().filter(|entry| entry.kind == "harmful_file").map(|entry| entry.detail).collect()
    }
}

/// A document that is harmful somewhere in the middle.
fn harmful() -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    bytes.resize(200_000, b' ');
    bytes.extend_from_slice(HARM);
    bytes.resize(400_000, b'\n');
    bytes
}

fn document(bytes: Vec<u8>) -> Attach {
    Attach::bytes(Kinds::Document, "application/pdf", bytes)
}

#[rstest]
#[tokio::test]
async fn what_customers_send_is_held_back_if_it_is_harmful(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let (world, mut clamd) = World::scanned(kind).await;
    let message = world.receive_file(document(harmful())).await;
    let held = world.file_is(&message, FileState::Harmful).await.file.unwrap();
    assert_eq!(held.problem.as_deref(), Some(NAME), "the message says what was found");
    assert_eq!((held.mime, held.size, held.preview), (None, None, false));
    for preview in [false, true] {
        let file = world.engine.file(&world.owner, message.id, preview).await;
        assert!(matches!(file, Err(EngineError::NotFound { .. })), "not even the owner has it");
    }
    assert!(world.on_disk().is_empty(), "nothing of it is kept");
    let noted = world.noted().await;
    assert!(matches!(noted.as_slice(), [one] if one.contains(NAME) && one.contains(FROM)), "{noted:?}");
    // What is harmless passes.
    let harmless = world.receive_file(Attach::sample(Kinds::Image)).await;
    world.file_is(&harmless, FileState::Here).await;
    assert_eq!(world.on_disk().len(), 2);

    // Agents cannot have it fetched again; admins can, and it is looked at again.
    let agent = world.member(Role::Agent).await;
    let same = world.engine.load_file(&agent, message.id).await.unwrap();
    assert_eq!(same.file.unwrap().state, FileState::Harmful);
    let again = world.engine.load_file(&world.owner, message.id).await.unwrap();
    assert_eq!(again.file.unwrap().state, FileState::Coming);
    world.file_is(&message, FileState::Harmful).await;
    // The scanner was wrong, and knows better now.
    clamd.leave().await;
    clamd.knows(b"something else");
    clamd.come_back().await;
    world.engine.load_file(&world.owner, message.id).await.unwrap();
    world.file_is(&message, FileState::Here).await;
    assert_eq!(world.bytes(message.id, false).await, harmful());
    world.stop().await;
}

#[rstest]
#[tokio::test]
async fn what_members_want_to_send_is_refused_if_it_is_harmful(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let (world, _clamd) = World::scanned(kind).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let upload = world.upload("offer.pdf", &harmful()).await;
    let new = World::new_file(upload, Wish::Document, "");
    let refused = world.engine.send_file(&world.owner, conversation, &new).await.unwrap_err();
    assert!(
        matches!(&refused, EngineError::Upload(UploadRefused::Harmful(found)) if found == NAME),
        "{refused}"
    );
    assert!(refused.to_string().contains("is not sent"), "{refused}");
    let gone = world.engine.upload(&world.owner, upload).await;
    assert!(matches!(gone, Err(EngineError::NotFound { .. })), "it is not here any more");
    let uploads = std::fs::read_dir(world.config.files.folder.join("uploads")).unwrap();
    assert_eq!((uploads.count(), world.on_disk().len()), (0, 0));
    assert!(!world.thread(conversation).await.iter().any(|message| message.id == new.id));
    let noted = world.noted().await;
    assert!(
        matches!(noted.as_slice(), [one] if one.contains(NAME) && one.contains("offer.pdf") && one.contains("Balas wanted")),
        "{noted:?}"
    );
    let upload = world.upload("offer.pdf", b"%PDF-1.4\nharmless").await;
    world.send_new(conversation, &World::new_file(upload, Wish::Document, "")).await;
    world.stop().await;
}

#[tokio::test]
async fn while_the_scanner_is_away_files_wait() {
    let (world, mut clamd) = World::scanned(Kind::Sqlite).await;
    clamd.leave().await;
    let message = world.receive_file(document(harmful())).await;
    let conversation = message.conversation_id;
    let other = world.receive_file(Attach::sample(Kinds::Image)).await;
    for waits in [&message, &other] {
        let file = world.file_is(waits, FileState::Checking).await.file.unwrap();
        assert!(file.problem.unwrap().contains("virus scanner does not answer"));
        assert!(matches!(
            world.engine.file(&world.owner, waits.id, false).await,
            Err(EngineError::NotFound { .. })
        ));
    }
    let upload = world.upload("a.txt", b"harmless").await;
    let new = World::new_file(upload, Wish::Document, "");
    let refused = world.engine.send_file(&world.owner, conversation, &new).await.unwrap_err();
    assert!(matches!(refused, EngineError::Upload(UploadRefused::Unscanned)), "{refused}");
    // However long it takes, nothing is given up and nothing passes.
    for _ in 0..20 {
        world.pass(std::time::Duration::from_mins(30));
        tokio::task::yield_now().await;
    }
    for waits in [&message, &other] {
        let file = world.message(conversation, waits.id).await.file.unwrap();
        assert_eq!(file.state, FileState::Checking);
    }
    assert!(world.on_disk().is_empty());
    clamd.come_back().await;
    let state = async |id| world.message(conversation, id).await.file.unwrap().state;
    world.in_time("the harmless one is here", async || state(other.id).await == FileState::Here).await;
    world.in_time("the other one is not", async || state(message.id).await == FileState::Harmful).await;
    world.send_new(conversation, &new).await;
    world.stop().await;
}

#[tokio::test]
async fn what_is_too_large_for_the_scanner_does_not_pass_by_it() {
    let (world, _clamd) = World::scanned(Kind::Sqlite).await;
    let large = |begin: &[u8]| {
        let mut bytes = begin.to_vec();
        bytes.resize(3 * LARGEST, b' ');
        bytes
    };
    let message = world.receive_file(document(large(b"%PDF-1.4\n"))).await;
    let failed = world.file_is(&message, FileState::Failed).await.file.unwrap();
    assert!(failed.problem.unwrap().contains("StreamMaxLength"));
    let upload = world.upload("large.txt", &large(b"text")).await;
    let new = World::new_file(upload, Wish::Document, "");
    let refused = world.engine.send_file(&world.owner, message.conversation_id, &new).await.unwrap_err();
    assert!(matches!(refused, EngineError::Upload(UploadRefused::Unscannable)), "{refused}");
    assert!(world.on_disk().is_empty());
    world.stop().await;
}
