//! What the inbox shows, as a pure function of the reducer, the filter and what is open.

use std::collections::HashSet;

use balas_domain::{
    AlertView, ConversationId, Event, Inbox, LabelView, MemberId, MessageId, Payload, Seq, Timestamp,
    content::Preview,
    inbox::{Change, MessagePage, Snapshot, Thread, ThreadPage},
    people::PeopleView,
    view::{AccountView, ConversationView, Direction, MemberView, MessageView, Page, WorkspaceView},
};

use crate::route::Filter;

/// Loaded threads that are kept, so that going back is instant.
const KEPT_THREADS: usize = 12;

/// A new message of a customer, for sound and notification.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct News {
    /// Where.
    pub(crate) conversation: ConversationId,
    /// From whom.
    pub(crate) title: String,
    /// What, in one line.
    pub(crate) preview: Preview,
}

/// What must be drawn again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Redraw {
    /// Rows of the list.
    pub(crate) conversations: HashSet<ConversationId>,
    /// Messages of loaded threads.
    pub(crate) messages: HashSet<MessageId>,
    /// Accounts.
    pub(crate) accounts: bool,
    /// Members.
    pub(crate) members: bool,
    pub(crate) alerts: bool,
    pub(crate) labels: bool,
    /// What is set for the workspace.
    pub(crate) workspace: bool,
    /// Contacts became one, parted, or may be one.
    pub(crate) people: bool,
    /// Conversations that are gone, and where they go on.
    pub(crate) merged: Vec<(ConversationId, ConversationId)>,
    /// Threads whose messages must be fetched anew.
    pub(crate) reload: HashSet<ConversationId>,
    /// All of it.
    pub(crate) everything: bool,
    /// Customers' new messages.
    pub(crate) news: Vec<News>,
}

/// The reducer and what a screen adds to it.
#[derive(Debug, Default)]
pub(crate) struct Model {
    inbox: Inbox,
    /// The list behind the filter. A second reducer, so that paging and gaps work as in the first.
    filtered: Option<(Filter, Inbox)>,
    /// Rows that matched when they were first shown: reading a message must not make its row vanish under the
    /// pointer.
    sticky: HashSet<ConversationId>,
    /// Threads of which a part is here, most recently opened last.
    loaded: Vec<ConversationId>,
    members: Vec<MemberId>,
    /// Who looks at the page.
    me: Option<MemberId>,
    /// Counts snapshots: answers to questions of an earlier one are thrown away.
    generation: u64,
}

impl Model {
    pub(crate) fn from_snapshot(snapshot: Snapshot, me: Option<MemberId>) -> Self {
        let mut model = Self { me, ..Self::default() };
        model.resync(snapshot);
        model
    }

    /// Replaces everything by a fresh snapshot. Unconfirmed messages stay.
    pub(crate) fn resync(&mut self, snapshot: Snapshot) {
        self.generation += 1;
        self.members = snapshot.members.iter().map(|member| member.id).collect();
        self.loaded = snapshot.thread.iter().map(|thread| thread.conversation.id).collect();
        self.filtered = None;
        self.inbox.resync(snapshot);
    }

    /// Which snapshot this is based on.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The stream continues after this position.
    pub(crate) fn seq(&self) -> Seq {
        self.inbox.seq()
    }

    /// Applies what the stream brought.
    pub(crate) fn apply(&mut self, events: &[Event]) -> Redraw {
        let mut redraw = Redraw::default();
        for event in events {
            if event.seq <= self.inbox.seq() {
                continue;
            }
            self.apply_one(event, &mut redraw);
        }
        redraw
    }

    /// Applies an answer of the server. Its position in the log may lie ahead of the stream's, which must not
    /// skip what lies between; so it is applied as from position 0 and the version inside decides.
    pub(crate) fn confirm(&mut self, payload: Payload) -> Redraw {
        let mut redraw = Redraw::default();
        self.apply_one(&Event { seq: Seq(0), at: Timestamp(0), payload }, &mut redraw);
        redraw
    }

