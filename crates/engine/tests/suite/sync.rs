//! What was said on a phone before it was linked comes over: completely, once, and without a noise.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::{collections::BTreeSet, time::Duration};

use balas_domain::{
    AccountId, Payload, SyncState, SyncView, WorkspaceSettings, query::ListQuery, search::SearchQuery,
    view::ConversationView,
};
use balas_engine::EngineError;
use balas_sandbox::{Calls, Device, Faults, Incoming, Past};
use balas_store::testing::Kind;
use rstest::rstest;

use crate::support::{PHONE, World};

impl World {
    /// A phone with a past that is not linked yet.
    pub fn past(&self, chats: usize, groups: usize, messages: usize) {
        self.phone_with(Past { chats, groups, messages, ..Past::default() });
    }

    fn phone_with(&self, past: Past) {
        self.sandbox.world().add_handset(PHONE, None).unwrap();
        self.sandbox.world().fill(&Past { account: PHONE.to_owned(), members: 7, ..past }).unwrap();
    }

    /// The phone is linked through this gateway, which has slots or is one itself.
    async fn linked_by(&self, gateway: &str) -> AccountId {
        if gateway == "v9" {
            return self.linked().await.0;
        }
        let account = self.engine.create_gateway(&self.owner, &self.gateway(gateway)).await.unwrap().id;
        self.link(account, &Device::new(gateway, "")).await;
        account
    }

    async fn history(&self, account: AccountId) -> Option<SyncView> {
        self.engine.account(&self.owner, account).await.unwrap().sync
    }

    pub async fn complete(&self, account: AccountId) -> SyncView {
        self.ended(account, SyncState::Completed).await
    }

    async fn ended(&self, account: AccountId, state: SyncState) -> SyncView {
        let found = std::cell::RefCell::new(None);
        self.until("the history has ended", async || {
            let sync = self.history(account).await;
            *found.borrow_mut() = sync.filter(|sync| sync.state == state);
            found.borrow().is_some()
        })
        .await;
        found.into_inner().unwrap()
    }

    /// All conversations of an account.
    pub async fn chats(&self, account: AccountId) -> Vec<ConversationView> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let query =
                ListQuery { account: Some(account), cursor, limit: Some(100), ..ListQuery::default() };
            let page = self.engine.conversations(&self.owner, &query).await.unwrap();
            all.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return all;
            }
        }
    }

    async fn count(&self, account: AccountId) -> usize {
        let mut count = 0;
        for chat in self.chats(account).await {
            count += self.thread(chat.id).await.len();
        }
        count
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite, "v9")]
#[case::postgres(Kind::Postgres, "v9")]
#[case::older(Kind::Sqlite, "v7")]
#[tokio::test]
async fn a_linked_phone_brings_its_past(#[case] kind: Kind, #[case] gateway: &str) {
    let world = World::new(kind).await;
    world.past(24, 3, 8);
    let account = world.linked_by(gateway).await;
    let sync = world.complete(account).await;
    assert_eq!((sync.done, sync.total, sync.error.clone()), (27, 27, None));
    assert_eq!(sync.messages, 27 * 8);
    assert_eq!(sync.percent(), 100);

    let chats = world.chats(account).await;
    assert_eq!(chats.len(), 27);
    assert!(chats.iter().all(|chat| chat.unread == 0 && chat.last.is_some()));
    assert!(chats.windows(2).all(|two| two[0].sort_at >= two[1].sort_at));
    let groups: Vec<_> = chats.iter().filter(|chat| chat.address.is_group()).collect();
    assert_eq!(groups.len(), 3);
    assert!(groups.iter().all(|group| !group.title.starts_with("Group …")), "{groups:?}");

    // In order, with both sides, and each in a group by name.
    let thread = world.thread(chats[0].id).await;
    let texts: Vec<_> = thread.iter().map(|m| m.content.searchable().to_owned()).collect();
    assert_eq!(texts.len(), 8);
    for (n, text) in texts.iter().enumerate() {
        assert!(text.ends_with(&format!("({})", n + 1)), "{texts:?}");
    }
    let senders: BTreeSet<String> =
        world.thread(groups[0].id).await.iter().map(|m| format!("{:?}", m.author)).collect();
    assert!(senders.len() > 3, "{senders:?}");

    // It can be found, and nobody was told message by message.
    let query = SearchQuery { q: "courier".to_owned(), ..SearchQuery::default() };
    assert!(!world.engine.search_messages(&world.owner, &query).await.unwrap().items.is_empty());
    let log = world.log().await;
    assert!(!log.iter().any(|event| matches!(event.payload, Payload::Message(_))));
    assert!(log.iter().any(|event| event.payload == Payload::History { id: chats[0].id }));
    world.stop().await;
}

