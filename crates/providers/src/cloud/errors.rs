//! Meta's error codes: what they mean for us and what people should do. One table for the errors of calls and
//! for those that arrive in statuses, because Meta reports the same failure sometimes one way, sometimes the
//! other.
//!
//! Source: Meta's "Cloud API > Error codes" and the Graph API's error handling.

use std::{ops::RangeInclusive, time::Duration};

use balas_domain::view::{Failure, FailureClass};
use serde_json::Value;

use crate::lenient::{flag, int, name, sentence};

/// At most one message to one person in this time.
pub const PAIR_RATE: Duration = Duration::from_secs(6);
/// The code of the rule above.
const PAIR_RATE_CODE: i64 = 131_056;

/// An error as Meta writes it, in an answer's `error` or in a status's `errors[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphError {
    /// What everything is decided by.
    pub code: Option<i64>,
    /// Refines some codes.
    pub subcode: Option<i64>,
    /// Meta's words, cleaned; the most telling of those given.
    pub words: Option<String>,
    /// Meta says that waiting helps.
    pub transient: bool,
    /// Meta's name for the exchange.
    pub trace: Option<String>,
}

impl GraphError {
    /// Reads the inside of `error`, or an element of `errors[]`.
    pub fn read(error: &Value) -> Self {
        let details = error.get("error_data").and_then(|d| sentence(d, "details"));
        let words = details
            .or_else(|| sentence(error, "error_user_msg"))
            .or_else(|| sentence(error, "message"))
            .or_else(|| sentence(error, "title"));
        Self {
            code: int(error, "code"),
            subcode: int(error, "error_subcode"),
            words,
            transient: flag(error, "is_transient"),
            trace: name(error, "fbtrace_id"),
        }
    }
}

struct Rule {
    codes: RangeInclusive<i64>,
    class: FailureClass,
    /// What happened and what to do.
    text: &'static str,
    /// Whether Meta's own words are needed to know what is wrong.
    quote: bool,
}

const fn one(code: i64, class: FailureClass, text: &'static str) -> Rule {
    Rule { codes: code..=code, class, text, quote: false }
}

/// What Meta says belongs to it.
const fn quoting(first: i64, last: i64, class: FailureClass, text: &'static str) -> Rule {
    Rule { codes: first..=last, class, text, quote: true }
}

const RECONNECT: &str = "Meta no longer accepts this account's access token. An administrator must enter a \
 new one \
                         under Accounts; messages wait until then.";
const PERMISSION: &str = "The access token may not do this. An administrator must give its system user the \
                          permissions whatsapp_business_messaging and whatsapp_business_management.";
const TOO_MANY_CALLS: &str = "Too many calls to Meta in a short time. It is tried again by itself.";

use FailureClass::{Auth, Invalid, Policy, Recipient, Throttled, Transient, WindowClosed};

