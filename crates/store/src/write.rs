//! The one way to change what screens see.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use balas_domain::{
    AccountId, AlertId, ContactId, ConversationId, Event, LabelId, MemberId, MessageId, Payload, Seq,
    Timestamp, WorkspaceId,
};
use uuid::Uuid;

use crate::{
    Result, StoreError, Tx, accounts, alerts, contacts, conversations, dialect, labels, members, messages,
    pending, people, workspaces,
};

/// A transaction that owns a workspace's log. Changes are told by touching what they change; `commit` reads
/// the new state of everything touched and appends it to the log.
#[derive(Debug)]
pub struct Write {
    tx: Tx,
    ws: WorkspaceId,
    now: Timestamp,
    /// Position of the last event before this transaction.
    base: Seq,
    messages: Touched<MessageId>,
    conversations: Touched<ConversationId>,
    accounts: Touched<AccountId>,
    members: Touched<MemberId>,
    alerts: Touched<AlertId>,
    labels: Touched<LabelId>,
    removed: Touched<AccountId>,
    removed_labels: Touched<LabelId>,
    history: Touched<ConversationId>,
    /// Conversations that became one, parted or were cleared, in the order in which they did.
    regrouped: Vec<Payload>,
    people: bool,
    workspace: bool,
    ahead: pending::Ahead,
    /// Conversations by account and address, as they were found at the beginning.
    places: HashMap<(AccountId, String), Place>,
    /// Contacts by identity, likewise.
    contacts: HashMap<contacts::Key, contacts::Found>,
    jobs: bool,
}

/// A conversation and its contact.
type Place = (ConversationId, Option<ContactId>);

/// What a commit wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// Position of the workspace's last event.
    pub seq: Seq,
    /// What was appended; empty if nothing was touched.
    pub events: Vec<Event>,
}

/// Ids in the order of their first touch.
#[derive(Debug)]
struct Touched<T> {
    order: Vec<T>,
    seen: HashSet<T>,
}

impl<T: Copy + Eq + Hash> Touched<T> {
    fn new() -> Self {
        Self { order: Vec::new(), seen: HashSet::new() }
    }

    fn add(&mut self, id: T) {
        if self.seen.insert(id) {
            self.order.push(id);
        }
    }
}

impl Write {
    pub(crate) async fn begin(mut tx: Tx, ws: WorkspaceId, now: Timestamp) -> Result<Self> {
        // Writing to the row locks it on PostgreSQL. (SQLite has one writer anyway.)
        let (base,) =
            row!(&mut tx, (Seq,), "UPDATE workspaces SET seq = seq WHERE id = $1 RETURNING seq", ws)?
                .ok_or(StoreError::NotFound)?;
        Ok(Self {
            tx,
            ws,
            now,
            base,
            messages: Touched::new(),
            conversations: Touched::new(),
            accounts: Touched::new(),
            members: Touched::new(),
            alerts: Touched::new(),
            labels: Touched::new(),
            removed: Touched::new(),
            removed_labels: Touched::new(),
            history: Touched::new(),
            regrouped: Vec::new(),
            people: false,
            workspace: false,
            ahead: pending::Ahead::default(),
            places: HashMap::new(),
            contacts: HashMap::new(),
            jobs: false,
        })
    }

    /// The transaction, for reads and for writes that nobody's screen shows.
    pub const fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// A conversation that was found at this address.
    pub(crate) fn know_place(&mut self, account: AccountId, address: String, place: Place) {
        self.places.insert((account, address), place);
    }

    /// The conversation at this address, if it was looked for and nobody has become one with another since.
    pub(crate) fn known_place(&self, account: AccountId, address: &str) -> Option<Place> {
        if self.people || !self.regrouped.is_empty() || self.places.is_empty() {
            return None;
        }
        self.places.get(&(account, address.to_owned())).copied()
    }

    /// A contact that was found by this identity.
    pub(crate) fn know_contact(&mut self, key: contacts::Key, contact: contacts::Found) {
        self.contacts.insert(key, contact);
    }

    /// The contact with this identity, if it was looked for and neither it nor who is who has changed since.
    pub(crate) fn known_contact(&self, key: &contacts::Key) -> Option<contacts::Found> {
        if self.people { None } else { self.contacts.get(key).cloned() }
    }

    /// What was found of this contact is true no more.
    pub(crate) fn contact_changed(&mut self, id: ContactId) {
        self.contacts.retain(|_, contact| contact.id != id);
    }

