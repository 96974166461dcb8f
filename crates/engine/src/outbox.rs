//! The road out: an answer is stored together with its job, then handed to the provider, exactly once or shown as
//! unknown.

use std::time::Duration;

use balas_domain::{
    AccountId, AccountSettings, Content, ConversationId, Delivery, MessageId, MessageStatus, Permission,
    Priority, UploadId, WorkspaceId,
    query::NewMessage,
    settings::Pace,
    socket::{Presence, Typist},
    view::{AccountView, Direction, Failure, FailureClass, Held, HeldReason, MessageView, ProviderKind},
};
use balas_providers::{Body, CallError, Outcome, Outgoing, OutgoingFile, SendError};
use balas_store::{
    StoreError,
    accounts::{self, Turn},
    conversations,
    files::{self, Contents},
    jobs,
    messages::{self, Inserted, MessageRecord, Source},
    workspaces,
};
use serde::{Deserialize, Serialize};

use crate::{
    Engine,
    access::{Actor, Who},
    accounts::Runtime,
    calendar::{Day, day},
    composed::{self, composed},
    error::EngineError,
    governor::Lesson,
    groups,
    jobs::Done,
    live::Signal,
    reading,
    routing::carrier_of,
};

/// Tries after definite failures that come right by waiting; about half an hour in all.
const MAX_ATTEMPTS: i32 = 10;
/// While an account cannot send, its messages look again after this long.
const NOT_READY: Duration = Duration::from_secs(5);
/// Who waits longer than this for his turn is told so.
const WORTH_TELLING: Duration = Duration::from_secs(5);
/// A message that waits for another day looks this often whether somebody has raised the limit.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

#[derive(Debug, Serialize, Deserialize)]
struct SendJob {
    message_id: MessageId,
}

#[derive(Debug, Serialize, Deserialize)]
struct ReadJob {
    conversation_id: ConversationId,
    provider_id: String,
}

impl Engine {
    /// Stores an answer and sees to it that it is sent. The same id again gives the same message.
    ///
    /// # Errors
    /// When the actor may not, `WhatsApp` takes no such message, the number cannot send, the window is closed, or the id
    /// stands for another message.
    pub async fn send(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        new: impl Into<NewMessage>,
    ) -> Result<MessageView, EngineError> {
        actor.require(Permission::Reply)?;
        let new: NewMessage = new.into();
        let content = composed(new.content)?;
        let answer = Answer { id: new.id, reply_to: new.reply_to, content, file: None };
        self.answer(actor, conversation_id, answer).await
    }

    /// Stores an answer of whatever kind together with its job.
    pub(crate) async fn answer(
        &self,
        actor: &Actor,
        conversation_id: ConversationId,
        new: Answer,
    ) -> Result<MessageView, EngineError> {
        let now = self.clock.now();
        let ws = actor.workspace;
        let mut write = self.store.write(ws, now).await?;
        let conversation = reading::conversation(actor, write.tx(), conversation_id).await?;
        let conversation_id = conversation.id;
        if let Some(existing) = messages::get(ws, write.tx(), new.id).await? {
            return same_message(existing, conversation_id);
        }
        let account = accounts::view(ws, write.tx(), conversation.account_id)
            .await?
            .ok_or(EngineError::NotFound { what: "account" })?;
        self.way_out(ws, write.tx(), &conversation, &account, now).await?;
        let quoted = match new.reply_to {
            Some(id) => {
                let record = messages::get(ws, write.tx(), id).await?;
                let record = record.filter(|r| {
                    r.view.conversation_id == conversation_id && r.view.direction != Direction::Internal
                });
                Some(record.ok_or(EngineError::NotFound { what: "quoted message" })?)
            }
            None => None,
        };
        let row = messages::NewMessage {
            id: new.id,
            conversation_id,
            account_id: account.id,
            provider_id: None,
            direction: Direction::Out,
            author: actor.author_ref(),
            content: new.content,
            delivery: Delivery::QUEUED,
            quote_provider_id: quoted.as_ref().and_then(|q| q.provider_id.clone()),
            quote_message_id: quoted.map(|q| q.view.id),
            at: now,
            counts_unread: false,
            source: Source::Live,
            origin: None,
        };
        match messages::insert(&mut write, &row).await {
            Ok(Inserted::New) => {}
            // Another workspace's message, which the look above could not see.
            Ok(Inserted::Duplicate(_) | Inserted::Cleared) | Err(StoreError::Unique { .. }) => {
                return Err(EngineError::Conflict { what: "message id".to_owned() });
            }
            Err(error) => return Err(error.into()),
        }
        if let Some((contents, upload)) = &new.file {
            files::put(&mut write, new.id, contents).await?;
            files::end_upload(ws, write.tx(), *upload).await?;
        }
        self.enqueue_send(&mut write, conversation_id, new.id, 1).await?;
        self.publish(write).await?;
        self.jobs.wake();
        metrics::counter!("balas_messages_total", "direction" => "out").increment(1);
        self.message(actor, new.id).await
    }

