//! What phones and groups show as their picture.

use super::{Effects, State, WorldError};

impl State {
    /// Phones and groups that were told nothing else show a picture.
    pub(crate) const fn show_pictures(&mut self) {
        self.all_show_pictures = true;
    }

    /// Which of its pictures a phone or group shows, if it shows any.
    pub(crate) fn picture(&self, key: &str) -> Option<u32> {
        self.pictures.get(key).copied().unwrap_or(self.all_show_pictures.then_some(1))
    }

    /// A phone or group shows this one of its pictures, or hides it. WhatsApp tells linked devices nothing of it.
    pub(crate) fn set_picture(&mut self, whose: &str, shown: Option<u32>) -> Result<Effects, WorldError> {
        let unknown = || WorldError::UnknownPhone(whose.to_owned());
        let key = self.find_phone(whose).ok_or_else(unknown)?.to_owned();
        self.pictures.insert(key, shown);
        Ok(Effects::default())
    }
}
