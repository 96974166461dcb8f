//! Any order and any repetition of what happens ends in the same state.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use balas_domain::{
    AccountId, Address, ContactId, Content, ConversationId, Identity, MessageStatus, Timestamp, WorkspaceId,
    content::{Media, MediaKind},
    query::ListQuery,
    view::{Author, ConversationView, Direction, ProviderKind},
};
use balas_providers::{
    cloud::{Secrets, Settings},
    gateway::{GroupInfo, GroupMember},
    inbound::{GroupChange, GroupField, Inbound, Membership, Message, Sender, Status},
};
use balas_store::{
    Tx, Write, accounts, contacts, conversations, groups, messages, people,
    sync::WaitingChat,
    testing::{Kind, TestStore, fresh, workspace},
};
use proptest::{prelude::*, test_runner::TestRunner};
use uuid::Uuid;

use crate::{
    Config, Engine, FilesConfig, Rhythm,
    accounts::{Link, Runtime},
    ambient::{OsRandom, SystemClock},
    secrets::MasterKey,
};

/// Whoever it is; each is known by number and by linked id, and in the end by both.
const PEOPLE: usize = 3;
/// What they call themselves, one name after the other: in no order that could be taken for the one of the moments.
const NAMES: [&str; 4] = ["M", "Z", "A", "K"];
const NOW: Timestamp = Timestamp::from_seconds(1_760_000_000);

fn at(second: usize) -> Timestamp {
    Timestamp(NOW.0 - 1_000_000_000 + second as i64 * 1_000_000)
}

fn address(person: usize, by_lid: bool) -> Address {
    if by_lid {
        Address::Lid(format!("2515563687773{person}"))
    } else {
        Address::Phone(format!("62812345678{person}"))
    }
}

fn identity(person: usize, by_lid: bool) -> Identity {
    address(person, by_lid).identity().unwrap()
}

fn group() -> Address {
    Address::Group("120363".to_owned())
}

/// The business's own phone.
fn own() -> Address {
    Address::Phone("628110000002".to_owned())
}

/// Under which names somebody is told of.
#[derive(Clone, Copy, Debug)]
enum Spelling {
    Lid,
    Number,
    Both,
}

fn spelling() -> impl Strategy<Value = Spelling> {
    proptest::sample::select(vec![Spelling::Lid, Spelling::Number, Spelling::Both])
}

fn nameless(person: usize, spelling: Spelling) -> Sender {
    let identities = match spelling {
        Spelling::Lid => vec![identity(person, true)],
        Spelling::Number => vec![identity(person, false)],
        Spelling::Both => vec![identity(person, false), identity(person, true)],
    };
    Sender { identities, name: None, username: None }
}

/// Something that happened in the group, or its whole list of members.
#[derive(Clone, Debug)]
enum News {
    Members {
        what: Membership,
        who: BTreeMap<usize, Spelling>,
        us: bool,
        name: Option<&'static str>,
    },
    Update {
        field: GroupField,
        value: Option<&'static str>,
        by: Option<(usize, bool)>,
    },
    List {
        members: BTreeMap<usize, (Spelling, u8)>,
        us: u8,
        owner: Option<(usize, Spelling)>,
        name: &'static str,
    },
}

/// On which account it was told, when it happened, and what. Few moments, so that many things happen at once.
fn news() -> impl Strategy<Value = (usize, usize, News)> {
    let name = || proptest::sample::select(vec!["Resellers", "Bandung", "Old customers"]);
    let what = proptest::sample::select(vec![
        Membership::Joined,
        Membership::Left,
        Membership::Promoted,
        Membership::Demoted,
    ]);
    let who = proptest::collection::btree_map(0..PEOPLE, spelling(), 0..3);
    let members = (what, who, proptest::bool::weighted(0.3), proptest::option::weighted(0.2, name()))
        .prop_map(|(what, who, us, name)| News::Members { what, who, us, name });
    let field = proptest::sample::select(vec![
        (GroupField::Name, Some("Bandung")),
        (GroupField::Name, Some("Resellers")),
        (GroupField::Description, Some("Orders")),
        (GroupField::Picture, None),
        (GroupField::Announce, Some("on")),
        (GroupField::Announce, Some("off")),
        (GroupField::Locked, Some("on")),
        (GroupField::Locked, None),
    ]);
    let by = proptest::option::of((0..PEOPLE, any::<bool>()));
    let update = (field, by).prop_map(|((field, value), by)| News::Update { field, value, by });
    let members_of = proptest::collection::btree_map(0..PEOPLE, (spelling(), 0..3_u8), 0..=PEOPLE);
    let list = (members_of, 0..3_u8, proptest::option::of((0..PEOPLE, spelling())), name())
        .prop_map(|(members, us, owner, name)| News::List { members, us, owner, name });
    (0..2_usize, 0..5_usize, prop_oneof![3 => members, 2 => update, 1 => list])
}

