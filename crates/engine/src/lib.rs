//! What happens in Balas: messages come in, answers go out, accounts live, and everyone may only do what he may.
//!
//! Two roads cross this crate. **In:** [`Engine::receive_cloud_webhook`] verifies and journals, `ingest` turns the
//! journal into rows and events. **Out:** [`Engine::send`] stores message and job, `outbox` hands them to the
//! provider when the [`governor`] allows. [`live`] only says "look": the event log is the truth.

pub mod access;
mod accounts;
mod alerts;
pub mod ambient;
mod amend;
mod auth;
mod bridge;
mod calendar;
mod clear;
mod composed;
mod erase;
pub mod error;
mod export;
mod files;
pub mod governor;
mod groups;
mod housekeeping;
mod ingest;
mod inner;
mod jobs;
mod journal;
pub mod live;
mod look_up;
mod members;
mod open_work;
mod outbox;
mod passwords;
mod people;
mod reading;
mod routing;
pub mod secrets;
mod security;
mod sync;
mod webhooks;
mod work;
mod workspaces;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use balas_domain::{Clock, Random, Timestamp};
use balas_store::Store;
use futures::FutureExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use access::{Actor, Denied, Who};
pub use accounts::{CloudChange, GatewayChange, PairingCode, QrCode, Rhythm};
pub use alerts::{MailConfig, MailSecurity};
pub use auth::{ClientInfo, NewSession, SESSION, SignInError};
pub use bridge::BridgeConfig;
pub use error::EngineError;
pub use export::{Export, ExportOrder};
pub use files::{
    BadClamdAddress, Bytestream, ClamdAddress, FilesConfig, FoundFile, S3Config, ScanError, StorageError,
    UploadRefused,
};
pub use live::{Live, Signal};
pub use members::MemberChange;
pub use open_work::OpenWork;
pub use reading::EventsAfter;
pub use webhooks::{ChallengeError, GatewayTarget, WebhookError, WebhookTarget};
pub use workspaces::NewOwner;

/// A worker that panicked is started again after this long.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// How the engine reaches the outside.
#[derive(Clone, Debug)]
pub struct Config {
    /// Base of the Graph API without version, e.g. `https://graph.facebook.com`.
    pub cloud_base_url: String,
    /// Version of the Graph API, e.g. `v23.0`.
    pub cloud_version: String,
    /// Where gateways reach this server: scheme, host and port. Without it they cannot be told where to deliver.
    pub webhook_base: Option<String>,
    /// Our own bridge; `None` where no account is run.
    pub bridge: Option<BridgeConfig>,
    /// The mail server that alerts are sent with; `None`: no e-mails.
    pub mail: Option<MailConfig>,
    /// Where files of messages lie.
    pub files: FilesConfig,
    /// How often accounts are looked after.
    pub rhythm: Rhythm,
    /// Wraps the workspaces' data keys.
    pub master_key: secrets::MasterKey,
}

/// The engine. Clones are cheap and share everything.
#[derive(Clone)]
pub struct Engine(Arc<inner::Inner>);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("backend", &self.0.store.backend()).finish_non_exhaustive()
    }
}

impl std::ops::Deref for Engine {
    type Target = inner::Inner;
    fn deref(&self) -> &inner::Inner {
        &self.0
    }
}

impl Engine {
    /// An engine on a migrated store. Nothing runs until [`Engine::start`].
    ///
    /// # Errors
    /// When no HTTP client can be made, or files have no place.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        config: Config,
    ) -> Result<Self, EngineError> {
        let client = |limits| {
            balas_providers::http::client_with(limits).map_err(|e| EngineError::Internal(e.to_string()))
        };
        let http = client(balas_providers::http::Limits::default())?;
        let gateway_http = client(balas_providers::gateway::LIMITS)?;
        Ok(Self(Arc::new(inner::Inner {
            vault: secrets::Vault::new(config.master_key.clone(), Arc::clone(&random)),
            journal: journal::Journal::new(),
            accounts: accounts::Registry::default(),
            supervisor: accounts::Supervisor::default(),
            bridge: bridge::Bridge::default(),
            files: files::Files::new(&config.files)?,
            jobs: jobs::Wake::default(),
            governor: governor::Governor::default(),
            sign_ins: auth::Throttle::default(),
            hashing: passwords::Hasher::default(),
            live: Live::default(),
            counted: open_work::Counted::default(),
            moments: ambient::Moments::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            store,
            clock,
            random,
            config,
            http,
            gateway_http,
        })))
    }

    /// Starts the workers: journal, ingest, jobs, accounts.
    ///
    /// # Errors
    /// When the accounts cannot be loaded.
    pub async fn start(&self) -> Result<Workers, EngineError> {
        if self.store.backend() == "sqlite" {
            // Whoever held a lease on this file is gone; on PostgreSQL another node may be at work.
            let mut tx = self.store.begin().await?;
            balas_store::jobs::release_all(&mut tx).await?;
            tx.commit().await?;
        }
        self.files.clear();
        self.load_accounts().await?;
        self.supervise("journal", |engine| async move { engine.write_journal().await });
        self.supervise("ingest", |engine| async move { engine.process_journal().await });
        self.supervise("jobs", |engine| async move { engine.run_jobs().await });
        self.supervise("bridge", |engine| async move { engine.keep_bridge().await });
        self.supervise("alerts", |engine| async move { engine.watch_alerts().await });
        self.supervise("housekeeping", |engine| async move { engine.keep_house().await });
        self.boot_accounts();
        Ok(Workers { stop: self.stop.clone(), tasks: self.tasks.clone() })
    }

    /// Runs a worker until the engine stops. One that panics is started again: whatever it was at lies in journal or
    /// job table, and what made it panic must not silence the inbox.
    fn supervise<F>(&self, name: &'static str, worker: fn(Self) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let engine = self.clone();
        self.tasks.spawn(async move {
            loop {
                let ended = AssertUnwindSafe(worker(engine.clone())).catch_unwind().await;
                if engine.stop.is_cancelled() {
                    return;
                }
                metrics::counter!("balas_worker_restarts_total", "worker" => name).increment(1);
                tracing::error!(
                    worker = name,
                    panicked = ended.is_err(),
                    "a worker ended by itself; starting it again"
                );
                engine.pause(RESTART_AFTER).await;
            }
        });
    }

    /// The store, for those above who need a table that no function here covers.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The time as the engine sees it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Randomness as the engine has it.
    pub fn random(&self) -> &dyn Random {
        &*self.0.random
    }

    /// News for whoever follows a workspace.
    pub fn live(&self) -> &Live {
        &self.0.live
    }
}

/// The running workers.
#[derive(Debug)]
pub struct Workers {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Workers {
    /// Whether workers still run.
    #[must_use]
    pub fn alive(&self) -> bool {
        !self.stop.is_cancelled() && !self.tasks.is_empty()
    }

    /// Lets what runs finish, and starts nothing new. Whatever is left lies in journal and job table.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
