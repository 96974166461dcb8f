//! Numbers on our own bridge: the real Node program, whose library is replaced by one that replays.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::fs;

use balas_domain::{
    AccountId, AccountSettings, AccountStatus, Address, AlertKind, Content, MessageId, MessageStatus,
    Payload, TrustLevel,
    content::Poll,
    form::{BridgeForm, Problem},
    query::NewMessage,
    view::{ConversationView, DeviceState, Direction, MessageView, ProviderKind},
};
use balas_engine::{EngineError, ambient::OsRandom};
use balas_sandbox::Incoming;
use balas_store::testing::Kind;
use rstest::rstest;

use crate::support::{PHONE, RHYTHM, World};

impl World {
    async fn bridged(&self) -> AccountId {
        let missing = self.config.bridge.as_ref().unwrap().missing().await;
        assert_eq!(missing, None, "run `npm ci` in bridge/");
        self.engine.check_bridge(&self.owner).await.unwrap();
        let form = BridgeForm { name: "Web".to_owned(), ..BridgeForm::default() };
        let account = self.engine.create_bridge_account(&self.owner, &form).await.unwrap();
        assert_eq!((account.provider, account.phone), (ProviderKind::Bridge, None));
        account.id
    }

    /// The phone's or the customer's part.
    fn wish(&self, name: &str, what: &str) {
        fs::write(self.bridge_data().join(name), what).unwrap();
    }

    async fn linked_on_bridge(&self) -> AccountId {
        let account = self.bridged().await;
        self.status(account, AccountStatus::Qr).await;
        self.wish("scan", "yes");
        self.status(account, AccountStatus::Ready).await;
        account
    }

    async fn incoming(&self) -> Vec<MessageView> {
        let on_bridge = |c: &ConversationView| c.address == Address::Phone("554198765432".to_owned());
        let Some(conversation) = self.list().await.into_iter().find(on_bridge) else { return Vec::new() };
        let mut thread = self.thread(conversation.id).await;
        thread.retain(|m| m.direction == Direction::In);
        thread
    }

    /// The customer writes so many messages while nobody listens: the phone has them.
    fn written_meanwhile(&self, account: AccountId, count: usize) {
        let file = self.bridge_data().join(format!("devices/balas-{account}/said.jsonl"));
        let mut said = fs::read_to_string(&file).unwrap();
        let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        for n in 0..count {
            let mut message = last.clone();
            let id = format!("meanwhile{n}");
            message["id"]["_serialized"] = format!("false_554198765432@c.us_{id}").into();
            message["id"]["id"] = id.into();
            message["body"] = format!("meanwhile {n}").into();
            said = format!("{said}{message}\n");
        }
        fs::write(file, said).unwrap();
    }

    /// The process of the bridge, if it runs.
    fn pid(&self) -> Option<i32> {
        fs::read_to_string(self.bridge_data().join("bridge.pid")).ok()?.trim().parse().ok()
    }

    async fn kill_bridge(&self) {
        let pid = self.pid().unwrap();
        let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        assert!(killed.success());
        self.until("another process runs", async || self.pid().is_some_and(|now| now != pid)).await;
    }

    /// What the phone has sent.
    fn sent_by_phone(&self, account: AccountId) -> Vec<String> {
        let file = self.bridge_data().join(format!("devices/balas-{account}/said.jsonl"));
        let said = fs::read_to_string(file).unwrap();
        let all = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        all.filter(|m| m["fromMe"] == true).map(|m| m["body"].as_str().unwrap().to_owned()).collect()
    }
}

