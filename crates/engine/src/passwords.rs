//! Password hashing with argon2id (OWASP's parameters: 19 MiB, two passes), off the async threads and two at a time:
//! a rush of sign-ins must not take the memory of the machine.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use balas_domain::Random;
use tokio::sync::Semaphore;

use crate::error::EngineError;

const AT_ONCE: usize = 2;

/// Verified against when the e-mail is unknown, so that the answer takes as long as with a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keQ$U0hPVUxELU5FVkVSLU1BVENILUFOWS1QQVNTV09SRCE";

pub(crate) struct Hasher(Semaphore);

impl Default for Hasher {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Hasher {
    /// The hash in PHC form.
    pub(crate) async fn hash(&self, password: &str, random: &dyn Random) -> Result<String, EngineError> {
        let _turn = self.0.acquire().await.map_err(internal)?;
        let mut salt = [0; 16];
        random.fill(&mut salt);
        let password = password.to_owned();
        tokio::task::spawn_blocking(move || {
            Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map(|h| h.to_string())
        })
        .await
        .map_err(internal)?
        .map_err(internal)
    }

    /// Whether the password has the hash. `None` takes as long and is never true.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, EngineError> {
        let _turn = self.0.acquire().await.map_err(internal)?;
        let known = hash.is_some();
        let (password, hash) = (password.to_owned(), hash.unwrap_or(NOBODY).to_owned());
        let matches = tokio::task::spawn_blocking(move || {
            Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok()
        })
        .await
        .map_err(internal)?;
        Ok(known && matches)
    }
}

fn internal(e: impl std::fmt::Display) -> EngineError {
    EngineError::Internal(format!("password hashing: {e}"))
}

#[cfg(test)]
mod tests {
    use balas_domain::ambient::test::CountingRandom;

    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let hasher = Hasher::default();
        let hash = hasher.hash("balas-demo", &CountingRandom::default()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.verify("balas-demo", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("balas-dem0", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("balas-demo", None).await.unwrap());
    }

    #[test]
    fn the_stand_in_is_a_real_hash() {
        // A malformed one would be refused in no time and give unknown e-mails away.
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODY).is_ok());
    }
}
