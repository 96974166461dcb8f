//! Durable work: lanes by urgency, order within a queue key, leases instead of locks, dead letters.

use balas_domain::{JobId, Priority, Timestamp, WorkspaceId};
use serde_json::Value;
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, codec};

/// A job that was interrupted so often in a row is given up: it may be what ends the process.
pub const MOST_INTERRUPTIONS: i32 = 5;

/// Work to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What kind of work, as a word.
    pub kind: String,
    /// What is needed to do it; no secrets.
    pub payload: Value,
    /// Its lane.
    pub priority: Priority,
    /// Jobs of one key run one after the other, in the order of enqueueing.
    pub queue_key: Option<String>,
    /// Not before.
    pub run_at: Timestamp,
    /// While a job of this key exists in the workspace (dead letters included), another is not enqueued.
    pub idempotency_key: Option<String>,
}

/// Work that was claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// What kind of work.
    pub kind: String,
    /// What is needed to do it.
    pub payload: Value,
    /// Its lane.
    pub priority: Priority,
    /// How often it was tried before: counted by [`postpone`], and when its worker did not come back.
    pub attempts: i32,
    /// How often in a row its worker did not come back.
    pub interruptions: i32,
    /// Its queue.
    pub queue_key: Option<String>,
    /// When it was due.
    pub run_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    id: JobId,
    workspace_id: WorkspaceId,
    kind: String,
    payload: String,
    priority: i16,
    attempts: i32,
    interruptions: i32,
    queue_key: Option<String>,
    run_at: Timestamp,
}

impl TryFrom<Row> for Job {
    type Error = StoreError;
    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: r.id,
            workspace_id: r.workspace_id,
            kind: r.kind,
            payload: codec::from_json("job", &r.payload)?,
            priority: Priority::from_i16(r.priority),
            attempts: r.attempts,
            interruptions: r.interruptions,
            queue_key: r.queue_key,
            run_at: r.run_at,
        })
    }
}

/// Enqueues a job in the caller's transaction; `false` if one of its idempotency key is there already.
pub async fn enqueue(ws: WorkspaceId, tx: &mut Tx, new: &NewJob) -> Result<bool> {
    let made = execute!(
        tx,
        "INSERT INTO jobs (workspace_id, id, kind, payload, priority, queue_key, run_at,
            idempotency_key, attempts,
            dead)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, FALSE) ON CONFLICT DO NOTHING",
        ws,
        new.id,
        codec::text(&new.kind),
        codec::to_json(&new.payload)?,
        new.priority.as_i16(),
        codec::text_opt(new.queue_key.as_deref()),
        new.run_at,
        codec::text_opt(new.idempotency_key.as_deref()),
    )?;
    Ok(made == 1)
}

/// A job that waits for its time need not wait any more.
pub async fn hurry(ws: WorkspaceId, tx: &mut Tx, idempotency_key: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE jobs SET run_at = $3
         WHERE workspace_id = $1 AND idempotency_key = $2 AND run_at > $3 AND NOT dead";
    execute!(tx, sql, ws, idempotency_key, now).map(drop)
}

/// Nothing of the same queue stands before it.
macro_rules! head {
    () => {
        "NOT EXISTS (SELECT 1 FROM jobs AS e WHERE NOT e.dead AND e.queue_key IS NOT NULL
            AND e.workspace_id = j.workspace_id AND e.queue_key = j.queue_key AND e.seq < j.seq)"
    };
}

macro_rules! columns {
    () => {
        "seq, id, workspace_id, kind, payload, priority, attempts, interruptions, queue_key, run_at"
    };
}

/// One lane's due jobs. `SKIP LOCKED`: another node that claims at the same time takes others.
macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "UPDATE jobs SET leased_until = $2
             WHERE seq IN (
                SELECT j.seq FROM jobs AS j
                WHERE NOT j.dead AND j.priority = $3 AND j.run_at <= $1
                    AND j.leased_until IS NULL AND j.interruptions = 0 AND ",
            head!(),
            " ORDER BY j.run_at, j.seq LIMIT $4 ",
            $lock,
            ") RETURNING ",
            columns!()
        )
    };
}

