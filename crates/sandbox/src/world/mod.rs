//! The world itself: numbers, phones, chats and messages as a state machine without I/O.
//!
//! Every change takes time and randomness as arguments and returns [`Effects`]: webhooks to be sent and news
//! for whoever watches. All look-ups per message go through maps.

pub(crate) mod event;
mod fill;
pub(crate) mod gateway;
mod group;
mod handset;
mod hidden;
mod history;
mod inbound;
mod incoming;
mod linked;
mod media;
mod message;
mod messages;
mod outbound;
mod outgoing;
mod past;
mod phone;
mod picture;
mod views;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use balas_domain::Timestamp;
use serde_json::Value;

pub use event::MemberChange;
pub use fill::Past;
pub use gateway::{DeviceView, GatewayView};
pub(crate) use group::Group;
pub use group::{GroupStep, NewGroup, NewMember};
pub use handset::Handset;
pub(crate) use incoming::Held;
pub use incoming::{Card, Edit, Incoming, Place, Poll, Reaction};
pub(crate) use linked::{Parcel, Recipient, reaction};
pub(crate) use media::Attachment;
pub use media::{Attach, MediaFacts, MediaKind};
pub use message::Sent;
pub(crate) use message::{Message, MessageView};
pub(crate) use outgoing::{Outgoing, Request, Target, digits, parse};
pub use phone::Status;
pub(crate) use phone::{Chat, Phone, PhoneView};

use self::{gateway::Server, messages::Messages};
use crate::{
    config::{Device, Number},
    faults::FaultBoard,
};

/// How long "typing…" shows without a message.
const TYPING: Duration = Duration::from_secs(25);
/// How long the business may answer freely after a customer's message.
pub(crate) const WINDOW: Duration = Duration::from_hours(24);

/// Why the world refuses what a test or the page asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// No number with this phone number id lives here.
    #[error(
        "no number with the id {0} lives in this sandbox; GET /control/numbers lists those of the Cloud API, \
         GET /control/handsets the phones for gateways (a slot counts once it is linked)"
    )]
    UnknownAccount(String),
    /// No gateway has a slot with this name.
    #[error("no gateway here has a device {0}; GET /control/gateways lists them")]
    UnknownDevice(String),
    /// The phone never wrote and was never written to.
    #[error("no phone with the address {0} is known; it exists once it wrote or was written to")]
    UnknownPhone(String),
    /// A message with this id exists.
    #[error("a message with the id {0} exists already; leave id out to get a fresh one")]
    DuplicateMessage(String),
    /// A number with this phone number id exists.
    #[error("a number with the phone number id {0} lives here already")]
    DuplicateNumber(String),
    /// Something about the request is wrong; the text says what.
    #[error("{0}")]
    Invalid(String),
}

/// A webhook that wants to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) account: String,
    /// Webhooks of one phone keep their order.
    pub(crate) phone: String,
    /// For the delivery log: `message text`, `status read`.
    pub(crate) label: String,
    pub(crate) body: Vec<u8>,
    /// For those of gateways; those of Cloud numbers go wherever the number says when they are sent.
    pub(crate) route: Option<Route>,
}

impl Webhook {
    /// Where faults for it are looked up, the narrowest first.
    pub(crate) fn scopes(&self) -> Vec<&str> {
        match &self.route {
            None => vec![&self.account],
            Some(route) => vec![&route.scope, &self.account, &route.device.gateway],
        }
    }
}

/// Where a gateway's webhook goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) device: Device,
    /// The slot as it is written.
    pub(crate) scope: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    /// Without `Content-Length`.
    pub(crate) chunked: bool,
}

/// Something that a watching page should look at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// A message came or changed, and with it its chat.
    Message { account: String, phone: String, id: String },
    /// Only the chat changed: typing, unanswered, a new phone.
    Chat { account: String, phone: String },
    /// The faults changed.
    Faults,
    /// The numbers changed.
    Numbers,
    /// Everything changed.
    Reset,
}