/// A chat of which the phone hands over nothing is there all the same, in its place, and the same list again changes
/// nothing. Nobody who was erased comes back by it.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn listed_chats_are_there_without_messages(#[case] kind: Kind) {
    let world = World::new(kind).await;
    world.phone_with(Past { chats: 6, groups: 2, messages: 2, kept_back: 4, ..Past::default() });
    let account = world.linked().await.0;
    let sync = world.complete(account).await;
    assert_eq!((sync.done, sync.messages), (8, 4 * 2));
    let chats = world.chats(account).await;
    assert_eq!(chats.len(), 8);
    assert!(chats[..4].iter().all(|chat| chat.last.is_some()), "those with the newest messages");
    for chat in &chats[4..] {
        assert!(chat.last.is_none() && chat.unread == 0 && world.thread(chat.id).await.is_empty());
        assert_ne!(chat.title, chat.address.label(), "it has a name");
        assert!(chat.sort_at < chats[3].sort_at);
    }
    let bare = chats[4..].iter().find(|chat| !chat.address.is_group()).unwrap();
    world.engine.sync_account_history(&world.owner, account).await.unwrap();
    world.complete(account).await;
    let versions = |chats: &[ConversationView]| -> Vec<_> {
        chats.iter().filter(|chat| !chat.address.is_group()).map(|chat| (chat.id, chat.version)).collect()
    };
    assert_eq!(versions(&world.chats(account).await), versions(&chats));

    world.engine.erase_contact(&world.owner, bare.contact_id.unwrap(), &bare.title).await.unwrap();
    world.engine.sync_account_history(&world.owner, account).await.unwrap();
    world.complete(account).await;
    let left = world.chats(account).await;
    assert!(left.len() == 7 && left.iter().all(|chat| chat.address != bare.address), "{left:?}");
    world.stop().await;
}

/// The whole of it again, by hand and after a break: nothing changes.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_same_history_again_changes_nothing(#[case] kind: Kind) {
    let world = World::new(kind).await;
    world.past(6, 1, 5);
    let account = world.linked().await.0;
    world.complete(account).await;
    let before = world.chats(account).await;
    let count = world.count(account).await;
    let versions: Vec<_> = before.iter().map(|chat| (chat.id, chat.version)).collect();
    for _ in 0..2 {
        world.engine.sync_account_history(&world.owner, account).await.unwrap();
        let sync = world.complete(account).await;
        assert_eq!((sync.done, sync.messages), (7, 0));
    }
    let after = world.chats(account).await;
    assert_eq!(after.iter().map(|chat| (chat.id, chat.version)).collect::<Vec<_>>(), versions);
    assert_eq!(world.count(account).await, count);
    world.stop().await;
}

/// Whoever asks does not wait until it would have been looked at again anyway.
#[tokio::test]
async fn what_is_asked_for_comes_at_once() {
    let mut world = World::new(Kind::Sqlite).await;
    world.change_config(|config| config.rhythm.history = Duration::from_hours(1)).await;
    world.past(3, 0, 2);
    let account = world.linked().await.0;
    let first = world.complete(account).await;
    world.engine.sync_account_history(&world.owner, account).await.unwrap();
    let second = world.complete(account).await;
    assert!(second.started_at > first.started_at && second.done == 3, "{second:?}");
    world.stop().await;
}