/// One due job that was interrupted before.
macro_rules! claim_interrupted_sql {
    ($lock:literal) => {
        concat!(
            "UPDATE jobs SET leased_until = $2
             WHERE seq IN (
                SELECT j.seq FROM jobs AS j
                WHERE NOT j.dead AND j.interruptions > 0 AND j.interruptions < $3 AND j.run_at <= $1
                    AND j.leased_until IS NULL AND ",
            head!(),
            " ORDER BY j.priority, j.run_at, j.seq LIMIT 1 ",
            $lock,
            ") RETURNING ",
            columns!()
        )
    };
}

/// Leases due jobs, most urgent lane first, oldest first: only the head of each queue, nothing that is leased, and
/// nothing that was interrupted: see [`claim_interrupted`].
pub async fn claim(
    tx: &mut Tx,
    now: Timestamp,
    lease_until: Timestamp,
    limit: u32,
    lanes: &[Priority],
) -> Result<Vec<Job>> {
    let sql = tx.pick(claim_sql!(""), claim_sql!("FOR UPDATE OF j SKIP LOCKED"));
    let mut jobs = Vec::new();
    for lane in Priority::ALL.into_iter().filter(|p| lanes.contains(p)) {
        let room = i64::from(limit) - jobs.len() as i64;
        if room <= 0 {
            break;
        }
        let mut rows = rows!(tx, Row, sql, now, lease_until, lane.as_i16(), room)?;
        rows.sort_unstable_by_key(|r| (r.run_at, r.seq));
        for row in rows {
            jobs.push(row.try_into()?);
        }
    }
    Ok(jobs)
}

/// Leases one due job whose worker did not come back before, the most urgent. They are worked off one at a time, so that
/// those that were merely under way when another one ended the process are not taken for it.
pub async fn claim_interrupted(tx: &mut Tx, now: Timestamp, lease_until: Timestamp) -> Result<Option<Job>> {
    let sql = tx.pick(claim_interrupted_sql!(""), claim_interrupted_sql!("FOR UPDATE OF j SKIP LOCKED"));
    let taken = rows!(tx, Row, sql, now, lease_until, MOST_INTERRUPTIONS)?;
    taken.into_iter().next().map(TryInto::try_into).transpose()
}

/// Jobs that were interrupted too often, oldest first. They are not claimed any more: whoever sees to what hangs on them
/// buries them.
pub async fn interrupted_too_often(tx: &mut Tx) -> Result<Vec<Job>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM jobs WHERE NOT dead AND interruptions > 0 AND interruptions >= $1 ORDER BY seq"
    );
    rows!(tx, Row, sql, MOST_INTERRUPTIONS)?.into_iter().map(TryInto::try_into).collect()
}

/// The job is done.
pub async fn finish(tx: &mut Tx, id: JobId) -> Result<()> {
    execute!(tx, "DELETE FROM jobs WHERE id = $1", id).map(drop)
}

/// Whoever works on the job is still at it.
pub async fn renew(tx: &mut Tx, id: JobId, until: Timestamp) -> Result<()> {
    let sql = "UPDATE jobs SET leased_until = $2 WHERE id = $1 AND leased_until IS NOT NULL";
    execute!(tx, sql, id, until).map(drop)
}

/// The job is to be tried again later; its queue waits for it. Whoever says so has come back, so it was not interrupted.
pub async fn postpone(
    tx: &mut Tx,
    id: JobId,
    run_at: Timestamp,
    error: Option<&str>,
    count_attempt: bool,
) -> Result<()> {
    execute!(
        tx,
        "UPDATE jobs SET leased_until = NULL, run_at = $2, last_error = COALESCE($3, last_error),
            attempts = attempts + $4, interruptions = 0
         WHERE id = $1 AND NOT dead",
        id,
        run_at,
        codec::text_opt(error),
        i32::from(count_attempt),
    )
    .map(drop)
}

