//! `balas.toml`. A key that is not known is a mistake, not a wish.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use balas_engine::MailSecurity;
use serde::Deserialize;

use super::{ConfigError, Limits, LogFormat, PublicUrl};
use crate::secret::Secret;

/// What stands in the file. Everything is optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// Address to listen on.
    pub listen: Option<SocketAddr>,
    /// Address by which others reach this server.
    pub public_url: Option<PublicUrl>,
    /// `sqlite:…` or `postgres://…`.
    pub database_url: Option<Secret>,
    /// Folder of the site's files.
    pub site: Option<PathBuf>,
    /// How log lines look.
    pub log_format: Option<LogFormat>,
    /// What is logged.
    pub log: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// The sandbox.
    pub sandbox: Sandbox,
    /// Meta's Graph API.
    pub cloud: Cloud,
    /// The bridge to WhatsApp Web.
    pub bridge: Bridge,
    /// The mail server.
    pub smtp: Option<Smtp>,
    /// S3-compatible storage.
    pub s3: Option<S3>,
    /// The virus scanner.
    pub clamd: Option<Clamd>,
    /// How often one may ask.
    pub limits: Limits,
}

/// `[sandbox]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sandbox {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Where it listens.
    pub listen: Option<SocketAddr>,
}

/// `[bridge]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bridge {
    /// Its folder.
    pub folder: Option<PathBuf>,
    /// Node.js.
    pub node: Option<PathBuf>,
    /// The browser.
    pub chromium: Option<PathBuf>,
}

/// `[smtp]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// The mail server's name.
    pub host: String,
    /// Its port; the usual one of the security if left out.
    pub port: Option<u16>,
    /// `starttls`, `tls` or `none`.
    #[serde(default)]
    pub security: MailSecurity,
    /// Who signs in; nobody if left out.
    pub user: Option<String>,
    /// With what; better in the environment.
    pub password: Option<Secret>,
    /// Who writes.
    pub from: String,
}

/// `[cloud]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cloud {
    /// Where the Graph API is.
    pub base_url: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// `[s3]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Where it is; that of AWS if left out.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// Whose.
    pub access_key: String,
    /// Signs the requests.
    pub secret_key: Option<Secret>,
}

/// `[clamd]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clamd {
    /// `host:port`, or the path of a socket.
    pub address: String,
}

impl File {
    /// Reads a file that must be there.
    ///
    /// # Errors
    /// When it is not there or has a mistake.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads a file if it is there.
    ///
    /// # Errors
    /// When it cannot be read or has a mistake.
    pub fn read_if_there(path: &Path) -> Result<Self, ConfigError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|e| {
            // Not the parser's own `Display`: it quotes the line, which may hold a password.
            let line =
                e.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let problem = format!("line {line}: {}", e.message());
            ConfigError::Malformed { path: path.to_owned(), problem }
        })
    }
}
