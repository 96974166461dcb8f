//! What can go wrong with a call, in words of each language.

use balas_domain::form::{FieldError, Problem};
use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

use crate::i18n::{Words, fill};

/// Why a call did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    /// The server was not reached, or its answer was lost: what was asked may have happened.
    #[error("the server cannot be reached")]
    Network,
    /// Nobody is signed in any more.
    #[error("the sign-in has ended")]
    SignedOut,
    /// Fields must be corrected.
    #[error("some fields must be corrected")]
    Fields(Vec<FieldError>),
    /// The engine said no.
    #[error("{text}")]
    Refused {
        /// The engine's stable word for it.
        code: String,
        /// The engine's English words.
        text: String,
    },
    /// Something broke on the server.
    #[error("something went wrong on the server")]
    Server,
}

impl ApiError {
    /// Whether the same call may work a little later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Network | Self::Server => true,
            // A line that broke may hold the file for a while.
            Self::Refused { code, .. } => code == "upload_busy",
            Self::SignedOut | Self::Fields(_) => false,
        }
    }

    /// What happened and what to do, for people.
    #[must_use]
    pub(crate) fn words(&self, words: &Words) -> String {
        match self {
            Self::Network => words.error_network.to_owned(),
            Self::SignedOut => words.signed_out.to_owned(),
            Self::Server => words.error_server.to_owned(),
            Self::Fields(fields) => {
                fields.first().map_or_else(|| words.error_server.to_owned(), |f| problem(&f.problem, words))
            }
            Self::Refused { code, text } => match code.as_str() {
                "denied" => words.error_denied.to_owned(),
                "not_found" => words.error_not_found.to_owned(),
                "too_long" => words.error_too_long.to_owned(),
                "account_not_ready" => words.error_not_ready.to_owned(),
                "window_closed" => words.window_closed.to_owned(),
                "nothing_to_retry" => words.error_retry_none.to_owned(),
                "unconfirmed" => words.error_unconfirmed.to_owned(),
                "conflict" => words.error_conflict.to_owned(),
                // The provider's own words say more than ours could.
                _ => sentence(text),
            },
        }
    }

    /// The same, where only one field of the form can be taken already.
    #[must_use]
    pub(crate) fn of_unique_field(&self, field: &str, words: &Words) -> Option<String> {
        match self {
            Self::Refused { code, .. } if code == "conflict" => Some(words.problem_taken.to_owned()),
            _ => self.of_field(field, words),
        }
    }

    /// What is wrong with one field, for people.
    #[must_use]
    pub(crate) fn of_field(&self, field: &str, words: &Words) -> Option<String> {
        let Self::Fields(fields) = self else { return None };
        fields.iter().find(|error| error.field == field).map(|error| problem(&error.problem, words))
    }
}

/// What is wrong with a field, for people.
#[must_use]
pub(crate) fn problem(problem: &Problem, words: &Words) -> String {
    match problem {
        Problem::Required => words.problem_required.to_owned(),
        Problem::NotDigits => words.problem_not_digits.to_owned(),
        Problem::TooShort(n) => fill(words.problem_too_short, &[("n", &n.to_string())]),
        Problem::TooLong(n) => fill(words.problem_too_long, &[("n", &n.to_string())]),
        Problem::NotEmail => words.problem_not_email.to_owned(),
        Problem::NotAppSecret => words.problem_not_app_secret.to_owned(),
        Problem::NotPhone => words.problem_not_phone.to_owned(),
        Problem::NotUrl => words.problem_not_url.to_owned(),
        Problem::DefaultSecret => words.problem_default_secret.to_owned(),
        Problem::UserUnusable => words.problem_user_unusable.to_owned(),
        Problem::NotDeviceId => words.problem_not_device_id.to_owned(),
        Problem::NotBetween { least, most } => {
            fill(words.problem_not_between, &[("least", &least.to_string()), ("most", &most.to_string())])
        }
        Problem::Taken => words.problem_taken.to_owned(),
        Problem::HasSpaces => words.problem_has_spaces.to_owned(),
        Problem::NotEmoji => words.problem_not_emoji.to_owned(),
        Problem::NoStorage => words.problem_no_storage.to_owned(),
        Problem::Provider(text) => sentence(text),
    }
}

/// Errors of libraries begin small and end without a full stop; sentences do not.
fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut out: String = first.to_uppercase().chain(chars).collect();
    if !out.ends_with(['.', '!', '?', '…']) {
        out.push('.');
    }
    out
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // Whatever could not be read came from something in between: a proxy's page, a server that
            // restarts.
            ServerFnErrorErr::Request(_)
            | ServerFnErrorErr::Response(_)
            | ServerFnErrorErr::Deserialization(_) => Self::Network,
            _ => Self::Server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn codes_become_words_and_unknown_ones_keep_the_servers() {
        let words = Lang::Id.words();
        let refused =
            |code: &str| ApiError::Refused { code: code.into(), text: "the token has expired".into() };
        assert_eq!(refused("window_closed").words(words), words.window_closed);
        assert_eq!(refused("check_failed").words(words), "The token has expired.");
    }

    #[test]
    fn a_field_finds_its_own_problem() {
        let error =
            ApiError::Fields(vec![FieldError { field: "token".into(), problem: Problem::TooShort(16) }]);
        let words = Lang::En.words();
        assert_eq!(error.of_field("token", words).as_deref(), Some("At least 16 characters."));
        assert_eq!(error.of_field("name", words), None);
    }

    #[test]
    fn only_what_may_come_right_is_tried_again() {
        assert!(ApiError::Network.is_temporary());
        assert!(ApiError::Server.is_temporary());
        assert!(!ApiError::SignedOut.is_temporary());
        assert!(!ApiError::Fields(vec![]).is_temporary());
        let refused = |code: &str| ApiError::Refused { code: code.into(), text: String::new() };
        assert!(refused("upload_busy").is_temporary());
        assert!(!refused("conflict").is_temporary());
    }
}
