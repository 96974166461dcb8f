//! What holds the world together while it runs: the lock, the clock, tasks, and the feed for watching pages.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use balas_domain::{Clock, Random, Timestamp};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    blob::Blobs,
    config::{Device, Number, Timing},
    deliver::{Delivery, Post},
    graph_error::GraphError,
    seed,
    world::{Effects, News, Outgoing, Parcel, Reading, State, Status},
};

/// What watching pages get told.
#[derive(Clone, Debug)]
pub(crate) enum Feed {
    /// The world changed.
    News(News),
    /// A webhook was tried.
    Delivery(Box<Delivery>),
}

/// Everything that handlers and tasks share.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) blobs: Blobs,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) timing: Timing,
    pub(crate) post: Post,
    feed: broadcast::Sender<Feed>,
    pub(crate) cancel: CancellationToken,
    tasks: TaskTracker,
    /// The number that starts with the seeded conversations.
    seeded: Option<String>,
}

impl Shared {
    pub(crate) fn new(
        state: State,
        seeded: Option<String>,
        timing: Timing,
        client: reqwest::Client,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let shared = Self {
            state: Mutex::new(state),
            blobs: Blobs::default(),
            clock,
            random,
            timing,
            post: Post::new(client),
            feed: broadcast::channel(1_024).0,
            cancel: CancellationToken::new(),
            tasks: TaskTracker::new(),
            seeded,
        };
        shared.plant();
        shared
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Runs a task until it ends or the sandbox stops.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let cancel = self.cancel.clone();
        self.tasks.spawn(async move {
            tokio::select! { () = cancel.cancelled() => {}, () = task => {} }
        });
    }

    /// Ends all tasks and waits for them.
    pub(crate) async fn stop(&self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Feed> {
        self.feed.subscribe()
    }

    pub(crate) fn tell(&self, feed: Feed) {
        // An error only says that nobody watches.
        let _ = self.feed.send(feed);
    }

    /// Sends out what a change led to.
    pub(crate) fn carry_out(self: &Arc<Self>, effects: Effects) {
        for news in effects.news {
            self.tell(Feed::News(news));
        }
        for webhook in effects.webhooks {
            self.queue(webhook);
        }
    }

    /// A business sends: accepts the message and lets it climb on its own.
    pub(crate) fn send(
        self: &Arc<Self>,
        account: &str,
        outgoing: Outgoing,
        fail: Option<i64>,
    ) -> Result<Value, GraphError> {
        let accepted = self.state().send(account, outgoing, fail, self.now(), &*self.random)?;
        self.carry_out(accepted.effects);
        if accepted.climbs {
            let shared = Arc::clone(self);
            self.spawn(async move { shared.climb(accepted.account, accepted.id).await });
        }
        Ok(accepted.response)
    }

    /// A gateway sends through the phone that is linked to it; returns the message id, nothing when no phone
    /// is linked.
    pub(crate) fn send_linked(self: &Arc<Self>, device: &Device, parcel: Parcel) -> Option<String> {
        let accepted = self.state().send_linked(device, parcel, self.now(), &*self.random)?;
        self.carry_out(accepted.effects);
        let id = accepted.id.clone();
        if accepted.climbs {
            let shared = Arc::clone(self);
            self.spawn(async move { shared.climb(accepted.account, accepted.id).await });
        }
        Some(id)
    }

    /// A phone took a gateway's code: it is ready a moment later.
    pub(crate) fn finish_link(self: &Arc<Self>, device: Device) {
        let shared = Arc::clone(self);
        self.spawn(async move {
            tokio::time::sleep(shared.timing.link_after).await;
            let effects = shared.state().finish_link(&device, shared.now());
            shared.carry_out(effects);
        });
    }

    /// Numbers, gateways or links changed.
    pub(crate) fn numbers_changed(&self) {
        self.tell(Feed::News(News::Numbers));
    }

    async fn climb(self: Arc<Self>, account: String, id: String) {
        tokio::time::sleep(self.timing.delivered_after).await;
        let effects = self.state().advance(&account, &id, Status::Delivered, self.now());
        self.carry_out(effects);
        let reading = self.state().reading(&account, &id);
        match reading {
            Reading::WhenTold => return,
            Reading::Now => {}
            Reading::Soon => tokio::time::sleep(self.timing.read_after).await,
        }
        let effects = self.state().advance(&account, &id, Status::Read, self.now());
        self.carry_out(effects);
    }

    /// Sets where a number's webhooks go; false when the number is unknown.
    pub(crate) fn set_webhook_url(&self, phone_number_id: &str, url: Option<String>) -> bool {
        let known = self.state().set_webhook_url(phone_number_id, url);
        self.post.changed.notify_waiters();
        self.tell(Feed::News(News::Numbers));
        known
    }

    /// Back to the beginning; numbers and webhook URLs stay.
    pub(crate) fn reset(&self) {
        self.state().reset();
        self.post.reset();
        self.plant();
        self.tell(Feed::News(News::Reset));
    }

    fn plant(&self) {
        let now = self.now();
        let mut state = self.state();
        let Some(number) = self.seeded.as_deref().and_then(|id| state.number(id)).cloned() else { return };
        let Number { phone_number_id, .. } = &number;
        for (id, file) in seed::files(&self.blobs) {
            state.keep_as(id, phone_number_id, file, now);
        }
        state.load(phone_number_id, &seed::bodies(&number, now), now);
    }
}
