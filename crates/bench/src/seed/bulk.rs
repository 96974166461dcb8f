//! Many rows at once: `COPY` on PostgreSQL, long statements in one transaction on SQLite.

use std::{fmt::Write as _, str::FromStr};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use uuid::Uuid;

use crate::{Result, database::Database};

/// Bytes of one statement or of one piece of a copy.
const PIECE: usize = 256 * 1024;

/// A value of a row. Texts must not hold quotes, backslashes or control characters: they are ours.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Id(Uuid),
    Text(&'a str),
}

/// Where rows go.
#[derive(Clone, Copy)]
pub(super) struct Table {
    name: &'static str,
    columns: &'static [&'static str],
}

impl Table {
    pub(super) const fn new(name: &'static str, columns: &'static [&'static str]) -> Self {
        Self { name, columns }
    }
}

/// The open database.
pub(super) enum Bulk {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Bulk {
    pub(super) async fn open(database: &Database) -> Result<Self> {
        let url = database.url();
        if database.is_postgres() {
            return Ok(Self::Postgres(PgConnection::connect(&url).await?));
        }
        // Fast rather than safe: what fails here is thrown away.
        let options = SqliteConnectOptions::from_str(&url)?
            .pragma("synchronous", "OFF")
            .pragma("cache_size", "-524288")
            .pragma("temp_store", "MEMORY")
            .foreign_keys(false)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
        Ok(Self::Sqlite(connection))
    }

    pub(super) async fn into(&mut self, table: Table) -> Result<Rows<'_>> {
        let columns = table.columns.join(", ");
        Ok(match self {
            Self::Sqlite(connection) => {
                let head = format!("INSERT INTO {} ({columns}) VALUES ", table.name);
                Rows::Sqlite { connection, head, buffer: String::new() }
            }
            Self::Postgres(connection) => {
                let statement = format!("COPY {} ({columns}) FROM STDIN", table.name);
                Rows::Postgres { copy: connection.copy_in_raw(&statement).await?, buffer: String::new() }
            }
        })
    }

    /// Moves the log behind everything written, and leaves the database as a running one would be.
    pub(super) async fn finish(self, workspace: Uuid, versions: i64) -> Result<()> {
        const SQL: &str = "UPDATE workspaces SET seq = CASE WHEN seq > $2 THEN seq ELSE $2 END WHERE id = $1";
        match self {
            Self::Sqlite(mut connection) => {
                sqlx::query(SQL).bind(workspace).bind(versions).execute(&mut connection).await?;
                sqlx::raw_sql("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
                connection.close().await?;
            }
            Self::Postgres(mut connection) => {
                sqlx::query(SQL).bind(workspace).bind(versions).execute(&mut connection).await?;
                // What autovacuum does by itself within a minute.
                sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }
}

/// Rows on their way into one table.
pub(super) enum Rows<'a> {
    Sqlite { connection: &'a mut SqliteConnection, head: String, buffer: String },
    Postgres { copy: sqlx::postgres::PgCopyIn<&'a mut PgConnection>, buffer: String },
}

impl Rows<'_> {
    pub(super) async fn push(&mut self, row: &[Cell<'_>]) -> Result<()> {
        let full = match self {
            Self::Sqlite { head, buffer, .. } => {
                buffer.push_str(if buffer.is_empty() { head } else { "," });
                for (n, cell) in row.iter().enumerate() {
                    buffer.push(if n == 0 { '(' } else { ',' });
                    // Writing into a String cannot fail.
                    let _ = match cell {
                        Cell::Null => write!(buffer, "NULL"),
                        Cell::Bool(b) => write!(buffer, "{}", i32::from(*b)),
                        Cell::Int(n) => write!(buffer, "{n}"),
                        Cell::Id(id) => write!(buffer, "x'{}'", id.simple()),
                        Cell::Text(text) => write!(buffer, "'{text}'"),
                    };
                }
                buffer.push(')');
                buffer.len() >= PIECE
            }
            Self::Postgres { buffer, .. } => {
                for (n, cell) in row.iter().enumerate() {
                    if n > 0 {
                        buffer.push('\t');
                    }
                    let _ = match cell {
                        Cell::Null => write!(buffer, "\\N"),
                        Cell::Bool(b) => write!(buffer, "{b}"),
                        Cell::Int(n) => write!(buffer, "{n}"),
                        Cell::Id(id) => write!(buffer, "{id}"),
                        Cell::Text(text) => write!(buffer, "{text}"),
                    };
                }
                buffer.push('\n');
                buffer.len() >= PIECE
            }
        };
        if full { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        match self {
            Self::Sqlite { connection, buffer, .. } => {
                if !buffer.is_empty() {
                    let statement = std::mem::take(buffer);
                    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut **connection).await?;
                }
            }
            Self::Postgres { copy, buffer } => {
                copy.send(buffer.as_bytes()).await?;
                buffer.clear();
            }
        }
        Ok(())
    }

    pub(super) async fn end(mut self) -> Result<()> {
        self.flush().await?;
        if let Self::Postgres { copy, .. } = self {
            copy.finish().await?;
        }
        Ok(())
    }
}
