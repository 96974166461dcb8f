//! One task per running account. One that crashes touches no other and is started again.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use balas_domain::{AccountId, view::ProviderKind};
use futures::FutureExt;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{linking::Linking, rhythm::jittered};
use crate::Engine;

/// First wait before a crashed task is started again; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The tasks of all running accounts.
#[derive(Default)]
pub(crate) struct Supervisor(Mutex<HashMap<AccountId, Arc<Watch>>>);

/// What an account's task and those outside of it share.
pub(crate) struct Watch {
    /// Ends the task.
    pub(super) stop: CancellationToken,
    /// Look now instead of later.
    pub(super) wake: Notify,
    /// The code that is shown.
    pub(super) linking: Linking,
}

impl Watch {
    fn new(stop: CancellationToken) -> Self {
        Self { stop, wake: Notify::new(), linking: Linking::default() }
    }

    /// Waits about that long, unless someone wakes the task; `false` if it shall end.
    pub(super) async fn pause(&self, engine: &Engine, wait: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(jittered(wait, engine.random())) => {}
            () = self.wake.notified() => {}
            () = self.stop.cancelled() => {}
        }
        !self.stop.is_cancelled()
    }
}

impl Supervisor {
    pub(super) fn get(&self, id: AccountId) -> Option<Arc<Watch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn put(&self, id: AccountId, watch: &Arc<Watch>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = all.insert(id, Arc::clone(watch)) {
            old.stop.cancel();
        }
    }

    /// Ends the account's task.
    pub(super) fn end(&self, id: AccountId) {
        if let Some(watch) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
            watch.stop.cancel();
        }
    }

    fn forget(&self, id: AccountId, watch: &Arc<Watch>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&id).is_some_and(|w| Arc::ptr_eq(w, watch)) {
            all.remove(&id);
        }
    }

    /// How many accounts are looked after.
    pub(crate) fn running(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Engine {
    /// Looks after an account from now on; a task that did so before ends.
    pub(super) fn run_account(&self, id: AccountId) -> Arc<Watch> {
        let watch = Arc::new(Watch::new(self.stop.child_token()));
        self.supervisor.put(id, &watch);
        let (engine, ours) = (self.clone(), Arc::clone(&watch));
        self.tasks.spawn(async move {
            keep_alive(id, || engine.look_after(id, &ours), |wait| ours.pause(&engine, wait)).await;
            engine.supervisor.forget(id, &ours);
        });
        watch
    }

    /// Looks at an account now instead of later.
    pub(super) fn wake(&self, id: AccountId) {
        if let Some(watch) = self.supervisor.get(id) {
            watch.wake.notify_one();
        }
    }

    async fn look_after(&self, id: AccountId, watch: &Watch) {
        let Some(runtime) = self.accounts.get(id) else { return };
        match runtime.kind() {
            ProviderKind::Cloud => self.attend_cloud(id, watch).await,
            ProviderKind::Gateway | ProviderKind::Bridge => self.attend_linked(id, watch).await,
        }
    }
}

/// Runs the task until it ends by itself; a crash is counted, and the task started again unless `pause` says no.
async fn keep_alive<T: Future<Output = ()>, P: Future<Output = bool>>(
    id: AccountId,
    task: impl Fn() -> T,
    pause: impl Fn(Duration) -> P,
) {
    let mut wait = FIRST_WAIT;
    while AssertUnwindSafe(task()).catch_unwind().await.is_err() {
        metrics::counter!("balas_account_restarts_total").increment(1);
        tracing::error!(account = %id, "the task of an account crashed; starting it again");
        if !pause(wait).await {
            return;
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use balas_domain::{Timestamp, ambient::test::CountingRandom};

    use super::*;

    #[tokio::test]
    async fn a_crashed_task_is_started_again_ever_later() {
        let id = AccountId::new(Timestamp(0), &CountingRandom::default());
        let (runs, waits) = (Cell::new(0), RefCell::new(Vec::new()));
        let task = || async {
            runs.set(runs.get() + 1);
            assert!(runs.get() > 3, "it crashes three times");
        };
        keep_alive(id, task, |wait| {
            waits.borrow_mut().push(wait);
            std::future::ready(true)
        })
        .await;
        assert_eq!(runs.get(), 4, "and ends by itself");
        assert_eq!(*waits.borrow(), [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]);
        let forever = || async { panic!("always") };
        keep_alive(id, forever, |_| std::future::ready(false)).await;
    }
}
