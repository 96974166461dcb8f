//! The gateway's error codes: what they mean for us and what people should do.
//!
//! Source: the project's Go code (`pkg/error`, the REST middleware). Codes are words; the sentences beside
//! them change between versions, so nothing that matters is decided by them.

use balas_domain::view::FailureClass;
use serde_json::Value;

use crate::{
    lenient::{id, name, sentence},
    provider::Outcome,
};

/// What the gateway says when it says no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// Such as `VALIDATION_ERROR`; `None` if the answer was none of the gateway's own, but a web server's.
    pub code: Option<String>,
    /// Its words, cleaned.
    pub words: Option<String>,
    /// The slot that it was about.
    pub device_id: Option<String>,
}

impl ApiError {
    /// Reads an envelope.
    pub fn read(envelope: &Value) -> Self {
        Self {
            code: name(envelope, "code"),
            words: sentence(envelope, "message"),
            device_id: envelope.get("results").and_then(|r| id(r, "device_id")),
        }
    }

    /// The code to compare with.
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// The phone is linked, only the connection is missing. Both come with one code; this is the one place
    /// where the words decide, and if they change, the account's status still tells.
    pub fn only_disconnected(&self) -> bool {
        self.code() == "AUTHENTICATION_ERROR"
            && self.words.as_deref().is_some_and(|w| w.to_ascii_lowercase().contains("reconnect"))
    }

    /// What to show of it.
    pub fn detail(&self, http: u16) -> String {
        match (&self.words, &self.code) {
            (Some(words), _) => words.clone(),
            (None, Some(code)) => code.clone(),
            (None, None) => format!("HTTP status {http}"),
        }
    }
}

/// What a refusal means for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What can be done about it.
    pub class: FailureClass,
    /// Whether it may have gone out all the same.
    pub outcome: Outcome,
    /// `WhatsApp`'s own number for it.
    pub number: Option<i64>,
    /// What happened and what to do.
    pub text: String,
}

struct Rule {
    code: &'static str,
    class: FailureClass,
    text: &'static str,
    /// Whether the gateway's own words are needed to know what is wrong.
    quote: bool,
}

const fn rule(code: &'static str, class: FailureClass, text: &'static str) -> Rule {
    Rule { code, class, text, quote: false }
}

const fn quoting(code: &'static str, class: FailureClass, text: &'static str) -> Rule {
    Rule { code, class, text, quote: true }
}

use FailureClass::{Auth, Invalid, Policy, Recipient, Throttled, Transient, Unknown};

const NOT_LINKED: &str = "No phone is linked to the gateway any more. An administrator must link it again \
                          under Accounts; messages wait until then.";
const NOT_CONNECTED: &str = "The gateway has no connection to WhatsApp right now. It is tried again by \
                             itself.";
const NO_DEVICE: &str = "The gateway no longer has this account's device. An administrator must set it up \
                         again under Accounts; messages wait until then.";
const WHICH_DEVICE: &str = "The gateway serves several numbers and was not told which one this account is. An \
                            administrator must say so under Accounts; messages wait until then.";
const UNWELL: &str = "The gateway has a problem and cannot take the message. It is tried again by itself.";
const LOST: &str = "The gateway gave up waiting for WhatsApp, so the message may have gone out. Wait for its \
                    ticks, or ask the customer, before sending it again.";
const PASSWORD: &str = "The gateway no longer accepts this account's user and password. An administrator must \
                        enter the right ones under Accounts; messages wait until then.";

const RULES: &[Rule] = &[
    quoting("VALIDATION_ERROR", Invalid, "The gateway does not accept the message"),
    rule(
        "INVALID_JID",
        Recipient,
        "The gateway does not find this number on WhatsApp. It is sometimes wrong about that: check the \
         number, then try again.",
    ),
    quoting("ALREADY_LOGGED_IN", Invalid, "A phone is linked already"),
    quoting("BAD_REQUEST", Invalid, "The gateway does not accept the message"),
    quoting("INVALID_REQUEST", Invalid, "The gateway does not accept the message"),
    quoting("NOT_FOUND", Invalid, "The gateway does not find what the message is about"),
    rule("DEVICE_ID_REQUIRED", Auth, WHICH_DEVICE),
    rule("DEVICE_NOT_FOUND", Auth, NO_DEVICE),
    rule("AUTHENTICATION_ERROR", Auth, NOT_LINKED),
    rule(
        "WA_REACHOUT_TIMELOCK",
        Policy,
        "WhatsApp does not let this number begin new chats for a while. Answer people who wrote first, and \
         begin with this customer on another day.",
    ),
    rule("QR_CHANNEL_ERROR", Transient, UNWELL),
    rule("SESSION_SAVED_ERROR", Transient, UNWELL),
    rule("INVALID_WA_CLI", Transient, UNWELL),
    rule(
        "UPLOAD_MEDIA_ERROR",
        Transient,
        "The gateway could not upload the file. It is tried again by itself.",
    ),
    rule("WEBHOOK_ERROR", Transient, UNWELL),
    rule("DEVICE_MANAGER_UNAVAILABLE", Transient, "The gateway is starting. It is tried again by itself."),
];

/// `WhatsApp`'s number for "may not begin new chats".
const REACHOUT: i64 = 463;

