//! What must be known to use a gateway, and what is wrong with it before anything is tried.

use std::fmt;

use balas_domain::{
    Address,
    form::{FieldError, Problem},
};
use reqwest::Url;
use serde::{Deserialize, Serialize};

/// What the gateway signs with when nobody chose a secret. Everybody knows it, so it proves nothing.
pub const DEFAULT_WEBHOOK_SECRET: &str = "secret";
/// Shortest webhook secret that is accepted, in characters.
pub const MIN_WEBHOOK_SECRET: usize = 8;
/// Longest name of a device slot, in characters.
const MAX_DEVICE_ID: usize = 128;

/// How the gateway speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Up to version 7: one number per gateway.
    V7,
    /// From version 8: device slots.
    V8Plus,
}

impl Dialect {
    /// The versions in words, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::V7 => "version 7 or older",
            Self::V8Plus => "version 8 or newer",
        }
    }
}

/// What is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where the gateway is: `http` or `https`, host, port and, if it has one, the path before all of its
    /// endpoints (`APP_BASE_PATH`, or a proxy's).
    pub base_url: String,
    /// How it speaks; found out by [`super::detect`].
    pub dialect: Dialect,
    /// Name of the device slot (version 8 or newer). May be left out if there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The number that shall be linked, in any spelling. If given, another one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl Settings {
    /// The number that shall be linked.
    #[must_use]
    pub fn own(&self) -> Option<Address> {
        self.phone.as_deref().and_then(|phone| Address::phone(phone).ok())
    }

    /// The slot, if the dialect has slots and one is named.
    pub(super) fn slot(&self) -> Option<&str> {
        let id = self.device_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        id.filter(|_| self.dialect == Dialect::V8Plus)
    }
}

/// What is secret. Stored encrypted, never shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// User of the gateway's basic authentication; empty if it asks for none.
    pub user: String,
    /// Password of that user.
    pub password: String,
    /// Signs the webhooks.
    pub webhook_secret: String,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// What must be corrected before anything is tried. `Display` says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsProblem {
    /// No address.
    #[error("Enter the gateway's address, such as http://127.0.0.1:3000.")]
    NoAddress,
    /// Not a URL.
    #[error("This is no web address. Enter the gateway's, such as http://127.0.0.1:3000.")]
    NotAnAddress,
    /// A URL of another kind.
    #[error("The gateway's address must begin with http:// or https://.")]
    NotHttp,
    /// `user:password@` in the URL, where it would end in logs.
    #[error("Enter the user and the password in their own fields, not in the address.")]
    CredentialsInAddress,
    /// A query or a fragment.
    #[error("The gateway's address must end with its path: leave out everything from the “?” or “#” on.")]
    MoreThanAnAddress,
    /// Half of the credentials.
    #[error("Enter the user that belongs to this password.")]
    NoUser,
    /// Basic authentication cannot carry it.
    #[error("A user name must not contain a colon or line breaks.")]
    UserUnusable,
    /// Basic authentication cannot carry it.
    #[error("A password must not contain line breaks.")]
    PasswordUnusable,
    /// No secret.
    #[error(
        "Enter the secret that the gateway signs its webhooks with (WHATSAPP_WEBHOOK_SECRET). Without it \
         anybody could pretend to be the gateway."
    )]
    NoWebhookSecret,
    /// The vendor's.
    #[error(
        "“secret” is what every gateway uses when nobody chose a secret, so anybody could pretend to be the \
         gateway. Choose a long random one and set it there as WHATSAPP_WEBHOOK_SECRET."
    )]
    DefaultWebhookSecret,
    /// Could be guessed.
    #[error("The webhook secret must have at least {MIN_WEBHOOK_SECRET} characters.")]
    ShortWebhookSecret,
    /// Blanks come along when copying.
    #[error("The webhook secret must not contain spaces or line breaks.")]
    WebhookSecretHasSpaces,
    /// Nothing that could stand in a header and a path.
    #[error(
        "A device's name has at most {MAX_DEVICE_ID} letters, digits, dots, hyphens, underscores, colons and \
         @."
    )]
    DeviceId,
    /// Not a phone number.
    #[error("Enter the number with its country code, such as +62 812 3456 7890, or leave it empty.")]
    Phone,
    /// Where the gateway shall deliver to.
    #[error("The address that the gateway shall deliver to must begin with http:// or https://.")]
    WebhookUrl,
}

