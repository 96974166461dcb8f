//! Members, sign-ins, tokens, keys, and what admins should know of.

use balas_domain::{KeyId, MemberId, Role, SessionId, TokenId};
use balas_store::{
    StoreError, keys,
    keys::KeyRow,
    members,
    members::{MemberChange, NewMember},
    security,
    security::SecurityEntry,
    sessions,
    sessions::NewSession,
    testing::Kind,
    tokens,
    tokens::NewToken,
    workspaces,
};
use rstest::rstest;

use crate::world::*;

fn member(n: u128, email: &str, role: Role) -> NewMember {
    NewMember {
        id: MemberId(id(n)),
        name: format!("Member {n}"),
        email: email.to_owned(),
        role,
        password_hash: Some("$argon2id$".to_owned()),
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn members_come_change_and_are_told_of(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    members::create(&mut write, &member(1, "Owner@Demo.test", Role::Owner)).await.unwrap();
    members::create(&mut write, &member(2, "agent@demo.test", Role::Agent)).await.unwrap();
    let twin = members::create(&mut write, &member(3, "oWNER@demo.TEST", Role::Agent)).await;
    assert!(matches!(twin, Err(StoreError::Unique { what: "e-mail address" })));
    assert_eq!(write.commit().await.unwrap().events.len(), 2, "the refusal spoils nothing");

    let mut write = world.write().await;
    let change = MemberChange { role: Some(Role::Owner), active: Some(false), name: None };
    members::update(&mut write, MemberId(id(2)), &change).await.unwrap();
    assert!(matches!(
        members::update(&mut write, MemberId(id(404)), &change).await,
        Err(StoreError::NotFound)
    ));
    let committed = write.commit().await.unwrap();
    let mut tx = world.db.begin().await.unwrap();
    let view = members::get(world.ws, &mut tx, MemberId(id(2))).await.unwrap().unwrap();
    assert_eq!((view.name.as_str(), view.role, view.active), ("Member 2", Role::Owner, false));
    assert_eq!(view.version, committed.seq);
    assert_eq!(members::list(world.ws, &mut tx).await.unwrap().len(), 2);
    assert_eq!(
        members::count_owners(world.ws, &mut tx).await.unwrap(),
        1,
        "who cannot sign in does not count"
    );

    members::set_password(world.ws, &mut tx, MemberId(id(1)), "new").await.unwrap();
    let found = members::credentials_by_email(&mut tx, " OWNER@demo.test").await.unwrap().unwrap();
    assert_eq!((found.workspace_id, found.member_id, found.active), (world.ws, MemberId(id(1)), true));
    assert_eq!(found.password_hash.as_deref(), Some("new"));
    assert!(members::credentials_by_email(&mut tx, "%").await.unwrap().is_none());
    let missing = members::set_password(world.ws, &mut tx, MemberId(id(404)), "new").await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn sign_ins_last_until_they_end(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut write = world.write().await;
    members::create(&mut write, &member(1, "a@demo.test", Role::Agent)).await.unwrap();
    write.commit().await.unwrap();
    let session = |n: u8, until| NewSession {
        id: SessionId(id(u128::from(n))),
        token_hash: [n; 32],
        workspace_id: world.ws,
        member_id: MemberId(id(1)),
        created_at: NOW,
        expires_at: at(until),
        user_agent: Some("Firefox".to_owned()),
        ip: Some("127.0.0.1".to_owned()),
    };
    let mut tx = world.db.begin().await.unwrap();
    for n in 1..=3 {
        sessions::create(&mut tx, &session(n, 100)).await.unwrap();
    }
    let found = sessions::find(&mut tx, &[1; 32], at(99)).await.unwrap().unwrap();
    assert_eq!((found.id, found.workspace_id, found.expires_at), (SessionId(id(1)), world.ws, at(100)));
    assert_eq!(found.member.email, "a@demo.test");
    assert_eq!(sessions::find(&mut tx, &[1; 32], at(100)).await.unwrap(), None, "expired");
    assert_eq!(sessions::find(&mut tx, &[9; 32], at(0)).await.unwrap(), None);
    sessions::extend(&mut tx, found.id, at(200)).await.unwrap();
    assert!(sessions::find(&mut tx, &[1; 32], at(150)).await.unwrap().is_some());
    assert!(sessions::delete(&mut tx, &[2; 32]).await.unwrap());
    assert!(!sessions::delete(&mut tx, &[2; 32]).await.unwrap());
    assert_eq!(sessions::delete_expired(&mut tx, at(100)).await.unwrap(), 1);
    tx.commit().await.unwrap();

    let mut write = world.write().await;
    let off = MemberChange { active: Some(false), ..Default::default() };
    members::update(&mut write, MemberId(id(1)), &off).await.unwrap();
    assert_eq!(sessions::find(write.tx(), &[1; 32], at(0)).await.unwrap(), None, "may not sign in any more");
    assert_eq!(sessions::delete_of_member(world.ws, write.tx(), MemberId(id(1))).await.unwrap(), 1);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn tokens_keys_and_notes(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut tx = world.db.begin().await.unwrap();
    let token = NewToken {
        id: TokenId(id(1)),
        name: "robot".to_owned(),
        token_hash: [7; 32],
        role: Role::Agent,
        created_at: NOW,
    };
    tokens::create(world.ws, &mut tx, &token).await.unwrap();
    let found = tokens::find(&mut tx, &[7; 32]).await.unwrap().unwrap();
    assert_eq!((found.workspace_id, found.name.as_str(), found.role), (world.ws, "robot", Role::Agent));
    assert!(tokens::revoke(world.ws, &mut tx, TokenId(id(1)), at(1)).await.unwrap());
    assert!(!tokens::revoke(world.ws, &mut tx, TokenId(id(1)), at(2)).await.unwrap());
    assert_eq!(tokens::find(&mut tx, &[7; 32]).await.unwrap(), None);
    assert_eq!(tokens::list(world.ws, &mut tx).await.unwrap()[0].revoked_at, Some(at(1)));

    let key =
        |n: u8| KeyRow { id: KeyId(id(u128::from(n))), wrapped: vec![n; 60], created_at: at(i64::from(n)) };
    assert_eq!(keys::current(world.ws, &mut tx).await.unwrap(), None);
    keys::insert(world.ws, &mut tx, &key(2)).await.unwrap();
    keys::insert(world.ws, &mut tx, &key(1)).await.unwrap();
    assert_eq!(keys::current(world.ws, &mut tx).await.unwrap(), Some(key(2)));
    assert_eq!(keys::get(world.ws, &mut tx, KeyId(id(1))).await.unwrap(), Some(key(1)));
    assert!(!format!("{:?}", key(1)).contains("wrapped"));

    for (n, workspace_id) in [(1, Some(world.ws)), (2, Some(world.ws)), (3, None)] {
        let entry = SecurityEntry {
            workspace_id,
            at: at(n),
            kind: "bad_signature",
            ip: Some("127.0.0.1"),
            detail: "nul \u{0}",
        };
        security::log(&mut tx, &entry).await.unwrap();
    }
    let rows = security::list(world.ws, &mut tx, 10).await.unwrap();
    assert_eq!(rows.iter().map(|r| r.at).collect::<Vec<_>>(), [at(2), at(1)]);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn workspaces_have_a_short_name_each(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let mut tx = world.db.begin().await.unwrap();
    let found = workspaces::by_slug(&mut tx, "workspace-1").await.unwrap().unwrap();
    assert_eq!((found.id, found.time_zone.as_str()), (world.ws, "Asia/Jakarta"));
    assert_eq!(workspaces::get(world.ws, &mut tx).await.unwrap(), Some(found.clone()));
    assert_eq!(workspaces::list(&mut tx).await.unwrap(), [found]);
    assert_eq!(workspaces::by_slug(&mut tx, "' OR 1=1 --").await.unwrap(), None);
    let twin = workspaces::NewWorkspace {
        id: balas_domain::WorkspaceId(id(9)),
        slug: "workspace-1".to_owned(),
        name: "Twin".to_owned(),
        time_zone: "UTC".to_owned(),
        created_at: NOW,
    };
    assert!(matches!(
        workspaces::create(&mut tx, &twin).await,
        Err(StoreError::Unique { what: "workspace" })
    ));
    tx.commit().await.unwrap();
}
