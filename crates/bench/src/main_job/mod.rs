//! The group `main-job`: a message arrives, an agent answers, everyone sees it live.
//!
//! All measurements but two run on one database of 100,000 conversations and 1,000,000 messages, the load
//! generator on the same machine as the server. On `PostgreSQL` the same is measured without floors, where
//! the database matters.

mod list;
mod local;
mod memory;
mod page;
mod paint;
mod report;
mod sockets;
mod webhooks;

use std::{fs::File, path::PathBuf};

use balas_domain::{Clock, Timestamp};
use balas_engine::ambient::SystemClock;

use self::{local::Local, report::Report};
use crate::{
    Error, Result,
    database::{self, Database},
    row::Row,
    seed::{self, Owner, Size},
    server::Options,
};

/// The group's name.
pub const GROUP: &str = "main-job";

const LARGE: Size = Size { conversations: 100_000, messages: 1_000_000, longest: 10_000 };
const SMALL: Size = Size { conversations: 1_000, messages: 10_000, longest: 100 };

/// What the measurements run on. One at a time: see [`Surroundings::lock`].
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The `balas` binary.
    pub binary: PathBuf,
    /// Where databases are made and kept.
    pub folder: PathBuf,
    /// A `PostgreSQL` server, if there is one.
    pub postgres: Option<String>,
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// Measures everything. A measurement that fails becomes a row that does not pass, and the rest goes on.
///
/// # Errors
/// When there is nothing to measure: the server does not start, the database cannot be filled.
pub async fn run(surroundings: &Surroundings) -> Result<Vec<Row>> {
    let mut report = Report::default();
    on(surroundings, None, &mut report).await?;
    if let Some(server) = &surroundings.postgres {
        report.on_postgres();
        on(surroundings, Some(server), &mut report).await?;
    }
    Ok(report.rows())
}

impl Surroundings {
    /// Keeps other runs out of the folder as long as the answer lives: they would disturb each other's figures. Removes
    /// what a run that was killed left behind.
    ///
    /// # Errors
    /// When another run is under way.
    pub fn lock(&self) -> Result<File> {
        let failed = || Error::io(format!("cannot use {}", self.folder.display()));
        let file = File::create(self.folder.join("lock")).map_err(failed())?;
        if file.try_lock().is_err() {
            return Err(Error::Server("another measurement is running; wait for its end".to_owned()));
        }
        database::remove(&self.folder, |name| name.starts_with("run-") || name.starts_with("chromium-"))?;
        Ok(file)
    }

    fn options(&self, database: &Database, sandbox: bool) -> Options {
        Options {
            binary: self.binary.clone(),
            data: database.path().to_owned(),
            database_url: database.is_postgres().then(|| database.url()),
            site: None,
            sandbox,
        }
    }

    /// A database with the demo workspace that the sandbox sets up, closed.
    async fn fresh(&self, postgres: Option<&str>) -> Result<Database> {
        let database = Database::empty(&self.folder, postgres).await?;
        self.options(&database, true).start().await?.stop().await?;
        Ok(database)
    }

    /// The demo workspace with much in it: kept from an earlier run, or made now and, if it is a file, kept.
    async fn filled(&self, fresh: &Database, owner: Owner, size: Size) -> Result<Database> {
        let tables = format!("seed-{:016x}-", seed::fingerprint(fresh).await?);
        let kept = self.folder.join(format!("{tables}{}", size.messages));
        if !fresh.is_postgres() && kept.exists() {
            eprintln!("  {} messages are kept from before", size.messages);
            return Database::kept(&self.folder, &kept);
        }
        eprintln!("  writing {} conversations with {} messages …", size.conversations, size.messages);
        let database = fresh.duplicate().await?;
        seed::fill(&database, owner, size, now()).await?;
        if !fresh.is_postgres() {
            // Data for other tables than today's are a gigabyte of nothing.
            database::remove(&self.folder, |name| name.starts_with("seed-") && !name.starts_with(&tables))?;
            database.keep(&kept)?;
        }
        Ok(database)
    }
}

async fn on(surroundings: &Surroundings, postgres: Option<&str>, report: &mut Report) -> Result<()> {
    eprintln!("{}: preparing", if postgres.is_some() { "PostgreSQL" } else { "SQLite" });
    let fresh = surroundings.fresh(postgres).await?;
    let owner = {
        let local = Local::open(&fresh).await?;
        let owner = Owner::find(local.engine.store()).await?;
        local.close().await;
        owner
    };
    let small = surroundings.filled(&fresh, owner, SMALL).await?;
    let large = surroundings.filled(&fresh, owner, LARGE).await?;

    if postgres.is_none() {
        eprintln!("  memory");
        let outcome = memory::idle(report, &surroundings.options(&fresh, false)).await;
        report.note("memory of the idle server", outcome);
    }
    {
        eprintln!("  list and thread");
        let (small, large) = (Local::open(&small).await?, Local::open(&large).await?);
        let outcome = list::conversations(report, &large, &small).await;
        report.note("conversation list", outcome);
        let outcome = list::thread(report, &large).await;
        report.note("thread page", outcome);
        small.close().await;
        large.close().await;
    }

    let options = surroundings.options(&large, true);
    let server = options.start().await?;
    let local = Local::open(&large).await?;
    let target = Target {
        server: &server,
        local: &local,
        token: options.token().await?,
        cookie: local.sign_in().await?,
    };
    eprintln!("  time to first byte");
    let outcome = page::first_byte(report, &target).await;
    report.note("time to first byte", outcome);
    if postgres.is_none() {
        eprintln!("  browser");
        let outcome = paint::all(report, &target, &surroundings.folder).await;
        report.note("browser", outcome);
    }
    eprintln!("  sockets");
    let outcome = sockets::delivery(report, &target).await;
    report.note("sockets", outcome);
    eprintln!("  webhooks");
    let outcome = webhooks::sustained(report, &target).await;
    report.note("signed webhooks", outcome);
    memory::after_load(report, &server)?;
    local.close().await;
    server.stop().await
}

/// A running server on the large database, and its keys.
struct Target<'a> {
    server: &'a crate::server::Server,
    /// The same database, opened a second time.
    local: &'a Local,
    /// A bearer token.
    token: String,
    /// The session cookie's value of the workspace's owner.
    cookie: String,
}

impl Target<'_> {
    /// The header line with the session.
    fn cookie_line(&self) -> String {
        format!("Cookie: balas_session={}", self.cookie)
    }

    async fn connect(&self) -> Result<crate::http::Connection> {
        crate::http::Connection::open(self.server.address)
            .await
            .map_err(Error::io("cannot connect to the server"))
    }
}
