//! Stamps: a hash of everything a result was made from, kept beside it, so that a step whose inputs did not
//! change is skipped. Contents, not modification times: a `git switch` there and back costs nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Collects inputs.
#[derive(Clone, Default)]
pub struct Stamp(Sha256);

impl Stamp {
    /// Begins with the name of the step, so that two steps never share a stamp.
    pub fn of(step: &str) -> Self {
        Self::default().bytes(step.as_bytes())
    }

    /// Adds one input. Its length goes first: `ab` + `c` is not `a` + `bc`.
    #[must_use]
    pub fn bytes(mut self, input: &[u8]) -> Self {
        self.0.update((input.len() as u64).to_le_bytes());
        self.0.update(input);
        self
    }

    /// Adds a file's contents.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(self, file: &Path) -> Result<Self> {
        let contents = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(self.bytes(&contents))
    }

    /// Adds every file under a folder: relative names and contents. A folder that is missing counts as empty.
    ///
    /// # Errors
    /// When something in it cannot be read.
    pub fn folder(self, folder: &Path) -> Result<Self> {
        let files = files_under(folder)?;
        let stamp = self.bytes(&(files.len() as u64).to_le_bytes());
        files.iter().try_fold(stamp, |stamp, file| {
            stamp.bytes(file.as_os_str().as_encoded_bytes()).file(&folder.join(file))
        })
    }

    /// The finished stamp.
    pub fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// Every file under a folder, relative to it, in the order of the names. Empty when there is no such folder.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_under(folder: &Path) -> Result<Vec<PathBuf>> {
    fn walk(root: &Path, inner: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
        for entry in fs::read_dir(root.join(inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if fs::metadata(entry.path())?.is_dir() {
                walk(root, &path, found)?;
            } else {
                found.push(path);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    if folder.is_dir() {
        walk(folder, Path::new(""), &mut found)
            .with_context(|| format!("cannot list {}", folder.display()))?;
    }
    found.sort();
    Ok(found)
}

/// Does the step unless its result stands already. The old stamp goes first and the new one comes last, so
/// that an interrupted step is done again. Tells whether there was anything to do.
///
/// # Errors
/// Those of the step, or when the stamp cannot be written.
pub fn unless_current(
    file: &Path,
    stamp: &str,
    result: &Path,
    step: impl FnOnce() -> Result<()>,
) -> Result<bool> {
    if result.exists() && fs::read_to_string(file).is_ok_and(|old| old == stamp) {
        return Ok(false);
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", file.display()));
        }
        _ => {}
    }
    step()?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(file, stamp).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for one test, empty, inside cargo's target folder.
    fn scratch(test: &str) -> PathBuf {
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().unwrap().join("xtask-tests").join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn inputs_do_not_run_into_each_other() {
        let one = Stamp::of("x").bytes(b"ab").bytes(b"c").finish();
        let two = Stamp::of("x").bytes(b"a").bytes(b"bc").finish();
        assert_ne!(one, two);
        assert_ne!(Stamp::of("x").finish(), Stamp::of("y").finish());
        assert_eq!(one, Stamp::of("x").bytes(b"ab").bytes(b"c").finish());
    }

    #[test]
    fn a_folder_is_its_names_and_contents() {
        let folder = scratch("folder");
        let stamp = || Stamp::of("x").folder(&folder).unwrap().finish();
        let empty = stamp();
        assert_eq!(empty, Stamp::of("x").folder(&folder.join("missing")).unwrap().finish());
        fs::create_dir(folder.join("b")).unwrap();
        fs::write(folder.join("b/one"), "1").unwrap();
        fs::write(folder.join("a"), "2").unwrap();
        assert_eq!(files_under(&folder).unwrap(), [Path::new("a"), Path::new("b/one")]);
        let full = stamp();
        assert_ne!(full, empty);
        fs::rename(folder.join("a"), folder.join("c")).unwrap();
        assert_ne!(stamp(), full, "a new name is a change");
        fs::rename(folder.join("c"), folder.join("a")).unwrap();
        assert_eq!(stamp(), full, "back again is not");
        fs::write(folder.join("a"), "3").unwrap();
        assert_ne!(stamp(), full, "new contents are a change");
    }

    #[test]
    fn a_step_is_done_once_per_stamp() {
        let folder = scratch("once");
        let (file, result) = (folder.join("stamps/step"), folder.join("result"));
        let done =
            |stamp: &str| unless_current(&file, stamp, &result, || Ok(fs::write(&result, stamp)?)).unwrap();
        assert!(done("1"));
        assert!(!done("1"));
        assert!(done("2"));
        fs::remove_file(&result).unwrap();
        assert!(done("2"), "a result that went missing is made again");
    }

    #[test]
    fn a_step_that_failed_is_done_again() {
        let folder = scratch("failed");
        let (file, result) = (folder.join("stamp"), folder.join("result"));
        fs::write(&result, "old").unwrap();
        fs::write(&file, "1").unwrap();
        assert!(unless_current(&file, "2", &result, || anyhow::bail!("no")).is_err());
        let mut again = false;
        // Even for the old stamp: the failed step may have left half a result.
        unless_current(&file, "1", &result, || {
            again = true;
            Ok(())
        })
        .unwrap();
        assert!(again);
    }
}
