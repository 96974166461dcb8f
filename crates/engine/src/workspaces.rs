//! Founding a workspace.

use balas_domain::{MemberId, Permission, Role, WorkspaceId, form::MemberForm, view::Me};
use balas_store::{members, workspaces};

use crate::{Engine, access::Actor, error::EngineError};

/// The first member of a new workspace.
#[derive(Debug)]
pub struct NewOwner {
    /// Shown name.
    pub name: String,
    /// Signs in with it.
    pub email: String,
    /// First password.
    pub password: String,
}

impl Engine {
    /// Founds a workspace with its owner.
    ///
    /// # Errors
    /// When slug or e-mail are taken, or fields must be corrected.
    pub async fn create_workspace(
        &self,
        slug: &str,
        name: &str,
        time_zone: &str,
        owner: &NewOwner,
    ) -> Result<Actor, EngineError> {
        let now = self.clock.now();
        let ws = WorkspaceId::new(now, &*self.random);
        let form = MemberForm {
            name: owner.name.clone(),
            email: owner.email.clone(),
            role: Role::Owner,
            password: owner.password.clone(),
        };
        EngineError::of_fields(form.validate())?;
        let password_hash = self.hashing.hash(&form.password, &*self.random).await?;
        let mut tx = self.store.begin().await?;
        let row = workspaces::NewWorkspace {
            id: ws,
            slug: slug.to_owned(),
            name: name.to_owned(),
            time_zone: time_zone.to_owned(),
            created_at: now,
        };
        workspaces::create(&mut tx, &row).await?;
        tx.commit().await?;
        let mut write = self.store.write(ws, now).await?;
        let member = members::NewMember {
            id: MemberId::new(now, &*self.random),
            name: form.name.trim().to_owned(),
            email: form.email.trim().to_lowercase(),
            role: Role::Owner,
            password_hash: Some(password_hash),
        };
        members::create(&mut write, &member).await?;
        self.publish(write).await?;
        Ok(Actor::system(ws))
    }

    /// Balas itself in the workspace with this slug.
    ///
    /// # Errors
    /// When there is none.
    pub async fn system_actor(&self, slug: &str) -> Result<Actor, EngineError> {
        let mut tx = self.store.read().await?;
        let row = workspaces::by_slug(&mut tx, slug).await?;
        row.map(|w| Actor::system(w.id)).ok_or(EngineError::NotFound { what: "workspace" })
    }

    /// Who is signed in, and where.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn me(&self, actor: &Actor) -> Result<Me, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        let ws = workspaces::get(actor.workspace, &mut tx)
            .await?
            .ok_or(EngineError::NotFound { what: "workspace" })?;
        let member = match actor.member() {
            Some(id) => members::get(actor.workspace, &mut tx, id).await?,
            None => None,
        };
        Ok(Me { member, role: actor.role, workspace: ws.name, time_zone: ws.time_zone })
    }
}
