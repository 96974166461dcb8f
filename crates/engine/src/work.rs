//! What a team makes of conversations: who looks after them, what is done, what is put off, what colleagues should know.

use balas_domain::{
    ConversationId, Delivery, LabelId, LabelView, MemberId, MessageId, MessageStatus, Permission, Timestamp,
    WorkState, WorkspaceId,
    query::NewText,
    view::{ConversationView, Direction, MessageView},
    work::{Activity, LabelForm, MAX_LABELS, WorkChange},
};
use balas_store::{
    StoreError, Tx, Write, conversations, jobs, labels, members,
    messages::{self, Inserted, NewMessage, Source},
    work,
};
use serde::{Deserialize, Serialize};

use crate::{
    Engine, access::Actor, composed::written, error::EngineError, jobs::Done, open_work::count, reading,
};

/// Wakes a conversation that was put off.
#[derive(Debug, Serialize, Deserialize)]
struct WakeJob {
    conversation_id: ConversationId,
}

impl Engine {
    /// Does something with a conversation, and lets its thread tell of it. Doing what is done already changes nothing.
    ///
    /// # Errors
    /// When the actor may not, or there is no such conversation, member or label, or the time to come back has passed.
    pub async fn change_work(
        &self,
        actor: &Actor,
        id: ConversationId,
        change: WorkChange,
    ) -> Result<ConversationView, EngineError> {
        actor.require(Permission::Reply)?;
        let (ws, now) = (actor.workspace, self.clock.now());
        let mut write = self.store.write(ws, now).await?;
        let row = reading::conversation(actor, write.tx(), id).await?;
        let id = row.id;
        let activity = match change {
            WorkChange::Assign { to } => {
                let name = match to {
                    None => None,
                    Some(member) => Some(colleague(ws, write.tx(), member).await?),
                };
                work::assign(&mut write, id, to).await?.then_some(Activity::Assigned { to: name, member: to })
            }
            WorkChange::Resolve => {
                let changed = work::set_state(&mut write, id, WorkState::Resolved, None).await?;
                changed.then_some(Activity::Resolved)
            }
            WorkChange::Reopen => {
                let changed = work::set_state(&mut write, id, WorkState::Open, None).await?;
                changed.then_some(Activity::Reopened)
            }
            WorkChange::Snooze { until } => {
                if until <= now {
                    return Err(EngineError::Refused("this moment has passed; choose a later one"));
                }
                let changed = work::set_state(&mut write, id, WorkState::Snoozed, Some(until)).await?;
                if changed {
                    self.wake_at(&mut write, id, until).await?;
                }
                changed.then_some(Activity::Snoozed { until })
            }
            WorkChange::Label { label, on } => {
                labels::put(&mut write, id, label, on).await.map_err(|error| match error {
                    StoreError::NotFound => EngineError::NotFound { what: "label" },
                    other => other.into(),
                })?;
                None
            }
        };
        if let Some(activity) = activity {
            let message = MessageId::new(self.moments.next(now), &*self.random);
            let content = balas_domain::Content::Activity { activity };
            self.insert_internal(&mut write, actor, &row, message, content).await?;
        }
        self.publish(write).await?;
        if matches!(change, WorkChange::Snooze { .. }) {
            self.jobs.wake();
        }
        self.conversation(actor, id).await
    }

    /// Writes something into a thread that only colleagues see. The same id again gives the same note.
    ///
    /// # Errors
    /// When the actor may not, the text is empty or too long, there is no such conversation, or the id stands for
    /// another message.
    pub async fn add_note(
        &self,
        actor: &Actor,
        id: ConversationId,
        new: &NewText,
    ) -> Result<MessageView, EngineError> {
        actor.require(Permission::Reply)?;
        let text = written(&new.text)?;
        let taken = || EngineError::Conflict { what: "message id".to_owned() };
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        let row = reading::conversation(actor, write.tx(), id).await?;
        let id = row.id;
        if let Some(old) = messages::get(actor.workspace, write.tx(), new.id).await? {
            let same =
                old.view.conversation_id == id && matches!(old.content, balas_domain::Content::Note { .. });
            return if same { Ok(old.view) } else { Err(taken()) };
        }
        let content = balas_domain::Content::Note { text };
        match self.insert_internal(&mut write, actor, &row, new.id, content).await {
            Ok(_) => {}
            Err(StoreError::Unique { .. }) => return Err(taken()),
            Err(error) => return Err(error.into()),
        }
        self.publish(write).await?;
        self.message(actor, new.id).await
    }

    async fn insert_internal(
        &self,
        write: &mut Write,
        actor: &Actor,
        conversation: &ConversationView,
        id: MessageId,
        content: balas_domain::Content,
    ) -> Result<Inserted, StoreError> {
        let new = NewMessage {
            id,
            conversation_id: conversation.id,
            account_id: conversation.account_id,
            provider_id: None,
            direction: Direction::Internal,
            author: actor.author_ref(),
            content,
            delivery: Delivery { attempt: 1, status: MessageStatus::Sent },
            quote_provider_id: None,
            quote_message_id: None,
            at: write.now(),
            counts_unread: false,
            source: Source::Live,
            origin: None,
        };
        messages::insert(write, &new).await
    }

