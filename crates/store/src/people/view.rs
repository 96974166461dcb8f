//! What screens see of it.

use balas_domain::{
    ContactId, MergeId, PeopleView, Seq, Timestamp, WorkspaceId,
    content::Preview,
    people::{ContactDetails, IdentityView, MergeView, PersonView},
};
use sqlx::FromRow;

use super::Before;
use crate::{Result, Tx, codec, contacts};

/// Most merges that are shown at once.
const SHOWN: i64 = 50;

/// How much there is to decide, as of this position.
pub(crate) async fn state(ws: WorkspaceId, tx: &mut Tx, version: Seq) -> Result<PeopleView> {
    let sql = "SELECT COUNT(*) FROM contact_pairs WHERE workspace_id = $1 AND state = 'open'";
    let open = row!(tx, (i64,), sql, ws)?.map_or(0, |(n,)| n);
    Ok(PeopleView { suggestions: u32::try_from(open).unwrap_or(u32::MAX), version })
}

/// A contact as one tells it from another.
pub(super) async fn person(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Option<PersonView>> {
    let Some(contact) = contacts::get(ws, tx, id).await? else { return Ok(None) };
    let last = row!(
        tx,
        (Option<String>, Option<String>, Option<Timestamp>),
        "SELECT last_kind, last_text, last_at FROM conversations
         WHERE contact_id = $2 AND workspace_id = $1 ORDER BY sort_at DESC LIMIT 1",
        ws,
        id,
    )?;
    let (kind, text, last_at) = last.unwrap_or_default();
    let preview = |text| Preview { kind: codec::preview_kind(kind.as_deref().unwrap_or_default()), text };
    Ok(Some(PersonView { contact, last: text.map(preview), last_at }))
}

#[derive(FromRow)]
struct Row {
    id: MergeId,
    kept_id: ContactId,
    reason: String,
    by_name: Option<String>,
    detail: String,
    at: Timestamp,
    undone_at: Option<Timestamp>,
    there: bool,
}

impl Row {
    fn into_view(self) -> Result<MergeView> {
        let before: Before = codec::from_json("merge", &self.detail)?;
        Ok(MergeView {
            id: self.id,
            kept: self.kept_id,
            kept_name: before.kept.display,
            gone_name: before.gone.display,
            reason: codec::word("reason of a merge", &self.reason)?,
            by: self.by_name,
            at: self.at,
            undoable: self.there && self.undone_at.is_none(),
            undone_at: self.undone_at,
        })
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT m.id, m.kept_id, m.reason, m.by_name, m.detail, m.at, m.undone_at,
                EXISTS (SELECT 1 FROM contacts AS c WHERE c.id = m.kept_id) AS there
             FROM contact_merges AS m ",
            $tail
        )
    };
}

/// Contacts that became one, newest first.
pub async fn merges(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<MergeView>> {
    let sql = select!("WHERE m.workspace_id = $1 ORDER BY m.at DESC, m.id DESC LIMIT $2");
    rows!(tx, Row, sql, ws, SHOWN)?.into_iter().map(Row::into_view).collect()
}

/// A contact with all its names and how they came together.
pub async fn details(ws: WorkspaceId, tx: &mut Tx, id: ContactId) -> Result<Option<ContactDetails>> {
    let Some(contact) = contacts::get(ws, tx, id).await? else { return Ok(None) };
    let identities = contacts::identities_of(ws, tx, id).await?;
    let sql = select!(
        "WHERE m.kept_id = $2 AND m.workspace_id = $1 AND m.undone_at IS NULL ORDER BY m.at DESC, m.id DESC"
    );
    let merges = rows!(tx, Row, sql, ws, id)?.into_iter().map(Row::into_view).collect::<Result<_>>()?;
    let identities = identities.into_iter().map(|i| IdentityView { kind: i.kind, value: i.value }).collect();
    Ok(Some(ContactDetails { contact, identities, merges }))
}