/// What customers wrote while nobody listened comes in afterwards, and admins see that it was missed.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_the_bridge_missed_is_a_gap(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let account = world.linked_on_bridge().await;
    world.wish("speak", "1");
    world.until("the customer is heard", async || world.incoming().await.len() == 1).await;
    // It may have come with the history, which nobody is told of.
    let before = world.list().await[0].unread;
    world.engine.stop_account(&world.owner, account).await.unwrap();
    world.until("the bridge has ended", async || world.pid().is_none()).await;
    world.written_meanwhile(account, 3);
    world.engine.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Ready).await;
    world.until("all of it is here", async || world.incoming().await.len() == 4).await;
    let gaps = world.engine.account_gaps(&world.owner, account).await.unwrap();
    assert_eq!(gaps.iter().map(|gap| gap.messages).sum::<u32>(), 3, "{gaps:?}");
    assert!(gaps.iter().all(|gap| gap.after.is_some()));
    assert_eq!(world.list().await[0].unread, before + 3, "somebody waits for an answer to them");
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_number_lives_on_the_bridge(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let e = &world.engine;
    let account = world.bridged().await;
    world.status(account, AccountStatus::Qr).await;
    assert_eq!(&e.account_qr(&world.owner, account).unwrap().png[1..4], b"PNG");
    let unknown = e.pair_account(&world.owner, account).await;
    let Err(EngineError::Invalid(errors)) = unknown else { panic!("{unknown:?}") };
    assert_eq!((errors[0].field.as_str(), &errors[0].problem), ("phone", &Problem::Required));
    let pairing = e.pair_account_with(&world.owner, account, "+55 11 98888-7777").await.unwrap();
    assert_eq!(pairing.code, "ABCD-1234");
    world.status(account, AccountStatus::Pairing).await;
    world.wish("scan", "yes");
    let ready = world.status(account, AccountStatus::Ready).await;
    assert_eq!((ready.phone.as_deref(), ready.code_expires_at), (Some("+55 119 8888 7777"), None));

    world.wish("speak", "2");
    world.until("the customer is heard", async || world.incoming().await.len() == 2).await;
    let conversation = world.list().await.remove(0);
    assert_eq!(conversation.account_id, account);
    let new = world.text("an answer");
    e.send(&world.owner, conversation.id, &new).await.unwrap();
    world
        .until("it was delivered", async || {
            world.message(conversation.id, new.id).await.delivery.status == MessageStatus::Delivered
        })
        .await;
    assert_eq!(world.sent_by_phone(account), ["an answer"]);
    let [device] = &e.account_devices(&world.owner, account).await.unwrap()[..] else { panic!() };
    assert_eq!((device.own, device.state), (true, DeviceState::LoggedIn));

    // Nobody needs it any more, and then somebody does again: the link stays.
    e.stop_account(&world.owner, account).await.unwrap();
    world.until("the bridge has ended", async || world.pid().is_none()).await;
    e.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Ready).await;
    world.wish("speak", "3");
    world.until("the customer is heard again", async || world.incoming().await.len() == 3).await;

    // The same number again is refused.
    let twin = BridgeForm { name: "Twin".to_owned(), phone: "+55 11 98888 7777".to_owned() };
    let taken = e.create_bridge_account(&world.owner, &twin).await;
    assert!(matches!(taken, Err(EngineError::Invalid(_))), "{taken:?}");

    // Nor can the phone be linked twice, if nobody has said which it will be.
    let form = BridgeForm { name: "Twin".to_owned(), ..BridgeForm::default() };
    let twin = e.create_bridge_account(&world.owner, &form).await.unwrap().id;
    let view = world.status(twin, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("in another account already"));
    e.delete_account(&world.owner, twin, "Twin").await.unwrap();

    // What was said before is not told twice.
    e.sync_account_history(&world.owner, account).await.unwrap();
    world.settled().await;
    assert_eq!(world.incoming().await.len(), 3);
    let cloud = e.sync_account_history(&world.owner, world.account).await;
    assert!(matches!(cloud, Err(EngineError::Unsupported { .. })));

    fs::remove_file(world.bridge_data().join("scan")).unwrap();
    e.log_out_account(&world.owner, account).await.unwrap();
    e.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Qr).await;
    e.delete_account(&world.owner, account, "Web").await.unwrap();
    let device = world.bridge_data().join(format!("devices/balas-{account}"));
    world
        .until("the device is gone, and with it the bridge", async || {
            !device.exists() && world.pid().is_none()
        })
        .await;
    assert!(world.list().await.is_empty());
    world.stop().await;
}

