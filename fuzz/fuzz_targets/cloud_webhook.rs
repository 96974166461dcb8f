//! Any bytes as a delivery of Meta's Cloud API. Needs nightly; `fuzz/Cargo.toml` says how to run it.

#![no_main]

use balas_domain::Timestamp;
use balas_providers::{
    cloud::parse,
    inbound::{Batch, Inbound},
};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_seconds(1_760_000_000);

fuzz_target!(|body: &[u8]| {
    let Ok(batches) = parse(body, NOW) else { return };
    for event in batches.iter().flat_map(|b| &b.events) {
        let at = match event {
            Inbound::Message(m) => m.at,
            Inbound::Status(s) => s.at,
            Inbound::Edit { at, .. }
            | Inbound::Revoke { at, .. }
            | Inbound::Reaction { at, .. }
            | Inbound::IdentityChanged { at, .. } => *at,
            Inbound::Contacts { .. } | Inbound::AccountNotice { .. } | Inbound::Ignored { .. } => NOW,
        };
        assert!(at <= NOW, "a time that lies ahead: {event:?}");
    }
    // What is parked is taken up again unchanged.
    let parked = serde_json::to_vec(&batches).expect("events can be written");
    let again: Vec<Batch> = serde_json::from_slice(&parked).expect("events can be read");
    assert_eq!(again, batches);
});
