//! The inbox as signals: one per row and one per bubble, so that a status tick draws one bubble anew and
//! nothing else.

use std::collections::HashMap;

use balas_domain::{
    AccountId, AlertView, ConversationId, Event, LabelView, MemberId, MessageId, Payload, Seq,
    counts::{Counts, Tally},
    inbox::Snapshot,
    people::PeopleView,
    search::MessageHit,
    socket::Viewer,
    view::{AccountView, ConversationView, Held, HeldReason, MemberView, MessageView, Page, WorkspaceView},
};
use leptos::prelude::*;

use super::{
    layout::{self, Line, Place},
    model::{Model, News, Redraw},
};
use crate::{route::Filter, when::Zone};

mod stretch;

/// How far a list or thread has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Load {
    /// It is here.
    #[default]
    Ready,
    /// It is on the way.
    Loading,
    /// It did not come.
    Failed,
    /// There is no such thing.
    Missing,
}

/// Handles to everything the inbox shows.
#[derive(Clone, Copy)]
pub(crate) struct InboxStore {
    model: StoredValue<Model>,
    rows: StoredValue<HashMap<ConversationId, ArcRwSignal<ConversationView>>>,
    bubbles: StoredValue<HashMap<MessageId, ArcRwSignal<MessageView>>>,
    places: StoredValue<HashMap<MessageId, ArcRwSignal<Place>>>,
    zone: RwSignal<Zone>,
    unread_from: StoredValue<Option<MessageId>>,
    /// The list as shown.
    pub(crate) list: RwSignal<Vec<ConversationId>>,
    /// Whether the list is here.
    pub(crate) list_load: RwSignal<Load>,
    /// Whether the list goes on.
    pub(crate) list_more: RwSignal<bool>,
    /// Whether the next page of the list is here.
    pub(crate) more_load: RwSignal<Load>,
    /// The opened conversation.
    pub(crate) open: RwSignal<Option<ConversationId>>,
    /// The opened thread, line by line.
    pub(crate) lines: RwSignal<Vec<Line>>,
    /// Whether a message of the opened thread must wait, and with it those behind it.
    pub(crate) held_up: RwSignal<bool>,
    /// Whether it waits because its number may not send faster.
    pub(crate) too_fast: RwSignal<bool>,
    /// Whether the opened thread is here.
    pub(crate) thread_load: RwSignal<Load>,
    /// Whether the thread goes back further.
    pub(crate) thread_more: RwSignal<bool>,
    /// Whether the next older page is here.
    pub(crate) older_load: RwSignal<Load>,
    /// Whether the thread goes on further than what is shown of it.
    pub(crate) thread_later: RwSignal<bool>,
    /// Whether the next newer page is here.
    pub(crate) later_load: RwSignal<Load>,
    /// Whether a message of ours waits where the thread is not shown.
    pub(crate) hidden: RwSignal<bool>,
    /// All numbers by name.
    pub(crate) accounts: RwSignal<Vec<AccountView>>,
    /// The alerts that are open, newest first.
    pub(crate) alerts: RwSignal<Vec<AlertView>>,
    /// All members by name.
    pub(crate) members: RwSignal<Vec<MemberView>>,
    /// What is set for the workspace.
    pub(crate) workspace: RwSignal<WorkspaceView>,
    /// Who may be whom.
    pub(crate) people: RwSignal<PeopleView>,
    regrouped: StoredValue<Regrouped>,
    /// All labels by name.
    pub(crate) labels: RwSignal<Vec<LabelView>>,
    /// How much there is to do, over everything.
    pub(crate) counts: RwSignal<Counts>,
    /// Which colleagues look where.
    pub(crate) viewers: RwSignal<Vec<Viewer>>,
    /// A message that its thread shall bring into view once it is open.
    pub(crate) jump: RwSignal<Option<(ConversationId, MessageId)>>,
    /// The message that somebody is on the way to already, who then changed the address.
    pub(crate) aimed: StoredValue<Option<MessageId>>,
    /// Messages that a search has found; `None` while there is no search.
    pub(crate) hits: RwSignal<Option<Hits>>,
}

/// Conversations that became one, parted or got older messages, as far as nobody has followed yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Regrouped {
    /// Those that are gone, and where they go on.
    pub(crate) merged: Vec<(ConversationId, ConversationId)>,
    /// Threads whose messages must be fetched anew.
    pub(crate) reload: Vec<ConversationId>,
}

/// What a search in messages has found so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hits {
    /// What was searched for.
    pub(crate) filter: Filter,
    /// Newest first.
    pub(crate) found: Vec<MessageHit>,
    /// Cursor of the next page.
    pub(crate) next: Option<String>,
}

