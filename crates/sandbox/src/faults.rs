//! Trouble on demand: what the sandbox does wrong when told to, and how often.

use std::{collections::HashMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{blob::serve::Manner, graph_error::GraphError};

/// One set of faults. Posting it replaces the former set of the same scope; an empty one clears that scope.
///
/// The narrowest set wins as a whole (slot, phone, gateway, set without an account); they are not mixed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// What this is for; everything when absent. A phone number id; for gateways a slot (`v9/shop`), the number
    /// of the phone that is linked to it, or the gateway's name (`v9`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How many calls and webhook attempts it touches before it clears itself; without it, until
    /// cleared. `mute` does not count down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Which calls `delay_ms`, `status`, `code`, `error` and `html` touch. Unless said, sends only; code 190,
    /// status 401 and `down` touch all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<Calls>,
    /// Milliseconds to wait before the call is looked at.
    #[serde(skip_serializing_if = "is_default")]
    pub delay_ms: u64,
    /// HTTP status to answer instead of doing the call. Graph: alone, 429 comes with code 130429, 401 with
    /// 190, 500 with 1, 503 with 2, another 4xx with 100; 502 and 504 answer a gateway's HTML page. Gateways:
    /// 400 comes with `VALIDATION_ERROR`, 401 with `AUTHENTICATION_ERROR`, 404 with `NOT_FOUND`, 429 with
    /// `WA_REACHOUT_TIMELOCK`, 500 with `INTERNAL_SERVER_ERROR`, 503 with `DEVICE_MANAGER_UNAVAILABLE`, 504
    /// with `GATEWAY_TIMEOUT`, and 502 is an HTML page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph: Meta's error code to answer instead of doing the call; alone, it comes with its usual HTTP
    /// status (130429: 429 with `Retry-After` and `X-Business-Use-Case-Usage`, 131056: 400, 1: 500, 190:
    /// 401).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Gateways: the word of the error to answer instead of doing the call, such as `INVALID_JID`; alone, it
    /// comes with its usual HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Answers an HTML page instead of doing the call, with `status` or 200.
    #[serde(skip_serializing_if = "is_default")]
    pub html: bool,
    /// Nobody is there: every connection is cut without doing the call.
    #[serde(skip_serializing_if = "is_default")]
    pub down: bool,
    /// Gateways, sends: the message goes out, but the answer is 504 `GATEWAY_TIMEOUT`.
    #[serde(skip_serializing_if = "is_default")]
    pub gateway_timeout: bool,
    /// Graph: seconds for `Retry-After` and `X-Business-Use-Case-Usage`, instead of the code's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Sends: the message is accepted and its statuses flow, but the answer never comes.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout_after_accept: bool,
    /// Sends: the message is accepted and its statuses flow, but the connection drops before the answer.
    #[serde(skip_serializing_if = "is_default")]
    pub lost_answer: bool,
    /// Sends: accepted with 200, then failed by status webhook with this code, for example 131026.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_status: Option<i64>,
    /// Files: they are not taken. Meta's API answers 131053 to uploads, gateways 500 `UPLOAD_MEDIA_ERROR` to
    /// sends with a file.
    #[serde(skip_serializing_if = "is_default")]
    pub upload_refused: bool,
    /// Files: they are taken (and by gateways sent), but the connection drops before the answer.
    #[serde(skip_serializing_if = "is_default")]
    pub upload_answer_lost: bool,
    /// Files: they are gone. Meta's API answers 100 with subcode 33, or 404 where a link leads; gateways 500 to
    /// downloads, and 404 below `statics/`.
    #[serde(skip_serializing_if = "is_default")]
    pub media_gone: bool,
    /// Files: links of Meta's API are over as soon as they are told.
    #[serde(skip_serializing_if = "is_default")]
    pub media_link_expired: bool,
    /// Files: downloads break off in the middle.
    #[serde(skip_serializing_if = "is_default")]
    pub download_cut: bool,
    /// Files: how many bytes of a download come in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download_bytes_per_second: Option<u64>,
    /// Webhooks: how many times each one is delivered in all, at most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<u32>,
    /// Webhooks: collects this many (or what comes within 300 ms) and delivers them in random order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shuffle: Option<usize>,
    /// Webhooks: holds them all until cleared, then delivers them.
    #[serde(skip_serializing_if = "is_default")]
    pub mute: bool,
    /// Graph: no app is subscribed to the business account, and none may be.
    #[serde(skip_serializing_if = "is_default")]
    pub unsubscribed: bool,
    /// Webhooks: they are never sent and gone, as those of a gateway that nobody answers.
    #[serde(skip_serializing_if = "is_default")]
    pub lose: bool,
    /// Webhooks: signs with another secret. The receiver should refuse, and the sandbox tries again.
    #[serde(skip_serializing_if = "is_default")]
    pub wrong_signature: bool,
    /// Webhooks: milliseconds over which the body trickles in.
    #[serde(alias = "slow", skip_serializing_if = "Option::is_none")]
    pub slow_ms: Option<u64>,
}

