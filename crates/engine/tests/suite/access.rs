//! Nobody reaches beyond his workspace or his role.

use crate::support::World;
use balas_domain::{
    Role,
    form::MemberForm,
    query::{ContactQuery, ListQuery},
    socket::Presence,
    view::DeviceAction,
};
use balas_engine::{ClientInfo, EngineError, GatewayChange, SignInError};
use balas_store::testing::Kind;

const FROM: &str = "6281200001111";

#[tokio::test]
async fn another_workspace_finds_nothing() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let message = world.thread(conversation.id).await.remove(0);
    let stranger = world
        .engine
        .create_workspace("b", "B", "UTC", &crate::support::owner("b@example.org"))
        .await
        .unwrap();
    let e = &world.engine;
    let missing =
        |r: Result<(), EngineError>| assert!(matches!(r, Err(EngineError::NotFound { .. })), "{r:?}");
    missing(e.conversation(&stranger, conversation.id).await.map(drop));
    missing(e.thread(&stranger, conversation.id, None, 10).await.map(drop));
    missing(e.thread_around(&stranger, conversation.id, message.id, 10).await.map(drop));
    missing(e.snapshot(&stranger, &ListQuery::default(), Some(conversation.id), None).await.map(drop));
    missing(e.send(&stranger, conversation.id, &world.text("x")).await.map(drop));
    missing(e.mark_read(&stranger, conversation.id).await);
    missing(e.typing(&stranger, conversation.id, Presence::Typing).await);
    missing(e.retry(&stranger, message.id).await.map(drop));
    missing(e.account(&stranger, world.account).await.map(drop));
    missing(e.account_setup(&stranger, world.account).await.map(drop));
    missing(e.stop_account(&stranger, world.account).await.map(drop));
    missing(e.start_account(&stranger, world.account).await.map(drop));
    missing(e.delete_account(&stranger, world.account, "Shop").await);
    let (linked, _) = world.linked().await;
    let settings = balas_domain::AccountSettings::default();
    for account in [world.account, linked] {
        missing(e.log_out_account(&stranger, account).await.map(drop));
        missing(e.reconnect_account(&stranger, account).await.map(drop));
        missing(e.account_devices(&stranger, account).await.map(drop));
        missing(e.act_on_device(&stranger, account, "any", DeviceAction::LogOut).await);
        missing(e.account_qr(&stranger, account).map(drop));
        missing(e.account_pairing_code(&stranger, account).map(drop));
        missing(e.pair_account(&stranger, account).await.map(drop));
        missing(e.link_account_by_qr(&stranger, account).await.map(drop));
        missing(e.set_account_settings(&stranger, account, &settings).await.map(drop));
        missing(e.reset_daily_use(&stranger, account).await.map(drop));
        missing(e.rename_account(&stranger, account, "Stolen").await.map(drop));
        missing(e.set_primary_account(&stranger, account, true).await.map(drop));
        missing(e.update_gateway(&stranger, account, &GatewayChange::default()).await.map(drop));
        for item in [
            e.start_accounts(&stranger, &[account]).await.unwrap(),
            e.stop_accounts(&stranger, &[account]).await.unwrap(),
        ] {
            assert_eq!(item[0].code.as_deref(), Some("not_found"));
        }
    }
    assert!(e.stop_all_accounts(&stranger).await.unwrap().is_empty());
    missing(e.contact(&stranger, conversation.contact_id.unwrap()).await.map(drop));
    assert!(e.conversations(&stranger, &ListQuery::default()).await.unwrap().items.is_empty());
    assert!(e.contacts(&stranger, &ContactQuery::default()).await.unwrap().items.is_empty());
    assert!(e.accounts(&stranger).await.unwrap().is_empty());
    let mut own = world.text("x");
    own.id = message.id;
    let theirs = e.send(&world.owner, conversation.id, &own).await;
    assert!(
        matches!(theirs, Err(EngineError::Conflict { .. })),
        "an incoming message's id cannot be taken over"
    );
    world.stop().await;
}

