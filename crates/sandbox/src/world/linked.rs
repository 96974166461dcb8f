//! Traffic of the businesses' own phones: what customers write to them, what gateways send through them, and
//! which linked gateways hear of it.

use balas_domain::{Random, Timestamp};
use serde_json::{Value, json};

use super::{
    Accepted, Attachment, Effects, Incoming, Message, News, Phone, Route, State, Status, Webhook, WorldError,
    event::{Event, Party, Receipt, Said},
    gateway::{Server, StoredFile},
    group::{group_jid, lid_jid},
    message,
};
use crate::{
    config::{Device, GatewayVersion},
    gowa::{files as disk, go_json, v7, v9},
};

/// Where a gateway sends something to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    Phone(String),
    /// With `@lid`.
    Lid(String),
    /// With `@g.us`.
    Group(String),
}

/// What a gateway sends.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) to: Recipient,
    pub(crate) kind: &'static str,
    /// The node under the type key, in Meta's words.
    pub(crate) body: Value,
    /// Its file.
    pub(crate) media: Option<Attachment>,
    pub(crate) reply_to: Option<String>,
}

impl State {
    /// A customer writes to a business's phone, or the business writes on it. A group's message arrives at
    /// all phones that are in it.
    pub(super) fn receive_on_handset(
        &mut self,
        account: &str,
        incoming: &Incoming,
        file: Option<Attachment>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(String, Effects), WorldError> {
        let from_me = incoming.to.is_some();
        let group = incoming.group.as_deref().or(incoming.to.as_deref().filter(|to| to.ends_with("@g.us")));
        let group = group.map(group_jid).transpose()?;
        let accounts = match &group {
            None => vec![account.to_owned()],
            Some(jid) => match self.groups.get(jid) {
                Some(group) if group.accounts.contains(account) => group.accounts.iter().cloned().collect(),
                _ => {
                    return Err(WorldError::Invalid(format!(
                        "{account} is in no group {jid}; POST /control/groups makes one"
                    )));
                }
            },
        };
        let lid = incoming.lid.as_deref().map(lid_jid).transpose()?;
        let number = incoming.digits()?;
        let id = match &incoming.id {
            Some(id) if accounts.iter().any(|account| self.messages.get(account, id).is_some()) => {
                return Err(WorldError::DuplicateMessage(id.clone()));
            }
            Some(id) => id.clone(),
            // Phones write other ids than gateways.
            None => new_id("3A", random),
        };
        let held = self.hold(account, incoming, file.clone(), now, random);
        let node = incoming.node(number.as_deref(), &id, now, held.as_ref())?;
        // Nobody but the group itself is the other side of what we write into it.
        let author = match &group {
            Some(_) if from_me => None,
            Some(jid) if number.is_none() && lid.is_none() => {
                let first = self.groups.get(jid).and_then(|group| group.members.first());
                let Some(first) = first else {
                    return Err(WorldError::Invalid(
                        "nobody is in this group yet; say who writes".to_owned(),
                    ));
                };
                self.phones.get(&first.phone).cloned()
            }
            _ => {
                let phone = self.phone(number.as_deref(), None, lid.as_deref());
                if let Some(name) = &incoming.name {
                    phone.name.clone_from(name);
                }
                Some(phone.clone())
            }
        };
        let chat =
            group.clone().or_else(|| author.as_ref().map(|phone| phone.key.clone())).unwrap_or_default();
        let mut effects = Effects::default();
        for account in &accounts {
            // What one of our phones writes into a group, the others receive.
            let from_me = from_me && account == accounts.first().unwrap_or(account);
            let mut message = self.filed(account, &chat, from_me, &node, now);
            // A phone has the file that it shows, also when a test only told of one.
            message.media = message.media.or_else(|| file.clone());
            message.author = author.as_ref().filter(|_| group.is_some()).map(|phone| phone.key.clone());
            message.reply_to.clone_from(&incoming.reply_to);
            let event = self.said(&message, from_me);
            effects.news.extend(if from_me { self.insert(message) } else { self.insert_inbound(message) });
            effects.webhooks.extend(self.tell_devices(account, &chat, None, &event));
        }
        Ok((id, effects))
    }

    /// A gateway sends through the phone that is linked to it.
    pub(crate) fn send_linked(
        &mut self,
        device: &Device,
        parcel: Parcel,
        now: Timestamp,
        random: &dyn Random,
    ) -> Option<Accepted> {
        let account = self.slot(device)?.account()?.to_owned();
        let phone = match &parcel.to {
            Recipient::Phone(digits) => match self.find_phone(digits).map(str::to_owned) {
                Some(key) => key,
                None => self.phone(Some(digits), None, None).key.clone(),
            },
            Recipient::Lid(lid) => self.phone(None, None, Some(lid)).key.clone(),
            Recipient::Group(jid) => {
                let phone = self.phone(None, Some(jid), None);
                (phone.group, phone.user_id) = (true, None);
                phone.key.clone()
            }
        };
        let id = new_id("3EB0", random);
        let message = Message {
            id: id.clone(),
            account: account.clone(),
            phone: phone.clone(),
            outbound: true,
            author: None,
            kind: parcel.kind.to_owned(),
            text: message::readable(parcel.kind, &parcel.body),
            body: parcel.body,
            media: parcel.media,
            reply_to: parcel.reply_to,
            callback_data: None,
            status: Status::Sent,
            error: None,
            at: now,
            business_reaction: None,
            customer_reaction: None,
            edited: false,
            revoked: false,
            seen: false,
            position: 0,
            conversation: String::new(),
        };
        let climbs = message.has_bubble();
        let event = self.said(&message, true);
        let news = self.insert(message);
        // The gateway does not hear what it sent itself; others that are linked to the phone do.
        let webhooks = self.tell_devices(&account, &phone, Some(device), &event);
        let effects = Effects { webhooks, news };
        Some(Accepted { id, account, response: Value::Null, climbs, effects })
    }

    /// A message climbs; the receipt goes to all linked gateways.
    pub(super) fn advance_linked(
        &mut self,
        account: &str,
        ids: &[String],
        status: Status,
        now: Timestamp,
    ) -> Effects {
        let mut effects = Effects::default();
        let mut risen = Vec::new();
        let mut chat = String::new();
        for id in ids {
            let Some(message) = self.messages.get_mut(account, id) else { continue };
            if !message.outbound || message.status >= status || !message.has_bubble() {
                continue;
            }
            message.status = status;
            chat.clone_from(&message.phone);
            risen.push(id.clone());
            let (account, phone) = (account.to_owned(), chat.clone());
            effects.news.push(News::Message { account, phone, id: id.clone() });
        }
        let kind = if status == Status::Read { Receipt::Read } else { Receipt::Delivered };
        if risen.is_empty() || !matches!(status, Status::Delivered | Status::Read) {
            return effects;
        }
        let place = self.party(&chat);
        // In a group somebody of it has it first.
        let member = self.groups.get(&chat).and_then(|group| group.members.first());
        let from = member.map_or_else(|| place.clone(), |member| self.party(&member.phone));
        let event = Event::Receipt { ids: risen, chat: place, from, kind, at: now };
        effects.webhooks = self.tell_devices(account, &chat, None, &event);
        effects
    }

    /// The customer looks at the chat: one receipt for everything that arrived.
    pub(super) fn read_linked(&mut self, account: &str, phone: &str, now: Timestamp) -> Effects {
        let Some(chat) = self.chats.get_mut(&(account.to_owned(), phone.to_owned())) else {
            return Effects::default();
        };
        let ids = std::mem::take(&mut chat.unread);
        self.advance_linked(account, &ids, Status::Read, now)
    }

    /// Somebody reads the customer's messages on the business's own phone. `secretly` is for phones that send
    /// no read receipts.
    pub(crate) fn read_on_phone(
        &mut self,
        account: &str,
        phone: &str,
        secretly: bool,
        now: Timestamp,
    ) -> Result<Effects, WorldError> {
        let Some(own) = self.handsets.get(account).cloned() else {
            return Err(WorldError::UnknownAccount(account.to_owned()));
        };
        let Some(chat) = self.chats.get(&(account.to_owned(), phone.to_owned())) else {
            return Err(WorldError::UnknownPhone(phone.to_owned()));
        };
        let mut ids = Vec::new();
        let mut news = Vec::new();
        for id in &chat.messages {
            let Some(message) = self.messages.get_mut(account, id) else { continue };
            if message.outbound || message.seen || !message.has_bubble() {
                continue;
            }
            message.seen = true;
            ids.push(id.clone());
            news.push(News::Message { account: account.to_owned(), phone: phone.to_owned(), id: id.clone() });
        }
        if ids.is_empty() {
            return Ok(Effects::default());
        }
        let from = Party { jid: own.jid(), lid: None, name: own.name };
        let kind = if secretly { Receipt::ReadSelf } else { Receipt::Read };
        let event = Event::Receipt { ids, chat: self.party(phone), from, kind, at: now };
        let webhooks = self.tell_devices(account, phone, None, &event);
        Ok(Effects { webhooks, news })
    }

    /// A customer types, or stops. Only gateways that show themselves as available hear of it.
    pub(crate) fn customer_types(
        &mut self,
        account: &str,
        phone: &str,
        composing: bool,
        now: Timestamp,
    ) -> Result<Effects, WorldError> {
        let Some(key) = self.find_phone(phone).map(str::to_owned) else {
            return Err(WorldError::UnknownPhone(phone.to_owned()));
        };
        let party = self.party(&key);
        let event = Event::Typing { chat: party.clone(), from: party, composing, at: now };
        let webhooks = self.tell_devices(account, &key, None, &event);
        Ok(Effects { webhooks, ..Effects::default() })
    }

    /// The business types to this customer until then, or stopped.
    pub(crate) fn types_to(&mut self, account: &str, phone: &str, until: Option<Timestamp>) -> Effects {
        self.chat(account, phone).typing_until = until;
        let news = vec![News::Chat { account: account.to_owned(), phone: phone.to_owned() }];
        Effects { news, ..Effects::default() }
    }

    /// Somebody as WhatsApp names them.
    pub(crate) fn party(&self, phone: &str) -> Party {
        self.phones
            .get(phone)
            .map_or_else(|| Party { jid: phone.to_owned(), lid: None, name: String::new() }, Phone::party)
    }

    fn said(&self, message: &Message, from_me: bool) -> Event {
        let chat = self.party(&message.phone);
        let own = self.handsets.get(&message.account);
        let from = match (&message.author, own) {
            (_, Some(own)) if from_me => Party { jid: own.jid(), lid: None, name: own.name.clone() },
            (Some(author), _) => self.party(author),
            _ => chat.clone(),
        };
        let quoted = message.reply_to.as_ref().and_then(|id| {
            let quoted = self.messages.get(&message.account, id);
            Some((id.clone(), quoted?.text.clone().unwrap_or_default()))
        });
        Event::Said(Box::new(Said {
            id: message.id.clone(),
            group: chat.jid.ends_with("@g.us"),
            chat,
            from,
            from_me,
            at: message.at,
            kind: message.kind.clone(),
            body: message.body.clone(),
            text: message.text.clone(),
            media: message.media.clone(),
            reply: quoted,
        }))
    }

    /// The webhooks by which the gateways that are linked to this account's phone tell of an event. Those
    /// without a connection hear of it later.
    pub(super) fn tell_devices(
        &mut self,
        account: &str,
        phone: &str,
        except: Option<&Device>,
        event: &Event,
    ) -> Vec<Webhook> {
        let Some(own) = self.handsets.get(account).cloned() else { return Vec::new() };
        let mut all = Vec::new();
        for device in self.linked_devices(account) {
            if except == Some(&device) {
                continue;
            }
            let Some(Server { settings, slots, files }) = self.gateways.get_mut(&device.gateway) else {
                continue;
            };
            let Some(slot) = slots.iter_mut().find(|slot| slot.id == device.slot) else { continue };
            // Fetched as soon as it is heard of, whoever is told.
            if let Event::Said(said) = event
                && let Some(file) = &said.media
                && let Some(path) = disk::path(said, settings)
            {
                files.insert(path, StoredFile { device: device.clone(), file: file.clone() });
            }
            if matches!(event, Event::Typing { .. }) && !slot.available {
                continue;
            }
            let own_url = !slot.webhook.url.is_empty();
            let wanted =
                |list: &str| list.is_empty() || list.split(',').any(|name| name.trim() == event.name());
            if own_url && !wanted(&slot.webhook.events) {
                continue;
            }
            let bodies = match settings.version {
                GatewayVersion::V7 => v7::bodies(event, &own, settings),
                GatewayVersion::V9 => v9::bodies(event, &own, &slot.id, settings),
            };
            let urls = if own_url {
                std::slice::from_ref(&slot.webhook.url)
            } else {
                settings.webhook_urls.as_slice()
            };
            let secret = Some(&slot.webhook.secret).filter(|secret| own_url && !secret.is_empty());
            let secret = secret.unwrap_or(&settings.webhook_secret);
            let mut webhooks = Vec::with_capacity(bodies.len() * urls.len());
            for body in &bodies {
                for url in urls {
                    webhooks.push(Webhook {
                        account: account.to_owned(),
                        phone: phone.to_owned(),
                        label: label(event),
                        body: go_json::bytes(body),
                        route: Some(Route {
                            scope: device.to_string(),
                            device: device.clone(),
                            url: url.clone(),
                            secret: secret.clone(),
                            chunked: settings.version == GatewayVersion::V7,
                        }),
                    });
                }
            }
            all.extend(slot.take(webhooks, event.stored()));
        }
        all
    }
}

impl Phone {
    /// How WhatsApp names the owner.
    fn party(&self) -> Party {
        let jid = match (&self.wa_id, &self.lid) {
            _ if self.group => self.key.clone(),
            (Some(digits), _) => format!("{digits}@s.whatsapp.net"),
            (None, Some(lid)) => lid.clone(),
            (None, None) => self.key.clone(),
        };
        Party { jid, lid: self.lid.clone(), name: self.name.clone() }
    }
}

/// For the delivery log, in the words that Cloud numbers use.
fn label(event: &Event) -> String {
    match event {
        Event::Said(said) => format!("message {}", said.kind),
        Event::Receipt { kind, .. } => format!("status {}", kind.word()),
        other => other.name().to_owned(),
    }
}

/// An id as phones and gateways make them: 20 or 22 characters.
fn new_id(prefix: &str, random: &dyn Random) -> String {
    let mut entropy = [0; 9];
    random.fill(&mut entropy);
    format!("{prefix}{}", hex::encode_upper(entropy))
}

/// A reaction's node in Meta's words.
pub(crate) fn reaction(target: &str, emoji: &str) -> Value {
    json!({"message_id": target, "emoji": emoji})
}
