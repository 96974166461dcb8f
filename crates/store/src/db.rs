//! The two databases behind one type.

use std::{fmt, path::Path};

use balas_domain::{Timestamp, WorkspaceId};
use sqlx::{PgPool, Postgres, Sqlite, Transaction};

use crate::{Result, StoreError, Write, postgres, sqlite::SqliteDb};

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Db);

#[derive(Clone)]
enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

/// A transaction. Dropped without `commit`, it is rolled back.
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Store {
    /// Opens the database at `sqlite:/path/balas.db` (made if missing) or `postgres://…`.
    ///
    /// # Errors
    /// [`StoreError::Url`] or [`StoreError::Connect`].
    pub async fn connect(url: &str) -> Result<Self> {
        if url.starts_with("sqlite:") {
            Ok(Self(Db::Sqlite(SqliteDb::open(url).await?)))
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Ok(Self(Db::Postgres(postgres::open(url).await?)))
        } else {
            // Only the scheme: what follows may hold a password.
            Err(StoreError::Url(url.split(':').next().unwrap_or_default().to_owned()))
        }
    }

    /// Brings the tables up to date. Safe to call at every start, also from several nodes at once.
    pub async fn migrate(&self) -> Result<()> {
        match &self.0 {
            Db::Sqlite(db) => db.migrate().await?,
            Db::Postgres(pool) => sqlx::migrate!("../../migrations/postgres").run(pool).await?,
        }
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        match &self.0 {
            Db::Sqlite(db) => sqlx::query("SELECT 1").execute(&db.read).await.map(drop)?,
            Db::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    /// `"sqlite"` or `"postgres"`.
    #[must_use]
    pub const fn backend(&self) -> &'static str {
        match &self.0 {
            Db::Sqlite(_) => "sqlite",
            Db::Postgres(_) => "postgres",
        }
    }

    /// Writes a consistent copy of the database to a new file while everything goes on.
    ///
    /// # Errors
    /// [`StoreError::BackupExists`]; [`StoreError::BackupElsewhere`] on PostgreSQL.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        match &self.0 {
            Db::Sqlite(db) => db.backup(to).await,
            Db::Postgres(_) => Err(StoreError::BackupElsewhere),
        }
    }

    /// A consistent, read-only snapshot.
    pub async fn read(&self) -> Result<Tx> {
        Ok(match &self.0 {
            Db::Sqlite(db) => Tx::Sqlite(db.read.begin_with("BEGIN DEFERRED").await?),
            Db::Postgres(pool) => {
                Tx::Postgres(postgres::begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// A transaction that writes outside of a workspace's log: journal, sessions, jobs.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match &self.0 {
            Db::Sqlite(db) => Tx::Sqlite(db.write.begin_with("BEGIN IMMEDIATE").await?),
            Db::Postgres(pool) => Tx::Postgres(postgres::begin(pool, "BEGIN").await?),
        })
    }

    /// A transaction that owns the workspace's log until it ends: nobody else changes what its screens see.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such workspace.
    pub async fn write(&self, ws: WorkspaceId, now: Timestamp) -> Result<Write> {
        Write::begin(self.begin().await?, ws, now).await
    }

    /// Finishes what runs and closes every connection.
    pub async fn close(&self) {
        match &self.0 {
            Db::Sqlite(db) => db.close().await,
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.backend()).finish()
    }
}

impl Tx {
    /// Makes it durable.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(t) => t.commit().await?,
            Self::Postgres(t) => t.commit().await?,
        }
        Ok(())
    }

    /// The statement for this transaction's database, where the two differ.
    pub(crate) const fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick("Tx(sqlite)", "Tx(postgres)"))
    }
}