/// The bridge is killed while messages come and go, and numbers that are not on it go on as if nothing were.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn killed_under_traffic_nothing_is_lost_or_comes_twice(#[case] kind: Kind) {
    const KILLS: usize = 4;
    const EACH: usize = 12;
    const ON_GATEWAY: &str = "6281200002222";
    let world = World::new(kind).await;
    let (gateway, _) = world.linked().await;
    let account = world.linked_on_bridge().await;
    let fast = AccountSettings {
        trust_level: TrustLevel::try_from(5).unwrap(),
        warm_up: false,
        ..AccountSettings::of_new(ProviderKind::Bridge)
    };
    world.engine.set_account_settings(&world.owner, account, &fast).await.unwrap();
    world.wish("speak", "1");
    world.until("the first one came", async || world.incoming().await.len() == 1).await;
    let here = |c: &ConversationView| c.account_id == account;
    let conversation = world.list().await.into_iter().find(here).unwrap().id;
    let mut ours = Vec::new();
    for kill in 1..=KILLS {
        world.wish("speak", &(kill * EACH).to_string());
        world.until("traffic", async || world.incoming().await.len() > (kill - 1) * EACH + 2).await;
        let new = world.text(&format!("answer {kill}"));
        world.engine.send(&world.owner, conversation, &new).await.unwrap();
        ours.push(new);
        let also = Incoming::text(PHONE, ON_GATEWAY, "Budi", &format!("by the gateway {kill}"));
        world.sandbox.world().receive(&also).unwrap();
        world.kill_bridge().await;
        world.receive("6281200003333", &format!("by the Cloud API {kill}")).await;
    }
    world.status(account, AccountStatus::Ready).await;
    world.until("all came", async || world.incoming().await.len() >= KILLS * EACH).await;
    // One that was cut off before the phone had it stays unknown; all others are known to be sent.
    world
        .until("all answers are told apart", async || {
            let thread = world.thread(conversation).await;
            let sent = world.sent_by_phone(account);
            ours.iter().all(|new| {
                let status = thread.iter().find(|m| m.id == new.id).unwrap().delivery.status;
                if sent.contains(&new.text) {
                    matches!(status, MessageStatus::Sent | MessageStatus::Delivered)
                } else {
                    status == MessageStatus::Unknown
                }
            })
        })
        .await;
    world.settled().await;
    let heard: Vec<_> =
        world.incoming().await.into_iter().map(|m| m.content.searchable().to_owned()).collect();
    let mut once = heard.clone();
    once.sort();
    once.dedup();
    assert_eq!((heard.len(), once.len()), (KILLS * EACH, KILLS * EACH), "{heard:?}");
    let thread = world.thread(conversation).await;
    assert_eq!(thread.iter().filter(|m| m.direction == Direction::Out).count(), KILLS);
    let sent = world.sent_by_phone(account);
    let once: std::collections::BTreeSet<_> = sent.iter().collect();
    assert_eq!(once.len(), sent.len(), "nothing was sent twice: {sent:?}");

    for (other, from) in [(gateway, ON_GATEWAY), (world.account, "6281200003333")] {
        let statuses: Vec<_> = world
            .log()
            .await
            .into_iter()
            .filter_map(|event| match event.payload {
                Payload::Account(view) if view.id == other => Some(view.status),
                _ => None,
            })
            .collect();
        let since = statuses.iter().position(|status| *status == AccountStatus::Ready).unwrap();
        assert!(statuses[since..].iter().all(|status| *status == AccountStatus::Ready), "{statuses:?}");
        let to = Address::Phone(from.to_owned());
        let heard =
            world.list().await.into_iter().find(|c| c.address == to && c.account_id == other).unwrap();
        assert_eq!(world.thread(heard.id).await.len(), KILLS, "{from}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_crash_is_told_at_the_account_and_a_restart_goes_on() {
    let mut world = World::new(Kind::Sqlite).await;
    let account = world.linked_on_bridge().await;
    world.kill_bridge().await;
    world.status(account, AccountStatus::Ready).await;
    let told = world.log().await.into_iter().any(|event| match event.payload {
        Payload::Account(view) => {
            view.id == account
                && view.status == AccountStatus::Disconnected
                && view.status_detail.is_some_and(|why| why.contains("starts again by itself"))
        }
        _ => false,
    });
    assert!(told);
    let alert = world.alert(account, AlertKind::BridgeRestarted, false).await;
    assert!(alert.closed_at.unwrap().since(alert.raised_at) >= RHYTHM.calm);
    world.restart().await;
    world.wish("speak", "1");
    world.until("it goes on", async || world.incoming().await.len() == 1).await;
    world.status(account, AccountStatus::Ready).await;
    world.stop().await;
}

#[tokio::test]
async fn votes_on_a_poll_are_seen_and_change() {
    let world = World::new(Kind::Sqlite).await;
    let account = world.linked_on_bridge().await;
    world.wish("speak", "1");
    world.until("the customer has written", async || world.incoming().await.len() == 1).await;
    let conversation = world.list().await.into_iter().find(|c| c.account_id == account).unwrap().id;
    let options = ["Sabtu", "Minggu"].map(str::to_owned).to_vec();
    let poll = Poll { question: "Kapan?".to_owned(), options, max_answer: 1 };
    let id = MessageId::new(world.engine.now(), &OsRandom);
    let new = NewMessage { id, content: Content::Poll(poll.clone()), reply_to: None };
    world.engine.send(&world.owner, conversation, new).await.unwrap();
    world
        .until("it was delivered", async || {
            world.message(conversation, id).await.delivery.status >= MessageStatus::Delivered
        })
        .await;
    let votes = async || -> Vec<Vec<String>> {
        world.message(conversation, id).await.votes.into_iter().map(|vote| vote.options).collect()
    };
    world.wish("vote", "Sabtu");
    world.until("the choice is seen", async || votes().await == [["Sabtu"]]).await;
    world.wish("vote", "Minggu");
    world.until("another one took its place", async || votes().await == [["Minggu"]]).await;
    world.wish("vote", "\n");
    world.until("it was taken back", async || votes().await.is_empty()).await;
    let thread = world.thread(conversation).await;
    assert_eq!(thread.len(), 2, "a vote is no message: {thread:?}");
    assert_eq!(world.message(conversation, id).await.content, Content::Poll(poll));
    world.stop().await;
}

#[tokio::test]
async fn the_words_below_a_picture_change() {
    let world = World::new(Kind::Sqlite).await;
    world.linked_on_bridge().await;
    let said = async || -> Vec<(String, bool)> {
        let all = world.incoming().await.into_iter();
        let of = |message: MessageView| match message.content {
            Content::Media(said) => (said.caption.unwrap_or_default(), message.edited),
            other => panic!("no picture: {other:?}"),
        };
        all.map(of).collect()
    };
    world.wish("picture", "Harga 50.000");
    world.until("the picture came", async || said().await == [("Harga 50.000".to_owned(), false)]).await;
    world.wish("picture", "Harga 55.000");
    world.until("its words changed", async || said().await == [("Harga 55.000".to_owned(), true)]).await;
    world.stop().await;
}

#[tokio::test]
async fn a_link_that_ended_while_nobody_looked_is_told() {
    let mut world = World::new(Kind::Sqlite).await;
    let account = world.linked_on_bridge().await;
    fs::remove_file(world.bridge_data().join("scan")).unwrap();
    world.wish("unlink", "yes");
    world.restart().await;
    let view = world.status(account, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("ended the link"));
    // Said once: whoever starts it again is shown a code.
    world.engine.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Qr).await;
    fs::remove_file(world.bridge_data().join("unlink")).unwrap();
    world.wish("scan", "yes");
    world.status(account, AccountStatus::Ready).await;
    world.stop().await;
}

