//! Is a webhook really from whom it says? Meta and the gateways sign alike.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Why a delivery is refused. Never says what the right signature would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No header.
    #[error("the header X-Hub-Signature-256 is missing")]
    Missing,
    /// Not `sha256=` and 64 lower-case hexadecimal digits.
    #[error("the header X-Hub-Signature-256 is not of the form sha256=<64 lower-case hexadecimal digits>")]
    Malformed,
    /// Another secret, or another body.
    #[error(
        "the signature does not fit the body: check that the account's secret is the one that the deliveries \
         are signed with (Meta: the app secret; gateway: the webhook secret)"
    )]
    Mismatch,
    /// Without a secret everybody could sign.
    #[error("the account has no secret to verify deliveries with: enter it in the account's settings")]
    NoSecret,
}

/// The header's value for a body of our own.
#[must_use]
pub fn sign(secret: &str, raw: &[u8]) -> String {
    // Any length of key will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(raw);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Checks `X-Hub-Signature-256` over the bytes as they came. Takes the same time for every wrong signature.
///
/// # Errors
/// Why the delivery must be refused.
pub fn verify_signature(secret: &str, header: Option<&str>, raw: &[u8]) -> Result<(), SignatureError> {
    if secret.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let digits =
        header.ok_or(SignatureError::Missing)?.strip_prefix("sha256=").ok_or(SignatureError::Malformed)?;
    // Exactly the senders' spelling: one signature has one text.
    if digits.len() != 64 || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(SignatureError::Malformed);
    }
    let claimed = hex::decode(digits).map_err(|_| SignatureError::Malformed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| SignatureError::NoSecret)?;
    mac.update(raw);
    mac.verify_slice(&claimed).map_err(|_| SignatureError::Mismatch)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const SECRET: &str = "test-app-secret";
    const UNICODE: &[u8] = include_bytes!("../tests/fixtures/signed/text_unicode_escaped.body");
    const UNICODE_SIG: &str = "sha256=1d6b63bb36ad91515137e84f095d264c73cd9cf467af309e65d8c3921321c1da";
    const STATUS: &[u8] = include_bytes!("../tests/fixtures/signed/status_delivered.body");
    const STATUS_SIG: &str = "sha256=55cd00b68818175989fad07ba864ea7373065cf64837d52552a37b1359a35db0";

    #[test]
    fn vectors_pass() {
        assert_eq!(verify_signature(SECRET, Some(UNICODE_SIG), UNICODE), Ok(()));
        assert_eq!(verify_signature(SECRET, Some(STATUS_SIG), STATUS), Ok(()));
    }

    #[test]
    fn every_flipped_byte_of_the_body_is_noticed() {
        for i in 0..STATUS.len() {
            let mut body = STATUS.to_vec();
            body[i] ^= 1;
            assert_eq!(
                verify_signature(SECRET, Some(STATUS_SIG), &body),
                Err(SignatureError::Mismatch),
                "byte {i}"
            );
        }
        assert_eq!(verify_signature(SECRET, Some(STATUS_SIG), b""), Err(SignatureError::Mismatch));
        assert_eq!(
            verify_signature(SECRET, Some(STATUS_SIG), &vec![b'x'; 5_000_000]),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn every_flipped_digit_of_the_signature_is_noticed() {
        for i in 7..STATUS_SIG.len() {
            let mut header = STATUS_SIG.as_bytes().to_vec();
            header[i] = if header[i] == b'0' { b'1' } else { b'0' };
            let header = String::from_utf8(header).unwrap();
            assert_eq!(
                verify_signature(SECRET, Some(&header), STATUS),
                Err(SignatureError::Mismatch),
                "{header}"
            );
        }
    }

    #[rstest]
    #[case::no_header(SECRET, None, SignatureError::Missing)]
    #[case::empty(SECRET, Some(String::new()), SignatureError::Malformed)]
    #[case::no_prefix(SECRET, Some(STATUS_SIG[7..].to_owned()), SignatureError::Malformed)]
    #[case::other_prefix(SECRET, Some(STATUS_SIG.replace("sha256", "sha1")), SignatureError::Malformed)]
    #[case::upper_prefix(SECRET, Some(STATUS_SIG.replace("sha", "SHA")), SignatureError::Malformed)]
    #[case::upper_hex(SECRET, Some(format!("sha256={}", STATUS_SIG[7..].to_uppercase())),
        SignatureError::Malformed)]
    #[case::blank(SECRET, Some(format!("{STATUS_SIG} ")), SignatureError::Malformed)]
    #[case::short(SECRET, Some(STATUS_SIG[..70].to_owned()), SignatureError::Malformed)]
    #[case::not_hex(SECRET, Some(format!("sha256={}", "g".repeat(64))), SignatureError::Malformed)]
    #[case::not_ascii(SECRET, Some(format!("sha256={}", "é".repeat(32))), SignatureError::Malformed)]
    #[case::other_secret("test-app-secreT", Some(STATUS_SIG.to_owned()), SignatureError::Mismatch)]
    #[case::no_secret("", Some(STATUS_SIG.to_owned()), SignatureError::NoSecret)]
    fn refused(#[case] secret: &str, #[case] header: Option<String>, #[case] expected: SignatureError) {
        assert_eq!(verify_signature(secret, header.as_deref(), STATUS), Err(expected));
    }
}
