//! Opening the data: folder, key, database, engine. Every command that touches data comes through here.

use std::sync::Arc;

use balas_domain::{Clock, Random};
use balas_engine::{
    Config, Engine, EngineError, FilesConfig,
    ambient::{OsRandom, SystemClock},
};
use balas_store::{Store, StoreError};

use crate::{
    config::DataSettings,
    data_dir::{self, DataDirError},
    master_key::{self, KeyError},
    secret::Secret,
};

/// The data cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The master key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database cannot be reached.
    #[error(
        "cannot open the database: {}. Check --database-url, and that the database runs",
        crate::problem::chain(.0)
    )]
    Connect(#[source] StoreError),
    /// Its tables cannot be brought up to date.
    #[error("cannot bring the database's tables up to date: {}", crate::problem::chain(.0))]
    Migrate(#[source] StoreError),
    /// The engine cannot start.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The machine's clock.
#[must_use]
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The machine's randomness.
#[must_use]
pub fn random() -> Arc<dyn Random> {
    Arc::new(OsRandom)
}

/// The master key from the environment, if it is there.
#[must_use]
pub fn key_from_environment() -> Option<Secret> {
    std::env::var(master_key::VARIABLE).ok().filter(|k| !k.is_empty()).map(Secret::new)
}

/// A migrated store.
///
/// # Errors
/// When folder or database cannot be used.
pub async fn store(settings: &DataSettings) -> Result<Store, OpenError> {
    data_dir::prepare(&settings.data)?;
    let store = Store::connect(settings.database_url.expose()).await.map_err(OpenError::Connect)?;
    store.migrate().await.map_err(OpenError::Migrate)?;
    Ok(store)
}

/// An engine on a migrated store, without workers.
///
/// # Errors
/// When folder, key or database cannot be used.
pub async fn engine(settings: &DataSettings) -> Result<Engine, OpenError> {
    data_dir::prepare(&settings.data)?;
    let random = random();
    let master_key = master_key::load_or_create(&settings.data, key_from_environment(), &*random)?;
    let store = store(settings).await?;
    let config = Config {
        cloud_base_url: settings.cloud_base_url.clone(),
        cloud_version: settings.cloud_version.clone(),
        webhook_base: settings.webhook_base.clone(),
        mail: settings.mail.clone(),
        bridge: settings.bridge.clone(),
        files: FilesConfig {
            folder: settings.data.join("files"),
            s3: settings.s3.clone(),
            clamd: settings.clamd.clone(),
        },
        rhythm: balas_engine::Rhythm::default(),
        master_key,
    };
    Ok(Engine::new(store, clock(), random, config)?)
}
