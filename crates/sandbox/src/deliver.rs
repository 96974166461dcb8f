//! The webhook sender: queues per number, signed attempts, growing waits, a log of what happened.
//!
//! Webhooks of one phone keep their order as long as the receiver can be reached at all: while it cannot, its
//! lane waits. A webhook that the receiver answers but refuses steps aside and is tried again on its own, so
//! that one bad body never blocks the rest. Like Meta, only HTTP 200 counts as taken.
//!
//! Webhooks of gateways know no order: each goes its own way, and after a few attempts it is gone.

use std::{
    collections::{HashMap, VecDeque, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use balas_domain::Timestamp;
use bytes::Bytes;
use futures::StreamExt as _;
use serde::Serialize;
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use crate::{
    config::Device,
    runtime::{Feed, Shared},
    wire,
    world::{Route, Webhook},
};

/// Webhooks that one number has under way at once.
const LANES: usize = 8;
/// How many attempts the log keeps.
const LOG: usize = 2_000;
/// A shuffle window that does not fill is delivered after this.
const SHUFFLE_WAIT: Duration = Duration::from_millis(300);
/// New webhooks make a waiting lane try again, but not more often than this.
const NUDGE_PAUSE: Duration = Duration::from_millis(500);

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Counts webhooks; copies made by the `duplicate` fault have their own.
    pub webhook: u64,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Phone number id, or the number of a business's own phone.
    pub account: String,
    /// The gateway's slot that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// The customer that it is about.
    pub phone: String,
    /// What it tells: `message text`, `status read`, …
    pub what: String,
    /// Where it went.
    pub url: String,
    /// The HTTP status of the answer; none when there was no answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// How long the attempt took, in milliseconds.
    pub millis: u64,
    /// When it began, microseconds since 1970.
    pub at: Timestamp,
}

struct Job {
    number: u64,
    generation: u64,
    webhook: Webhook,
    body: Bytes,
    queued: Instant,
    attempts: u32,
}

struct Lane {
    queue: mpsc::UnboundedSender<Job>,
    nudge: Arc<Notify>,
}

enum Outcome {
    Taken,
    /// The receiver answered something else than 200.
    Refused,
    /// Nobody answered.
    Unreachable,
    /// The world was reset, or the number or slot is gone.
    Dropped,
}

/// The queues and the log.
pub(crate) struct Post {
    client: reqwest::Client,
    lanes: Mutex<HashMap<String, Vec<Lane>>>,
    shuffled: Mutex<HashMap<String, Vec<Job>>>,
    log: Mutex<VecDeque<Delivery>>,
    counter: AtomicU64,
    /// Rises with every reset; older jobs are dropped.
    generation: AtomicU64,
    pending: AtomicUsize,
    /// Something that lanes wait for changed: mute, a webhook URL, a receiver that is back.
    pub(crate) changed: Notify,
}

impl Post {
    pub(crate) fn new(client: reqwest::Client) -> Self {
        Self {
            client,
            lanes: Mutex::default(),
            shuffled: Mutex::default(),
            log: Mutex::default(),
            counter: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            changed: Notify::new(),
        }
    }

    /// The client that everything goes out with.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Webhooks that wait or are under way.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::SeqCst)
    }

    /// The newest attempts, oldest first.
    pub(crate) fn log(&self, account: Option<&str>, limit: usize) -> Vec<Delivery> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = log.iter().rev().filter(|entry| account.is_none_or(|account| entry.account == account));
        let mut found: Vec<Delivery> = newest.take(limit).cloned().collect();
        found.reverse();
        found
    }

    /// Drops everything that waits, and the log.
    pub(crate) fn reset(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        let held = std::mem::take(&mut *self.shuffled.lock().unwrap_or_else(PoisonError::into_inner));
        self.pending.fetch_sub(held.values().map(Vec::len).sum(), Ordering::SeqCst);
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.changed.notify_waiters();
    }
}

/// The client that webhooks are sent with. It speaks to this machine only, so it trusts no certificate
/// authority, follows no redirect and asks no proxy.
pub(crate) fn client() -> Result<reqwest::Client, Box<dyn std::error::Error + Send + Sync>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    #[expect(
        clippy::disallowed_methods,
        reason = "the sandbox shares no code with our providers and calls loopback only"
    )]
    let builder = reqwest::Client::builder();
    Ok(builder
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(5))
        .user_agent("facebookexternalua")
        .build()?)
}

/// Whether the sandbox may call this URL: plain http to this machine. Says why not.
pub(crate) fn allowed(url: &str) -> Result<reqwest::Url, String> {
    let url = reqwest::Url::parse(url).map_err(|error| format!("{url} is not a URL: {error}"))?;
    if url.scheme() != "http" {
        return Err("the sandbox calls http:// only, as it never leaves this machine".to_owned());
    }
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if local { Ok(url) } else { Err(format!("the sandbox calls this machine only (127.0.0.1), not {host}")) }
}

