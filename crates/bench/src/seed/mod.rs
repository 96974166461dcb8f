//! A workspace with many conversations, the same on every run, written straight into the tables: a million
//! messages through the front door would take longer than all measurements together.
//!
//! Messages are written in the order of their times, conversations mixed, as they come in life: a thread's
//! rows lie scattered over the file and nothing is faster here than it would be there.

mod bulk;
mod plan;

use balas_domain::{AccountId, MemberId, Timestamp, WorkspaceId};
use balas_store::{Store, accounts, workspaces};
use sqlx::{Connection, PgConnection, SqliteConnection};

use self::{
    bulk::{Bulk, Cell, Table},
    plan::Plan,
};
use crate::{Error, Result, database::Database};

pub use plan::Size;

/// To be changed with what is written here: kept data of another version are not used.
pub const VERSION: u32 = 1;

/// Who and what the rows belong to: the demo workspace's.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its account.
    pub account: AccountId,
    /// Somebody who answers.
    pub member: MemberId,
}

impl Owner {
    /// Looks up the demo workspace that the sandbox has set up.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn find(store: &Store) -> Result<Self> {
        let missing = || Error::Server("the demo workspace is incomplete".to_owned());
        let mut tx = store.read().await?;
        let workspace = workspaces::by_slug(&mut tx, "demo").await?.ok_or_else(missing)?.id;
        let account = accounts::list(workspace, &mut tx).await?.first().ok_or_else(missing)?.id;
        let member = balas_store::members::list(workspace, &mut tx).await?.first().ok_or_else(missing)?.id;
        Ok(Self { workspace, account, member })
    }
}

/// A number that tells which tables the database has: data can be kept as long as it stays the same.
///
/// # Errors
/// When the database is not migrated.
pub async fn fingerprint(database: &Database) -> Result<u64> {
    const SQL: &str = "SELECT checksum FROM _sqlx_migrations ORDER BY version";
    let sums: Vec<Vec<u8>> = if database.is_postgres() {
        let mut connection = PgConnection::connect(&database.url()).await?;
        sqlx::query_scalar(SQL).fetch_all(&mut connection).await?
    } else {
        let mut connection = SqliteConnection::connect(&database.url()).await?;
        sqlx::query_scalar(SQL).fetch_all(&mut connection).await?
    };
    // FNV-1a: nobody gains by forging it.
    let bytes = sums.iter().flatten().copied().chain(VERSION.to_le_bytes());
    Ok(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)))
}

/// Fills a database on which nobody works. All times lie before `now`.
///
/// # Errors
/// When the database refuses, for instance because its tables have other columns by now.
pub async fn fill(database: &Database, owner: Owner, size: Size, now: Timestamp) -> Result<()> {
    let mut bulk = Bulk::open(database).await?;
    let plan = Plan::new(size, now);
    people(&mut bulk, owner, &plan).await?;
    messages(&mut bulk, owner, &plan).await?;
    bulk.finish(owner.workspace.0, plan.versions()).await
}

