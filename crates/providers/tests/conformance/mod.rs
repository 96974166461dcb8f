//! What every provider must do, whatever is behind it. A provider joins by writing a [`Rig`]: a stand-in for
//! its server that can be put into each [`Mood`].

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use balas_domain::{
    Address, MessageId, SendAs,
    content::{Card, Poll},
    media::limit,
    socket::Presence,
    view::{FailureClass, ProviderKind},
};
use balas_providers::{
    Body, CallError, CheckError, FetchError, MediaSource, Outcome, Outgoing, OutgoingFile, Provider, Refused,
    SendError,
};
use futures::TryStreamExt;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How the stand-in behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Takes everything.
    Accepting,
    /// Refuses the credentials.
    Unauthorized,
    /// Too fast: wait [`ASKED_WAIT`].
    Throttling,
    /// Takes requests and never answers in time.
    Silent,
    /// Takes requests and closes the connection.
    Dropping,
    /// Says yes without saying what became of the message.
    Mumbling,
    /// Nobody listens.
    Down,
}

/// How long the stand-in asks to wait when [`Mood::Throttling`].
pub const ASKED_WAIT: Duration = Duration::from_secs(90);

/// A provider before its stand-in.
#[async_trait]
pub trait Rig: Sized {
    /// Sets it up. Time-outs are short enough for a test.
    async fn new(mood: Mood) -> Self;
    /// What is tested.
    fn provider(&self) -> &dyn Provider;
    /// Somebody who can be written to.
    fn customer(&self) -> Address;
    /// A message of that somebody.
    fn inbound_id(&self) -> &'static str;
    /// Whether a file is handed over before anybody is written to, so that its loss is no riddle.
    fn uploads_first(&self) -> bool;
    /// A file that somebody sent, in every way that a message may refer to one.
    fn files(&self) -> Vec<MediaSource>;
    /// What is in that file.
    fn file_content(&self) -> &'static [u8];
    /// How many requests reached the stand-in.
    async fn requests(&self) -> usize;
    /// What must never be shown.
    fn secrets(&self) -> Vec<&'static str>;
}

/// Takes requests whole and closes the connection without a word. Ends with the test's runtime.
pub async fn dropper(count: Arc<AtomicUsize>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !whole(&request) {
                match stream.read(&mut buffer).await {
                    Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            if !request.is_empty() {
                count.fetch_add(1, Ordering::SeqCst);
            }
            let _ = stream.shutdown().await;
        }
    });
    format!("http://{address}")
}

/// Whether these bytes are a request with all of its body.
fn whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let words = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = words.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    request.len() >= head + 4 + length
}

/// An address where nobody listens.
pub fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Runs everything.
pub async fn run<R: Rig>(kind: ProviderKind) {
    accepts::<R>(kind).await;
    files::<R>(kind).await;
    other_kinds::<R>(kind).await;
    changes::<R>().await;
    downloads::<R>().await;
    refusals::<R>().await;
    unknown_outcomes::<R>().await;
    nobody_there::<R>().await;
}

fn message(rig: &impl Rig, body: Body) -> Outgoing {
    let id: MessageId = "0198c5a0-0000-7000-8000-000000000001".parse().unwrap();
    Outgoing { id, to: rig.customer(), body, reply_to: None, mentions: Vec::new() }
}

fn text(rig: &impl Rig) -> Outgoing {
    message(rig, Body::Text { text: "Hello".into() })
}

/// Words for people, without secrets.
fn good_words(rig: &impl Rig, words: &str) {
    assert!(words.len() > 20 && words.ends_with('.'), "{words}");
    for secret in rig.secrets() {
        assert!(!words.contains(secret), "{words}");
    }
}

