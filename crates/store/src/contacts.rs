//! Who writes to us, and under which names WhatsApp knows them.

use std::collections::HashMap;

use balas_domain::{
    Address, ContactId, ConversationId, Identity, IdentityKind, Timestamp, WorkspaceId,
    query::ContactQuery,
    view::{ContactView, Page},
};
use sqlx::FromRow;

use crate::{Result, Tx, Write, codec, cursor, dialect::Ids};

/// `last_seen_at` is moved at most this often, in microseconds: it is shown to the day.
const SEEN_GRAIN: i64 = 3_600_000_000;

/// What a contact is called, by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub(crate) struct Names {
    name: Option<String>,
    profile_name: Option<String>,
    username: Option<String>,
}

impl Names {
    /// The name that stands for the contact: saved, else its own, else its user name.
    pub(crate) fn shown(&self) -> Option<String> {
        let filled = |n: &Option<String>| n.clone().filter(|n| !n.is_empty());
        filled(&self.name)
            .or_else(|| filled(&self.profile_name))
            .or_else(|| filled(&self.username).map(|u| format!("@{u}")))
    }

    /// The title of a conversation with this contact.
    pub(crate) fn title(&self, address: &Address) -> String {
        self.shown().unwrap_or_else(|| address.label())
    }
}

/// The names of a contact, for titles.
pub(crate) async fn names(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Names> {
    let sql = "SELECT name, profile_name, username FROM contacts WHERE workspace_id = $1 AND id = $2";
    Ok(row!(tx, Names, sql, ws, id)?.unwrap_or_default())
}

#[derive(FromRow)]
struct Found {
    kind: String,
    value: String,
    id: ContactId,
    name: Option<String>,
    profile_name: Option<String>,
    username: Option<String>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
}

impl Found {
    fn names(&self) -> Names {
        Names {
            name: self.name.clone(),
            profile_name: self.profile_name.clone(),
            username: self.username.clone(),
        }
    }
}

/// Business-scoped ids mean something within their business only; numbers and linked ids everywhere.
fn scope_of(kind: IdentityKind, scope: &str) -> &str {
    match kind {
        IdentityKind::Phone | IdentityKind::Lid => "",
        IdentityKind::User => scope,
    }
}

fn label(identities: &[Identity]) -> String {
    let address = |i: &Identity| match i.kind {
        IdentityKind::Phone => Address::Phone(i.value.clone()),
        IdentityKind::Lid => Address::Lid(i.value.clone()),
        IdentityKind::User => Address::User(i.value.clone()),
    };
    // The kinds' order is the order of preference: a number says most.
    identities.iter().min_by_key(|i| i.kind).map_or_else(String::new, |i| address(i).label())
}

/// Finds the contact by any of its identities or makes it, remembers identities and names that are new, and
/// keeps the titles of its conversations true. If the identities turn out to lead to several contacts, they
/// are one and become one: the oldest stays.
pub async fn resolve(
    write: &mut Write,
    scope: &str,
    identities: &[Identity],
    name: Option<&str>,
    username: Option<&str>,
    new_id: ContactId,
) -> Result<ContactId> {
    let (ws, now) = (write.workspace(), write.now());
    let name = name.map(codec::text).filter(|n| !n.is_empty());
    let username = username.map(codec::text).filter(|n| !n.is_empty());
    let mut found: Vec<Found> = Vec::new();
    for identity in identities {
        // One by one: a look into the primary key each, and there are three at most.
        found.extend(row!(
            write.tx(),
            Found,
            "SELECT i.kind, i.value, c.id, c.name, c.profile_name, c.username, c.created_at, c.last_seen_at
             FROM contact_identities AS i JOIN contacts AS c ON c.id = i.contact_id
             WHERE i.workspace_id = $1 AND i.kind = $2 AND i.value = $3 AND i.scope = $4",
            ws,
            identity.kind.as_str(),
            codec::text(&identity.value),
            scope_of(identity.kind, scope),
        )?);
    }
    let Some(keep) = found.iter().min_by_key(|f| (f.created_at, f.id)) else {
        let names =
            Names { name: None, profile_name: name.map(Into::into), username: username.map(Into::into) };
        let display = names.shown().unwrap_or_else(|| label(identities));
        execute!(
            write.tx(),
            "INSERT INTO contacts (workspace_id, id, name, profile_name, username, display, display_key,
            created_at,
                last_seen_at)
             VALUES ($1, $2, NULL, $3, $4, $5, $6, $7, $7)",
            ws,
            new_id,
            names.profile_name,
            names.username,
            &display,
            codec::key(&display),
            now,
        )?;
        for identity in identities {
            add_identity(write, scope, identity, new_id).await?;
        }
        return Ok(new_id);
    };
    let id = keep.id;
    let old = keep.names();
    let mut names = old.clone();
    for other in found.iter().filter(|f| f.id != id) {
        let other_names = other.names();
        names.name = names.name.or(other_names.name);
        names.profile_name = names.profile_name.or(other_names.profile_name);
        names.username = names.username.or(other_names.username);
    }
    if let Some(name) = name {
        names.profile_name = Some(name.into());
    }
    if let Some(username) = username {
        names.username = Some(username.into());
    }
    for identity in identities {
        if !found.iter().any(|f| f.kind == identity.kind.as_str() && f.value == codec::text(&identity.value))
        {
            add_identity(write, scope, identity, id).await?;
        }
    }
    let mut others: Vec<ContactId> = found.iter().map(|f| f.id).filter(|o| *o != id).collect();
    others.sort_unstable();
    others.dedup();
    let merged = !others.is_empty();
    for other in others {
        merge(write, id, other).await?;
    }
    // Without any name the label is shown, and a number that came to be known makes a better one.
    let grew = found.len() < identities.len() && names.shown().is_none();
    if names != old || grew || merged {
        let display = match names.shown() {
            Some(display) => display,
            None => label(&identities_of(ws, write.tx(), id).await?),
        };
        execute!(
            write.tx(),
            "UPDATE contacts SET name = $3, profile_name = $4, username = $5, display = $6, display_key = $7,
                last_seen_at = $8
             WHERE workspace_id = $1 AND id = $2",
            ws,
            id,
            &names.name,
            &names.profile_name,
            &names.username,
            &display,
            codec::key(&display),
            now,
        )?;
        retitle(write, id, &names).await?;
    } else if keep.last_seen_at.0.saturating_add(SEEN_GRAIN) < now.0 {
        execute!(
            write.tx(),
            "UPDATE contacts SET last_seen_at = $3 WHERE workspace_id = $1 AND id = $2",
            ws,
            id,
            now,
        )?;
    }
    Ok(id)
}