/// What a change of the world leads to.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) news: Vec<News>,
}

/// A message that was accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) id: String,
    pub(crate) account: String,
    /// The body of the 200.
    pub(crate) response: Value,
    /// Whether it goes on to `delivered` and `read`.
    pub(crate) climbs: bool,
    pub(crate) effects: Effects,
}

/// When the customer reads a message that was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The chat is open on a page.
    Now,
    /// This customer reads by himself after a moment.
    Soon,
    /// Only when told to.
    WhenTold,
}

/// The whole world.
#[derive(Debug, Default)]
pub(crate) struct State {
    numbers: HashMap<String, Number>,
    /// Phone number ids, and numbers of businesses' own phones, in the order they came.
    order: Vec<String>,
    wabas: HashMap<String, Vec<String>>,
    tokens: HashMap<String, u32>,
    phones: HashMap<String, Phone>,
    /// From every address that a phone has or had (digits, user id, group id) to its key.
    addresses: HashMap<String, String>,
    chats: HashMap<(String, String), Chat>,
    messages: Messages,
    /// Accounts and ids of what businesses sent, oldest first.
    sent: Vec<(String, String)>,
    pub(crate) faults: FaultBoard,
    /// Businesses' own phones, by number.
    handsets: BTreeMap<String, Handset>,
    gateways: BTreeMap<String, Server>,
    groups: BTreeMap<String, Group>,
    /// Which of their pictures phones and groups show, by their keys.
    pictures: HashMap<String, Option<u32>>,
    /// Those that were told nothing else show one.
    all_show_pictures: bool,
    /// What Meta's servers hold, by media id.
    media: HashMap<String, media::MediaObject>,
}

impl State {
    /// Adds a business number.
    pub(crate) fn add_number(&mut self, number: Number) -> Result<Effects, WorldError> {
        if let Some(problem) = number.problem() {
            return Err(WorldError::Invalid(problem));
        }
        let id = number.phone_number_id.clone();
        if self.numbers.contains_key(&id) {
            return Err(WorldError::DuplicateNumber(id));
        }
        if self.wabas.contains_key(&id) || self.numbers.contains_key(&number.waba_id) {
            return Err(WorldError::Invalid(
                "phone_number_id and waba_id must not be shared by two things".into(),
            ));
        }
        self.order.push(id.clone());
        self.wabas.entry(number.waba_id.clone()).or_default().push(id.clone());
        *self.tokens.entry(number.token.clone()).or_default() += 1;
        self.numbers.insert(id, number);
        Ok(Effects { news: vec![News::Numbers], ..Effects::default() })
    }

    /// All numbers in the order they came.
    pub(crate) fn numbers(&self) -> Vec<Number> {
        self.order.iter().filter_map(|id| self.numbers.get(id)).cloned().collect()
    }

    /// One number.
    pub(crate) fn number(&self, id: &str) -> Option<&Number> {
        self.numbers.get(id)
    }

    /// The numbers of a WhatsApp Business Account; empty when it does not exist.
    pub(crate) fn waba(&self, id: &str) -> Vec<&Number> {
        self.wabas.get(id).into_iter().flatten().filter_map(|id| self.numbers.get(id)).collect()
    }

    /// Whether anything here accepts this bearer token.
    pub(crate) fn knows_token(&self, token: &str) -> bool {
        self.tokens.contains_key(token)
    }

    /// Whether this is the token's HMAC-SHA256 under the secret of its app (Graph API, "Securing requests").
    pub(crate) fn proves(&self, token: &str, proof: &str) -> bool {
        let mut owners = self.numbers.values().filter(|number| number.token == token);
        owners.any(|number| {
            let signature = crate::wire::signature(&number.app_secret, token.as_bytes());
            signature.strip_prefix("sha256=").is_some_and(|own| own.eq_ignore_ascii_case(proof))
        })
    }

