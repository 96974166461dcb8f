//! Files that come and go with messages: fetched from `WhatsApp` in the background ([`fetch`]), uploaded by browsers
//! ([`upload`]), looked at by a virus scanner ([`scan`]) and into by us ([`look`]), kept once however often they are sent ([`storage`]), and given only to those who
//! may see their message. And what people and groups show of themselves ([`picture`]).

mod clamd;
mod fetch;
mod film;
mod look;
mod picture;
mod scan;
mod send;
mod spool;
mod sticker;
mod storage;
mod tidy;
mod upload;
mod voice;

use std::{ops::Range, path::PathBuf};

use balas_domain::{
    Content, FileState, MediaStorage, MessageId, Permission, WorkspaceId,
    content::{Media, MediaKind},
    file::{LARGEST, clean_file_name},
    media,
};
use balas_store::{
    StoreError,
    files::{self, Contents},
    messages,
};

use tokio::sync::Semaphore;

pub(crate) use self::spool::Spooled;
pub use self::{
    clamd::{BadClamdAddress, ClamdAddress, ScanError},
    storage::{Bytestream, S3Config, StorageError},
    upload::UploadRefused,
};
use self::{look::Looked, spool::Folders, storage::Storages, tidy::Strays};
use crate::{Engine, access::Actor, error::EngineError};

/// So many files are looked into at once: a picture that is being opened may take a quarter of a gigabyte.
const LOOKS: usize = 2;

/// Where files lie.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// A folder of this machine for files, and for those on their way.
    pub folder: PathBuf,
    /// S3-compatible storage, if there is one.
    pub s3: Option<S3Config>,
    /// Who looks at files for viruses before anybody gets them, if somebody does.
    pub clamd: Option<ClamdAddress>,
}

/// What the engine has to do with files.
pub(crate) struct Files {
    storages: Storages,
    folders: Folders,
    /// Who looks into a file.
    looks: Semaphore,
    strays: Strays,
}

impl Files {
    /// # Errors
    /// When a folder cannot be made, or S3 is set up wrongly.
    pub(crate) fn new(config: &FilesConfig) -> Result<Self, StorageError> {
        Ok(Self {
            storages: Storages::new(&config.folder.join("kept"), config.s3.as_ref())?,
            folders: Folders::new(&config.folder)?,
            looks: Semaphore::new(LOOKS),
            strays: Strays::default(),
        })
    }

    /// Where files can be kept.
    pub(crate) fn storages(&self) -> Vec<MediaStorage> {
        [MediaStorage::Local, MediaStorage::S3].into_iter().filter(|s| self.storages.offers(*s)).collect()
    }

    /// Takes away what a crash left half-done.
    pub(crate) fn clear(&self) {
        if let Err(error) = self.folders.clear() {
            tracing::warn!(%error, "files that were left half-done could not be removed");
        }
    }
}

/// A file to be handed to somebody who may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// What is in it, as we looked.
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// What to call it when it is saved.
    pub name: String,
    /// Changes when its bytes do.
    pub tag: String,
    workspace: WorkspaceId,
    storage: MediaStorage,
}

