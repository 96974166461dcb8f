//! One message in the world, and how tests and the page see it.

use balas_domain::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Attachment, MediaFacts, Status};

/// A message of either side.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    /// Phone number id of the business.
    pub(crate) account: String,
    /// Key of the customer's phone.
    pub(crate) phone: String,
    pub(crate) outbound: bool,
    /// Key of the phone of whoever wrote it, in groups.
    pub(crate) author: Option<String>,
    /// `text`, `image`, `reaction`, …
    pub(crate) kind: String,
    /// The node under the type key.
    pub(crate) body: Value,
    /// Its file.
    pub(crate) media: Option<Attachment>,
    /// What a person reads: the text, a caption, a template's name and values.
    pub(crate) text: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) callback_data: Option<String>,
    pub(crate) status: Status,
    pub(crate) error: Option<i64>,
    pub(crate) at: Timestamp,
    /// Emoji that the business put on this message.
    pub(crate) business_reaction: Option<String>,
    /// Emoji that the customer put on this message.
    pub(crate) customer_reaction: Option<String>,
    pub(crate) edited: bool,
    pub(crate) revoked: bool,
    /// The business marked this customer message as read.
    pub(crate) seen: bool,
    /// Index in its chat.
    pub(crate) position: usize,
    /// `conversation.id` of its statuses.
    pub(crate) conversation: String,
}

/// A message that the business sent, as tests ask for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sent {
    /// The `wamid.…` that the send was answered with.
    pub id: String,
    /// Phone number id that sent it.
    pub account: String,
    /// Digits (or business-scoped user id) of the recipient.
    pub to: String,
    /// What a person reads, when there is any.
    pub text: Option<String>,
    /// `text`, `image`, `template`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The node under the type key of the request, as it came.
    pub body: Value,
    /// The file that came with it.
    pub media: Option<MediaFacts>,
    /// `context.message_id` of the request.
    pub reply_to: Option<String>,
    /// As the request gave it.
    pub biz_opaque_callback_data: Option<String>,
    /// How far it came.
    pub status: Status,
    /// Meta's code when it failed.
    pub error: Option<i64>,
    /// When it was accepted, microseconds since 1970.
    pub at: Timestamp,
}

/// A message as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MessageView {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) phone: String,
    pub(crate) outbound: bool,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) text: Option<String>,
    pub(crate) body: Value,
    pub(crate) media: Option<MediaFacts>,
    pub(crate) reply_to: Option<String>,
    /// What is quoted, when it is known.
    pub(crate) quote: Option<Quote>,
    pub(crate) status: Status,
    pub(crate) error: Option<i64>,
    /// What the error means.
    pub(crate) error_text: Option<&'static str>,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) business_reaction: Option<String>,
    pub(crate) customer_reaction: Option<String>,
    pub(crate) edited: bool,
    pub(crate) revoked: bool,
    pub(crate) seen: bool,
}

/// The quoted message above a reply.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Quote {
    pub(crate) text: String,
    pub(crate) outbound: bool,
}

impl Message {
    /// Reactions, edits and the like change another message and have no bubble of their own.
    pub(crate) fn has_bubble(&self) -> bool {
        !matches!(self.kind.as_str(), "reaction" | "edit" | "revoke")
    }

    /// One line for lists and quotes.
    pub(crate) fn line(&self) -> String {
        if self.revoked {
            return "Deleted message".to_owned();
        }
        let text = self.text.as_deref().unwrap_or_default();
        let label = match self.kind.as_str() {
            "text" | "interactive" | "button" | "template" | "system" => "",
            "image" => "📷 Photo",
            "video" => "🎬 Video",
            "audio" if self.media.as_ref().is_some_and(|file| !file.voice) => "🎵 Audio",
            "audio" => "🎤 Voice message",
            "document" => "📄 Document",
            "sticker" => "Sticker",
            "location" => "📍 Location",
            "contacts" => "👤 Contact",
            "order" => "🛒 Order",
            "poll" => "📊 Poll",
            _ => "Message of another kind",
        };
        let line = match (label, text) {
            ("", text) => text.to_owned(),
            (label, "") => label.to_owned(),
            (label, text) => format!("{label} · {text}"),
        };
        line.chars().take(160).collect()
    }
}

/// What a person reads in the node of a message of this type, sent or received.
pub(crate) fn readable(kind: &str, body: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    match kind {
        "text" | "system" => text(&body["body"]),
        "image" | "video" => text(&body["caption"]),
        "document" => text(&body["caption"]).or_else(|| text(&body["filename"])),
        "location" => text(&body["name"]).or_else(|| text(&body["address"])),
        "contacts" => text(&body[0]["name"]["formatted_name"]),
        "button" => text(&body["text"]),
        "reaction" => text(&body["emoji"]),
        "interactive" => text(&body["body"]["text"])
            .or_else(|| text(&body["button_reply"]["title"]))
            .or_else(|| text(&body["list_reply"]["title"])),
        "template" => {
            let mut words = vec![format!("[{}]", body["name"].as_str().unwrap_or("template"))];
            for component in body["components"].as_array().into_iter().flatten() {
                for parameter in component["parameters"].as_array().into_iter().flatten() {
                    words.extend(text(&parameter["text"]));
                }
            }
            Some(words.join(" "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn readable_text_of_each_kind() {
        assert_eq!(readable("text", &json!({"body": "hi"})).as_deref(), Some("hi"));
        assert_eq!(readable("image", &json!({"caption": "cap"})).as_deref(), Some("cap"));
        assert_eq!(readable("audio", &json!({"id": "1"})), None);
        let template =
            json!({"name": "order", "components": [{"parameters": [{"type": "text", "text": "Ana"}]}]});
        assert_eq!(readable("template", &template).as_deref(), Some("[order] Ana"));
        let list = json!({"list_reply": {"title": "Express"}});
        assert_eq!(readable("interactive", &list).as_deref(), Some("Express"));
    }
}
