//! Where in a whole database something stands.

use balas_store::{Store, Tx};
use sqlx::AssertSqlSafe;

/// Every column of every table in which this text stands, in whatever kind of column.
pub async fn places_of(store: &Store, text: &str) -> Vec<String> {
    let mut tx = store.read().await.unwrap();
    let mut found = Vec::new();
    match &mut tx {
        Tx::Sqlite(t) => {
            // The index of words keeps no text of its own; what can be found by it is asked for by searching.
            let columns: Vec<(String, String)> = sqlx::query_as(
                r"SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
                  WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
                    AND m.name NOT LIKE '\_sqlx%' ESCAPE '\' AND m.name NOT LIKE 'message\_words%' ESCAPE '\'",
            )
            .fetch_all(&mut **t)
            .await
            .unwrap();
            assert!(columns.len() > 100, "there is something to look at");
            for (table, column) in columns {
                let sql = format!(
                    r#"SELECT COUNT(*) FROM "{table}" WHERE instr(CAST("{column}" AS BLOB), CAST($1 AS BLOB)) > 0"#
                );
                let n: i64 =
                    sqlx::query_scalar(AssertSqlSafe(sql)).bind(text).fetch_one(&mut **t).await.unwrap();
                found.extend((n > 0).then(|| format!("{table}.{column}")));
            }
        }
        Tx::Postgres(t) => {
            let columns: Vec<(String, String, String)> = sqlx::query_as(
                r"SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
                  WHERE table_schema = 'public' AND table_name NOT LIKE '\_sqlx%'",
            )
            .fetch_all(&mut **t)
            .await
            .unwrap();
            assert!(columns.len() > 100, "there is something to look at");
            for (table, column, kind) in columns {
                let read = if kind == "bytea" {
                    format!(r#"encode("{column}", 'escape')"#)
                } else {
                    format!(r#""{column}"::text"#)
                };
                let sql = format!(r#"SELECT COUNT(*) FROM "{table}" WHERE position($1 IN {read}) > 0"#);
                let n: i64 =
                    sqlx::query_scalar(AssertSqlSafe(sql)).bind(text).fetch_one(&mut **t).await.unwrap();
                found.extend((n > 0).then(|| format!("{table}.{column}")));
            }
        }
    }
    found
}
