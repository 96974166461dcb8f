//! Bodies of `POST /{version}/{phone number id}/messages`.

use balas_domain::{
    Address, SendAs,
    content::Card,
    format::{Node, parse},
    view::ProviderKind,
};
use serde_json::{Map, Value, json};

use super::callback;
use crate::{
    body::{Body, OutgoingFile},
    provider::Outgoing,
};

/// The body that sends the message. `media` is Meta's id of its file, if it has one.
///
/// # Errors
/// Why the message cannot be sent, and what to do, for people.
pub fn send(message: &Outgoing, media: &str) -> Result<Value, String> {
    let mut body = Map::new();
    body.insert("messaging_product".into(), json!("whatsapp"));
    let (key, to, recipient_type) = match &message.to {
        Address::Phone(digits) => ("to", digits, "individual"),
        Address::User(id) => ("recipient", id, "individual"),
        Address::Group(id) => ("to", id, "group"),
        Address::Lid(_) => {
            return Err(
                "The Cloud API cannot write to this customer: only the hidden id of a linked device \
             is known. \
                        Wait until the customer writes to this number."
                    .to_owned(),
            );
        }
    };
    body.insert("recipient_type".into(), json!(recipient_type));
    body.insert(key.into(), json!(to));
    message.body.check(ProviderKind::Cloud).map_err(|refused| refused.to_string())?;
    let (kind, said) = content(&message.body, media);
    body.insert("type".into(), json!(kind));
    body.insert(kind.into(), said);
    if let Some(quoted) = &message.reply_to {
        body.insert("context".into(), json!({"message_id": quoted}));
    }
    body.insert("biz_opaque_callback_data".into(), json!(callback::write(message.id)));
    Ok(Value::Object(body))
}

/// The message's type and what stands under it.
fn content(body: &Body, media: &str) -> (&'static str, Value) {
    match body {
        Body::Text { text } => ("text", json!({"body": text, "preview_url": has_link(&parse(text))})),
        Body::Reaction { target, emoji } => ("reaction", json!({"message_id": target, "emoji": emoji})),
        Body::Media(file) => file_content(file, media),
        Body::Location { latitude, longitude, name, address } => {
            let words = [("name", name), ("address", address)];
            let words = words.into_iter().filter_map(|(key, words)| Some((key, words.as_deref()?)));
            ("location", with_words(json!({"latitude": latitude, "longitude": longitude}), words))
        }
        Body::Contacts { cards } => ("contacts", cards.iter().map(card).collect()),
        // Refused before: it can still be read.
        Body::Poll(_) => ("text", json!({"body": crate::readable(body), "preview_url": false})),
    }
}

fn file_content(file: &OutgoingFile, media: &str) -> (&'static str, Value) {
    let caption = || file.words().map(|words| ("caption", words));
    let node = json!({"id": media});
    match file.send_as() {
        SendAs::Image => ("image", with_words(node, caption())),
        SendAs::Video => ("video", with_words(node, caption())),
        SendAs::Audio => ("audio", node),
        SendAs::Voice => ("audio", json!({"id": media, "voice": true})),
        SendAs::Document => {
            let name = file.shown_name();
            ("document", with_words(node, [("filename", name.as_str())].into_iter().chain(caption())))
        }
        SendAs::Sticker => ("sticker", node),
    }
}

/// The node with these words in it, less those that are blank.
fn with_words<'a>(mut node: Value, words: impl IntoIterator<Item = (&'static str, &'a str)>) -> Value {
    if let Some(map) = node.as_object_mut() {
        let said = words.into_iter().filter(|(_, words)| !words.trim().is_empty());
        map.extend(said.map(|(key, words)| (key.to_owned(), json!(words))));
    }
    node
}

/// Meta wants a part of the name besides the whole.
fn card(card: &Card) -> Value {
    let name = card.name.trim();
    let mut names = json!({"formatted_name": name, "first_name": name});
    if let (Some((first, last)), Some(map)) = (name.split_once(' '), names.as_object_mut()) {
        map.insert("first_name".into(), json!(first));
        map.insert("last_name".into(), json!(last.trim()));
    }
    let phones: Vec<Value> = card.phones.iter().map(|phone| number(phone)).collect();
    json!({"name": names, "phones": phones})
}

/// A number, with the id by which the card's reader can write to it: a number with its country code is one.
fn number(phone: &str) -> Value {
    let mut number = json!({"phone": phone});
    let id = Address::phone(phone).ok().and_then(|address| address.identity()).map(|identity| identity.value);
    let national = phone.trim().starts_with('0') && !phone.trim().starts_with("00");
    if let (Some(id), false, Some(map)) = (id, national, number.as_object_mut()) {
        map.insert("wa_id".into(), json!(id));
    }
    number
}

/// The body that marks this message and all before it as read, and may show that somebody is typing.
pub fn read(provider_id: &str, typing: bool) -> Value {
    let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": provider_id});
    if let (true, Some(map)) = (typing, body.as_object_mut()) {
        map.insert("typing_indicator".into(), json!({"type": "text"}));
    }
    body
}

