//! Secrets at rest: AES-256-GCM under a data key per workspace, which is wrapped by one master key.
//!
//! A sealed value is `1 ‖ key id (16) ‖ nonce (12) ‖ ciphertext and tag`. Associated data bind it to workspace, column
//! and row, so that a value copied to another row or tenant does not open.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use balas_domain::{KeyId, Random, Timestamp, WorkspaceId};
use balas_store::{StoreError, Tx, keys};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 16 + 12;

/// The key that wraps all others: 32 bytes from `BALAS_MASTER_KEY` or the key file.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Why a secret could not be sealed or opened. Says nothing about the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text is not 32 bytes in base64.
    #[error(
        "the master key must be 32 random bytes in base64 (44 characters); make one with `head -c 32 /dev/urandom | base64`"
    )]
    MalformedMasterKey,
    /// Another master key, or damaged data.
    #[error(
        "a stored secret cannot be opened: is BALAS_MASTER_KEY (or the key file in the data directory) still the one it was stored with?"
    )]
    CannotOpen,
    /// Encryption failed.
    #[error("a secret could not be encrypted")]
    CannotSeal,
    /// The key table could not be read.
    #[error("the key table could not be read")]
    Store(#[from] StoreError),
}

impl MasterKey {
    /// From base64.
    ///
    /// # Errors
    /// When it is not 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, SecretError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| SecretError::MalformedMasterKey)?;
        bytes.try_into().map(Self).map_err(|_| SecretError::MalformedMasterKey)
    }

    /// A new one.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut key = [0; 32];
        random.fill(&mut key);
        Self(key)
    }

    /// As base64, for the key file.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }
}

/// Where a secret belongs. Part of what is authenticated.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Table and column, e.g. `accounts.secrets`.
    pub column: &'static str,
    /// The row's id.
    pub row: &'a str,
}

/// Seals and opens.
pub struct Vault {
    master: MasterKey,
    random: Arc<dyn Random>,
    opened: Mutex<HashMap<(WorkspaceId, KeyId), [u8; 32]>>,
}

impl Vault {
    /// A vault under the given master key.
    #[must_use]
    pub fn new(master: MasterKey, random: Arc<dyn Random>) -> Self {
        Self { master, random, opened: Mutex::default() }
    }

    /// Seals under the workspace's current data key; makes the first one if there is none.
    ///
    /// # Errors
    /// When the key table fails or holds a key that the master key does not open.
    pub async fn seal(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        now: Timestamp,
        place: Place<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, SecretError> {
        let row = match keys::current(ws, tx).await? {
            Some(row) => row,
            None => self.new_data_key(ws, tx, now).await?,
        };
        let key = self.unwrap(ws, &row)?;
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(row.id.0.as_bytes());
        sealed.extend_from_slice(&self.encrypt(&key, &aad(ws, place), plain)?);
        Ok(sealed)
    }

    /// Opens what [`Vault::seal`] made for the same place.
    ///
    /// # Errors
    /// When the key is unknown, the place is another, or the data are damaged.
    pub async fn open(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, SecretError> {
        if sealed.len() < HEADER || sealed[0] != VERSION {
            return Err(SecretError::CannotOpen);
        }
        let id: [u8; 16] = sealed[1..17].try_into().map_err(|_| SecretError::CannotOpen)?;
        let id = KeyId(uuid_from(id));
        let cached = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&(ws, id)).copied();
        let key = if let Some(key) = cached {
            key
        } else {
            let row = keys::get(ws, tx, id).await?.ok_or(SecretError::CannotOpen)?;
            self.unwrap(ws, &row)?
        };
        decrypt(&key, &aad(ws, place), &sealed[17..])
    }

    /// A name for something by what is in it, which only who has the workspace's key can make.
    ///
    /// # Errors
    /// When the key table fails or holds a key that the master key does not open.
    pub async fn name(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        now: Timestamp,
        contents: &[u8],
    ) -> Result<String, SecretError> {
        let row = match keys::current(ws, tx).await? {
            Some(row) => row,
            None => self.new_data_key(ws, tx, now).await?,
        };
        let key = self.unwrap(ws, &row)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SecretError::CannotSeal)?;
        // The key seals secrets, too: what is made of it here must never be of use there.
        mac.update(b"balas\0names\0");
        mac.update(contents);
        // In hex, by which names of files are safe everywhere.
        let name = mac.finalize().into_bytes().iter().fold(String::new(), |mut name, byte| {
            for half in [byte >> 4, byte & 15] {
                name.extend(char::from_digit(u32::from(half), 16));
            }
            name
        });
        Ok(name)
    }

    async fn new_data_key(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<keys::KeyRow, SecretError> {
        let id = KeyId::new(now, &*self.random);
        let mut key = [0; 32];
        self.random.fill(&mut key);
        let wrapped = self.encrypt(&self.master.0, &wrap_aad(ws, id), &key)?;
        let row = keys::KeyRow { id, wrapped, created_at: now };
        keys::insert(ws, tx, &row).await?;
        Ok(row)
    }

    fn unwrap(&self, ws: WorkspaceId, row: &keys::KeyRow) -> Result<[u8; 32], SecretError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = opened.get(&(ws, row.id)) {
            return Ok(*key);
        }
        let plain = decrypt(&self.master.0, &wrap_aad(ws, row.id), &row.wrapped)?;
        let key: [u8; 32] = plain.try_into().map_err(|_| SecretError::CannotOpen)?;
        opened.insert((ws, row.id), key);
        Ok(key)
    }

    fn encrypt(&self, key: &[u8; 32], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SecretError> {
        let mut nonce = [0; 12];
        self.random.fill(&mut nonce);
        let cipher = Aes256Gcm::new(key.into());
        let body = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad })
            .map_err(|_| SecretError::CannotSeal)?;
        Ok([&nonce[..], &body].concat())
    }
}

fn decrypt(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SecretError> {
    let (nonce, body) = sealed.split_at_checked(12).ok_or(SecretError::CannotOpen)?;
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| SecretError::CannotOpen)?;
    Aes256Gcm::new(key.into())
        .decrypt(&Nonce::from(nonce), Payload { msg: body, aad })
        .map_err(|_| SecretError::CannotOpen)
}

fn aad(ws: WorkspaceId, place: Place<'_>) -> Vec<u8> {
    format!("balas\0{ws}\0{}\0{}", place.column, place.row).into_bytes()
}

fn wrap_aad(ws: WorkspaceId, id: KeyId) -> Vec<u8> {
    format!("balas\0{ws}\0data_keys.wrapped\0{id}").into_bytes()
}

fn uuid_from(bytes: [u8; 16]) -> uuid::Uuid {
    uuid::Uuid::from_bytes(bytes)
}
