//! `balas doctor`: looks at everything that `serve` needs, changes nothing, and says what to do.

use std::{io, net::SocketAddr, path::Path, process::ExitCode, time::Duration};

use balas_domain::Timestamp;
use balas_engine::{BridgeConfig, ClamdAddress, S3Config};
use balas_store::{Store, StoreError, workspaces};
use tokio::{net::TcpListener, time::timeout};

use super::print;
use crate::{
    config::{DataSettings, ServeArgs},
    data_dir,
    master_key::{self, KeyError},
    open,
    problem::chain,
    site::Site,
};

/// This program cannot have been built before.
const BUILT_AFTER: Timestamp = Timestamp::from_seconds(1_750_000_000);
/// Longest that the database may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    outcome: Outcome,
}

enum Outcome {
    /// All is well; the words say what was seen.
    Good(String),
    /// It works, but better is possible.
    Hint(String),
    /// `serve` would fail; the words say what to do.
    Bad(String),
}

/// Prints a line per thing; fails if `serve` would.
pub async fn run(args: &ServeArgs) -> ExitCode {
    let findings = match args.resolve() {
        Err(error) => vec![Finding { what: "configuration", outcome: Outcome::Bad(error.to_string()) }],
        Ok(settings) => vec![
            Finding { what: "configuration", outcome: Outcome::Good("understood".to_owned()) },
            Finding { what: "data folder", outcome: folder(&settings.data.data) },
            Finding { what: "master key", outcome: key(&settings.data.data) },
            Finding { what: "database", outcome: database(&settings.data).await },
            Finding { what: "site", outcome: site(&settings.site) },
            Finding { what: "bridge", outcome: bridge(settings.data.bridge.as_ref()).await },
            Finding { what: "S3", outcome: s3(settings.data.s3.as_ref()).await },
            Finding { what: "virus scanner", outcome: scanner(settings.data.clamd.as_ref()).await },
            Finding { what: "clock", outcome: clock(open::clock().now()) },
            Finding { what: "address", outcome: address(settings.listen).await },
        ],
    };
    let bad = findings.iter().any(|f| matches!(f.outcome, Outcome::Bad(_)));
    for Finding { what, outcome } in findings {
        let (mark, words) = match outcome {
            Outcome::Good(words) => ("ok  ", words),
            Outcome::Hint(words) => ("hint", words),
            Outcome::Bad(words) => ("BAD ", words),
        };
        if print(&format!("{mark}  {what}: {words}")).is_err() {
            return ExitCode::FAILURE;
        }
    }
    if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn folder(path: &Path) -> Outcome {
    match data_dir::mode(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            Outcome::Good(format!("{} will be made at the first start", path.display()))
        }
        Err(e) => Outcome::Bad(format!("cannot look at {}: {e}; name another with --data", path.display())),
        Ok(_) if !path.is_dir() => {
            Outcome::Bad(format!("{} is no folder; name another with --data", path.display()))
        }
        Ok(mode) if mode & 0o077 != 0 => Outcome::Hint(format!(
            "{} can be read by others (mode {mode:o}): run `chmod 700 {}`",
            path.display(),
            path.display()
        )),
        Ok(_) => Outcome::Good(format!("{}, for its owner only", path.display())),
    }
}

fn key(data: &Path) -> Outcome {
    if let Some(key) = open::key_from_environment() {
        return match master_key::load_or_create(data, Some(key), &*open::random()) {
            Ok(_) => Outcome::Good(format!("from {}", master_key::VARIABLE)),
            Err(e) => Outcome::Bad(e.to_string()),
        };
    }
    match master_key::load(&data.join(master_key::FILE)) {
        Ok(_) => Outcome::Good("in its file, for its owner only; keep a copy elsewhere".to_owned()),
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Outcome::Good("will be made at the first start".to_owned())
        }
        Err(e) => Outcome::Bad(e.to_string()),
    }
}

