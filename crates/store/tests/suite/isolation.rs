//! One workspace never sees or changes another's: every function that takes a workspace, with another's ids.

use balas_domain::{
    AccountStatus, ContactId, Content, JobId, KeyId, LabelId, MemberId, MessageStatus, Priority, Role, Seq,
    TokenId, WorkspaceId,
    query::{ContactQuery, ListQuery},
    search::SearchQuery,
};
use balas_store::{
    StoreError,
    accounts::{self, Turn},
    contacts, conversations, events, jobs, keys, labels, members, messages, pending, search, security,
    sessions,
    testing::{Kind, workspace},
    tokens, work,
};
use rstest::rstest;
use serde_json::json;

use crate::world::*;

const LABEL: LabelId = LabelId(uuid::Uuid::from_u128(0x1abe1));
const CONTACT: ContactId = ContactId(uuid::Uuid::from_u128(0xc1_0000_0001));

/// A world with something in every table, and a second, empty workspace.
async fn two(kind: Kind) -> (World, WorkspaceId) {
    let world = World::new(kind).await;
    let other = workspace(&world.db, 2).await;
    let mut write = world.write().await;
    let conversation = ensure_with_contact(&mut write, world.account, 1, Some("Budi")).await;
    messages::insert(&mut write, &world.inbound(conversation, 1, 1)).await.unwrap();
    let member = members::NewMember {
        id: MemberId(id(1)),
        name: "Ani".to_owned(),
        email: "ani@demo.test".to_owned(),
        role: Role::Owner,
        password_hash: None,
    };
    members::create(&mut write, &member).await.unwrap();
    labels::create(&mut write, LABEL, "Orders", 1).await.unwrap();
    labels::put(&mut write, conversation, LABEL, true).await.unwrap();
    let ws = write.workspace();
    let tx = write.tx();
    let token = tokens::NewToken {
        id: TokenId(id(1)),
        name: "robot".to_owned(),
        token_hash: [1; 32],
        role: Role::Agent,
        created_at: NOW,
    };
    tokens::create(ws, tx, &token).await.unwrap();
    let key = keys::KeyRow { id: KeyId(id(1)), wrapped: vec![1], created_at: NOW };
    keys::insert(ws, tx, &key).await.unwrap();
    let parked = pending::NewPending {
        account_id: world.account,
        target: "a".to_owned(),
        kind: "status".to_owned(),
        payload: json!(null),
        received_at: NOW,
    };
    pending::park(&mut write, &parked).await.unwrap();
    let tx = write.tx();
    let job = jobs::NewJob {
        id: JobId(id(1)),
        kind: "send".to_owned(),
        payload: json!(null),
        priority: Priority::Normal,
        queue_key: None,
        run_at: NOW,
        idempotency_key: None,
    };
    jobs::enqueue(ws, tx, &job).await.unwrap();
    jobs::bury(tx, job.id, "dead").await.unwrap();
    let note = security::SecurityEntry { workspace_id: Some(ws), at: NOW, kind: "x", ip: None, detail: "y" };
    security::log(tx, &note).await.unwrap();
    let session = sessions::NewSession {
        id: balas_domain::SessionId(id(1)),
        token_hash: [2; 32],
        workspace_id: ws,
        member_id: MemberId(id(1)),
        created_at: NOW,
        expires_at: at(100),
        user_agent: None,
        ip: None,
    };
    sessions::create(tx, &session).await.unwrap();
    write.commit().await.unwrap();
    (world, other)
}

