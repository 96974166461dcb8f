//! What goes over `/ws`, as JSON text frames.
//!
//! The browser says `hello` with the last `seq` it has. The server answers `welcome`, then `events` without a gap from
//! there, or `resync` when that is too long ago and the page must be fetched anew. A socket that cannot keep up is
//! closed with code 4008 and resumes by `seq`; nothing is silently dropped.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{
    counts::Counts,
    event::Event,
    id::{ConversationId, MemberId, Seq},
};

/// From the browser to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// First frame: continue after this position.
    Hello {
        /// The last position that was applied.
        since: Seq,
    },
    /// The member is typing an answer, or has stopped.
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// What.
        presence: Presence,
    },
    /// The member looks at a conversation, or at none.
    Viewing {
        /// Which one.
        conversation_id: Option<ConversationId>,
    },
    /// Is anyone there? Answered by `pong`.
    Ping,
}

/// From the server to the browser.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The stream begins.
    Welcome {
        /// The newest position of the log at this moment.
        seq: Seq,
    },
    /// What happened, in order, without a gap.
    Events {
        /// At least one.
        events: Vec<Event>,
    },
    /// The position in `hello` is too old: fetch a fresh snapshot and say hello again.
    Resync,
    /// Someone is typing: passing news, not in the log.
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// Who.
        who: Typist,
        /// What. Forget it after ten seconds without a repeat.
        presence: Presence,
    },
    /// How much there is to do, whenever that has changed (at most once a second): not in the log.
    Counts {
        /// As the member sees it.
        counts: Counts,
    },
    /// Colleagues who look at conversations, whenever that has changed: all of them, not in the log.
    Viewers {
        /// Who looks where; oneself left out.
        viewers: Vec<Viewer>,
    },
    /// Answer to `ping`.
    Pong,
}

/// All frames in one, for the same reason as with [`Event`].
#[derive(Deserialize)]
struct Flat {
    #[serde(rename = "type")]
    kind: String,
    seq: Option<Seq>,
    events: Option<Vec<Event>>,
    conversation_id: Option<ConversationId>,
    who: Option<Typist>,
    presence: Option<Presence>,
    counts: Option<Counts>,
    viewers: Option<Vec<Viewer>>,
}

impl<'de> Deserialize<'de> for ServerFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Flat { kind, seq, events, conversation_id, who, presence, counts, viewers } =
            Deserialize::deserialize(deserializer)?;
        let missing = D::Error::missing_field;
        Ok(match kind.as_str() {
            "welcome" => Self::Welcome { seq: seq.ok_or_else(|| missing("seq"))? },
            "events" => Self::Events { events: events.ok_or_else(|| missing("events"))? },
            "resync" => Self::Resync,
            "typing" => Self::Typing {
                conversation_id: conversation_id.ok_or_else(|| missing("conversation_id"))?,
                who: who.ok_or_else(|| missing("who"))?,
                presence: presence.ok_or_else(|| missing("presence"))?,
            },
            "counts" => Self::Counts { counts: counts.ok_or_else(|| missing("counts"))? },
            "viewers" => Self::Viewers { viewers: viewers.ok_or_else(|| missing("viewers"))? },
            "pong" => Self::Pong,
            other => return Err(D::Error::custom(format_args!("no frame is called “{other}”"))),
        })
    }
}

/// What somebody is doing in a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Nothing any more.
    #[default]
    Paused,
    /// Types.
    Typing,
    /// Records a voice message.
    Recording,
}

/// A colleague who looks at a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who.
    pub member_id: MemberId,
}

/// Who is typing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "crate::flat::FlatPerson")]
pub enum Typist {
    /// The customer.
    Contact,
    /// A colleague.
    Member {
        /// Who.
        id: MemberId,
        /// Shown name.
        name: String,
    },
}

/// Close code: the socket could not keep up, resume by `seq`.
pub const CLOSE_LAGGED: u16 = 4008;
/// Close code: the sign-in has ended.
pub const CLOSE_SIGNED_OUT: u16 = 4001;
