//! Who is typing where. Passing news: forgotten after ten seconds without a repeat. Pure.

use std::time::Duration;

use balas_domain::{
    ConversationId, MemberId, Timestamp,
    socket::{Presence, Typist},
};

/// How long someone counts as typing without a repeat.
pub(crate) const LASTS: Duration = Duration::from_secs(10);
/// How often our own typing is told at most.
pub(crate) const REPEAT: Duration = Duration::from_secs(4);

/// Everyone who is typing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typing(Vec<(ConversationId, Typist, Presence, Timestamp)>);

impl Typing {
    /// Someone began, goes on, or stopped.
    pub(crate) fn heard(
        &mut self,
        conversation: ConversationId,
        who: Typist,
        presence: Presence,
        now: Timestamp,
    ) {
        self.0.retain(|(c, w, _, _)| *c != conversation || *w != who);
        if presence != Presence::Paused {
            self.0.push((conversation, who, presence, now.after(LASTS)));
        }
    }

    /// Forgets those of whom nothing was heard for long; tells whether anyone was.
    pub(crate) fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, _, _, until)| *until > now);
        self.0.len() != before
    }

    /// Whoever types or records in a conversation, except oneself; the customer first.
    pub(crate) fn who(
        &self,
        conversation: ConversationId,
        me: Option<MemberId>,
    ) -> Option<(&Typist, Presence)> {
        let others = || {
            self.0
                .iter()
                .filter(|(c, _, _, _)| *c == conversation)
                .map(|(_, who, presence, _)| (who, *presence))
                .filter(|(who, _)| !matches!(who, Typist::Member { id, .. } if Some(*id) == me))
        };
        others().find(|(who, _)| **who == Typist::Contact).or_else(|| others().next())
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
        typing.heard(conversation(1), member(1), Presence::Typing, start);
        assert!(!typing.expire(start.after(Duration::from_secs(9))));
        typing.heard(conversation(1), member(1), Presence::Typing, start.after(Duration::from_secs(9)));
        assert!(!typing.expire(start.after(Duration::from_secs(11))));
        assert!(typing.expire(start.after(Duration::from_secs(19))));
        assert_eq!(typing, Typing::default());
    }

    #[test]
    fn the_customer_comes_first_and_oneself_never() {
        let mut typing = Typing::default();
        let now = Timestamp(0);
        let me = Some(MemberId(uuid::Uuid::from_u128(1)));
        typing.heard(conversation(1), member(1), Presence::Typing, now);
        assert_eq!(typing.who(conversation(1), me), None);
        typing.heard(conversation(1), member(2), Presence::Typing, now);
        assert_eq!(typing.who(conversation(1), me), Some((&member(2), Presence::Typing)));
        typing.heard(conversation(1), Typist::Contact, Presence::Recording, now);
        assert_eq!(typing.who(conversation(1), me), Some((&Typist::Contact, Presence::Recording)));
        typing.heard(conversation(1), Typist::Contact, Presence::Paused, now);
        assert_eq!(typing.who(conversation(1), me), Some((&member(2), Presence::Typing)));
        assert_eq!(typing.who(conversation(2), me), None);
    }
}
