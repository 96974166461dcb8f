//! What a message says, in both dialects: they name the kinds alike and write them differently.

use balas_domain::{
    Content,
    content::{Card, MAX_OPTIONS, Media, MediaKind, Poll},
    text::clean_name,
};
use serde_json::Value;

use crate::{
    gateway::media::MediaRef,
    lenient::{body, elements, flag, float, int, keep, name, string},
    vcard,
};

/// Keys of files, and what they are.
const FILES: [(&str, MediaKind); 6] = [
    ("image", MediaKind::Image),
    ("video", MediaKind::Video),
    ("video_note", MediaKind::Video),
    ("audio", MediaKind::Audio),
    ("document", MediaKind::Document),
    ("sticker", MediaKind::Sticker),
];
/// Most cards that are kept of one message.
const MAX_CARDS: usize = 64;

/// What it says; `None` if there is nothing in it that anybody knows.
pub fn content(value: &Value, text: Option<String>, message_id: &str) -> Option<Content> {
    let there = |key: &str| value.get(key).filter(|v| !v.is_null());
    for (key, kind) in FILES {
        if let Some(media) = there(key).and_then(|node| media(kind, node, text.as_deref(), message_id)) {
            return Some(Content::Media(media));
        }
    }
    if let Some(media) = elements_of_strings(value, "interactive_media").next() {
        let kind = kind_of(media);
        let caption = text.or_else(|| body(value, "interactive"));
        let reference = Some(MediaRef::of(Some(media), message_id).to_string());
        return Some(Content::Media(Media { kind, reference, caption, ..Media::default() }));
    }
    let cards = cards(value);
    if !cards.is_empty() {
        return Some(Content::Contacts { cards });
    }
    if let Some(place) = there("location").or_else(|| there("live_location")).and_then(location) {
        return Some(place);
    }
    if let Some(poll) = there("poll").and_then(poll) {
        return Some(Content::Poll(poll));
    }
    if let Some(text) = text.or_else(|| body(value, "interactive")) {
        return Some(Content::Text { text });
    }
    for key in ["list", "order"] {
        if let Some(node) = there(key).filter(|n| n.is_object()) {
            let unknown = || Content::Unsupported { kind: key.to_owned(), raw: keep(node) };
            return Some(lines(key, node).map_or_else(unknown, |text| Content::Text { text }));
        }
    }
    // A kind that we know, but not like this.
    let odd = FILES.iter().map(|(key, _)| *key).chain(["contact", "location", "live_location"]);
    odd.filter_map(|key| there(key).map(|node| (key, node)))
        .find(|(_, node)| node.as_object().is_some_and(|o| !o.is_empty()))
        .map(|(key, node)| Content::Unsupported { kind: key.to_owned(), raw: keep(node) })
}

/// A file: a path, an object with a path, or an object with a link to `WhatsApp`'s encrypted copy, which is of
/// no use to us.
fn media(kind: MediaKind, node: &Value, text: Option<&str>, message_id: &str) -> Option<Media> {
    let path = match node {
        Value::String(path) if !path.trim().is_empty() => Some(path.clone()),
        Value::Object(map) if !map.is_empty() => string(node, "media_path").or_else(|| string(node, "path")),
        _ => return None,
    };
    let mime = name(node, "mime_type");
    let ogg = mime.as_deref().is_some_and(|m| m.contains("ogg") || m.contains("opus"))
        || path.as_deref().is_some_and(is_voice_file);
    Some(Media {
        kind,
        reference: Some(MediaRef::of(path.as_deref(), message_id).to_string()),
        caption: body(node, "caption").or_else(|| text.map(str::to_owned)),
        mime,
        file_name: name(node, "filename"),
        sha256: None,
        voice: kind == MediaKind::Audio && (ogg || flag(node, "ptt")),
    })
}

/// Nothing says which sound is a voice message, but phones record those as Ogg and nobody else does.
pub fn is_voice_file(path: &str) -> bool {
    let end = path.rsplit('.').next().unwrap_or_default();
    ["ogg", "oga", "opus"].iter().any(|e| end.eq_ignore_ascii_case(e))
}

