//! Groups: what is told of them, and asking for the rest. A group is asked for when it is first seen, when what is known
//! is a day old, when somebody unknown writes in it, and when something about it changed.

use std::time::Duration;

use balas_domain::{
    Address, ContactId, ConversationId, Delivery, GroupRole, GroupView, Identity, MessageId, MessageStatus,
    Permission, Timestamp, WorkspaceId,
    group::{GroupClosed, GroupEvent, GroupNews, MAX_NAMED, MemberChange, tags},
    view::{ConversationView, Direction, Failure, FailureClass},
    work::Activity,
};
use balas_providers::{
    CheckError,
    gateway::GroupInfo,
    inbound::{GroupChange, GroupField, Membership, Sender},
};
use balas_store::{
    StoreError, Tx, Write, contacts, conversations, groups, jobs,
    messages::{self, AuthorRef, Inserted, NewMessage, Source},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{Engine, access::Actor, accounts::Runtime, error::EngineError, jobs::Done, reading};

/// What is known of a group is fresh for so long.
const FRESH: Duration = Duration::from_hours(24);
/// Somebody unknown who writes makes us ask again, but not more often than this.
const UNKNOWN_AGAIN: Duration = Duration::from_mins(10);
/// What happened so shortly before we asked may be missing in the answer: it is still taken for news.
const SLACK: Duration = Duration::from_mins(1);
/// Tries, with growing waits.
const MAX_ATTEMPTS: i32 = 6;

#[derive(Debug, Serialize, Deserialize)]
struct GroupJob {
    conversation_id: ConversationId,
}

impl Engine {
    /// A group with its members.
    ///
    /// # Errors
    /// When the actor may not, or there is no such group.
    pub async fn group(&self, actor: &Actor, id: ConversationId) -> Result<GroupView, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        reading::conversation(actor, &mut tx, id).await?;
        groups::view(actor.workspace, &mut tx, id).await?.ok_or(EngineError::NotFound { what: "group" })
    }

    /// Something was written in a group: asks for the group if it is not known well enough.
    pub(crate) async fn group_seen(
        &self,
        write: &mut Write,
        account: &Runtime,
        id: ConversationId,
        author: Option<ContactId>,
    ) -> Result<(), StoreError> {
        let (ws, now) = (write.workspace(), write.now());
        let known = match groups::freshness(ws, write.tx(), id, author).await? {
            Some(known) => known,
            None if groups::ensure(write, id).await? => {
                return self.want_group(write, account, id).await;
            }
            None => return Ok(()),
        };
        let older = |at: Option<Timestamp>, than| at.is_none_or(|at| at.after(than) <= now);
        let stale = older(known.fetched_at, FRESH) && older(known.wanted_at, UNKNOWN_AGAIN);
        let stranger =
            !known.knows && older(known.fetched_at, UNKNOWN_AGAIN) && older(known.wanted_at, UNKNOWN_AGAIN);
        if stale || stranger { self.want_group(write, account, id).await } else { Ok(()) }
    }

    /// Sees to it that the group is asked for, once, after now.
    async fn want_group(
        &self,
        write: &mut Write,
        account: &Runtime,
        id: ConversationId,
    ) -> Result<(), StoreError> {
        if account.gateway().is_none() {
            // The Cloud API tells nothing of groups that others have made.
            return Ok(());
        }
        groups::wanted(write, id).await?;
        let (ws, now) = (write.workspace(), write.now());
        let Ok(job) = self.job(now, "group_info", &GroupJob { conversation_id: id }) else { return Ok(()) };
        let job = jobs::NewJob {
            // One after the other: WhatsApp takes many questions at once for a machine.
            queue_key: Some(format!("group_info:{}", account.id)),
            idempotency_key: Some(format!("group_info:{id}")),
            ..job
        };
        jobs::enqueue(ws, write.tx(), &job).await?;
        Ok(())
    }

    /// Something was refused because of what is known of the group: that may have changed without a word.
    pub(crate) async fn group_in_doubt(&self, conversation: &ConversationView) -> Result<(), EngineError> {
        let Some(runtime) = self.accounts.get(conversation.account_id) else { return Ok(()) };
        let mut write = self.store.write(runtime.workspace, self.clock.now()).await?;
        self.want_group(&mut write, &runtime, conversation.id).await?;
        self.publish(write).await?;
        Ok(())
    }

    pub(crate) async fn run_group_info(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(GroupJob { conversation_id: id }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(Done::Remove);
        };
        let (ws, started) = (job.workspace_id, self.clock.now());
        let conversation = {
            let mut tx = self.store.read().await?;
            conversations::get(ws, &mut tx, id).await?
        };
        let Some(conversation) = conversation else { return Ok(Done::Remove) };
        let Some(runtime) = self.accounts.get(conversation.account_id) else { return Ok(Done::Remove) };
        let Some(link) = runtime.gateway() else { return Ok(Done::Remove) };
        let info = match link.client.group_info(&conversation.address).await {
            Ok(info) => info,
            Err(error) => return self.group_not_told(job, id, &error).await,
        };
        let mut write = self.store.write(ws, self.clock.now()).await?;
        self.store_group(&mut write, &runtime, link.own.as_ref(), id, &info, started).await?;
        let known = groups::freshness(ws, write.tx(), id, None).await?;
        // Somebody wanted it again while we asked: what they know of may be missing in the answer.
        let again = known.and_then(|known| known.wanted_at).is_some_and(|wanted| wanted > started);
        if again {
            let now = write.now();
            jobs::postpone(write.tx(), job.id, now, None, false).await?;
        } else {
            jobs::finish(write.tx(), job.id).await?;
        }
        self.publish(write).await?;
        Ok(Done::Finished)
    }

    /// The gateway does not tell of the group. What is about the group alone is given up; it is asked for again when
    /// somebody writes in it.
    async fn group_not_told(
        &self,
        job: &jobs::Job,
        id: ConversationId,
        error: &CheckError,
    ) -> Result<Done, EngineError> {
        if job.attempts + 1 < MAX_ATTEMPTS && may_pass(error) {
            let at = self.clock.now().after(crate::jobs::backoff(job.attempts));
            return Ok(Done::Retry(at, error.to_string()));
        }
        tracing::info!(conversation = %id, %error, "nothing could be learned about a group");
        let mut write = self.store.write(job.workspace_id, self.clock.now()).await?;
        groups::wanted(&mut write, id).await?;
        jobs::finish(write.tx(), job.id).await?;
        self.publish(write).await?;
        Ok(Done::Finished)
    }

    async fn store_group(
        &self,
        write: &mut Write,
        account: &Runtime,
        own: Option<&Address>,
        id: ConversationId,
        info: &GroupInfo,
        asked_at: Timestamp,
    ) -> Result<(), StoreError> {
        if !groups::ensure(write, id).await? {
            return Ok(());
        }
        if let Some(name) = &info.name {
            groups::rename(write, id, name).await?;
        }
        let own = own.and_then(Address::identity);
        let is_us = |who: &Sender| own.as_ref().is_some_and(|own| who.identities.contains(own));
        let role = |member: &balas_providers::gateway::GroupMember| match (member.owner, member.admin) {
            (true, _) => GroupRole::Owner,
            (false, true) => GroupRole::Admin,
            (false, false) => GroupRole::Member,
        };
        let us = info.members.iter().find(|member| is_us(&member.who)).map(role);
        let others: Vec<_> = info.members.iter().filter(|member| !is_us(&member.who)).collect();
        let people: Vec<&Sender> =
            others.iter().map(|member| &member.who).chain(info.owner.as_ref()).collect();
        let mut contacts = self.people(write, account, &people).await?;
        let owner = match &info.owner {
            Some(owner) if is_us(owner) => {
                contacts.pop();
                None
            }
            Some(_) => contacts.pop().flatten(),
            None => None,
        };
        let members = contacts.into_iter().zip(&others);
        let listed = groups::Listed {
            description: info.topic.clone(),
            owner,
            founded_at: info.created_at,
            announce: info.announce,
            locked: info.locked,
            us,
            members: members.filter_map(|(contact, member)| Some((contact?, role(member)))).collect(),
        };
        groups::list(write, id, &listed, asked_at.before(SLACK)).await?;
        Ok(())
    }

    /// The contacts of many people, in their order. Those that are known already cost one look for all.
    async fn people(
        &self,
        write: &mut Write,
        account: &Runtime,
        people: &[&Sender],
    ) -> Result<Vec<Option<ContactId>>, StoreError> {
        let ws = write.workspace();
        let identities: Vec<Identity> = people.iter().flat_map(|who| who.identities.clone()).collect();
        let known = contacts::found_by(ws, write.tx(), &identities).await?;
        let mut found = Vec::with_capacity(people.len());
        for who in people {
            let mut contacts = who.identities.iter().map(|identity| known.get(identity));
            let first = contacts.next().flatten();
            let same = first.filter(|first| {
                contacts.all(|other| other.is_some_and(|other| other.id == first.id))
                    && (who.name.is_none() || who.name == first.profile_name)
            });
            found.push(match same {
                Some(contact) => Some(contact.id),
                None => self.sender(write, account, who).await?,
            });
        }
        Ok(found)
    }

    /// Members came, went or got another role. Groups without a conversation are none of ours.
    pub(crate) async fn ingest_group(
        &self,
        write: &mut Write,
        account: &Runtime,
        change: GroupChange,
    ) -> Result<(), StoreError> {
        let Some(id) = self.known_group(write, account, &change.chat).await? else { return Ok(()) };
        let people: Vec<&Sender> = change.people.iter().collect();
        let contacts: Vec<ContactId> =
            self.people(write, account, &people).await?.into_iter().flatten().collect();
        let (what, event) = match change.what {
            Membership::Joined => (MemberChange::Joined, GroupEvent::Joined),
            Membership::Left => (MemberChange::Left, GroupEvent::Left),
            Membership::Promoted => (MemberChange::Promoted, GroupEvent::Promoted),
            Membership::Demoted => (MemberChange::Demoted, GroupEvent::Demoted),
        };
        if let Some(name) = &change.name {
            groups::rename(write, id, name).await?;
        }
        groups::change(write, id, what, &contacts, change.us, change.at).await?;
        let ws = write.workspace();
        let mut who = Vec::new();
        for contact in contacts.iter().take(MAX_NAMED) {
            who.extend(contacts::get(ws, write.tx(), *contact).await?.map(|contact| contact.name));
        }
        let more = u32::try_from(contacts.len() - who.len()).unwrap_or(u32::MAX);
        let news = GroupNews { event, who, more, us: change.us, name: None };
        // The same told twice is one line: by moment, kind and the people as the provider names them.
        let mut names: Vec<String> =
            change.people.iter().filter_map(|p| p.identities.first()).map(|i| i.value.clone()).collect();
        names.sort_unstable();
        let key = format!("{}:{}", names.join(","), change.us);
        self.group_line(write, account, id, (None, String::new()), news, &key, change.at).await?;
        if change.us && what == MemberChange::Joined {
            self.want_group(write, account, id).await?;
        }
        Ok(())
    }

    /// A group got another name, description, picture or rule. What it says is asked for; the thread tells of it.
    pub(crate) async fn ingest_group_update(
        &self,
        write: &mut Write,
        account: &Runtime,
        update: GroupUpdate,
    ) -> Result<(), StoreError> {
        let GroupUpdate { chat, field, value, by, at } = update;
        let Some(id) = self.known_group(write, account, &chat).await? else { return Ok(()) };
        self.want_group(write, account, id).await?;
        let on = value.as_deref().and_then(switch);
        let event = match (field, on) {
            (GroupField::Name, _) => GroupEvent::Renamed,
            (GroupField::Description, _) => GroupEvent::Described,
            (GroupField::Picture, _) => GroupEvent::Pictured,
            (GroupField::Announce, Some(true)) => GroupEvent::Closed,
            (GroupField::Announce, Some(false)) => GroupEvent::Opened,
            (GroupField::Locked, Some(true)) => GroupEvent::Locked,
            (GroupField::Locked, Some(false)) => GroupEvent::Unlocked,
            // Nobody can say which way; the answer to the question will.
            (GroupField::Announce | GroupField::Locked, None) => return Ok(()),
        };
        let name = value.filter(|_| field == GroupField::Name);
        if let Some(name) = &name {
            groups::rename(write, id, name).await?;
        }
        let by: Vec<Identity> = by.into_iter().collect();
        let person = self.resolve(write, account, &by, None, None).await?;
        let author = match person {
            Some(person) => {
                let ws = write.workspace();
                let contact = contacts::get(ws, write.tx(), person).await?;
                (Some(person), contact.map(|contact| contact.name).unwrap_or_default())
            }
            None => (None, String::new()),
        };
        let key = name.clone().unwrap_or_default();
        let news = GroupNews { event, who: Vec::new(), more: 0, us: false, name };
        self.group_line(write, account, id, author, news, &key, at).await
    }

    /// The conversation of a group that something was told of; a group that nobody has written in has none.
    async fn known_group(
        &self,
        write: &mut Write,
        account: &Runtime,
        chat: &Address,
    ) -> Result<Option<ConversationId>, StoreError> {
        let ws = write.workspace();
        let Some(id) = conversations::by_address(ws, write.tx(), account.id, chat).await? else {
            tracing::info!(account = %account.id, %chat, "something happened in a group without a conversation");
            return Ok(None);
        };
        Ok(groups::ensure(write, id).await?.then_some(id))
    }

    /// A quiet line in the thread of what happened to the group; once, however often it is told.
    #[expect(clippy::too_many_arguments, reason = "a line has this many parts, and they are named")]
    async fn group_line(
        &self,
        write: &mut Write,
        account: &Runtime,
        id: ConversationId,
        (author, name): (Option<ContactId>, String),
        news: GroupNews,
        key: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let now = write.now();
        let seconds = at.as_seconds();
        let mark = mark_of(&format!("{:?}:{key}", news.event));
        let row = NewMessage {
            id: MessageId::new(self.moments.next(now), &*self.random),
            conversation_id: id,
            account_id: account.id,
            provider_id: Some(format!("group:{seconds}:{mark}")),
            direction: Direction::Internal,
            author: AuthorRef::Contact(author, name),
            content: balas_domain::Content::Activity { activity: Activity::Group { news } },
            delivery: Delivery { attempt: 1, status: MessageStatus::Sent },
            quote_provider_id: None,
            quote_message_id: None,
            at: at.min(now),
            counts_unread: false,
            origin: None,
            source: Source::Live,
        };
        match messages::insert(write, &row).await? {
            Inserted::New | Inserted::Duplicate(_) => Ok(()),
        }
    }
}

