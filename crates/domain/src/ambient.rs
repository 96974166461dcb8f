//! What the surroundings provide: the time and randomness. Both are arguments everywhere, so that tests own them.

use crate::time::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in microseconds since 1970 (UTC).
    fn now(&self) -> Timestamp;
}

/// Fills buffers with randomness that is good enough for keys.
pub trait Random: Send + Sync {
    /// Overwrites the whole buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// Stand-ins for tests of every room.
pub mod test {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use super::{Clock, Random, Timestamp};

    /// A clock that moves only when told to.
    #[derive(Debug)]
    pub struct TestClock(AtomicI64);

    impl TestClock {
        /// A clock that stands at the given time.
        #[must_use]
        pub const fn at(now: Timestamp) -> Self {
            Self(AtomicI64::new(now.0))
        }

        /// Moves the clock forward.
        pub fn advance(&self, by: std::time::Duration) {
            self.0.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::SeqCst))
        }
    }

    /// Predictable bytes that never repeat as a whole.
    #[derive(Debug, Default)]
    pub struct CountingRandom(AtomicU64);

    impl Random for CountingRandom {
        fn fill(&self, buffer: &mut [u8]) {
            let mut state = self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
            for byte in buffer.iter_mut() {
                // splitmix64: spreads a counter over all bits.
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = state;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                *byte = (z ^ (z >> 31)) as u8;
            }
        }
    }
}