/// Whether there is a web address in it that WhatsApp can preview: one with `http://` or `https://`.
fn has_link(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Link { text, .. } => text.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("http")),
        Node::Bold(inner) | Node::Italic(inner) | Node::Strike(inner) | Node::Quote(inner) => has_link(inner),
        Node::Text(_) | Node::Code(_) | Node::Block(_) | Node::Break => false,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use balas_domain::{
        MessageId,
        content::{MAX_TEXT, MediaKind, Poll},
    };
    use rstest::rstest;

    use super::*;

    const ID: &str = "0198c5a0-0000-7000-8000-000000000001";

    fn sent(message: &Outgoing) -> Result<Value, String> {
        send(message, "")
    }

    fn text(to: Address, text: &str) -> Outgoing {
        let id: MessageId = ID.parse().unwrap();
        Outgoing { id, to, body: Body::Text { text: text.into() }, reply_to: None, mentions: Vec::new() }
    }

    fn phone() -> Address {
        Address::Phone("16505551234".into())
    }

    /// Meta's own example with its placeholders filled in, and what we add to it.
    fn vendor(raw: &str, fill: &[(&str, &str)]) -> Value {
        let filled = fill.iter().fold(raw.to_owned(), |text, (from, to)| text.replace(from, to));
        let mut body: Value = serde_json::from_str(&filled).unwrap();
        let map = body.as_object_mut().unwrap();
        map.insert("biz_opaque_callback_data".into(), json!(format!("msg:{ID}")));
        // Left out in some examples; the documentation gives them as what is assumed.
        map.entry("recipient_type").or_insert(json!("individual"));
        map.entry("type").or_insert(json!("text"));
        body
    }

    #[test]
    fn bodies_are_metas_examples() {
        let to = ("{{Recipient-Phone-Number}}", "16505551234");
        let plain = include_str!("../../tests/fixtures/requests/send-text-message.json");
        assert_eq!(sent(&text(phone(), "text-message-content")).unwrap(), vendor(plain, &[to]));

        let link = include_str!("../../tests/fixtures/requests/send-text-message-with-preview-url.json");
        let words = "Please visit https://youtu.be/hpltvTEiRrY.";
        assert_eq!(sent(&text(phone(), words)).unwrap(), vendor(link, &[to]));

        let reply = include_str!("../../tests/fixtures/requests/send-reply-to-text-message.json");
        let message = Outgoing { reply_to: Some("wamid.A".into()), ..text(phone(), "hi") };
        let fill = [to, ("<MSGID_OF_PREV_MSG>", "wamid.A"), ("<TEXT_MSG_CONTENT>", "hi")];
        assert_eq!(sent(&message).unwrap(), vendor(reply, &fill));

        let reaction = include_str!("../../tests/fixtures/requests/send-reply-with-reaction-message.json");
        let body = Body::Reaction { target: "wamid.HBgLM...".into(), emoji: "😀".into() };
        assert_eq!(sent(&Outgoing { body, ..text(phone(), "") }).unwrap(), vendor(reaction, &[to]));

        let typing =
            include_str!("../../tests/fixtures/requests/send-typing-indicator-and-read-receipt.json");
        let example: Value = serde_json::from_str(typing).unwrap();
        assert_eq!(read(example["message_id"].as_str().unwrap(), true), example);
        assert_eq!(
            read("wamid.A", false),
            json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"})
        );
    }

    fn file(kind: MediaKind, mime: &str, caption: Option<&str>) -> Body {
        Body::Media(OutgoingFile {
            kind,
            voice: false,
            caption: caption.map(str::to_owned),
            file_name: "<DOCUMENT_FILENAME>.pdf".into(),
            mime: mime.into(),
            size: 1,
            path: PathBuf::new(),
        })
    }

    #[rstest]
    #[case("image", MediaKind::Image, "image/png", None, "<IMAGE_OBJECT_ID>")]
    #[case("audio", MediaKind::Audio, "audio/mpeg", None, "<AUDIO_OBJECT_ID>")]
    #[case("video", MediaKind::Video, "video/mp4", Some("<VIDEO_CAPTION_TEXT>"), "<VIDEO_OBJECT_ID>")]
    #[case(
        "document",
        MediaKind::Document,
        "application/pdf",
        Some("<DOCUMENT_CAPTION_TO_SEND>"),
        "<DOCUMENT_OBJECT_ID>"
    )]
    #[case("sticker", MediaKind::Sticker, "image/webp", None, "<MEDIA_OBJECT_ID>")]
    fn files_are_metas_examples(
        #[case] name: &str,
        #[case] kind: MediaKind,
        #[case] mime: &str,
        #[case] caption: Option<&str>,
        #[case] media: &str,
        #[values(false, true)] reply: bool,
    ) {
        let name = if reply { format!("reply-to-{name}") } else { name.to_owned() };
        let path = format!("tests/fixtures/requests/send-{name}-message-by-id.json");
        let raw = std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let fill = [
            ("{{Recipient-Phone-Number}}", "16505551234"),
            ("<MSGID_OF_PREV_MSG>", "wamid.A"),
            ("<MSGID_OF_MSG_YOU_ARE_REPLYING_TO>", "wamid.A"),
            ("<DOCUMENT_FILENAME>", "<DOCUMENT_FILENAME>.pdf"),
        ];
        let reply_to = reply.then(|| "wamid.A".to_owned());
        let message = Outgoing { body: file(kind, mime, caption), reply_to, ..text(phone(), "") };
        assert_eq!(send(&message, media).unwrap(), vendor(&raw, &fill));
    }

    #[test]
    fn places_are_metas_examples() {
        let place = Body::Location {
            latitude: 37.758_056,
            longitude: -122.425_332,
            name: Some("META HQ".into()),
            address: Some("1 Hacker Way, Menlo Park, CA 94025".into()),
        };
        let message = Outgoing { body: place, ..text(phone(), "") };
        let raw = include_str!("../../tests/fixtures/requests/send-location-message.json");
        let to = ("{{Recipient-Phone-Number}}", "16505551234");
        assert_eq!(sent(&message).unwrap(), vendor(raw, &[to]));

        let raw = include_str!("../../tests/fixtures/requests/send-reply-to-location-message.json");
        let message = Outgoing { reply_to: Some("wamid.A".into()), ..message };
        assert_eq!(sent(&message).unwrap(), vendor(raw, &[to, ("<MSGID_OF_PREV_MSG>", "wamid.A")]));

        let bare = Body::Location { latitude: 1.0, longitude: 2.0, name: None, address: Some(" ".into()) };
        let bare = sent(&Outgoing { body: bare, ..text(phone(), "") }).unwrap();
        assert_eq!(bare["location"], json!({"latitude": 1.0, "longitude": 2.0}));
    }

    /// Meta's example holds much that our cards do not.
    #[test]
    fn cards_are_metas_example_in_part() {
        let raw = include_str!("../../tests/fixtures/requests/send-contact-message.json");
        let mut example: Value = serde_json::from_str(raw).unwrap();
        let example = &mut example["contacts"][0];
        let card = Card { name: "John Smith".into(), phones: vec!["+1 (650) 555-1234".into()] };
        let body = Body::Contacts { cards: vec![card] };
        let ours = sent(&Outgoing { body, ..text(phone(), "") }).unwrap();
        let ours = &ours["contacts"][0];
        for (key, name) in ours["name"].as_object().unwrap() {
            assert_eq!(&example["name"][key], name, "{key}");
        }
        let theirs = &mut example["phones"][1];
        theirs.as_object_mut().unwrap().remove("type");
        assert_eq!(&ours["phones"][0], theirs);
    }

    #[test]
    fn numbers_without_country_code_are_no_ids() {
        assert_eq!(number("0812 3456"), json!({"phone": "0812 3456"}));
        assert_eq!(number("0062 812")["wa_id"], json!("62812"));
    }

    #[test]
    fn voice_messages_say_so() {
        let Body::Media(sound) = file(MediaKind::Audio, "audio/ogg; codecs=opus", None) else { panic!() };
        let body = Body::Media(OutgoingFile { voice: true, ..sound });
        let voice = send(&Outgoing { body, ..text(phone(), "") }, "77").unwrap();
        assert_eq!(voice["audio"], json!({"id": "77", "voice": true}));
    }

    #[test]
    fn what_meta_lacks_is_refused() {
        let options = vec!["a".into(), "b".into()];
        let poll = Body::Poll(Poll { question: "Q".into(), options, max_answer: 1 });
        assert!(sent(&Outgoing { body: poll, ..text(phone(), "") }).unwrap_err().contains("no polls"));
    }

    #[test]
    fn every_address_has_its_place() {
        let user = sent(&text(Address::User("US.1349".into()), "x")).unwrap();
        assert_eq!(
            (user.get("to"), &user["recipient"], &user["recipient_type"]),
            (None, &json!("US.1349"), &json!("individual"))
        );
        let group = sent(&text(Address::Group("Y2Fwa".into()), "x")).unwrap();
        assert_eq!((&group["to"], &group["recipient_type"]), (&json!("Y2Fwa"), &json!("group")));
        assert!(sent(&text(Address::Lid("2515".into()), "x")).is_err());
    }

    #[test]
    fn texts_have_bounds() {
        assert!(sent(&text(phone(), &"é".repeat(MAX_TEXT))).is_ok());
        assert!(sent(&text(phone(), &"é".repeat(MAX_TEXT + 1))).unwrap_err().contains("4096"));
        assert!(sent(&text(phone(), " \n")).is_err());
    }

    #[test]
    fn previews_only_for_real_links() {
        let preview =
            |words: &str| sent(&text(phone(), words)).unwrap()["text"]["preview_url"] == json!(true);
        for yes in ["HTTPS://x.io", "*see http://x.io/a*", "> https://x.io"] {
            assert!(preview(yes), "{yes}");
        }
        for no in ["https://", "www.x.io", "`https://x.io`", "x.io"] {
            assert!(!preview(no), "{no}");
        }
    }
}
