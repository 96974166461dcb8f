//! Takes away what nobody needs any more: files that no message names, uploads that nobody goes on with, and what a crash
//! left lying.

use std::{
    io,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use balas_domain::{MediaStorage, Timestamp, UploadId, WorkspaceId};
use balas_store::{
    files::{self, Blob, Stray},
    workspaces,
};

use super::storage::{StorageError, lying_in, written};
use crate::{Engine, error::EngineError};

/// What no message names is taken away after this long: what is just being sent has no message yet.
const UNUSED: Duration = Duration::from_hours(24);
/// An upload that nobody goes on with is given up after this long.
const STALE_UPLOAD: Duration = Duration::from_hours(48);
/// Whoever just puts the same bytes into a storage has stored their message by then.
const JUST_PUT: Duration = Duration::from_mins(10);
/// So many unused files are looked for at a time.
const SWEEP: u32 = 500;
/// The whole folder is gone through this often: what no row names is rare, and the folder is large.
const STRAYS: Duration = Duration::from_hours(12);

/// When the folder was last gone through.
#[derive(Debug)]
pub(super) struct Strays(AtomicI64);

impl Default for Strays {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Strays {
    fn due(&self, now: Timestamp) -> bool {
        self.0.load(Ordering::Relaxed) <= now.before(STRAYS).0
    }

    fn done(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::Relaxed);
    }
}

impl Engine {
    /// Takes away files that no message names any more, and uploads that nobody went on with; how many files.
    ///
    /// # Errors
    /// When database or storage fail. A storage that does not answer keeps no other from being tidied.
    pub async fn tidy_files(&self) -> Result<u64, EngineError> {
        let now = self.clock.now();
        let before = now.before(UNUSED);
        self.tidy_uploads(now, before).await?;
        if self.files.strays.due(now) {
            self.note_strays(before).await?;
            self.files.strays.done(now);
        }
        let (mut removed, mut failed) = (0, None);
        for storage in self.files.storages() {
            match self.tidy_storage(storage, before).await {
                Ok(n) => removed += n,
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(removed), Err)
    }

    async fn tidy_uploads(&self, now: Timestamp, before: Timestamp) -> Result<(), EngineError> {
        let mut tx = self.store.begin().await?;
        let ended = files::end_stale_uploads(&mut tx, now.before(STALE_UPLOAD)).await?;
        tx.commit().await?;
        for upload in ended {
            // If it lies on another machine, that one finds it below.
            self.drop_upload(upload).await;
        }
        // Those that ended just before a crash, and those that another machine has ended.
        let folder = self.files.folders.uploads.clone();
        let old = blocking(move || {
            let mut old = Vec::new();
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let id = entry.file_name().to_str().and_then(|name| name.parse::<UploadId>().ok());
                let since = entry.metadata().and_then(|facts| facts.modified()).map(written);
                old.extend(id.filter(|_| since.is_ok_and(|since| since < before)));
            }
            Ok(old)
        })
        .await?;
        let known = {
            let mut tx = self.store.read().await?;
            files::known_uploads(&mut tx, old.iter().copied()).await?
        };
        for upload in old.into_iter().filter(|upload| !known.contains(upload)) {
            self.drop_upload(upload).await;
        }
        Ok(())
    }

    /// What lies in this machine's folder and no row names gets a row, so that it is taken away like everything that no
    /// message names: with nobody else putting the same there meanwhile. It may come from a database that was put back to
    /// what it was before. What lies in S3 is left alone: another server with a copy of this database may use the same
    /// bucket, and what is new there would look like this to us.
    async fn note_strays(&self, before: Timestamp) -> Result<(), EngineError> {
        let all = {
            let mut tx = self.store.read().await?;
            workspaces::list(&mut tx).await?
        };
        for ws in all {
            self.note_strays_of(ws.id, before).await?;
        }
        Ok(())
    }

    async fn note_strays_of(&self, ws: WorkspaceId, before: Timestamp) -> Result<(), EngineError> {
        let engine = self.clone();
        for part in blocking(move || engine.files.storages.parts(ws)).await? {
            let lying = blocking(move || lying_in(&part, before)).await?;
            let strays: Vec<Stray> = {
                let mut tx = self.store.read().await?;
                let keys = lying.iter().map(|file| file.key.as_str());
                let known = files::known(ws, &mut tx, MediaStorage::Local, keys).await?;
                let strays = lying.into_iter().filter(|file| !known.contains(&file.key));
                strays.map(|file| Stray { key: file.key, size: file.size, since: file.since }).collect()
            };
            if strays.is_empty() {
                continue;
            }
            tracing::info!(workspace = %ws, files = strays.len(), "files that nothing names were found");
            let mut tx = self.store.begin().await?;
            for stray in &strays {
                files::note_stray(ws, &mut tx, MediaStorage::Local, stray).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    async fn tidy_storage(&self, storage: MediaStorage, before: Timestamp) -> Result<u64, EngineError> {
        let mut removed = 0;
        loop {
            let unused = {
                let mut tx = self.store.read().await?;
                files::unused(&mut tx, storage, before, SWEEP).await?
            };
            let Some(first) = unused.first() else { return Ok(removed) };
            // Asked while nobody waits for us: below, whoever writes does.
            self.files.storages.reach(storage, first.workspace_id).await?;
            let found = unused.len();
            let mut taken = 0;
            for blob in unused {
                taken += u64::from(self.remove_blob(&blob, before).await?);
            }
            removed += taken;
            // Those that are used again meanwhile are not found again.
            if found < SWEEP as usize || taken == 0 {
                return Ok(removed);
            }
        }
    }

    /// Takes bytes out of storages that nothing names any more, because their messages just went. What cannot be taken away
    /// now is when the rest is tidied.
    pub(crate) async fn remove_blobs(&self, blobs: Vec<Blob>) {
        let before = self.clock.now().before(JUST_PUT);
        for blob in blobs {
            if let Err(error) = self.remove_blob(&blob, before).await {
                tracing::warn!(%error, "a file could not be taken away; it is tried again later");
            }
        }
    }

    /// Takes something out of its storage, unless a file names it or it was put there since; tells whether it did.
    ///
    /// # Errors
    /// When database or storage fail.
    async fn remove_blob(&self, blob: &Blob, before: Timestamp) -> Result<bool, EngineError> {
        let Ok(storage) = blob.storage.parse() else { return Ok(false) };
        if !self.files.storages.offers(storage) {
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        let unused = files::forget(&mut tx, blob, before).await?;
        if unused {
            self.files.storages.remove(storage, blob.workspace_id, &blob.key).await?;
        }
        tx.commit().await?;
        Ok(unused)
    }
}

/// Does what the disk may take its time for.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| EngineError::Internal(error.to_string()))?;
    Ok(done.map_err(StorageError::Disk)?)
}
