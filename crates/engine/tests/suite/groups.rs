//! Groups: asked for when first seen, kept true by what happens, and never made by it.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::time::Duration;

use balas_domain::{
    AccountId, AccountStatus, Content, ConversationId, GroupRole, GroupView, MessageStatus,
    group::{GroupClosed, GroupEvent, GroupNews},
    query::{ContactQuery, ListQuery},
    view::{ConversationView, Direction, FailureClass},
    work::Activity,
};
use balas_engine::EngineError;
use balas_sandbox::{Device, GatewayVersion, GroupStep, Incoming, MemberChange, NewGroup, NewMember};
use balas_store::{pending, testing::Kind};
use rstest::rstest;
use serde_json::json;

use crate::support::{PHONE, World};

const SITI: &str = "6281200001111";
const BUDI: &str = "6281200002222";
const RINA: &str = "6281200003333";
const GROUP: &str = "120363402106999999";

fn member(from: &str, lid: Option<&str>, name: &str) -> NewMember {
    NewMember { from: Some(from.to_owned()), lid: lid.map(str::to_owned), name: Some(name.to_owned()) }
}

impl World {
    /// A number on a gateway of this version, linked.
    async fn on(&self, version: GatewayVersion) -> AccountId {
        if version == GatewayVersion::V9 {
            return self.linked().await.0;
        }
        let form = self.gateway("v7");
        let account = self.engine.create_gateway(&self.owner, &form).await.unwrap().id;
        let setup = self.engine.account_setup(&self.owner, account).await.unwrap();
        self.status(account, AccountStatus::Qr).await;
        let gateway = balas_sandbox::Gateway {
            webhook_urls: vec![format!("{}{}", self.webhook_base(), setup.webhook_path)],
            webhook_secret: form.webhook_secret,
            ..balas_sandbox::Gateway::demo(version)
        };
        self.sandbox.world().set_gateway(gateway).unwrap();
        self.sandbox.world().scan(&Device::new("v7", ""), PHONE, None).unwrap();
        self.status(account, AccountStatus::Ready).await;
        account
    }

    fn make_group(&self, announce: bool) {
        let group = NewGroup {
            account: PHONE.to_owned(),
            id: Some(GROUP.to_owned()),
            name: "Resellers".to_owned(),
            description: Some("Orders of *Bandung*".to_owned()),
            announce,
            members: vec![member(SITI, Some("251500000001"), "Siti"), member(BUDI, None, "Budi")],
            ..NewGroup::default()
        };
        self.sandbox.world().add_group(&group).unwrap();
    }

    fn step(&self, change: MemberChange, members: &[NewMember]) {
        let step = GroupStep { group: GROUP.to_owned(), change, members: members.to_vec() };
        self.sandbox.world().group_step(&step).unwrap();
    }

    fn say(&self, from: &str, name: &str, text: &str) {
        let said = Incoming { group: Some(GROUP.to_owned()), ..Incoming::text(PHONE, from, name, text) };
        self.sandbox.world().receive(&said).unwrap();
    }

    async fn group_row(&self) -> Option<ConversationView> {
        let query = ListQuery { groups_only: true, ..ListQuery::default() };
        self.engine.conversations(&self.owner, &query).await.unwrap().items.into_iter().next()
    }

    /// Waits until the group is known as that many members.
    async fn known(&self, members: u32) -> (ConversationId, GroupView) {
        self.until(&format!("the group is known with {members} members"), async || {
            self.group_row().await.and_then(|row| row.group?.members) == Some(members)
        })
        .await;
        let id = self.group_row().await.unwrap().id;
        (id, self.engine.group(&self.owner, id).await.unwrap())
    }

    async fn news(&self, id: ConversationId) -> Vec<GroupNews> {
        let thread = self.thread(id).await.into_iter();
        let news = thread.filter_map(|m| match m.content {
            Content::Activity { activity: Activity::Group { news } } => {
                assert_eq!(m.direction, Direction::Internal);
                Some(news)
            }
            _ => None,
        });
        news.collect()
    }
}

fn roles(group: &GroupView) -> Vec<(&str, GroupRole)> {
    group.members.iter().map(|m| (m.name.as_str(), m.role)).collect()
}

