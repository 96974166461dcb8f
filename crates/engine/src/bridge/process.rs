//! The bridge as a process: started, listened to, ended in good order.

use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::BridgeConfig;

/// Until it says where it listens.
const START: Duration = Duration::from_secs(30);
/// Until it has closed its browsers; it forces itself after 20 s.
const END: Duration = Duration::from_secs(25);
/// The exit code for settings that cannot be used.
const BAD_SETTINGS: i32 = 2;
/// Longest part of its log that is kept or repeated, in bytes.
const MAX_LINE: usize = 2_000;

/// What of our environment it may know. Everything else, our secrets above all, is none of its business.
const ENVIRONMENT: [&str; 14] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "TZ",
    "LANG",
    "LC_ALL",
    "XDG_RUNTIME_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "BRIDGE_NO_SANDBOX",
    "BRIDGE_MEMORY_MB",
    "BRIDGE_MAX_DEVICES",
    "BRIDGE_MAX_BODY_MB",
];

/// A running bridge. Dropped, it is killed.
pub(super) struct Process {
    child: Child,
    /// When this is closed the bridge ends, however we ended.
    stdin: Option<ChildStdin>,
    stdout: Lines<BufReader<ChildStdout>>,
    last_words: Arc<Mutex<String>>,
}

/// Why it did not start.
pub(super) enum NoStart {
    /// Trying again may help.
    Failed(String),
    /// A person must do something first.
    Unusable(String),
}

#[derive(Deserialize)]
struct Listening {
    url: String,
}

impl Process {
    pub(super) fn spawn(config: &BridgeConfig, browser: &Path, credentials: &str) -> io::Result<Self> {
        let mut command = Command::new(&config.node);
        command.arg(config.folder.join(&config.program)).arg("--end-with-stdin").env_clear();
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let mut child = command
            .env("APP_BASIC_AUTH", credentials)
            .env("APP_HOST", "127.0.0.1")
            .env("APP_PORT", "0")
            .env("BRIDGE_DATA", &config.data)
            .env("CHROMIUM_PATH", browser)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("its pipes could not be opened");
        let last_words = Arc::default();
        let stdout = BufReader::new(child.stdout.take().ok_or_else(missing)?).lines();
        tokio::spawn(listen(child.stderr.take().ok_or_else(missing)?, Arc::clone(&last_words)));
        Ok(Self { stdin: child.stdin.take(), child, stdout, last_words })
    }

    /// Where it listens, once it does.
    pub(super) async fn address(&mut self) -> Result<String, NoStart> {
        match timeout(START, self.stdout.next_line()).await {
            Ok(Ok(Some(line))) => match serde_json::from_str::<Listening>(&line) {
                Ok(listening) => Ok(listening.url),
                Err(_) => {
                    Err(NoStart::Unusable("It does not speak as the bridge of this version does".to_owned()))
                }
            },
            Ok(_) => {
                let status = self.child.wait().await;
                let code = status.as_ref().ok().and_then(ExitStatus::code);
                let why = self.epitaph(status);
                Err(if code == Some(BAD_SETTINGS) { NoStart::Unusable(why) } else { NoStart::Failed(why) })
            }
            Err(_) => Err(NoStart::Failed(format!("it did not start within {} s", START.as_secs()))),
        }
    }

    /// Comes back when it has ended by itself, and says how.
    pub(super) async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        self.epitaph(status)
    }

    /// Ends it with all of its browsers.
    pub(super) async fn end(mut self) {
        drop(self.stdin.take());
        if timeout(END, self.child.wait()).await.is_err() {
            tracing::warn!("the bridge did not end when asked to and is killed");
            self.kill().await;
        }
    }

    pub(super) async fn kill(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "the bridge could not be killed");
        }
    }

    fn epitaph(&self, status: io::Result<ExitStatus>) -> String {
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match status {
            Ok(status) if status.code().is_some_and(|code| code != 0) && !words.is_empty() => words,
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

/// One line of its log.
#[derive(Deserialize)]
struct Logged {
    level: String,
    message: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    error: String,
}

impl Logged {
    /// Into our log; gives back what was said if it is serious.
    fn pass_on(self) -> Option<String> {
        let Self { level, message, device, reason, error } = self;
        match level.as_str() {
            "error" => {
                tracing::error!(device, reason, error, "bridge: {message}");
                return Some(message);
            }
            "warn" => tracing::warn!(device, reason, error, "bridge: {message}"),
            _ => tracing::debug!(device, reason, error, "bridge: {message}"),
        }
        None
    }
}

/// Passes its log on to ours, and keeps what it said last when something was wrong.
async fn listen(stderr: ChildStderr, last_words: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(mut line)) = lines.next_line().await {
        let most = line.floor_char_boundary(MAX_LINE);
        line.truncate(most);
        let words = if let Ok(logged) = serde_json::from_str::<Logged>(&line) {
            logged.pass_on()
        } else {
            tracing::warn!("bridge: {line}");
            Some(line)
        };
        if let Some(words) = words {
            *last_words.lock().unwrap_or_else(PoisonError::into_inner) = words;
        }
    }
}
