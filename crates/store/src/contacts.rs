//! Who writes to us, and under which names WhatsApp knows them.

use std::collections::HashMap;

use balas_domain::{
    Address, ContactId, ConversationId, Identity, IdentityKind, MergeId, Timestamp, WorkspaceId,
    address::spellings,
    people::MergeReason,
    query::ContactQuery,
    view::{ContactView, Page},
};
use sqlx::FromRow;

use crate::{
    Result, Tx, Write, codec, cursor,
    dialect::{Ids, Texts},
    people::{self, Standing, Why},
    words,
};

/// `last_seen_at` is moved at most this often, in microseconds: it is shown to the day.
const SEEN_GRAIN: i64 = 3_600_000_000;

/// What a contact is called, by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub(crate) struct Names {
    pub(crate) name: Option<String>,
    pub(crate) profile_name: Option<String>,
    /// As of when it calls itself so.
    pub(crate) profile_named_at: Timestamp,
    pub(crate) username: Option<String>,
}

impl Names {
    /// The contact called itself so then. Of two names of one moment the same one stays whichever is told last. That it
    /// is still called as it was is no change: see [`resolve`].
    fn told(&mut self, name: &str, at: Timestamp) {
        let known = self.profile_name.as_deref().unwrap_or_default();
        if known != name && (at, name) > (self.profile_named_at, known) {
            self.profile_name = Some(name.to_owned());
            self.profile_named_at = at;
        }
    }

    /// Those of two contacts that are one: what is missing here is taken from there, and what it calls itself is the later
    /// of the two.
    pub(crate) fn merged(mut self, other: Self) -> Self {
        self.name = self.name.or(other.name);
        self.username = self.username.or(other.username);
        if let Some(name) = &other.profile_name {
            if self.profile_name.as_ref() == Some(name) {
                self.profile_named_at = self.profile_named_at.max(other.profile_named_at);
            }
            self.told(name, other.profile_named_at);
        }
        self
    }

    /// The name that stands for the contact: saved, else its own, else its user name.
    pub(crate) fn shown(&self) -> Option<String> {
        let filled = |n: &Option<String>| n.clone().filter(|n| !n.is_empty());
        filled(&self.name)
            .or_else(|| filled(&self.profile_name))
            .or_else(|| filled(&self.username).map(|u| format!("@{u}")))
    }

    /// The title of a conversation with this contact, which is otherwise shown like this.
    fn title(&self, address: &Address, display: &str) -> String {
        match (self.shown(), address) {
            (Some(name), _) => name,
            (None, Address::Phone(_)) => address.label(),
            // The number, if one is known.
            (None, _) if !display.is_empty() => display.to_owned(),
            (None, _) => address.label(),
        }
    }
}

/// The title of a conversation with this contact.
pub(crate) async fn title(ws: WorkspaceId, tx: &mut Tx, id: ContactId, address: &Address) -> Result<String> {
    let sql = "SELECT display FROM contacts WHERE workspace_id = $1 AND id = $2";
    let display = match address {
        Address::Phone(_) => None,
        _ => row!(tx, (String,), sql, ws, id)?,
    };
    Ok(names(ws, tx, id).await?.title(address, &display.map_or_else(String::new, |(d,)| d)))
}

/// The names of a contact, for titles.
pub(crate) async fn names(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Names> {
    let sql = "SELECT name, profile_name, profile_named_at, username FROM contacts WHERE workspace_id = $1 AND id = $2";
    Ok(row!(tx, Names, sql, ws, id)?.unwrap_or_default())
}

/// An identity as it is stored: kind, value, scope.
pub(crate) type Key = (String, String, String);

/// A contact by one of its identities.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Found {
    kind: String,
    value: String,
    pub(crate) id: ContactId,
    name: Option<String>,
    profile_name: Option<String>,
    profile_named_at: Timestamp,
    username: Option<String>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
}

