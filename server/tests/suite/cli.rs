//! The real program, from the outside.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A folder with a site and, later, data.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pkg = dir.path().join("site/pkg");
        fs::create_dir_all(&pkg).unwrap();
        let manifest = r#"{"js":"/pkg/a-1.js","wasm":"/pkg/a-2.wasm","css":"/pkg/a-3.css"}"#;
        fs::write(dir.path().join("site/manifest.json"), manifest).unwrap();
        for name in ["a-1.js", "a-2.wasm", "a-3.css"] {
            fs::write(pkg.join(name), name).unwrap();
        }
        Self(dir)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A command on the data folder, which knows nothing of the caller's environment.
    fn balas(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_balas"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("BALAS_DATA", "data")
            .env("BALAS_SITE", "site");
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.balas(arguments).output().unwrap()
    }

    /// What a command prints that must succeed.
    #[track_caller]
    fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command says that must fail.
    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        assert!(output.stdout.is_empty(), "{arguments:?} printed something");
        stderr(&output)
    }

    fn with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .balas(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn found(&self) {
        let arguments =
            ["workspace", "create", "--name", "Toko Ana", "--email", "ana@example.org", "--password-stdin"];
        let output = self.with_input(&arguments, "long enough\n");
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A server of our own; killed if a test ends early.
struct Server {
    child: Child,
    inbox: String,
    banner: String,
}

impl Server {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let log = fs::File::create(place.path().join("log")).unwrap();
        let arguments = [&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"], arguments].concat();
        let mut child = place.balas(&arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut banner = String::new();
        loop {
            let mut line = String::new();
            let read = out.read_line(&mut line).unwrap();
            let log = || fs::read_to_string(place.path().join("log")).unwrap();
            assert!(read > 0, "did not start: {banner}\n{}", log());
            banner.push_str(&line);
            // The banner ends with an empty line, and has one after its first line.
            if line == "\n" && banner.contains("Inbox") {
                break;
            }
        }
        let inbox = banner.lines().find_map(|l| l.trim().strip_prefix("Inbox")).unwrap().trim().to_owned();
        Self { child, inbox, banner }
    }

    fn get(&self, path: &str, token: &str) -> Value {
        let host = self.inbox.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Asks it to stop, and waits.
    fn stop(mut self) {
        // It may have gone already, when a test has asked before.
        if self.child.try_wait().unwrap().is_none() {
            self.signal("-TERM");
        }
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("did not stop");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone, if all went well.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn the_demo_from_nothing_to_stop_and_again() {
    let place = Place::new();
    let sandbox = ["--sandbox", "--sandbox-listen", "127.0.0.1:0"];
    let server = Server::start(&place, &sandbox);
    for words in
        ["Balas is ready", "Sandbox   http://127.0.0.1:", "owner@demo.test", "agent@demo.test", "balas-demo"]
    {
        assert!(server.banner.contains(words), "{}", server.banner);
    }
    assert_eq!(mode(&place.path().join("data")), 0o700);
    assert_eq!(mode(&place.path().join("data/master.key")), 0o600);

    // Works while the server runs, and prints the token and nothing else.
    let token = place.prints(&["token", "create", "--workspace", "demo", "--name", "test"]);
    assert_eq!(token.lines().count(), 1);
    let token = token.trim().to_owned();
    assert!(token.starts_with("balas_"));
    let accounts: Value = serde_json::from_str(&place.prints(&["account", "list", "--json"])).unwrap();
    assert_eq!((&accounts[0]["status"], &accounts[0]["provider"]), (&"ready".into(), &"cloud".into()));

    let page = server.get("/api/v1/conversations?limit=100", &token);
    let rows = page["items"].as_array().unwrap().clone();
    assert!(rows.len() >= 24, "a few dozen, not {}", rows.len());
    let unread = rows.iter().filter(|r| r["unread"] != 0).count();
    assert!((1..=6).contains(&unread), "{unread}");
    assert!(place.fails(&["serve", "--listen", "127.0.0.1:0"]).contains("another balas serve"));
    server.stop();

    // The second start finds all as it was.
    let again = Server::start(&place, &sandbox);
    let page = again.get("/api/v1/conversations?limit=100", &token);
    assert_eq!(page["items"].as_array().unwrap().len(), rows.len());
    let accounts = again.get("/api/v1/accounts", &token);
    assert_eq!(accounts["items"].as_array().unwrap().len(), 1);
    again.stop();

    let log = fs::read_to_string(place.path().join("log")).unwrap();
    assert!(log.lines().count() > 3);
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
    let last = rows[0]["last"]["preview"]["text"].as_str().unwrap();
    for secret in [token.as_str(), "balas-demo", "sandbox-demo", last, "6281200"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn a_revoked_token_is_refused_by_the_running_server() {
    let place = Place::new();
    place.found();
    let server = Server::start(&place, &[]);
    let token =
        place.prints(&["token", "create", "--workspace", "toko-ana", "--name", "x", "--role", "owner"]);
    assert_eq!(server.get("/api/v1/me", token.trim())["role"], "owner");
    let list = place.prints(&["token", "list"]);
    let id = list.lines().nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(!list.contains(token.trim()));
    place.prints(&["token", "revoke", id]);
    let host = server.inbox.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&host).unwrap();
    let token = token.trim();
    write!(
        stream,
        "GET /api/v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    server.stop();
}

#[test]
fn an_interrupt_stops_it_too() {
    let place = Place::new();
    let mut server = Server::start(&place, &[]);
    assert!(server.banner.contains("balas workspace create"), "{}", server.banner);
    server.signal("-INT");
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn what_was_begun_is_finished_before_it_stops() {
    let place = Place::new();
    let server = Server::start(&place, &[]);
    let host = server.inbox.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(stream, "POST /webhooks/cloud HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345").unwrap();
    // Under way once a second connection, made later, has been answered.
    let mut other = TcpStream::connect(&host).unwrap();
    write!(other, "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    other.read_to_string(&mut String::new()).unwrap();
    server.signal("-TERM");
    let start = Instant::now();
    while !fs::read_to_string(place.path().join("log")).unwrap().contains("stopping") {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    write!(stream, "67890").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(TcpStream::connect(&host).is_err(), "nobody new is let in");
    server.stop();
}

#[test]
fn members() {
    let place = Place::new();
    place.found();
    let add = [
        "user",
        "add",
        "--workspace",
        "toko-ana",
        "--name",
        "Budi",
        "--email",
        "budi@example.org",
        "--role",
        "admin",
    ];
    let said = place.fails(&add);
    assert!(said.contains("--password-stdin") && said.contains("BALAS_PASSWORD"), "{said}");
    let with_stdin = [&add[..], &["--password-stdin"]].concat();
    assert!(place.with_input(&with_stdin, "long enough\n").status.success());
    let again = place.with_input(&with_stdin, "long enough\n");
    assert!(stderr(&again).contains("already in use"), "{}", stderr(&again));
    let short = place
        .with_input(&["user", "set-password", "--email", "budi@example.org", "--password-stdin"], "short\n");
    assert!(stderr(&short).contains("at least 10 characters"), "{}", stderr(&short));
    let new = place
        .balas(&["user", "set-password", "--email", "budi@example.org"])
        .env("BALAS_PASSWORD", "even longer")
        .output();
    assert!(new.unwrap().status.success());
    assert!(place.prints(&["user", "list"]).contains("budi@example.org"));
    assert!(place.fails(&["user", "disable", "--email", "nobody@example.org"]).contains("balas user list"));
    place.prints(&["user", "disable", "--email", "BUDI@example.org"]);
    let list: Value = serde_json::from_str(&place.prints(&["user", "list", "--json"])).unwrap();
    let budi = list.as_array().unwrap().iter().find(|m| m["email"] == "budi@example.org").unwrap();
    assert_eq!((&budi["active"], &budi["role"]), (&false.into(), &"admin".into()));
    let said = place.fails(&["user", "disable", "--email", "ana@example.org"]);
    assert!(said.contains("owner"), "{said}");
    assert!(place.fails(&["token", "create", "--workspace", "nowhere", "--name", "x"]).contains("toko-ana"));
}

#[test]
fn mistakes_are_named() {
    let place = Place::new();
    place.prints(&["migrate"]);
    fs::write(place.path().join("data/balas.toml"), "lisen = '127.0.0.1:1'\n").unwrap();
    let said = place.fails(&["serve"]);
    assert!(said.contains("lisen") && said.contains("balas.toml"), "{said}");
    fs::remove_file(place.path().join("data/balas.toml")).unwrap();

    let said = place.fails(&["serve", "--sandbox", "--listen", "0.0.0.0:0"]);
    assert!(said.contains("127.0.0.1"), "{said}");
    let said = place.fails(&["serve", "--listen", "127.0.0.1:0", "--site", "nowhere"]);
    assert!(said.contains("cargo xtask build"), "{said}");
    let said =
        place.fails(&["account", "list", "--database-url", "postgres://balas:hunter2@127.0.0.1:1/balas"]);
    assert!(said.contains("database") && !said.contains("hunter2"), "{said}");
    let said = place.fails(&["account", "list", "--database-url", "mysql://balas:hunter2@localhost/balas"]);
    assert!(!said.contains("hunter2"), "{said}");

    place.prints(&["account", "list"]);
    fs::set_permissions(place.path().join("data/master.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = place.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("chmod 600"), "{said}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert!(place.fails(&["serve", "--listen", &address]).contains(&address));
}

#[test]
fn the_doctor_says_what_to_do() {
    let place = Place::new();
    let free = ["doctor", "--listen", "127.0.0.1:0"];
    let before = place.prints(&free);
    let (hints, good): (Vec<_>, Vec<_>) = before.lines().partition(|line| !line.starts_with("ok"));
    assert!(good.len() > 5, "{before}");
    // Nothing lies beside the program that is tested.
    assert!(hints.len() == 1 && hints[0].starts_with("hint  bridge"), "{before}");
    assert!(!place.path().join("data").exists(), "the doctor changes nothing");
    place.found();
    let healthy = place.prints(&free);
    assert!(healthy.contains("sqlite, reachable, with its tables"), "{healthy}");
    fs::set_permissions(place.path().join("data/master.key"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(place.path().join("data"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_dir_all(place.path().join("site")).unwrap();
    let ill = place.run(&free);
    let said = String::from_utf8(ill.stdout).unwrap();
    assert!(!ill.status.success());
    for words in ["chmod 600", "chmod 700", "cargo xtask build"] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let place = Place::new();
    place.prints(&["migrate"]);
    fs::write(place.path().join("data/balas.toml"), "listen = '127.0.0.3:0'\n").unwrap();
    let asked = |arguments: &[&str], environment: Option<&str>| {
        let mut command = place.balas(arguments);
        command.envs(environment.map(|listen| ("BALAS_LISTEN", listen)));
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(asked(&["doctor"], None).contains("127.0.0.3:0 is free"));
    assert!(asked(&["doctor"], Some("127.0.0.2:0")).contains("127.0.0.2:0 is free"));
    assert!(
        asked(&["doctor", "--listen", "127.0.0.1:0"], Some("127.0.0.2:0")).contains("127.0.0.1:0 is free")
    );
}

#[test]
fn a_backup_can_be_used() {
    let place = Place::new();
    place.found();
    place.prints(&["backup", "--to", "copy.db"]);
    assert_eq!(mode(&place.path().join("copy.db")), 0o600);
    assert!(place.fails(&["backup", "--to", "copy.db"]).contains("already"));
    let path = place.path().join("copy.db");
    let url = format!("sqlite:{}", path.display());
    assert!(place.prints(&["user", "list", "--database-url", &url]).contains("ana@example.org"));
    let left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().starts_with(".balas-backup")), "{left:?}");
}
