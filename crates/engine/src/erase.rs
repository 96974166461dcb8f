//! All that is known of a contact is erased, for good.

use balas_domain::{Address, ContactId, ConversationId, Permission};
use balas_store::{StoreError, Write, contacts, people};
use sha2::{Digest, Sha256};

use crate::{Engine, access::Actor, error::EngineError, files::in_store};

impl Engine {
    /// Erases a contact with everything of it: names, private conversations with files, what it wrote in groups. Its name
    /// must be typed. What it writes later makes a new contact.
    ///
    /// # Errors
    /// When the actor may not, there is no such contact, or the typed name is another one.
    pub async fn erase_contact(
        &self,
        actor: &Actor,
        id: ContactId,
        typed_name: &str,
    ) -> Result<(), EngineError> {
        actor.require(Permission::ManagePersonalData)?;
        let (ws, now) = (actor.workspace, self.clock.now());
        let none = || EngineError::NotFound { what: "contact" };
        let mut write = self.store.write(ws, now).await?;
        let contact = contacts::get(ws, write.tx(), id).await?.ok_or_else(none)?;
        if typed_name.trim() != contact.name.trim() {
            return Err(EngineError::Unconfirmed { expected: contact.name });
        }
        let erased = people::erase(&mut write, id).await?;
        for address in &erased.addresses {
            let digest = self.digest(&mut write, address).await?;
            people::remember(ws, write.tx(), &digest, erased.until.unwrap_or(now)).await?;
        }
        // Only by its id, which leads nowhere any more.
        let detail = format!("{} erased contact {id}", actor.name());
        self.note_for_admins(actor.workspace, write.tx(), "contact_erased", &detail).await?;
        self.publish(write).await?;
        self.remove_blobs(erased.blobs).await;
        Ok(())
    }

    /// A conversation was made just now. If it is with somebody who was erased, what was written before stays away: phones
    /// and providers remember it.
    pub(crate) async fn recall_erased(
        &self,
        write: &mut Write,
        conversation: ConversationId,
        address: &Address,
    ) -> Result<(), StoreError> {
        if !people::any_erased(write.workspace(), write.tx()).await? {
            return Ok(());
        }
        let digest = self.digest(write, address).await.map_err(in_store)?;
        people::recall(write, conversation, &digest).await
    }

    /// Whether whoever had that address was erased.
    pub(crate) async fn was_erased(&self, write: &mut Write, address: &Address) -> Result<bool, StoreError> {
        let ws = write.workspace();
        if !people::any_erased(ws, write.tx()).await? {
            return Ok(false);
        }
        let digest = self.digest(write, address).await.map_err(in_store)?;
        people::was_erased(ws, write.tx(), &digest).await
    }

    /// Tells addresses apart, and nobody whose they are.
    async fn digest(&self, write: &mut Write, address: &Address) -> Result<String, EngineError> {
        let (ws, now) = (write.workspace(), write.now());
        let hash = Sha256::digest(format!("erased\0{address}"));
        Ok(self.vault.name(ws, write.tx(), now, &hash).await?)
    }
}
