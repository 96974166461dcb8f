//! Errors of the Graph API in Meta's shape.

use serde::Serialize;
use serde_json::{Value, json};

/// `OAuthException`: what most Graph errors call themselves.
pub(crate) const OAUTH: &str = "OAuthException";
/// `GraphMethodException`: unknown objects and trouble on Meta's side.
pub(crate) const METHOD: &str = "GraphMethodException";

/// One Graph error: HTTP status, and the fields of `{"error": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GraphError {
    /// HTTP status of the answer.
    pub(crate) http: u16,
    /// Text for developers.
    pub(crate) message: String,
    /// `OAuthException` or `GraphMethodException`.
    pub(crate) kind: &'static str,
    /// Meta's error code.
    pub(crate) code: i64,
    /// Narrows the code down.
    pub(crate) subcode: Option<i64>,
    /// `error_data.details`.
    pub(crate) details: Option<String>,
    /// Says that trying again may help.
    pub(crate) transient: bool,
    /// Seconds for `Retry-After`; also puts `X-Business-Use-Case-Usage` on the answer.
    pub(crate) retry_after: Option<u32>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    r#type: &'a str,
    code: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_subcode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_transient: Option<bool>,
    fbtrace_id: &'a str,
}

impl GraphError {
    /// An error with HTTP status, code and text; the rest is added by the builder functions below.
    pub(crate) fn new(http: u16, kind: &'static str, code: i64, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { http, message, kind, code, subcode: None, details: None, transient: false, retry_after: None }
    }

    pub(crate) fn subcode(mut self, subcode: i64) -> Self {
        self.subcode = Some(subcode);
        self
    }

    pub(crate) fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    pub(crate) fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// A parameter that is missing or wrong: HTTP 400, code 100.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new(400, OAUTH, 100, format!("(#100) {}", message.into()))
    }

    /// A value that has the right type but not an allowed content: HTTP 400, code 131009.
    pub(crate) fn value(details: impl Into<String>) -> Self {
        Self::new(400, OAUTH, 131_009, "(#131009) Parameter value is not valid").details(details)
    }

    /// An object that does not exist or that the token may not see; Meta answers 400, not 404.
    pub(crate) fn unknown_object(method: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation. Please read the Graph API documentation at \
             https://developers.facebook.com/docs/graph-api",
            method.to_ascii_lowercase()
        );
        Self::new(400, METHOD, 100, message).subcode(33)
    }

    /// The standing error for a code, as the fault injection uses it: code to HTTP status, text and flags.
    pub(crate) fn of_code(code: i64) -> Self {
        let oauth = |http, message: &str| Self::new(http, OAUTH, code, message);
        match code {
            1 => oauth(500, "An unknown error occurred").transient(),
            2 => {
                let text = "WhatsApp Business API service is temporarily unavailable";
                Self::new(503, METHOD, 2, text).transient()
            }
            4 => oauth(429, "Application request limit reached").subcode(2_446_079).transient().wait(60),
            17 => oauth(429, "User request limit reached").subcode(2_446_079).transient().wait(60),
            190 => oauth(401, "Error validating access token: Session has expired").subcode(463),
            80_007 => oauth(429, "Business request limit reached for WhatsApp Business Account")
                .subcode(2_446_079)
                .transient()
                .wait(60),
            130_429 => oauth(429, "(#130429) Rate limit hit")
                .details(
                    "Message failed to send because there were too many messages sent from this phone number \
                     in a short period of time",
                )
                .transient()
                .wait(5),
            100 => oauth(400, "(#100) Invalid parameter"),
            131_000 => oauth(500, "(#131000) Something went wrong").transient(),
            131_048 => oauth(400, "(#131048) Spam rate limit hit").details(
                "Message failed to send because there are restrictions on how many messages can be sent from \
                 this phone number.",
            ),
            131_056 => oauth(400, "(#131056) (Business Account, Consumer Account) pair rate limit hit")
                .details(
                "Message failed to send because there were too many messages sent from this phone number to \
                 the same phone number in a short period of time.",
            ),
            131_016 | 131_057 => oauth(503, &format!("(#{code}) Service unavailable")).transient(),
            _ => {
                let failure = Failure::of_code(code);
                oauth(400, &format!("(#{code}) {}", failure.title)).details(failure.details)
            }
        }
    }

    fn wait(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The JSON body.
    pub(crate) fn body(&self, fbtrace_id: &str) -> Value {
        let error_data =
            self.details.as_ref().map(|details| json!({"messaging_product": "whatsapp", "details": details}));
        json!({"error": Body {
            message: &self.message,
            r#type: self.kind,
            code: self.code,
            error_subcode: self.subcode,
            error_data,
            is_transient: self.transient.then_some(true),
            fbtrace_id,
        }})
    }
}

