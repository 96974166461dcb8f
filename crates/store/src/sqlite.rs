//! How SQLite is opened: one writer, several readers, every commit on the disk before it is reported.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Result, StoreError};

/// Connections that read at the same time.
const READERS: u32 = 8;

/// Statements that each connection keeps prepared; all that this crate has fit.
const STATEMENTS: usize = 256;

/// How long a caller waits for its turn before it gets [`StoreError::Busy`].
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub(crate) struct SqliteDb {
    pub(crate) read: SqlitePool,
    /// One connection: SQLite has one writer, and waiting for a connection is fairer than waiting for its
    /// lock.
    pub(crate) write: SqlitePool,
    options: Arc<SqliteConnectOptions>,
}

impl SqliteDb {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url).map_err(|_| StoreError::Url(url.to_owned()))?;
        if url.contains(":memory:") || url.contains("mode=memory") {
            // Readers and the writer are separate connections and would each have a memory of their own.
            return Err(StoreError::Url(url.to_owned()));
        }
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: a commit survives the loss of power, not only of the process.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(STATEMENTS)
            .pragma("temp_store", "MEMORY")
            // Pages of 4 KiB: fewer, larger checkpoints; the log's file is cut back after a flood.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", "67108864")
            .disable_statement_logging();
        let target = || format!("{}", options.get_filename().display());
        // `cache_size` in KiB when negative. The operating system caches the file as well; these are for hot
        // pages.
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(PATIENCE)
            .connect_with(options.clone().pragma("cache_size", "-16384"))
            .await
            .map_err(|source| StoreError::Connect { target: target(), source })?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(1)
            .idle_timeout(Duration::from_mins(5))
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(PATIENCE)
            .connect_with(options.clone().pragma("cache_size", "-4096").pragma("query_only", "ON"))
            .await
            .map_err(|source| StoreError::Connect { target: target(), source })?;
        Ok(Self { read, write, options: Arc::new(options) })
    }

    pub(crate) async fn migrate(&self) -> Result<()> {
        let migrator = sqlx::migrate!("../../migrations/sqlite");
        // Unlike on PostgreSQL, nothing keeps two processes from migrating at once. The loser's step fails as
        // a whole; looked at again, it is done already. Each step can be lost once.
        for _ in 0..migrator.iter().count() {
            if migrator.run(&self.write).await.is_ok() {
                return Ok(());
            }
        }
        Ok(migrator.run(&self.write).await?)
    }

    pub(crate) async fn backup(&self, to: &Path) -> Result<()> {
        if to.exists() {
            return Err(StoreError::BackupExists(to.to_owned()));
        }
        // An own connection: the copy is written outside of any transaction and must not hold up the writer.
        let mut connection = self.options.connect().await?;
        sqlx::query("VACUUM INTO $1").bind(to.to_string_lossy()).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.read.close().await;
        // Last: the one that closes the file folds the log into it.
        self.write.close().await;
    }
}
