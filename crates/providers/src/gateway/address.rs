//! Addresses as the gateway writes them.

use balas_domain::{Address, AddressError, Identity};
use serde_json::Value;

use crate::{
    inbound::Sender,
    lenient::{name, string},
};

/// The JID that the gateway takes everywhere without guessing.
///
/// # Errors
/// Why it cannot be reached this way, for people.
pub fn to_jid(address: &Address) -> Result<String, String> {
    match address {
        Address::Phone(digits) => Ok(format!("{digits}@s.whatsapp.net")),
        Address::Lid(id) => Ok(format!("{id}@lid")),
        Address::Group(id) => Ok(format!("{id}@g.us")),
        Address::User(_) => {
            Err("A gateway cannot write to this customer: only an id of Meta's Cloud API is \
                                 known. Answer from the number that the customer wrote to."
                .to_owned())
        }
    }
}

/// Whom a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// Nobody: missing or unreadable.
    Nobody,
    /// A broadcast, a newsletter, `WhatsApp` itself: nothing that a conversation is held with.
    System(String),
    /// A person or a group.
    Someone(Address),
}

impl Party {
    /// From a JID.
    pub fn jid(raw: &str) -> Self {
        match Address::jid(raw.trim()) {
            Ok(address) => Self::Someone(address),
            Err(AddressError::NotAPerson(raw)) => Self::System(raw),
            Err(AddressError::Malformed(_)) => Self::Nobody,
        }
    }

    /// From a field.
    pub fn read(value: &Value, key: &str) -> Self {
        string(value, key).map_or(Self::Nobody, |raw| Self::jid(&raw))
    }

    /// Who, if it is somebody.
    ///
    /// # Errors
    /// What else it is.
    pub fn someone(self) -> Result<Option<Address>, String> {
        match self {
            Self::Nobody => Ok(None),
            Self::System(raw) => Err(format!("from {raw}")),
            Self::Someone(address) => Ok(Some(address)),
        }
    }
}

/// A JID's address, if it is a person's or group's.
pub fn address(value: &Value, key: &str) -> Option<Address> {
    Party::read(value, key).someone().ok().flatten()
}

/// A JID's address, or that of bare digits.
pub fn address_or_number(value: &Value, key: &str) -> Option<Address> {
    address(value, key).or_else(|| Address::phone(&string(value, key)?).ok())
}

/// `X in Y` taken apart: who wrote, and where if that is another.
pub fn author_and_place(raw: &str) -> (Party, Option<Party>) {
    match raw.split_once(" in ") {
        Some((author, place)) => (Party::jid(author), Some(Party::jid(place))),
        None => (Party::jid(raw), None),
    }
}

/// The names of people, each once, phone numbers first.
pub fn identities<'a>(all: impl IntoIterator<Item = Option<&'a Address>>) -> Vec<Identity> {
    crate::lenient::distinct(all.into_iter().map(|a| a.and_then(Address::identity)))
}

/// A person with the first of these names that is one: the gateway writes a number or a JID where it knows
/// no name.
pub fn person(value: &Value, names: &[&str], identities: Vec<Identity>) -> Sender {
    let name = names.iter().filter_map(|key| name(value, key)).find(|name| is_name(name));
    Sender { identities, name, username: None }
}

fn is_name(name: &str) -> bool {
    let number = name.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')'));
    !number && Address::jid(name).is_err()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn jids() {
        for jid in ["628123456789@s.whatsapp.net", "251556368777322@lid", "120363402106999999@g.us"] {
            let Party::Someone(address) = Party::jid(jid) else { panic!("{jid}") };
            assert_eq!(to_jid(&address).as_deref(), Ok(jid));
        }
        assert!(to_jid(&Address::User("US.1".into())).is_err());
        assert_eq!(Party::jid("status@broadcast"), Party::System("status@broadcast".into()));
        assert_eq!(Party::jid("628123456789"), Party::Nobody);
    }

    #[test]
    fn authors_in_places() {
        let phone = Party::Someone(Address::Phone("628123456789".into()));
        let with_device = "628123456789:12@s.whatsapp.net in 628123456789@s.whatsapp.net";
        assert_eq!(author_and_place(with_device), (phone.clone(), Some(phone.clone())));
        assert_eq!(author_and_place("628123456789.0:64@s.whatsapp.net"), (phone, None));
    }

    #[test]
    fn a_number_is_no_name() {
        let name = |v: &str| person(&json!({"n": v}), &["n"], Vec::new()).name;
        assert_eq!(name("+62 812-3456"), None);
        assert_eq!(name("628123456789@s.whatsapp.net"), None);
        assert_eq!(name("Ana 2").as_deref(), Some("Ana 2"));
        let both = json!({"a": "628123456789", "b": "Ana"});
        assert_eq!(person(&both, &["a", "b"], Vec::new()).name.as_deref(), Some("Ana"));
    }
}
