//! Everything in which the two databases differ beyond a word: lists as one parameter, and rows in bulk.

use balas_domain::{AccountId, ContactId, ConversationId, Event, Membership, Seq, Timestamp, WorkspaceId};
use sqlx::{
    Encode, Postgres, QueryBuilder, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo},
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo},
};
use uuid::Uuid;

use crate::{Result, codec, db::Tx, journal::NewEntry};

/// Ids as one parameter. SQLite: a JSON array of hexadecimal texts, for `unhex(value) … json_each($n)`;
/// PostgreSQL: an array, for `ANY($n)` and `unnest($n)`. One statement serves any number of ids.
pub(crate) struct Ids(Vec<Uuid>);

impl Ids {
    pub(crate) fn of(ids: impl IntoIterator<Item = Uuid>) -> Self {
        Self(ids.into_iter().collect())
    }
}

impl Type<Sqlite> for Ids {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Ids {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        let mut json = String::with_capacity(2 + 35 * self.0.len());
        json.push('[');
        let mut hex = [0_u8; 32];
        for (n, id) in self.0.iter().enumerate() {
            if n > 0 {
                json.push(',');
            }
            json.push('"');
            json.push_str(id.simple().encode_lower(&mut hex));
            json.push('"');
        }
        json.push(']');
        Encode::<Sqlite>::encode(json, buffer)
    }
}