/// What the job was for is over, well or not; at that time it begins anew, with all its tries.
pub async fn begin_anew(tx: &mut Tx, id: JobId, run_at: Timestamp) -> Result<()> {
    let sql = "UPDATE jobs SET leased_until = NULL, run_at = $2, attempts = 0, interruptions = 0
         WHERE id = $1 AND NOT dead";
    execute!(tx, sql, id, run_at).map(drop)
}

/// What this workspace's jobs of a kind wait for may have come: those that are not running look again now.
pub async fn hasten(ws: WorkspaceId, tx: &mut Tx, kind: &str, now: Timestamp) -> Result<u64> {
    execute!(
        tx,
        "UPDATE jobs SET run_at = $3
         WHERE workspace_id = $1 AND kind = $2 AND NOT dead AND leased_until IS NULL AND run_at > $3",
        ws,
        codec::text(kind),
        now,
    )
}

/// The job cannot be done. It is kept for admins; its queue goes on.
pub async fn bury(tx: &mut Tx, id: JobId, error: &str) -> Result<()> {
    let sql = "UPDATE jobs SET dead = TRUE, leased_until = NULL, last_error = $2 WHERE id = $1";
    execute!(tx, sql, id, codec::text(error)).map(drop)
}

/// When the next job can be claimed: the earliest head of a queue, or the earliest lease that runs out.
pub async fn next_run_at(tx: &mut Tx) -> Result<Option<Timestamp>> {
    let due = row!(
        tx,
        (Timestamp,),
        concat!(
            "SELECT j.run_at FROM jobs AS j WHERE NOT j.dead AND j.leased_until IS NULL AND ",
            head!(),
            " ORDER BY j.run_at LIMIT 1"
        ),
    )?;
    let lease = row!(
        tx,
        (Timestamp,),
        "SELECT leased_until FROM jobs WHERE NOT dead AND leased_until IS NOT NULL
            ORDER BY leased_until LIMIT 1",
    )?;
    Ok(due.into_iter().chain(lease).map(|(at,)| at).min())
}

/// Jobs that are yet to be done, leased ones included.
pub async fn pending(tx: &mut Tx) -> Result<i64> {
    Ok(row!(tx, (i64,), "SELECT COUNT(*) FROM jobs WHERE NOT dead")?.map_or(0, |(n,)| n))
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct DeadLetter {
    /// Its id.
    pub id: JobId,
    /// What kind of work.
    pub kind: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it was given up.
    pub last_error: Option<String>,
}

/// The workspace's dead letters, newest first.
pub async fn dead(ws: WorkspaceId, tx: &mut Tx, limit: u32) -> Result<Vec<DeadLetter>> {
    let sql = "SELECT id, kind, attempts, last_error FROM jobs WHERE workspace_id = $1 AND dead
               ORDER BY seq DESC LIMIT $2";
    rows!(tx, DeadLetter, sql, ws, i64::from(limit))
}

/// Ends every lease: at start-up, where no other process can be working on the same file. Whoever held one died with it,
/// which counts.
pub async fn release_all(tx: &mut Tx) -> Result<u64> {
    execute!(
        tx,
        "UPDATE jobs SET leased_until = NULL, attempts = attempts + 1, interruptions = interruptions + 1
         WHERE NOT dead AND leased_until IS NOT NULL"
    )
}

/// Ends the leases that have run out: whoever held them did not come back, which counts.
pub async fn release_expired(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    execute!(
        tx,
        "UPDATE jobs SET leased_until = NULL, attempts = attempts + 1, interruptions = interruptions + 1
         WHERE NOT dead AND leased_until IS NOT NULL AND leased_until <= $1",
        now,
    )
}
