//! Contacts that may be one person, or that somebody said are two.

use balas_domain::{
    ContactId, Timestamp, WorkspaceId,
    people::{MergeReason, SuggestionView},
};
use sqlx::FromRow;

use super::{merge::person, ordered, view};
use crate::{Result, StoreError, Tx, Write, codec};

/// Most suggestions that are shown at once. The next ones come when these are decided.
const SHOWN: i64 = 50;

/// What was said about two contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing that stands in the way.
    None,
    /// They were parted: they are not merged by themselves again.
    Parted,
    /// A person keeps them apart: nobody is asked again.
    Apart,
}

/// What was said about the two.
pub(crate) async fn standing(write: &mut Write, a: ContactId, b: ContactId) -> Result<Standing> {
    let (ws, (first, second)) = (write.workspace(), ordered(a, b));
    let sql = "SELECT state, reason FROM contact_pairs
               WHERE first_id = $2 AND second_id = $3 AND workspace_id = $1";
    let found = row!(write.tx(), (String, String), sql, ws, first, second)?;
    Ok(match found.as_ref().map(|(state, reason)| (state.as_str(), reason.as_str())) {
        Some(("apart", _)) => Standing::Apart,
        // Also while it is suggested again.
        Some(("parted", _) | ("open", "told")) => Standing::Parted,
        _ => Standing::None,
    })
}

/// The two may be one person. What a person has decided about them stands.
pub async fn suggest(write: &mut Write, a: ContactId, b: ContactId, reason: MergeReason) -> Result<()> {
    if a == b {
        return Ok(());
    }
    let (ws, now, (first, second)) = (write.workspace(), write.now(), ordered(a, b));
    let changed = execute!(
        write.tx(),
        "INSERT INTO contact_pairs (workspace_id, first_id, second_id, reason, state, at)
         VALUES ($1, $2, $3, $4, 'open', $5)
         ON CONFLICT (first_id, second_id) DO UPDATE SET
            state = 'open', reason = excluded.reason, at = excluded.at
            WHERE contact_pairs.state = 'parted' AND excluded.reason = 'told'",
        ws,
        first,
        second,
        reason.as_str(),
        now,
    )?;
    if changed > 0 {
        write.touch_people();
    }
    Ok(())
}

/// They were one and are not: what made them one suggests it at most.
pub(super) async fn part(write: &mut Write, a: ContactId, b: ContactId) -> Result<()> {
    put(write, a, b, "parted").await
}

/// A person says that they are two.
///
/// # Errors
/// [`StoreError::NotFound`] if one of them is not there.
pub async fn keep_apart(write: &mut Write, a: ContactId, b: ContactId) -> Result<()> {
    if a == b || person(write, a).await?.is_none() || person(write, b).await?.is_none() {
        return Err(StoreError::NotFound);
    }
    put(write, a, b, "apart").await?;
    write.touch_people();
    Ok(())
}

async fn put(write: &mut Write, a: ContactId, b: ContactId, state: &'static str) -> Result<()> {
    let (ws, now, (first, second)) = (write.workspace(), write.now(), ordered(a, b));
    execute!(
        write.tx(),
        "INSERT INTO contact_pairs (workspace_id, first_id, second_id, reason, state, at)
         VALUES ($1, $2, $3, 'member', $4, $5)
         ON CONFLICT (first_id, second_id) DO UPDATE SET state = excluded.state, at = excluded.at",
        ws,
        first,
        second,
        state,
        now,
    )?;
    Ok(())
}

/// What was said about the one that goes holds for the one that stays, unless that has something of its own.
pub(super) async fn follow(write: &mut Write, keep: ContactId, gone: ContactId) -> Result<()> {
    let ws = write.workspace();
    let about = rows!(
        write.tx(),
        (ContactId, ContactId, String, String, Timestamp),
        "SELECT first_id, second_id, reason, state, at FROM contact_pairs
         WHERE workspace_id = $1 AND (first_id = $2 OR second_id = $2)",
        ws,
        gone,
    )?;
    for (first, second, reason, state, at) in about {
        let other = if first == gone { second } else { first };
        if other == keep {
            continue;
        }
        let (first, second) = ordered(keep, other);
        execute!(
            write.tx(),
            "INSERT INTO contact_pairs (workspace_id, first_id, second_id, reason, state, at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            ws,
            first,
            second,
            reason,
            state,
            at,
        )?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    first_id: ContactId,
    second_id: ContactId,
    reason: String,
    at: Timestamp,
}

/// Contacts that may be one person, the newest suggestion first.
pub async fn suggestions(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<SuggestionView>> {
    let rows = rows!(
        tx,
        Row,
        "SELECT first_id, second_id, reason, at FROM contact_pairs
         WHERE workspace_id = $1 AND state = 'open' ORDER BY at DESC, first_id, second_id LIMIT $2",
        ws,
        SHOWN,
    )?;
    let mut all = Vec::with_capacity(rows.len());
    for r in rows {
        let first = view::person(ws, tx, r.first_id).await?;
        let second = view::person(ws, tx, r.second_id).await?;
        let (Some(first), Some(second)) = (first, second) else { continue };
        all.push(SuggestionView {
            first,
            second,
            reason: codec::word("reason of a suggestion", &r.reason)?,
            at: r.at,
        });
    }
    Ok(all)
}
