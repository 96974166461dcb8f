//! One exchange with the gateway, and everything that can go wrong with it.

use std::{error::Error, io, time::Duration};

use balas_domain::{
    text::clean_name,
    view::{FailureClass, ProviderKind},
};
use reqwest::{Client, Method, RequestBuilder, Response, Url, header::HeaderValue, multipart::Form};
use serde_json::{Value, json};

use super::{
    errors::{ApiError, classify},
    settings::{self, SettingsProblem},
};
use crate::{
    CheckError,
    http::{Broken, cause, read, retry_after},
    lenient::sentence,
    provider::{Outcome, SendError},
    transfer::{Going, LONGEST},
};

/// Longest answer that is read, in bytes. A hundred long messages or a group of a thousand fit in.
const MAX_ANSWER: usize = 8 << 20;
/// Largest picture of a QR code that is read, in bytes.
const MAX_PICTURE: usize = 1 << 20;
/// What every PNG begins with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Where the gateway is and how it knows us.
#[derive(Clone, Copy)]
pub struct Endpoint<'a> {
    /// Talks.
    pub http: &'a Client,
    /// As in the settings.
    pub base_url: &'a str,
    /// Basic authentication; empty if there is none.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The slot.
    pub device: Option<&'a str>,
}

/// What is asked.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// How.
    pub method: &'a Method,
    /// Segments below the base address.
    pub path: &'a [&'a str],
    /// Query parameters.
    pub query: &'a [(&'a str, &'a str)],
    /// JSON.
    pub body: Option<&'a Value>,
    /// Our own id of what is ordered. Gateways do not know it; the bridge sends an order that it carried out
    /// before not again, and gives the id back with `message.sent`.
    pub key: Option<&'a str>,
}

/// Why an exchange brought no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was sent: the settings do not make a request.
    Settings {
        /// What is wrong and what to do.
        text: String,
        /// The form's field.
        field: Option<&'static str>,
    },
    /// No connection came about, so nothing was sent.
    NoConnection {
        /// The system's words.
        detail: String,
        /// Because of the certificate, or because the other side speaks no TLS.
        tls: bool,
    },
    /// The request went out, but no whole answer of a gateway came: nobody knows what it did.
    Lost {
        /// The system's words.
        detail: String,
        /// No answer in time, so asking again may take as long.
        slow: bool,
        /// What came was not HTTP.
        garbled: bool,
        /// The answer's status, if at least that came.
        http: Option<u16>,
    },
    /// The connection ended before the whole request was out, so that nobody can have understood it.
    Cut {
        /// The system's words.
        detail: String,
    },
    /// The address leads elsewhere.
    Elsewhere {
        /// Scheme, host and port.
        to: String,
    },
    /// Somebody said no: the gateway, or what stands before it.
    Refused {
        /// The answer's status.
        http: u16,
        /// What it says.
        error: Box<ApiError>,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
}

impl From<SettingsProblem> for Fault {
    fn from(problem: SettingsProblem) -> Self {
        Self::Settings { text: problem.to_string(), field: Some(problem.field()) }
    }
}

impl Fault {
    /// The answer came, but says nothing that we could use.
    pub fn mumbled(detail: &str) -> Self {
        Self::Lost { detail: detail.to_owned(), slow: false, garbled: false, http: Some(200) }
    }

    /// Whether asking again soon may help. Only for calls that do no harm when repeated.
    pub fn worth_repeating(&self) -> bool {
        match self {
            Self::Settings { .. } | Self::Elsewhere { .. } => false,
            Self::NoConnection { tls, .. } => !tls,
            Self::Cut { .. } => true,
            Self::Lost { slow, garbled, http, .. } => !slow && !garbled && http.is_none_or(|h| h >= 500),
            Self::Refused { http, error, retry_after } => {
                retry_after.is_none() && classify(*http, error).class == FailureClass::Transient
            }
        }
    }

