//! The real binary as a child process: started, waited for, killed, measured. Ends with its value.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::process::{Child, Command};

use crate::{Error, Result, http::Connection};

/// How long a server may take to become ready. It makes its first database in a second; slow disks are
/// slower.
const START_LIMIT: Duration = Duration::from_mins(1);
/// Between looks while waiting.
const LOOK: Duration = Duration::from_millis(5);
/// One address makes the whole load here, so the limits that protect a server from one address are out of the
/// way.
const CONFIGURATION: &str = "\
[limits]
sign_in_per_minute = 1000000
api_per_second = 1000000
webhooks_per_second = 1000000
";

/// How to run it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `balas` binary.
    pub binary: PathBuf,
    /// The data folder; made if it is missing.
    pub data: PathBuf,
    /// Another database than the one in the data folder.
    pub database_url: Option<String>,
    /// The folder of the site; `None` for the one beside the binary.
    pub site: Option<PathBuf>,
    /// Whether the WhatsApp world runs inside.
    pub sandbox: bool,
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the sandbox listens, if it runs inside.
    pub sandbox: Option<SocketAddr>,
    log: PathBuf,
}

/// A port that nobody listens on at this moment.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<SocketAddr> {
    let failed = || Error::io("no port is free");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
    listener.local_addr().map_err(failed())
}

/// A site without a page, for tests that look at none: what the server needs to start, without the build of
/// the page.
///
/// # Errors
/// When the files cannot be written.
pub fn write_empty_site(folder: &Path) -> Result<()> {
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).map_err(Error::io(format!("cannot write {name}")))
    };
    fs::create_dir_all(folder.join("pkg")).map_err(Error::io("cannot make the site's folder"))?;
    write("manifest.json", r#"{"js":"/pkg/a.js","wasm":"/pkg/a.wasm","css":"/pkg/a.css"}"#)?;
    ["pkg/a.js", "pkg/a.wasm", "pkg/a.css"].iter().try_for_each(|name| write(name, ""))
}

impl Options {
    /// Starts it on an address where nobody listens, and returns at once.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self, address: SocketAddr) -> Result<Server> {
        fs::create_dir_all(&self.data).map_err(Error::io(format!("cannot make {}", self.data.display())))?;
        let write = |name: &str, text: &str| {
            fs::write(self.data.join(name), text).map_err(Error::io(format!("cannot write {name}")))
        };
        write("balas.toml", CONFIGURATION)?;
        let log = self.data.join("server.log");
        let out = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(Error::io(format!("cannot write {}", log.display())))?;
        let mut command = self.command(&["serve"]);
        command.arg("--listen").arg(address.to_string());
        let sandbox = self.sandbox.then(free_address).transpose()?;
        if let Some(sandbox) = sandbox {
            command.args(["--sandbox", "--sandbox-listen", &sandbox.to_string()]);
        } else {
            // Nobody listens there: a measured server calls nothing outside of this machine.
            command.args(["--cloud-base-url", &format!("http://{}", free_address()?)]);
        }
        if let Some(site) = &self.site {
            command.arg("--site").arg(site);
        }
        let child = command
            .args(["--log", "warn"])
            .stdin(Stdio::null())
            .stdout(out.try_clone().map_err(Error::io("cannot share the log"))?)
            .stderr(out)
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::io(format!("cannot start {}", self.binary.display())))?;
        Ok(Server { child, address, sandbox, log })
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it ends or does not become ready.
    pub async fn start(&self) -> Result<Server> {
        let mut server = self.spawn(free_address()?)?;
        server.ready().await?;
        Ok(server)
    }

    /// Runs another command of the binary on the same data; what it prints.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub async fn run(&self, args: &[&str]) -> Result<String> {
        let output = self
            .command(args)
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(Error::io(format!("cannot start {}", self.binary.display())))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Error::Server(format!("balas {} failed: {said}", args.join(" "))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A bearer token of the demo workspace.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn token(&self) -> Result<String> {
        self.run(&["token", "create", "--workspace", "demo", "--name", "bench", "--role", "owner"]).await
    }

    /// The subcommand with where its data lies.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).arg("--data").arg(&self.data);
        // What the caller's own environment says is meant for another server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BALAS_") {
                command.env_remove(name);
            }
        }
        if let Some(url) = &self.database_url {
            command.env("BALAS_DATABASE_URL", url);
        }
        command
    }
}

impl Server {
    /// Waits until it takes requests.
    ///
    /// # Errors
    /// When it ends before, or takes too long; with the end of its log.
    pub async fn ready(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok(answer) = connection.get("/health/ready", &[]).await
                && answer.status == 200
            {
                return Ok(());
            }
            let ended = self.child.try_wait().map_err(Error::io("cannot look at the server"))?;
            if let Some(status) = ended {
                return Err(self.trouble(&format!("the server ended at once ({status})")));
            }
            if started.elapsed() > START_LIMIT {
                return Err(self.trouble("the server did not become ready"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn trouble(&self, what: &str) -> Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let start = log.char_indices().rev().nth(2_000).map_or(0, |(at, _)| at);
        Error::Server(format!("{what}; its log ends with:\n{}", &log[start..]))
    }

    /// SIGKILL: no good-bye, no flush.
    ///
    /// # Errors
    /// When it had ended before.
    pub async fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait().map_err(Error::io("cannot look at the server"))? {
            return Err(self.trouble(&format!("the server had ended by itself ({status})")));
        }
        self.child.kill().await.map_err(Error::io("cannot kill the server"))
    }

    /// SIGTERM, and waits until it has ended.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.pid()?.to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
        sent.map_err(Error::io("cannot send a signal"))?;
        let ended = tokio::time::timeout(START_LIMIT, self.child.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(self.trouble(&format!("the server ended badly ({status})"))),
            Ok(Err(source)) => Err(Error::io("cannot wait for the server")(source)),
            Err(_) => Err(self.trouble("the server does not stop")),
        }
    }

    fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| self.trouble("the server has ended"))
    }

    /// Memory that it holds right now, in bytes: `VmRSS` of `/proc`.
    ///
    /// # Errors
    /// When it has ended, or the system has no `/proc`.
    pub fn resident_bytes(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.pid()?);
        let text = fs::read_to_string(&path).map_err(Error::io(format!("cannot read {path}")))?;
        let kib = text
            .lines()
            .find_map(|l| l.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<u64>().ok());
        kib.map(|k| k * 1024).ok_or_else(|| self.trouble("the system does not tell the server's memory"))
    }

    /// Processor time that it has used so far, in seconds.
    ///
    /// # Errors
    /// When it has ended, or the system has no `/proc`.
    pub fn processor_seconds(&self) -> Result<f64> {
        let path = format!("/proc/{}/stat", self.pid()?);
        let text = fs::read_to_string(&path).map_err(Error::io(format!("cannot read {path}")))?;
        // proc(5): utime and stime are fields 14 and 15; the name in field 2 may hold spaces. 100 ticks a
        // second on every Linux that matters here (USER_HZ).
        let after_name = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
        Ok(ticks as f64 / 100.0)
    }
}
