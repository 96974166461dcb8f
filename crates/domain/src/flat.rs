//! How enums with their kind beside their fields are read: all fields of all kinds in one structure, which then becomes the
//! kind. What serde derives for them keeps everything in between and reads it twice; that would be a tenth of the page's
//! program, and slower.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    content::{Card, Content, Media, MediaKind, Poll},
    form::Problem,
    group::GroupNews,
    id::{ContactId, MemberId},
    socket::Typist,
    time::Timestamp,
    view::Author,
    work::Activity,
};

/// Why it is no such value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// A field that its kind has.
    #[error("missing field `{0}`")]
    Missing(&'static str),
    /// No kind of this name.
    #[error("unknown kind")]
    Unknown,
}

type Read<T> = Result<T, Unread>;

fn need<T>(field: Option<T>, name: &'static str) -> Read<T> {
    field.ok_or(Unread::Missing(name))
}

/// All that contents have.
#[derive(Deserialize)]
pub(crate) struct FlatContent {
    r#type: String,
    text: Option<String>,
    kind: Option<String>,
    reference: Option<String>,
    caption: Option<String>,
    mime: Option<String>,
    file_name: Option<String>,
    sha256: Option<String>,
    #[serde(default)]
    voice: bool,
    latitude: Option<f64>,
    longitude: Option<f64>,
    name: Option<String>,
    address: Option<String>,
    cards: Option<Vec<Card>>,
    question: Option<String>,
    options: Option<Vec<String>>,
    max_answer: Option<u32>,
    title: Option<String>,
    payload: Option<String>,
    activity: Option<Activity>,
    #[serde(default)]
    raw: Value,
}

impl TryFrom<FlatContent> for Content {
    type Error = Unread;

    fn try_from(flat: FlatContent) -> Read<Self> {
        Ok(match flat.r#type.as_str() {
            "text" => Self::Text { text: need(flat.text, "text")? },
            "media" => Self::Media(Media {
                kind: media_kind(&need(flat.kind, "kind")?)?,
                reference: flat.reference,
                caption: flat.caption,
                mime: flat.mime,
                file_name: flat.file_name,
                sha256: flat.sha256,
                voice: flat.voice,
            }),
            "location" => Self::Location {
                latitude: need(flat.latitude, "latitude")?,
                longitude: need(flat.longitude, "longitude")?,
                name: flat.name,
                address: flat.address,
            },
            "contacts" => Self::Contacts { cards: need(flat.cards, "cards")? },
            "poll" => Self::Poll(Poll {
                question: need(flat.question, "question")?,
                options: need(flat.options, "options")?,
                max_answer: need(flat.max_answer, "max_answer")?,
            }),
            "choice" => Self::Choice { title: need(flat.title, "title")?, payload: flat.payload },
            "system" => Self::System { kind: need(flat.kind, "kind")?, text: need(flat.text, "text")? },
            "note" => Self::Note { text: need(flat.text, "text")? },
            "activity" => Self::Activity { activity: need(flat.activity, "activity")? },
            "unsupported" => Self::Unsupported { kind: need(flat.kind, "kind")?, raw: flat.raw },
            // Of a later version: shown as what this one cannot show.
            _ => Self::Unsupported { kind: flat.r#type, raw: Value::Null },
        })
    }
}

fn media_kind(word: &str) -> Read<MediaKind> {
    Ok(match word {
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        "document" => MediaKind::Document,
        "sticker" => MediaKind::Sticker,
        _ => return Err(Unread::Unknown),
    })
}

/// All that authors and those who type have.
#[derive(Deserialize)]
pub(crate) struct FlatPerson {
    r#type: String,
    id: Option<Uuid>,
    name: Option<String>,
}

impl TryFrom<FlatPerson> for Author {
    type Error = Unread;

    fn try_from(flat: FlatPerson) -> Read<Self> {
        let name = need(flat.name, "name");
        Ok(match flat.r#type.as_str() {
            "contact" => Self::Contact { id: flat.id.map(ContactId), name: name? },
            "member" => Self::Member { id: MemberId(need(flat.id, "id")?), name: name? },
            "phone_app" => Self::PhoneApp,
            "api" => Self::Api { name: name? },
            _ => return Err(Unread::Unknown),
        })
    }
}

impl TryFrom<FlatPerson> for Typist {
    type Error = Unread;

    fn try_from(flat: FlatPerson) -> Read<Self> {
        Ok(match flat.r#type.as_str() {
            "contact" => Self::Contact,
            "member" => Self::Member { id: MemberId(need(flat.id, "id")?), name: need(flat.name, "name")? },
            _ => return Err(Unread::Unknown),
        })
    }
}

/// All that activities have.
#[derive(Deserialize)]
pub(crate) struct FlatActivity {
    what: String,
    to: Option<String>,
    member: Option<MemberId>,
    until: Option<Timestamp>,
    news: Option<GroupNews>,
}

impl TryFrom<FlatActivity> for Activity {
    type Error = Unread;

    fn try_from(flat: FlatActivity) -> Read<Self> {
        Ok(match flat.what.as_str() {
            "assigned" => Self::Assigned { to: flat.to, member: flat.member },
            "resolved" => Self::Resolved,
            "reopened" => Self::Reopened,
            "snoozed" => Self::Snoozed { until: need(flat.until, "until")? },
            "group" => Self::Group { news: need(flat.news, "news")? },
            _ => return Err(Unread::Unknown),
        })
    }
}