/// Something that was written, and where.
#[derive(Clone, Debug)]
struct Written {
    account: usize,
    person: usize,
    by_lid: bool,
    both: bool,
    group: bool,
    from_us: bool,
    /// Comes under both of the chat's names.
    twice: bool,
    edited: Option<bool>,
    revoked: bool,
    reaction: Option<bool>,
    status: Option<MessageStatus>,
    /// On the business's own phone.
    read: bool,
    past: Option<Past>,
}

/// How something comes that was written before the number was linked.
#[derive(Clone, Copy, Debug)]
enum Past {
    /// By itself, as Meta sends it.
    Alone,
    /// With everything else of its chat, as the phone is asked for it.
    Chat,
}

fn written() -> impl Strategy<Value = Written> {
    let place = (0..2_usize, 0..PEOPLE, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let fate = (
        any::<bool>(),
        proptest::option::of(any::<bool>()),
        proptest::bool::weighted(0.2),
        proptest::option::of(any::<bool>()),
        proptest::option::of(proptest::sample::select(vec![
            MessageStatus::Delivered,
            MessageStatus::Read,
            MessageStatus::Failed,
        ])),
        proptest::bool::weighted(0.3),
        proptest::option::weighted(0.3, proptest::sample::select(vec![Past::Alone, Past::Chat])),
    );
    (place, fate).prop_map(
        |(
            (account, person, by_lid, both, group, from_us),
            (twice, edited, revoked, reaction, status, read, past),
        )| {
            Written {
                account,
                person,
                by_lid,
                both,
                group,
                from_us,
                twice: twice && !group,
                edited,
                revoked,
                reaction,
                status,
                read,
                past,
            }
        },
    )
}

/// What comes to an account: from its provider, or as the answer to a question that was asked then.
#[derive(Clone, Debug)]
enum Happening {
    Told(usize, Inbound),
    Listed(usize, GroupInfo, Timestamp),
    /// What was written in a chat before.
    Past(usize, Address, Vec<Message>),
}

/// What the providers tell of what happened to the group.
fn told(n: usize, (account, second, news): &(usize, usize, News)) -> Happening {
    match news {
        News::Members { what, who, us, name } => {
            let change = GroupChange {
                chat: group(),
                what: *what,
                people: who.iter().map(|(person, spelling)| nameless(*person, *spelling)).collect(),
                us: *us,
                name: name.map(str::to_owned),
                at: at(*second),
            };
            Happening::Told(*account, Inbound::Group(change))
        }
        News::Update { field, value, by } => {
            let update = Inbound::GroupUpdated {
                chat: group(),
                field: *field,
                value: value.map(str::to_owned),
                by: by.map(|(person, by_lid)| identity(person, by_lid)),
                at: at(*second),
            };
            Happening::Told(*account, update)
        }
        News::List { members, us, owner, name } => {
            let member = |who: Sender, role: u8| GroupMember { who, admin: role == 1, owner: role == 2 };
            // One of the gateways knows us by a name that we do not know.
            let ours = (*account == 0).then(|| {
                let identities = own().identity().into_iter().collect();
                member(Sender { identities, ..Sender::default() }, *us)
            });
            let others =
                members.iter().map(|(person, (spelling, role))| member(nameless(*person, *spelling), *role));
            let info = GroupInfo {
                address: group(),
                name: Some((*name).to_owned()),
                topic: Some(format!("about {n}")),
                owner: owner.map(|(person, spelling)| nameless(person, spelling)),
                created_at: None,
                announce: n.is_multiple_of(2),
                locked: n.is_multiple_of(3),
                members: others.chain(ours).collect(),
            };
            // Questions are asked one after the other: no two at once.
            Happening::Listed(*account, info, at(n).after(Duration::from_mins(1)))
        }
    }
}

/// What the providers tell of all this.
fn happenings(all: &[Written], in_group: &[(usize, usize, News)]) -> Vec<Happening> {
    everything_of(all).into_iter().chain(in_group.iter().enumerate().map(|(n, news)| told(n, news))).collect()
}

fn everything_of(all: &[Written]) -> Vec<Happening> {
    let mut out = Vec::new();
    let mut past: BTreeMap<(usize, String), (Address, Vec<Message>)> = BTreeMap::new();
    for person in 0..PEOPLE {
        let (old, new) = (vec![identity(person, true)], vec![identity(person, false)]);
        out.push(Happening::Told(person % 2, Inbound::IdentityChanged { old, new, at: NOW, notice: None }));
    }
    for (n, w) in all.iter().enumerate() {
        let provider_id = format!("m{n}");
        let spellings = if w.twice { vec![w.by_lid, !w.by_lid] } else { vec![w.by_lid] };
        let chat = |by_lid| {
            if w.group { group() } else { address(w.person, by_lid) }
        };
        let sender = |by_lid| Sender {
            identities: match (w.group && w.from_us, w.both) {
                (true, _) => vec![],
                (false, true) => vec![identity(w.person, false), identity(w.person, true)],
                (false, false) => vec![identity(w.person, by_lid)],
            },
            // Everybody takes another name after a while, and no former one again.
            name: Some(format!("Person {} {}", w.person, NAMES[n / 2 % NAMES.len()])),
            username: None,
        };
        for by_lid in spellings {
            let message = Message {
                provider_id: provider_id.clone(),
                chat: chat(by_lid),
                sender: sender(by_lid),
                from_us: w.from_us,
                at: at(n * 10),
                content: Content::text(format!("text {n}")),
                // What a phone remembers does not tell what it answers.
                quote: (n > 0 && !matches!(w.past, Some(Past::Chat))).then(|| format!("m{}", n - 1)),
                history: w.past.is_some(),
            };
            if let Some(Past::Chat) = w.past {
                let chat = message.chat.clone();
                let of_chat = past.entry((w.account, chat.to_string())).or_insert_with(|| (chat, Vec::new()));
                of_chat.1.push(message);
            } else {
                out.push(Happening::Told(w.account, Inbound::Message(message)));
            }
        }
        if let Some(by_lid) = w.edited {
            for step in 1..3 {
                let edit = Inbound::Edit {
                    target: provider_id.clone(),
                    chat: chat(by_lid),
                    by: (!w.from_us).then(|| identity(w.person, by_lid)),
                    from_us: w.from_us,
                    content: Content::text(format!("text {n} again {step}")),
                    at: at(n * 10 + step),
                };
                out.push(Happening::Told(w.account, edit));
            }
        }
        if w.revoked {
            let revoke = Inbound::Revoke {
                target: provider_id.clone(),
                chat: chat(w.by_lid),
                by: (!w.from_us).then(|| identity(w.person, w.by_lid)),
                from_us: w.from_us,
                at: at(n * 10 + 4),
            };
            out.push(Happening::Told(w.account, revoke));
        }
        if w.read && !w.from_us {
            let targets = vec![provider_id.clone()];
            let read = Inbound::ReadByUs { chat: chat(w.by_lid), targets, at: at(n * 10 + 9) };
            out.push(Happening::Told(w.account, read));
        }
        if let Some(by_lid) = w.reaction {
            for (step, (spelling, emoji)) in
                [(by_lid, Some("👍")), (!by_lid, Some("🎉"))].into_iter().enumerate()
            {
                let reaction = Inbound::Reaction {
                    target: provider_id.clone(),
                    chat: chat(spelling),
                    sender: Sender { identities: vec![identity(w.person, spelling)], ..sender(spelling) },
                    from_us: false,
                    emoji: emoji.map(str::to_owned),
                    at: at(n * 10 + 5 + step),
                };
                out.push(Happening::Told(w.account, reaction));
            }
        }
        if let Some(status) = w.status.filter(|_| w.from_us) {
            let status = Status {
                provider_id: provider_id.clone(),
                callback: None,
                status,
                at: at(n * 10 + 8),
                failure: None,
                identities: vec![],
            };
            out.push(Happening::Told(w.account, Inbound::Status(status)));
        }
    }
    let past =
        past.into_iter().map(|((account, _), (chat, messages))| Happening::Past(account, chat, messages));
    out.extend(past);
    out
}

struct World {
    engine: Engine,
    ws: WorkspaceId,
    accounts: Vec<Arc<Runtime>>,
    _db: TestStore,
}

async fn world(kind: Kind) -> World {
    let db = fresh(kind).await;
    let ws = workspace(&db, 1).await;
    let config = Config {
        mail: None,
        bridge: None,
        cloud_base_url: "http://127.0.0.1:9".to_owned(),
        cloud_version: "v23.0".to_owned(),
        master_key: MasterKey::generate(&OsRandom),
        webhook_base: None,
        files: FilesConfig { folder: std::env::temp_dir().join("balas-order"), s3: None, clamd: None },
        rhythm: Rhythm::default(),
    };
    let engine = Engine::new(db.store.clone(), Arc::new(SystemClock), Arc::new(OsRandom), config).unwrap();
    let mut all = Vec::new();
    for n in 0..2_u128 {
        let id = AccountId(Uuid::from_u128(0xacc + n));
        let new = accounts::NewAccount {
            id,
            name: format!("Number {n}"),
            provider: ProviderKind::Cloud,
            external_id: n.to_string(),
            phone: None,
            config: serde_json::json!({}),
            secrets: vec![],
            settings: balas_domain::AccountSettings::default(),
        };
        let mut write = db.write(ws, NOW).await.unwrap();
        accounts::create(&mut write, &new).await.unwrap();
        write.commit().await.unwrap();
        let settings = Settings {
            base_url: "http://127.0.0.1:9".to_owned(),
            version: "v23.0".to_owned(),
            phone_number_id: n.to_string(),
            waba_id: "waba".to_owned(),
        };
        let secrets =
            Secrets { token: "x".to_owned(), app_secret: "x".to_owned(), verify_token: "x".to_owned() };
        let link = crate::accounts::CloudLink {
            app_secret: String::new(),
            verify_token: String::new(),
            client: balas_providers::cloud::Cloud::new(engine.http.clone(), settings, secrets),
        };
        let runtime = Runtime::new(ws, id, n.to_string(), "waba".to_owned(), Link::Cloud(Box::new(link)));
        engine.accounts.put(runtime);
        all.push(engine.accounts.get(id).unwrap());
    }
    World { engine, ws, accounts: all, _db: db }
}

impl World {
    /// Takes what happened, in these transactions.
    async fn take(&self, transactions: &[Vec<Happening>]) {
        let mut waiting = Vec::new();
        for transaction in transactions {
            let mut write = self.engine.store().write(self.ws, NOW).await.unwrap();
            for happening in transaction {
                match happening {
                    Happening::Told(account, event) => {
                        self.engine
                            .ingest(&mut write, &self.accounts[*account], event.clone())
                            .await
                            .unwrap();
                    }
                    Happening::Listed(account, info, asked_at) => waiting.push((*account, info, *asked_at)),
                    Happening::Past(account, chat, messages) => {
                        let (account, messages) = (&self.accounts[*account], messages.clone());
                        let chat = WaitingChat { address: chat.clone(), name: None, last_at: None, tries: 0 };
                        let mut people = HashMap::new();
                        let stored = self.engine.store_messages(
                            &mut write,
                            account,
                            &chat,
                            messages,
                            false,
                            &mut people,
                        );
                        stored.await.unwrap();
                    }
                }
                // A group is not asked for before somebody has written there.
                let mut still = Vec::new();
                for (account, info, asked_at) in waiting {
                    if !self.list(&mut write, account, info, asked_at).await {
                        still.push((account, info, asked_at));
                    }
                }
                waiting = still;
            }
            self.engine.publish(write).await.unwrap();
        }
    }

    async fn list(&self, write: &mut Write, account: usize, info: &GroupInfo, asked_at: Timestamp) -> bool {
        let account = &self.accounts[account];
        let here = conversations::by_address(self.ws, write.tx(), account.id, &group()).await.unwrap();
        let Some(id) = here else { return false };
        self.engine.store_group(write, account, Some(&own()), id, info, asked_at).await.unwrap();
        true
    }
}

/// Everything that matters, without ids and order of rows.
async fn end_of(kind: Kind, transactions: &[Vec<Happening>]) -> BTreeSet<String> {
    let world = world(kind).await;
    world.take(transactions).await;
    let mut tx = world.engine.store().read().await.unwrap();
    let all: Vec<Identity> =
        (0..PEOPLE).flat_map(|person| [identity(person, true), identity(person, false)]).collect();
    let found = contacts::found_by(world.ws, &mut tx, &all).await.unwrap();
    let ids: Vec<ContactId> =
        found.values().map(|known| known.id).collect::<BTreeSet<_>>().into_iter().collect();
    let mut dump = BTreeSet::new();
    for known in found.values() {
        dump.insert(format!("contact {} is {}", who(&world, &mut tx, known.id, &ids).await, known.display));
    }
    for row in conversations::list(world.ws, &mut tx, &ListQuery::default()).await.unwrap().items {
        let place = place(&world, &mut tx, row.account_id, row.id).await;
        let contact = match row.contact_id {
            Some(contact) => who(&world, &mut tx, contact, &ids).await,
            None => String::new(),
        };
        let last = row.last.as_ref().unwrap();
        dump.insert(format!(
            "{place}: {} with {contact}, unread {}, {:?}, last in {:?}, {:?} {:?} {:?}",
            row.title, row.unread, row.work, row.last_inbound_at, last.preview, last.status, last.at
        ));
        dump.extend(group_of(&world, &mut tx, &row, &ids).await);
        for view in messages::page(world.ws, &mut tx, row.id, None, 100).await.unwrap().items {
            let record = messages::get(world.ws, &mut tx, view.id).await.unwrap().unwrap();
            let author = match record.contact_id {
                Some(author) => who(&world, &mut tx, author, &ids).await,
                None => String::new(),
            };
            match view.direction {
                Direction::In => assert!(record.contact_id.is_some()),
                Direction::Out => assert_eq!(record.contact_id, None),
                Direction::Internal => {}
            }
            // In lines of the thread everybody is called what they are called now.
            let name = match &view.author {
                Author::Contact { name, .. } if view.direction == Direction::Internal => name.as_str(),
                _ => "",
            };
            let quoted = view.quote.as_ref().map(|quote| quote.preview.clone());
            let reactions: BTreeSet<_> =
                view.reactions.iter().map(|r| format!("{} {}", r.author, r.emoji)).collect();
            // Nobody sees what was taken back, nor how often it was changed before.
            let said = (!view.revoked).then_some((&view.content, view.edited));
            dump.insert(format!(
                "{place} {:?}: {author} {name} {:?} {said:?} {} {:?} {reactions:?} {} {quoted:?}",
                record.provider_id,
                view.delivery.status,
                view.revoked,
                view.at,
                view.reactions.len(),
            ));
        }
    }
    dump
}

/// Who is in a group and what it is about.
async fn group_of(world: &World, tx: &mut Tx, row: &ConversationView, ids: &[ContactId]) -> Vec<String> {
    let Some(group) = groups::view(world.ws, tx, row.id).await.unwrap() else { return Vec::new() };
    let glance = row.group.map(|glance| (glance.members, glance.closed));
    let mut all = vec![format!(
        "{} is a group: {:?} {:?} {} {} {:?} {glance:?}",
        row.account_id, group.description, group.owner, group.announce, group.locked, group.fetched_at
    )];
    for m in group.members {
        let contact = match m.contact_id {
            Some(contact) => who(world, tx, contact, ids).await,
            None => String::new(),
        };
        all.push(format!(
            "{} has {contact} {} {:?} {:?} {:?} {:?} {}",
            row.account_id, m.name, m.phone, m.tag, m.role, m.joined_at, m.us
        ));
    }
    all
}

async fn place(world: &World, tx: &mut Tx, account: AccountId, id: ConversationId) -> String {
    let addresses = conversations::addresses(world.ws, tx, id).await.unwrap();
    let addresses: BTreeSet<String> = addresses.iter().map(ToString::to_string).collect();
    format!("{account} {addresses:?}")
}

async fn who(world: &World, tx: &mut Tx, id: ContactId, now: &[ContactId]) -> String {
    for contact in now {
        if people::has_become(world.ws, tx, id, *contact).await.unwrap() {
            return format!("{:?}", contacts::identities_of(world.ws, tx, *contact).await.unwrap());
        }
    }
    panic!("a contact is gone and became none");
}

/// Cuts into transactions of these sizes, over and over.
fn in_groups(all: Vec<Happening>, sizes: &[usize]) -> Vec<Vec<Happening>> {
    let mut rest = all.into_iter();
    let mut sizes = sizes.iter().cycle();
    let next = || Some(rest.by_ref().take(*sizes.next()?).collect::<Vec<_>>());
    std::iter::from_fn(next).take_while(|some| !some.is_empty()).collect()
}

#[test]
fn any_order_and_repetition_end_alike() {
    // More by hand: PROPTEST_CASES=1000.
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(24);
    hold(Kind::Sqlite, cases);
    // Each case makes two databases, which takes a server longer.
    if std::env::var_os("BALAS_TEST_POSTGRES").is_some_and(|server| !server.is_empty()) {
        hold(Kind::Postgres, cases.div_ceil(8));
    }
}

fn hold(kind: Kind, cases: u32) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let written = proptest::collection::vec(written(), 1..7);
    let in_group = proptest::collection::vec(news(), 0..7);
    let sizes = proptest::collection::vec(1..6_usize, 1..10);
    let story = (written, in_group, sizes).prop_flat_map(|(written, in_group, sizes)| {
        let straight = happenings(&written, &in_group);
        let again: Vec<Happening> = straight.iter().chain(&straight).cloned().collect();
        (Just(straight), Just(again).prop_shuffle(), Just(sizes))
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runner
        .run(&story, |(straight, crooked, sizes)| {
            let straight: Vec<_> = straight.into_iter().map(|happening| vec![happening]).collect();
            let crooked = in_groups(crooked, &sizes);
            let (one, other) =
                runtime.block_on(async { (end_of(kind, &straight).await, end_of(kind, &crooked).await) });
            let (only_one, only_other): (Vec<_>, Vec<_>) =
                (one.difference(&other).collect(), other.difference(&one).collect());
            prop_assert!(one == other, "straight only: {only_one:#?}\ncrooked only: {only_other:#?}");
            Ok(())
        })
        .unwrap();
}

/// What one customer writes: the nth message.
fn says(n: usize, content: Content, history: bool) -> Happening {
    let message = Message {
        provider_id: format!("m{n}"),
        chat: address(0, false),
        sender: Sender { identities: vec![identity(0, false)], ..Sender::default() },
        from_us: false,
        at: at(n * 10),
        content,
        quote: None,
        history,
    };
    Happening::Told(0, Inbound::Message(message))
}

#[tokio::test]
async fn what_came_after_what_was_read_on_the_phone_stays_unread() {
    let text = |n: usize| says(n, Content::text(format!("text {n}")), false);
    let read = |n: usize| {
        let targets = vec![format!("m{n}")];
        Happening::Told(0, Inbound::ReadByUs { chat: address(0, false), targets, at: at(n * 10 + 1) })
    };
    let orders = [
        vec![text(0), text(1), text(2), read(1)],
        vec![text(0), text(1), read(1), text(2)],
        // It is told before what it is about, and again.
        vec![read(1), text(2), text(1), read(1)],
        vec![text(2), read(1), read(0), text(0), text(1)],
        // What was read before comes in late.
        vec![text(1), read(1), text(0), text(2)],
    ];
    for order in orders {
        let world = world(Kind::Sqlite).await;
        world.take(std::slice::from_ref(&order)).await;
        let mut tx = world.engine.store().read().await.unwrap();
        let list = conversations::list(world.ws, &mut tx, &ListQuery::default()).await.unwrap();
        assert_eq!(list.items[0].unread, 1, "{order:?}");
    }
}

#[tokio::test]
async fn where_files_of_the_history_are_is_told_later() {
    let photo = |reference: Option<&str>, caption: Option<&str>| {
        let media = Media {
            kind: MediaKind::Image,
            reference: reference.map(str::to_owned),
            caption: caption.map(str::to_owned),
            ..Media::default()
        };
        Content::Media(media)
    };
    let edit = Inbound::Edit {
        target: "m0".to_owned(),
        chat: address(0, false),
        by: Some(identity(0, false)),
        from_us: false,
        content: Content::text("better words"),
        at: at(5),
    };
    let world = world(Kind::Sqlite).await;
    let told = [
        says(0, photo(None, Some("words")), true),
        says(0, photo(Some("media-7"), None), true),
        says(0, photo(Some("media-8"), None), true),
        Happening::Told(0, edit),
    ];
    let mut stands = Vec::new();
    for one in told {
        world.take(&[vec![one]]).await;
        let mut tx = world.engine.store().read().await.unwrap();
        let found = messages::by_provider_id(world.ws, &mut tx, world.accounts[0].id, "m0").await.unwrap();
        stands.push(found.unwrap().content);
    }
    let expected = [
        photo(None, Some("words")),
        photo(Some("media-7"), Some("words")),
        photo(Some("media-7"), Some("words")),
        photo(Some("media-7"), Some("better words")),
    ];
    assert_eq!(stands, expected, "only what is missing is taken over, and the words alone are changed");
}