/// Which calls a fault touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calls {
    /// Messages being sent; not read marks, not questions about the number.
    Sends,
    /// Gateways: the list of a phone's chats and what was said in them.
    Chats,
    /// Every call for the number.
    All,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What happens to one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallFault {
    pub(crate) delay: Duration,
    /// The connection is cut instead.
    pub(crate) down: bool,
    /// What is answered instead.
    pub(crate) refusal: Option<Refusal>,
    pub(crate) timeout_after_accept: bool,
    pub(crate) lost_answer: bool,
    pub(crate) gateway_timeout: bool,
    pub(crate) fail_status: Option<i64>,
}

/// A call that is about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaCall {
    /// It is handed over.
    Upload,
    /// It is asked where it lies.
    Link,
    /// Its bytes are asked for.
    Download,
}

/// What happens to a call that is about a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MediaFault {
    pub(crate) refused: bool,
    pub(crate) answer_lost: bool,
    pub(crate) gone: bool,
    pub(crate) link_expired: bool,
    pub(crate) manner: Manner,
}

/// An answer instead of doing the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An HTML page.
    Page(u16),
    /// An error of the Graph API.
    Graph(GraphError),
    /// An error of a gateway: status and word, as far as they were said.
    Gateway(Option<u16>, Option<String>),
}

/// What happens to one webhook attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AttemptFault {
    pub(crate) wrong_signature: bool,
    pub(crate) slow: Duration,
}

/// What happens to one webhook when it is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueFault {
    /// Copies in all, at least one.
    pub(crate) copies: u32,
    /// Window to shuffle, or nothing.
    pub(crate) shuffle: Option<usize>,
    /// It is never sent.
    pub(crate) lost: bool,
}

impl Faults {
    /// Why this set makes no sense, in words.
    fn problem(&self) -> Option<String> {
        if self.status.is_some_and(|status| !(400..600).contains(&status)) {
            return Some("status must be an HTTP error status, 400 to 599".to_owned());
        }
        if self.duplicate.is_some_and(|copies| !(1..=20).contains(&copies)) {
            return Some("duplicate is how often each webhook is delivered in all, 1 to 20".to_owned());
        }
        if self.shuffle.is_some_and(|window| !(2..=1_000).contains(&window)) {
            return Some("shuffle is a window of 2 to 1000 webhooks".to_owned());
        }
        let word = |error: &String| error.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if self.error.as_ref().is_some_and(|error| error.is_empty() || !word(error)) {
            return Some("error is a gateway's word for it, such as VALIDATION_ERROR".to_owned());
        }
        if self.download_bytes_per_second == Some(0) {
            return Some("download_bytes_per_second must be at least 1".to_owned());
        }
        if self.times == Some(0) {
            return Some("times must be at least 1; DELETE /control/faults clears".to_owned());
        }
        None
    }

    fn is_empty(&self) -> bool {
        *self
            == Self { account: self.account.clone(), times: self.times, calls: self.calls, ..Self::default() }
    }

