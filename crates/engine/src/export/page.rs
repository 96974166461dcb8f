//! A thread from its beginning to its end, a page at a time.

use balas_domain::{
    ContactId, Content, ConversationId, FileState, MessageId, Timestamp, WorkspaceId,
    view::{Direction, VersionView},
    work::Activity,
};
use balas_store::{
    StoreError,
    files::{self, Contents},
    messages::{self, MessageRecord},
};

use super::{BEGINNING, Scene};
use crate::Engine;

/// Messages of a page: enough that asking costs little, few enough to be in memory.
const PAGE: u32 = 200;

/// A message with all that belongs to it.
pub(super) struct Entry {
    /// Its place in the chat, from 1.
    pub(super) number: u64,
    pub(super) record: MessageRecord,
    /// What it has said, if it was changed.
    pub(super) versions: Vec<VersionView>,
    /// Its file, if that is here.
    pub(super) file: Option<Contents>,
}

/// How far a thread was gone through.
pub(super) struct Walk {
    ws: WorkspaceId,
    conversation: ConversationId,
    /// With what colleagues wrote and did.
    notes: bool,
    /// Nothing but what these wrote.
    only: Option<Vec<ContactId>>,
    place: (Timestamp, MessageId),
    number: u64,
    over: bool,
}

impl Walk {
    pub(super) fn new(ws: WorkspaceId, scene: &Scene) -> Self {
        let (conversation, notes, only) = (scene.conversation.id, scene.notes, scene.only.clone());
        Self { ws, conversation, notes, only, place: BEGINNING, number: 0, over: false }
    }

    /// The next messages, oldest first; `None` at the end. Each page is read by itself, so that nothing waits for a long
    /// export; what comes meanwhile is in it or is not.
    pub(super) async fn next(&mut self, engine: &Engine) -> Result<Option<Vec<Entry>>, StoreError> {
        if self.over {
            return Ok(None);
        }
        let mut tx = engine.store.read().await?;
        let records = messages::following(self.ws, &mut tx, self.conversation, self.place, PAGE).await?;
        self.over = records.len() < PAGE as usize;
        let Some(last) = records.last() else { return Ok(None) };
        self.place = last.view.key();
        let mut entries = Vec::with_capacity(records.len());
        for record in records {
            if record.view.direction == Direction::Internal && !self.notes && !of_the_group(&record.content) {
                continue;
            }
            let theirs = |only: &Vec<ContactId>| record.contact_id.is_some_and(|id| only.contains(&id));
            if !self.only.as_ref().is_none_or(theirs) {
                continue;
            }
            self.number += 1;
            let view = &record.view;
            let versions = if view.edited && !view.revoked {
                messages::versions(self.ws, &mut tx, view.id).await?
            } else {
                Vec::new()
            };
            let here = view.file.as_ref().is_some_and(|file| file.state == FileState::Here);
            let file = if here {
                files::get(self.ws, &mut tx, view.id).await?.and_then(|file| file.contents)
            } else {
                None
            };
            entries.push(Entry { number: self.number, record, versions, file });
        }
        Ok(Some(entries))
    }
}

/// Whether it tells of the group, which everybody in it has seen.
fn of_the_group(content: &Content) -> bool {
    matches!(content, Content::Activity { activity: Activity::Group { .. } })
}