/// First match counts.
const RULES: &[Rule] = &[
    // Authorisation: stop sending on the account.
    one(190, Auth, RECONNECT),
    one(0, Auth, RECONNECT),
    one(102, Auth, RECONNECT),
    one(104, Auth, RECONNECT),
    one(3, Auth, PERMISSION),
    one(10, Auth, PERMISSION),
    Rule { codes: 200..=299, class: Auth, text: PERMISSION, quote: false },
    // Too fast: waiting helps.
    one(
        130_429,
        Throttled,
        "This number sends more messages per second than Meta allows. It is tried again by itself.",
    ),
    one(
        80_007,
        Throttled,
        "This WhatsApp business account made too many calls. It is tried again by itself.",
    ),
    one(4, Throttled, TOO_MANY_CALLS),
    one(17, Throttled, TOO_MANY_CALLS),
    one(
        PAIR_RATE_CODE,
        Throttled,
        "Too many messages to this customer in a short time. It is tried again by itself.",
    ),
    one(
        131_048,
        Throttled,
        "Meta slows this number down because customers blocked or reported it. Send less, only to \
         people who expect it, and look at the number's quality in WhatsApp Manager.",
    ),
    one(
        133_016,
        Throttled,
        "The number was registered too often. Wait 72 hours before registering it again.",
    ),
    // Hiccups: waiting helps.
    one(1, Transient, "Meta had an unknown problem. It is tried again by itself."),
    one(2, Transient, "Meta's service is temporarily unavailable. It is tried again by itself."),
    one(131_000, Transient, "Meta could not send the message and gives no reason. Try again."),
    one(131_016, Transient, "Meta's service is temporarily unavailable. It is tried again by itself."),
    one(131_057, Transient, "Meta is maintaining this number right now. It is tried again by itself."),
    // The window.
    one(
        131_047,
        WindowClosed,
        "More than 24 hours have passed since the customer last wrote. Send a template message, \
         or wait until the customer writes.",
    ),
    // This recipient.
    one(
        131_026,
        Recipient,
        "The customer cannot be reached: the number is not on WhatsApp, has not accepted WhatsApp's \
         terms or uses an old version. Reach the customer another way.",
    ),
    one(131_021, Recipient, "A number cannot write to itself. Choose another recipient."),
    one(
        131_030,
        Recipient,
        "With a test number, only recipients on its list can be reached. Add this one in App \
         Dashboard > WhatsApp > API Setup.",
    ),
    one(
        131_045,
        Recipient,
        "The number's certificate is wrong, so nothing can be sent. An administrator must register \
         the number again in WhatsApp Manager.",
    ),
    one(130_497, Recipient, "WhatsApp does not allow this business to write to customers in this country."),
    one(
        133_010,
        Recipient,
        "The number is not registered with the Cloud API. An administrator must register it in \
         WhatsApp Manager.",
    ),
    // WhatsApp's rules.
    one(
        131_049,
        Policy,
        "WhatsApp held the message back because this customer gets many marketing messages. Wait at \
         least 24 hours before trying again.",
    ),
    one(
        131_050,
        Policy,
        "This customer has stopped marketing messages from you. Do not send any more of them.",
    ),
    one(
        130_472,
        Policy,
        "WhatsApp did not deliver the message because the customer is part of an experiment. Write \
         when the customer writes first.",
    ),
    one(
        131_031,
        Policy,
        "Meta has locked this WhatsApp account. An administrator must look at WhatsApp Manager > \
         Account overview.",
    ),
    one(
        368,
        Policy,
        "Meta has blocked this account for a while for breaking its rules. An administrator must look at \
         WhatsApp Manager > Account overview.",
    ),
    one(131_064, Policy, "WhatsApp's rules do not allow this message. Change it before sending it again."),
    // The message or the settings.
    quoting(100, 100, Invalid, "Meta did not understand the request."),
    one(
        131_005,
        Invalid,
        "Meta denies access to this. An administrator must check the access token's permissions.",
    ),
    quoting(131_008, 131_008, Invalid, "Meta misses something in the message."),
    quoting(131_009, 131_009, Invalid, "Meta does not accept a part of the message."),
    one(
        131_037,
        Invalid,
        "The number's display name is not approved yet. An administrator must have it approved in \
         WhatsApp Manager.",
    ),
    one(
        131_042,
        Invalid,
        "There is a problem with the payment method. An administrator must correct it in WhatsApp \
         Manager > Billing.",
    ),
    one(
        131_044,
        Invalid,
        "There is a problem with the payment method. An administrator must correct it in WhatsApp \
         Manager > Billing.",
    ),
    one(131_051, Invalid, "WhatsApp does not support this kind of message."),
    one(131_052, Invalid, "The file could not be downloaded. Ask the sender to send it again."),
    quoting(
        131_053,
        131_053,
        Invalid,
        "The file could not be uploaded. Check its kind and size and attach it again.",
    ),
    one(131_062, Invalid, "This kind of message needs the customer's phone number, which is not known."),
    quoting(131_063, 131_063, Invalid, "Meta does not accept the message."),
    quoting(135_000, 135_000, Invalid, "Meta does not accept the message's form."),
    one(137_000, Invalid, "Meta does not accept the message. Change it before sending it again."),
    // Templates.
    one(
        132_000,
        Invalid,
        "The template needs another number of values. Refresh the templates and fill in all of them.",
    ),
    one(
        132_001,
        Invalid,
        "There is no such template in this language, or it is not approved. Refresh the templates.",
    ),
    one(132_005, Invalid, "The template with its values is too long. Shorten the values."),
    one(132_007, Invalid, "The template's text breaks WhatsApp's rules. Change the template."),
    quoting(
        132_012,
        132_012,
        Invalid,
        "A value does not fit the template. Refresh the templates and fill in again.",
    ),
    one(132_015, Invalid, "The template is paused because customers disliked it. Use another one."),
    one(
        132_016,
        Invalid,
        "The template is disabled for good because customers disliked it. Use another one.",
    ),
    quoting(132_000, 132_999, Invalid, "Meta does not accept the template."),
    // Groups.
    quoting(131_020, 131_020, Invalid, "Meta does not accept this for the group."),
    quoting(131_041, 131_041, Invalid, "Meta does not accept this for the group."),
    quoting(131_059, 131_059, Invalid, "Meta does not accept this for the group."),
    quoting(131_201, 131_215, Invalid, "Meta does not accept this for the group."),
    // Not the Graph API's codes, but they arrive the same way.
    quoting(138_000, 138_999, Invalid, "Meta does not accept the call."),
    quoting(139_100, 139_103, Invalid, "Meta could not change who is blocked."),
    quoting(147_001, 147_005, Invalid, "Meta does not accept the user name."),
];

