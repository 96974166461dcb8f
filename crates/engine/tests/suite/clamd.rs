//! The real `clamd`, with one signature of our own, on a socket in a temporary folder.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests and their helpers stop at once")]

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use balas_engine::ClamdAddress;
use tokio::process::{Child, Command};

/// What it finds harmful.
pub const HARM: &[u8] = b"this-harms-whoever-opens-it";
/// By which name.
pub const NAME: &str = "Balas.Test.Harm.UNOFFICIAL";
/// It takes no larger files, so that tests need not make such.
pub const LARGEST: usize = 1 << 20;

const MISSING: &str = "clamd is missing; install it (Debian, Ubuntu: apt-get install clamav-daemon), or run `cargo xtask test`, \
                       which does";

/// It ends with this value.
pub struct Clamd {
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Clamd {
    /// # Panics
    /// When it is not installed: tests fail rather than pass without having looked.
    pub async fn start() -> Self {
        let mut clamd = Self { folder: tempfile::tempdir().unwrap(), child: None };
        clamd.knows(HARM);
        let at = |name: &str| clamd.folder.path().join(name).display().to_string();
        let settings = [
            format!("DatabaseDirectory {}", at("known")),
            format!("LocalSocket {}", at("socket")),
            format!("LogFile {}", at("log")),
            format!("TemporaryDirectory {}", clamd.folder.path().display()),
            format!("StreamMaxLength {LARGEST}"),
            "Foreground yes".to_owned(),
        ];
        std::fs::write(at("clamd.conf"), settings.join("\n") + "\n").unwrap();
        clamd.come_back().await;
        clamd
    }

    /// From its next start on it finds this harmful, and nothing else.
    pub fn knows(&self, harm: &[u8]) {
        let folder = self.folder.path().join("known");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("balas.ndb"), format!("Balas.Test.Harm:0:*:{}\n", hex::encode(harm)))
            .unwrap();
    }

    pub fn address(&self) -> ClamdAddress {
        ClamdAddress::Unix(self.socket())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub async fn leave(&mut self) {
        self.child.take().unwrap().kill().await.unwrap();
        let _ = std::fs::remove_file(self.socket());
    }

    pub async fn come_back(&mut self) {
        // Debian keeps it off the search path of those who are not root.
        let program = ["/usr/sbin/clamd", "/usr/local/sbin/clamd", "/usr/bin/clamd"];
        let program = program.iter().find(|program| Path::new(program).exists()).expect(MISSING);
        let child = Command::new(program)
            .arg("--config-file")
            .arg(self.folder.path().join("clamd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let child = self.child.insert(child);
        let address = ClamdAddress::Unix(self.folder.path().join("socket"));
        for _ in 0..6_000 {
            if address.version().await.is_ok() {
                return;
            }
            let ended = child.try_wait().unwrap();
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(ended.is_none(), "clamd ended at once: {}", log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("clamd does not answer");
    }
}