/// What was changed about a group, as the provider tells.
pub(crate) struct GroupUpdate {
    pub(crate) chat: Address,
    pub(crate) field: GroupField,
    pub(crate) value: Option<String>,
    pub(crate) by: Option<Identity>,
    pub(crate) at: Timestamp,
}

/// Whether asking again may help: the gateway or its link is away, not the group.
const fn may_pass(error: &CheckError) -> bool {
    matches!(
        error,
        CheckError::Unreachable { .. }
            | CheckError::Busy { .. }
            | CheckError::NotConnected
            | CheckError::NotLinked
    )
}

/// A switch as `WhatsApp` words it.
fn switch(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Some(true),
        "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// A short mark for a text of any length.
fn mark_of(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..12])
}

/// Why nothing can be sent to the group; `None` if it can, as far as is known.
pub(crate) fn refused(conversation: &ConversationView) -> Option<Failure> {
    let text = match conversation.group?.closed? {
        GroupClosed::Left => {
            "This number is no longer in the group. Ask somebody in it to add the number again, then send the message \
             once more."
        }
        GroupClosed::AdminsOnly => {
            "Only administrators may write in this group, and this number is none. Ask one of them to make it an \
             administrator or to let everybody write, then send the message once more."
        }
    };
    Some(Failure { class: FailureClass::Policy, code: None, text: text.to_owned() })
}

/// Whom a text mentions, if it goes to a group.
pub(crate) async fn mentions(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: &ConversationView,
    text: &str,
) -> Result<Vec<Address>, StoreError> {
    if !conversation.address.is_group() {
        return Ok(Vec::new());
    }
    let tags: Vec<&str> = tags(text).collect();
    groups::mentioned(ws, tx, conversation.id, &tags).await
}

#[cfg(test)]
mod tests {
    use super::switch;

    #[test]
    fn switches_are_read_as_whatsapp_words_them() {
        assert_eq!(
            (switch("on"), switch("OFF"), switch(""), switch("maybe")),
            (Some(true), Some(false), None, None)
        );
    }
}
