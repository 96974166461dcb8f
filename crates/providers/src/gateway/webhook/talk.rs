//! Who speaks to whom: the conversation, the author and whether that is us.

use balas_domain::{Address, Identity};
use serde_json::Value;

use super::Around;
use crate::{
    gateway::address::{Party, address, author_and_place, identities, person},
    inbound::Sender,
    lenient::{address as address_of, flag, string},
};

/// Who speaks to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// The conversation, under the phone number if that is known.
    pub chat: Address,
    /// As in [`crate::inbound::Message::sender`].
    pub sender: Sender,
    /// Done on our own phone.
    pub from_us: bool,
}

impl Talk {
    /// Who may change a message; `None` if that is us.
    pub fn author(&self) -> Option<Identity> {
        if self.from_us { None } else { self.sender.identities.first().cloned() }
    }
}

/// Reads the flat shape's `from`: `X` or `X in Y`.
///
/// # Errors
/// Why there is no conversation.
pub fn flat(value: &Value, around: &Around<'_>) -> Result<Talk, String> {
    let from = string(value, "from").ok_or("without sender")?;
    let (author, place) = author_and_place(&from);
    let author = author.someone()?;
    let place = place.map_or(Ok(None), Party::someone)?;
    let lid = address(value, "from_lid").filter(|a| matches!(a, Address::Lid(_)));
    let names = ["pushname"];
    if let Some(group) = place.clone().or_else(|| author.clone()).filter(Address::is_group) {
        let author = author.filter(|a| !a.is_group());
        let from_us = around.is_own(author.as_ref()) || around.is_own(lid.as_ref());
        return Ok(in_group(value, &names, group, [author, lid], from_us));
    }
    let from_us = written_by_us(author.as_ref(), place.as_ref(), lid.as_ref(), around);
    let partner = if from_us { [place, None, None] } else { [author, lid, place] };
    direct(value, &names, partner, from_us)
}

/// Whether the author of a message in a direct chat is us. Without our own number it can mostly be told all
/// the same: where two people talk, the one who is not the chat's other side is us.
fn written_by_us(
    author: Option<&Address>,
    place: Option<&Address>,
    lid: Option<&Address>,
    around: &Around<'_>,
) -> bool {
    if around.is_own(author) {
        return true;
    }
    match (author, place) {
        (Some(author), Some(place)) if author != place && lid != Some(place) => match (author, place) {
            // The gateway knows our own number, so an author without one is the other side.
            (Address::Lid(_), _) => false,
            // The chat's LID may be the author's.
            (_, Address::Lid(_)) if lid.is_none() => around.own.is_empty(),
            _ => true,
        },
        _ => false,
    }
}

/// Reads the envelope's `chat_id`, `chat_lid`, `from`, `from_lid` and `is_from_me`.
///
/// # Errors
/// Why there is no conversation.
pub fn enveloped(payload: &Value, around: &Around<'_>) -> Result<Talk, String> {
    let chat = Party::read(payload, "chat_id").someone()?;
    let chat_lid = address(payload, "chat_lid");
    // Version 7 writes `X in Y` here as well.
    let (author, place) = author_and_place(&string(payload, "from").unwrap_or_default());
    let author = author.someone()?;
    let chat = chat.or(place.map_or(Ok(None), Party::someone)?);
    let lid = address(payload, "from_lid");
    let from_us =
        flag(payload, "is_from_me") || around.is_own(author.as_ref()) || around.is_own(lid.as_ref());
    let names = ["sender_display_name", "from_name"];
    if let Some(group) = chat.clone().filter(Address::is_group) {
        return Ok(in_group(payload, &names, group, [author, lid], from_us));
    }
    let partner = if from_us {
        [chat, chat_lid, None]
    } else {
        // All of them are the other side. (The vendor's examples show our own number as `chat_id`.)
        let other = |a: Option<Address>| a.filter(|a| !around.is_own(Some(a)));
        [other(author), lid, other(chat).or(chat_lid)]
    };
    direct(payload, &names, partner, from_us)
}

fn in_group(value: &Value, names: &[&str], chat: Address, who: [Option<Address>; 2], from_us: bool) -> Talk {
    let sender = if from_us {
        Sender::default()
    } else {
        person(value, names, identities(who.iter().map(Option::as_ref)))
    };
    Talk { chat, sender, from_us }
}

/// A direct chat with somebody of these names. The name beside a message of ours is our own.
fn direct(
    value: &Value,
    names: &[&str],
    partner: [Option<Address>; 3],
    from_us: bool,
) -> Result<Talk, String> {
    let known = identities(partner.iter().map(Option::as_ref));
    let chat = known.first().map(address_of).ok_or("without chat")?;
    let names = if from_us { &[] } else { names };
    Ok(Talk { chat, sender: person(value, names, known), from_us })
}

#[cfg(test)]
mod tests {
    use balas_domain::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const OWN: &str = "628987654321@s.whatsapp.net";

    fn shown(talk: Result<Talk, String>) -> String {
        match talk {
            Ok(talk) => {
                let ids: Vec<_> = talk
                    .sender
                    .identities
                    .iter()
                    .map(|i| format!("{}:{}", i.kind.as_str(), i.value))
                    .collect();
                format!("{} [{}]{}", talk.chat, ids.join(" "), if talk.from_us { " us" } else { "" })
            }
            Err(reason) => reason,
        }
    }

