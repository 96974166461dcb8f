//! Conversations are emptied, for good.

use std::time::Duration;

use balas_domain::{ConversationId, Permission, view::ConversationView};
use balas_store::{Tx, files::Blob, messages, security};

use crate::{Engine, access::Actor, error::EngineError, reading};

/// Whoever just puts the same bytes into a storage has stored their message by then.
const JUST_PUT: Duration = Duration::from_mins(10);

impl Engine {
    /// Takes all messages of a conversation away, for everybody here. `WhatsApp` and its phones keep theirs. What was
    /// written until now does not come back with a later synchronisation.
    ///
    /// # Errors
    /// When the actor may not, or there is no such conversation.
    pub async fn clear_conversation(
        &self,
        actor: &Actor,
        id: ConversationId,
    ) -> Result<ConversationView, EngineError> {
        actor.require(Permission::ClearConversations)?;
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        let id = reading::conversation(actor, write.tx(), id).await?.id;
        let cleared = messages::clear(&mut write, id).await?;
        let detail = format!("{} cleared conversation {id}: {} messages", actor.name(), cleared.messages);
        self.note_for_admins(actor, write.tx(), "conversation_cleared", &detail).await?;
        self.publish(write).await?;
        self.remove_blobs(cleared.blobs).await;
        self.conversation(actor, id).await
    }

    /// Notes for admins that somebody did something with what belongs to others.
    pub(crate) async fn note_for_admins(
        &self,
        actor: &Actor,
        tx: &mut Tx,
        kind: &str,
        detail: &str,
    ) -> Result<(), EngineError> {
        let entry = security::SecurityEntry {
            workspace_id: Some(actor.workspace),
            at: self.clock.now(),
            kind,
            ip: None,
            detail,
        };
        Ok(security::log(tx, &entry).await?)
    }

    /// Takes bytes out of storages that nothing names any more. What cannot be taken away now, housekeeping will.
    pub(crate) async fn remove_blobs(&self, blobs: Vec<Blob>) {
        let before = self.clock.now().before(JUST_PUT);
        for blob in blobs {
            if let Err(error) = self.remove_blob(&blob, before).await {
                tracing::warn!(%error, "a file could not be taken away; it is tried again later");
            }
        }
    }
}