#[tokio::test]
async fn agents_answer_and_do_not_administer() {
    let world = World::new(Kind::Sqlite).await;
    let conversation = world.receive(FROM, "hello").await;
    let agent = world.member(Role::Agent).await;
    let e = &world.engine;
    e.send(&agent, conversation.id, &world.text("hi")).await.unwrap();
    let denied = |r: Result<(), EngineError>| assert!(matches!(r, Err(EngineError::Denied(_))), "{r:?}");
    denied(e.create_cloud(&agent, &crate::support::form(&world.number)).await.map(drop));
    denied(e.check_cloud(&agent, &crate::support::form(&world.number)).await.map(drop));
    denied(e.stop_account(&agent, world.account).await.map(drop));
    denied(e.delete_account(&agent, world.account, "Shop").await);
    let account = world.account;
    let settings = balas_domain::AccountSettings::default();
    denied(e.create_gateway(&agent, &world.gateway("v9")).await.map(drop));
    denied(e.check_gateway(&agent, &world.gateway("v9")).await.map(drop));
    denied(e.check_bridge(&agent).await);
    denied(e.update_gateway(&agent, account, &GatewayChange::default()).await.map(drop));
    denied(e.start_account(&agent, account).await.map(drop));
    denied(e.log_out_account(&agent, account).await.map(drop));
    denied(e.reconnect_account(&agent, account).await.map(drop));
    denied(e.account_devices(&agent, account).await.map(drop));
    denied(e.act_on_device(&agent, account, "any", DeviceAction::Reconnect).await);
    denied(e.account_qr(&agent, account).map(drop));
    denied(e.account_pairing_code(&agent, account).map(drop));
    denied(e.pair_account(&agent, account).await.map(drop));
    denied(e.link_account_by_qr(&agent, account).await.map(drop));
    denied(e.set_account_settings(&agent, account, &settings).await.map(drop));
    denied(e.reset_daily_use(&agent, account).await.map(drop));
    denied(e.rename_account(&agent, account, "Mine").await.map(drop));
    denied(e.set_primary_account(&agent, account, true).await.map(drop));
    denied(e.start_accounts(&agent, &[account]).await.map(drop));
    denied(e.stop_accounts(&agent, &[account]).await.map(drop));
    denied(e.stop_all_accounts(&agent).await.map(drop));
    denied(e.create_token(&agent, "x", Role::Agent).await.map(drop));
    let form = MemberForm {
        name: "X".into(),
        email: "x@example.org".into(),
        role: Role::Agent,
        password: "long enough".into(),
    };
    denied(e.create_member(&agent, &form).await.map(drop));
    assert_eq!(e.account_setup(&agent, world.account).await.unwrap().verify_token, None);
    world.stop().await;
}

#[tokio::test]
async fn the_last_owner_stays() {
    let world = World::new(Kind::Sqlite).await;
    let owner = world.engine.members(&world.owner).await.unwrap().remove(0);
    let change = balas_store::members::MemberChange { role: Some(Role::Agent), ..Default::default() };
    let refused = world.engine.update_member(&world.owner, owner.id, &change).await;
    assert!(matches!(refused, Err(EngineError::Refused(_))));
    let admin = world.member(Role::Admin).await;
    let off = balas_store::members::MemberChange { active: Some(false), ..Default::default() };
    assert!(matches!(world.engine.update_member(&admin, owner.id, &off).await, Err(EngineError::Refused(_))));
    world.stop().await;
}

#[tokio::test]
async fn signing_in_and_out() {
    let world = World::new(Kind::Sqlite).await;
    let e = &world.engine;
    let client = ClientInfo::default();
    assert!(matches!(e.sign_in("owner@example.org", "wrong", &client).await, Err(SignInError::Wrong)));
    assert!(matches!(e.sign_in("nobody@example.org", "long enough", &client).await, Err(SignInError::Wrong)));
    let session = e.sign_in(" OWNER@example.org ", "long enough", &client).await.unwrap();
    assert_eq!(e.actor_by_session(&session.token).await.unwrap().unwrap(), session.actor);
    e.sign_out(&session.token).await.unwrap();
    assert_eq!(e.actor_by_session(&session.token).await.unwrap(), None);
    let agent = world.member(Role::Agent).await;
    let off = balas_store::members::MemberChange { active: Some(false), ..Default::default() };
    let again = e.sign_in("agent@example.org", "long enough", &client).await.unwrap();
    e.update_member(&world.owner, agent.member().unwrap(), &off).await.unwrap();
    assert_eq!(e.actor_by_session(&again.token).await.unwrap(), None, "switched off means signed out");
    assert!(matches!(e.sign_in("agent@example.org", "long enough", &client).await, Err(SignInError::Wrong)));
    let token = e.create_token(&world.owner, "ci", Role::Agent).await.unwrap();
    assert_eq!(e.actor_by_token(&token).await.unwrap().unwrap().role, Role::Agent);
    assert_eq!(e.actor_by_token("balas_nonsense").await.unwrap(), None);
    world.stop().await;
}

#[tokio::test]
async fn secrets_are_sealed_and_bound_to_their_row() {
    let world = World::new(Kind::Sqlite).await;
    let mut tx = world.engine.store().read().await.unwrap();
    let record =
        balas_store::accounts::record(world.owner.workspace, &mut tx, world.account).await.unwrap().unwrap();
    let token = world.number.token.as_bytes();
    assert!(!record.secrets.windows(token.len()).any(|w| w == token));
    assert!(!record.config.to_string().contains(&world.number.token));
    drop(tx);
    world.stop().await;
}
