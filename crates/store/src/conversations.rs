//! Threads: one contact's or group's, on one account.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use balas_domain::{
    AccountId, Address, ContactId, ConversationId, LabelId, MemberId, MessageId, Seq, Timestamp, Work,
    WorkState, WorkspaceId,
    content::Preview,
    group::GroupGlance,
    query::{Assigned, ListQuery},
    view::{ConversationView, Direction, LastMessage, Page},
};
use sqlx::FromRow;

use crate::{
    Result, StoreError, Tx, Write, codec, contacts, cursor, dialect::Ids, groups, messages,
    people::conversation, words,
};

/// A message that may be acknowledged as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadTarget {
    /// The provider's id of it.
    pub provider_id: String,
}

#[derive(FromRow)]
struct Row {
    id: ConversationId,
    account_id: AccountId,
    contact_id: Option<ContactId>,
    address: String,
    title: String,
    last_message_id: Option<MessageId>,
    last_kind: Option<String>,
    last_author: Option<String>,
    last_text: Option<String>,
    last_direction: Option<String>,
    last_status: Option<String>,
    last_at: Option<Timestamp>,
    unread: i32,
    last_inbound_at: Option<Timestamp>,
    sort_at: Timestamp,
    state: String,
    snoozed_until: Option<Timestamp>,
    assignee_id: Option<MemberId>,
    labelled: bool,
    is_group: bool,
    picture: Option<i32>,
    version: Seq,
}

pub(crate) fn direction(word: &str) -> Result<Direction> {
    match word {
        "in" => Ok(Direction::In),
        "out" => Ok(Direction::Out),
        "internal" => Ok(Direction::Internal),
        _ => Err(StoreError::Corrupt { what: "direction" }),
    }
}

impl Row {
    fn into_view(self, labels: Vec<LabelId>, group: Option<GroupGlance>) -> Result<ConversationView> {
        let r = self;
        let address: Address = codec::word("address", &r.address)?;
        let last = match (r.last_message_id, r.last_at) {
            (Some(id), Some(at)) => Some(LastMessage {
                id,
                preview: Preview {
                    kind: codec::preview_kind(r.last_kind.as_deref().unwrap_or_default()),
                    text: r.last_text.unwrap_or_default(),
                },
                author: r.last_author.filter(|name| address.is_group() && !name.is_empty()),
                direction: direction(r.last_direction.as_deref().unwrap_or_default())?,
                status: codec::word("message status", r.last_status.as_deref().unwrap_or_default())?,
                at,
            }),
            _ => None,
        };
        Ok(ConversationView {
            id: r.id,
            account_id: r.account_id,
            contact_id: r.contact_id,
            address,
            title: r.title,
            group,
            last,
            unread: r.unread,
            last_inbound_at: r.last_inbound_at,
            sort_at: r.sort_at,
            work: Work {
                state: codec::word("state of a conversation", &r.state)?,
                snoozed_until: r.snoozed_until,
                assignee: r.assignee_id,
                labels,
            },
            picture: r.picture.and_then(|rev| u32::try_from(rev).ok()),
            version: r.version,
        })
    }
}

macro_rules! select {
    ($($tail:expr),*) => {
        concat!(
            "SELECT id, account_id, contact_id, address, title, last_message_id, last_kind, last_text,
                last_author, last_direction, last_status, last_at, unread, last_inbound_at, sort_at,
                state, snoozed_until, assignee_id, labelled, is_group,
                CASE WHEN picture_key IS NOT NULL THEN picture_rev END AS picture, version
             FROM conversations AS c WHERE ",
            $($tail),*
        )
    };
}

/// Where what comes from an address belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The conversation.
    pub id: ConversationId,
    /// It was made just now.
    pub made: bool,
    /// With whom; `None` for groups.
    pub contact: Option<ContactId>,
    /// The conversation that the address would have by itself, if it is not the one that messages are sent to.
    pub origin: Option<ConversationId>,
}

