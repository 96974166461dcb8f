//! Writes text into a file of this machine.

use std::path::Path;

use tokio::io::{AsyncWriteExt, BufWriter};

use super::CHUNK;
use crate::{error::EngineError, files::StorageError};

/// A text that grows.
pub(super) struct Pen(BufWriter<tokio::fs::File>);

impl Pen {
    pub(super) async fn new(path: &Path) -> Result<Self, EngineError> {
        let file = tokio::fs::File::create(path).await.map_err(StorageError::Disk)?;
        Ok(Self(BufWriter::with_capacity(CHUNK, file)))
    }

    pub(super) async fn put(&mut self, text: &str) -> Result<(), EngineError> {
        Ok(self.0.write_all(text.as_bytes()).await.map_err(StorageError::Disk)?)
    }

    /// All of it lies in the file then.
    pub(super) async fn finish(mut self) -> Result<(), EngineError> {
        Ok(self.0.shutdown().await.map_err(StorageError::Disk)?)
    }
}
