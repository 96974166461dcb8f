//! The address by which browsers and Meta reach this server.

use std::{fmt, str::FromStr};

use axum::http::Uri;
use serde::Deserialize;

/// `https://inbox.example.org`: scheme, host and, if unusual, port. Nothing behind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl {
    https: bool,
    /// Host and, unless it is the scheme's own, port; lower case.
    authority: String,
}

/// The text is no such address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no public address: write http:// or https://, a host and, if needed, a port, nothing more")]
pub struct PublicUrlError(String);

impl PublicUrl {
    /// Whether browsers reach us encrypted, so that cookies may demand it.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// Whether an `Origin` header names this address.
    #[must_use]
    pub fn is_origin(&self, origin: &str) -> bool {
        origin.parse::<Self>().is_ok_and(|o| o == *self)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.authority)
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let refuse = || PublicUrlError(s.to_owned());
        let uri: Uri = s.trim().parse().map_err(|_| refuse())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse()),
        };
        let authority = uri.authority().ok_or_else(refuse)?;
        if uri.path().len() > 1 || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(refuse());
        }
        let host = authority.host().to_ascii_lowercase();
        let usual = if https { 443 } else { 80 };
        let authority = match authority.port_u16() {
            Some(port) if port != usual => format!("{host}:{port}"),
            _ => host,
        };
        Ok(Self { https, authority })
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = PublicUrlError;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        s.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let url: PublicUrl = "https://Inbox.Example.org:443/".parse().unwrap();
        assert_eq!(url.to_string(), "https://inbox.example.org");
        assert!(url.is_origin("https://inbox.example.org"));
        assert!(!url.is_origin("http://inbox.example.org"));
        assert!(!url.is_origin("https://inbox.example.org.evil.test"));
        assert!(!url.is_origin("null"));
        assert_eq!("http://[::1]:3000".parse::<PublicUrl>().unwrap().to_string(), "http://[::1]:3000");
        for bad in ["inbox.example.org", "ftp://a", "https://", "https://a/b", "https://a?b", "https://u:p@a"]
        {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }
}
