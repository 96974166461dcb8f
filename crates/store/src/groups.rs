//! Groups: what they are about and who is in them. What happens may be told in any order and more than once; see
//! [`Membership`].

use std::collections::{BTreeMap, HashMap};

use balas_domain::{
    Address, ContactId, ConversationId, GroupRole, GroupView, Identity, IdentityKind, Membership, Timestamp,
    WorkspaceId,
    group::{GroupClosed, GroupGlance, GroupMemberView, MAX_MEMBERS, MemberChange},
};
use sqlx::FromRow;

use crate::{
    Result, StoreError, Tx, Write, codec, contacts,
    dialect::{self, Ids, Texts},
};

/// Everything that `WhatsApp` told of a group at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// What it is about.
    pub description: Option<String>,
    /// Who made it.
    pub owner: Option<ContactId>,
    /// When.
    pub founded_at: Option<Timestamp>,
    /// Only administrators may write.
    pub announce: bool,
    /// Only administrators may change it.
    pub locked: bool,
    /// What we are in it; `None` if we were not recognised among its members.
    pub us: Option<GroupRole>,
    /// Who is in it besides us.
    pub members: Vec<(ContactId, GroupRole)>,
}

/// Whether a group should be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// As of when it is known.
    pub fetched_at: Option<Timestamp>,
    /// When somebody last wanted it to be asked for.
    pub wanted_at: Option<Timestamp>,
    /// Whether the person asked about is known to be in it.
    pub knows: bool,
}

#[derive(FromRow)]
struct Info {
    conversation_id: ConversationId,
    description: Option<String>,
    owner_id: Option<ContactId>,
    founded_at: Option<Timestamp>,
    announce: bool,
    locked: bool,
    us_present: bool,
    us_present_at: Timestamp,
    us_role: String,
    us_role_at: Timestamp,
    us_joined_at: Option<Timestamp>,
    us_listed_at: Option<Timestamp>,
    members: Option<i32>,
    revision: i64,
    fetched_at: Option<Timestamp>,
}

impl Info {
    fn us(&self) -> Result<Membership> {
        Ok(Membership {
            present: self.us_present,
            present_at: self.us_present_at,
            role: codec::word("role in a group", &self.us_role)?,
            role_at: self.us_role_at,
            joined_at: self.us_joined_at,
        })
    }

    fn glance(&self) -> Result<GroupGlance> {
        let us = self.us()?;
        // What we are there is known only once somebody has told.
        let plain = us.role == GroupRole::Member && us.role_at > Timestamp::default();
        let closed = if !us.present {
            Some(GroupClosed::Left)
        } else if self.announce && plain {
            Some(GroupClosed::AdminsOnly)
        } else {
            None
        };
        let members = self.members.and_then(|n| u32::try_from(n).ok());
        Ok(GroupGlance { members, closed, revision: self.revision })
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT conversation_id, description, owner_id, founded_at, announce, locked, us_present, us_present_at,
                us_role, us_role_at, us_joined_at, us_listed_at, members, revision, fetched_at
             FROM group_info WHERE ",
            $tail
        )
    };
}

async fn info(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<Option<Info>> {
    row!(tx, Info, select!("workspace_id = $1 AND conversation_id = $2"), ws, id)
}

/// What the list shows of groups.
pub(crate) async fn glances(
    ws: WorkspaceId,
    tx: &mut Tx,
    ids: Vec<ConversationId>,
) -> Result<HashMap<ConversationId, GroupGlance>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = tx.pick(
        select!("+workspace_id = $1 AND conversation_id IN (SELECT unhex(value) FROM json_each($2))"),
        select!("workspace_id = $1 AND conversation_id = ANY($2)"),
    );
    let rows = rows!(tx, Info, sql, ws, Ids::of(ids.into_iter().map(|id| id.0)))?;
    rows.iter().map(|row| Ok((row.conversation_id, row.glance()?))).collect()
}

/// Sees to it that there is a place for the group's details; `false` if the conversation is no group.
///
/// # Errors
/// When the database fails.
pub async fn ensure(write: &mut Write, id: ConversationId) -> Result<bool> {
    let ws = write.workspace();
    let made = execute!(
        write.tx(),
        "INSERT INTO group_info (workspace_id, conversation_id)
         SELECT workspace_id, id FROM conversations WHERE workspace_id = $1 AND id = $2 AND is_group
         ON CONFLICT DO NOTHING",
        ws,
        id,
    )?;
    if made > 0 {
        write.touch_conversation(id);
        return Ok(true);
    }
    Ok(info(ws, write.tx(), id).await?.is_some())
}