impl Shared {
    /// Queues a webhook, with the copies and the disorder that the faults ask for.
    pub(crate) fn queue(self: &Arc<Self>, webhook: Webhook) {
        let fault = self.state().faults.take_queue(&webhook.scopes());
        if fault.lost {
            return;
        }
        let body = Bytes::from(webhook.body.clone());
        for copy in 0..fault.copies.max(1) {
            let job = Job {
                number: self.post.counter.fetch_add(1, Ordering::SeqCst) + 1,
                generation: self.post.generation.load(Ordering::SeqCst),
                webhook: webhook.clone(),
                body: body.clone(),
                queued: Instant::now(),
                attempts: 0,
            };
            self.post.pending.fetch_add(1, Ordering::SeqCst);
            match fault.shuffle {
                Some(window) => self.hold(job, window),
                // Copies take different lanes, so that they may meet at the receiver.
                None => self.dispatch(job, copy as usize),
            }
        }
    }

    fn hold(self: &Arc<Self>, job: Job, window: usize) {
        let account = job.webhook.account.clone();
        let mut shuffled = self.post.shuffled.lock().unwrap_or_else(PoisonError::into_inner);
        let held = shuffled.entry(account.clone()).or_default();
        held.push(job);
        let (first, full) = (held.len() == 1, held.len() >= window);
        drop(shuffled);
        if full {
            self.release(&account);
        } else if first {
            let shared = Arc::clone(self);
            self.spawn(async move {
                tokio::time::sleep(SHUFFLE_WAIT).await;
                shared.release(&account);
            });
        }
    }

    fn release(self: &Arc<Self>, account: &str) {
        let held = self.post.shuffled.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
        let mut held = held.unwrap_or_default();
        // Fisher–Yates; the slight bias of the remainder does not matter here.
        for last in (1..held.len()).rev() {
            let mut bytes = [0; 8];
            self.random.fill(&mut bytes);
            held.swap(last, (u64::from_le_bytes(bytes) % (last as u64 + 1)) as usize);
        }
        for (index, job) in held.into_iter().enumerate() {
            self.dispatch(job, index);
        }
    }

