//! The two databases hold the same, and lists are ranges of an index.

use std::collections::BTreeSet;

use balas_store::{
    Tx, conversations, messages,
    testing::{Kind, fresh},
};
use sqlx::AssertSqlSafe;

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
    let in_sqlite = columns(&mut s).await;
    assert!(in_sqlite.len() > 100, "there is something to compare: {}", in_sqlite.len());
    assert_eq!(in_sqlite, columns(&mut p).await);
    let in_sqlite = indexes(&mut s).await;
    assert!(in_sqlite.len() > 20, "there is something to compare: {}", in_sqlite.len());
    assert_eq!(in_sqlite, indexes(&mut p).await);
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
    for sql in conversations::list_statements() {
        let plan = plan(&mut tx, sql).await;
        assert_ranges_only(sql, &plan);
        let (account, unread) = (sql.contains("account_id = $5"), sql.contains("unread > 0"));
        let index = match (account, unread) {
            (false, false) => "conversations_list",
            (true, false) => "conversations_account",
            (false, true) => "conversations_unread",
            (true, true) => "conversations_unread_account",
        };
        assert!(plan[0].contains(&format!("INDEX {index} (")), "{sql}\n{plan:#?}");
        assert!(plan[0].contains("(sort_at,id)<(?,?)"), "the cursor bounds the range: {plan:#?}");
    }
    let plan = plan(&mut tx, messages::page_statement()).await;
    assert_ranges_only(messages::page_statement(), &plan);
    assert!(plan[0].contains("INDEX messages_thread (conversation_id=? AND (at,id)<(?,?))"), "{plan:#?}");
}
