//! Groups that customers and businesses' phones are in.

use std::collections::BTreeSet;

use balas_domain::{Random, Timestamp};
use serde::Deserialize;

use super::{Effects, News, State, WorldError, digits, event::Event};

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// `1203…@g.us`.
    pub(crate) jid: String,
    pub(crate) name: String,
    pub(crate) topic: String,
    pub(crate) created_at: Timestamp,
    /// The customers in it, by the keys of their phones.
    pub(crate) members: Vec<Member>,
    /// The businesses' phones in it.
    pub(crate) accounts: BTreeSet<String>,
}

/// A customer in a group.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) phone: String,
    pub(crate) admin: bool,
}

/// A group as tests ask for it. Doing it again adds what is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewGroup {
    /// The business's phone that is in it: its number, or the slot that it is linked to.
    pub account: String,
    /// `1203…@g.us`; a fresh one when absent.
    pub id: Option<String>,
    /// What it is called.
    pub name: String,
    /// The customers in it. The first one is its administrator.
    pub members: Vec<NewMember>,
}

/// A customer in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewMember {
    /// The number.
    pub from: Option<String>,
    /// The linked id, `2515…@lid`.
    pub lid: Option<String>,
    /// The name.
    pub name: Option<String>,
}

impl State {
    /// Makes a group, or adds people to it. Returns its address.
    pub(crate) fn add_group(
        &mut self,
        new: &NewGroup,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(String, Effects), WorldError> {
        let account = self
            .account(&new.account)
            .filter(|id| self.handsets.contains_key(id))
            .ok_or_else(|| WorldError::UnknownAccount(new.account.clone()))?;
        let jid = new.id.as_deref().map_or_else(|| Ok(fresh_jid(random)), group_jid)?;
        let mut members = Vec::new();
        for member in &new.members {
            let number = match &member.from {
                Some(from) => Some(
                    digits(from)
                        .ok_or_else(|| WorldError::Invalid(format!("from is not a phone number: {from}")))?,
                ),
                None => None,
            };
            let lid = member.lid.as_deref().map(lid_jid).transpose()?;
            if number.is_none() && lid.is_none() {
                return Err(WorldError::Invalid("each member needs from (a number) or lid".to_owned()));
            }
            let phone = self.phone(number.as_deref(), None, lid.as_deref());
            if let Some(name) = &member.name {
                phone.name.clone_from(name);
            }
            members.push(phone.key.clone());
        }
        let phone = self.phone(None, Some(&jid), None);
        (phone.group, phone.user_id) = (true, None);
        if !new.name.is_empty() {
            phone.name.clone_from(&new.name);
        }
        let group = self.groups.entry(jid.clone()).or_insert_with(|| Group {
            jid: jid.clone(),
            name: String::new(),
            topic: String::new(),
            created_at: now,
            members: Vec::new(),
            accounts: BTreeSet::new(),
        });
        if !new.name.is_empty() {
            group.name.clone_from(&new.name);
        }
        for phone in members {
            if !group.members.iter().any(|member| member.phone == phone) {
                let admin = group.members.is_empty();
                group.members.push(Member { phone, admin });
            }
        }
        let joined = group.accounts.insert(account.clone());
        let name = group.name.clone();
        let chat = self.chat(&account, &jid);
        chat.last_activity = chat.last_activity.max(now);
        let mut effects = Effects::default();
        if joined {
            let event = Event::Joined { group: jid.clone(), name, at: now };
            effects.webhooks = self.tell_devices(&account, &jid, None, &event);
        }
        effects.news.push(News::Chat { account, phone: jid.clone() });
        Ok((jid, effects))
    }

    pub(crate) fn group(&self, jid: &str) -> Option<&Group> {
        self.groups.get(jid)
    }

    /// The groups that this account's phone is in.
    pub(crate) fn groups_of(&self, account: &str) -> Vec<&Group> {
        self.groups.values().filter(|group| group.accounts.contains(account)).collect()
    }

    /// Changes name or topic.
    pub(crate) fn group_mut(&mut self, jid: &str) -> Option<&mut Group> {
        self.groups.get_mut(jid)
    }
}

fn fresh_jid(random: &dyn Random) -> String {
    let mut entropy = [0; 8];
    random.fill(&mut entropy);
    format!("120363{:012}@g.us", u64::from_le_bytes(entropy) % 1_000_000_000_000)
}

/// A group's address from its id, with or without `@g.us`.
pub(super) fn group_jid(id: &str) -> Result<String, WorldError> {
    let user = id.strip_suffix("@g.us").unwrap_or(id);
    let sound = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if sound {
        Ok(format!("{user}@g.us"))
    } else {
        Err(WorldError::Invalid(format!("{id} is no group id like 1203…@g.us")))
    }
}

/// A linked id's address, with or without `@lid`.
pub(super) fn lid_jid(lid: &str) -> Result<String, WorldError> {
    let user = lid.strip_suffix("@lid").unwrap_or(lid);
    let sound = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit());
    if sound {
        Ok(format!("{user}@lid"))
    } else {
        Err(WorldError::Invalid(format!("{lid} is no linked id like 2515…@lid")))
    }
}