/// A file on this machine, as whatever it is to go out.
fn file(on_disk: &NamedTempFile, send_as: SendAs) -> OutgoingFile {
    let mime = match send_as {
        SendAs::Image => "image/jpeg",
        SendAs::Video => "video/mp4",
        SendAs::Audio => "audio/mpeg",
        SendAs::Voice => "audio/ogg; codecs=opus",
        SendAs::Document => "application/pdf",
        SendAs::Sticker => "image/webp",
    };
    OutgoingFile {
        kind: send_as.kind(),
        voice: send_as.voice(),
        caption: send_as.takes_caption().then(|| "look".to_owned()),
        file_name: "ünder the sun".into(),
        mime: mime.into(),
        size: on_disk.as_file().metadata().unwrap().len(),
        path: on_disk.path().to_owned(),
    }
}

/// More than is held at once.
pub fn on_disk() -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), FILE).unwrap();
    file
}

/// What is in our files.
pub const FILE: &[u8] = &[7; 90_000];

async fn failed<R: Rig>(mood: Mood) -> (R, SendError) {
    let rig = R::new(mood).await;
    let message = text(&rig);
    let error = failed_with(&rig, &message).await;
    (rig, error)
}

async fn failed_with(rig: &impl Rig, message: &Outgoing) -> SendError {
    let error = rig.provider().send(message).await.unwrap_err();
    good_words(rig, &error.to_string());
    good_words(rig, &error.failure().text);
    good_words(rig, &format!("{error:?}."));
    error
}

/// It is refused, and nothing is tried.
async fn refused(rig: &impl Rig, body: Body) -> SendError {
    let before = rig.requests().await;
    let expected = body.check(rig.provider().kind());
    let error = failed_with(rig, &message(rig, body)).await;
    assert_eq!((error.class, error.outcome), (FailureClass::Invalid, Outcome::NotSent), "{error:?}");
    if let Err(refused) = expected {
        assert_eq!(error.text, refused.to_string());
    }
    assert_eq!(rig.requests().await, before, "what cannot be sent is not tried");
    error
}

fn possible(result: Result<(), CallError>, able: bool) {
    match result {
        Ok(()) => assert!(able, "does what it says it cannot"),
        Err(CallError::Unsupported { reason }) => assert!(!able && !reason.is_empty(), "{reason}"),
        Err(CallError::Failed(error)) => panic!("{error:?}"),
    }
}

async fn accepts<R: Rig>(kind: ProviderKind) {
    let rig = R::new(Mood::Accepting).await;
    let provider = rig.provider();
    assert_eq!(provider.kind(), kind);
    let able = provider.capabilities();
    assert_eq!(able, kind.capabilities());

    let sent = provider.send(&text(&rig)).await.unwrap();
    assert!(!sent.provider_id.is_empty());
    assert_eq!(rig.requests().await, 1, "one message is one request");
    if able.reply {
        let reply = Outgoing { reply_to: Some(rig.inbound_id().into()), ..text(&rig) };
        provider.send(&reply).await.unwrap();
    }
    if able.react {
        for emoji in ["👍", ""] {
            let target = rig.inbound_id().into();
            provider.send(&message(&rig, Body::Reaction { target, emoji: emoji.into() })).await.unwrap();
        }
    }
    refused(&rig, Body::Text { text: " ".into() }).await;
    refused(&rig, Body::Text { text: "x".repeat(balas_domain::content::MAX_TEXT + 1) }).await;

    possible(provider.mark_read(&rig.customer(), rig.inbound_id()).await, able.mark_read);
    possible(
        provider.typing(&rig.customer(), Presence::Typing, Some(rig.inbound_id())).await,
        able.send_typing,
    );
    let checked = provider.check().await.unwrap();
    assert!(!checked.display_phone.is_empty());
}