    fn dispatch(self: &Arc<Self>, job: Job, shift: usize) {
        if job.webhook.route.is_some() {
            let shared = Arc::clone(self);
            self.spawn(async move { shared.deliver_event(job).await });
            return;
        }
        let mut hasher = DefaultHasher::new();
        job.webhook.phone.hash(&mut hasher);
        let lane = (hasher.finish() as usize).wrapping_add(shift) % LANES;
        let mut lanes = self.post.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lanes = lanes
            .entry(job.webhook.account.clone())
            .or_insert_with(|| (0..LANES).map(|_| self.open_lane()).collect());
        lanes[lane].nudge.notify_one();
        if lanes[lane].queue.send(job).is_err() {
            // Lanes close only when the sandbox stops.
            self.post.pending.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn open_lane(self: &Arc<Self>) -> Lane {
        let (queue, mut jobs) = mpsc::unbounded_channel();
        let nudge = Arc::new(Notify::new());
        let (shared, nudged) = (Arc::clone(self), Arc::clone(&nudge));
        self.spawn(async move {
            while let Some(job) = jobs.recv().await {
                if let Some(refused) = shared.deliver(job, Some(&nudged)).await {
                    let later = Arc::clone(&shared);
                    shared.spawn(async move {
                        // Without a lane nobody is held up, so refusals are waited for as well.
                        later.deliver(refused, None).await;
                    });
                }
            }
        });
        Lane { queue, nudge }
    }

    /// Delivers a job. With a lane it comes back when it was refused; without, it is tried until somebody
    /// takes it or its time is over.
    async fn deliver(&self, mut job: Job, lane: Option<&Notify>) -> Option<Job> {
        if lane.is_none() {
            tokio::time::sleep(self.wait_before(job.attempts)).await;
        }
        loop {
            match self.attempt(&mut job).await {
                Outcome::Taken => {
                    // Whoever waits for this receiver to come back need not wait longer.
                    self.post.changed.notify_waiters();
                    break;
                }
                Outcome::Dropped => break,
                _ if job.queued.elapsed() >= self.timing.give_up_after => {
                    tracing::warn!(webhook = job.number, "gave up a webhook that nobody took");
                    break;
                }
                Outcome::Refused if lane.is_some() => return Some(job),
                Outcome::Refused => tokio::time::sleep(self.wait_before(job.attempts)).await,
                Outcome::Unreachable => self.wait_for_receiver(self.wait_before(job.attempts), lane).await,
            }
        }
        self.post.pending.fetch_sub(1, Ordering::SeqCst);
        None
    }

    /// Delivers what a gateway tells: a few attempts, then it is forgotten.
    async fn deliver_event(&self, mut job: Job) {
        loop {
            match self.attempt(&mut job).await {
                Outcome::Taken | Outcome::Dropped => break,
                Outcome::Refused | Outcome::Unreachable => {}
            }
            let Some(wait) = self.timing.gateway_waits.get((job.attempts as usize).saturating_sub(1)) else {
                tracing::debug!(webhook = job.number, "a gateway gave up a webhook that nobody took");
                break;
            };
            tokio::time::sleep(*wait).await;
        }
        self.post.pending.fetch_sub(1, Ordering::SeqCst);
    }

    fn wait_before(&self, attempts: u32) -> Duration {
        let waits = &self.timing.retry_waits;
        let index = (attempts.saturating_sub(1) as usize).min(waits.len().saturating_sub(1));
        waits.get(index).copied().unwrap_or(NUDGE_PAUSE)
    }

    async fn wait_for_receiver(&self, wait: Duration, lane: Option<&Notify>) {
        let full = tokio::time::sleep(wait);
        tokio::pin!(full);
        let changed = self.post.changed.notified();
        let Some(nudge) = lane else {
            tokio::select! { () = &mut full => {}, () = changed => {} }
            return;
        };
        let early = async {
            tokio::time::sleep(NUDGE_PAUSE).await;
            nudge.notified().await;
        };
        tokio::select! { () = &mut full => {}, () = changed => {}, () = early => {} }
    }

    async fn attempt(&self, job: &mut Job) -> Outcome {
        let account = job.webhook.account.clone();
        let route = job.webhook.route.clone();
        let (url, secret, fault) = loop {
            // Registered before looking, so that no change slips in between.
            let changed = self.post.changed.notified();
            if job.generation != self.post.generation.load(Ordering::SeqCst) {
                return Outcome::Dropped;
            }
            {
                let mut state = self.state();
                let (url, secret) = match &route {
                    Some(route) if state.slot(&route.device).is_none() => return Outcome::Dropped,
                    Some(route) => (Some(route.url.clone()), route.secret.clone()),
                    None => {
                        let Some(number) = state.number(&account) else { return Outcome::Dropped };
                        (number.webhook_url.clone(), number.app_secret.clone())
                    }
                };
                let scopes = job.webhook.scopes();
                if let Some(url) = url
                    && !state.faults.muted(&scopes)
                {
                    break (url, secret, state.faults.take_attempt(&scopes));
                }
            }
            changed.await;
        };
        job.attempts += 1;
        let (at, began) = (self.clock.now(), Instant::now());
        let secret = if fault.wrong_signature { format!("{secret}, but wrong") } else { secret };
        let signature = wire::signature(&secret, &job.body);
        let (status, error) =
            match self.call(&url, &signature, job.body.clone(), fault.slow, route.as_ref()).await {
                Ok(status) => (Some(status), None),
                Err(error) => (None, Some(error)),
            };
        self.record(Delivery {
            webhook: job.number,
            attempt: job.attempts,
            account,
            device: route.as_ref().map(|route| route.device.clone()),
            phone: job.webhook.phone.clone(),
            what: job.webhook.label.clone(),
            url,
            status,
            error,
            millis: began.elapsed().as_millis() as u64,
            at,
        });
        match status {
            Some(200) => Outcome::Taken,
            Some(201..300) if route.is_some() => Outcome::Taken,
            Some(_) => Outcome::Refused,
            None => Outcome::Unreachable,
        }
    }

    async fn call(
        &self,
        url: &str,
        signature: &str,
        body: Bytes,
        slow: Duration,
        route: Option<&Route>,
    ) -> Result<u16, String> {
        let url = allowed(url)?;
        let request = self
            .post
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature)
            .timeout(self.timing.attempt_timeout + slow);
        let request = match route {
            Some(_) => request.header("user-agent", "Go-http-client/1.1"),
            None => request,
        };
        let chunked = route.is_some_and(|route| route.chunked);
        let request =
            if slow.is_zero() && !chunked { request.body(body) } else { request.body(trickle(body, slow)) };
        match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                // Reading it to the end lets the connection be used again.
                let _ = answer.bytes().await;
                Ok(status)
            }
            Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
            Err(error) if error.is_connect() => Err("nobody listens there".to_owned()),
            Err(error) => Err(error.without_url().to_string()),
        }
    }

    fn record(&self, delivery: Delivery) {
        let mut log = self.post.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOG {
            log.pop_front();
        }
        log.push_back(delivery.clone());
        drop(log);
        self.tell(Feed::Delivery(Box::new(delivery)));
    }
}

/// A body whose length is not told before: at once, or in ten pieces over the given time.
fn trickle(body: Bytes, over: Duration) -> reqwest::Body {
    let pieces = if over.is_zero() { 1 } else { 10 };
    let size = body.len().div_ceil(pieces).max(1);
    let pieces: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    let pause = over / u32::try_from(pieces.len()).unwrap_or(1).max(1);
    let stream = futures::stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, std::io::Error>(piece)
    });
    reqwest::Body::wrap_stream(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_this_machine_only() {
        for good in ["http://127.0.0.1:3000/webhooks/cloud", "http://localhost/x", "http://[::1]:80/"] {
            assert!(allowed(good).is_ok(), "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "nonsense",
            "http://10.0.0.1/",
        ] {
            assert!(allowed(bad).is_err(), "{bad}");
        }
    }
}
