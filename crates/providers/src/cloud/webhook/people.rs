//! Who is who in a delivery: the `contacts[]` beside the messages.

use std::collections::HashMap;

use balas_domain::{Address, Identity};
use serde_json::Value;

use crate::{
    inbound::Sender,
    lenient::{address, distinct, elements, id, identity, name, user},
};

/// One element of `contacts[]`.
///
/// `parent_user_id` is left out on purpose: it spans linked business portfolios, and a contact must never be
/// merged by an id that reaches beyond the account it was learnt on.
#[derive(Debug)]
struct Person {
    phone: Option<Identity>,
    user: Option<Identity>,
    name: Option<String>,
    username: Option<String>,
}

/// The people of one `value`.
#[derive(Debug, Default)]
pub struct People {
    all: Vec<Person>,
    by_identity: HashMap<Identity, usize>,
}

impl People {
    /// Reads `contacts[]`; elements that name nobody are skipped.
    pub fn read(value: &Value) -> Self {
        let mut people = Self::default();
        for contact in elements(value, "contacts") {
            let profile = contact.get("profile").unwrap_or(&Value::Null);
            let person = Person {
                phone: identity(contact, "wa_id"),
                user: user(contact, "user_id"),
                name: name(profile, "name").or_else(|| name(contact, "name")),
                username: username(profile).or_else(|| username(contact)),
            };
            let known = (&person.phone, &person.user, &person.name, &person.username);
            if known == (&None, &None, &None, &None) {
                continue;
            }
            let index = people.all.len();
            for identity in [&person.user, &person.phone].into_iter().flatten() {
                people.by_identity.entry(identity.clone()).or_insert(index);
            }
            people.all.push(person);
        }
        people
    }

    /// The person under these keys of `element`, completed by what `contacts[]` knows. The user id is asked
    /// first: it is there even when the number is hidden.
    pub fn find(&self, element: &Value, phone_key: &str, user_key: &str) -> Sender {
        let phone = identity(element, phone_key);
        let user = user(element, user_key);
        let known = [&user, &phone].into_iter().flatten().find_map(|i| self.by_identity.get(i)).copied();
        let person =
            known.and_then(|i| self.all.get(i)).or_else(|| self.only(phone.is_none() && user.is_none()));
        let Some(person) = person else {
            return Sender { identities: distinct([phone, user]), ..Sender::default() };
        };
        Sender {
            identities: distinct([phone, person.phone.clone(), user, person.user.clone()]),
            name: person.name.clone(),
            username: person.username.clone(),
        }
    }

    /// The only person there is, if there is no doubt: the element names nobody, or that person has no id.
    fn only(&self, nameless: bool) -> Option<&Person> {
        let [person] = self.all.as_slice() else { return None };
        (nameless || (person.phone.is_none() && person.user.is_none())).then_some(person)
    }
}

/// A user name without its `@`.
pub fn username(value: &Value) -> Option<String> {
    let raw = name(value, "username")?;
    let bare = raw.trim_start_matches('@');
    (!bare.is_empty()).then(|| bare.to_owned())
}

/// The conversation: the group if there is one, else the person.
pub fn chat(element: &Value, sender: &Sender) -> Option<Address> {
    match element.get("group_id").filter(|g| !g.is_null() && g.as_str() != Some("")) {
        // A group's id that cannot be read is no reason to take the message for a private one.
        Some(_) => Address::group(&id(element, "group_id")?).ok(),
        None => sender.identities.first().map(address),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(sender: &Sender) -> Vec<&str> {
        sender.identities.iter().map(|i| i.value.as_str()).collect()
    }

    #[test]
    fn the_user_id_is_asked_first() {
        let people = People::read(&json!({"contacts": [
            {"wa_id": 16_505_551_234_i64, "profile": {"name": "By number"}},
            {"user_id": "US.1", "profile": {"name": " ", "username": "@by_user"}},
        ]}));
        let found =
            people.find(&json!({"from": "16505551234", "from_user_id": "US.1"}), "from", "from_user_id");
        assert_eq!((found.name.as_deref(), found.username.as_deref()), (None, Some("by_user")));
        assert_eq!(ids(&found), ["16505551234", "US.1"]);
        let found = people.find(&json!({"from": 16_505_551_234_i64}), "from", "from_user_id");
        assert_eq!((found.name.as_deref(), ids(&found)), (Some("By number"), vec!["16505551234"]));
        let nobody = people.find(&json!({}), "from", "from_user_id");
        assert_eq!(nobody, Sender::default(), "two people: no guess");
    }

    #[test]
    fn a_group_is_never_taken_for_a_person() {
        let sender = People::default().find(&json!({"from": "16505551234"}), "from", "from_user_id");
        let of = |group: Value| chat(&json!({"group_id": group}), &sender).map(|a| a.to_string());
        assert_eq!(of(json!("Y2Fwa")).as_deref(), Some("group:Y2Fwa"));
        assert_eq!(of(json!("120363@g.us")).as_deref(), Some("group:120363"));
        for none in [json!(null), json!("")] {
            assert_eq!(of(none).as_deref(), Some("phone:16505551234"));
        }
        for odd in [json!([]), json!("a b"), json!({"id": 1}), json!(true)] {
            assert_eq!(of(odd), None);
        }
    }

    #[test]
    fn one_person_fills_the_gaps() {
        let people = People::read(
            &json!({"contacts": [{"wa_id": "16505551234", "user_id": "US.1", "profile": {"name": "Ana"}}]}),
        );
        assert_eq!(ids(&people.find(&json!({}), "from", "from_user_id")), ["16505551234", "US.1"]);
        assert_eq!(
            ids(&people.find(&json!({"from_user_id": "US.1"}), "from", "from_user_id")),
            ["16505551234", "US.1"]
        );
        let stranger = people.find(&json!({"from": "4912345678"}), "from", "from_user_id");
        assert_eq!((ids(&stranger), &stranger.name), (vec!["4912345678"], &None));
    }
}
