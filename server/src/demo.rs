//! The demo shop that lives in the sandbox.

use std::{net::SocketAddr, time::Duration};

use balas_domain::{
    AccountId, AccountStatus, Role,
    form::{CloudForm, MemberForm},
    query::{ListQuery, MAX_PAGE},
};
use balas_engine::{Actor, Engine, EngineError, NewOwner, WebhookError, WebhookTarget};
use balas_sandbox::{Number, Running, StartError, seed};
use balas_store::{StoreError, journal, workspaces};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::time::{Instant, interval};

use crate::open;

/// The workspace's short name.
pub const SLUG: &str = "demo";
/// Everyone's password.
pub const PASSWORD: &str = "balas-demo";
/// So many conversations have unread messages.
const UNREAD: usize = 4;
/// Longest that the set-up may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between looks at whether the set-up is through.
const LOOK: Duration = Duration::from_millis(25);

/// One of the shop's people.
#[derive(Clone, Copy, Debug)]
pub struct DemoMember {
    /// Shown name.
    pub name: &'static str,
    /// Signs in with it.
    pub email: &'static str,
    /// May do what.
    pub role: Role,
}

/// The shop's people; the first is the owner.
pub const MEMBERS: [DemoMember; 3] = [
    DemoMember { name: "Melati Kusuma", email: "owner@demo.test", role: Role::Owner },
    DemoMember { name: "Bayu Pratama", email: "supervisor@demo.test", role: Role::Supervisor },
    DemoMember { name: "Rani Wulandari", email: "agent@demo.test", role: Role::Agent },
];

/// The demo could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The engine refused something.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A seeded delivery was refused.
    #[error("a prepared message was refused: {0}")]
    Webhook(#[from] WebhookError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It takes too long.
    #[error("{0} took longer than a minute; see the log, delete the data folder and start again")]
    Slow(&'static str),
}

/// The shop's number, the same at every start.
#[must_use]
pub fn number() -> Number {
    Number::demo()
}

/// Starts the sandbox with the shop's number, whose webhooks come to our own address.
///
/// # Errors
/// When its address is taken.
pub async fn start_sandbox(listen: SocketAddr, our: SocketAddr) -> Result<Running, StartError> {
    let number = Number { webhook_url: Some(format!("http://{our}/webhooks/cloud")), ..number() };
    let config = balas_sandbox::Config { listen, numbers: vec![number], seed: true };
    balas_sandbox::start(config, open::clock(), open::random()).await
}

/// Whether anyone could sign in.
///
/// # Errors
/// When the database does not answer.
pub async fn has_workspace(engine: &Engine) -> Result<bool, DemoError> {
    let mut tx = engine.store().read().await?;
    Ok(!workspaces::list(&mut tx).await?.is_empty())
}

/// Fills an empty database, or goes on where an earlier start was cut off; does nothing otherwise. The
/// sandbox must run.
///
/// # Errors
/// When something is refused or takes too long.
pub async fn seed_if_empty(engine: &Engine) -> Result<(), DemoError> {
    let [owner, others @ ..] = MEMBERS;
    let number = number();
    let actor = if has_workspace(engine).await? {
        match begun(engine).await? {
            Some(actor) => actor,
            None => return Ok(()),
        }
    } else {
        let founder = NewOwner {
            name: owner.name.to_owned(),
            email: owner.email.to_owned(),
            password: PASSWORD.to_owned(),
        };
        engine.create_workspace(SLUG, &number.verified_name, "Asia/Jakarta", &founder).await?
    };
    tracing::info!("setting up the demo");
    let known = engine.accounts(&actor).await?.into_iter().find(|a| a.external_id == number.phone_number_id);
    let account = match known {
        Some(account) => account.id,
        None => engine.create_cloud(&actor, &form(&number)).await?.id,
    };
    until_ready(engine, &actor, account).await?;
    deliver(engine, &number, account).await?;
    read_all_but_the_newest(engine, &actor).await?;
    let there = engine.members(&actor).await?;
    for DemoMember { name, email, role } in others {
        if !there.iter().any(|m| m.email == email) {
            let form = MemberForm {
                name: name.to_owned(),
                email: email.to_owned(),
                role,
                password: PASSWORD.to_owned(),
            };
            engine.create_member(&actor, &form).await?;
        }
    }
    Ok(())
}

/// The demo's workspace, if it was founded but not finished: the last member is made last of all.
async fn begun(engine: &Engine) -> Result<Option<Actor>, DemoError> {
    let actor = match engine.system_actor(SLUG).await {
        Ok(actor) => actor,
        Err(EngineError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let [owner, .., last] = MEMBERS;
    let members = engine.members(&actor).await?;
    let there = |email: &str| members.iter().any(|m| m.email == email);
    Ok((there(owner.email) && !there(last.email)).then_some(actor))
}

fn form(number: &Number) -> CloudForm {
    CloudForm {
        name: number.verified_name.clone(),
        phone_number_id: number.phone_number_id.clone(),
        waba_id: number.waba_id.clone(),
        token: number.token.clone(),
        app_secret: number.app_secret.clone(),
        verify_token: number.verify_token.clone(),
    }
}

async fn until_ready(engine: &Engine, actor: &Actor, account: AccountId) -> Result<(), DemoError> {
    let (start, mut look) = (Instant::now(), interval(LOOK));
    while engine.account(actor, account).await?.status != AccountStatus::Ready {
        if start.elapsed() > PATIENCE {
            return Err(DemoError::Slow("connecting the demo's number"));
        }
        look.tick().await;
    }
    Ok(())
}

/// On the same road as everything that Meta delivers.
async fn deliver(engine: &Engine, number: &Number, account: AccountId) -> Result<(), DemoError> {
    for body in seed::bodies(number, engine.now()) {
        let signature = sign(&number.app_secret, &body);
        engine
            .receive_cloud_webhook(WebhookTarget::Account(account), Some(&signature), body.into(), None)
            .await?;
    }
    let (start, mut look) = (Instant::now(), interval(LOOK));
    loop {
        let left = {
            let mut tx = engine.store().read().await?;
            journal::backlog(&mut tx).await?
        };
        if left == 0 {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(DemoError::Slow("taking in the demo's messages"));
        }
        look.tick().await;
    }
}

async fn read_all_but_the_newest(engine: &Engine, actor: &Actor) -> Result<(), DemoError> {
    let query = ListQuery { unread_only: true, limit: Some(MAX_PAGE), ..ListQuery::default() };
    let unread = engine.conversations(actor, &query).await?;
    for row in unread.items.iter().skip(UNREAD) {
        engine.mark_read(actor, row.id).await?;
    }
    Ok(())
}

/// `X-Hub-Signature-256` of a body.
fn sign(app_secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}
