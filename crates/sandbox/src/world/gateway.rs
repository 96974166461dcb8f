//! Gateways, their device slots, and how a phone gets linked to one. A gateway tells nobody about it: whoever
//! wants to know asks.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use balas_domain::{Random, Timestamp};
use serde::Serialize;

use super::{Attachment, Effects, News, State, Webhook, WorldError};
use crate::config::{Device, Gateway, GatewayVersion};

/// How long a pairing code can be entered, and how long all QR codes of one attempt last together.
const WINDOW: Duration = Duration::from_secs(160);
/// The characters of pairing codes.
const PAIRING: &[u8; 32] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";

/// A gateway program.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) settings: Gateway,
    /// In the order they were made.
    pub(crate) slots: Vec<Slot>,
    /// What lies below its address, by path: `statics/media/…`.
    pub(crate) files: HashMap<String, StoredFile>,
}

/// A file on a gateway's disk.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    /// The slot that fetched it.
    pub(crate) device: Device,
    pub(crate) file: Attachment,
}

/// A place for one linked phone.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
    pub(crate) link: Link,
    /// The connection to WhatsApp is lost.
    offline: bool,
    /// Reconnecting does not help.
    stays_offline: bool,
    pub(crate) webhook: SlotWebhook,
    /// Shows itself as available, so it hears who is typing.
    pub(crate) available: bool,
    /// Events that WhatsApp holds for it while it is offline.
    backlog: Vec<Webhook>,
    /// Messages that it has not heard of yet: account and id.
    unheard: HashSet<String>,
    /// When the phone was linked.
    pub(crate) linked_at: Timestamp,
}

/// Where the events of one slot go, if it has a place of its own (since v8.10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotWebhook {
    pub(crate) url: String,
    pub(crate) secret: String,
    /// Names with commas between them; empty for all.
    pub(crate) events: String,
    pub(crate) insecure_skip_verify: bool,
}

/// How far the link with a phone is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// No phone.
    None,
    /// A QR code waits to be scanned.
    Qr(Qr),
    /// A code waits to be typed into the phone with this number.
    Code { code: String, phone: String, expires_at: Timestamp },
    /// A phone took the code and is being set up.
    Finishing(String),
    /// Linked with the phone of this account.
    Linked(String),
}

/// A QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Qr {
    /// What it says.
    pub(crate) content: String,
    /// Name of its picture below `statics/qrcode/`.
    pub(crate) file: String,
    pub(crate) expires_at: Timestamp,
}

impl Slot {
    fn new(id: &str, created_at: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            created_at,
            link: Link::None,
            offline: false,
            stays_offline: false,
            webhook: SlotWebhook::default(),
            available: false,
            backlog: Vec::new(),
            unheard: HashSet::new(),
            linked_at: created_at,
        }
    }

    /// The account whose phone is linked.
    pub(crate) fn account(&self) -> Option<&str> {
        match &self.link {
            Link::Linked(account) => Some(account),
            _ => None,
        }
    }

    /// A phone is linked.
    pub(crate) fn logged_in(&self) -> bool {
        self.account().is_some()
    }

    /// It has a connection to WhatsApp.
    pub(crate) fn connected(&self, now: Timestamp) -> bool {
        match &self.link {
            Link::None => false,
            Link::Qr(qr) => now < qr.expires_at,
            Link::Code { expires_at, .. } => now < *expires_at,
            Link::Finishing(_) => true,
            Link::Linked(_) => !self.offline,
        }
    }

    /// The word in device lists.
    pub(crate) fn state(&self, now: Timestamp) -> &'static str {
        match &self.link {
            Link::Finishing(_) => "connected",
            Link::Linked(_) if !self.offline => "logged_in",
            Link::Qr(_) | Link::Code { .. } if self.connected(now) => "connecting",
            _ => "disconnected",
        }
    }

    /// Whether the gateway has this message in its own store.
    pub(crate) fn has_heard(&self, id: &str) -> bool {
        !self.unheard.contains(id)
    }

    /// Takes an event: sent at once, or held by WhatsApp until the connection is back.
    pub(super) fn take(&mut self, webhooks: Vec<Webhook>, id: Option<&str>) -> Vec<Webhook> {
        if !self.offline {
            return webhooks;
        }
        self.backlog.extend(webhooks);
        self.unheard.extend(id.map(str::to_owned));
        Vec::new()
    }

    fn unlink(&mut self) {
        self.link = Link::None;
        (self.offline, self.stays_offline, self.available) = (false, false, false);
        self.forget();
    }

    fn forget(&mut self) {
        self.backlog.clear();
        self.unheard.clear();
    }
}

