//! Messages and what they do to their conversation.

use balas_domain::{
    Content, Delivery, MemberId, MessageStatus, Role,
    content::{Media, MediaKind, PreviewKind},
    view::{Author, Failure, FailureClass},
};
use balas_store::{
    StoreError, members, messages,
    messages::{AuthorRef, Inserted, NewMessage},
    testing::Kind,
};
use rstest::rstest;
use serde_json::json;

use crate::world::*;

fn failure() -> Failure {
    Failure { class: FailureClass::Recipient, code: Some(131_026), text: "undeliverable".to_owned() }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_newest_message_stands_in_the_list(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    assert_eq!(world.view(conversation).await.last, None);

    world.insert(&world.inbound(conversation, 5, 50)).await;
    world.insert(&world.inbound(conversation, 4, 40)).await; // a straggler
    let view = world.view(conversation).await;
    let last = view.last.clone().unwrap();
    assert_eq!((last.id, last.preview.text.as_str(), last.at), (message_id(5), "message 5", at(50)));
    assert_eq!((view.unread, view.sort_at, view.last_inbound_at), (2, at(50), Some(at(50))));

    world.insert(&world.outbound(conversation, 6, 60)).await;
    let view = world.view(conversation).await;
    assert_eq!(view.last.unwrap().status, MessageStatus::Queued);
    assert_eq!((view.unread, view.sort_at, view.last_inbound_at), (2, at(60), Some(at(50))));

    // Two of one moment: the id decides, as in the thread.
    world.insert(&world.inbound(conversation, 3, 60)).await;
    assert_eq!(world.view(conversation).await.last.unwrap().id, message_id(6));
    world.insert(&world.inbound(conversation, 7, 60)).await;
    assert_eq!(world.view(conversation).await.last.unwrap().id, message_id(7));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn history_does_not_move_a_conversation_to_the_top(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&NewMessage { counts_unread: false, ..world.inbound(conversation, 1, -86_400) }).await;
    let view = world.view(conversation).await;
    assert_eq!((view.sort_at, view.unread), (at(-86_400), 0));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_message_is_stored_once(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (one, two) = (world.conversation(1).await, world.conversation(2).await);
    world.insert(&world.inbound(one, 1, 1)).await;
    let before = world.view(one).await;

    let mut write = world.write().await;
    let again = NewMessage { id: message_id(2), ..world.inbound(one, 1, 1) };
    assert_eq!(messages::insert(&mut write, &again).await.unwrap(), Inserted::Duplicate(message_id(1)));
    let same_id = NewMessage { provider_id: None, ..world.inbound(one, 1, 1) };
    assert_eq!(messages::insert(&mut write, &same_id).await.unwrap(), Inserted::Duplicate(message_id(1)));
    let elsewhere = messages::insert(&mut write, &world.inbound(two, 1, 1)).await;
    assert!(matches!(elsewhere, Err(StoreError::Unique { what: "message id" })), "{elsewhere:?}");
    let nowhere = messages::insert(&mut write, &world.inbound(conversation_id(404), 9, 1)).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound)), "{nowhere:?}");
    assert_eq!(write.commit().await.unwrap().events, []);
    assert_eq!(world.view(one).await, before);

    // The same provider id in another conversation is another message; several without one may stand side by
    // side.
    let other = NewMessage { id: message_id(3), ..world.inbound(two, 1, 1) };
    world.insert(&other).await;
    world.insert(&world.outbound(two, 4, 2)).await;
    world.insert(&world.outbound(two, 5, 3)).await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn reports_only_raise(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.outbound(conversation, 1, 1)).await;
    let steps = [
        (MessageStatus::Sending, true, MessageStatus::Sending),
        (MessageStatus::Delivered, true, MessageStatus::Delivered),
        (MessageStatus::Sent, false, MessageStatus::Delivered),
        (MessageStatus::Failed, false, MessageStatus::Delivered),
        (MessageStatus::Read, true, MessageStatus::Read),
        (MessageStatus::Read, false, MessageStatus::Read),
    ];
    for (report, changes, now) in steps {
        let mut write = world.write().await;
        assert_eq!(messages::report(&mut write, message_id(1), report, None, NOW).await.unwrap(), changes);
        assert_eq!(write.commit().await.unwrap().events.len(), if changes { 2 } else { 0 });
        assert_eq!(world.message(message_id(1)).await.delivery.status, now);
        assert_eq!(world.view(conversation).await.last.unwrap().status, now);
    }
    let mut write = world.write().await;
    let missing = messages::report(&mut write, message_id(404), MessageStatus::Read, None, NOW).await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn any_order_of_reports_ends_alike(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    let reports =
        [MessageStatus::Sent, MessageStatus::Failed, MessageStatus::Delivered, MessageStatus::Unknown];
    let mut n = 0;
    let mut write = world.write().await;
    for first in reports {
        for second in reports {
            for third in reports {
                n += 1;
                messages::insert(&mut write, &world.outbound(conversation, n, n as i64)).await.unwrap();
                for status in [first, second, third] {
                    let reason = failure();
                    messages::report(&mut write, message_id(n), status, Some(&reason), NOW).await.unwrap();
                }
                let tx = write.tx();
                let view = messages::get(world.ws, tx, message_id(n)).await.unwrap().unwrap().view;
                let expected = first.max(second).max(third);
                assert_eq!(view.delivery.status, expected);
                let reasoned = matches!(expected, MessageStatus::Failed | MessageStatus::Unknown);
                assert_eq!(view.failure.is_some(), reasoned, "a reason stands beside what needs one only");
            }
        }
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_failed_message_gets_another_attempt(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.outbound(conversation, 1, 1)).await;
    let mut write = world.write().await;
    assert_eq!(messages::retry(&mut write, message_id(1)).await.unwrap(), None, "it is queued");
    let reason = failure();
    messages::report(&mut write, message_id(1), MessageStatus::Failed, Some(&reason), NOW).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(world.message(message_id(1)).await.failure, Some(failure()));

    let mut write = world.write().await;
    let second = Delivery { attempt: 2, status: MessageStatus::Queued };
    assert_eq!(messages::retry(&mut write, message_id(1)).await.unwrap(), Some(second));
    write.commit().await.unwrap();
    let view = world.message(message_id(1)).await;
    assert_eq!((view.delivery, view.failure), (second, None));

    let mut write = world.write().await;
    assert!(!messages::requeue(&mut write, message_id(1)).await.unwrap(), "it is queued");
    messages::report(&mut write, message_id(1), MessageStatus::Sending, None, NOW).await.unwrap();
    assert!(messages::requeue(&mut write, message_id(1)).await.unwrap());
    messages::report(&mut write, message_id(1), MessageStatus::Sent, None, NOW).await.unwrap();
    assert!(!messages::requeue(&mut write, message_id(1)).await.unwrap(), "the provider has it");
    write.commit().await.unwrap();
    let sent = Delivery { attempt: 2, status: MessageStatus::Sent };
    assert_eq!(world.message(message_id(1)).await.delivery, sent);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_provider_takes_a_message(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.outbound(conversation, 1, 1)).await;
    let mut write = world.write().await;
    messages::accepted(&mut write, message_id(1), "wamid.X").await.unwrap();
    write.commit().await.unwrap();
    let record = world.record(message_id(1)).await;
    assert_eq!(record.provider_id.as_deref(), Some("wamid.X"));
    assert_eq!(record.view.delivery.status, MessageStatus::Sent);

    let mut tx = world.db.read().await.unwrap();
    let found = messages::by_provider_id(world.ws, &mut tx, world.account, "wamid.X").await.unwrap();
    assert_eq!(found, Some(record.clone()));
    let found = messages::by_provider_id_in(world.ws, &mut tx, conversation, "wamid.X").await.unwrap();
    assert_eq!(found, Some(record));
    drop(tx);

    // Its echo comes after it.
    let mut write = world.write().await;
    let echo = NewMessage {
        id: message_id(2),
        provider_id: Some("wamid.X".to_owned()),
        author: AuthorRef::PhoneApp,
        ..world.outbound(conversation, 2, 2)
    };
    assert_eq!(messages::insert(&mut write, &echo).await.unwrap(), Inserted::Duplicate(message_id(1)));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn an_echo_that_came_first_becomes_one_with_ours(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.outbound(conversation, 1, 1)).await;
    let echo = NewMessage {
        provider_id: Some("wamid.X".to_owned()),
        author: AuthorRef::PhoneApp,
        delivery: Delivery { attempt: 1, status: MessageStatus::Delivered },
        ..world.outbound(conversation, 2, 2)
    };
    world.insert(&echo).await;
    let mut write = world.write().await;
    messages::react(&mut write, message_id(2), &reactor("628", "Budi", false), Some("👍"), NOW)
        .await
        .unwrap();
    messages::accepted(&mut write, message_id(1), "wamid.X").await.unwrap();
    let committed = write.commit().await.unwrap();
    assert_eq!(committed.events.len(), 2, "our message and the conversation: the echo is gone");

    let view = world.message(message_id(1)).await;
    assert_eq!(view.delivery.status, MessageStatus::Delivered);
    assert_eq!(view.reactions.len(), 1);
    let last = world.view(conversation).await.last.unwrap();
    assert_eq!((last.id, last.status), (message_id(1), MessageStatus::Delivered));
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(messages::get(world.ws, &mut tx, message_id(2)).await.unwrap(), None);
    let page = messages::page(world.ws, &mut tx, conversation, None, 50).await.unwrap();
    assert_eq!(page.items.len(), 1);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn edits_and_revocations_reach_the_list(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.inbound(conversation, 1, 1)).await;
    let edit = async |text: &str, seconds: i64| {
        let mut write = world.write().await;
        let changed =
            messages::edit(&mut write, message_id(1), Content::text(text), at(seconds)).await.unwrap();
        write.commit().await.unwrap();
        changed
    };
    assert!(edit("second", 20).await);
    assert!(!edit("second", 20).await, "told twice");
    assert!(!edit("first", 10).await, "older than what is known");
    let view = world.message(message_id(1)).await;
    assert_eq!((view.content, view.edited), (Content::text("second"), true));
    assert_eq!(world.view(conversation).await.last.unwrap().preview.text, "second");

    let mut write = world.write().await;
    assert!(messages::revoke(&mut write, message_id(1), at(30)).await.unwrap());
    assert!(!messages::revoke(&mut write, message_id(1), at(31)).await.unwrap());
    write.commit().await.unwrap();
    assert!(!edit("too late", 40).await);
    let record = world.record(message_id(1)).await;
    assert_eq!((record.view.content, record.view.revoked), (Content::text(""), true));
    assert_eq!(record.content, Content::text("second"), "the row keeps what it said");
    let preview = world.view(conversation).await.last.unwrap().preview;
    assert_eq!((preview.kind, preview.text.as_str()), (PreviewKind::Deleted, ""));

    // Of an older message: the list stays.
    world.insert(&world.inbound(conversation, 2, 50)).await;
    let mut write = world.write().await;
    messages::insert(&mut write, &world.inbound(conversation, 3, 5)).await.unwrap();
    write.commit().await.unwrap();
    let mut write = world.write().await;
    messages::revoke(&mut write, message_id(3), at(60)).await.unwrap();
    let committed = write.commit().await.unwrap();
    assert_eq!(committed.events.len(), 1, "the message only");
    assert_eq!(world.view(conversation).await.last.unwrap().preview.text, "message 2");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn one_reaction_per_person(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.inbound(conversation, 1, 1)).await;
    let react = async |key: &str, emoji: Option<&str>, seconds: i64| {
        let mut write = world.write().await;
        let changed =
            messages::react(&mut write, message_id(1), &reactor(key, key, key == "us"), emoji, at(seconds))
                .await
                .unwrap();
        assert_eq!(write.commit().await.unwrap().events.len(), usize::from(changed));
        changed
    };
    assert!(react("budi", Some("👍"), 10).await);
    assert!(!react("budi", Some("👍"), 10).await);
    assert!(react("us", Some("🎉"), 11).await);
    assert!(react("budi", Some("❤️"), 12).await);
    let shown = world.message(message_id(1)).await.reactions;
    let shown: Vec<_> = shown.iter().map(|r| (r.author.as_str(), r.emoji.as_str(), r.from_us)).collect();
    assert_eq!(shown, [("us", "🎉", true), ("budi", "❤️", false)]);

    assert!(react("budi", None, 14).await);
    assert!(!react("budi", Some("👎"), 13).await, "a straggler does not bring it back");
    assert_eq!(world.message(message_id(1)).await.reactions.len(), 1);
    let mut write = world.write().await;
    let missing =
        messages::react(&mut write, message_id(404), &reactor("x", "x", false), Some("👍"), NOW).await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn one_vote_per_person_beside_the_reaction(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.insert(&world.inbound(conversation, 1, 1)).await;
    let vote = async |key: &str, options: &[&str], seconds: i64| {
        let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
        let mut write = world.write().await;
        let who = reactor(key, key, key == "us");
        let changed = messages::vote(&mut write, message_id(1), &who, &options, at(seconds)).await.unwrap();
        assert_eq!(write.commit().await.unwrap().events.len(), usize::from(changed));
        changed
    };
    assert!(vote("budi", &["Sat", "Sun"], 10).await);
    assert!(!vote("budi", &["Sat", "Sun"], 10).await);
    assert!(vote("us", &["Sun"], 11).await);
    let mut write = world.write().await;
    messages::react(&mut write, message_id(1), &reactor("budi", "budi", false), Some("👍"), at(12))
        .await
        .unwrap();
    write.commit().await.unwrap();
    assert!(vote("budi", &["Sun"], 13).await);
    let shown = world.message(message_id(1)).await;
    assert_eq!(shown.reactions.len(), 1, "a vote is no reaction");
    let votes: Vec<_> =
        shown.votes.iter().map(|v| (v.author.as_str(), v.options.clone(), v.from_us)).collect();
    assert_eq!(votes, [("us", vec!["Sun".to_owned()], true), ("budi", vec!["Sun".to_owned()], false)]);

    assert!(vote("budi", &[], 15).await);
    assert!(!vote("budi", &["Sat"], 14).await, "a straggler does not bring it back");
    assert_eq!(world.message(message_id(1)).await.votes.len(), 1);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn quotes_find_their_original_even_if_it_comes_later(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (conversation, other) = (world.conversation(1).await, world.conversation(2).await);
    let quoting =
        NewMessage { quote_provider_id: Some("wamid.1".to_owned()), ..world.inbound(conversation, 2, 20) };
    world.insert(&quoting).await;
    world.insert(&NewMessage { id: message_id(9), ..world.inbound(other, 1, 10) }).await;
    let quote = world.message(message_id(2)).await.quote.unwrap();
    assert_eq!(
        (quote.message_id, quote.author, quote.preview),
        (None, None, None),
        "not of another conversation"
    );

    world.insert(&world.inbound(conversation, 1, 10)).await;
    let quote = world.message(message_id(2)).await.quote.unwrap();
    assert_eq!(quote.message_id, Some(message_id(1)));
    assert_eq!(quote.author.as_deref(), Some("Budi"));
    assert_eq!(quote.preview.unwrap().text, "message 1");

    let ours = NewMessage { quote_message_id: Some(message_id(1)), ..world.outbound(conversation, 3, 30) };
    world.insert(&ours).await;
    let record = world.record(message_id(3)).await;
    assert_eq!(record.view.quote.unwrap().message_id, Some(message_id(1)));
    assert_eq!(record.quote_provider_id.as_deref(), Some("wamid.1"), "what the provider is told");

    let mut write = world.write().await;
    messages::revoke(&mut write, message_id(1), NOW).await.unwrap();
    write.commit().await.unwrap();
    let preview = world.message(message_id(3)).await.quote.unwrap().preview.unwrap();
    assert_eq!((preview.kind, preview.text.as_str()), (PreviewKind::Deleted, ""));
    assert_eq!(world.message(message_id(1)).await.quote, None);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn authors_are_named(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let member = MemberId(id(77));
    let mut write = world.write().await;
    let new = members::NewMember {
        id: member,
        name: "Ani".to_owned(),
        email: "ani@demo.test".to_owned(),
        role: Role::Agent,
        password_hash: None,
    };
    members::create(&mut write, &new).await.unwrap();
    let conversation = ensure_with_contact(&mut write, world.account, 1, Some("Budi")).await;
    let contact = balas_domain::ContactId(id(0xc1_0000_0001));
    let authors = [
        AuthorRef::Contact(Some(contact), String::new()),
        AuthorRef::Contact(Some(contact), "Budi S.".to_owned()),
        AuthorRef::Member(member),
        AuthorRef::PhoneApp,
        AuthorRef::Api("robot".to_owned()),
    ];
    for (n, author) in (1..).zip(authors) {
        let new = NewMessage { author, ..world.inbound(conversation, n, n as i64) };
        messages::insert(&mut write, &new).await.unwrap();
        let quoting =
            NewMessage { quote_message_id: Some(message_id(n)), ..world.outbound(conversation, 100 + n, 9) };
        messages::insert(&mut write, &quoting).await.unwrap();
    }
    members::update(
        &mut write,
        member,
        &members::MemberChange { name: Some("Ani W.".to_owned()), ..Default::default() },
    )
    .await
    .unwrap();
    write.commit().await.unwrap();

    let expected = [
        (Author::Contact { id: Some(contact), name: "Budi".to_owned() }, "Budi"),
        (Author::Contact { id: Some(contact), name: "Budi S.".to_owned() }, "Budi S."),
        (Author::Member { id: member, name: "Ani W.".to_owned() }, "Ani"),
        (Author::PhoneApp, "Number 1"),
        (Author::Api { name: "robot".to_owned() }, "robot"),
    ];
    for (n, (author, quoted)) in (1..).zip(expected) {
        assert_eq!(world.message(message_id(n)).await.author, author);
        assert_eq!(world.message(message_id(100 + n)).await.quote.unwrap().author.as_deref(), Some(quoted));
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn screens_do_not_get_the_providers_json(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    let raw = json!({ "order": { "nul": "a\u{0}b", "big": 12_345_678_901_234_567_890_u64 } });
    let content = Content::Unsupported { kind: "order".to_owned(), raw };
    let unsupported = NewMessage { content: content.clone(), ..world.inbound(conversation, 1, 1) };
    let media = Media {
        kind: MediaKind::Image,
        reference: Some("1234".to_owned()),
        caption: Some("look".to_owned()),
        sha256: Some("abc".to_owned()),
        ..Media::default()
    };
    let picture = NewMessage { content: Content::Media(media.clone()), ..world.inbound(conversation, 2, 2) };
    world.insert(&unsupported).await;
    let committed = world.insert(&picture).await;
    assert_eq!(world.record(message_id(1)).await.content, content, "kept to the last digit");
    assert_eq!(world.message(message_id(1)).await.content, content.for_screen());
    let told = serde_json::to_string(&committed.events).unwrap();
    assert!(told.contains("look") && !told.contains("1234\"") && !told.contains("abc"), "{told}");
    assert_eq!(world.record(message_id(2)).await.content, Content::Media(media));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn any_text_can_be_stored(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    let texts =
        ["nul \u{0} inside", "<script>alert(1)</script>", "'; DROP TABLE messages; --", "👨‍👩‍👧‍👦 \u{202e}rtl", ""];
    let long = "x".repeat(100_000);
    for (n, text) in (1..).zip(texts.into_iter().chain([long.as_str()])) {
        let new = NewMessage {
            content: Content::text(text),
            provider_id: Some(format!("id\u{0}{n}")),
            author: AuthorRef::Contact(None, text.chars().take(50).collect()),
            ..world.inbound(conversation, n, n as i64)
        };
        world.insert(&new).await;
        assert_eq!(world.message(message_id(n)).await.content, Content::text(text));
    }
    let mut write = world.write().await;
    messages::react(&mut write, message_id(1), &reactor("a\u{0}", "b\u{0}", false), Some("\u{0}👍"), NOW)
        .await
        .unwrap();
    write.commit().await.unwrap();
    assert_eq!(world.message(message_id(1)).await.reactions[0].emoji, "👍");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn another_account_carries_a_message(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    let other = add_account(&world.db, world.ws, 9).await;
    world.insert(&world.outbound(conversation, 1, 1)).await;
    let mut write = world.write().await;
    messages::carried_by(&mut write, message_id(1), Some(other)).await.unwrap();
    for status in [MessageStatus::Sending, MessageStatus::Unknown] {
        messages::report(&mut write, message_id(1), status, None, at(2)).await.unwrap();
    }
    write.commit().await.unwrap();
    let view = world.message(message_id(1)).await;
    assert_eq!((view.account_id, view.sent_with, view.carrier()), (world.account, Some(other), other));

    let foreign = balas_store::testing::workspace(&world.db, 2).await;
    let mut tx = world.db.read().await.unwrap();
    let unknown = messages::unknown_elsewhere(world.ws, &mut tx, other, at(0)).await.unwrap();
    assert_eq!(unknown.len(), 1);
    assert!(messages::unknown_elsewhere(foreign, &mut tx, other, at(0)).await.unwrap().is_empty());
    drop(tx);
    let mut write = world.write().await;
    messages::accepted(&mut write, message_id(1), "wamid.X").await.unwrap();
    let answers = ensure(&mut write, other, 2).await;
    let answer = NewMessage {
        account_id: other,
        quote_provider_id: Some("wamid.X".to_owned()),
        ..world.inbound(answers, 2, 3)
    };
    messages::insert(&mut write, &answer).await.unwrap();
    write.commit().await.unwrap();

    let mut tx = world.db.read().await.unwrap();
    let found = messages::by_provider_id(world.ws, &mut tx, other, "wamid.X").await.unwrap();
    assert_eq!(found.unwrap().view.id, message_id(1), "its receipts come to who sent it");
    assert!(messages::unknown_elsewhere(world.ws, &mut tx, other, at(0)).await.unwrap().is_empty());
    drop(tx);
    let quote = world.message(message_id(2)).await.quote.unwrap();
    assert_eq!(quote.preview.unwrap().text, "message 1", "the answer is in that account's conversation");

    let mut write = world.write().await;
    messages::carried_by(&mut write, message_id(1), None).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(world.message(message_id(1)).await.sent_with, None);
}