    /// For calls whose work may be done when the program reports a problem of its own: nobody knows what became of it.
    pub fn or_done(self) -> Self {
        match self {
            Self::Refused { http: 500, error, .. } if error.code() == "INTERNAL_SERVER_ERROR" => {
                let detail = error.detail(500);
                Self::Lost { detail, slow: false, garbled: false, http: Some(500) }
            }
            fault => fault,
        }
    }

    /// The web server has no such call: an older or newer gateway, or none.
    pub fn no_such_call(&self) -> bool {
        matches!(self, Self::Refused { http: 404 | 405, error, .. } if error.code.is_none())
    }

    /// What it says about the settings.
    pub fn explain(self, base_url: &str, device: Option<&str>) -> CheckError {
        let url = base_url.trim().to_owned();
        match self {
            Self::Settings { text, field } => CheckError::Other { text, code: None, field },
            Self::NoConnection { detail, tls: true } => CheckError::Tls { url, detail },
            Self::Lost { detail, garbled: true, .. } => CheckError::NotHttp { url, detail },
            Self::NoConnection { detail, .. }
            | Self::Cut { detail }
            | Self::Lost { detail, http: None, .. } => {
                CheckError::Unreachable { by: ProviderKind::Gateway, url, detail }
            }
            Self::Lost { detail, slow: false, http: Some(http), .. } if http < 500 => {
                CheckError::NotGateway { url, detail }
            }
            Self::Lost { detail, .. } => CheckError::Busy { detail, retry_after: None },
            Self::Elsewhere { to } => CheckError::Elsewhere { url, to },
            Self::Refused { http, error, retry_after } => refused(url, device, http, &error, retry_after),
        }
    }
}

fn refused(
    url: String,
    device: Option<&str>,
    http: u16,
    error: &ApiError,
    retry_after: Option<Duration>,
) -> CheckError {
    let detail = error.detail(http);
    match (error.code(), http) {
        ("", 401) => CheckError::WrongPassword,
        ("AUTHENTICATION_ERROR", _) if error.only_disconnected() => CheckError::NotConnected,
        ("AUTHENTICATION_ERROR", _) => CheckError::NotLinked,
        ("ALREADY_LOGGED_IN", _) => CheckError::AlreadyLinked,
        ("DEVICE_ID_REQUIRED", _) => CheckError::DeviceNeeded { found: Vec::new() },
        ("DEVICE_NOT_FOUND", _) => {
            let asked = device.map(str::to_owned).or_else(|| error.device_id.clone());
            CheckError::DeviceUnknown { device_id: asked.unwrap_or_default() }
        }
        _ => match classify(http, error).class {
            FailureClass::Throttled | FailureClass::Transient | FailureClass::Unknown => {
                CheckError::Busy { detail, retry_after }
            }
            _ if error.code.is_none() => CheckError::NotGateway { url, detail },
            _ => CheckError::Other {
                text: format!("The gateway refuses: {detail}. Look at its log, then try again."),
                code: None,
                field: None,
            },
        },
    }
}

impl From<Fault> for SendError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Settings { text, field } => {
                let class = match field {
                    Some("base_url" | "user" | "password" | "device_id") => FailureClass::Auth,
                    _ => FailureClass::Invalid,
                };
                Self::not_sent(class, text)
            }
            Fault::NoConnection { detail, .. } => {
                let text =
                    format!("The gateway could not be reached ({detail}). It is tried again by itself.");
                Self::not_sent(FailureClass::Transient, text)
            }
            Fault::Cut { detail } => {
                let text = format!(
                    "The file did not reach the gateway as a whole ({detail}), so nothing was sent. It is tried again \
                     by itself."
                );
                Self::not_sent(FailureClass::Transient, text)
            }
            Fault::Elsewhere { to } => {
                let text = format!(
                    "The gateway's address leads on to {to}, where the password must not be sent. An \
                     administrator must correct it under Accounts; messages wait until then."
                );
                Self::not_sent(FailureClass::Auth, text)
            }
            Fault::Lost { .. } => {
                let text = "The gateway's answer was lost, so the message may have gone out. Wait for its \
                            ticks, or ask the customer, before sending it again.";
                let outcome = Outcome::Unknown;
                Self { outcome, ..Self::not_sent(FailureClass::Unknown, text.to_owned()) }
            }
            Fault::Refused { http, error, retry_after } => {
                let meaning = classify(http, &error);
                let (code, outcome) = (meaning.number, meaning.outcome);
                Self { code, retry_after, outcome, ..Self::not_sent(meaning.class, meaning.text) }
            }
        }
    }
}