/// [`place`] for tests that only ask which conversation it is, and whether it was made.
#[cfg(feature = "testing")]
pub async fn ensure(
    write: &mut Write,
    account: AccountId,
    address: &Address,
    contact: Option<ContactId>,
    new_id: ConversationId,
) -> Result<(ConversationId, bool)> {
    let place = place(write, account, address, contact, new_id).await?;
    Ok((place.id, place.made))
}

/// Asks about many addresses at once, so that [`place`] need not ask about each that has a conversation with its contact.
pub async fn look_ahead(write: &mut Write, account: AccountId, addresses: &[&Address]) -> Result<()> {
    if addresses.is_empty() {
        return Ok(());
    }
    let ws = write.workspace();
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let sql = write.tx().pick(
        // In this order and no other: the list leads, the addresses are looked up.
        "SELECT c.address, c.id, c.contact_id FROM json_each($3) AS j CROSS JOIN conversations AS c
         WHERE c.workspace_id = $1 AND c.account_id = $2 AND c.address = j.value",
        "SELECT address, id, contact_id FROM conversations
         WHERE workspace_id = $1 AND account_id = $2
            AND address IN (SELECT jsonb_array_elements_text($3::jsonb))",
    );
    let rows = rows!(
        write.tx(),
        (String, ConversationId, Option<ContactId>),
        sql,
        ws,
        account,
        codec::to_json(&texts)?
    )?;
    for (address, id, contact) in rows {
        // One without a contact gets it with the next message, and is another one then.
        if contact.is_some() {
            write.know_place(account, address, (id, contact));
        }
    }
    Ok(())
}

/// Finds the conversation of that address on the account, or of its contact there, or makes it. A contact has one
/// conversation on an account, under however many addresses.
pub async fn place(
    write: &mut Write,
    account: AccountId,
    address: &Address,
    contact: Option<ContactId>,
    new_id: ConversationId,
) -> Result<Place> {
    let (ws, now) = (write.workspace(), write.now());
    let address_text = address.to_string();
    let found = match write.known_place(account, &address_text) {
        Some(known) => Some(known),
        None => row!(
            write.tx(),
            (ConversationId, Option<ContactId>),
            "SELECT id, contact_id FROM conversations
                WHERE workspace_id = $1 AND account_id = $2 AND address = $3",
            ws,
            account,
            &address_text,
        )?,
    };
    if let Some((id, known)) = found {
        if let Some(contact) = contact.filter(|_| known.is_none()) {
            let title = contacts::title(ws, write.tx(), contact, address).await?;
            execute!(
                write.tx(),
                "UPDATE conversations SET contact_id = $3, title = $4, title_key = $5
                 WHERE workspace_id = $1 AND id = $2",
                ws,
                id,
                contact,
                &title,
                words::fold(&title),
            )?;
            write.touch_conversation(id);
        }
        return Ok(Place { id, made: false, contact: known.or(contact), origin: None });
    }
    if let Some(place) = elsewhere(write, account, address, contact, new_id).await? {
        return Ok(place);
    }
    let title = match contact {
        Some(contact) => contacts::title(ws, write.tx(), contact, address).await?,
        None => address.label(),
    };
    // From the account's own row, so that an account of another workspace cannot be meant.
    let made = execute!(
        write.tx(),
        "INSERT INTO conversations (workspace_id, account_id, id, contact_id, address, title, title_key,
            unread,
            sort_at, is_group, version, created_at, picture_due_at)
         SELECT a.workspace_id, a.id, $3, $4, $5, $6, $7, 0, $8, $9, 0, $8,
            CASE WHEN a.provider <> 'cloud' THEN 0 END
         FROM accounts AS a WHERE a.workspace_id = $1 AND a.id = $2",
        ws,
        account,
        new_id,
        contact,
        &address_text,
        &title,
        words::fold(&title),
        now,
        address.is_group(),
    )?;
    if made == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_conversation(new_id);
    Ok(Place { id: new_id, made: true, contact, origin: None })
}

/// A conversation without any message here stands in the list where this moment belongs.
pub async fn stands_at(write: &mut Write, id: ConversationId, at: Timestamp) -> Result<()> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE conversations SET sort_at = $3 WHERE workspace_id = $1 AND id = $2 AND last_at IS NULL",
        ws,
        id,
        at,
    )?;
    if changed > 0 {
        write.touch_conversation(id);
    }
    Ok(())
}