impl SettingsProblem {
    /// The field of [`Settings`] or [`Secrets`] that it is about.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::NoAddress
            | Self::NotAnAddress
            | Self::NotHttp
            | Self::CredentialsInAddress
            | Self::MoreThanAnAddress => "base_url",
            Self::NoUser | Self::UserUnusable => "user",
            Self::PasswordUnusable => "password",
            Self::NoWebhookSecret
            | Self::DefaultWebhookSecret
            | Self::ShortWebhookSecret
            | Self::WebhookSecretHasSpaces => "webhook_secret",
            Self::DeviceId => "device_id",
            Self::Phone => "phone",
            Self::WebhookUrl => "webhook_url",
        }
    }
}

impl From<SettingsProblem> for FieldError {
    fn from(problem: SettingsProblem) -> Self {
        Self { field: problem.field().to_owned(), problem: Problem::Provider(problem.to_string()) }
    }
}

/// What must be corrected; empty if nothing.
#[must_use]
pub fn validate(settings: &Settings, secrets: &Secrets) -> Vec<SettingsProblem> {
    let phone = settings.phone.as_deref().map(str::trim).filter(|p| !p.is_empty());
    let slot = settings.device_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let found = [
        base_url(&settings.base_url).err(),
        credentials(&secrets.user, &secrets.password).err(),
        webhook_secret(&secrets.webhook_secret).err(),
        slot.and_then(|id| device_id(id).err()),
        phone.filter(|p| Address::phone(p).is_err()).map(|_| SettingsProblem::Phone),
    ];
    found.into_iter().flatten().collect()
}

/// The address, if it can be used.
pub(super) fn base_url(raw: &str) -> Result<Url, SettingsProblem> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Err(SettingsProblem::NoAddress);
    }
    let url = Url::parse(raw).map_err(|_| SettingsProblem::NotAnAddress)?;
    if !matches!(url.scheme(), "http" | "https") {
        // `gateway:3000` reads as a scheme.
        return Err(SettingsProblem::NotHttp);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SettingsProblem::CredentialsInAddress);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SettingsProblem::MoreThanAnAddress);
    }
    Ok(url)
}

pub(super) fn credentials(user: &str, password: &str) -> Result<(), SettingsProblem> {
    if user.is_empty() && !password.is_empty() {
        Err(SettingsProblem::NoUser)
    } else if user.contains(':') || user.chars().any(char::is_control) {
        Err(SettingsProblem::UserUnusable)
    } else if password.chars().any(char::is_control) {
        Err(SettingsProblem::PasswordUnusable)
    } else {
        Ok(())
    }
}

pub(super) fn webhook_secret(secret: &str) -> Result<(), SettingsProblem> {
    if secret.trim().is_empty() {
        Err(SettingsProblem::NoWebhookSecret)
    } else if secret.trim().eq_ignore_ascii_case(DEFAULT_WEBHOOK_SECRET) {
        Err(SettingsProblem::DefaultWebhookSecret)
    } else if secret.chars().any(char::is_whitespace) {
        Err(SettingsProblem::WebhookSecretHasSpaces)
    } else if secret.chars().count() < MIN_WEBHOOK_SECRET {
        Err(SettingsProblem::ShortWebhookSecret)
    } else {
        Ok(())
    }
}

/// Only what stands unchanged in a path and in a header, which the gateway decodes like a form: there a `+`
/// would become a space.
pub(super) fn device_id(id: &str) -> Result<(), SettingsProblem> {
    let sound = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'@');
    let dots = id.bytes().all(|b| b == b'.');
    if (1..=MAX_DEVICE_ID).contains(&id.len()) && id.bytes().all(sound) && !dots {
        Ok(())
    } else {
        Err(SettingsProblem::DeviceId)
    }
}