impl Endpoint<'_> {
    /// Asks once; gives back `results`, `null` if there are none.
    ///
    /// # Errors
    /// Why there is no good answer.
    pub async fn exchange(&self, call: Call<'_>) -> Result<Value, Fault> {
        let mut request = self.request(call)?;
        if let Some(body) = call.body {
            request = request.json(body);
        }
        answered(request).await.map_err(|fault| self.noted(call, fault))
    }

    /// Hands over a form with a file in it, once; gives back `results`.
    ///
    /// # Errors
    /// Why there is no good answer.
    pub async fn deliver(
        &self,
        call: Call<'_>,
        form: Form,
        file: &Going,
        patience: Duration,
    ) -> Result<Value, Fault> {
        let request = self.request(call)?.multipart(form).timeout(LONGEST);
        let slow =
            || Fault::Lost { detail: "no answer in time".to_owned(), slow: true, garbled: false, http: None };
        let result = file.wait(patience, answered(request)).await.unwrap_or_else(|| Err(slow()));
        let result = result.map_err(|fault| match fault {
            Fault::Lost { detail, garbled: false, http: None, .. } if !file.whole() => Fault::Cut { detail },
            fault => fault,
        });
        result.map_err(|fault| self.noted(call, fault))
    }

    /// Opens a file that the gateway keeps. `path` must be harmless.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn file(&self, path: &str, patience: Duration) -> Result<Response, Fault> {
        let path: Vec<&str> = path.split('/').collect();
        let call = Call { method: &Method::GET, path: &path, query: &[], body: None, key: None };
        let request = self.request(call)?.timeout(LONGEST);
        let result = match tokio::time::timeout(patience, request.send()).await {
            Ok(Ok(response)) if response.status().is_success() => Ok(response),
            Ok(Ok(response)) => Err(not_there(&response)),
            Ok(Err(error)) => Err(lost(&error)),
            Err(_) => Err(Fault::Lost {
                detail: "no answer in time".to_owned(),
                slow: true,
                garbled: false,
                http: None,
            }),
        };
        result.map_err(|fault| self.noted(call, fault))
    }

    /// Fetches a picture that the gateway made.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn picture(&self, path: &[&str]) -> Result<Vec<u8>, Fault> {
        let call = Call { method: &Method::GET, path, query: &[], body: None, key: None };
        let result = match self.request(call)?.send().await {
            Ok(response) => picture(response).await,
            Err(error) => Err(lost(&error)),
        };
        result.map_err(|fault| self.noted(call, fault))
    }

    fn request(&self, call: Call<'_>) -> Result<RequestBuilder, Fault> {
        settings::credentials(self.user, self.password)?;
        let mut request = self.http.request(call.method.clone(), self.url(call.path, call.query)?);
        if !self.user.is_empty() {
            request = request.basic_auth(self.user, Some(self.password));
        }
        if let Some(device) = self.device {
            settings::device_id(device)?;
            let value = HeaderValue::from_str(device).map_err(|_| SettingsProblem::DeviceId)?;
            request = request.header("X-Device-Id", value);
        }
        if let Some(key) = call.key {
            request = request.header("Idempotency-Key", key);
        }
        Ok(request)
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Fault> {
        let mut url = settings::base_url(self.base_url)?;
        url.path_segments_mut().map_err(|()| SettingsProblem::NotAnAddress)?.pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
            // Most versions take what stands in paths and some queries as it is written.
            let written = url.query().unwrap_or_default().replace("%40", "@");
            url.set_query(Some(&written));
        }
        Ok(url)
    }

    /// Makes sure that no answer repeats the password to people or to the log.
    fn noted(&self, call: Call<'_>, mut fault: Fault) -> Fault {
        let words = match &mut fault {
            Fault::Settings { text, .. } => Some(text),
            Fault::NoConnection { detail, .. } | Fault::Lost { detail, .. } | Fault::Cut { detail } => {
                Some(detail)
            }
            Fault::Elsewhere { to } => Some(to),
            Fault::Refused { error, .. } => error.words.as_mut(),
        };
        if let Some(words) = words.filter(|w| !self.password.is_empty() && w.contains(self.password)) {
            *words = words.replace(self.password, "…");
        }
        // No ids of people and messages: only the call's kind.
        tracing::debug!(call = call.path.first(), ?fault, "a call to the gateway brought no good answer");
        fault
    }
}