/// A problem and what belongs to it.
#[derive(Deserialize)]
pub(crate) struct FlatProblem {
    problem: String,
    #[serde(default)]
    detail: Value,
}

impl TryFrom<FlatProblem> for Problem {
    type Error = Unread;

    fn try_from(FlatProblem { problem, detail }: FlatProblem) -> Read<Self> {
        let number = |value: &Value| need(value.as_u64(), "detail");
        let bound = |name| number(&detail[name]).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let length = || number(&detail).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        Ok(match problem.as_str() {
            "required" => Self::Required,
            "not_digits" => Self::NotDigits,
            "too_short" => Self::TooShort(length()?),
            "too_long" => Self::TooLong(length()?),
            "not_email" => Self::NotEmail,
            "not_app_secret" => Self::NotAppSecret,
            "taken" => Self::Taken,
            "not_phone" => Self::NotPhone,
            "not_url" => Self::NotUrl,
            "default_secret" => Self::DefaultSecret,
            "user_unusable" => Self::UserUnusable,
            "not_device_id" => Self::NotDeviceId,
            "not_between" => Self::NotBetween { least: bound("least")?, most: bound("most")? },
            "has_spaces" => Self::HasSpaces,
            "not_emoji" => Self::NotEmoji,
            "no_storage" => Self::NoStorage,
            "provider" => Self::Provider(need(detail.as_str(), "detail")?.to_owned()),
            _ => return Err(Unread::Unknown),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::{Serialize, de::DeserializeOwned};
    use serde_json::json;

    use super::*;
    use crate::group::GroupEvent;

    /// Everything is read as it was written.
    fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(values: impl IntoIterator<Item = T>) {
        for value in values {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let media = |kind| {
            let caption = Some("x".to_owned());
            Content::Media(Media { kind, caption, voice: kind == MediaKind::Audio, ..Media::default() })
        };
        let (id, name, text) = (Uuid::from_u128(7), "Ana".to_owned(), "hi".to_owned());
        let activities = [
            Activity::Assigned { to: Some(name.clone()), member: Some(MemberId(id)) },
            Activity::Assigned { to: None, member: None },
            Activity::Resolved,
            Activity::Reopened,
            Activity::Snoozed { until: Timestamp(5) },
            Activity::Group {
                news: GroupNews {
                    event: GroupEvent::Joined,
                    who: vec![name.clone()],
                    more: 1,
                    us: false,
                    name: None,
                },
            },
        ];
        let card = Card { name: name.clone(), phones: vec!["+1".to_owned()] };
        let poll = Poll { question: text.clone(), options: vec!["a".to_owned()], max_answer: 1 };
        same(
            [
                Content::text("hi"),
                Content::Location {
                    latitude: -6.2,
                    longitude: 1e-7,
                    name: Some(name.clone()),
                    address: None,
                },
                Content::Contacts { cards: vec![card] },
                Content::Poll(poll),
                Content::Choice { title: text.clone(), payload: None },
                Content::System { kind: name.clone(), text: text.clone() },
                Content::Note { text: text.clone() },
                Content::Unsupported { kind: name.clone(), raw: json!({"a": [1]}) },
            ]
            .into_iter()
            .chain(activities.clone().map(|activity| Content::Activity { activity }))
            .chain(
                [
                    MediaKind::Image,
                    MediaKind::Video,
                    MediaKind::Audio,
                    MediaKind::Document,
                    MediaKind::Sticker,
                ]
                .map(media),
            ),
        );
        same(activities);
        same([
            Author::Contact { id: None, name: name.clone() },
            Author::Contact { id: Some(ContactId(id)), name: name.clone() },
            Author::Member { id: MemberId(id), name: name.clone() },
            Author::PhoneApp,
            Author::Api { name: name.clone() },
        ]);
        same([Typist::Contact, Typist::Member { id: MemberId(id), name: name.clone() }]);
        same([
            Problem::Required,
            Problem::NotDigits,
            Problem::TooShort(3),
            Problem::TooLong(4_096),
            Problem::NotEmail,
            Problem::NotAppSecret,
            Problem::Taken,
            Problem::NotPhone,
            Problem::NotUrl,
            Problem::DefaultSecret,
            Problem::UserUnusable,
            Problem::NotDeviceId,
            Problem::NotBetween { least: 1, most: 9 },
            Problem::HasSpaces,
            Problem::NotEmoji,
            Problem::NoStorage,
            Problem::Provider(text),
        ]);
    }

    #[test]
    fn what_is_missing_is_named_and_what_is_later_is_kept() {
        let read = |json: Value| serde_json::from_value::<Content>(json).map_err(|e| e.to_string());
        assert_eq!(read(json!({"type": "text"})).unwrap_err(), "missing field `text`");
        let later = read(json!({"type": "hologram", "beam": 3})).unwrap();
        assert_eq!(later, Content::Unsupported { kind: "hologram".to_owned(), raw: Value::Null });
        assert!(serde_json::from_value::<Author>(json!({"type": "robot"})).is_err());
    }
}
