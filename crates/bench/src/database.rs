//! Which database is measured, and fresh copies of it.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{Error, Result};

/// A database with its data folder, which holds the master key and, for SQLite, the database itself.
#[derive(Debug)]
pub struct Database {
    /// Gone with this value.
    folder: tempfile::TempDir,
    postgres: Option<Postgres>,
}

#[derive(Debug)]
struct Postgres {
    server: String,
    name: String,
}

/// The same server, another database.
fn with_name(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').map_or((server, None), |(a, o)| (a, Some(o)));
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find('/').map_or(address.len(), |at| start + at);
    let options = options.map_or_else(String::new, |o| format!("?{o}"));
    format!("{}/{name}{options}", &address[..end])
}

/// Removes the folders below `parent` whose name is meant.
///
/// # Errors
/// When one cannot be removed.
pub fn remove(parent: &Path, meant: impl Fn(&str) -> bool) -> Result<()> {
    let failed = || Error::io(format!("cannot tidy up {}", parent.display()));
    for entry in std::fs::read_dir(parent).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if meant(&entry.file_name().to_string_lossy()) {
            std::fs::remove_dir_all(entry.path()).map_err(failed())?;
        }
    }
    Ok(())
}

async fn administer(server: &str, statement: String) -> Result<()> {
    let mut admin = PgConnection::connect(server).await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await?;
    admin.close().await?;
    Ok(())
}

/// Takes everything that makes a data folder, without its lock and log.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for name in ["balas.db", "balas.db-wal", "master.key"] {
        let source = from.join(name);
        if source.exists() {
            std::fs::copy(&source, to.join(name))
                .map_err(Error::io(format!("cannot copy {}", source.display())))?;
        }
    }
    Ok(())
}

impl Database {
    /// An empty one in a new folder below `parent`; on the `PostgreSQL` server, if one is given.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn empty(parent: &Path, postgres: Option<&str>) -> Result<Self> {
        let folder = Self::folder(parent)?;
        let postgres = match postgres {
            None => None,
            Some(server) => Some(Postgres::create(server, folder.path(), "").await?),
        };
        Ok(Self { folder, postgres })
    }

    fn folder(parent: &Path) -> Result<tempfile::TempDir> {
        tempfile::Builder::new().prefix("run-").tempdir_in(parent).map_err(Error::io("cannot make a folder"))
    }

    /// A copy. Nobody may work on the original meanwhile.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn duplicate(&self) -> Result<Self> {
        let folder = Self::folder(self.path().parent().unwrap_or_else(|| Path::new(".")))?;
        copy_files(self.path(), folder.path())?;
        let postgres = match &self.postgres {
            None => None,
            Some(p) => {
                Some(Postgres::create(&p.server, folder.path(), &format!(" TEMPLATE {}", p.name)).await?)
            }
        };
        Ok(Self { folder, postgres })
    }

    /// A copy of a folder that [`Database::keep`] filled.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn kept(parent: &Path, from: &Path) -> Result<Self> {
        let folder = Self::folder(parent)?;
        copy_files(from, folder.path())?;
        Ok(Self { folder, postgres: None })
    }

    /// Copies a closed SQLite database to a folder, whole or not at all.
    ///
    /// # Errors
    /// When the disk is full or not writable.
    pub fn keep(&self, to: &Path) -> Result<()> {
        let failed = || Error::io(format!("cannot keep the data in {}", to.display()));
        let beside = Self::folder(to.parent().unwrap_or_else(|| Path::new(".")))?;
        copy_files(self.path(), beside.path())?;
        std::fs::rename(beside.path(), to).map_err(failed())
    }

    /// The data folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The database's address.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.postgres {
            None => format!("sqlite:{}", self.path().join("balas.db").display()),
            Some(p) => with_name(&p.server, &p.name),
        }
    }

    /// Whether it is on `PostgreSQL`.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }
}

impl Postgres {
    async fn create(server: &str, folder: &Path, more: &str) -> Result<Self> {
        let unique: String = folder
            .file_name()
            .map(|n| n.to_string_lossy().to_lowercase())
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let name = format!("balas_bench_{}_{unique}", std::process::id());
        administer(server, format!("CREATE DATABASE {name}{more}")).await?;
        Ok(Self { server: server.to_owned(), name })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread of its own: this runs inside a runtime, where one must not block on another.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                if let Err(error) = runtime.block_on(administer(&server, statement)) {
                    eprintln!("the database {name} could not be dropped: {error}");
                }
            }
        });
        drop(dropped.join());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (server, expected) in [
            ("postgres://u:p@h:1/postgres", "postgres://u:p@h:1/x"),
            ("postgres://u@h", "postgres://u@h/x"),
            ("postgres://u@h/a?sslmode=disable", "postgres://u@h/x?sslmode=disable"),
        ] {
            assert_eq!(with_name(server, "x"), expected);
        }
    }
}
