//! Whatever pages and events come in whatever order: what is shown is what the server has, without a gap.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    content::Content,
    id::{AccountId, ConversationId},
    status::{Delivery, MessageStatus},
    view::{Author, Direction},
};

fn message(n: u32, version: i64) -> MessageView {
    MessageView {
        id: MessageId(Uuid::from_u128(u128::from(n))),
        conversation_id: ConversationId(Uuid::nil()),
        account_id: AccountId(Uuid::nil()),
        sent_with: None,
        direction: Direction::In,
        author: Author::PhoneApp,
        content: Content::text(format!("{n} v{version}")),
        file: None,
        mentions: vec![],
        delivery: Delivery { attempt: 1, status: MessageStatus::Sent },
        failure: None,
        held: None,
        quote: None,
        reactions: vec![],
        votes: vec![],
        // Three at a time, so that ids decide too.
        at: Timestamp(i64::from(n / 3)),
        edited: false,
        revoked: false,
        recovered: false,
        version: Seq(version),
    }
}

/// The server: messages as they were after so many changes.
struct Server {
    begin: Vec<u32>,
    /// Each stores message `n`, or changes it.
    changes: Vec<u32>,
}

impl Server {
    /// All messages after so many changes, oldest first.
    fn after(&self, changes: usize) -> BTreeMap<Place, MessageView> {
        let begin = self.begin.iter().map(|n| message(*n, 1));
        let changed = self.changes[..changes].iter().zip(2..).map(|(n, version)| message(*n, version));
        begin.chain(changed).map(|message| (message.key(), message)).collect()
    }

    /// So many messages on each side of a place; `None` for the end.
    fn around(&self, changes: usize, place: Option<Place>, older: usize, newer: usize) -> MessagePage {
        let all = self.after(changes);
        let cut = place.map_or(all.len(), |place| all.range(..=place).count());
        let (from, to) = (cut.saturating_sub(older), (cut + newer).min(all.len()));
        let items: Vec<_> = all.values().take(to).skip(from).rev().cloned().collect();
        let cursor = |side: &str, message: &MessageView| format!("{side}{}", message.id.0.as_u128());
        MessagePage {
            next: items.last().filter(|_| from > 0).map(|message| cursor("o", message)),
            newer: items.first().filter(|_| to < all.len()).map(|message| cursor("n", message)),
            items,
        }
    }

    /// The page that a cursor leads to.
    fn page(&self, changes: usize, cursor: &str) -> MessagePage {
        let (side, n) = cursor.split_at(1);
        let place = message(n.parse().unwrap(), 0).key();
        if side == "n" {
            return self.around(changes, Some(place), 0, PAGE);
        }
        let before = self.after(changes).range(..place).next_back().map(|(place, _)| *place);
        match before {
            Some(before) => self.around(changes, Some(before), PAGE, 0),
            None => MessagePage::default(),
        }
    }
}

const PAGE: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// One that was heard of, perhaps again.
    Event(prop::sample::Index),
    Older,
    Newer,
    Newest,
    Around(u32),
    /// An older page that was asked for before somebody jumped elsewhere.
    Late,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any::<prop::sample::Index>().prop_map(Step::Event),
        3 => Just(Step::Older),
        3 => Just(Step::Newer),
        1 => Just(Step::Newest),
        2 => (0_u32..60).prop_map(Step::Around),
        1 => Just(Step::Late),
    ]
}

fn shown(thread: &Thread) -> Vec<MessageView> {
    thread.messages().cloned().collect()
}

