//! All accounts that exist, running or not, as the engine works with them: settings and opened secrets, in memory
//! only.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use balas_domain::{AccountId, Address, Timestamp, WorkspaceId, view::ProviderKind};
use balas_providers::{Provider, cloud::Cloud, gateway::Gateway};
use balas_store::{Tx, accounts};

use crate::{Engine, error::EngineError, secrets::Place};

/// One account.
pub(crate) struct Runtime {
    pub(crate) workspace: WorkspaceId,
    pub(crate) id: AccountId,
    pub(crate) external_id: String,
    /// Identities that are only unique within it: business-scoped user ids.
    pub(crate) identity_scope: String,
    pub(crate) link: Link,
    last_delivery: AtomicI64,
}

/// What is particular to a kind of account.
pub(crate) enum Link {
    Cloud(Box<CloudLink>),
    /// The bridge speaks as gateways do.
    Gateway(Box<GatewayLink>),
}

#[derive(Clone)]
pub(crate) struct CloudLink {
    pub(crate) client: Cloud,
    pub(crate) app_secret: String,
    pub(crate) verify_token: String,
}

#[derive(Clone)]
pub(crate) struct GatewayLink {
    pub(crate) client: Gateway,
    /// The number that is (or shall be) linked.
    pub(crate) own: Option<Address>,
    pub(crate) webhook_secret: String,
    pub(crate) webhook_by_hand: bool,
    /// The device is ours to delete.
    pub(crate) device_made: bool,
}

impl Runtime {
    pub(crate) fn new(
        workspace: WorkspaceId,
        id: AccountId,
        external_id: String,
        identity_scope: String,
        link: Link,
    ) -> Self {
        Self { workspace, id, external_id, identity_scope, link, last_delivery: AtomicI64::new(0) }
    }

    /// The same account, whose gateway or bridge is now reached by this client.
    pub(crate) fn reached_by(&self, client: Gateway) -> Self {
        let link = match &self.link {
            Link::Cloud(link) => Link::Cloud(link.clone()),
            Link::Gateway(link) => Link::Gateway(Box::new(GatewayLink { client, ..(**link).clone() })),
        };
        Self::new(self.workspace, self.id, self.external_id.clone(), self.identity_scope.clone(), link)
    }

    pub(crate) fn provider(&self) -> &dyn Provider {
        match &self.link {
            Link::Cloud(link) => &link.client,
            Link::Gateway(link) => &link.client,
        }
    }

    pub(crate) fn kind(&self) -> ProviderKind {
        self.provider().kind()
    }

    /// Whether our own bridge runs it.
    pub(crate) fn is_on_bridge(&self) -> bool {
        self.kind() == ProviderKind::Bridge
    }

    pub(crate) fn cloud(&self) -> Option<&CloudLink> {
        match &self.link {
            Link::Cloud(link) => Some(link),
            Link::Gateway(_) => None,
        }
    }

    /// The link with a phone, by a gateway or by our own bridge.
    pub(crate) fn gateway(&self) -> Option<&GatewayLink> {
        match &self.link {
            Link::Gateway(link) => Some(link),
            Link::Cloud(_) => None,
        }
    }

    /// The provider delivered something.
    pub(crate) fn heard(&self, at: Timestamp) {
        self.last_delivery.fetch_max(at.0, Ordering::Relaxed);
    }

    /// When the provider last delivered something since the server started.
    pub(crate) fn last_delivery(&self) -> Timestamp {
        Timestamp(self.last_delivery.load(Ordering::Relaxed))
    }
}

/// All accounts that exist.
#[derive(Default)]
pub(crate) struct Registry(RwLock<Accounts>);

#[derive(Default)]
struct Accounts {
    by_id: HashMap<AccountId, Arc<Runtime>>,
    by_external_id: HashMap<(ProviderKind, String), Arc<Runtime>>,
}

impl Registry {
    pub(crate) fn get(&self, id: AccountId) -> Option<Arc<Runtime>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_id.get(&id).cloned()
    }

    pub(crate) fn by_external_id(&self, kind: ProviderKind, external_id: &str) -> Option<Arc<Runtime>> {
        let accounts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        accounts.by_external_id.get(&(kind, external_id.to_owned())).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Runtime>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_id.values().cloned().collect()
    }

    pub(crate) fn of_kind(&self, kind: ProviderKind) -> Vec<Arc<Runtime>> {
        let mut all = self.all();
        all.retain(|runtime| runtime.kind() == kind);
        all
    }

    pub(crate) fn put(&self, runtime: Runtime) {
        let mut accounts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = accounts.by_id.remove(&runtime.id) {
            runtime.heard(old.last_delivery());
            accounts.by_external_id.remove(&(old.kind(), old.external_id.clone()));
        }
        let runtime = Arc::new(runtime);
        let key = (runtime.kind(), runtime.external_id.clone());
        accounts.by_external_id.insert(key, Arc::clone(&runtime));
        accounts.by_id.insert(runtime.id, runtime);
    }

    pub(crate) fn remove(&self, id: AccountId) {
        let mut accounts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = accounts.by_id.remove(&id) {
            accounts.by_external_id.remove(&(old.kind(), old.external_id.clone()));
        }
    }
}

/// Where an account's secrets lie.
pub(super) fn place(row: &str) -> Place<'_> {
    Place { column: "accounts.secrets", row }
}

/// Our own types always become JSON, and what we stored comes out of it again.
pub(super) fn internal(error: impl std::fmt::Display) -> EngineError {
    EngineError::Internal(error.to_string())
}

impl Engine {
    /// Reads all accounts and opens their secrets. One that cannot be opened is left out and says so in the log.
    pub(crate) async fn load_accounts(&self) -> Result<(), EngineError> {
        let mut tx = self.store.read().await?;
        for (ws, record) in accounts::all_records(&mut tx).await? {
            match self.open_account(ws, &mut tx, &record).await {
                Ok(runtime) => self.accounts.put(runtime),
                Err(error) => tracing::error!(account = %record.view.id, %error, "account left out"),
            }
        }
        Ok(())
    }

    async fn open_account(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        record: &accounts::AccountRecord,
    ) -> Result<Runtime, EngineError> {
        let row = record.view.id.to_string();
        let plain = self.vault.open(ws, tx, place(&row), &record.secrets).await?;
        let runtime = match record.view.provider {
            ProviderKind::Cloud => self.open_cloud(ws, record, &plain)?,
            ProviderKind::Gateway | ProviderKind::Bridge => self.open_linked(ws, record, &plain)?,
        };
        if let Some(at) = record.view.last_delivery_at {
            runtime.heard(at);
        }
        Ok(runtime)
    }
}