fn kind_of(path: &str) -> MediaKind {
    match path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" | "png" | "webp" | "gif" => MediaKind::Image,
        "mp4" | "3gp" | "mov" | "mkv" => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

fn elements_of_strings<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    value.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A question with its answers, which only the bridge tells of.
fn poll(node: &Value) -> Option<Poll> {
    let options: Vec<String> = elements(node, "options")
        .iter()
        .filter_map(Value::as_str)
        .filter_map(clean_name)
        .take(MAX_OPTIONS)
        .collect();
    let question = body(node, "question")?;
    let any = u32::try_from(options.len()).unwrap_or(1);
    let max_answer = int(node, "max_answer").and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    (!options.is_empty()).then(|| Poll { question, max_answer: max_answer.unwrap_or(any).min(any), options })
}

fn cards(value: &Value) -> Vec<Card> {
    let one = elements(value, "contact");
    let many = elements(value, "contacts_array");
    one.iter().chain(many).take(MAX_CARDS).filter_map(card).collect()
}

fn card(node: &Value) -> Option<Card> {
    let mut card = string(node, "vcard").map(|raw| vcard::read(&raw)).unwrap_or_default();
    if card.phones.is_empty() {
        card.phones.extend(name(node, "phone_number"));
    }
    let shown = name(node, "displayName").or_else(|| card.phones.first().cloned());
    if card.name.is_empty() {
        card.name = shown.unwrap_or_default();
    }
    (!card.name.is_empty()).then_some(card)
}

fn location(node: &Value) -> Option<Content> {
    let latitude = float(node, "degreesLatitude").filter(|d| (-90.0..=90.0).contains(d))?;
    let longitude = float(node, "degreesLongitude").filter(|d| (-180.0..=180.0).contains(d))?;
    Some(Content::Location { latitude, longitude, name: name(node, "name"), address: name(node, "address") })
}

/// A list's or an order's own words.
fn lines(key: &str, node: &Value) -> Option<String> {
    let mut lines: Vec<String> = match key {
        "order" => ["orderTitle", "message"].into_iter().filter_map(|k| body(node, k)).collect(),
        _ => ["title", "description"].into_iter().filter_map(|k| body(node, k)).collect(),
    };
    if key == "order" {
        let count = int(node, "itemCount").filter(|n| *n > 0);
        let articles = count.map(|n| if n == 1 { "1 article".to_owned() } else { format!("{n} articles") });
        if lines.is_empty() && articles.is_none() {
            return None;
        }
        lines.insert(0, articles.map_or_else(|| "Order".to_owned(), |a| format!("Order: {a}")));
    }
    let picked = node.get("singleSelectReply").and_then(|r| name(r, "selectedRowId"));
    if lines.is_empty() {
        lines.extend(picked.as_deref().and_then(clean_name));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Option<Content> {
        content(value, body(value, "body"), "3EB0")
    }

    #[test]
    fn files_in_three_shapes() {
        let file = |value: Value| match read(&value) {
            Some(Content::Media(media)) => media,
            other => panic!("{other:?}"),
        };
        let path = file(json!({"audio": "statics/media/a.ogg"}));
        assert_eq!((path.reference.as_deref(), path.voice), (Some("statics/media/a.ogg"), true));
        let music = file(json!({"audio": {"media_path": "statics/media/a.mp3", "mime_type": "audio/mpeg"}}));
        assert_eq!((music.mime.as_deref(), music.voice), (Some("audio/mpeg"), false));
        let link =
            file(json!({"document": {"url": "https://mmg.whatsapp.net/x", "filename": "a\u{202e}b.pdf"}}));
        assert_eq!(
            (link.reference.as_deref(), link.file_name.as_deref()),
            (Some("message:3EB0"), Some("ab.pdf"))
        );
        let note =
            file(json!({"video_note": {"path": "statics/media/a.mp4", "caption": ""}, "body": "look"}));
        assert_eq!((note.kind, note.caption.as_deref()), (MediaKind::Video, Some("look")));
        let odd = file(json!({"image": "http://127.0.0.1/x"}));
        assert_eq!(odd.reference.as_deref(), Some("message:3EB0"), "a foreign address is never kept");
        let offered = file(json!({"interactive": "Choose", "interactive_media": ["statics/media/a.png"]}));
        assert_eq!((offered.kind, offered.caption.as_deref()), (MediaKind::Image, Some("Choose")));
    }

    #[test]
    fn cards_of_all_spellings() {
        let many = read(&json!({"contacts_array": [
            {"displayName": "Ana", "vcard": "BEGIN:VCARD\nFN:Ana Maria\nTEL:+1 555\nEND:VCARD"},
            {"displayName": "Ben", "phone_number": "+62 132"}, {"vcard": ""}, 5]}));
        let card = |name: &str, phone: &str| Card { name: name.into(), phones: vec![phone.into()] };
        let expected = vec![card("Ana Maria", "+1 555"), card("Ben", "+62 132")];
        assert_eq!(many, Some(Content::Contacts { cards: expected }));
    }

    #[rstest]
    #[case(json!({"order": {"itemCount": 2, "message": "please"}}), "Order: 2 articles\nplease")]
    #[case(json!({"order": {"orderTitle": "Shoes"}}), "Order\nShoes")]
    #[case(json!({"list": {"title": "Sizes", "description": "Pick one"}}), "Sizes\nPick one")]
    #[case(json!({"list": {"singleSelectReply": {"selectedRowId": "row-1"}}}), "row-1")]
    #[case(json!({"interactive": "Choose"}), "Choose")]
    #[case(json!({"location": {"degreesLatitude": 91}, "body": "here"}), "here")]
    fn words(#[case] value: Value, #[case] expected: &str) {
        assert_eq!(read(&value), Some(Content::text(expected)));
    }

    #[rstest]
    #[case(json!({"order": {}}), Some("order"))]
    #[case(json!({"list": {"x": 1}}), Some("list"))]
    #[case(json!({"location": {"degreesLatitude": 91, "degreesLongitude": 0}}), Some("location"))]
    #[case(json!({"image": {}, "view_once": true}), None)]
    #[case(json!({"image": "", "sticker": null, "forwarded": true}), None)]
    #[case(json!({}), None)]
    fn the_rest(#[case] value: Value, #[case] kind: Option<&str>) {
        match (read(&value), kind) {
            (Some(Content::Unsupported { kind, .. }), Some(expected)) => assert_eq!(kind, expected),
            (None, None) => {}
            (other, _) => panic!("{other:?}"),
        }
    }
}
