//! The one HTTP client that talks to the outside.

use std::{error::Error, time::Duration};

use balas_domain::text::clean_name;
use reqwest::{Client, ClientBuilder, Response, header::HeaderMap, redirect};

/// How many redirects are followed within one host.
const MAX_REDIRECTS: usize = 5;

/// How long a client waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a connection to come about.
    pub connect: Duration,
    /// For a whole exchange. Those with a file in them take as long as it moves.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), total: Duration::from_secs(30) }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}")]
pub struct ClientError(#[from] reqwest::Error);

/// A client that waits 10 s for a connection and 30 s in all. See [`client_with`].
///
/// # Errors
/// When the system cannot provide what a client needs.
pub fn client() -> Result<Client, ClientError> {
    client_with(Limits::default())
}

/// A client with time-outs that follows redirects only within the same scheme, host and port, so that no
/// token ever reaches a host it was not meant for. A redirect elsewhere is returned as it came.
///
/// Certificates are checked against the system's. On a machine that has none, plain HTTP (a sandbox on the
/// same machine) still works and every HTTPS call fails.
///
/// # Errors
/// When the system cannot provide what a client needs.
pub fn client_with(limits: Limits) -> Result<Client, ClientError> {
    // Fails only if another one was installed before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder(limits).build().or_else(|error| {
        tracing::warn!(%error, "no usable CA certificates on this machine: HTTPS calls will fail; install \
         ca-certificates");
        without_roots(limits)
    })
}

/// Trusts nobody, so that only plain HTTP works.
fn without_roots(limits: Limits) -> Result<Client, ClientError> {
    let roots = rustls::RootCertStore::empty();
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(builder(limits).tls_backend_preconfigured(tls).build()?)
}

#[expect(clippy::disallowed_methods, reason = "the one place where clients are made")]
fn builder(limits: Limits) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("Balas/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .timeout(limits.total)
        .referer(false)
        .redirect(redirect::Policy::custom(|attempt| {
            let home = attempt.previous().first();
            let same = home.is_some_and(|home| home.origin() == attempt.url().origin());
            if same && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
        }))
}

/// The innermost reason. The outer ones repeat the address, which may hold more than people should see.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    let words = if inner.is::<reqwest::Error>() { String::new() } else { inner.to_string() };
    clean_name(&words).unwrap_or_else(|| {
        if error.is_timeout() { "no answer in time" } else { "connection lost" }.to_owned()
    })
}

/// Longer waits than this are not believed.
pub(crate) const MAX_WAIT: Duration = Duration::from_hours(24);

/// How long an answer asks to wait: `Retry-After` in seconds. (Nobody here sends dates.)
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_WAIT))
}

/// An answer that could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// The system's words.
    pub detail: String,
    /// It did not come in time.
    pub slow: bool,
}

/// Reads an answer of at most this many bytes.
pub(crate) async fn read(response: &mut Response, at_most: usize) -> Result<Vec<u8>, Broken> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= at_most => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(Broken { detail: "the answer is too long".to_owned(), slow: false }),
            Ok(None) => return Ok(bytes),
            Err(error) => return Err(Broken { detail: cause(&error), slow: error.is_timeout() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

    use super::*;

    #[tokio::test]
    async fn plain_http_works_without_certificates() {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&server).await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = without_roots(Limits::default()).unwrap();
        assert_eq!(client.get(server.uri()).send().await.unwrap().status(), 204);
        let seen = server.received_requests().await.unwrap();
        assert_eq!(seen[0].headers["user-agent"], concat!("Balas/", env!("CARGO_PKG_VERSION")));
    }

    #[tokio::test]
    async fn redirects_stay_at_home_and_end() {
        let (home, other) = (MockServer::start().await, MockServer::start().await);
        let client = client().unwrap();
        let lead = |to: String| ResponseTemplate::new(307).insert_header("location", to);
        Mock::given(wiremock::matchers::path("/away"))
            .respond_with(lead(format!("{}/x", other.uri())))
            .mount(&home)
            .await;
        Mock::given(wiremock::matchers::path("/round"))
            .respond_with(lead("/round".to_owned()))
            .mount(&home)
            .await;
        Mock::given(wiremock::matchers::path("/near"))
            .respond_with(lead("/there".to_owned()))
            .mount(&home)
            .await;
        Mock::given(wiremock::matchers::path("/there"))
            .respond_with(ResponseTemplate::new(204))
            .mount(&home)
            .await;
        for (path, status) in [("/away", 307), ("/round", 307), ("/near", 204)] {
            let answer = client.get(format!("{}{path}", home.uri())).bearer_auth("t").send().await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
        assert_eq!(other.received_requests().await.unwrap().len(), 0);
    }
}
