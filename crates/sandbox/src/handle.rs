//! The typed handle for tests in the same process: the powers of the control API without HTTP.

mod gateways;

use std::sync::Arc;

use crate::{
    Number,
    deliver::Delivery,
    faults::Faults,
    runtime::Shared,
    world::{Incoming, News, Sent, WorldError},
};

/// The world of a running sandbox. Cheap to clone; works as long as the sandbox runs.
#[derive(Clone)]
pub struct World(pub(crate) Arc<Shared>);

impl World {
    /// A customer writes; returns the message id. The webhook is under way when this returns.
    pub fn receive(&self, incoming: &Incoming) -> Result<String, WorldError> {
        let file = match &incoming.media {
            Some(attach) => Some(self.0.attachment(attach)?),
            None => self.0.stand_in(incoming),
        };
        let (id, effects) = self.0.state().receive(incoming, file, self.0.now(), &*self.0.random)?;
        self.0.carry_out(effects);
        Ok(id)
    }

    /// What businesses sent to this number (or user id), oldest first.
    pub fn sent(&self, to: &str) -> Vec<Sent> {
        self.0.state().sent(Some(to))
    }

    /// Everything that businesses sent, oldest first.
    pub fn sent_to_all(&self) -> Vec<Sent> {
        self.0.state().sent(None)
    }

    /// The customer reads all that arrived, from every business.
    pub fn read(&self, to: &str) -> Result<(), WorldError> {
        let effects = {
            let mut state = self.0.state();
            let Some(phone) = state.find_phone(to).map(str::to_owned) else {
                return Err(WorldError::UnknownPhone(to.to_owned()));
            };
            state.read(None, &phone, self.0.now())
        };
        self.0.carry_out(effects);
        Ok(())
    }

    /// The bytes of a file: by the id in [`MediaFacts`](crate::MediaFacts), or by Meta's media id.
    pub fn media(&self, id: &str) -> Option<Vec<u8>> {
        self.0.file(id)?.read().ok()
    }

    /// A customer hides the number from now on, or shows it again with the next message.
    pub fn hide_number(&self, customer: &str, hide: bool) -> Result<(), WorldError> {
        let effects = self.0.state().hide_number(customer, hide)?;
        self.0.carry_out(effects);
        Ok(())
    }

    /// How many of this customer's messages businesses have not read yet, as far as the customer is told.
    pub fn unread(&self, customer: &str) -> usize {
        self.0.state().unread(customer)
    }

    /// A phone or group shows this one of its pictures (1, 2, …) from now on, or none.
    pub fn show_picture(&self, whose: &str, picture: Option<u32>) -> Result<(), WorldError> {
        let effects = self.0.state().set_picture(whose, picture)?;
        self.0.carry_out(effects);
        Ok(())
    }

    /// Whether a business shows "typing…" on this phone.
    pub fn typing(&self, to: &str) -> bool {
        self.0.state().typing(to, self.0.now()).is_some()
    }

    /// Replaces the faults of the set's scope.
    pub fn faults(&self, faults: Faults) -> Result<(), WorldError> {
        {
            let mut state = self.0.state();
            if let Some(account) = &faults.account
                && !state.has_scope(account)
            {
                return Err(WorldError::UnknownAccount(account.clone()));
            }
            state.faults.set(faults).map_err(WorldError::Invalid)?;
        }
        self.faults_changed();
        Ok(())
    }

    /// Clears the faults of every scope; muted webhooks go out.
    pub fn clear_faults(&self) {
        self.0.state().faults.clear();
        self.faults_changed();
    }

    fn faults_changed(&self) {
        self.0.post.changed.notify_waiters();
        self.0.tell(crate::runtime::Feed::News(News::Faults));
    }

    /// Adds a business number.
    pub fn add_number(&self, number: Number) -> Result<(), WorldError> {
        let effects = self.0.state().add_number(number)?;
        self.0.carry_out(effects);
        Ok(())
    }

    /// All business numbers.
    pub fn numbers(&self) -> Vec<Number> {
        self.0.state().numbers()
    }

    /// Webhook attempts, oldest first (the newest 2000 are kept).
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.post.log(None, usize::MAX)
    }

    /// Webhooks that nobody took yet.
    pub fn pending(&self) -> usize {
        self.0.post.pending()
    }

    /// Forgets phones, chats, messages, faults and waiting webhooks; numbers and their webhook URLs stay. A
    /// sandbox that started with the seeded conversations has them again.
    pub fn reset(&self) {
        self.0.reset();
    }
}
