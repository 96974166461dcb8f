//! Our gateway client and the sandbox held against the vendor's own OpenAPI documents, with Prism:
//!
//! - client → Prism (proxy) → sandbox: neither asks nor answers anything that the documents do not allow,
//! - client → Prism (mock): the client understands what the documents say that a gateway answers.
//!
//! Needs Node and Prism, hence ignored unless asked for:
//!
//! ```sh
//! npm --prefix crates/sandbox/contract ci
//! cargo test -p balas-sandbox --test contract -- --ignored
//! ```
//!
//! `BALAS_PRISM` names Prism's script if it stands elsewhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../shared/form.rs"]
mod form;
mod mock;
mod prism;
mod proxy;
mod relay;

use std::time::Duration;

use balas_domain::{Address, MessageId};
use balas_providers::{
    Body, Outgoing,
    gateway::{Dialect, Gateway, Secrets, Settings},
    http::{Limits, client_with},
};
use balas_sandbox::GatewayVersion;

const OWN: &str = "628110000002";
const SITI: &str = "6281200001001";

fn dialect(version: GatewayVersion) -> Dialect {
    match version {
        GatewayVersion::V7 => Dialect::V7,
        GatewayVersion::V9 => Dialect::V8Plus,
    }
}

fn client(base_url: &str, version: GatewayVersion) -> Gateway {
    let device_id = (version == GatewayVersion::V9).then(|| "shop".to_owned());
    let settings =
        Settings { base_url: base_url.to_owned(), dialect: dialect(version), device_id, phone: None };
    let secrets = Secrets {
        user: "balas".to_owned(),
        password: "sandbox-gateway".to_owned(),
        webhook_secret: "sandbox-gateway-webhook-secret".to_owned(),
    };
    let limits = Limits { connect: Duration::from_secs(5), total: Duration::from_secs(20) };
    Gateway::new(client_with(limits).unwrap(), settings, secrets).with_first_wait(Duration::from_millis(1))
}

fn siti() -> Address {
    Address::Phone(SITI.to_owned())
}

fn message(to: Address, body: Body) -> Outgoing {
    let id: MessageId = "0198c5a0-0000-7000-8000-000000000001".parse().unwrap();
    Outgoing { id, to, body, reply_to: None, mentions: Vec::new() }
}

fn text(to: Address, text: &str) -> Outgoing {
    message(to, Body::Text { text: text.to_owned() })
}
