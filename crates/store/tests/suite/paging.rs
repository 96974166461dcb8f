//! Paging through lists yields every row exactly once, whatever the page's size.

use balas_domain::{
    MessageId, WorkspaceId,
    query::{ContactQuery, ListQuery},
};
use balas_store::{StoreError, Tx, contacts, conversations, messages, testing::Kind};
use proptest::prelude::*;
use rstest::rstest;

use crate::world::*;

/// All pages' rows in a row; each page but the last is full.
async fn conversations_in_pages(ws: WorkspaceId, tx: &mut Tx, query: ListQuery) -> Vec<(i64, uuid::Uuid)> {
    let (mut rows, mut query) = (Vec::new(), query);
    loop {
        let page = conversations::list(ws, tx, &query).await.unwrap();
        assert!(page.next.is_none() || page.items.len() == query.rows() as usize);
        rows.extend(page.items.iter().map(|c| (c.sort_at.0, c.id.0)));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return rows;
        }
    }
}

async fn thread_in_pages(world: &World, tx: &mut Tx, limit: u32) -> Vec<(i64, uuid::Uuid)> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = messages::page(world.ws, tx, conversation_id(0), cursor.as_deref(), limit).await.unwrap();
        rows.extend(page.items.iter().map(|m| (m.at.0, m.id.0)));
        cursor = page.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

async fn contacts_in_pages(ws: WorkspaceId, tx: &mut Tx, limit: u32) -> Vec<(String, uuid::Uuid)> {
    let (mut rows, mut query) = (Vec::new(), ContactQuery { limit: Some(limit), ..Default::default() });
    loop {
        let page = contacts::list(ws, tx, &query).await.unwrap();
        rows.extend(page.items.iter().map(|c| (c.name.to_lowercase().replace('ä', "a"), c.id.0)));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return rows;
        }
    }
}

/// All pages' rows in a row, newest first, from the part around a message to both ends.
async fn thread_from(world: &World, tx: &mut Tx, message: MessageId, limit: u32) -> Vec<(i64, uuid::Uuid)> {
    let conversation = conversation_id(0);
    let page = messages::around(world.ws, tx, conversation, message, limit).await.unwrap().unwrap();
    let mut rows = page.items.iter().map(|m| (m.at.0, m.id.0)).collect::<std::collections::VecDeque<_>>();
    let at = rows.iter().position(|(_, id)| *id == message.0).expect("the message itself");
    let (newer, older) = (at, rows.len() - at - 1);
    assert!(rows.len() <= limit as usize);
    // As many on each side, unless the thread ends there.
    assert!(page.newer.is_none() || newer == (limit as usize).div_ceil(2) - 1, "{newer} of {limit}");
    assert!(page.next.is_none() || older == limit as usize / 2, "{older} of {limit}");
    let (mut back, mut forth) = (page.next, page.newer);
    while let Some(cursor) = forth {
        let page = messages::page(world.ws, tx, conversation, Some(&cursor), limit).await.unwrap();
        assert!(page.next.is_some(), "where it came from");
        for m in page.items.iter().rev() {
            rows.push_front((m.at.0, m.id.0));
        }
        forth = page.newer;
    }
    while let Some(cursor) = back {
        let page = messages::page(world.ws, tx, conversation, Some(&cursor), limit).await.unwrap();
        assert!(page.newer.is_some(), "where it came from");
        rows.extend(page.items.iter().map(|m| (m.at.0, m.id.0)));
        back = page.next;
    }
    rows.into()
}

