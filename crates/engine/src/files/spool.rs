//! Files on this machine's disk while they are on their way: whatever comes in is written down, counted and hashed, so
//! that nothing is ever whole in memory.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A file that goes away with this value.
#[derive(Debug)]
pub(crate) struct Spooled {
    file: tempfile::TempPath,
    /// Bytes.
    pub(crate) size: u64,
    /// Of all bytes.
    pub(crate) sha256: [u8; 32],
}

impl Spooled {
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }
}

/// Why bytes could not be written down.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError<E> {
    /// There are more of them than may be.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// They ceased to come.
    #[error("{0}")]
    Source(E),
    /// The disk.
    #[error("a file on the server could not be written: {0}")]
    Disk(#[from] io::Error),
}

/// A new, empty file.
pub(crate) fn empty(folder: &Path) -> io::Result<tempfile::TempPath> {
    Ok(tempfile::Builder::new().prefix("file-").tempfile_in(folder)?.into_temp_path())
}

/// Writes down what comes.
pub(crate) async fn spool<E>(
    folder: &Path,
    mut bytes: impl Stream<Item = Result<Bytes, E>> + Unpin,
    at_most: u64,
) -> Result<Spooled, SpoolError<E>> {
    let path = empty(folder)?;
    let mut file = tokio::fs::File::create(&path).await?;
    let (mut size, mut hash) = (0_u64, Sha256::new());
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(SpoolError::Source)?;
        size += chunk.len() as u64;
        if size > at_most {
            return Err(SpoolError::TooLarge(at_most));
        }
        hash.update(&chunk);
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(Spooled { file: path, size, sha256: hash.finalize().into() })
}

/// A file that lies here already.
pub(crate) async fn measured(path: tempfile::TempPath) -> io::Result<Spooled> {
    let mut file = tokio::fs::File::open(&path).await?;
    let (mut size, mut hash, mut buffer) = (0_u64, Sha256::new(), vec![0; 1 << 16]);
    loop {
        let n = file.read(&mut buffer).await?;
        if n == 0 {
            break;
        }
        size += n as u64;
        hash.update(&buffer[..n]);
    }
    Ok(Spooled { file: path, size, sha256: hash.finalize().into() })
}

/// Folders of files on their way.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// What is being worked on. Emptied at start.
    pub(crate) spool: PathBuf,
    /// Uploads, one file each, named by their ids.
    pub(crate) uploads: PathBuf,
}

impl Folders {
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        let folders = Self { spool: root.join("spool"), uploads: root.join("uploads") };
        std::fs::create_dir_all(&folders.uploads)?;
        std::fs::create_dir_all(&folders.spool)?;
        Ok(folders)
    }

    /// Takes away what a crash left.
    pub(crate) fn clear(&self) -> io::Result<()> {
        for left in std::fs::read_dir(&self.spool)? {
            std::fs::remove_file(left?.path())?;
        }
        Ok(())
    }
}
