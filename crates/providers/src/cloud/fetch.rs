//! Files of customers: Meta tells an address for a file's id, good for some minutes, and there the file is had with the
//! token. So that the token goes to nobody else, the address is looked at first, and each one that it leads on to.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode, Url, header::LOCATION};
use serde_json::Value;

use super::{
    answer::retry_after,
    client::Cloud,
    errors::classify,
    transport::{Fault, lost},
};
use crate::{
    download::{Download, FetchError, MediaSource},
    lenient::{int, name, sha256, string},
    transfer::{LONGEST, pieces},
};
use balas_domain::view::FailureClass;

/// Hosts below these keep Meta's files.
const KEEPERS: [&str; 4] = [".fbsbx.com", ".facebook.com", ".fbcdn.net", ".whatsapp.net"];
/// How often an address may lead on to another.
const MAX_REDIRECTS: usize = 5;

/// Fetches a file.
pub async fn run(cloud: &Cloud, media: &MediaSource) -> Result<Download, FetchError> {
    let mut found = locate(cloud, &media.reference).await?;
    let mut opened = open(cloud, &found).await?;
    if matches!(opened, Opened::Refused { status, .. } if expired(status)) {
        found = locate(cloud, &media.reference).await?;
        opened = open(cloud, &found).await?;
    }
    match opened {
        Opened::Here(response) => Ok(download(cloud, &found, response)),
        Opened::Refused { status, retry_after } => {
            Err(FetchError::Later { detail: format!("HTTP status {}", status.as_u16()), retry_after })
        }
    }
}

/// Whether an address may only be too old: it is good for some minutes, and may have been told a while ago. Otherwise it is
/// of no use to ask for another one, and Meta counts what fails.
fn expired(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS
}

fn download(cloud: &Cloud, found: &Value, response: Response) -> Download {
    let stated = int(found, "file_size").and_then(|n| u64::try_from(n).ok());
    Download {
        mime: name(found, "mime_type"),
        file_name: None,
        size: response.content_length().or(stated),
        sha256: sha256(found, "sha256"),
        bytes: pieces(response, cloud.patience()),
    }
}

/// What Meta tells of a file.
async fn locate(cloud: &Cloud, id: &str) -> Result<Value, FetchError> {
    let sound = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !sound {
        return Err(FetchError::Unsupported {
            reason: "Meta gave this file no id, so it cannot be fetched. Ask for it to be sent again."
                .to_owned(),
        });
    }
    let number = cloud.settings().phone_number_id.trim();
    cloud.repeat(Method::GET, &[id], &[("phone_number_id", number)], None).await.map_err(explain)
}

/// What came from where the file should be.
enum Opened {
    Here(Response),
    Refused { status: StatusCode, retry_after: Option<Duration> },
}

async fn open(cloud: &Cloud, found: &Value) -> Result<Opened, FetchError> {
    let told = string(found, "url").and_then(|url| Url::parse(&url).ok());
    let mut url = told.ok_or_else(|| FetchError::later("Meta does not say where it is"))?;
    let base = Url::parse(cloud.settings().base_url.trim()).ok();
    for _ in 0..=MAX_REDIRECTS {
        if !may_see_token(&url, base.as_ref()) {
            return Err(elsewhere(&url));
        }
        let request = cloud.endpoint().request(Method::GET, url.clone()).map_err(explain)?;
        let answer = tokio::time::timeout(cloud.patience(), request.timeout(LONGEST).send()).await;
        let response = match answer {
            Ok(response) => response.map_err(|error| explain(lost(error)))?,
            Err(_) => return Err(FetchError::later("no answer in time")),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(Opened::Here(response));
        }
        let location = response.headers().get(LOCATION).and_then(|l| l.to_str().ok());
        match location.filter(|_| status.is_redirection()).map(|l| url.join(l)) {
            Some(Ok(next)) => url = next,
            Some(Err(_)) => return Err(FetchError::later("Meta leads on to no address")),
            None => return Ok(Opened::Refused { status, retry_after: retry_after(response.headers()) }),
        }
    }
    Err(FetchError::later("Meta leads on without end"))
}