/// The conversation that is known under this address besides its own, or should be: it is the contact's.
async fn elsewhere(
    write: &mut Write,
    account: AccountId,
    address: &Address,
    contact: Option<ContactId>,
    new_id: ConversationId,
) -> Result<Option<Place>> {
    let ws = write.workspace();
    let alias = row!(
        write.tx(),
        (ConversationId, ConversationId, Option<ContactId>, String),
        "SELECT c.id, a.origin_id, c.contact_id, c.address
         FROM conversation_addresses AS a JOIN conversations AS c ON c.id = a.conversation_id
         WHERE a.account_id = $2 AND a.address = $3 AND a.workspace_id = $1",
        ws,
        account,
        address.to_string(),
    )?;
    let (id, origin, contact, current) = match (alias, contact) {
        (Some(alias), _) => alias,
        (None, Some(contact)) if !address.is_group() => {
            let sql = "SELECT id, address FROM conversations
                       WHERE contact_id = $2 AND account_id = $3 AND workspace_id = $1 LIMIT 1";
            let found = row!(write.tx(), (ConversationId, String), sql, ws, contact, account)?;
            let Some((id, current)) = found else { return Ok(None) };
            conversation::add_address(write, account, id, address, new_id).await?;
            (id, new_id, Some(contact), current)
        }
        (None, _) => return Ok(None),
    };
    // The customer writes from there now.
    if conversation::is_better(address, &codec::word("address", &current)?) {
        conversation::prefer(write, id, address).await?;
        return Ok(Some(Place { id, made: false, contact, origin: None }));
    }
    Ok(Some(Place { id, made: false, contact, origin: Some(origin) }))
}

