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
    Address, MessageId,
    view::{FailureClass, ProviderKind},
};
use balas_providers::{Body, CallError, CheckError, Outcome, Outgoing, Provider, SendError};
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
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            if read > 0 {
                count.fetch_add(1, Ordering::SeqCst);
            }
            let _ = stream.shutdown().await;
        }
    });
    format!("http://{address}")
}

/// An address where nobody listens.
pub fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Runs everything.
pub async fn run<R: Rig>(kind: ProviderKind) {
    accepts::<R>(kind).await;
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

async fn failed<R: Rig>(mood: Mood) -> (R, SendError) {
    let rig = R::new(mood).await;
    let error = rig.provider().send(&text(&rig)).await.unwrap_err();
    good_words(&rig, &error.to_string());
    good_words(&rig, &error.failure().text);
    good_words(&rig, &format!("{error:?}."));
    (rig, error)
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
    let before = rig.requests().await;
    let empty = provider.send(&message(&rig, Body::Text { text: " ".into() })).await.unwrap_err();
    assert_eq!((empty.class, empty.outcome), (FailureClass::Invalid, Outcome::NotSent));
    let long = "x".repeat(balas_domain::content::MAX_TEXT + 1);
    let long = provider.send(&message(&rig, Body::Text { text: long })).await.unwrap_err();
    assert_eq!((long.class, long.outcome), (FailureClass::Invalid, Outcome::NotSent));
    assert_eq!(rig.requests().await, before, "what cannot be sent is not tried");

    possible(provider.mark_read(&rig.customer(), rig.inbound_id()).await, able.mark_read);
    possible(provider.typing(&rig.customer(), Some(rig.inbound_id())).await, able.send_typing);
    let checked = provider.check().await.unwrap();
    assert!(!checked.display_phone.is_empty());
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
    }
}

async fn nobody_there<R: Rig>() {
    let (rig, error) = failed::<R>(Mood::Down).await;
    assert_eq!((error.class, error.outcome), (FailureClass::Transient, Outcome::NotSent));
    let error = rig.provider().check().await.unwrap_err();
    good_words(&rig, &error.to_string());
    assert!(matches!(error, CheckError::Unreachable { .. }), "{error:?}");
}
