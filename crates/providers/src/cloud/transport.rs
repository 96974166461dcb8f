//! One exchange with the Graph API, and everything that can go wrong with it.

use std::time::Duration;

use balas_domain::view::FailureClass;
use reqwest::{Client, Method, RequestBuilder, Response, Url, header::HeaderValue, multipart::Form};
use serde_json::Value;

use super::{
    answer::{request_id, retry_after},
    errors::{GraphError, classify, wait},
    settings::{Secrets, Settings},
};
use crate::{
    http::cause,
    provider::{Outcome, SendError},
    transfer::{Going, LONGEST},
};

/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

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
    },
    /// The request went out, but no whole answer came: nobody knows what it did.
    Lost {
        /// The system's words.
        detail: String,
        /// No answer in time, so asking again may take as long.
        slow: bool,
        /// The answer's status, if at least that came.
        http: Option<u16>,
    },
    /// The server said no.
    Refused {
        /// The answer's status.
        http: u16,
        /// What it says.
        error: Box<GraphError>,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// What it calls the exchange.
        request_id: Option<String>,
    },
}

impl Fault {
    /// Whether asking again soon may help. Only for calls that do no harm when repeated.
    pub fn worth_repeating(&self) -> bool {
        match self {
            Self::Settings { .. } => false,
            Self::NoConnection { .. } => true,
            Self::Lost { slow, .. } => !slow,
            Self::Refused { http, error, retry_after, .. } => {
                retry_after.is_none() && classify(error, Some(*http)).0 == FailureClass::Transient
            }
        }
    }
}

impl From<Fault> for SendError {
    fn from(fault: Fault) -> Self {
        let bare = |class, text, outcome| Self {
            class,
            code: None,
            text,
            retry_after: None,
            outcome,
            request_id: None,
        };
        match fault {
            Fault::Settings { text, field } => {
                let class = if field == Some("token") { FailureClass::Auth } else { FailureClass::Invalid };
                bare(class, text, Outcome::NotSent)
            }
            Fault::NoConnection { detail } => {
                let text = format!("WhatsApp could not be reached ({detail}). It is tried again by itself.");
                bare(FailureClass::Transient, text, Outcome::NotSent)
            }
            Fault::Lost { .. } => {
                let text = "WhatsApp's answer was lost, so the message may have gone out. Wait for its \
                 ticks, or ask \
                            the customer, before sending it again.";
                bare(FailureClass::Unknown, text.to_owned(), Outcome::Unknown)
            }
            Fault::Refused { http, error, retry_after, request_id } => {
                let (class, text) = classify(&error, Some(http));
                let retry_after = wait(&error, retry_after);
                let request_id = error.trace.or(request_id);
                Self { class, code: error.code, text, retry_after, outcome: Outcome::NotSent, request_id }
            }
        }
    }
}

/// Where the Graph API is and how it knows us.
#[derive(Clone, Copy)]
pub struct Endpoint<'a> {
    /// Talks.
    pub http: &'a Client,
    /// Where.
    pub settings: &'a Settings,
    /// The token.
    pub secrets: &'a Secrets,
}

impl Endpoint<'_> {
    /// Asks once.
    ///
    /// # Errors
    /// Why there is no good answer.
    pub async fn exchange(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Fault> {
        let mut request = self.request(method, url(self.settings, path, query)?)?;
        if let Some(body) = body {
            request = request.json(body);
        }
        self.noted(path, answer(request).await)
    }

    /// Hands over a file, once.
    ///
    /// # Errors
    /// Why there is no good answer. If it is lost nobody was written to all the same.
    pub async fn upload(
        &self,
        path: &[&str],
        form: Form,
        file: &Going,
        patience: Duration,
    ) -> Result<Value, Fault> {
        let request = self.request(Method::POST, url(self.settings, path, &[])?)?;
        let request = request.multipart(form).timeout(LONGEST);
        let slow = || Fault::Lost { detail: "no answer in time".to_owned(), slow: true, http: None };
        let result = file.wait(patience, answer(request)).await.unwrap_or_else(|| Err(slow()));
        self.noted(path, result)
    }

    /// A request that carries the token. The address must be one that may see it.
    ///
    /// # Errors
    /// When the token cannot be sent.
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Fault> {
        let token = self.secrets.token.trim();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Fault::Settings {
            text: "The access token holds characters that no token has. Copy it again.".to_owned(),
            field: Some("token"),
        })?;
        bearer.set_sensitive(true);
        Ok(self.http.request(method, url).header(reqwest::header::AUTHORIZATION, bearer))
    }

    fn noted(&self, path: &[&str], result: Result<Value, Fault>) -> Result<Value, Fault> {
        result.map_err(|fault| {
            let fault = hide(fault, self.secrets.token.trim());
            tracing::debug!(call = path.last(), ?fault, "a call to the Graph API brought no good answer");
            fault
        })
    }
}

