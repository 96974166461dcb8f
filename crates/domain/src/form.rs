//! What people fill in, and the rules it must meet. Checked in the browser as one types and again on the server.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{address::Address, role::Role, text::clean_name};

/// One field that must be corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name as in the form's struct.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl FieldError {
    fn new(field: &str, problem: Problem) -> Self {
        Self { field: field.to_owned(), problem }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// What can be wrong with a field. Screens have words for each in every language; `Display` is the API's English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(
    tag = "problem",
    content = "detail",
    rename_all = "snake_case",
    try_from = "crate::flat::FlatProblem"
)]
pub enum Problem {
    /// Nothing was entered.
    #[error("is required")]
    Required,
    /// Digits only, as Meta's ids are.
    #[error("must be digits only, as shown in Meta's App Dashboard under WhatsApp > API Setup")]
    NotDigits,
    /// Shorter than this many characters.
    #[error("must have at least {0} characters")]
    TooShort(usize),
    /// Longer than this many characters.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// No e-mail address.
    #[error("must be an e-mail address, such as ana@example.org")]
    NotEmail,
    /// The app secret is 32 hexadecimal characters.
    #[error("must be 32 characters 0-9 and a-f: App Dashboard > App settings > Basic > App secret")]
    NotAppSecret,
    /// Another row has it already.
    #[error("is already in use")]
    Taken,
    /// No phone number with its country code.
    #[error("must be a phone number with its country code, such as +62 812 3456 7890")]
    NotPhone,
    /// No web address.
    #[error("must be a web address without password and query, such as http://127.0.0.1:3000")]
    NotUrl,
    /// The secret that everybody knows.
    #[error("is what every gateway uses when nobody chose a secret; choose a long random one")]
    DefaultSecret,
    /// A user that basic authentication cannot carry.
    #[error("must not contain a colon or line breaks")]
    UserUnusable,
    /// No name of a device.
    #[error("must be letters, digits, dots, hyphens, underscores, colons and @ only")]
    NotDeviceId,
    /// Out of bounds.
    #[error("must be between {least} and {most}")]
    NotBetween {
        /// The smallest.
        least: u32,
        /// The largest.
        most: u32,
    },
    /// Holds blanks or line breaks, which come along when copying.
    #[error("must not contain spaces or line breaks")]
    HasSpaces,
    /// Something else than one emoji.
    #[error("must be one emoji")]
    NotEmoji,
    /// The server has no such place for files.
    #[error("is not set up on this server: its operator adds [s3] to the configuration")]
    NoStorage,
    /// The provider says so.
    #[error("{0}")]
    Provider(String),
}

/// Connects a Cloud API number.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudForm {
    /// What the team calls it.
    pub name: String,
    /// Meta's id of the number, digits.
    pub phone_number_id: String,
    /// Meta's id of the `WhatsApp` business account, digits.
    pub waba_id: String,
    /// System-user access token.
    pub token: String,
    /// Signs the webhooks.
    pub app_secret: String,
    /// Chosen by us, entered at Meta together with the webhook's URL.
    pub verify_token: String,
}

impl fmt::Debug for CloudForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudForm")
            .field("name", &self.name)
            .field("phone_number_id", &self.phone_number_id)
            .field("waba_id", &self.waba_id)
            .finish_non_exhaustive()
    }
}

impl CloudForm {
    /// What must be corrected; empty if nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut check = |field: &str, problem: Option<Problem>| {
            errors.extend(problem.map(|p| FieldError::new(field, p)));
        };
        check("name", name_problem(&self.name));
        check("phone_number_id", digits_problem(&self.phone_number_id));
        check("waba_id", digits_problem(&self.waba_id));
        check("token", secret_problem(&self.token, 16));
        check("app_secret", app_secret_problem(&self.app_secret));
        check("verify_token", secret_problem(&self.verify_token, 8));
        errors
    }
}

/// Connects a number through a gateway (GOWA).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayForm {
    /// What the team calls it.
    pub name: String,
    /// The number that is (or shall be) linked, with its country code.
    pub phone: String,
    /// Where the gateway's REST API is.
    pub base_url: String,
    /// User of its basic authentication; empty if it asks for none.
    pub user: String,
    /// Password of that user.
    pub password: String,
    /// Signs the webhooks.
    pub webhook_secret: String,
    /// A device that the gateway has already; empty to make one (version 8 or newer).
    #[serde(default)]
    pub device_id: String,
}

impl fmt::Debug for GatewayForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayForm")
            .field("name", &self.name)
            .field("phone", &self.phone)
            .field("base_url", &self.base_url)
            .field("device_id", &self.device_id)
            .finish_non_exhaustive()
    }
}

impl GatewayForm {
    /// What must be corrected; empty if nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut check = |field: &str, problem: Option<Problem>| {
            errors.extend(problem.map(|p| FieldError::new(field, p)));
        };
        check("name", name_problem(&self.name));
        check("phone", phone_problem(&self.phone));
        check("base_url", url_problem(&self.base_url));
        check("user", user_problem(&self.user, &self.password));
        check("password", self.password.chars().any(char::is_control).then_some(Problem::HasSpaces));
        check("webhook_secret", webhook_secret_problem(&self.webhook_secret));
        check("device_id", device_problem(&self.device_id));
        errors
    }
}

