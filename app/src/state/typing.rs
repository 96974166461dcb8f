//! Who is typing where. Passing news: forgotten after ten seconds without a repeat. Pure.

use std::time::Duration;

use balas_domain::{ConversationId, MemberId, Timestamp, socket::Typist};

/// How long someone counts as typing without a repeat.
pub(crate) const LASTS: Duration = Duration::from_secs(10);
/// How often our own typing is told at most.
pub(crate) const REPEAT: Duration = Duration::from_secs(4);

/// Everyone who is typing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typing(Vec<(ConversationId, Typist, Timestamp)>);

impl Typing {
    /// Someone began, goes on, or stopped.
    pub(crate) fn heard(&mut self, conversation: ConversationId, who: Typist, on: bool, now: Timestamp) {
        self.0.retain(|(c, w, _)| *c != conversation || *w != who);
        if on {
            self.0.push((conversation, who, now.after(LASTS)));
        }
    }

    /// Forgets those of whom nothing was heard for long; tells whether anyone was.
    pub(crate) fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, _, until)| *until > now);
        self.0.len() != before
    }

    /// Whoever types in a conversation, except oneself; the customer first.
    pub(crate) fn who(&self, conversation: ConversationId, me: Option<MemberId>) -> Option<&Typist> {
        let others = || {
            self.0
                .iter()
                .filter(|(c, _, _)| *c == conversation)
                .map(|(_, who, _)| who)
                .filter(|who| !matches!(who, Typist::Member { id, .. } if Some(*id) == me))
        };
        others().find(|who| **who == Typist::Contact).or_else(|| others().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(n: u128) -> ConversationId {
        ConversationId(uuid::Uuid::from_u128(n))
    }

    fn member(n: u128) -> Typist {
        Typist::Member { id: MemberId(uuid::Uuid::from_u128(n)), name: format!("M{n}") }
    }

    #[test]
    fn typing_fades_without_a_repeat() {
        let mut typing = Typing::default();
        let start = Timestamp::from_seconds(100);
        typing.heard(conversation(1), member(1), true, start);
        assert!(!typing.expire(start.after(Duration::from_secs(9))));
        typing.heard(conversation(1), member(1), true, start.after(Duration::from_secs(9)));
        assert!(!typing.expire(start.after(Duration::from_secs(11))));
        assert!(typing.expire(start.after(Duration::from_secs(19))));
        assert_eq!(typing, Typing::default());
    }

    #[test]
    fn the_customer_comes_first_and_oneself_never() {
        let mut typing = Typing::default();
        let now = Timestamp(0);
        let me = Some(MemberId(uuid::Uuid::from_u128(1)));
        typing.heard(conversation(1), member(1), true, now);
        assert_eq!(typing.who(conversation(1), me), None);
        typing.heard(conversation(1), member(2), true, now);
        assert_eq!(typing.who(conversation(1), me), Some(&member(2)));
        typing.heard(conversation(1), Typist::Contact, true, now);
        assert_eq!(typing.who(conversation(1), me), Some(&Typist::Contact));
        typing.heard(conversation(1), Typist::Contact, false, now);
        assert_eq!(typing.who(conversation(1), me), Some(&member(2)));
        assert_eq!(typing.who(conversation(2), me), None);
    }
}