    fn graph_error(&self) -> Option<GraphError> {
        let code = match (self.code, self.status) {
            (Some(code), _) => code,
            (None, None) => return None,
            (None, Some(429)) => 130_429,
            (None, Some(401)) => 190,
            (None, Some(503)) => 2,
            (None, Some(500..)) => 1,
            (None, Some(_)) => 100,
        };
        let mut error = GraphError::of_code(code);
        if let Some(status) = self.status {
            error.http = status;
        }
        if self.retry_after.is_some() {
            error.retry_after = self.retry_after;
        }
        Some(error)
    }

    /// Whether it is about such a call; `All` is one of no kind of its own.
    fn touches(&self, call: Calls) -> bool {
        let unless_said = if self.code == Some(190) || self.status == Some(401) || self.down {
            Calls::All
        } else {
            Calls::Sends
        };
        match self.calls.unwrap_or(unless_said) {
            Calls::All => true,
            meant => meant == call,
        }
    }
}

/// The faults of all scopes.
#[derive(Debug, Default)]
pub(crate) struct FaultBoard {
    scopes: HashMap<Option<String>, Faults>,
}

impl FaultBoard {
    /// Replaces the set of its scope; says in words what is wrong with it.
    pub(crate) fn set(&mut self, faults: Faults) -> Result<(), String> {
        if let Some(problem) = faults.problem() {
            return Err(problem);
        }
        if faults.is_empty() {
            self.scopes.remove(&faults.account);
        } else {
            self.scopes.insert(faults.account.clone(), faults);
        }
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.scopes.clear();
    }

    /// All sets, the general one first.
    pub(crate) fn list(&self) -> Vec<Faults> {
        let mut all: Vec<Faults> = self.scopes.values().cloned().collect();
        all.sort_by(|a, b| a.account.cmp(&b.account));
        all
    }

    pub(crate) fn muted(&self, scopes: &[&str]) -> bool {
        self.of(scopes).is_some_and(|faults| faults.mute)
    }

    pub(crate) fn unsubscribed(&self, account: &str) -> bool {
        self.of(&[account]).is_some_and(|faults| faults.unsubscribed)
    }

    /// What happens to a Graph call; counts `times` down when something does.
    pub(crate) fn take_call(&mut self, account: &str, send: bool) -> CallFault {
        let call = if send { Calls::Sends } else { Calls::All };
        self.take(&[account], call, |faults| {
            let html = faults.html || (faults.code.is_none() && matches!(faults.status, Some(502 | 504)));
            if html {
                Some(Refusal::Page(faults.status.unwrap_or(200)))
            } else {
                faults.graph_error().map(Refusal::Graph)
            }
        })
    }

    /// What happens to a call to a gateway.
    pub(crate) fn take_gateway_call(&mut self, scopes: &[&str], call: Calls) -> CallFault {
        self.take(scopes, call, |faults| {
            if faults.html || (faults.error.is_none() && faults.status == Some(502)) {
                return Some(Refusal::Page(faults.status.unwrap_or(200)));
            }
            let said = faults.status.is_some() || faults.error.is_some();
            said.then(|| Refusal::Gateway(faults.status, faults.error.clone()))
        })
    }

    fn take(
        &mut self,
        scopes: &[&str],
        call: Calls,
        refusal: impl Fn(&Faults) -> Option<Refusal>,
    ) -> CallFault {
        let Some(faults) = self.of(scopes) else { return CallFault::default() };
        let mut fault = CallFault::default();
        if faults.touches(call) {
            fault.delay = Duration::from_millis(faults.delay_ms);
            fault.down = faults.down;
            fault.refusal = refusal(faults);
        }
        if call == Calls::Sends && fault.refusal.is_none() && !fault.down {
            fault.timeout_after_accept = faults.timeout_after_accept;
            fault.lost_answer = faults.lost_answer;
            fault.gateway_timeout = faults.gateway_timeout;
            fault.fail_status = faults.fail_status;
        }
        if fault != CallFault::default() {
            self.count_down(scopes);
        }
        fault
    }