impl Type<Postgres> for Ids {
    fn type_info() -> PgTypeInfo {
        <Vec<Uuid> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Ids {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode_by_ref(&self.0, buffer)
    }
}

/// Numbers as one parameter, for `value … json_each($n)` and `ANY($n)`.
pub(crate) struct Numbers(pub(crate) Vec<i64>);

impl Type<Sqlite> for Numbers {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Numbers {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(codec::to_json(&self.0)?, buffer)
    }
}

impl Type<Postgres> for Numbers {
    fn type_info() -> PgTypeInfo {
        <Vec<i64> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Numbers {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode_by_ref(&self.0, buffer)
    }
}

/// Texts as one parameter, for `value … json_each($n)` and `ANY($n)`.
pub(crate) struct Texts(Vec<String>);

impl Texts {
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(texts.into_iter().map(|text| codec::text(text).into_owned()).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Type<Sqlite> for Texts {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Texts {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(codec::to_json(&self.0)?, buffer)
    }
}

impl Type<Postgres> for Texts {
    fn type_info() -> PgTypeInfo {
        <Vec<String> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Texts {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode_by_ref(&self.0, buffer)
    }
}

/// Most members of one statement.
const MEMBER_ROWS: usize = 512;

/// Stores what is known of a group's members.
pub(crate) async fn put_members(
    ws: WorkspaceId,
    tx: &mut Tx,
    group: ConversationId,
    members: Vec<(ContactId, Membership)>,
) -> Result<()> {
    macro_rules! put {
        ($db:ty, $connection:expr, $rows:expr) => {{
            let mut insert = QueryBuilder::<$db>::new(
                "INSERT INTO group_members (workspace_id, conversation_id, contact_id, present, present_at, role,
                    role_at, joined_at) ",
            );
            insert.push_values($rows, |mut row, (contact, member)| {
                row.push_bind(ws)
                    .push_bind(group)
                    .push_bind(*contact)
                    .push_bind(member.present)
                    .push_bind(member.present_at)
                    .push_bind(member.role.as_str())
                    .push_bind(member.role_at)
                    .push_bind(member.joined_at);
            });
            insert.push(
                " ON CONFLICT (conversation_id, contact_id) DO UPDATE SET present = excluded.present,
                    present_at = excluded.present_at, role = excluded.role, role_at = excluded.role_at,
                    joined_at = excluded.joined_at",
            );
            insert.build().execute($connection).await?;
        }};
    }
    for rows in members.chunks(MEMBER_ROWS) {
        match tx {
            Tx::Sqlite(t) => put!(Sqlite, &mut **t, rows),
            Tx::Postgres(t) => put!(Postgres, &mut **t, rows),
        }
    }
    Ok(())
}

/// Appends events that follow each other.
pub(crate) async fn append_events(
    ws: WorkspaceId,
    tx: &mut Tx,
    at: Timestamp,
    events: &[Event],
) -> Result<()> {
    let Some(first) = events.first().map(|e| e.seq) else { return Ok(()) };
    let payloads = events.iter().map(|e| codec::to_json(&e.payload)).collect::<Result<Vec<_>>>()?;
    match tx {
        Tx::Sqlite(t) => {
            // One array of pairs: the row's number and the kind come out of it again.
            let mut json = String::with_capacity(payloads.iter().map(|p| p.len() + 32).sum());
            for (event, payload) in events.iter().zip(&payloads) {
                json.push_str(if json.is_empty() { "[[\"" } else { ",[\"" });
                json.push_str(event.payload.kind());
                json.push_str("\",");
                json.push_str(payload);
                json.push(']');
            }
            json.push(']');
            sqlx::query(
                "INSERT INTO events (workspace_id, seq, at, kind, payload)
                 SELECT $1, $2 + key, $3, value ->> 0, value -> 1 FROM json_each($4)",
            )
            .bind(ws)
            .bind(first)
            .bind(at)
            .bind(json)
            .execute(&mut **t)
            .await?;
        }
        Tx::Postgres(t) => {
            let kinds: Vec<&str> = events.iter().map(|e| e.payload.kind()).collect();
            let seqs: Vec<Seq> = events.iter().map(|e| e.seq).collect();
            sqlx::query(
                "INSERT INTO events (workspace_id, seq, at, kind, payload)
                 SELECT $1, e.seq, $2, e.kind, e.payload
                 FROM unnest($3::bigint[], $4::text[], $5::text[]) AS e (seq, kind, payload)",
            )
            .bind(ws)
            .bind(at)
            .bind(seqs)
            .bind(kinds)
            .bind(payloads)
            .execute(&mut **t)
            .await?;
        }
    }
    Ok(())
}

/// Most bodies of one statement; a power of two.
const JOURNAL_ROWS: usize = 64;

/// Appends raw webhook bodies; their numbers in the order given.
pub(crate) async fn append_journal(tx: &mut Tx, entries: &[NewEntry]) -> Result<Vec<i64>> {
    let mut ids: Vec<i64> = Vec::with_capacity(entries.len());
    match tx {
        Tx::Sqlite(t) => {
            let mut rest = entries;
            while !rest.is_empty() {
                // Powers of two: few different statements, so that all of them stay prepared.
                let group = (1 << rest.len().ilog2()).min(JOURNAL_ROWS);
                let (now, later) = rest.split_at(group);
                rest = later;
                let mut insert = QueryBuilder::<Sqlite>::new(
                    "INSERT INTO webhook_journal (provider, account_id, received_at, body, state) ",
                );
                insert.push_values(now, |mut row, e| {
                    row.push_bind(e.provider.as_str())
                        .push_bind(e.account_id)
                        .push_bind(e.received_at)
                        .push_bind(&e.body[..])
                        .push("0");
                });
                insert.push(" RETURNING id");
                ids.extend(insert.build_query_scalar::<i64>().fetch_all(&mut **t).await?);
            }
            // Numbers are given in order; the answer's order is not promised.
            ids.sort_unstable();
        }
        Tx::Postgres(t) => {
            let providers: Vec<&str> = entries.iter().map(|e| e.provider.as_str()).collect();
            let accounts: Vec<Option<AccountId>> = entries.iter().map(|e| e.account_id).collect();
            let times: Vec<Timestamp> = entries.iter().map(|e| e.received_at).collect();
            let bodies: Vec<&[u8]> = entries.iter().map(|e| &e.body[..]).collect();
            ids = sqlx::query_scalar(
                "INSERT INTO webhook_journal (provider, account_id, received_at, body, state)
                 SELECT provider, account_id, received_at, body, 0
                 FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bytea[])
                    AS e (provider, account_id, received_at, body)
                 RETURNING id",
            )
            .bind(providers)
            .bind(accounts)
            .bind(times)
            .bind(bodies)
            .fetch_all(&mut **t)
            .await?;
            ids.sort_unstable();
        }
    }
    Ok(ids)
}