/// Sixty conversations, sixty messages in the first, sixty contacts; many times and names alike.
async fn filled(kind: Kind) -> World {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    for n in 0..60_u32 {
        let name = ["Ani", "Budi", "Ärni", "citra"][(n % 4) as usize];
        let conversation = ensure_with_contact(&mut write, world.account, n, Some(name)).await;
        // Scattered ids, so that the order of insertion helps nobody.
        let scattered = u128::from(n.wrapping_mul(2_654_435_761)) << 32 | u128::from(n);
        let new = world.inbound(conversation, scattered, i64::from(n % 7));
        messages::insert(&mut write, &new).await.unwrap();
        let new = world.inbound(conversation_id(0), scattered + (1 << 80), i64::from(n % 5));
        messages::insert(&mut write, &new).await.unwrap();
    }
    write.commit().await.unwrap();
    world
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
fn every_row_exactly_once(#[case] kind: Kind) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let world = runtime.block_on(filled(kind));
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(
            &(1_u32..=70, any::<bool>(), any::<bool>(), any::<bool>(), any::<prop::sample::Index>()),
            |(limit, account, unread_only, search, any)| {
                runtime.block_on(async {
                    let mut tx = world.db.read().await.unwrap();
                    let query = ListQuery {
                        limit: Some(limit),
                        account: account.then_some(world.account),
                        unread_only,
                        q: search.then(|| "62812".to_owned()),
                        ..ListQuery::default()
                    };
                    let rows = conversations_in_pages(world.ws, &mut tx, query).await;
                    prop_assert_eq!(rows.len(), 60);
                    prop_assert!(rows.is_sorted_by(|a, b| a > b), "newest first, none twice");
                    let rows = thread_in_pages(&world, &mut tx, limit).await;
                    prop_assert_eq!(rows.len(), 61);
                    prop_assert!(rows.is_sorted_by(|a, b| a > b));
                    let message = MessageId(any.get(&rows).1);
                    prop_assert_eq!(thread_from(&world, &mut tx, message, limit).await, rows);
                    let rows = contacts_in_pages(world.ws, &mut tx, limit).await;
                    prop_assert_eq!(rows.len(), 60);
                    prop_assert!(rows.is_sorted_by(|a, b| a < b));
                    Ok(())
                })
            },
        )
        .unwrap();
    runtime.block_on(async { drop(world) });
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn around_is_only_what_stands_in_the_thread(#[case] kind: Kind) {
    let world = filled(kind).await;
    let foreign = balas_store::testing::workspace(&world.db, 2).await;
    let mut tx = world.db.read().await.unwrap();
    let (here, elsewhere) = (message_id(1 << 80), message_id(0));
    let conversation = conversation_id(0);
    for (ws, conversation, message, there) in [
        (world.ws, conversation, here, true),
        (world.ws, conversation, message_id(404), false),
        (world.ws, conversation_id(1), here, false),
        (foreign, conversation, here, false),
        (world.ws, conversation, elsewhere, true),
    ] {
        let page = messages::around(ws, &mut tx, conversation, message, 10).await.unwrap();
        assert_eq!(page.is_some(), there, "{message}");
        let place = messages::conversation_of(ws, &mut tx, message).await.unwrap();
        assert_eq!(place.is_some_and(|place| place == conversation), there, "{message}");
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn foreign_cursors_are_refused(#[case] kind: Kind) {
    let world = filled(kind).await;
    let mut tx = world.db.read().await.unwrap();
    let list = ListQuery { limit: Some(1), ..Default::default() };
    let of_list = conversations::list(world.ws, &mut tx, &list).await.unwrap().next.unwrap();
    let of_thread =
        messages::page(world.ws, &mut tx, conversation_id(0), None, 1).await.unwrap().next.unwrap();
    for bad in ["", "x", "' OR 1=1 --", "%00", &of_thread, &"A".repeat(5000)] {
        let query = ListQuery { cursor: Some(bad.to_owned()), ..Default::default() };
        assert!(
            matches!(conversations::list(world.ws, &mut tx, &query).await, Err(StoreError::BadCursor)),
            "{bad}"
        );
    }
    for bad in ["", "x", &of_list] {
        let page = messages::page(world.ws, &mut tx, conversation_id(0), Some(bad), 50).await;
        assert!(matches!(page, Err(StoreError::BadCursor)), "{bad}");
        let query = ContactQuery { cursor: Some(bad.to_owned()), ..Default::default() };
        assert!(
            matches!(contacts::list(world.ws, &mut tx, &query).await, Err(StoreError::BadCursor)),
            "{bad}"
        );
    }
}
