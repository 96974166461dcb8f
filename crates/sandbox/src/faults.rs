//! Trouble on demand: what the sandbox does wrong when told to, and how often.

use std::{collections::HashMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::graph_error::GraphError;

/// One set of faults. Posting it replaces the former set of the same scope; an empty one clears that scope.
///
/// A number's own set wins over the set without an account as a whole; they are not mixed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Phone number id that this is for; every number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How many Graph calls and webhook attempts it touches before it clears itself; without it, until
    /// cleared. `mute` does not count down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Which Graph calls `delay_ms`, `status` and `code` touch. Unless said, sends only; code 190 touches
    /// all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<Calls>,
    /// Graph: milliseconds to wait before the call is looked at.
    #[serde(skip_serializing_if = "is_default")]
    pub delay_ms: u64,
    /// Graph: HTTP status to answer instead of doing the call. Alone, 429 comes with code 130429, 401 with
    /// 190, 500 with 1, 503 with 2, another 4xx with 100; 502 and 504 answer a gateway's HTML page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph: Meta's error code to answer instead of doing the call; alone, it comes with its usual HTTP
    /// status (130429: 429 with `Retry-After` and `X-Business-Use-Case-Usage`, 131056: 400, 1: 500, 190:
    /// 401).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
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
    /// Webhooks: how many times each one is delivered in all, at most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<u32>,
    /// Webhooks: collects this many (or what comes within 300 ms) and delivers them in random order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shuffle: Option<usize>,
    /// Webhooks: holds them all until cleared, then delivers them.
    #[serde(skip_serializing_if = "is_default")]
    pub mute: bool,
    /// Webhooks: signs with another secret. The receiver should refuse, and the sandbox tries again.
    #[serde(skip_serializing_if = "is_default")]
    pub wrong_signature: bool,
    /// Webhooks: milliseconds over which the body trickles in.
    #[serde(alias = "slow", skip_serializing_if = "Option::is_none")]
    pub slow_ms: Option<u64>,
}

/// Which Graph calls a fault touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calls {
    /// Messages being sent; not read marks, not questions about the number.
    Sends,
    /// Every call for the number.
    All,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What happens to one Graph call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallFault {
    pub(crate) delay: Duration,
    pub(crate) error: Option<GraphError>,
    /// The error is answered as a gateway's HTML page.
    pub(crate) html: bool,
    pub(crate) timeout_after_accept: bool,
    pub(crate) lost_answer: bool,
    pub(crate) fail_status: Option<i64>,
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

    fn touches(&self, send: bool) -> bool {
        let unless_said =
            if self.code == Some(190) || self.status == Some(401) { Calls::All } else { Calls::Sends };
        send || self.calls.unwrap_or(unless_said) == Calls::All
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

    pub(crate) fn muted(&self, account: &str) -> bool {
        self.of(account).is_some_and(|faults| faults.mute)
    }

    /// What happens to a Graph call for `account`; counts `times` down when something does.
    pub(crate) fn take_call(&mut self, account: &str, send: bool) -> CallFault {
        let Some(faults) = self.of(account) else { return CallFault::default() };
        let mut fault = CallFault::default();
        if faults.touches(send) {
            fault.delay = Duration::from_millis(faults.delay_ms);
            fault.error = faults.graph_error();
            fault.html = faults.code.is_none() && matches!(faults.status, Some(502 | 504));
        }
        if send && fault.error.is_none() {
            fault.timeout_after_accept = faults.timeout_after_accept;
            fault.lost_answer = faults.lost_answer;
            fault.fail_status = faults.fail_status;
        }
        if fault != CallFault::default() {
            self.count_down(account);
        }
        fault
    }

    /// What happens to one webhook attempt for `account`.
    pub(crate) fn take_attempt(&mut self, account: &str) -> AttemptFault {
        let Some(faults) = self.of(account) else { return AttemptFault::default() };
        let fault = AttemptFault {
            wrong_signature: faults.wrong_signature,
            slow: Duration::from_millis(faults.slow_ms.unwrap_or(0)),
        };
        if fault != AttemptFault::default() {
            self.count_down(account);
        }
        fault
    }

    /// What happens to one webhook for `account` when it is queued.
    pub(crate) fn take_queue(&mut self, account: &str) -> QueueFault {
        let Some(faults) = self.of(account) else { return QueueFault { copies: 1, shuffle: None } };
        let fault = QueueFault { copies: faults.duplicate.unwrap_or(1), shuffle: faults.shuffle };
        if fault.copies > 1 || fault.shuffle.is_some() {
            self.count_down(account);
        }
        fault
    }

    fn scope(&self, account: &str) -> Option<String> {
        let own = Some(account.to_owned());
        if self.scopes.contains_key(&own) { own } else { None }
    }

    fn of(&self, account: &str) -> Option<&Faults> {
        if self.scopes.is_empty() {
            return None;
        }
        self.scopes.get(&self.scope(account))
    }

    fn count_down(&mut self, account: &str) {
        let scope = self.scope(account);
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

    #[test]
    fn a_code_brings_its_status_and_counts_down() {
        let mut board = board(serde_json::json!({"code": 130_429, "times": 2, "retry_after": 7}));
        assert_eq!(board.take_call("1", false), CallFault::default(), "a read mark is not a send");
        for _ in 0..2 {
            let error = board.take_call("1", true).error.unwrap();
            assert_eq!((error.http, error.code, error.retry_after), (429, 130_429, Some(7)));
        }
        assert_eq!(board.take_call("1", true), CallFault::default());
        assert!(board.list().is_empty());
    }

    #[test]
    fn a_status_brings_its_code() {
        for (status, code) in [(429, 130_429), (401, 190), (500, 1), (503, 2), (403, 100)] {
            let error = board(serde_json::json!({"status": status})).take_call("1", true).error.unwrap();
            assert_eq!((error.http, error.code), (status, code));
        }
        assert!(board(serde_json::json!({"status": 502})).take_call("1", true).html);
    }

    #[test]
    fn an_expired_token_touches_every_call() {
        assert_eq!(board(serde_json::json!({"code": 190})).take_call("1", false).error.unwrap().http, 401);
    }

    #[test]
    fn a_numbers_own_set_wins() {
        let mut board = board(serde_json::json!({"mute": true}));
        board.set(Faults { account: Some("1".into()), duplicate: Some(3), ..Faults::default() }).unwrap();
        assert!(!board.muted("1"));
        assert!(board.muted("2"));
        assert_eq!(board.take_queue("1").copies, 3);
        assert_eq!(board.take_queue("2").copies, 1);
        board.set(Faults { account: Some("1".into()), ..Faults::default() }).unwrap();
        assert!(board.muted("1"), "an empty set clears its scope");
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let mut board = FaultBoard::default();
        for (json, word) in [
            (serde_json::json!({"status": 200}), "status"),
            (serde_json::json!({"duplicate": 0}), "duplicate"),
            (serde_json::json!({"shuffle": 1}), "shuffle"),
            (serde_json::json!({"times": 0, "mute": true}), "times"),
        ] {
            assert!(board.set(serde_json::from_value(json).unwrap()).unwrap_err().contains(word));
        }
        assert!(serde_json::from_value::<Faults>(serde_json::json!({"mutee": true})).is_err());
        let alias: Faults = serde_json::from_value(serde_json::json!({"slow": 20})).unwrap();
        assert_eq!(alias.slow_ms, Some(20));
    }
}