/// A gateway as tests and the page see it.
#[derive(Clone, Debug, Serialize)]
pub struct GatewayView {
    /// What it was made with.
    #[serde(flatten)]
    pub settings: Gateway,
    /// Its address below the sandbox's.
    pub path: String,
    /// Its slots.
    pub devices: Vec<DeviceView>,
}

/// A slot as tests and the page see it.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceView {
    /// `v9/shop`.
    pub device: Device,
    /// `disconnected`, `connecting`, `connected` or `logged_in`.
    pub state: &'static str,
    /// As the gateway's status says.
    pub is_connected: bool,
    /// As the gateway's status says.
    pub is_logged_in: bool,
    /// The account whose phone is linked.
    pub account: Option<String>,
    /// Path of the picture of the QR code that can be scanned now.
    pub qr: Option<String>,
    /// The pairing code that can be entered now, and the number of the phone that it is for.
    pub pairing: Option<(String, String)>,
    /// Where its events go, if it has an address of its own.
    pub webhook_url: Option<String>,
}

impl State {
    /// Adds a gateway, or changes the settings of the one with this name. Slots and links stay.
    pub(crate) fn set_gateway(&mut self, settings: Gateway, now: Timestamp) -> Result<Effects, WorldError> {
        if let Some(problem) = settings.problem() {
            return Err(WorldError::Invalid(problem));
        }
        match self.gateways.get_mut(&settings.name) {
            Some(server) if server.settings.version != settings.version => {
                return Err(WorldError::Invalid(
                    "a gateway keeps its version; give the other one another name".to_owned(),
                ));
            }
            Some(server) => server.settings = settings,
            None => {
                let slots = match settings.version {
                    GatewayVersion::V7 => vec![Slot::new("", now)],
                    GatewayVersion::V9 => Vec::new(),
                };
                let server = Server { slots, files: HashMap::new(), settings };
                self.gateways.insert(server.settings.name.clone(), server);
            }
        }
        Ok(numbers())
    }

    pub(crate) fn gateway(&self, name: &str) -> Option<&Server> {
        self.gateways.get(name)
    }

    pub(crate) fn slot(&self, device: &Device) -> Option<&Slot> {
        self.gateways.get(&device.gateway)?.slots.iter().find(|slot| slot.id == device.slot)
    }

    pub(crate) fn slot_mut(&mut self, device: &Device) -> Option<&mut Slot> {
        self.gateways.get_mut(&device.gateway)?.slots.iter_mut().find(|slot| slot.id == device.slot)
    }

    fn known_slot(&mut self, device: &Device) -> Result<&mut Slot, WorldError> {
        self.slot_mut(device).ok_or_else(|| WorldError::UnknownDevice(device.to_string()))
    }

    /// Makes a slot; one that exists is left as it is.
    pub(crate) fn add_slot(&mut self, device: &Device, now: Timestamp) -> Result<Effects, WorldError> {
        let Some(server) = self.gateways.get_mut(&device.gateway) else {
            return Err(WorldError::UnknownDevice(device.to_string()));
        };
        if !server.slots.iter().any(|slot| slot.id == device.slot) {
            if server.settings.version == GatewayVersion::V7 {
                return Err(WorldError::Invalid(format!(
                    "a gateway of version 7 has one slot only, called {}; make another gateway",
                    device.gateway
                )));
            }
            if device.slot.is_empty() {
                return Err(WorldError::Invalid("name the slot: v9/shop".to_owned()));
            }
            server.slots.push(Slot::new(&device.slot, now));
        }
        Ok(numbers())
    }

    /// Takes a slot away, with all that the gateway knew.
    pub(crate) fn remove_slot(&mut self, device: &Device) -> bool {
        let Some(server) = self.gateways.get_mut(&device.gateway) else { return false };
        let before = server.slots.len();
        server.slots.retain(|slot| slot.id != device.slot);
        server.slots.len() < before
    }