/// The conversation that this one was merged into, or itself.
pub async fn current(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<Option<ConversationView>> {
    if let Some(view) = get(ws, tx, id).await? {
        return Ok(Some(view));
    }
    let sql = "SELECT conversation_id FROM conversation_addresses WHERE origin_id = $2 AND workspace_id = $1
               LIMIT 1";
    if let Some((into,)) = row!(tx, (ConversationId,), sql, ws, id)? {
        return get(ws, tx, into).await;
    }
    // Its address may be the one that messages go to.
    let sql = "SELECT id FROM conversations WHERE origin_id = $2 AND workspace_id = $1 LIMIT 1";
    match row!(tx, (ConversationId,), sql, ws, id)? {
        Some((into,)) => get(ws, tx, into).await,
        None => Ok(None),
    }
}

/// What a conversation is called that nothing better is known of than where it leads: a group whose name comes later.
pub async fn name_it(write: &mut Write, id: ConversationId, address: &Address, name: &str) -> Result<()> {
    let (ws, name) = (write.workspace(), codec::text(name));
    if name.is_empty() {
        return Ok(());
    }
    let changed = execute!(
        write.tx(),
        "UPDATE conversations SET title = $4, title_key = $5
         WHERE workspace_id = $1 AND id = $2 AND title = $3",
        ws,
        id,
        address.label(),
        name.as_ref(),
        words::fold(&name),
    )?;
    if changed > 0 {
        write.touch_conversation(id);
    }
    Ok(())
}

/// One conversation.
pub async fn get(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<Option<ConversationView>> {
    let row = row!(tx, Row, select!("workspace_id = $1 AND id = $2"), ws, id)?;
    Ok(with_labels(ws, tx, row.into_iter().collect()).await?.pop())
}

/// The conversation of that address on the account.
pub async fn by_address(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: AccountId,
    address: &Address,
) -> Result<Option<ConversationId>> {
    let address = address.to_string();
    let sql = "SELECT id FROM conversations WHERE workspace_id = $1 AND account_id = $2 AND address = $3";
    if let Some((id,)) = row!(tx, (ConversationId,), sql, ws, account, &address)? {
        return Ok(Some(id));
    }
    let sql = "SELECT conversation_id FROM conversation_addresses
               WHERE account_id = $2 AND address = $3 AND workspace_id = $1";
    Ok(row!(tx, (ConversationId,), sql, ws, account, &address)?.map(|(id,)| id))
}

/// All addresses that lead to it, the one that messages are sent to first.
pub async fn addresses(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<Vec<Address>> {
    let sql = "SELECT address FROM conversations WHERE workspace_id = $1 AND id = $2";
    let mut found = rows!(tx, (String,), sql, ws, id)?;
    let sql = "SELECT address FROM conversation_addresses WHERE conversation_id = $2 AND workspace_id = $1
               ORDER BY address";
    found.extend(rows!(tx, (String,), sql, ws, id)?);
    found.iter().map(|(address,)| codec::word("address", address)).collect()
}

/// Those that exist, in the order given.
pub(crate) async fn views(
    ws: WorkspaceId,
    tx: &mut Tx,
    ids: &[ConversationId],
) -> Result<Vec<ConversationView>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = tx.pick(
        select!("+workspace_id = $1 AND id IN (SELECT unhex(value) FROM json_each($2))"),
        select!("workspace_id = $1 AND id = ANY($2)"),
    );
    let rows = rows!(tx, Row, sql, ws, Ids::of(ids.iter().map(|id| id.0)))?;
    let views = with_labels(ws, tx, rows).await?;
    let mut found: HashMap<_, _> = views.into_iter().map(|view| (view.id, view)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

async fn with_labels(ws: WorkspaceId, tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<ConversationView>> {
    let mut labels: HashMap<ConversationId, Vec<LabelId>> = HashMap::new();
    let labelled: Vec<_> = rows.iter().filter(|r| r.labelled).map(|r| r.id.0).collect();
    if !labelled.is_empty() {
        let sql = tx.pick(
            "SELECT conversation_id, label_id FROM conversation_labels
             WHERE workspace_id = $1 AND conversation_id IN (SELECT unhex(value) FROM json_each($2))
             ORDER BY label_id",
            "SELECT conversation_id, label_id FROM conversation_labels
             WHERE workspace_id = $1 AND conversation_id = ANY($2) ORDER BY label_id",
        );
        for (conversation, label) in rows!(tx, (ConversationId, LabelId), sql, ws, Ids::of(labelled))? {
            labels.entry(conversation).or_default().push(label);
        }
    }
    let groups = rows.iter().filter(|r| r.is_group).map(|r| r.id).collect();
    let mut groups = groups::glances(ws, tx, groups).await?;
    rows.into_iter()
        .map(|r| {
            let labels = labels.remove(&r.id).unwrap_or_default();
            let group = groups.remove(&r.id);
            r.into_view(labels, group)
        })
        .collect()
}

/// The list, newest first. [`Assigned::Me`] is nobody's here: who asks must be named.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(ws: WorkspaceId, tx: &mut Tx, query: &ListQuery) -> Result<Page<ConversationView>> {
    let (at, id) = cursor::read_time(cursor::List::Conversations, query.cursor.as_deref())?;
    let limit = query.rows();
    let q = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let assignee = match query.assigned {
        Some(Assigned::To(member)) => Some(member),
        Some(Assigned::Me | Assigned::Nobody) | None => None,
    };
    let mut rows = rows!(
        tx,
        Row,
        statement(query, q.is_some()),
        ws,
        at,
        ConversationId(id),
        i64::from(limit) + 1,
        query.account,
        q.map(codec::like).unwrap_or_default(),
        // No number: a pattern that no number matches.
        q.and_then(codec::like_number).unwrap_or_default(),
        assignee,
        query.label,
    )?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more);
    let next = next.map(|r| cursor::by_time(cursor::List::Conversations, r.sort_at, r.id.0));
    Ok(Page { items: with_labels(ws, tx, rows).await?, next })
}

/// The conditions of a list. What is fixed is written out, so that the planner sees which index holds just those rows.
fn conditions(query: &ListQuery, search: bool) -> Vec<&'static str> {
    let mut all = Vec::new();
    if query.account.is_some() {
        all.push("account_id = $5");
    }
    if query.unread_only {
        all.push("unread > 0");
    }
    all.extend(query.state.map(|state| match state {
        WorkState::Open => "state = 'open'",
        WorkState::Resolved => "state = 'resolved'",
        WorkState::Snoozed => "state = 'snoozed'",
    }));
    all.extend(query.assigned.map(|assigned| match assigned {
        Assigned::Me | Assigned::To(_) => "assignee_id = $8",
        Assigned::Nobody => "assignee_id IS NULL",
    }));
    if query.label.is_some() {
        all.push(
            "EXISTS (SELECT 1 FROM conversation_labels AS l
                WHERE l.conversation_id = c.id AND l.label_id = $9 AND l.workspace_id = $1)",
        );
    }
    if query.groups_only {
        all.push("is_group");
    }
    if search {
        all.push(
            r"(title_key LIKE $6 ESCAPE '\' OR ($7 <> '' AND (address LIKE 'phone:' || $7 OR contact_id IN
                (SELECT contact_id FROM contact_identities
                 WHERE workspace_id = $1 AND kind = 'phone' AND value LIKE $7))))",
        );
    }
    all
}

