//! The receiving half of the conformance suite: what happens at WhatsApp is told by each provider in its own words, and
//! must become the same in ours. Where a provider does not tell it, its rig says so, and what is read then is something
//! that is ignored with a reason, never something else.

#![expect(clippy::unwrap_used, reason = "a test may stop at once, and so may what it calls")]

use std::{fs, path::Path};

use balas_domain::{Address, Content, Identity, MessageStatus, Timestamp, content::MediaKind};
use balas_providers::{
    cloud, gateway,
    inbound::{Inbound, Message},
};
use rstest::rstest;
use serde_json::{Value, json};

/// After everything in the fixtures.
const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Text,
    Reply,
    Reaction,
    ReactionRemoved,
    Edit,
    Revoke,
    /// Written by ourselves, on the phone.
    Echo,
    Delivered,
    Read,
    /// Written in a group.
    Group,
    /// A picture with words under it.
    Picture,
    /// A recorded voice.
    Voice,
    /// A file with a name.
    Document,
    Location,
    Contact,
    /// Of a kind that we cannot show.
    Unsupported,
    /// Nothing that this program knows.
    Unknown,
}

const FACTS: [Fact; 17] = [
    Fact::Text,
    Fact::Reply,
    Fact::Reaction,
    Fact::ReactionRemoved,
    Fact::Edit,
    Fact::Revoke,
    Fact::Echo,
    Fact::Delivered,
    Fact::Read,
    Fact::Group,
    Fact::Picture,
    Fact::Voice,
    Fact::Document,
    Fact::Location,
    Fact::Contact,
    Fact::Unsupported,
    Fact::Unknown,
];

/// A provider.
struct Rig {
    /// The events of a delivery; an error if it is none.
    read: fn(&[u8]) -> Result<Vec<Inbound>, String>,
    /// How it tells of this.
    body: fn(Fact) -> Value,
    /// Whether it tells what a document is called.
    names_files: bool,
    /// What it has no words for, and why that is left out.
    silent: &'static [(Fact, &'static str)],
    /// The customer of all that.
    customer: &'static str,
}

