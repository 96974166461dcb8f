//! Customers who keep their number to themselves, and show it later or never.

use super::{Effects, News, Phone, State, WorldError};

impl Phone {
    /// The number, shown or not.
    pub(crate) fn number(&self) -> Option<&str> {
        self.wa_id.as_deref().or(self.hidden.as_deref())
    }
}

impl State {
    /// A customer hides the number, or shows it again; whoever gets the next message learns of it. While it is
    /// hidden, gateways know the customer by a linked id and Meta's API by a business-scoped one, which are
    /// made up if there are none yet.
    pub(crate) fn hide_number(&mut self, phone: &str, hide: bool) -> Result<Effects, WorldError> {
        let unknown = || WorldError::UnknownPhone(phone.to_owned());
        let key = self.find_phone(phone).ok_or_else(unknown)?.to_owned();
        let phone = self.phones.get_mut(&key).ok_or_else(unknown)?;
        if hide {
            if let Some(number) = phone.wa_id.take() {
                let turned: String = number.chars().rev().collect();
                phone.lid.get_or_insert_with(|| format!("25{turned}@lid"));
                phone.user_id.get_or_insert_with(|| format!("{}.{turned}00", country(&number)));
                phone.hidden = Some(number);
            }
        } else if let Some(number) = phone.hidden.take() {
            phone.wa_id = Some(number);
        }
        if phone.number().is_none() {
            let text = format!("{} has no number that could be hidden or shown", phone.name);
            return Err(WorldError::Invalid(text));
        }
        for address in [phone.lid.clone(), phone.user_id.clone()].into_iter().flatten() {
            self.addresses.insert(address, key.clone());
        }
        let accounts = self.chats.keys().filter(|(_, owner)| *owner == key).map(|(account, _)| account);
        let news = accounts.map(|account| News::Chat { account: account.clone(), phone: key.clone() });
        Ok(Effects { news: news.collect(), ..Effects::default() })
    }
}

/// Business-scoped ids begin with the country.
fn country(number: &str) -> &'static str {
    match number {
        _ if number.starts_with("62") => "ID",
        _ if number.starts_with("55") => "BR",
        _ => "US",
    }
}
