//! Prism as a process of its own, which ends with the test.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use balas_sandbox::GatewayVersion;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

/// A running Prism.
pub struct Prism {
    pub url: String,
    _process: Child,
}

impl Prism {
    /// Answers from the examples of the vendor's document.
    pub async fn mock(version: GatewayVersion) -> Self {
        Self::start("mock", version, None).await
    }

    /// Passes on to a gateway, and looks at both directions.
    pub async fn proxy(version: GatewayVersion, upstream: &str) -> Self {
        Self::start("proxy", version, Some(upstream)).await
    }

    async fn start(what: &str, version: GatewayVersion, upstream: Option<&str>) -> Self {
        let address = free().await;
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let script = std::env::var_os("BALAS_PRISM")
            .map_or_else(|| here.join("contract/node_modules/.bin/prism"), PathBuf::from);
        assert!(
            script.exists(),
            "{} is missing: run `npm --prefix crates/sandbox/contract ci`, or say in BALAS_PRISM where it is",
            script.display()
        );
        let document = here.join(format!("tests/fixtures/gowa/openapi-{}.yaml", version.release()));
        let mut command = Command::new("node");
        command
            .arg(script)
            .arg(what)
            .arg("--host")
            .arg("127.0.0.1")
            .arg("--port")
            .arg(address.port().to_string());
        command.arg(document).args(upstream);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().unwrap_or_else(|error| panic!("node does not start: {error}"));
        let ready = async {
            while TcpStream::connect(address).await.is_err() {
                if let Some(status) = process.try_wait().unwrap() {
                    panic!("Prism ended at once: {status}");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        // Usually a second. On a machine that is busy with other things it can be minutes.
        let limit = Duration::from_mins(5);
        tokio::time::timeout(limit, ready).await.unwrap_or_else(|_| panic!("Prism does not start"));
        Self { url: format!("http://{address}"), _process: process }
    }
}

/// An address that nobody listens on.
async fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap()
}