/// How well the group is known, and whether this person is known to be in it.
///
/// # Errors
/// When the database fails.
pub async fn freshness(
    ws: WorkspaceId,
    tx: &mut Tx,
    id: ConversationId,
    who: Option<ContactId>,
) -> Result<Option<Freshness>> {
    let row = row!(
        tx,
        (Option<Timestamp>, Option<Timestamp>, bool),
        "SELECT g.fetched_at, g.wanted_at, EXISTS (SELECT 1 FROM group_members AS m
            WHERE m.conversation_id = g.conversation_id AND m.contact_id = $3 AND m.present)
         FROM group_info AS g WHERE g.workspace_id = $1 AND g.conversation_id = $2",
        ws,
        id,
        who,
    )?;
    Ok(row.map(|(fetched_at, wanted_at, knows)| Freshness {
        fetched_at,
        wanted_at,
        knows: knows || who.is_none(),
    }))
}

/// Somebody wants the group to be asked for.
///
/// # Errors
/// When the database fails.
pub async fn wanted(write: &mut Write, id: ConversationId) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let sql = "UPDATE group_info SET wanted_at = $3 WHERE workspace_id = $1 AND conversation_id = $2";
    execute!(write.tx(), sql, ws, id, now).map(drop)
}

#[derive(FromRow)]
struct MemberRow {
    contact_id: ContactId,
    present: bool,
    present_at: Timestamp,
    role: String,
    role_at: Timestamp,
    joined_at: Option<Timestamp>,
}

impl MemberRow {
    fn read(self) -> Result<(ContactId, Membership)> {
        let member = Membership {
            present: self.present,
            present_at: self.present_at,
            role: codec::word("role in a group", &self.role)?,
            role_at: self.role_at,
            joined_at: self.joined_at,
        };
        Ok((self.contact_id, member))
    }
}

/// All that is known of members, of those who left too.
async fn memberships(
    ws: WorkspaceId,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<BTreeMap<ContactId, Membership>> {
    let rows = rows!(
        tx,
        MemberRow,
        "SELECT contact_id, present, present_at, role, role_at, joined_at FROM group_members
         WHERE workspace_id = $1 AND conversation_id = $2",
        ws,
        id,
    )?;
    rows.into_iter().map(MemberRow::read).collect()
}

async fn put_us(write: &mut Write, id: ConversationId, us: Membership) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE group_info SET us_present = $3, us_present_at = $4, us_role = $5, us_role_at = $6, us_joined_at = $7
         WHERE workspace_id = $1 AND conversation_id = $2",
        ws,
        id,
        us.present,
        us.present_at,
        us.role.as_str(),
        us.role_at,
        us.joined_at,
    )
    .map(drop)
}

/// Something that screens show has changed. The number of members becomes true, once it is known at all.
pub(crate) async fn changed(write: &mut Write, id: ConversationId) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE group_info SET revision = revision + 1,
            members = CASE WHEN fetched_at IS NULL THEN NULL ELSE
                (SELECT COUNT(*) FROM group_members AS m
                    WHERE m.conversation_id = group_info.conversation_id AND m.present)
                + CASE WHEN us_present THEN 1 ELSE 0 END END
         WHERE workspace_id = $1 AND conversation_id = $2",
        ws,
        id,
    )?;
    write.touch_conversation(id);
    Ok(())
}

/// Something happened to members, us among them if `us`; tells whether anything is different now.
///
/// # Errors
/// [`StoreError::NotFound`] if nothing is kept of the group: see [`ensure`].
pub async fn change(
    write: &mut Write,
    id: ConversationId,
    what: MemberChange,
    who: &[ContactId],
    us: bool,
    at: Timestamp,
) -> Result<bool> {
    let ws = write.workspace();
    let group = info(ws, write.tx(), id).await?.ok_or(StoreError::NotFound)?;
    let mut all = memberships(ws, write.tx(), id).await?;
    let mut rows = BTreeMap::new();
    for contact in who {
        let old = all.remove(contact);
        let mut new = old.unwrap_or_default();
        new.change(what, at, group.fetched_at);
        if old.unwrap_or_default() != new {
            rows.insert(*contact, new);
        }
    }
    let before = group.us()?;
    let mut ours = before;
    if us {
        ours.change(what, at, group.us_listed_at);
    }
    if rows.is_empty() && ours == before {
        return Ok(false);
    }
    dialect::put_members(ws, write.tx(), id, rows.into_iter().collect()).await?;
    if ours != before {
        put_us(write, id, ours).await?;
    }
    changed(write, id).await?;
    Ok(true)
}

