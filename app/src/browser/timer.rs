//! Waiting.

use std::time::Duration;

use futures::channel::oneshot;
use leptos::prelude::{set_timeout, set_timeout_with_handle};

/// Waits. Background tabs may wait longer than asked.
pub(crate) async fn sleep(duration: Duration) {
    let (done, waiting) = oneshot::channel::<()>();
    set_timeout(
        move || {
            let _ = done.send(());
        },
        duration,
    );
    let _ = waiting.await;
}

/// Runs something later unless it is asked again before: for searches while typing.
#[derive(Clone, Copy)]
pub(crate) struct Debounce {
    pending: leptos::prelude::StoredValue<Option<leptos::prelude::TimeoutHandle>>,
    wait: Duration,
}

impl Debounce {
    pub(crate) fn new(wait: Duration) -> Self {
        Self { pending: leptos::prelude::StoredValue::new(None), wait }
    }

    pub(crate) fn run(&self, task: impl FnOnce() + 'static) {
        use leptos::prelude::{SetValue as _, UpdateValue as _};
        self.pending.try_update_value(|pending| {
            if let Some(handle) = pending.take() {
                handle.clear();
            }
        });
        if let Ok(handle) = set_timeout_with_handle(task, self.wait) {
            self.pending.set_value(Some(handle));
        }
    }
}