/// What the gateway's "no" means.
pub fn classify(http: u16, error: &ApiError) -> Meaning {
    let not_sent = |class, text: String| Meaning { class, outcome: Outcome::NotSent, number: None, text };
    if error.only_disconnected() {
        return not_sent(Transient, NOT_CONNECTED.to_owned());
    }
    if let Some(rule) = RULES.iter().find(|r| r.code == error.code()) {
        let text = match (&error.words, rule.quote) {
            (Some(words), true) => format!("{}: {words}.", rule.text),
            (None, true) => format!("{}.", rule.text),
            (_, false) => rule.text.to_owned(),
        };
        let number = (rule.code == "WA_REACHOUT_TIMELOCK").then_some(REACHOUT);
        return Meaning { number, ..not_sent(rule.class, text) };
    }
    match (error.code(), http) {
        ("", 401) => not_sent(Auth, PASSWORD.to_owned()),
        ("", 403) => not_sent(
            Auth,
            "Something before the gateway refuses access to it. An administrator must correct the account's \
             settings or the proxy; messages wait until then."
                .to_owned(),
        ),
        (_, 429) => not_sent(
            Throttled,
            "The gateway got too many requests in a short time. It is tried again by itself.".to_owned(),
        ),
        ("", 404 | 405) => not_sent(
            Invalid,
            "The gateway does not know this call. An administrator must check its address and its version."
                .to_owned(),
        ),
        (_, 413) => not_sent(Invalid, "The message is larger than the gateway takes.".to_owned()),
        (_, 503) => not_sent(Transient, UNWELL.to_owned()),
        // Any error of the program's. Most mean that it did nothing; those that speak of the connection may
        // have come after the message had left.
        ("INTERNAL_SERVER_ERROR", _) if breaks_off(error) => {
            Meaning { outcome: Outcome::Unknown, ..not_sent(Unknown, LOST.to_owned()) }
        }
        _ => {
            let detail = error.detail(http);
            not_sent(Invalid, format!("The gateway could not do it ({detail}). Try again once."))
        }
    }
}

/// Whether the words hint that something broke off. Decides only for the careful side.
fn breaks_off(error: &ApiError) -> bool {
    let words = error.words.as_deref().unwrap_or_default().to_ascii_lowercase();
    ["time", "deadline", "disconnect", "connection", "websocket", "context", "eof", "broken pipe"]
        .iter()
        .any(|hint| words.contains(hint))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn error(code: &str, words: &str) -> ApiError {
        let some = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        ApiError { code: some(code), words: some(words), device_id: None }
    }

    #[rstest]
    #[case(400, "VALIDATION_ERROR", "phone: cannot be blank", Invalid, Outcome::NotSent)]
    #[case(400, "INVALID_JID", "Phone X is not on whatsapp", Recipient, Outcome::NotSent)]
    #[case(400, "DEVICE_ID_REQUIRED", "", Auth, Outcome::NotSent)]
    #[case(404, "DEVICE_NOT_FOUND", "", Auth, Outcome::NotSent)]
    #[case(404, "NOT_FOUND", "", Invalid, Outcome::NotSent)]
    #[case(401, "AUTHENTICATION_ERROR", "you are not logged in", Auth, Outcome::NotSent)]
    #[case(401, "AUTHENTICATION_ERROR", "words of a later version", Auth, Outcome::NotSent)]
    #[case(
        401,
        "AUTHENTICATION_ERROR",
        "you are not connect to services server, please reconnect",
        Transient,
        Outcome::NotSent
    )]
    #[case(401, "", "", Auth, Outcome::NotSent)]
    #[case(403, "", "", Auth, Outcome::NotSent)]
    #[case(404, "", "", Invalid, Outcome::NotSent)]
    #[case(413, "", "", Invalid, Outcome::NotSent)]
    #[case(429, "WA_REACHOUT_TIMELOCK", "463", Policy, Outcome::NotSent)]
    #[case(429, "", "", Throttled, Outcome::NotSent)]
    #[case(500, "INTERNAL_SERVER_ERROR", "message with ID X not found", Invalid, Outcome::NotSent)]
    #[case(
        500,
        "INTERNAL_SERVER_ERROR",
        "timed out waiting for message send response",
        Unknown,
        Outcome::Unknown
    )]
    #[case(
        500,
        "INTERNAL_SERVER_ERROR",
        "websocket disconnected before info query returned response",
        Unknown,
        Outcome::Unknown
    )]
    #[case(500, "UPLOAD_MEDIA_ERROR", "", Transient, Outcome::NotSent)]
    #[case(503, "DEVICE_MANAGER_UNAVAILABLE", "", Transient, Outcome::NotSent)]
    #[case(503, "", "", Transient, Outcome::NotSent)]
    #[case(418, "SOMETHING_NEW", "", Invalid, Outcome::NotSent)]
    fn table(
        #[case] http: u16,
        #[case] code: &str,
        #[case] words: &str,
        #[case] class: FailureClass,
        #[case] outcome: Outcome,
    ) {
        let meaning = classify(http, &error(code, words));
        assert_eq!((meaning.class, meaning.outcome), (class, outcome));
        assert!(meaning.text.ends_with('.') && !meaning.text.contains(".."), "{}", meaning.text);
        assert_eq!(meaning.number, (code == "WA_REACHOUT_TIMELOCK").then_some(463));
    }
}
