//! What is posted to a gateway to send a message.

use balas_domain::{
    Address, SendAs,
    content::Card,
    media::{canonical, ending},
    view::ProviderKind,
};
use reqwest::multipart::Form;
use serde_json::{Map, Value, json};

use super::address::to_jid;
use crate::{
    body::{Body, OutgoingFile},
    provider::Outgoing,
};

/// A message as the gateway takes it.
#[derive(Debug)]
pub struct Order<'a> {
    /// Below the base address.
    pub path: Vec<&'a str>,
    /// What it says.
    pub fields: Map<String, Value>,
    /// The file that goes along. Then the fields are a form's, else JSON.
    pub file: Option<Attached<'a>>,
}

/// A file that goes along.
#[derive(Debug)]
pub struct Attached<'a> {
    /// The form's field.
    pub field: &'static str,
    /// What lies on the disk.
    pub file: &'a OutgoingFile,
    /// What it is called.
    pub name: String,
    /// Its type in the gateway's spelling.
    pub mime: String,
}

impl<'a> Order<'a> {
    /// # Errors
    /// Why the message cannot be sent, and what to do, for people.
    pub fn of(message: &'a Outgoing, provider: ProviderKind) -> Result<Self, String> {
        let mut fields = Map::new();
        fields.insert("phone".into(), json!(to_jid(&message.to)?));
        message.body.check(provider).map_err(|refused| refused.to_string())?;
        let mut attached = None;
        let path = match &message.body {
            Body::Text { text } => {
                fields.insert("message".into(), json!(text));
                if !message.mentions.is_empty() {
                    let mentions: Vec<String> = message.mentions.iter().filter_map(mentioned).collect();
                    fields.insert("mentions".into(), json!(mentions));
                }
                vec!["send", "message"]
            }
            Body::Reaction { target, emoji } => {
                fields.insert("emoji".into(), json!(emoji));
                return Ok(Self { path: vec!["message", target.as_str(), "reaction"], fields, file: None });
            }
            Body::Media(file) => {
                let field = file_field(file, &mut fields);
                let name = file_name(file, message);
                attached = Some(Attached { field, file, name, mime: declared(file, provider) });
                vec!["send", field]
            }
            Body::Location { latitude, longitude, .. } => {
                // As texts, without exponents: gateways check their form.
                fields.insert("latitude".into(), json!(latitude.to_string()));
                fields.insert("longitude".into(), json!(longitude.to_string()));
                vec!["send", "location"]
            }
            Body::Contacts { cards } => {
                let (name, number) = cards.first().map(card).unwrap_or_default();
                fields.insert("contact_name".into(), json!(name));
                fields.insert("contact_phone".into(), json!(number));
                vec!["send", "contact"]
            }
            Body::Poll(poll) => {
                let options: Vec<&str> = poll.options.iter().map(|option| option.trim()).collect();
                fields.insert("question".into(), json!(poll.question.trim()));
                fields.insert("options".into(), json!(options));
                fields.insert("max_answer".into(), json!(poll.max_answer));
                vec!["send", "poll"]
            }
        };
        // Who does not know it there leaves it out.
        if let Some(quoted) = &message.reply_to {
            fields.insert("reply_message_id".into(), json!(quoted));
        }
        Ok(Self { path, fields, file: attached })
    }

    /// The fields as those of a form, which knows only texts.
    pub fn form(&self) -> Form {
        self.fields.iter().fold(Form::new(), |form, (key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            form.text(key.clone(), text)
        })
    }
}

/// The field of a file, called like the call, and what else belongs to it.
fn file_field(file: &OutgoingFile, fields: &mut Map<String, Value>) -> &'static str {
    if let Some(words) = file.words() {
        fields.insert("caption".into(), json!(words));
    }
    match file.send_as() {
        SendAs::Image => {
            // Otherwise it is made 600 pixels wide.
            fields.insert("compress".into(), json!(false));
            "image"
        }
        SendAs::Video => {
            fields.insert("compress".into(), json!(false));
            "video"
        }
        SendAs::Audio => "audio",
        SendAs::Voice => {
            fields.insert("ptt".into(), json!(true));
            "audio"
        }
        SendAs::Document => "file",
        SendAs::Sticker => "sticker",
    }
}

/// Recipients see a document's name. Other files some versions keep under theirs while they work on them, so those are
/// called by what nobody else is.
fn file_name(file: &OutgoingFile, message: &Outgoing) -> String {
    match file.send_as() {
        SendAs::Document => file.shown_name(),
        _ => format!("{}.{}", message.id, ending(&file.mime).unwrap_or("bin")),
    }
}

/// Gateways compare types with a list of exact texts, in which some have but a nickname. The bridge's library hands on what
/// it is told, and phones play voice messages only if that names the codec.
fn declared(file: &OutgoingFile, provider: ProviderKind) -> String {
    let mime = canonical(&file.mime);
    let nickname = match (provider, mime.as_str()) {
        (ProviderKind::Bridge, _) if file.send_as() == SendAs::Voice => "audio/ogg; codecs=opus",
        (ProviderKind::Gateway, "audio/mp4") => "audio/m4a",
        (ProviderKind::Gateway, "video/x-msvideo") => "video/avi",
        _ => return mime,
    };
    nickname.to_owned()
}

/// A card's name and number, in digits alone.
fn card(card: &Card) -> (String, String) {
    let name = balas_domain::text::clean_name(&card.name).unwrap_or_default();
    let number = card.phones.first().and_then(|phone| Address::phone(phone).ok()?.identity());
    (name, number.map(|identity| identity.value).unwrap_or_default())
}

/// A person as the gateway takes mentions: a bare number, or the whole linked id.
fn mentioned(who: &Address) -> Option<String> {
    match who {
        Address::Phone(digits) => Some(digits.clone()),
        Address::Lid(id) => Some(format!("{id}@lid")),
        Address::User(_) | Address::Group(_) => None,
    }
}