    /// What is known of what is parked.
    pub(crate) const fn ahead(&mut self) -> &mut pending::Ahead {
        &mut self.ahead
    }

    /// Whose log it is.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.ws
    }

    /// Position of the last event before it.
    pub(crate) const fn base(&self) -> Seq {
        self.base
    }

    /// The time of everything in it.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// This message is new or changed.
    pub fn touch_message(&mut self, id: MessageId) {
        self.messages.add(id);
    }

    /// This conversation is new or changed.
    pub fn touch_conversation(&mut self, id: ConversationId) {
        self.conversations.add(id);
    }

    /// This account is new or changed.
    pub fn touch_account(&mut self, id: AccountId) {
        self.accounts.add(id);
    }

    /// This member is new or changed.
    pub fn touch_member(&mut self, id: MemberId) {
        self.members.add(id);
    }

    /// This alert is new or changed.
    pub fn touch_alert(&mut self, id: AlertId) {
        self.alerts.add(id);
    }

    /// This label is new or changed.
    pub fn touch_label(&mut self, id: LabelId) {
        self.labels.add(id);
    }

    /// This label is gone.
    pub fn label_removed(&mut self, id: LabelId) {
        self.removed_labels.add(id);
    }

    /// This account and all that belonged to it is gone.
    pub fn account_removed(&mut self, id: AccountId) {
        self.removed.add(id);
    }

    /// Messages from before came into this conversation.
    pub fn history_came(&mut self, id: ConversationId) {
        self.history.add(id);
    }

    /// What stood in the first one stands in the second.
    pub(crate) fn conversation_merged(&mut self, from: ConversationId, into: ConversationId) {
        self.regrouped.push(Payload::ConversationMerged { from, into });
    }

    /// Some of what stood in the first one stands in the second.
    pub(crate) fn conversation_split(&mut self, from: ConversationId, into: ConversationId) {
        self.regrouped.push(Payload::ConversationSplit { from, into });
    }

    /// All that was said in it is gone.
    pub(crate) fn conversation_cleared(&mut self, id: ConversationId) {
        self.regrouped.push(Payload::ConversationCleared { id });
    }

    /// It is gone, with all that was said in it.
    pub(crate) fn conversation_removed(&mut self, id: ConversationId) {
        self.regrouped.push(Payload::ConversationRemoved { id });
    }

    /// Contacts became one, parted, or may be one.
    pub(crate) fn touch_people(&mut self) {
        self.people = true;
    }

    /// Whether contacts became one, or may be one, by what happened so far.
    #[must_use]
    pub const fn people_changed(&self) -> bool {
        self.people
    }

    /// What is set for the workspace is changed.
    pub fn touch_workspace(&mut self) {
        self.workspace = true;
    }

    /// A job was enqueued that can be run as soon as this is committed.
    pub const fn job_waits(&mut self) {
        self.jobs = true;
    }

    /// Whether a job waits for the commit.
    #[must_use]
    pub const fn has_jobs(&self) -> bool {
        self.jobs
    }

    /// The position that a message touched next will most likely get. `commit` mends what turns out
    /// otherwise, so this only spares it the work: messages come first in the log, in the order of their
    /// touch.
    pub(crate) fn likely_seq(&self) -> Seq {
        Seq(self.base.0 + 1 + self.messages.order.len() as i64)
    }

    /// Appends the new state of everything touched to the log, in the order below, and makes all of it durable. What
    /// was touched and is gone by now is left out.
    pub async fn commit(mut self) -> Result<Committed> {
        let (ws, tx) = (self.ws, &mut self.tx);
        let mut log = Log { seq: self.base, at: self.now, events: Vec::new() };

        let views = messages::views(ws, tx, &self.messages.order).await?;
        let stale = log.append(views, |v| (v.id.0, v.version), |v| Payload::Message(Box::new(v)));
        stale.stamp(ws, tx, Table::Messages).await?;

        // Before the rows, which are newer for it.
        for payload in self.regrouped {
            log.push(payload);
        }

        let views = conversations::views(ws, tx, &self.conversations.order).await?;
        let stale = log.append(views, |v| (v.id.0, v.version), |v| Payload::Conversation(Box::new(v)));
        stale.stamp(ws, tx, Table::Conversations).await?;

        let mut views = Vec::new();
        for id in &self.accounts.order {
            views.extend(accounts::view(ws, tx, *id).await?);
        }
        let stale = log.append(views, |v| (v.id.0, v.version), |v| Payload::Account(Box::new(v)));
        stale.stamp(ws, tx, Table::Accounts).await?;

        for id in self.removed.order {
            log.push(Payload::AccountRemoved { id });
        }

        let mut views = Vec::new();
        for id in &self.members.order {
            views.extend(members::get(ws, tx, *id).await?);
        }
        let stale = log.append(views, |v| (v.id.0, v.version), |v| Payload::Member(Box::new(v)));
        stale.stamp(ws, tx, Table::Members).await?;

        let mut views = Vec::new();
        for id in &self.alerts.order {
            views.extend(alerts::view(ws, tx, *id).await?);
        }
        let stale = log.append(views, |v| (v.id.0, v.version), |v| Payload::Alert(Box::new(v)));
        stale.stamp(ws, tx, Table::Alerts).await?;

        let mut views = Vec::new();
        for id in &self.labels.order {
            views.extend(labels::get(ws, tx, *id).await?);
        }
        let stale = log.append(views, |v| (v.id.0, v.version), |v| Payload::Label(Box::new(v)));
        stale.stamp(ws, tx, Table::Labels).await?;

        for id in self.removed_labels.order {
            log.push(Payload::LabelRemoved { id });
        }
        for id in self.history.order {
            log.push(Payload::History { id });
        }
        if self.people {
            log.push(Payload::People(people::state(ws, tx, log.seq.next()).await?));
        }
        if self.workspace {
            // Whoever reads it later reads it as of the log's last position.
            log.push(Payload::Workspace(workspaces::view(ws, tx, log.seq.next()).await?));
        }

        if !log.events.is_empty() {
            dialect::append_events(ws, tx, self.now, &log.events).await?;
            execute!(tx, "UPDATE workspaces SET seq = $2 WHERE id = $1", ws, log.seq)?;
        }
        self.tx.commit().await?;
        Ok(Committed { seq: log.seq, events: log.events })
    }
}

