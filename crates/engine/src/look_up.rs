//! A message whose outcome is unknown is looked for at the gateway, which remembers what it has sent. It is never sent
//! again without a person.

use balas_domain::{MessageId, MessageStatus, Priority};
use balas_providers::gateway::HistoryQuery;
use balas_store::{Write, conversations, jobs, messages};
use serde::{Deserialize, Serialize};

use crate::{
    Engine,
    accounts::Runtime,
    error::EngineError,
    jobs::Done,
    routing::{best_address, reachable_from_anywhere},
};

/// How often it is looked for. Each wait is four times as long as the one before.
const TRIES: i32 = 4;
/// Our newest messages of the chat that are looked at.
const NEWEST: u32 = 20;

#[derive(Debug, Serialize, Deserialize)]
struct LookUpJob {
    message_id: MessageId,
}

impl Engine {
    /// Sees to it that a message whose outcome is unknown is looked for. Meta tells by itself what became of one.
    pub(crate) async fn enqueue_look_up(
        &self,
        write: &mut Write,
        runtime: &Runtime,
        message_id: MessageId,
    ) -> Result<(), EngineError> {
        if runtime.gateway().is_none() {
            return Ok(());
        }
        let (ws, now) = (write.workspace(), write.now());
        let job = jobs::NewJob {
            priority: Priority::High,
            run_at: now.after(self.config.rhythm.look_up),
            idempotency_key: Some(format!("look_up:{message_id}")),
            ..self.job(now, "look_up", &LookUpJob { message_id })?
        };
        jobs::enqueue(ws, write.tx(), &job).await?;
        Ok(())
    }

    pub(crate) async fn run_look_up(&self, job: &jobs::Job) -> Result<Done, EngineError> {
        let Ok(LookUpJob { message_id }) = serde_json::from_value(job.payload.clone()) else {
            return Ok(Done::Bury("unreadable payload".to_owned()));
        };
        let ws = job.workspace_id;
        let (record, chat) = {
            let mut tx = self.store.read().await?;
            let Some(record) = messages::get(ws, &mut tx, message_id).await? else { return Ok(Done::Remove) };
            let conversation = conversations::get(ws, &mut tx, record.view.conversation_id).await?;
            let Some(conversation) = conversation else { return Ok(Done::Remove) };
            let chat = match record.view.sent_with {
                None => Some(best_address(ws, &mut tx, &conversation).await?),
                Some(_) => reachable_from_anywhere(ws, &mut tx, &conversation).await?,
            };
            let Some(chat) = chat else { return Ok(Done::Remove) };
            (record, chat)
        };
        // Settled meanwhile: by a receipt, or by a person who sent it again.
        if record.view.delivery.status != MessageStatus::Unknown {
            return Ok(Done::Remove);
        }
        let Some(runtime) = self.accounts.get(record.view.carrier()) else { return Ok(Done::Remove) };
        let Some(link) = runtime.gateway() else { return Ok(Done::Remove) };
        let query = HistoryQuery { limit: NEWEST, from_us: Some(true), ..HistoryQuery::default() };
        let later =
            self.clock.now().after(self.config.rhythm.look_up * 4_u32.pow(job.attempts.clamp(0, 8) as u32));
        let again =
            |why: String| if job.attempts + 1 < TRIES { Done::Retry(later, why) } else { Done::Remove };
        let page = match link.client.messages(&chat, query, self.clock.now()).await {
            Ok(page) => page,
            Err(error) => return Ok(again(error.to_string())),
        };
        let mut write = self.store.write(ws, self.clock.now()).await?;
        // Oldest first, as ours are gone through.
        for found in page.messages.iter().rev().filter(|m| m.from_us) {
            let known = messages::by_provider_id(ws, write.tx(), runtime.id, &found.provider_id).await?;
            if known.is_none() && self.settle_unknown(&mut write, &runtime, found).await? {
                self.apply_parked(&mut write, &runtime, &found.provider_id).await?;
            }
        }
        let settled = messages::get(ws, write.tx(), message_id).await?;
        self.publish(write).await?;
        match settled {
            Some(record) if record.view.delivery.status == MessageStatus::Unknown => {
                Ok(again("the gateway does not know it".to_owned()))
            }
            _ => Ok(Done::Remove),
        }
    }
}
