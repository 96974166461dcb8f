//! What can be wrong with an account's settings, or with what stands behind them.

use std::time::Duration;

use balas_domain::view::ProviderKind;

/// What is wrong with an account's settings. `Display` says what happened and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// No connection came about, or no answer in time.
    #[error("The address {url} cannot be reached ({detail}). {}", reach(*.by))]
    Unreachable {
        /// Whose server it is.
        by: ProviderKind,
        /// Where to; without any secret.
        url: String,
        /// The system's words.
        detail: String,
    },
    /// It is no valid token.
    #[error(
        "Meta does not accept the access token. Copy it again; it must be complete and belong to a system \
         user of the business that owns this number."
    )]
    TokenRejected {
        /// Meta's code.
        code: Option<i64>,
    },
    /// It was valid once.
    #[error(
        "The access token has expired. Make a permanent one: Meta Business Settings > Users > System users \
         > Generate token."
    )]
    TokenExpired,
    /// The token is valid, but not for this.
    #[error(
        "The access token may not do this. Generate it for a system user with both permissions \
         whatsapp_business_messaging and whatsapp_business_management, and give that user access to the \
         WhatsApp account."
    )]
    MissingPermission {
        /// Meta's code.
        code: Option<i64>,
    },
    /// The secret belongs to another app than the token.
    #[error(
        "The app secret does not belong to the app that made the access token. Copy it from App Dashboard \
         > App settings > Basic > App secret of the same app."
    )]
    AppSecret,
    /// No such number, or no access to it.
    #[error(
        "Meta knows no phone number with the id {phone_number_id} that this token may use. Copy the “Phone \
         number ID” (not the number itself) from WhatsApp > API Setup, and give the token's system user \
         access to it."
    )]
    UnknownNumber {
        /// What was asked for.
        phone_number_id: String,
    },
    /// No such business account, or no access to it.
    #[error(
        "Meta knows no WhatsApp business account with the id {waba_id} that this token may use. Copy the \
         “WhatsApp Business Account ID” from WhatsApp > API Setup."
    )]
    UnknownBusiness {
        /// What was asked for.
        waba_id: String,
    },
    /// Both exist, but do not belong together.
    #[error("The number {phone_number_id} does not belong to the WhatsApp business account {waba_id}, \
     which has {}. Correct one of the two ids.", numbers(.found))]
    NumberNotInBusiness {
        /// The number.
        phone_number_id: String,
        /// The business account.
        waba_id: String,
        /// The numbers that it has, as shown.
        found: Vec<String>,
    },
    /// Deliveries could not be switched on.
    #[error(
        "Meta did not switch on deliveries for the business account {waba_id} ({detail}). Switch them on \
         in App Dashboard > WhatsApp > Configuration, then test again."
    )]
    NotSubscribed {
        /// The business account.
        waba_id: String,
        /// Meta's words.
        detail: String,
    },
    /// The provider is busy or has a hiccup.
    #[error("No useful answer came just now ({detail}). Nothing is known to be wrong with the settings; try \
     again in {}.", minutes(.retry_after.as_ref()))]
    Busy {
        /// The provider's words.
        detail: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// Its certificate is not to be trusted, or it speaks no TLS.
    #[error(
        "No safe connection to {url} came about ({detail}). Give the gateway a certificate that this server \
         trusts, or, if it stands on the same machine or in the same private network, write http:// instead \
         of https://."
    )]
    Tls {
        /// Where to.
        url: String,
        /// The system's words.
        detail: String,
    },
    /// Something listens there, but does not speak HTTP.
    #[error(
        "What answers at {url} does not speak HTTP ({detail}). Check the port: the gateway's is 3000 unless \
         it was changed."
    )]
    NotHttp {
        /// Where to.
        url: String,
        /// The system's words.
        detail: String,
    },
    /// HTTP, but no gateway: a web page, another program, a proxy's error page.
    #[error(
        "{url} answers, but not like a GOWA gateway ({detail}). Enter the address of its REST API, with the \
         path if it has one (APP_BASE_PATH), and check that no login page or proxy stands in between."
    )]
    NotGateway {
        /// Where to.
        url: String,
        /// What came instead.
        detail: String,
    },
    /// The address leads elsewhere, where the password must not go.
    #[error(
        "{url} leads on to another address, {to}, where the password must not be sent. If that is the \
         gateway, enter it instead."
    )]
    Elsewhere {
        /// Where to.
        url: String,
        /// Scheme, host and port that it leads to.
        to: String,
    },
    /// The gateway does not know this user and password.
    #[error(
        "The gateway does not accept this user and password. Enter one of the pairs of its setting \
         APP_BASIC_AUTH."
    )]
    WrongPassword,
    /// The gateway works, but no phone is linked.
    #[error(
        "The gateway works, but no phone is linked to it. Link one: scan the QR code with WhatsApp > Linked \
         devices, or enter a pairing code there."
    )]
    NotLinked,
    /// Linked, but just now without a connection to `WhatsApp`.
    #[error(
        "The gateway is linked to the phone but has no connection to WhatsApp just now. It reconnects by \
         itself; if this lasts, choose “Reconnect” or restart the gateway."
    )]
    NotConnected,
    /// A phone is linked already, so there is no code to show.
    #[error("A phone is linked already. Log it out first to link another one.")]
    AlreadyLinked,
    /// The gateway has no slot of this name.
    #[error(
        "The gateway has no device “{device_id}”. It was deleted there, or its name was wrong: make it again \
         there under this name, or delete this number and connect it anew."
    )]
    DeviceUnknown {
        /// The slot's name.
        device_id: String,
    },
    /// The gateway has several slots and was not told which.
    #[error("The gateway serves several numbers. Say which device this account is{}.", names(.found))]
    DeviceNeeded {
        /// The slots that it has.
        found: Vec<String>,
    },
    /// Another phone is linked than the settings say.
    #[error(
        "The gateway is linked to {found}, not to {expected}. Log it out there and link the right phone, or \
         connect {found} as a number of its own."
    )]
    OtherNumber {
        /// As shown.
        expected: String,
        /// As shown.
        found: String,
    },
    /// The gateway was up- or downgraded since the account was set up.
    #[error(
        "The gateway now speaks like {found}, but the account was set up for {expected}. Save its address \
         again on the number's page: Balas then looks anew which version it is."
    )]
    OtherDialect {
        /// Versions in words.
        expected: &'static str,
        /// Versions in words.
        found: &'static str,
    },
    /// This version of the gateway cannot do it.
    #[error("This gateway is too old to {what}: that came with version {needs}. Update the gateway{or}.")]
    TooOld {
        /// What was asked for, completing “too old to”.
        what: &'static str,
        /// The first version that can.
        needs: &'static str,
        /// Another way out, starting with “, or”; may be empty.
        or: &'static str,
    },
    /// Anything else.
    #[error("{text}")]
    Other {
        /// What happened and what to do.
        text: String,
        /// The provider's code.
        code: Option<i64>,
        /// The form's field it is about, if it is about one.
        field: Option<&'static str>,
    },
}