/// The whole group, as of a moment; tells whether anything is different now. Older lists than the last are not taken.
///
/// # Errors
/// [`StoreError::NotFound`] if nothing is kept of the group: see [`ensure`].
pub async fn list(write: &mut Write, id: ConversationId, new: &Listed, at: Timestamp) -> Result<bool> {
    let ws = write.workspace();
    let group = info(ws, write.tx(), id).await?.ok_or(StoreError::NotFound)?;
    if group.fetched_at.is_some_and(|before| before >= at) {
        return Ok(false);
    }
    let listed: BTreeMap<ContactId, GroupRole> = new.members.iter().copied().collect();
    let mut all = memberships(ws, write.tx(), id).await?;
    for contact in listed.keys() {
        all.entry(*contact).or_default();
    }
    let mut rows = Vec::new();
    for (contact, old) in all {
        let mut now = old;
        now.listed(listed.get(&contact).copied(), at);
        if now != old {
            rows.push((contact, now));
        }
    }
    let before = group.us()?;
    let mut ours = before;
    if let Some(role) = new.us {
        ours.listed(Some(role), at);
        if ours.role_at == Timestamp::default() {
            ours.role_at = at;
        }
    }
    let description = new.description.as_deref().map(codec::text);
    let details =
        (group.description.as_deref(), group.owner_id, group.founded_at, group.announce, group.locked)
            != (description.as_deref(), new.owner, new.founded_at, new.announce, new.locked);
    let different = details || ours != before || !rows.is_empty() || group.fetched_at.is_none();
    execute!(
        write.tx(),
        "UPDATE group_info SET description = $3, owner_id = $4, founded_at = $5, announce = $6, locked = $7,
            fetched_at = $8, us_listed_at = COALESCE($9, us_listed_at)
         WHERE workspace_id = $1 AND conversation_id = $2",
        ws,
        id,
        description,
        new.owner,
        new.founded_at,
        new.announce,
        new.locked,
        at,
        new.us.map(|_| at),
    )?;
    if different {
        dialect::put_members(ws, write.tx(), id, rows).await?;
        put_us(write, id, ours).await?;
        changed(write, id).await?;
    }
    Ok(different)
}

/// The group is called so as of a moment; tells whether it was called otherwise. What it was called before does not come
/// back, and of two names of one moment the same one stays whichever is told last.
///
/// # Errors
/// When the database fails.
pub async fn rename(write: &mut Write, id: ConversationId, name: &str, at: Timestamp) -> Result<bool> {
    let ws = write.workspace();
    let name = codec::text(name);
    let known = row!(
        write.tx(),
        (String, Timestamp),
        "SELECT c.title, g.named_at FROM conversations AS c JOIN group_info AS g ON g.conversation_id = c.id
         WHERE c.workspace_id = $1 AND c.id = $2",
        ws,
        id,
    )?;
    let Some((before, named_at)) = known else { return Ok(false) };
    if (at, &*name) <= (named_at, before.as_str()) {
        return Ok(false);
    }
    let sql = "UPDATE group_info SET named_at = $3 WHERE workspace_id = $1 AND conversation_id = $2";
    execute!(write.tx(), sql, ws, id, at)?;
    if before == name {
        return Ok(false);
    }
    execute!(
        write.tx(),
        "UPDATE conversations SET title = $3, title_key = $4 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        &name,
        crate::words::fold(&name),
    )?;
    write.touch_conversation(id);
    Ok(true)
}

