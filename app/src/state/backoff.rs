//! How long to wait before the next attempt to connect. Pure.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(20);

/// Counts attempts that failed in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// An attempt failed; wait this long. `dice` is any random number: half of the wait is random, so that a
    /// thousand pages do not come back in the same instant after a restart.
    pub(crate) fn failed(&mut self, dice: u32) -> Duration {
        let full = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = full / 2;
        half + half.mul_f64(f64::from(dice) / f64::from(u32::MAX))
    }

    /// It works again.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_start_over() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..12).map(|_| backoff.failed(u32::MAX)).collect();
        assert_eq!(waits[0], FIRST);
        assert!(waits.windows(2).all(|w| w[0] <= w[1]), "{waits:?}");
        assert_eq!(waits[11], LONGEST);
        backoff.succeeded();
        assert_eq!(backoff.failed(u32::MAX), FIRST);
    }

    #[test]
    fn half_of_the_wait_is_random() {
        let (mut low, mut high) = (Backoff::default(), Backoff::default());
        assert_eq!(low.failed(0), FIRST / 2);
        assert_eq!(high.failed(u32::MAX), FIRST);
    }
}
