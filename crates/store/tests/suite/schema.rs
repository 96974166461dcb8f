//! The two databases hold the same, and lists are ranges of an index.

use std::collections::BTreeSet;

use balas_domain::{
    AccountId, LabelId, MemberId, WorkState,
    query::{Assigned, ListQuery},
};
use balas_store::{
    Tx, conversations, messages, search,
    testing::{Kind, fresh},
};
use sqlx::AssertSqlSafe;

use crate::world::id;

/// Table, column, whether it may be missing.
async fn columns(tx: &mut Tx) -> BTreeSet<(String, String, bool)> {
    let rows: Vec<(String, String, bool)> = match tx {
        Tx::Sqlite(t) => sqlx::query_as(
            r#"SELECT m.name, c.name, c."notnull" = 0
               FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
                AND m.name NOT LIKE '\_sqlx%' ESCAPE '\'"#,
        )
        .fetch_all(&mut **t)
        .await
        .unwrap(),
        Tx::Postgres(t) => sqlx::query_as(
            r"SELECT table_name::text, column_name::text, is_nullable = 'YES' FROM information_schema.columns
              WHERE table_schema = 'public' AND table_name NOT LIKE '\_sqlx%'",
        )
        .fetch_all(&mut **t)
        .await
        .unwrap(),
    };
    rows.into_iter().collect()
}

/// Names of indexes that are not made by a constraint.
async fn indexes(tx: &mut Tx) -> BTreeSet<String> {
    let rows: Vec<String> = match tx {
        Tx::Sqlite(t) => {
            sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
                .fetch_all(&mut **t)
                .await
                .unwrap()
        }
        Tx::Postgres(t) => sqlx::query_scalar(
            r"SELECT indexname::text FROM pg_indexes
              WHERE schemaname = 'public' AND indexname NOT LIKE '%\_pkey' AND indexname NOT LIKE '%\_key'",
        )
        .fetch_all(&mut **t)
        .await
        .unwrap(),
    };
    rows.into_iter().collect()
}

#[tokio::test]
async fn both_databases_have_the_same_tables() {
    let (sqlite, postgres) = (fresh(Kind::Sqlite).await, fresh(Kind::Postgres).await);
    let (mut s, mut p) = (sqlite.read().await.unwrap(), postgres.read().await.unwrap());
    let mut in_sqlite = columns(&mut s).await;
    // The index of words is a table on SQLite, which names messages by a number.
    in_sqlite.retain(|(table, column, _)| {
        !table.starts_with("message_words") && (table.as_str(), column.as_str()) != ("messages", "n")
    });
    assert!(in_sqlite.len() > 100, "there is something to compare: {}", in_sqlite.len());
    assert_eq!(in_sqlite, columns(&mut p).await);
    let in_sqlite = indexes(&mut s).await;
    assert!(in_sqlite.len() > 20, "there is something to compare: {}", in_sqlite.len());
    let mut in_postgres = indexes(&mut p).await;
    for only_there in ["messages_words", "messages_newest"] {
        assert!(in_postgres.remove(only_there), "{only_there}");
    }
    assert_eq!(in_sqlite, in_postgres);
}

async fn plan(tx: &mut Tx, sql: &'static str) -> Vec<String> {
    let Tx::Sqlite(t) = tx else { panic!("plans are read from SQLite") };
    let rows: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&mut **t).await.unwrap();
    assert!(!rows.is_empty());
    rows.into_iter().map(|(.., step)| step).collect()
}

fn assert_ranges_only(sql: &str, plan: &[String]) {
    for step in plan {
        assert!(!step.starts_with("SCAN"), "{sql}\n{plan:#?}");
        assert!(!step.contains("TEMP B-TREE"), "{sql}\n{plan:#?}");
    }
}

#[tokio::test]
async fn lists_and_threads_are_ranges_of_an_index() {
    let db = fresh(Kind::Sqlite).await;
    let mut tx = db.read().await.unwrap();
    let (account, member) = (Some(AccountId(id(1))), Some(Assigned::To(MemberId(id(1)))));
    let (open, snoozed) = (Some(WorkState::Open), Some(WorkState::Snoozed));
    let all = ListQuery::default;
    for (query, index) in [
        (all(), "conversations_list"),
        (ListQuery { account, ..all() }, "conversations_account"),
        (ListQuery { unread_only: true, ..all() }, "conversations_unread"),
        (ListQuery { account, unread_only: true, ..all() }, "conversations_unread_account"),
        (ListQuery { state: open, ..all() }, "conversations_open"),
        (ListQuery { state: open, account, ..all() }, "conversations_open_account"),
        (ListQuery { state: snoozed, ..all() }, "conversations_snoozed"),
        (ListQuery { state: open, assigned: member, ..all() }, "conversations_assigned"),
        (ListQuery { groups_only: true, ..all() }, "conversations_groups"),
        (ListQuery { state: open, assigned: Some(Assigned::Nobody), ..all() }, "conversations_open"),
        (ListQuery { state: open, label: Some(LabelId(id(1))), ..all() }, "conversations_open"),
        (ListQuery { q: Some("a".to_owned()), ..all() }, "conversations_list"),
    ] {
        let sql = conversations::list_statement(&query);
        let mut plan = plan(&mut tx, sql).await;
        // A part of a number is looked for in all numbers, once.
        plan.retain(|step| query.q.is_none() || !step.contains("contact_identities"));
        assert_ranges_only(sql, &plan);
        assert!(plan[0].contains(&format!("INDEX {index} (")), "{sql}\n{plan:#?}");
        assert!(plan[0].contains("(sort_at,id)<(?,?)"), "the cursor bounds the range: {plan:#?}");
    }
    let sql = search::statement_in_conversation();
    let plan_of_search = plan(&mut tx, sql).await;
    assert!(
        plan_of_search
            .iter()
            .any(|step| step.contains("INDEX messages_thread (conversation_id=? AND (at,id)<(?,?))")),
        "{plan_of_search:#?}"
    );
    for (sql, sign) in messages::page_statements().into_iter().zip(["<", "<", ">"]) {
        let plan = plan(&mut tx, sql).await;
        assert_ranges_only(sql, &plan);
        let range = format!("INDEX messages_thread (conversation_id=? AND (at,id){sign}(?,?))");
        assert!(plan[0].contains(&range), "{plan:#?}");
    }
}