async fn add_identity(write: &mut Write, scope: &str, identity: &Identity, contact: ContactId) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "INSERT INTO contact_identities (workspace_id, kind, value, scope, contact_id)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        ws,
        identity.kind.as_str(),
        codec::text(&identity.value),
        scope_of(identity.kind, scope),
        contact,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct IdentityRow {
    contact_id: ContactId,
    kind: String,
    value: String,
}

impl IdentityRow {
    fn identity(self) -> Option<Identity> {
        let kind = match self.kind.as_str() {
            "phone" => IdentityKind::Phone,
            "lid" => IdentityKind::Lid,
            "user" => IdentityKind::User,
            _ => return None,
        };
        Some(Identity { kind, value: self.value })
    }
}

/// Under which names WhatsApp knows the contact.
pub async fn identities_of(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Vec<Identity>> {
    let rows = rows!(
        tx,
        IdentityRow,
        "SELECT contact_id, kind, value FROM contact_identities WHERE workspace_id = $1 AND contact_id = $2
         ORDER BY kind, value, scope",
        ws,
        id,
    )?;
    Ok(rows.into_iter().filter_map(IdentityRow::identity).collect())
}

/// Two contacts turned out to be one.
async fn merge(write: &mut Write, keep: ContactId, gone: ContactId) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE contact_identities SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2",
        ws,
        gone,
        keep,
    )?;
    execute!(
        write.tx(),
        "UPDATE messages SET author_contact_id = $3
         WHERE workspace_id = $1 AND author_contact_id = $2 AND conversation_id IN
            (SELECT id FROM conversations WHERE workspace_id = $1 AND contact_id = $2)",
        ws,
        gone,
        keep,
    )?;
    execute!(
        write.tx(),
        "UPDATE conversations SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2",
        ws,
        gone,
        keep,
    )?;
    execute!(write.tx(), "DELETE FROM contacts WHERE workspace_id = $1 AND id = $2", ws, gone)?;
    Ok(())
}