    /// Shows a QR code; the one before is void. Nothing when a phone is linked.
    pub(crate) fn show_qr(&mut self, device: &Device, now: Timestamp, random: &dyn Random) -> Option<Qr> {
        let life = Duration::from_secs(self.gateway(&device.gateway)?.settings.qr_seconds.into());
        let slot = self.slot_mut(device)?;
        if matches!(slot.link, Link::Finishing(_) | Link::Linked(_)) {
            return None;
        }
        let mut entropy = [0; 32];
        random.fill(&mut entropy);
        let hex = hex::encode(entropy);
        let qr = Qr {
            content: format!("2@{},{},{},{}", &hex[..16], &hex[16..32], &hex[32..48], &hex[48..]),
            file: format!("scan-qr-{}-{}.png", &hex[..8], &hex[8..12]),
            expires_at: now.after(life),
        };
        slot.link = Link::Qr(qr.clone());
        Some(qr)
    }

    /// Makes a code for the phone with this number. Nothing when a phone is linked.
    pub(crate) fn show_code(
        &mut self,
        device: &Device,
        phone: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Option<String> {
        let slot = self.slot_mut(device)?;
        if matches!(slot.link, Link::Finishing(_) | Link::Linked(_)) {
            return None;
        }
        let mut entropy = [0; 8];
        random.fill(&mut entropy);
        let mut code: String =
            entropy.iter().map(|byte| char::from(PAIRING[usize::from(byte % 32)])).collect();
        code.insert(4, '-');
        slot.link = Link::Code { code: code.clone(), phone: phone.to_owned(), expires_at: now.after(WINDOW) };
        Some(code)
    }

    /// Puts a file on a gateway's disk.
    pub(crate) fn store_file(&mut self, path: String, device: &Device, file: Attachment) {
        if let Some(server) = self.gateways.get_mut(&device.gateway) {
            server.files.insert(path, StoredFile { device: device.clone(), file });
        }
    }

    /// The picture of a QR code that has not expired.
    pub(crate) fn qr_picture(&self, gateway: &str, file: &str, now: Timestamp) -> Option<String> {
        self.gateway(gateway)?.slots.iter().find_map(|slot| match &slot.link {
            Link::Qr(qr) if qr.file == file && now < qr.expires_at => Some(qr.content.clone()),
            _ => None,
        })
    }

    /// A phone scans the QR code that this slot shows.
    pub(crate) fn scan(
        &mut self,
        device: &Device,
        phone: &str,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<Effects, WorldError> {
        match &self.known_slot(device)?.link {
            Link::Qr(qr) if now < qr.expires_at => {}
            Link::Qr(_) => {
                return Err(WorldError::Invalid(
                    "the QR code has expired; wait until a fresh one is shown".to_owned(),
                ));
            }
            Link::Finishing(_) | Link::Linked(_) => {
                return Err(WorldError::Invalid(format!("{device} is linked already; log it out first")));
            }
            Link::None | Link::Code { .. } => {
                return Err(WorldError::Invalid(format!(
                    "{device} shows no QR code; ask the gateway for one first (login)"
                )));
            }
        }
        let account = self.handset(phone, name)?;
        self.known_slot(device)?.link = Link::Finishing(account);
        Ok(numbers())
    }

    /// A pairing code is typed into a phone. Returns the slot that it belongs to.
    pub(crate) fn pair(
        &mut self,
        code: &str,
        phone: &str,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<(Device, Effects), WorldError> {
        let bare = |code: &str| {
            code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
        };
        let typed = bare(code);
        let found = self.gateways.values().find_map(|server| {
            let slot = server.slots.iter().find(|slot| match &slot.link {
                Link::Code { code, expires_at, .. } => bare(code) == typed && now < *expires_at,
                _ => false,
            })?;
            Some((Device::new(&server.settings.name, &slot.id), slot.link.clone()))
        });
        let Some((device, Link::Code { phone: expected, .. })) = found else {
            return Err(WorldError::Invalid(
                "no gateway waits for this code; it may have expired: ask for a fresh one".to_owned(),
            ));
        };
        let account = self.handset(phone, name)?;
        if account != expected {
            return Err(WorldError::Invalid(format!(
                "the code was made for the phone with the number {expected}, not {account}"
            )));
        }
        self.known_slot(&device)?.link = Link::Finishing(account);
        Ok((device, numbers()))
    }

    /// The phone that took the code is set up.
    pub(crate) fn finish_link(&mut self, device: &Device, now: Timestamp) -> Effects {
        let Some(slot) = self.slot_mut(device) else { return Effects::default() };
        let Link::Finishing(account) = &slot.link else { return Effects::default() };
        slot.link = Link::Linked(account.clone());
        (slot.offline, slot.stays_offline, slot.linked_at) = (false, false, now);
        slot.forget();
        numbers()
    }

    /// A slot that is linked at once, as tests want it.
    pub(crate) fn link(
        &mut self,
        device: &Device,
        phone: &str,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<Effects, WorldError> {
        self.add_slot(device, now)?;
        let account = self.handset(phone, name)?;
        self.known_slot(device)?.link = Link::Finishing(account);
        Ok(self.finish_link(device, now))
    }

    /// What the slot shows expires at once.
    pub(crate) fn expire_code(&mut self, device: &Device, now: Timestamp) -> Result<Effects, WorldError> {
        match &mut self.known_slot(device)?.link {
            Link::Qr(Qr { expires_at, .. }) | Link::Code { expires_at, .. } => *expires_at = now,
            _ => return Err(WorldError::Invalid(format!("{device} shows no code"))),
        }
        Ok(numbers())
    }

    /// Ends the link, from either side. False when there is none.
    pub(crate) fn unlink(&mut self, device: &Device) -> Result<bool, WorldError> {
        let slot = self.known_slot(device)?;
        let was_linked = slot.logged_in();
        slot.unlink();
        Ok(was_linked)
    }

    /// The connection to WhatsApp is lost; `stay` lets no reconnecting help.
    pub(crate) fn disconnect(&mut self, device: &Device, stay: bool) -> Result<Effects, WorldError> {
        let slot = self.known_slot(device)?;
        if !slot.logged_in() {
            return Err(WorldError::Invalid(format!("{device} is not linked, so there is nothing to lose")));
        }
        (slot.offline, slot.stays_offline) = (true, stay);
        Ok(numbers())
    }

    /// The connection is back, and what WhatsApp held goes out. `order` ends that reconnecting does not help.
    pub(crate) fn connect(&mut self, device: &Device, order: bool) -> Result<Effects, WorldError> {
        let slot = self.known_slot(device)?;
        if slot.stays_offline && !order {
            return Ok(Effects::default());
        }
        (slot.offline, slot.stays_offline) = (false, false);
        slot.unheard.clear();
        let webhooks = std::mem::take(&mut slot.backlog);
        Ok(Effects { webhooks, ..numbers() })
    }

    /// The slots that this account's phone is linked to.
    pub(super) fn linked_devices(&self, account: &str) -> Vec<Device> {
        let slots = self
            .gateways
            .values()
            .flat_map(|server| server.slots.iter().map(move |slot| (&server.settings.name, slot)));
        slots
            .filter(|(_, slot)| slot.account() == Some(account))
            .map(|(gateway, slot)| Device::new(gateway, &slot.id))
            .collect()
    }

    /// Forgets what waits for slots, and what gateways fetched; links stay.
    pub(super) fn forget_backlogs(&mut self) {
        for server in self.gateways.values_mut() {
            server.files.clear();
        }
        for slot in self.gateways.values_mut().flat_map(|server| &mut server.slots) {
            slot.forget();
        }
    }

    /// All gateways, by name.
    pub(crate) fn gateway_views(&self, now: Timestamp) -> Vec<GatewayView> {
        let views = self.gateways.values().map(|server| {
            let path = format!("/gowa/{}", server.settings.name);
            let device = |slot: &Slot| {
                let waiting = slot.connected(now);
                let qr = match &slot.link {
                    Link::Qr(qr) if waiting => Some(format!("{path}/statics/qrcode/{}", qr.file)),
                    _ => None,
                };
                let pairing = match &slot.link {
                    Link::Code { code, phone, .. } if waiting => Some((code.clone(), phone.clone())),
                    _ => None,
                };
                DeviceView {
                    device: Device::new(&server.settings.name, &slot.id),
                    state: slot.state(now),
                    is_connected: slot.connected(now),
                    is_logged_in: slot.logged_in(),
                    account: slot.account().map(str::to_owned),
                    qr,
                    pairing,
                    webhook_url: Some(slot.webhook.url.clone()).filter(|url| !url.is_empty()),
                }
            };
            let devices = server.slots.iter().map(device).collect();
            GatewayView { settings: server.settings.clone(), path, devices }
        });
        views.collect()
    }
}

fn numbers() -> Effects {
    Effects { news: vec![News::Numbers], ..Effects::default() }
}
