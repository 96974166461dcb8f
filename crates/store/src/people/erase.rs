//! All that is known of one contact is taken away for good.
//!
//! Its private conversations go with everything in them. In groups, where others go on talking, what it wrote is emptied and
//! its name is taken off, so that the thread keeps its shape. What the log and the journal hold of it goes too.

use balas_domain::{
    Address, ContactId, Content, ConversationId, Identity, MessageId, Timestamp, WorkspaceId, group::mention,
};

use super::{Before, Known};
use crate::{
    Result, StoreError, Tx, Write, codec, contacts, conversations,
    dialect::Ids,
    events, files, groups,
    messages::{self, drop_messages, end_of_second},
    pictures, words,
};

/// Groups that are asked for at once.
const GROUPS: i64 = 200;
/// Most contacts that became this one, one after the other: a bound for a damaged table.
const MOST_MERGES: usize = 1_000;

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Where it could be reached.
    pub addresses: Vec<Address>,
    /// Until when nothing of it may come back; `None` if nothing was said with it.
    pub until: Option<Timestamp>,
    /// What lay in storages for its messages and as its picture. Something else may name the same.
    pub blobs: Vec<files::Blob>,
}

/// The contacts that became this one, itself first.
pub async fn became(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Vec<ContactId>> {
    let mut all = vec![id];
    let mut next = 0;
    while let Some(kept) = all.get(next).copied().filter(|_| next < MOST_MERGES) {
        let sql = "SELECT gone_id FROM contact_merges
                   WHERE kept_id = $2 AND workspace_id = $1 AND undone_at IS NULL";
        for (gone,) in rows!(tx, (ContactId,), sql, ws, kept)? {
            if !all.contains(&gone) {
                all.push(gone);
            }
        }
        next += 1;
    }
    Ok(all)
}

/// The private conversations with a contact, oldest first.
pub async fn conversations_with(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Vec<ConversationId>> {
    let sql = "SELECT id FROM conversations WHERE contact_id = $2 AND workspace_id = $1 ORDER BY id";
    Ok(rows!(tx, (ConversationId,), sql, ws, id)?.into_iter().map(|(id,)| id).collect())
}

/// The groups in which one of these contacts is or was known as a member, or has written.
pub async fn groups_with(ws: WorkspaceId, tx: &mut Tx, ids: &[ContactId]) -> Result<Vec<ConversationId>> {
    let mut found = Vec::new();
    for group in all_groups(ws, tx).await? {
        for id in ids {
            let there = "SELECT 1 FROM group_members
                         WHERE conversation_id = $2 AND contact_id = $3 AND workspace_id = $1 LIMIT 1";
            let wrote = "SELECT 1 FROM messages
                         WHERE conversation_id = $2 AND author_contact_id = $3 AND workspace_id = $1 LIMIT 1";
            if row!(tx, (i32,), there, ws, group, id)?.is_some()
                || row!(tx, (i32,), wrote, ws, group, id)?.is_some()
            {
                found.push(group);
                break;
            }
        }
    }
    Ok(found)
}

async fn all_groups(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<ConversationId>> {
    let mut all = Vec::new();
    let (mut at, mut last) = (Timestamp(i64::MAX), ConversationId(uuid::Uuid::max()));
    loop {
        let page = rows!(
            tx,
            (Timestamp, ConversationId),
            "SELECT sort_at, id FROM conversations
             WHERE workspace_id = $1 AND is_group AND (sort_at, id) < ($2, $3)
             ORDER BY sort_at DESC, id DESC LIMIT $4",
            ws,
            at,
            last,
            GROUPS,
        )?;
        let Some(end) = page.last() else { return Ok(all) };
        (at, last) = *end;
        all.extend(page.into_iter().map(|(_, id)| id));
    }
}

/// Takes away everything of a contact. What comes from it later makes a new one.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn erase(write: &mut Write, id: ContactId) -> Result<Erased> {
    let ws = write.workspace();
    if contacts::get(ws, write.tx(), id).await?.is_none() {
        return Err(StoreError::NotFound);
    }
    let ids = became(ws, write.tx(), id).await?;
    let identities = identities(write, &ids).await?;
    let mut erased =
        Erased { addresses: identities.iter().filter_map(Identity::address).collect(), ..Erased::default() };
    for conversation in private(write, id, &erased.addresses).await? {
        let newest = row!(
            write.tx(),
            (Timestamp,),
            "SELECT at FROM messages WHERE workspace_id = $1 AND conversation_id = $2
             ORDER BY at DESC, id DESC LIMIT 1",
            ws,
            conversation,
        )?;
        erased.until = erased.until.max(newest.map(|(at,)| end_of_second(at)));
        erased.addresses.extend(conversations::addresses(ws, write.tx(), conversation).await?);
        erased.blobs.extend(files::of_conversation(ws, write.tx(), conversation).await?);
        erased.blobs.extend(pictures::of(ws, write.tx(), conversation).await?);
        events::forget(write, conversation).await?;
        drop_messages(write, conversation).await?;
        let sql = "DELETE FROM conversations WHERE workspace_id = $1 AND id = $2";
        execute!(write.tx(), sql, ws, conversation)?;
        write.conversation_removed(conversation);
    }
    erased.addresses.sort_unstable();
    erased.addresses.dedup();
    for group in all_groups(ws, write.tx()).await? {
        erase_in_group(write, group, &ids, &identities, &mut erased).await?;
    }
    for id in &ids {
        let merges = "DELETE FROM contact_merges WHERE workspace_id = $1 AND id IN
            (SELECT id FROM contact_merges WHERE kept_id = $2 UNION SELECT id FROM contact_merges WHERE gone_id = $2)";
        execute!(write.tx(), merges, ws, id)?;
        events::forget_text(write, &format!("\"{id}\"")).await?;
    }
    for address in &erased.addresses {
        events::forget_text(write, &format!("\"{address}\"")).await?;
        let sql = "DELETE FROM sync_chats WHERE address = $2 AND account_id IN
            (SELECT id FROM accounts WHERE workspace_id = $1)";
        execute!(write.tx(), sql, ws, address.to_string())?;
    }
    for identity in &identities {
        forget_waiting(write, &identity.value).await?;
    }
    for id in &ids {
        forget_waiting(write, &id.to_string()).await?;
    }
    execute!(write.tx(), "DELETE FROM contacts WHERE workspace_id = $1 AND id = $2", ws, id)?;
    write.contact_changed(id);
    write.touch_people();
    Ok(erased)
}

/// Under what all of these were known, also before they became one.
async fn identities(write: &mut Write, ids: &[ContactId]) -> Result<Vec<Identity>> {
    let ws = write.workspace();
    let mut all = Vec::new();
    for id in ids {
        all.extend(contacts::identities_of(ws, write.tx(), *id).await?);
        let sql = "SELECT detail FROM contact_merges WHERE gone_id = $2 AND workspace_id = $1 AND undone_at IS NULL";
        for (detail,) in rows!(write.tx(), (String,), sql, ws, id)? {
            let before: Before = codec::from_json("merge", &detail)?;
            all.extend(before.identities.iter().filter_map(Known::identity));
        }
    }
    all.sort_unstable_by(|a, b| (a.kind, &a.value).cmp(&(b.kind, &b.value)));
    all.dedup();
    Ok(all)
}

/// Its conversations, also those that nobody has said yet to be with it.
async fn private(write: &mut Write, id: ContactId, addresses: &[Address]) -> Result<Vec<ConversationId>> {
    let ws = write.workspace();
    let mut all = conversations_with(ws, write.tx(), id).await?;
    let sql = "SELECT id FROM accounts WHERE workspace_id = $1";
    for (account,) in rows!(write.tx(), (balas_domain::AccountId,), sql, ws)? {
        for address in addresses {
            all.extend(conversations::by_address(ws, write.tx(), account, address).await?);
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Empties what it wrote in a group, and takes its name out of what others wrote.
async fn erase_in_group(
    write: &mut Write,
    group: ConversationId,
    ids: &[ContactId],
    identities: &[Identity],
    erased: &mut Erased,
) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let mut changed: Vec<MessageId> = Vec::new();
    let mut there = false;
    for id in ids {
        let theirs = rows!(
            write.tx(),
            (MessageId,),
            "SELECT id FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND author_contact_id = $3",
            ws,
            group,
            id,
        )?;
        let theirs: Vec<MessageId> = theirs.into_iter().map(|(id,)| id).collect();
        if !theirs.is_empty() {
            erased.blobs.extend(empty(write, &theirs, now).await?);
            changed.extend(quoting(write, group, &theirs).await?);
            changed.extend(theirs);
        }
        changed.extend(without_reactions(write, group, *id).await?);
        let sql =
            "DELETE FROM group_members WHERE conversation_id = $2 AND contact_id = $3 AND workspace_id = $1";
        there |= execute!(write.tx(), sql, ws, group, id)? > 0;
        let sql = "UPDATE group_info SET owner_id = NULL
                   WHERE conversation_id = $2 AND workspace_id = $1 AND owner_id = $3";
        there |= execute!(write.tx(), sql, ws, group, id)? > 0;
    }
    for identity in identities {
        changed.extend(without_mentions(write, group, identity).await?);
    }
    if changed.is_empty() && !there {
        return Ok(());
    }
    let (sql, version) = (
        write.tx().pick(
            "UPDATE messages SET version = $3 WHERE +workspace_id = $1
                AND id IN (SELECT unhex(value) FROM json_each($2))",
            "UPDATE messages SET version = $3 WHERE workspace_id = $1 AND id = ANY($2)",
        ),
        write.likely_seq(),
    );
    execute!(write.tx(), sql, ws, Ids::of(changed.iter().map(|id| id.0)), version)?;
    for id in changed {
        write.touch_message(id);
    }
    groups::changed(write, group).await?;
    // Events quote, and name who reacted. Whoever was behind fetches the thread again.
    events::refetch(write, group).await?;
    messages::refresh_last(write, group).await?;
    write.history_came(group);
    Ok(())
}

/// What somebody wrote says nothing any more, and names nobody.
async fn empty(write: &mut Write, ids: &[MessageId], now: Timestamp) -> Result<Vec<files::Blob>> {
    let ws = write.workspace();
    let list = || Ids::of(ids.iter().map(|id| id.0));
    let sql = write.tx().pick(
        "SELECT storage, key, preview_key FROM files WHERE +workspace_id = $1
            AND message_id IN (SELECT unhex(value) FROM json_each($2)) AND storage IS NOT NULL AND key IS NOT NULL",
        "SELECT storage, key, preview_key FROM files WHERE workspace_id = $1
            AND message_id = ANY($2) AND storage IS NOT NULL AND key IS NOT NULL",
    );
    let blobs = rows!(write.tx(), (String, String, Option<String>), sql, ws, list())?;
    let sql = write.tx().pick(
        "DELETE FROM files WHERE +workspace_id = $1 AND message_id IN (SELECT unhex(value) FROM json_each($2))",
        "DELETE FROM files WHERE workspace_id = $1 AND message_id = ANY($2)",
    );
    execute!(write.tx(), sql, ws, list())?;
    let sql = write.tx().pick(
        "DELETE FROM message_versions WHERE +workspace_id = $1
            AND message_id IN (SELECT unhex(value) FROM json_each($2))",
        "DELETE FROM message_versions WHERE workspace_id = $1 AND message_id = ANY($2)",
    );
    execute!(write.tx(), sql, ws, list())?;
    // As if it had been taken back: a later change of it does not fill it again.
    let sql = write.tx().pick(
        "UPDATE messages SET content = $3, search_text = '', author_name = '', author_contact_id = NULL,
            failure = NULL, revoked_at = COALESCE(revoked_at, $4)
         WHERE +workspace_id = $1 AND id IN (SELECT unhex(value) FROM json_each($2))",
        "UPDATE messages SET content = $3, search_text = '', author_name = '', author_contact_id = NULL,
            failure = NULL, revoked_at = COALESCE(revoked_at, $4)
         WHERE workspace_id = $1 AND id = ANY($2)",
    );
    execute!(write.tx(), sql, ws, list(), codec::to_json(&Content::text(""))?, now)?;
    Ok(files::named(ws, blobs))
}

/// Messages that quote one of these.
async fn quoting(write: &mut Write, group: ConversationId, ids: &[MessageId]) -> Result<Vec<MessageId>> {
    let ws = write.workspace();
    let sql = write.tx().pick(
        "SELECT m.id FROM messages AS m WHERE m.conversation_id = $2 AND m.workspace_id = $1 AND (
            m.quote_message_id IN (SELECT unhex(value) FROM json_each($3)) OR m.quote_provider_id IN
                (SELECT q.provider_id FROM messages AS q WHERE q.id IN (SELECT unhex(value) FROM json_each($3))
                    AND q.provider_id IS NOT NULL))",
        "SELECT m.id FROM messages AS m WHERE m.conversation_id = $2 AND m.workspace_id = $1 AND (
            m.quote_message_id = ANY($3) OR m.quote_provider_id IN
                (SELECT q.provider_id FROM messages AS q WHERE q.id = ANY($3) AND q.provider_id IS NOT NULL))",
    );
    let found = rows!(write.tx(), (MessageId,), sql, ws, group, Ids::of(ids.iter().map(|id| id.0)))?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Takes its reactions off; the messages at which they stood.
async fn without_reactions(
    write: &mut Write,
    group: ConversationId,
    id: ContactId,
) -> Result<Vec<MessageId>> {
    let ws = write.workspace();
    let found = rows!(
        write.tx(),
        (MessageId,),
        "DELETE FROM reactions WHERE workspace_id = $1 AND author_key = $3 AND NOT from_us
            AND message_id IN (SELECT id FROM messages WHERE conversation_id = $2)
         RETURNING message_id",
        ws,
        group,
        id.to_string(),
    )?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Takes it out of what others wrote, where it was mentioned; the messages in which it was.
async fn without_mentions(
    write: &mut Write,
    group: ConversationId,
    identity: &Identity,
) -> Result<Vec<MessageId>> {
    let Some(mention) = mention(identity) else { return Ok(Vec::new()) };
    let (ws, pattern) = (write.workspace(), format!("%{mention}%"));
    let found = rows!(
        write.tx(),
        (MessageId, String, String),
        "SELECT id, content, author_name FROM messages
         WHERE conversation_id = $2 AND workspace_id = $1 AND (content LIKE $3 OR author_name LIKE $3)",
        ws,
        group,
        &pattern,
    )?;
    let mut changed = Vec::with_capacity(found.len());
    for (id, content, author) in found {
        let content = unmentioned(&content, &mention);
        let said: Content = codec::from_json("message", &content)?;
        execute!(
            write.tx(),
            "UPDATE messages SET content = $3, author_name = $4,
                search_text = CASE WHEN search_text = '' THEN '' ELSE $5 END
             WHERE workspace_id = $1 AND id = $2",
            ws,
            id,
            &content,
            unmentioned(&author, &mention),
            words::index(said.searchable()),
        )?;
        changed.push(id);
    }
    let versions = rows!(
        write.tx(),
        (MessageId, bool, Timestamp, String),
        "SELECT v.message_id, v.original, v.at, v.content
         FROM messages AS m JOIN message_versions AS v ON v.message_id = m.id
         WHERE m.conversation_id = $2 AND m.workspace_id = $1 AND m.edited_at IS NOT NULL AND v.content LIKE $3",
        ws,
        group,
        &pattern,
    )?;
    for (id, original, at, content) in versions {
        execute!(
            write.tx(),
            "UPDATE message_versions SET content = $5
             WHERE message_id = $2 AND original = $3 AND at = $4 AND workspace_id = $1",
            ws,
            id,
            original,
            at,
            unmentioned(&content, &mention),
        )?;
        changed.push(id);
    }
    Ok(changed)
}

/// The text with something that is nobody in place of a mention. A longer number is somebody else.
fn unmentioned(text: &str, mention: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(mention) {
        let (before, after) = (&rest[..at], &rest[at + mention.len()..]);
        out.push_str(before);
        out.push_str(if after.starts_with(|c: char| c.is_ascii_digit()) { mention } else { "@…" });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What waits for something, and bodies that were worked in and are kept for complaints, go if this stands in them.
async fn forget_waiting(write: &mut Write, text: &str) -> Result<()> {
    let (ws, pattern) = (write.workspace(), format!("%{text}%"));
    let sql = "DELETE FROM pending_ops WHERE workspace_id = $1 AND payload LIKE $2";
    execute!(write.tx(), sql, ws, &pattern)?;
    let sql = "DELETE FROM jobs WHERE workspace_id = $1 AND payload LIKE $2";
    execute!(write.tx(), sql, ws, &pattern)?;
    let sql = write.tx().pick(
        "DELETE FROM webhook_journal WHERE state <> 0 AND instr(body, $2) > 0 AND (account_id IS NULL
            OR account_id IN (SELECT id FROM accounts WHERE workspace_id = $1))",
        "DELETE FROM webhook_journal WHERE state <> 0 AND position($2 IN body) > 0 AND (account_id IS NULL
            OR account_id IN (SELECT id FROM accounts WHERE workspace_id = $1))",
    );
    execute!(write.tx(), sql, ws, text.as_bytes())?;
    Ok(())
}

/// Remembers until when nothing of somebody who was erased may come back. The digest tells nobody who that is.
pub async fn remember(ws: WorkspaceId, tx: &mut Tx, digest: &str, until: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO erased (workspace_id, digest, until) VALUES ($1, $2, $3)
         ON CONFLICT (workspace_id, digest) DO UPDATE SET until = excluded.until WHERE erased.until < excluded.until",
        ws,
        digest,
        until,
    )?;
    Ok(())
}

/// Whether anybody was ever erased here.
pub async fn any_erased(ws: WorkspaceId, tx: &mut Tx) -> Result<bool> {
    let sql = "SELECT 1 FROM erased WHERE workspace_id = $1 LIMIT 1";
    Ok(row!(tx, (i32,), sql, ws)?.is_some())
}

/// Whether somebody who was erased had that address.
pub async fn was_erased(ws: WorkspaceId, tx: &mut Tx, digest: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM erased WHERE workspace_id = $1 AND digest = $2";
    Ok(row!(tx, (i32,), sql, ws, digest)?.is_some())
}

/// A conversation that was made just now is with somebody who was erased: what is older stays away.
pub async fn recall(write: &mut Write, conversation: ConversationId, digest: &str) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE conversations SET cleared_until =
            (SELECT until FROM erased WHERE workspace_id = $1 AND digest = $3)
         WHERE workspace_id = $1 AND id = $2
            AND EXISTS (SELECT 1 FROM erased WHERE workspace_id = $1 AND digest = $3)",
        ws,
        conversation,
        digest,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::unmentioned;

    #[test]
    fn only_this_number_is_taken_out() {
        assert_eq!(unmentioned("hi @62812, @628123 @62812", "@62812"), "hi @…, @628123 @…");
        assert_eq!(unmentioned("62812", "@62812"), "62812");
    }
}
