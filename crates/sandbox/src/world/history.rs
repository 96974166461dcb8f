//! What a gateway has in its own store: the chats of its phone, less what it has not heard of yet.

use std::time::Duration;

use balas_domain::Timestamp;

use super::{Message, State};
use crate::{config::Device, gowa::files};

/// A chat in a gateway's store.
#[derive(Clone, Debug)]
pub(crate) struct StoredChat<'a> {
    /// Key of the phone or group.
    pub(crate) phone: &'a str,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) has_media: bool,
}

impl State {
    /// The stored chats of a slot's phone, those with the newest messages first. The past arrives
    /// `history_after` the phone was linked.
    pub(crate) fn stored_chats(
        &self,
        device: &Device,
        account: &str,
        history_after: Duration,
        now: Timestamp,
    ) -> Vec<StoredChat<'_>> {
        let mut all: Vec<StoredChat<'_>> = self
            .chats
            .keys()
            .filter(|(owner, _)| owner == account)
            .filter_map(|(_, phone)| {
                let mut messages = self.heard(device, account, phone, history_after, now);
                let first = messages.next()?;
                let mut chat = StoredChat {
                    phone,
                    first: first.at,
                    last: first.at,
                    has_media: files::is_media(&first.kind),
                };
                for message in messages {
                    (chat.first, chat.last) = (chat.first.min(message.at), chat.last.max(message.at));
                    chat.has_media |= files::is_media(&message.kind);
                }
                Some(chat)
            })
            .collect();
        all.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.phone.cmp(b.phone)));
        all
    }

    /// The stored messages of a chat, newest first. Only texts and files are stored.
    pub(crate) fn stored_messages(
        &self,
        device: &Device,
        account: &str,
        phone: &str,
        history_after: Duration,
        now: Timestamp,
    ) -> Vec<&Message> {
        let chat = self.chats.get(&(account.to_owned(), phone.to_owned()));
        let kept_back =
            chat.map_or(&[][..], |chat| &chat.messages[..chat.kept_back.min(chat.messages.len())]);
        let heard = self.heard(device, account, phone, history_after, now);
        let mut all: Vec<&Message> = heard.filter(|message| !kept_back.contains(&message.id)).collect();
        all.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.position.cmp(&a.position)));
        all
    }

    /// The same in the order of their coming.
    fn heard<'a>(
        &'a self,
        device: &Device,
        account: &str,
        phone: &str,
        history_after: Duration,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Message> + use<'a> {
        let chat = self.chats.get(&(account.to_owned(), phone.to_owned()));
        let both = chat.zip(self.slot(device));
        let messages = self.messages.of(account);
        both.into_iter().flat_map(move |(chat, slot)| {
            let past = now >= slot.linked_at.after(history_after);
            chat.messages
                .iter()
                .filter_map(move |id| messages?.get(id))
                .filter(|message| message.has_bubble() && slot.has_heard(&message.id))
                .filter(|message| message.text.is_some() || files::is_media(&message.kind))
                .filter(move |message| past || message.at >= slot.linked_at)
        })
    }

    /// A message of this account.
    pub(crate) fn message(&self, account: &str, id: &str) -> Option<&Message> {
        self.messages.get(account, id)
    }

    /// The customers that this account has a chat with, by key.
    pub(crate) fn contacts(&self, account: &str) -> Vec<&str> {
        let keys = self.chats.keys().filter(|(owner, _)| owner == account).map(|(_, phone)| phone.as_str());
        let mut all: Vec<&str> =
            keys.filter(|key| self.phones.get(*key).is_some_and(|phone| !phone.group)).collect();
        all.sort_unstable();
        all
    }
}
