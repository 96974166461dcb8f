//! Memory.

use std::time::Duration;

use crate::{
    Error, Result,
    http::Connection,
    report::Report,
    row::Floor,
    server::{Options, Server},
};

/// How long the server is left alone before it is looked at.
const REST: Duration = Duration::from_secs(3);

pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

/// A server that has been asked a few things and has nothing to do. Without the sandbox, which is no part of
/// a server in use.
pub(super) async fn idle(report: &mut Report, options: &Options) -> Result<()> {
    let server = options.start().await?;
    let failed = || Error::io("cannot ask the server");
    let mut connection = Connection::open(server.address).await.map_err(failed())?;
    for _ in 0..20 {
        connection.get("/sign-in", &["Accept-Encoding: br"]).await.map_err(failed())?;
    }
    drop(connection);
    tokio::time::sleep(REST).await;
    let resident = server.resident_bytes()?;
    report.floor("memory of the idle server", megabytes(resident), "MB", Floor::AtMost(60.0));
    server.stop().await
}

/// The same server after everything that was asked of it.
pub(super) fn after_load(report: &mut Report, server: &Server) -> Result<()> {
    report.figure("memory after all of the above, sandbox inside", megabytes(server.resident_bytes()?), "MB");
    Ok(())
}
