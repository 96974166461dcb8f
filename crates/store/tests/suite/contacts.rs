//! Contacts and their identities.

use balas_domain::{ContactId, query::ContactQuery};
use balas_store::{StoreError, contacts, testing::Kind};
use rstest::rstest;

use crate::world::*;

fn contact(n: u128) -> ContactId {
    ContactId(id(0xbeef_0000 + n))
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn any_identity_leads_to_the_contact(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let (number, scoped) = (phone("628123456789"), user("ID.abc"));
    let mut write = world.write().await;
    let resolve = async |write: &mut _, scope, identities: &[_], new| {
        contacts::resolve(write, scope, identities, Some(("Budi", NOW)), None, new).await.unwrap()
    };
    let both = [number.clone(), scoped.clone()];
    assert_eq!(resolve(&mut write, "waba-1", &both[..1], contact(1)).await, contact(1));
    assert_eq!(resolve(&mut write, "waba-1", &both, contact(2)).await, contact(1), "learns the user id");
    assert_eq!(resolve(&mut write, "waba-1", &both[1..], contact(3)).await, contact(1));
    assert_eq!(
        resolve(&mut write, "waba-2", &both[1..], contact(4)).await,
        contact(4),
        "another business's id"
    );
    assert_eq!(
        resolve(&mut write, "waba-2", &both[..1], contact(5)).await,
        contact(1),
        "numbers are everyone's"
    );
    let identities = contacts::identities_of(world.ws, write.tx(), contact(1)).await.unwrap();
    assert_eq!(identities, both);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn titles_follow_names(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    let conversation = ensure_with_contact(&mut write, world.account, 1, None).await;
    write.commit().await.unwrap();
    assert_eq!(world.view(conversation).await.title, address(1).label());

    let rename = async |name: Option<&str>, username: Option<&str>| {
        let mut write = world.write().await;
        let identity = address(1).identity().unwrap();
        let name = name.map(|name| (name, NOW));
        contacts::resolve(&mut write, "", &[identity], name, username, contact(9)).await.unwrap();
        let events = write.commit().await.unwrap().events.len();
        (events, world.view(conversation).await.title)
    };
    assert_eq!(rename(None, Some("budi")).await, (1, "@budi".to_owned()));
    assert_eq!(rename(Some("Budi"), None).await, (1, "Budi".to_owned()));
    assert_eq!(rename(Some("Budi"), Some("budi")).await, (0, "Budi".to_owned()), "nothing new");
    assert_eq!(rename(Some(""), None).await, (0, "Budi".to_owned()), "an empty name is none");
    assert_eq!(rename(Some("Budi S."), None).await, (1, "Budi S.".to_owned()));
}

/// Whatever comes last, and however often: the latest name, and of two of one moment always the same.
#[rstest]
#[tokio::test]
async fn what_somebody_is_called_does_not_depend_on_the_order(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let world = World::new(kind).await;
    let told = [("Budi", 1), ("Budi Santoso", 2), ("Budi S.", 2), ("Old", 0)];
    for (n, order) in (1..).zip([[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]]) {
        let both = [phone(&format!("62812345678{n}")), user(&format!("ID.{n}"))];
        let mut write = world.write().await;
        for told in order.into_iter().chain(order).map(|n: usize| told[n]) {
            // Half of it is told of one identity and half of the other, which are one in the end.
            let one = &both[usize::from(told.1 == 2)..][..1];
            let name = Some((told.0, at(told.1)));
            let new = contact(10 * n + u128::from(told.1.unsigned_abs()));
            contacts::resolve(&mut write, "", one, name, None, new).await.unwrap();
        }
        let id = contacts::resolve(&mut write, "", &both, None, None, contact(10 * n + 9)).await.unwrap();
        write.commit().await.unwrap();
        let mut tx = world.db.read().await.unwrap();
        let called = contacts::get(world.ws, &mut tx, id).await.unwrap().unwrap().name;
        assert_eq!(called, "Budi Santoso", "{order:?}");
        for (name, when, known) in [("Budi Santoso", 9, true), ("Budi", 1, true), ("Budi", 9, false)] {
            let name = Some((name, at(when)));
            let found = contacts::known(world.ws, &mut tx, "", &both, name).await.unwrap();
            assert_eq!(found, known.then_some(id), "only a later name is news");
        }
    }
}

#[rstest]
#[tokio::test]
async fn who_has_looked_ahead_sees_every_change(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let world = World::new(kind).await;
    let (number, scoped) = (phone("628123456789"), user("ID.abc"));
    let mut write = world.write().await;
    let resolve = async |write: &mut _, identities: &[_], name, new: ContactId| {
        // Each is told a little later than the one before.
        let at = at(i64::try_from(new.0.as_u128() & 0xff).unwrap());
        contacts::resolve(write, "waba-1", identities, Some((name, at)), None, new).await.unwrap()
    };
    resolve(&mut write, &[number.clone(), scoped.clone()], "Budi", contact(1)).await;
    write.commit().await.unwrap();

    let mut write = world.write().await;
    let unknown = phone("628999");
    contacts::look_ahead(&mut write, "waba-1", &[&number, &scoped, &unknown]).await.unwrap();
    let alone = [number];
    assert_eq!(resolve(&mut write, &alone, "Budi S.", contact(2)).await, contact(1));
    assert_eq!(resolve(&mut write, &[scoped], "Budi", contact(3)).await, contact(1));
    assert_eq!(resolve(&mut write, std::slice::from_ref(&unknown), "Ani", contact(4)).await, contact(4));
    assert_eq!(resolve(&mut write, &[unknown], "Ani", contact(5)).await, contact(4), "new since it looked");
    write.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let budi = contacts::get(world.ws, &mut tx, contact(1)).await.unwrap().unwrap();
    assert_eq!(budi.name, "Budi", "the name went there and back");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn contacts_are_listed_by_name_and_found_by_name_or_number(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    for (n, name) in (1..).zip([Some("Citra"), Some("budi"), None, Some("Ärni"), Some("Ani 100%")]) {
        ensure_with_contact(&mut write, world.account, n, name).await;
    }
    write.commit().await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let mut names = async |q: &str| -> Vec<String> {
        let query = ContactQuery { q: Some(q.to_owned()), ..Default::default() };
        let page = contacts::list(world.ws, &mut tx, &query).await.unwrap();
        page.items.into_iter().map(|c| c.name).collect()
    };
    let all = names("").await;
    assert_eq!(all, [&address(3).label(), "Ani 100%", "Ärni", "budi", "Citra"]);
    assert_eq!(names("BUDI").await, ["budi"]);
    assert_eq!(names("ARNI").await, ["Ärni"]);
    assert_eq!(names("%").await, ["Ani 100%"]);
    assert_eq!(names("_").await, Vec::<String>::new());
    assert_eq!(names("+62 812-0000 001").await, ["Citra"]);
    assert_eq!(names("' OR 1=1 --").await, Vec::<String>::new());

    let bad = ContactQuery { cursor: Some("garbage".to_owned()), ..Default::default() };
    assert!(matches!(contacts::list(world.ws, &mut tx, &bad).await, Err(StoreError::BadCursor)));
    let found = contacts::get(world.ws, &mut tx, ContactId(id(0xc1_0000_0001))).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.phones), ("Citra", vec!["628120000001".to_owned()]));
}
