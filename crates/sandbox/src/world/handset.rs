//! The businesses' own phones, which gateways get linked to. Such a number is an account of this world under
//! its digits, as numbers on the Cloud API are under their phone number id.

use serde::Serialize;

use super::{Effects, News, State, WorldError, digits};

/// A business's phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Handset {
    /// Its number in digits; also the account's id.
    pub phone: String,
    /// Its linked id, without `@lid`. Looks like a number and is none.
    pub lid: String,
    /// The name that it shows to others.
    pub name: String,
}

impl Handset {
    /// Its address.
    pub(crate) fn jid(&self) -> String {
        format!("{}@s.whatsapp.net", self.phone)
    }
}

impl State {
    /// The phone with this number, made when it is new; a name renames it.
    pub(crate) fn handset(&mut self, phone: &str, name: Option<&str>) -> Result<String, WorldError> {
        let Some(digits) = digits(phone) else {
            return Err(WorldError::Invalid(format!(
                "phone must be a number of 7 to 15 digits that begins with the country code, not {phone}"
            )));
        };
        if self.numbers.values().any(|number| number.digits() == digits || number.phone_number_id == digits) {
            return Err(WorldError::Invalid(format!(
                "{digits} is on the Cloud API here; a gateway needs a phone with another number"
            )));
        }
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let known = self.handsets.get_mut(&digits);
        match (known, name) {
            (Some(handset), Some(name)) => name.clone_into(&mut handset.name),
            (Some(_), None) => {}
            (None, name) => {
                let lid = format!("98{}", digits.chars().rev().collect::<String>());
                let name = name.unwrap_or("My shop").to_owned();
                self.order.push(digits.clone());
                self.handsets.insert(digits.clone(), Handset { phone: digits.clone(), lid, name });
            }
        }
        Ok(digits)
    }

    /// Adds a phone that is not linked yet, so that customers can write to it.
    pub(crate) fn add_handset(
        &mut self,
        phone: &str,
        name: Option<&str>,
    ) -> Result<(String, Effects), WorldError> {
        let account = self.handset(phone, name)?;
        Ok((account, Effects { news: vec![News::Numbers], ..Effects::default() }))
    }

    /// All businesses' phones, by number.
    pub(crate) fn handsets(&self) -> Vec<Handset> {
        self.handsets.values().cloned().collect()
    }

    /// Whether this is a business's phone.
    pub(crate) fn handset_exists(&self, account: &str) -> bool {
        self.handsets.contains_key(account)
    }

    /// The name of a business's phone.
    pub(crate) fn handset_name(&self, phone: &str) -> &str {
        self.handsets.get(phone).map(|handset| handset.name.as_str()).unwrap_or_default()
    }

    /// Whether faults can be set for this: an account, a gateway or a slot.
    pub(crate) fn has_scope(&self, id: &str) -> bool {
        let Ok(device) = id.parse();
        self.numbers.contains_key(id)
            || self.handsets.contains_key(id)
            || self.gateways.contains_key(id)
            || self.slot(&device).is_some()
    }

    /// The account that is meant by its id, or by the slot that is linked to it.
    pub(crate) fn account(&self, id: &str) -> Option<String> {
        if self.numbers.contains_key(id) || self.handsets.contains_key(id) {
            return Some(id.to_owned());
        }
        let Ok(device) = id.parse();
        self.slot(&device)?.account().map(str::to_owned)
    }
}
