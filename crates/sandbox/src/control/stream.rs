//! `GET /control/stream`: server-sent events for the page. While it is open with `account` and `phone`, that
//! chat counts as open on the phone, so the customer reads what arrives.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::Ask;
use crate::{
    runtime::{Feed, Shared},
    world::News,
};

#[derive(Deserialize)]
pub(super) struct Watching {
    account: Option<String>,
    phone: Option<String>,
}

/// A chat that is open on a page; closing the page closes it.
struct OpenChat {
    shared: Arc<Shared>,
    account: String,
    phone: String,
}

impl OpenChat {
    fn new(shared: Arc<Shared>, account: String, phone: String) -> Self {
        let effects = shared.state().watch(&account, &phone, true, shared.now());
        shared.carry_out(effects);
        Self { shared, account, phone }
    }
}

impl Drop for OpenChat {
    fn drop(&mut self) {
        let now = self.shared.now();
        self.shared.state().watch(&self.account, &self.phone, false, now);
    }
}

struct Watcher {
    shared: Arc<Shared>,
    feed: Receiver<Feed>,
    greeted: bool,
    _open: Option<OpenChat>,
}

pub(super) async fn stream(
    State(shared): State<Arc<Shared>>,
    Ask(watching): Ask<Watching>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // Listening begins before the chat opens, so that the page sees its own ticks turn.
    let feed = shared.listen();
    let open = watching.account.zip(watching.phone);
    let open = open.map(|(account, phone)| OpenChat::new(Arc::clone(&shared), account, phone));
    let watcher = Watcher { shared, feed, greeted: false, _open: open };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let value = watcher.next().await?;
        Some((Ok(Event::default().data(value.to_string())), watcher))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

impl Watcher {
    /// The next event, or the end when the sandbox stops.
    async fn next(&mut self) -> Option<Value> {
        if !self.greeted {
            self.greeted = true;
            return Some(json!({"kind": "hello"}));
        }
        loop {
            let feed = tokio::select! {
                () = self.shared.cancel.cancelled() => return None,
                feed = self.feed.recv() => feed,
            };
            match feed {
                Ok(feed) => {
                    if let Some(value) = self.show(feed) {
                        return Some(value);
                    }
                }
                // Too slow for the flood: the page asks for everything again.
                Err(RecvError::Lagged(_)) => return Some(json!({"kind": "reset"})),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn show(&self, feed: Feed) -> Option<Value> {
        let now = self.shared.now();
        let state = self.shared.state();
        Some(match feed {
            Feed::Delivery(delivery) => {
                json!({"kind": "delivery", "delivery": delivery, "pending": self.shared.post.pending()})
            }
            Feed::News(News::Message { account, phone, id }) => json!({
                "kind": "message",
                "message": state.message_view(&account, &id)?,
                "chat": state.phone_view(&account, &phone, now)?,
            }),
            Feed::News(News::Chat { account, phone }) => {
                json!({"kind": "chat", "chat": state.phone_view(&account, &phone, now)?})
            }
            Feed::News(News::Faults) => json!({"kind": "faults", "faults": state.faults.list()}),
            Feed::News(News::Numbers) => json!({"kind": "numbers"}),
            Feed::News(News::Reset) => json!({"kind": "reset"}),
        })
    }
}
