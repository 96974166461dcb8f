//! Webhooks as Meta sends them: bodies and signatures. Written from the wire format, apart from both the
//! server's parser and the sandbox's writer.

use balas_sandbox::Number;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// A business number that webhooks are about.
#[derive(Clone, Debug)]
pub struct Business {
    phone_number_id: String,
    waba_id: String,
    phone: String,
    mac: Hmac<Sha256>,
}

/// A webhook that is ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The raw bytes.
    pub body: Vec<u8>,
    /// The whole header line, `X-Hub-Signature-256: sha256=…`.
    pub signature: String,
}

/// A customer's text.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The customer's number, digits.
    pub from: &'a str,
    /// The customer's profile name.
    pub name: &'a str,
    /// The message's id at Meta.
    pub id: &'a str,
    /// When it was written, seconds since 1970.
    pub at: i64,
    /// What it says.
    pub text: &'a str,
}

impl Business {
    /// The number of the demo shop that `balas serve --sandbox` sets up.
    #[must_use]
    pub fn demo() -> Self {
        let number = Number::demo();
        // HMAC takes keys of any length, so there is always one; the other branch is the empty key.
        let mac = Hmac::new_from_slice(number.app_secret.as_bytes())
            .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        Self { phone: number.digits(), phone_number_id: number.phone_number_id, waba_id: number.waba_id, mac }
    }

    /// A customer's text as one webhook.
    #[must_use]
    pub fn text(&self, text: &Text<'_>) -> Delivery {
        let contact = json!({"profile": {"name": text.name}, "wa_id": text.from});
        let message = json!({
            "from": text.from, "id": text.id, "timestamp": text.at.to_string(),
            "type": "text", "text": {"body": text.text}
        });
        self.delivery(json!({"contacts": [contact], "messages": [message]}))
    }

    /// What became of a message, found by `callback`, the `biz_opaque_callback_data` that it was sent with.
    #[must_use]
    pub fn status(&self, id: &str, callback: &str, status: &str, to: &str, at: i64) -> Delivery {
        let status = json!({
            "id": id, "status": status, "timestamp": at.to_string(), "recipient_id": to,
            "biz_opaque_callback_data": callback
        });
        self.delivery(json!({"statuses": [status]}))
    }

    fn delivery(&self, mut value: Value) -> Delivery {
        value["messaging_product"] = "whatsapp".into();
        value["metadata"] =
            json!({"display_phone_number": self.phone, "phone_number_id": self.phone_number_id});
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{"id": self.waba_id, "changes": [{"field": "messages", "value": value}]}]
        });
        self.sign(escape(&body.to_string()))
    }

    /// Signs raw bytes.
    #[must_use]
    pub fn sign(&self, body: Vec<u8>) -> Delivery {
        let mut mac = self.mac.clone();
        mac.update(&body);
        let signature = format!("X-Hub-Signature-256: sha256={}", hex::encode(mac.finalize().into_bytes()));
        Delivery { body, signature }
    }
}

/// Everything above U+007F as `\uXXXX`, as Meta does before it signs.
fn escape(json: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c as u8);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_over_the_escaped_bytes() {
        let text =
            Text { from: "628120000001", name: "Zoë", id: "wamid.x", at: 1_750_000_000, text: "😀" };
        let delivery = Business::demo().text(&text);
        assert!(delivery.body.is_ascii());
        let parsed: Value = serde_json::from_slice(&delivery.body).unwrap();
        let message = &parsed["entry"][0]["changes"][0]["value"]["messages"][0];
        assert_eq!(message["text"]["body"], "😀");
        let (name, value) = delivery.signature.split_once(": sha256=").unwrap();
        assert_eq!((name, value.len()), ("X-Hub-Signature-256", 64));
        let mut mac = Hmac::<Sha256>::new_from_slice(Number::demo().app_secret.as_bytes()).unwrap();
        mac.update(&delivery.body);
        assert_eq!(hex::decode(value).unwrap(), mac.finalize().into_bytes().as_slice());
    }
}
