//! Any order, any repetition, same state.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    account::AccountStatus,
    address::Address,
    content::Content,
    status::{Delivery, MessageStatus},
    view::{Author, Capabilities, Direction, ProviderKind},
};

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn account(n: u128) -> AccountView {
    AccountView {
        id: AccountId(uuid(n)),
        name: format!("Number {n}"),
        provider: ProviderKind::Cloud,
        phone: None,
        external_id: n.to_string(),
        status: AccountStatus::Ready,
        status_detail: None,
        last_delivery_at: None,
        primary: false,
        settings: crate::settings::AccountSettings::default(),
        usage: crate::settings::DailyUse::default(),
        code_expires_at: None,
        sync: None,
        quality: None,
        capabilities: Capabilities::default(),
        version: Seq(0),
    }
}

fn label(n: u128, colour: u8) -> LabelView {
    LabelView { id: LabelId(uuid(n)), name: format!("Label {n}"), colour, version: Seq(0) }
}

fn conversation(n: u128, sort_at: i64, version: i64) -> ConversationView {
    ConversationView {
        id: ConversationId(uuid(n)),
        account_id: AccountId(uuid(n % 2)),
        contact_id: None,
        address: Address::Phone(format!("62812000{n:04}")),
        title: format!("Customer {n} v{version}"),
        group: None,
        last: None,
        unread: 1,
        last_inbound_at: None,
        sort_at: Timestamp(sort_at),
        work: crate::work::Work::default(),
        picture: None,
        version: Seq(version),
    }
}

fn message(conversation: u128, n: u128, at: i64, version: i64, status: MessageStatus) -> MessageView {
    MessageView {
        id: MessageId(uuid(1000 * conversation + n)),
        conversation_id: ConversationId(uuid(conversation)),
        account_id: AccountId(uuid(conversation % 2)),
        sent_with: None,
        direction: Direction::Out,
        author: Author::PhoneApp,
        content: Content::text(format!("{n}")),
        file: None,
        mentions: vec![],
        delivery: Delivery { attempt: 1, status },
        failure: None,
        held: None,
        quote: None,
        reactions: vec![],
        votes: vec![],
        at: Timestamp(at),
        edited: false,
        revoked: false,
        recovered: false,
        version: Seq(version),
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        seq: Seq(10),
        conversations: Page {
            items: (2..6).map(|n| conversation(n, 100 + n as i64, 5)).collect(),
            next: Some("x".into()),
        },
        accounts: vec![account(0), account(1)],
        members: vec![],
        alerts: Vec::new(),
        labels: Vec::new(),
        counts: Counts::default(),
        workspace: WorkspaceView { fall_back: false, version: Seq(10) },
        thread: Some(ThreadPage {
            conversation: conversation(3, 103, 5),
            messages: MessagePage {
                items: (5..9).map(|n| message(3, n, 10 * n as i64, 5, MessageStatus::Sent)).collect(),
                next: Some("y".into()),
                newer: None,
            },
        }),
    }
}

fn alert(n: u128, open: bool) -> AlertView {
    AlertView {
        id: AlertId(uuid(0xa1e + n)),
        account_id: AccountId(uuid(n % 2)),
        kind: crate::AlertKind::ALL[n as usize % 4],
        detail: String::new(),
        raised_at: Timestamp(n as i64),
        acknowledged: None,
        closed_at: (!open).then_some(Timestamp(1_000)),
        version: Seq(0),
    }
}

fn any_payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        4 => (0_u128..8, 90_i64..200).prop_map(|(n, at)| Payload::Conversation(Box::new(conversation(n, at, 0)))),
        6 => (2_u128..5, 0_u128..12, proptest::sample::select(&MessageStatus::ALL[..]))
            .prop_map(|(c, n, s)| Payload::Message(Box::new(message(c, n, 10 * n as i64, 0, s)))),
        1 => (0_u128..2).prop_map(|n| Payload::Account(Box::new(account(n)))),
        1 => (0_u128..4, any::<bool>()).prop_map(|(n, open)| Payload::Alert(Box::new(alert(n, open)))),
        1 => (0_u128..3, 0_u8..8).prop_map(|(n, colour)| Payload::Label(Box::new(label(n, colour)))),
        1 => (0_u128..3).prop_map(|n| Payload::LabelRemoved { id: LabelId(uuid(n)) }),
        1 => (0_u128..2).prop_map(|n| Payload::AccountRemoved { id: AccountId(uuid(n)) }),
        1 => (2_u128..5).prop_map(|c| Payload::History { id: ConversationId(uuid(c)) }),
        1 => (0_u128..8, 0_u128..8).prop_map(|(a, b)| {
            Payload::ConversationMerged { from: ConversationId(uuid(a)), into: ConversationId(uuid(b)) }
        }),
        1 => (0_u128..8, 0_u128..8).prop_map(|(a, b)| {
            Payload::ConversationSplit { from: ConversationId(uuid(a)), into: ConversationId(uuid(b)) }
        }),
        1 => (0_u128..8).prop_map(|c| Payload::ConversationRemoved { id: ConversationId(uuid(c)) }),
        1 => (2_u128..5).prop_map(|c| Payload::ConversationCleared { id: ConversationId(uuid(c)) }),
        1 => (0_u32..3).prop_map(|suggestions| Payload::People(PeopleView { suggestions, version: Seq(0) })),
        1 => any::<bool>().prop_map(|fall_back| Payload::Workspace(WorkspaceView { fall_back, version: Seq(0) })),
    ]
}

