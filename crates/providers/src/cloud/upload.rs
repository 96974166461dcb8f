//! Files go to Meta before the message that shows them: whatever goes wrong here, nobody was written to.

use std::time::Duration;

use balas_domain::{
    MessageId,
    media::{canonical, ending},
    view::FailureClass,
};
use reqwest::multipart::Form;

use super::transport::{Endpoint, Fault};
use crate::{body::OutgoingFile, lenient::id, provider::SendError, transfer::Going};

/// Hands over a file; gives back Meta's id of it, which is good for 30 days.
///
/// # Errors
/// Never with an unknown outcome.
pub async fn upload(
    endpoint: Endpoint<'_>,
    number: &str,
    message: MessageId,
    file: &OutgoingFile,
    patience: Duration,
) -> Result<String, SendError> {
    let mime = declared(&file.mime);
    // Meta looks at the ending too. What recipients see is told with the message.
    let name = format!("{message}.{}", ending(&mime).unwrap_or("bin"));
    let (going, part) = Going::open(file, name, &mime).await?;
    let form = Form::new().text("messaging_product", "whatsapp").text("type", mime).part("file", part);
    let answer = endpoint.upload(&[number, "media"], form, &going, patience).await;
    let media = answer.map_err(not_sent)?;
    id(&media, "id").ok_or_else(|| again("Meta's answer does not name it"))
}

/// The type under which Meta takes it: of text it knows one kind.
fn declared(mime: &str) -> String {
    let mime = canonical(mime);
    let text = mime.starts_with("text/") || matches!(mime.as_str(), "application/json" | "application/xml");
    if text { "text/plain".to_owned() } else { mime }
}

fn not_sent(fault: Fault) -> SendError {
    match fault {
        Fault::Lost { detail, .. } => again(&detail),
        other => other.into(),
    }
}

fn again(detail: &str) -> SendError {
    let text = format!("The file could not be handed to WhatsApp ({detail}). It is tried again by itself.");
    SendError::not_sent(FailureClass::Transient, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_text_is_plain_text() {
        for text in ["text/csv", "text/HTML; charset=utf-8", "application/json", "text/xml"] {
            assert_eq!(declared(text), "text/plain");
        }
        assert_eq!(declared("audio/ogg; codecs=opus"), "audio/ogg");
    }
}
