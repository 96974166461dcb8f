//! Does whoever registers the webhook know this account?

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Longest challenge that is answered. Meta's are ten digits.
const MAX_CHALLENGE: usize = 256;

/// Why a registration of the webhook is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Answer 400.
    #[error("hub.mode, hub.verify_token and hub.challenge are needed")]
    Missing,
    /// Answer 403.
    #[error("the verify token is not the one in the account's settings")]
    Refused,
}

/// Answers the `GET` with which Meta checks the webhook's address: gives back what must be sent as plain
/// text. Takes the same time for every wrong token.
///
/// # Errors
/// When a parameter is missing, the mode is not `subscribe` or the token is wrong.
pub fn verify_challenge(
    mode: Option<&str>,
    token: Option<&str>,
    challenge: Option<&str>,
    expected: &str,
) -> Result<String, ChallengeError> {
    let (Some(mode), Some(token), Some(challenge)) = (mode, token, challenge) else {
        return Err(ChallengeError::Missing);
    };
    if challenge.is_empty()
        || challenge.len() > MAX_CHALLENGE
        || !challenge.bytes().all(|b| b.is_ascii_graphic())
    {
        return Err(ChallengeError::Missing);
    }
    // Hashes are of equal length, so that not even the length can be measured.
    let equal = Sha256::digest(token.as_bytes()).ct_eq(&Sha256::digest(expected.as_bytes()));
    if mode == "subscribe" && !expected.is_empty() && bool::from(equal) {
        Ok(challenge.to_owned())
    } else {
        Err(ChallengeError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let ask = |mode, token, challenge| verify_challenge(mode, token, challenge, "my-verify-token");
        let (mode, token, challenge) = (Some("subscribe"), Some("my-verify-token"), Some("1158201444"));
        assert_eq!(ask(mode, token, challenge).as_deref(), Ok("1158201444"));
        for missing in [ask(None, token, challenge), ask(mode, None, challenge), ask(mode, token, None)] {
            assert_eq!(missing, Err(ChallengeError::Missing));
        }
        let long = "1".repeat(300);
        for odd in ["", "<script>alert(1)</script> ", "a\r\nb", &long] {
            assert_eq!(ask(mode, token, Some(odd)), Err(ChallengeError::Missing), "{odd}");
        }
        assert_eq!(ask(mode, Some("my-verify-tokeN"), challenge), Err(ChallengeError::Refused));
        assert_eq!(ask(mode, Some(""), challenge), Err(ChallengeError::Refused));
        assert_eq!(ask(Some("unsubscribe"), token, challenge), Err(ChallengeError::Refused));
        assert_eq!(verify_challenge(mode, Some(""), challenge, ""), Err(ChallengeError::Refused));
    }
}
