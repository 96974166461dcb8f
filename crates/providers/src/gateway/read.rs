//! What the gateway remembers: chats, their messages, people and groups. It sends no history by itself, so
//! this is how a new account is filled and how what was missed is made up for.

use balas_domain::{
    Address, Content, Timestamp,
    content::{Media, MediaKind},
};
use serde_json::{Value, json};

use super::{
    address::{address, address_or_number, identities, person, to_jid},
    client::Gateway,
    media::MediaRef,
    transport::Fault,
};
use crate::{
    CheckError,
    inbound::{Message, Sender},
    lenient::{body, elements, flag, id, int, keep, moment, name, written_moment},
};

/// Most rows that the gateway gives at once.
const MAX_PAGE: u32 = 100;

/// A chat that the gateway remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Where it leads.
    pub address: Address,
    /// What the gateway calls it.
    pub name: Option<String>,
    /// When something was last written in it.
    pub last_message_at: Option<Timestamp>,
    /// Put away on the phone.
    pub archived: bool,
}

/// Some of the chats, those with the newest messages first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatPage {
    /// The chats; broadcasts and newsletters left out.
    pub chats: Vec<Chat>,
    /// How many there are in all, as the gateway counts.
    pub total: u64,
    /// Where the next page begins; `None` at the end.
    pub next_offset: Option<u32>,
}

/// Which messages of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// At most this many, up to 100.
    pub limit: u32,
    /// Skips this many of the newest.
    pub offset: u32,
    /// Only those written at this moment or later.
    pub since: Option<Timestamp>,
    /// Only those written at this moment or before.
    pub until: Option<Timestamp>,
    /// Only ours, or only others'.
    pub from_us: Option<bool>,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self { limit: MAX_PAGE, offset: 0, since: None, until: None, from_us: None }
    }
}

/// Some of a chat's messages, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct MessagePage {
    /// The messages, all marked as history: without what they answer, and with files that are still to be
    /// fetched.
    pub messages: Vec<Message>,
    /// How many rows could not be read.
    pub unreadable: usize,
    /// How many messages the chat has in all, whatever was asked for.
    pub total: u64,
    /// Where the next page begins; `None` at the end.
    pub next_offset: Option<u32>,
}

/// What `WhatsApp` tells about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// What they call themselves, if the gateway knows.
    pub name: Option<String>,
    /// A business's name as `WhatsApp` verified it.
    pub verified_name: Option<String>,
    /// Their line of status.
    pub status: Option<String>,
    /// Changes with their picture.
    pub picture_id: Option<String>,
    /// Their number, if it was asked for by LID and the gateway knows it (version 9).
    pub phone: Option<Address>,
    /// Their LID (version 9).
    pub lid: Option<Address>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInfo {
    /// Where it leads.
    pub address: Address,
    /// What it is called.
    pub name: Option<String>,
    /// What it is about.
    pub topic: Option<String>,
    /// Who made it, if the gateway tells.
    pub owner: Option<Sender>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Only administrators may write.
    pub announce: bool,
    /// Only administrators may change name and picture.
    pub locked: bool,
    /// Who is in it.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Who.
    pub who: Sender,
    /// May change the group.
    pub admin: bool,
    /// Made it, or was given it by who did.
    pub owner: bool,
}

