//! Groups: what is told of them, and asking for the rest. A group is asked for when it is first seen, when what is known
//! is a day old, when somebody unknown writes in it, when something about it changed, and when somebody looks at it.

use std::{collections::BTreeSet, time::Duration};

use balas_domain::{
    Address, ContactId, ConversationId, Delivery, GroupRole, GroupView, Identity, MessageId, MessageStatus,
    Permission, Timestamp, WorkspaceId,
    group::{GroupClosed, GroupEvent, GroupNews, MAX_NAMED, MemberChange, mention, tags},
    view::{ConversationView, Direction, Failure, FailureClass},
    work::Activity,
};
use balas_providers::{
    CheckError,
    gateway::GroupInfo,
    inbound::{GroupChange, GroupField, Inbound, Membership, Sender},
};
use balas_store::{
    StoreError, Tx, Write, contacts, conversations, groups, jobs,
    messages::{self, AuthorRef, Inserted, NewMessage, Source},
    pictures,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{Engine, access::Actor, accounts::Runtime, error::EngineError, jobs::Done, reading};

/// What is known of a group is fresh for so long.
const FRESH: Duration = Duration::from_hours(24);
/// Who looks at a group sees what is not older than this, or soon does.
const FRESH_ENOUGH_TO_LOOK_AT: Duration = Duration::from_mins(15);
/// Somebody unknown who writes makes us ask again, but not more often than this. Nor does anybody else.
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
    /// A group with its members. If what is known is no longer fresh it is asked for meanwhile: this answers with what is
    /// here, and news of the conversation tells when there is more.
    ///
    /// # Errors
    /// When the actor may not, or there is no such group.
    pub async fn group(&self, actor: &Actor, id: ConversationId) -> Result<GroupView, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let ws = actor.workspace;
        let mut tx = self.store.read().await?;
        let conversation = reading::conversation(actor, &mut tx, id).await?;
        let group = groups::view(ws, &mut tx, id).await?.ok_or(EngineError::NotFound { what: "group" })?;
        let known = groups::freshness(ws, &mut tx, conversation.id, None).await?;
        drop(tx);
        // Others tell nothing of groups, see `want_group`.
        let tells =
            self.accounts.get(conversation.account_id).is_some_and(|account| account.gateway().is_some());
        if tells && known.is_some_and(|known| stale(&known, self.clock.now(), FRESH_ENOUGH_TO_LOOK_AT)) {
            let engine = self.clone();
            self.tasks.spawn(async move {
                if let Err(error) = engine.group_in_doubt(&conversation).await {
                    tracing::warn!(%error, "a group that is looked at could not be asked for");
                }
            });
        }
        Ok(group)
    }

    /// Something was written in a group: asks for the group if it is not known well enough. Whether it is the first thing
    /// that is written there, as far as is known.
    pub(crate) async fn group_seen(
        &self,
        write: &mut Write,
        account: &Runtime,
        id: ConversationId,
        author: Option<ContactId>,
    ) -> Result<bool, StoreError> {
        let (ws, now) = (write.workspace(), write.now());
        let Some(known) = groups::freshness(ws, write.tx(), id, author).await? else {
            let new = groups::ensure(write, id).await?;
            if new {
                self.want_group(write, account, id).await?;
            }
            return Ok(new);
        };
        let fresh = if known.knows { FRESH } else { UNKNOWN_AGAIN };
        if stale(&known, now, fresh) {
            self.want_group(write, account, id).await?;
        }
        Ok(false)
    }

    /// A group has a conversation now: what was told of it before goes there.
    pub(crate) async fn group_begins(
        &self,
        write: &mut Write,
        account: &Runtime,
        chat: &Address,
    ) -> Result<(), StoreError> {
        self.apply_parked(write, account, &chat.to_string()).await
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
        if jobs::enqueue(ws, write.tx(), &job).await? {
            write.job_waits();
        }
        Ok(())
    }

    /// What is known of the group may have changed without a word: something was refused because of it, or it is old.
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
            let at = self.clock.now().after(self.retry_after(job.attempts));
            return Ok(Done::Retry(at, error.to_string()));
        }
        tracing::info!(conversation = %id, %error, "nothing could be learned about a group");
        let mut write = self.store.write(job.workspace_id, self.clock.now()).await?;
        groups::wanted(&mut write, id).await?;
        jobs::finish(write.tx(), job.id).await?;
        self.publish(write).await?;
        Ok(Done::Finished)
    }

    pub(crate) async fn store_group(
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
        let as_of = asked_at.before(SLACK);
        if let Some(name) = &info.name {
            groups::rename(write, id, name, as_of).await?;
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
        let mut contacts = self.people(write, account, &people, as_of).await?;
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
        groups::list(write, id, &listed, as_of).await?;
        Ok(())
    }

    /// The contacts of many people, as they were called then, in their order. Those that are known already cost one look for all.
    async fn people(
        &self,
        write: &mut Write,
        account: &Runtime,
        people: &[&Sender],
        at: Timestamp,
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
                None => self.sender(write, account, who, at).await?,
            });
        }
        if write.people_changed() {
            // Some of those found may have become one with others since.
            let known = contacts::found_by(ws, write.tx(), &identities).await?;
            for (who, found) in people.iter().zip(&mut found) {
                let now = who.identities.iter().find_map(|identity| known.get(identity));
                *found = now.map(|contact| contact.id).or(*found);
            }
        }
        Ok(found)
    }

    /// Something happened to a group or in it. A group in which nobody has written has no conversation and gets none by
    /// this: it waits until somebody writes there.
    pub(crate) async fn ingest_group(
        &self,
        write: &mut Write,
        account: &Runtime,
        event: Inbound,
    ) -> Result<(), StoreError> {
        let (Inbound::Group(GroupChange { chat, .. }) | Inbound::GroupUpdated { chat, .. }) = &event else {
            return Ok(());
        };
        let ws = write.workspace();
        let Some(id) = conversations::by_address(ws, write.tx(), account.id, chat).await? else {
            tracing::info!(account = %account.id, group = %chat, "news of a group in which nobody has written wait");
            metrics::counter!("balas_group_news_parked_total").increment(1);
            let target = chat.to_string();
            return self.park(write, account, &target, "group", &event).await;
        };
        if !groups::ensure(write, id).await? {
            return Ok(());
        }
        match event {
            Inbound::Group(change) => self.members_changed(write, account, id, change).await,
            Inbound::GroupUpdated { field, value, by, at, .. } => {
                self.group_changed(write, account, id, GroupUpdate { field, value, by, at }).await
            }
            _ => Ok(()),
        }
    }

    /// Members came, went or got another role.
    async fn members_changed(
        &self,
        write: &mut Write,
        account: &Runtime,
        id: ConversationId,
        change: GroupChange,
    ) -> Result<(), StoreError> {
        let people: Vec<&Sender> = change.people.iter().collect();
        let contacts = self.people(write, account, &people, change.at).await?;
        let (what, event) = match change.what {
            Membership::Joined => (MemberChange::Joined, GroupEvent::Joined),
            Membership::Left => (MemberChange::Left, GroupEvent::Left),
            Membership::Promoted => (MemberChange::Promoted, GroupEvent::Promoted),
            Membership::Demoted => (MemberChange::Demoted, GroupEvent::Demoted),
        };
        if let Some(name) = &change.name {
            groups::rename(write, id, name, change.at).await?;
        }
        // Somebody may be named twice, as long as nobody knows that both are one.
        let mut seen = BTreeSet::new();
        let named = contacts.into_iter().zip(&people).filter_map(|(contact, who)| Some((contact?, *who)));
        let members: Vec<_> = named.filter(|(contact, _)| seen.insert(*contact)).collect();
        let all: Vec<ContactId> = members.iter().map(|(contact, _)| *contact).collect();
        groups::change(write, id, what, &all, change.us, change.at).await?;
        let mut who = Vec::new();
        for (contact, sender) in members.iter().take(MAX_NAMED) {
            who.push(called(write, *contact, &sender.identities).await?);
        }
        let more = u32::try_from(members.len() - who.len()).unwrap_or(u32::MAX);
        let news = GroupNews { event, who, more, us: change.us, name: None };
        // The same told twice is one line: by moment, kind and the people as the provider names them.
        let mut names: Vec<String> =
            change.people.iter().filter_map(|p| p.identities.first()).map(|i| i.value.clone()).collect();
        names.sort_unstable();
        let key = format!("{}:{}", names.join(","), change.us);
        let nobody = (None, String::new());
        self.group_line(write, account, id, nobody, news, &key, change.at).await?;
        if change.us && what == MemberChange::Joined {
            self.want_group(write, account, id).await?;
        }
        Ok(())
    }

    /// A group got another name, description, picture or rule. What it says is asked for; the thread tells of it.
    async fn group_changed(
        &self,
        write: &mut Write,
        account: &Runtime,
        id: ConversationId,
        update: GroupUpdate,
    ) -> Result<(), StoreError> {
        let GroupUpdate { field, value, by, at } = update;
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
            groups::rename(write, id, name, at).await?;
        }
        let by: Vec<Identity> = by.into_iter().collect();
        let author = match self.resolve(write, account, &by, None, None).await? {
            Some(person) => (Some(person), called(write, person, &by).await?),
            None => (None, String::new()),
        };
        let whose = by.first().map_or("", |identity| identity.value.as_str());
        let key = format!("{whose}:{}", name.as_deref().unwrap_or_default());
        let news = GroupNews { event, who: Vec::new(), more: 0, us: false, name };
        let new = self.group_line(write, account, id, author, news, &key, at).await?;
        if new && field == GroupField::Picture {
            pictures::want(write.workspace(), write.tx(), id).await?;
            self.want_pictures(write, account).await?;
        }
        Ok(())
    }

    /// A quiet line in the thread of what happened to the group; once, however often it is told. Whether this was the first
    /// time.
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
    ) -> Result<bool, StoreError> {
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
        Ok(matches!(messages::insert(write, &row).await?, Inserted::New))
    }
}

/// Whether what is known is as old as this, and nobody has asked just now.
fn stale(known: &groups::Freshness, now: Timestamp, fresh: Duration) -> bool {
    let older = |at: Option<Timestamp>, than| at.is_none_or(|at| at.after(than) <= now);
    older(known.fetched_at, fresh) && older(known.wanted_at, UNKNOWN_AGAIN)
}

/// What was changed about a group, as the provider tells.
struct GroupUpdate {
    field: GroupField,
    value: Option<String>,
    by: Option<Identity>,
    at: Timestamp,
}

/// How a line of the thread names somebody: so that they are called by the name that they have when it is read.
async fn called(write: &mut Write, id: ContactId, identities: &[Identity]) -> Result<String, StoreError> {
    if let Some(mention) = identities.iter().find_map(mention) {
        return Ok(mention);
    }
    let ws = write.workspace();
    Ok(contacts::get(ws, write.tx(), id).await?.map(|contact| contact.name).unwrap_or_default())
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
