//! Reads what comes over the socket.
//!
//! The same frames as [`ServerFrame`], read by hand: serde reads tagged and flattened types through a buffer
//! of its own, which would bring every reader of every view a second time into the browser's program.

use balas_domain::{
    AccountId, ConversationId, Event, LabelId, Payload, Seq, Timestamp,
    counts::Counts,
    socket::{Presence, ServerFrame, Typist, Viewer},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct RawFrame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default)]
    seq: Seq,
    #[serde(borrow, default)]
    events: Vec<RawEvent<'a>>,
    conversation_id: Option<ConversationId>,
    who: Option<Typist>,
    #[serde(default)]
    presence: Presence,
    counts: Option<Counts>,
    #[serde(default)]
    viewers: Vec<Viewer>,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    seq: Seq,
    at: Timestamp,
    kind: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Named<T> {
    id: T,
}

#[derive(Deserialize)]
struct Moved {
    from: ConversationId,
    into: ConversationId,
}

fn data<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_slice(raw.get().as_bytes()).ok()
}

impl RawEvent<'_> {
    fn read(&self) -> Option<Event> {
        let payload = match self.kind {
            "conversation" => Payload::Conversation(Box::new(data(self.data)?)),
            "message" => Payload::Message(Box::new(data(self.data)?)),
            "account" => Payload::Account(Box::new(data(self.data)?)),
            "account_removed" => Payload::AccountRemoved { id: data::<Named<AccountId>>(self.data)?.id },
            "member" => Payload::Member(Box::new(data(self.data)?)),
            "alert" => Payload::Alert(Box::new(data(self.data)?)),
            "label" => Payload::Label(Box::new(data(self.data)?)),
            "label_removed" => Payload::LabelRemoved { id: data::<Named<LabelId>>(self.data)?.id },
            "conversation_merged" => {
                let Moved { from, into } = data(self.data)?;
                Payload::ConversationMerged { from, into }
            }
            "conversation_split" => {
                let Moved { from, into } = data(self.data)?;
                Payload::ConversationSplit { from, into }
            }
            "conversation_removed" => {
                Payload::ConversationRemoved { id: data::<Named<ConversationId>>(self.data)?.id }
            }
            "conversation_cleared" => {
                Payload::ConversationCleared { id: data::<Named<ConversationId>>(self.data)?.id }
            }
            "people" => Payload::People(data(self.data)?),
            "workspace" => Payload::Workspace(data(self.data)?),
            "history" => Payload::History { id: data::<Named<ConversationId>>(self.data)?.id },
            _ => return None,
        };
        Some(Event { seq: self.seq, at: self.at, payload })
    }
}

/// A frame; `None` for one that a newer server sends and we do not know.
pub(crate) fn read(text: &str) -> Option<ServerFrame> {
    let frame: RawFrame<'_> = serde_json::from_slice(text.as_bytes()).ok()?;
    Some(match frame.kind {
        "welcome" => ServerFrame::Welcome { seq: frame.seq },
        // An event that we do not know is skipped; the ones around it count.
        "events" => ServerFrame::Events { events: frame.events.iter().filter_map(RawEvent::read).collect() },
        "resync" => ServerFrame::Resync,
        "typing" => {
            let (conversation_id, who) = (frame.conversation_id?, frame.who?);
            ServerFrame::Typing { conversation_id, who, presence: frame.presence }
        }
        "counts" => ServerFrame::Counts { counts: frame.counts? },
        "viewers" => ServerFrame::Viewers { viewers: frame.viewers },
        "pong" => ServerFrame::Pong,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use balas_domain::{
        MemberId, Role,
        counts::{Tally, Whose},
        view::{MemberView, WorkspaceView},
    };

    use super::*;
    use crate::state::model::tests::message;

    fn id<T: From<uuid::Uuid>>(n: u128) -> T {
        uuid::Uuid::from_u128(n).into()
    }

    #[test]
    fn every_frame_reads_as_the_domain_writes_it() {
        let event = |seq, payload| Event { seq: Seq(seq), at: Timestamp(7), payload };
        let member = MemberView {
            id: MemberId(id(1)),
            name: "Rina \"R\" ✓".into(),
            email: "rina@demo.test".into(),
            role: Role::Agent,
            active: true,
            version: Seq(3),
        };
        let frames = [
            ServerFrame::Welcome { seq: Seq(5) },
            ServerFrame::Resync,
            ServerFrame::Pong,
            ServerFrame::Typing {
                conversation_id: ConversationId(id(2)),
                who: Typist::Contact,
                presence: Presence::Recording,
            },
            ServerFrame::Typing {
                conversation_id: ConversationId(id(2)),
                who: Typist::Member { id: MemberId(id(1)), name: "Rina".into() },
                presence: Presence::Paused,
            },
            ServerFrame::Counts {
                counts: Counts {
                    tallies: vec![Tally {
                        account: AccountId(id(9)),
                        whose: Whose::Mine,
                        groups: false,
                        open: 3,
                        unread: 2,
                        messages: 5,
                    }],
                    labels: vec![(LabelId(id(8)), 1)],
                },
            },
            ServerFrame::Viewers {
                viewers: vec![Viewer { conversation_id: ConversationId(id(2)), member_id: MemberId(id(1)) }],
            },
            ServerFrame::Events {
                events: vec![
                    event(1, Payload::Message(Box::new(message(1, 10, true)))),
                    event(2, Payload::Member(Box::new(member))),
                    event(3, Payload::AccountRemoved { id: AccountId(id(9)) }),
                    event(4, Payload::LabelRemoved { id: LabelId(id(8)) }),
                    event(
                        5,
                        Payload::ConversationMerged {
                            from: ConversationId(id(2)),
                            into: ConversationId(id(3)),
                        },
                    ),
                    event(
                        5,
                        Payload::ConversationSplit {
                            from: ConversationId(id(3)),
                            into: ConversationId(id(2)),
                        },
                    ),
                    event(5, Payload::ConversationRemoved { id: ConversationId(id(4)) }),
                    event(5, Payload::ConversationCleared { id: ConversationId(id(3)) }),
                    event(5, Payload::People(balas_domain::PeopleView { suggestions: 2, version: Seq(5) })),
                    event(5, Payload::Workspace(WorkspaceView { fall_back: true, version: Seq(5) })),
                    event(6, Payload::History { id: ConversationId(id(2)) }),
                ],
            },
        ];
        for frame in frames {
            let text = serde_json::to_string(&frame).unwrap();
            assert_eq!(read(&text), Some(frame), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_skipped() {
        assert_eq!(read("{\"type\":\"news\",\"x\":1}"), None);
        assert_eq!(read("nonsense"), None);
        let text = "{\"type\":\"events\",\"events\":[{\"seq\":1,\"at\":0,\"kind\":\"tag\",\"data\":{}}]}";
        assert_eq!(read(text), Some(ServerFrame::Events { events: vec![] }));
    }
}
