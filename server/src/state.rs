//! What every handler can reach.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use balas_app::{server as app, shell};
use balas_engine::{Engine, Workers};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::{Limits, PublicUrl},
    site::Site,
    ws::{Hub, SocketRules},
};

/// Shared by all requests; clones are cheap.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

/// What stands behind [`AppState`].
pub struct Inner {
    /// What happens.
    pub engine: Engine,
    /// The site's files.
    pub site: Site,
    /// What pages are told about it.
    pub app_site: app::Site,
    /// How others reach us, if it was said.
    pub public_url: Option<PublicUrl>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How often one may ask.
    pub limits: Limits,
    /// The live stream of every workspace.
    pub hub: Hub,
    /// How patient sockets are.
    pub socket_rules: SocketRules,
    /// What `/metrics` prints.
    pub metrics: PrometheusHandle,
    /// The engine's workers, from start to stop.
    workers: Mutex<Option<Workers>>,
    /// Start-up is over and no stop was asked for.
    ready: AtomicBool,
    /// Cancelled when the server stops: sockets say good-bye.
    pub stopping: CancellationToken,
    /// The open sockets.
    pub sockets: TaskTracker,
}

/// What [`AppState`] is made of.
pub struct Parts {
    /// What happens.
    pub engine: Engine,
    /// The site's files.
    pub site: Site,
    /// How others reach us, if it was said.
    pub public_url: Option<PublicUrl>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How often one may ask.
    pub limits: Limits,
    /// How patient sockets are.
    pub socket_rules: SocketRules,
}

impl AppState {
    /// The state of a server that is not yet ready.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let stopping = CancellationToken::new();
        let manifest = &parts.site.manifest;
        let assets =
            shell::Assets { js: manifest.js.clone(), wasm: manifest.wasm.clone(), css: manifest.css.clone() };
        let secure = parts.public_url.as_ref().is_some_and(PublicUrl::is_https);
        Self(Arc::new(Inner {
            hub: Hub::new(parts.engine.clone(), parts.socket_rules.backlog, stopping.clone()),
            engine: parts.engine,
            app_site: app::Site { assets: Arc::new(assets), secure },
            site: parts.site,
            public_url: parts.public_url,
            trusted_proxies: parts.trusted_proxies,
            limits: parts.limits,
            socket_rules: parts.socket_rules,
            metrics: crate::metrics::handle(),
            workers: Mutex::new(None),
            ready: AtomicBool::new(false),
            stopping,
            sockets: TaskTracker::new(),
        }))
    }

    /// Whether start-up is over and no stop was asked for.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && !self.stopping.is_cancelled()
    }

    /// Start-up is over.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Whether cookies may demand an encrypted connection. On `http://127.0.0.1` they cannot: browsers would
    /// not send them back.
    #[must_use]
    pub fn secure_cookies(&self) -> bool {
        self.app_site.secure
    }

    /// Keeps the engine's workers, so that health checks can ask after them.
    pub fn set_workers(&self, workers: Workers) {
        *self.workers.lock().unwrap_or_else(PoisonError::into_inner) = Some(workers);
    }

    /// Whether the engine's workers run.
    #[must_use]
    pub fn workers_alive(&self) -> bool {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(Workers::alive)
    }

    /// Stops the engine's workers and waits for what they have begun.
    pub async fn stop_workers(&self) {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(workers) = workers {
            workers.stop().await;
        }
    }
}

impl std::ops::Deref for AppState {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
