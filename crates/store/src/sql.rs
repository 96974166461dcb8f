//! A statement once, run on whichever database the transaction is of.

/// Runs the body once per database, with the connection bound to the given name.
macro_rules! on {
    ($tx:expr, |$c:ident| $body:expr) => {
        match $tx {
            $crate::db::Tx::Sqlite(t) => {
                let $c = &mut **t;
                $body
            }
            $crate::db::Tx::Postgres(t) => {
                let $c = &mut **t;
                $body
            }
        }
    };
}

/// In tests, looks at the plan of a statement when it is first run.
macro_rules! look {
    ($tx:expr, $sql:expr) => {
        #[cfg(feature = "testing")]
        $crate::plans::check($tx, $sql).await;
    };
}

/// Executes a statement; the number of rows it changed.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let sql: &'static str = $sql;
        look!($tx, sql);
        on!($tx, |c| sqlx::query(sql)$(.bind($bind))*.execute(c).await.map(|r| r.rows_affected()))
            .map_err($crate::error::StoreError::from)
    }};
}

/// All rows of a query as the given type.
macro_rules! rows {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let sql: &'static str = $sql;
        look!($tx, sql);
        on!($tx, |c| sqlx::query_as::<_, $row>(sql)$(.bind($bind))*.fetch_all(c).await)
            .map_err($crate::error::StoreError::from)
    }};
}

/// The first row of a query as the given type, if there is one.
macro_rules! row {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {{
        let sql: &'static str = $sql;
        look!($tx, sql);
        on!($tx, |c| sqlx::query_as::<_, $row>(sql)$(.bind($bind))*.fetch_optional(c).await)
            .map_err($crate::error::StoreError::from)
    }};
}