fn json_at(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_slice(&fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

fn fixture(name: &str) -> Value {
    json_at(&format!("tests/fixtures/{name}.json"))
}

/// The same delivery with another value at a place.
fn but(mut body: Value, place: &str, value: Value) -> Value {
    *body.pointer_mut(place).unwrap() = value;
    body
}

const CLOUD: Rig = Rig {
    read: |body| {
        let batches = cloud::parse(body, NOW).map_err(|e| e.to_string())?;
        Ok(batches.into_iter().flat_map(|batch| batch.events).collect())
    },
    body: |fact| {
        let receipt = |status: &str| {
            let all = fixture("made/statuses");
            let one = all.pointer("/entry/0/changes/0/value/statuses/0").unwrap().clone();
            let one = but(one, "/status", json!(status));
            but(all, "/entry/0/changes/0/value/statuses", json!([one]))
        };
        let media = |n: usize| {
            let all = fixture("made/media_of_all_kinds");
            let one = all.pointer(&format!("/entry/0/changes/0/value/messages/{n}")).unwrap().clone();
            but(all, "/entry/0/changes/0/value/messages", json!([one]))
        };
        match fact {
            Fact::Text => fixture("vendor/text-message"),
            // What asks about a product of the catalogue quotes no message.
            Fact::Reply => but(
                fixture("vendor/text-message-with-context-product-inquiry"),
                "/entry/0/changes/0/value/messages/0/context",
                json!({"from": "15550783881", "id": "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI0RTJEOTc2ODVERUY5RDlGNkYA"}),
            ),
            Fact::Reaction => fixture("vendor/reaction-message"),
            Fact::ReactionRemoved => but(
                fixture("vendor/reaction-message"),
                "/entry/0/changes/0/value/messages/0/reaction/emoji",
                json!(""),
            ),
            Fact::Edit => fixture("derived/edit_text"),
            Fact::Revoke => fixture("derived/revoke_before_original"),
            Fact::Echo => fixture("derived/smb_echo_image"),
            Fact::Delivered => receipt("delivered"),
            Fact::Read => receipt("read"),
            Fact::Group => fixture("derived/group_text_in"),
            Fact::Picture => fixture("vendor/image-message"),
            Fact::Voice => media(2),
            Fact::Document => media(4),
            Fact::Location => fixture("vendor/location-message"),
            Fact::Contact => fixture("vendor/contact-sharing-message"),
            Fact::Unsupported => fixture("vendor/unsupported-message"),
            Fact::Unknown => {
                but(fixture("vendor/text-message"), "/entry/0/changes/0/field", json!("some_future_field"))
            }
        }
    },
    names_files: true,
    silent: &[],
    customer: "16505551234",
};

fn of_gateway(body: &[u8]) -> Result<Vec<Inbound>, String> {
    let own = Address::Phone("628987654321".into());
    gateway::parse(body, Some(&own), NOW).map_err(|e| e.to_string())
}

const V7: Rig = Rig {
    read: of_gateway,
    body: |fact| {
        fixture(match fact {
            Fact::Text => "gowa/v7/text_in",
            Fact::Reply => "gowa/made/v7_text_reply_from_linked_device",
            Fact::Reaction => "gowa/v7/reaction",
            Fact::ReactionRemoved => "gowa/v7/reaction_removed_looks_empty",
            Fact::Edit => "gowa/made/v7_edited",
            Fact::Revoke => "gowa/made/v7_revoked",
            Fact::Echo => "gowa/made/v7_text_out_from_phone",
            Fact::Delivered => "gowa/v7/ack_delivered",
            Fact::Read => "gowa/v7/ack_read",
            Fact::Group => "gowa/v7/text_group_in",
            Fact::Picture => "gowa/v7/image",
            Fact::Voice => "gowa/v7/audio",
            Fact::Document => "gowa/v7/document",
            Fact::Location => "gowa/v7/location",
            Fact::Contact => "gowa/v7/contact",
            Fact::Unsupported => {
                return but(fixture("gowa/v7/text_in"), "/message/text", json!(""));
            }
            Fact::Unknown => "gowa/made/v7_unknown_action",
        })
    },
    names_files: false,
    silent: &[
        // Both look like a message without anything in it.
        (Fact::ReactionRemoved, "message: nothing in it"),
        (Fact::Unsupported, "message: nothing in it"),
    ],
    customer: "628123456789",
};

const V8: Rig = Rig {
    read: of_gateway,
    body: |fact| {
        fixture(match fact {
            Fact::Text => "gowa/v9/text_in",
            Fact::Reply => "gowa/v9/text_reply",
            Fact::Reaction => "gowa/v9/reaction",
            Fact::ReactionRemoved => "gowa/made/v9_reaction_removed",
            Fact::Edit => "gowa/v9/edited",
            Fact::Revoke => "gowa/v9/revoked_by_peer",
            Fact::Echo => "gowa/v9/text_out_from_phone",
            Fact::Delivered => "gowa/v9/ack_delivered",
            Fact::Read => {
                let ack = but(fixture("gowa/v9/ack_delivered"), "/payload/receipt_type", json!("read"));
                return ack;
            }
            Fact::Group => "gowa/v9/text_group_in",
            Fact::Picture => "gowa/v9/image_path_caption",
            Fact::Voice => "gowa/v9/audio_path",
            Fact::Document => "gowa/made/v9_document_url_mode",
            Fact::Location => "gowa/v9/location",
            Fact::Contact => "gowa/v9/contact",
            Fact::Unsupported => "gowa/v9/poll_or_unknown_type",
            Fact::Unknown => "gowa/made/v9_event_of_a_later_version",
        })
    },
    names_files: true,
    silent: &[],
    customer: "628123456789",
};

const BRIDGE: Rig = Rig {
    read: |body| gateway::parse(body, None, NOW).map_err(|e| e.to_string()),
    body: |fact| {
        let name = match fact {
            Fact::Text => "message_text_in",
            Fact::Reply => "message_reply",
            Fact::Reaction => "message_reaction_event",
            Fact::ReactionRemoved => "message_reaction_removed_event",
            Fact::Edit => "message_edit_event",
            Fact::Revoke => "message_revoked_event",
            Fact::Echo => "message_text_out_from_phone",
            Fact::Delivered => "message_ack_delivered",
            Fact::Read => "message_ack_read",
            Fact::Group => "message_group_in",
            Fact::Picture => "message_image_caption",
            Fact::Voice => "message_ptt",
            Fact::Document => "message_document_full",
            Fact::Location => "message_location",
            Fact::Contact => "message_vcard",
            Fact::Unsupported => "message_product",
            Fact::Unknown => {
                let later = fixture("gowa/made/v9_event_of_a_later_version");
                return later;
            }
        };
        json_at(&format!("../../bridge/test/golden/webhooks/{name}.json"))
    },
    names_files: true,
    silent: &[],
    customer: "554198765432",
};

impl Rig {
    fn customer(&self) -> Address {
        Address::Phone(self.customer.into())
    }

    /// What is read of a fact: one event.
    fn event(&self, fact: Fact) -> Inbound {
        let events = (self.read)((self.body)(fact).to_string().as_bytes()).unwrap();
        let [event] = events.try_into().unwrap_or_else(|events| panic!("{fact:?}: {events:?}"));
        event
    }

    fn is_customer(&self, identities: &[Identity]) -> bool {
        identities.iter().any(|identity| identity.address() == Some(self.customer()))
    }

    fn message(&self, fact: Fact) -> Message {
        let Inbound::Message(message) = self.event(fact) else { panic!("{fact:?}: {:?}", self.event(fact)) };
        assert!(!message.provider_id.is_empty() && !message.history, "{message:?}");
        assert!(message.at < NOW, "it says when: {message:?}");
        message
    }

    fn customers_message(&self, fact: Fact) -> Message {
        let message = self.message(fact);
        assert_eq!((&message.chat, message.from_us), (&self.customer(), false), "{message:?}");
        assert!(self.is_customer(&message.sender.identities), "{message:?}");
        message
    }

    fn check(&self, fact: Fact) {
        match fact {
            Fact::Text => {
                let message = self.customers_message(fact);
                assert!(matches!(&message.content, Content::Text { text } if !text.is_empty()));
                assert_eq!(message.quote, None);
            }
            Fact::Reply => {
                let message = self.customers_message(fact);
                assert!(matches!(&message.content, Content::Text { .. }));
                let quoted = message.quote.unwrap();
                assert!(!quoted.is_empty() && quoted != message.provider_id);
            }
            Fact::Reaction | Fact::ReactionRemoved => {
                let Inbound::Reaction { target, chat, sender, from_us, emoji, .. } = self.event(fact) else {
                    panic!("{fact:?}: {:?}", self.event(fact))
                };
                assert!(!target.is_empty() && !from_us && chat == self.customer());
                assert!(self.is_customer(&sender.identities));
                assert_eq!(emoji.as_deref(), (fact == Fact::Reaction).then_some("👍"));
            }
            Fact::Edit => {
                let Inbound::Edit { target, chat, by, from_us, content, .. } = self.event(fact) else {
                    panic!("{:?}", self.event(fact))
                };
                assert!(!target.is_empty() && !from_us && chat == self.customer());
                assert!(self.is_customer(by.as_slice()), "only the author may");
                assert!(matches!(content, Content::Text { text } if !text.is_empty()));
            }
            Fact::Revoke => {
                let Inbound::Revoke { target, chat, by, from_us, .. } = self.event(fact) else {
                    panic!("{:?}", self.event(fact))
                };
                assert!(!target.is_empty() && !from_us && chat == self.customer());
                assert!(self.is_customer(by.as_slice()), "only the author may");
            }
            Fact::Echo => {
                let message = self.message(fact);
                assert!(message.from_us);
                assert_eq!(message.chat, self.customer(), "it stands in the customer's conversation");
            }
            Fact::Delivered | Fact::Read => {
                let Inbound::Status(status) = self.event(fact) else { panic!("{:?}", self.event(fact)) };
                let expected =
                    if fact == Fact::Read { MessageStatus::Read } else { MessageStatus::Delivered };
                assert_eq!((status.status, &status.failure), (expected, &None));
                assert!(!status.provider_id.is_empty() && self.is_customer(&status.identities));
            }
            Fact::Group => {
                let message = self.message(fact);
                assert!(message.chat.is_group() && !message.from_us);
                assert!(self.is_customer(&message.sender.identities), "who of the group");
            }
            Fact::Picture | Fact::Voice | Fact::Document => {
                let message = self.customers_message(fact);
                let Content::Media(file) = message.content else { panic!("{message:?}") };
                let kind = match fact {
                    Fact::Picture => MediaKind::Image,
                    Fact::Voice => MediaKind::Audio,
                    _ => MediaKind::Document,
                };
                assert_eq!((file.kind, file.voice), (kind, fact == Fact::Voice), "{file:?}");
                assert!(file.reference.is_some(), "it can be fetched: {file:?}");
                match fact {
                    Fact::Picture => assert!(file.caption.is_some(), "{file:?}"),
                    Fact::Document => assert_eq!(file.file_name.is_some(), self.names_files, "{file:?}"),
                    _ => assert_eq!(file.caption, None),
                }
            }
            Fact::Location => {
                let message = self.customers_message(fact);
                let Content::Location { latitude, longitude, name, address } = message.content else {
                    panic!("{message:?}")
                };
                assert!(latitude != 0.0 && longitude != 0.0 && name.is_some() && address.is_some());
            }
            Fact::Contact => {
                let message = self.customers_message(fact);
                let Content::Contacts { cards } = &message.content else { panic!("{message:?}") };
                assert!(matches!(&cards[..], [card] if !card.name.is_empty() && card.phones.len() == 1));
            }
            Fact::Unsupported => {
                let message = self.customers_message(fact);
                assert!(matches!(message.content, Content::Unsupported { .. }), "{message:?}");
            }
            Fact::Unknown => {
                let Inbound::Ignored { kind } = self.event(fact) else { panic!("{:?}", self.event(fact)) };
                assert!(!kind.is_empty(), "it says what it was");
            }
        }
    }
}

#[rstest]
#[case::cloud(CLOUD)]
#[case::v7(V7)]
#[case::v8(V8)]
#[case::bridge(BRIDGE)]
fn what_happens_is_read_alike(#[case] rig: Rig) {
    for fact in FACTS {
        match rig.silent.iter().find(|(silent, _)| *silent == fact) {
            None => rig.check(fact),
            Some((_, why)) => assert_eq!(rig.event(fact), Inbound::Ignored { kind: (*why).to_owned() }),
        }
    }
}

#[rstest]
#[case::cloud(CLOUD)]
#[case::v7(V7)]
#[case::v8(V8)]
#[case::bridge(BRIDGE)]
fn what_is_no_delivery_is_refused(
    #[case] rig: Rig,
    #[values("", "{", "\x00", "not json", "null", "[]")] body: &str,
) {
    assert!((rig.read)(body.as_bytes()).is_err());
    assert!((rig.read)(&[body.as_bytes(), b"\xff"].concat()).is_err());
}