    /// What happens to a call that is about a file.
    pub(crate) fn take_media(&mut self, scopes: &[&str], call: MediaCall) -> MediaFault {
        let Some(faults) = self.of(scopes) else { return MediaFault::default() };
        let fault = match call {
            MediaCall::Upload => MediaFault {
                refused: faults.upload_refused,
                answer_lost: faults.upload_answer_lost && !faults.upload_refused,
                ..MediaFault::default()
            },
            MediaCall::Link => MediaFault {
                gone: faults.media_gone,
                link_expired: faults.media_link_expired && !faults.media_gone,
                ..MediaFault::default()
            },
            MediaCall::Download if faults.media_gone => MediaFault { gone: true, ..MediaFault::default() },
            MediaCall::Download => MediaFault {
                manner: Manner {
                    cut: faults.download_cut,
                    bytes_per_second: faults.download_bytes_per_second,
                },
                ..MediaFault::default()
            },
        };
        if fault != MediaFault::default() {
            self.count_down(scopes);
        }
        fault
    }

    /// What happens to one webhook attempt.
    pub(crate) fn take_attempt(&mut self, scopes: &[&str]) -> AttemptFault {
        let Some(faults) = self.of(scopes) else { return AttemptFault::default() };
        let fault = AttemptFault {
            wrong_signature: faults.wrong_signature,
            slow: Duration::from_millis(faults.slow_ms.unwrap_or(0)),
        };
        if fault != AttemptFault::default() {
            self.count_down(scopes);
        }
        fault
    }

    /// What happens to one webhook when it is queued.
    pub(crate) fn take_queue(&mut self, scopes: &[&str]) -> QueueFault {
        let Some(faults) = self.of(scopes) else {
            return QueueFault { copies: 1, shuffle: None, lost: false };
        };
        let fault =
            QueueFault { copies: faults.duplicate.unwrap_or(1), shuffle: faults.shuffle, lost: faults.lose };
        if fault.copies > 1 || fault.shuffle.is_some() || fault.lost {
            self.count_down(scopes);
        }
        fault
    }

    /// The narrowest scope that has a set.
    fn scope(&self, scopes: &[&str]) -> Option<String> {
        scopes
            .iter()
            .map(|scope| Some((*scope).to_owned()))
            .find(|scope| self.scopes.contains_key(scope))
            .flatten()
    }

    fn of(&self, scopes: &[&str]) -> Option<&Faults> {
        if self.scopes.is_empty() {
            return None;
        }
        self.scopes.get(&self.scope(scopes))
    }

