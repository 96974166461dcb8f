//! The folder of everything that is kept: who may read it, and that only one server works in it.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be made or looked at.
    #[error(
        "cannot use the data folder {}: {source}. Name another with --data, or change its owner",
        path.display()
    )]
    Io {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else stands there.
    #[error("{} is not a folder: name another with --data", .0.display())]
    NotAFolder(PathBuf),
    /// Another server works in it.
    #[error(
        "another balas serve already works in {}: stop it first, or name another folder with --data",
        .0.display()
    )]
    InUse(PathBuf),
}

/// Makes the folder, for its owner only, unless it is there.
///
/// # Errors
/// When it cannot be made or is no folder.
pub fn prepare(path: &Path) -> Result<(), DataDirError> {
    let failed = |source| DataDirError::Io { path: path.to_owned(), source };
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(DataDirError::NotAFolder(path.to_owned())),
        Err(e) => Err(failed(e)),
    }
}

/// The permission bits of a file or folder.
///
/// # Errors
/// When it cannot be looked at.
pub fn mode(path: &Path) -> io::Result<u32> {
    Ok(std::fs::metadata(path)?.mode() & 0o777)
}

/// Held while a server works in the folder; the system lets go of it however the server ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "only held")] File);

/// Makes sure that no other server works in the folder.
///
/// # Errors
/// When one does.
pub fn lock(path: &Path) -> Result<Lock, DataDirError> {
    let failed = |source| DataDirError::Io { path: path.to_owned(), source };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join("serve.lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
        Err(TryLockError::Error(e)) => Err(failed(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_for_the_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        prepare(&path).unwrap();
        assert_eq!(mode(&path).unwrap(), 0o700);
        prepare(&path).unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(matches!(prepare(&dir.path().join("file")), Err(DataDirError::NotAFolder(_))));
    }

    #[test]
    fn one_server_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).unwrap();
        assert!(matches!(lock(dir.path()), Err(DataDirError::InUse(_))));
        drop(held);
        lock(dir.path()).unwrap();
    }
}
