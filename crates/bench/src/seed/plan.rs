//! What is written: who wrote when and what, computed from the number of the message alone.

use balas_domain::Timestamp;
use uuid::Uuid;

use crate::rng::Rng;

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Conversations; each has at least one message.
    pub conversations: u32,
    /// Messages of all conversations together.
    pub messages: u32,
    /// Messages of one conversation among them.
    pub longest: u32,
}

/// Over how long the messages are spread.
const SPAN_SECONDS: i64 = 180 * 24 * 3600;
/// A coprime of all sizes in use, so that multiples of it modulo the size visit every conversation once.
const STRIDE: u64 = 7_368_787;

const WORDS: [&str; 32] = [
    "order",
    "delivery",
    "tomorrow",
    "price",
    "blue",
    "size",
    "payment",
    "received",
    "please",
    "thanks",
    "address",
    "photo",
    "stock",
    "courier",
    "morning",
    "invoice",
    "refund",
    "discount",
    "shipping",
    "colour",
    "package",
    "store",
    "open",
    "number",
    "confirm",
    "available",
    "today",
    "question",
    "transfer",
    "bank",
    "receipt",
    "wait",
];
const FIRST: [&str; 16] = [
    "Siti", "Budi", "Ana", "Rafael", "Dewi", "Joana", "Putri", "Lucas", "Agus", "Maria", "Wayan", "Beatriz",
    "Rina", "Pedro", "Ahmad", "Larissa",
];
const LAST: [&str; 16] = [
    "Santoso", "Silva", "Wijaya", "Souza", "Pratama", "Costa", "Lestari", "Pereira", "Hidayat", "Almeida",
    "Kusuma", "Ribeiro", "Saputra", "Gomes", "Rahayu", "Barros",
];

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    number: u32,
    pub(super) conversation: u32,
    pub(super) id: Uuid,
    pub(super) inbound: bool,
    pub(super) at: Timestamp,
    pub(super) version: i64,
}

impl Message {
    /// Eight to forty words.
    pub(super) fn text(&self) -> String {
        let mut rng = Rng::new(0x7e47 ^ u64::from(self.number));
        let words = 3 + rng.below(20) + if rng.chance(10) { 20 } else { 0 };
        let mut text = format!("Message {}", self.number);
        for _ in 0..words {
            text.push(' ');
            text.push_str(WORDS[rng.index(WORDS.len())]);
        }
        // A preview holds 160 characters; staying below keeps list and thread the same.
        text.truncate(text.len().min(155));
        text.truncate(text.trim_end().len());
        text
    }

    pub(super) fn provider_id(&self) -> String {
        format!("wamid.SEED{:030X}", u128::from(self.number) * 0x9E37_79B9_7F4A_7C15)
    }

    pub(super) const fn direction(&self) -> &'static str {
        if self.inbound { "in" } else { "out" }
    }

    pub(super) const fn status(&self) -> &'static str {
        if self.inbound { "delivered" } else { "read" }
    }
}

/// A conversation after all its messages.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    number: u32,
    pub(super) id: Uuid,
    pub(super) contact: Uuid,
    pub(super) first_at: Timestamp,
    pub(super) last: Message,
    pub(super) last_inbound_at: Option<Timestamp>,
    pub(super) unread: i64,
    pub(super) version: i64,
}

impl Conversation {
    pub(super) fn name(&self) -> String {
        let n = self.number as usize;
        format!("{} {} {n}", FIRST[n % FIRST.len()], LAST[n / FIRST.len() % LAST.len()])
    }

    /// Of a range that neither the demo's customers nor the loads use.
    pub(super) fn phone(&self) -> String {
        format!("62899{:08}", self.number)
    }

    pub(super) fn address(&self) -> String {
        balas_domain::Address::Phone(self.phone()).to_string()
    }
}

/// Everything that is written.
pub(super) struct Plan {
    size: Size,
    end: Timestamp,
    conversations: Vec<Conversation>,
}

