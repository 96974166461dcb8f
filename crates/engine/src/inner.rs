//! The engine's parts, in a room of their own so that nothing outside the crate can name them.

use std::sync::Arc;

use balas_domain::{Clock, Random};
use balas_store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Config, Live};

/// What all clones of an engine share.
pub struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) moments: crate::ambient::Moments,
    pub(crate) config: Config,
    pub(crate) http: reqwest::Client,
    /// Waits as long as gateways do.
    pub(crate) gateway_http: reqwest::Client,
    pub(crate) vault: crate::secrets::Vault,
    pub(crate) live: Live,
    pub(crate) counted: crate::open_work::Counted,
    pub(crate) accounts: crate::accounts::Registry,
    pub(crate) supervisor: crate::accounts::Supervisor,
    pub(crate) bridge: crate::bridge::Bridge,
    pub(crate) files: crate::files::Files,
    pub(crate) journal: crate::journal::Journal,
    pub(crate) jobs: crate::jobs::Wake,
    pub(crate) governor: crate::governor::Governor,
    pub(crate) sign_ins: crate::auth::Throttle,
    pub(crate) hashing: crate::passwords::Hasher,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}
