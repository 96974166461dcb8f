//! The real clock and the real randomness, for start-up to pass in; and moments that never repeat.

use std::sync::atomic::{AtomicI64, Ordering};

use balas_domain::{Clock, Random, Timestamp};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the ambient clock is read")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    /// # Panics
    /// When the operating system has no randomness: going on would make guessable keys.
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the one place where randomness is drawn"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system's random source must work");
    }
}

/// Hands out times of which each is later than the one before. Providers time messages in whole seconds; ids made
/// from these keep the messages of one second in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Moments(AtomicI64);

impl Moments {
    /// Now, or the first moment after the last one that was handed out.
    pub(crate) fn next(&self, now: Timestamp) -> Timestamp {
        self.0.fetch_max(now.0 - 1, Ordering::Relaxed);
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