/// Whether the token may be shown there: where the Graph API itself is, or where Meta keeps its files.
fn may_see_token(url: &Url, base: Option<&Url>) -> bool {
    let plain = url.username().is_empty() && url.password().is_none();
    let home = base.is_some_and(|base| base.origin() == url.origin());
    let keeper = url.scheme() == "https"
        && url.port().is_none()
        && url.domain().is_some_and(|host| KEEPERS.iter().any(|keeper| host.ends_with(keeper)));
    plain && (home || keeper)
}

fn elsewhere(url: &Url) -> FetchError {
    let host = url.host_str().and_then(balas_domain::text::clean_name);
    FetchError::Unsupported {
        reason: format!(
            "Meta names a place for this file that is not Meta's ({}), where the access token must not go. Ask for \
             the file to be sent again, and tell an administrator.",
            host.as_deref().unwrap_or("without a host")
        ),
    }
}

fn explain(fault: Fault) -> FetchError {
    match fault {
        Fault::Settings { text, field: Some("token") } => FetchError::Auth { reason: text },
        Fault::Settings { text, .. } => FetchError::Unsupported { reason: text },
        Fault::NoConnection { detail } | Fault::Lost { detail, .. } => FetchError::later(detail),
        Fault::Refused { http, error, retry_after, .. } => {
            let gone = match error.code {
                Some(100) => error.subcode == Some(33),
                Some(803 | 131_052) => true,
                code => code.is_none() && matches!(http, 404 | 410),
            };
            if gone {
                return FetchError::Gone;
            }
            let (class, words) = classify(&error, Some(http));
            match class {
                FailureClass::Auth => FetchError::Auth { reason: words },
                FailureClass::Throttled | FailureClass::Transient | FailureClass::Unknown => {
                    let detail = error.words.clone().unwrap_or_else(|| format!("HTTP status {http}"));
                    let retry_after = super::errors::wait(&error, retry_after);
                    FetchError::Later { detail, retry_after }
                }
                _ => FetchError::Unsupported { reason: words },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const META: &str = "https://graph.facebook.com";

    #[rstest]
    #[case(META, "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", true)]
    #[case(META, "https://graph.facebook.com/v23.0/1", true)]
    #[case(META, "https://scontent.xx.fbcdn.net/x", true)]
    #[case(META, "https://mmg.whatsapp.net/x", true)]
    #[case::plain(META, "http://lookaside.fbsbx.com/x", false)]
    #[case::other_port(META, "https://lookaside.fbsbx.com:8443/x", false)]
    #[case::only_ends_alike(META, "https://evilfbsbx.com/x", false)]
    #[case::below_another(META, "https://lookaside.fbsbx.com.evil.example/x", false)]
    #[case::in_the_path(META, "https://evil.example/.fbsbx.com", false)]
    #[case::as_user(META, "https://lookaside.fbsbx.com@evil.example/x", false)]
    #[case::with_user(META, "https://me:pass@lookaside.fbsbx.com/x", false)]
    #[case::number(META, "https://192.0.2.1/x", false)]
    #[case::file(META, "file:///etc/passwd", false)]
    #[case::at_home("http://127.0.0.1:3100/graph", "http://127.0.0.1:3100/media/1", true)]
    #[case::next_door("http://127.0.0.1:3100", "http://127.0.0.1:3101/media/1", false)]
    #[case::home_of_another("http://127.0.0.1:3100", "http://localhost:3100/media/1", false)]
    fn the_token_goes_to_meta_alone(#[case] base: &str, #[case] url: &str, #[case] may: bool) {
        let (base, url) = (Url::parse(base).unwrap(), Url::parse(url).unwrap());
        assert_eq!(may_see_token(&url, Some(&base)), may);
        assert!(!may_see_token(&url, None) || may);
    }
}
