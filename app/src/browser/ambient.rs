//! The browser's clock and randomness.

use balas_domain::{Clock, Random, Timestamp};

/// The browser's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrowserClock;

impl Clock for BrowserClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(js_sys::Date::now() as i64)
    }
}

/// The browser's randomness, good enough for ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrowserRandom;

impl Random for BrowserRandom {
    fn fill(&self, buffer: &mut [u8]) {
        let filled = web_sys::window()
            .and_then(|window| window.crypto().ok())
            .is_some_and(|crypto| crypto.get_random_values_with_u8_array(buffer).is_ok());
        if !filled {
            // `crypto` is there in every browser that runs WebAssembly; `Math.random` still keeps ids apart.
            for byte in buffer {
                *byte = (js_sys::Math::random() * 256.0) as u8;
            }
        }
    }
}

/// Now, by the browser's clock.
pub(crate) fn now() -> Timestamp {
    BrowserClock.now()
}
