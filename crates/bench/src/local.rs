//! The engine in this process, on the database of a server: for what is measured inside, and for looking at
//! what the server stored without asking the server.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use balas_domain::{Clock, ConversationId, query::ListQuery, view::ConversationView};
use balas_engine::{
    Actor, ClientInfo, Config, Engine, FilesConfig,
    ambient::{OsRandom, SystemClock},
    secrets::MasterKey,
};
use balas_store::Store;

use crate::{Error, Result, database::Database};

/// How long something may take until it is there.
const PATIENCE: Duration = Duration::from_mins(5);
/// Between two looks for it.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until something is there.
pub(crate) async fn settled<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::Server(format!("{what}: it does not come")));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// An engine without workers, and who asks it.
pub(crate) struct Local {
    pub(crate) engine: Engine,
    pub(crate) actor: Actor,
}

impl Local {
    pub(crate) async fn open(database: &Database) -> Result<Self> {
        Self::at(database, Arc::new(SystemClock)).await
    }

    /// With another clock than the machine's.
    pub(crate) async fn at(database: &Database, clock: Arc<dyn Clock>) -> Result<Self> {
        let path = database.path().join("master.key");
        let key = fs::read_to_string(&path).map_err(Error::io(format!("cannot read {}", path.display())))?;
        let master_key = MasterKey::from_base64(key.trim()).map_err(|e| Error::Server(e.to_string()))?;
        let config = Config {
            // Nothing is sent from here.
            cloud_base_url: "http://127.0.0.1:9".to_owned(),
            cloud_version: "v23.0".to_owned(),
            webhook_base: None,
            bridge: None,
            mail: None,
            files: FilesConfig { folder: database.path().join("files"), s3: None, clamd: None },
            rhythm: balas_engine::Rhythm::default(),
            master_key,
        };
        let store = Store::connect(&database.url()).await?;
        let engine = Engine::new(store, clock, Arc::new(OsRandom), config)?;
        let actor = engine.system_actor("demo").await?;
        Ok(Self { engine, actor })
    }

    /// Closes the database, so that it can be copied or handed on.
    pub(crate) async fn close(self) {
        self.engine.store().close().await;
    }

    /// A session of the demo's owner: the cookie's value.
    pub(crate) async fn sign_in(&self) -> Result<String> {
        let client = ClientInfo { ip: None, user_agent: None };
        let session = self.engine.sign_in("owner@demo.test", "balas-demo", &client).await;
        session.map(|s| s.token).map_err(|e| Error::Server(format!("cannot sign in: {e}")))
    }

    /// The conversation with this number.
    pub(crate) async fn with(&self, phone: &str) -> Result<Option<ConversationView>> {
        let query = ListQuery { q: Some(phone.to_owned()), ..ListQuery::default() };
        let address = balas_domain::Address::Phone(phone.to_owned());
        let page = self.engine.conversations(&self.actor, &query).await?;
        Ok(page.items.into_iter().find(|c| c.address == address))
    }

    /// Calls back with the text of every message of a conversation.
    pub(crate) async fn each_text(&self, id: ConversationId, mut see: impl FnMut(&str)) -> Result<()> {
        let mut cursor: Option<String> = None;
        loop {
            let page = self.engine.thread(&self.actor, id, cursor.as_deref(), 100).await?;
            page.messages.items.iter().for_each(|m| see(m.content.searchable()));
            match page.messages.next {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Webhooks that wait to be worked in.
    pub(crate) async fn backlog(&self) -> Result<i64> {
        let mut tx = self.engine.store().read().await?;
        Ok(balas_store::journal::backlog(&mut tx).await?)
    }
}