    fn apply_one(&mut self, event: &Event, redraw: &mut Redraw) {
        if let Payload::Conversation(row) = &event.payload {
            redraw.news.extend(self.news(row));
        }
        if let Payload::AccountRemoved { .. } = &event.payload {
            redraw.everything = true;
        }
        if let Payload::Member(member) = &event.payload
            && !self.members.contains(&member.id)
        {
            self.members.push(member.id);
        }
        if let Some((_, filtered)) = &mut self.filtered {
            filtered.apply(event);
        }
        match self.inbox.apply(event) {
            Change::Nothing => {}
            Change::Conversation(id) => {
                redraw.conversations.insert(id);
            }
            Change::Message(conversation, id, _) => {
                redraw.conversations.insert(conversation);
                redraw.messages.insert(id);
            }
            Change::Account(_) => redraw.accounts = true,
            Change::Alert(_) => redraw.alerts = true,
            Change::Member(_) => redraw.members = true,
            Change::Label(_) => redraw.labels = true,
            Change::Workspace => redraw.workspace = true,
            Change::History(id) => self.reload(&[id], redraw),
            Change::People => redraw.people = true,
            Change::Merged(from, into) => {
                redraw.everything = true;
                redraw.merged.push((from, into));
                self.reload(&[from, into], redraw);
            }
            Change::Cleared(id) | Change::Removed(id) => {
                redraw.everything = true;
                self.reload(&[id], redraw);
            }
            Change::Split(from, into) => {
                redraw.everything = true;
                self.reload(&[from, into], redraw);
            }
        }
    }

    /// What is loaded of these threads is no longer all there is.
    fn reload(&mut self, ids: &[ConversationId], redraw: &mut Redraw) {
        self.loaded.retain(|loaded| !ids.contains(loaded));
        redraw.reload.extend(ids);
    }

    /// A row whose unread count has grown tells of a new message.
    fn news(&self, row: &ConversationView) -> Option<News> {
        let before = self.inbox.conversation(row.id);
        if before.is_some_and(|old| old.version >= row.version || old.unread >= row.unread) || row.unread == 0
        {
            return None;
        }
        let last = row.last.as_ref().filter(|last| last.direction == Direction::In)?;
        Some(News { conversation: row.id, title: row.title.clone(), preview: last.preview.clone() })
    }

    /// The list as shown.
    pub(crate) fn list(&mut self) -> Vec<ConversationId> {
        let Some((filter, filtered)) = &self.filtered else {
            let everything = Filter::default();
            let rows = self.inbox.list().into_iter().filter(|row| everything.admits(row, self.me));
            return rows.map(|row| row.id).collect();
        };
        let mut shown = Vec::new();
        for row in filtered.list() {
            if filter.admits(row, self.me) && (filter.finds(row) || self.sticky.contains(&row.id)) {
                shown.push(row.id);
            }
        }
        self.sticky.extend(&shown);
        shown
    }

    /// Cursor of the next page of the list as shown.
    pub(crate) fn more(&self) -> Option<String> {
        self.filtered.as_ref().map_or(&self.inbox, |(_, filtered)| filtered).more.clone()
    }

    /// What the list is filtered by.
    #[cfg(test)]
    pub(crate) fn filter(&self) -> Filter {
        self.filtered.as_ref().map(|(filter, _)| filter.clone()).unwrap_or_default()
    }

    /// Shows everything again.
    pub(crate) fn unfilter(&mut self) {
        self.filtered = None;
        self.sticky.clear();
    }

    /// Shows what the server found for a filter.
    pub(crate) fn set_filtered(&mut self, filter: Filter, found: Snapshot) {
        // The server knows why these match (a word deep in a message), so they count as matching.
        self.sticky = found.conversations.items.iter().map(|row| row.id).collect();
        let mut filtered = Inbox::from_snapshot(found);
        // The stream may be ahead of this answer: what it brought meanwhile is in the unfiltered list.
        for row in self.inbox.list() {
            let payload = Payload::Conversation(Box::new(row.clone()));
            filtered.apply(&Event { seq: Seq(0), at: Timestamp(0), payload });
        }
        self.filtered = Some((filter, filtered));
    }

    /// Adds the next page of the list as shown.
    pub(crate) fn add_page(&mut self, filter: &Filter, page: Page<ConversationView>) {
        match &mut self.filtered {
            Some((current, filtered)) if current == filter => {
                self.sticky.extend(page.items.iter().map(|row| row.id));
                filtered.load_conversations(page);
            }
            None if filter.is_empty() => self.inbox.load_conversations(page),
            // The filter has changed since: nobody asks for this page any more.
            _ => {}
        }
    }

    /// A row as shown: with an unconfirmed message of ours as the newest.
    pub(crate) fn row(&self, id: ConversationId) -> Option<ConversationView> {
        let base = self.inbox.conversation(id);
        let filtered = self.filtered.as_ref().and_then(|(_, filtered)| filtered.conversation(id));
        let newer = match (base, filtered) {
            (Some(a), Some(b)) => Some(if a.version >= b.version { a } else { b }),
            (a, b) => a.or(b),
        };
        let mut row = newer?.clone();
        row.last = if base.is_some() { self.inbox.last(id) } else { row.last };
        Some(row)
    }

