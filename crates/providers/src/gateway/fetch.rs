//! Files that came with messages: on the gateway's disk already, or to be fetched by it from `WhatsApp` first.

use balas_domain::{Address, view::FailureClass};
use reqwest::Response;
use serde_json::Value;

use super::{
    address::to_jid,
    client::Gateway,
    errors::{ApiError, classify},
    media::{MediaRef, harmless},
    transport::Fault,
};
use crate::{
    download::{Download, FetchError, MediaSource},
    lenient::{int, name, string},
    provider::SendError,
    transfer::pieces,
};

/// Fetches a file.
pub async fn run(gateway: &Gateway, media: &MediaSource) -> Result<Download, FetchError> {
    let message = match MediaRef::read(&media.reference) {
        Some(MediaRef::Path(path)) => match gateway.endpoint().file(&path, gateway.patience()).await {
            Ok(response) => return Ok(download(gateway, response, &Value::Null)),
            // Somebody tidied up there: WhatsApp may still have it.
            Err(Fault::Refused { http: 404 | 410, .. }) => media.provider_id.clone(),
            Err(fault) => return Err(explain(fault)),
        },
        Some(MediaRef::Message(id)) => id,
        None => media.provider_id.clone(),
    };
    let found = locate(gateway, &message, &media.chat).await?;
    let path = string(&found, "file_path").unwrap_or_default();
    // Some write where it lies on their disk.
    let path = path.find("statics/").map(|at| &path[at..]).filter(|path| harmless(path));
    let path = path.ok_or_else(|| FetchError::later("the gateway does not say where it is"))?;
    match gateway.endpoint().file(path, gateway.patience()).await {
        Ok(response) => Ok(download(gateway, response, &found)),
        Err(Fault::Refused { http: 404 | 410, .. }) => {
            Err(FetchError::later("it is not where the gateway says"))
        }
        Err(fault) => Err(explain(fault)),
    }
}

fn download(gateway: &Gateway, response: Response, found: &Value) -> Download {
    let stated = int(found, "file_size").and_then(|n| u64::try_from(n).ok());
    // Mostly the gateway's own name for it, which nobody wants to see.
    let kept_as = string(found, "file_path").unwrap_or_default();
    let file_name = name(found, "filename").filter(|name| !kept_as.ends_with(name.as_str()));
    Download {
        mime: name(found, "mime_type"),
        file_name,
        size: response.content_length().or(stated),
        sha256: None,
        bytes: pieces(response, gateway.patience()),
    }
}

/// Has the gateway fetch it, and tell where it is then.
async fn locate(gateway: &Gateway, message: &str, chat: &Address) -> Result<Value, FetchError> {
    let first = match ask(gateway, message, chat).await {
        Err(fault) if !chat.is_group() && unnamed(&fault) => fault,
        other => return other.map_err(explain),
    };
    // It says the same if it knows the chat by the person's other name.
    let other = match gateway.user_info(chat).await {
        Ok(info) => [info.lid, info.phone].into_iter().flatten().find(|name| name != chat),
        Err(_) => None,
    };
    match other {
        Some(other) => ask(gateway, message, &other).await.map_err(|_| explain(first)),
        None => Err(explain(first)),
    }
}

async fn ask(gateway: &Gateway, message: &str, chat: &Address) -> Result<Value, Fault> {
    let unusable = |text| Fault::Settings { text, field: None };
    let jid = to_jid(chat).map_err(unusable)?;
    if message.is_empty() {
        return Err(unusable("The gateway cannot be asked for this file: its message has no id.".to_owned()));
    }
    gateway.ask(&["message", message, "download"], &[("phone", &jid)]).await
}

/// A problem that the gateway has no code for.
fn unnamed(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused { http: 500, error, .. }
        if error.code() == "INTERNAL_SERVER_ERROR" && !gone(error))
}

fn explain(fault: Fault) -> FetchError {
    if fault.no_such_call() {
        let reason =
            "This gateway is too old to fetch files again. Update it, or look for the file on the phone.";
        return FetchError::Unsupported { reason: reason.to_owned() };
    }
    match fault {
        Fault::NoConnection { detail, .. } | Fault::Lost { detail, .. } | Fault::Cut { detail } => {
            FetchError::later(detail)
        }
        Fault::Refused { http: 404, error, .. } if error.code() == "NOT_FOUND" => FetchError::Gone,
        Fault::Refused { error, .. } if gone(&error) => FetchError::Gone,
        Fault::Refused { http, error, retry_after } => match classify(http, &error) {
            meaning if meaning.class == FailureClass::Auth => FetchError::Auth { reason: meaning.text },
            // Any error of the program's, too.
            meaning if meaning.class != FailureClass::Invalid || http >= 500 => {
                let detail = error.detail(http);
                FetchError::Later { detail, retry_after }
            }
            meaning => FetchError::Unsupported { reason: meaning.text },
        },
        fault @ (Fault::Settings { .. } | Fault::Elsewhere { .. }) => {
            let error = SendError::from(fault);
            match error.class {
                FailureClass::Auth => FetchError::Auth { reason: error.text },
                _ => FetchError::Unsupported { reason: error.text },
            }
        }
    }
}

/// Whether the gateway's words say that `WhatsApp` deleted the file, or that there never was one. They change between
/// versions: other words only mean that it is tried again in vain.
fn gone(error: &ApiError) -> bool {
    let words = error.words.as_deref().unwrap_or_default().to_ascii_lowercase();
    error.code() == "INTERNAL_SERVER_ERROR"
        && ["status code 403", "status code 404", "status code 410", "does not contain downloadable media"]
            .iter()
            .any(|sign| words.contains(sign))
}