    /// Sends a failed message, or one whose outcome is unknown, once more. The agent decides: an unknown one may have
    /// arrived.
    ///
    /// # Errors
    /// When the actor may not, there is no such message, or it did not fail.
    pub async fn retry(&self, actor: &Actor, id: MessageId) -> Result<MessageView, EngineError> {
        actor.require(Permission::Reply)?;
        let ws = actor.workspace;
        let mut write = self.store.write(ws, self.clock.now()).await?;
        let record =
            messages::get(ws, write.tx(), id).await?.ok_or(EngineError::NotFound { what: "message" })?;
        let delivery = messages::retry(&mut write, id).await?.ok_or(EngineError::NothingToRetry)?;
        self.enqueue_send(&mut write, record.view.conversation_id, id, delivery.attempt).await?;
        self.publish(write).await?;
        self.jobs.wake();
        self.message(actor, id).await
    }

    async fn enqueue_send(
        &self,
        write: &mut balas_store::Write,
        conversation: ConversationId,
        message_id: MessageId,
        attempt: i32,
    ) -> Result<(), EngineError> {
        let (ws, now) = (write.workspace(), write.now());
        let job = jobs::NewJob {
            priority: Priority::Urgent,
            queue_key: Some(conversation.to_string()),
            idempotency_key: Some(format!("send:{message_id}:{attempt}")),
            ..self.job(now, "send", &SendJob { message_id })?
        };
        jobs::enqueue(ws, write.tx(), &job).await?;
        Ok(())
    }

    pub(crate) async fn message(&self, actor: &Actor, id: MessageId) -> Result<MessageView, EngineError> {
        let mut tx = self.store.read().await?;
        let record = messages::get(actor.workspace, &mut tx, id).await?;
        record.map(|r| r.view).ok_or(EngineError::NotFound { what: "message" })
    }

    /// Marks a conversation as read, here and, if its number sends read receipts, at the customer.
    ///
    /// # Errors
    /// When the actor may not, or there is no such conversation.
    pub async fn mark_read(&self, actor: &Actor, id: ConversationId) -> Result<(), EngineError> {
        actor.require(Permission::Reply)?;
        let now = self.clock.now();
        let mut write = self.store.write(actor.workspace, now).await?;
        let id = reading::conversation(actor, write.tx(), id).await?.id;
        let Some(target) = conversations::mark_read(&mut write, id).await?.and_then(|t| t.into_iter().next())
        else {
            self.publish(write).await?;
            return Ok(());
        };
        let read = ReadJob { conversation_id: id, provider_id: target.provider_id };
        let job = jobs::NewJob {
            priority: Priority::High,
            idempotency_key: Some(format!("read:{}", read.provider_id)),
            ..self.job(now, "mark_read", &read)?
        };
        jobs::enqueue(actor.workspace, write.tx(), &job).await?;
        self.publish(write).await?;
        self.jobs.wake();
        Ok(())
    }

