//! What the bridge needs on this machine, and what to do about what is missing.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::process::Command;

use super::BridgeConfig;

/// Where systems keep Chromium, or what works as well.
const BROWSERS: [&str; 6] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
];
/// Oldest Node.js that the bridge runs on.
const NODE: (u32, u32) = (20, 15);
/// Longest that asking for a version may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl BridgeConfig {
    /// Why the bridge cannot be started here, and what to do; `None` if everything is in place.
    pub async fn missing(&self) -> Option<String> {
        self.browser().await.err()
    }

    /// The browser to be used, if everything is in place.
    pub(super) async fn browser(&self) -> Result<PathBuf, String> {
        let folder = self.folder.display();
        if !self.folder.join(&self.program).is_file() {
            return Err(format!(
                "The bridge, which runs WhatsApp Web, is not in {folder}. Copy the folder “bridge” of Balas there, or name \
                 where it is with --bridge."
            ));
        }
        self.node_works().await?;
        if !self.folder.join("node_modules/whatsapp-web.js").is_dir() {
            return Err(format!(
                "The bridge's packages are not installed. Run `npm ci --omit=dev` in {folder}, then start the account again."
            ));
        }
        match &self.chromium {
            Some(named) if named.is_file() => Ok(named.clone()),
            Some(named) => Err(format!(
                "There is no browser at {}. Correct --chromium, or leave it out to use the system's Chromium.",
                named.display()
            )),
            None => BROWSERS.iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
                "Chromium is not installed. Install it (Debian and Ubuntu: apt install chromium), or name another browser with \
                 --chromium, then start the account again."
                    .to_owned()
            }),
        }
    }

    async fn node_works(&self) -> Result<(), String> {
        let node = self.node.display();
        let asked =
            Command::new(&self.node).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
        let answer = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            Ok(Err(error)) => {
                return Err(format!(
                    "Node.js cannot be started as {node} ({error}). Install Node.js {}.{} or newer, or name it with --node, \
                     then start the account again.",
                    NODE.0, NODE.1
                ));
            }
            Err(_) => String::new(),
        };
        match version(&answer) {
            Some(found) if found >= NODE => Ok(()),
            Some(_) => Err(format!(
                "{node} is {answer}, which is too old for the bridge. Install Node.js {}.{} or newer, or name it with --node.",
                NODE.0, NODE.1
            )),
            None => Err(format!("{node} does not answer like Node.js. Name the right program with --node.")),
        }
    }
}

/// `v20.15.1` as major and minor.
fn version(answer: &str) -> Option<(u32, u32)> {
    let mut parts = answer.strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(version("v20.15.1"), Some((20, 15)));
        assert!(version("v18.20.0").unwrap() < NODE && version("v22.0.0").unwrap() > NODE);
        assert_eq!(version("Python 3.12"), None);
    }
}
