//! What businesses send: acceptance, the ladder of statuses, read marks.

use balas_domain::{Random, Timestamp};
use serde_json::{Value, json};

use super::{
    Accepted, Effects, Message, News, Outgoing, Phone, Reading, State, Status, TYPING, Target, WINDOW,
    Webhook, media::fits,
};
use crate::{
    envelope::{self, Change, Contact},
    graph_error::{Failure, GraphError},
    wire::{self, Direction},
};

impl State {
    /// A business sends. `fail` makes it fail with this code after it was accepted.
    pub(crate) fn send(
        &mut self,
        account: &str,
        outgoing: Outgoing,
        fail: Option<i64>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Accepted, GraphError> {
        let Some(number) = self.numbers.get(account) else {
            return Err(GraphError::unknown_object("post", account));
        };
        let media = self.outgoing_file(account, &outgoing.kind, &outgoing.body, now)?;
        let (phone, contact) = match &outgoing.target {
            Target::Phone { digits, .. } if *digits == number.digits() => {
                let error = GraphError::of_code(131_021);
                return Err(error);
            }
            Target::Phone { input, digits } => {
                let key = self.find_phone(digits).map(str::to_owned);
                let phone = match key {
                    Some(key) => self.phones[&key].clone(),
                    None => self.phone(Some(digits), None, None).clone(),
                };
                let wa_id = phone.wa_id.clone().unwrap_or_else(|| digits.clone());
                (phone, json!({"input": input, "wa_id": wa_id}))
            }
            Target::User(user_id) => {
                (self.phone(None, Some(user_id), None).clone(), json!({"input": user_id, "user_id": user_id}))
            }
            Target::Group(id) => {
                let phone = self.phone(None, Some(id), None);
                (phone.group, phone.user_id) = (true, None);
                (phone.clone(), json!({"input": id}))
            }
        };
        let id = wire::new_wamid(phone.wa_id.as_deref().unwrap_or_default(), Direction::Outbound, random);
        let misfit = media.as_ref().is_some_and(|file| !fits(&outgoing.kind, file)).then_some(131_053);
        let failure = fail.or(misfit).or_else(|| self.obstacle(account, &phone, &outgoing, now));
        let message = Message {
            id: id.clone(),
            account: account.to_owned(),
            phone: phone.key.clone(),
            outbound: true,
            author: None,
            kind: outgoing.kind,
            body: outgoing.body,
            media,
            text: outgoing.text,
            reply_to: outgoing.reply_to,
            callback_data: outgoing.callback_data,
            status: Status::Accepted,
            error: failure,
            at: now,
            business_reaction: None,
            customer_reaction: None,
            edited: false,
            revoked: false,
            seen: false,
            position: 0,
            conversation: wire::hex_id(random),
        };
        let news = self.insert(message);
        let mut effects =
            self.advance(account, &id, if failure.is_some() { Status::Failed } else { Status::Sent }, now);
        effects.news.splice(0..0, news);
        let response = json!({
            "messaging_product": "whatsapp",
            "contacts": [contact],
            "messages": [{"id": id}],
        });
        Ok(Accepted { id, account: account.to_owned(), response, climbs: failure.is_none(), effects })
    }

    /// The code with which a message will fail although it was accepted.
    fn obstacle(&self, account: &str, phone: &Phone, outgoing: &Outgoing, now: Timestamp) -> Option<i64> {
        if outgoing.kind == "reaction" {
            let target = outgoing.body["message_id"].as_str().and_then(|id| self.messages.get(account, id));
            if !target.is_some_and(|target| target.phone == phone.key && target.has_bubble()) {
                return Some(131_009);
            }
        }
        if outgoing.kind == "template" || phone.group {
            return None;
        }
        let chat = self.chats.get(&(account.to_owned(), phone.key.clone()));
        let open = chat.and_then(|chat| chat.last_inbound).is_some_and(|last| now.since(last) < WINDOW);
        (!open).then_some(131_047)
    }

    /// Moves a message of the business up the ladder; nothing happens when it is there already.
    pub(crate) fn advance(&mut self, account: &str, id: &str, status: Status, now: Timestamp) -> Effects {
        if self.handsets.contains_key(account) {
            return self.advance_linked(account, &[id.to_owned()], status, now);
        }
        let Some(message) = self.messages.get_mut(account, id) else { return Effects::default() };
        if !message.outbound || message.status >= status {
            return Effects::default();
        }
        message.status = status;
        let message = &*message;
        let (Some(number), Some(phone)) =
            (self.numbers.get(&message.account), self.phones.get(&message.phone))
        else {
            return Effects::default();
        };
        let contact = Contact {
            name: &phone.name,
            wa_id: phone.wa_id.as_deref(),
            user_id: phone.user_id.as_deref(),
            username: phone.username.as_deref(),
        };
        // Failed statuses come without contacts, as do those of groups.
        let contact = (status != Status::Failed && !phone.group).then_some(contact);
        let node = status_node(message, phone, now);
        let webhook = Webhook {
            account: message.account.clone(),
            phone: message.phone.clone(),
            label: format!("status {}", status.word()),
            body: envelope::body(number, vec![Change::status(number, contact, node)]),
            route: None,
        };
        let (account, phone) = (message.account.clone(), message.phone.clone());
        let news = vec![News::Message { account, phone, id: id.to_owned() }];
        Effects { webhooks: vec![webhook], news }
    }

    /// When the customer reads this delivered message.
    pub(crate) fn reading(&self, account: &str, id: &str) -> Reading {
        let Some(message) = self.messages.get(account, id) else { return Reading::WhenTold };
        let chat = self.chats.get(&(message.account.clone(), message.phone.clone()));
        if chat.is_some_and(|chat| chat.viewers > 0) {
            Reading::Now
        } else if self.phones.get(&message.phone).is_some_and(|phone| phone.reads_by_itself) {
            Reading::Soon
        } else {
            Reading::WhenTold
        }
    }

    /// The customer looks at the chat with `account` (or at all chats): everything that arrived becomes read.
    pub(crate) fn read(&mut self, account: Option<&str>, phone: &str, now: Timestamp) -> Effects {
        let accounts = match account {
            Some(account) => vec![account.to_owned()],
            None => self.order.clone(),
        };
        let mut effects = Effects::default();
        for account in accounts {
            if self.handsets.contains_key(&account) {
                let more = self.read_linked(&account, phone, now);
                effects.webhooks.extend(more.webhooks);
                effects.news.extend(more.news);
                continue;
            }
            let Some(chat) = self.chats.get_mut(&(account.clone(), phone.to_owned())) else { continue };
            for id in std::mem::take(&mut chat.unread) {
                let more = self.advance(&account, &id, Status::Read, now);
                effects.webhooks.extend(more.webhooks);
                effects.news.extend(more.news);
            }
        }
        effects
    }

    /// A page opens or closes a chat; opening reads it.
    pub(crate) fn watch(&mut self, account: &str, phone: &str, open: bool, now: Timestamp) -> Effects {
        let Some(chat) = self.chats.get_mut(&(account.to_owned(), phone.to_owned())) else {
            return Effects::default();
        };
        chat.viewers = if open { chat.viewers + 1 } else { chat.viewers.saturating_sub(1) };
        if open { self.read(Some(account), phone, now) } else { Effects::default() }
    }

    /// The business read a customer's message and all before it; perhaps it types now.
    pub(crate) fn mark_read(
        &mut self,
        account: &str,
        id: &str,
        typing: bool,
        now: Timestamp,
    ) -> Result<Effects, GraphError> {
        let message = self.messages.get(account, id).filter(|message| !message.outbound);
        let Some(message) = message else {
            return Err(GraphError::value("message_id is not the id of a message that was received."));
        };
        let (phone, last) = (message.phone.clone(), message.position);
        let Some(chat) = self.chats.get_mut(&(account.to_owned(), phone.clone())) else {
            return Ok(Effects::default());
        };
        let mut news = Vec::new();
        for id in chat.messages[..=last].iter().rev() {
            let Some(earlier) = self.messages.get_mut(account, id).filter(|earlier| !earlier.outbound) else {
                continue;
            };
            if earlier.seen {
                break;
            }
            earlier.seen = true;
            news.push(News::Message { account: account.to_owned(), phone: phone.clone(), id: id.clone() });
        }
        if typing {
            chat.typing_until = Some(now.after(TYPING));
            news.push(News::Chat { account: account.to_owned(), phone });
        }
        Ok(Effects { news, ..Effects::default() })
    }
}

/// The node of `statuses[]` for where a message stands now.
fn status_node(message: &Message, phone: &Phone, now: Timestamp) -> Value {
    let mut node = json!({
        "id": message.id,
        "status": message.status.word(),
        "timestamp": now.as_seconds().to_string(),
    });
    if phone.group {
        node["recipient_id"] = json!(phone.key);
        node["recipient_type"] = json!("group");
    } else if let Some(wa_id) = &phone.wa_id {
        node["recipient_id"] = json!(wa_id);
    }
    if let Some(user_id) = &phone.user_id {
        node["recipient_user_id"] = json!(user_id);
    }
    if let Some(data) = &message.callback_data {
        node["biz_opaque_callback_data"] = json!(data);
    }
    match message.status {
        Status::Failed => {
            node["errors"] = json!([Failure::of_code(message.error.unwrap_or(131_000)).node()]);
        }
        Status::Sent | Status::Delivered => {
            let template = message.kind == "template";
            let category = if template { "utility" } else { "service" };
            node["conversation"] = json!({"id": message.conversation, "origin": {"type": category}});
            node["pricing"] = json!({
                "billable": template,
                "pricing_model": "PMP",
                "category": category,
                "type": if template { "regular" } else { "free_customer_service" },
            });
        }
        _ => {}
    }
    node
}
