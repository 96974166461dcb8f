//! How Meta puts bytes on the wire: its JSON escaping, its signature and its id formats.

use balas_domain::Random;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

/// Serialises like Meta's webhook sender: everything above U+007F as `\uXXXX` (surrogate pairs for the rest
/// of Unicode) and `/` as `\/`. A receiver that re-serialises instead of signing the raw bytes fails here as
/// it would with Meta.
pub(crate) fn escape<T: Serialize>(body: &T) -> Result<Vec<u8>, serde_json::Error> {
    let plain = serde_json::to_string(body)?;
    let mut out = Vec::with_capacity(plain.len() + plain.len() / 4);
    let mut units = [0u16; 2];
    for character in plain.chars() {
        match character {
            // A slash exists only inside JSON strings, so it can be escaped wherever it stands.
            '/' => out.extend_from_slice(b"\\/"),
            '\0'..='\x7f' => out.push(character as u8),
            _ => {
                for unit in character.encode_utf16(&mut units) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
    }
    Ok(out)
}

/// The value of `X-Hub-Signature-256` for a body: `sha256=` and the HMAC-SHA256 in lower-case hex.
pub(crate) fn signature(app_secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length, so the error cannot happen; an empty signature would fail loudly at the
    // receiver.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Who a message id is made for: the inner bytes differ a little by direction, as in Meta's examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From a customer.
    Inbound,
    /// From the business.
    Outbound,
}

/// A message id in Meta's form, `wamid.` and base64 over the phone number and a bare id in hex.
pub(crate) fn wamid(phone: &str, direction: Direction, entropy: [u8; 10]) -> String {
    let bare = hex::encode_upper(entropy);
    let (kind, bare) = match direction {
        Direction::Inbound => (0x12, bare.as_str()),
        Direction::Outbound => (0x11, &bare[..18]),
    };
    let phone = &phone.as_bytes()[..phone.len().min(200)];
    let mut raw = vec![0x1c, 0x18, phone.len() as u8];
    raw.extend_from_slice(phone);
    raw.extend_from_slice(&[0x15, 0x02, 0x00, kind, 0x18, bare.len() as u8]);
    raw.extend_from_slice(bare.as_bytes());
    raw.push(0);
    format!("wamid.{}", STANDARD.encode(raw))
}

/// A fresh message id.
pub(crate) fn new_wamid(phone: &str, direction: Direction, random: &dyn Random) -> String {
    let mut entropy = [0; 10];
    random.fill(&mut entropy);
    wamid(phone, direction, entropy)
}

/// A trace id as Meta's errors carry it.
pub(crate) fn fbtrace_id(random: &dyn Random) -> String {
    let mut entropy = [0; 16];
    random.fill(&mut entropy);
    format!("A{}", URL_SAFE_NO_PAD.encode(entropy))
}

/// 32 hex digits, as `conversation.id` in statuses.
pub(crate) fn hex_id(random: &dyn Random) -> String {
    let mut entropy = [0; 16];
    random.fill(&mut entropy);
    hex::encode(entropy)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn vector(name: &str) -> (Vec<u8>, Value) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signed");
        let body = std::fs::read(folder.join(format!("{name}.body"))).unwrap();
        let about = std::fs::read(folder.join(format!("{name}.sig.json"))).unwrap();
        (body, serde_json::from_slice(&about).unwrap())
    }

    #[test]
    fn signs_the_vectors() {
        for name in ["text_unicode_escaped", "status_delivered"] {
            let (body, about) = vector(name);
            assert_eq!(body.len() as u64, about["body_len"].as_u64().unwrap());
            assert_eq!(
                signature(about["app_secret"].as_str().unwrap(), &body),
                about["value"].as_str().unwrap()
            );
        }
    }

    /// Key order is not ours to keep, so both sides are compared as sorted bytes: same escapes, same length.
    #[test]
    fn escapes_like_the_vectors() {
        for name in ["text_unicode_escaped", "status_delivered"] {
            let (body, _) = vector(name);
            let parsed: Value = serde_json::from_slice(&body).unwrap();
            let ours = escape(&parsed).unwrap();
            let sorted = |bytes: &[u8]| {
                let mut copy = bytes.to_vec();
                copy.sort_unstable();
                copy
            };
            assert_eq!(sorted(&ours), sorted(&body), "{name}");
            assert_eq!(serde_json::from_slice::<Value>(&ours).unwrap(), parsed);
        }
        let (body, _) = vector("text_unicode_escaped");
        let text = String::from_utf8(body).unwrap();
        let from = text.find("Ol").unwrap();
        let literal = &text[from..text[from..].find('"').unwrap() + from];
        let escaped = escape(&json!("Olá, ação 😀 <b>&</b> https://x.io/a")).unwrap();
        assert_eq!(String::from_utf8(escaped).unwrap(), format!("\"{literal}\""));
    }

    #[test]
    fn escapes_survive_a_round_trip() {
        for text in ["\\/", "\u{7f}\u{80}\u{7ff}\u{ffff}\u{10000}\u{10ffff}", "a\\u00e9", "\n\t\u{1}\"", "/"]
        {
            let bytes = escape(&text).unwrap();
            assert!(bytes.is_ascii());
            assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
        }
    }

    #[test]
    fn ids_look_like_the_vendors() {
        let mut entropy = [0; 10];
        hex::decode_to_slice("3A4A6599AEE03810144F", &mut entropy).unwrap();
        assert_eq!(
            wamid("16503879439", Direction::Inbound, entropy),
            "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA="
        );
        hex::decode_to_slice("B96747441CEB7504CE00", &mut entropy).unwrap();
        assert_eq!(
            wamid("16503879439", Direction::Outbound, entropy),
            "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJCOTY3NDc0NDFDRUI3NTA0Q0UA"
        );
    }
}
