//! How far the history of a number is.

use balas_domain::SyncState;
use balas_store::{
    sync::{self, Progress, Why},
    testing::Kind,
};
use rstest::rstest;

use crate::world::*;

async fn begin(world: &World, why: Why) {
    let mut write = world.write().await;
    sync::start(&mut write, world.account, why).await.unwrap();
    write.commit().await.unwrap();
}

async fn end(world: &World, state: SyncState, error: Option<&str>) -> Progress {
    let started = progress(world).await.view.started_at;
    let mut write = world.write().await;
    assert!(sync::finish(&mut write, world.account, started, state, error).await.unwrap());
    write.commit().await.unwrap();
    progress(world).await
}

async fn progress(world: &World) -> Progress {
    let mut tx = world.db.read().await.unwrap();
    sync::progress(world.ws, &mut tx, world.account).await.unwrap().unwrap()
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_failed_is_still_waited_for(#[case] kind: Kind) {
    let world = World::new(kind).await;
    begin(&world, Why::Linked).await;
    let failed = end(&world, SyncState::Failed, Some("no such address")).await;
    assert_eq!((failed.passes, failed.view.error.as_deref()), (0, Some("no such address")));

    begin(&world, Why::Again).await;
    let tried = progress(&world).await;
    assert_eq!((tried.view.state, tried.view.error, tried.view.quiet), (SyncState::Pending, None, false));
    assert_eq!(end(&world, SyncState::Completed, None).await.passes, 1);

    // From then on nobody waits, whether it fails or not.
    for state in [SyncState::Failed, SyncState::Completed] {
        begin(&world, Why::Again).await;
        assert!(progress(&world).await.view.quiet);
        end(&world, state, None).await;
    }
    begin(&world, Why::Asked).await;
    assert!(!progress(&world).await.view.quiet);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_was_declined_is_said_once_and_undoes_nothing(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let decline = async || {
        let mut write = world.write().await;
        let news = sync::declined(&mut write, world.account, "not shared").await.unwrap();
        write.commit().await.unwrap();
        news
    };
    assert!(decline().await);
    assert!(!decline().await);
    let view = progress(&world).await.view;
    assert_eq!((view.state, view.error.as_deref()), (SyncState::Failed, Some("not shared")));

    begin(&world, Why::Linked).await;
    end(&world, SyncState::Completed, None).await;
    assert!(!decline().await, "all of it is here");
}