#[rstest]
#[case::new_sqlite(Kind::Sqlite, GatewayVersion::V9)]
#[case::new_postgres(Kind::Postgres, GatewayVersion::V9)]
#[case::old(Kind::Sqlite, GatewayVersion::V7)]
#[tokio::test]
async fn a_group_is_asked_for_when_first_seen_and_follows_its_members(
    #[case] kind: Kind,
    #[case] version: GatewayVersion,
) {
    let world = World::new(kind).await;
    let account = world.on(version).await;
    world.make_group(false);
    // What happens in a group that nobody has written in makes no conversation. It is told once there is one.
    world.step(MemberChange::Promote, &[member(BUDI, None, "Budi")]);
    world.step(MemberChange::Demote, &[member(BUDI, None, "Budi")]);
    world
        .until("something waits", async || {
            let mut tx = world.engine.store().read().await.unwrap();
            let group = format!("group:{GROUP}");
            let waiting = pending::targets(world.owner.workspace, &mut tx, account, &[&group]).await.unwrap();
            !waiting.is_empty()
        })
        .await;
    assert_eq!(world.group_row().await, None);
    world.say(SITI, "Siti", "who has stock?");
    let (id, group) = world.known(3).await;
    let row = world.group_row().await.unwrap();
    assert_eq!((row.title.as_str(), row.contact_id, row.account_id), ("Resellers", None, account));
    let last = row.last.unwrap();
    assert_eq!((last.preview.text.as_str(), last.author.as_deref()), ("who has stock?", Some("Siti")));
    assert_eq!(group.description.as_deref(), Some("Orders of *Bandung*"));
    assert_eq!(group.owner.as_deref(), Some("Siti"));
    assert!(group.created_at.is_some() && !group.announce && !group.locked);
    let names = roles(&group);
    assert_eq!(names[0], ("Siti", GroupRole::Owner));
    let us = group.members.iter().find(|m| m.us).unwrap();
    assert_eq!((us.role, us.contact_id), (GroupRole::Member, None));
    let siti = &group.members[0];
    assert_eq!((siti.phone.as_deref(), siti.tag.as_deref()), (Some("+62 812 0000 1111"), Some(SITI)));
    // Whoever has a number and a linked id is one contact; we are none.
    let number = ContactQuery { q: Some("62812".to_owned()), ..ContactQuery::default() };
    let people = world.engine.contacts(&world.owner, &number).await.unwrap();
    assert_eq!(people.items.len(), 2, "{people:?}");
    // One line for each time that this happened to a member.
    let told = async |event| {
        let news = world.news(id).await;
        let about = news.iter().filter(|news| (news.event, news.us) == (event, false));
        about.filter(|news| news.who.len() == 1 && !news.who[0].starts_with('@') && news.more == 0).count()
    };
    world
        .until("what happened before is told", async || {
            (told(GroupEvent::Promoted).await, told(GroupEvent::Demoted).await) == (1, 1)
        })
        .await;

    world.step(MemberChange::Join, &[member(RINA, None, "Rina")]);
    world.known(4).await;
    world.step(MemberChange::Promote, &[member(RINA, None, "Rina")]);
    world.step(MemberChange::Leave, &[member(BUDI, None, "Budi")]);
    let (_, group) = world.known(3).await;
    world
        .until("the promotion is there", async || {
            let group = world.engine.group(&world.owner, id).await.unwrap();
            group.members.iter().filter(|m| m.role >= GroupRole::Admin).count() == 2
        })
        .await;
    assert!(!roles(&group).iter().any(|(name, _)| name.contains("2222") || *name == "Budi"));
    world
        .until("what happened since is told", async || {
            let promoted = told(GroupEvent::Promoted).await;
            (told(GroupEvent::Joined).await, promoted, told(GroupEvent::Left).await) == (1, 2, 1)
        })
        .await;
    assert_eq!(told(GroupEvent::Demoted).await, 1);
    let row = world.group_row().await.unwrap();
    assert_eq!(
        (row.unread, row.last.unwrap().preview.text.as_str()),
        (1, "who has stock?"),
        "the lines are quiet"
    );
    let refused = world.engine.group(&world.owner, ConversationId(uuid::Uuid::nil())).await;
    assert!(matches!(refused, Err(EngineError::NotFound { what: "conversation" })));
    world.stop().await;
}

