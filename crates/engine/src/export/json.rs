//! Everything of a conversation, for programs. The format is described in docs/API.md: what is there stays, and more may
//! come within one version.

use balas_domain::{
    AccountId, Content, Delivery, Mention, MessageId, Timestamp,
    view::{
        AccountView, Author, ConversationView, Direction, Failure, MessageView, Quote, Reaction, VersionView,
        Vote,
    },
};
use serde::Serialize;

use super::{Archive, Entry, Pen, Scene, Walk, attach};
use crate::{Engine, access::Actor, error::EngineError};

/// Of the format.
const VERSION: u32 = 1;

/// Where the files go, and the name of the folder that they get.
pub(super) struct Beside<'a> {
    pub(super) archive: &'a Archive,
    pub(super) folder: &'a str,
}

#[derive(Serialize)]
struct Head<'a> {
    format: &'static str,
    version: u32,
    exported_at: Timestamp,
    time_zone: Option<&'a str>,
    account: Option<Account<'a>>,
    /// Of a group only its name where it is about one of its members: the rest is others'.
    conversation: Option<&'a ConversationView>,
    title: &'a str,
}

#[derive(Serialize)]
struct Account<'a> {
    id: AccountId,
    name: &'a str,
    phone: Option<&'a str>,
}

impl<'a> Account<'a> {
    fn of(account: &'a AccountView) -> Self {
        Self { id: account.id, name: &account.name, phone: account.phone.as_deref() }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    id: MessageId,
    provider_id: Option<&'a str>,
    at: Timestamp,
    /// The same in words, on the wall clock that was asked for.
    time: String,
    direction: Direction,
    author: &'a Author,
    content: &'a Content,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mentions: &'a [Mention],
    delivery: Delivery,
    failure: Option<&'a Failure>,
    sent_with: Option<AccountId>,
    quote: Option<&'a Quote>,
    reactions: &'a [Reaction],
    votes: &'a [Vote],
    edited: bool,
    revoked: bool,
    recovered: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    versions: &'a [VersionView],
    file: Option<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    state: &'static str,
    mime: Option<&'a str>,
    size: Option<u64>,
    /// Where it lies in the archive, if it came along.
    path: Option<String>,
}

/// Writes it, with the files beside it if there is a place for them.
pub(super) async fn write(
    engine: &Engine,
    actor: &Actor,
    scene: &Scene,
    pen: &mut Pen,
    beside: Option<Beside<'_>>,
) -> Result<(), EngineError> {
    let head = Head {
        format: "balas.conversation",
        version: VERSION,
        exported_at: scene.now,
        time_zone: scene.zone.iana_name(),
        account: scene.account.as_ref().map(Account::of),
        conversation: scene.only.is_none().then_some(&scene.conversation),
        title: &scene.conversation.title,
    };
    let head = of(&head)?;
    // The list of messages is the last field, and may be long.
    pen.put(head.strip_suffix('}').unwrap_or(&head)).await?;
    pen.put(",\"messages\":[").await?;
    let mut walk = Walk::new(actor.workspace, scene);
    let mut first = true;
    while let Some(entries) = walk.next(engine).await? {
        for entry in entries {
            let path = match &beside {
                Some(to) => attach(engine, actor, scene, &entry, to.archive, to.folder)
                    .await?
                    .map(|name| format!("{}{name}", to.folder)),
                None => None,
            };
            pen.put(if first { "\n" } else { ",\n" }).await?;
            pen.put(&of(&message(scene, &entry, path))?).await?;
            first = false;
        }
    }
    pen.put("\n]}\n").await
}

fn message<'a>(scene: &Scene, entry: &'a Entry, path: Option<String>) -> Message<'a> {
    let view: &MessageView = &entry.record.view;
    Message {
        id: view.id,
        provider_id: entry.record.provider_id.as_deref(),
        at: view.at,
        time: scene.zoned(view.at).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        direction: view.direction,
        author: &view.author,
        content: &view.content,
        mentions: &view.mentions,
        delivery: view.delivery,
        failure: view.failure.as_ref(),
        sent_with: view.sent_with,
        quote: view.quote.as_ref(),
        reactions: &view.reactions,
        votes: &view.votes,
        edited: view.edited,
        revoked: view.revoked,
        recovered: view.recovered,
        versions: &entry.versions,
        file: view.file.as_ref().map(|file| File {
            state: file.state.as_str(),
            mime: file.mime.as_deref(),
            size: file.size,
            path,
        }),
    }
}

/// As JSON.
pub(super) fn of(value: &impl Serialize) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|error| EngineError::Internal(error.to_string()))
}