/// Connects a number through our own bridge (`WhatsApp` Web).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeForm {
    /// What the team calls it.
    pub name: String,
    /// The number that shall be linked, with its country code. If it is given, another one is refused.
    #[serde(default)]
    pub phone: String,
}

impl BridgeForm {
    /// What must be corrected; empty if nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let name = name_problem(&self.name).map(|p| FieldError::new("name", p));
        let given = !self.phone.trim().is_empty();
        let phone = phone_problem(&self.phone).filter(|_| given).map(|p| FieldError::new("phone", p));
        name.into_iter().chain(phone).collect()
    }
}

/// Where alerts are posted to.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertWebhookForm {
    /// The address.
    pub url: String,
    /// Signs what is posted.
    pub secret: String,
}

impl fmt::Debug for AlertWebhookForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertWebhookForm").field("url", &self.url).finish_non_exhaustive()
    }
}

impl AlertWebhookForm {
    /// What must be corrected; empty if nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let url = url_problem(&self.url).map(|p| FieldError::new("alert_webhook", p));
        let secret = secret_problem(&self.secret, 8).map(|p| FieldError::new("alert_webhook_secret", p));
        url.into_iter().chain(secret).collect()
    }
}

/// Adds a colleague.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberForm {
    /// Shown name.
    pub name: String,
    /// Signs in with it.
    pub email: String,
    /// May do what.
    pub role: Role,
    /// First password, to be handed over in person.
    pub password: String,
}

impl fmt::Debug for MemberForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberForm")
            .field("email", &self.email)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Shortest password, in characters.
pub const MIN_PASSWORD: usize = 10;
/// Longest password, in characters: a bound on the work of hashing.
pub const MAX_PASSWORD: usize = 200;

impl MemberForm {
    /// What must be corrected; empty if nothing.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut check = |field: &str, problem: Option<Problem>| {
            errors.extend(problem.map(|p| FieldError::new(field, p)));
        };
        check("name", name_problem(&self.name));
        check("email", email_problem(&self.email));
        check("password", password_problem(&self.password));
        errors
    }
}

/// What is wrong with the name of a number or a person, if anything.
#[must_use]
pub fn name_problem(name: &str) -> Option<Problem> {
    if clean_name(name).is_none() {
        Some(Problem::Required)
    } else {
        (name.trim().chars().count() > 80).then_some(Problem::TooLong(80))
    }
}

fn digits_problem(id: &str) -> Option<Problem> {
    let id = id.trim();
    if id.is_empty() {
        Some(Problem::Required)
    } else if !id.bytes().all(|b| b.is_ascii_digit()) {
        Some(Problem::NotDigits)
    } else {
        (id.len() > 32).then_some(Problem::TooLong(32))
    }
}

fn secret_problem(secret: &str, min: usize) -> Option<Problem> {
    let secret = secret.trim();
    if secret.is_empty() {
        Some(Problem::Required)
    } else if secret.chars().any(char::is_whitespace) {
        Some(Problem::HasSpaces)
    } else if secret.chars().count() < min {
        Some(Problem::TooShort(min))
    } else {
        (secret.chars().count() > 1024).then_some(Problem::TooLong(1024))
    }
}

fn app_secret_problem(secret: &str) -> Option<Problem> {
    let secret = secret.trim();
    if secret.is_empty() {
        Some(Problem::Required)
    } else {
        (secret.len() != 32 || !secret.bytes().all(|b| b.is_ascii_hexdigit()))
            .then_some(Problem::NotAppSecret)
    }
}

/// What is wrong with a phone number, if anything. It must begin with its country code: no such code begins with 0, as
/// numbers do that are written as one dials them at home. `00` before it does no harm.
#[must_use]
pub fn phone_problem(phone: &str) -> Option<Problem> {
    if phone.trim().is_empty() {
        return Some(Problem::Required);
    }
    let sound = matches!(Address::phone(phone), Ok(Address::Phone(digits)) if !digits.starts_with('0'));
    (!sound).then_some(Problem::NotPhone)
}

fn url_problem(url: &str) -> Option<Problem> {
    let url = url.trim();
    if url.is_empty() {
        return Some(Problem::Required);
    }
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let sound = rest.is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        !host.is_empty()
            && !host.starts_with(':')
            && !rest.contains(['@', '?', '#'])
            && !rest.chars().any(|c| c.is_whitespace() || c.is_control())
    });
    (!sound).then_some(Problem::NotUrl)
}

fn user_problem(user: &str, password: &str) -> Option<Problem> {
    if user.is_empty() && !password.is_empty() {
        Some(Problem::Required)
    } else {
        user.chars().any(|c| c == ':' || c.is_control()).then_some(Problem::UserUnusable)
    }
}

fn webhook_secret_problem(secret: &str) -> Option<Problem> {
    if secret.trim().eq_ignore_ascii_case("secret") {
        return Some(Problem::DefaultSecret);
    }
    secret_problem(secret, 8)
}

