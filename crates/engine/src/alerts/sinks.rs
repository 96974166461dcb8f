//! Tells an alert to the outside: a signed POST to the workspace's webhook, and a mail to each address. Each is a durable
//! job, tried again until it is taken or too old to be of use.

use balas_domain::{AlertId, AlertView, Priority, Timestamp, WorkspaceId};
use balas_providers::sign;
use balas_store::{Write, accounts, alerts, jobs, workspaces};
use serde::{Deserialize, Serialize};

use super::{mail::MailError, place};
use crate::{Engine, error::EngineError, jobs::Done, routing};

/// Tries; about two hours in all. By then somebody has looked, or the news is old.
const MAX_TRIES: i32 = 30;
/// Carries the signature of the body, as Meta's webhooks do.
const SIGNATURE: &str = "X-Hub-Signature-256";

/// What is told, as it was when it happened.
#[derive(Clone, Serialize, Deserialize)]
struct News {
    /// `alert.raised` or `alert.closed`.
    event: String,
    workspace: String,
    account: String,
    alert: AlertView,
}

#[derive(Serialize, Deserialize)]
struct MailJob {
    to: String,
    news: News,
}

impl Engine {
    /// Sees to it that the alert's new state is told.
    pub(super) async fn tell(&self, write: &mut Write, id: AlertId) -> Result<(), EngineError> {
        let ws = write.workspace();
        let Some(alert) = alerts::view(ws, write.tx(), id).await? else { return Ok(()) };
        let settings = routing::settings(ws, write.tx()).await?;
        if settings.alert_webhook.is_none() && settings.alert_emails.is_empty() {
            return Ok(());
        }
        let account = accounts::view(ws, write.tx(), alert.account_id).await?.map(|a| a.name);
        let workspace = workspaces::get(ws, write.tx()).await?.map(|w| w.name);
        let event = if alert.closed_at.is_some() { "alert.closed" } else { "alert.raised" };
        let news = News {
            event: event.to_owned(),
            workspace: workspace.unwrap_or_default(),
            account: account.unwrap_or_default(),
            alert,
        };
        if settings.alert_webhook.is_some() {
            self.enqueue_news(write, "alert_webhook", &format!("alert:{id}"), &news).await?;
        }
        for to in settings.alert_emails {
            let key = format!("alert:{id}:{to}");
            let job = MailJob { to, news: news.clone() };
            self.enqueue_news(write, "alert_mail", &key, &job).await?;
        }
        Ok(())
    }

    async fn enqueue_news(
        &self,
        write: &mut Write,
        kind: &str,
        queue: &str,
        what: &impl Serialize,
    ) -> Result<(), EngineError> {
        let (ws, now) = (write.workspace(), write.now());
        let job = jobs::NewJob {
            priority: Priority::High,
            // That it is over is never told before that it began.
            queue_key: Some(queue.to_owned()),
            ..self.job(now, kind, what)?
        };
        jobs::enqueue(ws, write.tx(), &job).await?;
        Ok(())
    }

    pub(crate) async fn run_alert_webhook(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Some((url, secret)) = self.alert_webhook(job.workspace_id).await? else {
            // Nobody wants to know any more.
            return Ok(Done::Remove);
        };
        let body = job.payload.to_string();
        let request = self
            .http
            .post(url)
            .header(SIGNATURE, sign(&secret, body.as_bytes()))
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body);
        Ok(match request.send().await {
            Ok(answer) if answer.status().is_success() => Done::Remove,
            Ok(answer) => {
                self.again(job, format!("the webhook answered with HTTP status {}", answer.status()))
            }
            // The address stays out of the log: it may hold a key.
            Err(error) => self.again(job, error.without_url().to_string()),
        })
    }

    async fn alert_webhook(&self, ws: WorkspaceId) -> Result<Option<(String, String)>, EngineError> {
        let mut tx = self.store.read().await?;
        let Some(url) = routing::settings(ws, &mut tx).await?.alert_webhook else { return Ok(None) };
        let Some(sealed) = workspaces::alert_secret(ws, &mut tx).await? else { return Ok(None) };
        let secret = self.vault.open(ws, &mut tx, place(&ws.to_string()), &sealed).await?;
        Ok(String::from_utf8(secret).ok().map(|secret| (url, secret)))
    }

    pub(crate) async fn run_alert_mail(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(MailJob { to, news }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(Done::Bury("unreadable payload".to_owned()));
        };
        // Switched off since.
        let Some(mail) = &self.config.mail else { return Ok(Done::Remove) };
        let (subject, text) = letter(&news);
        Ok(match mail.send(&to, &subject, &text).await {
            Ok(()) => Done::Remove,
            Err(MailError::Later(why)) => self.again(job, why),
            Err(error @ MailError::Unusable(_)) => Done::Bury(error.to_string()),
        })
    }

    fn again(&self, job: &jobs::Job, why: String) -> Done {
        if job.attempts + 1 < MAX_TRIES {
            Done::Retry(self.clock.now().after(self.retry_after(job.attempts)), why)
        } else {
            Done::Bury(why)
        }
    }
}

/// Subject and text of the mail.
fn letter(news: &News) -> (String, String) {
    let News { account, workspace, alert, .. } = news;
    let what = match alert.kind {
        balas_domain::AlertKind::Mute => "does not receive messages directly",
        balas_domain::AlertKind::NotConnected => "is not connected",
        balas_domain::AlertKind::Failing => "cannot send messages",
        balas_domain::AlertKind::BridgeRestarted => "was interrupted",
    };
    let (subject, at) = match alert.closed_at {
        None => (format!("{account} {what}"), alert.raised_at),
        Some(at) => (format!("Over: {account} {what}"), at),
    };
    let text = format!(
        "{subject}.\n\nWorkspace: {workspace}\nNumber: {account}\nSince: {}\n{}\n{}\n",
        written(alert.raised_at),
        alert.closed_at.map(|_| format!("Over since: {}\n", written(at))).unwrap_or_default(),
        alert.detail
    );
    (subject, text)
}

fn written(at: Timestamp) -> String {
    format!("{at} (UTC)")
}
