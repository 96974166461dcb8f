//! The devices of a number's gateway: each is linked to a phone, or could be. Which of them are numbers of ours is known;
//! what is done to those takes the way of their account.

use std::sync::Arc;

use balas_domain::{
    AccountId, Permission,
    view::{DeviceAction, DeviceState, DeviceView, ProviderKind},
};
use balas_providers::gateway;

use super::registry::Runtime;
use crate::{Engine, access::Actor, error::EngineError};

const NO_DEVICES: EngineError =
    EngineError::Unsupported { reason: "only numbers that are linked to a phone have devices" };

impl Engine {
    /// The devices of the account's gateway.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, it is not linked by a gateway, or that does not answer.
    pub async fn account_devices(
        &self,
        actor: &Actor,
        id: AccountId,
    ) -> Result<Vec<DeviceView>, EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let runtime = self.own_runtime(actor, id)?;
        let link = runtime.gateway().ok_or(NO_DEVICES)?;
        let mut devices = link.client.devices().await?;
        let own = link.client.settings().device_id.as_deref();
        if runtime.kind() == ProviderKind::Bridge {
            // It serves all workspaces.
            devices.retain(|device| Some(device.id.as_str()) == own);
        }
        let views = devices.into_iter().map(|device| {
            let ours =
                self.account_of_device(&runtime, &device.id).filter(|r| r.workspace == actor.workspace);
            DeviceView { account: ours.map(|runtime| runtime.id), ..device_view(device, own) }
        });
        Ok(views.collect())
    }

    /// Does something to a device of the account's gateway. A number of ours takes the way of its own account, so that
    /// this says what became of it.
    ///
    /// # Errors
    /// When the actor may not, there is no such account or device, it is another workspace's number, or the gateway
    /// refuses.
    pub async fn act_on_device(
        &self,
        actor: &Actor,
        id: AccountId,
        device: &str,
        action: DeviceAction,
    ) -> Result<(), EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let runtime = self.own_runtime(actor, id)?;
        let link = runtime.gateway().ok_or(NO_DEVICES)?;
        match self.account_of_device(&runtime, device) {
            Some(ours) if ours.workspace == actor.workspace => match action {
                DeviceAction::LogOut => self.log_out_account(actor, ours.id).await.map(drop),
                DeviceAction::Reconnect => self.reconnect_account(actor, ours.id).await,
            },
            Some(_) => Err(EngineError::Refused("this device is a number of another workspace")),
            None if runtime.kind() == ProviderKind::Bridge => Err(EngineError::NotFound { what: "device" }),
            None => match action {
                DeviceAction::LogOut => Ok(link.client.log_device_out(device).await?),
                DeviceAction::Reconnect => Ok(link.client.reconnect_device(device).await?),
            },
        }
    }

    /// Lets the gateway drop its connection to `WhatsApp` and make a new one. The link stays.
    ///
    /// # Errors
    /// When the actor may not, there is no such account, it is not linked by a gateway, or that refuses.
    pub async fn reconnect_account(&self, actor: &Actor, id: AccountId) -> Result<(), EngineError> {
        actor.require(Permission::ManageAccounts)?;
        let runtime = self.own_runtime(actor, id)?;
        runtime.gateway().ok_or(NO_DEVICES)?.client.reconnect().await?;
        self.wake(id);
        Ok(())
    }

    /// The account, of whatever workspace, that a device of this account's gateway belongs to.
    fn account_of_device(&self, at: &Arc<Runtime>, device: &str) -> Option<Arc<Runtime>> {
        let settings = at.gateway()?.client.settings();
        if settings.device_id.as_deref().is_none_or(|own| own == device) {
            // Version 7 has one device, which is the account's.
            return Some(Arc::clone(at));
        }
        self.accounts.of_kind(at.kind()).into_iter().find(|other| {
            other.gateway().is_some_and(|link| {
                let its = link.client.settings();
                its.base_url == settings.base_url && its.device_id.as_deref() == Some(device)
            })
        })
    }
}

/// How a device looks to people; of whom it is, is not known here.
pub(super) fn device_view(device: gateway::Device, own: Option<&str>) -> DeviceView {
    DeviceView {
        // Version 7 has one device, which is the account's.
        own: own.is_none_or(|own| own == device.id),
        account: None,
        phone: device.jid.map(|jid| jid.label()),
        name: device.name,
        state: match device.state {
            gateway::DeviceState::Disconnected => DeviceState::Disconnected,
            gateway::DeviceState::Connecting => DeviceState::Connecting,
            gateway::DeviceState::Connected => DeviceState::Connected,
            gateway::DeviceState::LoggedIn => DeviceState::LoggedIn,
            gateway::DeviceState::Other => DeviceState::Other,
        },
        id: device.id,
    }
}
