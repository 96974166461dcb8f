//! Conversations are emptied, for good.

use balas_domain::{ConversationId, Permission, view::ConversationView};
use balas_store::messages;

use crate::{Engine, access::Actor, error::EngineError, reading};

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
        self.note_for_admins(actor.workspace, write.tx(), "conversation_cleared", &detail).await?;
        self.publish(write).await?;
        self.remove_blobs(cleared.blobs).await;
        self.conversation(actor, id).await
    }
}
