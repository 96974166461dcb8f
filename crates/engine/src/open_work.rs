//! How much there is to do. Counted by going through all open conversations, so it is done once for everybody, and not
//! again while nothing happens.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use balas_domain::{
    LabelId, Permission, Seq, Timestamp, WorkspaceId,
    counts::{Counts, Tally, Whose},
};
use balas_store::{StoreError, Tx, events, labels, work};

use crate::{Engine, access::Actor, error::EngineError};

/// A page may show what was counted so long ago. Its stream tells what has changed since.
const FRESH: Duration = Duration::from_secs(1);

/// How much there is to do in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenWork {
    rows: Vec<work::OpenCount>,
    labels: Vec<(LabelId, u32)>,
}

/// What was counted last.
#[derive(Debug, Default)]
pub(crate) struct Counted(Mutex<HashMap<WorkspaceId, Count>>);

#[derive(Clone, Debug)]
struct Count {
    /// As of which position in the log.
    seq: Seq,
    at: Timestamp,
    work: Arc<OpenWork>,
}

impl Counted {
    fn get(&self, ws: WorkspaceId) -> Option<Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&ws).cloned()
    }

    fn put(&self, ws: WorkspaceId, count: Count) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(ws, count);
    }
}

impl Engine {
    /// How much there is to do in a workspace, once for all of its members: see [`OpenWork::seen_by`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_work(&self, ws: WorkspaceId) -> Result<Arc<OpenWork>, EngineError> {
        let mut tx = self.store.read().await?;
        let seq = events::head(ws, &mut tx).await?;
        Ok(self.count_unless(ws, &mut tx, seq, |known| known.seq == seq).await?)
    }

    /// The same for a page that is drawn as of this position.
    pub(crate) async fn open_work_for_page(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        seq: Seq,
    ) -> Result<Arc<OpenWork>, StoreError> {
        let now = self.clock.now();
        self.count_unless(ws, tx, seq, |known| known.seq == seq || now.since(known.at) < FRESH).await
    }

    async fn count_unless(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        seq: Seq,
        will_do: impl Fn(&Count) -> bool,
    ) -> Result<Arc<OpenWork>, StoreError> {
        if let Some(known) = self.counted.get(ws).filter(will_do) {
            return Ok(known.work);
        }
        let labels = labels::counts(ws, tx).await?;
        let labels = labels.into_iter().map(|(id, n)| (id, count(n))).collect();
        let work = Arc::new(OpenWork { rows: work::counts(ws, tx).await?, labels });
        self.counted.put(ws, Count { seq, at: self.clock.now(), work: Arc::clone(&work) });
        Ok(work)
    }
}

/// A count as screens take it.
pub(crate) fn count(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl OpenWork {
    /// The same as a member sees it; nothing for who may not read conversations.
    #[must_use]
    pub fn seen_by(&self, actor: &Actor) -> Counts {
        if actor.require(Permission::ReadConversations).is_err() {
            return Counts::default();
        }
        let mut tallies: BTreeMap<_, Tally> = BTreeMap::new();
        for row in &self.rows {
            let whose = match row.assignee_id {
                None => Whose::Nobodys,
                Some(member) if actor.member() == Some(member) => Whose::Mine,
                Some(_) => Whose::Others,
            };
            let (account, groups) = (row.account_id, row.is_group);
            let tally = tallies.entry((account, whose, groups)).or_insert(Tally {
                account,
                whose,
                groups,
                open: 0,
                unread: 0,
                messages: 0,
            });
            tally.open += count(row.open);
            tally.unread += count(row.unread);
            tally.messages += count(row.messages);
        }
        Counts { tallies: tallies.into_values().collect(), labels: self.labels.clone() }
    }
}
