//! What measurements run on.

use std::{fs::File, path::PathBuf};

use crate::{
    Error, Result,
    database::{self, Database},
    server::Options,
};

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

    pub(crate) fn options(&self, database: &Database, sandbox: bool) -> Options {
        Options {
            binary: self.binary.clone(),
            data: database.path().to_owned(),
            database_url: database.is_postgres().then(|| database.url()),
            site: None,
            sandbox,
        }
    }

    /// A database with the demo workspace that the sandbox sets up, closed.
    pub(crate) async fn fresh(&self, postgres: Option<&str>) -> Result<Database> {
        let database = Database::empty(&self.folder, postgres).await?;
        self.options(&database, true).start().await?.stop().await?;
        Ok(database)
    }
}
