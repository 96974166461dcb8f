//! How PostgreSQL is reached.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgPool,
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
