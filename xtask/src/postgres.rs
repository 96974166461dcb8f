//! A `PostgreSQL` of our own for tests and measurements: fresh, on a free port, gone afterwards.

use std::{
    env, fmt, fs, io,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    command::{command, on_path, output},
    tools,
};

/// Where tests and measurements look for the address of a superuser; they make their own databases.
pub const VARIABLE: &str = "BALAS_TEST_POSTGRES";

const START_LIMIT: Duration = Duration::from_mins(1);
const MISSING: &str = "PostgreSQL is missing; install it (Debian, Ubuntu: apt-get install postgresql) or set \
                       BALAS_TEST_POSTGRES=postgres://… to one whose user may create databases";

/// How much the cluster cares about a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Not at all: for tests.
    None,
    /// As in production: for measurements.
    Real,
}

/// A database to work with; one that was started here ends with this value.
#[derive(Debug)]
pub enum Database {
    /// Somebody else's.
    Given(String),
    /// Ours.
    Own(Cluster),
}

impl Database {
    /// The address, with a user who may create databases.
    pub fn url(&self) -> &str {
        match self {
            Self::Given(url) => url,
            Self::Own(cluster) => &cluster.url,
        }
    }
}

/// The given database, or an own cluster. `PostgreSQL` is installed if it is missing and can be.
///
/// # Errors
/// With what to install, or with the server's log when it does not start.
pub fn required(durability: Durability) -> Result<Database> {
    if programs().is_none() {
        tools::apt_install("postgresql")?;
    }
    if_available(durability)?.context(MISSING)
}

/// The given database, or an own cluster if `PostgreSQL` is installed.
///
/// # Errors
/// With the server's log when it does not start.
pub fn if_available(durability: Durability) -> Result<Option<Database>> {
    if let Ok(url) = env::var(VARIABLE) {
        return Ok(Some(Database::Given(url)));
    }
    let Some(programs) = programs() else { return Ok(None) };
    Cluster::start(&programs, durability).map(|cluster| Some(Database::Own(cluster)))
}

/// The folder with `initdb` and `postgres`. Debian keeps them off the search path, one folder per version.
fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    if let Some(folder) =
        on_path("initdb").and_then(|file| file.parent().map(Path::to_owned)).filter(complete)
    {
        return Some(folder);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(Result::ok)
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| complete(folder))
        .max_by_key(|(version, _)| *version)
        .map(|(_, folder)| folder)
}

/// A running cluster in a temporary folder. Dropping it stops the server and removes the folder.
pub struct Cluster {
    url: String,
    folder: PathBuf,
    server: Option<Child>,
    keeper: Child,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Stops the server and removes the folder, `$0`, when its own input ends. That happens when the cluster is
/// dropped and just as well when xtask is interrupted or killed, so nothing is left behind and no signal
/// needs handling.
///
/// It tries more than once because a killed xtask may leave an `initdb` that still writes.
const KEEPER: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
for try in 1 2 3 4 5 6 7 8 9; do
    pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ]; then
        kill -INT "$pid" 2>/dev/null
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    fi
    rm -rf -- "$0" 2>/dev/null && sleep 0.01 && [ ! -e "$0" ] && exit
    sleep 0.3
done
echo "xtask: $0 could not be removed" >&2
"#;

impl Cluster {
    fn start(programs: &Path, durability: Durability) -> Result<Self> {
        let user = unprivileged_user()?;
        let mut attempt = 1;
        loop {
            match Self::try_start(programs, durability, user.as_ref()) {
                // Somebody else may have taken the port between our looking and the server's listening.
                Err(error) if attempt < 3 && format!("{error:#}").contains("could not bind") => attempt += 1,
                result => return result,
            }
        }
    }

    fn try_start(programs: &Path, durability: Durability, user: Option<&User>) -> Result<Self> {
        let folder = temporary_folder()?;
        let keeper = command("sh")
            .args(["-c", KEEPER])
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start sh")?;
        let port = free_port()?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        // From here on everything is cleaned up, however this ends.
        let mut cluster = Self { url, folder, server: None, keeper };
        let folder = &cluster.folder;

        initialize(programs, folder, user)?;
        let log = fs::File::create(folder.join("log")).context("cannot write the log of PostgreSQL")?;
        let server = as_user(user, &programs.join("postgres"))
            .arg("-D")
            .arg(folder.join("data"))
            .args(settings(port, durability).iter().flat_map(|setting| ["-c", setting]))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot write the log of PostgreSQL")?)
            .stderr(log)
            .spawn()
            .context("cannot start postgres")?;
        wait_until_ready(folder, cluster.server.insert(server))?;
        Ok(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // The server first: until somebody waits for it, the keeper sees it as still there. Failures cannot
        // be reported from here; the keeper's own message is on the screen.
        if let Some(mut server) = self.server.take() {
            let _ = server.wait();
        }
        let _ = self.keeper.wait();
    }
}

fn settings(port: u16, durability: Durability) -> Vec<String> {
    let mut settings = vec![
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        // Every test opens a pool of its own.
        "max_connections=300".to_owned(),
    ];
    if durability == Durability::None {
        settings
            .extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(ToOwned::to_owned));
    }
    settings
}

