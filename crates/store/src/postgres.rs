//! How PostgreSQL is reached.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Result, StoreError};

/// Connections of one node.
const CONNECTIONS: u32 = 20;

pub(crate) async fn open(url: &str) -> Result<PgPool> {
    // The address holds a password: errors name host and database only.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Url("postgres".to_owned()))?
        .application_name("balas")
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let target = format!(
        "{} on {}:{}",
        options.get_database().unwrap_or("postgres"),
        options.get_host(),
        options.get_port()
    );
    let refused = |source| StoreError::Connect { target, source };
    // A pool tries a refused connection again until its patience ends; who starts Balas wants to know at
    // once.
    match options.connect().await {
        Ok(connection) => connection.close().await?,
        Err(source) => return Err(refused(source)),
    }
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(15))
        .connect_with(options)
        .await
        .map_err(refused)
}

/// Begins a transaction, in a task of its own. Whoever waits for it may go away at any time – a visitor closes
/// the page, a worker is told to stop – and sqlx, left in the middle of `BEGIN`, would hand the connection on
/// with a transaction open that nobody knows of. The task gets to the end, and what it then drops is rolled back.
pub(crate) async fn begin(pool: &PgPool, statement: &'static str) -> Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    match tokio::spawn(async move { pool.begin_with(statement).await }).await {
        Ok(begun) => Ok(begun?),
        // The runtime ends, or sqlx has panicked.
        Err(_) => Err(sqlx::Error::WorkerCrashed.into()),
    }
}