impl Found {
    fn names(&self) -> Names {
        Names {
            name: self.name.clone(),
            profile_name: self.profile_name.clone(),
            profile_named_at: self.profile_named_at,
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
/// keeps the titles of its conversations true.
///
/// If the identities turn out to lead to several contacts, they are one and become one: the oldest stays, or the one
/// that the team has saved. Contacts that were parted are not merged by themselves again; then it is whom the first
/// identity leads to. A new number that is another spelling of exactly one contact's is that contact's, too.
///
/// A name comes with the moment of which it is, so that whatever is told last, it ends alike. That it is the same name
/// still is noted no more often than `last_seen_at`, with it: whoever takes a former name back within that time may be
/// called by the one between until the name is told once more.
pub async fn resolve(
    write: &mut Write,
    scope: &str,
    identities: &[Identity],
    name: Option<(&str, Timestamp)>,
    username: Option<&str>,
    new_id: ContactId,
) -> Result<ContactId> {
    let (ws, now) = (write.workspace(), write.now());
    let name = name.map(|(name, at)| (codec::text(name), at)).filter(|(name, _)| !name.is_empty());
    let username = username.map(codec::text).filter(|n| !n.is_empty());
    let mut found: Vec<Found> = Vec::new();
    for identity in identities {
        // One by one: a look into the primary key each, and there are three at most.
        found.extend(find(write, identity.kind, &identity.value, scope_of(identity.kind, scope)).await?);
    }
    let alike = if found.is_empty() { spelled_alike(write, identities).await? } else { Vec::new() };
    let guessed = alike.len() == 1;
    if found.is_empty() && !guessed {
        let mut names = Names { username: username.map(Into::into), ..Names::default() };
        if let Some((name, at)) = name {
            names.told(&name, at);
        }
        insert(write, new_id, &names, &names.shown().unwrap_or_else(|| label(identities))).await?;
        for identity in identities {
            add_identity(write, scope, identity, new_id).await?;
        }
        for other in alike {
            people::suggest(write, new_id, other.id, MergeReason::Number).await?;
        }
        return Ok(new_id);
    }
    let candidates = if guessed { &alike } else { &found };
    let one = candidates.iter().all(|f| f.id == candidates[0].id);
    let together = one || may_merge(write, candidates).await?;
    let keep = if together {
        candidates.iter().min_by_key(|f| (f.name.is_none(), f.created_at, f.id)).unwrap_or(&candidates[0])
    } else {
        &candidates[0]
    };
    let id = keep.id;
    let old = keep.names();
    let mut names = old.clone();
    let mut others: Vec<&Found> = candidates.iter().filter(|f| together && f.id != id).collect();
    others.sort_unstable_by_key(|f| f.id);
    others.dedup_by_key(|f| f.id);
    for other in &others {
        names = names.merged(other.names());
    }
    if let Some((name, at)) = &name {
        names.told(name, *at);
    }
    if let Some(username) = username {
        names.username = Some(username.into());
    }
    let known = |identity: &Identity| {
        found.iter().any(|f| f.kind == identity.kind.as_str() && f.value == codec::text(&identity.value))
    };
    let new: Vec<&Identity> = identities.iter().filter(|identity| !known(identity)).collect();
    if guessed {
        let scoped: Vec<_> = new.iter().map(|i| (*i, scope_of(i.kind, scope))).collect();
        let why = because(write, new_id, MergeReason::Number);
        people::learned(write, id, new_id, &scoped, &label(identities), &why).await?;
    }
    for identity in &new {
        add_identity(write, scope, identity, id).await?;
    }
    for other in &others {
        let why = because(write, other.id, MergeReason::Told);
        people::merge(write, id, other.id, &why).await?;
    }
    if !guessed && new.iter().any(|identity| identity.kind == IdentityKind::Phone) {
        for other in spelled_alike(write, identities).await? {
            people::suggest(write, id, other.id, MergeReason::Number).await?;
        }
    }
    // Without any name the label is shown, and a number that came to be known makes a better one.
    let grew = !new.is_empty() && names.shown().is_none();
    if names != old || grew || !others.is_empty() {
        store_names(write, id, &names).await?;
    }
    if keep.last_seen_at.0.saturating_add(SEEN_GRAIN) < now.0 {
        let same = name.filter(|(name, _)| names.profile_name.as_deref() == Some(&**name));
        let named_at = same.map_or(names.profile_named_at, |(_, at)| at.max(names.profile_named_at));
        execute!(
            write.tx(),
            "UPDATE contacts SET last_seen_at = $3, profile_named_at = $4 WHERE workspace_id = $1 AND id = $2",
            ws,
            id,
            now,
            named_at,
        )?;
        write.contact_changed(id);
    }
    Ok(id)
}

/// Asks about many identities at once, so that [`resolve`] need not ask about each of those that are known.
pub async fn look_ahead(write: &mut Write, scope: &str, identities: &[&Identity]) -> Result<()> {
    let ws = write.workspace();
    for kind in [IdentityKind::Phone, IdentityKind::Lid, IdentityKind::User] {
        let values = identities.iter().filter(|i| i.kind == kind).map(|i| i.value.as_str());
        let values = Texts::of(values);
        if values.is_empty() {
            continue;
        }
        let scope = scope_of(kind, scope);
        let sql = write.tx().pick(
            // In this order and no other: the list leads, the keys are looked up.
            "SELECT i.kind, i.value, c.id, c.name, c.profile_name, c.profile_named_at, c.username, c.created_at,
                c.last_seen_at
             FROM json_each($3) AS j CROSS JOIN contact_identities AS i CROSS JOIN contacts AS c
             WHERE i.workspace_id = $1 AND i.kind = $2 AND i.value = j.value AND i.scope = $4
                AND c.id = i.contact_id",
            "SELECT i.kind, i.value, c.id, c.name, c.profile_name, c.profile_named_at, c.username, c.created_at,
                c.last_seen_at
             FROM contact_identities AS i JOIN contacts AS c ON c.id = i.contact_id
             WHERE i.workspace_id = $1 AND i.kind = $2 AND i.scope = $4 AND i.value = ANY($3)",
        );
        for found in rows!(write.tx(), Found, sql, ws, kind.as_str(), values, scope)? {
            let key = (found.kind.clone(), found.value.clone(), scope.to_owned());
            write.know_contact(key, found);
        }
    }
    Ok(())
}

async fn find(write: &mut Write, kind: IdentityKind, value: &str, scope: &str) -> Result<Option<Found>> {
    let ws = write.workspace();
    let key = (kind.as_str().to_owned(), codec::text(value).into_owned(), scope.to_owned());
    if let Some(known) = write.known_contact(&key) {
        return Ok(Some(known));
    }
    row!(
        write.tx(),
        Found,
        "SELECT i.kind, i.value, c.id, c.name, c.profile_name, c.profile_named_at, c.username, c.created_at,
                c.last_seen_at
         FROM contact_identities AS i JOIN contacts AS c ON c.id = i.contact_id
         WHERE i.workspace_id = $1 AND i.kind = $2 AND i.value = $3 AND i.scope = $4",
        ws,
        kind.as_str(),
        codec::text(value),
        scope,
    )
}

/// Contacts that are known under another spelling of one of these numbers.
async fn spelled_alike(write: &mut Write, identities: &[Identity]) -> Result<Vec<Found>> {
    let mut alike: Vec<Found> = Vec::new();
    for identity in identities.iter().filter(|i| i.kind == IdentityKind::Phone) {
        for spelling in spellings(&identity.value).into_iter().skip(1) {
            let other = find(write, IdentityKind::Phone, &spelling, "").await?;
            alike.extend(other.filter(|other| alike.iter().all(|f| f.id != other.id)));
        }
    }
    Ok(alike)
}

/// Whether nobody has parted any of these contacts. Who was parted and is named as one again is suggested.
async fn may_merge(write: &mut Write, found: &[Found]) -> Result<bool> {
    let mut ids: Vec<ContactId> = found.iter().map(|f| f.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut may = true;
    for (n, a) in ids.iter().enumerate() {
        for b in &ids[n + 1..] {
            match people::standing(write, *a, *b).await? {
                Standing::None => continue,
                Standing::Parted => people::suggest(write, *a, *b, MergeReason::Told).await?,
                Standing::Apart => {}
            }
            may = false;
        }
    }
    Ok(may)
}

/// A merge that nobody has asked for. Its id comes of the time and of the contact that goes, which goes but once.
fn because(write: &Write, gone: ContactId, reason: MergeReason) -> Why {
    let mut random = [0; 10];
    random.copy_from_slice(&gone.0.as_bytes()[6..]);
    let millis = write.now().0.max(0).unsigned_abs() / 1_000;
    Why {
        id: MergeId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()),
        reason,
        by: None,
    }
}

async fn insert(write: &mut Write, id: ContactId, names: &Names, display: &str) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    execute!(
        write.tx(),
        "INSERT INTO contacts (workspace_id, id, name, profile_name, profile_named_at, username, display, display_key,
            created_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        ws,
        id,
        &names.name,
        &names.profile_name,
        names.profile_named_at,
        &names.username,
        display,
        words::fold(display),
        now,
    )?;
    Ok(())
}

/// Gives a contact these names, and its conversations their titles.
pub(crate) async fn store_names(write: &mut Write, id: ContactId, names: &Names) -> Result<()> {
    let ws = write.workspace();
    let display = match names.shown() {
        Some(display) => display,
        None => label(&identities_of(ws, write.tx(), id).await?),
    };
    execute!(
        write.tx(),
        "UPDATE contacts SET name = $3, profile_name = $4, profile_named_at = $5, username = $6, display = $7,
            display_key = $8
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        &names.name,
        &names.profile_name,
        names.profile_named_at,
        &names.username,
        &display,
        words::fold(&display),
    )?;
    write.contact_changed(id);
    retitle(write, id, names, &display).await
}

async fn add_identity(write: &mut Write, scope: &str, identity: &Identity, contact: ContactId) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    execute!(
        write.tx(),
        "INSERT INTO contact_identities (workspace_id, kind, value, scope, contact_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        ws,
        identity.kind.as_str(),
        codec::text(&identity.value),
        scope_of(identity.kind, scope),
        contact,
        now,
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

/// Under which names WhatsApp knows each of them, numbers and linked ids only.
pub(crate) async fn identities_of_all(
    ws: WorkspaceId,
    tx: &mut Tx,
    ids: Ids,
) -> Result<Vec<(ContactId, Identity)>> {
    let sql = tx.pick(
        "SELECT contact_id, kind, value FROM contact_identities
         WHERE +workspace_id = $1 AND kind IN ('phone', 'lid')
            AND contact_id IN (SELECT unhex(value) FROM json_each($2)) ORDER BY value",
        "SELECT contact_id, kind, value FROM contact_identities
         WHERE workspace_id = $1 AND kind IN ('phone', 'lid') AND contact_id = ANY($2) ORDER BY value",
    );
    let rows = rows!(tx, IdentityRow, sql, ws, ids)?;
    Ok(rows.into_iter().filter_map(|row| Some((row.contact_id, row.identity()?))).collect())
}

/// A contact that a number or linked id leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub id: ContactId,
    /// What they call themselves.
    pub profile_name: Option<String>,
    /// How they are shown.
    pub display: String,
}

/// Whom numbers and linked ids lead to: all of them in one go, without changing anything.
///
/// # Errors
/// When the database fails.
pub async fn found_by(
    ws: WorkspaceId,
    tx: &mut Tx,
    identities: &[Identity],
) -> Result<HashMap<Identity, Known>> {
    let mut all = HashMap::new();
    for kind in [IdentityKind::Phone, IdentityKind::Lid] {
        let of_kind = identities.iter().filter(|i| i.kind == kind);
        let values = Texts::of(of_kind.map(|i| i.value.as_str()));
        if values.is_empty() {
            continue;
        }
        let sql = tx.pick(
            "SELECT i.value, c.id, c.profile_name, c.display
             FROM contact_identities AS i JOIN contacts AS c ON c.id = i.contact_id
             WHERE i.workspace_id = $1 AND i.kind = $2 AND i.value IN (SELECT value FROM json_each($3))
                AND i.scope = ''",
            "SELECT i.value, c.id, c.profile_name, c.display
             FROM contact_identities AS i JOIN contacts AS c ON c.id = i.contact_id
             WHERE i.workspace_id = $1 AND i.kind = $2 AND i.value = ANY($3) AND i.scope = ''",
        );
        let rows = rows!(tx, (String, ContactId, Option<String>, String), sql, ws, kind.as_str(), values)?;
        for (value, id, profile_name, display) in rows {
            all.insert(Identity { kind, value }, Known { id, profile_name, display });
        }
    }
    Ok(all)
}

/// The number under which the contact came to be known last; `None` if none is known.
pub async fn newest_phone(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Option<Address>> {
    let sql = "SELECT value FROM contact_identities
               WHERE contact_id = $2 AND workspace_id = $1 AND kind = 'phone' ORDER BY created_at DESC, value LIMIT 1";
    let found = row!(tx, (String,), sql, ws, id)?;
    Ok(found.and_then(|(value,)| Address::phone(&value).ok()))
}

/// Makes the titles of the contact's conversations true and tells of those that changed.
async fn retitle(write: &mut Write, id: ContactId, names: &Names, display: &str) -> Result<()> {
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
        let title = names.title(&codec::word("address", &address)?, display);
        if title == old {
            continue;
        }
        execute!(
            write.tx(),
            "UPDATE conversations SET title = $3, title_key = $4 WHERE workspace_id = $1 AND id = $2",
            ws,
            conversation,
            &title,
            words::fold(&title),
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

/// Contacts by name, or only those that match in name, user name or number. Who is in a group and never wrote in private
/// is found, but not listed: one group would bury everybody else.
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
            select!(
                "AND (display_key, id) > ($2, $3)
                 AND (EXISTS (SELECT 1 FROM conversations AS c WHERE c.contact_id = contacts.id)
                    OR NOT EXISTS (SELECT 1 FROM group_members AS m WHERE m.contact_id = contacts.id))
                 ORDER BY display_key, id LIMIT $4"
            ),
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

/// The contact that has all of these identities and a name, if there is one and nothing about it is to be learned of what it
/// is said to have called itself then.
pub async fn known(
    ws: WorkspaceId,
    tx: &mut Tx,
    scope: &str,
    identities: &[Identity],
    name: Option<(&str, Timestamp)>,
) -> Result<Option<ContactId>> {
    let mut all = None;
    for identity in identities {
        let found = row!(
            tx,
            Found,
            "SELECT i.kind, i.value, c.id, c.name, c.profile_name, c.profile_named_at, c.username, c.created_at,
                c.last_seen_at
             FROM contact_identities AS i JOIN contacts AS c ON c.id = i.contact_id
             WHERE i.workspace_id = $1 AND i.kind = $2 AND i.value = $3 AND i.scope = $4",
            ws,
            identity.kind.as_str(),
            codec::text(&identity.value),
            scope_of(identity.kind, scope),
        )?;
        let Some(found) = found else { return Ok(None) };
        let before = found.names();
        let mut after = before.clone();
        if let Some((name, at)) = name {
            after.told(&codec::text(name), at);
        }
        let news = before.shown().is_none() || after != before;
        if news || all.is_some_and(|other| other != found.id) {
            return Ok(None);
        }
        all = Some(found.id);
    }
    Ok(all)
}
