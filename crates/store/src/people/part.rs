//! Contacts that became one part again.

use balas_domain::{ContactId, ConversationId, Identity, MergeId, Timestamp};

use super::{Before, conversation, merge::person, pairs};
use crate::{Result, StoreError, Write, codec, contacts, words};

/// Undoes a merge: identities and conversations part, with what came since, and the two are kept apart from then on.
/// Tells which contact is there again.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such merge; [`StoreError::Unique`] if the contact that stayed is itself part of
/// another by now, which must be undone first.
pub async fn undo(write: &mut Write, id: MergeId) -> Result<ContactId> {
    let (ws, now) = (write.workspace(), write.now());
    let sql = "SELECT kept_id, gone_id, detail, undone_at FROM contact_merges
               WHERE workspace_id = $1 AND id = $2";
    let found = row!(write.tx(), (ContactId, ContactId, String, Option<Timestamp>), sql, ws, id)?;
    let (kept, gone, detail, undone) = found.ok_or(StoreError::NotFound)?;
    if undone.is_some() {
        return Ok(gone);
    }
    let now_kept = person(write, kept).await?.ok_or(StoreError::Unique { what: "merge" })?;
    let before: Before = codec::from_json("merge", &detail)?;
    revive(write, gone, &before).await?;
    let mut identities: Vec<Identity> = Vec::new();
    for known in &before.identities {
        execute!(
            write.tx(),
            "UPDATE contact_identities SET contact_id = $6
             WHERE workspace_id = $1 AND kind = $2 AND value = $3 AND scope = $4 AND contact_id = $5",
            ws,
            &known.kind,
            &known.value,
            &known.scope,
            kept,
            gone,
        )?;
        identities.extend(known.identity());
    }
    let theirs = rows!(
        write.tx(),
        (ConversationId,),
        "SELECT id FROM conversations WHERE contact_id = $2 AND workspace_id = $1 ORDER BY id",
        ws,
        kept,
    )?;
    for (conversation,) in theirs {
        conversation::part(write, conversation, kept, gone, &identities).await?;
    }
    // A name that came from the other goes with it.
    let own = |now: Option<String>, theirs: &Option<String>, before: &Option<String>| {
        if now == *theirs && theirs != before { before.clone() } else { now }
    };
    let profile_name =
        own(now_kept.profile_name.clone(), &before.gone.profile_name, &before.kept.profile_name);
    let goes = profile_name != now_kept.profile_name;
    let names = contacts::Names {
        name: own(now_kept.name, &before.gone.name, &before.kept.name),
        profile_name,
        profile_named_at: if goes { before.kept.profile_named_at } else { now_kept.profile_named_at },
        username: own(now_kept.username, &before.gone.username, &before.kept.username),
    };
    contacts::store_names(write, kept, &names).await?;
    let names = contacts::names(ws, write.tx(), gone).await?;
    contacts::store_names(write, gone, &names).await?;
    execute!(
        write.tx(),
        "UPDATE contact_merges SET undone_at = $3 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        now,
    )?;
    pairs::part(write, kept, gone).await?;
    write.touch_people();
    Ok(gone)
}

async fn revive(write: &mut Write, id: ContactId, before: &Before) -> Result<()> {
    let ws = write.workspace();
    let p = &before.gone;
    execute!(
        write.tx(),
        "INSERT INTO contacts (workspace_id, id, name, profile_name, profile_named_at, username, display, display_key,
            created_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        ws,
        id,
        &p.name,
        &p.profile_name,
        p.profile_named_at,
        &p.username,
        &p.display,
        words::fold(&p.display),
        p.created_at,
        p.last_seen_at,
    )?;
    Ok(())
}