impl InboxStore {
    pub(crate) fn new(
        snapshot: Option<Snapshot>,
        filtered: Option<(Filter, Snapshot)>,
        (open, message): (Option<ConversationId>, Option<MessageId>),
        me: Option<MemberId>,
        zone: RwSignal<Zone>,
    ) -> Self {
        let counts = snapshot.as_ref().map(|snapshot| snapshot.counts.clone()).unwrap_or_default();
        let missing = open.is_some() && snapshot.as_ref().is_none_or(|s| s.thread.is_none());
        let mut model = snapshot.map(|snapshot| Model::from_snapshot(snapshot, me)).unwrap_or_default();
        if let Some((filter, found)) = filtered {
            model.set_filtered(filter, found);
        }
        let store = Self {
            model: StoredValue::new(model),
            rows: StoredValue::new(HashMap::new()),
            bubbles: StoredValue::new(HashMap::new()),
            places: StoredValue::new(HashMap::new()),
            zone,
            unread_from: StoredValue::new(None),
            list: RwSignal::new(Vec::new()),
            list_load: RwSignal::new(Load::Ready),
            list_more: RwSignal::new(false),
            more_load: RwSignal::new(Load::Ready),
            open: RwSignal::new(open),
            lines: RwSignal::new(Vec::new()),
            held_up: RwSignal::new(false),
            too_fast: RwSignal::new(false),
            thread_load: RwSignal::new(if missing { Load::Missing } else { Load::Ready }),
            thread_more: RwSignal::new(false),
            older_load: RwSignal::new(Load::Ready),
            thread_later: RwSignal::new(false),
            later_load: RwSignal::new(Load::Ready),
            hidden: RwSignal::new(false),
            accounts: RwSignal::new(Vec::new()),
            alerts: RwSignal::new(Vec::new()),
            members: RwSignal::new(Vec::new()),
            labels: RwSignal::new(Vec::new()),
            people: RwSignal::new(PeopleView::default()),
            regrouped: StoredValue::new(Regrouped::default()),
            counts: RwSignal::new(counts),
            viewers: RwSignal::new(Vec::new()),
            jump: RwSignal::new(open.zip(message)),
            aimed: StoredValue::new(None),
            hits: RwSignal::new(None),
            workspace: RwSignal::new(WorkspaceView::default()),
        };
        store.mark_unread_line();
        store.draw_everything();
        store
    }

    /// The opened conversation, without following it.
    pub(crate) fn open_id(self) -> Option<ConversationId> {
        self.open.get_untracked()
    }

    /// A row; the same signal for as long as the page lives.
    pub(crate) fn row(self, id: ConversationId) -> Option<ArcRwSignal<ConversationView>> {
        if let Some(signal) = self.rows.with_value(|rows| rows.get(&id).cloned()) {
            return Some(signal);
        }
        let row = self.model.with_value(|model| model.row(id))?;
        let signal = ArcRwSignal::new(row);
        self.rows.update_value(|rows| {
            rows.insert(id, signal.clone());
        });
        Some(signal)
    }

    /// Unread messages of all open conversations.
    pub(crate) fn unread(self) -> u32 {
        self.counts.with(|counts| counts.sum(|_| true, |tally| tally.messages))
    }

    /// What counts beside filters: open conversations of one kind, or those of them with unread messages.
    pub(crate) fn count(self, meant: impl Fn(&Tally) -> bool, what: impl Fn(&Tally) -> u32) -> u32 {
        self.counts.with(|counts| counts.sum(meant, what))
    }

    /// A message of the opened thread.
    pub(crate) fn bubble(self, id: MessageId) -> Option<ArcRwSignal<MessageView>> {
        if let Some(signal) = self.bubbles.with_value(|bubbles| bubbles.get(&id).cloned()) {
            return Some(signal);
        }
        let open = self.open_id()?;
        let message = self.model.with_value(|model| model.message(open, id).cloned())?;
        let signal = ArcRwSignal::new(message);
        self.bubbles.update_value(|bubbles| {
            bubbles.insert(id, signal.clone());
        });
        Some(signal)
    }

    /// Where a message of the opened thread stands among others of its author.
    pub(crate) fn place(self, id: MessageId, now: Place) -> ArcRwSignal<Place> {
        self.places
            .try_update_value(|places| places.entry(id).or_insert_with(|| ArcRwSignal::new(now)).clone())
            .unwrap_or_else(|| ArcRwSignal::new(now))
    }

    /// A number, following it.
    pub(crate) fn account(self, id: AccountId) -> Option<AccountView> {
        self.accounts.with(|accounts| accounts.iter().find(|account| account.id == id).cloned())
    }

