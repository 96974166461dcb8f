//! Who is who: contacts that may be one person, that became one, and that part again.

use balas_domain::{
    ContactId, MergeId, Permission,
    people::{ContactDetails, MergeReason, MergeView, SuggestionView},
    view::ContactView,
};
use balas_store::{
    StoreError, contacts,
    people::{self, Why},
};

use crate::{
    Engine,
    access::{Actor, Who},
    error::EngineError,
};

impl Engine {
    /// Contacts that may be one person, the newest suggestion first.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn suggestions(&self, actor: &Actor) -> Result<Vec<SuggestionView>, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        Ok(people::suggestions(actor.workspace, &mut tx).await?)
    }

    /// Contacts that became one, newest first.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn merges(&self, actor: &Actor) -> Result<Vec<MergeView>, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        Ok(people::merges(actor.workspace, &mut tx).await?)
    }

    /// A contact with all its names and how they came together.
    ///
    /// # Errors
    /// When the actor may not, or there is none.
    pub async fn contact_details(&self, actor: &Actor, id: ContactId) -> Result<ContactDetails, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        let found = people::details(actor.workspace, &mut tx, id).await?;
        found.ok_or(EngineError::NotFound { what: "contact" })
    }

    /// Says that two contacts are one person; gives back the one that stays. If they are one already nothing changes.
    ///
    /// # Errors
    /// When the actor may not, or there are no two such contacts.
    pub async fn merge_contacts(
        &self,
        actor: &Actor,
        a: ContactId,
        b: ContactId,
    ) -> Result<ContactView, EngineError> {
        actor.require(Permission::MergeContacts)?;
        let now = self.clock.now();
        let by = match &actor.who {
            Who::Member { name, .. } | Who::Token { name, .. } => Some(name.clone()),
            Who::System => None,
        };
        let why = Why { id: MergeId::new(now, &*self.random), reason: MergeReason::Member, by };
        let mut write = self.store.write(actor.workspace, now).await?;
        let kept = people::by_hand(&mut write, a, b, &why).await.map_err(no_contact)?;
        self.publish(write).await?;
        self.contact(actor, kept).await
    }

    /// Says that two contacts are two people: they are not suggested again, nor merged by themselves.
    ///
    /// # Errors
    /// When the actor may not, or there are no two such contacts.
    pub async fn keep_apart(&self, actor: &Actor, a: ContactId, b: ContactId) -> Result<(), EngineError> {
        actor.require(Permission::MergeContacts)?;
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        people::keep_apart(&mut write, a, b).await.map_err(no_contact)?;
        self.publish(write).await?;
        Ok(())
    }

    /// Lets contacts that became one part again, with all that came since; gives back the one that is there again.
    ///
    /// # Errors
    /// When the actor may not, there is no such merge, or a later one must be undone first.
    pub async fn undo_merge(&self, actor: &Actor, id: MergeId) -> Result<ContactView, EngineError> {
        actor.require(Permission::SplitContacts)?;
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        let again = people::undo(&mut write, id).await.map_err(|error| match error {
            StoreError::NotFound => EngineError::NotFound { what: "merge" },
            StoreError::Unique { .. } => {
                EngineError::Refused("this contact was merged into another one since; undo that first")
            }
            other => other.into(),
        })?;
        let found = contacts::get(actor.workspace, write.tx(), again).await?;
        self.publish(write).await?;
        found.ok_or(EngineError::NotFound { what: "contact" })
    }
}

fn no_contact(error: StoreError) -> EngineError {
    match error {
        StoreError::NotFound => EngineError::NotFound { what: "contact" },
        other => other.into(),
    }
}
