//! Alerts: what people must be told about accounts. Raised where it is noticed, closed by [`Engine::watch_alerts`] when it
//! is over, and told to open pages (as events), to the workspace's webhook and by e-mail (`sinks`).

mod mail;
mod sinks;

use balas_domain::{
    AccountId, AccountStatus, AlertId, AlertKind, AlertView, Permission, Timestamp, WorkspaceId,
    form::AlertWebhookForm, query::MAX_PAGE, settings::WorkspaceSettings, view::FailureClass,
};
use balas_store::{StoreError, Tx, Write, accounts, alerts, workspaces};

pub use mail::{MailConfig, MailSecurity};

use crate::{
    Engine,
    access::{Actor, Who},
    error::EngineError,
    routing,
    secrets::Place,
};

/// What the passing of time does to alerts.
enum Change {
    /// An account has not been connected for too long.
    Lost { account: AccountId, detail: String },
    /// An alert tells of what is no more.
    Over { account: AccountId, kind: AlertKind },
}

/// So many messages in a row that could not be sent are an alert.
const FAILURES: u32 = 5;

impl Engine {
    /// The newest alerts, newest first; with `closed` also those that are over.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn alerts(&self, actor: &Actor, closed: bool) -> Result<Vec<AlertView>, EngineError> {
        actor.require(Permission::ReadAccounts)?;
        let mut tx = self.store.read().await?;
        Ok(alerts::list(actor.workspace, &mut tx, closed, MAX_PAGE).await?)
    }

    /// Takes note of an alert. It stays open until what it tells of is over.
    ///
    /// # Errors
    /// When the actor may not, or there is no such alert.
    pub async fn acknowledge_alert(&self, actor: &Actor, id: AlertId) -> Result<AlertView, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let by = match &actor.who {
            Who::Member { name, .. } | Who::Token { name, .. } => name.as_str(),
            Who::System => "Balas",
        };
        let missing = EngineError::NotFound { what: "alert" };
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        match alerts::acknowledge(&mut write, id, by).await {
            Err(StoreError::NotFound) => return Err(missing),
            other => other?,
        }
        self.publish(write).await?;
        let mut tx = self.store.read().await?;
        alerts::view(actor.workspace, &mut tx, id).await?.ok_or(missing)
    }

    /// Says where alerts are posted to and with what they are signed, or that they are not any more.
    ///
    /// # Errors
    /// When the actor may not, or a field is wrong.
    pub async fn set_alert_webhook(
        &self,
        actor: &Actor,
        webhook: Option<&AlertWebhookForm>,
    ) -> Result<WorkspaceSettings, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        EngineError::of_fields(webhook.map(AlertWebhookForm::validate).unwrap_or_default())?;
        let (ws, now) = (actor.workspace, self.clock.now());
        let mut write = self.store.write(ws, now).await?;
        let mut settings = routing::settings(ws, write.tx()).await?;
        settings.alert_webhook = webhook.map(|webhook| webhook.url.trim().to_owned());
        let sealed = match webhook {
            Some(webhook) => {
                let row = ws.to_string();
                let plain = webhook.secret.trim().as_bytes();
                Some(self.vault.seal(ws, write.tx(), now, place(&row), plain).await?)
            }
            None => None,
        };
        workspaces::set_alert_secret(ws, write.tx(), sealed.as_deref()).await?;
        routing::store_settings(&mut write, &settings).await?;
        self.publish(write).await?;
        Ok(settings)
    }

    /// Raises an alert, unless one of that kind is open already. What fails is tried again by whoever noticed it.
    pub(crate) async fn raise_alert(
        &self,
        ws: WorkspaceId,
        account: AccountId,
        kind: AlertKind,
        detail: &str,
    ) {
        let raised = async {
            let mut write = self.store.write(ws, self.clock.now()).await?;
            self.raise(&mut write, account, kind, detail).await?;
            self.publish(write).await?;
            self.jobs.wake();
            Ok::<_, EngineError>(())
        };
        if let Err(error) = raised.await {
            tracing::warn!(%account, %kind, %error, "an alert could not be raised");
        }
    }

    /// Raises an alert with what shows it.
    pub(crate) async fn raise(
        &self,
        write: &mut Write,
        account: AccountId,
        kind: AlertKind,
        detail: &str,
    ) -> Result<(), EngineError> {
        let id = AlertId::new(write.now(), &*self.random);
        if alerts::raise(write, id, account, kind, detail).await? {
            metrics::counter!("balas_alerts_total", "kind" => kind.as_str()).increment(1);
            tracing::warn!(%account, %kind, detail, "alert");
            self.tell(write, id).await?;
        }
        Ok(())
    }

    /// Closes an alert, if one is open: what it told of is over.
    pub(crate) async fn close_alert(
        &self,
        write: &mut Write,
        account: AccountId,
        kind: AlertKind,
    ) -> Result<(), EngineError> {
        if let Some(id) = alerts::close(write, account, kind).await? {
            self.tell(write, id).await?;
        }
        Ok(())
    }

    /// Notes that sending a message failed. It is counted in the database, so that a restart forgets nothing.
    pub(crate) async fn note_failure(
        &self,
        ws: WorkspaceId,
        account: AccountId,
        class: FailureClass,
        text: &str,
    ) {
        // One customer's affair says nothing about the account.
        if matches!(class, FailureClass::Recipient | FailureClass::WindowClosed | FailureClass::Throttled) {
            return;
        }
        let noted = async {
            let mut write = self.store.write(ws, self.clock.now()).await?;
            if accounts::sending_failed(&mut write, account).await? >= FAILURES {
                let detail =
                    format!("{FAILURES} messages in a row could not be sent. The last one said: {text}");
                self.raise(&mut write, account, AlertKind::Failing, &detail).await?;
            }
            self.publish(write).await?;
            self.jobs.wake();
            Ok::<_, EngineError>(())
        };
        if let Err(error) = noted.await {
            tracing::warn!(%account, %error, "a failure could not be noted");
        }
    }

    /// Raises what only time shows, and closes what is over, until the engine stops.
    pub(crate) async fn watch_alerts(&self) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.look_at_alerts().await {
                tracing::warn!(%error, "alerts could not be looked at; trying again");
            }
            self.pause(self.config.rhythm.alerts).await;
        }
    }

    async fn look_at_alerts(&self) -> Result<(), EngineError> {
        let now = self.clock.now();
        let health = {
            let mut tx = self.store.read().await?;
            accounts::health(&mut tx).await?
        };
        for of_workspace in health.chunk_by(|a, b| a.workspace_id == b.workspace_id) {
            let ws = of_workspace[0].workspace_id;
            let something = {
                let mut tx = self.store.read().await?;
                !self.changes(ws, &mut tx, of_workspace, now).await?.is_empty()
            };
            if !something {
                continue;
            }
            // Judged again with nobody else writing: what was seen above may be older than an alert raised since.
            let mut write = self.store.write(ws, now).await?;
            let mut health = accounts::health(write.tx()).await?;
            health.retain(|account| account.workspace_id == ws);
            for change in self.changes(ws, write.tx(), &health, now).await? {
                match change {
                    Change::Lost { account, detail } => {
                        self.raise(&mut write, account, AlertKind::NotConnected, &detail).await?;
                    }
                    Change::Over { account, kind } => {
                        self.close_alert(&mut write, account, kind).await?;
                    }
                }
            }
            self.publish(write).await?;
            self.jobs.wake();
        }
        Ok(())
    }

    /// What has to be raised or closed in a workspace.
    async fn changes(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        health: &[accounts::Health],
        now: Timestamp,
    ) -> Result<Vec<Change>, EngineError> {
        let open = alerts::list(ws, tx, false, MAX_PAGE).await?;
        let patience = routing::settings(ws, tx).await?.alert_after_minutes;
        let patience = self.config.rhythm.minute * u32::from(patience);
        let is_open = |id, kind| open.iter().any(|alert| alert.account_id == id && alert.kind == kind);
        let lost = health.iter().filter(|account| {
            account.lost_since.is_some_and(|since| now.since(since) >= patience)
                && !is_open(account.id, AlertKind::NotConnected)
        });
        let lost = lost.map(|account| Change::Lost {
            account: account.id,
            detail: account.detail.clone().unwrap_or_else(|| "It is not connected.".to_owned()),
        });
        let over = open.iter().filter(|alert| {
            let account = health.iter().find(|account| account.id == alert.account_id);
            account.is_none_or(|account| self.is_over(alert, account, now))
        });
        let over = over.map(|alert| Change::Over { account: alert.account_id, kind: alert.kind });
        Ok(lost.chain(over).collect())
    }

    fn is_over(&self, alert: &AlertView, account: &accounts::Health, now: Timestamp) -> bool {
        // Somebody has stopped it: nothing is expected of it.
        let stopped = account.status == AccountStatus::Idle;
        let since = alert.raised_at;
        stopped
            || match alert.kind {
                AlertKind::NotConnected => account.lost_since.is_none(),
                AlertKind::Mute => {
                    self.accounts.get(account.id).is_some_and(|runtime| runtime.last_delivery() > since)
                }
                AlertKind::Failing => account.failures < FAILURES,
                AlertKind::BridgeRestarted => {
                    let calm_since = self.bridge.broke_at().max(since);
                    account.lost_since.is_none() && now.since(calm_since) >= self.config.rhythm.calm
                }
            }
    }

    /// The bridge has ended by itself: told at all accounts that it ran.
    pub(crate) async fn alert_bridge_restart(&self, why: &str) {
        let running = async {
            let mut tx = self.store.read().await?;
            accounts::health(&mut tx).await
        };
        let detail = format!(
            "The bridge, which runs WhatsApp Web, has ended by itself ({why}) and was started again. If that happens often, look \
             at the server's log and at its memory."
        );
        for account in running.await.unwrap_or_default() {
            let running = !matches!(account.status, AccountStatus::Idle | AccountStatus::Error);
            let on_bridge = self.accounts.get(account.id).is_some_and(|runtime| runtime.is_on_bridge());
            if running && on_bridge {
                self.raise_alert(account.workspace_id, account.id, AlertKind::BridgeRestarted, &detail).await;
            }
        }
    }
}

/// Where the secret of a workspace's alert webhook lies.
fn place(row: &str) -> Place<'_> {
    Place { column: "workspaces.alert_secret", row }
}
