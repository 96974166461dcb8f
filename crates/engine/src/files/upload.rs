//! Uploads: a browser sends a file in parts, each where the last one ended. What was lost is sent again, also after the
//! page or the server went away.

use std::{
    io::{self, SeekFrom},
    path::PathBuf,
};

use balas_domain::{
    Permission, UploadId, UploadView,
    file::{LARGEST, UPLOAD_PART, clean_file_name, size_words},
};
use balas_store::files::{self, Upload};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::StorageError;
use crate::{
    Engine,
    access::{Actor, Who},
    error::EngineError,
};

/// One person's files on their way, at most.
const MOST_UPLOADS: u64 = 32;
/// Their bytes, at most.
const MOST_BYTES: u64 = 1 << 30;
/// A part may be larger than the ones that we ask for.
const LARGEST_PART: u64 = 8 * UPLOAD_PART;

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadRefused {
    /// `WhatsApp` takes no such file.
    #[error("the file has {}, WhatsApp takes at most {}; make it smaller, or send a link to it", size_words(*.0), size_words(LARGEST))]
    TooLarge(u64),
    /// There is nothing in it.
    #[error("the file is empty; choose another one")]
    Empty,
    /// Too many at once.
    #[error("too many files are on their way; wait until some of them are sent, or cancel some")]
    TooMany,
    /// A part that is not the next one. The answer tells where to go on.
    #[error("this part is not the next one; go on at byte {}", .0.received)]
    OutOfPlace(UploadView),
    /// More bytes than were announced.
    #[error("there are more bytes than were announced; begin anew")]
    TooLong,
    /// Another request is writing it.
    #[error("a part of this file is just being written; try again in a moment")]
    Busy,
    /// It is to be sent, but not all of it is here.
    #[error("the file is not here yet: {} of {} bytes; send the rest first", .0.received, .0.size)]
    Unfinished(UploadView),
    /// The virus scanner found something.
    #[error("the virus scanner found {0} in this file, so it is not sent; choose another one")]
    Harmful(String),
    /// The virus scanner takes no file as large as this.
    #[error(
        "the virus scanner takes no file as large as this, and none is sent unseen; make it smaller, or ask an admin to raise StreamMaxLength in clamd.conf"
    )]
    Unscannable,
    /// The virus scanner is not there.
    #[error(
        "the virus scanner does not answer, and no file is sent unseen; try again in a minute, and tell an admin if it stays"
    )]
    Unscanned,
    /// A picture that cannot be drawn anew, so that what the camera wrote into it would leave with it.
    #[error(
        "this picture cannot be opened here, and would leave with the place where it was taken; send it as a document if that does not matter, or send a JPEG of at most 12,000 pixels a side"
    )]
    NotRedrawn,
    /// No sticker can be made of it.
    #[error(
        "no sticker can be made of this file; choose a WebP, PNG or JPEG of at most 12,000 pixels a side"
    )]
    NoSticker,
    /// It moves, but is no sticker yet.
    #[error(
        "a moving sticker has to be a WebP of 512 × 512 pixels with at most 500 KB; choose one of that size, or a still picture"
    )]
    StickerMoves,
}

impl UploadRefused {
    /// A stable word for programs.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "file_too_large",
            Self::Empty => "file_empty",
            Self::TooMany => "too_many_uploads",
            Self::OutOfPlace(_) => "out_of_place",
            Self::TooLong => "upload_too_long",
            Self::Busy => "upload_busy",
            Self::Unfinished(_) => "upload_unfinished",
            Self::Harmful(_) => "file_harmful",
            Self::Unscannable => "file_unscannable",
            Self::Unscanned => "scanner_away",
            Self::NotRedrawn => "picture_not_redrawn",
            Self::NoSticker => "no_sticker",
            Self::StickerMoves => "sticker_moves",
        }
    }
}

/// Who uploads.
fn owner(actor: &Actor) -> String {
    match &actor.who {
        Who::Member { id, .. } => format!("member:{id}"),
        Who::Token { id, .. } => format!("token:{id}"),
        Who::System => "system".to_owned(),
    }
}