/// What an error means, and what to tell people. `http` is the answer's status; `None` for errors in
/// statuses.
pub fn classify(error: &GraphError, http: Option<u16>) -> (FailureClass, String) {
    let rule = error.code.and_then(|code| RULES.iter().find(|r| r.codes.contains(&code)));
    if let Some(rule) = rule {
        let quote = error.words.as_deref().filter(|_| rule.quote);
        return (
            rule.class,
            quote.map_or_else(|| rule.text.to_owned(), |w| format!("{} Meta says: {w}.", rule.text)),
        );
    }
    let class = match http {
        Some(401 | 403) => Auth,
        Some(429) => Throttled,
        Some(status) if status >= 500 => Transient,
        _ if error.transient => Transient,
        _ => Invalid,
    };
    let text = match (class, error.words.as_deref()) {
        // Meta may repeat the token in what it says about it.
        (Auth, _) => RECONNECT.to_owned(),
        (Throttled, None) => TOO_MANY_CALLS.to_owned(),
        (Transient, None) => {
            "Meta's service is temporarily unavailable. It is tried again by itself.".to_owned()
        }
        (Throttled | Transient, Some(words)) => format!("Meta says: {words}. It is tried again by itself."),
        (_, Some(words)) => format!("WhatsApp did not accept the message. Meta says: {words}."),
        (_, None) => "WhatsApp did not accept the message and gives no reason. Change it or try again later."
            .to_owned(),
    };
    (class, text)
}

/// What is kept with a message whose status is `failed`.
pub fn failure(errors: &[Value]) -> Failure {
    let error = errors.first().map(GraphError::read).unwrap_or_default();
    let (class, text) = classify(&error, None);
    Failure { class, code: error.code, text }
}