#[tokio::test]
async fn a_number_that_whatsapp_has_blocked_waits_for_a_person() {
    let world = World::new(Kind::Sqlite).await;
    let account = world.linked_on_bridge().await;
    world.wish("block", "yes");
    let view = world.status(account, AccountStatus::Error).await;
    let detail = view.status_detail.unwrap();
    assert!(detail.contains("blocked this number") && detail.contains("ask for a review"), "{detail}");
    // It is still blocked when somebody tries, and then it is not any more.
    world.engine.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Error).await;
    fs::remove_file(world.bridge_data().join("block")).unwrap();
    world.engine.start_account(&world.owner, account).await.unwrap();
    world.status(account, AccountStatus::Ready).await;
    world.stop().await;
}

#[tokio::test]
async fn what_is_missing_is_told_at_the_account() {
    let mut world = World::new(Kind::Sqlite).await;
    world.change_config(|config| config.bridge.as_mut().unwrap().node = "/nowhere/node".into()).await;
    let form = BridgeForm { name: "Web".to_owned(), ..BridgeForm::default() };
    let account = world.engine.create_bridge_account(&world.owner, &form).await.unwrap().id;
    let view = world.status(account, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("Install Node.js"));
    world.change_config(|config| config.bridge.as_mut().unwrap().folder = "/nowhere".into()).await;
    world.engine.start_account(&world.owner, account).await.unwrap();
    let view = world.status(account, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("is not in /nowhere"));
    world
        .change_config(|config| {
            let bridge = config.bridge.as_mut().unwrap();
            bridge.node = "node".into();
            bridge.folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bridge").into();
            bridge.chromium = Some("/nowhere/chromium".into());
        })
        .await;
    world.engine.start_account(&world.owner, account).await.unwrap();
    let view = world.status(account, AccountStatus::Error).await;
    assert!(view.status_detail.unwrap().contains("no browser at /nowhere/chromium"));
    world.stop().await;
}
