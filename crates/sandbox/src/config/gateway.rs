//! One gateway program of this world, and how its device slots are named.

use std::{convert::Infallible, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Which release a gateway speaks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GatewayVersion {
    /// v7.7.0: one linked phone, flat webhooks.
    V7,
    /// v9.2.0: device slots, webhooks in an envelope.
    V9,
}

impl GatewayVersion {
    /// The release, as `GET /app/info` writes it.
    #[must_use]
    pub const fn release(self) -> &'static str {
        match self {
            Self::V7 => "v7.7.0",
            Self::V9 => "v9.2.0",
        }
    }
}

/// One gateway program, which answers below `/gowa/{name}`. What its environment would hold.
///
/// As with [`super::Number`], the secrets are toys, and `Debug` hides them all the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// The part of the address that tells gateways apart: small letters, digits, hyphens.
    pub name: String,
    /// How it speaks.
    pub version: GatewayVersion,
    /// User of the basic authentication (`APP_BASIC_AUTH`); without one nobody is asked.
    #[serde(default)]
    pub user: String,
    /// Its password.
    #[serde(default)]
    pub password: String,
    /// `WHATSAPP_WEBHOOK`: where events of all slots go that have no address of their own. Without any they
    /// are gone.
    #[serde(default)]
    pub webhook_urls: Vec<String>,
    /// `WHATSAPP_WEBHOOK_SECRET`.
    #[serde(default = "vendors_secret")]
    pub webhook_secret: String,
    /// Minutes that the container's clock is ahead of UTC; its webhooks carry them.
    #[serde(default)]
    pub utc_offset_minutes: i32,
    /// How long a QR code can be scanned.
    #[serde(default = "qr_seconds")]
    pub qr_seconds: u32,
    /// Fetches files as soon as it hears of them (`WHATSAPP_AUTO_DOWNLOAD_MEDIA`); version 7 always does.
    #[serde(default = "yes")]
    pub auto_download: bool,
    /// Numbers (digits) that the gateway does not find on WhatsApp (`WHATSAPP_ACCOUNT_VALIDATION`).
    #[serde(default)]
    pub not_on_whatsapp: Vec<String>,
}

fn vendors_secret() -> String {
    "secret".to_owned()
}

const fn qr_seconds() -> u32 {
    30
}

const fn yes() -> bool {
    true
}

impl Gateway {
    /// The gateway of this version that every sandbox has, named `v7` or `v9`.
    #[must_use]
    pub fn demo(version: GatewayVersion) -> Self {
        let (name, utc_offset_minutes) = match version {
            GatewayVersion::V7 => ("v7", 0),
            // Not UTC, so that whoever forgets the offset is seven hours wrong.
            GatewayVersion::V9 => ("v9", 420),
        };
        Self {
            name: name.to_owned(),
            version,
            user: "balas".to_owned(),
            password: "sandbox-gateway".to_owned(),
            webhook_urls: Vec::new(),
            webhook_secret: "sandbox-gateway-webhook-secret".to_owned(),
            utc_offset_minutes,
            qr_seconds: qr_seconds(),
            auto_download: true,
            not_on_whatsapp: Vec::new(),
        }
    }

    /// Another gateway like the demo's.
    #[must_use]
    pub fn named(name: &str, version: GatewayVersion) -> Self {
        Self { name: name.to_owned(), ..Self::demo(version) }
    }

    /// Why this gateway cannot live in a sandbox, in words; nothing when it can.
    pub(crate) fn problem(&self) -> Option<String> {
        let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.name.is_empty()
            || !self.name.bytes().all(sound)
            || !self.name.contains(|c: char| c.is_ascii_lowercase())
        {
            return Some(
                "name must be small letters, digits and hyphens, with a letter among them".to_owned(),
            );
        }
        if self.user.contains(':') || (self.user.is_empty() && !self.password.is_empty()) {
            return Some("user must not be empty beside a password, nor contain a colon".to_owned());
        }
        if self.webhook_secret.is_empty() {
            return Some("webhook_secret must not be empty".to_owned());
        }
        if !(-720..=840).contains(&self.utc_offset_minutes) {
            return Some("utc_offset_minutes must be between -720 and 840".to_owned());
        }
        if self.qr_seconds == 0 {
            return Some("qr_seconds must be at least 1".to_owned());
        }
        self.webhook_urls.iter().find_map(|url| crate::deliver::allowed(url).err())
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("user", &self.user)
            .field("webhook_urls", &self.webhook_urls)
            .finish_non_exhaustive()
    }
}

/// A device slot of a gateway. Written `v9/shop`, or only `v7` for the one slot of an old gateway.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Device {
    /// Name of the gateway.
    pub gateway: String,
    /// Name of the slot; empty for gateways that have only one.
    pub slot: String,
}

impl Device {
    /// The slot with this name.
    #[must_use]
    pub fn new(gateway: &str, slot: &str) -> Self {
        Self { gateway: gateway.to_owned(), slot: slot.to_owned() }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.slot.is_empty() {
            f.write_str(&self.gateway)
        } else {
            write!(f, "{}/{}", self.gateway, self.slot)
        }
    }
}

impl FromStr for Device {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (gateway, slot) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self::new(gateway, slot))
    }
}

impl Serialize for Device {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (gateway, slot) = text.split_once('/').unwrap_or((&text, ""));
        Ok(Self::new(gateway, slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_have_one_spelling() {
        for text in ["v7", "v9/shop", "v9/628987654321@s.whatsapp.net"] {
            assert_eq!(text.parse::<Device>().unwrap().to_string(), text);
        }
        assert_eq!("v9/a/b".parse::<Device>().unwrap(), Device::new("v9", "a/b"));
    }

    #[test]
    fn problems_are_told_in_words() {
        let good = Gateway::demo(GatewayVersion::V9);
        assert_eq!(good.problem(), None);
        for (bad, word) in [
            (Gateway { name: "V 9".into(), ..good.clone() }, "name"),
            (Gateway { name: "628110000002".into(), ..good.clone() }, "name"),
            (Gateway { user: "a:b".into(), ..good.clone() }, "user"),
            (Gateway { webhook_secret: String::new(), ..good.clone() }, "webhook_secret"),
            (Gateway { qr_seconds: 0, ..good.clone() }, "qr_seconds"),
            (Gateway { webhook_urls: vec!["https://a.b/".into()], ..good.clone() }, "http://"),
        ] {
            assert!(bad.problem().is_some_and(|text| text.contains(word)), "{word}");
        }
        assert!(!format!("{good:?}").contains(&good.password));
    }
}