/// How long to wait at least, from what the answer's headers ask and the pair rate.
pub fn wait(error: &GraphError, asked: Option<Duration>) -> Option<Duration> {
    if error.code == Some(PAIR_RATE_CODE) {
        Some(asked.map_or(PAIR_RATE, |a| a.max(PAIR_RATE)))
    } else {
        asked
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn of(code: i64) -> FailureClass {
        classify(&GraphError { code: Some(code), ..GraphError::default() }, None).0
    }

    #[rstest]
    #[case(Auth, &[190, 0, 3, 10, 102, 104, 200, 230, 299])]
    #[case(Throttled, &[130_429, 80_007, 4, 17, 131_056, 131_048, 133_016])]
    #[case(Transient, &[1, 2, 131_000, 131_016, 131_057])]
    #[case(WindowClosed, &[131_047])]
    #[case(Recipient, &[131_026, 131_021, 131_030, 131_045, 130_497, 133_010])]
    #[case(Policy, &[131_049, 131_050, 130_472, 131_031, 368, 131_064])]
    #[case(Invalid, &[100, 131_008, 131_009, 131_051, 131_052, 131_053, 131_005, 131_037, 131_042, 131_044,
        131_062, 131_063,
        135_000, 137_000, 132_000, 132_001, 132_005, 132_007, 132_012, 132_015, 132_016, 132_068, 132_069,
            131_020, 131_041,
        131_059, 131_201, 131_202, 131_204, 131_207, 131_215, 138_000, 139_100, 139_103, 147_001, 147_005])]
    fn every_documented_code_has_its_class(#[case] class: FailureClass, #[case] codes: &[i64]) {
        for code in codes {
            assert_eq!(of(*code), class, "{code}");
            assert!(RULES.iter().any(|r| r.codes.contains(code)), "{code} has no rule of its own");
        }
    }

    #[test]
    fn unknown_codes() {
        let unknown = GraphError { code: Some(999_999), words: Some("odd".into()), ..GraphError::default() };
        assert_eq!(
            classify(&unknown, None),
            (Invalid, "WhatsApp did not accept the message. Meta says: odd.".into())
        );
        assert_eq!(classify(&unknown, Some(400)).0, Invalid);
        assert_eq!(classify(&unknown, Some(503)).0, Transient);
        assert_eq!(classify(&unknown, Some(401)).0, Auth);
        assert_eq!(classify(&GraphError { transient: true, ..unknown }, Some(400)).0, Transient);
        assert_eq!(classify(&GraphError::default(), Some(429)).0, Throttled);
    }

    #[test]
    fn a_token_in_metas_words_is_not_repeated() {
        let error = GraphError::read(&json!({"code": 190, "message": "Malformed access token EAAGsecret"}));
        assert!(!classify(&error, Some(401)).1.contains("EAAG"));
        let error = GraphError::read(&json!({"message": "Malformed access token EAAGsecret"}));
        assert!(!classify(&error, Some(401)).1.contains("EAAG"));
    }

    #[test]
    fn words_are_the_most_telling_ones_and_bounded() {
        let error = GraphError::read(
            &json!({"code": "100", "error_subcode": "33", "message": "m", "is_transient": "true",
            "error_data": {"details": format!("a\u{202e}b {}", "é ".repeat(900))}, "fbtrace_id": "T"}),
        );
        let words = error.words.clone().unwrap();
        assert!(words.starts_with("ab é") && words.chars().count() <= 400);
        assert_eq!(
            (error.code, error.subcode, error.transient, error.trace.as_deref()),
            (Some(100), Some(33), true, Some("T"))
        );
        assert_eq!(GraphError::read(&json!("odd")), GraphError::default());
    }

    #[test]
    fn texts_say_something_and_rules_do_not_hide_each_other() {
        for rule in RULES {
            assert!(rule.text.len() > 20 && rule.text.ends_with('.'), "{}", rule.text);
            assert!(!rule.text.contains("  "), "{}", rule.text);
        }
        let exact: Vec<_> =
            RULES.iter().filter(|r| r.codes.start() == r.codes.end()).map(|r| *r.codes.start()).collect();
        let distinct: std::collections::BTreeSet<_> = exact.iter().collect();
        assert_eq!(exact.len(), distinct.len());
    }

    #[test]
    fn the_pair_rate_is_kept() {
        let pair = GraphError { code: Some(131_056), ..GraphError::default() };
        assert_eq!(wait(&pair, None), Some(PAIR_RATE));
        assert_eq!(wait(&pair, Some(Duration::from_secs(2))), Some(PAIR_RATE));
        assert_eq!(wait(&pair, Some(Duration::from_mins(1))), Some(Duration::from_mins(1)));
        assert_eq!(wait(&GraphError::default(), None), None);
    }

    #[test]
    fn failures_of_statuses() {
        assert_eq!(failure(&[]).class, Invalid);
        let f = failure(&[json!({"code": "131047", "title": "Re-engagement message"})]);
        assert_eq!((f.class, f.code), (WindowClosed, Some(131_047)));
        assert!(f.text.contains("template"));
    }
}
