//! Two contacts become one.

use balas_domain::{
    ContactId, ConversationId, Identity, MergeId, MessageId, Timestamp, WorkspaceId, people::MergeReason,
};

use super::{Before, Known, Person, conversation, pairs};
use crate::{Result, StoreError, Tx, Write, codec, contacts, groups};

/// Why contacts are merged, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The merge's id.
    pub id: MergeId,
    /// Why.
    pub reason: MergeReason,
    /// The name of who does it.
    pub by: Option<String>,
}

pub(super) async fn person(write: &mut Write, id: ContactId) -> Result<Option<Person>> {
    let ws = write.workspace();
    let sql = "SELECT name, profile_name, profile_named_at, username, display, created_at, last_seen_at FROM contacts
               WHERE workspace_id = $1 AND id = $2";
    row!(write.tx(), Person, sql, ws, id)
}

/// Everything of `gone` becomes `keep`'s, but for the names: those are the caller's.
pub(crate) async fn merge(write: &mut Write, keep: ContactId, gone: ContactId, why: &Why) -> Result<()> {
    let ws = write.workspace();
    let (Some(kept), Some(lost)) = (person(write, keep).await?, person(write, gone).await?) else {
        return Err(StoreError::NotFound);
    };
    let identities = rows!(
        write.tx(),
        Known,
        "SELECT kind, value, scope, created_at FROM contact_identities
         WHERE contact_id = $2 AND workspace_id = $1 ORDER BY kind, value, scope",
        ws,
        gone,
    )?;
    write_down(write, keep, gone, why, &Before { kept, gone: lost, identities }).await?;
    execute!(
        write.tx(),
        "UPDATE contact_identities SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2",
        ws,
        gone,
        keep,
    )?;
    move_reactions(write, keep, gone).await?;
    let theirs = rows!(
        write.tx(),
        (ConversationId, Option<ConversationId>),
        "SELECT g.id, (SELECT k.id FROM conversations AS k
                WHERE k.contact_id = $3 AND k.workspace_id = $1 AND k.account_id = g.account_id LIMIT 1)
         FROM conversations AS g WHERE g.contact_id = $2 AND g.workspace_id = $1 ORDER BY g.id",
        ws,
        gone,
        keep,
    )?;
    for (from, into) in theirs {
        conversation::rename_writer(write, from, gone, keep).await?;
        match into {
            Some(into) => conversation::merge(write, from, into).await?,
            None => conversation::belong(write, from, keep).await?,
        }
    }
    pairs::follow(write, keep, gone).await?;
    groups::merge_contacts(write, keep, gone).await?;
    execute!(write.tx(), "DELETE FROM contacts WHERE workspace_id = $1 AND id = $2", ws, gone)?;
    write.touch_people();
    Ok(())
}

/// A number was taken for another spelling of a contact's: as if there had been a contact of that number alone, so
/// that it can be undone.
pub(crate) async fn learned(
    write: &mut Write,
    keep: ContactId,
    never: ContactId,
    identities: &[(&Identity, &str)],
    name: &str,
    why: &Why,
) -> Result<()> {
    let now = write.now();
    let Some(kept) = person(write, keep).await? else { return Err(StoreError::NotFound) };
    let gone = Person {
        name: None,
        profile_name: None,
        profile_named_at: Timestamp::default(),
        username: None,
        display: name.to_owned(),
        created_at: now,
        last_seen_at: now,
    };
    let identities = identities.iter().map(|(identity, scope)| Known {
        kind: identity.kind.as_str().to_owned(),
        value: identity.value.clone(),
        scope: (*scope).to_owned(),
        created_at: now,
    });
    let before = Before { kept, gone, identities: identities.collect() };
    write_down(write, keep, never, why, &before).await?;
    write.touch_people();
    Ok(())
}

async fn write_down(
    write: &mut Write,
    keep: ContactId,
    gone: ContactId,
    why: &Why,
    before: &Before,
) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    execute!(
        write.tx(),
        "INSERT INTO contact_merges (workspace_id, id, kept_id, gone_id, reason, by_name, detail, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        ws,
        why.id,
        keep,
        gone,
        why.reason.as_str(),
        codec::text_opt(why.by.as_deref()),
        codec::to_json(before)?,
        now,
    )?;
    Ok(())
}

/// One reaction of a kind per person and message: of two, the later one stays.
async fn move_reactions(write: &mut Write, keep: ContactId, gone: ContactId) -> Result<()> {
    let (ws, version) = (write.workspace(), write.likely_seq());
    let (keep, gone) = (keep.to_string(), gone.to_string());
    // First what is older than the other's, then, in the other direction, the rest of what is there twice.
    for (loser, winner) in [(&gone, &keep), (&keep, &gone)] {
        let changed = rows!(
            write.tx(),
            (MessageId,),
            "DELETE FROM reactions WHERE workspace_id = $1 AND author_key = $2 AND NOT from_us AND EXISTS
                (SELECT 1 FROM reactions AS w WHERE w.message_id = reactions.message_id AND w.kind = reactions.kind
                    AND w.author_key = $3 AND (w.at, w.author_key) > (reactions.at, reactions.author_key))
             RETURNING message_id",
            ws,
            loser,
            winner,
        )?;
        for (message,) in changed {
            execute!(
                write.tx(),
                "UPDATE messages SET version = $3 WHERE workspace_id = $1 AND id = $2",
                ws,
                message,
                version,
            )?;
            write.touch_message(message);
        }
    }
    execute!(
        write.tx(),
        "UPDATE reactions SET author_key = $3 WHERE workspace_id = $1 AND author_key = $2 AND NOT from_us",
        ws,
        &gone,
        &keep,
    )?;
    Ok(())
}

/// A person says that two contacts are one. The older one stays, or the one that the team has saved; which that is.
///
/// # Errors
/// [`StoreError::NotFound`] if one of them is not there.
pub async fn by_hand(write: &mut Write, a: ContactId, b: ContactId, why: &Why) -> Result<ContactId> {
    let ws = write.workspace();
    let (of_a, of_b) = (person(write, a).await?, person(write, b).await?);
    let (of_a, of_b) = match (of_a, of_b) {
        (Some(of_a), Some(of_b)) if a != b => (of_a, of_b),
        // Somebody else was faster.
        (Some(_), None) if has_become(ws, write.tx(), b, a).await? => return Ok(a),
        (None, Some(_)) if has_become(ws, write.tx(), a, b).await? => return Ok(b),
        _ => return Err(StoreError::NotFound),
    };
    let rank = |p: &Person, id: ContactId| (p.name.is_none(), p.created_at, id.0);
    let (keep, gone, kept, lost) =
        if rank(&of_a, a) <= rank(&of_b, b) { (a, b, of_a, of_b) } else { (b, a, of_b, of_a) };
    merge(write, keep, gone, why).await?;
    let names = kept.names().merged(lost.names());
    contacts::store_names(write, keep, &names).await?;
    Ok(keep)
}

/// Whether a contact that is gone has become this one.
pub async fn has_become(ws: WorkspaceId, tx: &mut Tx, gone: ContactId, kept: ContactId) -> Result<bool> {
    let mut at = gone;
    // Merges form no circle; the bound is for a damaged table.
    for _ in 0..64 {
        if at == kept {
            return Ok(true);
        }
        let sql = "SELECT kept_id FROM contact_merges
                   WHERE gone_id = $2 AND workspace_id = $1 AND undone_at IS NULL LIMIT 1";
        let Some((next,)) = row!(tx, (ContactId,), sql, ws, at)? else { return Ok(false) };
        at = next;
    }
    Ok(false)
}
