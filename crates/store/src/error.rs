//! What can go wrong in the store.

use std::path::PathBuf;

/// Short for results of this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What went wrong. Neither `Display` nor `Debug` ever shows a password or what a row holds.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database's address is none.
    #[error(
        "“{0}” is no database address; use sqlite:/path/balas.db or postgres://user:password@host/database"
    )]
    Url(String),
    /// The database cannot be opened or reached.
    #[error("cannot open the database {target}: {source}")]
    Connect {
        /// Where, without the password.
        target: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The tables cannot be brought up to date.
    #[error("cannot bring the database's tables up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Something of that name is there already.
    #[error("this {what} is taken already")]
    Unique {
        /// What has to be unique.
        what: &'static str,
    },
    /// What should be changed is not there, or is not this workspace's.
    #[error("not found")]
    NotFound,
    /// The database is occupied for too long; trying again later helps.
    #[error("the database is busy; try again in a moment")]
    Busy,
    /// The cursor is none that we gave out.
    #[error("this page marker is not valid; start from the first page")]
    BadCursor,
    /// A row holds what this version cannot read.
    #[error("the database holds a {what} that this version of Balas cannot read")]
    Corrupt {
        /// What kind of value.
        what: &'static str,
    },
    /// The backup would overwrite a file.
    #[error("{0} exists already; name a new file for the backup")]
    BackupExists(PathBuf),
    /// Backups of this database are not made here.
    #[error(
        "a PostgreSQL database is backed up with `pg_dump --format=custom --file=balas.dump DATABASE-URL`"
    )]
    BackupElsewhere,
    /// Anything else that the database says.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

impl StoreError {
    /// Whether the same call may well succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Connect { source, .. } | Self::Database(source) => match source {
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
                // Classes of PostgreSQL's errors: 08 connection, 40 rollback, 53 resources, 57P shutdown.
                sqlx::Error::Database(e) => e
                    .code()
                    .is_some_and(|c| ["08", "40", "53", "57P"].iter().any(|class| c.starts_with(class))),
                _ => false,
            },
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(e: sqlx::Error) -> Self {
        match &e {
            sqlx::Error::RowNotFound => return Self::NotFound,
            sqlx::Error::PoolTimedOut => return Self::Busy,
            sqlx::Error::Database(d) => {
                if d.is_unique_violation() {
                    return Self::Unique { what: "entry" };
                }
                if d.is_foreign_key_violation() {
                    return Self::NotFound;
                }
                // SQLite: BUSY and LOCKED with their extensions, which stand in the upper bits. PostgreSQL:
                // serialization failure, deadlock, lock not available.
                let code = d.code();
                let busy = code.as_deref().is_some_and(|c| matches!(c, "40001" | "40P01" | "55P03"));
                let sqlite = d.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some();
                let number = code.as_deref().and_then(|c| c.parse::<u32>().ok());
                if busy || sqlite && number.is_some_and(|n| matches!(n & 0xff, 5 | 6)) {
                    return Self::Busy;
                }
            }
            _ => {}
        }
        Self::Database(e)
    }
}
