//! A past of any size: what a business's phone already holds when it is linked to a gateway.

use std::time::Duration;

use balas_domain::{Random, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::{Effects, Message, NewGroup, NewMember, News, State, Status, WorldError};

/// The first customer's number; each next one is the next number.
const FIRST_CUSTOMER: u64 = 62_850_000_000_000;
/// Between the newest messages of two chats.
const BETWEEN_CHATS: Duration = Duration::from_secs(30);
/// Between two messages of a chat.
const BETWEEN_MESSAGES: Duration = Duration::from_mins(7);
/// The newest message is so old.
const NEWEST: Duration = Duration::from_mins(5);
/// Of this many messages one is the business's own.
const OWN: usize = 3;
/// People who write in a group.
const WRITERS: usize = 5;

const NAMES: [&str; 12] =
    ["Budi", "Siti", "Wayan", "Dewi", "Agus", "Rina", "Joko", "Putri", "Made", "Nur", "Tono", "Lestari"];
const TEXTS: [&str; 8] = [
    "Good morning, is the blue one still there?",
    "Please send the invoice to the office.",
    "The courier came at noon, thank you!",
    "Can I pay by transfer tomorrow?",
    "Two boxes, the same as last time.",
    "Where is my parcel now?",
    "Perfect, see you on Monday.",
    "It does not fit, may I send it back?",
];

/// How much was said on a business's phone before today. Doing it again adds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Past {
    /// The business's phone: its number, or the slot that it is linked to.
    pub account: String,
    /// Chats with one customer each.
    pub chats: usize,
    /// Groups. They stand among the chats.
    pub groups: usize,
    /// Messages of each.
    pub messages: usize,
    /// Of so many chats and groups, those with the oldest messages, the phone hands over nothing but that they are there.
    pub kept_back: usize,
    /// Customers in each group.
    pub members: usize,
    /// The number that the customers are counted from, so that two phones know different people.
    pub first_customer: Option<u64>,
}

impl State {
    /// Fills the phone. Tells nobody: it has happened long ago.
    pub(crate) fn fill(
        &mut self,
        past: &Past,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Effects, WorldError> {
        let account = self
            .account(&past.account)
            .filter(|id| self.handset_exists(id))
            .ok_or_else(|| WorldError::UnknownAccount(past.account.clone()))?;
        let all = past.chats + past.groups;
        let every = all.checked_div(past.groups).unwrap_or(usize::MAX);
        let (mut customer, mut groups) = (past.first_customer.unwrap_or(FIRST_CUSTOMER), 0);
        let mut effects = Effects::default();
        for n in 0..all {
            let newest = now.before(NEWEST + BETWEEN_CHATS * u32::try_from(n).unwrap_or(u32::MAX));
            let in_group = groups < past.groups && n % every == every - 1 || all - n <= past.groups - groups;
            let (chat, authors) = if in_group {
                groups += 1;
                let people: Vec<u64> = (0..past.members.max(1) as u64).map(|m| customer + m).collect();
                customer += people.len() as u64;
                let new = NewGroup {
                    account: account.clone(),
                    id: Some(format!("12036{:013}@g.us", people[0] % 10_000_000_000_000)),
                    name: format!("{} {groups}", ["Resellers", "Family", "Building"][groups % 3]),
                    members: people.iter().map(|digits| member(*digits)).collect(),
                    ..NewGroup::default()
                };
                let (jid, told) = self.add_group(&new, newest, random)?;
                effects.news.extend(told.news);
                let writers = self.group(&jid).map(|group| {
                    group.members.iter().take(WRITERS).map(|member| member.phone.clone()).collect::<Vec<_>>()
                });
                (jid, writers.unwrap_or_default())
            } else {
                let digits = customer.to_string();
                customer += 1;
                let phone = self.phone(Some(&digits), None, None);
                phone.name = name(customer - 1);
                (phone.key.clone(), Vec::new())
            };
            for m in 0..past.messages {
                let back = past.messages - 1 - m;
                let id = format!("3EB0{customer:012X}{m:06X}");
                if self.messages.get(&account, &id).is_some() {
                    continue;
                }
                let outbound = m % OWN == OWN - 1;
                let text = format!("{} ({})", TEXTS[(n + m) % TEXTS.len()], m + 1);
                let at = newest.before(BETWEEN_MESSAGES * u32::try_from(back).unwrap_or(u32::MAX));
                self.insert(Message {
                    id,
                    account: account.clone(),
                    phone: chat.clone(),
                    outbound,
                    author: authors.get(m % authors.len().max(1)).filter(|_| !outbound).cloned(),
                    kind: "text".to_owned(),
                    body: json!({"body": text}),
                    media: None,
                    text: Some(text),
                    reply_to: None,
                    callback_data: None,
                    status: if outbound { Status::Read } else { Status::Received },
                    error: None,
                    at,
                    business_reaction: None,
                    customer_reaction: None,
                    edited: false,
                    revoked: false,
                    seen: true,
                    position: 0,
                    conversation: String::new(),
                });
            }
            if n + past.kept_back >= all {
                let chat = self.chat(&account, &chat);
                chat.kept_back = chat.messages.len();
            }
        }
        effects.news.push(News::Numbers);
        Ok(effects)
    }
}

fn name(digits: u64) -> String {
    let nth = usize::try_from(digits).unwrap_or_default();
    format!("{} {}", NAMES[nth % NAMES.len()], nth % 100_000)
}

fn member(digits: u64) -> NewMember {
    NewMember { from: Some(digits.to_string()), name: Some(name(digits)), ..NewMember::default() }
}
