//! Groups that customers and businesses' phones are in.

use std::collections::BTreeSet;

use balas_domain::{Random, Timestamp};
use serde::Deserialize;

use super::{
    Effects, News, State, WorldError, digits,
    event::{Event, MemberChange},
};

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// `1203…@g.us`.
    pub(crate) jid: String,
    pub(crate) name: String,
    pub(crate) topic: String,
    pub(crate) created_at: Timestamp,
    /// The phone of who made it.
    pub(crate) founder: Option<String>,
    /// Only administrators may write; only they may change it.
    pub(crate) announce: bool,
    pub(crate) locked: bool,
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
    /// What it is about.
    pub description: Option<String>,
    /// Only administrators may write.
    pub announce: bool,
    /// Only administrators may change it.
    pub locked: bool,
    /// The customers in it. The first one made it.
    pub members: Vec<NewMember>,
}

/// Something that happens to members of a group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupStep {
    /// `1203…@g.us`.
    pub group: String,
    /// What happens.
    pub change: MemberChange,
    /// To whom.
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
        let members = self.keys(&new.members)?;
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
            founder: None,
            announce: false,
            locked: false,
            members: Vec::new(),
            accounts: BTreeSet::new(),
        });
        if !new.name.is_empty() {
            group.name.clone_from(&new.name);
        }
        if let Some(description) = &new.description {
            group.topic.clone_from(description);
        }
        group.announce |= new.announce;
        group.locked |= new.locked;
        for phone in members {
            if !group.members.iter().any(|member| member.phone == phone) {
                let admin = group.members.is_empty();
                if admin {
                    group.founder.get_or_insert_with(|| phone.clone());
                }
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

    /// Something happens to members. All gateways whose phones are in the group hear of it.
    pub(crate) fn group_step(&mut self, step: &GroupStep, now: Timestamp) -> Result<Effects, WorldError> {
        let jid = group_jid(&step.group)?;
        let keys = self.keys(&step.members)?;
        let unknown =
            || WorldError::Invalid(format!("there is no group {jid}; POST /control/groups makes one"));
        let group = self.groups.get_mut(&jid).ok_or_else(unknown)?;
        for key in &keys {
            let member = group.members.iter_mut().find(|member| member.phone == *key);
            match (step.change, member) {
                (MemberChange::Join, None) => {
                    group.members.push(Member { phone: key.clone(), admin: false });
                }
                (MemberChange::Leave, Some(_)) => group.members.retain(|member| member.phone != *key),
                (MemberChange::Promote, Some(member)) => member.admin = true,
                (MemberChange::Demote, Some(member)) => member.admin = false,
                (MemberChange::Join, Some(_)) | (_, None) => {}
            }
        }
        let accounts: Vec<String> = group.accounts.iter().cloned().collect();
        let people = keys.iter().map(|key| self.party(key)).collect();
        let event = Event::Members { group: jid.clone(), change: step.change, people, at: now };
        let mut effects = Effects::default();
        for account in accounts {
            effects.webhooks.extend(self.tell_devices(&account, &jid, None, &event));
        }
        Ok(effects)
    }

    /// The phones of these people; who has none yet gets one.
    fn keys(&mut self, people: &[NewMember]) -> Result<Vec<String>, WorldError> {
        let mut members = Vec::new();
        for member in people {
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
        Ok(members)
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