/// A log as the server would write it: nothing follows the removal of its account.
fn any_log() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(any_payload(), 0..40).prop_map(|payloads| {
        let mut gone = std::collections::HashSet::new();
        let mut log = Vec::new();
        for mut payload in payloads {
            let of = match &payload {
                Payload::Conversation(c) => Some(c.account_id),
                Payload::Message(m) => Some(m.account_id),
                Payload::Account(a) => Some(a.id),
                Payload::AccountRemoved { id } => Some(*id),
                Payload::Alert(alert) => Some(alert.account_id),
                Payload::Member(_)
                | Payload::Workspace(_)
                | Payload::Label(_)
                | Payload::LabelRemoved { .. }
                | Payload::History { .. }
                | Payload::ConversationMerged { .. }
                | Payload::ConversationSplit { .. }
                | Payload::ConversationCleared { .. }
                | Payload::ConversationRemoved { .. }
                | Payload::People(_) => None,
            };
            if of.is_some_and(|of| gone.contains(&of)) {
                continue;
            }
            if let Payload::AccountRemoved { id } = &payload {
                gone.insert(*id);
            }
            let seq = Seq(11 + log.len() as i64);
            payload.stamp(seq);
            log.push(Event { seq, at: Timestamp(0), payload });
        }
        log
    })
}

fn apply_all<'a>(inbox: &mut Inbox, events: impl IntoIterator<Item = &'a Event>) {
    for event in events {
        inbox.apply(event);
    }
}

proptest! {
    #[test]
    fn order_and_repetition_do_not_matter(
        (log, shuffled) in any_log().prop_flat_map(|log| {
            let twice: Vec<Event> = log.iter().chain(&log).cloned().collect();
            (Just(log), Just(twice).prop_shuffle())
        })
    ) {
        let mut straight = Inbox::from_snapshot(snapshot());
        apply_all(&mut straight, &log);
        let mut crooked = Inbox::from_snapshot(snapshot());
        apply_all(&mut crooked, &shuffled);
        prop_assert_eq!(straight, crooked);
    }

    #[test]
    fn a_break_and_a_resume_lose_nothing(log in any_log(), at in any::<prop::sample::Index>()) {
        let mut whole = Inbox::from_snapshot(snapshot());
        apply_all(&mut whole, &log);
        let mut broken = Inbox::from_snapshot(snapshot());
        let cut = at.index(log.len() + 1);
        apply_all(&mut broken, &log[..cut]);
        let since = broken.seq();
        apply_all(&mut broken, log.iter().filter(|e| e.seq > since));
        prop_assert_eq!(whole, broken);
    }
}

#[test]
fn a_merged_conversation_goes_and_what_is_unconfirmed_moves_along() {
    let mut inbox = Inbox::from_snapshot(snapshot());
    let (from, into) = (ConversationId(uuid(3)), ConversationId(uuid(4)));
    let local = message(3, 20, 500, 0, MessageStatus::Queued);
    inbox.put_local(local.clone());
    let event = |seq, payload| Event { seq: Seq(seq), at: Timestamp(0), payload };
    let merged = event(11, Payload::ConversationMerged { from, into });
    assert_eq!(inbox.apply(&merged), Change::Merged(from, into));
    assert_eq!(inbox.apply(&merged), Change::Nothing, "twice is once");
    assert!(inbox.conversation(from).is_none() && inbox.thread(from).is_none());
    let moved = inbox.thread(into).unwrap().get(local.id).unwrap();
    assert_eq!(moved.conversation_id, into);
    let late = event(9, Payload::Conversation(Box::new(conversation(3, 103, 9))));
    assert_eq!(inbox.apply(&late), Change::Nothing, "what is older stays gone");
    let back = event(12, Payload::Conversation(Box::new(conversation(3, 103, 12))));
    assert_eq!(inbox.apply(&back), Change::Conversation(from), "what parted is there again");
}

#[test]
fn a_split_conversation_is_fetched_anew() {
    let mut inbox = Inbox::from_snapshot(snapshot());
    let (from, into) = (ConversationId(uuid(3)), ConversationId(uuid(4)));
    let split = Event { seq: Seq(11), at: Timestamp(0), payload: Payload::ConversationSplit { from, into } };
    assert_eq!(inbox.thread(from).unwrap().len(), 4);
    assert_eq!(inbox.apply(&split), Change::Split(from, into));
    assert!(inbox.thread(from).unwrap().is_empty());
    let items = vec![message(3, 5, 50, 5, MessageStatus::Sent)];
    let messages = MessagePage { items, next: None, newer: None };
    inbox.open(ThreadPage { conversation: conversation(3, 103, 5), messages });
    assert_eq!(inbox.apply(&split), Change::Nothing);
    assert_eq!(inbox.thread(from).unwrap().len(), 1, "what was fetched since stays");
}

