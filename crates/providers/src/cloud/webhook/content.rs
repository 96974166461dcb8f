//! What a message says: the node under its type's key.

use balas_domain::{
    Content,
    content::{Card, Media, MediaKind},
    text::clean_name,
};
use serde_json::Value;

use crate::{
    lenient::{body, elements, flag, float, id, int, keep, name, string},
    vcard,
};

/// Types that are told by their key when `type` is missing.
const KINDS: [&str; 14] = [
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "interactive",
    "button",
    "order",
    "reaction",
    "system",
    "edit",
];
/// Most cards or ordered articles that are kept of one message.
const MAX_PARTS: usize = 64;

/// The message's type; `unknown` if nothing tells it.
pub fn kind(message: &Value) -> String {
    name(message, "type")
        .or_else(|| KINDS.into_iter().find(|k| message.get(k).is_some()).map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// What the message says. Whatever cannot be read becomes [`Content::Unsupported`].
pub fn content(message: &Value) -> Content {
    let kind = kind(message);
    let node = message.get(&kind).unwrap_or(&Value::Null);
    let read = match kind.as_str() {
        "text" => body(node, "body").map(|text| Content::Text { text }),
        "image" => media(MediaKind::Image, node),
        "video" => media(MediaKind::Video, node),
        "audio" => media(MediaKind::Audio, node),
        "document" => media(MediaKind::Document, node),
        "sticker" => media(MediaKind::Sticker, node),
        "location" => location(node),
        "contacts" => contacts(message),
        "interactive" => interactive(node),
        "button" => choice(body(node, "text"), string(node, "payload")),
        "order" => order(node),
        _ => None,
    };
    read.unwrap_or_else(|| Content::Unsupported { kind: refined(&kind, node), raw: keep(message) })
}

/// Meta sometimes says which unsupported kind it was.
fn refined(kind: &str, node: &Value) -> String {
    match (kind, name(node, "type")) {
        ("unsupported" | "unknown", Some(inner)) => inner,
        ("interactive", Some(inner)) => format!("interactive {inner}"),
        _ => kind.to_owned(),
    }
}

/// A file. Coming from history it has no id yet; then it is kept as one that cannot be fetched.
fn media(kind: MediaKind, node: &Value) -> Option<Content> {
    node.is_object().then(|| {
        Content::Media(Media {
            kind,
            reference: id(node, "id"),
            caption: body(node, "caption"),
            mime: name(node, "mime_type"),
            file_name: name(node, "filename"),
            sha256: id(node, "sha256"),
            voice: kind == MediaKind::Audio && flag(node, "voice"),
        })
    })
}

fn location(node: &Value) -> Option<Content> {
    let latitude = float(node, "latitude").filter(|d| (-90.0..=90.0).contains(d))?;
    let longitude = float(node, "longitude").filter(|d| (-180.0..=180.0).contains(d))?;
    Some(Content::Location { latitude, longitude, name: name(node, "name"), address: name(node, "address") })
}

/// Cards as JSON or as vCard; the vCard may stand on the card or on the message.
fn contacts(message: &Value) -> Option<Content> {
    let mut cards: Vec<_> = elements(message, "contacts").iter().take(MAX_PARTS).filter_map(card).collect();
    if cards.is_empty() {
        cards.extend(card(message));
    }
    (!cards.is_empty()).then_some(Content::Contacts { cards })
}

fn card(element: &Value) -> Option<Card> {
    let mut card = string(element, "vcard").map(|raw| vcard::read(&raw)).unwrap_or_default();
    for phone in elements(element, "phones") {
        // The same number may be on the vCard in another spelling.
        let digits = |s: &str| s.chars().filter(char::is_ascii_digit).collect::<String>();
        let number = name(phone, "phone").or_else(|| name(phone, "wa_id"));
        let new = number.filter(|n| !card.phones.iter().any(|p| p == n || digits(p) == digits(n)));
        card.phones.extend(new.filter(|_| card.phones.len() < vcard::MAX_PHONES));
    }
    let names = element.get("name").unwrap_or(&Value::Null);
    let full = || {
        let parts: Vec<_> = ["first_name", "last_name"].into_iter().filter_map(|k| name(names, k)).collect();
        clean_name(&parts.join(" "))
    };
    let company = || element.get("org").and_then(|o| name(o, "company"));
    if let Some(better) = name(names, "formatted_name").or_else(full) {
        card.name = better;
    } else if card.name.is_empty() {
        card.name = company().or_else(|| card.phones.first().cloned()).unwrap_or_default();
    }
    (!card.name.is_empty()).then_some(card)
}

/// An answer to something that we had sent with buttons, a list or a form.
fn interactive(node: &Value) -> Option<Content> {
    let inner = |key: &str| node.get(key).filter(|v| v.is_object());
    if let Some(reply) = inner("button_reply").or_else(|| inner("list_reply")) {
        choice(body(reply, "title"), string(reply, "id"))
    } else {
        let reply = inner("nfm_reply")?;
        let payload = string(reply, "response_json");
        choice(
            body(reply, "body").or_else(|| body(reply, "name")).or_else(|| Some("Form".to_owned())),
            payload,
        )
    }
}

fn choice(title: Option<String>, payload: Option<String>) -> Option<Content> {
    let payload = payload.map(|p| balas_domain::text::clean_body(&p));
    let title = title.or_else(|| payload.as_deref().and_then(clean_name))?;
    Some(Content::Choice { title, payload })
}

/// An order as lines of text, so that an agent sees at once what was ordered.
fn order(node: &Value) -> Option<Content> {
    let items = elements(node, "product_items");
    let mut lines = vec!["Order".to_owned()];
    for item in items.iter().take(MAX_PARTS) {
        let Some(article) = name(item, "product_retailer_id") else { continue };
        let quantity = int(item, "quantity").unwrap_or(1);
        let currency = name(item, "currency").map(|c| format!(" {c}")).unwrap_or_default();
        let price = float(item, "item_price").map(|p| format!(" ({p}{currency} each)")).unwrap_or_default();
        lines.push(format!("{quantity} × {article}{price}"));
    }
    if items.len() > MAX_PARTS {
        lines.push(format!("… and {} more", items.len() - MAX_PARTS));
    }
    lines.extend(body(node, "text"));
    (lines.len() > 1).then(|| Content::Text { text: lines.join("\n") })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn files() {
        let c = content(&json!({"type": "audio", "audio": {"id": 77, "mime_type": "audio/ogg; codecs=opus",
                "voice": "true"}}));
        let expected = Media {
            kind: MediaKind::Audio,
            reference: Some("77".into()),
            voice: true,
            mime: Some("audio/ogg; codecs=opus".into()),
            ..Media::default()
        };
        assert_eq!(c, Content::Media(expected));
        let c = content(&json!({"document": {"id": "1", "filename": "a\u{202e}fdp.exe", "caption": " "}}));
        let expected =
            Media { reference: Some("1".into()), file_name: Some("afdp.exe".into()), ..Media::default() };
        assert_eq!(c, Content::Media(expected), "no type, steering characters, blank caption");
    }

    #[test]
    fn cards() {
        let both = content(&json!({"type": "contacts", "origin": "contact_request", "contacts": [
            {"vcard": "BEGIN:VCARD\nFN:Sheena\nTEL;TYPE=CELL:15551234567\nEND:VCARD",
                "phones": [{"phone": "+1 555 123 4567"}]},
            {"phones": [{"wa_id": 4_912_345_678_i64}]}, {}, 5]}));
        assert_eq!(
            both,
            Content::Contacts {
                cards: vec![
                    Card { name: "Sheena".into(), phones: vec!["15551234567".into()] },
                    Card { name: "4912345678".into(), phones: vec!["4912345678".into()] }
                ]
            }
        );
        let on_message = content(&json!({"type": "contacts", "vcard": "FN:Ana\nTEL:5", "contacts": []}));
        assert_eq!(
            on_message,
            Content::Contacts { cards: vec![Card { name: "Ana".into(), phones: vec!["5".into()] }] }
        );
    }

    #[rstest]
    #[case::form(json!({"type": "interactive", "interactive": {"type": "nfm_reply",
        "nfm_reply": {"name": "flow", "body": "Sent",
        "response_json": "{\"a\":1}"}}}), "Sent", Some("{\"a\":1}"))]
    #[case::bare_form(json!({"type": "interactive", "interactive": {"nfm_reply": {}}}), "Form", None)]
    #[case::only_an_id(json!({"type": "interactive", "interactive": {"button_reply": {"id": 5}}}), "5",
        Some("5"))]
    #[case::template_button(json!({"type": "button", "button": {"text": "Stop"}}), "Stop", None)]
    fn choices(#[case] message: Value, #[case] title: &str, #[case] payload: Option<&str>) {
        let expected = Content::Choice { title: title.into(), payload: payload.map(str::to_owned) };
        assert_eq!(content(&message), expected);
    }

    #[rstest]
    #[case(json!({"type": "text"}), "text")]
    #[case(json!({"type": "text", "text": {"body": "\u{0}"}}), "text")]
    #[case(json!({"type": "text", "text": "flat"}), "text")]
    #[case(json!({"type": "image", "image": "flat"}), "image")]
    #[case(json!({"type": "location", "location": {"latitude": 91, "longitude": 0}}), "location")]
    #[case(json!({"type": "interactive"}), "interactive")]
    #[case(json!({"type": "interactive", "interactive": {"type": "call_permission_reply"}}),
        "interactive call_permission_reply")]
    #[case(json!({"type": "unsupported", "unsupported": {"type": "poll_update"}}), "poll_update")]
    #[case(json!({"type": "order", "order": {"product_items": []}}), "order")]
    #[case(json!({"type": 5}), "5")]
    #[case(json!({}), "unknown")]
    #[case(json!("text"), "unknown")]
    fn the_rest_is_kept_whole(#[case] message: Value, #[case] kind: &str) {
        assert_eq!(content(&message), Content::Unsupported { kind: kind.into(), raw: keep(&message) });
    }
}