    /// A member's name, following it.
    pub(crate) fn member_name(self, id: MemberId) -> Option<String> {
        self.members.with(|members| members.iter().find(|member| member.id == id).map(|m| m.name.clone()))
    }

    /// The newest message of the opened thread.
    pub(crate) fn newest(self) -> Option<MessageId> {
        let open = self.open_id()?;
        self.model.with_value(|model| model.messages(open).last().map(|message| message.id))
    }

    /// The position after which the stream continues.
    pub(crate) fn seq(self) -> Seq {
        self.model.with_value(Model::seq)
    }

    /// Which snapshot everything is based on.
    pub(crate) fn generation(self) -> u64 {
        self.model.with_value(Model::generation)
    }

    /// Applies what the stream brought; tells of new messages.
    pub(crate) fn apply(self, events: &[Event]) -> Vec<News> {
        let redraw = self.model.try_update_value(|model| model.apply(events)).unwrap_or_default();
        self.draw(redraw)
    }

    /// Applies an answer of the server.
    pub(crate) fn confirm(self, payload: Payload) {
        let redraw = self.model.try_update_value(|model| model.confirm(payload)).unwrap_or_default();
        self.draw(redraw);
    }

    /// Replaces everything by a fresh snapshot.
    pub(crate) fn resync(self, snapshot: Snapshot) {
        set_if_changed(self.counts, snapshot.counts.clone());
        self.model.try_update_value(|model| model.resync(snapshot));
        self.draw_everything();
    }

    /// Shows everything again.
    pub(crate) fn unfilter(self) {
        self.model.try_update_value(Model::unfilter);
        self.list_load.set(Load::Ready);
        self.draw_list();
    }

    /// Shows what the server found for a filter.
    pub(crate) fn set_filtered(self, filter: Filter, found: Snapshot) {
        self.model.try_update_value(|model| model.set_filtered(filter, found));
        self.list_load.set(Load::Ready);
        self.draw_list();
    }

    /// Cursor of the next page of the list.
    pub(crate) fn list_cursor(self) -> Option<String> {
        self.model.with_value(Model::more)
    }

    /// Adds the next page of the list.
    pub(crate) fn add_page(self, filter: &Filter, page: Page<ConversationView>) {
        self.model.try_update_value(|model| model.add_page(filter, page));
        self.draw_list();
    }

    /// Opens a conversation as far as it is here, at its end or at a message; tells whether its messages still have to
    /// be fetched.
    pub(crate) fn open(self, id: Option<ConversationId>, message: Option<MessageId>) -> bool {
        self.open.set(id);
        self.bubbles.update_value(HashMap::clear);
        self.places.update_value(HashMap::clear);
        self.older_load.set(Load::Ready);
        self.later_load.set(Load::Ready);
        let loaded = id.is_none_or(|id| {
            self.model
                .try_update_value(|model| {
                    let there = message.map_or_else(|| model.newer(id).is_none(), |m| model.shows(id, m));
                    let loaded = model.is_loaded(id) && there;
                    if !loaded {
                        model.prepare(id);
                    }
                    loaded
                })
                .unwrap_or(true)
        });
        self.unread_from.set_value(None);
        if loaded {
            self.mark_unread_line();
        }
        self.thread_load.set(if loaded { Load::Ready } else { Load::Loading });
        self.draw_thread();
        !loaded
    }

    /// Shows a message of ours at once.
    pub(crate) fn put_local(self, message: MessageView) {
        let (conversation, id) = (message.conversation_id, message.id);
        self.model.try_update_value(|model| model.put_local(message));
        self.draw_bubble(id);
        self.draw_row(conversation);
        if self.open_id() == Some(conversation) {
            self.draw_thread();
        }
    }

    /// Takes back a message of ours that the server refused.
    pub(crate) fn remove_local(self, conversation: ConversationId, id: MessageId) {
        self.model.try_update_value(|model| model.remove_local(conversation, id));
        self.draw_row(conversation);
        if self.open_id() == Some(conversation) {
            self.draw_thread();
        }
    }

    /// The zone has changed: days may begin elsewhere.
    pub(crate) fn zone_changed(self) {
        self.draw_thread();
    }

    /// The line above what is new stands where it stood when the thread was opened.
    fn mark_unread_line(self) {
        let Some(open) = self.open_id() else { return };
        let first = self.model.with_value(|model| {
            // Counted from the newest message, which must be here.
            let unread = model.row(open).filter(|_| model.newer(open).is_none()).map_or(0, |row| row.unread);
            layout::first_unread(&model.messages(open), unread)
        });
        self.unread_from.set_value(first);
    }