/// What became of a request without an answer.
fn lost(error: &reqwest::Error) -> Fault {
    let detail = cause(error);
    if error.is_builder() {
        Fault::Settings {
            text: format!("The request cannot be made ({detail}). Check the account's settings."),
            field: None,
        }
    } else if error.is_connect() {
        Fault::NoConnection { detail, tls: chain(error).any(is_tls) }
    } else {
        let garbled = chain(error).any(|e| e.to_string().starts_with("invalid HTTP"));
        Fault::Lost { detail, slow: error.is_timeout(), garbled, http: None }
    }
}

fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let first: &'a (dyn Error + 'static) = error;
    std::iter::successors(Some(first), |e: &&'a (dyn Error + 'static)| (*e).source())
}

/// What an I/O error wraps is not its source, so it is looked for inside.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner))
}

async fn answered(request: RequestBuilder) -> Result<Value, Fault> {
    match request.send().await {
        Ok(response) => answer(response).await,
        Err(error) => Err(lost(&error)),
    }
}

/// Reads an answer to a call.
async fn answer(mut response: Response) -> Result<Value, Fault> {
    let status = response.status();
    let http = status.as_u16();
    if status.is_redirection() {
        return Err(elsewhere(&response));
    }
    let wait = retry_after(response.headers());
    let bytes = read(&mut response, MAX_ANSWER).await;
    let json: Option<Value> = bytes.as_ref().ok().and_then(|bytes| serde_json::from_slice(bytes).ok());
    // Every answer of the gateway's own is such an envelope.
    let mut envelope = json.filter(|j| j.get("code").is_some_and(Value::is_string));
    let lost = |detail: String, slow| Err(Fault::Lost { detail, slow, garbled: false, http: Some(http) });
    let refused = |error: ApiError| Err(Fault::Refused { http, error: Box::new(error), retry_after: wait });

    match (envelope.as_mut(), bytes) {
        // Who gave up waiting does not know what happens behind, whatever is written.
        (envelope, _) if matches!(http, 408 | 504) => {
            let words = envelope.and_then(|e| sentence(e, "message"));
            lost(words.unwrap_or_else(|| "no answer in time".to_owned()), true)
        }
        (Some(envelope), _) if status.is_success() => {
            Ok(envelope.get_mut("results").map(Value::take).unwrap_or_default())
        }
        (Some(envelope), _) => refused(ApiError::read(envelope)),
        (None, Err(Broken { detail, slow })) if status.is_success() => lost(detail, slow),
        (None, Ok(bytes)) if status.is_success() => lost(strange(&bytes), false),
        // Something between us and the gateway failed; only 503 says that the request was not taken on.
        (None, _) if status.is_server_error() && http != 503 => lost(format!("HTTP status {http}"), false),
        (None, bytes) => {
            let words =
                bytes.ok().and_then(|bytes| plain(&bytes)).map(|w| format!("HTTP status {http}: {w}"));
            refused(ApiError { words, ..ApiError::default() })
        }
    }
}

