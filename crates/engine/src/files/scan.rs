//! Files are looked at by a virus scanner before anybody gets them, where the server is told of one. What it did not look at
//! waits: nothing passes by it.

use std::path::Path;

use balas_domain::WorkspaceId;
use balas_store::{
    Tx,
    files::{self, Upload},
};

use super::{
    StorageError, UploadRefused,
    clamd::{ScanError, Verdict},
};
use crate::{
    Engine,
    access::{Actor, Who},
    error::EngineError,
};

impl Engine {
    /// Why no file can be looked at now; `None`: one can, or none has to be.
    pub(super) async fn scanner_away(&self) -> Option<ScanError> {
        self.config.files.clamd.as_ref()?.version().await.err()
    }

    /// The name of what is harmful in a file of this machine; `None`: nothing, or nobody is there to look.
    pub(super) async fn harm_in(&self, file: &Path) -> Result<Option<String>, ScanError> {
        let Some(clamd) = &self.config.files.clamd else { return Ok(None) };
        let verdict = clamd.scan(file).await;
        let result = match &verdict {
            Ok(Verdict::Clean) => "clean",
            Ok(Verdict::Harmful(_)) => "harmful",
            Err(_) => "failed",
        };
        metrics::counter!("balas_files_scanned_total", "result" => result).increment(1);
        match verdict? {
            Verdict::Clean => Ok(None),
            Verdict::Harmful(name) => Ok(Some(name)),
        }
    }

    /// Looks at what somebody wants to send. What is harmful is taken away at once.
    pub(super) async fn look_at_upload(&self, actor: &Actor, upload: &Upload) -> Result<(), EngineError> {
        let id = upload.view.id;
        let found = match self.harm_in(&self.upload_path(id)).await {
            Ok(None) => return Ok(()),
            Ok(Some(found)) => found,
            Err(ScanError::TooLarge) => return Err(UploadRefused::Unscannable.into()),
            Err(ScanError::Disk(error)) => return Err(StorageError::Disk(error).into()),
            Err(error @ (ScanError::Away(_) | ScanError::Broken(_))) => {
                tracing::warn!(%error, "a file could not be looked at, so it is not sent");
                return Err(UploadRefused::Unscanned.into());
            }
        };
        let who = match &actor.who {
            Who::Member { name, .. } => name.as_str(),
            Who::Token { .. } => "a program",
            Who::System => "Balas",
        };
        let detail =
            format!("{found} was found in “{}”, which {who} wanted to send; it was not sent", upload.name);
        let mut tx = self.store.begin().await?;
        files::end_upload(actor.workspace, &mut tx, id).await?;
        self.note_harm(actor.workspace, &mut tx, &detail).await?;
        tx.commit().await?;
        self.drop_upload(id).await;
        Err(UploadRefused::Harmful(found).into())
    }

    /// Admins shall know of it.
    pub(super) async fn note_harm(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        detail: &str,
    ) -> Result<(), EngineError> {
        tracing::warn!(workspace = %ws, detail, "a harmful file");
        self.note_for_admins(ws, tx, "harmful_file", detail).await
    }
}