#[test]
fn a_cleared_conversation_is_empty_and_stays_so() {
    let mut inbox = Inbox::from_snapshot(snapshot());
    let id = ConversationId(uuid(3));
    let local = message(3, 20, 500, 0, MessageStatus::Queued);
    inbox.put_local(local.clone());
    let event = |seq, payload| Event { seq: Seq(seq), at: Timestamp(0), payload };
    let cleared = event(15, Payload::ConversationCleared { id });
    assert_eq!(inbox.apply(&cleared), Change::Cleared(id));
    assert_eq!(inbox.apply(&cleared), Change::Nothing, "twice is once");
    let left: Vec<_> = inbox.thread(id).unwrap().messages().map(|m| m.id).collect();
    assert_eq!(left, [local.id], "what was not sent yet stays with who wrote it");
    assert_eq!(inbox.thread(id).unwrap().older, None);
    let late = event(14, Payload::Message(Box::new(message(3, 6, 60, 14, MessageStatus::Read))));
    assert_eq!(inbox.apply(&late), Change::Nothing);
    // A page that was read before comes after.
    let items = vec![message(3, 5, 50, 5, MessageStatus::Sent)];
    let messages = MessagePage { items, next: None, newer: None };
    inbox.open(ThreadPage { conversation: conversation(3, 103, 5), messages });
    assert_eq!(inbox.thread(id).unwrap().len(), 1);
    let new = event(16, Payload::Message(Box::new(message(3, 9, 600, 16, MessageStatus::Sent))));
    assert!(matches!(inbox.apply(&new), Change::Message(_, _, true)));
    assert_eq!(inbox.thread(id).unwrap().len(), 2);
}

#[test]
fn only_open_alerts_of_accounts_that_exist_are_shown() {
    let mut inbox = Inbox::from_snapshot(Snapshot {
        alerts: vec![alert(0, true), alert(1, true), alert(2, true)],
        labels: Vec::new(),
        counts: Counts::default(),
        ..snapshot()
    });
    let shown = |inbox: &Inbox| inbox.alerts().iter().map(|a| a.raised_at.0).collect::<Vec<_>>();
    assert_eq!(shown(&inbox), [2, 1, 0]);
    let mut over = alert(2, false);
    over.version = Seq(11);
    let event = |seq, payload| Event { seq: Seq(seq), at: Timestamp(0), payload };
    let change = inbox.apply(&event(11, Payload::Alert(Box::new(over.clone()))));
    assert_eq!(change, Change::Alert(over.id));
    assert_eq!(shown(&inbox), [1, 0]);
    inbox.apply(&event(12, Payload::AccountRemoved { id: AccountId(uuid(1)) }));
    assert_eq!(shown(&inbox), [0]);
}

#[test]
fn the_list_has_no_gaps() {
    let mut inbox = Inbox::from_snapshot(snapshot());
    assert_eq!(inbox.list().len(), 4);
    let old = Event {
        seq: Seq(11),
        at: Timestamp(0),
        payload: Payload::Conversation(Box::new(conversation(7, 50, 11))),
    };
    inbox.apply(&old);
    assert_eq!(inbox.list().len(), 4, "older than what is loaded");
    inbox.load_conversations(Page { items: vec![conversation(6, 60, 6)], next: None });
    assert_eq!(inbox.list().len(), 6, "all is loaded now");
}

#[test]
fn an_unconfirmed_message_shows_at_once_and_is_replaced() {
    let mut inbox = Inbox::from_snapshot(snapshot());
    let id = ConversationId(uuid(3));
    let local = message(3, 20, 500, 0, MessageStatus::Queued);
    assert_eq!(inbox.put_local(local.clone()), Change::Message(id, local.id, true));
    assert_eq!(inbox.last(id).unwrap().id, local.id);
    let mut confirmed = local.clone();
    confirmed.at = Timestamp(501);
    confirmed.version = Seq(11);
    let event = Event { seq: Seq(11), at: Timestamp(0), payload: Payload::Message(Box::new(confirmed)) };
    assert_eq!(inbox.apply(&event), Change::Message(id, local.id, false));
    assert_eq!(inbox.put_local(local.clone()), Change::Nothing, "the server's word stands");
    assert_eq!(inbox.thread(id).unwrap().messages().filter(|m| m.id == local.id).count(), 1);
}

#[test]
fn unconfirmed_messages_survive_a_resync() {
    let mut inbox = Inbox::from_snapshot(snapshot());
    let local = message(3, 20, 500, 0, MessageStatus::Queued);
    inbox.put_local(local.clone());
    inbox.resync(snapshot());
    assert!(inbox.thread(ConversationId(uuid(3))).unwrap().get(local.id).is_some());
    inbox.remove_local(ConversationId(uuid(3)), local.id);
    assert!(inbox.thread(ConversationId(uuid(3))).unwrap().get(local.id).is_none());
}