/// What came instead of JSON.
fn strange(bytes: &[u8]) -> String {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]);
    let start = start.trim_start().to_ascii_lowercase();
    match start.chars().next() {
        None => "an empty answer".to_owned(),
        Some('<') => "a web page instead of JSON".to_owned(),
        Some('{' | '[') => "JSON of another program".to_owned(),
        Some(_) => "text instead of JSON".to_owned(),
    }
}

/// A web server's short words.
fn plain(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().map(str::trim)?;
    let short = (1..=200).contains(&text.len()) && !text.starts_with(['<', '{', '[']);
    short.then(|| sentence(&json!({"words": text}), "words"))?
}

async fn picture(mut response: Response) -> Result<Vec<u8>, Fault> {
    let http = response.status().as_u16();
    if !response.status().is_success() {
        return Err(not_there(&response));
    }
    match read(&mut response, MAX_PICTURE).await {
        Ok(bytes) if bytes.starts_with(PNG) => Ok(bytes),
        Ok(_) => Err(Fault::mumbled("no picture where the QR code should be")),
        Err(Broken { detail, slow }) => Err(Fault::Lost { detail, slow, garbled: false, http: Some(http) }),
    }
}

/// What came instead of a file.
fn not_there(response: &Response) -> Fault {
    if response.status().is_redirection() {
        return elsewhere(response);
    }
    let (http, error) = (response.status().as_u16(), Box::new(ApiError::default()));
    Fault::Refused { http, error, retry_after: retry_after(response.headers()) }
}

fn elsewhere(response: &Response) -> Fault {
    let location = response.headers().get(reqwest::header::LOCATION).and_then(|l| l.to_str().ok());
    let url = location.and_then(|l| response.url().join(l).ok());
    let to = url.map(|url| url.origin().ascii_serialization()).filter(|to| to != "null");
    Fault::Elsewhere { to: to.and_then(|t| clean_name(&t)).unwrap_or_else(|| "an unknown place".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_the_at_sign() {
        let http = crate::http::client().unwrap();
        let at = |base_url| Endpoint { http: &http, base_url, user: "", password: "", device: None };
        for base in ["http://127.0.0.1:1/gowa", "http://127.0.0.1:1/gowa/", " http://127.0.0.1:1/gowa/ "] {
            let path = ["chat", "628123456789@s.whatsapp.net", "messages"];
            let query = [("phone", "628@s.whatsapp.net"), ("search", "a b%40&c")];
            assert_eq!(
                at(base).url(&path, &query).unwrap().as_str(),
                "http://127.0.0.1:1/gowa/chat/628123456789@s.whatsapp.net/messages?phone=628@s.whatsapp.net\
                 &search=a+b%2540%26c"
            );
        }
        let url = at("http://127.0.0.1:1").url(&["message", "a/../b?c", "read"], &[]).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:1/message/a%2F..%2Fb%3Fc/read");
        for base in ["", "127.0.0.1:3000", "file:///etc/passwd"] {
            assert!(matches!(at(base).url(&["a"], &[]), Err(Fault::Settings { .. })), "{base}");
        }
    }

    #[test]
    fn strange_answers_have_words() {
        for (bytes, words) in [
            (&b" <!doctype html>"[..], "a web page instead of JSON"),
            (b"", "an empty answer"),
            (b"{\"a\":1}", "JSON of another program"),
            (b"hello", "text instead of JSON"),
        ] {
            assert_eq!(strange(bytes), words);
        }
        assert_eq!(
            plain(b"Client sent an HTTP request to an HTTPS server.\n").as_deref(),
            Some("Client sent an HTTP request to an HTTPS server")
        );
        assert_eq!(plain(b"<html>"), None);
    }
}
