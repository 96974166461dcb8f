//! Opening, closing, copying.

use std::{pin::pin, time::Duration};

use balas_domain::Seq;
use balas_store::{
    Store, StoreError, accounts, events, security,
    testing::{Kind, empty, fresh},
};
use rstest::rstest;
use tokio::time::timeout;

use crate::world::*;

#[rstest]
#[case::sqlite(Kind::Sqlite, "sqlite")]
#[case::postgres(Kind::Postgres, "postgres")]
#[tokio::test]
async fn opens_migrates_and_opens_again(#[case] kind: Kind, #[case] name: &str) {
    let db = empty(kind).await;
    assert_eq!(db.backend(), name);
    db.ping().await.unwrap();
    db.migrate().await.unwrap();
    db.migrate().await.unwrap();
    let again = Store::connect(&db.url).await.unwrap();
    again.migrate().await.unwrap();
    again.close().await;
    assert!(again.read().await.is_err(), "closed");
    db.ping().await.unwrap();
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_may_start_together(#[case] kind: Kind) {
    let db = empty(kind).await;
    let other = Store::connect(&db.url).await.unwrap();
    let (one, two) = tokio::join!(db.migrate(), other.migrate());
    one.unwrap();
    two.unwrap();
}

#[tokio::test]
async fn sqlite_is_copied_while_it_runs() {
    let world = World::new(Kind::Sqlite).await;
    let directory = std::env::temp_dir().join(format!("balas-backup-test-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("copy.db");
    let mut write = world.write().await;
    ensure(&mut write, world.account, 1).await;
    // The writer is busy; the copy is of before.
    world.db.backup(&file).await.unwrap();
    write.commit().await.unwrap();
    assert!(matches!(world.db.backup(&file).await, Err(StoreError::BackupExists(_))));
    let copy = Store::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let mut tx = copy.read().await.unwrap();
    assert_eq!(events::head(world.ws, &mut tx).await.unwrap(), Seq(1));
    assert!(accounts::view(world.ws, &mut tx, world.account).await.unwrap().is_some());
    drop(tx);
    copy.close().await;
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn postgres_says_how_it_is_copied() {
    let db = fresh(Kind::Postgres).await;
    let refused = db.backup(std::path::Path::new("/nowhere")).await.unwrap_err();
    assert!(refused.to_string().contains("pg_dump"));
}

#[tokio::test]
async fn passwords_stay_hidden() {
    for url in [
        "postgres://balas:hunter2@127.0.0.1:1/balas",
        "postgres://balas:hunter2@127.0.0.1:notaport/balas",
        "mysql://balas:hunter2@localhost/balas",
        "balas:hunter2",
    ] {
        let refused = Store::connect(url).await.unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(matches!(Store::connect("sqlite::memory:").await, Err(StoreError::Url(_))));
    let missing = Store::connect("sqlite:/no/such/directory/balas.db").await.unwrap_err();
    assert!(missing.to_string().contains("/no/such/directory/balas.db"), "{missing}");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn committed_is_there_after_closing(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    world.db.close().await;
    let again = Store::connect(&world.db.url).await.unwrap();
    let mut tx = again.read().await.unwrap();
    let found = balas_store::conversations::get(world.ws, &mut tx, conversation).await.unwrap();
    assert!(found.is_some());
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn who_goes_away_while_it_begins_leaves_nothing_behind(#[case] kind: Kind) {
    let world = World::new(kind).await;
    // Looked at some times, while the database may answer, and then dropped wherever it stands.
    let note = security::SecurityEntry { workspace_id: None, at: NOW, kind: "x", ip: None, detail: "y" };
    // More than it has connections by then.
    let writers = if kind == Kind::Sqlite { 1 } else { 6 };
    let mut unfinished = 0;
    for round in 0..1_000 {
        let mut begun = false;
        {
            let mut begins = pin!(world.db.read());
            for _ in 0..round % 12 {
                begun = begun || timeout(Duration::ZERO, begins.as_mut()).await.is_ok();
                tokio::task::yield_now().await;
            }
        }
        if !begun {
            unfinished += 1;
            // Whoever gets its connection next does not find himself in a transaction that may only read.
            let mut all = Vec::new();
            for _ in 0..writers {
                all.push(world.db.begin().await.unwrap());
            }
            for mut tx in all {
                security::log(&mut tx, &note).await.unwrap();
            }
        }
    }
    assert!(unfinished > 50, "too few were dropped on their way");
}
