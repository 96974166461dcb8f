//! The real binary on a fresh database, and its REST API: for suites that kill it or cut its sockets.

use std::{net::SocketAddr, path::Path, time::Duration};

use balas_bench::{
    http::Connection,
    server::{Options, write_empty_site},
};
use balas_domain::{Seq, WorkspaceId, view::Page};
use balas_store::{
    Store, events,
    testing::{self, Kind, TestStore},
    workspaces,
};
use serde::de::DeserializeOwned;

/// How long anything may take that is waited for.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Between looks while waiting.
pub const LOOK: Duration = Duration::from_millis(5);

/// A data folder and a database that nobody has open, with how to start the server on them.
pub struct Setup {
    pub options: Options,
    /// Gone with this value.
    pub database: TestStore,
    _folder: tempfile::TempDir,
}

impl Setup {
    /// Nothing in it yet: the first start with the sandbox makes the demo workspace.
    pub async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        write_empty_site(&site).unwrap();
        let database = testing::empty(kind).await;
        // A second process that keeps the file open would spare SQLite the recovery after a kill.
        database.store.close().await;
        let options = Options {
            binary: Path::new(env!("CARGO_BIN_EXE_balas")).to_owned(),
            data: folder.path().join("data"),
            database_url: Some(database.url.clone()),
            site: Some(site),
            sandbox: true,
        };
        Self { options, database, _folder: folder }
    }

    /// The database, opened by this process.
    pub async fn open(&self) -> Store {
        Store::connect(&self.database.url).await.unwrap()
    }
}

/// The demo workspace.
pub async fn workspace(store: &Store) -> WorkspaceId {
    let mut tx = store.read().await.unwrap();
    workspaces::by_slug(&mut tx, "demo").await.unwrap().unwrap().id
}

/// Position of its last event.
pub async fn head(store: &Store, ws: WorkspaceId) -> Seq {
    let mut tx = store.read().await.unwrap();
    events::head(ws, &mut tx).await.unwrap()
}

/// The REST API on one connection.
pub struct Rest {
    pub connection: Connection,
    /// The header line with the token.
    pub bearer: String,
}

impl Rest {
    pub async fn connect(address: SocketAddr, token: &str) -> Self {
        let connection = Connection::open(address).await.unwrap();
        Self { connection, bearer: format!("Authorization: Bearer {token}") }
    }

    /// All rows of a list, page by page.
    pub async fn all<T: DeserializeOwned>(&mut self, path: &str) -> Vec<T> {
        let mut rows = Vec::new();
        let mut query = String::new();
        loop {
            let path = format!("/api/v1{path}{query}");
            let answer = self.connection.get(&path, &[&self.bearer]).await.unwrap();
            let page: Page<T> = answer.json().unwrap();
            rows.extend(page.items);
            match page.next {
                Some(next) => query = format!("?limit=100&cursor={next}"),
                None => return rows,
            }
        }
    }
}
