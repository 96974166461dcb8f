//! Any order and any repetition of what happens ends in the same state.

use std::{collections::BTreeSet, sync::Arc};

use balas_domain::{
    AccountId, Address, ContactId, Content, ConversationId, Identity, MessageStatus, Timestamp, WorkspaceId,
    query::{ContactQuery, ListQuery},
    view::{Direction, ProviderKind},
};
use balas_providers::{
    cloud::{Secrets, Settings},
    inbound::{Inbound, Message, Sender, Status},
};
use balas_store::{
    Tx, accounts, contacts, conversations, messages, people,
    testing::{Kind, TestStore, fresh, workspace},
};
use proptest::{prelude::*, test_runner::TestRunner};
use uuid::Uuid;

use crate::{
    Config, Engine, Rhythm,
    accounts::{Link, Runtime},
    ambient::{OsRandom, SystemClock},
    secrets::MasterKey,
};

/// Whoever it is; each is known by number and by linked id, and in the end by both.
const PEOPLE: usize = 3;
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
    );
    (place, fate).prop_map(
        |((account, person, by_lid, both, group, from_us), (twice, edited, revoked, reaction, status))| {
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
            }
        },
    )
}

type Happening = (usize, Inbound);

/// What the providers tell of all this.
fn happenings(all: &[Written]) -> Vec<Happening> {
    let mut out = Vec::new();
    for person in 0..PEOPLE {
        let (old, new) = (vec![identity(person, true)], vec![identity(person, false)]);
        out.push((person % 2, Inbound::IdentityChanged { old, new, at: NOW, notice: None }));
    }
    for (n, w) in all.iter().enumerate() {
        let provider_id = format!("m{n}");
        let spellings = if w.twice { vec![w.by_lid, !w.by_lid] } else { vec![w.by_lid] };
        let chat = |by_lid| {
            if w.group { Address::Group("120363".to_owned()) } else { address(w.person, by_lid) }
        };
        let sender = |by_lid| Sender {
            identities: match (w.group && w.from_us, w.both) {
                (true, _) => vec![],
                (false, true) => vec![identity(w.person, false), identity(w.person, true)],
                (false, false) => vec![identity(w.person, by_lid)],
            },
            name: Some(format!("Person {}", w.person)),
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
                quote: (n > 0).then(|| format!("m{}", n - 1)),
                history: false,
            };
            out.push((w.account, Inbound::Message(message)));
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
                out.push((w.account, edit));
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
            out.push((w.account, revoke));
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
                out.push((w.account, reaction));
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
            out.push((w.account, Inbound::Status(status)));
        }
    }
    out
}

struct World {
    engine: Engine,
    ws: WorkspaceId,
    accounts: Vec<Arc<Runtime>>,
    _db: TestStore,
}

async fn world() -> World {
    let db = fresh(Kind::Sqlite).await;
    let ws = workspace(&db, 1).await;
    let config = Config {
        mail: None,
        bridge: None,
        cloud_base_url: "http://127.0.0.1:9".to_owned(),
        cloud_version: "v23.0".to_owned(),
        master_key: MasterKey::generate(&OsRandom),
        webhook_base: None,
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

/// Everything that matters, without ids and order of rows.
async fn end_of(happenings: &[Happening]) -> BTreeSet<String> {
    let world = world().await;
    for (account, event) in happenings {
        let mut write = world.engine.store().write(world.ws, NOW).await.unwrap();
        world.engine.ingest(&mut write, &world.accounts[*account], event.clone()).await.unwrap();
        write.commit().await.unwrap();
    }
    let mut tx = world.engine.store().read().await.unwrap();
    let all = contacts::list(world.ws, &mut tx, &ContactQuery::default()).await.unwrap().items;
    let ids: Vec<ContactId> = all.iter().map(|contact| contact.id).collect();
    let mut dump = BTreeSet::new();
    for id in &ids {
        dump.insert(format!("contact {}", who(&world, &mut tx, *id, &ids).await));
    }
    for row in conversations::list(world.ws, &mut tx, &ListQuery::default()).await.unwrap().items {
        let place = place(&world, &mut tx, row.account_id, row.id).await;
        let contact = match row.contact_id {
            Some(contact) => who(&world, &mut tx, contact, &ids).await,
            None => String::new(),
        };
        let last = row.last.as_ref().unwrap();
        dump.insert(format!(
            "{place}: with {contact}, unread {}, {:?}, last in {:?}, {:?} {:?} {:?}",
            row.unread, row.work, row.last_inbound_at, last.preview, last.status, last.at
        ));
        for view in messages::page(world.ws, &mut tx, row.id, None, 100).await.unwrap().items {
            let record = messages::get(world.ws, &mut tx, view.id).await.unwrap().unwrap();
            let author = match record.contact_id {
                Some(author) => who(&world, &mut tx, author, &ids).await,
                None => String::new(),
            };
            assert_eq!(view.direction == Direction::In, record.contact_id.is_some());
            let quoted = view.quote.as_ref().map(|quote| quote.preview.clone());
            let reactions: BTreeSet<_> =
                view.reactions.iter().map(|r| format!("{} {}", r.author, r.emoji)).collect();
            // Nobody sees what was taken back, nor how often it was changed before.
            let said = (!view.revoked).then_some((&view.content, view.edited));
            dump.insert(format!(
                "{place} {:?}: {author} {:?} {said:?} {} {:?} {reactions:?} {} {quoted:?}",
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

#[test]
fn any_order_and_repetition_end_alike() {
    // More by hand: PROPTEST_CASES=1000.
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let story = proptest::collection::vec(written(), 1..7).prop_flat_map(|all| {
        let straight = happenings(&all);
        let again: Vec<Happening> = straight.iter().chain(&straight).cloned().collect();
        (Just(straight), Just(again).prop_shuffle())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runner
        .run(&story, |(straight, crooked)| {
            let (one, other) = runtime.block_on(async { (end_of(&straight).await, end_of(&crooked).await) });
            let (only_one, only_other): (Vec<_>, Vec<_>) =
                (one.difference(&other).collect(), other.difference(&one).collect());
            prop_assert!(one == other, "straight only: {only_one:#?}\ncrooked only: {only_other:#?}");
            Ok(())
        })
        .unwrap();
}
