//! Messages that were written here and that the server has not taken yet. Each has its own place in the
//! browser's storage, so that two tabs never overwrite each other; both may send it, its id makes it one
//! message.

use balas_domain::{
    AccountId, Content, ConversationId, Delivery, Mention, MessageId, MessageStatus, Seq, Timestamp,
    query::NewMessage,
    view::{Author, Direction, MessageView, Quote},
};
use serde::{Deserialize, Serialize};

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unsent {
    /// Whose it is: another member on the same computer must not send it.
    pub(crate) author: Author,
    /// Where it goes.
    pub(crate) conversation: ConversationId,
    /// By which number.
    pub(crate) account: AccountId,
    /// Made here, once: sending twice is one message.
    pub(crate) id: MessageId,
    /// What it says.
    pub(crate) content: Content,
    /// Whom it mentions, until the server says so.
    #[serde(default)]
    pub(crate) mentions: Vec<Mention>,
    /// The message that it answers.
    pub(crate) reply_to: Option<MessageId>,
    /// That message, as shown above the bubble.
    pub(crate) quote: Option<Quote>,
    /// When it was written.
    pub(crate) at: Timestamp,
}

impl Unsent {
    /// As the server is asked to send it.
    pub(crate) fn request(&self) -> NewMessage {
        NewMessage { id: self.id, content: self.content.clone(), reply_to: self.reply_to }
    }

    /// As the thread shows it until the server has taken it.
    pub(crate) fn bubble(&self) -> MessageView {
        MessageView {
            id: self.id,
            conversation_id: self.conversation,
            account_id: self.account,
            sent_with: None,
            direction: Direction::Out,
            author: self.author.clone(),
            content: self.content.clone(),
            file: None,
            mentions: self.mentions.clone(),
            delivery: Delivery { attempt: 1, status: MessageStatus::Queued },
            failure: None,
            held: None,
            quote: self.quote.clone(),
            reactions: Vec::new(),
            votes: Vec::new(),
            at: self.at,
            edited: false,
            revoked: false,
            recovered: false,
            version: Seq(0),
        }
    }
}

/// What waits, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outbox {
    waiting: Vec<Unsent>,
}

impl Outbox {
    /// What was left in the storage, of this author only.
    pub(crate) fn restored(mut found: Vec<Unsent>, author: &Author) -> Self {
        found.retain(|unsent| is_same(&unsent.author, author));
        found.sort_by_key(|unsent| (unsent.at, unsent.id));
        found.dedup_by_key(|unsent| unsent.id);
        Self { waiting: found }
    }

    pub(crate) fn push(&mut self, unsent: Unsent) {
        if !self.waiting.iter().any(|other| other.id == unsent.id) {
            self.waiting.push(unsent);
        }
    }

    /// The server has taken or refused it.
    pub(crate) fn remove(&mut self, id: MessageId) -> Option<Unsent> {
        let at = self.waiting.iter().position(|unsent| unsent.id == id)?;
        Some(self.waiting.remove(at))
    }

    /// The one that goes first: within a conversation nothing may overtake.
    pub(crate) fn next(&self) -> Option<&Unsent> {
        self.waiting.first()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Unsent> {
        self.waiting.iter()
    }
}

fn is_same(a: &Author, b: &Author) -> bool {
    matches!((a, b), (Author::Member { id: a, .. }, Author::Member { id: b, .. }) if a == b)
}

const PREFIX: &str = "balas.unsent.";

/// Reads what was left in the browser's storage.
pub(crate) fn stored() -> Vec<Unsent> {
    use crate::browser::storage;
    storage::keys(PREFIX).iter().filter_map(|key| storage::value(key)).collect()
}

/// Remembers one.
pub(crate) fn store(unsent: &Unsent) {
    crate::browser::storage::set_value(&format!("{PREFIX}{}", unsent.id), unsent);
}

/// Forgets one.
pub(crate) fn forget(id: MessageId) {
    crate::browser::storage::remove(&format!("{PREFIX}{id}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use balas_domain::MemberId;

    fn member(n: u128) -> Author {
        Author::Member { id: MemberId(uuid::Uuid::from_u128(n)), name: format!("Member {n}") }
    }

    fn unsent(n: u128, at: i64, author: Author) -> Unsent {
        Unsent {
            author,
            conversation: ConversationId(uuid::Uuid::from_u128(1)),
            account: AccountId(uuid::Uuid::from_u128(2)),
            id: MessageId(uuid::Uuid::from_u128(n)),
            content: Content::text(format!("text {n}")),
            reply_to: None,
            mentions: Vec::new(),
            quote: None,
            at: Timestamp(at),
        }
    }

    #[test]
    fn what_was_left_comes_back_in_the_order_it_was_written() {
        let me = member(1);
        let found = vec![unsent(3, 30, me.clone()), unsent(1, 10, me.clone()), unsent(2, 20, member(2))];
        let outbox = Outbox::restored(
            found,
            &Author::Member { id: MemberId(uuid::Uuid::from_u128(1)), name: "Renamed since".into() },
        );
        let texts: Vec<&str> = outbox.iter().map(|u| u.content.searchable()).collect();
        assert_eq!(texts, ["text 1", "text 3"], "another member's message is not sent by me");
    }

    #[test]
    fn a_message_waits_once_and_leaves_once() {
        let mut outbox = Outbox::default();
        outbox.push(unsent(1, 10, member(1)));
        outbox.push(unsent(1, 10, member(1)));
        assert_eq!(outbox.len(), 1);
        assert_eq!(outbox.next().map(|u| u.at), Some(Timestamp(10)));
        let id = MessageId(uuid::Uuid::from_u128(1));
        assert!(outbox.remove(id).is_some());
        assert!(outbox.remove(id).is_none());
    }

    #[test]
    fn storage_gives_back_what_was_stored() {
        let original = unsent(1, 10, member(1));
        let json = serde_json::to_string(&original).unwrap();
        assert_eq!(serde_json::from_str::<Unsent>(&json).unwrap(), original);
        assert_eq!(original.bubble().version, Seq(0), "unconfirmed");
        assert_eq!(original.request().id, original.id);
    }
}
