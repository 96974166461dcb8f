//! The state of an open inbox as a pure reducer: what was loaded, plus every event since, in any order and any number
//! of times, gives the same state.

use std::collections::HashMap;

mod thread;

use serde::{Deserialize, Serialize};

pub use self::thread::{MessagePage, Thread};
use crate::{
    alert::AlertView,
    counts::Counts,
    event::{Event, Payload},
    id::{AccountId, AlertId, ConversationId, LabelId, MemberId, MessageId, Seq},
    people::PeopleView,
    time::Timestamp,
    view::{AccountView, ConversationView, LastMessage, MemberView, MessageView, Page, WorkspaceView},
    work::LabelView,
};

/// What the server renders the inbox from, as of one position in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// As of here.
    pub seq: Seq,
    /// First page of the list.
    pub conversations: Page<ConversationView>,
    /// All accounts of the workspace.
    pub accounts: Vec<AccountView>,
    /// All members of the workspace.
    pub members: Vec<MemberView>,
    /// Alerts that are open.
    #[serde(default)]
    pub alerts: Vec<AlertView>,
    /// All labels of the workspace.
    #[serde(default)]
    pub labels: Vec<LabelView>,
    /// How much there is to do.
    #[serde(default)]
    pub counts: Counts,
    /// What is set for the workspace.
    #[serde(default)]
    pub workspace: WorkspaceView,
    /// The opened conversation, if one is.
    pub thread: Option<ThreadPage>,
}

/// A page of a thread, with its conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadPage {
    /// The conversation's row.
    pub conversation: ConversationView,
    /// Part of it, newest first: its newest page, or what stands around a message.
    pub messages: MessagePage,
}

/// What an event changed, so that a screen redraws only that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the event was old or about something not loaded.
    Nothing,
    /// A row of the list.
    Conversation(ConversationId),
    /// The first conversation is gone; the second one has its messages, which must be fetched.
    Merged(ConversationId, ConversationId),
    /// What is loaded of the first conversation may stand in the second one now: both must be fetched.
    Split(ConversationId, ConversationId),
    /// This conversation is gone.
    Removed(ConversationId),
    /// All that was said in this conversation is gone.
    Cleared(ConversationId),
    /// A message in a loaded thread; `true` if it was not there before.
    Message(ConversationId, MessageId, bool),
    /// An account.
    Account(AccountId),
    /// A member.
    Member(MemberId),
    /// An alert.
    Alert(AlertId),
    /// A label.
    Label(LabelId),
    /// Contacts became one, parted, or may be one.
    People,
    /// What is set for the workspace.
    Workspace,
    /// A loaded thread: between its messages stand others now.
    History(ConversationId),
}

/// Everything an open inbox knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inbox {
    seq: Seq,
    conversations: HashMap<ConversationId, ConversationView>,
    threads: HashMap<ConversationId, Thread>,
    accounts: HashMap<AccountId, Versioned<Option<AccountView>>>,
    members: HashMap<MemberId, MemberView>,
    alerts: HashMap<AlertId, AlertView>,
    labels: HashMap<LabelId, Versioned<Option<LabelView>>>,
    workspace: WorkspaceView,
    people: PeopleView,
    /// When conversations were merged into others, or removed. One that comes back later has a newer version.
    merged: HashMap<ConversationId, Seq>,
    /// When conversations lost messages to others: what is older is to be fetched, not applied.
    split: HashMap<ConversationId, Seq>,
    /// When all messages of conversations were taken away for good: what is older must not come back.
    cleared: HashMap<ConversationId, Seq>,
    /// Cursor of the next page of the list; `None` when all of it is loaded.
    pub more: Option<String>,
    /// Rows older than this are not shown while there is `more`: between them and it there would be a gap.
    floor: Option<(Timestamp, ConversationId)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Versioned<T> {
    version: Seq,
    value: T,
}