    /// What is to be followed now.
    pub(crate) fn take_regrouped(self) -> Regrouped {
        self.regrouped.try_update_value(std::mem::take).unwrap_or_default()
    }

    fn draw(self, redraw: Redraw) -> Vec<News> {
        self.regrouped.update_value(|regrouped| {
            regrouped.merged.extend(&redraw.merged);
            regrouped.reload.extend(&redraw.reload);
        });
        if redraw.people {
            set_if_changed(self.people, self.model.with_value(Model::people));
        }
        if redraw.everything {
            self.draw_everything();
            return redraw.news;
        }
        for id in &redraw.messages {
            self.draw_bubble(*id);
        }
        for id in &redraw.conversations {
            self.draw_row(*id);
        }
        if !redraw.messages.is_empty() {
            self.draw_thread();
        }
        if !redraw.conversations.is_empty() {
            self.draw_list();
        }
        if redraw.accounts {
            self.draw_accounts();
        }
        // An account that goes takes its alerts along.
        if redraw.alerts || redraw.accounts {
            set_if_changed(self.alerts, self.model.with_value(Model::alerts));
        }
        if redraw.labels {
            set_if_changed(self.labels, self.model.with_value(Model::labels));
        }
        if redraw.members {
            set_if_changed(self.members, self.model.with_value(Model::members));
        }
        if redraw.workspace {
            set_if_changed(self.workspace, self.model.with_value(Model::workspace));
        }
        redraw.news
    }

    fn draw_everything(self) {
        let known: Vec<ConversationId> = self.rows.with_value(|rows| rows.keys().copied().collect());
        for id in known {
            self.draw_row(id);
        }
        let known: Vec<MessageId> = self.bubbles.with_value(|bubbles| bubbles.keys().copied().collect());
        for id in known {
            self.draw_bubble(id);
        }
        self.draw_list();
        self.draw_thread();
        self.draw_accounts();
        set_if_changed(self.alerts, self.model.with_value(Model::alerts));
        set_if_changed(self.labels, self.model.with_value(Model::labels));
        set_if_changed(self.members, self.model.with_value(Model::members));
        set_if_changed(self.workspace, self.model.with_value(Model::workspace));
    }

    fn draw_list(self) {
        let list = self.model.try_update_value(Model::list).unwrap_or_default();
        set_if_changed(self.list, list);
        set_if_changed(self.list_more, self.list_cursor().is_some());
    }

    fn draw_thread(self) {
        let Some(open) = self.open_id() else {
            set_if_changed(self.lines, Vec::new());
            return;
        };
        let (lines, held) = self.zone.with_untracked(|zone| {
            self.model.with_value(|model| {
                let messages = model.messages(open);
                let held = messages.iter().find(|message| message.waits()).and_then(|message| message.held);
                let unread_from = self.unread_from.get_value();
                (layout::lines(&messages, |at| zone.day_number(at), unread_from), held)
            })
        });
        self.places.with_value(|places| {
            for line in &lines {
                if let Line::Message { id, place } = line
                    && let Some(signal) = places.get(id)
                    && signal.with_untracked(|old| old != place)
                {
                    signal.set(*place);
                }
            }
        });
        set_if_changed(self.lines, lines);
        set_if_changed(self.held_up, held.is_some());
        let slow = |held: Held| matches!(held.reason, HeldReason::Pace | HeldReason::Throttled);
        set_if_changed(self.too_fast, held.is_some_and(slow));
        set_if_changed(self.thread_more, self.thread_cursor().is_some());
        set_if_changed(self.thread_later, self.later_cursor().is_some());
        set_if_changed(self.hidden, self.model.with_value(|model| model.hides_unconfirmed(open)));
    }

    fn draw_accounts(self) {
        set_if_changed(self.accounts, self.model.with_value(Model::accounts));
    }

    fn draw_row(self, id: ConversationId) {
        let Some(signal) = self.rows.with_value(|rows| rows.get(&id).cloned()) else { return };
        if let Some(row) = self.model.with_value(|model| model.row(id))
            && signal.with_untracked(|old| *old != row)
        {
            signal.set(row);
        }
    }

    fn draw_bubble(self, id: MessageId) {
        let Some(signal) = self.bubbles.with_value(|bubbles| bubbles.get(&id).cloned()) else { return };
        let conversation = signal.with_untracked(|message| message.conversation_id);
        if let Some(message) = self.model.with_value(|model| model.message(conversation, id).cloned())
            && signal.with_untracked(|old| *old != message)
        {
            signal.set(message);
        }
    }
}

/// Telling a signal what it knows already would draw it anew.
fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.try_with_untracked(|old| *old != value).unwrap_or(false) {
        signal.set(value);
    }
}
