//! The list under filters, answers that overtake the stream, news.

use std::time::Duration;

use balas_domain::{
    AccountId, Address, Content, Delivery, MessageStatus, Work, WorkState,
    counts::Counts,
    view::{Author, LastMessage},
};

use super::*;
use crate::route::{Stage, Whose};

fn uuid(kind: u8, n: u32) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(kind) << 64 | u128::from(n))
}

fn account(n: u32) -> AccountId {
    AccountId(uuid(1, n))
}

fn id(n: u32) -> ConversationId {
    ConversationId(uuid(2, n))
}

fn seconds(n: u64) -> Timestamp {
    Timestamp(0).after(Duration::from_secs(n))
}

/// Message `n` of conversation 1 at that second.
pub(crate) fn message(n: u32, at: u64, incoming: bool) -> MessageView {
    MessageView {
        id: MessageId(uuid(3, n)),
        conversation_id: id(1),
        account_id: account(1),
        sent_with: None,
        direction: if incoming { Direction::In } else { Direction::Out },
        author: if incoming { Author::Contact { id: None, name: "Ana".into() } } else { Author::PhoneApp },
        content: Content::text(format!("message {n}")),
        file: None,
        mentions: Vec::new(),
        delivery: Delivery { attempt: 0, status: MessageStatus::Sent },
        failure: None,
        held: None,
        quote: None,
        reactions: Vec::new(),
        votes: Vec::new(),
        at: seconds(at),
        edited: false,
        revoked: false,
        recovered: false,
        version: Seq(i64::from(n)),
    }
}

fn row(n: u32, unread: i32, version: i64) -> ConversationView {
    ConversationView {
        id: id(n),
        account_id: account(n % 2),
        contact_id: None,
        address: Address::phone("6281234567890").unwrap(),
        title: format!("Customer {n}"),
        group: None,
        last: Some(LastMessage {
            id: MessageId(uuid(3, n)),
            preview: Content::text("hello").preview(),
            author: None,
            direction: Direction::In,
            status: MessageStatus::Read,
            at: seconds(u64::from(n)),
        }),
        unread,
        last_inbound_at: None,
        sort_at: seconds(u64::from(n)),
        work: Work::default(),
        picture: None,
        version: Seq(version),
    }
}

fn snapshot(seq: i64, rows: Vec<ConversationView>) -> Snapshot {
    Snapshot {
        seq: Seq(seq),
        conversations: Page { items: rows, next: None },
        accounts: Vec::new(),
        members: Vec::new(),
        alerts: Vec::new(),
        labels: Vec::new(),
        counts: Counts::default(),
        workspace: balas_domain::view::WorkspaceView::default(),
        thread: None,
    }
}

fn changed(seq: i64, mut row: ConversationView) -> Event {
    row.version = Seq(seq);
    Event { seq: Seq(seq), at: Timestamp(0), payload: Payload::Conversation(Box::new(row)) }
}

#[test]
fn a_row_that_was_read_stays_where_it_is_until_the_filter_changes() {
    let all = vec![row(3, 1, 1), row(2, 0, 1), row(1, 2, 1)];
    let mut model = Model::from_snapshot(snapshot(1, all.clone()), None);
    let unread = Filter { unread: true, ..Filter::default() };
    model.set_filtered(unread.clone(), snapshot(1, vec![all[0].clone(), all[2].clone()]));
    assert_eq!(model.list(), [id(3), id(1)]);
    assert_eq!(model.filter(), unread);

    model.apply(&[changed(2, row(3, 0, 0))]);
    assert_eq!(model.list(), [id(3), id(1)], "read, but still under the pointer");
    assert_eq!(model.row(id(3)).unwrap().unread, 0);

    model.unfilter();
    assert_eq!(model.list(), [id(3), id(2), id(1)]);
}

#[test]
fn new_rows_join_a_filtered_list_only_if_they_match() {
    let mut model = Model::from_snapshot(snapshot(1, vec![]), None);
    model.set_filtered(Filter { account: Some(account(1)), ..Filter::default() }, snapshot(1, vec![]));
    model.apply(&[changed(2, row(1, 1, 0)), changed(3, row(2, 1, 0))]);
    assert_eq!(model.list(), [id(1)]);
}

#[test]
fn a_filtered_answer_that_is_behind_the_stream_loses_nothing() {
    let mut model = Model::from_snapshot(snapshot(1, vec![]), None);
    model.apply(&[changed(5, row(1, 3, 0))]);
    // Asked at position 4, arrived after 5.
    let stale = snapshot(4, vec![row(1, 2, 4)]);
    model.set_filtered(Filter { unread: true, ..Filter::default() }, stale);
    assert_eq!(model.row(id(1)).unwrap().unread, 3);
    assert_eq!(model.seq(), Seq(5));
}

#[test]
fn a_search_keeps_what_the_server_found_in_messages() {
    let mut model = Model::from_snapshot(snapshot(1, vec![row(2, 0, 1), row(1, 0, 1)]), None);
    model.set_filtered(Filter { q: "invoice".into(), ..Filter::default() }, snapshot(1, vec![row(1, 0, 1)]));
    assert_eq!(model.list(), [id(1)]);
}

