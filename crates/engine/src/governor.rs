//! When an account may send: pace, pair rate, and a breaker that stops hammering a provider that is down.
//!
//! All times come from the caller, so that days of sending are simulated in a test. State is in memory: after a
//! restart Meta's own limits catch what this has forgotten. The pace of linked numbers, whose provider only knows how to
//! block, is in the database (`store::accounts::take_turn`).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use balas_domain::{
    AccountId, ConversationId, Timestamp,
    view::{Held, HeldReason, ProviderKind},
};

/// Messages per second of one Cloud API number. Meta allows 80, counting received ones too (and 20 for numbers that
/// are also used in the phone app): half of it leaves room for what comes in.
const PER_SECOND: f64 = 40.0;
/// Messages that may go at once after a pause.
const BURST: f64 = 40.0;
/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;
/// First wait of an open breaker; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Meta's pair rate (131056): about one message in six seconds to the same customer, growing by four.
const PAIR_WAIT: Duration = Duration::from_secs(6);

/// A probe that nobody reported on after this long is forgotten.
const PROBE_LIMIT: Duration = Duration::from_mins(1);

/// What a try taught about the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// The provider answered, well or with a definite refusal of this one message.
    Answered,
    /// The provider is not well: connection refused, 5xx, lost answers.
    Unwell,
    /// Too fast on this account: not before then.
    TooFast(Duration),
    /// Too fast to this one customer.
    TooFastToPair,
}

#[derive(Debug)]
struct State {
    /// Cloud API: messages that may go at once.
    tokens: f64,
    refilled_at: Timestamp,
    failures: u32,
    /// Nothing goes before this, and why.
    closed: Held,
    /// While the breaker is half open one try is on its way, since then.
    probing: Option<Timestamp>,
    pairs: HashMap<ConversationId, (Timestamp, u32)>,
}

/// The pace of all accounts.
#[derive(Debug, Default)]
pub struct Governor(Mutex<HashMap<AccountId, State>>);

impl State {
    /// Lets nothing go before then.
    fn close(&mut self, reason: HeldReason, until: Timestamp) {
        if until > self.closed.until {
            self.closed = Held { reason, until };
        }
    }
}

impl Governor {
    /// Takes a turn, or says from when on it is worth asking again.
    ///
    /// # Errors
    /// The time before which nothing may be sent, and why.
    pub fn admit(
        &self,
        account: AccountId,
        to: ConversationId,
        provider: ProviderKind,
        now: Timestamp,
    ) -> Result<(), Held> {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(account).or_insert_with(|| State {
            tokens: BURST,
            refilled_at: now,
            failures: 0,
            closed: Held { reason: HeldReason::Unreachable, until: Timestamp(0) },
            probing: None,
            pairs: HashMap::new(),
        });
        if now < state.closed.until {
            return Err(state.closed);
        }
        let wait = |reason, until| Err(Held { reason, until });
        if state.failures >= FAILURES {
            if state.probing.is_some_and(|since| now.since(since) < PROBE_LIMIT) {
                return wait(HeldReason::Unreachable, now.after(Duration::from_secs(1)));
            }
            state.probing = Some(now);
        }
        if let Some((until, _)) = state.pairs.get(&to)
            && now < *until
        {
            state.probing = None;
            return wait(HeldReason::Throttled, *until);
        }
        if provider != ProviderKind::Cloud {
            return Ok(());
        }
        let gained = now.since(state.refilled_at).as_secs_f64() * PER_SECOND;
        state.tokens = (state.tokens + gained).min(BURST);
        state.refilled_at = state.refilled_at.max(now);
        if state.tokens < 1.0 {
            state.probing = None;
            let missing = Duration::from_secs_f64((1.0 - state.tokens) / PER_SECOND);
            // Never the same moment again, however little is missing.
            return wait(HeldReason::Pace, now.after(missing.max(Duration::from_millis(1))));
        }
        state.tokens -= 1.0;
        Ok(())
    }

