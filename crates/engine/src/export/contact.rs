//! All that is known of one contact, for whom it is about: an archive with `contact.json`, each private conversation with its
//! files, and what the contact wrote in groups.

use balas_domain::{
    ContactId, Permission, Timestamp,
    people::{IdentityView, MergeView},
    view::ContactView,
};
use balas_store::{conversations, people};
use serde::Serialize;

use super::{
    Archive, Export, ExportOrder, Pen, fit,
    json::{self, Beside},
};
use crate::{Engine, access::Actor, error::EngineError};

/// Of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Known<'a> {
    format: &'static str,
    version: u32,
    exported_at: Timestamp,
    contact: &'a ContactView,
    identities: &'a [IdentityView],
    merges: &'a [MergeView],
    /// Where its private conversations stand in the archive.
    conversations: Vec<String>,
    /// Where stands what it wrote in groups.
    groups: Vec<String>,
}

impl Engine {
    /// All that is known of a contact as one archive, notes of colleagues included: they are about it.
    ///
    /// # Errors
    /// When the actor may not, there is no such contact, or a disk or storage fails.
    pub async fn export_contact(&self, actor: &Actor, id: ContactId) -> Result<Export, EngineError> {
        actor.require(Permission::ManagePersonalData)?;
        let (ws, none) = (actor.workspace, EngineError::NotFound { what: "contact" });
        let (details, private, groups, ids) = {
            let mut tx = self.store.read().await?;
            let details = people::details(ws, &mut tx, id).await?.ok_or(none)?;
            let ids = people::became(ws, &mut tx, id).await?;
            let private = people::conversations_with(ws, &mut tx, id).await?;
            (details, private, people::groups_with(ws, &mut tx, &ids).await?, ids)
        };
        let mut tx = self.store.begin().await?;
        let detail = format!("{} exported contact {id}", actor.name());
        self.note_for_admins(ws, &mut tx, "contact_exported", &detail).await?;
        tx.commit().await?;
        let path = self.spooled()?;
        let archive = Archive::create(&path)?;
        let order = ExportOrder { notes: true, ..ExportOrder::default() };
        let mut known = Known {
            format: "balas.contact",
            version: VERSION,
            exported_at: self.clock.now(),
            contact: &details.contact,
            identities: &details.identities,
            merges: &details.merges,
            conversations: Vec::new(),
            groups: Vec::new(),
        };
        let whole = private.into_iter().map(|id| (id, false));
        for (conversation, group) in whole.chain(groups.into_iter().map(|id| (id, true))) {
            let found = {
                let mut tx = self.store.read().await?;
                conversations::get(ws, &mut tx, conversation).await?
            };
            // Gone meanwhile.
            let Some(found) = found else { continue };
            let mut scene = self.scene(actor, found, &order).await?;
            scene.only = group.then(|| ids.clone());
            let folder = format!("{}/{conversation}/", if group { "groups" } else { "conversations" });
            let text = self.spooled()?;
            let mut pen = Pen::new(&text).await?;
            json::write(self, actor, &scene, &mut pen, Some(Beside { archive: &archive, folder: &folder }))
                .await?;
            pen.finish().await?;
            let name = format!("{folder}conversation.json");
            archive.add_text(&name, &text).await?;
            let list = if group { &mut known.groups } else { &mut known.conversations };
            list.push(name);
        }
        let text = self.spooled()?;
        let mut pen = Pen::new(&text).await?;
        pen.put(&json::of(&known)?).await?;
        pen.finish().await?;
        archive.add_text("contact.json", &text).await?;
        archive.finish().await?;
        Export::new(fit(&format!("contact-{id}"), "zip"), "application/zip", path).await
    }
}