fn device_problem(id: &str) -> Option<Problem> {
    let id = id.trim();
    if id.chars().count() > 128 {
        return Some(Problem::TooLong(128));
    }
    let sound = |b: u8| b.is_ascii_alphanumeric() || b".-_:@".contains(&b);
    (!id.bytes().all(sound) || id == "." || id == "..").then_some(Problem::NotDeviceId)
}

pub(crate) fn email_problem(email: &str) -> Option<Problem> {
    let email = email.trim();
    if email.is_empty() {
        return Some(Problem::Required);
    }
    let plausible = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.rsplit_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
        });
    (!plausible).then_some(Problem::NotEmail)
}

fn password_problem(password: &str) -> Option<Problem> {
    match password.chars().count() {
        0 => Some(Problem::Required),
        n if n < MIN_PASSWORD => Some(Problem::TooShort(MIN_PASSWORD)),
        n if n > MAX_PASSWORD => Some(Problem::TooLong(MAX_PASSWORD)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("6281234567890", None)]
    #[case::plus(" +62 812-3456-7890 ", None)]
    #[case::dialled_abroad("00 62 812 3456 7890", None)]
    #[case::brackets("(00) 62 812 3456 7890", None)]
    #[case::nothing("  ", Some(Problem::Required))]
    #[case::words("call me", Some(Problem::NotPhone))]
    #[case::short("12", Some(Problem::NotPhone))]
    #[case::dialled_at_home("0812 3456 7890", Some(Problem::NotPhone))]
    #[case::home_with_brackets(" (0812) 3456-7890", Some(Problem::NotPhone))]
    #[case::home_with_plus("+0812 3456 7890", Some(Problem::NotPhone))]
    #[case::home_after_abroad("00 0812 3456 7890", Some(Problem::NotPhone))]
    fn numbers_have_their_country_code(#[case] phone: &str, #[case] problem: Option<Problem>) {
        assert_eq!(phone_problem(phone), problem);
    }

    fn good() -> CloudForm {
        CloudForm {
            name: "Shop".into(),
            phone_number_id: "106540352242922".into(),
            waba_id: "102290129340398".into(),
            token: "EAAG-long-enough-token".into(),
            app_secret: "0123456789abcdef0123456789abcdef".into(),
            verify_token: "choose-me-well".into(),
        }
    }

    #[test]
    fn each_field_is_checked() {
        assert_eq!(good().validate(), []);
        let fields = |f: CloudForm| f.validate().into_iter().map(|e| e.field).collect::<Vec<_>>();
        assert_eq!(fields(CloudForm::default()).len(), 6);
        assert_eq!(fields(CloudForm { phone_number_id: "+62 812".into(), ..good() }), ["phone_number_id"]);
        assert_eq!(fields(CloudForm { token: "with a space in the middle".into(), ..good() }), ["token"]);
        assert_eq!(fields(CloudForm { app_secret: "xyz".into(), ..good() }), ["app_secret"]);
    }

    #[test]
    fn gateways() {
        let good = || GatewayForm {
            name: "Shop".into(),
            phone: "+62 812 3456 7890".into(),
            base_url: "https://gowa.example.org:3000/base".into(),
            user: "balas".into(),
            password: "p w".into(),
            webhook_secret: "chosen-by-us".into(),
            device_id: String::new(),
        };
        assert_eq!(good().validate(), []);
        let problems =
            |f: GatewayForm| f.validate().into_iter().map(|e| (e.field, e.problem)).collect::<Vec<_>>();
        let one = |field: &str, problem| vec![(field.to_owned(), problem)];
        for phone in ["12", "call me"] {
            assert_eq!(
                problems(GatewayForm { phone: phone.into(), ..good() }),
                one("phone", Problem::NotPhone)
            );
        }
        for url in ["gowa:3000", "ftp://x", "http://", "http://u:p@h", "http://h?x=1", "http://a b"] {
            let form = GatewayForm { base_url: url.into(), ..good() };
            assert_eq!(problems(form), one("base_url", Problem::NotUrl), "{url}");
        }
        let form = GatewayForm { webhook_secret: "Secret".into(), ..good() };
        assert_eq!(problems(form), one("webhook_secret", Problem::DefaultSecret));
        let form = GatewayForm { user: String::new(), ..good() };
        assert_eq!(problems(form), one("user", Problem::Required));
        let form = GatewayForm { device_id: "a/b".into(), ..good() };
        assert_eq!(problems(form), one("device_id", Problem::NotDeviceId));
        let shown = format!("{:?}", good());
        assert!(!shown.contains("p w") && !shown.contains("chosen"));
    }

    #[test]
    fn members() {
        let m = |email: &str, password: &str| {
            MemberForm {
                name: "Ana".into(),
                email: email.into(),
                role: Role::Agent,
                password: password.into(),
            }
            .validate()
            .len()
        };
        assert_eq!(m("ana@example.org", "long enough"), 0);
        assert_eq!(m("ana", "short"), 2);
        assert_eq!(m("a@b", &"x".repeat(500)), 2);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", good());
        assert!(!shown.contains("EAAG") && !shown.contains("abcdef") && !shown.contains("choose"));
    }
}