    async fn wake_at(
        &self,
        write: &mut Write,
        id: ConversationId,
        until: Timestamp,
    ) -> Result<(), EngineError> {
        let job = self.job(write.now(), "wake", &WakeJob { conversation_id: id })?;
        let job = jobs::NewJob { run_at: until, ..job };
        jobs::enqueue(write.workspace(), write.tx(), &job).await?;
        Ok(())
    }

    /// The time has come. If it was put off further meanwhile, another job will come.
    pub(crate) async fn run_wake(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(WakeJob { conversation_id }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(Done::Bury("the job cannot be read".to_owned()));
        };
        let now = self.clock.now();
        let mut write = self.store.write(job.workspace_id, now).await?;
        let row = conversations::current(job.workspace_id, write.tx(), conversation_id).await?;
        if let Some(row) = row.filter(|row| row.work.snoozed_until.is_some_and(|until| until <= now)) {
            work::set_state(&mut write, row.id, WorkState::Open, None).await?;
            let actor = Actor::system(job.workspace_id);
            let message = MessageId::new(self.moments.next(now), &*self.random);
            let content = balas_domain::Content::Activity { activity: Activity::Reopened };
            self.insert_internal(&mut write, &actor, &row, message, content).await?;
        }
        jobs::finish(write.tx(), job.id).await?;
        self.publish(write).await?;
        Ok(Done::Finished)
    }

    /// All labels of the workspace by name.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn labels(&self, actor: &Actor) -> Result<Vec<LabelView>, EngineError> {
        actor.require(Permission::ReadConversations)?;
        let mut tx = self.store.read().await?;
        Ok(labels::list(actor.workspace, &mut tx).await?)
    }

    /// How many conversations bear each label, whatever is done about them; none that nobody bears.
    ///
    /// # Errors
    /// When the actor may not.
    pub async fn label_uses(&self, actor: &Actor) -> Result<Vec<(LabelId, u32)>, EngineError> {
        actor.require(Permission::ManageLabels)?;
        let mut tx = self.store.read().await?;
        let uses = labels::uses(actor.workspace, &mut tx).await?;
        Ok(uses.into_iter().map(|(id, n)| (id, count(n))).collect())
    }

    /// Makes a label.
    ///
    /// # Errors
    /// When the actor may not, name or colour are wrong, there is one of that name, or there are too many.
    pub async fn create_label(
        &self,
        actor: &Actor,
        name: &str,
        colour: u8,
    ) -> Result<LabelView, EngineError> {
        actor.require(Permission::Reply)?;
        let name = label_name(name, colour)?;
        let now = self.clock.now();
        let id = LabelId::new(now, &*self.random);
        let mut write = self.store.write(actor.workspace, now).await?;
        if labels::list(actor.workspace, write.tx()).await?.len() >= MAX_LABELS {
            return Err(EngineError::Refused(
                "a workspace has at most 100 labels; delete one that is not used",
            ));
        }
        labels::create(&mut write, id, &name, colour).await.map_err(taken)?;
        self.publish(write).await?;
        self.label(actor, id).await
    }

    /// Gives a label another name and colour.
    ///
    /// # Errors
    /// As for [`Engine::create_label`], or when there is no such label.
    pub async fn change_label(
        &self,
        actor: &Actor,
        id: LabelId,
        name: &str,
        colour: u8,
    ) -> Result<LabelView, EngineError> {
        actor.require(Permission::ManageLabels)?;
        let name = label_name(name, colour)?;
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        labels::change(&mut write, id, &name, colour).await.map_err(taken)?;
        self.publish(write).await?;
        self.label(actor, id).await
    }

    /// Takes a label away, from all conversations too.
    ///
    /// # Errors
    /// When the actor may not, or there is no such label.
    pub async fn delete_label(&self, actor: &Actor, id: LabelId) -> Result<(), EngineError> {
        actor.require(Permission::ManageLabels)?;
        let mut write = self.store.write(actor.workspace, self.clock.now()).await?;
        labels::delete(&mut write, id).await.map_err(taken)?;
        self.publish(write).await?;
        Ok(())
    }

    async fn label(&self, actor: &Actor, id: LabelId) -> Result<LabelView, EngineError> {
        let mut tx = self.store.read().await?;
        labels::get(actor.workspace, &mut tx, id).await?.ok_or(EngineError::NotFound { what: "label" })
    }
}

async fn colleague(ws: WorkspaceId, tx: &mut Tx, id: MemberId) -> Result<String, EngineError> {
    let member = members::get(ws, tx, id).await?.ok_or(EngineError::NotFound { what: "member" })?;
    if !member.active {
        return Err(EngineError::Refused("this member can no longer sign in; choose somebody else"));
    }
    Ok(member.name)
}

fn label_name(name: &str, colour: u8) -> Result<String, EngineError> {
    let form = LabelForm { name: name.to_owned(), colour };
    EngineError::of_fields(form.validate())?;
    Ok(form.clean_name())
}

fn taken(error: StoreError) -> EngineError {
    match error {
        StoreError::Unique { .. } => EngineError::Conflict { what: "this name".to_owned() },
        StoreError::NotFound => EngineError::NotFound { what: "label" },
        other => other.into(),
    }
}