/// Why a message that was accepted could not be delivered: `statuses[].errors[]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Meta's error code.
    pub code: i64,
    /// Short text, also sent as `message`.
    pub title: &'static str,
    /// `error_data.details`.
    pub details: &'static str,
}

impl Failure {
    /// Title and details of the delivery errors that the sandbox knows.
    pub(crate) fn of_code(code: i64) -> Self {
        let (title, details) = match code {
            131_009 => {
                ("Parameter value is not valid", "The message that this refers to is unknown or too old.")
            }
            131_021 => ("Recipient cannot be sender", "Sender and recipient phone number is the same."),
            131_026 => ("Message undeliverable", "Message Undeliverable."),
            131_047 => (
                "Re-engagement message",
                "Message failed to send because more than 24 hours have passed since the customer last \
                 replied to this number.",
            ),
            131_049 => (
                "This message was not delivered to maintain healthy ecosystem engagement.",
                "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
            ),
            131_050 => {
                ("User has stopped marketing messages", "The recipient has chosen to stop receiving these.")
            }
            131_052 => {
                ("Media download error", "The file that belongs to the message could not be downloaded.")
            }
            131_053 => (
                "Media upload error",
                "The file's type does not fit the kind of message that it was sent as.",
            ),
            _ => ("Message failed", "The sandbox was told to let this message fail."),
        };
        Self { code, title, details }
    }

    /// The element of `statuses[].errors[]`.
    pub(crate) fn node(&self) -> Value {
        json!({
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn keys(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    /// Every error that exists as a vendor example and that we can make has the example's shape, and its text
    /// where the code is one of the standing ones.
    #[test]
    fn standing_errors_look_like_the_vendors() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/errors");
        let mut compared = 0;
        for (status, file) in [
            (401, "expired-token"),
            (429, "business-rate-limit"),
            (429, "rate-limit-exceeded"),
            (429, "user-rate-limit"),
            (500, "service-unavailable"),
        ] {
            let text = fs::read(folder.join(format!("{status}/{file}.json"))).unwrap();
            let theirs: Value = serde_json::from_slice(&text).unwrap();
            let error = GraphError::of_code(theirs["error"]["code"].as_i64().unwrap());
            let ours = error.body("AXsgnV2Cm3ZMGF3dF_cfYIn");
            assert_eq!(keys(&ours["error"]), keys(&theirs["error"]), "{file}");
            assert_eq!(ours, theirs, "{file}");
            compared += 1;
        }
        assert_eq!(compared, 5);
    }

    #[test]
    fn a_failure_reads_like_the_derived_fixture() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/status_failed_131047.json");
        let body: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let theirs = &body["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"][0];
        assert_eq!(&Failure::of_code(131_047).node(), theirs);
    }

    #[test]
    fn rate_limits_say_how_long_to_wait() {
        assert_eq!(GraphError::of_code(130_429).retry_after, Some(5));
        assert_eq!(GraphError::of_code(131_056).retry_after, None);
        assert_eq!(GraphError::of_code(131_056).http, 400);
    }
}