/// Makes the titles of the contact's conversations true and tells of those that changed.
async fn retitle(write: &mut Write, id: ContactId, names: &Names) -> Result<()> {
    let ws = write.workspace();
    let conversations = rows!(
        write.tx(),
        (ConversationId, String, String),
        "SELECT id, address, title FROM conversations
            WHERE workspace_id = $1 AND contact_id = $2 ORDER BY id",
        ws,
        id,
    )?;
    for (conversation, address, old) in conversations {
        let title = names.title(&codec::word("address", &address)?);
        if title == old {
            continue;
        }
        execute!(
            write.tx(),
            "UPDATE conversations SET title = $3, title_key = $4 WHERE workspace_id = $1 AND id = $2",
            ws,
            conversation,
            &title,
            codec::key(&title),
        )?;
        write.touch_conversation(conversation);
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: ContactId,
    display: String,
    display_key: String,
    username: Option<String>,
    created_at: Timestamp,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, display, display_key, username, created_at FROM contacts WHERE workspace_id = $1 ",
            $tail
        )
    };
}

async fn views(ws: WorkspaceId, tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<ContactView>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sql = tx.pick(
        "SELECT contact_id, kind, value FROM contact_identities
         WHERE +workspace_id = $1 AND kind = 'phone'
            AND contact_id IN (SELECT unhex(value) FROM json_each($2)) ORDER BY value",
        "SELECT contact_id, kind, value FROM contact_identities
         WHERE workspace_id = $1 AND kind = 'phone' AND contact_id = ANY($2) ORDER BY value",
    );
    let mut phones: HashMap<ContactId, Vec<String>> = HashMap::new();
    for i in rows!(tx, IdentityRow, sql, ws, Ids::of(rows.iter().map(|r| r.id.0)))? {
        phones.entry(i.contact_id).or_default().push(i.value);
    }
    let view = |r: Row| ContactView {
        phones: phones.remove(&r.id).unwrap_or_default(),
        id: r.id,
        name: r.display,
        username: r.username,
        created_at: r.created_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// One contact.
pub async fn get(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Option<ContactView>> {
    let rows = rows!(tx, Row, select!("AND id = $2"), ws, id)?;
    Ok(views(ws, tx, rows).await?.pop())
}

/// Contacts by name, optionally only those that match in name, user name or number.
///
/// # Errors
/// [`crate::StoreError::BadCursor`].
pub async fn list(ws: WorkspaceId, tx: &mut Tx, query: &ContactQuery) -> Result<Page<ContactView>> {
    let (name, id) = cursor::read_name(cursor::List::Contacts, query.cursor.as_deref())?;
    let limit = query.rows();
    let q = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let mut rows = match q {
        None => rows!(
            tx,
            Row,
            select!("AND (display_key, id) > ($2, $3) ORDER BY display_key, id LIMIT $4"),
            ws,
            name,
            ContactId(id),
            i64::from(limit) + 1,
        )?,
        Some(q) => rows!(
            tx,
            Row,
            select!(
                r"AND (display_key, id) > ($2, $3)
                  AND (display_key LIKE $5 ESCAPE '\' OR lower(username) LIKE $5 ESCAPE '\' OR EXISTS
                    (SELECT 1 FROM contact_identities AS i
                     WHERE i.contact_id = contacts.id AND i.kind = 'phone' AND i.value LIKE $6 ESCAPE '\'))
                  ORDER BY display_key, id LIMIT $4"
            ),
            ws,
            name,
            ContactId(id),
            i64::from(limit) + 1,
            codec::like(q),
            // No number: a pattern that no number matches.
            codec::like_number(q).unwrap_or_default(),
        )?,
    };
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more);
    let next = next.map(|r| cursor::by_name(cursor::List::Contacts, &r.display_key, r.id.0));
    Ok(Page { items: views(ws, tx, rows).await?, next })
}