/// Two contacts turned out to be one: what is known of either is known of `keep`. To be called before `gone` is deleted.
///
/// # Errors
/// When the database fails.
pub async fn merge_contacts(write: &mut Write, keep: ContactId, gone: ContactId) -> Result<()> {
    let ws = write.workspace();
    let sql = "UPDATE group_info SET owner_id = $3 WHERE workspace_id = $1 AND owner_id = $2";
    execute!(write.tx(), sql, ws, gone, keep)?;
    let groups = rows!(
        write.tx(),
        (ConversationId,),
        "SELECT conversation_id FROM group_members WHERE contact_id = $2 AND workspace_id = $1
         ORDER BY conversation_id",
        ws,
        gone,
    )?;
    for (id,) in groups {
        let known = info(ws, write.tx(), id).await?.and_then(|group| group.fetched_at);
        let all = memberships(ws, write.tx(), id).await?;
        let one = all.get(&keep).copied().unwrap_or_default();
        let both = one.merged(all.get(&gone).copied().unwrap_or_default(), known);
        let sql =
            "DELETE FROM group_members WHERE workspace_id = $1 AND conversation_id = $2 AND contact_id = $3";
        execute!(write.tx(), sql, ws, id, gone)?;
        dialect::put_members(ws, write.tx(), id, vec![(keep, both)]).await?;
        changed(write, id).await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Named {
    contact_id: ContactId,
    name: String,
    key: String,
    role: String,
    joined_at: Option<Timestamp>,
}

/// The group with its members, in the order in which they are shown; `None` if nothing is kept of it.
///
/// # Errors
/// When the database fails.
pub async fn view(ws: WorkspaceId, tx: &mut Tx, id: ConversationId) -> Result<Option<GroupView>> {
    let Some(group) = info(ws, tx, id).await? else { return Ok(None) };
    let mut rows = rows!(
        tx,
        Named,
        "SELECT m.contact_id, c.display AS name, c.display_key AS key, m.role, m.joined_at
         FROM group_members AS m JOIN contacts AS c ON c.id = m.contact_id
         WHERE m.workspace_id = $1 AND m.conversation_id = $2 AND m.present LIMIT $3",
        ws,
        id,
        MAX_MEMBERS as i64,
    )?;
    rows.sort_by(|a, b| (&a.key, a.contact_id).cmp(&(&b.key, b.contact_id)));
    let mut identities: HashMap<ContactId, Vec<Identity>> = HashMap::new();
    let ids = Ids::of(rows.iter().map(|r| r.contact_id.0));
    for (contact, identity) in contacts::identities_of_all(ws, tx, ids).await? {
        identities.entry(contact).or_default().push(identity);
    }
    let mut members = Vec::with_capacity(rows.len() + 1);
    for row in rows {
        let known = identities.remove(&row.contact_id).unwrap_or_default();
        members.push(GroupMemberView {
            contact_id: Some(row.contact_id),
            name: row.name,
            phone: known
                .iter()
                .find(|i| i.kind == IdentityKind::Phone)
                .and_then(Identity::address)
                .map(|a| a.label()),
            tag: tag(&known),
            role: codec::word("role in a group", &row.role)?,
            joined_at: row.joined_at,
            us: false,
        });
    }
    let us = group.us()?;
    if us.present && group.fetched_at.is_some() {
        let own = row!(
            tx,
            (String, Option<String>),
            "SELECT a.name, a.phone FROM conversations AS c JOIN accounts AS a ON a.id = c.account_id
             WHERE c.workspace_id = $1 AND c.id = $2",
            ws,
            id,
        )?;
        members.extend(own.map(|(name, phone)| GroupMemberView {
            contact_id: None,
            name,
            phone,
            tag: None,
            role: us.role,
            joined_at: us.joined_at,
            us: true,
        }));
    }
    members.sort_by_key(|member| std::cmp::Reverse(member.role));
    let owner = match group.owner_id {
        Some(owner) => contacts::get(ws, tx, owner).await?.map(|c| c.name),
        None => members.iter().find(|m| m.us && m.role == GroupRole::Owner).map(|m| m.name.clone()),
    };
    Ok(Some(GroupView {
        conversation_id: id,
        owner,
        created_at: group.founded_at,
        announce: group.announce,
        locked: group.locked,
        fetched_at: group.fetched_at,
        glance: group.glance()?,
        description: group.description,
        members,
    }))
}

/// What stands after the `@` of a mention: the number, else the linked id.
fn tag(known: &[Identity]) -> Option<String> {
    let of = |kind| known.iter().find(|i| i.kind == kind).map(|i| i.value.clone());
    of(IdentityKind::Phone).or_else(|| of(IdentityKind::Lid))
}

/// Who of the group's members is meant by these tags of a text, in the order of the tags.
///
/// # Errors
/// When the database fails.
pub async fn mentioned(
    ws: WorkspaceId,
    tx: &mut Tx,
    id: ConversationId,
    tags: &[&str],
) -> Result<Vec<Address>> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let sql = tx.pick(
        "SELECT i.kind, i.value FROM contact_identities AS i
         JOIN group_members AS m ON m.contact_id = i.contact_id AND m.conversation_id = $2 AND m.present
         WHERE i.workspace_id = $1 AND i.kind IN ('phone', 'lid') AND i.value IN (SELECT value FROM json_each($3))
            AND i.scope = ''",
        "SELECT i.kind, i.value FROM contact_identities AS i
         JOIN group_members AS m ON m.contact_id = i.contact_id AND m.conversation_id = $2 AND m.present
         WHERE i.workspace_id = $1 AND i.kind IN ('phone', 'lid') AND i.value = ANY($3) AND i.scope = ''",
    );
    let found = rows!(tx, (String, String), sql, ws, id, Texts::of(tags.iter().copied()))?;
    let mut all: Vec<Address> = Vec::new();
    for tag in tags {
        let of = found.iter().find(|(_, value)| value == tag);
        let address = of.map(|(kind, value)| match kind.as_str() {
            "lid" => Address::Lid(value.clone()),
            _ => Address::Phone(value.clone()),
        });
        all.extend(address.filter(|address| !all.contains(address)));
    }
    Ok(all)
}
