//! Tests only: every statement's plan on SQLite is looked at when it first runs, so that none grows with a
//! table because the planner took the wrong index. (With empty tables all statements are fast.)

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use sqlx::AssertSqlSafe;

use crate::Tx;

/// Statements that go through small tables, or through what waits in a queue.
const MAY_SCAN: [&str; 4] =
    ["FROM workspaces", "FROM accounts ORDER BY", "FROM jobs", "FROM webhook_journal"];

static SEEN: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

/// # Panics
/// When the statement would walk through a table that grows.
pub(crate) async fn check(tx: &mut Tx, sql: &'static str) {
    let Tx::Sqlite(t) = tx else { return };
    if !SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(sql) {
        return;
    }
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let Ok(rows) = sqlx::query_as::<_, (i64, i64, i64, String)>(explain).fetch_all(&mut **t).await else {
        // What cannot be prepared fails by itself right after this.
        return;
    };
    let steps: Vec<String> = rows.into_iter().map(|(.., step)| step).collect();
    for (n, step) in steps.iter().enumerate() {
        let before = if n > 0 { steps[n - 1].as_str() } else { "" };
        assert!(fine(sql, step, before), "this statement grows with its table:\n{sql}\n{steps:#?}");
    }
}

fn fine(sql: &str, step: &str, before: &str) -> bool {
    if step.starts_with("SCAN") && !step.contains("CONSTANT ROW") {
        if step.contains("VIRTUAL TABLE") {
            // A list that was passed in: it leads, it is not gone through for each row.
            return before.is_empty() || before.contains("SUBQUERY") || before.contains("CO-ROUTINE");
        }
        if step.contains("(subquery") {
            // What it is made of is looked at by itself.
            return true;
        }
        return MAY_SCAN.iter().any(|scan| sql.contains(scan));
    }
    // A part of a number is looked for in all of a workspace's numbers: no index knows the middle of a word.
    if sql.contains("value LIKE")
        && step.contains("contact_identities USING PRIMARY KEY (workspace_id=? AND kind=?)")
    {
        return true;
    }
    // A whole workspace's rows: fine if they stop at a limit, are the unread ones, or are counted in an index alone.
    if sql.ends_with("LIMIT 1")
        || step.contains("INDEX conversations_unread")
        || step.contains("INDEX conversations_counts")
    {
        return true;
    }
    // A whole account's conversations are as many.
    let all_of_workspace =
        ["(workspace_id=?)", "(workspace_id=? AND kind=?)", "(workspace_id=? AND account_id=?)"]
            .iter()
            .any(|key| step.contains(key));
    let grows = ["conversations", "contacts", "contact_identities", "messages", "events", "PRIMARY KEY"];
    !(all_of_workspace && grows.iter().any(|table| step.contains(table)))
}