impl Gateway {
    /// Chats from `offset` on, those with the newest messages first; at most 100.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn chats(&self, limit: u32, offset: u32) -> Result<ChatPage, CheckError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let (most, from) = (limit.to_string(), offset.to_string());
        let answer = self.question(&["chats"], &[("limit", &most), ("offset", &from)]).await?;
        let rows = elements(&answer, "data");
        let chats = rows.iter().filter_map(|row| {
            Some(Chat {
                address: address(row, "jid")?,
                name: person(row, &["name"], Vec::new()).name,
                last_message_at: written_moment(row, "last_message_time"),
                archived: flag(row, "archived"),
            })
        });
        let (total, next_offset) = paging(&answer, limit, offset, rows.len());
        Ok(ChatPage { chats: chats.collect(), total, next_offset })
    }

    /// Messages of a chat, newest first. Moments after `now` become `now`.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do. A chat that the gateway does not know is empty, with some
    /// versions before 9 an error.
    pub async fn messages(
        &self,
        chat: &Address,
        query: HistoryQuery,
        now: Timestamp,
    ) -> Result<MessagePage, CheckError> {
        let jid = reachable(chat)?;
        let limit = query.limit.clamp(1, MAX_PAGE);
        let mut parameters = vec![("limit", limit.to_string()), ("offset", query.offset.to_string())];
        parameters.extend(query.since.map(|at| ("start_time", at.to_string())));
        parameters.extend(query.until.map(|at| ("end_time", at.to_string())));
        parameters.extend(query.from_us.map(|ours| ("is_from_me", ours.to_string())));
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let answer = self.question(&["chat", &jid, "messages"], &parameters).await?;
        let rows = elements(&answer, "data");
        let messages: Vec<Message> = rows.iter().filter_map(|row| stored(row, chat, now)).collect();
        let (total, next_offset) = paging(&answer, limit, query.offset, rows.len());
        Ok(MessagePage { unreadable: rows.len() - messages.len(), messages, total, next_offset })
    }

    /// What `WhatsApp` tells about a person.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn user_info(&self, who: &Address) -> Result<UserInfo, CheckError> {
        let jid = reachable(who)?;
        let answer = self.question(&["user", "info"], &[("phone", &jid)]).await?;
        // Older versions write the one element itself.
        let row = elements(&answer, "data").first().unwrap_or(&answer);
        Ok(UserInfo {
            name: name(row, "name"),
            verified_name: name(row, "verified_name"),
            status: name(row, "status"),
            picture_id: id(row, "picture_id"),
            phone: address_or_number(&answer, "resolved_phone").filter(|a| matches!(a, Address::Phone(_))),
            lid: address(&answer, "resolved_lid").filter(|a| matches!(a, Address::Lid(_))),
        })
    }

    /// What `WhatsApp` tells about a group that we are in.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn group_info(&self, group: &Address) -> Result<GroupInfo, CheckError> {
        let jid = reachable(group)?;
        let answer = self.question(&["group", "info"], &[("group_id", &jid)]).await?;
        let members = elements(&answer, "Participants").iter().filter_map(member).collect();
        Ok(GroupInfo {
            address: address(&answer, "JID").unwrap_or_else(|| group.clone()),
            name: name(&answer, "Name"),
            topic: body(&answer, "Topic"),
            owner: owner(&answer),
            created_at: written_moment(&answer, "GroupCreated"),
            announce: flag(&answer, "IsAnnounce"),
            locked: flag(&answer, "IsLocked"),
            members,
        })
    }

    /// Whether a number is on `WhatsApp`. Not quite reliable: a "no" is no reason to refuse to write.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn check_number(&self, phone: &Address) -> Result<bool, CheckError> {
        let jid = reachable(phone)?;
        let answer = self.question(&["user", "check"], &[("phone", &jid)]).await?;
        match answer.get("is_on_whatsapp") {
            Some(_) => Ok(flag(&answer, "is_on_whatsapp")),
            None => Err(self.explain(Fault::mumbled("the answer does not say whether the number is known"))),
        }
    }

    async fn question(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, CheckError> {
        self.ask(path, query).await.map_err(|fault| self.explain(fault))
    }
}

fn reachable(address: &Address) -> Result<String, CheckError> {
    to_jid(address).map_err(|text| CheckError::Other { text, code: None, field: None })
}

/// How many there are, and where to go on.
fn paging(answer: &Value, limit: u32, offset: u32, rows: usize) -> (u64, Option<u32>) {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    let next = offset.saturating_add(rows);
    let counted = answer.get("pagination").and_then(|p| int(p, "total")).and_then(|n| u64::try_from(n).ok());
    let more = counted.map_or(rows >= limit, |total| u64::from(next) < total);
    // A page without rows is the last one, whatever the gateway counts.
    (counted.unwrap_or(next.into()), (rows > 0 && more).then_some(next))
}