async fn people(bulk: &mut Bulk, owner: Owner, plan: &Plan) -> Result<()> {
    let (ws, account) = (Cell::Id(owner.workspace.0), Cell::Id(owner.account.0));
    let table = Table::new(
        "contacts",
        &[
            "id",
            "workspace_id",
            "name",
            "profile_name",
            "username",
            "display",
            "display_key",
            "created_at",
            "last_seen_at",
        ],
    );
    let mut rows = bulk.into(table).await?;
    for c in plan.conversations() {
        let (name, at) = (c.name(), c.first_at.0);
        let (shown, key) = (Cell::Text(&name), name.to_lowercase());
        let row = [
            Cell::Id(c.contact),
            ws,
            Cell::Null,
            shown,
            Cell::Null,
            shown,
            Cell::Text(&key),
            Cell::Int(at),
            Cell::Int(c.last.at.0),
        ];
        rows.push(&row).await?;
    }
    rows.end().await?;

    let table = Table::new("contact_identities", &["workspace_id", "kind", "scope", "value", "contact_id"]);
    let mut rows = bulk.into(table).await?;
    for c in plan.conversations() {
        let phone = c.phone();
        let row = [ws, Cell::Text("phone"), Cell::Text(""), Cell::Text(&phone), Cell::Id(c.contact)];
        rows.push(&row).await?;
    }
    rows.end().await?;

    let table = Table::new(
        "conversations",
        &[
            "id",
            "workspace_id",
            "account_id",
            "contact_id",
            "address",
            "title",
            "title_key",
            "last_message_id",
            "last_kind",
            "last_text",
            "last_direction",
            "last_status",
            "last_at",
            "unread",
            "last_inbound_at",
            "sort_at",
            "version",
            "created_at",
        ],
    );
    let mut rows = bulk.into(table).await?;
    for c in plan.conversations() {
        let (name, address, text) = (c.name(), c.address(), c.last.text());
        let (key, at) = (name.to_lowercase(), Cell::Int(c.last.at.0));
        let row = [
            Cell::Id(c.id),
            ws,
            account,
            Cell::Id(c.contact),
            Cell::Text(&address),
            Cell::Text(&name),
            Cell::Text(&key),
            Cell::Id(c.last.id),
            Cell::Text("text"),
            Cell::Text(&text),
            Cell::Text(c.last.direction()),
            Cell::Text(c.last.status()),
            at,
            Cell::Int(c.unread),
            c.last_inbound_at.map_or(Cell::Null, |at| Cell::Int(at.0)),
            at,
            Cell::Int(c.version),
            Cell::Int(c.first_at.0),
        ];
        rows.push(&row).await?;
    }
    rows.end().await
}

async fn messages(bulk: &mut Bulk, owner: Owner, plan: &Plan) -> Result<()> {
    let table = Table::new(
        "messages",
        &[
            "id",
            "workspace_id",
            "account_id",
            "conversation_id",
            "provider_id",
            "direction",
            "source",
            "author_kind",
            "author_contact_id",
            "author_member_id",
            "author_name",
            "content",
            "search_text",
            "attempt",
            "status",
            "status_at",
            "failure",
            "quote_message_id",
            "quote_provider_id",
            "at",
            "edited_at",
            "revoked_at",
            "reacted",
            "version",
            "created_at",
        ],
    );
    let (ws, account) = (Cell::Id(owner.workspace.0), Cell::Id(owner.account.0));
    let mut rows = bulk.into(table).await?;
    for message in plan.messages() {
        let conversation = plan.conversation(message.conversation);
        let (text, provider_id, name) = (message.text(), message.provider_id(), conversation.name());
        // Only letters, digits and spaces: nothing that JSON would escape.
        let content = format!(r#"{{"type":"text","text":"{text}"}}"#);
        let search = text.to_lowercase();
        let at = Cell::Int(message.at.0);
        let (kind, contact, member, author) = if message.inbound {
            (Cell::Text("contact"), Cell::Id(conversation.contact), Cell::Null, Cell::Text(&name))
        } else {
            (Cell::Text("member"), Cell::Null, Cell::Id(owner.member.0), Cell::Text("Bench"))
        };
        let row = [
            Cell::Id(message.id),
            ws,
            account,
            Cell::Id(conversation.id),
            Cell::Text(&provider_id),
            Cell::Text(message.direction()),
            Cell::Text("live"),
            kind,
            contact,
            member,
            author,
            Cell::Text(&content),
            Cell::Text(&search),
            Cell::Int(1),
            Cell::Text(message.status()),
            at,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            at,
            Cell::Null,
            Cell::Null,
            Cell::Bool(false),
            Cell::Int(message.version),
            at,
        ];
        rows.push(&row).await?;
    }
    rows.end().await
}