impl Engine {
    /// The file of a message, or the small picture of it.
    ///
    /// # Errors
    /// When the actor may not, or it is not here.
    pub async fn file(
        &self,
        actor: &Actor,
        message: MessageId,
        preview: bool,
    ) -> Result<FoundFile, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let ws = actor.workspace;
        let mut tx = self.store.read().await?;
        let missing = EngineError::NotFound { what: "file" };
        let record = messages::get(ws, &mut tx, message).await?;
        // What was taken back is nobody's to look at any more.
        let Some(record) = record.filter(|record| !record.view.revoked) else { return Err(missing) };
        let Content::Media(media) = &record.content else { return Err(missing) };
        let file = files::get(ws, &mut tx, message).await?.filter(|file| file.state == FileState::Here);
        let Some(contents) = file.and_then(|file| file.contents) else { return Err(missing) };
        let found = FoundFile {
            name: file_name(media, &contents.mime, message),
            tag: contents.key,
            mime: contents.mime,
            size: contents.size,
            workspace: ws,
            storage: contents.storage,
        };
        if !preview {
            return Ok(found);
        }
        let Some(key) = contents.preview_key else { return Err(missing) };
        let size = files::kept_size(ws, &mut tx, contents.storage, &key).await?;
        let Some(size) = size else { return Err(missing) };
        Ok(FoundFile { mime: "image/jpeg".to_owned(), size, tag: key, ..found })
    }

    /// The bytes of a found file, or some of them.
    ///
    /// # Errors
    /// When the storage does not give them.
    pub async fn read_file(
        &self,
        file: &FoundFile,
        range: Option<Range<u64>>,
    ) -> Result<Bytestream, EngineError> {
        Ok(self.files.storages.open(file.storage, file.workspace, &file.tag, range).await?)
    }

    /// What lies in a storage under this name.
    pub(crate) async fn stored(
        &self,
        ws: WorkspaceId,
        storage: MediaStorage,
        key: &str,
    ) -> Result<Bytestream, StorageError> {
        self.files.storages.open(storage, ws, key, None).await
    }

    /// An empty file of this machine for what is on its way out. It goes with the value.
    pub(crate) fn spooled(&self) -> Result<tempfile::TempPath, EngineError> {
        Ok(spool::empty(&self.files.folders.spool).map_err(StorageError::Disk)?)
    }

    /// Puts a file of this machine, with what was found in it, into a storage. It is a message's with
    /// [`files::put`]; without that it is taken away again after a day.
    pub(crate) async fn keep_file(
        &self,
        ws: WorkspaceId,
        storage: MediaStorage,
        file: &Spooled,
    ) -> Result<Contents, EngineError> {
        let path = file.path().to_owned();
        let looked = self.looking(move || look::look(&path)).await?.map_err(StorageError::Disk)?;
        let Looked { mime, frame, duration, waveform, preview } = looked;
        let preview = match preview {
            Some(bytes) => Some(self.spool_bytes(bytes).await?),
            None => None,
        };
        let key = self.keep(ws, storage, file).await?;
        let preview_key = match &preview {
            Some(preview) => Some(self.keep(ws, storage, preview).await?),
            None => None,
        };
        Ok(Contents { storage, key, preview_key, mime, size: file.size, frame, duration, waveform })
    }

    /// Looks into a file away from what must not wait, a few at a time.
    async fn looking<T: Send + 'static>(
        &self,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let internal = |error: &dyn std::error::Error| EngineError::Internal(error.to_string());
        let _turn = self.files.looks.acquire().await.map_err(|error| internal(&error))?;
        tokio::task::spawn_blocking(look).await.map_err(|error| internal(&error))
    }

    /// Puts it under a name that is made of what is in it, by a secret: who sees the storage's names cannot tell whether
    /// a file that he has is among them.
    async fn keep(
        &self,
        ws: WorkspaceId,
        storage: MediaStorage,
        file: &Spooled,
    ) -> Result<String, EngineError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let name = self.vault.name(ws, &mut tx, now, &file.sha256).await?;
        files::keep(ws, &mut tx, storage, &name, file.size, now).await?;
        tx.commit().await?;
        self.files.storages.put(storage, ws, &name, file.path()).await?;
        Ok(name)
    }

    /// A copy on this machine, for providers, which read files.
    pub(crate) async fn borrow_file(
        &self,
        ws: WorkspaceId,
        contents: &Contents,
    ) -> Result<tempfile::TempPath, EngineError> {
        let path = spool::empty(&self.files.folders.spool).map_err(StorageError::Disk)?;
        self.files.storages.fetch(contents.storage, ws, &contents.key, &path).await?;
        Ok(path)
    }
}

/// What a file is called when it is saved: as its sender called it, with the ending of what is in it.
fn file_name(said: &Media, mime: &str, message: MessageId) -> String {
    if let Some(name) = said.file_name.as_deref().and_then(clean_file_name) {
        return name;
    }
    let what = match said.kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Audio if said.voice => "voice",
        MediaKind::Audio => "audio",
        MediaKind::Sticker => "sticker",
        MediaKind::Document => "document",
    };
    let id = message.to_string();
    format!("{what}-{}.{}", &id[id.len() - 8..], media::ending(mime).unwrap_or("bin"))
}

impl From<StorageError> for EngineError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Missing => Self::NotFound { what: "file" },
            StorageError::NotSetUp => Self::Refused(
                "files of this number are to be stored in S3, but this server has none; change it in the number's settings",
            ),
            StorageError::Refused(_) => {
                tracing::error!(%error, "files");
                Self::Refused(
                    "the S3 storage does not let this server in; an admin must check access_key, secret_key and bucket under [s3] in its configuration",
                )
            }
            other => {
                tracing::error!(error = %other, "files");
                Self::Storage(other)
            }
        }
    }
}

/// What is done within a transaction fails only as that does.
pub(crate) fn in_store(error: EngineError) -> StoreError {
    match error {
        EngineError::Store(error) => error,
        _ => StoreError::Corrupt { what: "job" },
    }
}
