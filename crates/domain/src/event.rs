//! The log that everything follows. An event carries the new state of what changed, so that applying it twice or out
//! of order does no harm: whoever follows keeps the version with the highest `seq`.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor},
};

use crate::{
    alert::AlertView,
    id::{AccountId, ConversationId, LabelId, Seq},
    people::PeopleView,
    time::Timestamp,
    view::{AccountView, ConversationView, MemberView, MessageView, WorkspaceView},
    work::LabelView,
};

/// One entry of a workspace's log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Position: gapless within the workspace.
    pub seq: Seq,
    /// When it was written.
    pub at: Timestamp,
    /// What changed.
    #[serde(flatten)]
    pub payload: Payload,
}

/// What changed, in its new state. The `version` inside equals the event's `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum Payload {
    /// A conversation is new or changed.
    Conversation(Box<ConversationView>),
    /// Two conversations turned out to be one: what stood in `from` stands in `into`.
    ConversationMerged {
        /// Gone.
        from: ConversationId,
        /// Where it goes on.
        into: ConversationId,
    },
    /// That was a mistake: some of what stood in `from` stands in `into` (again).
    ConversationSplit {
        /// Has less now.
        from: ConversationId,
        /// Has the rest.
        into: ConversationId,
    },
    /// A message is new or changed (status, edit, reaction).
    Message(Box<MessageView>),
    /// An account is new or changed.
    Account(Box<AccountView>),
    /// An account and all that belonged to it is gone.
    AccountRemoved {
        /// Which one.
        id: AccountId,
    },
    /// A member is new or changed.
    Member(Box<MemberView>),
    /// An alert was raised, acknowledged or closed.
    Alert(Box<AlertView>),
    /// A label is new or changed.
    Label(Box<LabelView>),
    /// A label is gone, from all conversations too.
    LabelRemoved {
        /// Which one.
        id: LabelId,
    },
    /// Contacts became one or parted, or may be one.
    People(PeopleView),
    /// Something was set for the workspace.
    Workspace(WorkspaceView),
    /// A conversation is gone for good, with all that was said in it.
    ConversationRemoved {
        /// Which conversation.
        id: ConversationId,
    },
    /// All that was said in a conversation until here is gone for good.
    ConversationCleared {
        /// Which conversation.
        id: ConversationId,
    },
    /// Messages from before came into a conversation: its thread must be fetched anew.
    History {
        /// Which conversation.
        id: ConversationId,
    },
}

impl Payload {
    /// The word stored in the log's `kind` column.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Conversation(_) => "conversation",
            Self::ConversationMerged { .. } => "conversation_merged",
            Self::ConversationSplit { .. } => "conversation_split",
            Self::ConversationRemoved { .. } => "conversation_removed",
            Self::ConversationCleared { .. } => "conversation_cleared",
            Self::Message(_) => "message",
            Self::Account(_) => "account",
            Self::AccountRemoved { .. } => "account_removed",
            Self::Member(_) => "member",
            Self::Alert(_) => "alert",
            Self::Label(_) => "label",
            Self::LabelRemoved { .. } => "label_removed",
            Self::People(_) => "people",
            Self::Workspace(_) => "workspace",
            Self::History { .. } => "history",
        }
    }

    /// Stamps the position into what is carried, so that log and rows agree.
    pub fn stamp(&mut self, seq: Seq) {
        match self {
            Self::Conversation(v) => v.version = seq,
            Self::Message(v) => v.version = seq,
            Self::Account(v) => v.version = seq,
            Self::Member(v) => v.version = seq,
            Self::Alert(v) => v.version = seq,
            Self::Label(v) => v.version = seq,
            Self::People(v) => v.version = seq,
            Self::Workspace(v) => v.version = seq,
            Self::AccountRemoved { .. }
            | Self::LabelRemoved { .. }
            | Self::ConversationMerged { .. }
            | Self::ConversationSplit { .. }
            | Self::ConversationRemoved { .. }
            | Self::ConversationCleared { .. }
            | Self::History { .. } => {}
        }
    }
}