pub(super) fn webhook_url(raw: &str) -> Result<(), SettingsProblem> {
    let url = Url::parse(raw.trim()).map_err(|_| SettingsProblem::WebhookUrl)?;
    if matches!(url.scheme(), "http" | "https") { Ok(()) } else { Err(SettingsProblem::WebhookUrl) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn settings(base_url: &str) -> Settings {
        Settings { base_url: base_url.into(), dialect: Dialect::V8Plus, device_id: None, phone: None }
    }

    fn secrets() -> Secrets {
        Secrets {
            user: "balas".into(),
            password: "pass word".into(),
            webhook_secret: "long-enough-and-random".into(),
        }
    }

    #[rstest]
    #[case("", Some(SettingsProblem::NoAddress))]
    #[case("not an address", Some(SettingsProblem::NotAnAddress))]
    #[case("http://", Some(SettingsProblem::NotAnAddress))]
    #[case("gateway:3000", Some(SettingsProblem::NotHttp))]
    #[case("file:///etc/passwd", Some(SettingsProblem::NotHttp))]
    #[case("ftp://host/", Some(SettingsProblem::NotHttp))]
    #[case("http://user:pass@host:3000", Some(SettingsProblem::CredentialsInAddress))]
    #[case("http://host:3000/?a=b", Some(SettingsProblem::MoreThanAnAddress))]
    #[case("http://host:3000/#x", Some(SettingsProblem::MoreThanAnAddress))]
    #[case("http://127.0.0.1:3000", None)]
    #[case(" https://host.example.org/gowa/ ", None)]
    fn addresses(#[case] raw: &str, #[case] expected: Option<SettingsProblem>) {
        assert_eq!(validate(&settings(raw), &secrets()), expected.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn each_field_is_checked() {
        let good = settings("http://127.0.0.1:3000");
        let fields = |settings: &Settings, secrets: &Secrets| {
            validate(settings, secrets).iter().map(SettingsProblem::field).collect::<Vec<_>>()
        };
        for default in ["secret", "Secret", " secret "] {
            let secrets = Secrets { webhook_secret: default.into(), ..secrets() };
            assert_eq!(validate(&good, &secrets), [SettingsProblem::DefaultWebhookSecret]);
        }
        for weak in ["", " ", "short", "with a space in it"] {
            assert_eq!(
                fields(&good, &Secrets { webhook_secret: weak.into(), ..secrets() }),
                ["webhook_secret"]
            );
        }
        for user in ["", "a:b", "a\nb"] {
            assert_eq!(fields(&good, &Secrets { user: user.into(), ..secrets() }), ["user"]);
        }
        assert_eq!(fields(&good, &Secrets { password: "a\r\nb".into(), ..secrets() }), ["password"]);
        assert_eq!(
            fields(&good, &Secrets { user: String::new(), password: String::new(), ..secrets() }),
            [""; 0]
        );
        for slot in ["a b", "a+b", "a/b", "a%b", "..", "é", &"x".repeat(129)] {
            let settings = Settings { device_id: Some(slot.into()), ..good.clone() };
            assert_eq!(fields(&settings, &secrets()), ["device_id"], "{slot}");
        }
        for slot in ["org_2", "acc-0198c5a0", "628987654321:12@s.whatsapp.net", " "] {
            let settings = Settings { device_id: Some(slot.into()), ..good.clone() };
            assert_eq!(fields(&settings, &secrets()), [""; 0], "{slot}");
        }
        let settings = Settings { phone: Some("12".into()), ..good };
        assert_eq!(fields(&settings, &secrets()), ["phone"]);
        let error = FieldError::from(SettingsProblem::DefaultWebhookSecret);
        assert_eq!(error.field, "webhook_secret");
        assert!(error.to_string().contains("WHATSAPP_WEBHOOK_SECRET"), "{error}");
    }

    #[test]
    fn settings_survive_the_database() {
        let json = r#"{"base_url":"http://127.0.0.1:3000","dialect":"v8plus","device_id":"acc_1"}"#;
        let read: Settings = serde_json::from_str(json).unwrap();
        assert_eq!((read.dialect, read.slot()), (Dialect::V8Plus, Some("acc_1")));
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let old: Settings =
            serde_json::from_str(r#"{"base_url":"x","dialect":"v7","device_id":"acc_1","phone":"+62 898"}"#)
                .unwrap();
        assert_eq!((old.slot(), old.own()), (None, Some(Address::Phone("62898".into()))));
    }
}
