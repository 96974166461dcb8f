//! What people fill in, and the rules it must meet. Checked in the browser as one types and again on the server.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{role::Role, text::clean_name};

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
#[serde(tag = "problem", content = "detail", rename_all = "snake_case")]
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
    /// Holds blanks or line breaks, which come along when copying.
    #[error("must not contain spaces or line breaks")]
    HasSpaces,
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

fn name_problem(name: &str) -> Option<Problem> {
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

fn email_problem(email: &str) -> Option<Problem> {
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
    use super::*;

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