#[tokio::test]
async fn bounds_are_kept() {
    let world = World::new(Kind::Sqlite).await;
    let bounds = WorkspaceSettings { sync_chats: Some(30), ..WorkspaceSettings::default() };
    world.engine.set_workspace_settings(&world.owner, &bounds).await.unwrap();
    world.past(35, 0, 12);
    let account = world.engine.create_gateway(&world.owner, &world.gateway("v9")).await.unwrap().id;
    let mut settings = world.engine.account(&world.owner, account).await.unwrap().settings;
    settings.sync_limit = 10;
    world.engine.set_account_settings(&world.owner, account, &settings).await.unwrap();
    world.link(account, &Device::new("v9", &format!("balas-{account}"))).await;
    let sync = world.complete(account).await;
    assert_eq!((sync.done, sync.total, sync.messages), (30, 30, 300));
    // The newest of each, of those with the newest.
    let thread = world.thread(world.chats(account).await[29].id).await;
    assert!(thread[0].content.searchable().ends_with("(3)"), "{:?}", thread[0]);

    // Days: all of these were written to within them.
    let bounds = WorkspaceSettings { sync_chats: None, sync_days: Some(7), ..WorkspaceSettings::default() };
    world.engine.set_workspace_settings(&world.owner, &bounds).await.unwrap();
    let old = Incoming {
        timestamp: Some(crate::support::now_seconds().parse::<i64>().unwrap() - 8 * 24 * 3_600),
        ..Incoming::text(PHONE, "6281999999999", "Old", "long ago")
    };
    world
        .sandbox
        .world()
        .faults(Faults { account: Some(PHONE.to_owned()), lose: true, ..Faults::default() })
        .unwrap();
    world.sandbox.world().receive(&old).unwrap();
    world.engine.sync_account_history(&world.owner, account).await.unwrap();
    let sync = world.complete(account).await;
    assert_eq!((sync.done, sync.total), (35, 35));
    assert!(world.chats(account).await.iter().all(|chat| chat.title != "Old"));
    let few = WorkspaceSettings { sync_days: Some(6), ..WorkspaceSettings::default() };
    let refused = world.engine.set_workspace_settings(&world.owner, &few).await;
    assert!(matches!(refused, Err(EngineError::Invalid(_))));
    world.stop().await;
}

/// The server ends again and again while the history comes; the gateway stumbles too.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_was_broken_off_goes_on(#[case] kind: Kind) {
    let mut world = World::new(kind).await;
    world.past(60, 0, 6);
    let account = world.linked().await.0;
    for round in 0..4 {
        let done = 10 * round;
        world
            .until("a part is here", async || {
                world.history(account).await.is_some_and(|sync| sync.done > done || !sync.state.goes_on())
            })
            .await;
        world.restart().await;
    }
    let sync = world.complete(account).await;
    assert_eq!((sync.done, sync.total), (60, 60));
    assert_eq!(world.count(account).await, 360);
    world.stop().await;
}

/// What has failed says why, is tried again when somebody asks, and by itself when it would have been looked at again.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_has_failed_says_so_and_is_tried_again(#[case] kind: Kind) {
    let world = World::new(kind).await;
    world.past(3, 0, 2);
    let all_is_well = Faults { account: Some(PHONE.to_owned()), ..Faults::default() };
    let refuse = Faults {
        calls: Some(Calls::Chats),
        status: Some(400),
        error: Some("VALIDATION_ERROR".to_owned()),
        ..all_is_well.clone()
    };
    world.sandbox.world().faults(refuse.clone()).unwrap();
    let account = world.linked().await.0;
    let failed = world.ended(account, SyncState::Failed).await;
    assert!(failed.error.is_some_and(|why| why.contains("refuses")) && !failed.quiet);

    // Nobody asks: it goes on all the same, and whoever waited for it sees that.
    world.sandbox.world().faults(all_is_well).unwrap();
    world.pass(Duration::from_mins(31));
    let first = world.complete(account).await;
    assert_eq!((first.done, first.messages, first.error, first.quiet), (3, 6, None, false));

    // Somebody asks, in vain and then not.
    world.sandbox.world().faults(refuse.clone()).unwrap();
    world.engine.sync_account_history(&world.owner, account).await.unwrap();
    world.ended(account, SyncState::Failed).await;
    world.sandbox.world().faults(Faults { calls: None, status: None, error: None, ..refuse }).unwrap();
    world.engine.sync_account_history(&world.owner, account).await.unwrap();
    let second = world.complete(account).await;
    assert_eq!((second.done, second.messages, second.error), (3, 0, None));
    world.stop().await;
}