    /// Makes room for a thread, so that events find it while its first page is on the way.
    pub(crate) fn prepare(&mut self, id: ConversationId) {
        self.inbox.prepare(id);
    }

    /// Whether a part of the thread is here. Marks it as used.
    pub(crate) fn is_loaded(&mut self, id: ConversationId) -> bool {
        let Some(at) = self.loaded.iter().position(|loaded| *loaded == id) else { return false };
        self.loaded.remove(at);
        self.loaded.push(id);
        true
    }

    /// The newest page of a thread is here, or the part around a message.
    pub(crate) fn open(&mut self, page: ThreadPage) {
        let id = page.conversation.id;
        self.inbox.open(page);
        self.keep(id);
    }

    /// A part of a thread is here that takes the place of what was loaded.
    pub(crate) fn reopen(&mut self, page: ThreadPage) {
        let id = page.conversation.id;
        self.inbox.reopen(page);
        self.keep(id);
    }

    fn keep(&mut self, id: ConversationId) {
        if !self.is_loaded(id) {
            self.loaded.push(id);
        }
        if self.loaded.len() > KEPT_THREADS {
            let oldest = self.loaded.remove(0);
            self.inbox.close(oldest);
        }
    }

    /// The older or newer page of a thread that a cursor led to is here.
    pub(crate) fn extend(&mut self, id: ConversationId, cursor: &str, page: MessagePage) {
        self.inbox.extend(id, cursor, page);
    }

    /// Cursor of the next older page of a thread.
    pub(crate) fn older(&self, id: ConversationId) -> Option<String> {
        self.inbox.thread(id)?.older.clone()
    }

    /// Cursor of the next newer page of a thread.
    pub(crate) fn newer(&self, id: ConversationId) -> Option<String> {
        self.inbox.thread(id)?.newer.clone()
    }

    /// Whether a message of a thread is shown.
    pub(crate) fn shows(&self, id: ConversationId, message: MessageId) -> bool {
        self.inbox.thread(id).is_some_and(|thread| thread.shows(message))
    }

    /// Whether a message of ours waits where the thread is not shown.
    pub(crate) fn hides_unconfirmed(&self, id: ConversationId) -> bool {
        self.inbox.thread(id).is_some_and(Thread::hides_unconfirmed)
    }

    /// The messages of a thread, oldest first.
    pub(crate) fn messages(&self, id: ConversationId) -> Vec<&MessageView> {
        self.inbox.thread(id).map(|thread| thread.messages().collect()).unwrap_or_default()
    }

    /// One message of a thread.
    pub(crate) fn message(&self, conversation: ConversationId, id: MessageId) -> Option<&MessageView> {
        self.inbox.thread(conversation)?.get(id)
    }

    /// Shows a message of ours at once.
    pub(crate) fn put_local(&mut self, message: MessageView) {
        self.inbox.put_local(message);
    }

    /// Takes back a message of ours that the server refused.
    pub(crate) fn remove_local(&mut self, conversation: ConversationId, id: MessageId) {
        self.inbox.remove_local(conversation, id);
    }

    /// All accounts by name.
    pub(crate) fn accounts(&self) -> Vec<AccountView> {
        self.inbox.accounts().into_iter().cloned().collect()
    }

    /// The alerts that are open, newest first.
    pub(crate) fn alerts(&self) -> Vec<AlertView> {
        self.inbox.alerts().into_iter().cloned().collect()
    }

    /// What is set for the workspace.
    pub(crate) fn workspace(&self) -> WorkspaceView {
        self.inbox.workspace()
    }

    /// Who may be whom.
    pub(crate) fn people(&self) -> PeopleView {
        self.inbox.people()
    }

    /// All members by name, the deactivated ones last.
    pub(crate) fn members(&self) -> Vec<MemberView> {
        let mut all: Vec<MemberView> =
            self.members.iter().filter_map(|id| self.inbox.member(*id)).cloned().collect();
        all.sort_by(|a, b| (!a.active, &a.name, a.id).cmp(&(!b.active, &b.name, b.id)));
        all
    }

    /// All labels by name.
    pub(crate) fn labels(&self) -> Vec<LabelView> {
        self.inbox.labels().into_iter().cloned().collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