impl Engine {
    /// Begins an upload of so many bytes.
    ///
    /// # Errors
    /// When the actor may not, or the file is too large.
    pub async fn begin_upload(
        &self,
        actor: &Actor,
        name: &str,
        size: u64,
    ) -> Result<UploadView, EngineError> {
        actor.require(Permission::Reply)?;
        if size == 0 {
            return Err(UploadRefused::Empty.into());
        }
        if size > LARGEST {
            return Err(UploadRefused::TooLarge(size).into());
        }
        let (ws, now, owner) = (actor.workspace, self.clock.now(), owner(actor));
        let view = UploadView { id: UploadId::new(now, &*self.random), received: 0, size };
        let name = clean_file_name(name).unwrap_or_else(|| "file".to_owned());
        let mut tx = self.store.begin().await?;
        let (count, bytes) = files::uploads_of(ws, &mut tx, &owner).await?;
        if count >= MOST_UPLOADS || bytes + size > MOST_BYTES {
            return Err(UploadRefused::TooMany.into());
        }
        let upload = Upload { view: view.clone(), name };
        files::begin_upload(ws, &mut tx, &owner, &upload, now).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// How far an upload is.
    ///
    /// # Errors
    /// When it is not the actor's, or ended.
    pub async fn upload(&self, actor: &Actor, id: UploadId) -> Result<UploadView, EngineError> {
        Ok(self.known_upload(actor, id).await?.view)
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// When the upload is not the actor's, or this is not its next part. What came before a line broke is kept.
    pub async fn upload_part<E: Into<io::Error>>(
        &self,
        actor: &Actor,
        id: UploadId,
        offset: u64,
        mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<UploadView, EngineError> {
        let known = self.known_upload(actor, id).await?.view;
        let mut file = self.upload_file(id)?;
        // Somebody else may have written since.
        let known = UploadView { received: self.known_upload(actor, id).await?.view.received, ..known };
        if offset != known.received {
            return Err(UploadRefused::OutOfPlace(known).into());
        }
        // What a crash left behind the last part that was noted is written over.
        file.seek(SeekFrom::Start(offset)).await.map_err(StorageError::Disk)?;
        let mut received = offset;
        let mut broken = None;
        while let Some(chunk) = bytes.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    broken = Some(error.into());
                    break;
                }
            };
            received += chunk.len() as u64;
            if received > known.size || received - offset > LARGEST_PART {
                return Err(UploadRefused::TooLong.into());
            }
            file.write_all(&chunk).await.map_err(StorageError::Disk)?;
        }
        file.flush().await.map_err(StorageError::Disk)?;
        let mut tx = self.store.begin().await?;
        files::advance_upload(actor.workspace, &mut tx, id, received, self.clock.now()).await?;
        tx.commit().await?;
        match broken {
            Some(error) => Err(StorageError::Disk(error).into()),
            None => Ok(UploadView { received, ..known }),
        }
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// When it is not the actor's.
    pub async fn cancel_upload(&self, actor: &Actor, id: UploadId) -> Result<(), EngineError> {
        self.known_upload(actor, id).await?;
        let mut tx = self.store.begin().await?;
        files::end_upload(actor.workspace, &mut tx, id).await?;
        tx.commit().await?;
        self.drop_upload(id).await;
        Ok(())
    }

    pub(super) async fn known_upload(&self, actor: &Actor, id: UploadId) -> Result<Upload, EngineError> {
        actor.require(Permission::Reply)?;
        let mut tx = self.store.read().await?;
        let known = files::upload(actor.workspace, &mut tx, &owner(actor), id).await?;
        let mut known = known.ok_or(EngineError::NotFound { what: "upload" })?;
        // The disk is the truth: a crash may have lost what was noted already.
        let there = tokio::fs::metadata(self.upload_path(id)).await.map_or(0, |file| file.len());
        known.view.received = known.view.received.min(there);
        Ok(known)
    }

    pub(super) fn upload_path(&self, id: UploadId) -> PathBuf {
        self.files.folders.uploads.join(id.to_string())
    }

    /// The file's bytes are not needed any more.
    pub(super) async fn drop_upload(&self, id: UploadId) {
        if let Err(error) = tokio::fs::remove_file(self.upload_path(id)).await
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(upload = %id, %error, "an upload could not be removed");
        }
    }

    /// Opens it for this request alone.
    fn upload_file(&self, id: UploadId) -> Result<tokio::fs::File, EngineError> {
        let open =
            std::fs::File::options().write(true).create(true).truncate(false).open(self.upload_path(id));
        let file = open.map_err(StorageError::Disk)?;
        match file.try_lock() {
            Ok(()) => Ok(tokio::fs::File::from_std(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(UploadRefused::Busy.into()),
            Err(std::fs::TryLockError::Error(error)) => Err(StorageError::Disk(error).into()),
        }
    }
}
