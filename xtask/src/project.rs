//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Fast to compile.
    Debug,
    /// Fast to run, and a small page.
    Release,
}

impl Mode {
    /// The folder under `target/`.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    /// The cargo profile of the page's program.
    pub const fn wasm_profile(self) -> &'static str {
        match self {
            Self::Debug => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }
}

/// The folders of this clone.
#[derive(Debug)]
pub struct Project {
    /// The root of the repository.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Project {
    /// Finds them from what cargo told this program.
    ///
    /// # Errors
    /// When this program does not stand in a target folder.
    pub fn find() -> Result<Self> {
        // Told at run time when started by cargo, so that a clone may be moved.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask has no folder above it")?.to_owned();
        // This program is target/debug/xtask, wherever the target folder was configured to be.
        let own = env::current_exe().context("cannot tell where xtask itself is")?;
        let target = own.ancestors().nth(2).context("xtask does not stand in a target folder")?.to_owned();
        Ok(Self { root, target })
    }

    /// The server's binary.
    pub fn binary(&self, mode: Mode) -> PathBuf {
        self.target.join(mode.folder()).join("balas")
    }

    /// The page's folder, beside the binary.
    pub fn site(&self, mode: Mode) -> PathBuf {
        self.target.join(mode.folder()).join("site")
    }

    /// Where xtask keeps intermediate results and stamps.
    pub fn work(&self, mode: Mode) -> PathBuf {
        self.target.join("xtask").join(mode.folder())
    }

    /// A path as a person in the root would write it.
    pub fn display(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}
