//! What a team makes of a conversation.

use balas_domain::{AccountId, ConversationId, MemberId, Timestamp, WorkState, WorkspaceId};
use sqlx::FromRow;

use crate::{Result, Tx, Write};

/// Gives it to a member or to nobody; tells whether that changed anything. The member must be one of the workspace.
pub async fn assign(write: &mut Write, id: ConversationId, to: Option<MemberId>) -> Result<bool> {
    let ws = write.workspace();
    let changed = execute!(
        write.tx(),
        "UPDATE conversations SET assignee_id = $3
         WHERE workspace_id = $1 AND id = $2 AND assignee_id IS DISTINCT FROM $3
            AND ($3 IS NULL OR EXISTS (SELECT 1 FROM members WHERE workspace_id = $1 AND id = $3))",
        ws,
        id,
        to,
    )?;
    if changed > 0 {
        write.touch_conversation(id);
    }
    Ok(changed > 0)
}

/// Puts it into a state; tells whether that changed anything. `until` goes with [`WorkState::Snoozed`] only.
pub async fn set_state(
    write: &mut Write,
    id: ConversationId,
    state: WorkState,
    until: Option<Timestamp>,
) -> Result<bool> {
    let ws = write.workspace();
    let until = until.filter(|_| state == WorkState::Snoozed);
    let changed = execute!(
        write.tx(),
        "UPDATE conversations SET state = $3, snoozed_until = $4
         WHERE workspace_id = $1 AND id = $2 AND (state <> $3 OR snoozed_until IS DISTINCT FROM $4)",
        ws,
        id,
        state.as_str(),
        until,
    )?;
    if changed > 0 {
        write.touch_conversation(id);
    }
    Ok(changed > 0)
}

/// Open conversations that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct OpenCount {
    /// Of which number.
    pub account_id: AccountId,
    /// Who looks after them.
    pub assignee_id: Option<MemberId>,
    /// Groups, or single people.
    pub is_group: bool,
    /// How many.
    pub open: i64,
    /// How many of them have unread messages.
    pub unread: i64,
    /// Their unread messages.
    pub messages: i64,
}

/// All open conversations, counted.
pub async fn counts(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<OpenCount>> {
    rows!(
        tx,
        OpenCount,
        "SELECT account_id, assignee_id, is_group, COUNT(*) AS open,
            SUM(CASE WHEN unread > 0 THEN 1 ELSE 0 END) AS unread,
            SUM(CASE WHEN unread > 0 THEN unread ELSE 0 END) AS messages
         FROM conversations WHERE workspace_id = $1 AND state = 'open'
         GROUP BY account_id, assignee_id, is_group ORDER BY account_id, assignee_id, is_group",
        ws,
    )
}
