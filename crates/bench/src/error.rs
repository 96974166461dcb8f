//! What can go wrong while measuring.

use std::io;

/// Short for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or connection.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The server did not do what it should.
    #[error("{0}")]
    Server(String),
    /// The browser is missing or did not do what it should.
    #[error("the browser: {0}")]
    Browser(String),
    /// A websocket.
    #[error("the websocket failed: {0}")]
    Socket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    /// The database, asked directly.
    #[error("the database failed: {0}")]
    Sql(#[from] sqlx::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] balas_store::StoreError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] balas_engine::EngineError),
    /// An answer is not what was agreed.
    #[error("an answer cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// Names what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl From<tokio_tungstenite::tungstenite::Error> for Error {
    fn from(e: tokio_tungstenite::tungstenite::Error) -> Self {
        Self::Socket(Box::new(e))
    }
}
