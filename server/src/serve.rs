//! `balas serve`: start-up in order, and a stop that loses nothing.

use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::serve::ListenerExt as _;
use balas_engine::EngineError;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

use crate::{
    config::Settings,
    data_dir,
    demo::{self, DemoError},
    open::{self, OpenError},
    router,
    site::{Site, SiteError},
    state::{AppState, Parts},
    ws::SocketRules,
};

/// How long requests may take to finish once a stop was asked for.
const FINISH: Duration = Duration::from_secs(10);
/// How long sockets may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(5);
/// How long workers may take to finish what they have begun: one call to a provider.
const WORKERS: Duration = Duration::from_secs(35);

/// The server did not start, or ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] data_dir::DataDirError),
    /// The site's files.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The address.
    #[error("cannot listen on {address}: {source}. Choose another with --listen, or stop what uses it")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The sandbox.
    #[error(
        "the sandbox did not start: {0}. Choose another address with --sandbox-listen, or stop what uses it"
    )]
    Sandbox(#[from] balas_sandbox::StartError),
    /// The demo's data.
    #[error("the demo could not be set up: {0}")]
    Demo(#[from] DemoError),
    /// The workers.
    #[error("the workers did not start: {0}")]
    Engine(#[from] EngineError),
    /// The system.
    #[error("the system does not let us wait for signals: {0}")]
    Signals(io::Error),
    /// The listener died.
    #[error("the server stopped listening: {0}")]
    Serving(io::Error),
}

/// Serves until the system asks to stop.
///
/// # Errors
/// When something is missing at the start.
pub async fn serve(settings: Settings) -> Result<(), ServeError> {
    let mut stop = Stop::listen().map_err(ServeError::Signals)?;
    data_dir::prepare(&settings.data.data)?;
    let _lock = data_dir::lock(&settings.data.data)?;
    let site = Site::load(&settings.site)?;
    let address = settings.listen;
    let listen = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;

    let mut data = settings.data.clone();
    let sandbox = match settings.sandbox {
        Some(at) => Some(demo::start_sandbox(at, address).await?),
        None => None,
    };
    if let Some(sandbox) = &sandbox {
        data.cloud_base_url = sandbox.base_url();
    }
    data.webhook_base = Some(base_url(&settings, address));
    if let Some(bridge) = &mut data.bridge {
        // On this machine, whatever stands before us.
        bridge.deliver_to = format!("http://{}", reachable(address));
    }
    let engine = open::engine(&data).await?;
    let state = AppState::new(Parts {
        engine: engine.clone(),
        site,
        public_url: settings.public_url.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        limits: settings.limits,
        socket_rules: SocketRules::default(),
    });
    state.set_workers(engine.start().await?);

    let service = router::build(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|stream| {
        // Frames are small and people wait for them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let stopping = state.stopping.clone();
    let mut server = tokio::spawn(async move {
        axum::serve(listener, service).with_graceful_shutdown(stopping.cancelled_owned()).await
    });

    // A stop asked for while the demo is being set up is as good as any other.
    let outcome = tokio::select! {
        outcome = run(&state, &settings, address, sandbox.as_ref()) => outcome,
        ended = &mut server => Err(ServeError::Serving(match ended {
            Ok(Ok(())) => io::Error::other("it ended by itself"),
            Ok(Err(error)) => error,
            Err(panic) => io::Error::other(panic),
        })),
        () = stop.asked() => Ok(()),
    };

    tracing::info!("stopping: no new connections, open requests finish");
    state.stopping.cancel();
    let abandoned = async {
        stop.asked().await;
        tracing::warn!("asked twice: stopping at once. What was acknowledged is stored");
    };
    tokio::select! {
        () = wind_down(&state, &mut server, sandbox) => {}
        () = abandoned => {}
    }
    outcome
}

/// Sets up the demo, says that all is ready, and then waits for ever.
async fn run(
    state: &AppState,
    settings: &Settings,
    address: SocketAddr,
    sandbox: Option<&balas_sandbox::Running>,
) -> Result<(), ServeError> {
    if sandbox.is_some() {
        demo::seed_if_empty(&state.engine).await?;
    }
    let founded = demo::has_workspace(&state.engine).await?;
    state.set_ready();
    announce(settings, address, sandbox.map(balas_sandbox::Running::base_url).as_deref(), founded);
    tracing::info!(%address, backend = state.engine.store().backend(), "ready");
    std::future::pending().await
}

async fn wind_down(
    state: &AppState,
    server: &mut tokio::task::JoinHandle<io::Result<()>>,
    sandbox: Option<balas_sandbox::Running>,
) {
    state.sockets.close();
    if timeout(GOOD_BYE, state.sockets.wait()).await.is_err() {
        tracing::warn!(
            left = state.sockets.len(),
            "some sockets did not say good-bye; they resume elsewhere"
        );
    }
    if timeout(FINISH, &mut *server).await.is_err() {
        tracing::warn!("some requests did not finish in time");
        server.abort();
    }
    if timeout(WORKERS, state.stop_workers()).await.is_err() {
        tracing::warn!(
            "some work did not finish in time; it lies in the database and goes on at the next start"
        );
    }
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    state.engine.store().close().await;
    tracing::info!("stopped");
}

/// Tells a person at a terminal where to go.
fn announce(settings: &Settings, address: SocketAddr, sandbox: Option<&str>, founded: bool) {
    let inbox = base_url(settings, address);
    let mut lines = vec!["Balas is ready.".to_owned(), String::new(), format!("  Inbox     {inbox}")];
    if let Some(sandbox) = sandbox {
        lines.push(format!("  Sandbox   {sandbox} (the phones of customers)"));
        let emails = demo::MEMBERS.map(|m| m.email).join(", ");
        lines.push(format!("  Sign in   {emails}; password {}", demo::PASSWORD));
    } else if !founded {
        let data = settings.data.data.display();
        let command =
            format!("balas workspace create --data {data} --name \"My shop\" --email you@example.org");
        lines.push("  Next      nobody can sign in yet; in another terminal:".to_owned());
        lines.push(format!("            {command}"));
    }
    let mut out = io::stdout().lock();
    // Nobody reads it: that is no reason to stop serving.
    _ = writeln!(out, "{}\n", lines.join("\n")).and_then(|()| out.flush());
}

/// How browsers, Meta and gateways reach us.
fn base_url(settings: &Settings, address: SocketAddr) -> String {
    settings.public_url.as_ref().map_or_else(|| format!("http://{}", reachable(address)), ToString::to_string)
}

/// An address that a browser on this machine can open.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// The system's wish that we stop.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