async fn database(settings: &DataSettings) -> Outcome {
    let url = settings.database_url.expose();
    let missing =
        url.strip_prefix("sqlite:").is_some_and(|path| !Path::new(path.trim_start_matches("//")).exists());
    if missing {
        return Outcome::Good("will be made at the first start".to_owned());
    }
    let look = async {
        let store = Store::connect(url).await?;
        store.ping().await?;
        let backend = store.backend();
        // Any table tells whether there are tables.
        let tables = async {
            let mut tx = store.read().await?;
            workspaces::list(&mut tx).await
        };
        let tables = tables.await.is_ok();
        store.close().await;
        Ok::<_, StoreError>((backend, tables))
    };
    match timeout(PATIENCE, look).await {
        Ok(Ok((backend, true))) => Outcome::Good(format!("{backend}, reachable, with its tables")),
        Ok(Ok((backend, false))) => Outcome::Hint(format!(
            "{backend}, reachable, its tables are old or missing: run `balas migrate`, or start the server"
        )),
        Ok(Err(e)) => {
            Outcome::Bad(format!("{}; check --database-url, and that the database runs", chain(&e)))
        }
        Err(_) => {
            Outcome::Bad("does not answer; check --database-url, and that the database runs".to_owned())
        }
    }
}

fn site(folder: &Path) -> Outcome {
    match Site::load(folder) {
        Ok(_) => Outcome::Good(format!("{} is complete", folder.display())),
        Err(e) => Outcome::Bad(e.to_string()),
    }
}

/// Only accounts on WhatsApp Web need it.
async fn bridge(config: Option<&BridgeConfig>) -> Outcome {
    let Some(config) = config else { return Outcome::Good("not used".to_owned()) };
    match config.missing().await {
        None => Outcome::Good(format!("{} is complete", config.folder.display())),
        Some(what) => Outcome::Hint(format!("accounts on WhatsApp Web cannot run. {what}")),
    }
}

/// Without it files of the numbers that use it wait, and the server runs.
async fn s3(config: Option<&S3Config>) -> Outcome {
    let Some(config) = config else { return Outcome::Good("not used".to_owned()) };
    match config.check().await {
        Ok(()) => Outcome::Good(format!("bucket {}, reachable", config.bucket)),
        Err(error) => Outcome::Hint(format!("{error}; correct [s3], or start it")),
    }
}

/// Without it files wait, and the server runs.
async fn scanner(clamd: Option<&ClamdAddress>) -> Outcome {
    let Some(clamd) = clamd else { return Outcome::Good("not used".to_owned()) };
    match clamd.version().await {
        Ok(version) => Outcome::Good(format!("{version} at {clamd}")),
        Err(error) => Outcome::Hint(format!(
            "{error} at {clamd}: files wait until it does. Start clamd, or correct address under [clamd]"
        )),
    }
}

fn clock(now: Timestamp) -> Outcome {
    if now < BUILT_AFTER {
        Outcome::Bad(format!(
            "says {now}, which has long passed: set it, best by NTP (`timedatectl set-ntp true`)"
        ))
    } else {
        Outcome::Good(format!("says {now}"))
    }
}

async fn address(listen: SocketAddr) -> Outcome {
    match TcpListener::bind(listen).await {
        Ok(_) => Outcome::Good(format!("{listen} is free")),
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => {
            Outcome::Hint(format!("{listen} is in use: by Balas itself? Else choose another with --listen"))
        }
        Err(e) => Outcome::Bad(format!("cannot listen on {listen}: {e}; choose another with --listen")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_is_noticed() {
        assert!(matches!(clock(Timestamp::from_seconds(86_400)), Outcome::Bad(_)));
        assert!(matches!(clock(Timestamp::from_seconds(1_800_000_000)), Outcome::Good(_)));
    }

    #[tokio::test]
    async fn a_taken_address_is_noticed() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = address(taken.local_addr().unwrap()).await;
        assert!(matches!(address, Outcome::Hint(_)));
    }
}