#[test]
fn an_answer_ahead_of_the_stream_does_not_skip_what_lies_between() {
    let mut model = Model::from_snapshot(snapshot(1, vec![row(1, 0, 1)]), None);
    model.prepare(id(1));
    model.confirm(Payload::Message(Box::new(message(9, 1, false))));
    assert_eq!(model.seq(), Seq(1));
    assert_eq!(model.messages(id(1)).len(), 1);
    model.apply(&[changed(2, row(1, 1, 0))]);
    assert_eq!(model.row(id(1)).unwrap().unread, 1);
}

#[test]
fn events_that_arrive_while_a_thread_is_on_the_way_are_kept() {
    let mut model = Model::from_snapshot(snapshot(1, vec![row(1, 0, 1)]), None);
    assert!(!model.is_loaded(id(1)));
    model.prepare(id(1));
    let late =
        Event { seq: Seq(7), at: Timestamp(0), payload: Payload::Message(Box::new(message(7, 70, true))) };
    model.apply(&[late]);
    model.open(ThreadPage {
        conversation: row(1, 0, 1),
        messages: MessagePage {
            items: vec![message(2, 20, true), message(1, 10, true)],
            next: None,
            newer: None,
        },
    });
    assert!(model.is_loaded(id(1)));
    let shown: Vec<i64> = model.messages(id(1)).iter().map(|m| m.at.as_seconds()).collect();
    assert_eq!(shown, [10, 20, 70]);
}

#[test]
fn only_a_grown_unread_count_is_news() {
    let mut model = Model::from_snapshot(snapshot(1, vec![row(1, 1, 1)]), None);
    let news = |model: &mut Model, seq, unread| model.apply(&[changed(seq, row(1, unread, 0))]).news.len();
    assert_eq!(news(&mut model, 2, 2), 1);
    assert_eq!(news(&mut model, 3, 2), 0, "only the preview changed");
    assert_eq!(news(&mut model, 4, 0), 0, "read");
    assert_eq!(news(&mut model, 4, 5), 0, "an old event again");
    assert_eq!(news(&mut model, 5, 1), 1);
}

#[test]
fn threads_that_were_not_used_for_long_are_forgotten() {
    let mut model = Model::from_snapshot(snapshot(1, vec![]), None);
    for n in 0..=KEPT_THREADS as u32 {
        model.open(ThreadPage { conversation: row(n, 0, 1), messages: MessagePage::default() });
    }
    assert!(!model.is_loaded(id(0)));
    assert!(model.is_loaded(id(1)));
}

#[test]
fn a_fresh_snapshot_starts_a_new_generation_and_keeps_unsent_messages() {
    let mut model = Model::from_snapshot(snapshot(1, vec![row(1, 0, 1)]), None);
    let before = model.generation();
    model.put_local(MessageView { version: Seq(0), ..message(5, 50, false) });
    model.resync(snapshot(9, vec![row(1, 0, 9)]));
    assert!(model.generation() > before);
    assert_eq!(model.messages(id(1)).len(), 1);
    assert!(!model.is_loaded(id(1)));
}

#[test]
fn what_is_done_leaves_the_list_and_comes_back_when_it_opens() {
    let resolved = |n, version| ConversationView {
        work: Work { state: WorkState::Resolved, ..Work::default() },
        ..row(n, 0, version)
    };
    let mut model = Model::from_snapshot(snapshot(1, vec![row(2, 0, 1), row(1, 0, 1)]), None);
    model.apply(&[changed(2, resolved(2, 0))]);
    assert_eq!(model.list(), [id(1)]);
    let done = Filter { stage: Stage::Resolved, ..Filter::default() };
    model.set_filtered(done, snapshot(2, vec![resolved(2, 2)]));
    assert_eq!(model.list(), [id(2)]);
    model.apply(&[changed(3, row(2, 1, 0))]);
    assert_eq!(model.list(), [], "the customer wrote");
    model.unfilter();
    assert_eq!(model.list(), [id(2), id(1)]);
}

#[test]
fn mine_are_those_that_i_look_after() {
    let me = MemberId(uuid::Uuid::from_u128(1));
    let of = |n, version, assignee| ConversationView {
        work: Work { assignee, ..Work::default() },
        ..row(n, 0, version)
    };
    let mut model = Model::from_snapshot(snapshot(1, vec![]), Some(me));
    let mine = Filter { whose: Some(Whose::Mine), ..Filter::default() };
    model.set_filtered(mine, snapshot(1, vec![of(2, 1, Some(me))]));
    let other = MemberId(uuid::Uuid::from_u128(2));
    model.apply(&[
        changed(2, of(1, 0, Some(me))),
        changed(3, of(3, 0, Some(other))),
        changed(4, of(4, 0, None)),
    ]);
    assert_eq!(model.list(), [id(2), id(1)]);
    model.apply(&[changed(5, of(2, 0, Some(other)))]);
    assert_eq!(model.list(), [id(1)], "given away");
}
