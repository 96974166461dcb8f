//! Durable work.

use std::{collections::HashSet, sync::Arc};

use balas_domain::{JobId, Priority, Timestamp};
use balas_store::{
    Store, jobs,
    jobs::{Job, NewJob},
    testing::Kind,
};
use rstest::rstest;
use serde_json::json;

use crate::world::*;

fn job(n: u128, priority: Priority, key: Option<&str>, run_at: i64) -> NewJob {
    NewJob {
        id: JobId(id(n)),
        kind: "send".to_owned(),
        payload: json!({ "n": n.to_string() }),
        priority,
        queue_key: key.map(str::to_owned),
        run_at: at(run_at),
        idempotency_key: None,
    }
}

async fn enqueue(world: &World, new: &[NewJob]) {
    let mut tx = world.db.begin().await.unwrap();
    for job in new {
        assert!(jobs::enqueue(world.ws, &mut tx, job).await.unwrap());
    }
    tx.commit().await.unwrap();
}

async fn claim(store: &Store, now: i64, limit: u32, lanes: &[Priority]) -> Vec<Job> {
    let mut tx = store.begin().await.unwrap();
    let claimed = jobs::claim(&mut tx, at(now), at(now + 30), limit, lanes).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

async fn claim_interrupted(store: &Store, now: i64) -> Option<Job> {
    let mut tx = store.begin().await.unwrap();
    jobs::release_expired(&mut tx, at(now)).await.unwrap();
    let claimed = jobs::claim_interrupted(&mut tx, at(now), at(now + 30)).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

async fn finish(store: &Store, n: u128) {
    let mut tx = store.begin().await.unwrap();
    jobs::finish(&mut tx, JobId(id(n))).await.unwrap();
    tx.commit().await.unwrap();
}

async fn next(store: &Store) -> Option<Timestamp> {
    jobs::next_run_at(&mut store.begin().await.unwrap()).await.unwrap()
}

fn numbers(jobs: &[Job]) -> Vec<u128> {
    jobs.iter().map(|j| j.id.0.as_u128()).collect()
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn urgent_first_then_oldest(#[case] kind: Kind) {
    let world = World::new(kind).await;
    enqueue(
        &world,
        &[
            job(1, Priority::Campaign, None, 0),
            job(2, Priority::Normal, None, 5),
            job(3, Priority::Normal, None, 3),
            job(4, Priority::Urgent, None, 9),
            job(5, Priority::Urgent, None, 99),
        ],
    )
    .await;
    assert_eq!(numbers(&claim(&world.db, 10, 2, &[Priority::Campaign]).await), [1], "a lane of its own");
    assert_eq!(numbers(&claim(&world.db, 10, 2, &Priority::ALL).await), [4, 3]);
    let claimed = claim(&world.db, 10, 9, &Priority::ALL).await;
    assert_eq!(numbers(&claimed), [2], "5 is not due");
    assert_eq!(claimed[0].payload, json!({ "n": "2" }));
    assert_eq!((claimed[0].attempts, claimed[0].workspace_id), (0, world.ws));
    assert_eq!(jobs::pending(&mut world.db.begin().await.unwrap()).await.unwrap(), 5);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_queue_keeps_its_order(#[case] kind: Kind) {
    let world = World::new(kind).await;
    enqueue(
        &world,
        &[
            job(1, Priority::Normal, Some("a"), 5),
            job(2, Priority::Urgent, Some("a"), 0),
            job(3, Priority::Normal, Some("b"), 0),
            job(4, Priority::Normal, None, 0),
        ],
    )
    .await;
    assert_eq!(
        numbers(&claim(&world.db, 3, 9, &Priority::ALL).await),
        [3, 4],
        "2 waits for 1, which is not due"
    );
    assert_eq!(next(&world.db).await, Some(at(5)));
    assert_eq!(numbers(&claim(&world.db, 6, 9, &Priority::ALL).await), [1]);
    assert_eq!(numbers(&claim(&world.db, 6, 9, &Priority::ALL).await), [0_u128; 0], "one lease per queue");

    // Postponed, the queue waits for it; finished or buried, it goes on.
    let mut tx = world.db.begin().await.unwrap();
    jobs::postpone(&mut tx, JobId(id(1)), at(20), Some("429"), true).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(numbers(&claim(&world.db, 10, 9, &Priority::ALL).await), [0_u128; 0]);
    let again = claim(&world.db, 21, 9, &Priority::ALL).await;
    assert_eq!((numbers(&again), again[0].attempts), (vec![1], 1));
    let mut tx = world.db.begin().await.unwrap();
    jobs::begin_anew(&mut tx, JobId(id(1)), at(22)).await.unwrap();
    tx.commit().await.unwrap();
    let anew = claim(&world.db, 22, 9, &Priority::ALL).await;
    assert_eq!((numbers(&anew), anew[0].attempts), (vec![1], 0));
    finish(&world.db, 1).await;
    assert_eq!(numbers(&claim(&world.db, 22, 9, &Priority::ALL).await), [2]);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_lease_that_runs_out_is_taken_over_and_counts(#[case] kind: Kind) {
    let world = World::new(kind).await;
    assert_eq!(next(&world.db).await, None);
    enqueue(&world, &[job(1, Priority::Normal, Some("a"), 0), job(2, Priority::Normal, Some("a"), 0)]).await;
    assert_eq!(next(&world.db).await, Some(at(0)));
    assert_eq!(numbers(&claim(&world.db, 0, 9, &Priority::ALL).await), [1]);
    assert_eq!(next(&world.db).await, Some(at(30)), "when the lease runs out; 2 stands behind it");
    assert_eq!(numbers(&claim(&world.db, 29, 9, &Priority::ALL).await), [0_u128; 0]);
    assert_eq!(claim_interrupted(&world.db, 29).await, None);
    let taken = claim_interrupted(&world.db, 30).await.unwrap();
    assert_eq!((taken.id, taken.attempts, taken.interruptions), (JobId(id(1)), 1, 1));
    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(jobs::release_all(&mut tx).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let taken = claim_interrupted(&world.db, 31).await.unwrap();
    assert_eq!((taken.id, taken.attempts, taken.interruptions), (JobId(id(1)), 2, 2));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_is_interrupted_again_and_again_is_not_claimed_any_more(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let die = async || {
        let mut tx = world.db.begin().await.unwrap();
        jobs::release_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    let too_often = async || {
        let mut tx = world.db.read().await.unwrap();
        numbers(&jobs::interrupted_too_often(&mut tx).await.unwrap())
    };
    // All were under way when the process died: only one of them can have been the reason.
    let all = [
        job(1, Priority::Normal, None, 0),
        job(2, Priority::Urgent, Some("a"), 0),
        job(3, Priority::Urgent, Some("a"), 0),
        job(4, Priority::Campaign, None, 0),
    ];
    enqueue(&world, &all).await;
    assert_eq!(numbers(&claim(&world.db, 1, 9, &Priority::ALL).await), [2, 1, 4]);
    die().await;
    assert_eq!(numbers(&claim(&world.db, 1, 9, &Priority::ALL).await), [0_u128; 0], "3 waits for 2");
    for n in 1..jobs::MOST_INTERRUPTIONS {
        let taken = claim_interrupted(&world.db, 1).await.unwrap();
        assert_eq!((taken.id, taken.interruptions), (JobId(id(2)), n), "the most urgent, alone");
        assert_eq!(too_often().await, [0_u128; 0]);
        die().await;
    }
    assert_eq!(too_often().await, [2]);
    // The others had been near it only once; one of them comes back, and its count begins anew.
    let taken = claim_interrupted(&world.db, 1).await.unwrap();
    assert_eq!((taken.id, taken.interruptions), (JobId(id(1)), 1));
    let mut tx = world.db.begin().await.unwrap();
    jobs::postpone(&mut tx, taken.id, at(2), None, false).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim_interrupted(&world.db, 1).await.map(|job| job.id), Some(JobId(id(4))));
    let taken = claim(&world.db, 2, 9, &Priority::ALL).await;
    assert_eq!((numbers(&taken), taken[0].interruptions), (vec![1], 0));
    assert_eq!(next(&world.db).await, Some(at(0)), "2, which is to be buried");

    let mut tx = world.db.begin().await.unwrap();
    jobs::bury(&mut tx, JobId(id(2)), "interrupted").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(too_often().await, [0_u128; 0]);
    assert_eq!(numbers(&claim(&world.db, 2, 9, &Priority::ALL).await), [3], "its queue goes on");
    let mut tx = world.db.read().await.unwrap();
    let dead = jobs::dead(world.ws, &mut tx, 10).await.unwrap();
    assert_eq!((dead[0].id, dead[0].last_error.as_deref()), (JobId(id(2)), Some("interrupted")));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn the_same_work_is_enqueued_once(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let other = balas_store::testing::workspace(&world.db, 2).await;
    let keyed =
        |n| NewJob { idempotency_key: Some("message-1".to_owned()), ..job(n, Priority::Normal, None, 0) };
    let mut tx = world.db.begin().await.unwrap();
    assert!(jobs::enqueue(world.ws, &mut tx, &keyed(1)).await.unwrap());
    assert!(!jobs::enqueue(world.ws, &mut tx, &keyed(2)).await.unwrap());
    assert!(jobs::enqueue(other, &mut tx, &keyed(3)).await.unwrap(), "another workspace's keys are its own");
    jobs::finish(&mut tx, JobId(id(1))).await.unwrap();
    assert!(jobs::enqueue(world.ws, &mut tx, &keyed(4)).await.unwrap(), "done, it may be asked for again");
    drop(tx);
    assert_eq!(
        jobs::pending(&mut world.db.begin().await.unwrap()).await.unwrap(),
        0,
        "the caller's transaction"
    );
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn dead_letters_are_kept_and_stop_nobody(#[case] kind: Kind) {
    let world = World::new(kind).await;
    enqueue(&world, &[job(1, Priority::Normal, Some("a"), 0), job(2, Priority::Normal, Some("a"), 0)]).await;
    claim(&world.db, 0, 9, &Priority::ALL).await;
    let mut tx = world.db.begin().await.unwrap();
    jobs::bury(&mut tx, JobId(id(1)), "no such number").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(numbers(&claim(&world.db, 1, 9, &Priority::ALL).await), [2]);
    let mut tx = world.db.read().await.unwrap();
    let dead = jobs::dead(world.ws, &mut tx, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].last_error.as_deref()), (1, Some("no such number")));
    assert_eq!(jobs::pending(&mut tx).await.unwrap(), 1);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_claimed_twice(#[case] kind: Kind) {
    const JOBS: u128 = 60;
    const KEYS: u128 = 7;
    let world = Arc::new(World::new(kind).await);
    let all: Vec<_> =
        (0..JOBS).map(|n| job(n, Priority::Normal, Some(&format!("key-{}", n % KEYS)), 0)).collect();
    enqueue(&world, &all).await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let world = world.clone();
        workers.spawn(async move {
            let mut mine = Vec::new();
            while jobs::pending(&mut world.db.read().await.unwrap()).await.unwrap() > 0 {
                for job in claim(&world.db, 1, 3, &Priority::ALL).await {
                    let n = job.id.0.as_u128();
                    mine.push(n);
                    finish(&world.db, n).await;
                }
            }
            mine
        });
    }
    let mut seen = Vec::new();
    while let Some(mine) = workers.join_next().await {
        let mine = mine.unwrap();
        // What one worker did of one queue it did in order.
        for key in 0..KEYS {
            let of_key: Vec<_> = mine.iter().filter(|n| **n % KEYS == key).collect();
            assert!(of_key.is_sorted());
        }
        seen.extend(mine);
    }
    assert_eq!(seen.len(), JOBS as usize);
    assert_eq!(seen.into_iter().collect::<HashSet<_>>().len(), JOBS as usize);
}