#[tokio::test]
async fn who_looks_at_a_group_has_it_asked_for_and_does_not_wait() {
    let world = World::new(Kind::Sqlite).await;
    world.on(GatewayVersion::V9).await;
    world.make_group(false);
    world.say(SITI, "Siti", "who has stock?");
    let (id, before) = world.known(3).await;
    let look = async || world.engine.group(&world.owner, id).await.unwrap();
    world.pass(Duration::from_mins(20));
    assert_eq!(look().await.fetched_at, before.fetched_at, "what is here is shown at once");
    world.until("it was asked for", async || look().await.fetched_at > before.fetched_at).await;
    world.stop().await;
}

#[tokio::test]
async fn mentions_go_out_as_the_gateway_takes_them_and_come_in_with_names() {
    let world = World::new(Kind::Sqlite).await;
    world.on(GatewayVersion::V9).await;
    world.make_group(false);
    world.say(SITI, "Siti", &format!("@{BUDI} please answer"));
    let (id, _) = world.known(3).await;
    let new = world.text(&format!("@{SITI} yes, and @628999999999 is nobody here"));
    let sent = world.engine.send(&world.owner, id, &new).await.unwrap();
    assert_eq!(sent.mentions.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["Siti"]);
    world
        .until("it is sent", async || world.message(id, new.id).await.delivery.status >= MessageStatus::Sent)
        .await;
    let at_the_gateway = world.sandbox.world().sent(&format!("{GROUP}@g.us"));
    assert_eq!(at_the_gateway[0].body["mentions"], json!([SITI]));
    let thread = world.thread(id).await;
    let asked = thread.iter().find(|m| m.direction == Direction::In).unwrap();
    assert_eq!(asked.mentions.iter().map(|m| m.tag.as_str()).collect::<Vec<_>>(), [BUDI]);
    world.stop().await;
}

#[tokio::test]
async fn a_group_that_only_administrators_write_in_says_so_at_the_message() {
    let world = World::new(Kind::Sqlite).await;
    world.on(GatewayVersion::V9).await;
    world.make_group(true);
    world.say(SITI, "Siti", "news");
    let (id, group) = world.known(3).await;
    assert_eq!(group.glance.closed, Some(GroupClosed::AdminsOnly));
    let new = world.text("may I?");
    world.engine.send(&world.owner, id, &new).await.unwrap();
    world
        .until("it failed", async || world.message(id, new.id).await.delivery.status == MessageStatus::Failed)
        .await;
    let failure = world.message(id, new.id).await.failure.unwrap();
    assert_eq!(failure.class, FailureClass::Policy);
    assert!(failure.text.contains("Only administrators may write"), "{}", failure.text);
    assert_eq!(world.sandbox.world().sent(&format!("{GROUP}@g.us")), []);
    world.stop().await;
}

/// Meta tells of its groups only what is written in them.
#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn groups_of_the_cloud_api_are_threads_of_their_own(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let at = crate::support::now_seconds();
    let text = |id: &str, from: &str, text: &str| {
        json!({"from": from, "id": id, "timestamp": at, "type": "text", "group_id": "Y2FwaV9ncm91cDox",
            "text": {"body": text}})
    };
    let all = [text("wamid.G1", SITI, "hello group"), text("wamid.G2", BUDI, "hello Siti")];
    world.deliver(&world.change(&all, &[])).await.unwrap();
    world.settled().await;
    let list = world.list().await;
    assert_eq!(list.len(), 1, "{list:?}");
    let row = &list[0];
    assert!(
        row.address.is_group() && row.contact_id.is_none() && row.last.as_ref().unwrap().author.is_some()
    );
    assert_eq!(row.group.map(|group| (group.members, group.closed)), Some((None, None)));
    let group = world.engine.group(&world.owner, row.id).await.unwrap();
    assert_eq!((group.fetched_at, group.members), (None, Vec::new()));
    world.stop().await;
}
