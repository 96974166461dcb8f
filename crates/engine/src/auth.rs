//! Signing in: passwords, sessions, bearer tokens. Tokens are 256 random bits and stored only as SHA-256.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use balas_domain::{Role, SessionId, Timestamp, TokenId};
use balas_store::{members, security, sessions, tokens};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{
    Engine,
    access::{Actor, Who},
    error::EngineError,
};

/// How long a session lasts without use.
pub const SESSION: Duration = Duration::from_hours(30 * 24);
/// A session is extended when less than this is left, so that not every request writes.
const EXTEND_BELOW: Duration = Duration::from_hours(29 * 24);
/// Wrong passwords for one e-mail before waiting begins.
const FREE_TRIES: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// E-mails remembered at once; what exceeds it starts anew.
const REMEMBERED: usize = 10_000;
/// Bearer tokens begin with it, so that scanners of leaked secrets know them.
const TOKEN_PREFIX: &str = "balas_";

/// Where a request came from, for the session list and the security log.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    /// Address of the client.
    pub ip: Option<String>,
    /// Its own words about itself.
    pub user_agent: Option<String>,
}

/// A new session.
pub struct NewSession {
    /// The cookie's value. Nobody can read it again.
    pub token: String,
    /// When it ends if it is not used.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub actor: Actor,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession").field("actor", &self.actor).finish_non_exhaustive()
    }
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The same words whether e-mail or password is wrong.
    #[error("e-mail or password is wrong; check both, or ask an admin for a new password")]
    Wrong,
    /// Too many wrong passwords for this e-mail.
    #[error("too many tries; wait {} seconds and try again", .retry_after.as_secs().max(1))]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Something else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<balas_store::StoreError> for SignInError {
    fn from(e: balas_store::StoreError) -> Self {
        Self::Engine(e.into())
    }
}

/// Wrong passwords per e-mail.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<String, (u32, Timestamp)>>);

