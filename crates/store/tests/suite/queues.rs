//! The webhooks' journal, and what waits for its message.

use balas_domain::{AccountId, view::ProviderKind};
use balas_store::{
    StoreError,
    journal::{self, NewEntry},
    pending::{self, NewPending},
    testing::Kind,
};
use rstest::rstest;
use serde_json::json;

use crate::world::*;

fn entry(n: u8) -> NewEntry {
    let account_id = n.is_multiple_of(2).then(|| AccountId(id(u128::from(n))));
    let provider = if n.is_multiple_of(2) { ProviderKind::Cloud } else { ProviderKind::Gateway };
    NewEntry { provider, account_id, received_at: at(i64::from(n)), body: vec![n, 0, 255] }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn bodies_wait_until_they_are_worked_in(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(journal::append(&mut tx, &[]).await.unwrap(), [0_i64; 0]);
    let ids = journal::append(&mut tx, &[entry(1), entry(2), entry(3), entry(4)]).await.unwrap();
    assert!(ids.is_sorted() && ids.len() == 4);
    tx.commit().await.unwrap();

    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(journal::backlog(&mut tx).await.unwrap(), 4);
    let waiting = journal::next(&mut tx, 3).await.unwrap();
    for (n, (id, got)) in (1..).zip(ids.iter().zip(&waiting)) {
        let new = entry(n);
        assert_eq!(
            (got.id, got.provider, got.account_id, got.received_at, &got.body),
            (*id, new.provider, new.account_id, new.received_at, &new.body)
        );
    }
    assert_eq!(waiting.len(), 3);
    journal::done(&mut tx, &ids[..2]).await.unwrap();
    journal::failed(&mut tx, ids[2], "not\u{0}JSON").await.unwrap();
    assert_eq!(journal::backlog(&mut tx).await.unwrap(), 1);
    assert_eq!(journal::next(&mut tx, 9).await.unwrap()[0].id, ids[3]);
    assert_eq!(journal::purge(&mut tx, at(3)).await.unwrap(), 2, "the failed one came at 3");
    assert_eq!(journal::purge(&mut tx, at(99)).await.unwrap(), 1, "what waits stays");
    assert_eq!(journal::backlog(&mut tx).await.unwrap(), 1);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn bodies_keep_their_order_in_groups_of_any_size(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut tx = world.db.begin().await.unwrap();
    for size in [1_u8, 7, 64, 131] {
        let entries: Vec<_> = (0..size).map(entry).collect();
        let ids = journal::append(&mut tx, &entries).await.unwrap();
        let waiting = journal::next(&mut tx, 200).await.unwrap();
        assert_eq!(ids, waiting.iter().map(|e| e.id).collect::<Vec<_>>());
        assert!(waiting.iter().zip(&entries).all(|(got, new)| got.body == new.body));
        journal::done(&mut tx, &ids).await.unwrap();
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_came_too_early_waits_for_its_message(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let park = |kind: &str, target: &str, seconds| NewPending {
        account_id: world.account,
        target: target.to_owned(),
        kind: kind.to_owned(),
        payload: json!({ "nul": "\u{0}" }),
        received_at: at(seconds),
    };
    let mut write = world.write().await;
    for new in [park("status", "a", 1), park("edit", "a", 2), park("status", "b", 3), park("status", "c", 4)]
    {
        pending::park(&mut write, &new).await.unwrap();
    }
    let taken = pending::take(&mut write, world.account, "a").await.unwrap();
    let kinds: Vec<_> = taken.iter().map(|t| (t.kind.as_str(), t.received_at)).collect();
    assert_eq!(kinds, [("status", at(1)), ("edit", at(2))]);
    assert_eq!(taken[0].payload, json!({ "nul": "\u{0}" }));
    assert_eq!(pending::take(&mut write, world.account, "a").await.unwrap(), []);
    // Whoever has asked about many at once finds just the same, also what is parked afterwards.
    pending::look_ahead(&mut write, world.account, &["b", "c", "d"]).await.unwrap();
    assert_eq!(pending::take(&mut write, world.account, "d").await.unwrap(), []);
    pending::park(&mut write, &park("edit", "d", 5)).await.unwrap();
    assert_eq!(pending::take(&mut write, world.account, "d").await.unwrap().len(), 1);
    assert_eq!(pending::take(&mut write, world.account, "d").await.unwrap(), []);
    assert_eq!(pending::expire(write.tx(), at(4)).await.unwrap(), 1);
    assert_eq!(pending::take(&mut write, world.account, "c").await.unwrap().len(), 1);
    let nobodys = NewPending { account_id: AccountId(id(404)), ..park("status", "a", 1) };
    assert!(matches!(pending::park(&mut write, &nobodys).await, Err(StoreError::NotFound)));
}
