//! Conversations as files that one takes away: as `WhatsApp` exports them ([`text`]), for programs ([`json`]), to be read
//! and printed ([`html`]); and all that is known of one contact ([`contact`]).
//!
//! A thread is gone through page by page, and what comes of it is written into a file of this machine first: nothing of it
//! is ever whole in memory, and what goes wrong is said before the first byte goes out.

mod archive;
mod contact;
mod html;
mod json;
mod page;
mod pen;
mod text;

use std::io;

use balas_domain::{
    ContactId, Content, ConversationId, MessageId, Permission, Timestamp,
    content::{Media, MediaKind},
    export::ExportFormat,
    file::clean_file_name,
    form::{FieldError, Problem},
    media,
    view::{AccountView, Author, ConversationView},
};
use balas_store::{accounts, files::Contents, workspaces};
use bytes::BytesMut;
use futures::stream;
use jiff::{Zoned, tz::TimeZone};
use tokio::io::AsyncReadExt;

use self::{
    archive::Archive,
    page::{Entry, Walk},
    pen::Pen,
};
use crate::{
    Engine,
    access::Actor,
    error::EngineError,
    files::{Bytestream, StorageError},
    reading,
};

/// Bytes that are handed on at once.
const CHUNK: usize = 1 << 17;
/// Longest name of a file within an archive, in bytes: more than that no disk takes.
const MAX_NAME: usize = 180;

/// What shall be taken away, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOrder {
    /// In which form.
    pub format: ExportFormat,
    /// In which time zone times are written (an IANA name); `None`: the workspace's.
    pub zone: Option<String>,
    /// With what colleagues wrote and did, which the customer never saw.
    pub notes: bool,
}

/// A file that is ready to be taken away. It goes with this value.
#[derive(Debug)]
pub struct Export {
    /// What to call it.
    pub name: String,
    /// What is in it.
    pub mime: &'static str,
    /// Bytes.
    pub size: u64,
    path: tempfile::TempPath,
}

impl Export {
    async fn new(name: String, mime: &'static str, path: tempfile::TempPath) -> Result<Self, EngineError> {
        let size = tokio::fs::metadata(&path).await.map_err(StorageError::Disk)?.len();
        Ok(Self { name, mime, size, path })
    }

    /// Its bytes.
    ///
    /// # Errors
    /// When the disk does not give them.
    pub async fn open(self) -> io::Result<Bytestream> {
        let file = tokio::fs::File::open(&self.path).await?;
        Ok(Box::pin(stream::try_unfold((file, self.path), |(mut file, path)| async move {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let n = file.read_buf(&mut chunk).await?;
            Ok((n > 0).then(|| (chunk.freeze(), (file, path))))
        })))
    }
}

/// What all forms need to know of a conversation.
struct Scene {
    conversation: ConversationView,
    account: Option<AccountView>,
    zone: TimeZone,
    notes: bool,
    /// Nothing but what these wrote.
    only: Option<Vec<ContactId>>,
    now: Timestamp,
}

impl Scene {
    /// Who wrote it, on one line.
    fn author(&self, author: &Author) -> String {
        let name = match author {
            Author::Contact { name, .. } if name.is_empty() => &self.conversation.title,
            Author::Contact { name, .. } | Author::Member { name, .. } | Author::Api { name } => name,
            Author::PhoneApp => return self.account_name(),
        };
        line(name)
    }

    fn account_name(&self) -> String {
        self.account.as_ref().map_or_else(String::new, |account| line(&account.name))
    }

    /// The moment as a wall clock there shows it.
    fn zoned(&self, at: Timestamp) -> Zoned {
        let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone())
    }
}

/// A name without anything that would begin another line.
fn line(name: &str) -> String {
    name.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The title of a conversation as part of the name of a file.
fn titled(title: &str, ending: &str) -> String {
    let name = format!("WhatsApp Chat - {title}");
    fit(&clean_file_name(&name).unwrap_or_else(|| "WhatsApp Chat".to_owned()), ending)
}

/// Shortened so that disks take it.
fn fit(stem: &str, ending: &str) -> String {
    let mut end = stem.len().min(MAX_NAME);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let stem = stem[..end].trim_end_matches(['.', ' ']);
    if ending.is_empty() { stem.to_owned() } else { format!("{stem}.{ending}") }
}

/// How a file is called in an archive, as `WhatsApp` does it: by its place in the chat, what it is, and when.
fn attachment(number: u64, media: &Media, mime: &str, at: &Zoned) -> String {
    let ending = media::ending(mime).unwrap_or("bin");
    if media.kind == MediaKind::Document
        && let Some(name) = media.file_name.as_deref().and_then(clean_file_name)
    {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ending));
        return fit(&format!("{number:08}-{stem}"), ending);
    }
    let what = match media.kind {
        MediaKind::Image => "PHOTO",
        MediaKind::Video => "VIDEO",
        MediaKind::Audio => "AUDIO",
        MediaKind::Document => "DOCUMENT",
        MediaKind::Sticker => "STICKER",
    };
    format!("{number:08}-{what}-{}.{ending}", at.strftime("%Y-%m-%d-%H-%M-%S"))
}

