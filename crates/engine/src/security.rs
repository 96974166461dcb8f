//! What admins should know of afterwards.

use balas_domain::WorkspaceId;
use balas_store::{Tx, security};

use crate::{Engine, error::EngineError};

impl Engine {
    /// Notes something that happened inside a workspace, as part of the transaction in which it happens. `detail` is for
    /// people and holds no secret.
    pub(crate) async fn note_for_admins(
        &self,
        ws: WorkspaceId,
        tx: &mut Tx,
        kind: &str,
        detail: &str,
    ) -> Result<(), EngineError> {
        let at = self.clock.now();
        let entry = security::SecurityEntry { workspace_id: Some(ws), at, kind, ip: None, detail };
        Ok(security::log(tx, &entry).await?)
    }
}