fn member(row: &Value) -> Option<GroupMember> {
    let known: Vec<_> = ["PhoneNumber", "LID", "JID"].into_iter().map(|key| address(row, key)).collect();
    let who = person(row, &["DisplayName"], identities(known.iter().map(Option::as_ref)));
    let admin = flag(row, "IsAdmin") || flag(row, "IsSuperAdmin");
    let owner = flag(row, "IsSuperAdmin");
    (!who.identities.is_empty()).then_some(GroupMember { who, admin, owner })
}

/// Who made a group.
fn owner(answer: &Value) -> Option<Sender> {
    let known: Vec<_> = ["OwnerPN", "OwnerJID"].into_iter().map(|key| address(answer, key)).collect();
    let identities = identities(known.iter().map(Option::as_ref));
    (!identities.is_empty()).then(|| Sender { identities, ..Sender::default() })
}

/// A message as the gateway stored it; `None` if there is nothing in it.
fn stored(row: &Value, chat: &Address, now: Timestamp) -> Option<Message> {
    let provider_id = id(row, "id")?;
    let from_us = flag(row, "is_from_me");
    let (place, author) = (address(row, "chat_jid"), address(row, "sender_jid"));
    let sender = match (chat.is_group(), from_us) {
        (true, true) => Sender::default(),
        (true, false) => person(row, &["sender_display_name"], identities([author.as_ref()])),
        (false, true) => Sender { identities: identities([Some(chat), place.as_ref()]), ..Sender::default() },
        (false, false) => {
            let known = identities([author.as_ref(), Some(chat), place.as_ref()]);
            person(row, &["sender_display_name"], known)
        }
    };
    Some(Message {
        content: stored_content(row, &provider_id)?,
        provider_id,
        chat: chat.clone(),
        sender,
        from_us,
        at: moment(row, "timestamp", now),
        quote: None,
        history: true,
    })
}

fn stored_content(row: &Value, message_id: &str) -> Option<Content> {
    let text = body(row, "content");
    let word = name(row, "media_type").unwrap_or_default().to_ascii_lowercase();
    let kind = match word.as_str() {
        "image" => MediaKind::Image,
        "video" | "video_note" | "ptv" | "gif" => MediaKind::Video,
        "audio" | "ptt" | "voice" => MediaKind::Audio,
        "document" => MediaKind::Document,
        "sticker" => MediaKind::Sticker,
        "call" => {
            let text = text.unwrap_or_else(|| "A call through WhatsApp.".to_owned());
            return Some(Content::System { kind: "call".to_owned(), text });
        }
        "" => return text.map(|text| Content::Text { text }),
        _ => {
            let raw = || Content::Unsupported { kind: word.clone(), raw: keep(&json!({"row": row})) };
            return Some(text.map_or_else(raw, |text| Content::Text { text }));
        }
    };
    let file_name = name(row, "filename");
    let ogg = file_name.as_deref().is_some_and(super::webhook::is_voice_file);
    Some(Content::Media(Media {
        kind,
        reference: Some(MediaRef::Message(message_id.to_owned()).to_string()),
        caption: text,
        file_name,
        voice: kind == MediaKind::Audio && (ogg || word != "audio"),
        ..Media::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let counted = |total: i64| json!({"pagination": {"total": total}});
        assert_eq!(paging(&counted(20), 3, 6, 3), (20, Some(9)));
        assert_eq!(paging(&counted(9), 3, 6, 3), (9, None));
        assert_eq!(paging(&counted(20), 3, 6, 0), (20, None));
        // Nobody counted: a full page may have a next one.
        assert_eq!(paging(&json!({}), 3, 6, 3), (9, Some(9)));
        assert_eq!(paging(&counted(-1), 3, 6, 2), (8, None));
    }
}