    /// Tells colleagues that someone is typing or recording, and the customer where the provider can and the number shows it.
    ///
    /// # Errors
    /// When the actor may not, or there is no such conversation.
    pub async fn typing(
        &self,
        actor: &Actor,
        id: ConversationId,
        presence: Presence,
    ) -> Result<(), EngineError> {
        actor.require(Permission::Reply)?;
        let (conversation, account, target) = {
            let mut tx = self.store.read().await?;
            let conversation = reading::conversation(actor, &mut tx, id).await?;
            let account = accounts::view(actor.workspace, &mut tx, conversation.account_id).await?;
            let target =
                messages::last_inbound_provider_id(actor.workspace, &mut tx, conversation.id).await?;
            (conversation, account, target)
        };
        let id = conversation.id;
        if let Who::Member { id: member, name } = &actor.who {
            let who = Typist::Member { id: *member, name: name.clone() };
            self.live.send(actor.workspace, Signal::Typing { conversation_id: id, who, presence });
        }
        if account.is_some_and(|a| a.settings.shows_typing(a.provider))
            && let Some(runtime) = self.accounts.get(conversation.account_id)
            && runtime.provider().capabilities().send_typing
        {
            // Passing news: if it does not arrive nothing is lost.
            self.tasks.spawn(async move {
                let (provider, chat) = (runtime.provider(), &conversation.address);
                if let Err(error) = provider.typing(chat, presence, target.as_deref()).await {
                    tracing::debug!(%error, "typing could not be shown to the customer");
                }
            });
        }
        Ok(())
    }

    pub(crate) async fn run_mark_read(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(read) = serde_json::from_value::<ReadJob>(job.payload.clone()) else {
            return Ok(Done::Bury("unreadable payload".to_owned()));
        };
        let ws = job.workspace_id;
        let told = {
            let mut tx = self.store.read().await?;
            match conversations::current(ws, &mut tx, read.conversation_id).await? {
                Some(conversation) => {
                    let account = accounts::view(ws, &mut tx, conversation.account_id).await?;
                    account.is_some_and(|a| a.settings.read_receipts).then_some(conversation)
                }
                None => None,
            }
        };
        let Some((conversation, runtime)) = told.and_then(|c| {
            let runtime = self.accounts.get(c.account_id)?;
            Some((c, runtime))
        }) else {
            return Ok(Done::Remove);
        };
        match runtime.provider().mark_read(&conversation.address, &read.provider_id).await {
            Ok(()) | Err(CallError::Unsupported { .. }) => Ok(Done::Remove),
            // A missing tick at the customer is not worth more than a few tries.
            Err(CallError::Failed(error)) if job.attempts < 3 && error.class == FailureClass::Transient => {
                Ok(Done::Retry(self.clock.now().after(self.retry_after(job.attempts)), error.text))
            }
            Err(CallError::Failed(error)) => {
                tracing::debug!(%error, "the customer was not told that a message was read");
                Ok(Done::Remove)
            }
        }
    }