    /// Sets where a number's webhooks go; false when the number is unknown.
    pub(crate) fn set_webhook_url(&mut self, id: &str, url: Option<String>) -> bool {
        let Some(number) = self.numbers.get_mut(id) else { return false };
        number.webhook_url = url;
        true
    }

    /// Forgets phones, chats, messages, files, pictures and faults; numbers, gateways, their links and webhook URLs
    /// stay.
    pub(crate) fn reset(&mut self) {
        let old = std::mem::take(self);
        let Self { numbers, order, wabas, tokens, handsets, gateways, all_show_pictures, .. } = old;
        *self =
            Self { numbers, order, wabas, tokens, handsets, gateways, all_show_pictures, ..Self::default() };
        self.forget_backlogs();
    }

    /// Adds a phone that has not written yet, so that the page can show it.
    pub(crate) fn add_phone(
        &mut self,
        account: &str,
        digits: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<(String, Effects), WorldError> {
        if !self.numbers.contains_key(account) && !self.handsets.contains_key(account) {
            return Err(WorldError::UnknownAccount(account.to_owned()));
        }
        let phone = self.phone(Some(digits), None, None);
        name.trim().clone_into(&mut phone.name);
        let key = phone.key.clone();
        let chat = self.chat(account, &key);
        chat.last_activity = chat.last_activity.max(now);
        let news = vec![News::Chat { account: account.to_owned(), phone: key.clone() }];
        Ok((key, Effects { news, ..Effects::default() }))
    }

    /// The key of the phone with this address (number as written, user id, group id).
    pub(crate) fn find_phone(&self, address: &str) -> Option<&str> {
        if let Some(key) = self.addresses.get(address) {
            return Some(key);
        }
        let digits = outgoing::digits(address)?;
        let key = self.addresses.get(&digits);
        key.or_else(|| self.addresses.get(&sibling(&digits)?)).map(String::as_str)
    }

    /// The phone with this number, user id or linked id (with `@lid`), made when it is new.
    fn phone(&mut self, digits: Option<&str>, user_id: Option<&str>, lid: Option<&str>) -> &mut Phone {
        let all = [user_id, lid, digits];
        let known = all.into_iter().flatten().find_map(|address| self.addresses.get(address)).cloned();
        let key = known.unwrap_or_else(|| digits.or(user_id).or(lid).unwrap_or_default().to_owned());
        for address in all.into_iter().flatten() {
            self.addresses.insert(address.to_owned(), key.clone());
        }
        let phone = self.phones.entry(key.clone()).or_insert_with(|| Phone {
            name: digits.map_or_else(|| "Customer".to_owned(), |digits| format!("+{digits}")),
            key,
            wa_id: None,
            user_id: None,
            lid: None,
            username: None,
            hidden: None,
            reads_by_itself: false,
            group: false,
        });
        if let Some(digits) = digits {
            phone.wa_id = Some(digits.to_owned());
            phone.hidden = None;
        }
        if let Some(user_id) = user_id {
            phone.user_id = Some(user_id.to_owned());
        }
        if let Some(lid) = lid {
            phone.lid = Some(lid.to_owned());
        }
        phone
    }

    fn chat(&mut self, account: &str, phone: &str) -> &mut Chat {
        self.chats.entry((account.to_owned(), phone.to_owned())).or_default()
    }
}

/// The other way to write the same mobile number: Brazil with and without the ninth digit, Mexico with and
/// without the 1. WhatsApp answers with the one it knows.
fn sibling(digits: &str) -> Option<String> {
    let is_mobile = |local: &str| local.starts_with(['6', '7', '8', '9']);
    match (digits.len(), digits.get(..2)?) {
        (13, "55") if digits[4..].starts_with('9') => Some(format!("{}{}", &digits[..4], &digits[5..])),
        (12, "55") if is_mobile(&digits[4..]) => Some(format!("{}9{}", &digits[..4], &digits[4..])),
        (13, "52") if digits[2..].starts_with('1') => Some(format!("52{}", &digits[3..])),
        (12, "52") => Some(format!("521{}", &digits[2..])),
        _ => None,
    }
}