proptest! {
    #[test]
    fn what_is_shown_is_what_there_is_without_a_gap(
        begin in proptest::collection::btree_set(0_u32..60, 1..50),
        changes in proptest::collection::vec(0_u32..75, 0..30),
        // When each page is read: before or after what was heard of until then.
        steps in proptest::collection::vec((any_step(), any::<prop::sample::Index>()), 0..40),
        first in 0_u32..60,
    ) {
        let server = Server { begin: begin.into_iter().collect(), changes };
        let total = server.changes.len();
        let event = |at: usize| message(server.changes[at], 2 + at as i64);
        let mut thread = Thread::default();
        thread.open(server.around(0, Some(message(first, 0).key()), 3, 3));
        let mut asked = thread.older.clone();
        for (step, read) in steps {
            let read = read.index(total + 1);
            match step {
                Step::Event(at) if total > 0 => {
                    thread.put(event(at.index(total)));
                }
                Step::Event(_) => {}
                Step::Older => if let Some(cursor) = thread.older.clone() {
                    asked = Some(cursor.clone());
                    thread.extend(&cursor, server.page(read, &cursor));
                },
                Step::Newer => if let Some(cursor) = thread.newer.clone() {
                    thread.extend(&cursor, server.page(read, &cursor));
                },
                Step::Late => if let Some(cursor) = &asked {
                    thread.extend(cursor, server.page(read, cursor));
                },
                Step::Newest => thread.open(server.around(read, None, PAGE, 0)),
                Step::Around(n) => {
                    thread.open(server.around(read, Some(message(n, 0).key()), 3, 3));
                }
            }
        }
        // In the end everything was heard of.
        for at in (0..total).rev() {
            thread.put(event(at));
        }
        let all = server.after(total);
        let shown = shown(&thread);
        if let (Some(oldest), Some(newest)) = (shown.first(), shown.last()) {
            let stretch: Vec<_> =
                all.range(oldest.key()..=newest.key()).map(|(_, message)| message.clone()).collect();
            prop_assert_eq!(&shown, &stretch, "a stretch of the thread as it is now");
        }
        if thread.newer.is_none() {
            prop_assert_eq!(shown.last(), all.values().next_back(), "at the end stands the newest");
        }
        if thread.older.is_none() {
            prop_assert_eq!(shown.first(), all.values().next(), "at the beginning stands the oldest");
        }
        // And from wherever one is, both ends are reached.
        for _ in 0..40 {
            if let Some(cursor) = thread.newer.clone() {
                thread.extend(&cursor, server.page(total, &cursor));
            }
            if let Some(cursor) = thread.older.clone() {
                thread.extend(&cursor, server.page(total, &cursor));
            }
        }
        prop_assert_eq!(self::shown(&thread), all.into_values().collect::<Vec<_>>());
    }
}

fn ids(thread: &Thread) -> Vec<u128> {
    thread.messages().map(|message| message.id.0.as_u128()).collect()
}

fn page(range: std::ops::Range<u32>, next: Option<&str>, newer: Option<&str>) -> MessagePage {
    let items = range.rev().map(|n| message(n, 1)).collect();
    MessagePage { items, next: next.map(str::to_owned), newer: newer.map(str::to_owned) }
}

#[test]
fn what_comes_after_a_gap_is_shown_once_the_gap_is_closed() {
    let mut thread = Thread::default();
    thread.open(page(10..13, Some("o10"), Some("n12")));
    assert_eq!(thread.put(message(20, 5)), Some(true));
    assert_eq!(ids(&thread), [10, 11, 12]);
    assert!(!thread.shows(message(20, 5).id) && thread.get(message(20, 5).id).is_some());
    thread.extend("n12", page(13..16, None, Some("n15")));
    assert_eq!(ids(&thread), [10, 11, 12, 13, 14, 15]);
    thread.extend("n15", page(16..20, None, None));
    assert_eq!(ids(&thread), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    assert!(thread.is_at_end());
}

#[test]
fn a_jump_to_where_one_is_already_keeps_what_is_there() {
    let mut thread = Thread::default();
    thread.open(page(20..30, Some("o20"), None));
    thread.open(page(15..25, Some("o15"), Some("n24")));
    assert_eq!(ids(&thread), (15..30).collect::<Vec<_>>());
    assert!(thread.is_at_end(), "the newest are still here");
    assert_eq!(thread.older.as_deref(), Some("o15"));
    thread.open(page(2..5, None, Some("n4")));
    assert_eq!(ids(&thread), [2, 3, 4], "far away: a gap lies between");
    thread.open(page(20..31, Some("o20"), None));
    assert_eq!(ids(&thread), (20..31).collect::<Vec<_>>());
}

#[test]
fn a_page_that_comes_after_a_jump_does_not_disturb() {
    let mut thread = Thread::default();
    thread.open(page(20..30, Some("o20"), None));
    thread.open(page(2..5, Some("o2"), Some("n4")));
    thread.extend("o20", page(15..20, Some("o15"), Some("n19")));
    assert_eq!(ids(&thread), [2, 3, 4]);
    assert_eq!((thread.older.as_deref(), thread.newer.as_deref()), (Some("o2"), Some("n4")));
}

#[test]
fn a_message_of_ours_waits_behind_a_gap() {
    let mut thread = Thread::default();
    thread.open(page(2..5, Some("o2"), Some("n4")));
    assert!(!thread.hides_unconfirmed());
    thread.put(message(50, 0));
    assert!(thread.hides_unconfirmed() && !thread.shows(message(50, 0).id));
    thread.open(page(20..31, Some("o20"), None));
    assert!(!thread.hides_unconfirmed() && thread.shows(message(50, 0).id));
}

#[test]
fn what_may_have_holes_is_replaced() {
    let mut thread = Thread::default();
    thread.open(page(2..9, Some("o2"), Some("n8")));
    thread.reopen(page(4..6, Some("o4"), Some("n5")));
    assert_eq!(ids(&thread), [4, 5]);
}