impl Engine {
    /// A whole conversation as a file.
    ///
    /// # Errors
    /// When the actor may not, there is no such conversation or time zone, or a disk or storage fails.
    pub async fn export_conversation(
        &self,
        actor: &Actor,
        id: ConversationId,
        order: &ExportOrder,
    ) -> Result<Export, EngineError> {
        actor.require(Permission::ExportConversations)?;
        let conversation = {
            let mut tx = self.store.read().await?;
            reading::conversation(actor, &mut tx, id).await?
        };
        let scene = self.scene(actor, conversation, order).await?;
        let (path, id, title) = (self.spooled()?, scene.conversation.id, scene.conversation.title.clone());
        // Before anything is read: who began an export may have had it.
        let detail = format!("{} exported conversation {id} ({})", actor.name(), order.format);
        let mut tx = self.store.begin().await?;
        self.note_for_admins(actor.workspace, &mut tx, "conversation_exported", &detail).await?;
        tx.commit().await?;
        match order.format {
            ExportFormat::Whatsapp => {
                text::write(self, actor, &scene, &path).await?;
                Export::new(titled(&title, "zip"), "application/zip", path).await
            }
            ExportFormat::Json => {
                let mut pen = Pen::new(&path).await?;
                json::write(self, actor, &scene, &mut pen, None).await?;
                pen.finish().await?;
                Export::new(titled(&title, "json"), "application/json", path).await
            }
            ExportFormat::Html => {
                html::write(self, actor, &scene, &path).await?;
                Export::new(titled(&title, "html"), "text/html; charset=utf-8", path).await
            }
        }
    }

    async fn scene(
        &self,
        actor: &Actor,
        conversation: ConversationView,
        order: &ExportOrder,
    ) -> Result<Scene, EngineError> {
        let mut tx = self.store.read().await?;
        let account = accounts::view(actor.workspace, &mut tx, conversation.account_id).await?;
        let own = workspaces::get(actor.workspace, &mut tx).await?.map(|workspace| workspace.time_zone);
        let zone = match &order.zone {
            Some(asked) => TimeZone::get(asked).map_err(|_| no_zone())?,
            None => own.and_then(|own| TimeZone::get(&own).ok()).unwrap_or(TimeZone::UTC),
        };
        Ok(Scene { conversation, account, zone, notes: order.notes, only: None, now: self.clock.now() })
    }

    /// The bytes of a file that is kept.
    async fn kept(
        &self,
        actor: &Actor,
        contents: &Contents,
        key: &str,
    ) -> Result<Option<Bytestream>, EngineError> {
        match self.stored(actor.workspace, contents.storage, key).await {
            Ok(bytes) => Ok(Some(bytes)),
            // The rest is worth having without it.
            Err(StorageError::Missing) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn no_zone() -> EngineError {
    let words = "must be the name of a time zone, such as Asia/Jakarta".to_owned();
    EngineError::Invalid(vec![FieldError { field: "zone".to_owned(), problem: Problem::Provider(words) }])
}

/// The place before every message.
const BEGINNING: (Timestamp, MessageId) = (Timestamp(i64::MIN), MessageId(uuid::Uuid::nil()));

/// The file of a message, if it is here, put into an archive under the name that it gets there.
async fn attach(
    engine: &Engine,
    actor: &Actor,
    scene: &Scene,
    entry: &Entry,
    archive: &Archive,
    folder: &str,
) -> Result<Option<String>, EngineError> {
    let (Content::Media(media), Some(contents)) = (&entry.record.content, &entry.file) else {
        return Ok(None);
    };
    let Some(bytes) = engine.kept(actor, contents, &contents.key).await? else { return Ok(None) };
    let name = attachment(entry.number, media, &contents.mime, &scene.zoned(entry.record.view.at));
    archive.add(&format!("{folder}{name}"), bytes).await?;
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_short() {
        assert_eq!(titled("Sari", "zip"), "WhatsApp Chat - Sari.zip");
        assert_eq!(titled("../../etc/passwd\n", "zip"), "passwd.zip");
        assert!(titled(&"é".repeat(500), "json").len() <= MAX_NAME + 5);
        assert_eq!(line("Sari\n[26/11/2026, 09:13:02] Boss: x"), "Sari [26/11/2026, 09:13:02] Boss: x");
    }

    #[test]
    fn attachments_are_called_as_on_the_phone() {
        let at = jiff::Timestamp::from_second(1_709_210_096).unwrap().to_zoned(TimeZone::UTC);
        let of = |kind, file_name: Option<&str>, mime| {
            let media = Media { kind, file_name: file_name.map(str::to_owned), ..Media::default() };
            attachment(12, &media, mime, &at)
        };
        assert_eq!(of(MediaKind::Image, None, "image/jpeg"), "00000012-PHOTO-2024-02-29-12-34-56.jpg");
        assert_eq!(of(MediaKind::Document, Some("../a b.pdf"), "application/pdf"), "00000012-a b.pdf");
        assert_eq!(of(MediaKind::Document, None, "x/y"), "00000012-DOCUMENT-2024-02-29-12-34-56.bin");
        let long = of(MediaKind::Document, Some(&format!("{}.pdf", "ü".repeat(300))), "application/pdf");
        assert!(long.len() <= MAX_NAME + 4 && long.rsplit_once('.').unwrap().1 == "pdf", "{long}");
    }
}
