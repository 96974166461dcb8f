//! What is loaded of a thread: an unbroken stretch of it, which need not reach its end.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
};

use serde::{Deserialize, Serialize};

use crate::{
    id::{MessageId, Seq},
    time::Timestamp,
    view::MessageView,
};

/// Part of a thread: messages that follow each other, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagePage {
    /// The messages.
    pub items: Vec<MessageView>,
    /// Pass as `cursor` to get the next older page; `None` at the beginning. Opaque.
    pub next: Option<String>,
    /// Pass as `cursor` to get the next newer page; `None` at the end. Opaque.
    #[serde(default)]
    pub newer: Option<String>,
}

/// Where a message stands: by time, then id.
type Place = (Timestamp, MessageId);

/// What the loaded part of a thread looks like.
///
/// Whatever is heard of its messages is kept, and what lies in the stretch that was loaded is shown. So a page that was
/// read before an event and arrives after it takes nothing back, and nothing stands beside a gap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thread {
    /// Oldest first.
    messages: BTreeMap<Place, MessageView>,
    /// Where each message stands, since its time may be corrected.
    keys: HashMap<MessageId, Place>,
    /// Cursor of the next older page; `None` when the beginning is loaded.
    pub older: Option<String>,
    /// Cursor of the next newer page; `None` when the end is loaded.
    pub newer: Option<String>,
    /// The oldest message that was loaded: what is older is not shown while there is `older`.
    floor: Option<Place>,
    /// The newest message that was loaded: what is newer is not shown while there is `newer`.
    ceiling: Option<Place>,
}

impl Thread {
    /// What is shown, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &MessageView> {
        let below = self.floor.filter(|_| self.older.is_some()).map_or(Bound::Unbounded, Bound::Included);
        let above = self.ceiling.filter(|_| self.newer.is_some()).map_or(Bound::Unbounded, Bound::Included);
        self.messages.range((below, above)).map(|(_, message)| message)
    }

    /// Everything that was heard of, oldest first.
    pub(super) fn known(&self) -> impl DoubleEndedIterator<Item = &MessageView> {
        self.messages.values()
    }

    /// Everything that was heard of.
    pub(super) fn into_known(self) -> impl Iterator<Item = MessageView> {
        self.messages.into_values()
    }

    /// One message, shown or not.
    #[must_use]
    pub fn get(&self, id: MessageId) -> Option<&MessageView> {
        self.messages.get(self.keys.get(&id)?)
    }

    /// Whether a message is shown.
    #[must_use]
    pub fn shows(&self, id: MessageId) -> bool {
        self.keys.get(&id).is_some_and(|place| {
            let cut = self.older.is_some() && self.floor.is_some_and(|floor| *place < floor);
            !cut && !self.is_beyond(*place)
        })
    }

    /// Whether the newest messages are shown.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.newer.is_none()
    }

    /// Whether a message that the server has not confirmed waits behind the end of what is shown.
    #[must_use]
    pub fn hides_unconfirmed(&self) -> bool {
        let newest = self.messages.iter().rev().take_while(|(place, _)| self.is_beyond(**place));
        newest.into_iter().any(|(_, message)| message.version == Seq(0))
    }

    fn is_beyond(&self, place: Place) -> bool {
        self.newer.is_some() && self.ceiling.is_some_and(|ceiling| place > ceiling)
    }

    /// How many are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages().count()
    }

    /// Whether none is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages().next().is_none()
    }

    /// Takes over what is newer than what is known; tells whether the message was not known before.
    pub(super) fn put(&mut self, message: MessageView) -> Option<bool> {
        let known = self.get(message.id).map(|old| (old.version, old.key()));
        if let Some((version, key)) = known {
            if version >= message.version {
                return None;
            }
            self.messages.remove(&key);
        }
        self.keys.insert(message.id, message.key());
        self.messages.insert(message.key(), message);
        Some(known.is_none())
    }

    /// Takes away everything that is older than this position of the log, as if nothing else had ever been there. What the
    /// server has not confirmed stays.
    pub(super) fn clear(&mut self, at: Seq) {
        self.messages.retain(|_, message| message.version == Seq(0) || message.version >= at);
        self.keys.retain(|_, place| self.messages.contains_key(place));
        (self.older, self.newer, self.floor, self.ceiling) = (None, None, None, None);
    }

    pub(super) fn remove(&mut self, id: MessageId) {
        if let Some(key) = self.keys.remove(&id) {
            self.messages.remove(&key);
        }
    }

    /// Shows the newest page, or the part around a message. What is loaded already stays where the two touch, so that
    /// what somebody reads remains; else it is hidden until its pages come.
    pub(super) fn open(&mut self, page: MessagePage) {
        let (oldest, newest) = self.take(page.items);
        let at_end = page.newer.is_none();
        if at_end && self.newer.is_none() {
            // Read anew, perhaps because more stands between what is here: the older pages come again too.
            self.floor = least(self.floor, oldest);
            self.older = page.next;
            return;
        }
        let touches = match (oldest, newest, self.floor) {
            (Some(oldest), Some(newest), Some(floor)) => {
                newest >= floor
                    && self.ceiling.is_none_or(|ceiling| self.newer.is_none() || oldest <= ceiling)
            }
            _ => false,
        };
        if !touches {
            (self.floor, self.ceiling, self.older, self.newer) = (oldest, newest, page.next, page.newer);
            return;
        }
        if oldest < self.floor {
            (self.floor, self.older) = (oldest, page.next);
        }
        if self.newer.is_some() && (at_end || newest > self.ceiling) {
            (self.ceiling, self.newer) = (newest, page.newer);
        }
    }

    /// Shows this part and nothing else: others may stand between what is loaded.
    pub(super) fn reopen(&mut self, page: MessagePage) {
        let (oldest, newest) = self.take(page.items);
        (self.floor, self.ceiling, self.older, self.newer) = (oldest, newest, page.next, page.newer);
    }

    /// Adds the page that this cursor led to. If another part is shown by now, its messages only become known.
    pub(super) fn extend(&mut self, cursor: &str, page: MessagePage) {
        let (oldest, newest) = self.take(page.items);
        if self.older.as_deref() == Some(cursor) {
            (self.floor, self.older) = (least(self.floor, oldest), page.next);
        } else if self.newer.as_deref() == Some(cursor) {
            (self.ceiling, self.newer) = (self.ceiling.max(newest), page.newer);
        }
    }

    /// Takes over messages; tells where the oldest and the newest of them stand.
    fn take(&mut self, items: Vec<MessageView>) -> (Option<Place>, Option<Place>) {
        let ends = (items.iter().map(MessageView::key).min(), items.iter().map(MessageView::key).max());
        for message in items {
            self.put(message);
        }
        ends
    }
}

/// The lesser of two, if there are two.
fn least(a: Option<Place>, b: Option<Place>) -> Option<Place> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