    fn count_down(&mut self, scopes: &[&str]) {
        let scope = self.scope(scopes);
        let Some(times) = self.scopes.get_mut(&scope).and_then(|faults| faults.times.as_mut()) else {
            return;
        };
        *times -= 1;
        if *times == 0 {
            self.scopes.remove(&scope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(json: serde_json::Value) -> FaultBoard {
        let mut board = FaultBoard::default();
        board.set(serde_json::from_value(json).unwrap()).unwrap();
        board
    }

    fn graph(fault: CallFault) -> GraphError {
        let Some(Refusal::Graph(error)) = fault.refusal else { panic!("{fault:?}") };
        error
    }

    #[test]
    fn gateways_have_scopes_in_scopes() {
        let mut board = board(serde_json::json!({"account": "v9", "status": 503, "calls": "all"}));
        board.set(Faults { account: Some("v9/shop".into()), down: true, ..Faults::default() }).unwrap();
        let shop = ["v9/shop", "628110000002", "v9"];
        let fault = board.take_gateway_call(&shop, Calls::All);
        assert_eq!((fault.down, fault.refusal), (true, None));
        let fault = board.take_gateway_call(&["v9/other", "v9"], Calls::All);
        assert_eq!((fault.down, fault.refusal), (false, Some(Refusal::Gateway(Some(503), None))));
        assert_eq!(board.take_gateway_call(&["v7"], Calls::Sends), CallFault::default());
        board.set(Faults { lose: true, times: Some(1), ..Faults::default() }).unwrap();
        assert!(board.take_queue(&["v7"]).lost);
        assert!(!board.take_queue(&["v7"]).lost, "once only");
    }

    #[test]
    fn only_what_was_said_on_a_phone_is_kept_back() {
        let mut board = board(serde_json::json!({"account": "v9", "status": 404, "calls": "chats"}));
        assert!(board.take_gateway_call(&["v9"], Calls::Chats).refusal.is_some());
        assert_eq!(board.take_gateway_call(&["v9"], Calls::All), CallFault::default());
        assert_eq!(board.take_gateway_call(&["v9"], Calls::Sends), CallFault::default());
    }

    #[test]
    fn a_code_brings_its_status_and_counts_down() {
        let mut board = board(serde_json::json!({"code": 130_429, "times": 2, "retry_after": 7}));
        assert_eq!(board.take_call("1", false), CallFault::default(), "a read mark is not a send");
        for _ in 0..2 {
            let error = graph(board.take_call("1", true));
            assert_eq!((error.http, error.code, error.retry_after), (429, 130_429, Some(7)));
        }
        assert_eq!(board.take_call("1", true), CallFault::default());
        assert!(board.list().is_empty());
    }

    #[test]
    fn a_status_brings_its_code() {
        for (status, code) in [(429, 130_429), (401, 190), (500, 1), (503, 2), (403, 100)] {
            let error = graph(board(serde_json::json!({"status": status})).take_call("1", true));
            assert_eq!((error.http, error.code), (status, code));
        }
        let page = board(serde_json::json!({"status": 502})).take_call("1", true).refusal;
        assert_eq!(page, Some(Refusal::Page(502)));
    }

    #[test]
    fn an_expired_token_touches_every_call() {
        assert_eq!(graph(board(serde_json::json!({"code": 190})).take_call("1", false)).http, 401);
    }

    #[test]
    fn a_numbers_own_set_wins() {
        let mut board = board(serde_json::json!({"mute": true}));
        board.set(Faults { account: Some("1".into()), duplicate: Some(3), ..Faults::default() }).unwrap();
        assert!(!board.muted(&["1"]));
        assert!(board.muted(&["2"]));
        assert_eq!(board.take_queue(&["1"]).copies, 3);
        assert_eq!(board.take_queue(&["2"]).copies, 1);
        board.set(Faults { account: Some("1".into()), ..Faults::default() }).unwrap();
        assert!(board.muted(&["1"]), "an empty set clears its scope");
    }

    #[test]
    fn files_have_faults_of_their_own() {
        let mut board = board(serde_json::json!({"download_cut": true, "upload_refused": true, "times": 2}));
        assert_eq!(board.take_call("1", true), CallFault::default(), "other calls go well");
        assert_eq!(board.take_media(&["1"], MediaCall::Link), MediaFault::default());
        assert!(board.take_media(&["1"], MediaCall::Download).manner.cut);
        assert!(board.take_media(&["1"], MediaCall::Upload).refused);
        assert_eq!(board.take_media(&["1"], MediaCall::Download), MediaFault::default(), "used up");
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let mut board = FaultBoard::default();
        for (json, word) in [
            (serde_json::json!({"status": 200}), "status"),
            (serde_json::json!({"duplicate": 0}), "duplicate"),
            (serde_json::json!({"shuffle": 1}), "shuffle"),
            (serde_json::json!({"error": "no such"}), "error"),
            (serde_json::json!({"download_bytes_per_second": 0}), "download_bytes_per_second"),
            (serde_json::json!({"times": 0, "mute": true}), "times"),
        ] {
            assert!(board.set(serde_json::from_value(json).unwrap()).unwrap_err().contains(word));
        }
        assert!(serde_json::from_value::<Faults>(serde_json::json!({"mutee": true})).is_err());
        let alias: Faults = serde_json::from_value(serde_json::json!({"slow": 20})).unwrap();
        assert_eq!(alias.slow_ms, Some(20));
    }
}