    pub(crate) async fn run_send(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(send) = serde_json::from_value::<SendJob>(job.payload.clone()) else {
            return Ok(Done::Bury("unreadable payload".to_owned()));
        };
        let ws = job.workspace_id;
        let (record, conversation, route, zone, due, mentions) = {
            let mut tx = self.store.read().await?;
            let Some(record) = messages::get(ws, &mut tx, send.message_id).await? else {
                return Ok(Done::Remove);
            };
            let Some(conversation) = conversations::get(ws, &mut tx, record.view.conversation_id).await?
            else {
                return Ok(Done::Remove);
            };
            let route = self.route(ws, &mut tx, &record.view, &conversation).await?;
            let (zone, due) = match &route {
                Some(route) if counts(&route.account) => (
                    workspaces::get(ws, &mut tx).await?.map(|w| w.time_zone),
                    accounts::pace_due(ws, &mut tx, route.account.id).await?,
                ),
                _ => (None, None),
            };
            let mentions = match &record.content {
                Content::Text { text } => groups::mentions(ws, &mut tx, &conversation, text).await?,
                _ => Vec::new(),
            };
            (record, conversation, route, zone, due, mentions)
        };
        let id = record.view.id;
        let now = self.clock.now();
        match record.view.delivery.status {
            MessageStatus::Queued => {}
            // Someone was handing it over and never came back: a crash, or a lost lease. It may have gone out.
            MessageStatus::Sending => {
                let failure = lost("Balas was interrupted while sending");
                let carrier = self.accounts.get(record.view.carrier());
                return self
                    .finish(job, id, carrier.as_deref(), MessageStatus::Unknown, &failure, None)
                    .await;
            }
            _ => return Ok(Done::Remove),
        }
        if let Some(failure) = groups::refused(&conversation) {
            self.group_in_doubt(&conversation).await?;
            return self.finish(job, id, None, MessageStatus::Failed, &failure, None).await;
        }
        let Some(route) = route else {
            return Ok(Done::Wait(now.after(NOT_READY.min(self.config.rhythm.fall_back))));
        };
        let (runtime, account) = (&route.runtime, &route.account);
        let pace = pace(account);
        // Looked at before anything is written: whoever waits in a long line asks often.
        let opens = pace.zip(due).map(|(pace, due)| pace.opens(due)).filter(|opens| *opens > now);
        let admitted = match opens {
            Some(until) => Err(Held { reason: HeldReason::Pace, until }),
            None => self.governor.admit(runtime.id, conversation.id, account.provider, now),
        };
        if let Err(held) = admitted {
            return self.wait_for_turn(ws, id, held).await;
        }
        let (body, _file) = match self.body(ws, id, &record.content).await {
            Ok(body) => body,
            Err(EngineError::NotFound { .. }) => {
                self.governor.forgo(runtime.id);
                let failure = Failure {
                    class: FailureClass::Invalid,
                    code: None,
                    text: "The file is not on the server any more. Send it again.".to_owned(),
                };
                return self.finish(job, id, None, MessageStatus::Failed, &failure, None).await;
            }
            Err(error) => {
                self.governor.forgo(runtime.id);
                return Err(error);
            }
        };
        let outgoing = Outgoing {
            id,
            to: route.to.clone(),
            body: composed::fit(body, account.provider),
            // Another number does not know what was said on this one.
            reply_to: record.quote_provider_id.clone().filter(|_| !route.other),
            mentions,
        };
        let today = zone.map(|zone| day(now, &zone));
        let counted = today.map(|day| Counted { account: runtime.id, day });
        match self.hand_over(ws, &record.view, carrier_of(&route), counted, pace).await? {
            Turn::Taken => {}
            Turn::TooSoon(until) => {
                self.governor.forgo(runtime.id);
                return self.wait_for_turn(ws, id, Held { reason: HeldReason::Pace, until }).await;
            }
            full @ (Turn::DailyLimit | Turn::WarmUp) => {
                self.governor.forgo(runtime.id);
                let until = today.map_or(now, |day| day.ends_at);
                let reason = if full == Turn::WarmUp { HeldReason::WarmUp } else { HeldReason::DailyLimit };
                self.hold(ws, id, Held { reason, until }).await?;
                return Ok(Done::Wait(until.min(now.after(LOOK_AGAIN))));
            }
        }
        let result = runtime.provider().send(&outgoing).await;
        let lesson = match &result {
            Ok(_) => Lesson::Answered,
            Err(error) => lesson(error),
        };
        if let Err(error) = &result {
            self.note_failure(ws, runtime.id, error.class, &error.text).await;
        }
        let not_before = self.governor.learn(runtime.id, conversation.id, self.clock.now(), lesson);
        match result {
            Ok(sent) => {
                let mut write = self.store.write(ws, self.clock.now()).await?;
                messages::accepted(&mut write, id, &sent.provider_id).await?;
                accounts::sending_went_well(&mut write, runtime.id).await?;
                self.apply_parked(&mut write, runtime, &sent.provider_id).await?;
                jobs::finish(write.tx(), job.id).await?;
                self.publish(write).await?;
                Ok(Done::Finished)
            }
            Err(error) if error.outcome == Outcome::Unknown => {
                tracing::warn!(message = %id, account = %runtime.id, %error, "outcome of a send is unknown");
                let unknown = MessageStatus::Unknown;
                self.finish(job, id, Some(runtime), unknown, &error.failure(), None).await
            }
            Err(error) if error.class == FailureClass::Auth => {
                self.take_back(ws, id, counted, None).await?;
                self.account_failed(runtime, &error.text).await;
                Ok(Done::Wait(now.after(NOT_READY)))
            }
            Err(error)
                if matches!(error.class, FailureClass::Throttled | FailureClass::Transient)
                    && job.attempts + 1 < MAX_ATTEMPTS =>
            {
                let now = self.clock.now();
                let wait = error.retry_after.unwrap_or_else(|| self.retry_after(job.attempts));
                let until = not_before.max(now.after(wait));
                let reason = if error.class == FailureClass::Throttled {
                    HeldReason::Throttled
                } else {
                    HeldReason::Unreachable
                };
                let held = (until.since(now) > WORTH_TELLING).then_some(Held { reason, until });
                self.take_back(ws, id, counted, held).await?;
                Ok(Done::Retry(until, error.text))
            }
            Err(error) => self.finish(job, id, None, MessageStatus::Failed, &error.failure(), counted).await,
        }
    }

