//! The group `main-job`: a message arrives, an agent answers, everyone sees it live.
//!
//! All measurements but two run on one database of 100,000 conversations and 1,000,000 messages, the load
//! generator on the same machine as the server. On `PostgreSQL` the same is measured without floors, where
//! the database matters.

mod list;
mod memory;
mod page;
mod paint;
mod sockets;
mod webhooks;

use balas_domain::{Clock, Timestamp};
use balas_engine::ambient::SystemClock;

use crate::{
    Error, Result,
    database::{self, Database},
    local::Local,
    report::Report,
    row::Row,
    seed::{self, Owner, Size},
    surroundings::Surroundings,
};

/// The group's name.
pub const GROUP: &str = "main-job";

const LARGE: Size = Size { conversations: 100_000, messages: 1_000_000, longest: 10_000 };
const SMALL: Size = Size { conversations: 1_000, messages: 10_000, longest: 100 };

fn now() -> Timestamp {
    SystemClock.now()
}

/// Measures everything. A measurement that fails becomes a row that does not pass, and the rest goes on.
///
/// # Errors
/// When there is nothing to measure: the server does not start, the database cannot be filled.
pub async fn run(surroundings: &Surroundings) -> Result<Vec<Row>> {
    let mut report = Report::of(GROUP);
    on(surroundings, None, &mut report).await?;
    if let Some(server) = &surroundings.postgres {
        report.on_postgres();
        on(surroundings, Some(server), &mut report).await?;
    }
    Ok(report.rows())
}

/// The demo workspace with much in it: kept from an earlier run, or made now and, if it is a file, kept.
async fn filled(surroundings: &Surroundings, fresh: &Database, owner: Owner, size: Size) -> Result<Database> {
    let tables = format!("seed-{:016x}-", seed::fingerprint(fresh).await?);
    let kept = surroundings.folder.join(format!("{tables}{}", size.messages));
    if !fresh.is_postgres() && kept.exists() {
        eprintln!("  {} messages are kept from before", size.messages);
        return Database::kept(&surroundings.folder, &kept);
    }
    eprintln!("  writing {} conversations with {} messages …", size.conversations, size.messages);
    let database = fresh.duplicate().await?;
    seed::fill(&database, owner, size, now()).await?;
    if !fresh.is_postgres() {
        // Data for other tables than today's are a gigabyte of nothing.
        database::remove(&surroundings.folder, |name| {
            name.starts_with("seed-") && !name.starts_with(&tables)
        })?;
        database.keep(&kept)?;
    }
    Ok(database)
}

/// The large database of this group, for others too.
pub(crate) async fn large(surroundings: &Surroundings, postgres: Option<&str>) -> Result<Database> {
    let fresh = surroundings.fresh(postgres).await?;
    let local = Local::open(&fresh).await?;
    let owner = Owner::find(local.engine.store()).await?;
    local.close().await;
    filled(surroundings, &fresh, owner, LARGE).await
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
    let small = filled(surroundings, &fresh, owner, SMALL).await?;
    let large = filled(surroundings, &fresh, owner, LARGE).await?;

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