impl CheckError {
    /// The field of the account's form that must be corrected, if it is one: of
    /// `balas_domain::form::CloudForm`, or of the gateway's settings and secrets.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::TokenRejected { .. } | Self::TokenExpired | Self::MissingPermission { .. } => Some("token"),
            Self::AppSecret => Some("app_secret"),
            Self::UnknownNumber { .. } => Some("phone_number_id"),
            Self::UnknownBusiness { .. } | Self::NumberNotInBusiness { .. } => Some("waba_id"),
            Self::Unreachable { by: ProviderKind::Gateway, .. }
            | Self::Tls { .. }
            | Self::NotHttp { .. }
            | Self::NotGateway { .. }
            | Self::Elsewhere { .. } => Some("base_url"),
            Self::WrongPassword => Some("password"),
            Self::DeviceUnknown { .. } | Self::DeviceNeeded { .. } => Some("device_id"),
            Self::OtherNumber { .. } => Some("phone"),
            Self::Unreachable { .. }
            | Self::NotSubscribed { .. }
            | Self::Busy { .. }
            | Self::NotLinked
            | Self::NotConnected
            | Self::AlreadyLinked
            | Self::OtherDialect { .. }
            | Self::TooOld { .. } => None,
            Self::Other { field, .. } => *field,
        }
    }

    /// Whether it may come right by waiting, without anybody doing anything.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. } | Self::NotConnected)
    }
}

const fn reach(by: ProviderKind) -> &'static str {
    match by {
        ProviderKind::Cloud => {
            "Check the server's internet connection, its proxy and its DNS, then try again."
        }
        ProviderKind::Gateway => {
            "Check that it is running, that the address and the port are right, and that this server may \
             connect to it."
        }
        ProviderKind::Bridge => "That is this server's own bridge; it is started again by itself.",
    }
}

fn names(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!(": {}", found.join(", ")) }
}

fn numbers(found: &[String]) -> String {
    if found.is_empty() { "no number at all".to_owned() } else { format!("only {}", found.join(", ")) }
}

fn minutes(wait: Option<&Duration>) -> String {
    match wait.map_or(1, |w| w.as_secs().div_ceil(60).max(1)) {
        1 => "a minute".to_owned(),
        n => format!("{n} minutes"),
    }
}
