//! Fresh databases for tests. A database of PostgreSQL is made per test and dropped after it.

use std::{
    path::Path,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

use balas_domain::{Timestamp, WorkspaceId};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{Store, workspaces};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file in a temporary directory.
    Sqlite,
    /// A database of the server that `BALAS_TEST_POSTGRES` names.
    Postgres,
}

/// A migrated, empty database that goes away with this value.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// Its address, for a second store or another process on the same data.
    pub url: String,
    cleanup: Cleanup,
}

#[derive(Debug)]
enum Cleanup {
    /// Removed with the directory.
    Sqlite(#[expect(dead_code, reason = "its drop removes the directory")] tempfile::TempDir),
    Postgres {
        server: String,
        name: String,
    },
}

impl std::ops::Deref for TestStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

/// The server for tests.
///
/// # Panics
/// Without `BALAS_TEST_POSTGRES`: tests fail rather than pass without having looked.
#[must_use]
pub fn postgres_server() -> String {
    match std::env::var("BALAS_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => url,
        _ => panic!("no PostgreSQL to test with: run `cargo xtask test`, or set BALAS_TEST_POSTGRES"),
    }
}

/// The same server, another database.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').map_or((server, None), |(a, o)| (a, Some(o)));
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find('/').map_or(address.len(), |at| start + at);
    let options = options.map_or_else(String::new, |o| format!("?{o}"));
    format!("{}/{name}{options}", &address[..end])
}

/// A fresh database, migrated.
///
/// # Panics
/// When it cannot be made.
pub async fn fresh(kind: Kind) -> TestStore {
    match kind {
        Kind::Sqlite => {
            let fresh = empty(kind).await;
            migrated(&fresh.store).await;
            fresh
        }
        Kind::Postgres => postgres_database(Some(template().await)).await,
    }
}

/// A fresh database without tables.
///
/// # Panics
/// When it cannot be made.
#[expect(clippy::expect_used, reason = "a test without its database stops at once")]
pub async fn empty(kind: Kind) -> TestStore {
    match kind {
        Kind::Sqlite => {
            // In memory where the system offers it: hundreds of tests need not wait for a disk.
            let memory = Path::new("/dev/shm");
            let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
            let directory = tempfile::Builder::new().prefix("balas-test-").tempdir_in(parent);
            let directory = directory.expect("a temporary directory");
            let url = format!("sqlite:{}", directory.path().join("balas.db").display());
            let store = Store::connect(&url).await.expect("SQLite opens");
            TestStore { store, url, cleanup: Cleanup::Sqlite(directory) }
        }
        Kind::Postgres => postgres_database(None).await,
    }
}

#[expect(clippy::expect_used, reason = "a test without its tables stops at once")]
async fn migrated(store: &Store) {
    store.migrate().await.expect("migrations run");
}

/// A migrated database that the others are copied from: migrating once is faster than per test. It goes with
/// the next test process's [`drop_abandoned`].
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let made = postgres_database(None).await;
            migrated(&made.store).await;
            made.store.close().await;
            let Cleanup::Postgres { name, .. } = &made.cleanup else { return String::new() };
            let name = name.clone();
            // Kept.
            std::mem::forget(made);
            name
        })
        .await
}

#[expect(clippy::expect_used, reason = "a test without its database stops at once")]
async fn postgres_database(template: Option<&str>) -> TestStore {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = postgres_server();
    let mut admin =
        PgConnection::connect(&server).await.expect("the PostgreSQL of BALAS_TEST_POSTGRES answers");
    drop_abandoned(&mut admin).await;
    let name = format!("balas_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let statement = format!("CREATE DATABASE {name} TEMPLATE {}", template.unwrap_or("template1"));
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await.expect("a database can be made");
    admin.close().await.expect("the connection closes");
    let url = with_database(&server, &name);
    let store = Store::connect(&url).await.expect("PostgreSQL opens");
    TestStore { store, url, cleanup: Cleanup::Postgres { server, name } }
}

/// Databases that killed test processes left behind. Where processes cannot be looked up (no `/proc`), they
/// stay.
async fn drop_abandoned(admin: &mut PgConnection) {
    static ONCE: Once = Once::new();
    let mut first = false;
    ONCE.call_once(|| first = true);
    if !first || !Path::new("/proc/self").exists() {
        return;
    }
    let sql = r"SELECT datname::text FROM pg_database WHERE datname LIKE 'balas\_test\_%'";
    let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *admin).await.unwrap_or_default();
    for name in names {
        let pid = name.split('_').nth(2).unwrap_or_default();
        let gone = pid.parse::<u32>().is_ok_and(|p| !Path::new(&format!("/proc/{p}")).exists());
        if gone {
            let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            // Another test process may be faster.
            drop(sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *admin).await);
        }
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        let Cleanup::Postgres { server, name } = &self.cleanup else { return };
        let (server, statement) = (server.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        // A thread of its own: this may run inside a runtime, where one must not block on another.
        let dropped = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(async {
                if let Ok(mut admin) = PgConnection::connect(&server).await {
                    drop(sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await);
                }
            });
        });
        drop(dropped.join());
    }
}

/// Makes a workspace; `n` makes its id and slug.
///
/// # Panics
/// When it cannot be made.
#[expect(clippy::expect_used, reason = "a test without its workspace stops at once")]
pub async fn workspace(store: &Store, n: u32) -> WorkspaceId {
    let id = WorkspaceId(Uuid::from_u128(0xa11_0000 + u128::from(n)));
    let mut tx = store.begin().await.expect("a transaction begins");
    let new = workspaces::NewWorkspace {
        id,
        slug: format!("workspace-{n}"),
        name: format!("Workspace {n}"),
        time_zone: "Asia/Jakarta".to_owned(),
        created_at: Timestamp::from_seconds(1_700_000_000 + i64::from(n)),
    };
    workspaces::create(&mut tx, &new).await.expect("a workspace is made");
    tx.commit().await.expect("it is committed");
    id
}
