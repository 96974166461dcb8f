//! All messages, by account and id: two numbers in one group know the same message under the same id.

use std::collections::HashMap;

use super::Message;

/// The messages of every account.
#[derive(Debug, Default)]
pub(crate) struct Messages(HashMap<String, HashMap<String, Message>>);

impl Messages {
    /// All of one account, by id.
    pub(crate) fn of(&self, account: &str) -> Option<&HashMap<String, Message>> {
        self.0.get(account)
    }

    pub(crate) fn get(&self, account: &str, id: &str) -> Option<&Message> {
        self.0.get(account)?.get(id)
    }

    pub(crate) fn get_mut(&mut self, account: &str, id: &str) -> Option<&mut Message> {
        self.0.get_mut(account)?.get_mut(id)
    }

    pub(crate) fn insert(&mut self, message: Message) {
        self.0.entry(message.account.clone()).or_default().insert(message.id.clone(), message);
    }
}
