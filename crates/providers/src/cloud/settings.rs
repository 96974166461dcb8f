//! What must be known to use a number.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Meta's own server.
pub const DEFAULT_BASE_URL: &str = "https://graph.facebook.com";
/// The version of the Graph API that this code was written against.
pub const DEFAULT_VERSION: &str = "v23.0";

/// What is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where the Graph API is, without the version. Another one than Meta's for a sandbox or a proxy.
    #[serde(default = "default_base_url")]
    pub base_url: String,
    /// Version of the Graph API, such as `v23.0`.
    #[serde(default = "default_version")]
    pub version: String,
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// Meta's id of the `WhatsApp` business account that the number belongs to.
    pub waba_id: String,
}

fn default_base_url() -> String {
    DEFAULT_BASE_URL.to_owned()
}

fn default_version() -> String {
    DEFAULT_VERSION.to_owned()
}

/// What is secret. Stored encrypted, never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// Access token of a system user.
    pub token: String,
    /// Signs the webhooks.
    pub app_secret: String,
    /// Proves to us that the one who registers the webhook knows this account.
    pub verify_token: String,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
