//! What phones and groups show as their picture: nothing until they are told to.

use super::{Effects, State, WorldError};

impl State {
    /// Which of its pictures a phone or group shows, if it shows any.
    pub(crate) fn picture(&self, key: &str) -> Option<u32> {
        self.pictures.get(key).copied()
    }

    /// A phone or group shows this one of its pictures, or hides it. WhatsApp tells linked devices nothing of it.
    pub(crate) fn set_picture(&mut self, whose: &str, shown: Option<u32>) -> Result<Effects, WorldError> {
        let unknown = || WorldError::UnknownPhone(whose.to_owned());
        let key = self.find_phone(whose).ok_or_else(unknown)?.to_owned();
        match shown {
            Some(nth) => self.pictures.insert(key, nth),
            None => self.pictures.remove(&key),
        };
        Ok(Effects::default())
    }
}