fn initialize(programs: &Path, folder: &Path, user: Option<&User>) -> Result<()> {
    if let Some(user) = user {
        chown(folder, Some(user.uid), Some(user.gid)).context("cannot give the folder to another user")?;
    }
    let init = |locale: &str| {
        let mut init = as_user(user, &programs.join("initdb"));
        init.arg("-D").arg(folder.join("data")).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
        ]);
        output(init.args(["--no-sync", "--no-instructions", locale]).current_dir(folder))
    };
    // Upper and lower case beyond ASCII, as in production; some systems have no such locale.
    init("--locale=C.UTF-8").or_else(|_| init("--no-locale"))?;
    Ok(())
}

fn wait_until_ready(folder: &Path, server: &mut Child) -> Result<()> {
    let started = Instant::now();
    loop {
        let pid_file = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if says_ready(&pid_file) {
            return Ok(());
        }
        let ended = server.try_wait().context("cannot ask for postgres")?.is_some();
        if ended || started.elapsed() > START_LIMIT {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            let what = if ended { "ended at once" } else { "did not become ready in time" };
            bail!("PostgreSQL {what}:\n{}", log.trim_end());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The eighth line of `postmaster.pid` is the server's state (`LOCK_FILE_LINE_PM_STATUS` in its sources).
fn says_ready(pid_file: &str) -> bool {
    pid_file.lines().nth(7).is_some_and(|state| state.trim() == "ready")
}

fn temporary_folder() -> Result<PathBuf> {
    let base = env::temp_dir();
    for number in 0.. {
        let folder = base.join(format!("balas-postgres-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot make {}", folder.display())),
        }
    }
    bail!("no name is left in {}", base.display())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}

struct User {
    name: &'static str,
    uid: u32,
    gid: u32,
}

/// `PostgreSQL` refuses to run as root; then another user has to.
fn unprivileged_user() -> Result<Option<User>> {
    if !tools::is_root()? {
        return Ok(None);
    }
    let id = |option: &str, name: &str| -> Result<u32> {
        output(command("id").args([option, name]))?.parse().context("`id` did not answer with a number")
    };
    for name in ["postgres", "nobody"] {
        if let (Ok(uid), Ok(gid)) = (id("-u", name), id("-g", name)) {
            return Ok(Some(User { name, uid, gid }));
        }
    }
    bail!("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

fn as_user(user: Option<&User>, program: &Path) -> Command {
    let Some(user) = user else { return command(program) };
    let mut wrapped;
    if on_path("setpriv").is_some() {
        wrapped = command("setpriv");
        wrapped.args([format!("--reuid={}", user.uid), format!("--regid={}", user.gid)]);
        wrapped.args(["--clear-groups", "--"]);
    } else {
        wrapped = command("runuser");
        wrapped.args(["-u", user.name, "--"]);
    }
    wrapped.arg(program);
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_when_it_is_ready() {
        let lines = |state: &str| format!("42\n/tmp/data\n1763690000\n5432\n\n127.0.0.1\n  1 2\n{state}\n");
        assert!(says_ready(&lines("ready   ")));
        assert!(!says_ready(&lines("starting")));
        assert!(!says_ready("42\n/tmp/data\n"));
        assert!(!says_ready(""));
    }

    #[test]
    fn only_tests_give_up_durability() {
        let off = |durability| settings(1, durability).iter().any(|setting| setting == "fsync=off");
        assert!(off(Durability::None));
        assert!(!off(Durability::Real));
    }

    #[test]
    fn another_user_is_asked_through_a_wrapper() {
        let user = User { name: "postgres", uid: 7, gid: 8 };
        let wrapped = as_user(Some(&user), Path::new("/bin/postgres"));
        let args: Vec<_> = wrapped.get_args().collect();
        assert_eq!(args.last().copied(), Some("/bin/postgres".as_ref()));
        assert_eq!(as_user(None, Path::new("/bin/postgres")).get_program(), "/bin/postgres");
    }

    #[test]
    #[ignore = "needs PostgreSQL; `cargo xtask test` includes it"]
    fn a_cluster_starts_and_leaves_nothing_behind() {
        let programs = programs().expect(MISSING);
        let cluster = Cluster::start(&programs, Durability::None).unwrap();
        let port: u16 = cluster.url.rsplit([':', '/']).nth(1).unwrap().parse().unwrap();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        drop(cluster);
        assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
        let own = format!("balas-postgres-{}-", std::process::id());
        let left = fs::read_dir(env::temp_dir()).unwrap();
        assert!(!left.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(&own)));
    }
}