impl Plan {
    pub(super) fn new(size: Size, end: Timestamp) -> Self {
        let mut plan = Self { size, end, conversations: Vec::new() };
        let mut states: Vec<Option<Conversation>> = vec![None; size.conversations as usize];
        for message in plan.messages() {
            let number = message.conversation;
            let state = states[number as usize].get_or_insert_with(|| {
                let mut rng = Rng::new(0xc0_4e75 ^ u64::from(number));
                let millis = message.at.as_millis();
                Conversation {
                    number,
                    id: rng.uuid(millis),
                    contact: rng.uuid(millis),
                    first_at: message.at,
                    last: message,
                    last_inbound_at: None,
                    unread: 0,
                    version: 0,
                }
            });
            state.last = message;
            if message.inbound {
                state.last_inbound_at = Some(message.at);
                state.unread += 1;
            } else {
                state.unread = 0;
            }
        }
        let mut version = i64::from(size.messages);
        for mut state in states.into_iter().flatten() {
            // Most conversations were read; a tenth waits.
            if state.number % 10 != 0 {
                state.unread = 0;
            }
            version += 1;
            state.version = version;
            plan.conversations.push(state);
        }
        plan
    }

    /// The highest version that anything has.
    pub(super) fn versions(&self) -> i64 {
        i64::from(self.size.messages) + self.conversations.len() as i64
    }

    pub(super) fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.iter()
    }

    /// Every number has one, so the place in the list is the number.
    pub(super) fn conversation(&self, number: u32) -> &Conversation {
        &self.conversations[number as usize]
    }

    /// All messages, oldest first.
    pub(super) fn messages(&self) -> impl Iterator<Item = Message> + use<> {
        let (size, end) = (self.size, self.end);
        let step = SPAN_SECONDS * 1_000_000 / i64::from(size.messages.max(1));
        (0..size.messages).map(move |number| {
            let mut rng = Rng::new(0x3e55 ^ (u64::from(number) << 1));
            let at = Timestamp(end.0 - step * i64::from(size.messages - number));
            let all = u64::from(size.conversations);
            let every = size.messages / size.conversations;
            let each_long = size.messages / size.longest.max(1);
            let conversation = if number % every == 0 && u64::from(number / every) < all {
                // Once around: everyone has a message.
                u64::from(number / every) * STRIDE % all
            } else if number % each_long == 1 {
                0
            } else {
                // The rest falls to few rather than to many: the square of an even distribution, conversation
                // 0 apart.
                let x = rng.below(1 << 20);
                1 + ((x * x) >> 20) * (all - 1) / (1 << 20)
            };
            Message {
                number,
                conversation: conversation as u32,
                id: rng.uuid(at.as_millis()),
                inbound: rng.chance(60),
                at,
                version: i64::from(number) + 1,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SIZE: Size = Size { conversations: 1_000, messages: 10_000, longest: 100 };

    #[test]
    fn everyone_has_a_message_and_one_has_many() {
        let plan = Plan::new(SIZE, Timestamp::from_seconds(1_750_000_000));
        assert_eq!(plan.conversations().count(), 1_000);
        assert!((0..1_000).all(|n| plan.conversation(n).number == n));
        assert_eq!(plan.messages().count(), 10_000);
        let longest = plan.messages().filter(|m| m.conversation == 0).count();
        assert!((100..=101).contains(&longest), "{longest}");
        assert_eq!(plan.messages().map(|m| m.id).collect::<HashSet<_>>().len(), 10_000);
        assert!(plan.conversations().any(|c| c.unread > 0) && plan.conversations().any(|c| c.unread == 0));
    }

    #[test]
    fn time_runs_forward_and_ends_before_now() {
        let now = Timestamp::from_seconds(1_750_000_000);
        let times: Vec<_> = Plan::new(SIZE, now).messages().map(|m| m.at).collect();
        assert!(times.is_sorted() && times.last() < Some(&now));
        assert!(times.iter().all(|t| now.0 - t.0 <= SPAN_SECONDS * 1_000_000));
    }

    #[test]
    fn nothing_needs_escaping() {
        let plan = Plan::new(SIZE, Timestamp::from_seconds(1_750_000_000));
        for text in
            plan.messages().take(1_000).map(|m| m.text()).chain(plan.conversations().map(Conversation::name))
        {
            assert!(
                text.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ') && text.len() < 160,
                "{text}"
            );
        }
    }
}
