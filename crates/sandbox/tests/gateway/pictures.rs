//! What phones and groups show of themselves, as our client gets it.

use balas_domain::Address;
use balas_providers::Provider;
use balas_sandbox::{NewGroup, NewMember};
use rstest::rstest;

use crate::support::*;

#[rstest]
#[tokio::test]
async fn pictures_are_shown_changed_and_hidden(
    #[values(V7, V9)] version: balas_sandbox::GatewayVersion,
    #[values(false, true)] of_group: bool,
) {
    let rig = Rig::linked(version).await;
    rig.hear("hello");
    let members = vec![NewMember { from: Some(SITI.into()), ..NewMember::default() }];
    let group = NewGroup { account: OWN.into(), name: "Support".into(), members, ..NewGroup::default() };
    let group = rig.world.add_group(&group).unwrap();
    let (whose, address) = if of_group {
        (group.as_str(), Address::jid(&group).unwrap())
    } else {
        (SITI, Address::Phone(SITI.into()))
    };
    assert_eq!(rig.gateway.picture(&address).await, Ok(None));
    rig.world.show_picture(whose, Some(1)).unwrap();
    let first = rig.gateway.picture(&address).await.unwrap().unwrap();
    assert!(first.starts_with(b"\x89PNG"));
    rig.world.show_picture(whose, Some(2)).unwrap();
    let second = rig.gateway.picture(&address).await.unwrap().unwrap();
    assert_ne!(first, second);
    rig.world.show_picture(whose, None).unwrap();
    assert_eq!(rig.gateway.picture(&address).await, Ok(None));
    rig.world.show_picture("62800000000", Some(1)).unwrap_err();
}
