//! The key that wraps all other keys: from the environment, or from a file that only its owner can read.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use balas_domain::Random;
use balas_engine::secrets::MasterKey;

use crate::{data_dir, secret::Secret};

/// Name of the environment variable.
pub const VARIABLE: &str = "BALAS_MASTER_KEY";
/// Name of the file in the data folder.
pub const FILE: &str = "master.key";

/// There is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no key.
    #[error("{from} holds no key: it must be 32 bytes in base64, as `openssl rand -base64 32` prints them")]
    Malformed {
        /// Where it came from.
        from: String,
    },
    /// Others can read the file.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 600 {}`", path.display(), path.display())]
    TooOpen {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read or made.
    #[error("cannot use the key file {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The key from the environment's value, else from the file, else a new one that is written there.
///
/// # Errors
/// When there is a key that cannot be used, or none can be made.
pub fn load_or_create(
    data: &Path,
    from_environment: Option<Secret>,
    random: &dyn Random,
) -> Result<MasterKey, KeyError> {
    if let Some(text) = from_environment {
        return parse(text.expose(), VARIABLE);
    }
    let path = data.join(FILE);
    match load(&path) {
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    let key = MasterKey::generate(random);
    match create(&path, &key, random) {
        Ok(()) => Ok(key),
        // Another command was faster.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => load(&path),
        Err(source) => Err(KeyError::Io { path, source }),
    }
}

/// The key from the file.
///
/// # Errors
/// When it is not there, cannot be read, can be read by others, or holds no key.
pub fn load(path: &Path) -> Result<MasterKey, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    let mode = data_dir::mode(path).map_err(failed)?;
    if mode & 0o077 != 0 {
        return Err(KeyError::TooOpen { path: path.to_owned(), mode });
    }
    parse(&fs::read_to_string(path).map_err(failed)?, &path.display().to_string())
}

fn parse(text: &str, from: &str) -> Result<MasterKey, KeyError> {
    MasterKey::from_base64(text).map_err(|_| KeyError::Malformed { from: from.to_owned() })
}

/// Whole or not at all: written beside, then linked into place, which fails if the name is taken.
fn create(path: &Path, key: &MasterKey, random: &dyn Random) -> io::Result<()> {
    let mut tag = [0_u8; 8];
    random.fill(&mut tag);
    let beside = path.with_extension(format!("{:016x}", u64::from_le_bytes(tag)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let linked = writeln!(file, "{}", key.to_base64())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&beside, path));
    fs::remove_file(&beside)?;
    linked
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use balas_domain::ambient::test::CountingRandom;

    use super::*;

    #[test]
    fn made_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let random = CountingRandom::default();
        let key = load_or_create(dir.path(), None, &random).unwrap();
        assert!(load_or_create(dir.path(), None, &random).unwrap() == key);
        assert_eq!(data_dir::mode(&dir.path().join(FILE)).unwrap(), 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        load_or_create(dir.path(), None, &CountingRandom::default()).unwrap();
        fs::set_permissions(dir.path().join(FILE), fs::Permissions::from_mode(0o640)).unwrap();
        let said = load_or_create(dir.path(), None, &CountingRandom::default()).unwrap_err().to_string();
        assert!(said.contains("chmod 600") && said.contains("640"), "{said}");
    }

    #[test]
    fn the_environment_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let key = MasterKey::generate(&CountingRandom::default());
        let text = Secret::new(key.to_base64());
        assert!(load_or_create(dir.path(), Some(text), &CountingRandom::default()).unwrap() == key);
        assert!(!dir.path().join(FILE).exists());
        let short = Secret::new("c2hvcnQ=".to_owned());
        let said =
            load_or_create(dir.path(), Some(short), &CountingRandom::default()).unwrap_err().to_string();
        assert!(said.contains(VARIABLE), "{said}");
    }
}
