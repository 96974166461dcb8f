//! Looking at the world: what tests ask for and what the page shows.

use balas_domain::Timestamp;

use super::{
    Attachment, Chat, Message, MessageView, PhoneView, Sent, State,
    message::Quote,
    phone::{Last, Phone},
};
use crate::graph_error::Failure;

impl State {
    /// What businesses sent to this address, or to anybody, oldest first.
    pub(crate) fn sent(&self, to: Option<&str>) -> Vec<Sent> {
        let Some(to) = to else {
            return self
                .sent
                .iter()
                .filter_map(|(account, id)| self.messages.get(account, id))
                .map(|m| self.as_sent(m))
                .collect();
        };
        let Some(phone) = self.find_phone(to) else { return Vec::new() };
        let mut found: Vec<&Message> = self
            .order
            .iter()
            .filter_map(|account| Some((account, self.chats.get(&(account.clone(), phone.to_owned()))?)))
            .flat_map(|(account, chat)| chat.messages.iter().map(move |id| (account, id)))
            .filter_map(|(account, id)| self.messages.get(account, id))
            .filter(|message| message.outbound)
            .collect();
        found.sort_by_key(|message| message.at);
        found.into_iter().map(|message| self.as_sent(message)).collect()
    }

    fn as_sent(&self, message: &Message) -> Sent {
        Sent {
            id: message.id.clone(),
            account: message.account.clone(),
            to: self
                .phones
                .get(&message.phone)
                .and_then(|phone| phone.wa_id.clone())
                .unwrap_or_else(|| message.phone.clone()),
            text: message.text.clone(),
            kind: message.kind.clone(),
            body: message.body.clone(),
            media: message.media.as_ref().map(Attachment::facts),
            reply_to: message.reply_to.clone(),
            biz_opaque_callback_data: message.callback_data.clone(),
            status: message.status,
            error: message.error,
            at: message.at,
        }
    }

    /// How many messages of this customer show no business's read mark.
    pub(crate) fn unread(&self, customer: &str) -> usize {
        let Some(phone) = self.find_phone(customer) else { return 0 };
        let chats = self
            .order
            .iter()
            .filter_map(|account| Some((account, self.chats.get(&(account.clone(), phone.to_owned()))?)));
        chats
            .flat_map(|(account, chat)| chat.messages.iter().filter_map(|id| self.messages.get(account, id)))
            .filter(|message| !message.outbound && !message.seen)
            .count()
    }

    /// Until when any business types to this address.
    pub(crate) fn typing(&self, to: &str, now: Timestamp) -> Option<Timestamp> {
        let phone = self.find_phone(to)?;
        let chats =
            self.order.iter().filter_map(|account| self.chats.get(&(account.clone(), phone.to_owned())));
        chats.filter_map(|chat| chat.typing_until).filter(|until| *until > now).max()
    }

    /// The phones that have a chat with this number, newest first, that fit the search.
    pub(crate) fn phones(&self, account: &str, search: &str, limit: usize, now: Timestamp) -> Vec<PhoneView> {
        let search = search.trim().to_lowercase();
        let mut found: Vec<(&Phone, &Chat)> = self
            .chats
            .iter()
            .filter(|((owner, _), _)| owner == account)
            .filter_map(|((_, key), chat)| Some((self.phones.get(key)?, chat)))
            .filter(|(phone, _)| {
                search.is_empty()
                    || phone.name.to_lowercase().contains(&search)
                    || phone.number().is_some_and(|digits| digits.contains(&search))
            })
            .collect();
        found.sort_by(|a, b| b.1.last_activity.cmp(&a.1.last_activity).then_with(|| a.0.key.cmp(&b.0.key)));
        found
            .into_iter()
            .take(limit)
            .map(|(phone, chat)| self.as_phone_view(account, phone, chat, now))
            .collect()
    }

    /// One phone as the list shows it.
    pub(crate) fn phone_view(&self, account: &str, key: &str, now: Timestamp) -> Option<PhoneView> {
        let chat = self.chats.get(&(account.to_owned(), key.to_owned()))?;
        Some(self.as_phone_view(account, self.phones.get(key)?, chat, now))
    }

    fn as_phone_view(&self, account: &str, phone: &Phone, chat: &Chat, now: Timestamp) -> PhoneView {
        let mut newest = chat.messages.iter().rev().filter_map(|id| self.messages.get(account, id));
        let last = newest.find(|message| message.has_bubble()).map(|message| Last {
            text: message.line(),
            outbound: message.outbound,
            status: message.status,
            at: message.at.as_millis(),
        });
        PhoneView {
            account: account.to_owned(),
            phone: phone.key.clone(),
            name: phone.name.clone(),
            wa_id: phone.wa_id.clone(),
            user_id: phone.user_id.clone(),
            lid: phone.lid.clone(),
            username: phone.username.clone(),
            hidden: phone.hidden.clone(),
            last,
            unanswered: chat.unanswered,
            typing_until: chat.typing_until.filter(|until| *until > now).map(Timestamp::as_millis),
            window_until: chat.last_inbound.map(|last| last.after(super::WINDOW).as_millis()),
        }
    }

    /// The newest messages of a chat (older than the message `before`, if given), oldest first, and whether
    /// there are more.
    pub(crate) fn messages(
        &self,
        account: &str,
        phone: &str,
        before: Option<&str>,
        limit: usize,
    ) -> (Vec<MessageView>, bool) {
        let Some(chat) = self.chats.get(&(account.to_owned(), phone.to_owned())) else {
            return (Vec::new(), false);
        };
        let end = before
            .and_then(|id| self.messages.get(account, id))
            .map_or(chat.messages.len(), |before| before.position);
        let older = chat.messages.get(..end).unwrap_or_default().iter().rev();
        let mut views: Vec<MessageView> = older
            .filter_map(|id| self.messages.get(account, id))
            .filter(|message| message.has_bubble())
            .take(limit + 1)
            .map(|message| self.as_message_view(message))
            .collect();
        let more = views.len() > limit;
        views.truncate(limit);
        views.reverse();
        (views, more)
    }

    /// One message as the page shows it; nothing for reactions and the like.
    pub(crate) fn message_view(&self, account: &str, id: &str) -> Option<MessageView> {
        self.messages
            .get(account, id)
            .filter(|message| message.has_bubble())
            .map(|message| self.as_message_view(message))
    }

    fn as_message_view(&self, message: &Message) -> MessageView {
        let quoted = message.reply_to.as_ref().and_then(|id| self.messages.get(&message.account, id));
        MessageView {
            id: message.id.clone(),
            account: message.account.clone(),
            phone: message.phone.clone(),
            outbound: message.outbound,
            kind: message.kind.clone(),
            text: message.text.clone(),
            body: message.body.clone(),
            media: message.media.as_ref().map(Attachment::facts),
            reply_to: message.reply_to.clone(),
            quote: quoted.map(|quoted| Quote { text: quoted.line(), outbound: quoted.outbound }),
            status: message.status,
            error: message.error,
            error_text: message.error.map(|code| Failure::of_code(code).details),
            at: message.at.as_millis(),
            business_reaction: message.business_reaction.clone(),
            customer_reaction: message.customer_reaction.clone(),
            edited: message.edited,
            revoked: message.revoked,
            seen: message.seen,
        }
    }
}
