//! What tests do to gateways and to the phones that are linked to them.

use std::sync::Arc;

use super::World;
use crate::{
    config::{Device, Gateway},
    world::{Effects, GatewayView, GroupStep, Handset, NewGroup, Past, WorldError},
};

impl World {
    /// Adds a gateway, or changes the settings of the one with this name; slots and links stay.
    pub fn set_gateway(&self, gateway: Gateway) -> Result<(), WorldError> {
        let effects = self.0.state().set_gateway(gateway, self.0.now());
        self.carry_out(effects)
    }

    /// All gateways with their slots, by name.
    pub fn gateways(&self) -> Vec<GatewayView> {
        self.0.state().gateway_views(self.0.now())
    }

    /// Makes a slot without a phone; one that exists is left as it is.
    pub fn add_device(&self, device: &Device) -> Result<(), WorldError> {
        let effects = self.0.state().add_slot(device, self.0.now());
        self.carry_out(effects)
    }

    /// Makes a slot (if there is none) with this phone linked to it, at once. Returns the phone's account.
    pub fn link(&self, device: &Device, phone: &str, name: &str) -> Result<String, WorldError> {
        let effects = self.0.state().link(device, phone, Some(name), self.0.now());
        self.carry_out(effects)?;
        let account = self.0.state().account(&device.to_string());
        account.ok_or_else(|| WorldError::UnknownDevice(device.to_string()))
    }

    /// Takes a slot away, as if it had been deleted in the gateway itself.
    pub fn remove_device(&self, device: &Device) -> Result<(), WorldError> {
        if !self.0.state().remove_slot(device) {
            return Err(WorldError::UnknownDevice(device.to_string()));
        }
        self.0.numbers_changed();
        Ok(())
    }

    /// All businesses' own phones, by number.
    pub fn handsets(&self) -> Vec<Handset> {
        self.0.state().handsets()
    }

    /// Adds a business's own phone that is not linked yet, or renames it. Returns its account.
    pub fn add_handset(&self, phone: &str, name: Option<&str>) -> Result<String, WorldError> {
        let (account, effects) = self.0.state().add_handset(phone, name)?;
        self.0.carry_out(effects);
        Ok(account)
    }

    /// This phone scans the QR code that the slot shows. The link is ready `Timing::link_after` this.
    pub fn scan(&self, device: &Device, phone: &str, name: Option<&str>) -> Result<(), WorldError> {
        let effects = self.0.state().scan(device, phone, name, self.0.now());
        self.carry_out(effects)?;
        self.0.finish_link(device.clone());
        Ok(())
    }

    /// A pairing code is typed into this phone. Returns the slot; ready as with [`World::scan`].
    pub fn pair(&self, code: &str, phone: &str, name: Option<&str>) -> Result<Device, WorldError> {
        let (device, effects) = self.0.state().pair(code, phone, name, self.0.now())?;
        self.0.carry_out(effects);
        self.0.finish_link(device.clone());
        Ok(device)
    }

    /// The code that the slot shows expires at once.
    pub fn expire_code(&self, device: &Device) -> Result<(), WorldError> {
        let effects = self.0.state().expire_code(device, self.0.now());
        self.carry_out(effects)
    }

    /// The link is ended on the phone. The gateway tells nobody.
    pub fn log_out(&self, device: &Device) -> Result<(), WorldError> {
        self.0.state().unlink(device)?;
        self.0.numbers_changed();
        Ok(())
    }

    /// The slot loses its connection to WhatsApp, which holds messages for it from now on. With `stay`,
    /// reconnecting does not help until [`World::connect`].
    pub fn disconnect(&self, device: &Device, stay: bool) -> Result<(), WorldError> {
        let effects = self.0.state().disconnect(device, stay);
        self.carry_out(effects)
    }

    /// The connection is back, and what WhatsApp held goes out.
    pub fn connect(&self, device: &Device) -> Result<(), WorldError> {
        let effects = self.0.state().connect(device, true);
        self.carry_out(effects)
    }

    /// Makes a group, or adds people to it. Returns its address, `1203…@g.us`.
    pub fn add_group(&self, group: &NewGroup) -> Result<String, WorldError> {
        let (jid, effects) = self.0.state().add_group(group, self.0.now(), &*self.0.random)?;
        self.0.carry_out(effects);
        Ok(jid)
    }

    /// Members of a group come, go or get another role.
    pub fn group_step(&self, step: &GroupStep) -> Result<(), WorldError> {
        let effects = self.0.state().group_step(step, self.0.now())?;
        self.0.carry_out(effects);
        Ok(())
    }

    /// Fills a business's phone with a past, which nobody is told of.
    pub fn fill(&self, past: &Past) -> Result<(), WorldError> {
        let effects = self.0.state().fill(past, self.0.now(), &*self.0.random);
        self.carry_out(effects)
    }

    /// Somebody reads this customer's messages on the business's own phone; `secretly` when that phone sends
    /// no read receipts.
    pub fn read_on_phone(&self, account: &str, customer: &str, secretly: bool) -> Result<(), WorldError> {
        let effects = {
            let mut state = self.0.state();
            let unknown = || WorldError::UnknownAccount(account.to_owned());
            let account = state.account(account).ok_or_else(unknown)?;
            let phone = state.find_phone(customer).map(str::to_owned);
            let phone = phone.ok_or_else(|| WorldError::UnknownPhone(customer.to_owned()))?;
            state.read_on_phone(&account, &phone, secretly, self.0.now())
        };
        self.carry_out(effects)
    }

    /// A customer types to a business's phone, or stops. Gateways tell it only while they show themselves as
    /// available, and only from version 8 on.
    pub fn customer_types(&self, account: &str, customer: &str, composing: bool) -> Result<(), WorldError> {
        let effects = {
            let mut state = self.0.state();
            let unknown = || WorldError::UnknownAccount(account.to_owned());
            let account = state.account(account).ok_or_else(unknown)?;
            state.customer_types(&account, customer, composing, self.0.now())
        };
        self.carry_out(effects)
    }

    fn carry_out(&self, effects: Result<Effects, WorldError>) -> Result<(), WorldError> {
        Arc::clone(&self.0).carry_out(effects?);
        Ok(())
    }
}
