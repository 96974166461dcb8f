//! Numbers that look random and are the same on every run, so that a measurement or a failed test can be
//! repeated.

use std::sync::atomic::{AtomicU64, Ordering};

use balas_domain::Random;
use uuid::Uuid;

/// splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators"). For loads, never for
/// keys.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The sequence that belongs to this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 if `n` is 0. Slightly uneven for huge `n`, which no load minds.
    pub const fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.next() % n }
    }

    /// An index into something of this length.
    pub const fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// True `percent` times in a hundred.
    pub const fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Puts the items into a random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    /// A `UUIDv7` of this millisecond since 1970.
    pub fn uuid(&mut self, millis: i64) -> Uuid {
        let mut bytes = [0; 10];
        fill(self, &mut bytes);
        uuid::Builder::from_unix_timestamp_millis(millis.max(0).unsigned_abs(), &bytes).into_uuid()
    }
}

fn fill(rng: &mut Rng, buffer: &mut [u8]) {
    for chunk in buffer.chunks_mut(8) {
        let bytes = rng.next().to_le_bytes();
        chunk.copy_from_slice(&bytes[..chunk.len()]);
    }
}

/// The same as the domain's source of randomness, for what only reads.
#[derive(Debug)]
pub struct Predictable(AtomicU64);

impl Predictable {
    /// The sequence that belongs to this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for Predictable {
    fn fill(&self, buffer: &mut [u8]) {
        let mut rng = Rng::new(self.0.fetch_add(0x9E37_79B9, Ordering::Relaxed));
        fill(&mut rng, buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_every_time() {
        // First outputs of the reference implementation for seed 1234567.
        let mut rng = Rng::new(1_234_567);
        assert_eq!(rng.next(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn shuffling_keeps_everything() {
        let mut items: Vec<u32> = (0..100).collect();
        Rng::new(7).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