/// How many things each reading function finds.
async fn found(world: &World, ws: WorkspaceId) -> Vec<(&'static str, usize)> {
    let mut tx = world.db.begin().await.unwrap();
    let tx = &mut tx;
    let (conversation, account) = (conversation_id(1), world.account);
    let list = ListQuery::default();
    let search = ListQuery {
        account: Some(account),
        unread_only: true,
        q: Some("budi".to_owned()),
        ..ListQuery::default()
    };
    let words = SearchQuery { q: "message".to_owned(), ..SearchQuery::default() };
    let words_there = SearchQuery { account: Some(account), ..words.clone() };
    let people = ContactQuery::default();
    let somebody = ContactQuery { q: Some("budi".to_owned()), ..Default::default() };
    vec![
        ("accounts::view", accounts::view(ws, tx, account).await.unwrap().iter().count()),
        ("accounts::list", accounts::list(ws, tx).await.unwrap().len()),
        ("accounts::record", accounts::record(ws, tx, account).await.unwrap().iter().count()),
        ("contacts::get", contacts::get(ws, tx, CONTACT).await.unwrap().iter().count()),
        ("contacts::list", contacts::list(ws, tx, &people).await.unwrap().items.len()),
        ("contacts::list q", contacts::list(ws, tx, &somebody).await.unwrap().items.len()),
        ("contacts::identities_of", contacts::identities_of(ws, tx, CONTACT).await.unwrap().len()),
        ("conversations::get", conversations::get(ws, tx, conversation).await.unwrap().iter().count()),
        ("conversations::list", conversations::list(ws, tx, &list).await.unwrap().items.len()),
        ("conversations::list q", conversations::list(ws, tx, &search).await.unwrap().items.len()),
        ("search::messages", search::messages(ws, tx, &words).await.unwrap().items.len()),
        ("search::messages of account", search::messages(ws, tx, &words_there).await.unwrap().items.len()),
        ("work::counts", work::counts(ws, tx).await.unwrap().len()),
        ("labels::list", labels::list(ws, tx).await.unwrap().len()),
        ("labels::get", labels::get(ws, tx, LABEL).await.unwrap().iter().count()),
        ("labels::counts", labels::counts(ws, tx).await.unwrap().len()),
        ("labels::uses", labels::uses(ws, tx).await.unwrap().len()),
        (
            "conversations::by_address",
            conversations::by_address(ws, tx, account, &address(1)).await.unwrap().iter().count(),
        ),
        ("messages::get", messages::get(ws, tx, message_id(1)).await.unwrap().iter().count()),
        (
            "messages::by_provider_id",
            messages::by_provider_id(ws, tx, account, "wamid.1").await.unwrap().iter().count(),
        ),
        (
            "messages::by_provider_id_in",
            messages::by_provider_id_in(ws, tx, conversation, "wamid.1").await.unwrap().iter().count(),
        ),
        (
            "messages::last_inbound_provider_id",
            messages::last_inbound_provider_id(ws, tx, conversation).await.unwrap().iter().count(),
        ),
        ("messages::page", messages::page(ws, tx, conversation, None, 50).await.unwrap().items.len()),
        ("members::get", members::get(ws, tx, MemberId(id(1))).await.unwrap().iter().count()),
        ("members::list", members::list(ws, tx).await.unwrap().len()),
        ("members::count_owners", members::count_owners(ws, tx).await.unwrap() as usize),
        ("tokens::list", tokens::list(ws, tx).await.unwrap().len()),
        ("keys::current", keys::current(ws, tx).await.unwrap().iter().count()),
        ("keys::get", keys::get(ws, tx, KeyId(id(1))).await.unwrap().iter().count()),
        ("jobs::dead", jobs::dead(ws, tx, 10).await.unwrap().len()),
        ("security::list", security::list(ws, tx, 10).await.unwrap().len()),
        ("events::oldest", events::oldest(ws, tx).await.unwrap().iter().count()),
        ("events::head", usize::from(events::head(ws, tx).await.unwrap() > Seq(0))),
        ("events::after", usize::from(!events::after(ws, tx, Seq(0), 10).await.unwrap().is_empty())),
        ("pending::targets", pending::targets(ws, tx, account, &["a"]).await.unwrap().len()),
    ]
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn nothing_of_another_workspace_is_found(#[case] kind: Kind) {
    let (world, other) = two(kind).await;
    for (function, n) in found(&world, world.ws).await {
        assert_eq!(n, 1, "{function} finds what is its own");
    }
    for (function, n) in found(&world, other).await {
        assert_eq!(n, 0, "{function} finds another workspace's");
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn nothing_of_another_workspace_is_changed(#[case] kind: Kind) {
    let (world, other) = two(kind).await;
    let before = (world.view(conversation_id(1)).await, world.record(message_id(1)).await);
    let (conversation, account, message, member) =
        (conversation_id(1), world.account, message_id(1), MemberId(id(1)));
    let mut write = world.db.write(other, at(1000)).await.unwrap();
    let w = &mut write;
    let refused = |what: &str, result: Result<String, StoreError>| {
        assert!(matches!(result, Err(StoreError::NotFound)), "{what}: {result:?}");
    };
    let d = |x: &dyn std::fmt::Debug| format!("{x:?}");
    refused("insert", messages::insert(w, &world.inbound(conversation, 50, 5)).await.map(|x| d(&x)));
    refused("report", messages::report(w, message, MessageStatus::Played, None, NOW).await.map(|x| d(&x)));
    refused("requeue", messages::requeue(w, message).await.map(|x| d(&x)));
    refused("retry", messages::retry(w, message).await.map(|x| d(&x)));
    refused("accepted", messages::accepted(w, message, "x").await.map(|x| d(&x)));
    refused("edit", messages::edit(w, message, Content::text("x"), NOW).await.map(|x| d(&x)));
    refused("revoke", messages::revoke(w, message, NOW).await.map(|x| d(&x)));
    refused(
        "react",
        messages::react(w, message, &reactor("a", "a", true), Some("👍"), NOW).await.map(|x| d(&x)),
    );
    let new = conversation_id(9);
    refused("ensure", conversations::ensure(w, account, &address(1), None, new).await.map(|x| d(&x)));
    refused(
        "account",
        accounts::update(w, account, &accounts::AccountChange::default()).await.map(|x| d(&x)),
    );
    refused("primary", accounts::set_primary(w, account, true).await.map(|x| d(&x)));
    refused("reset", accounts::reset_sent(w, account).await.map(|x| d(&x)));
    refused("account", accounts::delete(w, account).await.map(|x| d(&x)));
    refused("member", members::update(w, member, &members::MemberChange::default()).await.map(|x| d(&x)));
    refused("password", members::set_password(other, w.tx(), member, "x").await.map(|x| d(&x)));
    let parked = pending::NewPending {
        account_id: account,
        target: "a".to_owned(),
        kind: "status".to_owned(),
        payload: json!(null),
        received_at: NOW,
    };
    refused("park", pending::park(w, &parked).await.map(|x| d(&x)));
    refused(
        "take",
        match pending::take(w, account, "a").await.unwrap().len() {
            0 => Err(StoreError::NotFound),
            n => Ok(d(&n)),
        },
    );
    refused("clear", messages::clear(w, conversation).await.map(|x| d(&x)));
    refused("erase", balas_store::people::erase(w, CONTACT).await.map(|x| d(&x)));
    refused("label", labels::change(w, LABEL, "x", 1).await.map(|x| d(&x)));
    refused("label", labels::put(w, conversation, LABEL, false).await.map(|x| d(&x)));
    refused("label", labels::delete(w, LABEL).await.map(|x| d(&x)));
    assert!(!work::assign(w, conversation, None).await.unwrap());
    assert!(!work::set_state(w, conversation, balas_domain::WorkState::Resolved, None).await.unwrap());
    assert_eq!(conversations::mark_read(w, conversation).await.unwrap(), None);
    assert!(!accounts::set_status(w, account, AccountStatus::Error, None).await.unwrap());
    accounts::delivered(w, account, NOW).await.unwrap();
    assert_ne!(accounts::take_turn(w, account, 1, None, NOW).await.unwrap(), Turn::Taken);
    assert_eq!(accounts::pace_due(other, w.tx(), account).await.unwrap(), None);
    accounts::uncount_sent(w, account, 0).await.unwrap();
    accounts::set_code_expiry(w, account, Some(NOW)).await.unwrap();
    accounts::caught_up(other, w.tx(), account, NOW).await.unwrap();
    let held = balas_domain::view::Held { reason: balas_domain::view::HeldReason::Pace, until: NOW };
    assert!(!messages::hold(w, message, held).await.unwrap());
    assert!(!tokens::revoke(other, w.tx(), TokenId(id(1)), NOW).await.unwrap());
    assert_eq!(sessions::delete_of_member(other, w.tx(), member).await.unwrap(), 0);
    assert_eq!(events::purge(other, w.tx(), Seq(100)).await.unwrap(), 0);
    // A contact of the same number is this workspace's own.
    let identity = address(1).identity().unwrap();
    let own = ContactId(id(999));
    assert_eq!(contacts::resolve(w, "", &[identity], Some(("Other", NOW)), None, own).await.unwrap(), own);
    w.touch_message(message);
    w.touch_conversation(conversation);
    w.touch_account(account);
    w.touch_member(member);
    w.touch_label(LABEL);
    assert_eq!(write.commit().await.unwrap().events, [], "nothing of another workspace is told");
    assert_eq!(before, (world.view(conversation_id(1)).await, world.record(message_id(1)).await));
    for (function, n) in found(&world, world.ws).await {
        assert_eq!(n, 1, "{function} finds what is its own");
    }
}
