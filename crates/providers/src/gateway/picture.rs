//! What people and groups show of themselves: the gateway tells where it is, mostly at `WhatsApp` itself.

use balas_domain::{Address, view::FailureClass};
use reqwest::{Method, Response, Url};

use super::{
    address::to_jid,
    client::Gateway,
    errors::{ApiError, classify},
    media::harmless,
    transport::Fault,
};
use crate::{
    download::FetchError,
    http::{cause, read},
    lenient::string,
    provider::SendError,
};

/// Largest picture that is read, in bytes. `WhatsApp` keeps them below a tenth of it.
const LARGEST: usize = 2 << 20;
/// Under this name, and in its subdomains, `WhatsApp` keeps pictures. It is asked without any password of ours.
const WHATSAPP: &str = "whatsapp.net";

/// Where a picture can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// At `WhatsApp`, for a while.
    WhatsApp(Url),
    /// On the gateway, below its base address.
    Gateway(String),
}

impl Place {
    /// Nowhere else: whoever makes the gateway say something else shall not make us ask there.
    fn of(link: &str) -> Option<Self> {
        let path = match Url::parse(link) {
            Ok(url) if is_whatsapp(&url) => return Some(Self::WhatsApp(url)),
            Ok(url) => url.path().to_owned(),
            Err(_) => link.split(['?', '#']).next()?.to_owned(),
        };
        let path = path.get(path.find("statics/")?..)?;
        harmless(path).then(|| Self::Gateway(path.to_owned()))
    }
}

fn is_whatsapp(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let below = host.strip_suffix(WHATSAPP).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    below && url.scheme() == "https" && url.port().is_none() && url.username().is_empty()
}

/// Fetches the picture of a person or group; `None` if there is none, or it is hidden from us. It is asked once: whoever
/// asks `WhatsApp` much is taken for a machine.
pub async fn run(gateway: &Gateway, whose: &Address) -> Result<Option<Vec<u8>>, FetchError> {
    let jid = to_jid(whose).map_err(|reason| FetchError::Unsupported { reason })?;
    let query = [("phone", jid.as_str()), ("is_preview", "true")];
    let answer = match gateway.once(Method::GET, &["user", "avatar"], &query, None).await {
        Ok(answer) => answer,
        Err(fault) if none(&fault) => return Ok(None),
        Err(fault) => return Err(explain(fault)),
    };
    let Some(link) = string(&answer, "url").filter(|link| !link.is_empty()) else { return Ok(None) };
    match Place::of(&link) {
        Some(Place::WhatsApp(url)) => {
            let sent = gateway.endpoint().http.get(url).send().await;
            let response = sent.map_err(|error| FetchError::later(cause(&error)))?;
            if !response.status().is_success() {
                let detail = format!("WhatsApp answers with HTTP status {}", response.status().as_u16());
                return Err(FetchError::later(detail));
            }
            whole(response).await
        }
        Some(Place::Gateway(path)) => {
            whole(gateway.endpoint().file(&path, gateway.patience()).await.map_err(explain)?).await
        }
        None => Err(FetchError::Unsupported {
            reason: "The gateway says that this picture is where Balas does not look for pictures."
                .to_owned(),
        }),
    }
}

async fn whole(mut response: Response) -> Result<Option<Vec<u8>>, FetchError> {
    let bytes = read(&mut response, LARGEST).await.map_err(|broken| FetchError::later(broken.detail))?;
    Ok(Some(bytes))
}

/// Whether there is no picture. Gateways have no code for that: the bridge has, and of the others' errors the words tell.
/// Should these change, it is asked again later in vain.
fn none(fault: &Fault) -> bool {
    let says = |error: &ApiError| {
        let words = error.words.as_deref().unwrap_or_default().to_ascii_lowercase();
        ["no avatar", "profile picture"].iter().any(|sign| words.contains(sign))
    };
    match fault {
        Fault::Refused { http: 404, error, .. } => error.code() == "NOT_FOUND",
        Fault::Refused { http: 500, error, .. } => error.code() == "INTERNAL_SERVER_ERROR" && says(error),
        _ => false,
    }
}

fn explain(fault: Fault) -> FetchError {
    match fault {
        Fault::NoConnection { detail, .. } | Fault::Lost { detail, .. } | Fault::Cut { detail } => {
            FetchError::later(detail)
        }
        Fault::Refused { http, error, retry_after } => match classify(http, &error) {
            meaning if meaning.class == FailureClass::Auth => FetchError::Auth { reason: meaning.text },
            _ => FetchError::Later { detail: error.detail(http), retry_after },
        },
        fault @ (Fault::Settings { .. } | Fault::Elsewhere { .. }) => {
            FetchError::Auth { reason: SendError::from(fault).text }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::preview("https://pps.whatsapp.net/v/t61.24694-24/1.jpg?stp=dst-jpg_s96x96&oe=6")]
    #[case::media("https://media-cgk1-1.cdn.whatsapp.net/v/x.jpg")]
    fn whatsapps_own_are_fetched_there(#[case] link: &str) {
        assert_eq!(Place::of(link), Some(Place::WhatsApp(Url::parse(link).unwrap())));
    }

    #[rstest]
    #[case("statics/avatar/1-a.png")]
    #[case("http://localhost:3000/statics/avatar/1-a.png?x=1")]
    #[case("https://internal.example/gowa/statics/avatar/1-a.png")]
    fn of_the_gateways_own_only_the_path_counts(#[case] link: &str) {
        assert_eq!(Place::of(link), Some(Place::Gateway("statics/avatar/1-a.png".to_owned())));
    }

    #[rstest]
    #[case::plain("http://pps.whatsapp.net/v/1.jpg")]
    #[case::another("https://evilwhatsapp.net/v/1.jpg")]
    #[case::as_a_part("https://whatsapp.net.evil.example/v/1.jpg")]
    #[case::with_a_name("https://me@pps.whatsapp.net/v/1.jpg")]
    #[case::at_a_port("https://pps.whatsapp.net:8443/v/1.jpg")]
    #[case::inside("http://192.168.0.1/admin")]
    #[case::disk("file:///etc/passwd")]
    #[case::up("statics/../secret")]
    fn nobody_else_is_asked(#[case] link: &str) {
        assert_eq!(Place::of(link), None);
    }
}