impl Throttle {
    fn check(&self, email: &str, now: Timestamp) -> Result<(), Duration> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tries.get(email) {
            Some((n, until)) if *n >= FREE_TRIES && now < *until => Err(until.since(now)),
            _ => Ok(()),
        }
    }

    fn failed(&self, email: &str, now: Timestamp) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= REMEMBERED {
            tries.retain(|_, (_, until)| now < *until);
        }
        if tries.len() >= REMEMBERED {
            tries.clear();
        }
        let (n, until) = tries.entry(email.to_owned()).or_insert((0, now));
        *n += 1;
        let wait = Duration::from_secs(1_u64 << n.saturating_sub(FREE_TRIES).min(10));
        *until = now.after(wait.min(LONGEST_WAIT));
    }

    fn succeeded(&self, email: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(email);
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Engine {
    fn new_token(&self) -> String {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Signs a member in.
    ///
    /// # Errors
    /// When e-mail or password is wrong, or after too many tries.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        client: &ClientInfo,
    ) -> Result<NewSession, SignInError> {
        let email = email.trim().to_lowercase();
        let now = self.clock.now();
        self.sign_ins.check(&email, now).map_err(|retry_after| SignInError::TooMany { retry_after })?;
        let credentials = {
            let mut tx = self.store.read().await?;
            members::credentials_by_email(&mut tx, &email).await?
        };
        let hash_of = credentials.as_ref().filter(|c| c.active).and_then(|c| c.password_hash.as_deref());
        let matches = self.hashing.verify(password, hash_of).await?;
        let mut tx = self.store.begin().await?;
        let (Some(credentials), true) = (credentials, matches) else {
            self.sign_ins.failed(&email, now);
            metrics::counter!("balas_sign_ins_total", "result" => "wrong").increment(1);
            let shown: String = email.chars().take(254).collect();
            let entry = security::SecurityEntry {
                workspace_id: None,
                at: now,
                kind: "sign_in_failed",
                ip: client.ip.as_deref(),
                detail: &format!("wrong e-mail or password for {shown}"),
            };
            security::log(&mut tx, &entry).await?;
            tx.commit().await?;
            return Err(SignInError::Wrong);
        };
        self.sign_ins.succeeded(&email);
        let token = self.new_token();
        let expires_at = now.after(SESSION);
        let session = sessions::NewSession {
            id: SessionId::new(now, &*self.random),
            token_hash: hash(&token),
            workspace_id: credentials.workspace_id,
            member_id: credentials.member_id,
            created_at: now,
            expires_at,
            user_agent: client.user_agent.as_deref().map(|u| u.chars().take(300).collect()),
            ip: client.ip.clone(),
        };
        sessions::create(&mut tx, &session).await?;
        sessions::delete_expired(&mut tx, now).await?;
        tx.commit().await?;
        metrics::counter!("balas_sign_ins_total", "result" => "ok").increment(1);
        let actor = self.actor_by_session(&token).await?.ok_or(SignInError::Wrong)?;
        Ok(NewSession { token, expires_at, actor })
    }

    /// Who holds a session; `None` if it has ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actor_by_session(&self, token: &str) -> Result<Option<Actor>, EngineError> {
        let now = self.clock.now();
        let token_hash = hash(token);
        let row = {
            let mut tx = self.store.read().await?;
            sessions::find(&mut tx, &token_hash, now).await?
        };
        let Some(row) = row else { return Ok(None) };
        if row.expires_at.since(now) < EXTEND_BELOW {
            let mut tx = self.store.begin().await?;
            sessions::extend(&mut tx, row.id, now.after(SESSION)).await?;
            tx.commit().await?;
        }
        Ok(Some(Actor {
            workspace: row.workspace_id,
            role: row.member.role,
            who: Who::Member { id: row.member.id, name: row.member.name },
        }))
    }

    /// Ends a session. Ending one that has ended is fine.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out(&self, token: &str) -> Result<(), EngineError> {
        let mut tx = self.store.begin().await?;
        sessions::delete(&mut tx, &hash(token)).await?;
        Ok(tx.commit().await?)
    }

    /// Who holds a bearer token; `None` if it was revoked or never was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actor_by_token(&self, bearer: &str) -> Result<Option<Actor>, EngineError> {
        if !bearer.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let mut tx = self.store.read().await?;
        let row = tokens::find(&mut tx, &hash(bearer)).await?;
        Ok(row.map(|row| Actor {
            workspace: row.workspace_id,
            role: row.role,
            who: Who::Token { id: row.id, name: row.name },
        }))
    }

    /// Makes a bearer token with a role no higher than the maker's. The text cannot be read again.
    ///
    /// # Errors
    /// When the actor may not, or the database fails.
    pub async fn create_token(&self, actor: &Actor, name: &str, role: Role) -> Result<String, EngineError> {
        actor.require(balas_domain::Permission::ManageTokens)?;
        if role > actor.role {
            return Err(EngineError::Refused(
                "a token cannot have a higher role than the member who makes it",
            ));
        }
        let token = format!("{TOKEN_PREFIX}{}", self.new_token());
        let now = self.clock.now();
        let row = tokens::NewToken {
            id: TokenId::new(now, &*self.random),
            name: balas_domain::text::clean_name(name).unwrap_or_else(|| "unnamed".to_owned()),
            token_hash: hash(&token),
            role,
            created_at: now,
        };
        let mut tx = self.store.begin().await?;
        tokens::create(actor.workspace, &mut tx, &row).await?;
        tx.commit().await?;
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_ends() {
        let throttle = Throttle::default();
        let now = Timestamp::from_seconds(1_000);
        for _ in 0..FREE_TRIES {
            assert!(throttle.check("a", now).is_ok());
            throttle.failed("a", now);
        }
        let first = throttle.check("a", now).unwrap_err();
        throttle.failed("a", now);
        let second = throttle.check("a", now).unwrap_err();
        assert!(second > first);
        assert!(throttle.check("a", now.after(second)).is_ok());
        assert!(throttle.check("b", now).is_ok());
        for _ in 0..40 {
            throttle.failed("a", now);
        }
        assert!(throttle.check("a", now).unwrap_err() <= LONGEST_WAIT);
        throttle.succeeded("a");
        assert!(throttle.check("a", now).is_ok());
    }
}