/// The statement of a list. Each combination of filters has one, written when it is first asked for and kept: there are
/// few, and the database keeps them prepared.
fn statement(query: &ListQuery, search: bool) -> &'static str {
    static WRITTEN: LazyLock<Mutex<HashMap<Vec<&'static str>, &'static str>>> = LazyLock::new(Mutex::default);
    let conditions = conditions(query, search);
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sql) = written.get(&conditions) {
        return sql;
    }
    let mut sql = select!("workspace_id = $1 AND (sort_at, id) < ($2, $3)").to_owned();
    for condition in &conditions {
        sql.push_str(" AND ");
        sql.push_str(condition);
    }
    sql.push_str(" ORDER BY sort_at DESC, id DESC LIMIT $4");
    let sql: &'static str = sql.leak();
    written.insert(conditions, sql);
    sql
}

/// The statement that [`list()`] runs, so that a test can look at its plan.
#[cfg(feature = "testing")]
#[must_use]
pub fn list_statement(query: &ListQuery) -> &'static str {
    statement(query, query.q.is_some())
}

/// All that was written until then has been read, also what comes in later; what was written after it has not.
///
/// # Errors
/// When the database fails.
pub async fn read_until(write: &mut Write, id: ConversationId, at: Timestamp) -> Result<()> {
    let ws = write.workspace();
    let sql =
        "UPDATE conversations SET read_until = $3 WHERE workspace_id = $1 AND id = $2 AND read_until < $3";
    if execute!(write.tx(), sql, ws, id, at)? == 0 {
        return Ok(());
    }
    count_unread(write, id, at).await
}

/// Nothing that was written until then is unread.
pub(crate) async fn count_unread(write: &mut Write, id: ConversationId, at: Timestamp) -> Result<()> {
    let ws = write.workspace();
    let sql = "SELECT COUNT(*) FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND at > $3
        AND direction = 'in' AND source <> 'history'";
    let newer = row!(write.tx(), (i64,), sql, ws, id, at)?.map_or(0, |(n,)| n);
    let sql = "UPDATE conversations SET unread = $3 WHERE workspace_id = $1 AND id = $2 AND unread > $3";
    if execute!(write.tx(), sql, ws, id, i32::try_from(newer).unwrap_or(i32::MAX))? > 0 {
        write.touch_conversation(id);
    }
    Ok(())
}

/// Nothing of it is unread any more. Gives back the newest incoming message for the customer's phone to be
/// told (the ones before it count as read with it); `None` if nothing was unread.
pub async fn mark_read(write: &mut Write, id: ConversationId) -> Result<Option<Vec<UnreadTarget>>> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE conversations SET unread = 0 WHERE workspace_id = $1 AND id = $2 AND unread > 0",
        ws,
        id,
    )?;
    if changed == 0 {
        return Ok(None);
    }
    write.touch_conversation(id);
    let newest = messages::last_inbound_provider_id(ws, write.tx(), id).await?;
    Ok(Some(newest.map(|provider_id| UnreadTarget { provider_id }).into_iter().collect()))
}
