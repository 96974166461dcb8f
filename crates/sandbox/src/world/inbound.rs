//! What customers write: filing their messages and what those do to others.

use balas_domain::{Random, Timestamp};
use serde_json::{Value, json};

use super::{
    Attachment, Effects, Held, Incoming, Message, News, State, Status, Webhook, WorldError, message,
};
use crate::{
    envelope::{self, Change, Contact},
    wire::{self, Direction},
};

impl State {
    /// A customer writes. `file` is what `media` stands for, or what a gateway gets for a file that was only
    /// told of. Returns the message id and the webhook that tells of it.
    pub(crate) fn receive(
        &mut self,
        incoming: &Incoming,
        file: Option<Attachment>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(String, Effects), WorldError> {
        let account = match &incoming.account {
            Some(account) => self.account(account).unwrap_or_else(|| account.clone()),
            None => self.order.first().cloned().unwrap_or_default(),
        };
        if self.handsets.contains_key(&account) {
            return self.receive_on_handset(&account, incoming, file, now, random);
        }
        if incoming.lid.is_some() || incoming.group.is_some() || incoming.to.is_some() {
            let text = "lid, group and to are for numbers that are linked to a gateway";
            return Err(WorldError::Invalid(text.to_owned()));
        }
        let Some(number) = self.numbers.get(&account).cloned() else {
            return Err(WorldError::UnknownAccount(account));
        };
        let digits = incoming.digits()?;
        let id = match &incoming.id {
            Some(id) if self.messages.get(&account, id).is_some() => {
                return Err(WorldError::DuplicateMessage(id.clone()));
            }
            Some(id) => id.clone(),
            None => wire::new_wamid(digits.as_deref().unwrap_or_default(), Direction::Inbound, random),
        };
        let held = self.hold(&account, incoming, file, now, random);
        let mut node = incoming.node(digits.as_deref(), &id, now, held.as_ref())?;
        let phone = self.phone(digits.as_deref(), incoming.user_id.as_deref(), None);
        if let Some(name) = &incoming.name {
            phone.name.clone_from(name);
        }
        if incoming.username.is_some() {
            phone.username.clone_from(&incoming.username);
        }
        let phone = phone.clone();
        if let Some(reply_to) = &incoming.reply_to {
            let own = self.messages.get(&account, reply_to).is_some_and(|quoted| !quoted.outbound);
            let author = if own { phone.wa_id.clone().unwrap_or_default() } else { number.digits() };
            node["context"] = json!({"from": author, "id": reply_to});
        }
        let label = format!("message {}", node["type"].as_str().unwrap_or_default());
        let contact = Contact {
            name: &phone.name,
            // A raw message may leave `from` out on purpose.
            wa_id: digits.as_deref(),
            user_id: phone.user_id.as_deref(),
            username: phone.username.as_deref(),
        };
        let body = envelope::body(&number, vec![Change::message(&number, contact, node.clone())]);
        let news = self.apply_inbound(&account, &phone.key, &node, now);
        let webhook = Webhook { account, phone: phone.key, label, body, route: None };
        Ok((id, Effects { webhooks: vec![webhook], news }))
    }

    /// Puts the file of a message where Meta keeps it.
    pub(super) fn hold(
        &mut self,
        account: &str,
        incoming: &Incoming,
        file: Option<Attachment>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Option<Held> {
        incoming.media.as_ref()?;
        let file = file?;
        let id = self.keep(account, file.clone(), now, random);
        Some(Held { id, file })
    }

    /// Files a customer's message node.
    pub(super) fn apply_inbound(
        &mut self,
        account: &str,
        phone: &str,
        node: &Value,
        now: Timestamp,
    ) -> Vec<News> {
        let message = self.filed(account, phone, false, node, now);
        if message.kind == "system" && node["system"]["type"] == "user_changed_number" {
            let new = node["system"]["wa_id"].as_str().or_else(|| node["system"]["new_wa_id"].as_str());
            if let Some(new) = new {
                self.addresses.insert(new.to_owned(), phone.to_owned());
                if let Some(phone) = self.phones.get_mut(phone) {
                    phone.wa_id = Some(new.to_owned());
                }
            }
        }
        self.insert_inbound(message)
    }

    /// Stores a customer's message, which opens the window and waits for an answer.
    pub(super) fn insert_inbound(&mut self, message: Message) -> Vec<News> {
        let answerable = message.has_bubble() && message.kind != "system";
        let (account, phone, at) = (message.account.clone(), message.phone.clone(), message.at);
        let news = self.insert(message);
        let chat = self.chat(&account, &phone);
        if chat.last_inbound.is_none_or(|last| last < at) {
            chat.last_inbound = Some(at);
        }
        if answerable {
            chat.unanswered += 1;
        }
        news
    }

    /// Turns a message node (received, or echoed) into a message.
    pub(super) fn filed(
        &self,
        account: &str,
        phone: &str,
        outbound: bool,
        node: &Value,
        now: Timestamp,
    ) -> Message {
        let kind = node["type"].as_str().unwrap_or("unsupported").to_owned();
        let body = node[&kind].clone();
        let seconds = match &node["timestamp"] {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        };
        Message {
            id: node["id"].as_str().unwrap_or_default().to_owned(),
            account: account.to_owned(),
            phone: phone.to_owned(),
            outbound,
            author: None,
            text: message::readable(&kind, &body),
            media: self.file_of(&kind, &body),
            kind,
            body,
            reply_to: node["context"]["id"].as_str().map(str::to_owned),
            callback_data: None,
            status: if outbound { Status::Sent } else { Status::Received },
            error: None,
            // A whole second in the past of `now` would sort wrongly beside our own messages of the same
            // second.
            at: match seconds {
                Some(seconds) if seconds != now.as_seconds() => Timestamp::from_seconds(seconds),
                _ => now,
            },
            business_reaction: None,
            customer_reaction: None,
            edited: false,
            revoked: false,
            seen: false,
            position: 0,
            conversation: String::new(),
        }
    }

    /// Stores a message at the end of its chat and applies what it does to others.
    pub(super) fn insert(&mut self, mut message: Message) -> Vec<News> {
        let (account, phone) = (message.account.clone(), message.phone.clone());
        let mut news = Vec::new();
        if let Some(target) = self.apply_to_target(&message) {
            news.push(News::Message { account: account.clone(), phone: phone.clone(), id: target });
        }
        let chat = self.chat(&account, &phone);
        chat.last_activity = chat.last_activity.max(message.at);
        message.position = chat.messages.len();
        chat.messages.push(message.id.clone());
        if message.outbound {
            chat.unread.push(message.id.clone());
            if message.has_bubble() {
                chat.unanswered = 0;
                chat.typing_until = None;
            }
            self.sent.push((account.clone(), message.id.clone()));
        }
        news.push(News::Message { account, phone, id: message.id.clone() });
        self.messages.insert(message);
        news
    }

    /// Reactions, edits and revokes change the message that they name, if it is of the same chat.
    fn apply_to_target(&mut self, message: &Message) -> Option<String> {
        let id = match message.kind.as_str() {
            "reaction" => message.body["message_id"].as_str(),
            "edit" | "revoke" => message.body["original_message_id"].as_str(),
            _ => None,
        }?;
        let target = self.messages.get_mut(&message.account, id)?;
        if target.phone != message.phone {
            return None;
        }
        match message.kind.as_str() {
            "reaction" if message.outbound => target.business_reaction.clone_from(&message.text),
            "reaction" => target.customer_reaction.clone_from(&message.text),
            _ if target.outbound != message.outbound => return None,
            "edit" => {
                let inner = &message.body["message"];
                let kind = inner["type"].as_str().unwrap_or("text");
                target.text = message::readable(kind, &inner[kind]);
                target.edited = true;
            }
            _ => target.revoked = true,
        }
        Some(id.to_owned())
    }
}