async fn answer(request: RequestBuilder) -> Result<Value, Fault> {
    read(request.send().await.map_err(lost)?).await
}

fn url(settings: &Settings, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Fault> {
    let unusable = || Fault::Settings {
        text: format!(
            "“{}” is no address of a Graph API. Use {}.",
            settings.base_url,
            super::DEFAULT_BASE_URL
        ),
        field: None,
    };
    let mut url = Url::parse(settings.base_url.trim()).map_err(|_| unusable())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unusable());
    }
    url.path_segments_mut().map_err(|()| unusable())?.pop_if_empty().push(&settings.version).extend(path);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// What became of a request without an answer.
pub fn lost(error: reqwest::Error) -> Fault {
    let detail = cause(&error);
    if error.is_builder() {
        Fault::Settings {
            text: format!("The request cannot be made ({detail}). Check the account's settings."),
            field: None,
        }
    } else if error.is_connect() {
        Fault::NoConnection { detail }
    } else {
        Fault::Lost { detail, slow: error.is_timeout(), http: None }
    }
}

/// Reads the answer, as far as it is not too long.
async fn read(mut response: Response) -> Result<Value, Fault> {
    let status = response.status();
    let http = status.as_u16();
    let retry_after = retry_after(response.headers());
    let request_id = request_id(response.headers());
    let bytes = crate::http::read(&mut response, MAX_ANSWER).await;
    let json: Option<Value> = bytes.as_ref().ok().and_then(|bytes| serde_json::from_slice(bytes).ok());
    let error = json.as_ref().and_then(|j| j.get("error")).filter(|e| e.is_object()).map(GraphError::read);

    match (error, json) {
        // A gateway that gave up waiting does not know what happened behind it, whatever it writes.
        (error, _) if http == 504 => {
            let detail = error.and_then(|e| e.words).unwrap_or_else(|| "gateway time-out".to_owned());
            Err(Fault::Lost { detail, slow: true, http: Some(http) })
        }
        (Some(error), _) => Err(Fault::Refused { http, error: Box::new(error), retry_after, request_id }),
        (None, Some(json)) if status.is_success() => Ok(json),
        (None, _) if status.is_success() => {
            let (detail, slow) = match bytes {
                Ok(_) => ("the answer is not JSON".to_owned(), false),
                Err(broken) => (broken.detail, broken.slow),
            };
            Err(Fault::Lost { detail, slow, http: Some(http) })
        }
        (None, _) if status.is_redirection() => Err(Fault::Settings {
            text: "The Graph API's address leads to another host, where the access token must not go. \
             Correct the base \
                   address in the configuration."
                .to_owned(),
            field: None,
        }),
        // Something between us and Meta failed; only 503 says that the request was not taken on.
        (None, _) if status.is_server_error() && http != 503 => {
            Err(Fault::Lost { detail: format!("HTTP status {http}"), slow: false, http: Some(http) })
        }
        (None, _) => Err(Fault::Refused { http, error: Box::default(), retry_after, request_id }),
    }
}

/// Makes sure that no answer repeats the token to people.
fn hide(mut fault: Fault, token: &str) -> Fault {
    let words = match &mut fault {
        Fault::Settings { text, .. } => Some(text),
        Fault::NoConnection { detail } | Fault::Lost { detail, .. } => Some(detail),
        Fault::Refused { error, .. } => error.words.as_mut(),
    };
    if let Some(words) = words.filter(|w| !token.is_empty() && w.contains(token)) {
        *words = words.replace(token, "…");
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str) -> Settings {
        let number = || "1/../2".to_owned();
        Settings {
            base_url: base_url.into(),
            version: "v23.0".into(),
            phone_number_id: number(),
            waba_id: number(),
        }
    }

    #[test]
    fn addresses() {
        for base in ["http://127.0.0.1:1/graph", "http://127.0.0.1:1/graph/", " http://127.0.0.1:1/graph/ "] {
            let url = url(&settings(base), &["1/../2", "messages"], &[("fields", "a,b")]).unwrap();
            assert_eq!(url.as_str(), "http://127.0.0.1:1/graph/v23.0/1%2F..%2F2/messages?fields=a%2Cb");
        }
        for base in ["", "graph.facebook.com", "file:///etc/passwd", "data:x", "mailto:a@b"] {
            assert!(matches!(url(&settings(base), &["1"], &[]), Err(Fault::Settings { .. })), "{base}");
        }
    }
}
