//! How often accounts are looked after. Tests go faster.

use std::time::Duration;

use balas_domain::Random;

/// How often accounts are looked after. Waits vary by a fifth, so that many accounts do not ask at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// While a phone is linked and all is well, the gateway is asked this often.
    pub poll: Duration,
    /// While a code is shown, the gateway is asked this often whether it was scanned.
    pub linking: Duration,
    /// First wait after a failure; doubles up to `longest_wait`.
    pub first_wait: Duration,
    /// Longest wait after failures.
    pub longest_wait: Duration,
    /// What the gateway knows is compared with what it delivered this often.
    pub reconcile: Duration,
    /// A message that is younger than this may still be on its way, so it is not missed yet.
    pub grace: Duration,
    /// Meta is asked this often whether a number still works and its deliveries are still wanted.
    pub probe: Duration,
    /// Between the starts of two accounts when the server starts.
    pub stagger: Duration,
    /// Until a message whose outcome is unknown is looked for; longer each time.
    pub look_up: Duration,
    /// A message waits so long for a number that will be back soon, before it leaves by another.
    pub fall_back: Duration,
    /// Between two browsers of the bridge that start.
    pub browser: Duration,
    /// The bridge goes on running for so long when nobody needs it any more.
    pub linger: Duration,
    /// It is looked at this often whether alerts are due or over.
    pub alerts: Duration,
    /// What counts as a minute where admins set minutes. Tests have less time.
    pub minute: Duration,
    /// A phone that was just linked hands over its list of chats within this time.
    pub settle: Duration,
    /// The first time that is waited before a phone's past is looked at again; the next ones are multiples of it.
    pub history: Duration,
    /// Between two questions for pictures of people and groups.
    pub pictures: Duration,
    /// The bridge must run so long without a break before its last end is forgotten.
    pub calm: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(15),
            linking: Duration::from_secs(1),
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_mins(5),
            reconcile: Duration::from_mins(10),
            grace: Duration::from_secs(10),
            probe: Duration::from_mins(10),
            stagger: Duration::from_millis(40),
            look_up: Duration::from_secs(5),
            fall_back: Duration::from_mins(1),
            browser: Duration::from_secs(3),
            linger: Duration::from_secs(30),
            alerts: Duration::from_secs(5),
            minute: Duration::from_mins(1),
            settle: Duration::from_secs(30),
            history: Duration::from_mins(1),
            pictures: Duration::from_secs(2),
            calm: Duration::from_mins(10),
        }
    }
}

impl Rhythm {
    /// The wait after so many failures in a row, the first being 1.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        self.first_wait.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(self.longest_wait)
    }
}

/// Up to a fifth more or less.
pub(crate) fn jittered(wait: Duration, random: &dyn Random) -> Duration {
    let mut byte = [0];
    random.fill(&mut byte);
    wait.mul_f64(0.8 + 0.4 * f64::from(byte[0]) / 255.0)
}

#[cfg(test)]
mod tests {
    use balas_domain::ambient::test::CountingRandom;

    use super::*;

    #[test]
    fn waits_grow_and_vary() {
        let rhythm = Rhythm::default();
        let waits: Vec<_> = (1..=4).map(|n| rhythm.backoff(n).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16]);
        assert_eq!(rhythm.backoff(u32::MAX), rhythm.longest_wait);
        let random = CountingRandom::default();
        let waits: Vec<_> = (0..50).map(|_| jittered(rhythm.poll, &random)).collect();
        assert!(waits.iter().all(|w| (12..=18).contains(&w.as_secs())));
        assert!(waits.windows(2).any(|w| w[0] != w[1]));
    }
}