    /// Gives a turn back that was not used.
    pub fn forgo(&self, account: AccountId) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = states.get_mut(&account) {
            state.tokens += 1.0;
            state.probing = None;
        }
    }

    /// Learns from a try that was admitted. Returns the time before which the same message should not be tried again.
    pub fn learn(&self, account: AccountId, to: ConversationId, now: Timestamp, lesson: Lesson) -> Timestamp {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = states.get_mut(&account) else { return now };
        state.probing = None;
        match lesson {
            Lesson::Answered => {
                state.failures = 0;
                state.pairs.retain(|pair, (until, _)| *pair != to && now < until.after(LONGEST_WAIT));
                now
            }
            Lesson::Unwell => {
                state.failures = state.failures.saturating_add(1);
                if state.failures >= FAILURES {
                    let wait =
                        FIRST_WAIT.saturating_mul(1 << (state.failures - FAILURES).min(6)).min(LONGEST_WAIT);
                    state.close(HeldReason::Unreachable, now.after(wait));
                }
                state.closed.until.max(now)
            }
            Lesson::TooFast(wait) => {
                state.close(HeldReason::Throttled, now.after(wait));
                state.closed.until
            }
            Lesson::TooFastToPair => {
                let (until, strikes) = state.pairs.entry(to).or_insert((now, 0));
                *until = now.after(
                    PAIR_WAIT.saturating_mul(4_u32.saturating_pow((*strikes).min(4))).min(LONGEST_WAIT),
                );
                *strikes += 1;
                *until
            }
        }
    }

    /// Forgets what was learned, e.g. when an admin has reconnected the account.
    pub fn reset(&self, account: AccountId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use balas_domain::ambient::test::CountingRandom;

    use super::*;

    struct Simulation {
        governor: Governor,
        account: AccountId,
        to: ConversationId,
        now: Timestamp,
    }

    impl Simulation {
        fn new() -> Self {
            let (now, random) = (Timestamp::from_seconds(1_000_000), CountingRandom::default());
            Self {
                governor: Governor::default(),
                account: AccountId::new(now, &random),
                to: ConversationId::new(now, &random),
                now,
            }
        }

        fn admit(&self) -> Result<(), Held> {
            self.governor.admit(self.account, self.to, ProviderKind::Cloud, self.now)
        }

        fn learn(&self, lesson: Lesson) -> Timestamp {
            self.governor.learn(self.account, self.to, self.now, lesson)
        }
    }

    #[test]
    fn the_pace_holds_over_an_hour() {
        let mut sim = Simulation::new();
        let end = sim.now.after(Duration::from_hours(1));
        let mut sent = Vec::new();
        while sim.now < end {
            match sim.admit() {
                Ok(()) => sent.push(sim.now),
                Err(Held { reason, until }) => {
                    assert!(until > sim.now);
                    assert_eq!(reason, HeldReason::Pace);
                    sim.now = until;
                }
            }
        }
        let most = (PER_SECOND * 3600.0 + BURST) as usize;
        assert!(sent.len() <= most + 1 && sent.len() > most * 9 / 10, "{}", sent.len());
        let window = (PER_SECOND + BURST) as usize;
        for pair in sent.windows(window + 2) {
            assert!(
                pair[window + 1].since(pair[0]) >= Duration::from_millis(990),
                "never more than a burst above the rate"
            );
        }
    }

    #[test]
    fn a_turn_that_was_not_used_is_given_back() {
        let sim = Simulation::new();
        while sim.admit().is_ok() {}
        sim.governor.forgo(sim.account);
        sim.admit().unwrap();
        assert!(sim.admit().is_err());
    }

    #[test]
    fn the_breaker_opens_probes_and_closes() {
        let mut sim = Simulation::new();
        for _ in 0..FAILURES {
            sim.admit().unwrap();
            sim.learn(Lesson::Unwell);
        }
        let Held { reason, until } = sim.admit().unwrap_err();
        assert_eq!((reason, until), (HeldReason::Unreachable, sim.now.after(FIRST_WAIT)));
        sim.now = until;
        sim.admit().unwrap();
        assert!(sim.admit().is_err(), "one probe at a time");
        let again = sim.learn(Lesson::Unwell);
        assert_eq!(again.since(sim.now), FIRST_WAIT * 2);
        sim.now = again;
        sim.admit().unwrap();
        sim.learn(Lesson::Answered);
        sim.admit().unwrap();
        sim.admit().unwrap();
    }

    #[test]
    fn one_pair_waits_alone() {
        let mut sim = Simulation::new();
        let other = ConversationId::new(Timestamp(0), &CountingRandom::default());
        sim.admit().unwrap();
        assert_eq!(sim.learn(Lesson::TooFastToPair).since(sim.now), PAIR_WAIT);
        assert_eq!(sim.admit().unwrap_err().reason, HeldReason::Throttled);
        sim.governor.admit(sim.account, other, ProviderKind::Cloud, sim.now).unwrap();
        sim.now = sim.now.after(PAIR_WAIT);
        sim.admit().unwrap();
        assert_eq!(sim.learn(Lesson::TooFastToPair).since(sim.now), PAIR_WAIT * 4);
    }

    #[test]
    fn the_providers_word_is_kept() {
        let sim = Simulation::new();
        sim.admit().unwrap();
        assert_eq!(
            sim.learn(Lesson::TooFast(Duration::from_secs(90))),
            sim.now.after(Duration::from_secs(90))
        );
        let until = sim.now.after(Duration::from_secs(90));
        assert_eq!(sim.admit(), Err(Held { reason: HeldReason::Throttled, until }));
        sim.governor.reset(sim.account);
        sim.admit().unwrap();
    }
}