async fn files<R: Rig>(kind: ProviderKind) {
    let rig = R::new(Mood::Accepting).await;
    let able = rig.provider().capabilities();
    let on_disk = on_disk();
    for send_as in SendAs::ALL {
        let file = file(&on_disk, send_as);
        let body = Body::Media(file.clone());
        assert!(able.media && (able.voice || !send_as.voice()), "the table would be wrong otherwise");
        let reply_to = Some(rig.inbound_id().to_owned());
        let sent = rig.provider().send(&Outgoing { reply_to, ..message(&rig, body) }).await;
        assert!(!sent.unwrap().provider_id.is_empty(), "{send_as:?}");

        let limit = limit(kind, send_as, true);
        refused(&rig, Body::Media(OutgoingFile { size: limit.bytes + 1, ..file.clone() })).await;
        refused(&rig, Body::Media(OutgoingFile { size: 0, ..file.clone() })).await;
        let lost = OutgoingFile { path: on_disk.path().with_extension("lost"), ..file.clone() };
        let lost = refused(&rig, Body::Media(lost)).await;
        assert_eq!(lost.text, Refused::FileLost.to_string());
        refused(&rig, Body::Media(OutgoingFile { size: file.size - 1, ..file })).await;
    }
    let film = OutgoingFile { mime: "video/quicktime".into(), ..file(&on_disk, SendAs::Video) };
    refused(&rig, Body::Media(film)).await;
}

async fn other_kinds<R: Rig>(kind: ProviderKind) {
    let rig = R::new(Mood::Accepting).await;
    let able = rig.provider().capabilities();
    let card = |name: &str| Card { name: name.into(), phones: vec!["+62 812-3456-789".into()] };
    let place =
        Body::Location { latitude: -6.2, longitude: 106.8, name: Some("Office".into()), address: None };
    let options = vec!["Pizza".to_owned(), "Soup".to_owned()];
    let poll = Body::Poll(Poll { question: "Lunch?".into(), options, max_answer: 1 });
    let cards =
        |count: u32| Body::Contacts { cards: (0..count).map(|n| card(&format!("Ana {n}"))).collect() };
    for (body, able) in [
        (place, able.location),
        (cards(1), able.contacts),
        (cards(able.contacts_at_once), able.contacts),
        (cards(able.contacts_at_once + 1), false),
        (poll, able.poll),
    ] {
        assert_eq!(body.check(kind).is_ok(), able, "{body:?}");
        if able {
            let sent = rig.provider().send(&message(&rig, body)).await.unwrap();
            assert!(!sent.provider_id.is_empty());
        } else {
            assert!(body.check(kind).unwrap_err().lacking(), "it can be read instead");
            let instead = Body::Text { text: balas_providers::readable(&body) };
            refused(&rig, body).await;
            if instead.check(kind).is_ok() {
                rig.provider().send(&message(&rig, instead)).await.unwrap();
            }
        }
    }
    refused(&rig, Body::Location { latitude: 91.0, longitude: 0.0, name: None, address: None }).await;
    refused(&rig, cards(0)).await;
}

async fn changes<R: Rig>() {
    let rig = R::new(Mood::Accepting).await;
    let able = rig.provider().capabilities();
    let customer = rig.customer();
    possible(rig.provider().edit(&customer, "OURS", "better").await, able.edit);
    possible(rig.provider().revoke(&customer, "OURS").await, able.revoke);
    assert_eq!((able.edit_minutes.is_some(), able.revoke_hours.is_some()), (able.edit, able.revoke));
    for mood in [Mood::Unauthorized, Mood::Dropping, Mood::Down] {
        let rig = R::new(mood).await;
        let provider = rig.provider();
        for result in
            [provider.edit(&customer, "OURS", "better").await, provider.revoke(&customer, "OURS").await]
        {
            let error = match result.unwrap_err() {
                CallError::Unsupported { reason } => {
                    good_words(&rig, &reason);
                    continue;
                }
                CallError::Failed(error) => error,
            };
            good_words(&rig, &error.text);
            let (class, outcome) = match mood {
                Mood::Unauthorized => (FailureClass::Auth, Outcome::NotSent),
                Mood::Dropping => (FailureClass::Unknown, Outcome::Unknown),
                _ => (FailureClass::Transient, Outcome::NotSent),
            };
            assert_eq!((error.class, error.outcome), (class, outcome), "{mood:?}: {error:?}");
        }
    }
}