    fn with_own<T>(own: bool, read: impl Fn(&Around<'_>) -> T) -> T {
        let us = Address::jid(OWN).unwrap();
        let own = if own { vec![&us] } else { Vec::new() };
        read(&Around { own, received_at: Timestamp::from_seconds(1_760_000_000) })
    }

    #[rstest]
    #[case::plain("628123@s.whatsapp.net", None, "phone:628123 [phone:628123]")]
    #[case::device("628123:12@s.whatsapp.net in 628123@s.whatsapp.net", None, "phone:628123 [phone:628123]")]
    #[case::agent("628123.0:64@s.whatsapp.net", None, "phone:628123 [phone:628123]")]
    #[case::lid_resolved(
        "628123@s.whatsapp.net in 2515@lid",
        Some("2515@lid"),
        "phone:628123 [phone:628123 lid:2515]"
    )]
    #[case::lid_unresolved("2515@lid", Some("2515@lid"), "lid:2515 [lid:2515]")]
    #[case::lid_author_in_phone_chat(
        "2515@lid in 628123@s.whatsapp.net",
        Some("2515@lid"),
        "phone:628123 [phone:628123 lid:2515]"
    )]
    #[case::ours(
        "628987654321@s.whatsapp.net in 628123@s.whatsapp.net",
        None,
        "phone:628123 [phone:628123] us"
    )]
    #[case::ours_with_device(
        "628987654321:3@s.whatsapp.net in 628123@s.whatsapp.net",
        None,
        "phone:628123 [phone:628123] us"
    )]
    #[case::ours_in_lid_chat("628987654321@s.whatsapp.net in 2515@lid", None, "lid:2515 [lid:2515] us")]
    #[case::ours_by_lid_in_lid_chat(
        "628987654321@s.whatsapp.net in 2515@lid",
        Some("98765@lid"),
        "lid:2515 [lid:2515] us"
    )]
    #[case::group(
        "628123@s.whatsapp.net in 120363@g.us",
        Some("2515@lid"),
        "group:120363 [phone:628123 lid:2515]"
    )]
    #[case::status("628123@s.whatsapp.net in status@broadcast", None, "from status@broadcast")]
    #[case::newsletter("120363@newsletter", None, "from 120363@newsletter")]
    #[case::nobody("somebody", None, "without chat")]
    fn flat_shapes(#[case] from: &str, #[case] lid: Option<&str>, #[case] expected: &str) {
        let value = json!({"from": from, "from_lid": lid});
        for own in [true, false] {
            assert_eq!(with_own(own, |around| shown(flat(&value, around))), expected, "own known: {own}");
        }
    }

    #[test]
    fn our_number_settles_what_is_ambiguous() {
        let value = json!({"from": "628123@s.whatsapp.net in 2515@lid"});
        let read = |own| with_own(own, |around| shown(flat(&value, around)));
        assert_eq!(read(true), "phone:628123 [phone:628123 lid:2515]");
        assert_eq!(read(false), "lid:2515 [lid:2515] us");
        let group = json!({"from": format!("{OWN} in 120363@g.us")});
        assert_eq!(with_own(true, |around| shown(flat(&group, around))), "group:120363 [] us");
    }

    #[rstest]
    #[case::plain(json!({"chat_id": "628123@s.whatsapp.net", "from": "628123@s.whatsapp.net"}),
        "phone:628123 [phone:628123]")]
    #[case::vendors_example(json!({"chat_id": OWN, "from": "628123@s.whatsapp.net"}),
        "phone:628123 [phone:628123]")]
    #[case::lid_only(json!({"chat_id": "2515@lid", "from": "2515@lid"}), "lid:2515 [lid:2515]")]
    #[case::number_known_of_one(json!({"chat_id": "2515@lid", "from": "628123@s.whatsapp.net"}),
        "phone:628123 [phone:628123 lid:2515]")]
    #[case::ours(json!({"chat_id": "628123@s.whatsapp.net", "chat_lid": "2515@lid", "from": OWN,
        "from_lid": "9876@lid", "is_from_me": true}), "phone:628123 [phone:628123 lid:2515] us")]
    #[case::ours_without_flag(json!({"chat_id": "628123@s.whatsapp.net", "from": OWN}),
        "phone:628123 [phone:628123] us")]
    #[case::group(json!({"chat_id": "120363@g.us", "from": "628123@s.whatsapp.net", "from_lid": "2515@lid"}),
        "group:120363 [phone:628123 lid:2515]")]
    #[case::our_group(json!({"chat_id": "120363@g.us", "from": OWN, "is_from_me": true}), "group:120363 [] us")]
    #[case::nameless_group(json!({"chat_id": "120363@g.us"}), "group:120363 []")]
    #[case::status(json!({"chat_id": "status@broadcast", "from": "628123@s.whatsapp.net"}),
        "from status@broadcast")]
    #[case::system(json!({"chat_id": "0@s.whatsapp.net", "from": "0@s.whatsapp.net"}), "from 0@s.whatsapp.net")]
    #[case::no_chat(json!({"from": "628123@s.whatsapp.net"}), "phone:628123 [phone:628123]")]
    #[case::nobody(json!({"chat_id": 5}), "without chat")]
    fn enveloped_shapes(#[case] payload: Value, #[case] expected: &str) {
        assert_eq!(with_own(true, |around| shown(enveloped(&payload, around))), expected);
    }
}