/// Read by hand: to read a flattened enum, serde keeps all of it in between, and the page's program gets a second reader
/// of everything that events carry.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Seq,
    At,
    Kind,
    Data,
    #[serde(other)]
    Other,
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let (mut seq, mut at, mut kind, mut payload) = (None, None, None::<String>, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Seq => seq = Some(map.next_value()?),
                Field::At => at = Some(map.next_value()?),
                Field::Kind => kind = Some(map.next_value()?),
                Field::Data => {
                    let kind =
                        kind.as_deref().ok_or_else(|| A::Error::custom("`kind` stands before `data`"))?;
                    payload = Some(map.next_value_seed(Data(kind))?);
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Event {
            seq: seq.ok_or_else(|| A::Error::missing_field("seq"))?,
            at: at.ok_or_else(|| A::Error::missing_field("at"))?,
            payload: payload.ok_or_else(|| A::Error::missing_field("data"))?,
        })
    }
}

/// What an event of this kind carries.
struct Data<'a>(&'a str);

#[derive(Deserialize)]
struct Only<T> {
    id: T,
}

#[derive(Deserialize)]
struct Both {
    from: ConversationId,
    into: ConversationId,
}

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = Payload;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Payload, D::Error> {
        Ok(match self.0 {
            "conversation" => Payload::Conversation(Deserialize::deserialize(d)?),
            "conversation_merged" => {
                let Both { from, into } = Deserialize::deserialize(d)?;
                Payload::ConversationMerged { from, into }
            }
            "conversation_split" => {
                let Both { from, into } = Deserialize::deserialize(d)?;
                Payload::ConversationSplit { from, into }
            }
            "conversation_removed" => {
                let Only { id } = Deserialize::deserialize(d)?;
                Payload::ConversationRemoved { id }
            }
            "conversation_cleared" => {
                let Only { id } = Deserialize::deserialize(d)?;
                Payload::ConversationCleared { id }
            }
            "message" => Payload::Message(Deserialize::deserialize(d)?),
            "account" => Payload::Account(Deserialize::deserialize(d)?),
            "account_removed" => {
                let Only { id } = Deserialize::deserialize(d)?;
                Payload::AccountRemoved { id }
            }
            "member" => Payload::Member(Deserialize::deserialize(d)?),
            "alert" => Payload::Alert(Deserialize::deserialize(d)?),
            "label" => Payload::Label(Deserialize::deserialize(d)?),
            "label_removed" => {
                let Only { id } = Deserialize::deserialize(d)?;
                Payload::LabelRemoved { id }
            }
            "people" => Payload::People(Deserialize::deserialize(d)?),
            "workspace" => Payload::Workspace(Deserialize::deserialize(d)?),
            "history" => {
                let Only { id } = Deserialize::deserialize(d)?;
                Payload::History { id }
            }
            other => return Err(D::Error::custom(format_args!("no event is called “{other}”"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    /// One of every kind that needs no view, which the other tests build.
    fn plain() -> impl Strategy<Value = Payload> {
        let id = any::<u128>().prop_map(Uuid::from_u128);
        (0..7_u8, id.clone(), id).prop_map(|(kind, a, b)| match kind {
            0 => Payload::ConversationMerged { from: ConversationId(a), into: ConversationId(b) },
            1 => Payload::ConversationSplit { from: ConversationId(a), into: ConversationId(b) },
            2 => Payload::AccountRemoved { id: AccountId(a) },
            3 => Payload::LabelRemoved { id: LabelId(a) },
            4 => Payload::ConversationCleared { id: ConversationId(a) },
            5 => Payload::ConversationRemoved { id: ConversationId(a) },
            _ => Payload::History { id: ConversationId(a) },
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seq in any::<i64>(), at in any::<i64>(), payload in plain()) {
            let event = Event { seq: Seq(seq), at: Timestamp(at), payload };
            let json = serde_json::to_string(&event).unwrap();
            prop_assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_said() {
        let read = |json: &str| serde_json::from_str::<Event>(json).map_err(|e| e.to_string());
        let id = Uuid::nil();
        let whole =
            format!(r#"{{"at":1,"later":[1],"kind":"history","seq":2,"data":{{"id":"{id}","more":1}}}}"#);
        assert!(read(&whole).is_ok(), "fields may be added");
        let no_kind = read(&format!(r#"{{"seq":1,"at":1,"data":{{"id":"{id}"}}}}"#)).unwrap_err();
        assert!(no_kind.contains("kind"), "{no_kind}");
        let unknown = read(r#"{"seq":1,"at":1,"kind":"party","data":{}}"#).unwrap_err();
        assert!(unknown.contains("party"), "{unknown}");
        assert!(read(r#"{"seq":1,"at":1,"kind":"history"}"#).unwrap_err().contains("data"));
    }
}