async fn downloads<R: Rig>() {
    let rig = R::new(Mood::Accepting).await;
    for source in rig.files() {
        let download = rig.provider().fetch(&source).await.unwrap();
        let shown = format!("{download:?}");
        assert!(rig.secrets().iter().all(|secret| !shown.contains(secret)), "{shown}");
        assert_eq!(download.size, Some(rig.file_content().len() as u64));
        let bytes: Vec<u8> = download.bytes.map_ok(|piece| piece.to_vec()).try_concat().await.unwrap();
        assert!(bytes == rig.file_content(), "{source:?}");
    }
    for mood in [Mood::Unauthorized, Mood::Throttling, Mood::Silent, Mood::Dropping, Mood::Down] {
        let rig = R::new(mood).await;
        for source in rig.files() {
            let error = rig.provider().fetch(&source).await.unwrap_err();
            good_words(&rig, &error.to_string());
            let right = match mood {
                Mood::Unauthorized => matches!(error, FetchError::Auth { .. }),
                Mood::Throttling => {
                    matches!(error, FetchError::Later { retry_after: Some(ASKED_WAIT), .. })
                }
                _ => matches!(error, FetchError::Later { retry_after: None, .. }),
            };
            assert!(right, "{mood:?}: {error:?}");
        }
    }
}

async fn refusals<R: Rig>() {
    let (rig, error) = failed::<R>(Mood::Unauthorized).await;
    assert_eq!((error.class, error.outcome), (FailureClass::Auth, Outcome::NotSent));
    assert_eq!(rig.requests().await, 1, "never hammered");
    let error = rig.provider().check().await.unwrap_err();
    good_words(&rig, &error.to_string());
    assert!(error.field().is_some(), "{error:?}");

    let (rig, error) = failed::<R>(Mood::Throttling).await;
    assert_eq!((error.class, error.outcome), (FailureClass::Throttled, Outcome::NotSent));
    assert_eq!(error.retry_after, Some(ASKED_WAIT));
    assert_eq!(rig.requests().await, 1);
    let error = rig.provider().check().await.unwrap_err();
    assert!(matches!(error, CheckError::Busy { retry_after: Some(ASKED_WAIT), .. }), "{error:?}");
}

async fn unknown_outcomes<R: Rig>() {
    for mood in [Mood::Silent, Mood::Dropping, Mood::Mumbling] {
        let (rig, error) = failed::<R>(mood).await;
        assert_eq!((error.class, error.outcome), (FailureClass::Unknown, Outcome::Unknown), "{mood:?}");
        assert_eq!(rig.requests().await, 1, "{mood:?}: never sent twice");

        let rig = R::new(mood).await;
        let error = failed_with(&rig, &message(&rig, Body::Media(file(&on_disk(), SendAs::Document)))).await;
        let expected = if rig.uploads_first() {
            (FailureClass::Transient, Outcome::NotSent)
        } else {
            (FailureClass::Unknown, Outcome::Unknown)
        };
        assert_eq!((error.class, error.outcome), expected, "{mood:?}: {error:?}");
        assert_eq!(rig.requests().await, 1, "{mood:?}: never sent twice");
    }
}

async fn nobody_there<R: Rig>() {
    let (rig, error) = failed::<R>(Mood::Down).await;
    assert_eq!((error.class, error.outcome), (FailureClass::Transient, Outcome::NotSent));
    let error = failed_with(&rig, &message(&rig, Body::Media(file(&on_disk(), SendAs::Image)))).await;
    assert_eq!((error.class, error.outcome), (FailureClass::Transient, Outcome::NotSent));
    let error = rig.provider().check().await.unwrap_err();
    good_words(&rig, &error.to_string());
    assert!(matches!(error, CheckError::Unreachable { .. }), "{error:?}");
}
