//! What a sandbox is started with: where it listens and which business numbers live in it.

mod gateway;

use std::{fmt, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

pub use gateway::{Device, Gateway, GatewayVersion};

/// How to start a sandbox.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the Graph API, the control API and the phones' page listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The business numbers that exist from the start; more can be added later.
    pub numbers: Vec<Number>,
    /// Whether the first number starts with the conversations of [`crate::seed`], and phones and groups show pictures
    /// without being told to.
    pub seed: bool,
}

/// One business number on the Cloud API, with everything that a client needs to connect it.
///
/// All secrets are toys of this sandbox; `Debug` hides them all the same, so that nothing gets used to
/// logging them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// Digits; the id that the Graph API addresses the number by (not the phone number).
    pub phone_number_id: String,
    /// Digits; the WhatsApp Business Account that owns the number.
    pub waba_id: String,
    /// As people write it, for example `+62 811 0000 001`.
    pub display_phone_number: String,
    /// The business name that customers see.
    pub verified_name: String,
    /// The bearer token that the Graph API accepts for this number.
    pub token: String,
    /// The key of `X-Hub-Signature-256`.
    pub app_secret: String,
    /// What the `hub.challenge` probe carries as `hub.verify_token`.
    pub verify_token: String,
    /// Where webhooks go; without one they wait until it is set.
    #[serde(default)]
    pub webhook_url: Option<String>,
}

impl Number {
    /// The number of the demo shop, always the same, with its fixed toy secrets.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            phone_number_id: "100200300400500".to_owned(),
            waba_id: "200300400500600".to_owned(),
            display_phone_number: "+62 811 0000 001".to_owned(),
            verified_name: "Toko Melati".to_owned(),
            token: "sandbox-demo-token".to_owned(),
            app_secret: "5a4db0c5a4db0c5a4db0c5a4db0c5a4d".to_owned(),
            verify_token: "sandbox-demo-verify-token".to_owned(),
            webhook_url: None,
        }
    }

    /// The phone number as digits only, as `from` in echoes and `metadata` in webhooks spell it.
    #[must_use]
    pub fn digits(&self) -> String {
        self.display_phone_number.chars().filter(char::is_ascii_digit).collect()
    }

    /// Why this number cannot live in a sandbox, in words; nothing when it can.
    pub(crate) fn problem(&self) -> Option<String> {
        let digits = |value: &str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(&self.phone_number_id) {
            return Some("phone_number_id must be digits".to_owned());
        }
        if !digits(&self.waba_id) {
            return Some("waba_id must be digits".to_owned());
        }
        if self.phone_number_id == self.waba_id {
            return Some("phone_number_id and waba_id must differ".to_owned());
        }
        if !(7..=15).contains(&self.digits().len()) {
            return Some("display_phone_number must have 7 to 15 digits".to_owned());
        }
        for (name, value) in
            [("token", &self.token), ("app_secret", &self.app_secret), ("verify_token", &self.verify_token)]
        {
            if value.is_empty() {
                return Some(format!("{name} must not be empty"));
            }
        }
        None
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Number")
            .field("phone_number_id", &self.phone_number_id)
            .field("waba_id", &self.waba_id)
            .field("display_phone_number", &self.display_phone_number)
            .field("verified_name", &self.verified_name)
            .field("token", &"…")
            .field("app_secret", &"…")
            .field("verify_token", &"…")
            .field("webhook_url", &self.webhook_url)
            .finish()
    }
}

/// How fast the world turns. [`Timing::default`] is made for people watching; tests shorten it.
#[derive(Clone, Debug)]
pub struct Timing {
    /// From `sent` to `delivered`.
    pub delivered_after: Duration,
    /// From `delivered` to `read` for customers who read by themselves.
    pub read_after: Duration,
    /// Waits before the second, third, … attempt of a webhook; the last one repeats.
    pub retry_waits: Vec<Duration>,
    /// A webhook that found no taker for this long is dropped.
    pub give_up_after: Duration,
    /// How long one webhook attempt may take.
    pub attempt_timeout: Duration,
    /// Waits before the second, third, … attempt of a gateway's webhook. After the last one the event is gone:
    /// gateways keep nothing.
    pub gateway_waits: Vec<Duration>,
    /// From the scan of a code to a gateway that is ready.
    pub link_after: Duration,
    /// From then on until a gateway knows the past of its phone, on the world's clock.
    pub history_after: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            delivered_after: Duration::from_millis(400),
            read_after: Duration::from_millis(1_500),
            retry_waits: [500, 2_000, 5_000, 10_000, 20_000, 30_000].map(Duration::from_millis).to_vec(),
            give_up_after: Duration::from_hours(24),
            attempt_timeout: Duration::from_secs(15),
            gateway_waits: [1, 2, 4, 8].map(Duration::from_secs).to_vec(),
            link_after: Duration::from_millis(1_200),
            history_after: Duration::from_secs(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_secrets() {
        let number = Number::demo();
        let shown = format!("{number:?}");
        for secret in [&number.token, &number.app_secret, &number.verify_token] {
            assert!(!shown.contains(secret.as_str()), "{shown}");
        }
        assert!(shown.contains(&number.phone_number_id));
        assert_eq!(number.problem(), None);
        assert_eq!(number.digits(), "628110000001");
    }

    #[test]
    fn problems_are_told_in_words() {
        let bad = Number { phone_number_id: "12a".to_owned(), ..Number::demo() };
        assert!(bad.problem().is_some_and(|text| text.contains("phone_number_id")));
        let bad = Number { app_secret: String::new(), ..Number::demo() };
        assert!(bad.problem().is_some_and(|text| text.contains("app_secret")));
    }
}