#[tokio::test]
async fn a_customer_who_writes_meanwhile_is_heard() {
    let world = World::new(Kind::Sqlite).await;
    world.past(30, 0, 4);
    let account = world.linked().await.0;
    let new = Incoming::text(PHONE, "6285000000000029", "Nur", "and now?");
    let new = Incoming { from: Some("62850000000029".to_owned()), ..new };
    world.sandbox.world().receive(&new).unwrap();
    world.complete(account).await;
    world
        .until("the message is unread", async || {
            world.chats(account).await.iter().map(|chat| chat.unread).sum::<i32>() == 1
        })
        .await;
    let first = world.chats(account).await.swap_remove(0);
    assert_eq!(first.last.unwrap().preview.text, "and now?");
    // What was said before stands before it.
    world.until("its past is here", async || world.thread(first.id).await.len() == 5).await;
    world.stop().await;
}

#[tokio::test]
async fn who_may_ask_and_when() {
    let world = World::new(Kind::Sqlite).await;
    world.past(1, 0, 1);
    let e = &world.engine;
    assert!(matches!(
        e.sync_account_history(&world.owner, world.account).await,
        Err(EngineError::Unsupported { .. })
    ));
    let account = world.linked().await.0;
    world.complete(account).await;
    let agent = world.member(balas_domain::Role::Agent).await;
    assert!(matches!(e.sync_account_history(&agent, account).await, Err(EngineError::Denied(_))));
    e.stop_account(&world.owner, account).await.unwrap();
    assert!(matches!(e.sync_account_history(&world.owner, account).await, Err(EngineError::Refused(_))));
    // Read it one can all the same.
    assert_eq!(world.count(account).await, 1);
    world.stop().await;
}

/// What was missed is fetched, and admins see what it was.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn gaps_are_filled_and_told(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let account = world.linked().await.0;
    let say = |text: &str| {
        world.sandbox.world().receive(&Incoming::text(PHONE, "6281200001111", "Sari", text)).unwrap();
    };
    say("one");
    world.until("it is here", async || world.chats(account).await.len() == 1).await;
    let faults = Faults { account: Some(PHONE.to_owned()), lose: true, ..Faults::default() };
    world.sandbox.world().faults(faults).unwrap();
    say("two");
    say("three");
    world
        .until("the gap is filled", async || {
            let gaps = world.engine.account_gaps(&world.owner, account).await.unwrap();
            gaps.iter().map(|gap| gap.messages).sum::<u32>() == 2
        })
        .await;
    let gaps = world.engine.account_gaps(&world.owner, account).await.unwrap();
    let chat = world.chats(account).await.swap_remove(0);
    assert!(gaps.iter().all(|gap| gap.conversation_id == chat.id && gap.title == chat.title));
    assert!(gaps.iter().all(|gap| gap.after.is_some_and(|after| after <= gap.first_at)));
    // Somebody waits for an answer to them.
    assert_eq!(chat.unread, 3);
    let texts: Vec<_> =
        world.thread(chat.id).await.iter().map(|m| m.content.searchable().to_owned()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    world.stop().await;
}

/// Meta was not allowed to hand the past over: the number's page says so, and what to do.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_past_that_was_not_shared_is_told(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let number = &world.number;
    let declined = serde_json::json!({"object": "whatsapp_business_account", "entry": [{"id": number.waba_id,
        "changes": [{"field": "history", "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": number.display_phone_number,
                "phone_number_id": number.phone_number_id},
            "history": [{"errors": [{"code": 2_593_109, "title": "History sync is turned off"}]}]}}]}]});
    world.deliver(&declined).await.unwrap();
    let sync = world.ended(world.account, SyncState::Failed).await;
    assert!(sync.error.is_some_and(|why| why.contains("share the chats")));
    world.stop().await;
}
