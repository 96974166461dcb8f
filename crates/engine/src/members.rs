//! Colleagues: adding them, changing what they may do.

use balas_domain::{MemberId, Permission, Role, form::MemberForm, view::MemberView};
use balas_store::{members, sessions};

use crate::{Engine, access::Actor, error::EngineError};

pub use balas_store::members::MemberChange;

impl Engine {
    /// All members of the workspace.
    ///
    /// # Errors
    /// When the actor may not see them.
    pub async fn members(&self, actor: &Actor) -> Result<Vec<MemberView>, EngineError> {
        actor.require(Permission::ReadMembers)?;
        let mut tx = self.store.read().await?;
        Ok(members::list(actor.workspace, &mut tx).await?)
    }

    /// Adds a member. Only owners make owners.
    ///
    /// # Errors
    /// When the actor may not, a field is wrong, or the e-mail is taken.
    pub async fn create_member(&self, actor: &Actor, form: &MemberForm) -> Result<MemberView, EngineError> {
        actor.require(Permission::ManageMembers)?;
        EngineError::of_fields(form.validate())?;
        owners_only_by_owners(actor, form.role)?;
        let password_hash = self.hashing.hash(&form.password, &*self.random).await?;
        let now = self.clock.now();
        let member = members::NewMember {
            id: MemberId::new(now, &*self.random),
            name: balas_domain::text::clean_name(&form.name).unwrap_or_default(),
            email: form.email.trim().to_lowercase(),
            role: form.role,
            password_hash: Some(password_hash),
        };
        let mut write = self.store.write(actor.workspace, now).await?;
        members::create(&mut write, &member).await?;
        self.publish(write).await?;
        self.member(actor, member.id).await
    }

    /// Changes name, role, or whether the member can sign in. A member who is switched off is signed out everywhere.
    ///
    /// # Errors
    /// When the actor may not, or the workspace would be left without an owner.
    pub async fn update_member(
        &self,
        actor: &Actor,
        id: MemberId,
        change: &MemberChange,
    ) -> Result<MemberView, EngineError> {
        actor.require(Permission::ManageMembers)?;
        let now = self.clock.now();
        let mut write = self.store.write(actor.workspace, now).await?;
        let old = members::get(actor.workspace, write.tx(), id)
            .await?
            .ok_or(EngineError::NotFound { what: "member" })?;
        owners_only_by_owners(actor, old.role)?;
        owners_only_by_owners(actor, change.role.unwrap_or(old.role))?;
        let loses_owner = old.role == Role::Owner
            && old.active
            && (change.role.is_some_and(|r| r != Role::Owner) || change.active == Some(false));
        if loses_owner && members::count_owners(actor.workspace, write.tx()).await? <= 1 {
            return Err(EngineError::Refused(
                "a workspace needs an owner who can sign in; make someone else owner first",
            ));
        }
        if change.active == Some(false) && actor.member() == Some(id) {
            return Err(EngineError::Refused("you cannot switch yourself off; ask another admin"));
        }
        members::update(&mut write, id, change).await?;
        if change.active == Some(false) {
            sessions::delete_of_member(actor.workspace, write.tx(), id).await?;
        }
        self.publish(write).await?;
        self.member(actor, id).await
    }

    /// Sets a member's password and signs him out everywhere.
    ///
    /// # Errors
    /// When the actor may not, or the password is too short.
    pub async fn set_password(&self, actor: &Actor, id: MemberId, password: &str) -> Result<(), EngineError> {
        if actor.member() != Some(id) {
            actor.require(Permission::ManageMembers)?;
        }
        let target = self.member(actor, id).await?;
        owners_only_by_owners(actor, target.role)?;
        let probe = MemberForm {
            name: target.name,
            email: target.email,
            role: target.role,
            password: password.to_owned(),
        };
        EngineError::of_fields(probe.validate())?;
        let hash = self.hashing.hash(password, &*self.random).await?;
        let mut tx = self.store.begin().await?;
        members::set_password(actor.workspace, &mut tx, id, &hash).await?;
        sessions::delete_of_member(actor.workspace, &mut tx, id).await?;
        Ok(tx.commit().await?)
    }

    async fn member(&self, actor: &Actor, id: MemberId) -> Result<MemberView, EngineError> {
        let mut tx = self.store.read().await?;
        members::get(actor.workspace, &mut tx, id).await?.ok_or(EngineError::NotFound { what: "member" })
    }
}

fn owners_only_by_owners(actor: &Actor, role: Role) -> Result<(), EngineError> {
    if role == Role::Owner && actor.role != Role::Owner {
        return Err(EngineError::Refused("only an owner can make, change or remove an owner"));
    }
    Ok(())
}