/// The events of one commit as they come to be.
struct Log {
    seq: Seq,
    at: Timestamp,
    events: Vec<Event>,
}

impl Log {
    fn push(&mut self, mut payload: Payload) {
        self.seq = self.seq.next();
        payload.stamp(self.seq);
        self.events.push(Event { seq: self.seq, at: self.at, payload });
    }

    /// Appends the views; tells whose rows do not bear the position yet.
    fn append<V>(
        &mut self,
        views: Vec<V>,
        key: impl Fn(&V) -> (Uuid, Seq),
        wrap: impl Fn(V) -> Payload,
    ) -> Stale {
        let mut stale = Stale { first: self.seq.next(), ids: Vec::with_capacity(views.len()), any: false };
        for view in views {
            let (id, version) = key(&view);
            stale.ids.push(id);
            self.push(wrap(view));
            stale.any |= version != self.seq;
        }
        stale
    }
}

/// Rows whose `version` has to become the position of their event.
struct Stale {
    first: Seq,
    ids: Vec<Uuid>,
    any: bool,
}

enum Table {
    Messages,
    Conversations,
    Accounts,
    Members,
    Alerts,
    Labels,
}

/// The positions follow each other, so the place in the list of ids tells the position. (The `+` keeps SQLite
/// from going through the workspace's rows instead of the ids.)
macro_rules! stamp_sql {
    ($tx:expr, $table:literal) => {
        $tx.pick(
            concat!(
                "UPDATE ",
                $table,
                " SET version = $3 + j.key FROM json_each($2) AS j ",
                "WHERE +workspace_id = $1 AND ",
                $table,
                ".id = unhex(j.value)"
            ),
            concat!(
                "UPDATE ",
                $table,
                " SET version = $3 + j.n - 1 ",
                "FROM unnest($2::uuid[]) WITH ORDINALITY AS j (id, n) ",
                "WHERE workspace_id = $1 AND ",
                $table,
                ".id = j.id"
            ),
        )
    };
}

impl Stale {
    async fn stamp(self, ws: WorkspaceId, tx: &mut Tx, table: Table) -> Result<()> {
        if !self.any {
            return Ok(());
        }
        let sql = match table {
            Table::Messages => stamp_sql!(tx, "messages"),
            Table::Conversations => stamp_sql!(tx, "conversations"),
            Table::Accounts => stamp_sql!(tx, "accounts"),
            Table::Members => stamp_sql!(tx, "members"),
            Table::Alerts => stamp_sql!(tx, "alerts"),
            Table::Labels => stamp_sql!(tx, "labels"),
        };
        execute!(tx, sql, ws, dialect::Ids::of(self.ids.iter().copied()), self.first)?;
        Ok(())
    }
}