    /// Again and again the server ended while it was about to send this. It is not tried any more.
    pub(crate) async fn send_given_up(&self, job: &jobs::Job) -> Result<(), EngineError> {
        let Ok(send) = serde_json::from_value::<SendJob>(job.payload.clone()) else { return Ok(()) };
        let now = self.clock.now();
        let mut write = self.store.write(job.workspace_id, now).await?;
        let record = messages::get(job.workspace_id, write.tx(), send.message_id).await?;
        let (status, failure) = match record.map(|record| record.view.delivery.status) {
            Some(MessageStatus::Queued) => (
                MessageStatus::Failed,
                Failure {
                    class: FailureClass::Invalid,
                    code: None,
                    text: "Balas was interrupted again and again before it could send this. Tell an admin, and write it anew."
                        .to_owned(),
                },
            ),
            Some(MessageStatus::Sending) => {
                (MessageStatus::Unknown, lost("Balas was interrupted while sending"))
            }
            _ => return Ok(()),
        };
        messages::report(&mut write, send.message_id, status, Some(&failure), now).await?;
        self.publish(write).await?;
        Ok(())
    }

    /// What a provider is asked to send, and what lies on this machine for it as long as it is asked.
    async fn body(
        &self,
        ws: WorkspaceId,
        id: MessageId,
        content: &Content,
    ) -> Result<(Body, Option<tempfile::TempPath>), EngineError> {
        match content {
            Content::Media(media) => {
                let file = {
                    let mut tx = self.store.read().await?;
                    files::get(ws, &mut tx, id).await?
                };
                let contents = file.and_then(|file| file.contents);
                let contents = contents.ok_or(EngineError::NotFound { what: "file" })?;
                let path = self.borrow_file(ws, &contents).await?;
                let body = Body::Media(OutgoingFile {
                    kind: media.kind,
                    voice: media.voice,
                    caption: media.caption.clone(),
                    file_name: media.file_name.clone().unwrap_or_default(),
                    mime: contents.mime,
                    size: contents.size,
                    path: path.to_path_buf(),
                });
                Ok((body, Some(path)))
            }
            content => composed::body(content)
                .map(|body| (body, None))
                .ok_or_else(|| EngineError::Internal("a message of this kind has no way out".to_owned())),
        }
    }

    /// Stores the last word on a message and removes its job, together. `uncount`: it certainly did not go out.
    async fn finish(
        &self,
        job: &jobs::Job,
        id: MessageId,
        runtime: Option<&Runtime>,
        status: MessageStatus,
        failure: &Failure,
        uncount: Option<Counted>,
    ) -> Result<Done, EngineError> {
        let now = self.clock.now();
        let mut write = self.store.write(job.workspace_id, now).await?;
        messages::report(&mut write, id, status, Some(failure), now).await?;
        if let Some(counted) = uncount {
            accounts::uncount_sent(&mut write, counted.account, counted.day.number).await?;
        }
        if let Some(runtime) = runtime.filter(|_| status == MessageStatus::Unknown) {
            self.enqueue_look_up(&mut write, runtime, id).await?;
        }
        jobs::finish(write.tx(), job.id).await?;
        self.publish(write).await?;
        self.jobs.wake();
        Ok(Done::Finished)
    }

    /// Waits for the account's turn; if that takes a while, the message says so.
    async fn wait_for_turn(&self, ws: WorkspaceId, id: MessageId, held: Held) -> Result<Done, EngineError> {
        if held.until.since(self.clock.now()) > WORTH_TELLING {
            self.hold(ws, id, held).await?;
        }
        Ok(Done::Wait(held.until))
    }

