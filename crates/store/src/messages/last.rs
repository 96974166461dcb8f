//! What the customer wrote last.

use balas_domain::{ConversationId, WorkspaceId};

use crate::{Result, Tx};

/// The provider's id of the newest message that came in; `None` if none did.
pub async fn last_inbound_provider_id(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<Option<String>> {
    let found = row!(
        tx,
        (String,),
        "SELECT provider_id FROM messages
         WHERE workspace_id = $1 AND conversation_id = $2 AND direction = 'in' AND provider_id IS NOT NULL
         ORDER BY at DESC, id DESC LIMIT 1",
        ws,
        conversation,
    )?;
    Ok(found.map(|(id,)| id))
}