impl Inbox {
    /// From what the server rendered.
    #[must_use]
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let mut inbox = Self::default();
        inbox.resync(snapshot);
        inbox
    }

    /// Replaces everything by a fresh snapshot, but keeps messages that the server has not confirmed.
    pub fn resync(&mut self, snapshot: Snapshot) {
        let unconfirmed: Vec<MessageView> =
            self.threads.values().flat_map(Thread::known).filter(|m| m.version == Seq(0)).cloned().collect();
        *self = Self { seq: snapshot.seq, workspace: snapshot.workspace, ..Self::default() };
        for account in snapshot.accounts {
            self.accounts.insert(account.id, Versioned { version: account.version, value: Some(account) });
        }
        self.alerts.extend(snapshot.alerts.into_iter().map(|alert| (alert.id, alert)));
        for label in snapshot.labels {
            self.labels.insert(label.id, Versioned { version: label.version, value: Some(label) });
        }
        for member in snapshot.members {
            self.members.insert(member.id, member);
        }
        self.load_conversations(snapshot.conversations);
        if let Some(thread) = snapshot.thread {
            self.open(thread);
        }
        for message in unconfirmed {
            self.put_local(message);
        }
    }

    /// The last position that was applied; the stream continues after it.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// Adds a page of the list.
    pub fn load_conversations(&mut self, page: Page<ConversationView>) {
        for row in page.items {
            let key = (row.sort_at, row.id);
            self.floor = Some(self.floor.map_or(key, |f| f.min(key)));
            self.put_conversation(row);
        }
        self.more = page.next;
    }

    /// Makes room for a thread, so that events find it while its first page is on the way.
    pub fn prepare(&mut self, id: ConversationId) {
        self.threads.entry(id).or_default();
    }

    /// Shows the newest page of a thread, or the part around a message. What is loaded of it already stays as far as
    /// there is no gap between the two.
    pub fn open(&mut self, page: ThreadPage) {
        let id = page.conversation.id;
        self.put_conversation(page.conversation);
        let messages = self.without_cleared(id, page.messages);
        self.threads.entry(id).or_default().open(messages);
    }

    /// Shows a part of a thread in place of what is loaded of it: other messages may stand in between by now.
    pub fn reopen(&mut self, page: ThreadPage) {
        let id = page.conversation.id;
        self.put_conversation(page.conversation);
        let messages = self.without_cleared(id, page.messages);
        self.threads.entry(id).or_default().reopen(messages);
    }

    /// Adds the older or newer page of a thread that this cursor led to.
    pub fn extend(&mut self, id: ConversationId, cursor: &str, page: MessagePage) {
        let page = self.without_cleared(id, page);
        self.threads.entry(id).or_default().extend(cursor, page);
    }

    /// Forgets a thread's messages, e.g. when another was opened; unconfirmed ones stay.
    pub fn close(&mut self, id: ConversationId) {
        if let Some(thread) = self.threads.remove(&id) {
            for message in thread.into_known().filter(|m| m.version == Seq(0)) {
                self.put_local(message);
            }
        }
    }

    /// Shows a message that the server has not confirmed (`version` 0) at once.
    pub fn put_local(&mut self, message: MessageView) -> Change {
        let (conversation, id) = (message.conversation_id, message.id);
        match self.threads.entry(conversation).or_default().put(message) {
            Some(new) => Change::Message(conversation, id, new),
            None => Change::Nothing,
        }
    }

    /// Takes back a local message that the server refused, so that its text can return to the composer.
    pub fn remove_local(&mut self, conversation: ConversationId, id: MessageId) {
        if let Some(thread) = self.threads.get_mut(&conversation)
            && thread.get(id).is_some_and(|m| m.version == Seq(0))
        {
            thread.remove(id);
        }
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &Event) -> Change {
        self.seq = self.seq.max(event.seq);
        match &event.payload {
            Payload::Conversation(row) => {
                let id = row.id;
                if self.put_conversation((**row).clone()) {
                    Change::Conversation(id)
                } else {
                    Change::Nothing
                }
            }
            Payload::Message(message) => {
                let (conversation, id) = (message.conversation_id, message.id);
                let left =
                    |at: &HashMap<_, Seq>| at.get(&conversation).is_some_and(|at| message.version < *at);
                if left(&self.merged) || left(&self.split) || left(&self.cleared) {
                    return Change::Nothing;
                }
                let Some(thread) = self.threads.get_mut(&conversation) else { return Change::Nothing };
                match thread.put((**message).clone()) {
                    Some(new) => Change::Message(conversation, id, new),
                    None => Change::Nothing,
                }
            }
            Payload::ConversationMerged { from, into } => self.merge(*from, *into, event.seq),
            Payload::ConversationSplit { from, into } => self.split(*from, *into, event.seq),
            Payload::ConversationCleared { id } => self.clear(*id, event.seq),
            Payload::ConversationRemoved { id } => self.remove(*id, event.seq),
            Payload::People(people) => {
                if self.people.version >= people.version {
                    return Change::Nothing;
                }
                self.people = *people;
                Change::People
            }
            Payload::Account(account) => self.put_account(account.id, event.seq, Some((**account).clone())),
            Payload::AccountRemoved { id } => {
                let change = self.put_account(*id, event.seq, None);
                self.drop_account(*id, event.seq);
                change
            }
            Payload::Member(member) => {
                if self.members.get(&member.id).is_some_and(|old| old.version >= member.version) {
                    return Change::Nothing;
                }
                self.members.insert(member.id, (**member).clone());
                Change::Member(member.id)
            }
            Payload::Alert(alert) => {
                if self.alerts.get(&alert.id).is_some_and(|old| old.version >= alert.version) {
                    return Change::Nothing;
                }
                self.alerts.insert(alert.id, (**alert).clone());
                Change::Alert(alert.id)
            }
            Payload::Label(label) => self.put_label(label.id, label.version, Some((**label).clone())),
            Payload::LabelRemoved { id } => self.put_label(*id, event.seq, None),
            Payload::Workspace(workspace) => {
                if self.workspace.version >= workspace.version {
                    return Change::Nothing;
                }
                self.workspace = *workspace;
                Change::Workspace
            }
            Payload::History { id } if self.threads.contains_key(id) => Change::History(*id),
            Payload::History { .. } => Change::Nothing,
        }
    }

    fn merge(&mut self, from: ConversationId, into: ConversationId, seq: Seq) -> Change {
        let known = self.merged.entry(from).or_default();
        if *known >= seq {
            return Change::Nothing;
        }
        *known = seq;
        if self.conversations.get(&from).is_some_and(|row| row.version < seq) {
            self.conversations.remove(&from);
        }
        if let Some(thread) = self.threads.remove(&from) {
            // What is not confirmed yet will be, over there.
            for mut message in thread.into_known().filter(|m| m.version == Seq(0)) {
                message.conversation_id = into;
                self.put_local(message);
            }
        }
        Change::Merged(from, into)
    }

    fn split(&mut self, from: ConversationId, into: ConversationId, seq: Seq) -> Change {
        let known = self.split.entry(from).or_default();
        if *known >= seq {
            return Change::Nothing;
        }
        *known = seq;
        if let Some(thread) = self.threads.get_mut(&from) {
            let moved = |m: &MessageView| m.version > Seq(0) && m.version < seq;
            let gone: Vec<_> = thread.known().filter(|m| moved(m)).map(|m| m.id).collect();
            for id in gone {
                thread.remove(id);
            }
        }
        Change::Split(from, into)
    }

    fn remove(&mut self, id: ConversationId, seq: Seq) -> Change {
        let known = self.merged.entry(id).or_default();
        if *known >= seq {
            return Change::Nothing;
        }
        *known = seq;
        if self.conversations.get(&id).is_some_and(|row| row.version < seq) {
            self.conversations.remove(&id);
        }
        self.threads.remove(&id);
        Change::Removed(id)
    }

    fn clear(&mut self, id: ConversationId, seq: Seq) -> Change {
        let known = self.cleared.entry(id).or_default();
        if *known >= seq {
            return Change::Nothing;
        }
        *known = seq;
        if let Some(thread) = self.threads.get_mut(&id) {
            thread.clear(seq);
        }
        Change::Cleared(id)
    }

    /// A page may have been read before its conversation was cleared.
    fn without_cleared(&self, id: ConversationId, mut page: MessagePage) -> MessagePage {
        if let Some(at) = self.cleared.get(&id) {
            page.items.retain(|message| message.version >= *at);
        }
        page
    }

    fn put_conversation(&mut self, row: ConversationView) -> bool {
        if self.merged.get(&row.id).is_some_and(|at| row.version < *at) {
            return false;
        }
        // An account that is gone takes its conversations along, even if their last event comes late.
        let gone =
            self.accounts.get(&row.account_id).is_some_and(|a| a.value.is_none() && a.version > row.version);
        let old = self.conversations.get(&row.id).is_some_and(|old| old.version >= row.version);
        if gone || old {
            return false;
        }
        self.conversations.insert(row.id, row);
        true
    }

    fn put_account(&mut self, id: AccountId, version: Seq, value: Option<AccountView>) -> Change {
        let slot = self.accounts.entry(id).or_default();
        if slot.version >= version {
            return Change::Nothing;
        }
        *slot = Versioned { version, value };
        Change::Account(id)
    }

    fn put_label(&mut self, id: LabelId, version: Seq, value: Option<LabelView>) -> Change {
        let slot = self.labels.entry(id).or_default();
        if slot.version >= version {
            return Change::Nothing;
        }
        *slot = Versioned { version, value };
        Change::Label(id)
    }

    /// All labels by name.
    #[must_use]
    pub fn labels(&self) -> Vec<&LabelView> {
        let mut all: Vec<_> = self.labels.values().filter_map(|label| label.value.as_ref()).collect();
        all.sort_by_cached_key(|label| (label.name.to_lowercase(), label.id));
        all
    }

    fn drop_account(&mut self, id: AccountId, version: Seq) {
        let gone: Vec<ConversationId> = self
            .conversations
            .values()
            .filter(|c| c.account_id == id && c.version < version)
            .map(|c| c.id)
            .collect();
        for conversation in gone {
            self.conversations.remove(&conversation);
            self.threads.remove(&conversation);
        }
    }

    /// The alerts that are open, newest first. Those of an account that is gone are over.
    #[must_use]
    pub fn alerts(&self) -> Vec<&AlertView> {
        let mut open: Vec<_> = self.alerts.values().filter(|alert| self.is_open(alert)).collect();
        open.sort_by_key(|alert| std::cmp::Reverse((alert.raised_at, alert.id)));
        open
    }

    fn is_open(&self, alert: &AlertView) -> bool {
        let gone = self.accounts.get(&alert.account_id).is_some_and(|account| account.value.is_none());
        alert.closed_at.is_none() && !gone
    }

    /// What is set for the workspace.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceView {
        self.workspace
    }

    /// Who may be whom.
    #[must_use]
    pub const fn people(&self) -> PeopleView {
        self.people
    }

    /// The list as shown: newest first, nothing below the loaded part.
    #[must_use]
    pub fn list(&self) -> Vec<&ConversationView> {
        let floor = self.more.as_ref().and(self.floor);
        let mut rows: Vec<_> =
            self.conversations.values().filter(|c| floor.is_none_or(|f| (c.sort_at, c.id) >= f)).collect();
        rows.sort_unstable_by_key(|c| std::cmp::Reverse((c.sort_at, c.id)));
        rows
    }

    /// One row.
    #[must_use]
    pub fn conversation(&self, id: ConversationId) -> Option<&ConversationView> {
        self.conversations.get(&id)
    }

    /// What is loaded of a thread.
    #[must_use]
    pub fn thread(&self, id: ConversationId) -> Option<&Thread> {
        self.threads.get(&id)
    }

    /// One account.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&AccountView> {
        self.accounts.get(&id).and_then(|a| a.value.as_ref())
    }

    /// All accounts by name.
    #[must_use]
    pub fn accounts(&self) -> Vec<&AccountView> {
        let mut all: Vec<_> = self.accounts.values().filter_map(|a| a.value.as_ref()).collect();
        all.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        all
    }

    /// One member.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<&MemberView> {
        self.members.get(&id)
    }

    /// The newest message of a conversation as the list should show it: an unconfirmed one of ours comes first.
    #[must_use]
    pub fn last(&self, id: ConversationId) -> Option<LastMessage> {
        let confirmed = self.conversations.get(&id).and_then(|c| c.last.clone());
        let local = self.threads.get(&id).and_then(|t| t.known().rfind(|m| m.version == Seq(0)));
        match (local, confirmed) {
            (Some(m), c) if c.as_ref().is_none_or(|c| c.at <= m.at) => Some(LastMessage {
                id: m.id,
                preview: m.content.preview(),
                author: None,
                direction: m.direction,
                status: m.delivery.status,
                at: m.at,
            }),
            (_, c) => c,
        }
    }
}

#[cfg(test)]
mod tests;