    /// Remembers that the message is being handed over, and to whom, before it is, and counts it, if it is its turn.
    async fn hand_over(
        &self,
        ws: WorkspaceId,
        message: &MessageView,
        carrier: Option<AccountId>,
        counted: Option<Counted>,
        pace: Option<Pace>,
    ) -> Result<Turn, EngineError> {
        let now = self.clock.now();
        let mut write = self.store.write(ws, now).await?;
        if let Some(Counted { account, day }) = counted {
            let turn = accounts::take_turn(&mut write, account, day.number, pace, now).await?;
            if turn != Turn::Taken {
                return Ok(turn);
            }
        }
        if message.sent_with != carrier {
            messages::carried_by(&mut write, message.id, carrier).await?;
        }
        messages::report(&mut write, message.id, MessageStatus::Sending, None, now).await?;
        self.publish(write).await?;
        Ok(Turn::Taken)
    }

    /// Tells at the message why it waits, and until when.
    async fn hold(&self, ws: WorkspaceId, id: MessageId, held: Held) -> Result<(), EngineError> {
        let mut write = self.store.write(ws, self.clock.now()).await?;
        messages::hold(&mut write, id, held).await?;
        self.publish(write).await?;
        Ok(())
    }

    /// The provider certainly does not have it: it goes back in line, and says why it waits there.
    async fn take_back(
        &self,
        ws: WorkspaceId,
        id: MessageId,
        counted: Option<Counted>,
        held: Option<Held>,
    ) -> Result<(), EngineError> {
        let mut write = self.store.write(ws, self.clock.now()).await?;
        messages::requeue(&mut write, id).await?;
        if let Some(held) = held {
            messages::hold(&mut write, id, held).await?;
        }
        if let Some(counted) = counted {
            accounts::uncount_sent(&mut write, counted.account, counted.day.number).await?;
        }
        self.publish(write).await?;
        Ok(())
    }
}

/// Where and when a message was counted against the daily limit.
#[derive(Clone, Copy)]
struct Counted {
    account: AccountId,
    day: Day,
}

/// Whether what this account sends is counted. For a Cloud API number only if somebody wants it limited: Meta counts
/// by itself, and counting costs a write.
fn counts(account: &AccountView) -> bool {
    let AccountSettings { daily_limit, warm_up, .. } = &account.settings;
    account.provider != ProviderKind::Cloud || daily_limit.is_some() || *warm_up
}

/// How fast a linked number sends. The Cloud API has a pace of its own, which the governor knows.
fn pace(account: &AccountView) -> Option<Pace> {
    (account.provider != ProviderKind::Cloud).then(|| account.settings.trust_level.pace())
}

/// What somebody answers.
pub(crate) struct Answer {
    /// Made by who answers: the same id twice is one message.
    pub(crate) id: MessageId,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) content: Content,
    /// What lies in a storage for it, and the upload that it came as.
    pub(crate) file: Option<(Contents, UploadId)>,
}

pub(crate) fn same_message(
    existing: MessageRecord,
    conversation: ConversationId,
) -> Result<MessageView, EngineError> {
    if existing.view.conversation_id == conversation && existing.view.direction == Direction::Out {
        Ok(existing.view)
    } else {
        Err(EngineError::Conflict { what: "message id".to_owned() })
    }
}

fn lost(what: &str) -> Failure {
    Failure {
        class: FailureClass::Unknown,
        code: None,
        text: format!(
            "{what}: the message may or may not have gone out. Look at the phone, or ask the customer, before sending it again."
        ),
    }
}

fn lesson(error: &SendError) -> Lesson {
    /// Meta's pair rate limit: too many messages to the same customer.
    const PAIR_RATE: i64 = 131_056;
    match (error.class, error.code) {
        (FailureClass::Throttled, Some(PAIR_RATE)) => Lesson::TooFastToPair,
        (FailureClass::Throttled, _) => Lesson::TooFast(error.retry_after.unwrap_or(Duration::from_secs(5))),
        (FailureClass::Transient | FailureClass::Unknown, _) => Lesson::Unwell,
        _ => Lesson::Answered,
    }
}
